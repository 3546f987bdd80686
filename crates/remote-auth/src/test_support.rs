//! A clock that tests move by hand, and an ear for warnings.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};

use crate::clock::Clock;

#[derive(Debug)]
pub(crate) struct ManualClock {
    now: Mutex<(SystemTime, Duration)>,
    slack: Duration,
}

impl ManualClock {
    pub(crate) fn shared() -> Arc<Self> {
        Self::with_slack(Duration::ZERO)
    }

    pub(crate) fn with_slack(slack: Duration) -> Arc<Self> {
        let start = UNIX_EPOCH + Duration::from_secs(1_750_000_000);
        Arc::new(Self {
            now: Mutex::new((start, Duration::ZERO)),
            slack,
        })
    }

    fn now(&self) -> MutexGuard<'_, (SystemTime, Duration)> {
        self.now
            .lock()
            .expect("no test panics while it holds the clock")
    }

    /// Lets time pass on both clocks.
    pub(crate) fn advance(&self, by: Duration) {
        let mut now = self.now();
        *now = (now.0 + by, now.1 + by);
    }

    /// Steps the wall clock alone, as a suspended machine or a person does.
    pub(crate) fn set_wall(&self, wall: SystemTime) {
        self.now().0 = wall;
    }
}

impl Clock for ManualClock {
    fn wall(&self) -> SystemTime {
        self.now().0
    }

    fn elapsed(&self) -> Duration {
        self.now().1
    }

    fn slack(&self) -> Duration {
        self.slack
    }
}

/// Returns how many warnings this thread logs while it works.
pub(crate) fn warnings(work: impl FnOnce()) -> usize {
    let counted = Arc::default();
    let ear = Ear(Arc::clone(&counted));
    tracing::subscriber::with_default(ear, work);
    counted.load(Ordering::Relaxed)
}

struct Ear(Arc<AtomicUsize>);

impl Subscriber for Ear {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        *metadata.level() == Level::WARN
    }

    fn event(&self, _: &Event<'_>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}
