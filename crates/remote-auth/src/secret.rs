//! Credentials and tokens, each a type of its own over the one redacting [`Secret`].

use std::fmt;

use remote_oauth_client::Secret;
use secrecy::ExposeSecret;

use crate::error::{Error, Misuse};

/// Identifies a client. Not a secret.
///
/// # Spec
///
/// <https://www.rfc-editor.org/rfc/rfc6749#section-2.2>
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct ClientId(String);

impl ClientId {
    /// Takes an identifier of at least one character, all `VSCHAR`.
    ///
    /// # Errors
    ///
    /// [`Error::Misuse`] for anything else.
    pub fn parse(text: impl Into<String>) -> Result<Self, Error> {
        let text = text.into();
        if text.is_empty() || !text.bytes().all(|byte| (0x20..=0x7e).contains(&byte)) {
            return Err(Misuse::ClientId.into());
        }
        Ok(Self(text))
    }

    /// Returns the identifier.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for ClientId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ClientId({})", self.0)
    }
}

impl fmt::Display for ClientId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

macro_rules! secret_type {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        ///
        /// # Secrets
        ///
        /// `Debug` prints `[REDACTED]`; there is no `Display`, no `PartialEq` and no `Serialize`.
        /// The memory is wiped on drop. It opens through [`secrecy::ExposeSecret`].
        #[derive(Clone)]
        pub struct $name(Secret);

        impl $name {
            /// Compares two secrets in a time that depends only on their lengths.
            pub fn same_as(&self, other: &Self) -> bool {
                self.0.same_as(&other.0)
            }

            pub(crate) fn wire(&self) -> &Secret {
                &self.0
            }
        }

        impl From<Secret> for $name {
            fn from(secret: Secret) -> Self {
                Self(secret)
            }
        }

        impl From<$name> for Secret {
            fn from(named: $name) -> Self {
                named.0
            }
        }

        impl From<String> for $name {
            fn from(text: String) -> Self {
                Self(text.into())
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self(text.into())
            }
        }

        impl ExposeSecret<str> for $name {
            #[expect(clippy::disallowed_methods, reason = "hands the caller's own request on")]
            fn expose_secret(&self) -> &str {
                self.0.expose_secret()
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($name), "([REDACTED])"))
            }
        }
    };
}

secret_type! {
    /// Holds a client's secret, which authenticates the client and signs its assertions.
    ClientSecret
}
secret_type! {
    /// Holds an access token, opaque to everybody but the gateway that minted it.
    AccessToken
}
secret_type! {
    /// Holds a refresh token, which stands for a company's consent.
    RefreshToken
}

#[cfg(test)]
mod tests {
    use super::*;

    // Requirement: remote.skill.rule-no-secrets-in-source
    #[test]
    fn no_secret_type_shows_its_text() {
        let shown = [
            format!("{:?}", ClientSecret::from("canary")),
            format!("{:?}", AccessToken::from("canary")),
            format!("{:?}", RefreshToken::from("canary")),
        ];
        for text in shown {
            assert!(text.ends_with("([REDACTED])"), "{text}");
        }
    }

    #[test]
    fn a_client_id_is_printable_ascii() {
        for (text, good) in [
            ("1pws9iw986", true),
            ("a b", true),
            ("", false),
            ("a\tb", false),
            ("ü", false),
        ] {
            assert_eq!(ClientId::parse(text).is_ok(), good, "{text:?}");
        }
    }
}
