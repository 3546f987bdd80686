//! What those wait for who wait for one renewal.

use std::sync::{Arc, OnceLock};

use tokio::sync::Semaphore;

use crate::error::Error;
use crate::token::Token;

pub(crate) type Outcome = Result<Token, Error>;

/// A renewal, for whoever ends it and for those who wait for its end.
///
/// Whoever is woken wakes the next, as a mutex passes on: a herd that is woken at once fights for the scheduler.
#[derive(Clone, Debug)]
pub(crate) struct Flight(Arc<Arrival>);

#[derive(Debug)]
struct Arrival {
    outcome: OnceLock<Outcome>,
    /// Empty until the outcome is there; closed if it never will be, because the renewal's runtime is gone.
    turns: Semaphore,
}

impl Flight {
    /// How many are woken at the same time.
    const TURNS: usize = 2;

    pub(crate) fn new() -> Self {
        Self(Arc::new(Arrival {
            outcome: OnceLock::new(),
            turns: Semaphore::new(0),
        }))
    }

    /// Waits for the outcome; `None` if there will be none.
    pub(crate) async fn wait(&self) -> Option<Outcome> {
        let _turn = self.0.turns.acquire().await.ok()?;
        self.0.outcome.get().cloned()
    }

    /// Tells whether anybody else has a part in it.
    pub(crate) fn is_shared(&self) -> bool {
        Arc::strong_count(&self.0) > 1
    }

    pub(crate) fn has_landed(&self) -> bool {
        self.0.outcome.get().is_some()
    }

    pub(crate) fn land(&self, outcome: Outcome) {
        if self.0.outcome.set(outcome).is_ok() {
            self.0.turns.add_permits(Self::TURNS);
        }
    }

    pub(crate) fn lose(&self) {
        self.0.turns.close();
    }
}
