//! Time as a value, so that tests can move it.

use std::fmt;
use std::time::{Duration, Instant, SystemTime};

/// Tells the time, twice.
///
/// Two clocks are needed because each lies in its own way: the wall clock jumps when somebody sets it, and the
/// elapsed clock stands still while a machine is suspended.
/// A token has expired when either says so.
pub trait Clock: fmt::Debug + Send + Sync + 'static {
    /// Returns the time of day.
    fn wall(&self) -> SystemTime;

    /// Returns the time since some fixed moment. It never goes back.
    fn elapsed(&self) -> Duration;
}

/// Tells the operating system's time.
#[derive(Clone, Copy, Debug)]
pub struct SystemClock {
    start: Instant,
}

impl SystemClock {
    /// Starts counting.
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the one home of the monotonic clock"
    )]
    pub fn new() -> Self {
        Self {
            start: Instant::now(),
        }
    }
}

impl Default for SystemClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for SystemClock {
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the one home of the wall clock"
    )]
    fn wall(&self) -> SystemTime {
        SystemTime::now()
    }

    fn elapsed(&self) -> Duration {
        self.start.elapsed()
    }
}
