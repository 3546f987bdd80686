//! Rows for assertions.

use remote_auth_sandbox::{Gateway, Gateway::Sandbox as GATEWAY, Rule};
use serde_json::{Value, json};

use crate::bench::{Ask, Bench, JWT_BEARER, OTHER_CLIENT, TOKEN, signed};

const HS256: &str = r#"{"alg":"HS256","typ":"JWT"}"#;

pub(crate) async fn rows() {
    assertions_that_are_granted().await;
    assertions_that_are_not_well_made().await;
    assertions_beside_client_authentication().await;
    issuers_audiences_and_times_that_are_refused().await;
    subjects_and_scopes_that_are_refused().await;
}

#[tokio::test]
async fn assertions_are_judged_row_by_row() {
    rows().await;
}

/// A request without client authentication, as the documents describe it.
fn present(assertion: &str) -> Ask {
    Ask::form(
        TOKEN,
        &[("grant_type", JWT_BEARER), ("assertion", assertion)],
    )
}

/// Good claims with some replaced; `null` takes one out.
fn changed(claims: &Value, changes: Value) -> Value {
    let mut claims = claims.clone();
    let members = claims.as_object_mut().expect("claims are an object");
    for (name, value) in changes.as_object().expect("changes are an object") {
        if value.is_null() {
            members.remove(name);
        } else {
            members.insert(name.clone(), value.clone());
        }
    }
    claims
}

// Requirement: remote.assertion.no-basic, remote.assertion.no-refresh-token
// Requirement: remote.assertion.scope-claim, remote.assertion.sub-employee
// Requirement: remote.assertion.sub-manager, remote.assertion.sub-older, rfc7523.2.1.grant-type
// Requirement: rfc7523.3.unknown-claims, rfc7523.4.no-refresh-token
async fn assertions_that_are_granted() {
    let bench = Bench::new().await;
    let older_form = format!(
        "urn:remote-api:employment:{}",
        bench.sandbox.fixture().employment_id()
    );
    let issued = (200, Rule::AssertionIssued);
    for gateway in Gateway::ALL {
        for subject in [bench.manager(), bench.employee(), older_form.clone()] {
            let assertion = bench.assertion(&bench.claims(gateway, &subject));
            let reply = bench
                .check(&subject, gateway, present(&assertion), issued)
                .await;
            let body = reply.json();
            let names: Vec<&String> = body.as_object().expect("an object").keys().collect();
            assert_eq!(
                names,
                ["access_token", "expires_in", "token_type"],
                "{subject}"
            );
            assert!(reply.header("x-ratelimit-count").is_some(), "{subject}");
        }
    }
    let now = bench.now_s();
    let good = bench.claims(GATEWAY, &bench.manager());
    let employee = bench.employee();
    for changes in [
        json!({ "exp": now + 600 }),
        json!({ "exp": now as f64 + 0.5 }),
        json!({ "iat": null }),
        json!({ "nbf": now, "jti": "a", "more": [1] }),
        json!({ "scope": "all:write" }),
        json!({ "scope": "employment:read payroll" }),
        json!({ "sub": employee, "scope": "timeoff:read timeoff:write" }),
    ] {
        let assertion = bench.assertion(&changed(&good, changes.clone()));
        bench
            .check(&changes.to_string(), GATEWAY, present(&assertion), issued)
            .await;
        let form = [
            ("grant_type", JWT_BEARER),
            ("assertion", &assertion),
            ("scope", "all:write"),
        ];
        bench
            .check("with a header", GATEWAY, bench.token_request(&form), issued)
            .await;
    }
}

// Requirement: remote.assertion.hs256, rfc7523.2.1.one-jwt, rfc7523.3.1.invalid-grant
// Requirement: rfc7523.3.signed, rfc7523.5.alg-none, rfc7523.5.critical-header, rfc7523.5.unpadded
async fn assertions_that_are_not_well_made() {
    let bench = Bench::new().await;
    let claims = bench.claims(GATEWAY, &bench.manager()).to_string();
    let made = |header: &str, claims: &str| signed(header, claims, &bench.secret);
    let good = made(HS256, &claims);
    let (unsigned, signature) = good.rsplit_once('.').expect("a token has dots");
    let foreign = made(HS256, &claims.replace("manager:user", "manager:USER"));
    let (foreign, _) = foreign.rsplit_once('.').expect("a token has dots");
    let repeated = claims.replacen('{', r#"{"sub":"x","#, 1);
    let well_formed = [
        ("not a token", "x".to_owned()),
        ("two parts", unsigned.to_owned()),
        ("four parts", format!("{good}.x")),
        ("padding", format!("{good}=")),
        ("claims that are no JSON", made(HS256, "x")),
        (
            "claims that are a list",
            made(HS256, r#"["a","b","c",1,1,1,"d"]"#),
        ),
        ("claims that repeat", made(HS256, &repeated)),
        ("a header without algorithm", made("{}", &claims)),
    ];
    let algorithm = [
        ("none", made(r#"{"alg":"none"}"#, &claims)),
        ("HS512", made(r#"{"alg":"HS512"}"#, &claims)),
        ("in another case", made(r#"{"alg":"hs256"}"#, &claims)),
        (
            "a critical header",
            made(r#"{"alg":"HS256","crit":["exp"]}"#, &claims),
        ),
    ];
    let signature = [
        ("no signature", format!("{unsigned}.")),
        ("a wrong key", signed(HS256, &claims, "wrong")),
        (
            "another client's key",
            signed(HS256, &claims, OTHER_CLIENT.1),
        ),
        ("other claims", format!("{foreign}.{signature}")),
    ];
    for (rule, assertions) in [
        (Rule::AssertionWellFormed, well_formed.as_slice()),
        (Rule::AssertionAlgorithm, &algorithm),
        (Rule::AssertionSignature, &signature),
    ] {
        for (row, assertion) in assertions {
            let reply = bench
                .check(row, GATEWAY, present(assertion), (400, rule))
                .await;
            assert_eq!(
                reply.json(),
                json!({ "error": "invalid_grant" }),
                "{row}: bare"
            );
        }
    }
}

async fn assertions_beside_client_authentication() {
    let bench = Bench::new().await;
    let claims = bench.claims(GATEWAY, &bench.manager());
    let good = bench.assertion(&claims);
    let foreign = bench.assertion(&changed(&claims, json!({ "iss": OTHER_CLIENT.0 })));
    let other_id = [
        ("grant_type", JWT_BEARER),
        ("assertion", &good),
        ("client_id", OTHER_CLIENT.0),
    ];
    let wrong = present(&good).basic(bench.sandbox.client_id(), "wrong");
    let other = present(&good).basic(OTHER_CLIENT.0, OTHER_CLIENT.1);
    let other_issuer = present(&foreign).basic(bench.sandbox.client_id(), &bench.secret);
    for (row, ask, expected) in [
        ("a wrong header", wrong, (401, Rule::TokenClientRight)),
        (
            "another client's header",
            other,
            (400, Rule::AssertionSignature),
        ),
        (
            "another issuer than the header",
            other_issuer,
            (400, Rule::AssertionIssuer),
        ),
        (
            "another client id",
            Ask::form(TOKEN, &other_id),
            (400, Rule::TokenClientIdAgrees),
        ),
    ] {
        bench.check(row, GATEWAY, ask, expected).await;
    }
}

/// Presents good claims with each of the changes and expects one refusal for all of them.
async fn refused(bench: &Bench, rule: Rule, description: Option<&str>, rows: &[Value]) {
    let good = bench.claims(GATEWAY, &bench.manager());
    for changes in rows {
        let row = changes.to_string();
        let assertion = bench.assertion(&changed(&good, changes.clone()));
        let reply = bench
            .check(&row, GATEWAY, present(&assertion), (400, rule))
            .await;
        let body = reply.json();
        assert_eq!(body["error"], "invalid_grant", "{row}");
        let told = body.get("error_description").and_then(Value::as_str);
        assert_eq!(told, description, "{row}");
    }
}

// Requirement: remote.assertion.aud, remote.assertion.fault-named, remote.assertion.iss
// Requirement: remote.assertion.ten-minutes, remote.skill.mistake-exp-drift
// Requirement: remote.skill.mistake-wrong-aud, rfc6749.5.2.error-characters
// Requirement: rfc7523.3.1.invalid-grant, rfc7523.3.aud, rfc7523.3.exp, rfc7523.3.exp-near
// Requirement: rfc7523.3.iss, rfc7523.3.nbf
async fn issuers_audiences_and_times_that_are_refused() {
    let bench = Bench::new().await;
    bench.advance_s(7);
    let now = bench.now_s();
    let gateway = bench.sandbox.gateway_url(GATEWAY);
    let issuers = [
        json!({ "iss": null }),
        json!({ "iss": "nobody" }),
        json!({ "iss": 1 }),
    ];
    let audiences = [
        json!({ "aud": null }),
        json!({ "aud": bench.sandbox.audience(Gateway::Production) }),
        json!({ "aud": gateway }),
        json!({ "aud": format!("{gateway}{TOKEN}") }),
        json!({ "aud": [bench.sandbox.audience(GATEWAY)] }),
    ];
    let expirations = [
        json!({ "exp": null }),
        json!({ "exp": now }),
        json!({ "exp": now - 1 }),
        json!({ "exp": (now + 300).to_string() }),
    ];
    let too_far = [json!({ "exp": now + 601 }), json!({ "exp": 1e300 })];
    let starts = [
        json!({ "iat": now + 1 }),
        json!({ "iat": "now" }),
        json!({ "nbf": now + 1 }),
    ];
    refused(
        &bench,
        Rule::AssertionIssuer,
        Some("Invalid issuer"),
        &issuers,
    )
    .await;
    refused(
        &bench,
        Rule::AssertionAudience,
        Some("Invalid audience"),
        &audiences,
    )
    .await;
    let expiration = Some("Invalid expiration time");
    refused(&bench, Rule::AssertionExpiration, expiration, &expirations).await;
    refused(&bench, Rule::AssertionTenMinutes, expiration, &too_far).await;
    refused(
        &bench,
        Rule::AssertionNotBefore,
        Some("Invalid issued at time"),
        &starts,
    )
    .await;
}

// Requirement: remote.assertion.bare-invalid-grant, remote.assertion.managed-subject
// Requirement: remote.assertion.sub-spelling, remote.scope.assertion-style, rfc7523.3.sub
async fn subjects_and_scopes_that_are_refused() {
    let bench = Bench::new().await;
    let fixture = bench.sandbox.fixture();
    let sub = |form: &str, id: &str| json!({ "sub": format!("urn:remote-api:{form}:{id}") });
    let malformed = [
        json!({ "sub": null }),
        json!({ "sub": fixture.employment_id() }),
        sub("employee:emplomyent", fixture.employment_id()),
        sub("employee:employment", "12"),
    ];
    let scopes = [
        json!({ "scope": "https://gateway.remote.com/company.manage" }),
        json!({ "scope": "timeoff:create" }),
        json!({ "scope": "" }),
        json!({ "scope": ["payroll"] }),
        json!({ "sub": bench.employee(), "scope": "employment:read" }),
    ];
    let unmanaged = [
        sub("employee:employment", fixture.unmanaged_employment_id()),
        sub("company-manager:user", fixture.unmanaged_user_id()),
        sub("company-manager:user", fixture.employment_id()),
        sub("employment", "00000000-0000-4000-8000-000000000000"),
    ];
    let named = Some("Subject or Scope validation failed");
    refused(&bench, Rule::AssertionSubjectForm, named, &malformed).await;
    refused(&bench, Rule::AssertionScope, named, &scopes).await;
    refused(&bench, Rule::AssertionSubjectManaged, None, &unmanaged).await;
}
