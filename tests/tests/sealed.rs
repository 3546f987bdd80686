//! Journeys of a web application: one process begins, another gets the callback.

use std::sync::Arc;

use remote_auth::authorization::{SealingKey, SealingKeys, UsedInMemory, UsedRecord};
use remote_auth::{Client, ConsentScope, Environment, Error, PendingAuthorization};
use remote_auth_sandbox::{Rule, Sandbox};
use remote_auth_tests::browser;
use remote_auth_tests::journey::{CLIENT, gateway, rule, sandbox};
use url::Url;

const REDIRECT_URI: &str = "http://127.0.0.1:8787/callback";
const SESSION: &[u8] = b"5c8b1f0e-of-this-browser";

/// One process of the application. Processes share the key and the record, and nothing else.
struct Process {
    client: Client,
    keys: SealingKeys,
    used: Arc<dyn UsedRecord>,
}

impl Process {
    fn start(sandbox: &Sandbox, used: &Arc<dyn UsedRecord>) -> Self {
        let environment = Environment::custom(gateway(sandbox)).expect("loopback");
        let client = Client::builder(environment).credentials(CLIENT.0, CLIENT.1);
        Self {
            client: client.build().expect("a client"),
            keys: SealingKey::from_bytes(&[7; 32]).expect("32 bytes").into(),
            used: Arc::clone(used),
        }
    }

    /// `GET /connect`: where the browser is sent, and the cookie that it is given.
    fn connect(&self) -> (Url, String) {
        let request = self.client.authorization(REDIRECT_URI);
        let begun = request.scope(ConsentScope::COMPANY_MANAGE).begin();
        let (address, pending) = begun.expect("begun");
        let sealed = pending.seal(&self.keys, SESSION).expect("sealed");
        (address, sealed.into_string())
    }

    /// `GET /callback`: the company that is connected.
    async fn callback(&self, cookie: &str, callback: &str) -> Result<Option<String>, Error> {
        let Self { client, keys, used } = self;
        let pending = PendingAuthorization::open(client, cookie, SESSION, keys, &**used).await?;
        let grant = client.redeem(pending.accept(callback)?).await?;
        Ok(grant.company_id().map(str::to_owned))
    }
}

/// Lets the admin approve, and returns where the browser arrives.
async fn approved(address: &Url) -> String {
    let (status, location, _) = browser::open(address.as_str()).await;
    assert_eq!(status, 302);
    location.expect("a redirect")
}

fn record() -> Arc<dyn UsedRecord> {
    Arc::new(UsedInMemory::new())
}

// Requirement: rfc9700.2.1.state-bound-to-session
#[tokio::test(flavor = "multi_thread")]
async fn one_process_begins_and_another_finishes_once() {
    let sandbox = sandbox().await;
    let used = record();
    let (one, other) = (
        Process::start(&sandbox, &used),
        Process::start(&sandbox, &used),
    );
    let (address, cookie) = one.connect();
    let callback = approved(&address).await;
    let company = other.callback(&cookie, &callback).await.expect("a grant");
    assert_eq!(company.as_deref(), Some(sandbox.fixture().company_id()));
    assert_eq!(rule(&sandbox), Some(Rule::CodeRedeemed));

    let asked = sandbox.ledger().len();
    for process in [&one, &other] {
        let again = process.callback(&cookie, &callback).await;
        assert_eq!(again.expect_err("used").code(), "mismatched.used");
    }
    assert_eq!(sandbox.ledger().len(), asked, "nothing was sent");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_callbacks_at_once_one_is_redeemed() {
    let sandbox = sandbox().await;
    let used = record();
    let (address, cookie) = Process::start(&sandbox, &used).connect();
    let callback = approved(&address).await;
    let asked = sandbox.ledger().len();
    let tasks: Vec<_> = (0..8)
        .map(|_| {
            let process = Process::start(&sandbox, &used);
            let (cookie, callback) = (cookie.clone(), callback.clone());
            tokio::spawn(async move { process.callback(&cookie, &callback).await })
        })
        .collect();
    let mut codes = Vec::new();
    for task in tasks {
        let finished = task.await.expect("no panic");
        codes.push(finished.map_or_else(|error| error.code(), |_| "connected"));
    }
    codes.sort_unstable();
    assert_eq!(codes[0], "connected");
    assert_eq!(codes[1..], ["mismatched.used"; 7]);
    assert_eq!(sandbox.ledger().len(), asked + 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cookie_of_another_consent_brings_nothing_to_the_server() {
    let sandbox = sandbox().await;
    let used = record();
    let process = Process::start(&sandbox, &used);
    let (address, cookie) = process.connect();
    let (_, other_cookie) = process.connect();
    let callback = approved(&address).await;
    let asked = sandbox.ledger().len();
    let mixed = process.callback(&other_cookie, &callback).await;
    assert_eq!(mixed.expect_err("another").code(), "mismatched.state");
    assert_eq!(sandbox.ledger().len(), asked, "nothing was sent");
    process.callback(&cookie, &callback).await.expect("its own");
}
