//! Journeys through the API: the program as a process against the embedded sandbox.

use std::num::NonZeroU32;

use remote_auth::danger::Weakening;
use remote_auth::{Client, Environment};
use remote_auth_sandbox::{Gateway, Rule, Sandbox};
use remote_auth_tests::journey::{
    CLIENT, assert_each_fails, assert_failed, assert_quiet, gateway, refresh_token, rule, sandbox,
    text,
};
use remote_auth_tests::process::Program;
use remote_auth_tests::{browser, golden, plant};
use serde_json::json;

const PREFIXES: [&str; 3] = ["v1", "eor-v1", "api-eor-v1"];

fn bare() -> Program {
    Program::at(env!("CARGO_BIN_EXE_remote-auth-under-test"))
}

fn program() -> Program {
    bare().client(CLIENT.0, CLIENT.1)
}

/// The flags of each way to a token, and whom it stands for.
fn ways(sandbox: &Sandbox) -> [(String, &'static str); 5] {
    let fixture = sandbox.fixture();
    let by_assertion = |subject: &str, id: &str| {
        format!("--flow assertion --scope all:read --subject urn:remote-api:{subject}:{id}")
    };
    [
        ("--flow client-credentials".to_owned(), "partner"),
        ("--flow refresh".to_owned(), "company"),
        (
            by_assertion("company-manager:user", fixture.manager_user_id()),
            "company manager",
        ),
        (
            by_assertion("employee:employment", fixture.employment_id()),
            "employee",
        ),
        ("--customer".to_owned(), "customer"),
    ]
}

/// The partner's own token is not sent where only a company's can work, by a call of our own or by any request.
#[tokio::test]
async fn a_partners_token_is_not_sent_where_it_cannot_work_unless_asked_to() {
    let sandbox = sandbox().await;
    let environment = Environment::custom(gateway(&sandbox)).expect("a loopback gateway");
    for (weakened, sent) in [(false, 0), (true, 1)] {
        let builder = Client::builder(environment.clone()).credentials(CLIENT.0, CLIENT.1);
        let builder = match weakened {
            true => builder.weaken(Weakening::AnyPrincipal),
            false => builder,
        };
        let client = builder.build().expect("a client");
        let source = client.client_credentials();
        let token = source.token().await.expect("a token");
        let before = sandbox.ledger().len();
        let page = NonZeroU32::MIN;
        let managers = client.platform(source).company_managers(page, page).await;
        let code = managers.err().map(|error| error.code());
        assert_eq!(code == Some("misuse.beyond_partner"), !weakened, "{code:?}");
        assert_eq!(sandbox.ledger().len() - before, sent);

        let url = format!("{}/v1/timeoff", gateway(&sandbox));
        let mut request = client.http().get(url).build().expect("a request");
        assert_eq!(token.authorize(&mut request).is_ok(), weakened);
        assert_eq!(request.headers().contains_key("authorization"), weakened);
    }
}

// Requirement: remote.api.check-by-kind, remote.api.identity, remote.api.prefixes
// Requirement: remote.client-credentials.acts-as-partner, remote.customer.no-exchange
// Requirement: remote.skill.mistake-verify-at-companies
#[tokio::test(flavor = "multi_thread")]
async fn every_token_says_whose_it_is_under_every_prefix() {
    let sandbox = sandbox().await;
    let here = gateway(&sandbox);
    let api_token = plant::open(sandbox.customer_api_token(Gateway::Sandbox));
    let program = program()
        .env(
            "REMOTE_REFRESH_TOKEN",
            refresh_token(&program(), &sandbox, "").await,
        )
        .env("REMOTE_API_TOKEN", api_token);
    let company_id = sandbox.fixture().company_id();
    for (way, principal) in ways(&sandbox) {
        for prefix in PREFIXES {
            let line = format!("whoami {way} --prefix {prefix} --gateway {here}");
            let run = program.run(&line).await;
            assert_quiet(&run);
            assert!(
                run.stdout
                    .starts_with(&format!("principal    {principal}\n")),
                "{line}: {run:?}"
            );
            let of_a_company = run
                .stdout
                .contains(&format!("\ncompany      {company_id}  "));
            assert_eq!(of_a_company, principal != "partner", "{line}: {run:?}");
            assert_eq!(rule(&sandbox), Some(Rule::PlatformServed), "{line}");
        }
        let run = program
            .run(&format!("whoami {way} --json --gateway {here}"))
            .await;
        assert_quiet(&run);
        let document = run.json();
        assert_eq!(document["principal"], principal);
        assert_eq!(
            document["company"]["id"].is_string(),
            principal != "partner"
        );
        for absent in ["plan", "refresh_token"] {
            assert_eq!(document.get(absent), None, "{document}");
        }
    }
    let paths = sandbox.ledger();
    for path in ["/eor/v1/identity/current", "/api/eor/v1/employee/current"] {
        assert!(paths.iter().any(|entry| entry.path == path), "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_is_told_what_it_may_do_before_it_is_refused() {
    let sandbox = sandbox().await;
    let here = gateway(&sandbox);
    let manager = sandbox.fixture().manager_user_id();
    let whoami = format!(
        "whoami --flow assertion --gateway {here} \
         --subject urn:remote-api:company-manager:user:{manager} --scope timeoff:read"
    );
    let (read, write) = (
        r#"--plan "GET /v1/timeoff""#,
        r#"--plan "POST /v1/timeoff""#,
    );

    let run = program().run(&format!("{whoami} {read}")).await;
    assert_quiet(&run);
    assert!(
        run.stdout
            .contains("\nplan         granted  GET /v1/timeoff\n"),
        "{run:?}"
    );

    let run = program().run(&format!("{whoami} {read} {write}")).await;
    assert_eq!(
        (run.error_code(), run.code),
        (Some("plan.scope_missing"), 7),
        "{run:?}"
    );
    assert!(
        run.stdout
            .contains("\nplan         missing  POST /v1/timeoff\n"),
        "{run:?}"
    );
    assert!(
        run.stderr
            .contains("the least scope that would do is timeoff:write\n"),
        "{run:?}"
    );

    let run = program()
        .run(&format!("{whoami} --json {read} {write}"))
        .await;
    assert_eq!(run.code, 7, "{run:?}");
    assert_eq!(
        run.json()["plan"],
        json!({
            "permission": "missing",
            "operations": [
                { "operation": "GET /v1/timeoff", "permission": "granted" },
                { "operation": "POST /v1/timeoff", "permission": "missing" },
            ],
            "needed_scope": "timeoff:write",
            "out_of_reach": [],
        })
    );

    // Nobody says what a partner's own token was granted.
    let partner = format!("whoami --flow client-credentials --json --gateway {here}");
    let run = program().run(&format!("{partner} {read}")).await;
    assert_quiet(&run);
    assert_eq!(run.json()["plan"]["permission"], "unknown");

    let asked = sandbox.ledger().len();
    let unknown = format!(r#"{whoami} --plan "GET /v1/nothing/of/the/kind""#);
    assert_failed(&program().run(&unknown).await, "misuse.operation", 2);
    assert_eq!(sandbox.ledger().len(), asked, "nothing is sent");
}

// Requirement: remote.skill.rule-scope-minimally
#[tokio::test(flavor = "multi_thread")]
async fn scopes_are_planned_without_a_network_or_a_credential() {
    let run = bare()
        .run(r#"scopes plan "GET /v1/timeoff" "POST /v1/timeoff" "GET /v1/expenses" --as manager"#)
        .await;
    assert_quiet(&run);
    assert_eq!(run.stdout, "expense:read timeoff:write\n");

    let run = bare()
        .run(r#"scopes plan "GET /v1/timeoff" "GET /v1/identity/current" --as company"#)
        .await;
    assert_eq!(
        (run.code, run.stdout.as_str()),
        (0, "timeoff:read\n"),
        "{run:?}"
    );
    assert!(
        run.stderr
            .contains("no scopes for GET /v1/identity/current"),
        "{run:?}"
    );

    // What the role's own list has no scope for alone is opened by one that opens nearly everything.
    let run = bare()
        .run(r#"scopes plan "POST /v1/companies" --as company"#)
        .await;
    let url = "https://gateway.remote.com/company.manage\n";
    assert_eq!((run.code, run.stdout.as_str()), (0, url), "{run:?}");
    assert!(run.stderr.contains("is it the right role?"), "{run:?}");

    let wrong = r#"scopes plan "GET /v1/timeoff" "GET /v1/employee/timeoff" --as employee"#;
    let run = bare().run(wrong).await;
    assert_failed(&run, "plan.out_of_reach", 7);
    let run = bare().run(&format!("{wrong} --json")).await;
    assert_eq!(run.code, 7, "{run:?}");
    assert_eq!(
        run.json(),
        json!({
            "schema": 1,
            "principal": "employee",
            "scope": "timeoff:read",
            "unmapped": [],
            "out_of_reach": ["GET /v1/timeoff"],
        })
    );
    let unknown = r#"scopes plan "GET /v1/timeoff" "GET /v1/nothing" --as employee"#;
    let run = bare().run(unknown).await;
    assert_failed(&run, "misuse.operation", 2);
    assert!(run.stderr.contains("it is number 2 of 2"), "{run:?}");

    let run = bare().run("scopes list --style catch-all").await;
    assert_quiet(&run);
    assert_eq!(run.stdout, "all:read\nall:write\n");
    let run = bare().run("scopes list --json").await;
    let write = json!({
        "scope": "timeoff:write", "style": "action", "implies": "timeoff:read",
    });
    let document = run.json();
    let listed = document["scopes"].as_array().expect("scopes");
    let found = listed.iter().find(|scope| scope["scope"] == write["scope"]);
    for member in ["style", "implies"] {
        assert_eq!(found.expect("it is published")[member], write[member]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_scope_is_explained_without_a_network_or_a_credential() {
    let missing = r#"scopes explain "post /v1/timeoff?x=y" --as manager --have timeoff:read"#;
    let run = bare().run(missing).await;
    assert_quiet(&run);
    golden::check("scopes-explain.txt", &run.stdout);
    let run = bare().run(&format!("{missing} --json")).await;
    assert_quiet(&run);
    assert_eq!(
        run.json(),
        json!({
            "schema": 1,
            "operation": "POST /v1/timeoff",
            "principal": "company manager",
            "have": "timeoff:read",
            "cause": "scope_missing",
            "add": "timeoff:write",
            "sufficient": [
                {"scope": "timeoff:write", "style": "action"},
                {"scope": "time_and_attendance", "style": "category"},
                {"scope": "all:write", "style": "catch-all"},
            ],
            "others": [],
        })
    );

    let explain = |rest: &str| format!(r#"scopes explain "GET /v1/timeoff" {rest}"#);
    for (rest, cause, add) in [
        ("--as company", "scope_unknown", json!("timeoff:read")),
        (
            "--as company --style url",
            "scope_unknown",
            json!("https://gateway.remote.com/company.manage"),
        ),
        (
            "--as company --have timeoff:write",
            "scope_suffices",
            json!(null),
        ),
    ] {
        let run = bare().run(&format!("{} --json", explain(rest))).await;
        assert_quiet(&run);
        let document = run.json();
        assert_eq!(
            (&document["cause"], &document["add"]),
            (&json!(cause), &add),
            "{rest}"
        );
    }

    let run = bare().run(&explain("--as employee")).await;
    assert_failed(&run, "explain.wrong_principal", 7);
    assert!(run.stderr.contains("company, company manager"), "{run:?}");
    let run = bare().run(&explain("--as manager --style url")).await;
    assert_failed(&run, "explain.no_such_style", 7);
    let run = bare().run(&explain("--as manager --have \"a  b\"")).await;
    assert_failed(&run, "misuse.scope_syntax", 2);

    let run = bare()
        .run(&explain("--as manager --have \"canary:read all:read\""))
        .await;
    assert_eq!(run.code, 0, "{run:?}");
    assert!(
        run.stderr
            .contains("scope token 1 of 2 is none that Remote publishes")
    );
    assert!(!run.stderr.contains("canary"), "{run:?}");
}

/// A company that does not exist yet.
fn create(name: &str, here: &str) -> String {
    format!(
        r#"companies create --name "{name}" --country PRT --currency EUR --owner-name "Ada Admin"
           --owner-email ada@acme.example --terms-accepted-at now --external-id "{name} 1" --gateway {here}"#
    )
}

// Requirement: remote.company.shortcut, remote.refresh.two-sources
#[tokio::test(flavor = "multi_thread")]
async fn a_company_is_created_and_its_refresh_token_works_in_the_next_process() {
    let sandbox = sandbox().await;
    let here = gateway(&sandbox);
    for prefix in PREFIXES {
        let name = format!("Acme {prefix}");
        let line = format!("{} --json --prefix {prefix}", create(&name, here));
        let run = program().run(&line).await;
        assert_quiet(&run);
        let created = run.json();
        assert_eq!(created["principal"], "company");
        assert_eq!(created["company"]["name"], name.as_str());
        assert_eq!(created["company"]["id"], created["company_id"]);
        assert_eq!(created["company"]["external_id"], format!("{name} 1"));

        let next = program().env("REMOTE_REFRESH_TOKEN", text(&created, "refresh_token"));
        let run = next
            .run(&format!("token --flow refresh --gateway {here}"))
            .await;
        assert_quiet(&run);
        assert_eq!(rule(&sandbox), Some(Rule::RefreshIssued));
        let run = next
            .run(&format!("whoami --flow refresh --json --gateway {here}"))
            .await;
        assert_eq!(run.json()["company"]["id"], created["company_id"]);
        assert_eq!(run.json()["user"]["id"], created["user_id"]);

        let list = format!("companies list --prefix {prefix} --gateway {here}");
        let run = program().run(&list).await;
        assert_quiet(&run);
        let line = format!("{}\tpending\t{name}\n", text(&created, "company_id"));
        assert!(run.stdout.ends_with(&line), "{run:?}");
        let listed = program().run(&format!("{list} --json")).await.json();
        let last = listed["companies"].as_array().and_then(|all| all.last());
        assert_eq!(last, Some(&created["company"]));
    }
}

// Requirement: remote.company.create-token
#[tokio::test(flavor = "multi_thread")]
async fn a_created_company_can_be_given_other_tokens_when_the_first_were_not_kept() {
    let sandbox = sandbox().await;
    let here = gateway(&sandbox);
    let run = program().run(&create("Acme", here)).await;
    assert_eq!(run.code, 0, "{run:?}");
    let id = run.stdout.strip_suffix('\n').expect("a line");
    assert_eq!(id.len(), 36, "an identifier and nothing else: {run:?}");
    assert!(run.stderr.contains("use companies create-token"), "{run:?}");

    for prefix in PREFIXES {
        let line = format!(
            r#"companies create-token --company {id} --scope "timeoff:read employment:read" --prefix {prefix} --gateway {here}"#
        );
        let run = program().run(&line).await;
        assert_quiet(&run);
        let token = run.stdout.strip_suffix('\n').expect("a line");
        assert!(!token.is_empty() && !token.contains(char::is_whitespace));
        let whole = program().run(&format!("{line} --json")).await.json();
        assert_eq!(
            (text(&whole, "company_id"), text(&whole, "principal")),
            (id, "company")
        );
        assert_ne!(text(&whole, "access_token"), text(&whole, "refresh_token"));
        assert_eq!(rule(&sandbox), Some(Rule::CreateTokenIssued));
    }
}

// Requirement: remote.error.rest-401, remote.error.rest-403
// Requirement: remote.skill.mistake-customer-for-partner
#[tokio::test(flavor = "multi_thread")]
async fn what_the_api_declines_says_by_its_exit_code_who_must_act() {
    let sandbox = sandbox().await;
    let here = gateway(&sandbox).to_owned();
    let refresh_token = refresh_token(&program(), &sandbox, "--scope timeoff:read").await;
    let narrow = program().env("REMOTE_REFRESH_TOKEN", refresh_token);
    let customer = |token: &str| bare().env("REMOTE_API_TOKEN", token);
    let fixture = sandbox.fixture();
    let (user, manager) = (fixture.manager_user_id(), fixture.unmanaged_company_id());
    let link = format!("magic-link create --user {user} --gateway {here}");
    let whoami = format!("whoami --customer --gateway {here}");
    let create_token = "companies create-token --company";
    assert_each_fails([
        (
            program(),
            create("Acme Demo Ltd", &here),
            "refused.conflict",
            14,
        ),
        (
            program(),
            create("Acme", &here).replace("PRT", "Portugal"),
            "refused.unprocessable",
            14,
        ),
        (
            program(),
            format!("{create_token} {manager} --gateway {here}"),
            "refused.not_found",
            14,
        ),
        (narrow, link, "refused.forbidden", 7),
        (
            customer("ra_test_unknown"),
            whoami.clone(),
            "refused.unauthorized",
            4,
        ),
        (
            customer("ra_test_unknown").env("REMOTE_API_TOKEN_FILE", "/nowhere"),
            whoami.clone(),
            "credential.twice",
            3,
        ),
        (
            customer("an-oauth-token"),
            whoami.clone(),
            "misuse.customer_api_token",
            3,
        ),
        (bare(), whoami, "credential.missing", 4),
        (
            customer("ra_live_x"),
            "whoami --customer --env sandbox".to_owned(),
            "environment.prefix",
            8,
        ),
        (
            customer("ra_test_x"),
            "whoami --customer --gateway http://127.0.0.1:1".to_owned(),
            "unreachable.refused",
            9,
        ),
    ])
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_magic_link_opens_once_for_the_person_that_it_was_made_for() {
    let sandbox = sandbox().await;
    let here = gateway(&sandbox);
    let program = program().env(
        "REMOTE_REFRESH_TOKEN",
        refresh_token(&program(), &sandbox, "").await,
    );
    let fixture = sandbox.fixture();
    let (user, employment) = (fixture.manager_user_id(), fixture.employment_id());
    for (prefix, flags, person, path) in [
        ("v1", format!("--user {user}"), "Jane Smith", "/dashboard"),
        (
            "eor-v1",
            format!("--employment {employment} --path /dashboard/people?tab=active"),
            "Ola Nordmann",
            "/dashboard/people?tab=active",
        ),
        (
            "api-eor-v1",
            format!("--user {user} --json"),
            "Jane Smith",
            "/dashboard",
        ),
    ] {
        let line = format!("magic-link create {flags} --prefix {prefix} --gateway {here}");
        let run = program.run(&line).await;
        assert_quiet(&run);
        let url = if flags.ends_with("--json") {
            text(&run.json(), "url").to_owned()
        } else {
            run.stdout.strip_suffix('\n').expect("a line").to_owned()
        };
        let (status, _, page) = browser::open(&url).await;
        assert_eq!(status, 200, "{page}");
        let place = format!("{person} of Acme Demo Ltd would now be at <code>{path}</code>");
        assert!(page.contains(&place), "{page}");
        assert_eq!(rule(&sandbox), Some(Rule::MagicLinkOpened));
        browser::open(&url).await;
        assert_eq!(rule(&sandbox), Some(Rule::MagicLinkOnce));
    }
}

// Requirement: remote.magic-link.company-token
#[tokio::test(flavor = "multi_thread")]
async fn a_magic_link_is_refused_to_the_wrong_token_person_or_path() {
    let sandbox = sandbox().await;
    let here = gateway(&sandbox);
    let refresh_token = refresh_token(&program(), &sandbox, "").await;
    let right = || program().env("REMOTE_REFRESH_TOKEN", &refresh_token);
    let fixture = sandbox.fixture();
    let (user, stranger) = (fixture.manager_user_id(), fixture.unmanaged_user_id());
    let link = |flags: &str| format!("magic-link create --gateway {here} {flags}");
    let asserted = |subject: &str| {
        link(&format!(
            "--user {user} --flow assertion --subject urn:remote-api:{subject}"
        ))
    };
    let asked = sandbox.ledger().len();
    assert_each_fails([
        (
            right(),
            link(&format!("--user {user} --path dashboard/")),
            "misuse.magic_link_path",
            2,
        ),
        (
            right(),
            link(&format!(
                "--user {user} --subject urn:remote-api:employee:employment:1"
            )),
            "usage.flow",
            2,
        ),
        (
            program(),
            link(&format!("--user {user}")),
            "credential.missing",
            4,
        ),
    ])
    .await;
    assert_eq!(sandbox.ledger().len(), asked, "nothing was sent");
    assert_each_fails([
        (
            right(),
            link(&format!("--user {stranger}")),
            "refused.unprocessable",
            14,
        ),
        (
            right(),
            asserted(&format!("employee:employment:{}", fixture.employment_id())),
            "misuse.company_only",
            8,
        ),
        // Remote declares magic links for the consent of a company only, and the sandbox plays it so.
        (
            right(),
            asserted(&format!("company-manager:user:{user}")),
            "refused.forbidden",
            7,
        ),
    ])
    .await;
    let run = right()
        .run(&asserted(&format!("company-manager:user:{user}")))
        .await;
    assert!(run.stderr.contains("so look at the role"), "{run:?}");
}
