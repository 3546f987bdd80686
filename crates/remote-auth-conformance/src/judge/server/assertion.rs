//! Assertions of the judge's own making, right and wrong.

use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::hmac;
use serde_json::{Value, json};

/// The header of a good assertion.
pub(super) const HS256: &str = r#"{"alg":"HS256","typ":"JWT"}"#;

/// How long a good assertion lives.
const LIFE_S: u64 = 300;

/// Writes good claims.
pub(super) fn claims(issuer: &str, subject: &str, audience: &str, now: SystemTime) -> Value {
    let now = unix_s(now);
    json!({
        "iss": issuer,
        "sub": subject,
        "aud": audience,
        "iat": now,
        "exp": now + LIFE_S,
    })
}

/// Signs claims by HS256 with a secret, whatever the header says.
pub(super) fn signed(header: &str, claims: &Value, secret: &str) -> String {
    let signed = format!(
        "{}.{}",
        URL_SAFE_NO_PAD.encode(header),
        URL_SAFE_NO_PAD.encode(claims.to_string())
    );
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    let signature = URL_SAFE_NO_PAD.encode(hmac::sign(&key, signed.as_bytes()));
    format!("{signed}.{signature}")
}

/// Counts whole seconds since 1970.
pub(super) fn unix_s(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH)
        .unwrap_or_default()
        .as_secs()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_is_the_one_that_another_signer_makes() {
        // Made by Python's `hmac`.
        let claims = serde_json::from_str(r#"{"sub":"1234567890"}"#).expect("claims");
        assert_eq!(
            signed(
                r#"{"alg":"HS256","typ":"JWT"}"#,
                &claims,
                "your-256-bit-secret"
            ),
            "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.\
             dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U"
        );
    }
}
