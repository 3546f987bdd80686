//! The command line: commands, flags, and a help that needs no other page.
//!
//! No flag takes a secret: a command line is seen by every user of a machine and kept by shells.

use std::ffi::OsString;
use std::fmt::Write;
use std::process::ExitCode;
use std::time::Duration;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{ArgAction, CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum};
use remote_auth::{ConsentScope, Environment};

use crate::env;
use crate::exit::Exit;
use crate::failure::Failure;

/// The widest line of a help page.
const COLUMNS: usize = 100;

/// The heading of the flags that every command has.
const GLOBAL: &str = "Flags of every command";

/// Get access to Remote's API, and see how that works.
///
/// Tokens, JSON and shell lines go to standard output; everything else goes to standard error.
#[derive(Debug, Parser)]
#[command(name = "remote-auth", bin_name = "remote-auth", version, max_term_width = COLUMNS)]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) command: Command,

    /// Show what happens on standard error: -v for this program's own steps, -vv for everything.
    #[arg(short, long, action = ArgAction::Count, global = true, help_heading = GLOBAL)]
    pub(crate) verbose: u8,

    /// When to use colour; auto means on a terminal, as NO_COLOR and CLICOLOR_FORCE say.
    #[arg(long, value_enum, default_value_t = Color::Auto, value_name = "WHEN", global = true, help_heading = GLOBAL)]
    pub(crate) color: Color,
}

/// When to use colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Color {
    Auto,
    Always,
    Never,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run every way in, and every misuse that must fail, against an embedded sandbox.
    ///
    /// The sandbox runs inside this process and on loopback only: no account is needed and nothing leaves this
    /// machine. Each step shows what was sent, what came back, how long the token lives and whom it stands for;
    /// secrets are masked. Exits with 0 only if everything went as documented, with 13 otherwise.
    Demo(DemoArgs),

    /// Get one token without a browser.
    ///
    /// Prints the access token and a line feed on standard output, and nothing else.
    Token(TokenArgs),

    /// Get a company's consent in a browser, and its tokens.
    ///
    /// Prints the address to open on standard error, tries to open it, and waits for the callback on loopback.
    /// Then prints the access token and a line feed on standard output. The refresh token, which is to be kept, and
    /// the identifiers of company and user are in the answer of --json.
    Login(LoginArgs),

    /// Run an embedded sandbox: an authorization server for trying things out.
    Sandbox {
        #[command(subcommand)]
        command: SandboxCommand,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum SandboxCommand {
    /// Serve until interrupted (Ctrl-C or SIGTERM).
    ///
    /// Listens on loopback only, keeps everything in memory, and is not for production. Prints its addresses as
    /// comments and its demo credentials as lines for a POSIX shell, all on standard output.
    Serve(ServeArgs),
}

#[derive(Debug, clap::Args)]
pub(crate) struct DemoArgs {
    /// Print one JSON document in place of the table.
    #[arg(long)]
    pub(crate) json: bool,
}

/// Where: exactly one of the two.
#[derive(Debug, clap::Args)]
#[group(required = true, multiple = false)]
pub(crate) struct Place {
    /// One of Remote's environments.
    #[arg(long, value_enum, value_name = "NAME")]
    env: Option<EnvironmentName>,

    /// The base address of any other server, such as http://127.0.0.1:4000; http for loopback only.
    #[arg(long, value_name = "URL")]
    gateway: Option<String>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum EnvironmentName {
    /// Real people, real money.
    Production,
    /// Remote's Sandbox for customers and partners.
    Sandbox,
    /// Remote's Sandbox for partners only.
    PartnerSandbox,
}

impl Place {
    pub(crate) fn environment(&self) -> Result<Environment, Failure> {
        match (self.env, &self.gateway) {
            (Some(EnvironmentName::Production), _) => Ok(Environment::Production),
            (Some(EnvironmentName::Sandbox), _) => Ok(Environment::Sandbox),
            (Some(EnvironmentName::PartnerSandbox), _) => Ok(Environment::PartnerSandbox),
            (None, Some(gateway)) => Ok(Environment::custom(gateway)?),
            (None, None) => Err(Failure::new(
                Exit::Usage,
                "usage.place",
                "find the server: neither --env nor --gateway is given",
            )),
        }
    }
}

#[derive(Debug, clap::Args)]
pub(crate) struct TokenArgs {
    /// How to get it.
    #[arg(long, value_enum)]
    pub(crate) flow: Flow,

    #[command(flatten)]
    pub(crate) place: Place,

    /// For assertions: whom the token stands for, such as urn:remote-api:employee:employment:<id> or
    /// urn:remote-api:company-manager:user:<id>.
    #[arg(long, value_name = "URN", required_if_eq("flow", "assertion"))]
    pub(crate) subject: Option<String>,

    /// For assertions: what the token may do, such as "timeoff:read timeoff:write".
    #[arg(long, required_if_eq("flow", "assertion"))]
    pub(crate) scope: Option<String>,

    #[command(flatten)]
    pub(crate) patience: Patience,

    /// Print the whole answer as JSON, and errors as JSON too.
    #[arg(long)]
    pub(crate) json: bool,
}

/// How to get a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Flow {
    /// For the partner itself.
    ClientCredentials,
    /// For a company that consented before. Use --json with a server that replaces refresh tokens.
    Refresh,
    /// For one user, by --subject and --scope.
    Assertion,
}

/// How long to wait for a server.
#[derive(Debug, clap::Args)]
pub(crate) struct Patience {
    /// The most seconds that one exchange with the server may take.
    #[arg(long, value_name = "SECONDS", default_value_t = 30, value_parser = clap::value_parser!(u64).range(1..=3600))]
    timeout: u64,
}

impl Patience {
    pub(crate) fn timeout(&self) -> Duration {
        Duration::from_secs(self.timeout)
    }
}

#[derive(Debug, clap::Args)]
pub(crate) struct LoginArgs {
    #[command(flatten)]
    pub(crate) place: Place,

    /// The redirection URI, registered for the client: http, a loopback host, a port and a path. Port 0 takes any free
    /// port, for servers that allow any port on loopback.
    #[arg(
        long,
        value_name = "URI",
        default_value = "http://127.0.0.1:8787/callback"
    )]
    pub(crate) redirect_uri: String,

    /// What to ask the company for.
    #[arg(long, default_value_t = ConsentScope::COMPANY_MANAGE.to_string())]
    pub(crate) scope: String,

    /// Only print the address; open no browser.
    #[arg(long)]
    pub(crate) no_browser: bool,

    /// The most seconds to wait for the callback.
    #[arg(long, value_name = "SECONDS", default_value_t = 180, value_parser = clap::value_parser!(u64).range(1..=1800))]
    pub(crate) wait: u64,

    #[command(flatten)]
    pub(crate) patience: Patience,

    /// Print the whole answer as JSON, refresh token included, and errors as JSON too.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct ServeArgs {
    /// The port of the gateway that stands for Remote's Sandbox; 0 takes any free port.
    #[arg(long, default_value_t = 0)]
    pub(crate) port: u16,

    /// Answer authorization requests with a code at once, without the consent page.
    #[arg(long)]
    pub(crate) auto_approve: bool,
}

impl Command {
    /// Tells whether errors are to be JSON.
    pub(crate) fn json(&self) -> bool {
        match self {
            Self::Demo(args) => args.json,
            Self::Token(args) => args.json,
            Self::Login(args) => args.json,
            Self::Sandbox { .. } => false,
        }
    }
}

/// Reads this process's arguments, or answers them: with help, with the version or with what is wrong.
pub(crate) fn parse() -> Result<Args, ExitCode> {
    read(std::env::args_os()).map_err(|answer| {
        // Where standard error is gone, the exit code is all that can be told.
        let _ = answer.print();
        u8::try_from(answer.exit_code()).map_or(Exit::Other.into(), ExitCode::from)
    })
}

fn read(arguments: impl IntoIterator<Item = OsString>) -> Result<Args, clap::Error> {
    let matches = command().try_get_matches_from(arguments);
    matches
        .and_then(|matches| Args::from_arg_matches(&matches))
        .map_err(discreet)
}

/// Hides a word that belongs to no flag: somebody may have meant to hand over a secret.
fn discreet(mut answer: clap::Error) -> clap::Error {
    let stray = matches!(
        answer.get(ContextKind::InvalidArg),
        Some(ContextValue::String(word)) if !word.starts_with('-')
    );
    if answer.kind() == ErrorKind::UnknownArgument && stray {
        let hidden = ContextValue::String("…".to_owned());
        answer.insert(ContextKind::InvalidArg, hidden);
    }
    answer
}

/// The whole command line, with the pages that follow from tables elsewhere.
fn command() -> clap::Command {
    let footer = |command: clap::Command, about: &str, examples: &str, names: &[&env::Variable]| {
        command.after_long_help(format!(
            "{about}{}{}\n\nExit codes and more variables: remote-auth --help",
            variables(names),
            example(examples)
        ))
    };
    let all: Vec<_> = env::ALL.iter().collect();
    let client = [&env::CLIENT_ID, &env::CLIENT_SECRET];
    let token = [&env::CLIENT_ID, &env::CLIENT_SECRET, &env::REFRESH_TOKEN];
    Args::command()
        .after_long_help(format!(
            "{}{}{}",
            variables(&all),
            exit_codes(),
            example(EXAMPLES)
        ))
        .after_help("--help says more: variables, exit codes and examples.")
        .mut_subcommand("demo", |demo| footer(demo, "", DEMO_EXAMPLES, &[]))
        .mut_subcommand("token", |command| {
            footer(command, JSON, TOKEN_EXAMPLES, &token)
        })
        .mut_subcommand("login", |command| {
            footer(command, JSON, LOGIN_EXAMPLES, &client)
        })
        .mut_subcommand("sandbox", |sandbox| {
            sandbox.mut_subcommand("serve", |serve| footer(serve, "", SERVE_EXAMPLES, &[]))
        })
}

/// What programs read.
const JSON: &str = "JSON:
  The answer, on standard output: schema, access_token, token_type, expires_at (RFC 3339, UTC),
  expires_at_unix (seconds), principal, environment, gateway, scope (as granted, null if as asked
  for), and where there are any refresh_token, company_id and user_id.
  An error, on standard error: schema and error, which has code, message, hints, retryable,
  retry_after_ms and exit_code.
  A token whose answer names no lifetime is taken to live five minutes, and none more than a day.

";

const EXAMPLES: &str = "  See everything at work, without an account:
    remote-auth demo
  Get the partner's own token from Remote's Sandbox:
    export REMOTE_CLIENT_ID=… REMOTE_CLIENT_SECRET_FILE=~/.remote/secret
    remote-auth token --flow client-credentials --env sandbox
";

const DEMO_EXAMPLES: &str = "  remote-auth demo
  remote-auth demo --json | jq '.refusals[] | {name, code}'
";

const TOKEN_EXAMPLES: &str = "  remote-auth token --flow client-credentials --env sandbox
  remote-auth token --flow refresh --env production --json
  remote-auth token --flow assertion --gateway http://127.0.0.1:4000 \\
      --subject urn:remote-api:employee:employment:<id> --scope timeoff:read
";

const LOGIN_EXAMPLES: &str = "  remote-auth login --env sandbox --json
  remote-auth login --gateway http://127.0.0.1:4000 --no-browser
";

const SERVE_EXAMPLES: &str = "  remote-auth sandbox serve --port 4000
";

fn example(lines: &str) -> String {
    format!("Examples:\n{}", lines.trim_end())
}

fn variables(shown: &[&env::Variable]) -> String {
    if shown.is_empty() {
        return String::new();
    }
    let mut text = String::from("Environment:\n");
    for variable in shown {
        let line = format!("  {:<21} {}\n", variable.name, variable.about);
        text.push_str(&line);
    }
    if shown.iter().any(|variable| variable.file.is_some()) {
        text.push_str(
            "  REMOTE_…_FILE         path of a file that holds the value of REMOTE_…; not both\n",
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

#[cfg(test)]
mod tests {
    use super::*;

    fn code(line: &str) -> Result<(), i32> {
        let arguments = line.split(' ').filter(|word| !word.is_empty());
        read(["remote-auth"].into_iter().chain(arguments).map(Into::into))
            .map(drop)
            .map_err(|answer| answer.exit_code())
    }

    #[test]
    fn the_command_line_holds_together() {
        command().debug_assert();
    }

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
            ("sandbox serve --port 65536", Err(2)),
            ("sandbox serve --auto-approve", Ok(())),
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
    fn no_line_of_any_help_is_wider_than_the_page() {
        for command in [&mut command()].into_iter().flat_map(|root| {
            let pages = root.get_subcommands().cloned();
            pages.chain([root.clone()]).collect::<Vec<_>>()
        }) {
            let help = command.clone().render_long_help().to_string();
            for line in help.lines() {
                assert!(line.chars().count() <= COLUMNS, "{line}");
            }
        }
    }
}
