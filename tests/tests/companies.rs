//! Two processes on one store of files, one of which dies at any step; the sandbox's ledger is the judge.

use std::path::Path;
use std::time::Duration;

use remote_auth::companies::{CompanyRecord, CompanyTokens};
use remote_auth::{Client, Environment, Secret};
use remote_auth_sandbox::{RefreshTokens, Rule, Sandbox};
use remote_auth_tests::files::FileStore;
use remote_auth_tests::journey::{CLIENT, gateway};
use remote_auth_tests::process::{Program, Run, Running};
use serde_json::json;

/// More than a renewal has; a process that outlives its last step ends the round.
const STEPS_MAX: usize = 64;

struct Round {
    sandbox: Sandbox,
    folder: tempfile::TempDir,
}

impl Round {
    /// Starts a server, and keeps one company's grant in the store as a consent gives it, without an access token.
    async fn start(rotates: bool) -> Self {
        // A process that dies with the answer in hand lost the new token: the old one has to work a while.
        let refresh_tokens = match rotates {
            true => RefreshTokens::RotatingWithGrace(Duration::from_secs(3600)),
            false => RefreshTokens::Constant,
        };
        let sandbox = Sandbox::builder()
            .credentials(CLIENT.0, Secret::from(CLIENT.1))
            .refresh_tokens(refresh_tokens)
            .start()
            .await
            .expect("a sandbox");
        let folder = tempfile::tempdir().expect("a folder");
        let environment = Environment::custom(gateway(&sandbox)).expect("loopback");
        let client = Client::builder(environment.clone()).credentials(CLIENT.0, CLIENT.1);
        let client = client.build().expect("a client");
        let company = sandbox.fixture().company_id();
        let platform = client.platform(client.client_credentials());
        let given = platform.create_token(company, None).await.expect("a grant");
        let refresh_token = given.refresh_token().expect("a refresh token").clone();
        let grant = remote_auth::CompanyGrant::restore(
            environment,
            client.client_id().clone(),
            refresh_token,
        )
        .expect("a grant")
        .with_company(company, "admin");
        let companies = CompanyTokens::builder(&client).store(FileStore::new(folder.path(), 0));
        companies.build().insert(grant).await.expect("it is kept");
        Self { sandbox, folder }
    }

    fn begin(&self, die_at: usize, again: bool) -> Running {
        let told = json!({
            "gateway": gateway(&self.sandbox),
            "client_id": CLIENT.0,
            "client_secret": CLIENT.1,
            "folder": self.folder.path(),
            "company": self.sandbox.fixture().company_id(),
            "die_at": die_at,
            "again": again,
        });
        let program = Program::at(env!("CARGO_BIN_EXE_companies-under-test"));
        program.input(told.to_string()).start("")
    }

    fn refreshes(&self) -> usize {
        let ledger = self.sandbox.ledger();
        ledger
            .iter()
            .filter(|entry| matches!(entry.rule, Rule::RefreshIssued | Rule::RefreshRotated))
            .count()
    }

    fn refusals(&self) -> usize {
        let ledger = self.sandbox.ledger();
        ledger.iter().filter(|entry| entry.status >= 400).count()
    }

    fn record(&self) -> CompanyRecord {
        let name = format!("{}.record", self.sandbox.fixture().company_id());
        let text =
            std::fs::read_to_string(Path::new(self.folder.path()).join(name)).expect("a file");
        let (_, text) = text.split_once('\n').expect("a version");
        CompanyRecord::parse(&Secret::from(text)).expect("never torn")
    }

    /// Judges what the dead and the living have left, and that the grant goes on working.
    async fn judge(&self, case: &str) {
        assert!(
            (1..=2).contains(&self.refreshes()),
            "{case}: {} requests",
            self.refreshes()
        );
        assert!(!self.record().is_unresolved(), "{case}");
        assert_eq!(self.record().user_id(), Some("admin"), "{case}");
        let before = self.refreshes();
        assert_served(&self.begin(0, true).end().await, case);
        assert_eq!(
            self.refreshes(),
            before + 1,
            "{case}: the token that is kept is taken over"
        );
        assert_eq!(self.refusals(), 0, "{case}: no grant is lost");
    }
}

fn assert_served(run: &Run, case: &str) {
    assert_eq!(
        (run.code, run.stdout.as_str()),
        (0, "served\n"),
        "{case}: {run:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_dies_at_any_step_costs_one_request_at_most_and_never_the_grant() {
    for rotates in [false, true] {
        let mut deaths = 0;
        for die_at in 1..STEPS_MAX {
            let case = format!("rotates: {rotates}, dies at step {die_at}");
            let round = Round::start(rotates).await;
            let first = round.begin(die_at, false).end().await;
            if first.code == 0 {
                break;
            }
            deaths += 1;
            assert_served(&round.begin(0, false).end().await, &case);
            round.judge(&case).await;
        }
        assert!((10..STEPS_MAX - 1).contains(&deaths), "{deaths} deaths");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_dies_beside_another_leaves_it_the_grant() {
    for die_at in (0..16).step_by(3) {
        let case = format!("dies at step {die_at}");
        let round = Round::start(true).await;
        let (dying, living) = (round.begin(die_at, false), round.begin(0, false));
        let (_, living) = tokio::join!(dying.end(), living.end());
        assert_served(&living, &case);
        round.judge(&case).await;
    }
}
