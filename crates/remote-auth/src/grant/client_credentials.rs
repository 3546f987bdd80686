//! The client's own token: <https://www.rfc-editor.org/rfc/rfc6749#section-4.4>.

use remote_oauth_client::types::TokenRequest;

/// Builds the request: the grant type and nothing else, as Remote documents it.
pub(crate) fn request() -> TokenRequest {
    TokenRequest::ClientCredentials {
        client_id: None,
        client_secret: None,
        scope: None,
    }
}
