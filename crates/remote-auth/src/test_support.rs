//! A clock that tests move by hand.

use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::clock::Clock;

#[derive(Debug)]
pub(crate) struct ManualClock(Mutex<(SystemTime, Duration)>);

impl ManualClock {
    pub(crate) fn shared() -> Arc<Self> {
        Arc::new(Self(Mutex::new((
            UNIX_EPOCH + Duration::from_secs(1_750_000_000),
            Duration::ZERO,
        ))))
    }

    /// Lets time pass on both clocks.
    pub(crate) fn advance(&self, by: Duration) {
        let mut now = self
            .0
            .lock()
            .expect("no test panics while it holds the clock");
        *now = (now.0 + by, now.1 + by);
    }

    /// Steps the wall clock alone, as a suspended machine or a person does.
    pub(crate) fn set_wall(&self, wall: SystemTime) {
        self.0
            .lock()
            .expect("no test panics while it holds the clock")
            .0 = wall;
    }
}

impl Clock for ManualClock {
    fn wall(&self) -> SystemTime {
        self.0
            .lock()
            .expect("no test panics while it holds the clock")
            .0
    }

    fn elapsed(&self) -> Duration {
        self.0
            .lock()
            .expect("no test panics while it holds the clock")
            .1
    }
}
