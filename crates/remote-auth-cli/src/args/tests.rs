use remote_auth_sandbox::Rule;

use super::*;

fn code(line: &str) -> Result<(), i32> {
    let arguments = line.split(' ').filter(|word| !word.is_empty());
    read(["remote-auth"].into_iter().chain(arguments).map(Into::into))
        .map(drop)
        .map_err(|answer| answer.exit_code())
}

#[test]
fn the_command_line_holds_together() {
    help::complete(Args::command()).debug_assert();
}

// Requirement: remote.skill.rule-sandbox-first
#[test]
fn what_belongs_together_is_demanded_and_what_does_not_is_refused() {
    let cases = [
        ("demo", Ok(())),
        ("demo --json -vv --color never", Ok(())),
        ("token --flow client-credentials --env sandbox", Ok(())),
        ("token --flow client-credentials --gateway http://x", Ok(())),
        ("token --flow client-credentials", Err(2)),
        (
            "token --flow client-credentials --env sandbox --gateway http://x",
            Err(2),
        ),
        ("token --env sandbox", Err(2)),
        ("token --flow refresh --env staging", Err(2)),
        ("token --flow assertion --env sandbox --subject s", Err(2)),
        ("token --flow assertion --env sandbox --scope s", Err(2)),
        (
            "token --flow assertion --env sandbox --subject s --scope s",
            Ok(()),
        ),
        ("token --flow refresh --env sandbox --timeout 0", Err(2)),
        (
            "token --flow refresh --env sandbox --client-secret s",
            Err(2),
        ),
        ("login --env sandbox --no-browser --wait 5", Ok(())),
        (
            "conformance list --level must-not --document rfc6749",
            Ok(()),
        ),
        ("conformance list --level perhaps", Err(2)),
        (
            "conformance run --json - --junit x --html y --id a --id b",
            Ok(()),
        ),
        ("conformance run --i-own-this-account", Err(2)),
        ("conformance run --manager urn:x", Err(2)),
        ("conformance run --client x --json -", Ok(())),
        ("conformance run --client x --target http://x", Err(2)),
        (
            "conformance run --target http://x --i-own-this-account --manager urn:x",
            Ok(()),
        ),
        ("sandbox serve --port 65536", Err(2)),
        ("sandbox serve --auto-approve", Ok(())),
        ("sandbox serve --refresh-tokens rotating", Ok(())),
        ("sandbox serve --refresh-tokens rotating=30", Ok(())),
        ("sandbox serve --refresh-tokens expiring=60", Ok(())),
        ("sandbox serve --refresh-tokens expiring", Err(2)),
        ("sandbox serve --refresh-tokens constant=1", Err(2)),
        ("sandbox serve --refresh-tokens rotating=-1", Err(2)),
        ("conformance shim", Ok(())),
        ("conformance", Err(2)),
        ("--version", Err(0)),
        ("token --help", Err(0)),
        ("", Err(2)),
    ];
    for (line, expected) in cases {
        assert_eq!(code(line), expected, "{line}");
    }
}

#[test]
fn a_stray_word_is_not_repeated_and_a_flag_is() {
    for (line, shown) in [("token canary", false), ("token --canary=x", true)] {
        let arguments = ["remote-auth"].into_iter().chain(line.split(' '));
        let answer = read(arguments.map(Into::into)).expect_err(line).to_string();
        assert_eq!(answer.contains("canary"), shown, "{answer}");
    }
}

#[test]
fn each_of_the_newer_commands_demands_what_it_needs() {
    let create = "companies create --env sandbox --name A --country PRT --currency EUR";
    let verify = "webhook verify --body - --signature 00";
    let cases = [
        ("whoami --flow refresh --env sandbox", Ok(())),
        ("whoami --customer --env sandbox --prefix eor-v1", Ok(())),
        ("whoami --env sandbox", Err(2)),
        ("whoami --customer --flow refresh --env sandbox", Err(2)),
        ("whoami --flow assertion --env sandbox", Err(2)),
        ("whoami --customer --env sandbox --prefix v2", Err(2)),
        ("companies list --env sandbox --prefix api-eor-v1", Ok(())),
        ("companies list", Err(2)),
        ("companies", Err(2)),
        (create, Err(2)),
        (
            &format!("{create} --owner-name A --owner-email a@b.example --terms-accepted-at now"),
            Ok(()),
        ),
        ("companies create-token --env sandbox", Err(2)),
        (
            "companies create-token --env sandbox --company c --refresh-token r",
            Err(2),
        ),
        ("magic-link create --env sandbox --user u", Ok(())),
        ("magic-link create --env sandbox --employment e", Ok(())),
        ("magic-link create --env sandbox", Err(2)),
        (
            "magic-link create --env sandbox --user u --employment e",
            Err(2),
        ),
        (
            "magic-link create --env sandbox --user u --flow assertion",
            Err(2),
        ),
        (
            "magic-link create --env sandbox --user u --flow client-credentials",
            Err(2),
        ),
        (verify, Err(2)),
        (&format!("{verify} --timestamp 0"), Ok(())),
        (&format!("{verify} --timestamp 0 --signing-key k"), Err(2)),
        ("scopes plan --as company", Err(2)),
        ("scopes plan GET", Err(2)),
        ("scopes plan GET --as customer", Err(2)),
        ("scopes plan GET --as manager", Ok(())),
        ("scopes explain GET", Err(2)),
        ("scopes explain --as company", Err(2)),
        ("scopes explain GET --as customer", Err(2)),
        ("scopes explain GET POST --as company", Err(2)),
        (
            "scopes explain GET --as company --have x --style url --json",
            Ok(()),
        ),
        ("scopes list --style catch-all --json", Ok(())),
        ("sandbox serve --provider gogox --port 0", Ok(())),
        (
            "sandbox serve --danger-broken token.code.known --danger-broken http.host.loopback",
            Ok(()),
        ),
        ("sandbox serve --danger-broken token.code", Err(2)),
        ("sandbox serve --danger-broken", Err(2)),
        (
            "token --provider gogox --flow client-credentials --gateway http://x",
            Ok(()),
        ),
    ];
    for (line, expected) in cases {
        assert_eq!(code(line), expected, "{line}");
    }
}

#[test]
fn a_name_that_is_no_rules_is_answered_with_all_that_are() {
    let line = "remote-auth sandbox serve --danger-broken token.code";
    let answer = read(line.split(' ').map(Into::into)).expect_err(line);
    let answer = answer.to_string();
    for rule in Rule::ALL {
        assert!(answer.contains(rule.id()), "{rule}: {answer}");
    }
}

/// A command and everything below it.
fn pages(command: &clap::Command) -> Vec<clap::Command> {
    let below = command.get_subcommands().flat_map(pages);
    [command.clone()].into_iter().chain(below).collect()
}

#[test]
fn no_line_of_any_help_is_wider_than_the_page() {
    let mut root = help::complete(Args::command());
    root.build();
    let pages = pages(&root);
    assert!(pages.len() > 15, "{}", pages.len());
    for mut page in pages {
        for line in page.render_long_help().to_string().lines() {
            assert!(line.chars().count() <= COLUMNS, "{line}");
        }
    }
}

// Requirement: remote.skill.rule-secret-manager
#[test]
fn no_flag_takes_a_secret() {
    // What is named for a secret is a switch, says how to come by one, or says where the endpoint is that gives it.
    let secrets = ["secret", "token", "key", "password", "code"];
    for page in pages(&help::complete(Args::command())) {
        for argument in page.get_arguments() {
            let long = argument.get_long().unwrap_or_default();
            let named = secrets
                .iter()
                .any(|secret| long.split('-').any(|part| part == *secret));
            let takes = argument.get_action().takes_values() && !long.ends_with("-endpoint");
            assert!(!(named && takes), "{} --{long}", page.get_name());
        }
    }
}
