//! Assertions are signed whatever the final program's graph makes of `jsonwebtoken`.
//!
//! Its own signer is found through features that any crate of a program may switch on, and panics where there is none
//! or more than one. The core brings its own.

use std::path::Path;
use std::process::Command;

use remote_auth_sandbox::{Gateway, Sandbox};
use secrecy::ExposeSecret;

#[tokio::test(flavor = "multi_thread")]
async fn an_assertion_is_signed_with_none_one_and_both_of_the_backends() {
    let sandbox = Sandbox::start().await.expect("a port on loopback");
    let employment = sandbox.fixture().employment_id();
    #[expect(
        clippy::disallowed_methods,
        reason = "a program of somebody else's is given the sandbox's secret"
    )]
    let secret = sandbox.client_secret().expose_secret();
    for features in ["", "one", "both"] {
        let run = cargo(features)
            .env("GATEWAY", sandbox.gateway_url(Gateway::Sandbox))
            .env("CLIENT_ID", sandbox.client_id())
            .env("CLIENT_SECRET", secret)
            .env("EMPLOYMENT", employment)
            .output()
            .expect("cargo runs");
        let errors = String::from_utf8_lossy(&run.stderr);
        assert!(run.status.success(), "backends `{features}`: {errors}");
        assert_eq!(run.stdout, b"signed\n", "backends `{features}`");
    }
}

fn cargo(features: &str) -> Command {
    let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/signing");
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("signing");
    let mut command = Command::new(env!("CARGO"));
    command.args(["run", "--quiet", "--locked", "--features", features]);
    command.current_dir(fixture).env("CARGO_TARGET_DIR", target);
    command
}
