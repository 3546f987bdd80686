//! The program against an authorization server that is not ours and knows only the RFCs.

use remote_auth::{Clock, SystemClock};
use remote_auth_tests::plant;
use remote_auth_tests::process::Program;
use remote_auth_tests::rfc_only::{Answer, RfcOnlyServer, failing};

const LINE: &str = "token --flow client-credentials --timeout 10 --gateway";

fn program() -> Program {
    Program::at(env!("CARGO_BIN_EXE_remote-auth-under-test"))
        .client(plant::CLIENT_ID, plant::CLIENT_SECRET)
}

fn now() -> u64 {
    let now = SystemClock::new().wall();
    let since = now
        .duration_since(std::time::UNIX_EPOCH)
        .expect("after 1970");
    since.as_secs()
}

// Requirement: remote.client-credentials.request, rfc6749.2.3.1.form-encoded
#[tokio::test(flavor = "multi_thread")]
async fn client_credentials_are_form_encoded_basic_and_a_form_and_nothing_more() {
    let server = RfcOnlyServer::start(Answer::token("")).await;
    let run = program().run(&format!("{LINE} {}", server.gateway())).await;
    assert_eq!(run.code, 0, "{run:?}");
    assert_eq!(run.stdout, format!("{}\n", plant::ACCESS_TOKEN));
    assert_eq!(run.stderr, "");
    let requests = server.requests();
    assert_eq!(requests.len(), 1, "one token, one request");
    assert!(requests[0].basic);
    let form = [("grant_type".to_owned(), "client_credentials".to_owned())];
    assert_eq!(requests[0].form, form);
}

// Requirement: rfc6749.5.1.token-type-any-case, rfc6749.5.1.unknown-members
#[tokio::test(flavor = "multi_thread")]
async fn members_that_no_rfc_knows_and_any_spelling_of_bearer_are_accepted() {
    for token_type in ["Bearer", "bearer", "BEARER", "bEaReR"] {
        let body = format!(
            r#"{{"unknown":{{"deep":[1,null,{{"x":"y"}}]}},"access_token":"a","token_type":"{token_type}","id_token":7}}"#
        );
        let server = RfcOnlyServer::start(Answer::json("200 OK", &body)).await;
        let run = program().run(&format!("{LINE} {}", server.gateway())).await;
        assert_eq!(
            (run.code, run.stdout.as_str()),
            (0, "a\n"),
            "{token_type}: {run:?}"
        );
    }
}

// Requirement: rfc6749.5.1.expires-in-missing
#[tokio::test(flavor = "multi_thread")]
async fn no_lifetime_overflows_and_none_means_for_ever() {
    let cases = [
        // A missing one is the short life that the core documents; none is more than a day.
        ("", 300),
        (r#","expires_in":null"#, 300),
        (r#","expires_in":0"#, 0),
        (r#","expires_in":-1"#, 0),
        (r#","expires_in":59.9"#, 59),
        (r#","expires_in":3600"#, 3_600),
        (r#","expires_in":"7200""#, 7_200),
        (r#","expires_in":86401"#, 86_400),
        (r#","expires_in":99999999999999999999999999"#, 86_400),
        (r#","expires_in":1e400"#, 86_400),
    ];
    for (member, life) in cases {
        let server = RfcOnlyServer::start(Answer::token(member)).await;
        let before = now();
        let run = program()
            .run(&format!("{LINE} {} --json", server.gateway()))
            .await;
        let after = now();
        assert_eq!(run.code, 0, "{member}: {run:?}");
        let expires_at = run.json()["expires_at_unix"].as_u64().expect("a time");
        assert!(
            (before + life..=after + life).contains(&expires_at),
            "{member}: {expires_at} is not {life} s after {before} to {after}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_wrong_answer_has_its_error_and_its_exit_code() {
    for row in failing() {
        let line = if matches!(row.answer, Answer::Silent) {
            LINE.replace("--timeout 10", "--timeout 1")
        } else {
            LINE.to_owned()
        };
        let server = RfcOnlyServer::start(row.answer).await;
        let run = program().run(&format!("{line} {}", server.gateway())).await;
        let verdict = (run.error_code(), run.code);
        assert_eq!(verdict, (Some(row.code), row.exit), "{}: {run:?}", row.name);
        assert_eq!(run.stdout, "", "{}", row.name);
        assert!(run.stderr.contains("\n  next: "), "{}: {run:?}", row.name);
        assert_eq!(
            server.requests().len(),
            1,
            "{}: nothing is sent twice",
            row.name
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_error_for_programs_says_when_to_come_back() {
    let answer = Answer::json("429 Too Many Requests", "{}").with("Retry-After: 7");
    let server = RfcOnlyServer::start(answer).await;
    let run = program()
        .run(&format!("{LINE} {} --json", server.gateway()))
        .await;
    let error: serde_json::Value = serde_json::from_str(&run.stderr).expect("one JSON document");
    assert_eq!(
        error,
        serde_json::json!({"schema": 1, "error": {
            "code": "unreachable.rate_limited",
            "message": "failed to get a token by client credentials: the rate limit is reached (status 429)",
            "hints": ["token requests count against the client's rate limit: cache tokens"],
            "retryable": true,
            "retry_after_ms": 7000,
            "exit_code": 10,
        }})
    );
    assert_eq!(run.code, 10);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_refresh_token_is_not_a_rejected_client() {
    let answer = Answer::json("400 Bad Request", r#"{"error":"invalid_grant"}"#);
    let server = RfcOnlyServer::start(answer).await;
    let run = program()
        .env("REMOTE_REFRESH_TOKEN", plant::REFRESH_TOKEN)
        .run(&format!(
            "token --flow refresh --gateway {}",
            server.gateway()
        ))
        .await;
    assert_eq!(
        (run.error_code(), run.code),
        (Some("refused.invalid_grant"), 5),
        "{run:?}"
    );
}

// Requirement: rfc6749.6.new-replaces-old
#[tokio::test(flavor = "multi_thread")]
async fn a_replaced_refresh_token_is_shown_to_programs_and_announced_to_people() {
    let more = format!(r#","refresh_token":"{}""#, plant::NEXT_REFRESH_TOKEN);
    let server = RfcOnlyServer::start(Answer::token(&more)).await;
    let program = program().env("REMOTE_REFRESH_TOKEN", plant::REFRESH_TOKEN);
    let line = format!("token --flow refresh --gateway {}", server.gateway());

    let run = program.run(&format!("{line} --json")).await;
    assert_eq!(
        run.json()["refresh_token"],
        plant::NEXT_REFRESH_TOKEN,
        "{run:?}"
    );
    assert_eq!(run.stderr, "");

    let run = program.run(&line).await;
    assert_eq!(run.stdout, format!("{}\n", plant::ACCESS_TOKEN));
    assert!(
        run.stderr
            .starts_with("warning: the server replaced the refresh token"),
        "{run:?}"
    );
    assert_eq!(
        server.requests()[1].parameter("refresh_token"),
        Some(plant::REFRESH_TOKEN)
    );
}
