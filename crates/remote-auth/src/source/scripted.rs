//! A mint that tests hold in their hands, and an engine over it: nothing here waits for time.

use std::collections::VecDeque;
use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use remote_oauth_client::ExpiresIn;
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;

use super::breaker::Breaker;
use super::engine::{Engine, Owner};
use super::mint::{Mint, MintFuture, Minted, RereadFuture};
use crate::clock::Clock;
use crate::environment::Environment;
use crate::error::{Error, ErrorCode, NoAnswer, Refused, Step, Unreachable};
use crate::test_support::ManualClock;
use crate::token::{Expiry, Moment, Principal, Token};

pub(super) type Outcome = Result<Token, Error>;

/// What the server does with one request.
#[derive(Clone, Debug)]
pub(super) enum Answer {
    /// A token of so many seconds.
    Token(u64),
    /// A token of an hour, and another refresh token.
    Rotated,
    Fault(Error),
    /// Not the server: the renewal itself.
    Panic,
}

/// Answers by script, each answer when the test lets it go. Without a script each answer is a token of an hour.
pub(super) struct Scripted {
    clock: Arc<ManualClock>,
    answers: Mutex<VecDeque<Answer>>,
    calls: AtomicUsize,
    under_way: AtomicUsize,
    stopped: AtomicUsize,
    pub(super) gate: Semaphore,
    /// Whether another process has renewed the grant.
    pub(super) renewed_elsewhere: AtomicBool,
}

impl Scripted {
    pub(super) fn calls(&self) -> usize {
        self.calls.load(Ordering::SeqCst)
    }

    /// How many requests are waiting for their answer.
    pub(super) fn under_way(&self) -> usize {
        self.under_way.load(Ordering::SeqCst)
    }

    /// How many requests were dropped before their answer.
    pub(super) fn stopped(&self) -> usize {
        self.stopped.load(Ordering::SeqCst)
    }

    pub(super) fn script(&self, answer: Answer) {
        self.answers.lock().expect("no panic").push_back(answer);
    }

    fn minted(&self, number: usize, start: Moment, life_s: u64, rotated: bool) -> Minted {
        let expiry = Expiry::counted_from(start, Some(ExpiresIn::from_secs(life_s)));
        let token = Token::new(
            format!("token-{number}").into(),
            Environment::Sandbox,
            Principal::Partner,
            None,
            Some(expiry),
        );
        Minted { token, rotated }
    }

    async fn answer(&self) -> Result<Minted, Error> {
        let number = self.calls.fetch_add(1, Ordering::SeqCst) + 1;
        let under_way = UnderWay::new(self);
        let start = Moment::now(&*self.clock);
        self.gate
            .acquire()
            .await
            .expect("the gate stays open")
            .forget();
        under_way.answered();
        let answer = self.answers.lock().expect("no panic").pop_front();
        match answer.unwrap_or(Answer::Token(3600)) {
            Answer::Token(life_s) => Ok(self.minted(number, start, life_s, false)),
            Answer::Rotated => Ok(self.minted(number, start, 3600, true)),
            Answer::Fault(error) => Err(error),
            // The panic hook would print it.
            Answer::Panic => std::panic::resume_unwind(Box::new("on purpose")),
        }
    }
}

/// Counts a request for as long as it waits.
struct UnderWay<'a>(&'a Scripted, std::cell::Cell<bool>);

impl<'a> UnderWay<'a> {
    fn new(script: &'a Scripted) -> Self {
        let before = script.under_way.fetch_add(1, Ordering::SeqCst);
        assert_eq!(before, 0, "one request at a time");
        Self(script, std::cell::Cell::new(false))
    }

    fn answered(&self) {
        self.1.set(true);
    }
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        self.0.under_way.fetch_sub(1, Ordering::SeqCst);
        if !self.1.get() {
            self.0.stopped.fetch_add(1, Ordering::SeqCst);
        }
    }
}

struct Seam(Arc<Scripted>);

impl fmt::Debug for Seam {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("script")
    }
}

impl Mint for Seam {
    fn grant(&self) -> &'static str {
        "script"
    }

    fn mint(&self) -> MintFuture<'_> {
        Box::pin(self.0.answer())
    }

    fn reread(&self) -> RereadFuture<'_> {
        Box::pin(async { self.0.renewed_elsewhere.swap(false, Ordering::SeqCst) })
    }
}

/// An engine, its mint and its clock.
pub(super) struct Bench {
    pub(super) engine: Arc<Engine>,
    pub(super) mint: Arc<Scripted>,
    pub(super) clock: Arc<ManualClock>,
}

impl Bench {
    pub(super) fn new(answers: impl IntoIterator<Item = Answer>) -> Self {
        Self::of_client(&Arc::default(), &ManualClock::shared(), answers)
    }

    /// Another source of the client whose breaker it is.
    pub(super) fn of_client(
        breaker: &Arc<Breaker>,
        clock: &Arc<ManualClock>,
        answers: impl IntoIterator<Item = Answer>,
    ) -> Self {
        let mint = Arc::new(Scripted {
            clock: Arc::clone(clock),
            answers: Mutex::new(answers.into_iter().collect()),
            calls: AtomicUsize::new(0),
            under_way: AtomicUsize::new(0),
            stopped: AtomicUsize::new(0),
            gate: Semaphore::new(0),
            renewed_elsewhere: AtomicBool::new(false),
        });
        let engine = Engine::new(
            Environment::Sandbox,
            Arc::clone(clock) as Arc<dyn Clock>,
            Box::new(Seam(Arc::clone(&mint))),
            Arc::clone(breaker),
            None,
        );
        Self {
            engine: Arc::new(engine),
            mint,
            clock: Arc::clone(clock),
        }
    }

    /// The handle that a program holds.
    pub(super) fn owner(&self) -> Owner {
        Owner(Arc::clone(&self.engine))
    }

    /// Lets any number of answers go.
    pub(super) fn open(&self) {
        self.mint.gate.add_permits(1_000);
    }

    /// Lets no further answer go.
    pub(super) fn close(&self) {
        self.mint.gate.forget_permits(usize::MAX);
    }

    pub(super) async fn token(&self) -> Outcome {
        self.engine.lend(Token::clone).await
    }

    pub(super) fn spawn(&self) -> JoinHandle<Outcome> {
        let engine = Arc::clone(&self.engine);
        tokio::spawn(async move { engine.lend(Token::clone).await })
    }

    /// Lets every task run until all of them wait for something.
    pub(super) async fn settle(&self) {
        for _ in 0..64 {
            tokio::task::yield_now().await;
        }
    }
}

pub(super) fn failing() -> Error {
    Unreachable {
        step: Step::ClientCredentials,
        cause: NoAnswer::ServerFailing(503),
        retry_after: None,
        sent: true,
    }
    .into()
}

pub(super) fn refused(code: ErrorCode) -> Error {
    Refused::new(Step::RefreshToken, code, Some(400), None).into()
}

pub(super) fn number(outcome: &Outcome) -> u64 {
    outcome.as_ref().expect("a token").generation()
}
