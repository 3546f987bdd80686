//! Memory that held a secret, wiped at once.
//!
//! [`Zeroize`](zeroize::Zeroize) writes each byte for itself, so that none is left out because nobody reads it.
//! For the kilobytes of an exchange that takes longer than reading the answer; here they are filled as any memory is,
//! and the barrier stands for the reader.

use std::cell::Cell;

use zeroize::optimization_barrier;

/// Room that each thread keeps to write in: more than a usual form takes.
const ROOM_BYTES: usize = 8 << 10;

/// Overwrites bytes with zeros.
fn wipe(bytes: &mut [u8]) {
    bytes.fill(0);
    optimization_barrier(bytes);
}

/// Holds bytes, and wipes what was written of them: the room behind it never held anything.
pub(crate) struct Wiped(pub(crate) Vec<u8>);

impl Wiped {
    /// Takes what `write` writes, in a buffer of its own length.
    ///
    /// It is written where there is room for it, so that no half-grown copy stays behind, and wiped there.
    pub(crate) fn written<E>(write: impl FnOnce(&mut String) -> Result<(), E>) -> Result<Self, E> {
        thread_local! {
            static ROOM: Cell<String> = const { Cell::new(String::new()) };
        }
        let mut text = ROOM.take();
        text.reserve(ROOM_BYTES);
        let outcome = write(&mut text);
        let mut bytes = text.into_bytes();
        let written = Self(bytes.clone());
        wipe(&mut bytes);
        bytes.clear();
        bytes.shrink_to(ROOM_BYTES);
        ROOM.set(String::from_utf8(bytes).unwrap_or_default());
        outcome.map(|()| written)
    }
}

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
    fn what_is_written_comes_back_whole_and_alone() {
        let written = |text: &str, outcome: Result<(), ()>| {
            Wiped::written(|room| {
                room.push_str(text);
                outcome
            })
        };
        let long = "long ".repeat(ROOM_BYTES);
        for text in ["a=1", &long, "", "b=2"] {
            let found = written(text, Ok(())).expect("it is written");
            assert_eq!(found.as_ref(), text.as_bytes());
            assert_eq!(found.0.capacity(), text.len(), "no more than its length");
            assert!(written("half of", Err(())).is_err());
        }
    }

    #[test]
    fn what_is_wiped_is_zeros() {
        for length in [0, 1, 31, 1024] {
            let mut bytes = vec![7; length];
            wipe(&mut bytes);
            assert_eq!(bytes, vec![0; length]);
        }
    }
}
