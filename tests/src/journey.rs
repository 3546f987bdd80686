//! What every journey begins with: an embedded sandbox with a planted client, and how a failed run is judged.

use remote_auth_sandbox::{Gateway, Rule, Sandbox};
use remote_oauth_client::Secret;
use serde_json::Value;

use crate::process::{Program, Run};

/// The planted client; long enough to sign assertions.
pub const CLIENT: (&str, &str) = ("journey", "journey-secret-of-more-than-32-bytes");

/// Starts a sandbox that knows the planted client and approves at once.
///
/// # Panics
///
/// If there are no loopback ports.
pub async fn sandbox() -> Sandbox {
    let sandbox = Sandbox::builder()
        .credentials(CLIENT.0, Secret::from(CLIENT.1))
        .auto_approve(true);
    sandbox.start().await.expect("a sandbox")
}

/// Returns the gateway that the journeys go to.
pub fn gateway(sandbox: &Sandbox) -> &str {
    sandbox.gateway_url(Gateway::Sandbox)
}

/// Returns the rule that decided the last request.
pub fn rule(sandbox: &Sandbox) -> Option<Rule> {
    sandbox.ledger().last().map(|entry| entry.rule)
}

/// Holds a run to have failed in one way, and to have printed nothing that a script would take for an answer.
///
/// # Panics
///
/// If it did not.
#[track_caller]
pub fn assert_failed(run: &Run, code: &str, exit: i32) {
    assert_eq!((run.error_code(), run.code), (Some(code), exit), "{run:?}");
    assert_eq!(run.stdout, "");
}

/// Program, line, error code, exit code.
pub type Case = (Program, String, &'static str, i32);

/// Runs each case, and holds it to fail as it says.
///
/// # Panics
///
/// If one does not.
pub async fn assert_each_fails<const N: usize>(cases: [Case; N]) {
    for (program, line, code, exit) in cases {
        let run = program.run(&line).await;
        let verdict = (run.error_code(), run.code);
        assert_eq!(verdict, (Some(code), exit), "{line}: {run:?}");
        assert_eq!(run.stdout, "", "{line}");
    }
}

/// Holds a run to have worked, and to have said nothing about it.
///
/// # Panics
///
/// If it did not.
#[track_caller]
pub fn assert_quiet(run: &Run) {
    assert_eq!((run.code, run.stderr.as_str()), (0, ""), "{run:?}");
}

/// Returns a text of a document.
///
/// # Panics
///
/// If there is none of that name.
pub fn text<'a>(document: &'a Value, member: &str) -> &'a str {
    let text = document[member].as_str();
    text.unwrap_or_else(|| panic!("no {member} in {document}"))
}

/// Gets a refresh token for the managed company, as a partner does without a browser.
///
/// # Panics
///
/// If the program does not give one.
pub async fn refresh_token(program: &Program, sandbox: &Sandbox, scope: &str) -> String {
    let line = format!(
        "companies create-token --company {} --json {scope} --gateway {}",
        sandbox.fixture().company_id(),
        gateway(sandbox)
    );
    let run = program.run(&line).await;
    assert_quiet(&run);
    text(&run.json(), "refresh_token").to_owned()
}
