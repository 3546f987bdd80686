//! The one place where the judge opens a secret.

use remote_oauth_client::Secret;
use secrecy::ExposeSecret;

/// Opens a secret that the judge has to send, to sign with, or to hide in what it shows.
#[expect(
    clippy::disallowed_methods,
    reason = "a client that judges a server has to send its secret, and to know it to mask it"
)]
pub(super) fn open(secret: &Secret) -> &str {
    secret.expose_secret()
}
