//! The engine against a mint that tests hold in their hands: nothing here waits for time.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::UNIX_EPOCH;

use remote_oauth_client::ExpiresIn;
use tokio::sync::Semaphore;

use super::*;
use crate::error::{ErrorCode, NoAnswer, Refused, Step as FlowStep, Unreachable};
use crate::source::TokenFuture;
use crate::test_support::ManualClock;
use crate::token::{Expiry, Principal};

const HOUR: Duration = Duration::from_secs(3600);

/// Answers by script, each answer when the test lets it go.
struct Scripted {
    clock: Arc<ManualClock>,
    answers: Mutex<VecDeque<Result<u64, Error>>>,
    calls: AtomicUsize,
    gate: Semaphore,
}

impl Scripted {
    fn calls(&self) -> usize {
        self.calls.load(Ordering::SeqCst)
    }
}

#[derive(Clone)]
struct Shared(Arc<Scripted>);

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("script")
    }
}

impl Mint for Shared {
    fn mint(&self) -> TokenFuture<'_> {
        Box::pin(async {
            let number = self.0.calls.fetch_add(1, Ordering::SeqCst) + 1;
            let start = Moment::now(&*self.0.clock);
            self.0
                .gate
                .acquire()
                .await
                .expect("the gate stays open")
                .forget();
            let answer = self
                .0
                .answers
                .lock()
                .expect("no panic")
                .pop_front()
                .unwrap_or(Ok(3600));
            answer.map(|life_s| {
                let expiry = Expiry::counted_from(start, Some(ExpiresIn::from_secs(life_s)));
                let text = format!("token-{number}");
                Token::new(
                    text.into(),
                    Environment::Sandbox,
                    Principal::Partner,
                    None,
                    Some(expiry),
                )
            })
        })
    }
}

struct Bench {
    engine: Arc<Engine>,
    mint: Arc<Scripted>,
    clock: Arc<ManualClock>,
}

impl Bench {
    fn new(answers: impl IntoIterator<Item = Result<u64, Error>>) -> Self {
        let clock = ManualClock::shared();
        let mint = Arc::new(Scripted {
            clock: Arc::clone(&clock),
            answers: Mutex::new(answers.into_iter().collect()),
            calls: AtomicUsize::new(0),
            gate: Semaphore::new(0),
        });
        let seam = Box::new(Shared(Arc::clone(&mint)));
        let engine = Engine::new(
            Environment::Sandbox,
            Arc::clone(&clock) as Arc<dyn Clock>,
            seam,
            None,
        );
        Self {
            engine: Arc::new(engine),
            mint,
            clock,
        }
    }

    /// Lets any number of answers go.
    fn open(&self) {
        self.mint.gate.add_permits(1_000);
    }

    async fn token(&self) -> Outcome {
        self.engine.token().await
    }

    fn spawn(&self) -> tokio::task::JoinHandle<Outcome> {
        let engine = Arc::clone(&self.engine);
        tokio::spawn(async move { engine.token().await })
    }

    /// Lets every task run until all of them wait for something.
    async fn settle(&self) {
        for _ in 0..64 {
            tokio::task::yield_now().await;
        }
    }
}

fn failing() -> Error {
    let cause = NoAnswer::ServerFailing(503);
    Unreachable {
        step: FlowStep::ClientCredentials,
        cause,
        retry_after: None,
        sent: true,
    }
    .into()
}

fn refused() -> Error {
    Refused::new(
        FlowStep::ClientCredentials,
        ErrorCode::InvalidClient,
        Some(401),
        None,
    )
    .into()
}

fn number(outcome: &Outcome) -> u64 {
    outcome.as_ref().expect("a token").generation()
}

// Requirement: remote.token.cached, remote.token.reusable
#[tokio::test]
async fn however_many_callers_one_request_is_made_and_shared() {
    let bench = Bench::new([]);
    let callers: Vec<_> = (0..100).map(|_| bench.spawn()).collect();
    bench.settle().await;
    bench.open();
    for caller in callers {
        assert_eq!(number(&caller.await.expect("no panic")), 1);
    }
    assert_eq!(bench.mint.calls(), 1);
}

#[tokio::test]
async fn a_failure_is_shared_too_and_not_stormed() {
    let bench = Bench::new([Err(failing())]);
    let callers: Vec<_> = (0..50).map(|_| bench.spawn()).collect();
    bench.settle().await;
    bench.open();
    for caller in callers {
        let error = caller.await.expect("no panic").expect_err("shared");
        assert_eq!(error.code(), "unreachable.server_failing");
    }
    assert_eq!(
        bench.token().await.expect_err("within the pause").code(),
        "unreachable.server_failing"
    );
    assert_eq!(bench.mint.calls(), 1);
    bench.clock.advance(PAUSE_MIN);
    assert_eq!(
        number(&bench.token().await),
        1,
        "after the pause the next call asks again"
    );
}

#[tokio::test]
async fn a_caller_that_is_dropped_loses_nothing() {
    let bench = Bench::new([]);
    let caller = bench.spawn();
    bench.settle().await;
    caller.abort();
    bench.settle().await;
    bench.open();
    bench.settle().await;
    assert_eq!(number(&bench.token().await), 1);
    assert_eq!(bench.mint.calls(), 1);
}

// Requirement: remote.skill.mistake-lapse, remote.token.renewed-early
#[tokio::test]
async fn an_ageing_token_is_served_while_one_renewal_runs_behind_it() {
    let bench = Bench::new([]);
    bench.open();
    bench.token().await.expect("the first");
    bench.mint.gate.forget_permits(usize::MAX);
    bench.clock.advance(HOUR - AGEING);
    for _ in 0..10 {
        assert_eq!(number(&bench.token().await), 1, "nobody waits");
    }
    bench.settle().await;
    bench.open();
    bench.settle().await;
    assert_eq!(number(&bench.token().await), 2);
    assert_eq!(bench.mint.calls(), 2);
}

#[tokio::test]
async fn a_failed_early_renewal_is_nobodys_error_while_the_token_lives() {
    let bench = Bench::new([Ok(3600), Err(refused()), Err(failing()), Ok(3600)]);
    bench.open();
    bench.token().await.expect("the first");
    bench.clock.advance(HOUR - AGEING);
    for _ in 0..5 {
        assert_eq!(number(&bench.token().await), 1);
        bench.settle().await;
    }
    assert_eq!(
        bench.mint.calls(),
        2,
        "the pause after a refusal holds back further attempts"
    );
    bench.clock.advance(PAUSE_REFUSED);
    assert_eq!(number(&bench.token().await), 1);
    bench.settle().await;
    assert_eq!(bench.mint.calls(), 3);
    bench.clock.advance(AGEING);
    assert_eq!(
        number(&bench.token().await),
        2,
        "an expired token is never served"
    );
}

#[tokio::test]
async fn ten_late_refusals_of_one_token_cause_one_renewal() {
    let bench = Bench::new([]);
    bench.open();
    let old = bench.token().await.expect("the first");
    for _ in 0..10 {
        bench.engine.invalidate(&old);
        assert_eq!(number(&bench.token().await), 2);
    }
    assert_eq!(bench.mint.calls(), 2);
}

#[tokio::test]
async fn a_result_that_was_on_its_way_when_its_token_was_invalidated_is_not_served() {
    let bench = Bench::new([]);
    bench.open();
    let old = bench.token().await.expect("the first");
    bench.mint.gate.forget_permits(usize::MAX);
    bench.clock.advance(HOUR - AGEING);
    bench.token().await.expect("served, and renewed behind");
    bench.settle().await;
    bench.engine.invalidate(&old);
    let waiting = bench.spawn();
    bench.settle().await;
    bench.open();
    let token = waiting.await.expect("no panic").expect("a token");
    #[expect(
        clippy::disallowed_methods,
        reason = "the test looks which request the token came from"
    )]
    let text = secrecy::ExposeSecret::expose_secret(token.access_token()).to_owned();
    assert_eq!(text, "token-3");
}

#[tokio::test]
async fn a_token_that_lives_for_no_time_is_given_to_those_who_waited_and_not_kept() {
    let bench = Bench::new([Ok(0), Ok(0)]);
    bench.open();
    assert_eq!(number(&bench.token().await), 1);
    assert_eq!(number(&bench.token().await), 2);
}

#[tokio::test]
async fn clock_steps_neither_serve_a_dead_token_nor_cause_a_storm() {
    let day = Duration::from_secs(86_400);
    let bench = Bench::new([]);
    bench.open();
    bench.token().await.expect("the first");
    let start = bench.clock.wall();

    bench.clock.set_wall(start - day);
    assert_eq!(
        number(&bench.token().await),
        1,
        "set back: the elapsed clock decides"
    );
    bench.clock.set_wall(start + day);
    assert_eq!(
        number(&bench.token().await),
        2,
        "set forward or suspended: the wall clock decides"
    );
    for _ in 0..10 {
        assert_eq!(number(&bench.token().await), 2);
    }
    bench.clock.set_wall(UNIX_EPOCH);
    bench.clock.advance(HOUR);
    assert_eq!(number(&bench.token().await), 3);
    assert_eq!(bench.mint.calls(), 3);
}

#[test]
fn a_renewal_that_loses_its_runtime_is_started_over_on_the_callers() {
    let bench = Bench::new([]);
    let runtime = || {
        tokio::runtime::Builder::new_current_thread()
            .build()
            .expect("a runtime")
    };
    let first = runtime();
    first.block_on(async {
        let caller = bench.spawn();
        bench.settle().await;
        drop(caller);
    });
    drop(first);
    bench.open();
    assert_eq!(number(&runtime().block_on(bench.token())), 1);
    assert_eq!(bench.mint.calls(), 2);
}

#[test]
fn on_a_runtime_that_is_gone_a_call_ends_with_an_error_and_a_living_token_is_served() {
    let bench = Bench::new([]);
    bench.open();
    let runtime = || {
        tokio::runtime::Builder::new_current_thread()
            .build()
            .expect("a runtime")
    };
    let gone = runtime();
    let handle = gone.handle().clone();
    drop(gone);
    let poll = |bench: &Bench| {
        let _entered = handle.enter();
        let mut call = Box::pin(bench.token());
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        match call.as_mut().poll(&mut context) {
            std::task::Poll::Ready(outcome) => outcome,
            std::task::Poll::Pending => panic!("it waits for nothing"),
        }
    };
    let error = poll(&bench).expect_err("nothing can run there");
    assert_eq!(error.code(), "misuse.no_runtime");

    let token = runtime().block_on(bench.token());
    assert_eq!(number(&token), 1);
    bench.clock.advance(HOUR - AGEING);
    assert_eq!(number(&poll(&bench)), 1, "ageing, and served all the same");
}

/// Panics where a fault of the library would.
#[derive(Debug)]
struct Panicking(AtomicUsize);

impl Mint for Arc<Panicking> {
    fn mint(&self) -> TokenFuture<'_> {
        Box::pin(async {
            self.0.fetch_add(1, Ordering::SeqCst);
            panic!("on purpose");
        })
    }
}

#[tokio::test]
async fn a_renewal_that_panics_is_an_error_and_is_not_repeated() {
    let mint = Arc::new(Panicking(AtomicUsize::new(0)));
    let clock = ManualClock::shared();
    let seam = Box::new(Arc::clone(&mint));
    let engine = Arc::new(Engine::new(Environment::Sandbox, clock, seam, None));
    for _ in 0..3 {
        let error = engine.token().await.expect_err("it panicked");
        assert_eq!(error.code(), "misuse.renewal_panicked");
    }
    assert_eq!(mint.0.load(Ordering::SeqCst), 1);
}

#[test]
fn without_a_runtime_the_error_says_so() {
    let bench = Bench::new([]);
    let mut call = Box::pin(bench.token());
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    let std::task::Poll::Ready(outcome) = call.as_mut().poll(&mut context) else {
        panic!("it waits for nothing")
    };
    assert_eq!(outcome.expect_err("no runtime").code(), "misuse.no_runtime");
}

#[test]
fn each_failure_has_its_pause() {
    let asked = Duration::from_secs(17);
    let limited = Unreachable {
        step: FlowStep::ClientCredentials,
        cause: NoAnswer::RateLimited,
        retry_after: Some(asked),
        sent: true,
    };
    assert_eq!(
        pause_after(&limited.into(), 1),
        asked,
        "what the server asked for"
    );
    assert_eq!(pause_after(&refused(), 1), PAUSE_REFUSED);
    assert_eq!(
        pause_after(&Misuse::NoRefreshToken.into(), 1),
        Duration::ZERO,
        "nothing was sent"
    );
    for (failures, most_s) in [(1, 1), (2, 2), (3, 4), (7, 60), (u32::MAX, 60)] {
        for _ in 0..50 {
            let pause = pause_after(&failing(), failures);
            let most = Duration::from_secs(most_s);
            assert!(pause <= most && pause >= most / 2, "{failures}: {pause:?}");
        }
    }
}

// Requirement: remote.skill.mistake-lapse, remote.token.renewed-early
#[test]
fn a_token_is_renewed_five_minutes_early_or_at_half_its_life_and_a_little_before_that() {
    for (life_s, least_s, most_s) in [
        (0, 0, 0),
        (10, 4, 5),
        (600, 272, 300),
        (3600, 300, 330),
        (86_400, 300, 330),
    ] {
        for _ in 0..50 {
            let margin = margin(Duration::from_secs(life_s));
            let bounds = Duration::from_secs(least_s)..=Duration::from_secs(most_s);
            assert!(bounds.contains(&margin), "{life_s}: {margin:?}");
        }
    }
}
