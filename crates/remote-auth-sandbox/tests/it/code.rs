//! Rows for authorization codes and refresh tokens.

use remote_auth_sandbox::{Gateway, Gateway::Sandbox as GATEWAY, Rule};
use serde_json::json;

use crate::bench::{Ask, Bench, CALLBACK, OTHER_CLIENT, TOKEN, text};

const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
const PKCE: [(&str, &str); 2] = [
    ("code_challenge", CHALLENGE),
    ("code_challenge_method", "S256"),
];

pub(crate) async fn rows() {
    codes_that_are_refused().await;
    code_reuse_revokes().await;
    refreshes().await;
}

#[tokio::test]
async fn codes_and_refresh_tokens_are_judged_row_by_row() {
    rows().await;
}

fn redeem(code: &str) -> Vec<(&str, &str)> {
    vec![("grant_type", "authorization_code"), ("code", code)]
}

// Requirement: remote.answer.company-id, remote.code.answer, remote.code.redirect-uri-in-body
// Requirement: remote.refresh.two-sources, rfc6749.3.3.default-scope, rfc9700.2.1.1.pkce-supported
#[tokio::test]
async fn a_code_gives_both_tokens_the_company_and_the_user() {
    let bench = Bench::new().await;
    let fixture = bench.sandbox.fixture();
    for more in [
        vec![],
        vec![("redirect_uri", CALLBACK)],
        vec![("code_verifier", VERIFIER)],
    ] {
        let asked: &[(&str, &str)] = if more.contains(&("code_verifier", VERIFIER)) {
            &PKCE
        } else {
            &[]
        };
        let code = bench.code(GATEWAY, asked).await;
        let form = [redeem(&code), more].concat();
        let reply = bench
            .check(
                "a good code",
                GATEWAY,
                bench.token_request(&form),
                (200, Rule::CodeRedeemed),
            )
            .await;
        let body = reply.json();
        assert_eq!(body["company_id"], fixture.company_id());
        assert_eq!(body["user_id"], fixture.manager_user_id());
        assert_eq!(
            (&body["token_type"], &body["expires_in"]),
            (&json!("Bearer"), &json!(3600))
        );
        assert_eq!(text(&body, "refresh_token").len(), 36);
        assert_eq!(body.as_object().unwrap().len(), 6);
    }
}

// Requirement: remote.code.five-minutes, remote.error.invalid-grant, remote.skill.mistake-late-code
// Requirement: rfc6749.4.1.2.code-bound, rfc6749.4.1.2.code-short-lived
// Requirement: rfc6749.4.1.3.code-of-this-client, rfc6749.4.1.3.code-valid
// Requirement: rfc6749.4.1.3.redirect-uri-identical, rfc6749.5.2.status-400
// Requirement: rfc7636.4.4.bound-to-code, rfc7636.4.6.verified, rfc9700.2.1.1.pkce-enforced
// Requirement: rfc9700.2.1.1.code-injection, rfc9700.4.8.2.downgrade
async fn codes_that_are_refused() {
    let bench = Bench::new().await;
    let bare = json!({ "error": "invalid_grant" });
    let plain = bench.code(GATEWAY, &[]).await;
    let proved = bench.code(GATEWAY, &PKCE).await;
    let with =
        |code, name, value| bench.token_request(&[redeem(code), vec![(name, value)]].concat());
    let other = Ask::form(TOKEN, &redeem(&plain)).basic(OTHER_CLIENT.0, OTHER_CLIENT.1);
    let cases = [
        (
            "an invented code",
            GATEWAY,
            bench.token_request(&redeem("invented")),
            Rule::CodeKnown,
        ),
        ("another client", GATEWAY, other, Rule::CodeClient),
        (
            "another gateway",
            Gateway::Production,
            bench.token_request(&redeem(&plain)),
            Rule::CodeGateway,
        ),
        (
            "another URI",
            GATEWAY,
            with(&plain, "redirect_uri", "https://client.example/"),
            Rule::CodeRedirectUri,
        ),
        (
            "a verifier too many",
            GATEWAY,
            with(&plain, "code_verifier", VERIFIER),
            Rule::CodeVerifier,
        ),
        (
            "no verifier",
            GATEWAY,
            bench.token_request(&redeem(&proved)),
            Rule::CodeVerifier,
        ),
        (
            "a wrong verifier",
            GATEWAY,
            with(&proved, "code_verifier", CHALLENGE),
            Rule::CodeVerifier,
        ),
    ];
    for (row, gateway, ask, rule) in cases {
        let reply = bench.check(row, gateway, ask, (400, rule)).await;
        assert_eq!(reply.json(), bare, "{row}");
    }

    // A refused redemption spends nothing.
    bench.advance_s(299);
    bench
        .check(
            "in time",
            GATEWAY,
            bench.token_request(&redeem(&plain)),
            (200, Rule::CodeRedeemed),
        )
        .await;
    bench.advance_s(1);
    let late = with(&proved, "code_verifier", VERIFIER);
    let reply = bench
        .check("too late", GATEWAY, late, (400, Rule::CodeFiveMinutes))
        .await;
    assert_eq!(reply.json(), bare);
}

// Requirement: remote.code.single-use, rfc6749.4.1.2.code-reuse-revokes
// Requirement: rfc6749.4.1.2.code-single-use, rfc6750.3.1.invalid-token-401
async fn code_reuse_revokes() {
    let bench = Bench::new().await;
    let code = bench.code(GATEWAY, &[]).await;
    let first = bench.issued(GATEWAY, &redeem(&code)).await;
    let refresh = [
        ("grant_type", "refresh_token"),
        ("refresh_token", &text(&first, "refresh_token")),
    ];
    let second = bench.issued(GATEWAY, &refresh).await;
    let untouched = bench.company_token(GATEWAY).await;
    let use_token = |token: &str| Ask::get("/v1/identity/current").bearer(token);

    bench
        .check(
            "live",
            GATEWAY,
            use_token(&text(&first, "access_token")),
            (200, Rule::PlatformServed),
        )
        .await;
    let again = bench.token_request(&redeem(&code));
    bench
        .check(
            "a replayed code",
            GATEWAY,
            again,
            (400, Rule::CodeSingleUse),
        )
        .await;
    for body in [&first, &second] {
        let ask = use_token(&text(body, "access_token"));
        bench
            .check("revoked", GATEWAY, ask, (401, Rule::BearerKnown))
            .await;
    }
    bench
        .check(
            "revoked",
            GATEWAY,
            bench.token_request(&refresh),
            (400, Rule::RefreshKnown),
        )
        .await;
    bench
        .check(
            "another grant",
            GATEWAY,
            use_token(&untouched),
            (200, Rule::PlatformServed),
        )
        .await;
}

// Requirement: remote.error.invalid-grant, remote.refresh.any-time, remote.refresh.no-ids
// Requirement: remote.refresh.not-rotated, remote.refresh.renews, rfc6749.3.3.granted-is-told
// Requirement: rfc6749.6.bound-to-client, rfc6749.6.no-widening, rfc9700.2.2.2.refresh-protected
// Requirement: rfc9700.4.14.2.refresh-bound
async fn refreshes() {
    let bench = Bench::new().await;
    let code = bench.code(GATEWAY, &[("scope", "payroll invoices")]).await;
    let first = bench.issued(GATEWAY, &redeem(&code)).await;
    let refresh_token = text(&first, "refresh_token");
    let form = [
        ("grant_type", "refresh_token"),
        ("refresh_token", refresh_token.as_str()),
    ];
    bench.advance_s(100 * 24 * 3600);

    let issued = (200, Rule::RefreshIssued);
    for _ in 0..2 {
        let reply = bench
            .check("a refresh", GATEWAY, bench.token_request(&form), issued)
            .await;
        let body = reply.json();
        assert_eq!(body["refresh_token"], refresh_token, "not rotated");
        assert_ne!(body["access_token"], first["access_token"]);
        let names: Vec<&String> = body.as_object().unwrap().keys().collect();
        assert_eq!(
            names,
            ["access_token", "expires_in", "refresh_token", "token_type"]
        );
    }
    let scoped = |scope| bench.token_request(&[form.as_slice(), &[("scope", scope)]].concat());
    bench
        .check("narrower", GATEWAY, scoped("payroll"), issued)
        .await;
    let wider = bench
        .check(
            "wider",
            GATEWAY,
            scoped("payroll employments"),
            (400, Rule::RefreshScope),
        )
        .await;
    assert_eq!(wider.json(), json!({ "error": "invalid_scope" }));

    let invented = [
        ("grant_type", "refresh_token"),
        ("refresh_token", "16ab2c69-fd3c-4112-855d-2052baa10d20"),
    ];
    let other = Ask::form(TOKEN, &form).basic(OTHER_CLIENT.0, OTHER_CLIENT.1);
    let cases = [
        (
            "an invented one",
            GATEWAY,
            bench.token_request(&invented),
            Rule::RefreshKnown,
        ),
        ("another client", GATEWAY, other, Rule::RefreshClient),
        (
            "another gateway",
            Gateway::PartnerSandbox,
            bench.token_request(&form),
            Rule::RefreshGateway,
        ),
    ];
    for (row, gateway, ask, rule) in cases {
        let reply = bench.check(row, gateway, ask, (400, rule)).await;
        assert_eq!(reply.json(), json!({ "error": "invalid_grant" }), "{row}");
    }
}
