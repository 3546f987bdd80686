//! The type of every member that the document marks `format: password`.

use std::fmt;

use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use subtle::ConstantTimeEq;

/// Holds text that must not be seen: a client secret, a code, a token, an assertion.
///
/// # Secrets
///
/// `Debug` prints `[REDACTED]`; there is no `Display` and no `PartialEq`.
/// The memory is wiped on drop.
/// It opens only through [`secrecy::ExposeSecret`], which the workspace bans except at reviewed places.
/// `Serialize` writes the content, because a token request has to carry it: do not put a `Secret` into a
/// type that is serialized for any other purpose.
///
/// ```
/// use remote_oauth_client::Secret;
/// assert_eq!(format!("{:?}", Secret::from("hunter2")), "Secret([REDACTED])");
/// ```
#[derive(Clone)]
pub struct Secret(SecretString);

impl Secret {
    /// Compares two secrets in a time that depends only on their lengths.
    pub fn same_as(&self, other: &Self) -> bool {
        let (ours, theirs) = (open(self).as_bytes(), open(other).as_bytes());
        // Eight bytes at a time: each look is behind a barrier, which costs more than the look.
        let ((ours, our_rest), (theirs, their_rest)) = (ours.as_chunks(), theirs.as_chunks());
        if ours.len() != theirs.len() {
            return false;
        }
        let words = ours.iter().zip(theirs);
        let same = words.fold(our_rest.ct_eq(their_rest), |same, (&ours, &theirs)| {
            same & u64::from_ne_bytes(ours).ct_eq(&u64::from_ne_bytes(theirs))
        });
        same.into()
    }

    /// Tells whether there is no text at all.
    pub fn is_empty(&self) -> bool {
        open(self).is_empty()
    }

    /// Tells whether there is text and all of it is `VSCHAR`, the only characters that OAuth allows in
    /// identifiers, secrets, codes and tokens.
    ///
    /// # Spec
    ///
    /// <https://www.rfc-editor.org/rfc/rfc6749#appendix-A>
    pub fn is_vschar(&self) -> bool {
        let among = |byte: u8| (0x20..=0x7e).contains(&byte);
        // All are looked at, whatever they are: a loop that never ends early takes many at a time.
        !self.is_empty() && open(self).bytes().fold(true, |all, byte| all & among(byte))
    }
}

/// Opens a secret for this module's own comparisons, and for writing it on the wire.
#[expect(
    clippy::disallowed_methods,
    reason = "comparison and the wire form need the text; it does not leave this module otherwise"
)]
fn open(secret: &Secret) -> &str {
    secret.0.expose_secret()
}

impl ExposeSecret<str> for Secret {
    fn expose_secret(&self) -> &str {
        open(self)
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self(text.into())
    }
}

impl From<&str> for Secret {
    fn from(text: &str) -> Self {
        Self(text.into())
    }
}

// Requirement: remote.skill.rule-no-secrets-in-source
impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret([REDACTED])")
    }
}

impl Serialize for Secret {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(open(self))
    }
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self::from)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // Requirement: remote.skill.rule-no-secrets-in-source
    #[test]
    fn debug_shows_nothing_of_the_text_in_any_form() {
        let secret = Secret::from("canary");
        for shown in [
            format!("{secret:?}"),
            format!("{secret:#?}"),
            format!("{:?}", Some(&secret)),
        ] {
            assert!(!shown.contains("canary"), "{shown}");
        }
    }

    // Requirement: rfc9700.4.7.1.constant-time
    #[test]
    fn comparison_sees_every_difference() {
        let cases = [
            ("a", "a", true),
            ("a", "b", false),
            ("a", "aa", false),
            ("", "", true),
            ("", "a", false),
            ("a word of eight", "a word of eight", true),
            ("a word of eight", "A word of eight", false),
            ("a word of eight", "a word of eighT", false),
            ("a word of eight", "a word of eight bytes", false),
            ("two words: sixteen", "two words- sixteen", false),
        ];
        for (left, right, same) in cases {
            assert_eq!(
                Secret::from(left).same_as(&Secret::from(right)),
                same,
                "{left:?} {right:?}"
            );
        }
    }

    #[test]
    fn vschar_is_printable_ascii_and_at_least_one_character() {
        for (text, good) in [
            ("a", true),
            (" ~", true),
            ("", false),
            ("a\n", false),
            ("\u{7f}", false),
            ("é", false),
        ] {
            assert_eq!(Secret::from(text).is_vschar(), good, "{text:?}");
        }
    }
}
