//! What went wrong, told by who must act.
//!
//! | variant | means | who acts |
//! |---|---|---|
//! | [`Error::Misuse`] | the program asked for something the rules forbid | the programmer |
//! | [`Error::Refused`] | the authorization server said no | the operator or the resource owner |
//! | [`Error::Mismatched`] | a callback or a delivery is not what it claims to be | nobody: treat it as an attack |
//! | [`Error::Deviated`] | the server answered outside the contract | whoever runs or fronts the server |
//! | [`Error::Unreachable`] | no usable answer came | time |
//! | [`Error::Environment`] | a token and a gateway do not belong together | the operator |
//!
//! Each error has a stable [code](Error::code), an [action](Error::action) that has to happen before the same call can
//! work, and [hints](Error::hints). [Who must act](Action::actor), the [retry verdict](Error::retry) and the exit codes
//! of the command line follow from the action, and code and action are labels for metrics: few, stable, and free of
//! anything that came from outside.
//!
//! `ERRORS.md` beside this crate's manifest lists every error with its text, action and hints; it is made from here.
//!
//! None holds a body, a header value, a query string or a parser's text, at any depth.
//! Texts are fragments that fit after "failed to".

mod action;
mod code;
mod deviated;
mod misuse;
#[cfg(test)]
mod reference_tests;
mod refused;
mod unreachable;
pub(crate) mod verdict;

use std::fmt;
use std::time::Duration;

pub use action::{Action, Actor};
pub use code::ErrorCode;
pub use deviated::{Deviated, Deviation};
pub use misuse::Misuse;
pub use refused::{Refused, Step};
pub use unreachable::{NoAnswer, Unreachable};

/// Says why an operation of this crate failed. Cheap to clone: every waiter for one refresh gets the same.
///
/// ```
/// use remote_auth::{Environment, error::{Error, Retry}};
/// let error = Environment::custom("http://gateway.example").unwrap_err();
/// assert!(matches!(error, Error::Misuse(_)));
/// assert_eq!(error.code(), "misuse.gateway");
/// assert_eq!(error.retry(), Retry::Never);
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Error {
    /// The program asked for something that the rules forbid. Bytes from outside never cause it.
    Misuse(Misuse),
    /// The authorization server answered with an error of RFC 6749 sections 4.1.2.1 or 5.2, or of Remote's own family.
    Refused(Refused),
    /// The callback is not the answer to this request, or a delivery is not Remote's. Nothing of it was used.
    Mismatched(Mismatched),
    /// The server answered outside the contract.
    Deviated(Deviated),
    /// No usable answer came.
    Unreachable(Unreachable),
    /// A token was about to leave for another gateway than the one that minted it, and did not.
    Environment(WrongEnvironment),
}

/// Says whether the same call can work later without anybody acting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Retry {
    /// It cannot: somebody has to act first.
    Never,
    /// It can, after the time that the server asked for, where it did.
    Later(Option<Duration>),
}

impl Error {
    /// Returns the stable code, such as `refused.invalid_grant`, for logs, tests and programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Misuse(misuse) => misuse.code(),
            Self::Refused(refused) => refused.error_code().stable(),
            Self::Mismatched(mismatched) => mismatched.code(),
            Self::Deviated(deviated) => deviated.code(),
            Self::Unreachable(unreachable) => unreachable.code(),
            Self::Environment(wrong) => wrong.code(),
        }
    }

    /// Returns what has to happen before the same call can work.
    ///
    /// For an answer it is the verdict table's last column.
    pub fn action(&self) -> Action {
        match self {
            Self::Misuse(_) => Action::FixProgram,
            Self::Refused(refused) => refused.action(),
            Self::Mismatched(_) => Action::Discard,
            Self::Deviated(deviated) => deviated.action(),
            Self::Unreachable(unreachable) => unreachable.action(),
            Self::Environment(_) => Action::MatchEnvironment,
        }
    }

    /// Returns whether the same call can work later without anybody acting.
    pub fn retry(&self) -> Retry {
        let asked = match self {
            Self::Unreachable(unreachable) => unreachable.retry_after(),
            _ => None,
        };
        if self.action().is_waiting() {
            Retry::Later(asked)
        } else {
            Retry::Never
        }
    }

    /// Returns what to look at next, likeliest first.
    ///
    /// Where one answer has several causes all are listed: a hint is not a diagnosis.
    pub fn hints(&self) -> &'static [&'static str] {
        match self {
            Self::Misuse(misuse) => misuse.hints(),
            Self::Refused(refused) => refused.hints(),
            Self::Mismatched(mismatched) => mismatched.hints(),
            Self::Deviated(deviated) => deviated.hints(),
            Self::Unreachable(unreachable) => unreachable.hints(),
            Self::Environment(wrong) => wrong.hints(),
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Misuse(misuse) => misuse.fmt(f),
            Self::Refused(refused) => refused.fmt(f),
            Self::Mismatched(mismatched) => mismatched.fmt(f),
            Self::Deviated(deviated) => deviated.fmt(f),
            Self::Unreachable(unreachable) => unreachable.fmt(f),
            Self::Environment(wrong) => wrong.fmt(f),
        }
    }
}

impl std::error::Error for Error {}

macro_rules! variants {
    ($($kind:ident => $variant:ident),* $(,)?) => {
        $(impl From<$kind> for Error {
            fn from(kind: $kind) -> Self {
                Self::$variant(kind)
            }
        })*
    };
}

variants! {
    Misuse => Misuse,
    Refused => Refused,
    Mismatched => Mismatched,
    Deviated => Deviated,
    Unreachable => Unreachable,
    WrongEnvironment => Environment,
}

/// Names what in a callback or a webhook's delivery does not match what it claims to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Mismatched {
    /// It came to another address than the redirection URI.
    RedirectUri,
    /// `state` is missing or another.
    State,
    /// `iss` is missing where it is required, or another.
    Issuer,
    /// A parameter that may stand once stands twice.
    Duplicate,
    /// The request that it answers is too old.
    Expired,
    /// A sealed authorization was changed, or is of another key or session, or is none.
    Sealed,
    /// A sealed authorization was opened before.
    Used,
    /// The delivery's signature is not of this key, body and timestamp.
    WebhookSignature,
    /// The delivery's timestamp is too far from now, or is none.
    WebhookTimestamp,
    /// The delivery is signed and is no event.
    WebhookBody,
}

impl Mismatched {
    fn code(self) -> &'static str {
        match self {
            Self::RedirectUri => "mismatched.redirect_uri",
            Self::State => "mismatched.state",
            Self::Issuer => "mismatched.issuer",
            Self::Duplicate => "mismatched.duplicate",
            Self::Expired => "mismatched.expired",
            Self::Sealed => "mismatched.sealed",
            Self::Used => "mismatched.used",
            Self::WebhookSignature => "mismatched.webhook_signature",
            Self::WebhookTimestamp => "mismatched.webhook_timestamp",
            Self::WebhookBody => "mismatched.webhook_body",
        }
    }

    fn hints(self) -> &'static [&'static str] {
        match self {
            Self::Sealed => &[
                "start the authorization again from the beginning",
                "every process needs the same sealing keys, and the session that was there at the beginning",
                "if it happens again, somebody is sending callbacks that you did not ask for",
            ],
            Self::WebhookSignature => &[
                "verify the raw body, byte for byte, before anything parses it",
                "the signing key is shown once, when the webhook is created",
            ],
            Self::WebhookTimestamp => &[
                "check this machine's clock",
                "a delivery that is kept and replayed is refused",
            ],
            Self::WebhookBody => &["look at Remote's description of the event"],
            _ => &[
                "start the authorization again from the beginning",
                "if it happens again, somebody is sending callbacks that you did not ask for",
            ],
        }
    }
}

impl fmt::Display for Mismatched {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::RedirectUri => {
                "accept the callback: it came to another address than the redirection URI"
            }
            Self::State => "accept the callback: its state is not the one that was sent",
            Self::Issuer => "accept the callback: its issuer is not this authorization server",
            Self::Duplicate => "accept the callback: a parameter stands twice",
            Self::Expired => "accept the callback: the request that it answers has expired",
            Self::Sealed => {
                "open the sealed authorization: it was changed, or is of another key or session"
            }
            Self::Used => "open the sealed authorization: it was opened before",
            Self::WebhookSignature => {
                "accept the delivery: its signature is not of this key, body and timestamp"
            }
            Self::WebhookTimestamp => "accept the delivery: its timestamp is not fresh",
            Self::WebhookBody => "accept the delivery: it is no event",
        })
    }
}

/// Names how a token and a gateway fail to belong together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum WrongEnvironment {
    /// The request goes to another origin than the gateway that minted the token.
    Origin,
    /// The customer API token's prefix is of the other class: `ra_live_` for production, `ra_test_` for sandboxes.
    Prefix,
    /// A code, a grant or a sealed authorization of another environment or client was handed to this client.
    Grant,
}

impl WrongEnvironment {
    fn code(self) -> &'static str {
        match self {
            Self::Origin => "environment.origin",
            Self::Prefix => "environment.prefix",
            Self::Grant => "environment.grant",
        }
    }

    fn hints(self) -> &'static [&'static str] {
        match self {
            Self::Origin => &["send the request to the gateway that minted the token"],
            Self::Prefix => {
                &["use ra_live_ tokens with production and ra_test_ tokens with the sandboxes"]
            }
            Self::Grant => {
                &["use the client and the environment that the authorization was started with"]
            }
        }
    }
}

impl fmt::Display for WrongEnvironment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Origin => {
                "attach the token: the request goes to another origin than the token's gateway"
            }
            Self::Prefix => {
                "use the customer API token: its prefix belongs to the other class of environment"
            }
            Self::Grant => "use the grant: it belongs to another environment or client",
        })
    }
}
