//! Memory that held a secret, wiped at once.
//!
//! [`Zeroize`](zeroize::Zeroize) writes each byte for itself, so that none is left out because nobody reads it.
//! For the kilobytes of an exchange that takes longer than reading the answer; here they are filled as any memory is,
//! and the barrier stands for the reader.

use zeroize::optimization_barrier;

/// Overwrites bytes with zeros.
fn wipe(bytes: &mut [u8]) {
    bytes.fill(0);
    optimization_barrier(bytes);
}

/// Holds bytes, and wipes what was written of them: the room behind it never held anything.
pub(crate) struct Wiped(pub(crate) Vec<u8>);

impl AsRef<[u8]> for Wiped {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl Drop for Wiped {
    fn drop(&mut self) {
        wipe(&mut self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wiped_is_zeros() {
        for length in [0, 1, 31, 1024] {
            let mut bytes = vec![7; length];
            wipe(&mut bytes);
            assert_eq!(bytes, vec![0; length]);
        }
    }
}
