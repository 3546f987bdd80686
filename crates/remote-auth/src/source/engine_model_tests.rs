//! Random interleavings of calls, cancellations, panics, clock steps, invalidations and server faults, against a
//! small model of what must hold whatever happens.

use std::collections::HashMap;
use std::ops::Range;
use std::time::SystemTime;

use proptest::collection::vec;
use proptest::prelude::*;
use tokio::task::JoinHandle;

use super::super::scripted::{Answer, Bench, Outcome, failing, refused};
use super::*;
use crate::error::ErrorCode::{InvalidClient, InvalidGrant, InvalidScope};

#[derive(Clone, Debug)]
enum Act {
    Call,
    CallFor {
        min_ttl_s: u64,
    },
    /// A caller goes away.
    Cancel(prop::sample::Index),
    /// The request that is under way gets its answer.
    Answer(Answer),
    Pass {
        seconds: u64,
    },
    /// The time of day is set, or the machine slept.
    StepWall {
        seconds: i64,
    },
    /// A gateway refuses a token, the newest or one of the past.
    Invalidate {
        back: u64,
    },
    Reset,
}

fn act() -> impl Strategy<Value = Act> {
    let answer = prop_oneof![
        4 => (1_u64..4000).prop_map(Answer::Token),
        1 => Just(Answer::Token(0)),
        1 => Just(Answer::Rotated),
        2 => Just(Answer::Fault(failing())),
        1 => Just(Answer::Fault(refused(InvalidScope))),
        1 => Just(Answer::Fault(refused(InvalidGrant))),
        1 => Just(Answer::Fault(refused(InvalidClient))),
        1 => Just(Answer::Panic),
    ];
    prop_oneof![
        8 => Just(Act::Call),
        2 => (0_u64..4000).prop_map(|min_ttl_s| Act::CallFor { min_ttl_s }),
        2 => any::<prop::sample::Index>().prop_map(Act::Cancel),
        6 => answer.prop_map(Act::Answer),
        3 => (0_u64..4000).prop_map(|seconds| Act::Pass { seconds }),
        2 => (0_u64..5).prop_map(|seconds| Act::Pass { seconds }),
        2 => (-90_000_i64..90_000).prop_map(|seconds| Act::StepWall { seconds }),
        4 => (0_u64..3).prop_map(|back| Act::Invalidate { back }),
        1 => Just(Act::Reset),
    ]
}

/// A call that has no answer yet.
struct Caller {
    task: JoinHandle<Outcome>,
    /// The newest generation that was taken away before the call began.
    taken: u64,
    /// The newest generation that anybody had before the call began.
    seen: u64,
}

/// The engine, and what a model knows of it.
struct World {
    bench: Bench,
    callers: Vec<Caller>,
    tokens: HashMap<u64, Token>,
    taken: u64,
    newest: u64,
    /// No request may start before this, by the elapsed clock.
    quiet_until: Duration,
    calls: usize,
}

impl World {
    fn new() -> Self {
        Self {
            bench: Bench::new([]),
            callers: Vec::new(),
            tokens: HashMap::new(),
            taken: 0,
            newest: 0,
            quiet_until: Duration::ZERO,
            calls: 0,
        }
    }

    fn call(&mut self, min_ttl: Duration) {
        let engine = Arc::clone(&self.bench.engine);
        let task = tokio::spawn(async move {
            if min_ttl.is_zero() {
                engine.lend(Token::clone).await
            } else {
                engine.call(min_ttl).await
            }
        });
        self.callers.push(Caller {
            task,
            taken: self.taken,
            seen: self.newest,
        });
    }

    async fn act(&mut self, act: Act) {
        let bench = &self.bench;
        match act {
            Act::Call => self.call(Duration::ZERO),
            Act::CallFor { min_ttl_s } => self.call(Duration::from_secs(min_ttl_s)),
            Act::Cancel(index) if !self.callers.is_empty() => {
                let index = index.index(self.callers.len());
                self.callers.swap_remove(index).task.abort();
            }
            Act::Cancel(_) => {}
            Act::Answer(answer) => self.answer(answer).await,
            Act::Pass { seconds } => bench.clock.advance(Duration::from_secs(seconds)),
            Act::StepWall { seconds } => bench.clock.set_wall(stepped(bench.clock.wall(), seconds)),
            Act::Invalidate { back } => {
                if let Some(token) = self.tokens.get(&self.newest.saturating_sub(back)) {
                    let before = bench.engine.machine.published();
                    bench.engine.invalidate(token);
                    if before != bench.engine.machine.published() {
                        self.taken = self.taken.max(token.generation());
                    }
                }
            }
            Act::Reset => {
                bench.engine.reset();
                self.quiet_until = Duration::ZERO;
            }
        }
        self.bench.settle().await;
        self.judge().await;
    }

    async fn answer(&mut self, answer: Answer) {
        if self.bench.mint.under_way() == 0 {
            return;
        }
        let now = self.bench.clock.elapsed();
        self.quiet_until = match &answer {
            Answer::Fault(error) => now + quiet_after(error),
            Answer::Panic => now + Duration::from_secs(15),
            Answer::Token(_) | Answer::Rotated => Duration::ZERO,
        };
        self.bench.mint.script(answer);
        self.bench.mint.gate.add_permits(1);
        self.bench.settle().await;
    }

    /// Looks at every call that has ended, and at every request that has started.
    async fn judge(&mut self) {
        let now = Moment::now(&*self.bench.clock);
        let calls = self.bench.mint.calls();
        if calls > self.calls {
            assert!(
                now.elapsed >= self.quiet_until,
                "a request within the pause"
            );
        }
        self.calls = calls;
        let mut waiting = Vec::new();
        for caller in std::mem::take(&mut self.callers) {
            if !caller.task.is_finished() {
                waiting.push(caller);
                continue;
            }
            match caller.task.await.expect("no caller panics") {
                Ok(token) => {
                    let generation = token.generation();
                    assert!(
                        generation > caller.taken,
                        "it was taken away before the call"
                    );
                    assert!(generation >= caller.seen, "somebody had a newer one before");
                    self.newest = self.newest.max(generation);
                    self.tokens.insert(generation, token);
                }
                Err(_) => assert!(!self.lives(now), "an error while a token lives"),
            }
        }
        assert!(
            waiting.is_empty() || self.bench.mint.under_way() == 1,
            "they wait for nothing"
        );
        self.callers = waiting;
    }

    /// Tells whether the newest token that anybody has seen could be served.
    ///
    /// One that was renewed behind the callers' backs is gone, even if a step of the wall clock ends its successor first.
    fn lives(&self, now: Moment) -> bool {
        let is_kept =
            self.newest > self.taken && self.newest == self.bench.engine.machine.generation();
        let newest = self.tokens.get(&self.newest).filter(|_| is_kept);
        let expiry = newest.and_then(Token::expiry);
        expiry.is_some_and(|expiry| !expiry.left(now).is_zero())
    }
}

fn stepped(wall: SystemTime, seconds: i64) -> SystemTime {
    let by = Duration::from_secs(seconds.unsigned_abs());
    if seconds < 0 { wall - by } else { wall + by }
}

/// The least pause after a failure, jitter taken off.
fn quiet_after(error: &Error) -> Duration {
    let ms = match Meaning::of(error) {
        Meaning::Transient => 500,
        Meaning::ClientDead => 30_000,
        Meaning::GrantDead => 150_000,
        Meaning::Refused => 15_000,
        Meaning::Misuse => 0,
    };
    Duration::from_millis(ms)
}

const ACTS: Range<usize> = 1..60;

proptest! {
    #[test]
    fn whatever_happens_the_promises_hold(acts in vec(act(), ACTS)) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        runtime.block_on(async {
            let mut world = World::new();
            for act in acts {
                world.act(act).await;
            }
            // Whoever still waits gets an answer when the server gives one.
            world.bench.open();
            world.bench.settle().await;
            for caller in world.callers.drain(..) {
                assert!(caller.task.is_finished());
            }
        });
    }

    /// A call that need not wait is never given a dead token, whatever the clocks did.
    #[test]
    fn a_token_that_is_served_without_waiting_lives(acts in vec(act(), ACTS)) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        runtime.block_on(async {
            let mut world = World::new();
            for act in acts {
                world.act(act).await;
                let mut call = Box::pin(world.bench.engine.lend(Token::clone));
                let mut context = std::task::Context::from_waker(std::task::Waker::noop());
                if let std::task::Poll::Ready(Ok(token)) = call.as_mut().poll(&mut context) {
                    let now = Moment::now(&*world.bench.clock);
                    let expiry = token.expiry().expect("it ends");
                    assert!(!expiry.left(now).is_zero());
                }
            }
        });
    }
}
