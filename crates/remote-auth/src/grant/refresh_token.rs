//! The refresh of a company's token: <https://www.rfc-editor.org/rfc/rfc6749#section-6>.

use remote_oauth_client::types::TokenRequest;

use crate::secret::RefreshToken;

/// Builds the request. It names no scope, so it can never ask for more than was granted.
pub(crate) fn request(refresh_token: &RefreshToken) -> TokenRequest {
    TokenRequest::RefreshToken {
        refresh_token: refresh_token.wire().clone(),
        scope: None,
        client_id: None,
        client_secret: None,
    }
}

/// Decides which refresh token to keep: a new one replaces the old, and no answer takes the old away.
pub(crate) fn kept(sent: RefreshToken, received: Option<RefreshToken>) -> RefreshToken {
    received.unwrap_or(sent)
}
