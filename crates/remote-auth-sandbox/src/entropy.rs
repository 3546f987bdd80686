//! Unguessable identifiers, or repeatable ones under a seed.
//!
//! A seed makes every value that the sandbox invents the same in every run, in the order of the
//! requests.
//! That is for golden files; whoever knows the seed knows the tokens.

use std::sync::atomic::{AtomicU64, Ordering};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use ring::{
    hmac,
    rand::{SecureRandom, SystemRandom},
};

/// Bytes behind each invented secret: 256 bits.
const SECRET_BYTES: usize = 32;

/// The source of everything that the sandbox invents.
pub(crate) enum Entropy {
    System(SystemRandom),
    Seeded {
        seed: u64,
        key: hmac::Key,
        drawn: AtomicU64,
    },
}

impl Entropy {
    pub(crate) fn new(seed: Option<u64>) -> Self {
        Self::after(seed, 0)
    }

    /// Goes on behind the values that a seed has given already.
    pub(crate) fn after(seed: Option<u64>, drawn: u64) -> Self {
        match seed {
            None => Self::System(SystemRandom::new()),
            Some(seed) => Self::Seeded {
                seed,
                key: hmac::Key::new(hmac::HMAC_SHA256, &seed.to_be_bytes()),
                drawn: AtomicU64::new(drawn),
            },
        }
    }

    /// The seed, and how many values it has given.
    pub(crate) fn place(&self) -> (Option<u64>, u64) {
        match self {
            Self::System(_) => (None, 0),
            Self::Seeded { seed, drawn, .. } => (Some(*seed), drawn.load(Ordering::SeqCst)),
        }
    }

    /// An opaque value for codes, access tokens and tickets.
    pub(crate) fn opaque(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.bytes())
    }

    /// 32 hexadecimal digits, the form of published client secrets and customer API tokens.
    pub(crate) fn hex(&self) -> String {
        hex(&self.bytes()[..16])
    }

    /// 64 hexadecimal digits, the form of everything that the second provider makes.
    pub(crate) fn long_hex(&self) -> String {
        hex(&self.bytes())
    }

    /// 26 characters of lower-case base32, the form of the published signing key.
    pub(crate) fn base32(&self) -> String {
        const ALPHABET: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";
        self.bytes()[..26]
            .iter()
            .map(|byte| char::from(ALPHABET[usize::from(byte % 32)]))
            .collect()
    }

    /// A version 4 UUID, the form of every published refresh token.
    pub(crate) fn uuid(&self) -> String {
        let mut bytes = self.bytes();
        bytes[6] = (bytes[6] & 0x0f) | 0x40;
        bytes[8] = (bytes[8] & 0x3f) | 0x80;
        let hex = hex(&bytes[..16]);
        [
            &hex[..8],
            &hex[8..12],
            &hex[12..16],
            &hex[16..20],
            &hex[20..],
        ]
        .join("-")
    }

    fn bytes(&self) -> [u8; SECRET_BYTES] {
        let mut bytes = [0; SECRET_BYTES];
        match self {
            Self::System(random) => random
                .fill(&mut bytes)
                .expect("the operating system gives random bytes"),
            Self::Seeded { key, drawn, .. } => {
                let turn = drawn.fetch_add(1, Ordering::SeqCst);
                bytes.copy_from_slice(hmac::sign(key, &turn.to_be_bytes()).as_ref());
            }
        }
        bytes
    }
}

/// Lower-case hexadecimal digits, two for each byte.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_has_its_published_length_and_alphabet() {
        let entropy = Entropy::new(None);
        let is_hex = |text: &str| text.bytes().all(|byte| b"0123456789abcdef".contains(&byte));
        let (short, long, key) = (entropy.hex(), entropy.long_hex(), entropy.base32());
        assert!(short.len() == 32 && is_hex(&short), "{short}");
        assert!(long.len() == 64 && is_hex(&long), "{long}");
        let is_base32 = |byte: u8| byte.is_ascii_lowercase() || (b'2'..=b'7').contains(&byte);
        assert!(key.len() == 26 && key.bytes().all(is_base32), "{key}");
    }

    #[test]
    fn one_seed_gives_one_sequence_and_never_a_value_twice() {
        let (left, right, other) = (
            Entropy::new(Some(7)),
            Entropy::new(Some(7)),
            Entropy::new(Some(8)),
        );
        let first = left.opaque();
        assert_eq!(first, right.opaque());
        assert_ne!(first, other.opaque());
        assert_ne!(first, left.opaque());
        let system = Entropy::new(None);
        assert_ne!(system.opaque(), system.opaque());
    }

    #[test]
    fn a_uuid_says_that_it_is_random() {
        let uuid = Entropy::new(Some(1)).uuid();
        let lengths: Vec<usize> = uuid.split('-').map(str::len).collect();
        assert_eq!(lengths, [8, 4, 4, 4, 12], "{uuid}");
        assert_eq!(&uuid[14..15], "4", "{uuid}");
        assert!("89ab".contains(&uuid[19..20]), "{uuid}");
    }
}
