//! Rows for what every token request has in common, and for client credentials.

use remote_auth_sandbox::{Gateway::Sandbox as GATEWAY, Rule, Sandbox};
use serde_json::json;

use crate::bench::{Ask, Bench, JWT_BEARER, OTHER_CLIENT, TOKEN};

pub(crate) async fn rows() {
    requests_that_are_not_understood().await;
    clients_that_are_not_authenticated().await;
    client_credentials().await;
    more_requests_than_a_minute_allows().await;
}

#[tokio::test]
async fn token_requests_are_judged_row_by_row() {
    rows().await;
}

// Requirement: remote.error.invalid-request, remote.error.unsupported-grant-type
// Requirement: remote.flow.four-grants, remote.skill.mistake-json-body, remote.token.form-only
// Requirement: remote.token.options, rfc6749.3.2.empty-is-omitted, rfc6749.3.2.no-repeats
// Requirement: rfc6749.5.2.status-400, rfc9700.2.4.no-password
async fn requests_that_are_not_understood() {
    let bench = Bench::new().await;
    let good = || bench.token_request(&[("grant_type", "client_credentials")]);
    let grant = |name| bench.token_request(&[("grant_type", name)]);
    let json_body = json!({ "grant_type": "client_credentials" }).to_string();
    let untyped = good().without("content-type");
    let as_json = untyped
        .clone()
        .header("content-type", "application/json")
        .body(json_body);
    let form = [
        ("JSON", as_json),
        ("no media type", untyped),
        ("a broken encoding", good().body("grant_type=%zz")),
        ("not UTF-8", good().body(b"grant_type=\xff".as_slice())),
    ];
    let once = [(
        "twice",
        good().body("grant_type=client_credentials&x=1&x=1"),
    )];
    let present = [
        ("no grant type", bench.token_request(&[])),
        ("an empty grant type", grant("")),
        ("no code", grant("authorization_code")),
        ("no refresh token", grant("refresh_token")),
        ("no assertion", grant(JWT_BEARER)),
    ];
    let known = [
        ("password", grant("password")),
        ("case", grant("Client_Credentials")),
    ];
    for (rule, error, asks) in [
        (Rule::TokenFormOnly, "invalid_request", form.as_slice()),
        (Rule::TokenParametersOnce, "invalid_request", &once),
        (Rule::TokenParametersPresent, "invalid_request", &present),
        (Rule::TokenGrantTypeKnown, "unsupported_grant_type", &known),
    ] {
        for (row, ask) in asks {
            let reply = bench.check(row, GATEWAY, ask.clone(), (400, rule)).await;
            assert_eq!(reply.json()["error"], error, "{row}");
            assert_eq!(reply.header("cache-control"), Some("no-store"), "{row}");
        }
    }
    let options = Ask::new("OPTIONS", TOKEN);
    let reply = bench
        .check("options", GATEWAY, options, (204, Rule::TokenOptions))
        .await;
    assert!(reply.header("date").is_some());
}

// Requirement: remote.error.invalid-client, remote.skill.mistake-json-body, remote.token.basic
// Requirement: remote.token.client-id-may-agree, remote.token.client-not-in-body
// Requirement: rfc6749.2.3.one-method, rfc6749.3.2.1.authenticated, rfc6749.4.4.confidential-only
// Requirement: rfc6749.5.2.invalid-client-challenge, rfc6749.6.authenticated
// Requirement: rfc9700.2.5.client-authentication
async fn clients_that_are_not_authenticated() {
    let bench = Bench::new().await;
    let (id, secret) = (bench.sandbox.client_id(), bench.secret.as_str());
    let client = [("grant_type", "client_credentials")];
    let code = [("grant_type", "authorization_code"), ("code", "x")];
    let refresh = [("grant_type", "refresh_token"), ("refresh_token", "x")];
    let in_body = [client[0], ("client_id", id), ("client_secret", secret)];
    let other_id = [client[0], ("client_id", OTHER_CLIENT.0)];
    let plain = || Ask::form(TOKEN, &client);
    let basic = [
        ("no header", plain()),
        ("no header for a code", Ask::form(TOKEN, &code)),
        ("no header for a refresh", Ask::form(TOKEN, &refresh)),
    ];
    let right = [
        ("a wrong secret", plain().basic(id, "wrong")),
        ("an unknown client", plain().basic("nobody", secret)),
        ("another client's secret", plain().basic(id, OTHER_CLIENT.1)),
        ("a bearer token", plain().bearer("x")),
        (
            "two headers",
            bench.token_request(&client).basic(id, secret),
        ),
    ];
    for (status, rule, asks) in [
        (401, Rule::TokenClientBasic, basic.as_slice()),
        (401, Rule::TokenClientRight, &right),
        (
            401,
            Rule::TokenClientNotInBody,
            &[("in the body", Ask::form(TOKEN, &in_body))],
        ),
        (
            400,
            Rule::TokenClientNotInBody,
            &[("in both", bench.token_request(&in_body))],
        ),
        (
            400,
            Rule::TokenClientIdAgrees,
            &[("another id", bench.token_request(&other_id))],
        ),
    ] {
        let refused = status == 401;
        let error = if refused {
            "invalid_client"
        } else {
            "invalid_request"
        };
        for (row, ask) in asks {
            let reply = bench.check(row, GATEWAY, ask.clone(), (status, rule)).await;
            assert_eq!(reply.json()["error"], error, "{row}");
            let challenge = reply.header("www-authenticate");
            let asks_for_basic = challenge.is_some_and(|value| value.starts_with("Basic "));
            assert_eq!(asks_for_basic, refused, "{row}");
            assert_eq!(
                reply.header("x-ratelimit-count"),
                None,
                "{row}: nobody to count it for"
            );
        }
    }
}

// Requirement: remote.answer.members, remote.answer.token-type, remote.client-credentials.answer
// Requirement: remote.client-credentials.no-refresh-token, remote.error.invalid-scope
// Requirement: remote.token.client-id-may-agree, remote.token.hour, rfc6749.2.3.1.basic
// Requirement: rfc6749.3.3.granted-is-told, rfc6749.4.4.3.no-refresh-token, rfc6749.5.1.json
// Requirement: rfc6749.5.1.no-store
async fn client_credentials() {
    let bench = Bench::new().await;
    let issued = (200, Rule::ClientCredentialsIssued);
    let id = bench.sandbox.client_id();
    for form in [
        vec![("grant_type", "client_credentials")],
        vec![("grant_type", "client_credentials"), ("client_id", id)],
        vec![
            ("grant_type", "client_credentials"),
            ("scope", "company:read webhook:write"),
        ],
    ] {
        let reply = bench
            .check(
                &format!("{form:?}"),
                GATEWAY,
                bench.token_request(&form),
                issued,
            )
            .await;
        let body = reply.json();
        let names: Vec<&String> = body.as_object().unwrap().keys().collect();
        assert_eq!(names, ["access_token", "expires_in", "token_type"]);
        assert_eq!(
            (&body["token_type"], &body["expires_in"]),
            (&json!("Bearer"), &json!(3600))
        );
        assert_eq!(reply.header("cache-control"), Some("no-store"));
        assert_eq!(reply.header("content-type"), Some("application/json"));
    }
    let unlisted = [
        ("grant_type", "client_credentials"),
        ("scope", "payslip:read"),
    ];
    let refused = (400, Rule::ClientCredentialsScope);
    let reply = bench
        .check("a scope", GATEWAY, bench.token_request(&unlisted), refused)
        .await;
    assert_eq!(reply.json(), json!({ "error": "invalid_scope" }));
}

// Requirement: remote.token.basic-raw
#[tokio::test]
async fn a_secret_with_reserved_characters_is_right_raw_and_form_encoded() {
    let secret = "a#b+c:d%41/=";
    let bench = Bench::with(Sandbox::builder().credentials("client+1", secret.into())).await;
    for (id, sent) in [
        ("client+1", secret),
        ("client%2B1", "a%23b%2Bc%3Ad%2541%2F%3D"),
    ] {
        let ask = Ask::form(TOKEN, &[("grant_type", "client_credentials")]).basic(id, sent);
        bench
            .check(sent, GATEWAY, ask, (200, Rule::ClientCredentialsIssued))
            .await;
    }
}

// Requirement: remote.rate.client-minute, remote.rate.headers
async fn more_requests_than_a_minute_allows() {
    let bench = Bench::new().await;
    let ask = bench.token_request(&[("grant_type", "client_credentials")]);
    let headers = [
        "x-ratelimit-count",
        "x-ratelimit-remaining",
        "x-ratelimit-reset",
    ];
    let issued = (200, Rule::ClientCredentialsIssued);
    for _ in 0..249 {
        bench.check("within", GATEWAY, ask.clone(), issued).await;
    }
    bench.advance_s(59);
    let reply = bench.check("the last", GATEWAY, ask.clone(), issued).await;
    assert_eq!(
        headers.map(|name| reply.header(name)),
        [Some("250"), Some("0"), Some("1000")]
    );

    let reply = bench
        .check("beyond", GATEWAY, ask.clone(), (429, Rule::RateClient))
        .await;
    assert_eq!(reply.json(), json!({ "message": "Too many requests" }));
    assert_eq!(
        headers.map(|name| reply.header(name)),
        [Some("250"), Some("0"), Some("1000")]
    );
    assert_eq!(
        reply.header("retry-after"),
        None,
        "Remote has no such header"
    );

    bench.advance_s(1);
    let reply = bench.check("a new minute", GATEWAY, ask, issued).await;
    assert_eq!(
        headers.map(|name| reply.header(name)),
        [Some("1"), Some("249"), Some("60000")]
    );
}

#[tokio::test]
async fn without_rate_limits_the_headers_stay_and_nothing_is_refused() {
    let bench = Bench::with(Sandbox::builder().rate_limited(false)).await;
    let ask = bench.token_request(&[("grant_type", "client_credentials")]);
    for _ in 0..251 {
        let issued = (200, Rule::ClientCredentialsIssued);
        let reply = bench.check("any", GATEWAY, ask.clone(), issued).await;
        assert!(reply.header("x-ratelimit-remaining").is_some());
    }
}
