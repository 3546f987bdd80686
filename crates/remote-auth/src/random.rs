//! The one place that asks for randomness.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::rand::{SecureRandom, SystemRandom};

/// Returns `N` bytes from the operating system.
pub(crate) fn bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    SystemRandom::new()
        .fill(&mut bytes)
        .expect("the operating system gives randomness once it has booted");
    bytes
}

/// Returns `N` random bytes as unpadded base64url, whose letters are all unreserved in a URI.
pub(crate) fn text<const N: usize>() -> String {
    URL_SAFE_NO_PAD.encode(bytes::<N>())
}

/// Returns a number from 0 up to and including `max`. The remainder's bias does not matter for jitter.
pub(crate) fn up_to(max: u64) -> u64 {
    u64::from_ne_bytes(bytes()) % max.saturating_add(1).max(1)
}

#[cfg(test)]
mod tests {
    #[test]
    fn up_to_stays_inside_its_bound() {
        for max in [0, 1, 2, 1000, u64::MAX] {
            for _ in 0..100 {
                assert!(super::up_to(max) <= max);
            }
        }
    }
}
