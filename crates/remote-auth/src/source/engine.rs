//! The engine behind [`CachedTokenSource`](super::CachedTokenSource): tasks, waiting and time around the machine.
//!
//! [`machine`](super::machine) decides; this file does what it decides.
//! A renewal is a departure, a task of its own, and a landing:
//!
//! ```text
//!   call ──► step ──► serve, or fail at once
//!              │
//!              ├────► wait for the flight ◄───────────────────────┐
//!              │                                                  │ one outcome for all
//!              └────► board ──► take off ──► ask the mint ──► land
//!                                  ▲                            │ the token was invalidated meanwhile
//!                                  └────────────────────────────┘
//! ```
//!
//! **Invariants:** no lock is held while anything waits, sends, or starts.
//! However a landing ends - with a result, by a panic, with its runtime, or stopped with the last handle - the way is
//! clear for the next and nobody waits for it.
//! Locks are taken in one order: the machine's, then the breaker's.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::task::AbortHandle;
use tracing::Instrument as _;

use super::breaker::{Breaker, Permit};
use super::flight::{Flight, Outcome};
use super::local::Key;
use super::machine::{Landed, Machine, Reason, Std, Step};
use super::mint::Mint;
use super::policy::Meaning;
use super::telemetry::{SourceEvents, Telemetry};
use crate::clock::Clock;
use crate::environment::Environment;
use crate::error::{Error, Misuse};
use crate::secret::RefreshToken;
use crate::token::{Moment, Token};

pub(super) struct Engine {
    key: Key,
    environment: Environment,
    clock: Arc<dyn Clock>,
    mint: Box<dyn Mint>,
    breaker: Arc<Breaker>,
    machine: Machine<Std, Flight>,
    telemetry: Telemetry,
    /// The last renewal's task.
    running: Mutex<Option<AbortHandle>>,
}

impl Engine {
    pub(super) fn new(
        environment: Environment,
        clock: Arc<dyn Clock>,
        mint: Box<dyn Mint>,
        breaker: Arc<Breaker>,
        first: Option<Token>,
    ) -> Self {
        Self {
            key: Key::new(),
            machine: Machine::new(first, Moment::now(&*clock)),
            telemetry: Telemetry::new(mint.grant()),
            running: Mutex::new(None),
            environment,
            clock,
            mint,
            breaker,
        }
    }

    pub(super) fn environment(&self) -> &Environment {
        &self.environment
    }

    fn now(&self) -> Moment {
        Moment::now(&*self.clock)
    }

    pub(super) fn refresh_token(&self) -> Option<RefreshToken> {
        self.mint.refresh_token()
    }

    pub(super) fn events(&self) -> SourceEvents {
        self.telemetry.subscribe()
    }

    /// Lends a token that can be used now: this thread's copy of a fresh one, or else whatever a call comes to.
    #[inline]
    pub(super) async fn lend<R>(
        self: &Arc<Self>,
        borrower: impl FnOnce(&Token) -> R,
    ) -> Result<R, Error> {
        let published = self.machine.published();
        match self.key.lend(published, &*self.clock, borrower) {
            Ok(lent) => Ok(lent),
            Err(borrower) => Ok(borrower(&self.call(Duration::ZERO).await?)),
        }
    }

    /// Takes steps until one ends the call.
    pub(super) async fn call(self: &Arc<Self>, mut min_ttl: Duration) -> Outcome {
        loop {
            let (step, own) = self.step(min_ttl);
            let flight = match step {
                Step::Serve(held) => return Ok(held.token),
                Step::Fail(error) => return Err(error),
                Step::Wait(flight) => flight,
            };
            match flight.wait().await {
                Some(outcome) => return outcome,
                // If the runtime that went away is this caller's own, there is none to start over on; but a longer
                // life was only a wish.
                None if own && min_ttl.is_zero() => return Err(Misuse::NoRuntime.into()),
                None if own => min_ttl = Duration::ZERO,
                None => {}
            }
        }
    }

    /// Takes one step, and starts the renewal that it may ask for. Returns whether it did.
    fn step(self: &Arc<Self>, min_ttl: Duration) -> (Step<Flight>, bool) {
        let now = self.now();
        let mut departure = None;
        let step = self.machine.step(now, min_ttl, |reason, epoch| {
            let prepared = self.board(reason, epoch, now)?;
            let flight = prepared.flight.clone();
            departure = Some(prepared);
            Ok(flight)
        });
        let own = departure.is_some();
        if let Some(departure) = departure {
            departure.take_off();
        }
        if let Step::Serve(held) = &step
            && held.is_fresh(now, self.clock.slack())
        {
            self.key.keep(held);
        }
        (step, own)
    }

    /// Prepares the one renewal. It starts when nothing is locked: a runtime that is shutting down drops the task at
    /// once, and the task locks the state when it is dropped.
    fn board(
        self: &Arc<Self>,
        reason: Reason,
        epoch: u64,
        now: Moment,
    ) -> Result<Departure, Error> {
        let runtime = Handle::try_current().map_err(|_| Error::from(Misuse::NoRuntime))?;
        let permit = self.breaker.permit(now.elapsed)?;
        let flight = Flight::new();
        let landing = Landing {
            engine: Arc::clone(self),
            flight: flight.clone(),
            reason,
            epoch,
            _permit: permit,
        };
        Ok(Departure {
            runtime,
            landing,
            flight,
        })
    }

    pub(super) fn invalidate(&self, seen: &Token) {
        let generation = seen.generation();
        if self.machine.invalidate(generation, self.now()) {
            self.telemetry.invalidated(generation);
        }
    }

    /// Forgets every failure: somebody has mended what was wrong.
    pub(super) fn reset(&self) {
        self.machine.reset();
        self.breaker.close();
    }

    /// Stops the renewal that is on its way, if one is.
    fn stop(&self) {
        let running = self
            .running
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if let Some(task) = running {
            task.abort();
        }
    }
}

impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CachedTokenSource")
            .field("by", &self.mint)
            .field("environment", &self.environment().name())
            .field("generation", &self.machine.generation())
            .finish_non_exhaustive()
    }
}

/// What the handles of a source share. With the last of them the work ends.
pub(super) struct Owner(pub(super) Arc<Engine>);

impl Drop for Owner {
    fn drop(&mut self) {
        self.0.stop();
    }
}

/// A renewal about to start, as a task that outlives every caller.
struct Departure {
    runtime: Handle,
    landing: Landing,
    flight: Flight,
}

impl Departure {
    fn take_off(self) {
        let engine = Arc::clone(&self.landing.engine);
        if self.landing.reason == Reason::Ageing {
            engine.telemetry.ageing();
        }
        let span = engine.telemetry.span(self.landing.reason);
        let task = self.runtime.spawn(self.landing.renew().instrument(span));
        *engine
            .running
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = Some(task.abort_handle());
    }
}

/// A renewal on its way. However its task ends, the flight ends with it.
struct Landing {
    engine: Arc<Engine>,
    flight: Flight,
    reason: Reason,
    epoch: u64,
    _permit: Permit,
}

impl Landing {
    async fn renew(mut self) {
        loop {
            let minted = self.ask().await;
            let now = self.engine.now();
            // The breaker first: from the landing on, others step.
            let tripped = match &minted {
                Ok(_) => {
                    self.engine.breaker.close();
                    None
                }
                Err(error) if Meaning::of(error) == Meaning::ClientDead => {
                    Some(self.engine.breaker.trip(error, now.elapsed))
                }
                Err(_) => None,
            };
            match self.engine.machine.land(self.epoch, minted, now) {
                Landed::Again(epoch) => self.epoch = epoch,
                Landed::Done(outcome, fault) => return self.end(outcome, fault, tripped, now),
            }
        }
    }

    /// Asks once; a grant that is refused is asked for again if another process has renewed it meanwhile.
    async fn ask(&self) -> Outcome {
        let mint = &self.engine.mint;
        let mut minted = mint.mint().await;
        let dead = |error: &Error| Meaning::of(error) == Meaning::GrantDead;
        if minted.as_ref().is_err_and(dead) && mint.reread().await {
            minted = mint.mint().await;
        }
        let minted = minted?;
        if minted.rotated {
            self.engine.telemetry.rotated();
        }
        Ok(minted.token)
    }

    /// Tells what came of it, and then those who wait.
    fn end(&self, outcome: Outcome, fault: Option<Error>, tripped: Option<Duration>, now: Moment) {
        let Engine {
            machine, telemetry, ..
        } = &*self.engine;
        if let Some(error) = &fault {
            let pause = tripped.map_or_else(
                || machine.pause_left(now),
                |until| until.saturating_sub(now.elapsed),
            );
            telemetry.failed(self.reason, error, pause);
        } else if let Ok(token) = &outcome {
            telemetry.renewed(self.reason, token.generation(), token.expires_at());
        }
        self.flight.land(outcome);
    }
}

impl Drop for Landing {
    /// Clears the way when the task ended early.
    ///
    /// Dropped with its runtime: waiters are told that it is lost, and start over on theirs.
    /// Panicked: starting over would panic again, so waiters get an error.
    fn drop(&mut self) {
        if self.flight.has_landed() {
            return;
        }
        if !std::thread::panicking() {
            self.engine.machine.abandon();
            return self.flight.lose();
        }
        let now = self.engine.now();
        let panicked = Err(Misuse::RenewalPanicked.into());
        if let Landed::Done(outcome, fault) = self.engine.machine.land(self.epoch, panicked, now) {
            self.end(outcome, fault, None, now);
        }
    }
}

#[cfg(test)]
#[path = "engine_tests.rs"]
mod tests;

#[cfg(test)]
#[path = "engine_model_tests.rs"]
mod model_tests;
