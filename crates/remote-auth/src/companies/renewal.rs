//! One company's renewal: an order of steps that a process may end between.
//!
//! ```text
//! lease ──► load ──► another renewed it? ──► adopt
//!             │
//!             ▼
//!        write intent ──► exchange ──► write result ──► publish
//! ```
//!
//! | the process ends | the next finds | and does |
//! |---|---|---|
//! | before the intent is written | the record as it was | begins anew |
//! | before the result is written | the intent | sends the newest refresh token that it knows, then the older |
//! | after that | the result | adopts it |
//!
//! Remote answers a refresh with the refresh token that was sent (Remote facts §5.4), so a result that was lost costs one
//! request.
//! Against a server that rotates, the record that is written is the only trace of a new refresh token; a server that
//! takes the old one back at once, and dies with the answer, asks for a new consent.
//!
//! If the store fails, the renewal goes on from memory and its result is written later.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use remote_oauth_client::Secret;

use super::record::{Access, CompanyRecord};
use super::store::{CompanyKey, CompanyStore, Lease, Swap, Version};
use crate::client::Client;
use crate::clock::{Clock, wall_ms};
use crate::error::{Error, Misuse, NoAnswer, Step, Unreachable};
use crate::grant::refresh_token;
use crate::scope::Scope;
use crate::secret::RefreshToken;
use crate::source::policy::Meaning;
use crate::token::Token;

/// How long a lease lives: three times the time that an exchange is given by default.
const LEASE_LIFE: Duration = Duration::from_secs(90);

/// How often a conflict is looked into before the result is left to be written later.
const CONFLICTS_MAX: usize = 4;

pub(super) type ExchangeFuture<'a> =
    Pin<Box<dyn Future<Output = Result<(Token, Option<RefreshToken>), Error>> + Send + 'a>>;

/// Spends a refresh token: the client, or a test's script.
pub(super) trait Exchange: fmt::Debug + Send + Sync + 'static {
    fn refresh<'a>(&'a self, token: &'a RefreshToken) -> ExchangeFuture<'a>;
}

impl Exchange for Client {
    fn refresh<'a>(&'a self, token: &'a RefreshToken) -> ExchangeFuture<'a> {
        Box::pin(async { Ok(Self::refresh(self, token).await?.renewed()) })
    }
}

/// What memory has of the company when the renewal begins.
#[derive(Clone, Debug)]
pub(super) struct Known {
    /// In a box, as in all of a renewal, which is a future that holds it in each of its steps.
    pub(super) record: Box<CompanyRecord>,
    /// The store has not seen this yet, so it goes before what the store has.
    pub(super) unsaved: bool,
    /// The access token was refused by a gateway: it is not adopted again.
    pub(super) refused: Option<Secret>,
}

/// How a renewal ended.
#[derive(Debug)]
pub(super) struct Landing {
    pub(super) end: End,
    pub(super) requests: usize,
    pub(super) rotated: bool,
    /// An intent of a process that ended was found.
    pub(super) resolved: bool,
    /// The store failed at some step.
    pub(super) store_failed: bool,
}

#[derive(Debug)]
pub(super) enum End {
    /// There is a token, from the server or from the store.
    Renewed {
        record: Box<CompanyRecord>,
        saved: bool,
        adopted: bool,
    },
    /// Another process is at it.
    Busy,
    /// Nobody knows the company.
    Unknown,
    Failed(Error),
}

/// One renewal. `another` asks whether one more request fits the budget.
pub(super) struct Renewal<'a> {
    pub(super) exchange: &'a dyn Exchange,
    pub(super) store: Option<&'a Arc<dyn CompanyStore>>,
    pub(super) clock: &'a dyn Clock,
    pub(super) key: &'a CompanyKey,
    pub(super) another: &'a (dyn Fn() -> bool + Sync),
}

/// A record in the course of a renewal, and what the store thinks of it.
struct Course {
    record: Box<CompanyRecord>,
    /// What memory had, where the record is the store's.
    known: Option<Known>,
    version: Option<Version>,
    /// The store took part so far.
    stored: bool,
}

pub(super) fn store_failed() -> Error {
    Unreachable {
        step: Step::RefreshToken,
        cause: NoAnswer::CompanyStore,
        retry_after: None,
        sent: false,
    }
    .into()
}

impl Renewal<'_> {
    pub(super) async fn run(&self, known: Option<Known>) -> Landing {
        let mut landing = Landing {
            end: End::Unknown,
            requests: 0,
            rotated: false,
            resolved: false,
            store_failed: false,
        };
        landing.end = self.end(known, &mut landing).await;
        landing
    }

    async fn end(&self, known: Option<Known>, landing: &mut Landing) -> End {
        let lease = match self.store {
            Some(store) => store.lease(self.key, LEASE_LIFE).await,
            None => Lease::Held(Box::new(())),
        };
        let mut course = match self.begin(known, landing).await {
            Ok(course) => course,
            Err(end) => return end,
        };
        if course.stored && self.is_renewed(&course) {
            return End::Renewed {
                record: course.record,
                saved: true,
                adopted: true,
            };
        }
        match lease {
            Lease::Held(_) => {}
            Lease::Busy => return End::Busy,
            Lease::Unavailable => {
                landing.store_failed = true;
                if course.record.rotates {
                    return End::Failed(store_failed());
                }
            }
        }
        landing.resolved = course.record.is_unresolved();
        if course.stored {
            course.record.intent_ms = Some(wall_ms(self.clock.wall()));
            match self.swap(&course).await {
                Some(Swap::Done(version)) => course.version = Some(version),
                // Whoever wrote meanwhile is at it, lease or no lease.
                Some(Swap::Conflict) => return End::Busy,
                None => (course.stored, landing.store_failed) = (false, true),
            }
        }
        let end = self.spend(course, landing).await;
        // The lease outlives the last write.
        drop(lease);
        end
    }

    /// Reads what there is; without a store, or where it fails, what memory has.
    async fn begin(&self, known: Option<Known>, landing: &mut Landing) -> Result<Course, End> {
        let of_memory = |known: Known| Course {
            record: known.record,
            known: None,
            version: None,
            stored: false,
        };
        let Some(store) = self.store else {
            return known.map(of_memory).ok_or(End::Unknown);
        };
        let Ok(found) = store.load(self.key).await else {
            landing.store_failed = true;
            return known
                .map(of_memory)
                .ok_or_else(|| End::Failed(store_failed()));
        };
        let version = found.as_ref().map(|found| found.version);
        let ours = || known.as_ref().map(|known| known.record.clone());
        let record = found.map(|found| Box::new(found.record)).or_else(ours);
        let mut record = record.ok_or(End::Unknown)?;
        if let Some(known) = known.as_ref().filter(|known| known.unsaved) {
            record.rotate(&known.record.refresh_token);
        }
        Ok(Course {
            record,
            known,
            version,
            stored: true,
        })
    }

    /// Tells whether the record has a token that another process got since.
    fn is_renewed(&self, course: &Course) -> bool {
        let Some(access) = &course.record.access else {
            return false;
        };
        let known = course.known.as_ref();
        let now = self.clock.wall();
        let life = Duration::from_millis(access.life_ms);
        let least = crate::source::policy::margin_max(life);
        let ours = known.and_then(|known| known.record.access.as_ref());
        let refused = known.and_then(|known| known.refused.as_ref());
        access.left(now) > least
            && ours.is_none_or(|ours| access.left(now) > ours.left(now))
            && refused.is_none_or(|refused| !refused.same_as(&access.token()))
    }

    /// Sends refresh tokens, the newest first, until one is taken or the budget is spent.
    async fn spend(&self, mut course: Course, landing: &mut Landing) -> End {
        let mut tried: Vec<RefreshToken> = Vec::new();
        let mut refusal = None;
        loop {
            let Some(token) = self.next(&mut course, &tried).await else {
                let error = refusal.unwrap_or_else(|| Misuse::NoRefreshToken.into());
                return End::Failed(error);
            };
            if landing.requests > 0 && !(self.another)() {
                // Another is tried when the budget has room for it.
                return End::Busy;
            }
            landing.requests += 1;
            match self.exchange.refresh(&token).await {
                Ok((access, received)) => {
                    let newest = refresh_token::kept(&token, received.as_ref());
                    return self.keep(course, (&token, newest), &access, landing).await;
                }
                Err(error) if Meaning::of(&error) == Meaning::GrantDead => refusal = Some(error),
                Err(error) => return End::Failed(error),
            }
            tried.push(token);
        }
    }

    /// Finds the next refresh token to try: the record's, then what another process wrote since, then the older ones.
    async fn next(&self, course: &mut Course, tried: &[RefreshToken]) -> Option<RefreshToken> {
        if !tried.is_empty()
            && let Some(store) = self.store
            && let Ok(Some(stored)) = store.load(self.key).await
            && Some(stored.version) != course.version
        {
            (*course.record, course.version) = (stored.record, Some(stored.version));
        }
        let Course { record, known, .. } = course;
        let candidates = [
            Some(&record.refresh_token),
            record.older_refresh_token.as_ref(),
            known.as_ref().map(|known| &known.record.refresh_token),
        ];
        let mut untried = candidates
            .into_iter()
            .flatten()
            .filter(|candidate| tried.iter().all(|tried| !tried.wire().same_as(candidate)));
        untried.next().map(|token| token.clone().into())
    }

    /// Writes the result down, and says whether that worked.
    async fn keep(
        &self,
        mut course: Course,
        (sent, newest): (&RefreshToken, &RefreshToken),
        token: &Token,
        landing: &mut Landing,
    ) -> End {
        let before = course
            .record
            .access
            .as_ref()
            .and_then(|access| access.scope.as_deref());
        let before = before.map(Scope::granted);
        let scope = refresh_token::granted(before.as_ref(), token.granted_scope());
        for _ in 0..CONFLICTS_MAX {
            let record = &mut course.record;
            record.rotate(sent.wire());
            landing.rotated = record.rotate(newest.wire());
            record.intent_ms = None;
            record.rotates |= landing.rotated;
            record.access = Some(Access::of(token, scope.as_ref()));
            if let (None, Some(known)) = (&record.user_id, &course.known) {
                record.user_id.clone_from(&known.record.user_id);
            }
            let Some(store) = self.store.filter(|_| course.stored) else {
                break;
            };
            match self.swap(&course).await {
                Some(Swap::Done(_)) => return End::renewed(course, true),
                Some(Swap::Conflict) => match store.load(self.key).await {
                    Ok(found) => {
                        course.version = found.as_ref().map(|found| found.version);
                        if let Some(found) = found {
                            *course.record = found.record;
                        }
                    }
                    Err(_) => break,
                },
                None => break,
            }
        }
        landing.store_failed |= self.store.is_some();
        End::renewed(course, self.store.is_none())
    }

    async fn swap(&self, course: &Course) -> Option<Swap> {
        let store = self.store?;
        let swapped = store.swap(self.key, course.version, &course.record).await;
        swapped.ok()
    }

    /// Writes down what only memory has: a grant that is new, or a result that the store refused to take.
    pub(super) async fn save(&self, known: &Known) -> bool {
        let Some(store) = self.store else {
            return true;
        };
        for _ in 0..CONFLICTS_MAX {
            let Ok(found) = store.load(self.key).await else {
                return false;
            };
            let version = found.as_ref().map(|found| found.version);
            let ours = &known.record;
            let mut record = found.map_or_else(|| CompanyRecord::clone(ours), |found| found.record);
            record.rotate(&ours.refresh_token);
            record.access = ours.access.clone().or(record.access);
            record.user_id = ours.user_id.clone().or(record.user_id);
            record.intent_ms = None;
            match store.swap(self.key, version, &record).await {
                Ok(Swap::Done(_)) => return true,
                Ok(Swap::Conflict) => {}
                Err(_) => return false,
            }
        }
        false
    }
}

impl End {
    fn renewed(course: Course, saved: bool) -> Self {
        Self::Renewed {
            record: course.record,
            saved,
            adopted: false,
        }
    }
}

impl Access {
    /// Takes a token that was just given.
    pub(super) fn of(token: &Token, scope: Option<&Scope>) -> Self {
        let life = token
            .expiry()
            .map_or(crate::token::LIFE_ASSUMED, |expiry| expiry.life);
        let ends = token.expires_at().map_or(0, wall_ms);
        Self {
            header: token.header(),
            life_ms: u64::try_from(life.as_millis()).unwrap_or(u64::MAX),
            ends_ms: ends,
            scope: scope.map(Scope::to_string),
        }
    }
}
