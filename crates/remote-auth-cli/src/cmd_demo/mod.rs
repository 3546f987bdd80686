//! `remote-auth demo`: every way in, and every misuse that must fail, against an embedded sandbox.
//!
//! Each row is judged twice: by what the core made of the answer, and by the rule that the sandbox's ledger says
//! decided the request.
//! The misuses that the core makes impossible are sent as raw requests, so that the sandbox is seen to refuse them.

mod browser;
mod misuses;
mod report;
mod stage;
mod table;
mod ways;

use crate::args::DemoArgs;
use crate::failure::Failure;
use crate::render::Paint;

use report::Report;
use stage::Stage;

/// Runs the demo and shows each row as soon as it is known.
pub(crate) async fn run(args: &DemoArgs, paint: Paint) -> Result<(), Failure> {
    let mut report = Report::open(args.json, paint)?;
    let stage = Stage::set().await?;
    ways::all(&stage, &mut report).await?;
    misuses::all(&stage, &mut report).await?;
    stage.clear().await;
    report.close()
}

#[cfg(test)]
mod tests {
    use remote_auth::ClientSecret;

    use super::*;

    async fn rows(stage: &Stage) -> Report {
        let mut report = Report::silent();
        ways::all(stage, &mut report).await.expect("rows");
        misuses::all(stage, &mut report).await.expect("rows");
        report
    }

    #[tokio::test]
    async fn everything_goes_as_documented() {
        let stage = Stage::set().await.expect("a stage");
        let report = rows(&stage).await;
        assert!(report.close().is_ok());
    }

    #[tokio::test]
    async fn what_does_not_go_as_documented_fails_the_demo() {
        let mut stage = Stage::set().await.expect("a stage");
        let wrong = ClientSecret::from("wrong-but-long-enough-to-sign-with");
        stage.client = stage.client_with(wrong, &stage.clock).expect("a client");
        let failure = rows(&stage).await.close().expect_err("rows that failed");
        assert_eq!(failure.code(), "demo.deviated");
        assert_eq!(failure.exit().number(), 13);
    }
}
