//! The server answered outside the contract.

use std::fmt;

use super::verdict::table;
use super::{Action, Step};

/// Holds an answer that no rule of the contract allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deviated {
    pub(crate) step: Step,
    pub(crate) status: Option<u16>,
    pub(crate) deviation: Deviation,
}

/// Names the rule that an answer breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Deviation {
    /// The status is none that the description names, a redirect among them. Redirects are never followed.
    Status,
    /// The body calls itself something else than JSON: usually a page of a proxy or a firewall.
    NotJson,
    /// The body is not the JSON that the description names.
    Malformed,
    /// The body is larger than 1 MiB.
    TooLarge,
    /// There is no access token, or an empty one.
    NoAccessToken,
    /// The access token has characters outside printable ASCII.
    AccessTokenSyntax,
    /// The token is of another type than `Bearer`, in any case of letters, or of none.
    TokenType,
    /// The callback carries neither a usable code nor an error.
    NoCode,
}

impl Deviated {
    /// Returns the step at which it happened.
    pub fn step(&self) -> Step {
        self.step
    }

    /// Returns the HTTP status; none in a callback.
    pub fn status(&self) -> Option<u16> {
        self.status
    }

    /// Returns the rule that was broken.
    pub fn deviation(&self) -> Deviation {
        self.deviation
    }

    pub(super) fn code(&self) -> &'static str {
        match self.deviation {
            Deviation::Status => "deviated.status",
            Deviation::NotJson => "deviated.not_json",
            Deviation::Malformed => "deviated.malformed",
            Deviation::TooLarge => "deviated.too_large",
            Deviation::NoAccessToken => "deviated.no_access_token",
            Deviation::AccessTokenSyntax => "deviated.access_token_syntax",
            Deviation::TokenType => "deviated.token_type",
            Deviation::NoCode => "deviated.no_code",
        }
    }

    pub(super) fn action(&self) -> Action {
        table::after_deviation(self.deviation)
    }

    pub(super) fn hints(&self) -> &'static [&'static str] {
        match self.deviation {
            Deviation::Status => {
                &["check that the gateway's address is the API's and not a web site's"]
            }
            Deviation::NotJson => {
                &["a proxy or firewall may stand in between: look at the address in a browser"]
            }
            _ => &["report this to whoever runs the authorization server"],
        }
    }
}

impl fmt::Display for Deviated {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match self.deviation {
            Deviation::Status => "the status is not one of the contract",
            Deviation::NotJson => "the answer is not JSON",
            Deviation::Malformed => "the answer is malformed",
            Deviation::TooLarge => "the answer is larger than 1 MiB",
            Deviation::NoAccessToken => "the answer has no access token",
            Deviation::AccessTokenSyntax => "the access token has characters that are not allowed",
            Deviation::TokenType => "the token is not of type Bearer",
            Deviation::NoCode => "the callback has no usable code",
        };
        write!(f, "{}: {what}", self.step.verb())?;
        match self.status {
            Some(status) => write!(f, " (status {status})"),
            None => Ok(()),
        }
    }
}
