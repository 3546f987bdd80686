//! The tokens of many companies: one budget, one task, one store.
//!
//! [`CompanyTokens`] does for thousands of companies what [`CachedTokenSource`](crate::CachedTokenSource) does for one.
//! A company's handle is a [`TokenSource`], so every bearer skin takes it; a program that has only a name at hand asks
//! [`CompanyTokens::authorization`].
//!
//! ```text
//!              ask: the store, or a request
//!   ┌────────┐                             ┌──────┐   due, and used since it came
//!   │ absent │────────────────────────────►│ held │──► renewed behind its users,
//!   └────────┘                             └──────┘    or taken over from another process
//!        ▲                                  │    ▲
//!        │ idle, and the store has it       │    │ callers wait for one request
//!        ├──────────────────────────────────┤    │
//!        │                refused, expired  ▼    │
//!        │                                ┌─────────┐   it fails
//!        └────────────────────────────────│ without │──► paused: everybody gets the one error
//!                                         └─────────┘
//! ```
//!
//! * A living token is served from memory. It is renewed behind its users before it ends, if it has any.
//! * All companies together send no more token requests in a minute than the budget says: they count against the client's
//!   rate limit (Remote facts §8.3).
//! * Companies for which somebody waits go first, then those used last; renewals are spread over the life of tokens.
//! * Failures pause one company; only a refusal of the client itself stops all.
//! * What another process renewed is taken over, and a process may end at any moment: see [`CompanyStore`].
//! * If the store fails, memory serves and [`unsaved`](CompanyTokens::unsaved) says so.
//!
//! There is no task for each company, and no client-wide list on disk: which companies there are, the program knows.
//!
//! While client secrets are rotated, a refused request is made once more with the other secret; that one is not in the
//! budget.

mod budget;
mod calendar;
#[cfg(test)]
mod end_tests;
mod events;
mod fleet;
mod id;
mod landing;
mod record;
mod renewal;
mod resident;
mod scheduler;
#[cfg(test)]
mod scripted;
mod store;
mod table;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod thread_tests;

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use reqwest::header::HeaderValue;
use tokio::runtime::Handle;
use tokio::task::AbortHandle;

use crate::client::Client;
use crate::environment::Environment;
use crate::error::{Error, Misuse, WrongEnvironment};
use crate::grant::CompanyGrant;
use crate::source::{TokenFuture, TokenSource};
use crate::token::Token;

pub use events::{CompanyEvent, CompanyEvents};
use fleet::{Fleet, Parts, Step};
pub use id::CompanyId;
use record::Access;
pub use record::CompanyRecord;
use renewal::Known;
use resident::{NEVER, Resident};
use scheduler::Running;
pub use store::{
    CompanyKey, CompanyStore, Lease, LeaseFuture, LoadFuture, MemoryStore, StoreFailed, Stored,
    Swap, SwapFuture, Version,
};

/// How many token requests a minute, where the program does not say: about a quarter of what Remote lets a client send.
///
/// Enough for 3,000 companies in use at tokens of an hour.
const PER_MINUTE: usize = 60;

/// How many companies stay in memory, where the program does not say.
const RESIDENT_MAX: usize = 100_000;

/// How many runtimes may end while one call waits, before it is believed that this one has ended too.
const RUNTIMES_MAX: usize = 16;

/// Keeps and renews the tokens of many companies. Cheap to clone; clones share everything.
///
/// When the last clone and the last [`CompanyTokenSource`] are dropped, the work ends.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use remote_auth::companies::{CompanyTokens, MemoryStore};
/// use remote_auth::{Client, CompanyGrant, Environment};
/// # let server = remote_auth_sandbox::Sandbox::builder().start().await?;
/// # let gateway = server.gateway_url(remote_auth_sandbox::Gateway::Sandbox);
/// # let client = Client::builder(Environment::custom(gateway)?)
/// #     .credentials(server.client_id(), server.client_secret().clone()).build()?;
/// # let company_id = server.fixture().company_id().to_owned();
/// # let partner = client.platform(client.client_credentials());
/// # let grant = partner.create_token(&company_id, None).await?;
/// let companies = CompanyTokens::builder(&client).store(MemoryStore::new()).requests_per_minute(100).build();
/// companies.insert(grant.with_company(&company_id, "the admin")).await?; // once, after the consent
///
/// // From then on, by name: the value for a request of one's own, or a source for a client.
/// let header = companies.authorization(&company_id.as_str().into()).await?;
/// assert!(header.is_sensitive());
/// let platform = client.platform(companies.source(&*company_id));
/// assert!(platform.identity().await.is_ok());
/// assert_eq!(companies.unsaved(), 0);
///
/// let unknown = companies.source("nobody").token().await.unwrap_err();
/// assert_eq!(unknown.code(), "misuse.unknown_company");
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct CompanyTokens(Arc<Owner>);

/// What handles share. With the last of them the work ends.
struct Owner {
    fleet: Arc<Fleet>,
    running: Mutex<Option<AbortHandle>>,
}

/// Puts [`CompanyTokens`] together.
#[must_use = "a builder does nothing until `build`"]
#[derive(Debug)]
pub struct CompanyTokensBuilder {
    client: Client,
    store: Option<Arc<dyn CompanyStore>>,
    per_minute: usize,
    resident_max: usize,
}

impl CompanyTokensBuilder {
    /// Says where grants are kept. Without a store memory is the only place, and nothing is ever forgotten.
    pub fn store(mut self, store: impl CompanyStore) -> Self {
        self.store = Some(Arc::new(store));
        self
    }

    /// Bounds the token requests of all companies in any sixty seconds. Default 60, at least 1.
    ///
    /// A quarter is kept for companies for which somebody waits.
    /// Other sources of the client, and the API calls that share Remote's limit, are not counted here.
    pub fn requests_per_minute(mut self, per_minute: usize) -> Self {
        self.per_minute = per_minute;
        self
    }

    /// Bounds the companies in memory. Default 100,000.
    ///
    /// Those that were not used for longest are forgotten first, and only if the store has them: a company with a
    /// request on its way, or with something that the store has not taken, stays.
    pub fn resident_max(mut self, resident_max: usize) -> Self {
        self.resident_max = resident_max;
        self
    }

    /// Makes the tokens' keeper. Nothing is read and nothing is sent.
    pub fn build(self) -> CompanyTokens {
        let Self { client, store, .. } = self;
        CompanyTokens::over(Parts {
            environment: client.environment().clone(),
            client_id: client.client_id().clone(),
            clock: client.clock(),
            breaker: client.breaker(),
            store,
            resident_max: self.resident_max,
            per_minute: self.per_minute,
            exchange: Box::new(client),
        })
    }
}

impl CompanyTokens {
    /// Starts to put one together, for the companies of one client at its environment.
    pub fn builder(client: &Client) -> CompanyTokensBuilder {
        CompanyTokensBuilder {
            client: client.clone(),
            store: None,
            per_minute: PER_MINUTE,
            resident_max: RESIDENT_MAX,
        }
    }

    fn over(parts: Parts) -> Self {
        Self(Arc::new(Owner {
            fleet: Arc::new(Fleet::new(parts)),
            running: Mutex::default(),
        }))
    }

    /// Takes a grant: after a consent, or from where the program kept it before.
    ///
    /// A grant of a company that is known takes the place of the one before: the company has consented again.
    /// If the store fails, the grant is served from memory and written later; see [`unsaved`](Self::unsaved).
    ///
    /// # Cancel safety
    ///
    /// Safe: from the first poll on the grant is in memory, and what was not written is written later.
    ///
    /// # Errors
    ///
    /// [`WrongEnvironment::Grant`] for a grant of another environment or client, [`Misuse::UnnamedCompany`] if it names
    /// no company, [`Misuse::NoRefreshToken`] if it cannot be renewed, [`Misuse::NoRuntime`] outside a tokio runtime.
    pub async fn insert(&self, mut grant: CompanyGrant) -> Result<CompanyTokenSource, Error> {
        let fleet = &self.0.fleet;
        // Requirement: rfc6749.10.4.issuer-only
        if grant.environment != fleet.environment || grant.client_id != fleet.client_id {
            return Err(WrongEnvironment::Grant.into());
        }
        let company = CompanyId::from(grant.company_id().ok_or(Misuse::UnnamedCompany)?);
        let refresh_token = grant.refresh_token.take().ok_or(Misuse::NoRefreshToken)?;
        self.0.start()?;
        let access = grant
            .token
            .as_ref()
            .map(|token| Access::of(token, token.granted_scope()));
        let user_id = grant.user_id().map(str::to_owned);
        let known = Known {
            record: Box::new(CompanyRecord::of(refresh_token, user_id, access)),
            unsaved: true,
            refused: None,
        };
        let to_save = fleet.store.is_some().then(|| known.clone());
        fleet.insert(&company, known);
        if let Some(known) = to_save {
            let key = fleet.key(&company);
            let saved = fleet.renewal(&key, &|| false).save(&known).await;
            fleet.saved(&company, &known, saved, None);
        }
        Ok(self.source(company))
    }

    /// Returns a company's token source, which asks the store at its first call if memory does not know the company.
    ///
    /// Cheap: nothing is looked up here.
    pub fn source(&self, company: impl Into<CompanyId>) -> CompanyTokenSource {
        CompanyTokenSource {
            tokens: self.clone(),
            company: company.into(),
        }
    }

    /// Returns a company's token: as [`source`](Self::source) and [`token`](CompanyTokenSource::token), without a handle.
    ///
    /// # Cancel safety
    ///
    /// Safe: the renewal goes on without its caller, and its result is kept.
    ///
    /// # Errors
    ///
    /// Those of [`CompanyTokenSource::token`].
    pub async fn token(&self, company: &CompanyId) -> Result<Token, Error> {
        let fleet = &self.0.fleet;
        match fleet.lend(company, |resident| fleet.token(resident)) {
            Some(token) => Ok(token),
            None => self.0.call(company).await,
        }
    }

    /// Returns the value of an `Authorization` header for a company, prepared and marked sensitive.
    ///
    /// The shortest way for requests of many companies: while the token is fresh this allocates nothing, and takes one
    /// lock, which one in 64 of the companies share.
    /// The value fits requests to the client's environment and no others; [`Token::authorize`] looks where a request goes.
    ///
    /// # Cancel safety
    ///
    /// Safe, as [`token`](Self::token) is.
    ///
    /// # Errors
    ///
    /// Those of [`CompanyTokenSource::token`].
    pub async fn authorization(&self, company: &CompanyId) -> Result<HeaderValue, Error> {
        let lent = self.0.fleet.lend(company, Resident::value);
        match lent.flatten() {
            Some(header) => Ok(header),
            None => Ok(self.0.call(company).await?.header()),
        }
    }

    /// Tells from now on what happens to companies' tokens.
    pub fn events(&self) -> CompanyEvents {
        self.0.fleet.teller.subscribe()
    }

    /// Returns how many companies are in memory.
    pub fn resident(&self) -> usize {
        self.0.fleet.resident()
    }

    /// Returns how many companies' grants memory has in a newer state than the store, because the store failed.
    ///
    /// While this is not zero, a process that ends may lose a refresh token, if the server rotates them.
    /// Always zero without a store.
    pub fn unsaved(&self) -> usize {
        self.0.fleet.unsaved()
    }
}

impl fmt::Debug for CompanyTokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CompanyTokens")
            .field("environment", &self.0.fleet.environment.name())
            .field("resident", &self.resident())
            .field("unsaved", &self.unsaved())
            .finish_non_exhaustive()
    }
}

impl Owner {
    /// Sees to it that the scheduler runs.
    fn start(&self) -> Result<(), Error> {
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        if running.as_ref().is_none_or(AbortHandle::is_finished) {
            let runtime = Handle::try_current().map_err(|_| Misuse::NoRuntime)?;
            let task = runtime.spawn(scheduler::run(Running(Arc::clone(&self.fleet))));
            *running = Some(task.abort_handle());
        }
        Ok(())
    }

    async fn call(&self, company: &CompanyId) -> Result<Token, Error> {
        for _ in 0..RUNTIMES_MAX {
            self.start()?;
            let flight = match self.fleet.step(company) {
                Step::Serve(token) => return Ok(token),
                Step::Fail(error) => return Err(error),
                Step::Wait(flight) => flight,
            };
            // If the task went away with its runtime, this one's takes over.
            if let Some(landed) = flight.wait().await {
                return landed;
            }
        }
        Err(Misuse::NoRuntime.into())
    }
}

impl Drop for Owner {
    fn drop(&mut self) {
        let running = self
            .running
            .get_mut()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(task) = running.take() {
            task.abort();
        }
    }
}

impl Fleet {
    /// Puts a grant into memory, in the place of the one before.
    fn insert(&self, company: &CompanyId, known: Known) {
        let CompanyRecord {
            refresh_token,
            user_id,
            access,
            ..
        } = *known.record;
        let now = self.now();
        let scope = access.as_ref().and_then(|access| self.shared_scope(access));
        let mut part = self.part(company);
        let resident = part.get_or_absent(company);
        resident.refresh_token = Some(refresh_token.into());
        self.set_unsaved(resident, self.store.is_some());
        if let Some(rare) = &mut resident.rare {
            rare.pause = None;
        }
        if self.store.is_some() {
            resident.rare().user_id = user_id;
        }
        if resident.has_departed() {
            // What is on its way was asked for with the grant before.
            let rare = resident.rare();
            rare.epoch = rare.epoch.wrapping_add(1);
            rare.regranted = true;
        } else if let Some(access) = access
            && !access.left(now.wall).is_zero()
        {
            self.put(resident, &access, scope, NEVER, now);
        }
        if self.store.is_some() {
            // The caller writes it now; if that future is dropped, this is there.
            self.save_later(company, resident, 1);
        }
        resident.tidy();
    }
}

/// Gives one company's token. Cheap to clone; made by [`CompanyTokens::source`].
#[derive(Clone)]
pub struct CompanyTokenSource {
    tokens: CompanyTokens,
    company: CompanyId,
}

impl CompanyTokenSource {
    /// Returns the company.
    pub fn company(&self) -> &CompanyId {
        &self.company
    }

    /// Returns a token that can be used now.
    ///
    /// # Cancel safety
    ///
    /// Safe: the renewal goes on without its caller, and its result is kept.
    ///
    /// # Errors
    ///
    /// Whatever the one request for the company came to, shared by all who waited for it, and for a while after a failure
    /// the same again; [`Misuse::UnknownCompany`] if neither memory nor the store has a grant.
    pub async fn token(&self) -> Result<Token, Error> {
        self.tokens.token(&self.company).await
    }

    /// Returns the value of an `Authorization` header, prepared and marked sensitive.
    ///
    /// # Cancel safety
    ///
    /// Safe, as [`token`](Self::token) is.
    ///
    /// # Errors
    ///
    /// Those of [`token`](Self::token).
    pub async fn authorization(&self) -> Result<HeaderValue, Error> {
        self.tokens.authorization(&self.company).await
    }

    /// Says that the gateway refused a token; see [`TokenSource::invalidate`].
    pub fn invalidate(&self, seen: &Token) {
        self.tokens
            .0
            .fleet
            .invalidate(&self.company, seen.generation());
    }
}

impl TokenSource for CompanyTokenSource {
    fn token(&self) -> TokenFuture<'_> {
        Box::pin(Self::token(self))
    }

    fn invalidate(&self, seen: &Token) {
        Self::invalidate(self, seen);
    }

    fn environment(&self) -> &Environment {
        &self.tokens.0.fleet.environment
    }
}

impl fmt::Debug for CompanyTokenSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CompanyTokenSource")
            .field("company", &self.company)
            .finish_non_exhaustive()
    }
}
