//! A token endpoint and a store that tests hold in their hands, on tokio's own clock, which tests pause.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use remote_oauth_client::ExpiresIn;
use tokio::time::Instant;

use super::fleet::Parts;
use super::renewal::{Exchange, ExchangeFuture};
use super::store::{
    CompanyKey, CompanyStore, Lease, LeaseFuture, LoadFuture, MemoryStore, StoreFailed, SwapFuture,
    Version,
};
use super::{CompanyId, CompanyRecord, CompanyTokens};
use crate::clock::Clock;
use crate::environment::Environment;
use crate::error::{Error, ErrorCode, NoAnswer, Refused, Step, Unreachable};
use crate::grant::CompanyGrant;
use crate::secret::{ClientId, RefreshToken};
use crate::token::{Expiry, Moment, Principal, Token};

/// Both clocks, driven by tokio's.
#[derive(Debug)]
pub(super) struct TokioClock(Instant);

impl TokioClock {
    pub(super) fn shared() -> Arc<Self> {
        Arc::new(Self(Instant::now()))
    }
}

impl Clock for TokioClock {
    fn wall(&self) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(1_750_000_000) + self.elapsed()
    }

    fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Mood {
    #[default]
    Well,
    Failing,
    ClientRefused,
    Limited,
}

/// One refresh token of each company is good, and where they rotate the one before, until the new one is used.
#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) mood: Mood,
    pub(super) rotates: bool,
    /// Refreshes of each company, and the number of the refresh token that is good.
    pub(super) good: BTreeMap<String, u64>,
    /// When which company asked.
    pub(super) requests: Vec<(Duration, String)>,
    pub(super) refusals: usize,
    issued: u64,
}

#[derive(Clone, Debug)]
pub(super) struct Endpoint {
    pub(super) clock: Arc<TokioClock>,
    pub(super) delay: Duration,
    state: Arc<Mutex<State>>,
}

impl Endpoint {
    pub(super) fn new() -> Self {
        Self {
            clock: TokioClock::shared(),
            delay: Duration::from_millis(50),
            state: Arc::default(),
        }
    }

    /// Starts one that takes so long.
    pub(super) fn taking(delay: Duration) -> Self {
        let mut endpoint = Self::new();
        endpoint.delay = delay;
        endpoint
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no panic")
    }

    pub(super) fn requests(&self) -> usize {
        self.state().requests.len()
    }

    pub(super) fn set(&self, mood: Mood) {
        self.state().mood = mood;
    }

    pub(super) fn parts(&self, store: Option<Arc<dyn CompanyStore>>) -> Parts {
        Parts {
            environment: Environment::Sandbox,
            client_id: ClientId::parse("client").expect("an id"),
            clock: Arc::clone(&self.clock) as Arc<dyn Clock>,
            exchange: Box::new(self.clone()),
            store,
            breaker: Arc::default(),
            resident_max: 1000,
            per_minute: 600,
        }
    }

    pub(super) fn companies(&self, store: &Store) -> CompanyTokens {
        CompanyTokens::over(self.parts(Some(Arc::new(store.clone()))))
    }

    fn answer(&self, sent: &RefreshToken) -> Result<(Token, Option<RefreshToken>), Error> {
        let start = Moment::now(&*self.clock);
        let mut state = self.state();
        let text = opened(sent);
        let (company, number) = text.split_once('#').expect("a refresh token of this test");
        let number: u64 = number.parse().expect("a number");
        let step = crate::error::Step::RefreshToken;
        let unreachable = |cause, retry_after| Unreachable {
            step,
            cause,
            retry_after,
            sent: true,
        };
        let refused = |code| Error::from(Refused::new(Step::RefreshToken, code, Some(400), None));
        match state.mood {
            Mood::Well => {}
            Mood::Failing => return Err(unreachable(NoAnswer::ServerFailing(503), None).into()),
            Mood::ClientRefused => return Err(refused(ErrorCode::InvalidClient)),
            Mood::Limited => {
                let wait = Some(Duration::from_secs(20));
                return Err(unreachable(NoAnswer::RateLimited, wait).into());
            }
        }
        let good = state.good.get(company).copied().unwrap_or(0);
        let next = if state.rotates { number + 1 } else { number };
        // The one before is good until the new one was used.
        if number > good || number + 1 < good || number + 1 == good && !state.rotates {
            state.refusals += 1;
            return Err(refused(ErrorCode::InvalidGrant));
        }
        state.good.insert(company.to_owned(), next);
        state.issued += 1;
        let expiry = Expiry::counted_from(start, Some(ExpiresIn::from_secs(3600)));
        let token = Token::new(
            format!("{company}-{}", state.issued).into(),
            Environment::Sandbox,
            Principal::Company,
            None,
            Some(expiry),
        );
        Ok((token, Some(format!("{company}#{next}").into())))
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the test's server reads what it is sent"
)]
fn opened(token: &RefreshToken) -> String {
    use secrecy::ExposeSecret;
    token.expose_secret().to_owned()
}

impl Exchange for Endpoint {
    fn refresh<'a>(&'a self, token: &'a RefreshToken) -> ExchangeFuture<'a> {
        Box::pin(async {
            let company = opened(token);
            let company = company.split('#').next().unwrap_or_default().to_owned();
            let at = self.clock.elapsed();
            self.state().requests.push((at, company));
            tokio::time::sleep(self.delay / 2).await;
            let answer = self.answer(token);
            tokio::time::sleep(self.delay / 2).await;
            answer
        })
    }
}

/// A store in memory that fails or panics, and whose lease is busy or unavailable, as the test says.
#[derive(Clone, Debug, Default)]
pub(super) struct Store {
    pub(super) inner: MemoryStore,
    pub(super) fails: Arc<AtomicBool>,
    pub(super) no_lease: Arc<AtomicBool>,
    pub(super) panics: Arc<AtomicBool>,
    pub(super) loads: Arc<AtomicUsize>,
}

impl Store {
    fn works(&self) -> Result<(), StoreFailed> {
        if self.fails.load(Ordering::SeqCst) {
            Err(StoreFailed)
        } else {
            Ok(())
        }
    }

    pub(super) async fn record(&self, company: &str) -> CompanyRecord {
        let found = self.inner.load(&key(company)).await.expect("memory");
        found.expect("a record").record
    }
}

pub(super) fn key(company: &str) -> CompanyKey {
    let client_id = ClientId::parse("client").expect("an id");
    CompanyKey::new(Environment::Sandbox, client_id, CompanyId::from(company))
}

impl CompanyStore for Store {
    fn load<'a>(&'a self, key: &'a CompanyKey) -> LoadFuture<'a> {
        Box::pin(async {
            self.loads.fetch_add(1, Ordering::SeqCst);
            assert!(!self.panics.load(Ordering::SeqCst), "the test says so");
            tokio::task::yield_now().await;
            self.works()?;
            self.inner.load(key).await
        })
    }

    fn swap<'a>(
        &'a self,
        key: &'a CompanyKey,
        expected: Option<Version>,
        record: &'a CompanyRecord,
    ) -> SwapFuture<'a> {
        Box::pin(async move {
            tokio::task::yield_now().await;
            self.works()?;
            self.inner.swap(key, expected, record).await
        })
    }

    fn lease<'a>(&'a self, key: &'a CompanyKey, life: Duration) -> LeaseFuture<'a> {
        Box::pin(async move {
            if self.no_lease.load(Ordering::SeqCst) || self.works().is_err() {
                return Lease::Unavailable;
            }
            self.inner.lease(key, life).await
        })
    }
}

/// A company's consent, by the refresh token of this number.
pub(super) fn grant(company: &str, number: u64) -> CompanyGrant {
    let client_id = ClientId::parse("client").expect("an id");
    let token = format!("{company}#{number}").as_str().into();
    let grant = CompanyGrant::restore(Environment::Sandbox, client_id, token).expect("a grant");
    grant.with_company(company, "admin")
}
