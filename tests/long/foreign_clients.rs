//! Clients that are not ours, in other languages, complete every flow against the embedded sandbox.
//!
//! Each program in `foreign/` asks in the same order: for itself, for a company that consents with PKCE, by refresh,
//! and for an employee by an assertion that its own library signed; and uses each token once.
//! The program ends well only if its library believed every answer; the ledger tells what the sandbox believed.

use remote_auth_sandbox::{Gateway, Rule, Sandbox};
use remote_auth_tests::foreign::Foreign;
use secrecy::ExposeSecret;

/// A list of packages is installed by one test only.
const BELOW: &str = env!("CARGO_TARGET_TMPDIR");

const REDIRECT_URI: &str = "http://127.0.0.1/callback";

/// How the company's admin answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Consent {
    AtOnce,
    OnThePage,
}

#[tokio::test(flavor = "multi_thread")]
async fn authlib_and_requests_oauthlib_complete_every_flow() {
    if let Some(python) = Foreign::python("clients", BELOW).await {
        completes(&python, "authlib_client.py", Consent::OnThePage).await;
        completes(&python, "requests_oauthlib_client.py", Consent::AtOnce).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn openid_client_completes_every_flow() {
    if let Some(node) = Foreign::node(BELOW).await {
        completes(&node, "openid_client.mjs", Consent::AtOnce).await;
    }
}

async fn completes(foreign: &Foreign, program: &str, consent: Consent) {
    let sandbox = Sandbox::builder().auto_approve(consent == Consent::AtOnce);
    let sandbox = sandbox.start().await.expect("a sandbox");
    let employee = sandbox.fixture().employment_id();
    #[expect(
        clippy::disallowed_methods,
        reason = "a program of somebody else's is given the sandbox's secret"
    )]
    let secret = sandbox.client_secret().expose_secret();
    let run = foreign
        .program(program)
        .env("GATEWAY", sandbox.gateway_url(Gateway::Sandbox))
        .env("CLIENT_ID", sandbox.client_id())
        .env("CLIENT_SECRET", secret)
        .env("REDIRECT_URI", REDIRECT_URI)
        .env(
            "EMPLOYEE",
            format!("urn:remote-api:employee:employment:{employee}"),
        )
        // Both libraries refuse plain HTTP, to loopback too.
        .env("AUTHLIB_INSECURE_TRANSPORT", "1")
        .env("OAUTHLIB_INSECURE_TRANSPORT", "1")
        .output()
        .await
        .expect("the interpreter starts");
    let errors = String::from_utf8_lossy(&run.stderr);
    assert!(run.status.success(), "{program}: {errors}");

    let page = (consent == Consent::OnThePage).then_some(Rule::AuthorizeConsentAsked);
    let mut expected = vec![Rule::ClientCredentialsIssued, Rule::PlatformServed];
    expected.extend(page);
    expected.extend([
        Rule::AuthorizeApproved,
        Rule::CodeRedeemed,
        Rule::RefreshIssued,
        Rule::PlatformServed,
        Rule::AssertionIssued,
        Rule::PlatformServed,
    ]);
    let decided: Vec<Rule> = sandbox.ledger().iter().map(|entry| entry.rule).collect();
    assert_eq!(decided, expected, "{program}");
}
