//! Where companies' grants are kept, as a seam, and an implementation in memory.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::id::CompanyId;
use super::record::CompanyRecord;
use crate::environment::Environment;
use crate::secret::ClientId;

/// The future of [`CompanyStore::load`].
pub type LoadFuture<'a> =
    Pin<Box<dyn Future<Output = Result<Option<Stored>, StoreFailed>> + Send + 'a>>;
/// The future of [`CompanyStore::swap`].
pub type SwapFuture<'a> = Pin<Box<dyn Future<Output = Result<Swap, StoreFailed>> + Send + 'a>>;
/// The future of [`CompanyStore::lease`].
pub type LeaseFuture<'a> = Pin<Box<dyn Future<Output = Lease> + Send + 'a>>;

/// Keeps companies' grants for this and other processes.
///
/// A store needs one table: the key, a version, the text of the record, and until when whose lease is.
/// [`CompanyRecord::to_secret`] and [`CompanyRecord::parse`] are the text; it holds secrets, so it belongs where secrets
/// are kept.
///
/// # Cancel safety
///
/// Futures may be dropped at any point, as a process may end at any point.
/// A swap that was dropped has happened or has not; half of it never has.
pub trait CompanyStore: fmt::Debug + Send + Sync + 'static {
    /// Returns what is kept under the key; `None` if nothing is.
    ///
    /// # Errors
    ///
    /// [`StoreFailed`] if that cannot be told.
    fn load<'a>(&'a self, key: &'a CompanyKey) -> LoadFuture<'a>;

    /// Replaces what is kept, if it still has the version that was loaded; `None` stands for nothing being kept.
    ///
    /// What is kept has to be durable before this returns, and has a version that the key never had before.
    ///
    /// # Errors
    ///
    /// [`StoreFailed`] if it is not certain that it was replaced.
    fn swap<'a>(
        &'a self,
        key: &'a CompanyKey,
        expected: Option<Version>,
        record: &'a CompanyRecord,
    ) -> SwapFuture<'a>;

    /// Asks to be the only one who renews a company's token, for so long at most.
    ///
    /// A lease saves requests and guards nothing: versions do that.
    fn lease<'a>(&'a self, key: &'a CompanyKey, life: Duration) -> LeaseFuture<'a>;
}

/// Names a grant among all that a store keeps. Not a secret.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct CompanyKey {
    environment: Environment,
    client_id: ClientId,
    company: CompanyId,
}

impl CompanyKey {
    pub(super) fn new(environment: Environment, client_id: ClientId, company: CompanyId) -> Self {
        Self {
            environment,
            client_id,
            company,
        }
    }

    /// Returns the environment that issued the grant; [its gateway](Environment::gateway) tells custom ones apart.
    pub fn environment(&self) -> &Environment {
        &self.environment
    }

    /// Returns the client that the grant was issued to.
    pub fn client_id(&self) -> &ClientId {
        &self.client_id
    }

    /// Returns the company.
    pub fn company(&self) -> &CompanyId {
        &self.company
    }
}

impl fmt::Debug for CompanyKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CompanyKey")
            .field("environment", &self.environment.name())
            .field("client_id", &self.client_id)
            .field("company", &self.company)
            .finish()
    }
}

/// What a store keeps under one key.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Stored {
    /// The record.
    pub record: CompanyRecord,
    /// Its version.
    pub version: Version,
}

impl Stored {
    /// Puts a record and its version together.
    pub fn new(record: CompanyRecord, version: Version) -> Self {
        Self { record, version }
    }
}

/// Tells one state of a record from every other. Only equality has a meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Version(u64);

impl Version {
    /// Takes the store's own number.
    pub const fn new(number: u64) -> Self {
        Self(number)
    }

    /// Returns the store's own number.
    pub const fn number(self) -> u64 {
        self.0
    }
}

/// What became of a swap.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "who does not look loses what another process wrote"]
pub enum Swap {
    /// The record is kept, under this version.
    Done(Version),
    /// Another version is kept than was expected, and nothing has changed.
    Conflict,
}

/// What became of the wish for a lease.
#[must_use = "a lease ends when it is dropped"]
pub enum Lease {
    /// It is held until this is dropped, or its life is over.
    Held(Box<dyn Send>),
    /// Another holds it.
    Busy,
    /// It cannot be told who holds it.
    Unavailable,
}

impl fmt::Debug for Lease {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Held(_) => "Held",
            Self::Busy => "Busy",
            Self::Unavailable => "Unavailable",
        })
    }
}

/// Says that a [`CompanyStore`] could not be asked, or did not answer.
///
/// It carries no cause, which might hold an address or a password: log that where it happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StoreFailed;

impl fmt::Display for StoreFailed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("reach the store of companies' grants")
    }
}

impl std::error::Error for StoreFailed {}

/// Keeps grants in memory: for tests, and for several [`CompanyTokens`](super::CompanyTokens) of one process.
///
/// Cheap to clone; clones keep the same grants. What it keeps is gone with the process.
#[derive(Clone, Default)]
pub struct MemoryStore(Arc<Mutex<Shelf>>);

#[derive(Default)]
struct Shelf {
    kept: HashMap<CompanyKey, Stored>,
    leased: HashSet<CompanyKey>,
    /// The last version.
    last: u64,
}

impl MemoryStore {
    /// Makes an empty one.
    pub fn new() -> Self {
        Self::default()
    }

    fn shelf(&self) -> MutexGuard<'_, Shelf> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl CompanyStore for MemoryStore {
    fn load<'a>(&'a self, key: &'a CompanyKey) -> LoadFuture<'a> {
        Box::pin(async { Ok(self.shelf().kept.get(key).cloned()) })
    }

    fn swap<'a>(
        &'a self,
        key: &'a CompanyKey,
        expected: Option<Version>,
        record: &'a CompanyRecord,
    ) -> SwapFuture<'a> {
        Box::pin(async move {
            let mut shelf = self.shelf();
            if shelf.kept.get(key).map(|kept| kept.version) != expected {
                return Ok(Swap::Conflict);
            }
            shelf.last += 1;
            let version = Version::new(shelf.last);
            let stored = Stored::new(record.clone(), version);
            shelf.kept.insert(key.clone(), stored);
            Ok(Swap::Done(version))
        })
    }

    /// A holder in the same process drops its lease, so no lease has to end by time.
    fn lease<'a>(&'a self, key: &'a CompanyKey, _: Duration) -> LeaseFuture<'a> {
        Box::pin(async {
            let mut shelf = self.shelf();
            if !shelf.leased.insert(key.clone()) {
                return Lease::Busy;
            }
            Lease::Held(Box::new(Held {
                store: self.clone(),
                key: key.clone(),
            }))
        })
    }
}

impl fmt::Debug for MemoryStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryStore")
            .field("companies", &self.shelf().kept.len())
            .finish()
    }
}

struct Held {
    store: MemoryStore,
    key: CompanyKey,
}

impl Drop for Held {
    fn drop(&mut self) {
        self.store.shelf().leased.remove(&self.key);
    }
}
