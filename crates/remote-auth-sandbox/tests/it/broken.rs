//! For each rule one probe, whose outcome tells the strict sandbox from the one that is broken in
//! exactly that rule.
//!
//! A probe prepares what it needs and leaves one last request; the strict sandbox has to decide it
//! by the rule, and the broken one has to answer otherwise.
//! A rule without a probe fails the test.

mod flows;
mod platform;

use remote_auth_sandbox::{
    DeliveryOutcome, Gateway::Sandbox as GATEWAY, GogoxSandbox, ManualClock, Match, Rule, Rule::*,
    Sandbox, danger,
};
use serde_json::{Value, json};
use tokio::time::{self, Instant};

use crate::{
    bench::{Ask, Bench, Reply, TOKEN, open, text},
    gogox, server,
    webhooks::{Ear, register},
};

#[tokio::test]
async fn every_broken_rule_is_seen_from_outside() {
    for rule in Rule::ALL {
        let (strict, again) = (outcome(*rule, false).await, outcome(*rule, false).await);
        let broken = outcome(*rule, true).await;
        let form = danger::broken_form(*rule);
        assert_eq!(strict.seen, again.seen, "{rule}: chance decides the probe");
        assert_ne!(strict.seen, broken.seen, "{rule}: {form}");
        if rule.decides() {
            assert_eq!(strict.decided_by, Some(*rule), "{rule}: {}", strict.seen);
        }
    }
}

#[tokio::test]
async fn a_callback_that_leads_away_is_registered_where_its_rule_is_broken_and_never_called() {
    let bench = Bench::with(Sandbox::builder().danger_broken(WebhookUrl)).await;
    let ear = Ear::new("HTTP/1.1 204 No Content\r\n\r\n").await;
    // No loopback address by its text, and yet one that would be heard.
    let url = ear.url.replace("127.0.0.1", "0.0.0.0");
    let token = bench.partner_token(GATEWAY).await;
    register(&bench, &token, &url, &["company.archived"]).await;
    let company_id = bench.sandbox.fixture().company_id();
    let deliveries = bench.sandbox.archive(company_id).await.unwrap();
    assert_eq!(deliveries[0].outcome, DeliveryOutcome::Unreachable);
}

/// What a probe came to.
struct Outcome {
    /// What an observer from outside can tell, without what chance decides.
    seen: String,
    decided_by: Option<Rule>,
}

async fn outcome(rule: Rule, is_broken: bool) -> Outcome {
    if rule.id().starts_with("gogox.") {
        return outcome_of_gogox(rule, is_broken).await;
    }
    let builder = flows::switched(rule, Sandbox::builder());
    let builder = if is_broken {
        builder.danger_broken(rule)
    } else {
        builder
    };
    let bench = Bench::with(builder).await;
    let seen = match rule {
        BodyInTime => patience(&bench).await,
        CodeUnguessable => strength(&bench.code(GATEWAY, &[]).await),
        TokenUnguessable => strength(&bench.partner_token(GATEWAY).await),
        WebhookSigned => signature(&bench).await,
        _ => {
            let last = last_request(rule, &bench).await;
            let reply = last.send(bench.sandbox.gateway_url(GATEWAY)).await;
            outline(&reply)
        }
    };
    let decided_by = bench.sandbox.ledger().last().map(|entry| entry.rule);
    Outcome { seen, decided_by }
}

async fn last_request(rule: Rule, bench: &Bench) -> Ask {
    let probes = [
        at_the_door(rule, bench),
        flows::authorize(rule, bench).await,
        flows::token(rule, bench).await,
        flows::code(rule, bench).await,
        flows::refresh(rule, bench).await,
        flows::assertion(rule, bench),
        platform::bearer(rule, bench).await,
        platform::companies(rule, bench).await,
        platform::magic_link(rule, bench).await,
        platform::webhook(rule, bench).await,
    ];
    let mut found = probes.into_iter().flatten();
    found
        .next()
        .unwrap_or_else(|| panic!("{rule} has no probe"))
}

/// Probes of the server around the rules, and of what every answer carries.
fn at_the_door(rule: Rule, bench: &Bench) -> Option<Ask> {
    let form = [("grant_type", "client_credentials")];
    let good = || bench.token_request(&form);
    Some(match rule {
        Scripted => {
            let faults = bench.sandbox.on(Match::any());
            faults.refuse_with_message(418, "scripted");
            good()
        }
        HostIsLoopback => good().host("attacker.example"),
        BodyIsBounded => {
            let body = format!("grant_type=client_credentials&x={}", "x".repeat(64 * 1024));
            good().body(body)
        }
        PathServed => Ask::get("/v1/payslips"),
        MethodServed => Ask::get(TOKEN),
        AnswerNotStored | TokenTypeStated | TokenLifeStated | RateStated => good(),
        TokenClientChallenged => Ask::form(TOKEN, &form),
        BearerChallenged => Ask::get(platform::IDENTITY),
        _ => return None,
    })
}

/// How long a body may take to arrive, by a clock that jumps.
async fn patience(bench: &Bench) -> String {
    time::pause();
    let start = Instant::now();
    let reply = Reply::read(&mut server::stalled(&bench.sandbox).await).await;
    let waited = start.elapsed().as_secs();
    time::resume();
    format!("{} after {waited} s", reply.status)
}

/// Whether a value is as long as one of 128 bits has to be.
fn strength(secret: &str) -> String {
    format!("at least 22 characters: {}", secret.len() >= 22)
}

/// Whether the signature of a delivery is the one that its key makes.
async fn signature(bench: &Bench) -> String {
    let ear = Ear::new("HTTP/1.1 204 No Content\r\n\r\n").await;
    let token = bench.partner_token(GATEWAY).await;
    let (_, key) = register(bench, &token, &ear.url, &["company.archived"]).await;
    let company_id = bench.sandbox.fixture().company_id();
    bench.sandbox.archive(company_id).await.unwrap();
    let heard = ear.heard().await;
    let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, key.as_bytes());
    let signed = format!("{}:{}", heard.body, heard.header("X-Remote-Timestamp"));
    let tag = ring::hmac::sign(&key, signed.as_bytes());
    let tag: Vec<String> = tag
        .as_ref()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    format!(
        "signed: {}",
        tag.concat() == heard.header("X-Remote-Signature")
    )
}

async fn outcome_of_gogox(rule: Rule, is_broken: bool) -> Outcome {
    let clock = ManualClock::default();
    let builder = GogoxSandbox::builder().manual_clock(&clock);
    let builder = if is_broken {
        builder.danger_broken(rule)
    } else {
        builder
    };
    let server = builder.start().await.unwrap();
    let good = || Ask::json(gogox::TOKEN, &gogox::credentials(&server));
    let with = |member: &str, value: Value| {
        let mut body = gogox::credentials(&server);
        body[member] = value;
        Ask::json(gogox::TOKEN, &body)
    };
    let orders = || Ask::get(gogox::ORDERS);
    let last = match rule {
        GogoxJsonOnly => good().without("content-type"),
        GogoxOneMethod => good().basic(server.client_id(), open(server.client_secret())),
        GogoxMembersPresent => with("client_secret", json!(null)),
        GogoxGrantType => with("grant_type", json!("password")),
        GogoxClientRight => with("client_secret", json!("wrong")),
        GogoxTokenIssued => good(),
        GogoxBearerPresent => orders(),
        GogoxBearerKnown => orders().bearer("invented"),
        GogoxBearerUnexpired | GogoxServed => {
            let answer = good().send(server.url()).await.json();
            if rule == GogoxBearerUnexpired {
                clock.advance(std::time::Duration::from_secs(7_200));
            }
            orders().bearer(&text(&answer, "access_token"))
        }
        _ => panic!("{rule} has no probe"),
    };
    let seen = outline(&last.send(server.url()).await);
    let decided_by = server.ledger().last().map(|entry| entry.rule);
    Outcome { seen, decided_by }
}

/// Everything of an answer that no chance decides.
fn outline(reply: &Reply) -> String {
    let headers = [
        "allow",
        "cache-control",
        "content-security-policy",
        "content-type",
        "www-authenticate",
        "x-ratelimit-count",
        "x-ratelimit-reset",
    ];
    let headers = headers.map(|name| reply.header(name));
    let location = reply.header("location").map(|location| {
        let (uri, query) = location.split_once('?').unwrap_or((location, ""));
        let names = form_urlencoded::parse(query.as_bytes()).map(|(name, _)| name);
        (uri, names.collect::<Vec<_>>())
    });
    let (status, error) = (reply.status, reply.callback("error"));
    let body = match serde_json::from_str(&reply.body) {
        Ok(mut body) => {
            blur(&mut body);
            body.to_string()
        }
        Err(_) => format!("empty: {}", reply.body.is_empty()),
    };
    format!("{status} {headers:?} {location:?} {error:?} {body}")
}

/// Takes every text out of a body but for the name of an error.
fn blur(body: &mut Value) {
    match body {
        Value::String(text) => *text = String::new(),
        Value::Array(all) => all.iter_mut().for_each(blur),
        Value::Object(members) => {
            let blurred = members.iter_mut().filter(|(name, _)| *name != "error");
            blurred.for_each(|(_, value)| blur(value));
        }
        _ => {}
    }
}
