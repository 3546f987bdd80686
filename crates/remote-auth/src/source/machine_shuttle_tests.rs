//! The machine under a scheduler that tries the orders in which threads can come: callers, one renewal,
//! invalidations, and renewals that end without a result.

use std::sync::Arc;

use shuttle::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use shuttle::sync::{Condvar, Mutex};
use shuttle::thread;

use super::*;
use crate::environment::Environment;
use crate::error::Misuse;
use crate::test_support::ManualClock;
use crate::token::Principal;

const ITERATIONS: usize = 1_000;

struct Explored;

impl Primitives for Explored {
    type Lock<T: Send> = Mutex<T>;
    type Counter = AtomicU64;
}

impl<T> Lock<T> for Mutex<T> {
    fn new(value: T) -> Self {
        Self::new(value)
    }

    fn with<R>(&self, f: impl FnOnce(&mut T) -> R) -> R {
        f(&mut self.lock().expect("no transition panics"))
    }
}

impl Counter for AtomicU64 {
    fn new(value: u64) -> Self {
        Self::new(value)
    }

    fn get(&self) -> u64 {
        self.load(Ordering::SeqCst)
    }

    fn set(&self, value: u64) {
        self.store(value, Ordering::SeqCst);
    }
}

/// How a flight ended: with an outcome, or with nothing, as when a runtime goes away.
type Ended = Option<Option<Result<Token, Error>>>;

#[derive(Clone, Default)]
struct Flight(Arc<(Mutex<Ended>, Condvar)>);

impl Flight {
    fn wait(&self) -> Option<Result<Token, Error>> {
        let (ended, changed) = &*self.0;
        let mut ended = ended.lock().expect("no panic");
        loop {
            if let Some(outcome) = &*ended {
                return outcome.clone();
            }
            ended = changed.wait(ended).expect("no panic");
        }
    }

    fn end(&self, outcome: Option<Result<Token, Error>>) {
        *self.0.0.lock().expect("no panic") = Some(outcome);
        self.0.1.notify_all();
    }
}

/// What the server gives to a renewal.
#[derive(Clone, Copy)]
enum Fate {
    Token,
    Failure,
}

struct World {
    machine: Machine<Explored, Flight>,
    now: Moment,
    under_way: AtomicUsize,
    started: AtomicUsize,
    /// How many renewals, the first ones, lose their runtime.
    lost: usize,
    /// The newest generation that an invalidation which has returned took away.
    taken: AtomicU64,
}

impl World {
    fn new(lost: usize) -> Arc<Self> {
        let now = Moment::now(&*ManualClock::shared());
        Arc::new(Self {
            machine: Machine::new(None, now),
            now,
            under_way: AtomicUsize::new(0),
            started: AtomicUsize::new(0),
            lost,
            taken: AtomicU64::new(0),
        })
    }

    /// A call as the engine makes it: the published copy first, and else step by step.
    fn call(self: &Arc<Self>, copy: &mut u64, fate: Fate) {
        let taken = self.taken.load(Ordering::SeqCst);
        let published = self.machine.published();
        if published != 0 && published == *copy {
            assert!(published > taken, "a copy of what was taken away");
            return;
        }
        loop {
            let mut departure = None;
            let step = self.machine.step(self.now, Duration::ZERO, |_, epoch| {
                let flight = Flight::default();
                departure = Some((flight.clone(), epoch));
                Ok(flight)
            });
            if let Some((flight, epoch)) = departure {
                let world = Arc::clone(self);
                thread::spawn(move || world.renew(&flight, epoch, fate));
            }
            let outcome = match step {
                Step::Serve(held) => Some(Ok(held.token)),
                Step::Fail(error) => Some(Err(error)),
                Step::Wait(flight) => flight.wait(),
            };
            match outcome {
                Some(Ok(token)) => {
                    assert!(token.generation() > taken, "it was taken away before");
                    *copy = token.generation();
                    return;
                }
                Some(Err(_)) => return,
                // The renewal ended without a result: start over.
                None => {}
            }
        }
    }

    fn renew(&self, flight: &Flight, mut epoch: u64, fate: Fate) {
        let before = self.under_way.fetch_add(1, Ordering::SeqCst);
        assert_eq!(before, 0, "one at a time");
        if self.started.fetch_add(1, Ordering::SeqCst) < self.lost {
            self.under_way.store(0, Ordering::SeqCst);
            self.machine.abandon();
            return flight.end(None);
        }
        loop {
            thread::yield_now();
            let minted = match fate {
                Fate::Failure => Err(Misuse::RenewalPanicked.into()),
                Fate::Token => Ok(token()),
            };
            // With the landing the way is clear for the next, so this one does not count any more.
            self.under_way.store(0, Ordering::SeqCst);
            match self.machine.land(epoch, minted, self.now) {
                Landed::Done(outcome, _) => return flight.end(Some(outcome)),
                Landed::Again(next) => epoch = next,
            }
        }
    }

    fn invalidate(&self, generation: u64) {
        if self.machine.invalidate(generation, self.now) {
            self.taken.fetch_max(generation, Ordering::SeqCst);
        }
    }
}

fn token() -> Token {
    Token::new(
        "token".into(),
        Environment::Sandbox,
        Principal::Partner,
        None,
        None,
    )
}

fn explore(fates: [Fate; 3], lost: usize) {
    shuttle::check_random(
        move || {
            let world = World::new(lost);
            let callers = fates.map(|fate| {
                let world = Arc::clone(&world);
                thread::spawn(move || {
                    let mut copy = 0;
                    world.call(&mut copy, fate);
                    world.invalidate(copy);
                    world.call(&mut copy, Fate::Token);
                    world.call(&mut copy, Fate::Token);
                })
            });
            for caller in callers {
                caller.join().expect("no caller panics");
            }
        },
        ITERATIONS,
    );
}

#[test]
fn in_whatever_order_threads_come_nobody_is_stuck_or_served_what_was_taken_away() {
    explore([Fate::Token; 3], 0);
}

#[test]
fn a_failure_in_whatever_order_leaves_nobody_waiting() {
    explore([Fate::Failure, Fate::Token, Fate::Failure], 0);
}

#[test]
fn a_renewal_that_is_lost_is_started_over_by_those_who_wait() {
    explore([Fate::Token; 3], 2);
}
