//! The refresh of a company's token: <https://www.rfc-editor.org/rfc/rfc6749#section-6>.

use remote_oauth_client::types::TokenRequest;

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
pub(crate) fn kept(sent: RefreshToken, received: Option<RefreshToken>) -> RefreshToken {
    // Requirement: remote.refresh.not-rotated, rfc6749.6.new-replaces-old, rfc6749.6.none-keeps-old
    received.unwrap_or(sent)
}
