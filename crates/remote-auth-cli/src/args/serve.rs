//! What `sandbox serve` takes.

use std::path::PathBuf;
use std::time::Duration;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use remote_auth_sandbox::{RefreshTokens, Rule};

use super::ProviderName;

#[derive(Debug, clap::Args)]
pub(crate) struct ServeArgs {
    /// Whose authorization server to play.
    #[arg(long, value_enum, default_value_t = ProviderName::Remote, value_name = "NAME")]
    pub(crate) provider: ProviderName,

    /// The port of the gateway that stands for Remote's Sandbox, or of the other provider; 0 takes any free port.
    #[arg(long, default_value_t = 0)]
    pub(crate) port: u16,

    /// Answer authorization requests with a code at once, without the consent page. For Remote only.
    #[arg(long)]
    pub(crate) auto_approve: bool,

    /// The port of the admin API, by which faults are scripted and the ledger is read; 0 takes any free port.
    #[arg(long, default_value_t = 0, value_name = "PORT")]
    pub(crate) admin_port: u16,

    /// Begin with the people, companies and clients of this TOML file; `remote-auth sandbox fixture` prints one to
    /// begin with. For Remote only.
    #[arg(long, value_name = "FILE")]
    pub(crate) fixture: Option<PathBuf>,

    /// Keep what happens in this file, and go on from it if it exists; a fixture is then passed over. For Remote only.
    ///
    /// It holds digests of codes and tokens, and as text the secrets of clients, companies and webhooks: keep it to
    /// yourself, as the program does (mode 0600). It is written about a second after a change and at the end, whole or
    /// not at all.
    #[arg(long, value_name = "FILE")]
    pub(crate) state: Option<PathBuf>,

    /// What becomes of a refresh token that is used: constant, as Remote's are; rotating, where a replay of the old one
    /// revokes its grant; rotating=SECONDS, where the old one works on for that long; or expiring=SECONDS. For Remote
    /// only.
    #[arg(long, default_value = "constant", value_name = "LIFE", value_parser = refresh_tokens)]
    pub(crate) refresh_tokens: RefreshTokens,

    /// Refuse authorization requests without a PKCE code challenge. For Remote only.
    #[arg(long)]
    pub(crate) require_pkce: bool,

    /// Break one rule on purpose; can be given again.
    ///
    /// The sandbox then does something else instead, which it says when it starts. It is for a judge of servers, to
    /// see whether it notices. A name that is no rule's is answered with the names of all rules.
    #[arg(
        long,
        value_name = "RULE_ID",
        value_parser = rule_ids(),
        hide_possible_values = true,
        help_heading = "Danger"
    )]
    pub(crate) danger_broken: Vec<Rule>,
}

impl ServeArgs {
    /// Names a flag that says something about Remote's server alone, if one is given.
    pub(crate) fn for_remote_only(&self) -> Option<&'static str> {
        [
            (self.auto_approve, "--auto-approve"),
            (
                self.refresh_tokens != RefreshTokens::Constant,
                "--refresh-tokens",
            ),
            (self.require_pkce, "--require-pkce"),
            (self.fixture.is_some(), "--fixture"),
            (self.state.is_some(), "--state"),
        ]
        .into_iter()
        .find_map(|(given, flag)| given.then_some(flag))
    }
}

/// Reads the life of refresh tokens.
fn refresh_tokens(text: &str) -> Result<RefreshTokens, &'static str> {
    let (life, seconds) = match text.split_once('=') {
        None => (text, None),
        Some((life, seconds)) => {
            let seconds = seconds.parse().map_err(|_| "seconds are a whole number")?;
            (life, Some(Duration::from_secs(seconds)))
        }
    };
    match (life, seconds) {
        ("constant", None) => Ok(RefreshTokens::Constant),
        ("rotating", None) => Ok(RefreshTokens::Rotating),
        ("rotating", Some(grace)) => Ok(RefreshTokens::RotatingWithGrace(grace)),
        ("expiring", Some(life)) => Ok(RefreshTokens::Expiring(life)),
        _ => Err("one of constant, rotating, rotating=SECONDS and expiring=SECONDS"),
    }
}

/// Reads the id of a rule of the embedded sandbox.
fn rule_ids() -> impl TypedValueParser<Value = Rule> {
    let ids = PossibleValuesParser::new(Rule::ALL.iter().map(|rule| rule.id()));
    ids.map(|id| Rule::from_id(&id).expect("only the ids of rules are possible"))
}
