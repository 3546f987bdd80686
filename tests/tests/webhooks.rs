//! Journeys of a service that is told: deliveries to a listener, judged by the program as a process.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use remote_auth::{Client, Clock, Environment, SystemClock, webhook};
use remote_auth_sandbox::Sandbox;
use remote_auth_tests::hook::{Delivery, Hook};
use remote_auth_tests::journey::{
    CLIENT, assert_each_fails, assert_failed, assert_quiet, gateway, refresh_token, sandbox,
};
use remote_auth_tests::plant;
use remote_auth_tests::process::Program;
use remote_oauth_client::Secret;
use serde_json::json;

fn bare() -> Program {
    Program::at(env!("CARGO_BIN_EXE_remote-auth-under-test"))
}

fn program() -> Program {
    bare().client(CLIENT.0, CLIENT.1)
}

/// Registers a webhook callback and returns its signing key.
async fn register(sandbox: &Sandbox, url: &str) -> Secret {
    let environment = Environment::custom(gateway(sandbox)).expect("a gateway");
    let client = Client::builder(environment).credentials(CLIENT.0, CLIENT.1);
    let client = client.build().expect("a client");
    let platform = client.platform(client.client_credentials());
    let created = platform
        .create_webhook(url, &["company.partner_offboarded"])
        .await;
    let signing_key = created.expect("a webhook").signing_key;
    signing_key.expect("it is shown this once")
}

fn now_ms(back: Duration) -> u64 {
    let wall = SystemClock::new().wall();
    let at: SystemTime = wall.checked_sub(back).expect("after 1970");
    let since = at.duration_since(UNIX_EPOCH).expect("after 1970");
    u64::try_from(since.as_millis()).expect("this century")
}

fn verify(delivery: &Delivery, body: &str) -> String {
    format!(
        "webhook verify --body {body} --signature {} --timestamp {}",
        delivery.signature, delivery.timestamp
    )
}

/// Signs a body as Remote does.
fn signed(key: &Secret, body: &[u8], age: Duration) -> Delivery {
    let at = now_ms(age);
    Delivery {
        body: body.to_owned(),
        signature: webhook::sign(key, body, at),
        timestamp: at.to_string(),
    }
}

// Requirement: remote.webhook.offboarded
#[tokio::test(flavor = "multi_thread")]
async fn a_service_hears_that_a_company_left_believes_it_and_finds_the_grant_dead() {
    let sandbox = sandbox().await;
    let hook = Hook::start().await;
    let key = register(&sandbox, hook.url()).await;
    let refresh_token = refresh_token(&program(), &sandbox, "").await;
    let company_id = sandbox.fixture().company_id();
    let told = sandbox.offboard(company_id).await.expect("a company");
    assert!(told.len() == 1 && told[0].is_confirmed(), "{told:?}");
    let delivery = hook.delivery().await;

    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("delivery");
    std::fs::write(&file, &delivery.body).expect("a file");
    let service = bare().env("REMOTE_WEBHOOK_SIGNING_KEY", plant::open(&key));
    let run = service
        .run(&verify(&delivery, &file.display().to_string()))
        .await;
    assert_quiet(&run);
    assert_eq!(
        run.stdout,
        format!(
            "event        company.partner_offboarded\ncompany      {company_id}\nends access  yes\n"
        )
    );

    let key_file = folder.path().join("key");
    std::fs::write(&key_file, format!("{}\n", plant::open(&key))).expect("a file");
    let service = bare()
        .env("REMOTE_WEBHOOK_SIGNING_KEY_FILE", &key_file)
        .input(delivery.body.clone());
    let run = service
        .run(&format!("{} --json", verify(&delivery, "-")))
        .await;
    assert_quiet(&run);
    assert_eq!(
        run.json(),
        json!({
            "schema": 1,
            "event_type": "company.partner_offboarded",
            "company_id": company_id,
            "user_id": null,
            "employment_id": null,
            "ends_access": true,
        })
    );

    let run = program()
        .env("REMOTE_REFRESH_TOKEN", refresh_token)
        .run(&format!(
            "token --flow refresh --gateway {}",
            gateway(&sandbox)
        ))
        .await;
    assert_failed(&run, "refused.invalid_grant", 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_delivery_that_is_not_to_be_believed_has_an_exit_code_of_its_own() {
    let key = Secret::from("k3y");
    let event = br#"{"event_type":"company.manager_deleted","company_id":"c-1","user_id":"u-1"}"#;
    let good = signed(&key, event, Duration::ZERO);
    let with = |key: &str, body: &[u8]| bare().env("REMOTE_WEBHOOK_SIGNING_KEY", key).input(body);
    let run = with("k3y", event).run(&verify(&good, "-")).await;
    assert_quiet(&run);
    assert!(
        run.stdout.ends_with("user         u-1\nends access  no\n"),
        "{run:?}"
    );

    let other = signed(&Secret::from("another"), event, Duration::ZERO);
    let stale = signed(&key, event, Duration::from_secs(301));
    let no_event = signed(&key, b"[]", Duration::ZERO);
    let upper = Delivery {
        signature: good.signature.to_uppercase(),
        ..good.clone()
    };
    let (forged, old, body) = (
        "mismatched.webhook_signature",
        "mismatched.webhook_timestamp",
        "mismatched.webhook_body",
    );
    let line_feed = [&event[..], b"\n"].concat();
    let large = vec![b' '; (1 << 20) + 1];
    assert_each_fails([
        (with("k3y", event), verify(&other, "-"), forged, 15),
        (with("k3y", event), verify(&upper, "-"), forged, 15),
        (with("k3y", &line_feed), verify(&good, "-"), forged, 15),
        (with("k3y", b""), verify(&good, "-"), forged, 15),
        (with("k3y", event), verify(&stale, "-"), old, 15),
        (with("k3y", b"[]"), verify(&no_event, "-"), body, 15),
        (
            with("k3y\n", event),
            verify(&good, "-"),
            "misuse.signing_key",
            3,
        ),
        (
            bare().input(event),
            verify(&good, "-"),
            "credential.missing",
            4,
        ),
        (
            with("k3y", event),
            verify(&good, "/nowhere"),
            "webhook.body",
            3,
        ),
        (with("k3y", event), verify(&good, "/"), "webhook.body", 3),
        (with("k3y", &large), verify(&good, "-"), "webhook.body", 3),
    ])
    .await;
}
