//! The redemption of a code: <https://www.rfc-editor.org/rfc/rfc6749#section-4.1.3>.

use remote_oauth_client::Secret;
use remote_oauth_client::types::TokenRequest;

/// Builds the request.
///
/// The redirection URI is the one of the authorization request, as the RFC demands; Remote's own code leaves it out.
/// The verifier is the other half of the challenge, <https://www.rfc-editor.org/rfc/rfc7636#section-4.5>.
pub(crate) fn request(
    code: Secret,
    redirect_uri: String,
    code_verifier: Option<Secret>,
) -> TokenRequest {
    // Requirement: rfc6749.4.1.3.grant-type
    TokenRequest::AuthorizationCode {
        code,
        // Requirement: remote.code.redirect-uri-in-body, rfc6749.4.1.3.redirect-uri-identical
        redirect_uri: Some(redirect_uri),
        // Requirement: rfc7636.4.5.verifier-sent, rfc9700.2.1.1.code-injection
        code_verifier,
        client_id: None,
        client_secret: None,
    }
}
