//! Rows for the second provider: its token endpoint, its resource, and its server.

use std::{
    io,
    net::IpAddr,
    time::{Duration, UNIX_EPOCH},
};

use remote_auth_sandbox::{Fault, Gateway, GogoxSandbox, ManualClock, Match, Rule, Rule::*};
use serde_json::{Value, json};

use crate::{
    bench::{Ask, Reply, note, open, text},
    faults::{Sees, see},
};

pub(crate) const TOKEN: &str = "/oauth/token";
pub(crate) const ORDERS: &str = "/delivery/orders";

pub(crate) async fn rows() {
    token_requests().await;
    resource_requests().await;
    paths_and_hosts().await;
}

#[tokio::test]
async fn requests_to_the_second_provider_are_judged_row_by_row() {
    rows().await;
}

/// Sends a request and fails unless this status and this rule answer it.
async fn check(gogox: &GogoxSandbox, row: &str, ask: Ask, expected: (u16, Rule)) -> Reply {
    let reply = ask.send(gogox.url()).await;
    let decided = gogox
        .ledger()
        .last()
        .map(|entry| (entry.status, entry.rule));
    assert_eq!(decided, Some(expected), "{row}: {}", reply.body);
    assert_eq!(reply.status, expected.0, "{row}");
    note(expected.1);
    reply
}

pub(crate) fn credentials(gogox: &GogoxSandbox) -> Value {
    json!({
        "client_id": gogox.client_id(),
        "client_secret": open(gogox.client_secret()),
        "grant_type": "client_credentials",
    })
}

// Requirement: gogox-guide.token.again, gogox-guide.token.answer
// Requirement: gogox-guide.token.client-credentials-only, gogox-guide.token.json-body
// Requirement: gogox-guide.token.no-basic
async fn token_requests() {
    let gogox = GogoxSandbox::start().await.unwrap();
    let good = || credentials(&gogox);
    let with = |member: &str, value: Value| {
        let mut body = good();
        body[member] = value;
        Ask::json(TOKEN, &body)
    };
    let json_only = (400, GogoxJsonOnly, "invalid_request");
    let members = (400, GogoxMembersPresent, "invalid_request");
    let wrong = (401, GogoxClientRight, "invalid_client");
    let form = [("client_id", "a"), ("grant_type", "client_credentials")];
    for (row, ask, (status, rule, error)) in [
        ("a form", Ask::form(TOKEN, &form), json_only),
        ("no body", Ask::new("POST", TOKEN), json_only),
        ("an array", Ask::json(TOKEN, &json!([])), json_only),
        ("broken", Ask::json(TOKEN, &good()).body("{"), json_only),
        (
            "Basic beside the body",
            Ask::json(TOKEN, &good()).basic("a", "b"),
            (400, GogoxOneMethod, "invalid_request"),
        ),
        ("nothing", Ask::json(TOKEN, &json!({})), members),
        ("no client_id", with("client_id", json!(null)), members),
        ("an empty secret", with("client_secret", json!("")), members),
        ("a number", with("client_secret", json!(7)), members),
        ("no grant_type", with("grant_type", json!(null)), members),
        (
            "another grant",
            with("grant_type", json!("refresh_token")),
            (400, GogoxGrantType, "unsupported_grant_type"),
        ),
        ("a wrong id", with("client_id", json!("x")), wrong),
        ("a wrong secret", with("client_secret", json!("x")), wrong),
    ] {
        let reply = check(&gogox, row, ask, (status, rule)).await;
        let body = reply.json();
        assert_eq!(body["error"], error, "{row}");
        assert!(body["error_description"].is_string(), "{row}");
        assert_eq!(reply.header("cache-control"), Some("no-store"), "{row}");
    }
    let more = with("scope", json!("ignored"));
    for (row, ask) in [("good", Ask::json(TOKEN, &good())), ("more members", more)] {
        check(&gogox, row, ask, (200, GogoxTokenIssued)).await;
    }
}

// Requirement: gogox-guide.api.bearer
async fn resource_requests() {
    let clock = ManualClock::default();
    let gogox = GogoxSandbox::builder().manual_clock(&clock).start().await;
    let gogox = gogox.unwrap();
    let ask = Ask::json(TOKEN, &credentials(&gogox));
    let reply = check(&gogox, "a token", ask, (200, GogoxTokenIssued)).await;
    let body = reply.json();
    let token = text(&body, "access_token");
    assert_eq!(token.len(), 64);
    assert!(token.bytes().all(|byte| byte.is_ascii_hexdigit()));
    let created = clock.now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let expected = json!({
        "access_token": token,
        "token_type": "Bearer",
        "expires_in": 7200,
        "created_at": created,
    });
    assert_eq!(body, expected);
    assert_eq!(reply.header("cache-control"), Some("no-store"));

    let ask = || Ask::get(ORDERS).bearer(&token);
    let seconds = std::time::Duration::from_secs;
    clock.advance(seconds(7199));
    check(&gogox, "the last second", ask(), (200, GogoxServed)).await;
    clock.advance(seconds(1));
    let challenge = Some("Bearer error=\"invalid_token\"");
    for (row, ask, rule, challenge) in [
        ("expired", ask(), GogoxBearerUnexpired, challenge),
        (
            "invented",
            Ask::get(ORDERS).bearer("x"),
            GogoxBearerKnown,
            challenge,
        ),
        ("none", Ask::get(ORDERS), GogoxBearerPresent, Some("Bearer")),
    ] {
        let reply = check(&gogox, row, ask, (401, rule)).await;
        assert_eq!(reply.json()["error"], "invalid_token", "{row}");
        assert_eq!(reply.header("www-authenticate"), challenge, "{row}");
    }
}

async fn paths_and_hosts() {
    let gogox = GogoxSandbox::start().await.unwrap();
    let host = Ask::get(ORDERS).host("attacker.example");
    for (row, ask, expected) in [
        ("a foreign host", host, (421, HostIsLoopback)),
        ("another path", Ask::get("/v1/companies"), (404, PathServed)),
        ("another method", Ask::get(TOKEN), (405, MethodServed)),
        (
            "a large body",
            Ask::new("POST", TOKEN).body("x".repeat(64 * 1024 + 1)),
            (413, BodyIsBounded),
        ),
    ] {
        check(&gogox, row, ask, expected).await;
    }
    let ledger = gogox.ledger();
    let shown: Vec<&str> = ledger.iter().map(|entry| entry.path).collect();
    assert_eq!(shown, [ORDERS, "(other)", TOKEN, TOKEN]);
    let received = ledger.iter().flat_map(|entry| &entry.received);
    let bodies: Vec<String> = received.map(|received| received.body()).collect();
    assert_eq!(bodies, ["(not read)", "", "", "(not read)"]);
}

#[tokio::test]
async fn faulty_builders_of_the_second_provider_are_refused() {
    let public: IpAddr = "0.0.0.0".parse().unwrap();
    for builder in [
        GogoxSandbox::builder().address(public),
        GogoxSandbox::builder().credentials("", "canary".into()),
        GogoxSandbox::builder().credentials("a", "".into()),
    ] {
        assert!(!format!("{builder:?}").contains("canary"));
        let refused = builder.start().await.unwrap_err();
        assert_eq!(refused.kind(), io::ErrorKind::InvalidInput);
    }
}

#[tokio::test]
async fn the_second_provider_ends_with_its_handle_and_repeats_under_a_seed() {
    let seeded = async || {
        let gogox = GogoxSandbox::builder().seed(7).start().await.unwrap();
        let secret = open(gogox.client_secret()).to_owned();
        let ask = Ask::json(TOKEN, &credentials(&gogox));
        let token = text(&ask.send(gogox.url()).await.json(), "access_token");
        let port: u16 = gogox.url().rsplit(':').next().unwrap().parse().unwrap();
        gogox.shutdown().await;
        let again = GogoxSandbox::builder().port(port).start().await;
        again.expect("the port is free again");
        (secret, token)
    };
    assert_eq!(seeded().await, seeded().await);
}

#[tokio::test]
async fn the_second_provider_meets_the_faults_of_the_first() {
    let gogox = GogoxSandbox::start().await.unwrap();
    let ask = || Ask::json(TOKEN, &credentials(&gogox));
    let json = ("content-type", "application/json");
    let issued = GogoxTokenIssued;
    for (fault, sees, expected) in [
        (
            Fault::Refuse {
                status: 503,
                error: "temporarily_unavailable".to_owned(),
                error_description: None,
            },
            Sees::Answer(503, json, "temporarily_unavailable"),
            (503, Scripted),
        ),
        (
            Fault::RateLimit {
                reset: Duration::from_secs(1),
            },
            Sees::Answer(429, ("x-ratelimit-reset", "1000"), "Too many requests"),
            (429, Scripted),
        ),
        (Fault::DropBeforeCommit, Sees::Nothing, (0, Scripted)),
        (Fault::DropAfterCommit, Sees::Nothing, (200, issued)),
        (Fault::ResetAfterCommit, Sees::Reset, (200, issued)),
        (Fault::Truncate { bytes: 10 }, Sees::Part(10), (200, issued)),
        (
            Fault::MediaType {
                media_type: "text/plain".to_owned(),
            },
            Sees::Answer(200, ("content-type", "text/plain"), "access_token"),
            (200, issued),
        ),
        (
            Fault::Delay { by: Duration::ZERO },
            Sees::Answer(200, json, "access_token"),
            (200, issued),
        ),
    ] {
        let kind = fault.kind();
        gogox.next_token_request().fault(fault);
        check(&gogox, kind, Ask::get("/"), (404, PathServed)).await;
        see(kind, &mut ask().post(gogox.url()).await, &sees).await;
        let ledger = gogox.ledger();
        let met = ledger.last().unwrap();
        assert_eq!((met.status, met.rule), expected, "{kind}");
        assert_eq!(met.fault, Some(kind));
        check(&gogox, kind, ask(), (200, issued)).await;
    }
}

#[tokio::test]
async fn a_fault_of_the_second_provider_waits_for_a_request_that_fits() {
    let gogox = GogoxSandbox::start().await.unwrap();
    let id = gogox.client_id();
    let matches = [
        Match::any().gateway(Gateway::Sandbox),
        Match::any().client_id("another"),
        Match::any().grant_type("client_credentials").client_id(id),
    ];
    for matching in matches {
        gogox.on(matching).refuse(400, "invalid_request");
    }
    let ask = || Ask::json(TOKEN, &credentials(&gogox));
    check(&gogox, "fits", ask(), (400, Scripted)).await;
    check(&gogox, "none fits", ask(), (200, GogoxTokenIssued)).await;
    assert_eq!(gogox.pending_faults().len(), 2);
    gogox.clear_faults();
    assert_eq!(gogox.pending_faults(), []);
}

#[tokio::test]
async fn the_second_provider_keeps_what_it_received_and_shows_it_masked() {
    let gogox = GogoxSandbox::start().await.unwrap();
    let ask = Ask::json(TOKEN, &credentials(&gogox));
    check(&gogox, "a token", ask, (200, GogoxTokenIssued)).await;
    let ledger = gogox.ledger();
    let received = ledger[0].received.as_ref().unwrap();
    let id = gogox.client_id();
    let shown = format!(
        r#"{{"client_id":"{id}","client_secret":"*** (64 bytes)","grant_type":"client_credentials"}}"#
    );
    assert_eq!(
        (received.target(), received.body()),
        (TOKEN.to_owned(), shown)
    );
    let sent: Value = serde_json::from_slice(received.danger_unmasked().body()).unwrap();
    assert_eq!(sent, credentials(&gogox));
}

#[tokio::test]
async fn the_second_provider_has_an_admin_api_with_a_key_of_its_own() {
    let clock = ManualClock::default();
    let gogox = GogoxSandbox::builder().manual_clock(&clock).start().await;
    let gogox = gogox.unwrap();
    let key = open(gogox.admin_key());
    let ask = async |method, path, body: Value| {
        let ask = Ask::new(method, path).body(body.to_string()).bearer(key);
        ask.send(gogox.admin_url()).await
    };
    for (method, path) in [("GET", "/ledger"), ("POST", "/reset"), ("GET", "/page")] {
        let reply = Ask::new(method, path).send(gogox.admin_url()).await;
        assert_eq!(reply.status, 401, "{method} {path}");
    }
    let fault = json!({ "fault": { "kind": "refuse", "status": 503, "error": "away" } });
    assert_eq!(ask("POST", "/faults", fault).await.status, 201);
    let rotate = json!({ "fault": { "kind": "rotate_refresh_token" } });
    assert_eq!(ask("POST", "/faults", rotate).await.status, 422);
    let good = || Ask::json(TOKEN, &credentials(&gogox));
    check(&gogox, "scripted", good(), (503, Scripted)).await;

    let entries = ask("GET", "/ledger", json!({})).await.json();
    let entry = &entries["entries"][0];
    assert_eq!(
        (&entry["path"], &entry["fault"]),
        (&json!(TOKEN), &json!("refuse"))
    );
    assert_eq!(entry.get("gateway"), None);
    let body = entry["received"]["body"].as_str().unwrap();
    assert!(
        body.contains(r#""client_secret":"*** (64 bytes)""#),
        "{body}"
    );

    let token = check(&gogox, "a token", good(), (200, GogoxTokenIssued)).await;
    let token = text(&token.json(), "access_token");
    let orders = || Ask::get(ORDERS).bearer(&token);
    let advance = json!({ "by_ms": 7_199_000 });
    assert_eq!(ask("POST", "/clock/advance", advance).await.status, 200);
    check(&gogox, "the last second", orders(), (200, GogoxServed)).await;
    assert_eq!(ask("POST", "/reset", json!({})).await.status, 204);
    assert_eq!(gogox.ledger(), []);
    check(&gogox, "forgotten", orders(), (401, GogoxBearerKnown)).await;
    let rotate = ask("POST", "/client-secret/rotate", json!({})).await;
    assert_eq!(rotate.status, 404, "only Remote's sandbox rotates");
    assert!(!format!("{gogox:?}").contains(key));
}
