//! A fuzzer that knows nothing but a description finds no answer of the embedded sandbox outside it, and no failure.
//!
//! The documents are the effective ones: what we believe the provider's endpoints are.
//! Requests are made from them, right ones and wrong ones, by Schemathesis; each kind of token asks in turn.

use std::fs;
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use remote_auth::{Client, CompanyGrant, ConsentScope, CustomerApiToken, Environment, Subject};
use remote_auth_sandbox::{Gateway, Sandbox};
use remote_auth_tests::browser;
use remote_auth_tests::foreign::Foreign;
use remote_oauth_client::Secret;
use serde_json::{Map, Value};

const BELOW: &str = env!("CARGO_TARGET_TMPDIR");

const CLIENT: (&str, &str) = ("described", "described-secret-of-more-than-32-bytes");

/// How long each of the runs may take; together they stay below three minutes.
const RUN_MAX_S: &str = "20";

const SPEC: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../spec/remote/effective");

#[tokio::test(flavor = "multi_thread")]
async fn no_answer_is_outside_the_description() {
    let Some(python) = Foreign::python("schemathesis", BELOW).await else {
        return;
    };
    let sandbox = Sandbox::builder()
        .credentials(CLIENT.0, Secret::from(CLIENT.1))
        .rate_limited(false)
        .auto_approve(true);
    let sandbox = sandbox.start().await.expect("a sandbox");
    let gateway = sandbox.gateway_url(Gateway::Sandbox);
    let platform = format!("{gateway}/v1");
    let [endpoints, operations] =
        ["openapi-3.1.corrected.json", "platform-3.0.codegen.json"].map(described);
    for (who, authorization) in clients() {
        run(&python, &endpoints, gateway, who, &authorization).await;
    }
    for (who, authorization) in bearers(&sandbox).await {
        run(&python, &operations, &platform, who, &authorization).await;
    }
}

/// Copies a document, with words for a generator taken back: the format `foreign-text` takes any JSON, and only the
/// generator needs a type beside it.
fn described(document: &str) -> PathBuf {
    let text = fs::read(Path::new(SPEC).join(document)).expect("the document is in the repository");
    let mut described: Value = serde_json::from_slice(&text).expect("the document is JSON");
    free(&mut described);
    let place = Path::new(BELOW).join(document);
    fs::write(&place, described.to_string()).expect("cargo's directory can be written");
    place
}

fn free(value: &mut Value) {
    if value
        .get("format")
        .is_some_and(|format| format == "foreign-text")
    {
        *value = Value::Object(Map::new());
    }
    match value {
        Value::Object(members) => members.values_mut().for_each(free),
        Value::Array(items) => items.iter_mut().for_each(free),
        _ => {}
    }
}

fn clients() -> [(&'static str, String); 2] {
    let basic = |secret| {
        format!(
            "Basic {}",
            STANDARD.encode(format!("{}:{secret}", CLIENT.0))
        )
    };
    [
        ("the client", basic(CLIENT.1)),
        ("a client with the wrong secret", basic("wrong")),
    ]
}

async fn bearers(sandbox: &Sandbox) -> Vec<(&'static str, String)> {
    let environment = Environment::custom(sandbox.gateway_url(Gateway::Sandbox)).expect("loopback");
    let client = Client::builder(environment.clone()).credentials(CLIENT.0, CLIENT.1);
    let client = client.build().expect("a client");
    let fixture = sandbox.fixture();
    let employee = Subject::employment(fixture.employment_id());
    let own = "timeoff:read".parse().expect("a scope");
    let customer = sandbox.customer_api_token(Gateway::Sandbox).clone();
    let customer = CustomerApiToken::parse(customer).and_then(|token| token.source(environment));
    let customer = customer.expect("a customer's token");

    let company = client.company(consented(&client).await);
    let tokens = [
        ("the partner", client.client_credentials().token().await),
        ("the company", company.token().await),
        (
            "an employee",
            client.assertion(employee).scope(own).token().await,
        ),
        ("a customer", customer.token().await),
    ];
    let bearers = tokens.map(|(who, token)| {
        let header = token.expect("a token").header();
        (who, header.to_str().expect("text").to_owned())
    });
    let nobody = [("nobody", "Bearer unknown".to_owned())];
    nobody.into_iter().chain(bearers).collect()
}

async fn consented(client: &Client) -> CompanyGrant {
    let request = client.authorization("http://127.0.0.1/callback");
    let begun = request.scope(ConsentScope::COMPANY_MANAGE).begin();
    let (address, pending) = begun.expect("a request");
    let (_, callback, _) = browser::open(address.as_str()).await;
    let code = pending
        .accept(callback.expect("a redirect"))
        .expect("a code");
    client.redeem(code).await.expect("a grant")
}

async fn run(python: &Foreign, document: &Path, base: &str, who: &str, authorization: &str) {
    let run = python
        .command()
        .args(["-m", "schemathesis.cli", "--config-file"])
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("long/foreign/schemathesis.toml"))
        .args(["run", "--max-time", RUN_MAX_S])
        .arg(document)
        .env("BASE", base)
        .env("AUTHORIZATION", authorization)
        .output()
        .await
        .expect("the interpreter starts");
    let report = String::from_utf8_lossy(&run.stdout);
    let errors = String::from_utf8_lossy(&run.stderr);
    assert!(
        run.status.success(),
        "{} asked by {who}:\n{report}\n{errors}",
        document.display()
    );
}
