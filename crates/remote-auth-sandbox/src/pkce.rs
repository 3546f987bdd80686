//! Proof Key for Code Exchange, the server's half, with `S256` only.
//!
//! Remote documents no such parameters for partner clients; the sandbox honours them where they are
//! sent, so that a client that sends them is tested against a server that checks them.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use ring::digest::{SHA256, digest};
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq;

use crate::parameters::Parameters;

/// Characters of a code verifier, least and most.
const VERIFIER_CHARS: std::ops::RangeInclusive<usize> = 43..=128;

/// An `S256` code challenge: the digest itself.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) struct Challenge([u8; 32]);

/// The challenge is not a digest, or its method is not `S256`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Unsupported;

impl Challenge {
    /// Reads the challenge of an authorization request, if it carries one.
    ///
    /// A challenge without a method means `plain`, which is refused as `plain` is.
    /// See <https://www.rfc-editor.org/rfc/rfc7636#section-4.3>.
    pub(crate) fn requested(parameters: &Parameters) -> Result<Option<Self>, Unsupported> {
        match (
            parameters.get("code_challenge"),
            parameters.get("code_challenge_method"),
        ) {
            (None, None) => Ok(None),
            (Some(challenge), Some("S256")) => {
                let bytes = URL_SAFE_NO_PAD.decode(challenge).map_err(|_| Unsupported)?;
                bytes
                    .try_into()
                    .map(|digest| Some(Self(digest)))
                    .map_err(|_| Unsupported)
            }
            _ => Err(Unsupported),
        }
    }

    /// Tells whether this verifier is well formed and its digest is the challenge.
    pub(crate) fn is_met_by(&self, verifier: &str) -> bool {
        let unreserved = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
        VERIFIER_CHARS.contains(&verifier.len())
            && verifier.bytes().all(unreserved)
            && bool::from(digest(&SHA256, verifier.as_bytes()).as_ref().ct_eq(&self.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // The example of https://www.rfc-editor.org/rfc/rfc7636#appendix-B.
    const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

    fn requested(query: &str) -> Result<Option<Challenge>, Unsupported> {
        Challenge::requested(&Parameters::parse(query.as_bytes()).unwrap())
    }

    // Requirement: rfc7636.4.6.verified
    #[test]
    fn the_example_of_the_rfc_is_met_by_its_verifier_alone() {
        let challenge = requested(&format!(
            "code_challenge={CHALLENGE}&code_challenge_method=S256"
        ));
        let challenge = challenge.unwrap().unwrap();
        assert!(challenge.is_met_by(VERIFIER));
        for other in [
            CHALLENGE,
            "",
            &VERIFIER[1..],
            &format!("{VERIFIER}A"),
            &"a".repeat(129),
        ] {
            assert!(!challenge.is_met_by(other), "{other}");
        }
    }

    // Requirement: rfc7636.4.4.1.unsupported-method
    #[test]
    fn only_s256_with_a_whole_digest_is_supported() {
        assert!(requested("").unwrap().is_none());
        for query in [
            format!("code_challenge={CHALLENGE}"),
            format!("code_challenge={CHALLENGE}&code_challenge_method=plain"),
            format!("code_challenge={CHALLENGE}&code_challenge_method=s256"),
            format!("code_challenge={CHALLENGE}%3D&code_challenge_method=S256"),
            format!(
                "code_challenge={}&code_challenge_method=S256",
                &CHALLENGE[2..]
            ),
            "code_challenge_method=S256".to_owned(),
        ] {
            assert!(requested(&query).is_err(), "{query}");
        }
    }
}
