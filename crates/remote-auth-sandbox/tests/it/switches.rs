//! Rows for the switches: what a client meets where a server does not do as Remote does.

use std::time::Duration;

use remote_auth_sandbox::{Gateway::Sandbox as GATEWAY, RefreshTokens, Rule, Rule::*, Sandbox};
use serde_json::json;

use crate::bench::{Ask, Bench, JWT_BEARER, TOKEN, open, signed, text};

/// One step with a refresh token that was given before, by its place among them.
enum Step {
    /// Presents a token; the answer's token is added to those that were given.
    Refresh(usize, u16, Rule),
    Advance(u64),
}

pub(crate) async fn rows() {
    for (row, switch, steps) in lives() {
        live(row, switch, &steps).await;
    }
    pkce_is_required_where_the_switch_says_so().await;
}

// Requirement: rfc9700.4.14.2.reuse-revokes
#[tokio::test]
async fn switches_are_judged_row_by_row() {
    rows().await;
}

fn lives() -> [(&'static str, RefreshTokens, Vec<Step>); 5] {
    use Step::{Advance, Refresh};
    let grace = RefreshTokens::RotatingWithGrace(Duration::from_secs(30));
    let expiring = RefreshTokens::Expiring(Duration::from_secs(3600));
    [
        (
            "constant",
            RefreshTokens::Constant,
            vec![
                Refresh(0, 200, RefreshIssued),
                Advance(1_000_000),
                Refresh(1, 200, RefreshIssued),
            ],
        ),
        (
            "rotating",
            RefreshTokens::Rotating,
            vec![
                Refresh(0, 200, RefreshRotated),
                Refresh(1, 200, RefreshRotated),
                Refresh(0, 400, RefreshSingleUse),
                // The replay took the live token with it.
                Refresh(2, 400, RefreshKnown),
            ],
        ),
        (
            "within the grace",
            grace,
            vec![
                Refresh(0, 200, RefreshRotated),
                Advance(29),
                Refresh(0, 200, RefreshRotated),
                Refresh(1, 200, RefreshRotated),
                Refresh(2, 200, RefreshRotated),
            ],
        ),
        (
            "after the grace, which a use within it does not renew",
            grace,
            vec![
                Refresh(0, 200, RefreshRotated),
                Advance(29),
                Refresh(0, 200, RefreshRotated),
                Advance(1),
                Refresh(0, 400, RefreshSingleUse),
                Refresh(1, 400, RefreshKnown),
            ],
        ),
        (
            "expiring",
            expiring,
            vec![
                Advance(3599),
                Refresh(0, 200, RefreshIssued),
                Advance(1),
                Refresh(1, 400, RefreshUnexpired),
            ],
        ),
    ]
}

async fn live(row: &str, switch: RefreshTokens, steps: &[Step]) {
    let builder = Sandbox::builder().auto_approve(true);
    let bench = Bench::with(builder.refresh_tokens(switch)).await;
    let mut given = vec![text(&bench.consented(GATEWAY, &[]).await, "refresh_token")];
    for step in steps {
        let (place, status, rule) = match *step {
            Step::Refresh(place, status, rule) => (place, status, rule),
            Step::Advance(seconds) => {
                bench.advance_s(seconds);
                continue;
            }
        };
        let form = [
            ("grant_type", "refresh_token"),
            ("refresh_token", given[place].as_str()),
        ];
        let ask = bench.token_request(&form);
        let reply = bench.check(row, GATEWAY, ask, (status, rule)).await;
        if status == 200 {
            let next = text(&reply.json(), "refresh_token");
            assert_eq!(given.contains(&next), rule == RefreshIssued, "{row}");
            given.push(next);
        } else {
            assert_eq!(reply.json(), json!({ "error": "invalid_grant" }), "{row}");
        }
    }
}

async fn pkce_is_required_where_the_switch_says_so() {
    let builder = Sandbox::builder().auto_approve(true).require_pkce(true);
    let bench = Bench::with(builder).await;
    let ask = bench.authorization_request(&[("state", "s")]);
    let expected = (302, AuthorizePkceRequired);
    let reply = bench.check("no challenge", GATEWAY, ask, expected).await;
    assert_eq!(
        (
            reply.callback("error").as_deref(),
            reply.callback("state").as_deref()
        ),
        (Some("invalid_request"), Some("s"))
    );
    let proved = [
        (
            "code_challenge",
            "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
        ),
        ("code_challenge_method", "S256"),
    ];
    bench.code(GATEWAY, &proved).await;
}

#[tokio::test]
async fn a_rotated_secret_works_on_for_its_grace_and_not_longer() {
    let bench = Bench::new().await;
    let next = bench.sandbox.rotate_client_secret(Duration::from_secs(60));
    let basic = |secret: &str| {
        let form = [("grant_type", "client_credentials")];
        Ask::form(TOKEN, &form).basic(bench.sandbox.client_id(), secret)
    };
    let asserted = |secret: &str| {
        let claims = bench.claims(GATEWAY, &bench.manager()).to_string();
        let assertion = signed(r#"{"alg":"HS256"}"#, &claims, secret);
        Ask::form(
            TOKEN,
            &[("grant_type", JWT_BEARER), ("assertion", &assertion)],
        )
    };
    let (works, signs) = ((200, ClientCredentialsIssued), (200, AssertionIssued));
    let (dead, unsigned) = ((401, TokenClientRight), (400, AssertionSignature));
    let judge = async |row: &str, secret: &str, by_basic, by_assertion| {
        bench.check(row, GATEWAY, basic(secret), by_basic).await;
        bench
            .check(row, GATEWAY, asserted(secret), by_assertion)
            .await;
    };

    judge("the new one", open(&next), works, signs).await;
    bench.advance_s(59);
    judge("the old one, at the end", &bench.secret, works, signs).await;
    bench.advance_s(1);
    judge("the old one, dead", &bench.secret, dead, unsigned).await;
    judge("the new one, alone", open(&next), works, signs).await;

    let third = bench.sandbox.rotate_client_secret(Duration::MAX);
    let fourth = bench.sandbox.rotate_client_secret(Duration::MAX);
    judge("two rotations ago", open(&next), dead, unsigned).await;
    judge("the one before", open(&third), works, signs).await;
    judge("the newest", open(&fourth), works, signs).await;
}

#[tokio::test]
async fn a_reset_forgets_what_happened_and_keeps_what_was_configured() {
    let bench = Bench::new().await;
    let token = bench.partner_token(GATEWAY).await;
    let next = bench.sandbox.rotate_client_secret(Duration::MAX);
    bench.sandbox.reset();
    assert_eq!(bench.sandbox.ledger(), []);
    let ask = Ask::get("/v1/identity/current").bearer(&token);
    bench
        .check("a token from before", GATEWAY, ask, (401, BearerKnown))
        .await;
    let form = [("grant_type", "client_credentials")];
    let rotated = Ask::form(TOKEN, &form).basic(bench.sandbox.client_id(), open(&next));
    bench
        .check(
            "a rotated secret",
            GATEWAY,
            rotated,
            (401, TokenClientRight),
        )
        .await;
    bench.partner_token(GATEWAY).await;
}

#[tokio::test]
async fn the_machines_clock_can_be_moved_ahead() {
    let sandbox = Sandbox::start().await.unwrap();
    let form = [("grant_type", "client_credentials")];
    let here = sandbox.gateway_url(GATEWAY);
    let ask = Ask::form(TOKEN, &form).basic(sandbox.client_id(), open(sandbox.client_secret()));
    let token = text(&ask.send(here).await.json(), "access_token");
    let identity = Ask::get("/v1/identity/current").bearer(&token);
    assert_eq!(identity.clone().send(here).await.status, 200);
    sandbox.advance(Duration::from_secs(3600));
    assert_eq!(identity.send(here).await.status, 401);
}
