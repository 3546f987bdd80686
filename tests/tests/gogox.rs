//! Journeys to the second provider: the program as a process against an embedded sandbox of it.

use std::time::UNIX_EPOCH;

use remote_auth::{Clock, SystemClock};
use remote_auth_sandbox::GogoxSandbox;
use remote_auth_tests::journey::{CLIENT, assert_each_fails, assert_quiet};
use remote_auth_tests::process::Program;
use remote_oauth_client::Secret;
use remote_oauth_client::transport::{Timeouts, http_client};

fn bare() -> Program {
    Program::at(env!("CARGO_BIN_EXE_remote-auth-under-test"))
}

fn program() -> Program {
    bare().client(CLIENT.0, CLIENT.1)
}

async fn sandbox() -> GogoxSandbox {
    let gogox = GogoxSandbox::builder().credentials(CLIENT.0, Secret::from(CLIENT.1));
    gogox.start().await.expect("a sandbox")
}

// Requirement: gogox-guide.api.bearer, gogox-guide.token.answer
#[tokio::test(flavor = "multi_thread")]
async fn another_provider_gives_tokens_in_its_own_way() {
    let gogox = sandbox().await;
    let here = gogox.url();
    let token = format!("token --provider gogox --gateway {here} --flow");
    let run = program().run(&format!("{token} client-credentials")).await;
    assert_quiet(&run);
    let status = orders(here, run.stdout.trim_end()).await;
    assert_eq!(status, 200);
    assert_eq!(orders(here, "another").await, 401);

    let run = program()
        .run(&format!("{token} client-credentials --json"))
        .await;
    let document = run.json();
    assert_eq!(document["provider"], "gogox");
    assert_eq!(document["principal"], "partner");
    let expires_at = document["expires_at_unix"].as_u64().expect("a time");
    let since = SystemClock::new().wall().duration_since(UNIX_EPOCH);
    let now = since.expect("after 1970").as_secs();
    assert!((7100..=7200).contains(&(expires_at - now)), "{document}");
}

// Requirement: gogox-guide.token.client-credentials-only
#[tokio::test(flavor = "multi_thread")]
async fn what_another_provider_does_not_have_is_refused_before_anything_is_sent() {
    let gogox = sandbox().await;
    let token = format!("token --provider gogox --gateway {} --flow", gogox.url());
    let asked = gogox.ledger().len();
    let refresh = program().env("REMOTE_REFRESH_TOKEN", "unused");
    let employee = "--subject urn:remote-api:employee:employment:1 --scope all:read";
    assert_each_fails([
        (
            refresh,
            format!("{token} refresh"),
            "misuse.grant_not_offered",
            2,
        ),
        (
            program(),
            format!("{token} assertion {employee}"),
            "misuse.grant_not_offered",
            2,
        ),
        (
            program(),
            "token --provider gogox --env sandbox --flow client-credentials".to_owned(),
            "usage.provider",
            2,
        ),
        (
            program(),
            "sandbox serve --provider gogox --auto-approve".to_owned(),
            "usage.provider",
            2,
        ),
        (
            program(),
            "sandbox serve --provider gogox --refresh-tokens rotating".to_owned(),
            "usage.provider",
            2,
        ),
    ])
    .await;
    assert_eq!(gogox.ledger().len(), asked, "nothing was sent");
    assert_each_fails([
        (
            bare().client(CLIENT.0, "wrong"),
            format!("{token} client-credentials"),
            "refused.invalid_client",
            6,
        ),
        // Asked as Remote is asked, it has no such path.
        (
            program(),
            format!("token --gateway {} --flow client-credentials", gogox.url()),
            "refused.not_found",
            1,
        ),
    ])
    .await;
}

/// Asks the resource of the second provider for its orders.
async fn orders(gateway: &str, token: &str) -> u16 {
    let http = http_client(&gateway.parse().expect("an address"), &Timeouts::default());
    let request = http
        .expect("an HTTP client")
        .get(format!("{gateway}/delivery/orders"))
        .bearer_auth(token);
    request.send().await.expect("an answer").status().as_u16()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_served_sandbox_of_the_other_provider_gives_tokens_and_has_an_admin_api() {
    let mut running = bare().start("sandbox serve --provider gogox");
    let mut values = Vec::new();
    for name in [
        "# gogox ",
        "export REMOTE_CLIENT_ID=",
        "export REMOTE_CLIENT_SECRET=",
        "export REMOTE_SANDBOX_ADMIN_URL=",
        "export REMOTE_SANDBOX_ADMIN_KEY=",
    ] {
        let line = running.stdout_line(|line| line.starts_with(name)).await;
        let value = line[name.len()..].trim().trim_matches('\'');
        values.push(value.to_owned());
    }
    let [here, id, secret, admin_url, key] = values.try_into().expect("five values");
    let client = bare().client(&id, &secret);
    let line = format!("token --provider gogox --flow client-credentials --gateway {here}");
    let run = client.run(&line).await;
    assert_quiet(&run);
    assert_eq!(run.stdout.trim_end().len(), 64, "{run:?}");

    let ledger = format!("{admin_url}/ledger");
    let http = http_client(&ledger.parse().expect("an address"), &Timeouts::default());
    let http = http.expect("an HTTP client");
    let answer = http.get(&ledger).header("x-sandbox-key", key).send().await;
    let ledger = answer.expect("an answer").text().await.expect("text");
    assert!(ledger.contains("gogox.token.issued"), "{ledger}");
    assert!(!ledger.contains(&secret), "the secret is masked");
}
