//! The keys that seal pending authorizations, and the cipher that they are for.

use std::fmt;

use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use secrecy::zeroize::Zeroizing;
use secrecy::{ExposeSecret, SecretBox};

use crate::error::{Error, Misuse};
use crate::random;

/// Seals pending authorizations: 256 bits that the processes of one web application share.
///
/// # Units and limits
///
/// 32 bytes. Each sealing takes a random nonce of 96 bits, so one key is good for 2³² sealings; then it has to be
/// replaced, as [`SealingKeys::also`] shows.
///
/// # Secrets
///
/// `Debug` prints `[REDACTED]`; there is no `Display`, no `PartialEq` and no `Serialize`.
/// The memory is wiped on drop. It opens through [`secrecy::ExposeSecret`].
/// `ring` works on a copy of its own while it seals or opens, and does not wipe that.
pub struct SealingKey(SecretBox<[u8; 32]>);

impl SealingKey {
    /// Makes a new key from the operating system's randomness.
    pub fn generate() -> Self {
        Self(SecretBox::init_with_mut(|bytes: &mut [u8; 32]| {
            *bytes = random::bytes();
        }))
    }

    /// Takes a key from the program's configuration. The caller's copy is the caller's to wipe.
    ///
    /// Give it 256 random bits: a pass phrase of 32 letters is none.
    ///
    /// # Errors
    ///
    /// [`Misuse::SealingKey`] unless there are 32 bytes.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Error> {
        if bytes.len() != 32 {
            return Err(Misuse::SealingKey.into());
        }
        Ok(Self(SecretBox::init_with_mut(|key: &mut [u8; 32]| {
            key.copy_from_slice(bytes);
        })))
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "the key goes to the cipher, and nowhere else"
    )]
    fn cipher(&self) -> LessSafeKey {
        let key = UnboundKey::new(&CHACHA20_POLY1305, self.0.expose_secret())
            .expect("the cipher takes 32 bytes");
        LessSafeKey::new(key)
    }
}

impl ExposeSecret<[u8; 32]> for SealingKey {
    #[expect(
        clippy::disallowed_methods,
        reason = "hands the caller's own request on"
    )]
    fn expose_secret(&self) -> &[u8; 32] {
        self.0.expose_secret()
    }
}

impl fmt::Debug for SealingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SealingKey([REDACTED])")
    }
}

/// Holds the key that seals, and those that still open.
///
/// ```
/// use remote_auth::authorization::{SealingKey, SealingKeys};
/// # let (this_month, last_month) = ([1; 32], [2; 32]);
/// let current = SealingKey::from_bytes(&this_month)?;
/// let previous = SealingKey::from_bytes(&last_month)?;
/// let keys = SealingKeys::new(current).also(previous);
/// assert_eq!(format!("{keys:?}"), "SealingKeys { opening: 2, .. }");
/// # Ok::<(), remote_auth::Error>(())
/// ```
pub struct SealingKeys {
    current: SealingKey,
    others: Vec<SealingKey>,
}

impl SealingKeys {
    /// Takes the key that seals from now on, and opens.
    pub fn new(current: SealingKey) -> Self {
        Self {
            current,
            others: Vec::new(),
        }
    }

    /// Adds a key that opens only.
    ///
    /// To replace a key: first give the new one to every process in this way, then make it the current one and keep
    /// the old one in this way, and half an hour later drop the old one.
    /// Without the first step a process that has not restarted yet cannot open what another has sealed.
    #[must_use]
    pub fn also(mut self, other: SealingKey) -> Self {
        self.others.push(other);
        self
    }

    /// Seals content together with what it is bound to, which is not in the result.
    pub(super) fn seal(&self, bound_to: &[u8], mut content: Zeroizing<Vec<u8>>) -> Vec<u8> {
        let nonce = random::bytes::<NONCE_LEN>();
        let cipher = self.current.cipher();
        let tag = cipher
            .seal_in_place_separate_tag(
                Nonce::assume_unique_for_key(nonce),
                Aad::from(bound_to),
                &mut content,
            )
            .expect("the cipher takes more than a cookie holds");
        [&nonce, &content[..], tag.as_ref()].concat()
    }

    /// Opens what one of the keys has sealed together with the same bound.
    pub(super) fn open(&self, bound_to: &[u8], sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        let (nonce, sealed) = sealed.split_first_chunk::<NONCE_LEN>()?;
        let keys = std::iter::once(&self.current).chain(&self.others);
        let mut openings = keys.filter_map(|key| {
            let mut content = Zeroizing::new(sealed.to_vec());
            let nonce = Nonce::assume_unique_for_key(*nonce);
            let cipher = key.cipher();
            let length = cipher.open_in_place(nonce, Aad::from(bound_to), &mut content);
            let length = length.ok()?.len();
            content.truncate(length);
            Some(content)
        });
        openings.next()
    }
}

impl From<SealingKey> for SealingKeys {
    fn from(current: SealingKey) -> Self {
        Self::new(current)
    }
}

impl fmt::Debug for SealingKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SealingKeys")
            .field("opening", &(1 + self.others.len()))
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_has_32_bytes() {
        for length in [0, 16, 31, 33, 64] {
            let key = SealingKey::from_bytes(&vec![7; length]);
            let error = key.expect_err("another length than 32");
            assert_eq!(error.code(), "misuse.sealing_key", "{length}");
        }
    }

    #[test]
    #[expect(clippy::disallowed_methods, reason = "the test looks at the bytes")]
    fn generated_keys_differ_and_a_key_is_what_it_was_made_of() {
        let [one, other] = [SealingKey::generate(), SealingKey::generate()];
        assert_ne!(one.expose_secret(), other.expose_secret());
        let copy = SealingKey::from_bytes(one.expose_secret()).expect("32 bytes");
        assert_eq!(copy.expose_secret(), one.expose_secret());
    }
}
