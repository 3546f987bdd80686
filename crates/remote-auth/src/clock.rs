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

    /// Returns for how long, by the time of day, one reading of both clocks holds where a fresh token is served often.
    ///
    /// Within that time of a reading, a thread that serves the same token again reads the time of day alone, which
    /// sees every suspension and every step forward at once.
    /// A step back is seen at once too, unless it undoes to within this time what has passed since the thread's last
    /// reading; then it is seen when this time is over.
    /// A token is served in this way only if it ages later than this, so the slack costs freshness and never life.
    ///
    /// # Units and limits
    ///
    /// Zero by default: each reading is of both clocks. [`SystemClock`] says 10 ms.
    fn slack(&self) -> Duration {
        Duration::ZERO
    }
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

    fn slack(&self) -> Duration {
        Duration::from_millis(10)
    }
}
