//! The client's own token: <https://www.rfc-editor.org/rfc/rfc6749#section-4.4>.

use remote_oauth_client::types::TokenRequest;

/// Builds the request: the grant type and nothing else, as Remote documents it.
pub(crate) fn request() -> TokenRequest {
    // Requirement: remote.client-credentials.request, remote.token.client-not-in-body
    // Requirement: rfc6749.4.4.2.grant-type, rfc9700.2.4.no-password
    TokenRequest::ClientCredentials {
        client_id: None,
        client_secret: None,
        scope: None,
    }
}
