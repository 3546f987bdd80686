//! What has to happen before the same call can work, and who must do it.

use std::fmt;

/// Names what has to happen before the same call can work.
///
/// Each row of the verdict table ends in one. Whether to try again, who must act, a label for a metric and the exit
/// code of the command line follow from it, so that they cannot disagree.
///
/// ```
/// use remote_auth::error::{Action, Actor};
/// assert_eq!(Action::AskForConsent.actor(), Actor::ResourceOwner);
/// assert_eq!(Action::AskForConsent.as_str(), "ask_for_consent");
/// assert!(Action::SlowDown.is_waiting() && !Action::AskForConsent.is_waiting());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Action {
    /// Time has to pass.
    Wait,
    /// Time has to pass, because too much was asked.
    SlowDown,
    /// The resource owner has to consent again: the grant is dead.
    AskForConsent,
    /// The authorization has to begin again: it was denied, or did not end as it should.
    Authorize,
    /// Another token is needed: the API does not take this one.
    RenewToken,
    /// Another scope is needed, or another role.
    ChangeScope,
    /// The client's credentials or settings have to change.
    FixClient,
    /// The token or grant has to be used where it belongs.
    MatchEnvironment,
    /// The API understood and declined: something else has to be asked for.
    ChangeRequest,
    /// The request's parameters have to change.
    FixRequest,
    /// The program has to change.
    FixProgram,
    /// The server, or what stands before it, has to change.
    Report,
    /// Nothing: what came is not to be believed.
    Discard,
}

/// Names who must act.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Actor {
    /// Whoever writes the program.
    Programmer,
    /// Whoever runs the program, and keeps its credentials and settings.
    Operator,
    /// Whoever consents.
    ResourceOwner,
    /// Whoever runs the server, or what stands before it.
    ServerOperator,
    /// Nobody: time will do, or there is nothing to be done.
    Nobody,
}

impl Action {
    /// Tells whether the same call can work later without anybody acting.
    pub fn is_waiting(self) -> bool {
        matches!(self, Self::Wait | Self::SlowDown)
    }

    /// Returns who must act.
    pub fn actor(self) -> Actor {
        match self {
            Self::Wait | Self::SlowDown | Self::Discard => Actor::Nobody,
            Self::AskForConsent | Self::Authorize => Actor::ResourceOwner,
            Self::RenewToken | Self::ChangeScope | Self::FixClient | Self::MatchEnvironment => {
                Actor::Operator
            }
            Self::ChangeRequest | Self::FixRequest | Self::FixProgram => Actor::Programmer,
            Self::Report => Actor::ServerOperator,
        }
    }

    /// Returns the stable name, such as `ask_for_consent`, for logs and the labels of metrics.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Wait => "wait",
            Self::SlowDown => "slow_down",
            Self::AskForConsent => "ask_for_consent",
            Self::Authorize => "authorize",
            Self::RenewToken => "renew_token",
            Self::ChangeScope => "change_scope",
            Self::FixClient => "fix_client",
            Self::MatchEnvironment => "match_environment",
            Self::ChangeRequest => "change_request",
            Self::FixRequest => "fix_request",
            Self::FixProgram => "fix_program",
            Self::Report => "report",
            Self::Discard => "discard",
        }
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Actor {
    /// Returns the stable name, such as `resource_owner`, for logs and the labels of metrics.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Programmer => "programmer",
            Self::Operator => "operator",
            Self::ResourceOwner => "resource_owner",
            Self::ServerOperator => "server_operator",
            Self::Nobody => "nobody",
        }
    }
}

impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
