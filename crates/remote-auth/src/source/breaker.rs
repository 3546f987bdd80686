//! The breaker of a client: when the client itself is refused, none of its sources asks.
//!
//! ```text
//!            invalid_client                    time to probe
//!  closed ───────────────────► open ──────────────────────────► half open
//!    ▲                          ▲                                  │ one request
//!    │                          └──────── invalid_client ──────────┤
//!    └──────────────────── any success, or `reset` ────────────────┘
//! ```
//!
//! A probe that ends without a verdict leaves the breaker half open, for the next who asks.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::policy::{self, Jitter};
use crate::error::Error;

/// Shared by every source of one client.
#[derive(Debug, Default)]
pub(crate) struct Breaker(Mutex<Option<Open>>);

#[derive(Debug)]
struct Open {
    error: Error,
    /// When the next probe may leave, by the elapsed clock.
    until: Duration,
    failures: u32,
    probing: bool,
}

/// Lets one request leave. A probe's place is free again when its permit is dropped.
#[derive(Debug)]
pub(crate) struct Permit(Option<Arc<Breaker>>);

impl Breaker {
    fn open(&self) -> MutexGuard<'_, Option<Open>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets a request leave, or says why none does.
    pub(crate) fn permit(self: &Arc<Self>, now: Duration) -> Result<Permit, Error> {
        match &mut *self.open() {
            None => Ok(Permit(None)),
            Some(open) if now < open.until || open.probing => Err(open.error.clone()),
            Some(open) => {
                open.probing = true;
                Ok(Permit(Some(Arc::clone(self))))
            }
        }
    }

    /// Opens on a refusal of the client, and returns until when nothing leaves.
    pub(crate) fn trip(&self, error: &Error, now: Duration) -> Duration {
        let mut open = self.open();
        // Requests that left together are one failure.
        if let Some(open) = &*open
            && now < open.until
        {
            return open.until;
        }
        let failures = open
            .as_ref()
            .map_or(0, |open| open.failures)
            .saturating_add(1);
        let until = now.saturating_add(policy::pause(error, failures, Jitter::draw()));
        let probing = open.as_ref().is_some_and(|open| open.probing);
        *open = Some(Open {
            error: error.clone(),
            until,
            failures,
            probing,
        });
        until
    }

    /// Closes: the client was served, or somebody has mended it.
    pub(crate) fn close(&self) {
        *self.open() = None;
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        if let Some(breaker) = &self.0
            && let Some(open) = &mut *breaker.open()
        {
            open.probing = false;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::{ErrorCode, Refused, Step};

    fn dead() -> Error {
        Refused::new(Step::JwtBearer, ErrorCode::InvalidClient, Some(401), None).into()
    }

    const MINUTE: Duration = Duration::from_secs(60);

    #[test]
    fn it_opens_probes_with_one_request_and_closes() {
        let breaker = Arc::new(Breaker::default());
        let may = |at| breaker.permit(at).is_ok();
        assert!(may(Duration::ZERO));
        let until = breaker.trip(&dead(), Duration::ZERO);
        assert!(until >= MINUTE / 2 && until <= MINUTE, "{until:?}");
        assert!(!may(until - Duration::from_millis(1)));

        let probe = breaker.permit(until).expect("half open");
        assert!(!may(until), "one probe at a time");
        drop(probe);
        let probe = breaker
            .permit(until)
            .expect("the last probe had no verdict");

        let again = breaker.trip(&dead(), until);
        drop(probe);
        assert!(again - until >= MINUTE, "the second pause is longer");
        assert!(!may(again - Duration::from_millis(1)));
        assert!(may(again));
        breaker.close();
        assert!(may(Duration::ZERO) && may(Duration::ZERO));
    }

    #[test]
    fn refusals_that_were_on_their_way_together_are_one() {
        let breaker = Arc::new(Breaker::default());
        let until = breaker.trip(&dead(), Duration::ZERO);
        for _ in 0..20 {
            assert_eq!(breaker.trip(&dead(), Duration::ZERO), until);
        }
    }
}
