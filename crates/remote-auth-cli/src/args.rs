//! The command line: commands, flags, and a help that needs no other page.
//!
//! What several commands share is in [`shared`], what a sandbox is served with in [`serve`], and what
//! stands below the flags in [`help`].
//! No flag takes a secret: a command line is seen by every user of a machine and kept by shells.

mod conformance;
mod help;
mod serve;
mod shared;
#[cfg(test)]
mod tests;

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{ArgAction, CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum};
use remote_auth::ConsentScope;

use crate::exit::Exit;

pub(crate) use conformance::{Choice, ConformanceCommand, ConformanceListArgs, ConformanceRunArgs};
pub(crate) use serve::ServeArgs;
pub(crate) use shared::{Api, Asserted, Flow, Patience, Place, ProviderName, Role};

/// The widest line of a help page.
const COLUMNS: usize = 100;

/// The heading of the flags that every command has.
const GLOBAL: &str = "Flags of every command";

/// Get access to Remote's API, and see how that works.
///
/// Tokens, links, JSON and shell lines go to standard output; what is said about them goes to standard error.
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

    /// Tell whose token it is, and whether it may do what is planned.
    ///
    /// Gets a token, asks the API whom it stands for, and prints that. With --plan it compares the granted scope with
    /// what Remote publishes for each operation, and exits with 7 if a scope is missing. What an assertion asked for
    /// counts as granted, unless the server says otherwise. Where nobody says what was granted, or Remote publishes no
    /// scopes for an operation, the answer is unknown, which is no failure.
    Whoami(WhoamiArgs),

    /// List and create companies, as a partner.
    Companies {
        #[command(subcommand)]
        command: CompaniesCommand,
    },

    /// Make links that sign people in.
    MagicLink {
        #[command(subcommand)]
        command: MagicLinkCommand,
    },

    /// Judge what Remote delivers.
    Webhook {
        #[command(subcommand)]
        command: WebhookCommand,
    },

    /// Find the least scope, explain a 403, or see what there is. Nothing is sent.
    Scopes {
        #[command(subcommand)]
        command: ScopesCommand,
    },

    /// Judge a server or a client by what the documents demand.
    Conformance {
        #[command(subcommand)]
        command: ConformanceCommand,
    },

    /// Run an embedded sandbox: an authorization server for trying things out.
    Sandbox {
        #[command(subcommand)]
        command: SandboxCommand,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum CompaniesCommand {
    /// List the companies that the partner may act for, as far as Remote lists them on one page.
    ///
    /// Prints identifier, status and name, parted by tabs, one company on each line.
    List(CompaniesListArgs),

    /// Create a company, and take its consent along.
    ///
    /// Prints the company's identifier and a line feed on standard output; its tokens are in the answer of --json and
    /// nowhere else.
    /// Remote must have entitled the integration to tokens on creation.
    Create(CompaniesCreateArgs),

    /// Create further tokens for a company that the partner manages.
    ///
    /// Prints the access token and a line feed on standard output. The refresh token, which is to be kept, is in the
    /// answer of --json.
    CreateToken(CompaniesCreateTokenArgs),
}

#[derive(Debug, Subcommand)]
pub(crate) enum MagicLinkCommand {
    /// Make a link that signs one person in.
    ///
    /// Prints the link and a line feed on standard output, and nothing else. Whoever opens it is signed in: treat it
    /// as a secret. Needs the token of a company that consented; Remote declares no other for this operation.
    Create(MagicLinkCreateArgs),
}

#[derive(Debug, Subcommand)]
pub(crate) enum WebhookCommand {
    /// Tell whether a delivery is Remote's and fresh, and what it says about access.
    ///
    /// Prints the event, the company and whether the company's access has ended. Exits with 15 if the delivery is not
    /// to be believed. Nothing is sent, and nothing is kept: a delivery that is repeated within five minutes passes
    /// again.
    Verify(WebhookVerifyArgs),
}

#[derive(Debug, Subcommand)]
pub(crate) enum ScopesCommand {
    /// Find the scope that lets operations through and grants as little else as possible.
    ///
    /// Prints the scope and a line feed on standard output. Operations that Remote publishes no scopes for are named
    /// on standard error. Exits with 7 if no scope opens one of the operations to the token.
    Plan(ScopesPlanArgs),

    /// Explain why an operation is answered with 403, and which scope to add.
    ///
    /// Prints the cause as far as Remote's published map knows it, the scope that opens the least, and all that would
    /// be enough, the least first. Exits with 7 if no scope opens the operation to the token, or none of the style.
    Explain(ScopesExplainArgs),

    /// List the scopes that Remote publishes, one on each line.
    List(ScopesListArgs),
}

#[derive(Debug, Subcommand)]
pub(crate) enum SandboxCommand {
    /// Serve until interrupted (Ctrl-C or SIGTERM).
    ///
    /// Listens on loopback only, keeps everything in memory, and is not for production. Prints its addresses as
    /// comments and its demo credentials as lines for a POSIX shell, all on standard output.
    ///
    /// The admin API scripts faults (POST, GET, DELETE /faults), moves the time (POST /clock/advance), forgets what
    /// happened (POST /reset), lists every request as it was received, masked, with the rule that decided it (GET
    /// /ledger) and, for Remote only, rotates the client secret (POST /client-secret/rotate). It wants the printed key
    /// as `x-sandbox-key`.
    ///
    /// For Remote only, the live page shows requests, grants and tokens in a browser, and scripts the common faults; its
    /// printed address is a key too.
    Serve(ServeArgs),

    /// Print the built-in fixture, to change it and serve it with --fixture.
    Fixture,
}

#[derive(Debug, clap::Args)]
pub(crate) struct DemoArgs {
    /// Print one JSON document in place of the table.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct TokenArgs {
    /// How to get it.
    #[arg(long, value_enum)]
    pub(crate) flow: Flow,

    /// Who runs the server.
    #[arg(long, value_enum, default_value_t = ProviderName::Remote, value_name = "NAME")]
    pub(crate) provider: ProviderName,

    #[command(flatten)]
    pub(crate) place: Place,

    #[command(flatten)]
    pub(crate) asserted: Asserted,

    #[command(flatten)]
    pub(crate) patience: Patience,

    /// Print the whole answer as JSON, and errors as JSON too.
    #[arg(long)]
    pub(crate) json: bool,
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

/// Whose token: one that a flow gives, or the customer's own.
#[derive(Debug, clap::Args)]
#[group(required = true, multiple = false)]
pub(crate) struct Whose {
    /// How to get the token.
    #[arg(long, value_enum)]
    pub(crate) flow: Option<Flow>,

    /// Use the customer API token in REMOTE_API_TOKEN as it is.
    #[arg(long)]
    pub(crate) customer: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct WhoamiArgs {
    #[command(flatten)]
    pub(crate) whose: Whose,

    #[command(flatten)]
    pub(crate) asserted: Asserted,

    /// An operation that is planned, such as "GET /v1/timeoff", as published; may be given again.
    #[arg(long, value_name = "OPERATION")]
    pub(crate) plan: Vec<String>,

    #[command(flatten)]
    pub(crate) api: Api,

    /// Print the answer as JSON, and errors as JSON too.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct CompaniesListArgs {
    #[command(flatten)]
    pub(crate) api: Api,

    /// Print the companies as JSON, and errors as JSON too.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, clap::Args)]
#[command(override_usage = "\
remote-auth companies create [OPTIONS] --name <NAME> --country <CODE> --currency <CODE>
         --owner-name <NAME> --owner-email <ADDRESS> --terms-accepted-at <TIME>
         <--env <NAME>|--gateway <URL>>")]
pub(crate) struct CompaniesCreateArgs {
    /// The company's name.
    #[arg(long)]
    pub(crate) name: String,

    /// Its country in three letters (ISO 3166-1), such as PRT.
    #[arg(long, value_name = "CODE")]
    pub(crate) country: String,

    /// The currency of its invoices in three letters (ISO 4217), such as EUR.
    #[arg(long, value_name = "CODE")]
    pub(crate) currency: String,

    /// The owner's name. The tokens act in the owner's name.
    #[arg(long, value_name = "NAME")]
    pub(crate) owner_name: String,

    /// The owner's email address.
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) owner_email: String,

    /// When the owner accepted Remote's terms of service, such as 2026-05-22T10:00:00Z, or now. Remote refuses a time
    /// that is more than fifteen minutes ago.
    #[arg(long, value_name = "TIME")]
    pub(crate) terms_accepted_at: String,

    /// The identifier by which you know the company.
    #[arg(long, value_name = "ID")]
    pub(crate) external_id: Option<String>,

    /// What the tokens may do; what Remote gives, if it is left out.
    #[arg(long)]
    pub(crate) scope: Option<String>,

    /// Let Remote send the owner an email to choose a password.
    #[arg(long)]
    pub(crate) password_email: bool,

    #[command(flatten)]
    pub(crate) api: Api,

    /// Print company and tokens as JSON, refresh token included, and errors as JSON too.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct CompaniesCreateTokenArgs {
    /// The company's identifier, as `companies list` has it.
    #[arg(long, value_name = "ID")]
    pub(crate) company: String,

    /// What the tokens may do; what Remote gives, if it is left out.
    #[arg(long)]
    pub(crate) scope: Option<String>,

    #[command(flatten)]
    pub(crate) api: Api,

    /// Print the whole answer as JSON, refresh token included, and errors as JSON too.
    #[arg(long)]
    pub(crate) json: bool,
}

/// Whom a link signs in: exactly one of the two.
#[derive(Debug, clap::Args)]
#[group(required = true, multiple = false)]
pub(crate) struct Person {
    /// A user of the company.
    #[arg(long, value_name = "ID")]
    pub(crate) user: Option<String>,

    /// An employee, by employment, who must have been invited.
    #[arg(long, value_name = "ID")]
    pub(crate) employment: Option<String>,
}

#[derive(Debug, clap::Args)]
#[command(override_usage = "\
remote-auth magic-link create [OPTIONS] <--user <ID>|--employment <ID>>
         <--env <NAME>|--gateway <URL>>")]
pub(crate) struct MagicLinkCreateArgs {
    #[command(flatten)]
    pub(crate) person: Person,

    /// Where the person lands; /dashboard, if it is left out.
    #[arg(long)]
    pub(crate) path: Option<String>,

    /// How to get the token of the company.
    #[arg(long, value_enum, default_value_t = CompanyFlow::Refresh)]
    pub(crate) flow: CompanyFlow,

    /// For assertions: the manager whom the token stands for, urn:remote-api:company-manager:user:<id>.
    #[arg(long, value_name = "URN", required_if_eq("flow", "assertion"))]
    pub(crate) subject: Option<String>,

    #[command(flatten)]
    pub(crate) api: Api,

    /// Print the link as JSON, and errors as JSON too.
    #[arg(long)]
    pub(crate) json: bool,
}

/// How to get a token that acts for a company.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum CompanyFlow {
    /// By the refresh token of its consent.
    Refresh,
    /// By an assertion about one of its managers, with the scope magic_link:write. Remote declares magic links for
    /// consents only, so expect a refusal.
    Assertion,
}

#[derive(Debug, clap::Args)]
pub(crate) struct WebhookVerifyArgs {
    /// The file that holds the body, byte for byte as it came; - for standard input. At most 1 MiB.
    #[arg(long, value_name = "FILE")]
    pub(crate) body: PathBuf,

    /// The value of the header X-Remote-Signature. It is no secret.
    #[arg(long, value_name = "HEX")]
    pub(crate) signature: String,

    /// The value of the header X-Remote-Timestamp. It must be within five minutes of now.
    #[arg(long, value_name = "MS")]
    pub(crate) timestamp: String,

    /// Print the event as JSON, and errors as JSON too.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct ScopesPlanArgs {
    /// The operations, each as one word of the shell, such as "GET /v1/timeoff", as published.
    #[arg(required = true, value_name = "OPERATION")]
    pub(crate) operations: Vec<String>,

    /// Whom the token is to stand for, which decides what can be asked for.
    #[arg(long = "as", value_enum, value_name = "ROLE")]
    pub(crate) role: Role,

    /// Print the plan as JSON, and errors as JSON too.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct ScopesExplainArgs {
    /// The operation, as one word of the shell, such as "GET /v1/timeoff", as published or as sent.
    pub(crate) operation: String,

    /// Whom the token stands for.
    #[arg(long = "as", value_enum, value_name = "ROLE")]
    pub(crate) role: Role,

    /// The scope that the token has, as one word of the shell, if you know it.
    #[arg(long, value_name = "SCOPE")]
    pub(crate) have: Option<String>,

    /// Only scopes of this style.
    #[arg(long, value_enum)]
    pub(crate) style: Option<Style>,

    /// Print the explanation as JSON, and errors as JSON too.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct ScopesListArgs {
    /// Only those of this style.
    #[arg(long, value_enum)]
    pub(crate) style: Option<Style>,

    /// Print the scopes as JSON, with what each covers and who can ask for it.
    #[arg(long)]
    pub(crate) json: bool,
}

/// A style of scopes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Style {
    /// An address, for consents.
    Url,
    /// A resource and an action, such as timeoff:read.
    Action,
    /// A category of resources, such as company_admin.
    Category,
    /// all:read and all:write.
    CatchAll,
}

impl Command {
    /// Tells whether errors are to be JSON.
    pub(crate) fn json(&self) -> bool {
        match self {
            Self::Demo(args) => args.json,
            Self::Token(args) => args.json,
            Self::Login(args) => args.json,
            Self::Whoami(args) => args.json,
            Self::Companies { command } => match command {
                CompaniesCommand::List(args) => args.json,
                CompaniesCommand::Create(args) => args.json,
                CompaniesCommand::CreateToken(args) => args.json,
            },
            Self::MagicLink {
                command: MagicLinkCommand::Create(args),
            } => args.json,
            Self::Webhook {
                command: WebhookCommand::Verify(args),
            } => args.json,
            Self::Scopes { command } => match command {
                ScopesCommand::Plan(args) => args.json,
                ScopesCommand::Explain(args) => args.json,
                ScopesCommand::List(args) => args.json,
            },
            Self::Conformance { command } => command.json(),
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
    let matches = help::complete(Args::command()).try_get_matches_from(arguments);
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
