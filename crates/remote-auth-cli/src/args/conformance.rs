//! What `remote-auth conformance` asks for.

use std::path::PathBuf;

use clap::{Subcommand, ValueEnum};
use remote_auth_conformance::judge::Level;
use remote_auth_conformance::judge::server::Promise;

/// The heading of the flags that choose checks.
const CHOICE: &str = "Which checks";

/// The heading of the flags that name reports.
const REPORTS: &str = "Reports";

/// The heading of the flags that say what the judge may use.
const GRANTS: &str = "What the judge may use";

#[derive(Debug, Subcommand)]
pub(crate) enum ConformanceCommand {
    /// List the checks: identifier, level, what a server or a client does that passes, and where that is demanded.
    ///
    /// Prints one check on each line, parted by tabs. Nothing is sent.
    List(ConformanceListArgs),

    /// Judge a server or a client, check by check.
    ///
    /// Without --target the embedded sandbox is judged, inside this process and with its clock moved by hand. Each
    /// finding goes to standard error as soon as it is there; the totals and what did not pass go to standard output.
    /// The reports show what was sent and what came back, with secrets masked.
    ///
    /// Against a server on another machine only what any program does on any day is sent, one request at a time and
    /// never beyond a rate limit, and only with --i-own-this-account. What needs more is skipped, with the reason.
    ///
    /// With --client a client is judged: the suite plays the server and drives the command by lines of JSON.
    ///
    /// Exits with 0 if every check that was asked is met, with 16 if one is not, and with 17 if one could not be asked
    /// or none was.
    Run(Box<ConformanceRunArgs>),

    /// Be the client that the conformance suite judges: this program's own library.
    ///
    /// Reads one step on each line of standard input and answers it with one line on standard output, as the
    /// documentation of remote_auth_conformance::judge::client has it.
    Shim,
}

impl ConformanceCommand {
    /// Tells whether errors are to be JSON.
    pub(super) fn json(&self) -> bool {
        match self {
            Self::List(args) => args.json,
            Self::Run(args) => args.json_to_stdout(),
            Self::Shim => false,
        }
    }
}

/// Which checks: those that fit every flag that is given.
#[derive(Debug, clap::Args)]
pub(crate) struct Choice {
    /// Only checks of this identifier, or that come from the requirement of this identifier; the beginning of either up
    /// to a dot will do. May be given again.
    #[arg(long, value_name = "ID", help_heading = CHOICE)]
    pub(crate) id: Vec<String>,

    /// Only checks that come from a demand of this level; may be given again.
    #[arg(long, value_enum, value_name = "LEVEL", help_heading = CHOICE)]
    pub(crate) level: Vec<LevelName>,

    /// Only checks that come from this document, such as remote or rfc6749; may be given again.
    #[arg(long, value_name = "NAME", help_heading = CHOICE)]
    pub(crate) document: Vec<String>,
}

#[derive(Debug, clap::Args)]
pub(crate) struct ConformanceListArgs {
    #[command(flatten)]
    pub(crate) choice: Choice,

    /// Print the checks as JSON, with their requirements.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct ConformanceRunArgs {
    /// The base address of the server; http for loopback only. The embedded sandbox, if it is left out.
    #[arg(long, value_name = "URL")]
    pub(crate) target: Option<String>,

    /// A command that is a client to be judged, as one text; double quotes hold a word of it together. The command
    /// `conformance shim` is such a client.
    #[arg(long, value_name = "COMMAND", conflicts_with = "target")]
    pub(crate) client: Option<String>,

    /// Confirm that the account on another machine is yours to be judged.
    #[arg(long, requires = "target")]
    pub(crate) i_own_this_account: bool,

    #[command(flatten)]
    pub(crate) grants: Grants,

    #[command(flatten)]
    pub(crate) choice: Choice,

    /// Write a JUnit report to this file.
    #[arg(long, value_name = "FILE", help_heading = REPORTS)]
    pub(crate) junit: Option<PathBuf>,

    /// Write the findings as JSON to this file; - for standard output, in place of the totals.
    #[arg(long, value_name = "FILE", help_heading = REPORTS)]
    pub(crate) json: Option<PathBuf>,

    /// Write a page for people to this file. It stands alone and loads nothing.
    #[arg(long, value_name = "FILE", help_heading = REPORTS)]
    pub(crate) html: Option<PathBuf>,
}

impl ConformanceRunArgs {
    /// Tells whether JSON goes to standard output.
    pub(crate) fn json_to_stdout(&self) -> bool {
        self.json
            .as_deref()
            .is_some_and(|path| path.as_os_str() == "-")
    }
}

/// What a server needs to be told apart from its address. The credentials come from variables.
#[derive(Debug, clap::Args)]
pub(crate) struct Grants {
    /// The address of the token endpoint, where it is not the documented one.
    #[arg(long, value_name = "URL", requires = "target", help_heading = GRANTS)]
    pub(crate) token_endpoint: Option<String>,

    /// The address of the authorization endpoint, where it is not the documented one.
    #[arg(long, value_name = "URL", requires = "target", help_heading = GRANTS)]
    pub(crate) authorization_endpoint: Option<String>,

    /// A gateway of another environment that knows the same client, and whose tokens must be refused.
    #[arg(long, value_name = "URL", requires = "target", help_heading = GRANTS)]
    pub(crate) other_gateway: Option<String>,

    /// A redirection URI that is registered for the client. Nothing is ever sent there.
    #[arg(long, value_name = "URI", requires = "target", help_heading = GRANTS)]
    pub(crate) redirect_uri: Option<String>,

    /// A manager for assertions, urn:remote-api:company-manager:user:<id>.
    #[arg(long, value_name = "URN", requires = "target", help_heading = GRANTS)]
    pub(crate) manager: Option<String>,

    /// An employee for assertions, urn:remote-api:employee:employment:<id>.
    #[arg(long, value_name = "URN", requires = "target", help_heading = GRANTS)]
    pub(crate) employee: Option<String>,

    /// What the server says of itself beyond what Remote documents, and is then held to; may be given again.
    #[arg(long, value_name = "PROMISE", conflicts_with = "client", help_heading = GRANTS)]
    pub(crate) promises: Vec<PromiseName>,
}

/// What a server may say of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum PromiseName {
    /// No authorization request is taken without PKCE.
    Pkce,
    /// Every refresh gives a new refresh token in place of the one that was sent.
    Rotation,
}

impl From<PromiseName> for Promise {
    fn from(name: PromiseName) -> Self {
        match name {
            PromiseName::Pkce => Self::Pkce,
            PromiseName::Rotation => Self::Rotation,
        }
    }
}

/// A level of demands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum LevelName {
    /// MUST, in an RFC.
    Must,
    /// MUST NOT, in an RFC.
    MustNot,
    /// SHOULD, in an RFC.
    Should,
    /// SHOULD NOT, in an RFC.
    ShouldNot,
    /// MAY, in an RFC.
    May,
    /// Stated by a provider's document.
    Documented,
    /// Seen in what a provider's own tools do.
    Observed,
}

impl From<LevelName> for Level {
    fn from(name: LevelName) -> Self {
        match name {
            LevelName::Must => Self::Must,
            LevelName::MustNot => Self::MustNot,
            LevelName::Should => Self::Should,
            LevelName::ShouldNot => Self::ShouldNot,
            LevelName::May => Self::May,
            LevelName::Documented => Self::Documented,
            LevelName::Observed => Self::Observed,
        }
    }
}
