//! The error codes of OAuth 2.0.

use remote_oauth_client::Foreign;

/// Names an error of the authorization server.
///
/// # Spec
///
/// <https://www.rfc-editor.org/rfc/rfc6749#section-5.2>, <https://www.rfc-editor.org/rfc/rfc6749#section-4.1.2.1>
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorCode {
    /// A parameter is missing, unknown, repeated or malformed.
    InvalidRequest,
    /// The client is unknown or did not prove itself.
    InvalidClient,
    /// The code, refresh token or assertion is invalid, expired, revoked or another client's.
    InvalidGrant,
    /// The client may not use this grant.
    UnauthorizedClient,
    /// The server does not know the grant type.
    UnsupportedGrantType,
    /// The scope is unknown, malformed or more than was granted.
    InvalidScope,
    /// The resource owner or the server denied the request.
    AccessDenied,
    /// The server cannot answer in this way.
    UnsupportedResponseType,
    /// The server failed, and says so by redirect because it cannot send a status.
    ServerError,
    /// The server is overloaded, and says so by redirect because it cannot send a status.
    TemporarilyUnavailable,
    /// A word that the RFC does not have.
    Unknown,
    /// No word at all: an answer of Remote's second family, which has a message instead.
    Unnamed,
}

impl ErrorCode {
    const NAMED: [(&'static str, &'static str, Self); 10] = [
        (
            "invalid_request",
            "refused.invalid_request",
            Self::InvalidRequest,
        ),
        (
            "invalid_client",
            "refused.invalid_client",
            Self::InvalidClient,
        ),
        ("invalid_grant", "refused.invalid_grant", Self::InvalidGrant),
        (
            "unauthorized_client",
            "refused.unauthorized_client",
            Self::UnauthorizedClient,
        ),
        (
            "unsupported_grant_type",
            "refused.unsupported_grant_type",
            Self::UnsupportedGrantType,
        ),
        ("invalid_scope", "refused.invalid_scope", Self::InvalidScope),
        ("access_denied", "refused.access_denied", Self::AccessDenied),
        (
            "unsupported_response_type",
            "refused.unsupported_response_type",
            Self::UnsupportedResponseType,
        ),
        ("server_error", "refused.server_error", Self::ServerError),
        (
            "temporarily_unavailable",
            "refused.temporarily_unavailable",
            Self::TemporarilyUnavailable,
        ),
    ];

    /// Reads a word from the wire. Words that the RFC does not have are not kept: they may quote anything.
    pub(crate) fn read(word: &str) -> Self {
        Self::NAMED
            .iter()
            .find(|(known, ..)| *known == word)
            .map_or(Self::Unknown, |(.., code)| *code)
    }

    pub(crate) fn of(member: Option<&Foreign>) -> Self {
        member.map_or(Self::Unnamed, |foreign| {
            foreign.text().map_or(Self::Unknown, Self::read)
        })
    }

    /// Returns the RFC's word, or `unknown`, or `unnamed`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Unnamed => "unnamed",
            named => Self::row(named).0,
        }
    }

    pub(crate) fn stable(self) -> &'static str {
        match self {
            Self::Unknown => "refused.unknown",
            Self::Unnamed => "refused.unnamed",
            named => Self::row(named).1,
        }
    }

    fn row(self) -> &'static (&'static str, &'static str, Self) {
        Self::NAMED
            .iter()
            .find(|(.., code)| *code == self)
            .expect("every other code is in the table")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_of_the_rfc_reads_back() {
        for (word, stable, code) in ErrorCode::NAMED {
            assert_eq!(ErrorCode::read(word), code);
            assert_eq!(code.as_str(), word);
            assert_eq!(stable, format!("refused.{word}"));
        }
    }

    #[test]
    fn a_word_that_the_rfc_does_not_have_is_not_kept() {
        for word in ["canary", "Invalid_Grant", "invalid_grant ", ""] {
            assert_eq!(ErrorCode::read(word), ErrorCode::Unknown, "{word:?}");
        }
        assert_eq!(ErrorCode::of(None), ErrorCode::Unnamed);
    }
}
