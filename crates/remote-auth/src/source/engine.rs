//! The state machine behind [`CachedTokenSource`](super::CachedTokenSource).

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::watch;

use super::mint::Mint;
use crate::clock::Clock;
use crate::environment::Environment;
use crate::error::{Error, Misuse, Retry};
use crate::random;
use crate::secret::RefreshToken;
use crate::token::{Moment, Token};

/// How long before its end a token is renewed: five minutes, never more than half its life.
// Requirement: remote.token.renewed-early
const AGEING: Duration = Duration::from_secs(5 * 60);

/// The first and the longest pause after a passing failure. Each failure doubles it.
const PAUSE_MIN: Duration = Duration::from_secs(1);
const PAUSE_MAX: Duration = Duration::from_secs(60);

/// The pause after a refusal, which only a person can cure.
const PAUSE_REFUSED: Duration = Duration::from_secs(30);

/// How often one renewal starts over because its token was invalidated while it was on its way.
const RESTARTS_MAX: u32 = 3;

type Outcome = Result<Token, Error>;
type Flight = watch::Receiver<Option<Outcome>>;

pub(super) struct Engine {
    environment: Environment,
    clock: Arc<dyn Clock>,
    mint: Box<dyn Mint>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    current: Option<Current>,
    /// Tokens so far.
    generation: u64,
    /// Invalidations so far that took a token away or met a renewal on its way.
    epoch: u64,
    flight: Option<Flight>,
    pause: Option<Pause>,
}

struct Current {
    token: Token,
    /// How long before its end this token is renewed, jitter included.
    margin: Duration,
}

/// The time after a failure in which nothing is sent.
struct Pause {
    until: Duration,
    failures: u32,
    error: Error,
}

/// What a call does.
enum Step {
    Serve(Token),
    ServeAndRenew(Token),
    Fail(Error),
    Wait,
}

impl State {
    fn step(&self, now: Moment) -> Step {
        let paused = self
            .pause
            .as_ref()
            .filter(|pause| now.elapsed < pause.until);
        if let Some(current) = &self.current {
            let left = current
                .token
                .expiry()
                .map_or(Duration::MAX, |expiry| expiry.left(now));
            if left > current.margin {
                return Step::Serve(current.token.clone());
            }
            if left > Duration::ZERO {
                let renewing = self.flight.is_some() || paused.is_some();
                let token = current.token.clone();
                return if renewing {
                    Step::Serve(token)
                } else {
                    Step::ServeAndRenew(token)
                };
            }
        }
        match paused {
            Some(pause) if self.flight.is_none() => Step::Fail(pause.error.clone()),
            _ => Step::Wait,
        }
    }

    fn succeed(&mut self, token: Token) -> Token {
        self.generation += 1;
        let token = token.numbered(self.generation);
        let life = token.expiry().map_or(Duration::ZERO, |expiry| expiry.life);
        self.current = Some(Current {
            token: token.clone(),
            margin: margin(life),
        });
        self.pause = None;
        token
    }

    fn fail(&mut self, error: &Error, now: Moment) {
        let failures = self
            .pause
            .as_ref()
            .map_or(0, |pause| pause.failures)
            .saturating_add(1);
        let length = pause_after(error, failures);
        self.pause = Some(Pause {
            until: now.elapsed.saturating_add(length),
            failures,
            error: error.clone(),
        });
    }
}

/// Returns how long before its end a token of some life is renewed: up to a tenth earlier than it must be, so that
/// tokens obtained together are not renewed together, and jitter included never more than half the life.
// Requirement: remote.skill.mistake-lapse
fn margin(life: Duration) -> Duration {
    let latest = AGEING.min(life / 2 * 10 / 11);
    let tenth_ms = u64::try_from(latest.as_millis() / 10).unwrap_or(u64::MAX);
    latest + Duration::from_millis(random::up_to(tenth_ms))
}

fn pause_after(error: &Error, failures: u32) -> Duration {
    match (error, error.retry()) {
        (Error::Misuse(Misuse::RenewalPanicked), _) => PAUSE_REFUSED,
        // Nothing was sent, so there is nobody to spare.
        (Error::Misuse(_) | Error::Environment(_), _) => Duration::ZERO,
        (_, Retry::Later(Some(asked))) => asked,
        (_, Retry::Later(None)) => {
            let doubled = PAUSE_MIN
                .saturating_mul(1 << failures.saturating_sub(1).min(16))
                .min(PAUSE_MAX);
            let half_ms = u64::try_from(doubled.as_millis() / 2).unwrap_or(u64::MAX);
            doubled - Duration::from_millis(random::up_to(half_ms))
        }
        (_, Retry::Never) => PAUSE_REFUSED,
    }
}

impl Engine {
    pub(super) fn new(
        environment: Environment,
        clock: Arc<dyn Clock>,
        mint: Box<dyn Mint>,
        first: Option<Token>,
    ) -> Self {
        let mut state = State::default();
        if let Some(token) = first {
            state.succeed(token);
        }
        Self {
            environment,
            clock,
            mint,
            state: Mutex::new(state),
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

    /// The state is only ever replaced by whole values, so one that a panic left behind is as good as any.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    // Requirement: remote.token.reusable
    pub(super) async fn token(self: &Arc<Self>) -> Outcome {
        loop {
            let (mut flight, own) = {
                let mut state = self.state();
                match state.step(self.now()) {
                    Step::Serve(token) => return Ok(token),
                    Step::Fail(error) => return Err(error),
                    Step::ServeAndRenew(token) => {
                        let departure = self.board(&mut state);
                        drop(state);
                        // Without a runtime nothing is renewed, which is no error while the token lives.
                        departure.map(Departure::take_off).ok();
                        return Ok(token);
                    }
                    Step::Wait => match state.flight.clone() {
                        Some(flight) => (flight, false),
                        None => {
                            let departure = self.board(&mut state)?;
                            drop(state);
                            (departure.take_off(), true)
                        }
                    },
                }
            };
            if let Ok(outcome) = flight.wait_for(Option::is_some).await {
                return outcome.clone().expect("it was waited for");
            }
            // The runtime that ran the renewal went away. If that is this caller's own there is none to start over on.
            if own {
                return Err(Misuse::NoRuntime.into());
            }
        }
    }

    /// Prepares the one renewal. It starts when the state is no longer locked: a runtime that is shutting down drops
    /// the task at once, and the task locks the state when it is dropped.
    fn board(self: &Arc<Self>, state: &mut State) -> Result<Departure, Error> {
        let runtime = Handle::try_current().map_err(|_| Error::from(Misuse::NoRuntime))?;
        let (landed, flight) = watch::channel(None);
        state.flight = Some(flight.clone());
        // The task holds the engine: what a server has already replaced is kept even if every other handle is gone.
        let landing = Landing {
            engine: Arc::clone(self),
            landed,
        };
        Ok(Departure {
            runtime,
            landing,
            epoch: state.epoch,
            flight,
        })
    }

    pub(super) fn invalidate(&self, seen: &Token) {
        let mut state = self.state();
        let is_current = state
            .current
            .as_ref()
            .is_some_and(|current| current.token.generation() == seen.generation());
        if is_current {
            state.current = None;
            state.epoch += 1;
        }
    }
}

impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CachedTokenSource")
            .field("by", &self.mint)
            .field("environment", &self.environment().name())
            .field("generation", &self.state().generation)
            .finish_non_exhaustive()
    }
}

/// A renewal about to start, as a task that outlives every caller.
struct Departure {
    runtime: Handle,
    landing: Landing,
    epoch: u64,
    flight: Flight,
}

impl Departure {
    fn take_off(self) -> Flight {
        self.runtime.spawn(self.landing.renew(self.epoch));
        self.flight
    }
}

/// A renewal on its way. However its task ends, the flight ends with it.
struct Landing {
    engine: Arc<Engine>,
    landed: watch::Sender<Option<Outcome>>,
}

impl Landing {
    async fn renew(self, mut epoch: u64) {
        for restart in 0..=RESTARTS_MAX {
            let minted = self.engine.mint.mint().await;
            let now = self.engine.now();
            let mut state = self.engine.state();
            if minted.is_ok() && state.epoch != epoch && restart < RESTARTS_MAX {
                epoch = state.epoch;
                continue;
            }
            let outcome = match minted {
                Ok(token) => Ok(state.succeed(token)),
                Err(error) => {
                    state.fail(&error, now);
                    tracing::debug!(code = error.code(), "token not renewed");
                    Err(error)
                }
            };
            state.flight = None;
            self.landed.send_replace(Some(outcome));
            return;
        }
    }
}

impl Drop for Landing {
    /// Clears the way when the task ended early.
    ///
    /// Dropped with its runtime: waiters see the channel close and start over on theirs.
    /// Panicked: starting over would panic again, so waiters get an error.
    fn drop(&mut self) {
        if self.landed.borrow().is_some() {
            return;
        }
        let mut state = self.engine.state();
        state.flight = None;
        if std::thread::panicking() {
            let error = Error::from(Misuse::RenewalPanicked);
            state.fail(&error, self.engine.now());
            self.landed.send_replace(Some(Err(error)));
        }
    }
}

#[cfg(test)]
#[path = "engine_tests.rs"]
mod tests;
