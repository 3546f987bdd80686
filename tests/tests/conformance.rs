//! Journeys of whoever judges a server: strict, broken, foreign, absent, and another one's.

use std::fs;

use remote_auth_sandbox::{Rule, Sandbox};
use remote_auth_tests::journey::{CLIENT, assert_each_fails, gateway};
use remote_auth_tests::plant;
use remote_auth_tests::process::{Program, Run};
use remote_auth_tests::rfc_only::{Answer, RfcOnlyServer};
use remote_oauth_client::Secret;
use serde_json::Value;
use tempfile::TempDir;

fn program() -> Program {
    Program::at(env!("CARGO_BIN_EXE_remote-auth-under-test")).client(CLIENT.0, CLIENT.1)
}

/// A sandbox whose time nobody moves and whose company is asked by a page.
async fn sandbox(broken: &[Rule]) -> Sandbox {
    let builder = Sandbox::builder().credentials(CLIENT.0, Secret::from(CLIENT.1));
    let broken = broken.iter().copied();
    let builder = broken.fold(builder, |builder, rule| builder.danger_broken(rule));
    builder.start().await.expect("a sandbox")
}

/// The three files of one run.
struct Reports {
    folder: TempDir,
    flags: String,
}

impl Reports {
    fn new() -> Self {
        let folder = TempDir::new().expect("a folder");
        let file = |name: &str| folder.path().join(name).display().to_string();
        let [junit, json, html] = ["junit.xml", "run.json", "run.html"].map(file);
        let flags = format!("--junit \"{junit}\" --json \"{json}\" --html \"{html}\"");
        Self { folder, flags }
    }

    fn text(&self, name: &str) -> String {
        fs::read_to_string(self.folder.path().join(name)).expect("the report is there")
    }
}

/// The checks of a run that ended in this way.
fn ended(report: &Value, outcome: &str) -> Vec<String> {
    let findings = report["findings"].as_array().expect("findings").iter();
    let ended = findings.filter(|finding| finding["outcome"] == outcome);
    let name = |finding: &Value| finding["check"].as_str().expect("a name").to_owned();
    ended.map(name).collect()
}

async fn judged(line: &str) -> (Run, Value) {
    let run = program().run(&format!("{line} --json -")).await;
    let report = run.json();
    (run, report)
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_target_the_embedded_sandbox_meets_every_check_that_applies_to_it() {
    // What a server does that says more of itself than Remote's documents, and what it then does not.
    for (promises, skipped) in [
        (
            "",
            &[
                "server.authorize.pkce-required",
                "server.refresh.rotated",
                "server.refresh.single-use",
                "server.refresh.reuse-revokes",
                "server.refresh.ends",
            ][..],
        ),
        (
            "--promises pkce --promises rotation",
            &["server.refresh.not-rotated", "server.refresh.ends"],
        ),
    ] {
        let reports = Reports::new();
        let line = format!("conformance run {promises} {}", reports.flags);
        let run = Program::at(env!("CARGO_BIN_EXE_remote-auth-under-test"));
        let run = run.run(&line).await;
        assert_eq!(run.code, 0, "{run:?}");
        let report: Value = serde_json::from_str(&reports.text("run.json")).expect("JSON");
        let count = report["findings"].as_array().map_or(0, Vec::len);
        assert!(count >= 60, "{count}");
        assert_eq!(ended(&report, "skipped"), skipped, "{promises}");
        let met = ended(&report, "met").len();
        assert_eq!(met + skipped.len(), count, "{report}");
        let said = format!(
            "the embedded sandbox: {met} met, 0 not met, 0 could not run, {} skipped\n",
            skipped.len()
        );
        assert!(run.stdout.starts_with(&said), "{}", run.stdout);
        assert!(reports.text("junit.xml").contains("server.code.single-use"));
        assert!(reports.text("run.html").contains("server.code.single-use"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broken_server_is_found_out_with_the_exchange_that_shows_it() {
    let sandbox = sandbox(&[Rule::CodeSingleUse]).await;
    let reports = Reports::new();
    let line = format!(
        "conformance run --target {} --id server.code {}",
        gateway(&sandbox),
        reports.flags
    );
    let run = program().run(&line).await;
    assert_eq!(
        (run.error_code(), run.code),
        (Some("conformance.not_met"), 16),
        "{run:?}"
    );
    assert!(
        run.stdout.contains("not met       server.code.single-use"),
        "{run:?}"
    );
    let report: Value = serde_json::from_str(&reports.text("run.json")).expect("JSON");
    assert_eq!(ended(&report, "not_met"), ["server.code.single-use"]);
    let findings = report["findings"].as_array().expect("findings");
    let failed = findings
        .iter()
        .find(|finding| finding["outcome"] == "not_met");
    let exchanges = failed.and_then(|failed| failed["exchanges"].as_array());
    let last = exchanges
        .and_then(|exchanges| exchanges.last())
        .expect("an exchange");
    let (request, answer) = (last["request"].as_str(), last["answer"].as_str());
    let (request, answer) = (request.expect("a request"), answer.expect("an answer"));
    assert!(request.contains("code=[masked]"), "{request}");
    assert!(
        answer.contains("\"access_token\": \"[masked]\""),
        "{answer}"
    );
    for report in ["junit.xml", "run.html"] {
        assert!(reports.text(report).contains("[masked]"), "{report}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_judge_was_not_given_is_skipped_and_what_it_was_given_is_used() {
    let sandbox = sandbox(&[]).await;
    let target = format!(
        "conformance run --target {} --id server.assertion --id server.api.employee-only-own",
        gateway(&sandbox)
    );
    let (run, report) = judged(&target).await;
    assert_eq!(run.code, 17, "nothing was judged: {run:?}");
    let skipped = ended(&report, "skipped");
    assert!(
        skipped.contains(&"server.assertion.issuer".to_owned()),
        "{skipped:?}"
    );
    assert!(
        skipped.contains(&"server.api.employee-only-own".to_owned()),
        "{skipped:?}"
    );

    let (manager, employment) = (
        sandbox.fixture().manager_user_id(),
        sandbox.fixture().employment_id(),
    );
    let line = format!(
        "{target} --manager urn:remote-api:company-manager:user:{manager} \
         --employee urn:remote-api:employee:employment:{employment}"
    );
    let (run, report) = judged(&line).await;
    assert_eq!(run.code, 0, "{run:?}");
    assert_eq!(ended(&report, "met").len(), 13, "{report}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_stops_a_run_before_it_starts_is_told_without_sending_anything() {
    let sandbox = sandbox(&[]).await;
    let here = gateway(&sandbox);
    let nobody = || Program::at(env!("CARGO_BIN_EXE_remote-auth-under-test"));
    let there = "https://gateway.example";
    assert_each_fails([
        (
            program(),
            format!("conformance run --target {there}"),
            "usage.account",
            2,
        ),
        (
            program(),
            format!("conformance run --target {here} --other-gateway {there}"),
            "usage.account",
            2,
        ),
        (
            program(),
            "conformance run --target http://gateway.example".to_owned(),
            "usage.address",
            2,
        ),
        (
            nobody(),
            format!("conformance run --target {here}"),
            "credential.missing",
            4,
        ),
        (
            program(),
            format!("conformance run --target {here} --id server.no-such-check"),
            "usage.choice",
            2,
        ),
        (
            program(),
            format!("conformance run --target {here} --html /no/such/folder/run.html"),
            "report.unwritable",
            3,
        ),
        (
            program(),
            "conformance list --document rfc0".to_owned(),
            "usage.choice",
            2,
        ),
    ])
    .await;
    assert_eq!(sandbox.ledger(), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_nobody_answers_for_is_not_judged() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    drop(listener);
    let line = format!("conformance run --target http://{address} --id server.token");
    let run = program().run(&line).await;
    let code = (run.error_code(), run.code);
    assert_eq!(code, (Some("conformance.could_not_run"), 17), "{run:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_is_judged_by_its_command() {
    let path = env!("CARGO_BIN_EXE_remote-auth-under-test");
    for (command, code) in [
        (format!("{path} conformance shim"), 0),
        (path.to_owned(), 17),
    ] {
        let line = format!("conformance run --client \"{command}\" --id client.flow --json -");
        let run = program().run(&line).await;
        assert_eq!(run.code, code, "{run:?}");
        assert_eq!(run.json()["subject"], command);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_list_is_for_people_and_programs_and_knows_where_each_check_comes_from() {
    let line = "conformance list --document rfc7636 --level must-not --level must";
    let run = program().run(line).await;
    let lines: Vec<_> = run.stdout.lines().collect();
    assert!(!lines.is_empty());
    for line in &lines {
        let parts: Vec<_> = line.split('\t').collect();
        assert_eq!(parts.len(), 4, "{line}");
        assert!(parts[3].contains("RFC 7636"), "{line}");
    }
    let run = program().run(&format!("{line} --json")).await;
    let checks = run.json()["checks"].as_array().map_or(0, Vec::len);
    assert_eq!(checks, lines.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn no_report_shows_a_secret_however_a_server_throws_them_back() {
    let echo = format!(
        r#","refresh_token":"{}","error":"{}","echo":["{}","{}","{}"]"#,
        plant::NEXT_REFRESH_TOKEN,
        plant::API_TOKEN,
        plant::CLIENT_SECRET,
        plant::REFRESH_TOKEN,
        plant::NEXT_REFRESH_TOKEN,
    );
    let callback = format!(
        "Location: http://127.0.0.1:8787/callback?code={}",
        plant::CODE
    );
    let redirect = Answer::json("302 Found", &format!("{{\"m\":\"x\"{echo}}}"));
    for answer in [Answer::token(&echo), redirect.with(&callback)] {
        let server = RfcOnlyServer::start_any(answer).await;
        let reports = Reports::new();
        let line = format!(
            "conformance run --target {} {} -vv --manager urn:remote-api:company-manager:user:x",
            server.gateway(),
            reports.flags
        );
        let program = Program::at(env!("CARGO_BIN_EXE_remote-auth-under-test"))
            .client(plant::CLIENT_ID, plant::CLIENT_SECRET)
            .env("REMOTE_REFRESH_TOKEN", plant::REFRESH_TOKEN)
            .env("REMOTE_API_TOKEN", plant::API_TOKEN)
            .env("RUST_LOG", "trace");
        let run = program.run(&line).await;
        assert_eq!(run.code, 16, "{run:?}");
        assert!(run.stderr.contains("TRACE"), "nothing was traced");
        let shown = [
            run.stdout,
            run.stderr,
            reports.text("junit.xml"),
            reports.text("run.json"),
            reports.text("run.html"),
        ];
        for text in shown {
            if let Some(found) = plant::found_in(&text) {
                panic!("{found}");
            }
        }
    }
}
