//! How clients that keep to the contract, and clients that do not, are found.

use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};

use super::*;
use crate::judge::report::Outcome;
use crate::mark;

/// Makes a client that answers every step by a function of it, as long as that has an answer.
fn client(answer: impl Fn(&Value) -> Option<String> + Clone + Send + Sync + 'static) -> Client {
    Client::within(move |stream| {
        let answer = answer.clone();
        async move {
            let (input, mut output) = tokio::io::split(stream);
            let mut lines = BufReader::new(input).lines();
            while let Ok(Some(line)) = lines.next_line().await {
                let step = serde_json::from_str(&line).expect("a step is JSON");
                let Some(line) = answer(&step) else { break };
                if output
                    .write_all(format!("{line}\n").as_bytes())
                    .await
                    .is_err()
                {
                    break;
                }
            }
            String::new()
        }
    })
}

async fn found(client: &Client, id: &str) -> Finding {
    let selection = Selection {
        ids: vec![id.to_owned()],
        ..Selection::default()
    };
    let mut findings = judge(client, &selection, &mut |_: &Finding, _, _| {}).await;
    assert_eq!(findings.len(), 1, "{id}");
    findings.remove(0)
}

#[tokio::test]
async fn a_client_that_does_nothing_passes_what_silence_passes_and_no_flow() {
    let idle = client(|_| Some(r#"{"outcome":"failed","reason":"I will not"}"#.to_owned()));
    let refused = found(&idle, "client.callback.wrong-state").await;
    assert_eq!(refused.outcome, Outcome::NotMet, "it has to begin first");
    let flow = found(&idle, "client.flow.client-credentials").await;
    assert_eq!(flow.outcome, Outcome::NotMet);
    assert_eq!(
        flow.reason.as_deref(),
        Some("the client answered: failed (I will not)")
    );
}

#[tokio::test]
async fn what_a_client_does_not_support_is_skipped() {
    let small = client(|_| Some(r#"{"outcome":"unsupported"}"#.to_owned()));
    for id in [
        "client.flow.assertion",
        "client.callback.wrong-state",
        "client.request.post",
    ] {
        assert_eq!(found(&small, id).await.outcome, Outcome::Skipped, "{id}");
    }
}

#[tokio::test]
async fn a_client_that_breaks_the_contract_could_not_be_judged() {
    let cases = [
        (
            client(|_| Some("hello".to_owned())),
            "the client's answer is not one line of JSON as the contract has it",
        ),
        (
            client(|_| Some(r#"{"outcome":"perhaps"}"#.to_owned())),
            "the client's answer is not one line of JSON as the contract has it",
        ),
        (client(|_| None), "the client ended without an answer"),
        (
            Client::command("/no/such/program --at all"),
            "the command could not be started: entity not found",
        ),
        (
            Client::command(""),
            "the command could not be started: invalid input parameter",
        ),
    ];
    for (client, reason) in cases {
        let finding = found(&client, "client.flow.client-credentials").await;
        assert_eq!(finding.outcome, Outcome::CouldNotRun, "{reason}");
        assert_eq!(finding.reason.as_deref(), Some(reason));
    }
}

#[tokio::test]
async fn a_client_that_never_answers_is_not_waited_for_for_ever() {
    let stuck = Client::within(|stream| async move {
        // The stream stays open, and nothing comes.
        let _open = stream;
        std::future::pending::<String>().await
    });
    let stuck = stuck.patience(Duration::from_millis(20));
    let finding = found(&stuck, "client.flow.client-credentials").await;
    assert_eq!(
        finding.reason.as_deref(),
        Some("the client did not answer in time")
    );
}

#[tokio::test]
async fn what_a_client_said_that_does_not_end_is_not_taken_for_silence() {
    let stays = Client::within(|stream| async move {
        let (input, mut output) = tokio::io::split(stream);
        let mut lines = BufReader::new(input).lines();
        while let Ok(Some(_)) = lines.next_line().await {
            output
                .write_all(b"{\"outcome\":\"failed\",\"reason\":\"no\"}\n")
                .await
                .ok();
        }
        std::future::pending::<String>().await
    });
    let stays = stays.patience(Duration::from_millis(500));
    let finding = found(&stays, "client.discretion.refusal").await;
    assert_eq!(finding.outcome, Outcome::CouldNotRun);
}

#[tokio::test]
async fn evidence_shows_every_step_and_no_secret() {
    // It quotes all that it was told, and claims to have a token.
    let careless = client(|step| {
        Some(serde_json::json!({"outcome": "refused", "error": step.to_string()}).to_string())
    });
    let finding = found(&careless, "client.flow.refresh").await;
    assert_eq!(finding.outcome, Outcome::NotMet);
    assert!(
        finding.exchanges[0]
            .request
            .starts_with("to the client: {\"step\":\"refresh\"")
    );
    let shown = format!("{finding:?}");
    assert_eq!(mark::find(&shown), None, "{shown}");
    assert!(shown.contains("[masked]"), "{shown}");
}
