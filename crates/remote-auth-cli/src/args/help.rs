//! What stands below the flags on each help page: what programs read, variables, exit codes, examples.

use std::fmt::Write;

use crate::env::{self, Variable};
use crate::exit::Exit;

/// Puts below every page what follows from tables elsewhere.
pub(super) fn complete(root: clap::Command) -> clap::Command {
    let all: Vec<_> = env::ALL.iter().collect();
    let root = root
        .after_long_help(format!(
            "{}{}{}",
            variables(&all),
            exit_codes(),
            examples(EXAMPLES)
        ))
        .after_help("--help says more: variables, exit codes and examples.");
    PAGES.iter().fold(root, |root, page| {
        let footer = page.footer();
        below(root, page.path, footer)
    })
}

/// Finds a command by the names that lead to it, and puts the footer below its page.
fn below(command: clap::Command, path: &[&'static str], footer: String) -> clap::Command {
    match path.split_first() {
        Some((name, rest)) => command.mut_subcommand(*name, |next| below(next, rest, footer)),
        None => command.after_long_help(footer),
    }
}

/// What one page has of its own.
struct Page {
    path: &'static [&'static str],
    /// The answer for programs, where there is one.
    json: &'static str,
    variables: &'static [&'static Variable],
    examples: &'static str,
}

impl Page {
    fn footer(&self) -> String {
        let json = match self.json {
            "" => String::new(),
            answer => format!("JSON:\n{answer}{JSON_ERROR}\n"),
        };
        format!(
            "{json}{}{}\n\nExit codes and more variables: remote-auth --help",
            variables(self.variables),
            examples(self.examples)
        )
    }
}

const CLIENT: &[&Variable] = &[&env::CLIENT_ID, &env::CLIENT_SECRET, &env::PREVIOUS_SECRET];

const WITH_REFRESH: &[&Variable] = &[
    &env::CLIENT_ID,
    &env::CLIENT_SECRET,
    &env::PREVIOUS_SECRET,
    &env::REFRESH_TOKEN,
];

const ANY_TOKEN: &[&Variable] = &[
    &env::CLIENT_ID,
    &env::CLIENT_SECRET,
    &env::PREVIOUS_SECRET,
    &env::REFRESH_TOKEN,
    &env::API_TOKEN,
];

const JUDGED: &[&Variable] = &[
    &env::CLIENT_ID,
    &env::CLIENT_SECRET,
    &env::REFRESH_TOKEN,
    &env::API_TOKEN,
];

const PAGES: &[Page] = &[
    Page {
        path: &["demo"],
        json: "",
        variables: &[],
        examples: "  remote-auth demo
  remote-auth demo --json | jq '.refusals[] | {name, code}'
",
    },
    Page {
        path: &["token"],
        json: JSON_TOKEN,
        variables: WITH_REFRESH,
        examples: "  remote-auth token --flow client-credentials --env sandbox
  remote-auth token --flow refresh --env production --json
  remote-auth token --flow assertion --gateway http://127.0.0.1:4000 \\
      --subject urn:remote-api:employee:employment:<id> --scope timeoff:read
  remote-auth token --provider gogox --flow client-credentials --gateway https://<given host>
",
    },
    Page {
        path: &["login"],
        json: JSON_TOKEN,
        variables: CLIENT,
        examples: "  remote-auth login --env sandbox --json
  remote-auth login --gateway http://127.0.0.1:4000 --no-browser
",
    },
    Page {
        path: &["whoami"],
        json: "  The answer, on standard output: schema, principal, environment, gateway, client_id, company,
  user, integration (each null where the token has none) and scope (as granted, or as asked for by
  an assertion; null if not known). With --plan also plan: permission (granted, unknown or
  missing), operations (each with its permission), needed_scope (the least that would do) and
  out_of_reach (what no scope opens to this token). Also refresh_token, if the server replaced the
  one that was sent.
",
        variables: ANY_TOKEN,
        examples: "  remote-auth whoami --flow client-credentials --env sandbox
  remote-auth whoami --customer --env production
  remote-auth whoami --flow assertion --gateway http://127.0.0.1:4000 --scope timeoff:read \\
      --subject urn:remote-api:employee:employment:<id> --plan \"GET /v1/employee/timeoff\"
",
    },
    Page {
        path: &["companies", "list"],
        json: "  The answer, on standard output: schema and companies, each with id, name, status, country_code,
  external_id, company_owner_user_id and company_owner_email (null where Remote has none).
",
        variables: CLIENT,
        examples: "  remote-auth companies list --env sandbox
  remote-auth companies list --gateway http://127.0.0.1:4000 --prefix api-eor-v1 --json
",
    },
    Page {
        path: &["companies", "create"],
        json: JSON_CREATED,
        variables: CLIENT,
        examples: "  remote-auth companies create --env sandbox --json --name Acme --country PRT --currency EUR \\
      --owner-name \"Ada Admin\" --owner-email ada@acme.example --terms-accepted-at now
",
    },
    Page {
        path: &["companies", "create-token"],
        json: JSON_TOKEN,
        variables: CLIENT,
        examples: "  remote-auth companies create-token --company <id> --env sandbox --json
  remote-auth companies create-token --company <id> --scope timeoff:read --env sandbox
",
    },
    Page {
        path: &["magic-link", "create"],
        json: "  The answer, on standard output: schema and url; also refresh_token, if the server replaced the
  one that was sent.
",
        variables: WITH_REFRESH,
        examples: "  remote-auth magic-link create --user <id> --env sandbox
  remote-auth magic-link create --employment <id> --path /dashboard/people --env sandbox
",
    },
    Page {
        path: &["webhook", "verify"],
        json: "  The answer, on standard output: schema, event_type, ends_access (true if the company's grant is
  over), and company_id, user_id and employment_id (null where the event has none).
",
        variables: &[&env::SIGNING_KEY],
        examples: "  remote-auth webhook verify --body delivery.json --timestamp 1767225600000 --signature <hex>
  cat delivery.json | remote-auth webhook verify --body - --timestamp <ms> --signature <hex> --json
",
    },
    Page {
        path: &["scopes", "plan"],
        json: "  The answer, on standard output: schema, principal, scope, unmapped (operations that Remote
  publishes no scopes for) and out_of_reach (what no scope opens to this token).
",
        variables: &[],
        examples: "  remote-auth scopes plan \"GET /v1/timeoff\" \"POST /v1/timeoff\" --as company
  scope=$(remote-auth scopes plan \"GET /v1/employee/timeoff\" --as employee)
",
    },
    Page {
        path: &["scopes", "explain"],
        json: "  The answer, on standard output: schema, operation, principal, have (null if not given), cause
  (scope_missing, scope_unknown, scope_suffices, wrong_principal or unmapped), add (the scope to
  add; null where none is known to help), sufficient (each with scope and style, the least first)
  and others (who can, where the principal cannot).
",
        variables: &[],
        examples: "  remote-auth scopes explain \"POST /v1/timeoff\" --as manager --have timeoff:read
  remote-auth scopes explain \"GET /v1/employments/<id>\" --as company --style category --json
",
    },
    Page {
        path: &["scopes", "list"],
        json: "  The answer, on standard output: schema and scopes, each with scope, style, categories (that
  cover it), flows (that list it) and implies (the scope for reading that this one implies).
",
        variables: &[],
        examples: "  remote-auth scopes list --style category
",
    },
    Page {
        path: &["sandbox", "fixture"],
        json: "",
        variables: &[],
        examples: "  remote-auth sandbox fixture > people.toml
  remote-auth sandbox serve --fixture people.toml
",
    },
    Page {
        path: &["conformance", "list"],
        json: "  The answer, on standard output: schema and checks, each with id, level (the strictest of its
  requirements), sentence and requirements (each with id, level, source, section, binds and text).
",
        variables: &[],
        examples: "  remote-auth conformance list --document rfc7523
  remote-auth conformance list --level must --level must-not --json
",
    },
    Page {
        path: &["conformance", "run"],
        json: "  The findings, by --json: schema, suite (its version), subject, began, totals (met, not_met,
  skipped and could_not_run) and findings, each with check, sentence, requirements, outcome,
  reason, exchanges (request and answer, secrets masked) and took_ms.
",
        variables: JUDGED,
        examples: "  remote-auth conformance run --html conformance.html
  remote-auth conformance run --target http://127.0.0.1:4000 --id server.code
  remote-auth conformance run --target https://gateway.remote-sandbox.com --i-own-this-account \\
      --junit conformance.xml --html conformance.html
  remote-auth conformance run --client \"remote-auth conformance shim\"
",
    },
    Page {
        path: &["sandbox", "serve"],
        json: "",
        variables: &[],
        examples: "  remote-auth sandbox serve --port 4000
  remote-auth sandbox serve --port 4000 --admin-port 4001 --state sandbox.json
  remote-auth sandbox serve --refresh-tokens rotating=30 --require-pkce
  remote-auth sandbox serve --provider gogox
  remote-auth sandbox serve --danger-broken token.code.single_use
  curl \"$REMOTE_SANDBOX_ADMIN_URL/faults\" -H \"x-sandbox-key: $REMOTE_SANDBOX_ADMIN_KEY\" \\
    -d '{\"fault\": {\"kind\": \"drop_after_commit\"}, \"times\": 2}'
",
    },
];

const JSON_TOKEN: &str = "  The answer, on standard output: schema, access_token, token_type, expires_at (RFC 3339, UTC),
  expires_at_unix (seconds), principal, provider, environment, gateway, scope (as granted, null if
  as asked for), and where there are any refresh_token, company_id and user_id.
  A token whose answer names no lifetime is taken to live five minutes, and none more than a day.
";

const JSON_CREATED: &str = "  The answer, on standard output: schema, company (id, name, status, country_code, external_id,
  company_owner_user_id and company_owner_email), access_token, token_type, expires_at (RFC 3339,
  UTC), expires_at_unix (seconds), principal, provider, environment, gateway, scope (as granted,
  null if as asked for), refresh_token, company_id and user_id.
";

const JSON_ERROR: &str =
    "  An error, on standard error: schema and error, which has code, message, hints, retryable,
  retry_after_ms and exit_code.
";

const EXAMPLES: &str = "  See everything at work, without an account:
    remote-auth demo
  Get the partner's own token from Remote's Sandbox:
    export REMOTE_CLIENT_ID=… REMOTE_CLIENT_SECRET_FILE=~/.remote/secret
    remote-auth token --flow client-credentials --env sandbox
  See whose token that is:
    remote-auth whoami --flow client-credentials --env sandbox
  Find the least scope for what is planned:
    remote-auth scopes plan \"GET /v1/timeoff\" \"POST /v1/timeoff\" --as company
";

fn examples(lines: &str) -> String {
    format!("Examples:\n{}", lines.trim_end())
}

fn variables(shown: &[&Variable]) -> String {
    const ANY_FILE: &str = "REMOTE_…_FILE";
    if shown.is_empty() {
        return String::new();
    }
    let widths = shown.iter().map(|variable| variable.name.len());
    let width = widths.fold(ANY_FILE.chars().count(), usize::max);
    let mut text = String::from("Environment:\n");
    let mut line = |name: &str, about: &str| {
        // Writing to a `String` cannot fail.
        let _ = writeln!(text, "  {name:<width$}  {about}");
    };
    for variable in shown {
        line(variable.name, variable.about);
    }
    if shown.iter().any(|variable| variable.file.is_some()) {
        line(
            ANY_FILE,
            "path of a file that holds the value of REMOTE_…; not both",
        );
    }
    text.push('\n');
    text
}

fn exit_codes() -> String {
    let mut text = String::from("Exit codes:\n");
    for exit in Exit::ALL {
        // Writing to a `String` cannot fail.
        let _ = writeln!(text, "  {:>3}  {}", exit.number(), exit.meaning());
    }
    text.push_str("  130  interrupted, 143 terminated: by the signal itself\n\n");
    text
}
