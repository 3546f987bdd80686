//! What all handles share: the companies in memory, and the desk at which renewals are given out.
//!
//! ```text
//!  call ──► serve the token that lives
//!     │
//!     └──► ask at the desk ──► turn ──► depart ──► land ──► whoever waits
//!                               ▲ due, in use
//!                            calendar
//! ```
//!
//! **Invariants:** locks are taken in one order - a part of the companies, then the desk or the breaker - and none while
//! anything waits or is sent.
//! A company has at most one renewal on its way.
//! What the store has not taken is never forgotten.

use std::collections::VecDeque;
use std::ops::{Deref, DerefMut};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;

use super::budget::Budget;
use super::calendar::{Calendar, second};
use super::events::Teller;
use super::id::{CompanyId, HashKey, NameHash};
use super::record::{Access, CompanyRecord};
use super::renewal::{Exchange, Known, Renewal};
use super::resident::{Flight, Resident};
use super::store::{CompanyKey, CompanyStore};
use super::table::Table;
use crate::clock::{Clock, Glance};
use crate::environment::Environment;
use crate::error::Error;
use crate::scope::Scope;
use crate::secret::ClientId;
use crate::source::breaker::Breaker;
use crate::source::flight;
use crate::token::{Moment, Token};

/// In how many parts the companies are, so that one part is swept while the others are served.
const PARTS: usize = 64;

/// How many scopes are shared between the companies that were granted the same.
const SCOPES_MAX: usize = 64;

pub(super) struct Fleet {
    pub(super) environment: Environment,
    pub(super) client_id: ClientId,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) exchange: Box<dyn Exchange>,
    pub(super) store: Option<Arc<dyn CompanyStore>>,
    pub(super) breaker: Arc<Breaker>,
    pub(super) resident_max: usize,
    hash_key: HashKey,
    parts: Box<[Mutex<Part>]>,
    desk: Mutex<Desk>,
    pub(super) wake: Notify,
    pub(super) unsaved: AtomicUsize,
    pub(super) teller: Teller,
}

/// A part of the companies, on cache lines of its own so that two threads in two parts do not disturb each other.
#[derive(Debug)]
#[repr(align(128))]
struct Part {
    companies: Table,
    glance: Glance,
}

/// Where renewals are asked for and given out.
#[derive(Debug)]
pub(super) struct Desk {
    pub(super) budget: Budget,
    pub(super) calendar: Calendar,
    /// Companies for which somebody waits.
    pub(super) wanted: VecDeque<CompanyId>,
    /// What is to be looked at again, and from when.
    pub(super) later: Vec<Later>,
    /// Companies whose plan is due: how recently they were used, and their name. The last goes first.
    pub(super) backlog: Vec<(u32, CompanyId)>,
    /// When the next plan may be due.
    pub(super) next_sweep_s: u32,
    scopes: Vec<Arc<Scope>>,
}

impl Desk {
    /// Tells whether no renewal waits for its turn.
    pub(super) fn is_idle(&self) -> bool {
        self.wanted.is_empty() && self.backlog.is_empty()
    }
}

#[derive(Debug)]
pub(super) struct Later {
    pub(super) at: Duration,
    pub(super) company: CompanyId,
    pub(super) what: What,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum What {
    /// Another process was at it.
    Renew,
    /// The store failed so many times.
    Save(u32),
}

/// What a call comes to.
pub(super) enum Step {
    Serve(Token),
    Fail(Error),
    Wait(flight::Flight),
}

pub(super) struct Parts {
    pub(super) environment: Environment,
    pub(super) client_id: ClientId,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) exchange: Box<dyn Exchange>,
    pub(super) store: Option<Arc<dyn CompanyStore>>,
    pub(super) breaker: Arc<Breaker>,
    pub(super) resident_max: usize,
    pub(super) per_minute: usize,
}

/// The companies of a part that is locked.
pub(super) struct PartGuard<'a>(MutexGuard<'a, Part>);

impl Deref for PartGuard<'_> {
    type Target = Table;

    fn deref(&self) -> &Table {
        &self.0.companies
    }
}

impl DerefMut for PartGuard<'_> {
    fn deref_mut(&mut self) -> &mut Table {
        &mut self.0.companies
    }
}

impl Fleet {
    pub(super) fn new(parts: Parts) -> Self {
        let hash_key = HashKey::draw();
        let part = |_| {
            Mutex::new(Part {
                companies: Table::new(hash_key),
                glance: Glance::new(),
            })
        };
        Self {
            environment: parts.environment,
            client_id: parts.client_id,
            clock: parts.clock,
            exchange: parts.exchange,
            store: parts.store,
            breaker: parts.breaker,
            resident_max: parts.resident_max,
            hash_key,
            parts: (0..PARTS).map(part).collect(),
            desk: Mutex::new(Desk {
                budget: Budget::new(parts.per_minute),
                calendar: Calendar::default(),
                wanted: VecDeque::new(),
                later: Vec::new(),
                backlog: Vec::new(),
                next_sweep_s: 0,
                scopes: Vec::new(),
            }),
            wake: Notify::new(),
            unsaved: AtomicUsize::new(0),
            teller: Teller::new(),
        }
    }

    pub(super) fn now(&self) -> Moment {
        Moment::now(&*self.clock)
    }

    pub(super) fn desk(&self) -> MutexGuard<'_, Desk> {
        self.desk.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Locks the part that a company is in, or would be.
    pub(super) fn part(&self, company: &CompanyId) -> PartGuard<'_> {
        PartGuard(self.lock(company.hash(self.hash_key)))
    }

    #[inline]
    fn lock(&self, hash: NameHash) -> MutexGuard<'_, Part> {
        let part = &self.parts[hash.part(PARTS)];
        part.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Visits every part, one after the other.
    pub(super) fn each_part(&self, mut visit: impl FnMut(&mut Table)) {
        for part in &self.parts {
            let mut part = part.lock().unwrap_or_else(PoisonError::into_inner);
            visit(&mut part.companies);
        }
    }

    pub(super) fn resident(&self) -> usize {
        let mut resident = 0;
        self.each_part(|part| resident += part.len());
        resident
    }

    pub(super) fn key(&self, company: &CompanyId) -> CompanyKey {
        CompanyKey::new(
            self.environment.clone(),
            self.client_id.clone(),
            company.clone(),
        )
    }

    /// Lends what memory has of a company whose token is fresh.
    pub(super) fn lend<R>(
        &self,
        company: &CompanyId,
        borrower: impl FnOnce(&Resident) -> R,
    ) -> Option<R> {
        let hash = company.hash(self.hash_key);
        let mut part = self.lock(hash);
        let Part { companies, glance } = &mut *part;
        let now = glance.seen(&*self.clock);
        let resident = companies.get_mut_hashed(company, hash)?;
        resident.touch(second(Duration::from_millis(now.elapsed_ms)));
        resident.is_fresh(now).then(|| borrower(resident))
    }

    /// Takes the step of one call.
    pub(super) fn step(&self, company: &CompanyId) -> Step {
        let now = self.now();
        let now_s = second(now.elapsed);
        let mut part = self.part(company);
        let resident = part.get_or_absent(company);
        resident.touch(now_s);
        let left = resident.left(now);
        if left > Duration::ZERO {
            let ageing = left <= resident.margin() && resident.due_s > now_s;
            // The calendar was earlier than this, if anybody used the company then.
            if ageing && resident.flight().is_none() && resident.pause(now).is_none() {
                resident.due_s = now_s;
                self.desk()
                    .backlog
                    .push((resident.used_s(), company.clone()));
                self.wake.notify_one();
            }
            return Step::Serve(self.token(resident));
        }
        if let Some(pause) = resident.pause(now) {
            return Step::Fail(pause.error.clone());
        }
        let flight = resident.rare().flight.get_or_insert_with(|| {
            self.desk().wanted.push_back(company.clone());
            self.wake.notify_one();
            Flight::new()
        });
        Step::Wait(flight.shared.clone())
    }

    pub(super) fn token(&self, resident: &Resident) -> Token {
        let header = resident
            .header
            .as_ref()
            .expect("a token that lives has a header");
        let scope = resident.scope.as_deref().cloned();
        let environment = self.environment.clone();
        let generation = u64::from(resident.generation);
        Token::of_company(header, environment, scope, resident.expiry(), generation)
    }

    /// Takes a refused token away, as one source's engine does.
    pub(super) fn invalidate(&self, company: &CompanyId, generation: u64) {
        let now = self.now();
        let mut part = self.part(company);
        let Some(resident) = part.get_mut(company) else {
            return;
        };
        let current = resident.header.is_some() && u64::from(resident.generation) == generation;
        if current && !resident.is_held_on_to(now) {
            resident.refuse();
        }
    }

    /// Returns what memory has, for a renewal or for the store.
    pub(super) fn known(resident: &Resident) -> Option<Known> {
        let rare = resident.rare.as_deref();
        Some(Known {
            record: Box::new(CompanyRecord::of(
                resident.refresh_token.clone()?,
                rare.and_then(|rare| rare.user_id.clone()),
                resident.access(),
            )),
            unsaved: resident.is_unsaved(),
            refused: rare.and_then(|rare| rare.refused.clone()),
        })
    }

    pub(super) fn renewal<'a>(
        &'a self,
        key: &'a CompanyKey,
        another: &'a (dyn Fn() -> bool + Sync),
    ) -> Renewal<'a> {
        Renewal {
            exchange: &*self.exchange,
            store: self.store.as_ref(),
            clock: &*self.clock,
            key,
            another,
        }
    }

    /// Returns one copy of a scope for all companies that were granted it.
    pub(super) fn shared_scope(&self, access: &Access) -> Option<Arc<Scope>> {
        let scope = Scope::granted(access.scope.as_deref()?);
        let mut desk = self.desk();
        if let Some(shared) = desk.scopes.iter().find(|shared| ***shared == scope) {
            return Some(Arc::clone(shared));
        }
        let shared = Arc::new(scope);
        if desk.scopes.len() < SCOPES_MAX {
            desk.scopes.push(Arc::clone(&shared));
        }
        Some(shared)
    }

    /// Writes down whether the store has what memory has, and returns whether that is news.
    pub(super) fn set_unsaved(&self, resident: &mut Resident, unsaved: bool) -> bool {
        let news = resident.is_unsaved() != unsaved;
        if news && unsaved {
            self.unsaved.fetch_add(1, Ordering::Relaxed);
        } else if news {
            self.unsaved.fetch_sub(1, Ordering::Relaxed);
        }
        if news {
            resident.rare().unsaved = unsaved;
        }
        news
    }
}

impl Fleet {
    /// Returns how many companies' grants memory has and the store has not.
    pub(super) fn unsaved(&self) -> usize {
        self.unsaved.load(Ordering::Relaxed)
    }
}
