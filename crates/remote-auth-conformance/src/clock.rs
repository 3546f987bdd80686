//! A clock that laws move by hand.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use remote_auth::Clock;

/// Stands still until somebody moves it. Two of them are the clocks of two processes.
#[derive(Debug)]
pub struct ManualClock(Mutex<(SystemTime, Duration)>);

impl ManualClock {
    /// Makes a clock that shows the given second since 1970, and no time elapsed.
    pub fn at(wall_s: u64) -> Arc<Self> {
        let wall = UNIX_EPOCH + Duration::from_secs(wall_s);
        Arc::new(Self(Mutex::new((wall, Duration::ZERO))))
    }

    /// Lets time pass.
    pub fn advance(&self, by: Duration) {
        let mut now = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *now = (now.0 + by, now.1 + by);
    }
}

impl Clock for ManualClock {
    fn wall(&self) -> SystemTime {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).0
    }

    fn elapsed(&self) -> Duration {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).1
    }
}
