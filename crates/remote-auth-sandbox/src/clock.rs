//! The time by which the sandbox judges: the machine's, or one that a test moves.
//!
//! Every rule receives the time as a value; nothing else in this crate reads a clock.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use serde::{Deserialize, Serialize};
use tokio::{
    sync::watch,
    time::{Instant, sleep_until},
};

/// Where a manual clock stands when nothing else was asked: 2026-01-01T00:00:00Z.
const MANUAL_START: Duration = Duration::from_secs(1_767_225_600);

/// Moves the time of a sandbox by hand, so that a test meets an expiry without waiting for it.
///
/// Clones share one time.
/// It stands still until [`advance`](Self::advance) is called, and never goes back.
///
/// # Units and limits
///
/// It counts whole milliseconds and starts at 2026-01-01T00:00:00Z unless told otherwise.
///
/// ```
/// use std::time::Duration;
/// use remote_auth_sandbox::ManualClock;
///
/// let clock = ManualClock::default();
/// let before = clock.now();
/// clock.advance(Duration::from_secs(301));
/// assert_eq!(clock.now().duration_since(before).unwrap().as_secs(), 301);
/// ```
#[derive(Clone)]
pub struct ManualClock(Arc<watch::Sender<u64>>);

impl ManualClock {
    /// Creates a clock that stands at the given time; a time before 1970 counts as 1970.
    pub fn starting_at(time: SystemTime) -> Self {
        let since_epoch = time.duration_since(UNIX_EPOCH).unwrap_or_default();
        Self(Arc::new(watch::Sender::new(millis(since_epoch))))
    }

    /// Moves the clock, and every clone of it, forward.
    pub fn advance(&self, by: Duration) {
        self.0
            .send_modify(|now| *now = now.saturating_add(millis(by)));
    }

    /// Returns the time at which the clock stands, for whoever mints assertions for this sandbox.
    pub fn now(&self) -> SystemTime {
        UNIX_EPOCH + Duration::from_millis(*self.0.borrow())
    }

    /// Waits until somebody has moved the clock this far.
    async fn reach(&self, time: Timestamp) {
        // The sender is alive as long as `self` is, so the waiting cannot fail.
        let _ = self.0.subscribe().wait_for(|now| *now >= time.0).await;
    }
}

impl Default for ManualClock {
    fn default() -> Self {
        Self::starting_at(UNIX_EPOCH + MANUAL_START)
    }
}

impl fmt::Debug for ManualClock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ManualClock")
            .field(&*self.0.borrow())
            .finish()
    }
}

/// Where the sandbox takes its time from.
#[derive(Clone, Debug)]
pub(crate) enum Clock {
    /// The machine's, ahead by as many milliseconds as were asked for.
    Real {
        ahead: Arc<AtomicU64>,
    },
    Manual(ManualClock),
}

impl Default for Clock {
    fn default() -> Self {
        Self::Real {
            ahead: Arc::default(),
        }
    }
}

impl Clock {
    /// Moves the time forward.
    pub(crate) fn advance(&self, by: Duration) {
        match self {
            Self::Real { ahead } => {
                let add = |ahead: u64| Some(ahead.saturating_add(millis(by)));
                ahead
                    .fetch_update(Ordering::SeqCst, Ordering::SeqCst, add)
                    .expect("the update always has a value");
            }
            Self::Manual(clock) => clock.advance(by),
        }
    }

    /// How far the time was moved ahead of the machine's; a manual clock is ahead of nothing.
    pub(crate) fn ahead(&self) -> Duration {
        match self {
            Self::Real { ahead } => Duration::from_millis(ahead.load(Ordering::SeqCst)),
            Self::Manual(_) => Duration::ZERO,
        }
    }

    /// Where a manual clock stands.
    pub(crate) fn manual_now(&self) -> Option<Timestamp> {
        match self {
            Self::Real { .. } => None,
            Self::Manual(_) => Some(self.now()),
        }
    }

    /// Goes on from where another clock was: a real one is as far ahead, and a manual one stands no
    /// earlier.
    pub(crate) fn resume(&self, ahead: Duration, manual_now: Option<Timestamp>) {
        match (self, manual_now) {
            (Self::Real { ahead: own }, _) => own.store(millis(ahead), Ordering::SeqCst),
            (Self::Manual(clock), Some(then)) => clock.advance(then.since(self.now())),
            (Self::Manual(_), None) => {}
        }
    }

    /// Marks the moment from which waits are counted.
    pub(crate) fn mark(&self) -> Mark {
        Mark {
            at: self.now(),
            instant: Instant::now(),
        }
    }

    /// Waits until this long after the mark: with a manual clock until somebody moves it there,
    /// otherwise by the runtime's timer, which a paused runtime winds forward.
    pub(crate) async fn wait(&self, span: Duration, mark: Mark) {
        match self {
            Self::Real { .. } => sleep_until(mark.instant + span).await,
            Self::Manual(clock) => clock.reach(mark.at.plus(span)).await,
        }
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "this is the one place where the sandbox reads the wall clock"
    )]
    pub(crate) fn now(&self) -> Timestamp {
        match self {
            Self::Real { ahead } => {
                let ahead = Duration::from_millis(ahead.load(Ordering::SeqCst));
                Timestamp::from(SystemTime::now()).plus(ahead)
            }
            Self::Manual(clock) => Timestamp::from(clock.now()),
        }
    }
}

/// A moment on both clocks, the one that judges and the one that waits.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Mark {
    at: Timestamp,
    instant: Instant,
}

/// A point in time, in milliseconds since 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct Timestamp(u64);

impl Timestamp {
    pub(crate) fn plus(self, span: Duration) -> Self {
        Self(self.0.saturating_add(millis(span)))
    }

    /// Time from `earlier` to here; nothing if the clock went back between the two.
    pub(crate) fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(self.0.saturating_sub(earlier.0))
    }

    /// Whole milliseconds since 1970, as webhooks count them.
    pub(crate) const fn unix_ms(self) -> u64 {
        self.0
    }

    /// Whole seconds since 1970.
    pub(crate) const fn unix_s(self) -> u64 {
        self.0 / 1_000
    }

    /// Seconds since 1970 as a JSON Web Token counts them, fractions included.
    pub(crate) fn numeric_date(self) -> f64 {
        Duration::from_millis(self.0).as_secs_f64()
    }

    pub(crate) fn system_time(self) -> SystemTime {
        UNIX_EPOCH + Duration::from_millis(self.0)
    }
}

impl From<SystemTime> for Timestamp {
    fn from(time: SystemTime) -> Self {
        Self(millis(time.duration_since(UNIX_EPOCH).unwrap_or_default()))
    }
}

fn millis(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}
