//! The state machine of one source: which step a call takes, and what a renewal's end changes.
//!
//! Nothing here waits, sends, starts a task or reads a clock: each method is one transition under one short lock.
//! The lock and the counter come through [`Primitives`], so that a model checker can put its own in their place and
//! try every order in which threads can come.
//!
//! Invariants, which `machine_shuttle_tests.rs` explores and `engine_model_tests.rs` compares with a model:
//!
//! * at most one renewal is on its way;
//! * a call that begins after an invalidation has returned never gets the token that it took away;
//! * generations only grow;
//! * whoever waits, waits for a renewal that is on its way.

use std::time::Duration;

use super::policy::{self, FLOOR, Jitter, Meaning};
use crate::error::Error;
use crate::token::{Moment, Token};

/// What the machine needs of the machine below it.
pub(super) trait Primitives {
    type Lock<T: Send>: Lock<T>;
    type Counter: Counter;
}

pub(super) trait Lock<T> {
    fn new(value: T) -> Self;
    fn with<R>(&self, f: impl FnOnce(&mut T) -> R) -> R;
}

/// A number that one side publishes and the other reads without a lock.
pub(super) trait Counter {
    fn new(value: u64) -> Self;
    fn get(&self) -> u64;
    fn set(&self, value: u64);
}

/// Says why a token is renewed, one of a closed set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reason {
    Absent,
    Ageing,
    Expired,
    Invalidated,
    /// The caller needs one that lives longer.
    TooShort,
}

impl Reason {
    /// Returns the name for logs and metrics.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Absent => "absent",
            Self::Ageing => "ageing",
            Self::Expired => "expired",
            Self::Invalidated => "invalidated",
            Self::TooShort => "too_short",
        }
    }
}

/// What a call does. `F` is what those wait for who wait for a renewal.
#[derive(Debug)]
pub(super) enum Step<F> {
    Serve(Held),
    Fail(Error),
    Wait(F),
}

/// A token that is served, and how long before its end it begins to age.
#[derive(Clone, Debug)]
pub(super) struct Held {
    pub(super) token: Token,
    pub(super) margin: Duration,
}

impl Held {
    fn left(&self, now: Moment) -> Duration {
        let expiry = self.token.expiry();
        expiry.map_or(Duration::MAX, |expiry| expiry.left(now))
    }

    /// Tells whether the token will not age within some time.
    pub(super) fn is_fresh(&self, now: Moment, slack: Duration) -> bool {
        self.left(now) > self.margin.saturating_add(slack)
    }
}

/// How a renewal ends.
#[derive(Debug)]
pub(super) enum Landed {
    /// What those get who wait, and what went wrong, which is not theirs while a token lives.
    Done(Result<Token, Error>, Option<Error>),
    /// The token was invalidated while the renewal was on its way, so its result is of the past. One more, of this
    /// epoch: it cannot happen to that one again, for there is no token left to invalidate.
    Again(u64),
}

pub(super) struct Machine<P: Primitives, F: Send> {
    state: P::Lock<State<F>>,
    /// The generation that a thread may serve from its own copy; zero is none.
    published: P::Counter,
}

struct State<F> {
    current: Option<Current>,
    /// Tokens so far.
    generation: u64,
    /// Invalidations so far.
    epoch: u64,
    /// A gateway refused the last token, and none has come since.
    invalidated: bool,
    flight: Option<F>,
    pause: Option<Pause>,
}

struct Current {
    held: Held,
    /// When it came, by the elapsed clock.
    obtained: Duration,
    /// It came in the place of one that a gateway had refused.
    replaces_refused: bool,
}

/// The time after a failure in which nothing is sent.
struct Pause {
    until: Duration,
    failures: u32,
    error: Error,
}

impl<F> State<F> {
    /// Takes a new token, and returns the one to hand out.
    fn succeed(&mut self, token: Token, now: Moment) -> Token {
        self.pause = None;
        let life = token.expiry().map_or(Duration::ZERO, |expiry| expiry.life);
        let mut held = Held {
            token,
            margin: policy::margin(life, Jitter::draw()),
        };
        if let Some(current) = &mut self.current
            && current.held.left(now) >= held.left(now).max(Duration::from_nanos(1))
        {
            // The server has none that lives longer, so this one is served to its end.
            current.held.margin = Duration::ZERO;
            current.obtained = now.elapsed;
            return current.held.token.clone();
        }
        self.generation += 1;
        held.token = held.token.numbered(self.generation);
        let token = held.token.clone();
        self.current = Some(Current {
            held,
            obtained: now.elapsed,
            replaces_refused: self.invalidated,
        });
        self.invalidated = false;
        token
    }

    /// The token that lives, if one does.
    fn living(&self, now: Moment) -> Option<Token> {
        let current = self.current.as_ref()?;
        (!current.held.left(now).is_zero()).then(|| current.held.token.clone())
    }

    fn fail(&mut self, error: &Error, now: Moment) {
        let failures = self.pause.as_ref().map_or(0, |pause| pause.failures);
        let failures = failures.saturating_add(1);
        let length = policy::pause(error, failures, Jitter::draw());
        self.pause = Some(Pause {
            until: now.elapsed.saturating_add(length),
            failures,
            error: error.clone(),
        });
    }

    /// The error of a pause that is not over.
    fn paused(&self, now: Moment) -> Option<&Error> {
        let pause = self.pause.as_ref()?;
        (now.elapsed < pause.until).then_some(&pause.error)
    }

    /// Why this call wants a renewal, if it does, and what it is served meanwhile, if anything.
    fn look(&self, now: Moment, min_ttl: Duration) -> (Option<Reason>, Option<&Held>) {
        let Some(current) = &self.current else {
            let taken = self.invalidated;
            let reason = if taken {
                Reason::Invalidated
            } else {
                Reason::Absent
            };
            return (Some(reason), None);
        };
        let left = current.held.left(now);
        let old = now.elapsed.saturating_sub(current.obtained) >= FLOOR;
        if left.is_zero() {
            (Some(Reason::Expired), None)
        } else if left < min_ttl && old {
            (Some(Reason::TooShort), Some(&current.held))
        } else if current.held.is_fresh(now, Duration::ZERO) {
            (None, Some(&current.held))
        } else {
            (Some(Reason::Ageing), Some(&current.held))
        }
    }
}

impl<P: Primitives, F: Clone + Send> Machine<P, F> {
    pub(super) fn new(first: Option<Token>, now: Moment) -> Self {
        let mut state = State {
            current: None,
            generation: 0,
            epoch: 0,
            invalidated: false,
            flight: None,
            pause: None,
        };
        if let Some(token) = first {
            state.succeed(token, now);
        }
        Self {
            published: P::Counter::new(state.generation),
            state: P::Lock::new(state),
        }
    }

    /// Returns the generation that may be served without asking, for as long as its copy is fresh; zero is none.
    pub(super) fn published(&self) -> u64 {
        self.published.get()
    }

    /// Takes one step for a call.
    ///
    /// If a renewal has to start, `board` prepares it and returns what to wait for, or why none can start.
    pub(super) fn step(
        &self,
        now: Moment,
        min_ttl: Duration,
        board: impl FnOnce(Reason, u64) -> Result<F, Error>,
    ) -> Step<F> {
        self.state.with(|state| {
            let (reason, held) = state.look(now, min_ttl);
            let held = held.cloned();
            let Some(reason) = reason else {
                return Step::Serve(held.expect("only a token that is served needs no renewal"));
            };
            let flight = match (&state.flight, state.paused(now)) {
                (Some(flight), _) => Ok(flight.clone()),
                (None, Some(error)) => Err(error.clone()),
                (None, None) => board(reason, state.epoch).inspect(|flight| {
                    state.flight = Some(flight.clone());
                }),
            };
            match (flight, held) {
                // Nobody waits for an early renewal, and its failure is nobody's error, while the token lives.
                (_, Some(held)) if reason == Reason::Ageing => Step::Serve(held),
                (Ok(flight), _) => Step::Wait(flight),
                (Err(_), Some(held)) => Step::Serve(held),
                (Err(error), None) => Step::Fail(error),
            }
        })
    }

    /// Takes a renewal's result. It is the only way to a new token.
    pub(super) fn land(&self, epoch: u64, minted: Result<Token, Error>, now: Moment) -> Landed {
        self.state.with(|state| {
            if minted.is_ok() && state.epoch != epoch {
                return Landed::Again(state.epoch);
            }
            state.flight = None;
            match minted {
                Ok(token) => {
                    let token = state.succeed(token, now);
                    self.published.set(state.generation);
                    Landed::Done(Ok(token), None)
                }
                Err(error) => {
                    // A dead client is the breaker's business, which all sources of the client share.
                    if Meaning::of(&error) != Meaning::ClientDead {
                        state.fail(&error, now);
                    }
                    Landed::Done(state.living(now).ok_or_else(|| error.clone()), Some(error))
                }
            }
        })
    }

    /// Clears the way when a renewal ended without a result.
    pub(super) fn abandon(&self) {
        self.state.with(|state| state.flight = None);
    }

    /// Takes a token away that a gateway refused, and says whether it did.
    ///
    /// Not if a newer one is there. Not either if this one came in the place of another refused one less than
    /// [`FLOOR`] ago: the gateway refuses whatever it is sent, and another token would not change its mind.
    pub(super) fn invalidate(&self, seen: u64, now: Moment) -> bool {
        self.state.with(|state| {
            let Some(current) = &state.current else {
                return false;
            };
            let age = now.elapsed.saturating_sub(current.obtained);
            if current.held.token.generation() != seen || (current.replaces_refused && age < FLOOR)
            {
                return false;
            }
            state.current = None;
            state.invalidated = true;
            state.epoch += 1;
            self.published.set(0);
            true
        })
    }

    /// Forgets the last failure.
    pub(super) fn reset(&self) {
        self.state.with(|state| state.pause = None);
    }

    /// Returns how long nothing will be sent.
    pub(super) fn pause_left(&self, now: Moment) -> Duration {
        self.state.with(|state| {
            let until = state
                .pause
                .as_ref()
                .map_or(Duration::ZERO, |pause| pause.until);
            until.saturating_sub(now.elapsed)
        })
    }

    /// Returns the number of tokens so far.
    pub(super) fn generation(&self) -> u64 {
        self.state.with(|state| state.generation)
    }
}

/// The standard library's primitives.
pub(super) struct Std;

impl Primitives for Std {
    type Lock<T: Send> = std::sync::Mutex<T>;
    type Counter = std::sync::atomic::AtomicU64;
}

impl<T> Lock<T> for std::sync::Mutex<T> {
    fn new(value: T) -> Self {
        Self::new(value)
    }

    /// The state is only ever replaced by whole values, so one that a panic left behind is as good as any.
    fn with<R>(&self, f: impl FnOnce(&mut T) -> R) -> R {
        f(&mut self
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner))
    }
}

/// The lock orders writers; a reader that sees a generation needs nothing else of the writer's but time.
impl Counter for std::sync::atomic::AtomicU64 {
    fn new(value: u64) -> Self {
        Self::new(value)
    }

    fn get(&self) -> u64 {
        self.load(std::sync::atomic::Ordering::Acquire)
    }

    fn set(&self, value: u64) {
        self.store(value, std::sync::atomic::Ordering::Release);
    }
}

#[cfg(test)]
#[path = "machine_shuttle_tests.rs"]
mod shuttle_tests;
