//! Two processes on one store of files: one of which dies at any step, and one of which renewed what the other still
//! holds. The sandbox's ledger is the judge.

use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::Duration;

use remote_auth::companies::{
    CompanyEvent, CompanyEvents, CompanyId, CompanyKey, CompanyRecord, CompanyStore, CompanyTokens,
    LeaseFuture, LoadFuture, Swap, SwapFuture, Version,
};
use remote_auth::source::{ReadFuture, RefreshTokenReader};
use remote_auth::{Client, CompanyGrant, Environment, RefreshToken, Secret};
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

fn client(sandbox: &Sandbox) -> Client {
    let environment = Environment::custom(gateway(sandbox)).expect("loopback");
    let client = Client::builder(environment).credentials(CLIENT.0, CLIENT.1);
    client.build().expect("a client")
}

fn record(path: &Path) -> Option<CompanyRecord> {
    let text = std::fs::read_to_string(path).ok()?;
    let (_, text) = text.split_once('\n')?;
    CompanyRecord::parse(&Secret::from(text)).ok()
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
        let client = client(&sandbox);
        let company = sandbox.fixture().company_id();
        let platform = client.platform(client.client_credentials());
        let given = platform.create_token(company, None).await.expect("a grant");
        let refresh_token = given.refresh_token().expect("a refresh token").clone();
        let grant = CompanyGrant::restore(
            client.environment().clone(),
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

    fn client(&self) -> Client {
        client(&self.sandbox)
    }

    /// Where the store keeps the company.
    fn path(&self) -> PathBuf {
        let name = format!("{}.record", self.sandbox.fixture().company_id());
        self.folder.path().join(name)
    }

    fn record(&self) -> CompanyRecord {
        record(&self.path()).expect("never torn")
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

// What another process has put into the store while this one still holds what was there before.

/// A grant that the server does not know any more.
fn dead(round: &Round) -> CompanyGrant {
    let client = round.client();
    let token = RefreshToken::from("a-refresh-token-of-the-past");
    let (environment, client_id) = (client.environment().clone(), client.client_id().clone());
    let grant = CompanyGrant::restore(environment, client_id, token).expect("a grant");
    grant.with_company(round.sandbox.fixture().company_id(), "admin")
}

/// Reads the refresh token out of the store's file, as a process does that has one source and no keeper of many.
#[derive(Debug)]
struct FromFile(PathBuf);

impl RefreshTokenReader for FromFile {
    fn read(&self) -> ReadFuture<'_> {
        Box::pin(async { Some(record(&self.0)?.refresh_token()) })
    }
}

/// The store of files, into which another handle writes a live grant right after the intent of this one.
#[derive(Debug)]
struct Overtaken {
    files: FileStore,
    other: FileStore,
    live: Mutex<Option<CompanyRecord>>,
}

impl CompanyStore for Overtaken {
    fn load<'a>(&'a self, key: &'a CompanyKey) -> LoadFuture<'a> {
        self.files.load(key)
    }

    fn swap<'a>(
        &'a self,
        key: &'a CompanyKey,
        expected: Option<Version>,
        record: &'a CompanyRecord,
    ) -> SwapFuture<'a> {
        Box::pin(async move {
            let swapped = self.files.swap(key, expected, record).await?;
            let live = self
                .live
                .lock()
                .expect("no panic")
                .take_if(|_| record.is_unresolved());
            if let (Some(live), Swap::Done(version)) = (live, swapped) {
                let overtaken = self.other.swap(key, Some(version), &live).await?;
                assert!(matches!(overtaken, Swap::Done(_)));
            }
            Ok(swapped)
        })
    }

    fn lease<'a>(&'a self, key: &'a CompanyKey, life: Duration) -> LeaseFuture<'a> {
        self.files.lease(key, life)
    }
}

/// Collects what was told until the last handle went.
async fn told(mut events: CompanyEvents) -> Vec<CompanyEvent> {
    let mut told = Vec::new();
    while let Some(event) = events.next().await {
        told.push(event);
    }
    told
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_grant_is_believed_only_if_no_other_process_has_put_a_newer_one_into_the_store() {
    for overtaken in [true, false] {
        let round = Round::start(true).await;
        let live = round.record();
        std::fs::remove_file(round.path()).expect("what the fixture wrote");
        let files = FileStore::new(round.folder.path(), 0);
        let store = Overtaken {
            files: files.clone(),
            other: files,
            live: Mutex::new(overtaken.then_some(live)),
        };
        let companies = CompanyTokens::builder(&round.client()).store(store).build();
        let events = companies.events();
        let company = companies
            .insert(dead(&round))
            .await
            .expect("it is kept")
            .company()
            .clone();
        let asked = companies.token(&company).await;
        drop(companies);
        let told = told(events).await;
        let needed = CompanyEvent::ReconsentNeeded(company.clone());
        if overtaken {
            asked.expect("the newer grant is spent");
            assert!(!told.contains(&needed), "{told:?}");
            assert_eq!((round.refusals(), round.refreshes()), (1, 1));
            assert!(!round.record().is_unresolved());
        } else {
            let code = asked.expect_err("no grant is alive").code();
            assert_eq!(code, "refused.invalid_grant");
            assert!(told.contains(&needed), "{told:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_source_of_one_company_spends_what_a_keeper_of_many_has_rotated() {
    let round = Round::start(true).await;
    let company = CompanyId::from(round.sandbox.fixture().company_id());
    let keeper = CompanyTokens::builder(&round.client())
        .store(FileStore::new(round.folder.path(), 0))
        .build();
    let before = round.record().refresh_token();
    keeper.token(&company).await.expect("the keeper's own");
    assert!(!round.record().refresh_token().same_as(&before), "rotated");

    let reader = FromFile(round.path());
    let source = round.client().company(dead(&round).with_reader(reader));
    source.token().await.expect("by the keeper's refresh token");
    assert_eq!((round.refusals(), round.refreshes()), (1, 2));

    let alone = round.client().company(dead(&round));
    let code = alone.token().await.expect_err("nobody to ask").code();
    assert_eq!(code, "refused.invalid_grant");
}
