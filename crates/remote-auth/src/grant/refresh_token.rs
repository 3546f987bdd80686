//! The refresh of a company's token: <https://www.rfc-editor.org/rfc/rfc6749#section-6>.

use remote_oauth_client::types::TokenRequest;

use crate::scope::Scope;
use crate::secret::RefreshToken;

/// Builds the request. It names no scope, so it can never ask for more than was granted.
pub(crate) fn request(refresh_token: &RefreshToken) -> TokenRequest {
    // Requirement: remote.refresh.request, rfc6749.6.grant-type, rfc6750.5.3.not-in-urls
    TokenRequest::RefreshToken {
        refresh_token: refresh_token.wire().clone(),
        // Requirement: rfc6749.6.no-widening
        scope: None,
        client_id: None,
        client_secret: None,
    }
}

/// Decides which refresh token to keep: a new one replaces the old, and no answer takes the old away.
pub(crate) fn kept<T>(sent: T, received: Option<T>) -> T {
    // Requirement: remote.refresh.not-rotated, rfc6749.6.new-replaces-old, rfc6749.6.none-keeps-old
    received.unwrap_or(sent)
}

/// Decides which scope a renewed token has: the one that the answer names, and where it names none the one before.
///
/// <https://www.rfc-editor.org/rfc/rfc6749#section-6> lets no refresh grant more than the consent did, and the request
/// asks for nothing. A server that says it granted more all the same is believed, since the token is what it is, and
/// told of in the log.
pub(crate) fn granted(before: Option<&Scope>, answered: Option<&Scope>) -> Option<Scope> {
    let (Some(before), Some(answered)) = (before, answered) else {
        return answered.or(before).cloned();
    };
    if !before.covers(answered) {
        tracing::warn!("the server says that it granted more by a refresh than by the consent");
    }
    Some(answered.clone())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_support::warnings;

    #[test]
    fn a_renewed_token_has_the_scope_that_is_named_or_else_the_one_before() {
        let cases = [
            ("nothing is known", None, None, None, 0),
            ("not named again", Some("a b"), None, Some("a b"), 0),
            ("named for the first time", None, Some("a"), Some("a"), 0),
            ("the same", Some("a b"), Some("b a"), Some("a b"), 0),
            ("narrower", Some("a b"), Some("a"), Some("a"), 0),
            ("nothing any more", Some("a b"), Some(""), Some(""), 0),
            ("wider", Some("a"), Some("a b"), Some("a b"), 1),
        ];
        for (case, before, answered, expected, warned) in cases {
            let [before, answered, expected] =
                [before, answered, expected].map(|text| text.map(Scope::granted));
            let found = || granted(before.as_ref(), answered.as_ref());
            let heard = warnings(|| assert_eq!(found(), expected, "{case}"));
            assert_eq!(heard, warned, "{case}");
        }
    }

    #[test]
    fn a_new_refresh_token_replaces_the_old_and_none_takes_nothing_away() {
        assert_eq!(kept("old", None), "old");
        assert_eq!(kept("old", Some("new")), "new");
    }
}
