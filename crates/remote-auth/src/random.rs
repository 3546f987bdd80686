//! The one place that asks for randomness.

use std::cell::Cell;

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

/// Returns a number from 0 up to and including `max`, for jitter: it levels, and keeps nobody from guessing.
///
/// Each thread asks the operating system once and counts on from there, for each question is a system call.
/// The remainder's bias does not matter.
pub(crate) fn up_to(max: u64) -> u64 {
    thread_local! {
        static COUNT: Cell<u64> = Cell::new(u64::from_ne_bytes(bytes()));
    }
    COUNT.set(COUNT.get().wrapping_add(0x9e37_79b9_7f4a_7c15));
    // https://doi.org/10.1145/2660193.2660195
    let mut number = COUNT.get();
    number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    number ^= number >> 31;
    number % max.saturating_add(1).max(1)
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

    #[test]
    fn jitter_falls_everywhere_and_differs_between_threads() {
        let draws = || [(); 1000].map(|()| super::up_to(9));
        let [here, there] = [draws(), std::thread::spawn(draws).join().expect("no panic")];
        for number in 0..10 {
            let count = here.iter().filter(|&&drawn| drawn == number).count();
            // A hundred is the mean and ten the deviation.
            assert!((40..160).contains(&count), "{number}: {count}");
        }
        assert_ne!(here, there);
    }
}
