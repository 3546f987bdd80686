//! The admin API as another process meets it.

use std::time::Duration;

use remote_auth_sandbox::{Gateway::Sandbox as GATEWAY, Match, RefreshTokens, Rule::*, Sandbox};
use serde_json::{Value, json};

use crate::bench::{Ask, Bench, Reply, TOKEN, open, text};

const PATHS: [(&str, &str); 7] = [
    ("GET", "/faults"),
    ("POST", "/faults"),
    ("DELETE", "/faults"),
    ("GET", "/ledger"),
    ("POST", "/clock/advance"),
    ("POST", "/client-secret/rotate"),
    ("POST", "/reset"),
];

/// Asks with the key.
async fn ask(sandbox: &Sandbox, method: &'static str, path: &str, body: Value) -> Reply {
    let ask = Ask::new(method, path).header("x-sandbox-key", open(sandbox.admin_key()));
    ask.body(body.to_string()).send(sandbox.admin_url()).await
}

#[tokio::test]
async fn nothing_opens_without_the_key() {
    let bench = Bench::new().await;
    let sandbox = &bench.sandbox;
    sandbox.on(Match::any().path("/kept")).refuse(400, "kept");
    let token = open(sandbox.customer_api_token(GATEWAY));
    let key = open(sandbox.admin_key());
    for (method, path) in PATHS {
        let plain = || Ask::new(method, path).body("{}");
        for (row, ask) in [
            ("no key", plain()),
            ("an empty key", plain().header("x-sandbox-key", "")),
            ("another secret", plain().bearer(token)),
            ("half of the key", plain().bearer(&key[..32])),
            ("Basic", plain().basic(sandbox.client_id(), key)),
            (
                "two keys",
                plain()
                    .header("x-sandbox-key", key)
                    .header("x-sandbox-key", key),
            ),
        ] {
            let reply = ask.send(sandbox.admin_url()).await;
            assert_eq!(reply.status, 401, "{method} {path}: {row}");
            assert!(reply.header("www-authenticate").is_some(), "{path}: {row}");
            assert!(!reply.body.contains("kept"), "{path}: {row}");
        }
        let foreign = plain().bearer(key).host("attacker.example");
        assert_eq!(
            foreign.send(sandbox.admin_url()).await.status,
            421,
            "{path}"
        );
        let at_the_gateway = plain().bearer(key);
        let reply = at_the_gateway.send(sandbox.gateway_url(GATEWAY)).await;
        assert_ne!(reply.status, 200, "{path}: a gateway has no admin API");
    }
    assert_eq!(sandbox.pending_faults().len(), 1);
    assert_eq!(bench.now_s(), 1_767_225_600);
}

#[tokio::test]
async fn faults_are_scripted_listed_met_and_forgotten() {
    let bench = Bench::new().await;
    let sandbox = &bench.sandbox;
    let fault = json!({ "kind": "refuse", "status": 503, "error": "temporarily_unavailable" });
    let wanted = json!({ "fault": fault, "times": 2, "match": { "gateway": "sandbox" } });
    let reply = ask(sandbox, "POST", "/faults", wanted.clone()).await;
    assert_eq!((reply.status, reply.json()), (201, wanted.clone()));
    let listed = ask(sandbox, "GET", "/faults", json!({})).await.json();
    assert_eq!(listed, json!({ "faults": [wanted] }));

    let form = [("grant_type", "client_credentials")];
    for expected in [503, 503, 200] {
        let reply = bench.token_request(&form);
        let reply = reply.send(sandbox.gateway_url(GATEWAY)).await;
        assert_eq!(reply.status, expected);
    }
    let drop = json!({ "fault": { "kind": "drop_before_commit" } });
    assert_eq!(ask(sandbox, "POST", "/faults", drop).await.status, 201);
    assert_eq!(
        ask(sandbox, "DELETE", "/faults", json!({})).await.status,
        204
    );
    bench.partner_token(GATEWAY).await;

    let entries = ask(sandbox, "GET", "/ledger", json!({})).await.json();
    let mut entries = entries["entries"].as_array().unwrap().clone();
    let mut received = entries[0]["received"].take();
    let headers = received["headers"].take();
    let expected = json!({
        "target": TOKEN,
        "headers": null,
        "body": "grant_type=client_credentials",
    });
    assert_eq!(received, expected);
    let pair = sandbox.client_id().len() + 1 + bench.secret.len();
    let basic = format!("Basic *** ({} bytes)", 4 * pair.div_ceil(3));
    assert!(
        headers
            .as_array()
            .unwrap()
            .contains(&json!(["authorization", basic])),
        "{headers}"
    );
    assert_eq!(
        entries.len(),
        4,
        "the admin API itself is not in the ledger"
    );
    let expected = json!({
        "at": "2026-01-01T00:00:00Z",
        "at_ms": 1_767_225_600_000_u64,
        "gateway": "sandbox",
        "method": "POST",
        "path": TOKEN,
        "status": 503,
        "rule": Scripted.id(),
        "sentence": Scripted.sentence(),
        "source": Scripted.source(),
        "fault": "refuse",
        "received": null,
    });
    assert_eq!(entries[0], expected);
    assert_eq!(entries[3]["fault"], Value::Null);
}

#[tokio::test]
async fn bodies_that_say_something_else_change_nothing_and_are_not_quoted() {
    let bench = Bench::new().await;
    let delay = json!({ "kind": "delay", "by_ms": 90_000_000 });
    for (path, status, body) in [
        ("/faults", 400, json!([])),
        ("/faults", 400, json!({ "fault": { "kind": "canary" } })),
        ("/faults", 400, json!({ "fault": { "kind": "truncate" } })),
        (
            "/faults",
            400,
            json!({ "fault": { "kind": "delay", "by_ms": 1 }, "canary": 1 }),
        ),
        (
            "/faults",
            400,
            json!({ "fault": { "kind": "delay", "by_ms": 1 }, "match": { "canary": 1 } }),
        ),
        ("/faults", 422, json!({ "fault": delay })),
        (
            "/faults",
            422,
            json!({ "fault": { "kind": "delay", "by_ms": 1 }, "times": 0 }),
        ),
        ("/clock/advance", 400, json!({ "by_ms": -1 })),
        ("/clock/advance", 400, json!({ "canary": 1 })),
        (
            "/client-secret/rotate",
            404,
            json!({ "client_id": "canary" }),
        ),
        ("/canary", 404, json!({})),
        ("/ledger", 405, json!({})),
        ("/faults", 413, json!({ "canary": "x".repeat(70_000) })),
    ] {
        let reply = ask(&bench.sandbox, "POST", path, body.clone()).await;
        assert_eq!(reply.status, status, "{path} {}", reply.body);
        assert!(!reply.body.contains("canary"), "{path} {}", reply.body);
        assert!(reply.json()["message"].is_string(), "{path}");
    }
    assert_eq!(bench.sandbox.pending_faults(), []);
    assert_eq!(bench.now_s(), 1_767_225_600);
}

#[tokio::test]
async fn time_secrets_and_the_past_are_moved_from_outside() {
    let builder = Sandbox::builder().auto_approve(true);
    let expiring = RefreshTokens::Expiring(Duration::from_secs(60));
    let bench = Bench::with(builder.refresh_tokens(expiring)).await;
    let sandbox = &bench.sandbox;
    let token = text(&bench.consented(GATEWAY, &[]).await, "refresh_token");
    let form = [("grant_type", "refresh_token"), ("refresh_token", &*token)];
    let reply = ask(
        sandbox,
        "POST",
        "/clock/advance",
        json!({ "by_ms": 60_000 }),
    )
    .await;
    let now = json!({ "now": "2026-01-01T00:01:00Z", "now_ms": 1_767_225_660_000_u64 });
    assert_eq!((reply.status, reply.json()), (200, now));
    let expired = bench.token_request(&form);
    bench
        .check("a minute later", GATEWAY, expired, (400, RefreshUnexpired))
        .await;

    let reply = ask(sandbox, "POST", "/client-secret/rotate", json!({})).await;
    assert_eq!(reply.header("cache-control"), Some("no-store"));
    let rotated = reply.json();
    assert_eq!(rotated["client_id"], sandbox.client_id());
    let form = [("grant_type", "client_credentials")];
    let right =
        Ask::form(TOKEN, &form).basic(sandbox.client_id(), &text(&rotated, "client_secret"));
    bench
        .check(
            "the new secret",
            GATEWAY,
            right,
            (200, ClientCredentialsIssued),
        )
        .await;
    let old = bench.token_request(&form);
    bench
        .check(
            "the old one, without grace",
            GATEWAY,
            old,
            (401, TokenClientRight),
        )
        .await;

    assert_eq!(ask(sandbox, "POST", "/reset", json!({})).await.status, 204);
    assert_eq!(sandbox.ledger(), []);
    bench.partner_token(GATEWAY).await;
}

#[tokio::test]
async fn the_key_is_new_at_every_start_even_under_a_seed() {
    let key = async || {
        let sandbox = Sandbox::builder().seed(7).start().await.unwrap();
        assert!(!format!("{sandbox:?}").contains(open(sandbox.admin_key())));
        open(sandbox.admin_key()).to_owned()
    };
    let first = key().await;
    assert_eq!(first.len(), 64);
    assert_ne!(first, key().await);
}

#[tokio::test]
async fn the_live_page_opens_by_its_address_or_the_key_and_by_nothing_else() {
    let bench = Bench::new().await;
    let sandbox = &bench.sandbox;
    let page_url = open(sandbox.page_url());
    let page = page_url.strip_prefix(sandbox.admin_url()).unwrap();
    let (key, other) = (
        open(sandbox.admin_key()),
        format!("/page/{}", "0".repeat(64)),
    );
    let press = |page: &str| Ask::form(page, &[("action", "refuse")]);
    let with_key = |key: &str| Ask::form("/page", &[("key", key)]);
    for (row, ask, status) in [
        ("the form", Ask::get("/"), 200),
        ("the page", Ask::get(page), 200),
        ("another page", Ask::get(&other), 403),
        (
            "another page with the key",
            Ask::get(&other).bearer(key),
            403,
        ),
        ("a button of another page", press(&other), 403),
        (
            "a foreign host",
            Ask::get(page).host("attacker.example"),
            421,
        ),
        (
            "a foreign host's button",
            press(page).host("attacker.example"),
            421,
        ),
        (
            "no such button",
            Ask::form(page, &[("action", "explode")]),
            400,
        ),
        ("no key", Ask::form("/page", &[]), 403),
        ("another key", with_key("wrong"), 403),
        ("the key", with_key(key), 303),
    ] {
        let reply = ask.send(sandbox.admin_url()).await;
        assert_eq!(reply.status, status, "{row}");
        let shows = reply.body.contains("Script a fault");
        assert_eq!(shows, row == "the page", "{row}");
        assert_eq!(reply.header("location").is_some(), status == 303, "{row}");
        if status != 421 {
            let policy = reply.header("content-security-policy").unwrap();
            assert!(policy.starts_with("default-src 'none';"), "{row}: {policy}");
            assert!(!policy.contains("unsafe"), "{row}: {policy}");
        }
        for secret in [
            key,
            open(sandbox.customer_api_token(GATEWAY)),
            &bench.secret,
        ] {
            assert!(!reply.body.contains(secret), "{row}");
        }
    }
    assert_eq!(sandbox.pending_faults(), []);
    assert_eq!(sandbox.ledger(), []);
    let pressed = press(page).send(sandbox.admin_url()).await;
    assert_eq!(
        (pressed.status, pressed.header("location")),
        (303, Some(page))
    );
    assert_eq!(sandbox.pending_faults().len(), 1);
}
