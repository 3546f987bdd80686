//! Proof Key for Code Exchange: S256 and nothing else.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use remote_oauth_client::Secret;
use ring::digest::{SHA256, digest};
use secrecy::ExposeSecret;

use crate::random;

/// Holds 256 random bits as 43 unreserved characters, made anew for each authorization request.
///
/// # Spec
///
/// <https://www.rfc-editor.org/rfc/rfc7636#section-4.1>
pub(crate) struct CodeVerifier(Secret);

impl CodeVerifier {
    // Requirement: rfc7636.4.1.verifier-entropy, rfc7636.4.1.verifier-syntax
    pub(crate) fn new() -> Self {
        Self(random::text::<32>().into())
    }

    /// Returns the challenge: the verifier's SHA-256 as unpadded base64url.
    ///
    /// # Spec
    ///
    /// <https://www.rfc-editor.org/rfc/rfc7636#section-4.2>
    // Requirement: rfc7636.4.2.s256
    #[expect(
        clippy::disallowed_methods,
        reason = "the challenge is the verifier's digest"
    )]
    pub(crate) fn challenge(&self) -> String {
        URL_SAFE_NO_PAD.encode(digest(&SHA256, self.0.expose_secret().as_bytes()))
    }

    /// Takes back what [`CodeVerifier::wire`] gave.
    pub(crate) fn from_wire(wire: Secret) -> Self {
        Self(wire)
    }

    pub(crate) fn wire(&self) -> &Secret {
        &self.0
    }

    pub(crate) fn into_wire(self) -> Secret {
        self.0
    }
}

impl fmt::Debug for CodeVerifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CodeVerifier([REDACTED])")
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    // Requirement: rfc7636.4.2.s256
    #[test]
    fn the_challenge_is_the_one_of_the_rfc() {
        // https://www.rfc-editor.org/rfc/rfc7636#appendix-B
        let verifier = CodeVerifier("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk".into());
        assert_eq!(
            verifier.challenge(),
            "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
        );
    }

    // Requirement: rfc7636.4.1.verifier-entropy, rfc7636.4.1.verifier-syntax
    #[test]
    fn verifiers_are_43_unreserved_characters_and_never_the_same() {
        let mut seen = HashSet::new();
        for _ in 0..10_000 {
            #[expect(clippy::disallowed_methods, reason = "the test looks at the text")]
            let text = CodeVerifier::new().0.expose_secret().to_owned();
            assert_eq!(text.len(), 43);
            let unreserved = |b: u8| b.is_ascii_alphanumeric() || b"-._~".contains(&b);
            assert!(text.bytes().all(unreserved), "unreserved only");
            assert!(seen.insert(text), "made twice");
        }
    }
}
