//! What the program shows, held by golden files.

use remote_auth_tests::golden;
use remote_auth_tests::journey::{CLIENT, gateway, sandbox};
use remote_auth_tests::process::Program;

fn program() -> Program {
    Program::at(env!("CARGO_BIN_EXE_remote-auth-under-test"))
}

#[tokio::test(flavor = "multi_thread")]
async fn each_help_page_is_as_reviewed() {
    let pages = [
        ("help.txt", "--help"),
        ("help-short.txt", "-h"),
        ("help-demo.txt", "demo --help"),
        ("help-token.txt", "token --help"),
        ("help-login.txt", "login --help"),
        ("help-whoami.txt", "whoami --help"),
        ("help-companies.txt", "companies --help"),
        ("help-companies-list.txt", "companies list --help"),
        ("help-companies-create.txt", "companies create --help"),
        (
            "help-companies-create-token.txt",
            "companies create-token --help",
        ),
        ("help-magic-link-create.txt", "magic-link create --help"),
        ("help-webhook-verify.txt", "webhook verify --help"),
        ("help-scopes-plan.txt", "scopes plan --help"),
        ("help-scopes-explain.txt", "scopes explain --help"),
        ("help-scopes-list.txt", "scopes list --help"),
        ("help-conformance.txt", "conformance --help"),
        ("help-conformance-list.txt", "conformance list --help"),
        ("help-conformance-run.txt", "conformance run --help"),
        ("help-sandbox.txt", "sandbox --help"),
        ("help-sandbox-serve.txt", "sandbox serve --help"),
        ("help-sandbox-fixture.txt", "sandbox fixture --help"),
    ];
    for (name, line) in pages {
        let run = program().run(line).await;
        assert_eq!((run.code, run.stderr.as_str()), (0, ""), "{line}");
        golden::check(name, &run.stdout);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_demo_is_as_reviewed() {
    let run = program().run("demo --color never").await;
    assert_eq!((run.code, run.stderr.as_str()), (0, ""), "{run:?}");
    assert!(run.stdout.lines().all(|line| line.chars().count() <= 100));
    golden::check("demo.txt", &run.stdout);

    let run = program().run("demo --json").await;
    assert_eq!((run.code, run.stderr.as_str()), (0, ""), "{run:?}");
    assert_eq!(run.stdout.lines().count(), 1, "one document on one line");
    let pretty = serde_json::to_string_pretty(&run.json()).expect("JSON");
    golden::check("demo.json", &pretty);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_checks_and_what_a_run_of_them_says_are_as_reviewed() {
    for (name, line) in [
        ("conformance-list.txt", "conformance list"),
        ("conformance-run.txt", "conformance run --id server.code"),
    ] {
        let run = program().run(line).await;
        assert_eq!(run.code, 0, "{run:?}");
        golden::check(name, &format!("{}{}", run.stdout, run.stderr));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_served_sandbox_introduces_itself_as_reviewed() {
    for (name, line) in [
        ("sandbox-serve.txt", "sandbox serve"),
        ("sandbox-serve-gogox.txt", "sandbox serve --provider gogox"),
    ] {
        let mut running = program().start(line);
        let mut shown = String::new();
        while !shown.contains("REMOTE_SANDBOX_ADMIN_KEY") {
            shown += &running.stdout_line(|_| true).await;
            shown.push('\n');
        }
        golden::check(name, &golden::scrub(&shown));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_api_answers_is_shown_as_reviewed() {
    let sandbox = sandbox().await;
    let (here, manager) = (gateway(&sandbox), sandbox.fixture().manager_user_id());
    let whoami = format!(
        "whoami --gateway {here} --flow assertion --scope timeoff:read \
         --subject urn:remote-api:company-manager:user:{manager} --plan \"GET /v1/timeoff\" \
         --plan \"POST /v1/timeoff\" --plan \"GET /v1/identity/current\""
    );
    let program = program().client(CLIENT.0, CLIENT.1);
    for (name, line, code) in [
        ("whoami", whoami, 7),
        (
            "companies-list",
            format!("companies list --gateway {here}"),
            0,
        ),
    ] {
        let run = program.run(&line).await;
        assert_eq!(run.code, code, "{run:?}");
        let shown = format!("{}{}", run.stdout, run.stderr);
        golden::check(&format!("{name}.txt"), &golden::scrub(&shown));

        let run = program.run(&format!("{line} --json")).await;
        let pretty = serde_json::to_string_pretty(&run.json()).expect("JSON");
        golden::check(&format!("{name}.json"), &golden::scrub(&pretty));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn errors_are_as_reviewed() {
    let cases = [
        ("error-usage.txt", "token --flow refresh"),
        (
            "error-missing.txt",
            "token --flow client-credentials --env sandbox",
        ),
        (
            "error-missing.json",
            "token --flow client-credentials --env sandbox --json",
        ),
        (
            "error-gateway.txt",
            "token --flow client-credentials --gateway http://gateway.example",
        ),
    ];
    for (name, line) in cases {
        let run = program().run(line).await;
        assert_eq!(run.stdout, "", "{line}");
        golden::check(name, &run.stderr);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_version_is_the_packages() {
    let run = program().run("--version").await;
    assert_eq!(
        run.stdout,
        format!("remote-auth {}\n", env!("CARGO_PKG_VERSION"))
    );
}
