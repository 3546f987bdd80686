//! Planted secrets in the program: every flow and every failure at trace level, and no mark where none was asked for.

use std::time::UNIX_EPOCH;

use remote_auth::webhook::sign;
use remote_auth::{Clock, SystemClock};
use remote_auth_sandbox::GogoxSandbox;
use remote_auth_tests::plant::assert_clean;
use remote_auth_tests::process::{Program, Run};
use remote_auth_tests::rfc_only::{Answer, RfcOnlyServer, failing, failing_api};
use remote_auth_tests::{browser, plant};

const SUBJECT: &str = "urn:remote-api:employee:employment:99bf04d8-2b43-11f0-8cf4-d38ed3edc31e";
const LOGIN: &str = "login --no-browser --redirect-uri http://127.0.0.1:0/callback";

/// The program with every secret planted, saying all that it can.
fn program() -> Program {
    Program::at(env!("CARGO_BIN_EXE_remote-auth-under-test"))
        .client(plant::CLIENT_ID, plant::CLIENT_SECRET)
        .env("REMOTE_REFRESH_TOKEN", plant::REFRESH_TOKEN)
        .env("REMOTE_API_TOKEN", plant::API_TOKEN)
        .env("REMOTE_WEBHOOK_SIGNING_KEY", plant::SIGNING_KEY)
        .env("RUST_LOG", "trace")
        .env("RUST_BACKTRACE", "1")
}

fn flows() -> [String; 3] {
    [
        "token -vv --timeout 10 --flow client-credentials".to_owned(),
        "token -vv --timeout 10 --flow refresh".to_owned(),
        format!("token -vv --timeout 10 --flow assertion --subject {SUBJECT} --scope timeoff:read"),
    ]
}

#[track_caller]
fn assert_traced_and_clean(what: &str, run: &Run) {
    assert!(
        run.stderr.contains("TRACE"),
        "{what}: nothing was traced: {run:?}"
    );
    assert_clean(what, &run.stderr);
}

/// Runs `login` and brings its callback with the given parameters.
async fn login(gateway: &str, flags: &str, more: &str) -> Run {
    let mut running = program().start(&format!(
        "{LOGIN} -vv --timeout 10 {flags} --gateway {gateway}"
    ));
    let line = running
        .stderr_line(|line| browser::address_in(line).is_some())
        .await;
    let request = browser::address_in(&line).expect("the address");
    let (status, _, page) = browser::open(&browser::callback(&request, more)).await;
    assert_eq!(status, 200);
    assert_clean("the page", &page);
    running.end().await
}

// Requirement: rfc6749.10.3.token-confidential, rfc6749.10.4.refresh-confidential
#[tokio::test(flavor = "multi_thread")]
async fn a_successful_flow_shows_the_token_that_was_asked_for_and_no_other_secret() {
    let more = format!(
        r#","expires_in":3600,"scope":"a b","refresh_token":"{}","company_id":"c","user_id":"u""#,
        plant::NEXT_REFRESH_TOKEN
    );
    let server = RfcOnlyServer::start(Answer::token(&more)).await;
    for flow in flows() {
        let run = program()
            .run(&format!("{flow} --gateway {}", server.gateway()))
            .await;
        assert_eq!(
            run.stdout,
            format!("{}\n", plant::ACCESS_TOKEN),
            "{flow}: {run:?}"
        );
        assert_traced_and_clean(&flow, &run);
    }
    let code = format!("code={}", plant::CODE);
    let run = login(server.gateway(), "", &code).await;
    assert_eq!(run.stdout, format!("{}\n", plant::ACCESS_TOKEN), "{run:?}");
    assert_traced_and_clean("login", &run);

    // With --json the refresh token was asked for too, and nothing else.
    let run = login(server.gateway(), "--json", &code).await;
    assert_eq!(
        run.json()["refresh_token"],
        plant::NEXT_REFRESH_TOKEN,
        "{run:?}"
    );
    let asked_for = [plant::ACCESS_TOKEN, plant::NEXT_REFRESH_TOKEN];
    let rest = asked_for
        .iter()
        .fold(run.stdout.clone(), |text, secret| text.replace(secret, ""));
    assert_clean("login --json", &rest);
    assert_traced_and_clean("login --json", &run);
}

// Requirement: remote.skill.rule-no-secrets-in-source, rfc6749.10.4.refresh-confidential
#[tokio::test(flavor = "multi_thread")]
async fn a_secret_that_is_refused_and_the_one_that_is_taken_are_shown_nowhere() {
    let more = format!(r#","refresh_token":"{}""#, plant::NEXT_REFRESH_TOKEN);
    let server = RfcOnlyServer::start(Answer::token(&more)).await;
    let warning = "warning: the server took the previous client secret";
    let secret = "REMOTE_CLIENT_SECRET";
    let [current, previous] = [
        "c4n4ry-not-active-yet-0123456789abcdef",
        plant::CLIENT_SECRET,
    ];
    let rotating = program()
        .env(secret, current)
        .env("REMOTE_CLIENT_SECRET_PREVIOUS", previous);
    for flow in ["client-credentials", "refresh"] {
        let line = format!("token -vv --flow {flow} --gateway {}", server.gateway());
        let run = rotating.run(&line).await;
        assert_eq!(run.stdout, format!("{}\n", plant::ACCESS_TOKEN), "{run:?}");
        assert!(run.stderr.contains(warning), "{run:?}");
        assert_traced_and_clean(flow, &run);
        // The other way round there is nothing to say.
        let settled = program().env("REMOTE_CLIENT_SECRET_PREVIOUS", current);
        let run = settled.run(&line).await;
        assert_eq!(run.code, 0, "{run:?}");
        assert!(!run.stderr.contains(warning), "{run:?}");
        assert_traced_and_clean(flow, &run);
        // Neither works, and a second secret that cannot be sent is refused like the first.
        for (second, exit) in [("c4n4ry-revoked-0123456789abcdefghij", 6), ("c4n4ry\n", 3)] {
            let neither = program()
                .env(secret, current)
                .env("REMOTE_CLIENT_SECRET_PREVIOUS", second);
            let run = neither.run(&line).await;
            assert_eq!((run.code, run.stdout.as_str()), (exit, ""), "{run:?}");
            assert_clean(flow, &run.stderr);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_failure_of_the_token_endpoint_shows_a_secret() {
    for row in failing() {
        let quick = matches!(row.answer, Answer::Silent);
        let server = RfcOnlyServer::start(row.answer).await;
        for flow in flows() {
            // Silence takes its second in each flow; one is enough.
            if quick && !flow.contains("refresh") {
                continue;
            }
            let flow = if quick { flow.replace("10", "1") } else { flow };
            let run = program()
                .run(&format!("{flow} --gateway {}", server.gateway()))
                .await;
            let what = format!("{} in {flow}", row.name);
            assert_ne!(run.code, 0, "{what}: {run:?}");
            assert_eq!(run.stdout, "", "{what}");
            assert_traced_and_clean(&what, &run);
        }
    }
}

// Requirement: rfc6749.10.5.code-confidential
#[tokio::test(flavor = "multi_thread")]
async fn no_failure_of_a_login_shows_a_secret() {
    let refusal = r#"{"error":"invalid_grant","error_description":"c4n4ry-code is spent"}"#;
    let server = RfcOnlyServer::start(Answer::json("400 Bad Request", refusal)).await;
    let cases = [
        ("code=c4n4ry-code", "refused.invalid_grant", 5),
        (
            "error=access_denied&error_description=c4n4ry",
            "refused.access_denied",
            4,
        ),
        ("error=c4n4ry", "refused.unknown", 4),
        ("code=c4n4ry&code=c4n4ry", "mismatched.duplicate", 4),
        ("code=c4n4ry&state=c4n4ry", "mismatched.duplicate", 4),
        (
            "code=c4n4ry&iss=https://c4n4ry.example",
            "mismatched.issuer",
            4,
        ),
        ("code=c4n4ry%0A", "deviated.no_code", 13),
        ("c4n4ry=c4n4ry", "deviated.no_code", 13),
    ];
    for (more, code, exit) in cases {
        for flags in ["", "--json"] {
            let run = login(server.gateway(), flags, more).await;
            assert_eq!(run.code, exit, "{more}: {run:?}");
            assert!(run.stderr.contains(code), "{more}: {run:?}");
            assert_eq!(run.stdout, "", "{more}");
            assert_traced_and_clean(more, &run);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_faulty_setting_shows_a_secret() {
    let token = "token --flow client-credentials --gateway http://127.0.0.1:1";
    let bare =
        || Program::at(env!("CARGO_BIN_EXE_remote-auth-under-test")).env("RUST_LOG", "trace");
    let cases = [
        (bare().client("id", "c4n4ry\n"), token, 3),
        (bare().client("c4n4ry\n", "secret"), token, 3),
        (
            bare()
                .client("id", "c4n4ry")
                .env("REMOTE_CLIENT_SECRET_FILE", "c4n4ry"),
            token,
            3,
        ),
        (
            bare()
                .env("REMOTE_CLIENT_ID", "id")
                .env("REMOTE_CLIENT_SECRET_FILE", "c4n4ry"),
            token,
            3,
        ),
        // A secret on the command line is refused and not repeated.
        (bare(), "token c4n4ry", 2),
        (
            bare(),
            "token --client-secret=c4n4ry --flow refresh --env sandbox",
            2,
        ),
        (
            bare().client("id", "c4n4ry"),
            "token --flow refresh --gateway https://c4n4ry:c4n4ry@gateway.example",
            2,
        ),
        (
            bare().client("id", "too-short-c4n4ry"),
            "token --flow assertion --scope all:read --gateway http://127.0.0.1:1 \
             --subject urn:remote-api:employee:employment:1",
            3,
        ),
    ];
    for (program, line, exit) in cases {
        let run = program.run(line).await;
        assert_eq!(run.code, exit, "{line}: {run:?}");
        assert_eq!(run.stdout, "");
        assert_clean(line, &run.stderr);
    }
}

/// Runs a command against an API that answers in one way, behind a token endpoint that gives the planted token.
async fn with_api(answer: Answer, line: &str) -> Run {
    let more = format!(
        r#","expires_in":3600,"refresh_token":"{}""#,
        plant::REFRESH_TOKEN
    );
    let server = RfcOnlyServer::start_api(Answer::token(&more), answer).await;
    let line = format!("{line} -vv --timeout 10 --gateway {}", server.gateway());
    program().run(&line).await
}

const CREATE: &str = "companies create --name A --country PRT --currency EUR --owner-name A --owner-email a@b.example --terms-accepted-at now";

const LINK: &str = "magic-link create --user u-1";

/// Every command that brings a token to the API, but for the customer's, whose token no endpoint gives.
fn api_commands() -> [String; 7] {
    [
        "whoami --flow client-credentials".to_owned(),
        "whoami --flow refresh --json".to_owned(),
        format!("whoami --flow assertion --subject {SUBJECT} --scope timeoff:read"),
        "companies list".to_owned(),
        CREATE.to_owned(),
        "companies create-token --company c-1".to_owned(),
        LINK.to_owned(),
    ]
}

// Requirement: rfc6750.5.3.safeguarded
#[tokio::test(flavor = "multi_thread")]
async fn what_the_api_gives_is_shown_where_it_was_asked_for_and_nowhere_else() {
    let (access, refresh) = (plant::CREATED_ACCESS_TOKEN, plant::CREATED_REFRESH_TOKEN);
    let tokens =
        format!(r#""access_token":"{access}","refresh_token":"{refresh}","expires_in":3600"#);
    let created = format!(r#"{{"data":{{"company":{{"id":"c-1"}},"tokens":{{{tokens}}}}}}}"#);
    let created = Answer::json("201 Created", &created);
    let tokens = Answer::json("200 OK", &format!("{{{tokens}}}"));
    let link = format!(r#"{{"data":{{"url":"{}"}}}}"#, plant::MAGIC_LINK);
    let link = Answer::json("200 OK", &link);
    let whose = Answer::json("200 OK", r#"{"data":{"client_id":"id","c4n4ry":"c4n4ry"}}"#);
    let create_token = "companies create-token --company c-1";
    let cases: [(&Answer, String, &[&str]); 9] = [
        (&created, CREATE.to_owned(), &[]),
        (&created, format!("{CREATE} --json"), &[access, refresh]),
        (&tokens, create_token.to_owned(), &[access]),
        (
            &tokens,
            format!("{create_token} --json"),
            &[access, refresh],
        ),
        (&link, LINK.to_owned(), &[plant::MAGIC_LINK]),
        (&link, format!("{LINK} --json"), &[plant::MAGIC_LINK]),
        (&whose, "whoami --flow client-credentials".to_owned(), &[]),
        (&whose, "whoami --flow refresh --json".to_owned(), &[]),
        (&whose, "companies list --json".to_owned(), &[]),
    ];
    for (answer, line, asked_for) in cases {
        let run = with_api(answer.clone(), &line).await;
        assert_eq!(run.code, 0, "{line}: {run:?}");
        let mut rest = run.stdout.clone();
        for secret in asked_for {
            assert_eq!(rest.matches(secret).count(), 1, "{line}: {run:?}");
            rest = rest.replace(secret, "");
        }
        assert_clean(&line, &rest);
        assert_traced_and_clean(&line, &run);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_failure_of_the_api_shows_a_secret() {
    for row in failing_api() {
        for line in api_commands() {
            let run = with_api(row.answer.clone(), &line).await;
            let what = format!("{} in {line}", row.name);
            assert_eq!(run.code, row.exit, "{what}: {run:?}");
            assert!(run.stderr.contains(row.code), "{what}: {run:?}");
            assert_eq!(run.stdout, "", "{what}");
            assert_traced_and_clean(&what, &run);
        }
    }
    // What a terminal would act on is no link, and is not shown.
    let steering = Answer::json("200 OK", r#"{"data":{"url":"https://x/c4n4ry\u001b[2J"}}"#);
    let run = with_api(steering, LINK).await;
    assert_eq!((run.code, run.stdout.as_str()), (13, ""), "{run:?}");
    assert_traced_and_clean("a link that steers", &run);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refresh_token_that_was_replaced_on_the_way_is_announced_or_shown() {
    let more = format!(r#","refresh_token":"{}""#, plant::NEXT_REFRESH_TOKEN);
    let whose = Answer::json("200 OK", r#"{"data":{}}"#);
    let server = RfcOnlyServer::start_api(Answer::token(&more), whose).await;
    let line = format!("whoami -vv --flow refresh --gateway {}", server.gateway());
    let run = program().run(&line).await;
    assert_eq!(run.code, 0, "{run:?}");
    let warning = "warning: the server replaced the refresh token";
    assert!(run.stderr.contains(warning), "{run:?}");
    assert_clean("whoami", &run.stdout);
    assert_traced_and_clean("whoami", &run);

    let run = program().run(&format!("{line} --json")).await;
    assert_eq!(run.json()["refresh_token"], plant::NEXT_REFRESH_TOKEN);
    assert!(!run.stderr.contains(warning), "{run:?}");
    assert_traced_and_clean("whoami --json", &run);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_customers_token_and_a_signing_key_are_shown_nowhere() {
    for row in failing_api() {
        let server = RfcOnlyServer::start_api_for(plant::API_TOKEN, row.answer).await;
        let line = format!("whoami --customer -vv --gateway {}", server.gateway());
        let run = program().run(&line).await;
        assert_eq!(
            (run.code, run.stdout.as_str()),
            (row.exit, ""),
            "{}: {run:?}",
            row.name
        );
        assert_traced_and_clean(row.name, &run);
    }
    let body = br#"{"event_type":"company.archived","company_id":"c-1","note":"c4n4ry"}"#;
    let key = plant::SIGNING_KEY.into();
    let at = SystemClock::new().wall();
    let at_ms = at
        .duration_since(UNIX_EPOCH)
        .expect("after 1970")
        .as_millis();
    let signature = sign(&key, body, u64::try_from(at_ms).expect("this century"));
    for (signature, at_ms, exit) in [
        (signature.as_str(), at_ms, 0),
        (&signature, at_ms + 1, 15),
        ("c4n4ry", at_ms, 15),
    ] {
        for flags in ["", "--json"] {
            let line = format!(
                "webhook verify -vv {flags} --body - --signature {signature} --timestamp {at_ms}"
            );
            let run = program().input(body).run(&line).await;
            assert_eq!(run.code, exit, "{run:?}");
            assert_clean("webhook verify", &format!("{} {}", run.stdout, run.stderr));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_other_provider_shows_no_secret_either() {
    let gogox = GogoxSandbox::builder()
        .credentials(plant::CLIENT_ID, plant::CLIENT_SECRET.into())
        .start()
        .await
        .expect("a sandbox");
    let line = format!(
        "token --provider gogox -vv --flow client-credentials --gateway {}",
        gogox.url()
    );
    let run = program().run(&line).await;
    assert_eq!(run.code, 0, "{run:?}");
    assert!(!run.stderr.contains(run.stdout.trim_end()), "{run:?}");
    assert_traced_and_clean("gogox", &run);

    for (status, error) in [
        ("401 Unauthorized", "invalid_client"),
        ("400 Bad Request", "c4n4ry"),
        ("500 Internal Server Error", "server_error"),
    ] {
        let body = format!(
            r#"{{"error":"{error}","error_description":"{} is wrong"}}"#,
            plant::CLIENT_SECRET
        );
        let server = RfcOnlyServer::start_any(Answer::json(status, &body)).await;
        let line = format!(
            "token --provider gogox -vv --flow client-credentials --gateway {}",
            server.gateway()
        );
        let run = program().run(&line).await;
        assert_ne!(run.code, 0, "{run:?}");
        assert_eq!(run.stdout, "");
        assert_traced_and_clean(status, &run);
    }
}
