//! An assertion as a grant: <https://www.rfc-editor.org/rfc/rfc7523#section-2.1>.

use remote_oauth_client::Secret;
use remote_oauth_client::types::TokenRequest;

/// Builds the request. The scope stands in the assertion, whose claim governs, and not in the form.
pub(crate) fn request(assertion: Secret) -> TokenRequest {
    // Requirement: remote.assertion.request, rfc7523.2.1.grant-type
    TokenRequest::JwtBearer {
        assertion,
        scope: None,
        client_id: None,
        client_secret: None,
    }
}
