//! Journeys: the program as a process against an embedded sandbox.

use std::path::Path;

use remote_auth_sandbox::{Rule, Sandbox};
use remote_auth_tests::browser;
use remote_auth_tests::journey::{
    CLIENT, assert_each_fails, assert_failed, gateway, rule, sandbox,
};
use remote_auth_tests::process::{Program, Run};

const LOGIN: &str = "login --no-browser --redirect-uri http://127.0.0.1:0/callback";

fn program() -> Program {
    Program::at(env!("CARGO_BIN_EXE_remote-auth-under-test"))
}

/// Runs `login` up to the printed address, and lets `answer` say where the browser goes.
async fn login(
    sandbox: &Sandbox,
    flags: &str,
    answer: impl AsyncFnOnce(url::Url) -> String,
) -> Run {
    let line = format!("{LOGIN} {flags} --gateway {}", gateway(sandbox));
    let mut running = program().client(CLIENT.0, CLIENT.1).start(&line);
    let shown = running
        .stderr_line(|line| browser::address_in(line).is_some())
        .await;
    let address = browser::address_in(&shown).expect("the address");
    // What browsers ask for besides does not end the wait.
    let other = url::Url::parse(&browser::parameter(&address, "redirect_uri")).expect("a URI");
    let favicon = other.join("/favicon.ico").expect("an address");
    assert_eq!(browser::open(favicon.as_str()).await.0, 404);

    let callback = answer(address).await;
    let (status, _, page) = browser::open(&callback).await;
    assert_eq!(status, 200);
    assert!(page.contains("The answer has arrived"), "{page}");
    running.end().await
}

// Requirement: remote.client-credentials.no-refresh-token, remote.flow.client-credentials
// Requirement: remote.skill.mistake-expect-refresh-token
#[tokio::test(flavor = "multi_thread")]
async fn a_partner_gets_its_own_token() {
    let sandbox = sandbox().await;
    let program = program().client(CLIENT.0, CLIENT.1);
    let line = format!(
        "token --flow client-credentials --gateway {}",
        gateway(&sandbox)
    );
    let plain = program.run(&line).await;
    assert_eq!((plain.code, plain.stderr.as_str()), (0, ""), "{plain:?}");
    let token = plain.stdout.strip_suffix('\n').expect("a line");
    assert!(!token.is_empty() && !token.contains(char::is_whitespace));

    let whole = program.run(&format!("{line} --json")).await.json();
    let expires_at = whole["expires_at"].as_str().expect("a time");
    assert!(
        expires_at.ends_with('Z') && expires_at.len() == 20,
        "{expires_at}"
    );
    for (member, value) in [
        ("schema", serde_json::json!(1)),
        ("token_type", "Bearer".into()),
        ("principal", "partner".into()),
        ("provider", "remote".into()),
        ("environment", "custom".into()),
        ("gateway", gateway(&sandbox).into()),
        ("refresh_token", serde_json::Value::Null),
    ] {
        assert_eq!(whole[member], value, "{member}");
    }
    assert_eq!(rule(&sandbox), Some(Rule::ClientCredentialsIssued));
}

// Requirement: remote.code.ids-are-kept, remote.flow.authorization-code, remote.refresh.no-ids
// Requirement: remote.refresh.renews, rfc8252.5.external-browser, rfc8252.8.12.no-embedded-view
#[tokio::test(flavor = "multi_thread")]
async fn a_company_consents_and_its_refresh_token_works_in_the_next_process() {
    let sandbox = sandbox().await;
    let run = login(&sandbox, "--json", async |address| {
        let (status, location, _) = browser::open(address.as_str()).await;
        assert_eq!(status, 302);
        location.expect("a redirect")
    })
    .await;
    assert_eq!(run.code, 0, "{run:?}");
    let grant = run.json();
    assert_eq!(grant["company_id"], sandbox.fixture().company_id());
    assert_eq!(grant["user_id"], sandbox.fixture().manager_user_id());
    assert_eq!(grant["principal"], "company");
    assert!(run.stderr.contains("Connected: company "), "{run:?}");

    let refresh_token = grant["refresh_token"].as_str().expect("a refresh token");
    let line = format!(
        "token --flow refresh --json --gateway {}",
        gateway(&sandbox)
    );
    let run = program()
        .client(CLIENT.0, CLIENT.1)
        .env("REMOTE_REFRESH_TOKEN", refresh_token)
        .run(&line)
        .await;
    assert_eq!(run.code, 0, "{run:?}");
    assert_ne!(run.json()["access_token"], grant["access_token"]);
    assert_eq!(run.json()["refresh_token"], refresh_token);
    assert_eq!(rule(&sandbox), Some(Rule::RefreshIssued));
}

// Requirement: remote.flow.assertion
#[tokio::test(flavor = "multi_thread")]
async fn a_user_gets_a_token_by_assertion() {
    let sandbox = sandbox().await;
    let fixture = sandbox.fixture();
    let subjects = [
        format!(
            "urn:remote-api:company-manager:user:{}",
            fixture.manager_user_id()
        ),
        format!(
            "urn:remote-api:employee:employment:{}",
            fixture.employment_id()
        ),
    ];
    for (subject, principal) in subjects.iter().zip(["company manager", "employee"]) {
        let line = format!(
            "token --flow assertion --json --scope all:read --subject {subject} --gateway {}",
            gateway(&sandbox)
        );
        let run = program().client(CLIENT.0, CLIENT.1).run(&line).await;
        assert_eq!(run.code, 0, "{run:?}");
        assert_eq!(run.json()["principal"], principal);
        assert_eq!(rule(&sandbox), Some(Rule::AssertionIssued));
    }
}

// Requirement: rfc6749.10.12.client-csrf, rfc6749.4.1.2.1.error-is-typed
#[tokio::test(flavor = "multi_thread")]
async fn a_login_that_is_denied_forged_or_ignored_ends_with_a_code_of_its_own() {
    let sandbox = sandbox().await;
    let run = login(&sandbox, "", async |address| {
        browser::callback(&address, "error=access_denied")
    })
    .await;
    assert_failed(&run, "refused.access_denied", 4);

    let run = login(&sandbox, "", async |address| {
        let redirect_uri = browser::parameter(&address, "redirect_uri");
        format!("{redirect_uri}?code=forged&state=guessed")
    })
    .await;
    assert_failed(&run, "mismatched.state", 4);

    let program = program().client(CLIENT.0, CLIENT.1);
    let line = format!("{LOGIN} --wait 1 --gateway {}", gateway(&sandbox));
    assert_failed(&program.run(&line).await, "login.timed_out", 12);
    assert_eq!(
        sandbox.ledger(),
        [],
        "the server was not asked for anything"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_port_that_is_taken_is_a_fault_of_the_surroundings() {
    let taken = tokio::net::TcpListener::bind("127.0.0.1:0")
        .await
        .expect("a port");
    let address = taken.local_addr().expect("an address");
    let program = program().client(CLIENT.0, CLIENT.1);
    let login =
        format!("login --no-browser --env sandbox --redirect-uri http://{address}/callback");
    assert_failed(&program.run(&login).await, "login.port", 3);
    let serve = format!("sandbox serve --port {}", address.port());
    assert_failed(&program.run(&serve).await, "sandbox.start", 3);
}

// Requirement: remote.assertion.sub-spelling, remote.scope.assertion-style
// Requirement: remote.scope.consent-style, rfc7523.5.hs256-key-256-bits, rfc8252.8.3.loopback-only
#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_command_line_is_told_from_wrong_surroundings_and_nothing_is_sent() {
    let sandbox = sandbox().await;
    let here = gateway(&sandbox).to_owned();
    let right = || program().client(CLIENT.0, CLIENT.1);
    let cc = "token --flow client-credentials --gateway";
    let assertion = format!("token --flow assertion --gateway {here} --scope");
    let employee = "--subject urn:remote-api:employee:employment:1";
    let misspelt = "--subject urn:remote-api:employee:emplomyent:1";
    let login = "login --env sandbox";
    let elsewhere = "https://client.example/callback";
    let short = program().client("a", "too short to sign with");
    assert_each_fails([
        (
            right(),
            format!("{cc} http://gateway.example"),
            "misuse.gateway",
            2,
        ),
        (
            right(),
            format!("{cc} {here} --scope all:read"),
            "usage.flow",
            2,
        ),
        (
            right(),
            format!("{login} --redirect-uri {elsewhere}"),
            "usage.redirect_uri",
            2,
        ),
        (
            right(),
            format!("{login} --scope timeoff:read"),
            "misuse.consent_scope_style",
            2,
        ),
        (
            right(),
            format!("{assertion} all:read {misspelt}"),
            "misuse.subject_misspelt",
            2,
        ),
        (
            right(),
            format!("{assertion} https://x {employee}"),
            "misuse.assertion_scope_style",
            2,
        ),
        (
            short,
            format!("{assertion} all:read {employee}"),
            "misuse.short_assertion_key",
            3,
        ),
        (
            program().client("a", "b\u{7}"),
            format!("{cc} {here}"),
            "misuse.client_secret",
            3,
        ),
        (program(), format!("{cc} {here}"), "credential.missing", 4),
        (
            right(),
            format!("token --flow refresh --gateway {here}"),
            "credential.missing",
            4,
        ),
    ])
    .await;
    assert_eq!(sandbox.ledger(), []);
}

// Requirement: remote.error.invalid-client, remote.error.invalid-grant
#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_says_by_its_exit_code_who_must_act() {
    let sandbox = sandbox().await;
    let here = gateway(&sandbox).to_owned();
    let right = || program().client(CLIENT.0, CLIENT.1);
    let cc = "token --flow client-credentials --gateway";
    let refresh = format!("token --flow refresh --gateway {here}");
    let unknown = right().env("REMOTE_REFRESH_TOKEN", "unknown");
    let wrong = program().client(CLIENT.0, "another-secret-of-more-than-32-bytes");
    let unmanaged = format!(
        "token --flow assertion --gateway {here} --scope timeoff:read \
         --subject urn:remote-api:employee:employment:{}",
        sandbox.fixture().unmanaged_employment_id()
    );
    assert_each_fails([
        (unknown, refresh, "refused.invalid_grant", 5),
        (wrong, format!("{cc} {here}"), "refused.invalid_client", 6),
        (right(), unmanaged, "refused.invalid_grant", 6),
        (
            right(),
            format!("{cc} http://127.0.0.1:1"),
            "unreachable.refused",
            9,
        ),
    ])
    .await;
}

// Requirement: remote.skill.rule-secret-manager
#[tokio::test(flavor = "multi_thread")]
async fn credentials_come_from_files_as_well() {
    let sandbox = sandbox().await;
    let line = format!(
        "token --flow client-credentials --gateway {}",
        gateway(&sandbox)
    );
    let folder = tempfile::tempdir().expect("a folder");
    let file = |name: &str, content: &[u8]| {
        let path = folder.path().join(name);
        std::fs::write(&path, content).expect("a file");
        path
    };
    let id = file("id", b"journey\n");
    let from = |secret: &Path| {
        program()
            .env("REMOTE_CLIENT_ID_FILE", &id)
            .env("REMOTE_CLIENT_SECRET_FILE", secret)
    };
    for ending in ["", "\n", "\r\n"] {
        let secret = file("secret", format!("{}{ending}", CLIENT.1).as_bytes());
        let run = from(&secret).run(&line).await;
        assert_eq!(run.code, 0, "{ending:?}: {run:?}");
    }

    let good = file("good", CLIENT.1.as_bytes());
    let twice = from(&good)
        .env("REMOTE_CLIENT_SECRET", CLIENT.1)
        .run(&line)
        .await;
    assert_failed(&twice, "credential.twice", 3);
    for name in ["REMOTE_CLIENT_SECRET ", "REMOTE_CLIENT_SECRET_FILE"] {
        assert!(twice.stderr.contains(name), "{twice:?}");
    }
    let empty = from(&good).env("REMOTE_CLIENT_SECRET", "").run(&line).await;
    assert_eq!(
        empty.code, 0,
        "an empty variable counts as absent: {empty:?}"
    );

    let cases = [
        (folder.path().join("absent"), "credential.unreadable", 3),
        (folder.path().to_owned(), "credential.unreadable", 3),
        (file("large", &[b'x'; 70_000]), "credential.unreadable", 3),
        (file("latin", b"\xe9t\xe9"), "credential.not_text", 3),
        (file("empty", b"\n"), "credential.missing", 4),
        (file("two-lines", b"one\ntwo\n"), "misuse.client_secret", 3),
    ];
    for (path, code, exit) in cases {
        let run = from(&path).run(&line).await;
        assert_eq!((run.error_code(), run.code), (Some(code), exit), "{run:?}");
    }
    let run = program().env("REMOTE_CLIENT_ID", "").run(&line).await;
    assert_failed(&run, "credential.missing", 4);
    assert!(
        run.stderr.contains("REMOTE_CLIENT_ID is set but empty"),
        "{run:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sandbox_that_is_served_with_a_broken_rule_says_so_and_breaks_it() {
    let mut running = program().start("sandbox serve --danger-broken token.client.right");
    let mut lines = Vec::new();
    for beginning in ["# BROKEN token.client.right: ", "# sandbox "] {
        let line = running
            .stdout_line(|line| line.starts_with(beginning))
            .await;
        lines.push(line[beginning.len()..].trim().to_owned());
    }
    assert!(
        lines[0].starts_with("The secret is not compared"),
        "{lines:?}"
    );
    let anybody = program().client("anybody", "with any secret");
    let here = &lines[1];
    let token = format!("token --flow client-credentials --gateway {here}");
    let run = anybody.run(&token).await;
    assert_eq!(run.code, 0, "{run:?}");

    let foreign = "sandbox serve --provider gogox --danger-broken token.client.right";
    assert_failed(&program().run(foreign).await, "usage.provider", 2);
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn a_served_sandbox_gives_tokens_until_it_is_told_to_stop() {
    let mut running = program().start("sandbox serve --auto-approve");
    let mut client = program();
    let mut here = String::new();
    for name in [
        "# sandbox ",
        "export REMOTE_CLIENT_ID=",
        "export REMOTE_CLIENT_SECRET=",
    ] {
        let line = running.stdout_line(|line| line.starts_with(name)).await;
        let value = line[name.len()..].trim();
        match name.strip_prefix("export ") {
            Some(variable) => {
                client = client.env(variable.trim_end_matches('='), value.trim_matches('\''))
            }
            None => value.clone_into(&mut here),
        }
    }
    let run = client
        .run(&format!("token --flow client-credentials --gateway {here}"))
        .await;
    assert_eq!(run.code, 0, "{run:?}");

    let kill = format!("kill -TERM {}", running.id());
    let told = tokio::process::Command::new("sh")
        .args(["-c", &kill])
        .status()
        .await;
    assert!(told.expect("a shell").success());
    let run = running.end().await;
    assert_eq!(
        (run.code, run.stderr.as_str()),
        (0, "Stopping.\n"),
        "{run:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn colour_is_for_terminals_and_for_those_who_ask() {
    let cases = [
        (program(), "demo", false),
        (program().env("CLICOLOR_FORCE", "1"), "demo", true),
        (program().env("CLICOLOR_FORCE", "0"), "demo", false),
        (
            program().env("CLICOLOR_FORCE", "1").env("NO_COLOR", "1"),
            "demo",
            false,
        ),
        (program().env("NO_COLOR", "1"), "demo --color always", true),
        (
            program().env("CLICOLOR_FORCE", "1"),
            "demo --color never",
            false,
        ),
        (program().env("CLICOLOR_FORCE", "1"), "demo --json", false),
    ];
    for (program, line, coloured) in cases {
        let run = program.run(line).await;
        assert_eq!(run.code, 0, "{run:?}");
        assert_eq!(run.stdout.contains('\x1b'), coloured, "{line}: {run:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_happens_is_told_to_those_who_ask() {
    let cases = [
        (program(), "demo", "", false),
        (program(), "demo -v", "request sent", true),
        (
            program().env("RUST_LOG", "off"),
            "demo -vv",
            "request sent",
            false,
        ),
        (
            program().env("RUST_LOG", "remote_oauth_client=debug"),
            "demo",
            "request sent",
            true,
        ),
        (
            program().env("RUST_LOG", "=,="),
            "demo",
            "warning: RUST_LOG",
            true,
        ),
    ];
    for (program, line, words, told) in cases {
        let run = program.run(line).await;
        assert_eq!(run.code, 0, "{run:?}");
        let found = !words.is_empty() && run.stderr.contains(words);
        assert_eq!(found, told, "{line}: {run:?}");
        assert!(told || run.stderr.is_empty(), "{line}: {run:?}");
    }
}
