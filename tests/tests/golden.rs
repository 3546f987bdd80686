//! What the program shows, held by golden files.

use remote_auth_tests::golden;
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
        ("help-sandbox.txt", "sandbox --help"),
        ("help-sandbox-serve.txt", "sandbox serve --help"),
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
async fn a_served_sandbox_introduces_itself_as_reviewed() {
    let mut running = program().start("sandbox serve");
    let mut shown = String::new();
    for _ in 0..13 {
        shown += &running.stdout_line(|_| true).await;
        shown.push('\n');
    }
    golden::check("sandbox-serve.txt", &golden::scrub(&shown));
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
