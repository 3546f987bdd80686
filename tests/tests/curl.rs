//! The command lines of Remote's documents, word for word, against the embedded sandbox.
//!
//! Only what a reader has to replace is replaced: the hosts and the placeholders.
//! Each line runs in a shell, as it would at a terminal; where there is no curl, a notice says so.

use std::process::Command;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use remote_auth_sandbox::{Gateway, ManualClock, Rule, Sandbox};
use remote_auth_tests::browser;
use remote_auth_tests::foreign::skipped;
use remote_auth_tests::journey::{rule, text};
use remote_oauth_client::Secret;
use ring::hmac;
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use url::Url;

/// The credentials of the guide, whose Base64 stands in its command line.
const CLIENT: (&str, &str) = ("your_client_id", "your_client_secret");

const HOSTS: [(&str, Gateway); 2] = [
    ("https://gateway.remote.com", Gateway::Production),
    ("https://gateway.remote-sandbox.com", Gateway::Sandbox),
];

// The guide on client credentials.

const GUIDE_BASIC: &str = r#"echo -n "your_client_id:your_client_secret" | base64"#;

const GUIDE_TOKEN: &str = r"curl --location \
--request POST 'https://gateway.remote-sandbox.com/auth/oauth2/token' \
--header 'Authorization: Basic eW91cl9jbGllbnRfaWQ6eW91cl9jbGllbnRfc2VjcmV0' \
--header 'Content-Type: application/x-www-form-urlencoded' \
--data-urlencode 'grant_type=client_credentials'";

const GUIDE_COMPANIES: &str = r"curl --location \
--request GET 'https://gateway.remote.com/eor/v1/companies' \
--header 'Authorization: Bearer eyJraWQiOiIrRHF3Y1A4TU80bEMrN1NxSVQxSVcHHL6LLZH0o_xWvoUG...'";

// Remote's skill.

const SKILL_CUSTOMER: &str = r#"curl -s \
-H "Authorization: Bearer ra_live_{{your_token}}" \
-H "Content-Type: application/json" \
"https://gateway.remote.com/v1/employments?page_size=1""#;

const SKILL_CLIENT_CREDENTIALS: &str = r#"curl -s -X POST \
-u "$CLIENT_ID:$CLIENT_SECRET" \
-H "Content-Type: application/x-www-form-urlencoded" \
--data-urlencode "grant_type=client_credentials" \
"https://gateway.remote-sandbox.com/auth/oauth2/token""#;

const SKILL_AUTHORIZE: &str = "https://gateway.remote-sandbox.com/auth/oauth2/authorize\
    ?client_id={CLIENT_ID}\
    &redirect_uri={registered_redirect_uri}\
    &state={csrf_token}\
    &scope={space_separated_scopes}";

const SKILL_CODE: &str = r#"curl -s -X POST \
-u "$CLIENT_ID:$CLIENT_SECRET" \
-H "Content-Type: application/x-www-form-urlencoded" \
--data-urlencode "grant_type=authorization_code" \
--data-urlencode "code={{authorization_code}}" \
"https://gateway.remote-sandbox.com/auth/oauth2/token""#;

const SKILL_REFRESH: &str = r#"curl -s -X POST \
-u "$CLIENT_ID:$CLIENT_SECRET" \
-H "Content-Type: application/x-www-form-urlencoded" \
--data-urlencode "grant_type=refresh_token" \
--data-urlencode "refresh_token={{refresh_token}}" \
"https://gateway.remote-sandbox.com/auth/oauth2/token""#;

const SKILL_ASSERTION: &str = r#"curl -s -X POST \
-H "Content-Type: application/x-www-form-urlencoded" \
--data-urlencode "grant_type=urn:ietf:params:oauth:grant-type:jwt-bearer" \
--data-urlencode "assertion={{signed_jwt}}" \
"https://gateway.remote-sandbox.com/auth/oauth2/token""#;

const SKILL_EMPLOYMENTS: &str = r#"curl -s \
-H "Authorization: Bearer {{access_token}}" \
-H "Content-Type: application/json" \
"https://gateway.remote-sandbox.com/v1/employments?page_size=1""#;

/// A sandbox that curl can reach, or nothing where there is no curl.
async fn sandbox(clock: &ManualClock) -> Option<Sandbox> {
    if let Err(error) = Command::new("curl").arg("--version").output() {
        skipped(&format!("curl is not to be had: {error}"));
        return None;
    }
    let sandbox = Sandbox::builder()
        .credentials(CLIENT.0, Secret::from(CLIENT.1))
        .manual_clock(clock)
        .auto_approve(true);
    Some(sandbox.start().await.expect("a sandbox"))
}

/// Puts the sandbox's hosts and the given values where the documents have theirs.
fn filled(sandbox: &Sandbox, line: &str, values: &[(&str, &str)]) -> String {
    let hosts = HOSTS.map(|(host, gateway)| (host, sandbox.gateway_url(gateway)));
    let all = hosts.iter().chain(values);
    all.fold(line.to_owned(), |line, (theirs, ours)| {
        assert!(
            !values.contains(&(theirs, ours)) || line.contains(theirs),
            "{line}: no {theirs}"
        );
        line.replace(theirs, ours)
    })
}

/// Runs a line in a shell, without a proxy and without anybody's settings for curl.
async fn shell(line: String) -> String {
    let run = tokio::task::spawn_blocking(move || {
        Command::new("sh")
            .args(["-c", &line])
            .env("CLIENT_ID", CLIENT.0)
            .env("CLIENT_SECRET", CLIENT.1)
            .env("CURL_HOME", env!("CARGO_TARGET_TMPDIR"))
            .env("NO_PROXY", "*")
            .env("no_proxy", "*")
            .output()
    });
    let run = run.await.expect("no panic").expect("a shell");
    assert!(
        run.status.success(),
        "{}",
        String::from_utf8_lossy(&run.stderr)
    );
    String::from_utf8(run.stdout).expect("text")
}

/// Runs a line of the documents, and holds the sandbox to have decided by one rule.
async fn asks(sandbox: &Sandbox, line: &str, values: &[(&str, &str)], decides: Rule) -> Value {
    let answer = shell(filled(sandbox, line, values)).await;
    assert_eq!(rule(sandbox), Some(decides), "{line}: {answer}");
    serde_json::from_str(&answer).expect("an answer in JSON")
}

/// Holds an answer to have exactly the members that the document shows.
fn assert_shown(answer: &Value, members: &[&str]) {
    let object = answer.as_object().expect("an object");
    let mut sent: Vec<&str> = object.keys().map(String::as_str).collect();
    sent.sort_unstable();
    assert_eq!(sent, members);
    assert_eq!(
        (&answer["expires_in"], &answer["token_type"]),
        (&json!(3600), &json!("Bearer"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_lines_of_the_client_credentials_guide_work_as_they_stand() {
    let Some(sandbox) = sandbox(&ManualClock::default()).await else {
        return;
    };
    let basic = shell(GUIDE_BASIC.to_owned()).await;
    assert!(
        GUIDE_TOKEN.contains(&format!("Basic {}'", basic.trim_end())),
        "{basic}"
    );
    let issued = Rule::ClientCredentialsIssued;
    let answer = asks(&sandbox, GUIDE_TOKEN, &[], issued).await;
    assert_shown(&answer, &["access_token", "expires_in", "token_type"]);

    // The guide goes on in production, where a token of the sandbox is unknown.
    let placeholder = "eyJraWQiOiIrRHF3Y1A4TU80bEMrN1NxSVQxSVcHHL6LLZH0o_xWvoUG...";
    let token = text(&answer, "access_token");
    let refused = Rule::BearerGateway;
    let answer = asks(&sandbox, GUIDE_COMPANIES, &[(placeholder, token)], refused).await;
    assert_eq!(answer, json!({ "message": "Unauthorized" }));
    let released = GUIDE_TOKEN.replace(HOSTS[1].0, HOSTS[0].0);
    let answer = asks(&sandbox, &released, &[], issued).await;
    let token = text(&answer, "access_token");
    let served = Rule::PlatformServed;
    let answer = asks(&sandbox, GUIDE_COMPANIES, &[(placeholder, token)], served).await;
    let company = &answer["data"]["companies"][0]["id"];
    assert_eq!(company, sandbox.fixture().company_id(), "{answer}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_lines_of_the_skill_work_for_each_flow() {
    let clock = ManualClock::default();
    let Some(sandbox) = sandbox(&clock).await else {
        return;
    };
    let (token, with_refresh) = (
        ["access_token", "expires_in", "token_type"],
        ["access_token", "expires_in", "refresh_token", "token_type"],
    );
    let customer = sandbox.customer_api_token(Gateway::Production);
    #[expect(clippy::disallowed_methods, reason = "the line takes the token's text")]
    let customer = customer.expose_secret().to_owned();
    let values = [("ra_live_{{your_token}}", customer.as_str())];
    asks(&sandbox, SKILL_CUSTOMER, &values, Rule::PlatformServed).await;

    let answer = asks(
        &sandbox,
        SKILL_CLIENT_CREDENTIALS,
        &[],
        Rule::ClientCredentialsIssued,
    )
    .await;
    assert_shown(&answer, &token);

    let code = consented(&sandbox).await;
    let values = [("{{authorization_code}}", code.as_str())];
    let answer = asks(&sandbox, SKILL_CODE, &values, Rule::CodeRedeemed).await;
    let named = [
        "access_token",
        "company_id",
        "expires_in",
        "refresh_token",
        "token_type",
        "user_id",
    ];
    assert_shown(&answer, &named);

    let values = [("{{refresh_token}}", text(&answer, "refresh_token"))];
    let refreshed = asks(&sandbox, SKILL_REFRESH, &values, Rule::RefreshIssued).await;
    assert_shown(&refreshed, &with_refresh);
    assert_eq!(
        refreshed["refresh_token"], answer["refresh_token"],
        "it is not rotated"
    );

    let signed = signed(&sandbox, &clock);
    let values = [("{{signed_jwt}}", signed.as_str())];
    let answer = asks(&sandbox, SKILL_ASSERTION, &values, Rule::AssertionIssued).await;
    assert_shown(&answer, &token);

    for answer in [refreshed, answer] {
        let values = [("{{access_token}}", text(&answer, "access_token"))];
        let answer = asks(&sandbox, SKILL_EMPLOYMENTS, &values, Rule::PlatformServed).await;
        assert_eq!(
            answer["data"]["employments"].as_array().map(Vec::len),
            Some(1),
            "{answer}"
        );
    }
}

/// The skill's first step: the admin's browser, and the code that it brings.
async fn consented(sandbox: &Sandbox) -> String {
    let values = [
        ("{CLIENT_ID}", CLIENT.0),
        (
            "{registered_redirect_uri}",
            "https://client.example/callback",
        ),
        ("{csrf_token}", "c5rf"),
        (
            "{space_separated_scopes}",
            "https://gateway.remote.com/company.manage",
        ),
    ];
    // The scope is used verbatim, whatever the host is.
    let (values, scope) = values.split_at(3);
    let address = filled(sandbox, SKILL_AUTHORIZE, values).replace(scope[0].0, scope[0].1);
    let (_, callback, page) = browser::open(&address).await;
    let callback = callback.unwrap_or_else(|| panic!("no redirect: {page}"));
    let callback = Url::parse(&callback).expect("an address");
    assert_eq!(browser::parameter(&callback, "state"), "c5rf");
    browser::parameter(&callback, "code")
}

/// An assertion with the claims of the skill's table.
fn signed(sandbox: &Sandbox, clock: &ManualClock) -> String {
    let now = clock.now().duration_since(std::time::UNIX_EPOCH);
    let claims = json!({
        "iss": CLIENT.0,
        "sub": format!("urn:remote-api:company-manager:user:{}", sandbox.fixture().manager_user_id()),
        "aud": sandbox.audience(Gateway::Sandbox),
        "exp": now.expect("after 1970").as_secs() + 600,
        "scope": "employment:read offboarding:write",
    });
    let part = |text: &str| URL_SAFE_NO_PAD.encode(text);
    let signed = format!(
        "{}.{}",
        part(r#"{"alg":"HS256","typ":"JWT"}"#),
        part(&claims.to_string())
    );
    let key = hmac::Key::new(hmac::HMAC_SHA256, CLIENT.1.as_bytes());
    format!(
        "{signed}.{}",
        URL_SAFE_NO_PAD.encode(hmac::sign(&key, signed.as_bytes()))
    )
}
