//! Planted secrets: every flow and every failure at trace level, and no mark where none was asked for.

use std::error::Error as StdError;
use std::fmt::Debug;
use std::time::Duration;

use remote_auth::bearer::BearerMiddleware;
use remote_auth::{
    AccessToken, Client, ClientSecret, CompanyGrant, ConsentScope, CustomerApiToken, Environment,
    RefreshToken, Subject,
};
use remote_auth_tests::process::{Program, Run};
use remote_auth_tests::rfc_only::{Answer, RfcOnlyServer, failing};
use remote_auth_tests::{browser, plant};

const SUBJECT: &str = "urn:remote-api:employee:employment:99bf04d8-2b43-11f0-8cf4-d38ed3edc31e";
const LOGIN: &str = "login --no-browser --redirect-uri http://127.0.0.1:0/callback";

/// The program with every secret planted, saying all that it can.
fn program() -> Program {
    Program::at(env!("CARGO_BIN_EXE_remote-auth-under-test"))
        .client(plant::CLIENT_ID, plant::CLIENT_SECRET)
        .env("REMOTE_REFRESH_TOKEN", plant::REFRESH_TOKEN)
        .env("REMOTE_API_TOKEN", "ra_test_c4n4ry")
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
fn assert_clean(what: &str, text: &str) {
    if let Some(found) = plant::found_in(text) {
        panic!("{what}: {found}");
    }
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

/// Says everything that a value says of itself.
fn said(value: &impl Debug) -> String {
    format!("{value:?} {value:#?}")
}

/// Says everything that an error says of itself and of its causes.
fn told(error: &(dyn StdError + 'static)) -> String {
    let mut text = String::new();
    let mut next = Some(error);
    while let Some(cause) = next {
        text.push_str(&format!("{cause} {cause:?} {cause:#?} "));
        next = cause.source();
    }
    text
}

fn client(gateway: &str) -> Client {
    let environment = Environment::custom(gateway).expect("a loopback gateway");
    Client::builder(environment)
        .credentials(plant::CLIENT_ID, plant::CLIENT_SECRET)
        .timeout(Duration::from_secs(1))
        .build()
        .expect("a client")
}

#[tokio::test]
async fn no_value_of_the_core_says_a_secret_of_itself() {
    let more = format!(r#","refresh_token":"{}""#, plant::NEXT_REFRESH_TOKEN);
    let server = RfcOnlyServer::start(Answer::token(&more)).await;
    let client = client(server.gateway());
    let environment = client.environment().clone();
    let (address, pending) = client
        .authorization("http://127.0.0.1:8787/callback")
        .scope(ConsentScope::COMPANY_MANAGE)
        .begin()
        .expect("a request");
    let mut texts = vec![said(&client), said(&pending)];
    texts.push(said(
        &client.authorization("http://127.0.0.1:8787/callback"),
    ));

    let callback = browser::callback(&address, &format!("code={}", plant::CODE));
    let code = pending.accept(callback).expect("a code");
    texts.push(said(&code));
    let grant = client.redeem(code).await.expect("a grant");
    texts.extend([said(&grant), said(&grant.refresh_token())]);
    let source = client.company(grant);
    let token = source.token().await.expect("a token");
    texts.extend([
        said(&source),
        said(&source.refresh_token()),
        said(&token),
        said(&token.access_token()),
        said(&token.header()),
        said(&BearerMiddleware::new(source.clone())),
    ]);
    let kept = RefreshToken::from(plant::REFRESH_TOKEN);
    let client_id = client.client_id().clone();
    let restored = CompanyGrant::restore(environment.clone(), client_id, kept.clone());
    let customer = CustomerApiToken::parse("ra_test_c4n4ry").expect("a token");
    let subject = Subject::parse(SUBJECT).expect("a subject");
    let assertion = client.assertion(subject);
    texts.extend([
        said(&restored),
        said(&kept),
        said(&customer),
        said(&customer.clone().source(environment.clone())),
        said(&ClientSecret::from(plant::CLIENT_SECRET)),
        said(&AccessToken::from(plant::ACCESS_TOKEN)),
        said(&Client::builder(environment).credentials("id", plant::CLIENT_SECRET)),
        said(&assertion),
        said(&assertion.scope("timeoff:read".parse().expect("a scope"))),
    ]);
    let mut request = client
        .http()
        .get(format!("{}/v1/companies", server.gateway()))
        .build()
        .expect("a request");
    token
        .authorize(&mut request)
        .expect("the token's own gateway");
    texts.push(said(&request));
    for text in texts {
        assert_clean("a value", &text);
    }
}

#[tokio::test]
async fn no_error_of_the_core_tells_a_secret_at_any_depth() {
    for row in failing() {
        let server = RfcOnlyServer::start(row.answer).await;
        let error = client(server.gateway())
            .client_credentials()
            .token()
            .await
            .expect_err(row.name);
        assert_eq!(error.code(), row.code, "{}", row.name);
        assert_clean(row.name, &told(&error));
        assert_clean(row.name, &error.hints().join(" "));
    }
}
