//! The error codes of OAuth 2.0.

use remote_oauth_client::Foreign;

/// Names an error of the authorization server.
///
/// # Spec
///
/// <https://www.rfc-editor.org/rfc/rfc6749#section-5.2>, <https://www.rfc-editor.org/rfc/rfc6749#section-4.1.2.1>,
/// <https://www.rfc-editor.org/rfc/rfc6750#section-3.1>
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
    /// The API does not take the token: it is expired, revoked or malformed.
    InvalidToken,
    /// The API wants a wider scope than the token's.
    InsufficientScope,
    /// A word that the RFC does not have.
    Unknown,
    /// No word, and status 401: the credentials or the token are missing, expired, revoked or of another environment.
    Unauthorized,
    /// No word, and status 403: the scope or the role is missing.
    Forbidden,
    /// No word, and status 404: there is no such thing, or this token does not see it.
    NotFound,
    /// No word, and status 409: it exists already, or its state forbids this.
    Conflict,
    /// No word, and status 422: the request is understood and refused.
    Unprocessable,
    /// No word, and any other status.
    Unnamed,
}

impl ErrorCode {
    const NAMED: [(&'static str, &'static str, Self); 12] = [
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
        ("invalid_token", "refused.invalid_token", Self::InvalidToken),
        (
            "insufficient_scope",
            "refused.insufficient_scope",
            Self::InsufficientScope,
        ),
    ];

    /// Reads a word from the wire. Words that the RFC does not have are not kept: they may quote anything.
    // Requirement: rfc6749.5.2.error-characters
    pub(crate) fn read(word: &str) -> Self {
        Self::NAMED
            .iter()
            .find(|(known, ..)| *known == word)
            .map_or(Self::Unknown, |(.., code)| *code)
    }

    /// Reads an answer's `error` member; without one, the status of Remote's second family says what happened.
    pub(crate) fn of(member: Option<&Foreign>, status: u16) -> Self {
        let by_status = match status {
            401 => Self::Unauthorized,
            403 => Self::Forbidden,
            404 => Self::NotFound,
            409 => Self::Conflict,
            422 => Self::Unprocessable,
            _ => Self::Unnamed,
        };
        member.map_or(by_status, |foreign| {
            foreign.text().map_or(Self::Unknown, Self::read)
        })
    }

    /// Returns the RFC's word where there is one, and a word for the status otherwise.
    pub fn as_str(self) -> &'static str {
        let stable = self.stable();
        stable.strip_prefix("refused.").unwrap_or(stable)
    }

    pub(crate) fn stable(self) -> &'static str {
        match self {
            Self::Unknown => "refused.unknown",
            Self::Unauthorized => "refused.unauthorized",
            Self::Forbidden => "refused.forbidden",
            Self::NotFound => "refused.not_found",
            Self::Conflict => "refused.conflict",
            Self::Unprocessable => "refused.unprocessable",
            Self::Unnamed => "refused.unnamed",
            named => Self::row(named).1,
        }
    }

    #[cfg(test)]
    pub(super) fn all() -> impl Iterator<Item = Self> {
        let by_status = [
            Self::Unknown,
            Self::Unauthorized,
            Self::Forbidden,
            Self::NotFound,
            Self::Conflict,
            Self::Unprocessable,
            Self::Unnamed,
        ];
        Self::NAMED
            .into_iter()
            .map(|(.., code)| code)
            .chain(by_status)
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

    // Requirement: remote.error.invalid-request, remote.error.invalid-scope
    // Requirement: remote.error.unsupported-grant-type
    #[test]
    fn every_word_of_the_rfc_reads_back() {
        for (word, stable, code) in ErrorCode::NAMED {
            assert_eq!(ErrorCode::read(word), code);
            assert_eq!(code.as_str(), word);
            assert_eq!(stable, format!("refused.{word}"));
        }
    }

    // Requirement: rfc6749.5.2.error-characters
    #[test]
    fn a_word_that_the_rfc_does_not_have_is_not_kept() {
        for word in ["canary", "Invalid_Grant", "invalid_grant ", ""] {
            assert_eq!(ErrorCode::read(word), ErrorCode::Unknown, "{word:?}");
        }
    }

    #[test]
    fn without_a_word_the_status_says_what_happened() {
        for (status, code) in [
            (401, "unauthorized"),
            (403, "forbidden"),
            (404, "not_found"),
            (409, "conflict"),
            (422, "unprocessable"),
            (400, "unnamed"),
        ] {
            assert_eq!(ErrorCode::of(None, status).as_str(), code);
            let word = Foreign::from("invalid_grant");
            assert_eq!(ErrorCode::of(Some(&word), status), ErrorCode::InvalidGrant);
        }
    }
}
