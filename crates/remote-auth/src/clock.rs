//! Time as a value, so that tests can move it.

use std::fmt;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

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
    /// A keeper of many companies reads in the same way, for a part of its companies at a time.
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

/// Tells the time of day as of the kernel's last tick, and is quicker to read for it.
///
/// For programs that look up the tokens of many companies: to find one that the caches have costs about a fifth less.
/// On Linux the time of day is at most one tick behind, 10 ms; elsewhere it is the system's.
/// The elapsed clock is [`SystemClock`]'s, so no token seems to live longer because of a tick.
///
/// ```
/// use std::sync::Arc;
/// use remote_auth::{Client, CoarseClock, Environment};
///
/// let client = Client::builder(Environment::Sandbox)
///     .credentials("client-id", "a-client-secret-of-32-characters")
///     .clock(Arc::new(CoarseClock::default()))
///     .build()?;
/// # Ok::<(), remote_auth::Error>(())
/// ```
#[cfg(feature = "coarse-clock")]
#[derive(Clone, Copy, Debug, Default)]
pub struct CoarseClock(SystemClock);

#[cfg(feature = "coarse-clock")]
impl Clock for CoarseClock {
    #[cfg(target_os = "linux")]
    fn wall(&self) -> SystemTime {
        use rustix::time::{ClockId, clock_gettime};
        let since_1970 = Duration::try_from(clock_gettime(ClockId::RealtimeCoarse));
        UNIX_EPOCH + since_1970.unwrap_or_default()
    }

    #[cfg(not(target_os = "linux"))]
    fn wall(&self) -> SystemTime {
        self.0.wall()
    }

    fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }

    fn slack(&self) -> Duration {
        self.0.slack()
    }
}

/// Returns whole milliseconds, without the wide division of `Duration::as_millis`.
#[inline]
pub(crate) fn ms(duration: Duration) -> u64 {
    let whole = duration.as_secs().saturating_mul(1000);
    whole.saturating_add(duration.subsec_millis().into())
}

/// Returns a time of day in milliseconds.
#[inline]
pub(crate) fn wall_ms(wall: SystemTime) -> u64 {
    ms(wall.duration_since(UNIX_EPOCH).unwrap_or_default())
}

/// What both clocks show, as far as a glance tells.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Seen {
    pub(crate) wall_ms: u64,
    pub(crate) elapsed_ms: u64,
}

/// Both clocks, of which one need not be read each time: see [`Clock::slack`].
#[derive(Debug)]
pub(crate) struct Glance {
    /// Between these times of day the elapsed clock is not read.
    trusted: (SystemTime, SystemTime),
    /// The latest that the clocks can show in that time.
    latest: Seen,
}

impl Glance {
    /// Starts without a reading.
    pub(crate) const fn new() -> Self {
        Self {
            trusted: (UNIX_EPOCH, UNIX_EPOCH),
            latest: Seen {
                wall_ms: 0,
                elapsed_ms: 0,
            },
        }
    }

    /// Returns what the clocks show, at most the slack ahead of what it is: no token seems fresher than it is.
    #[inline]
    pub(crate) fn seen(&mut self, clock: &dyn Clock) -> Seen {
        let wall = clock.wall();
        let (from, until) = self.trusted;
        if wall < from || until <= wall {
            let (elapsed, slack) = (clock.elapsed(), clock.slack());
            let until = wall.checked_add(slack).unwrap_or(wall);
            self.trusted = (wall, until);
            self.latest = Seen {
                wall_ms: wall_ms(until),
                elapsed_ms: ms(elapsed.saturating_add(slack)),
            };
        }
        self.latest
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_support::ManualClock;

    #[test]
    fn a_glance_is_ahead_by_the_slack_at_most_and_sees_every_step_of_the_time_of_day() {
        let (slack, hour) = (Duration::from_millis(10), Duration::from_secs(3600));
        let clock = ManualClock::with_slack(slack);
        let mut glance = Glance::new();
        for passed_ms in [0, 4, 5, 1, 9, 10, 11, 1000] {
            clock.advance(Duration::from_millis(passed_ms));
            let seen = glance.seen(&*clock);
            for (seen_ms, is_ms) in [
                (seen.wall_ms, wall_ms(clock.wall())),
                (seen.elapsed_ms, ms(clock.elapsed())),
            ] {
                let ahead = seen_ms.checked_sub(is_ms).expect("never behind");
                assert!(ahead <= ms(slack), "{passed_ms}: {ahead}");
            }
        }
        // Suspended: only the time of day has passed.
        clock.set_wall(clock.wall() + hour);
        assert!(glance.seen(&*clock).wall_ms >= wall_ms(clock.wall()));
        // Set back while an hour passed.
        clock.advance(hour);
        clock.set_wall(clock.wall() - hour - hour);
        assert!(glance.seen(&*clock).elapsed_ms >= ms(clock.elapsed()));
    }

    #[cfg(feature = "coarse-clock")]
    #[test]
    fn a_coarse_clock_shows_the_time_and_never_ahead() {
        let (coarse, system) = (CoarseClock::default(), SystemClock::new());
        let (before, seen, after) = (system.wall(), coarse.wall(), system.wall());
        // A tick is a hundredth of this; a machine that stood still may be late with one.
        let late = Duration::from_secs(1);
        assert!(before <= seen + late && seen <= after);
        assert!(coarse.elapsed() <= coarse.elapsed());
        assert_eq!(coarse.slack(), system.slack());
    }

    #[test]
    fn a_clock_without_slack_is_read_each_time() {
        let clock = ManualClock::shared();
        let mut glance = Glance::new();
        for _ in 0..3 {
            clock.advance(Duration::from_millis(1));
            assert_eq!(glance.seen(&*clock).elapsed_ms, ms(clock.elapsed()));
        }
    }
}
