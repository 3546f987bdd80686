//! What a renewal's end changes: the budget and the breaker, the company, and those who wait.

use std::sync::Arc;
use std::time::Duration;

use super::calendar::second;
use super::events::CompanyEvent;
use super::fleet::{Fleet, Later, What};
use super::id::CompanyId;
use super::record::{Access, CompanyRecord};
use super::renewal::{End, Known, Landing, store_failed};
use super::resident::{NEVER, Pause, Resident};
use super::scheduler::BREAKER_LOOK;
use crate::error::{Error, Misuse, NoAnswer};
use crate::scope::Scope;
use crate::secret::RefreshToken;
use crate::source::policy::{self, FLOOR, Jitter, Meaning};
use crate::token::Moment;

/// How long until it is looked again at least, whether another process has finished a renewal.
const BUSY_LOOK: Duration = Duration::from_millis(250);

/// A renewal on its way. However it ends, and be it before it began, the way is clear for the next.
pub(super) struct Arrival<'a> {
    fleet: &'a Fleet,
    pub(super) company: CompanyId,
    landed: bool,
}

impl<'a> Arrival<'a> {
    pub(super) fn new(fleet: &'a Fleet, company: CompanyId) -> Self {
        Self {
            fleet,
            company,
            landed: false,
        }
    }

    pub(super) fn land(mut self, epoch: u32, due_s: u32, landing: Landing) {
        self.landed = true;
        self.fleet.land(&self.company, epoch, due_s, landing);
    }
}

impl Drop for Arrival<'_> {
    /// Dropped with its runtime: those who wait start over on theirs. Panicked: they get an error.
    fn drop(&mut self) {
        if self.landed {
            return;
        }
        self.fleet.desk().budget.land(None);
        if std::thread::panicking() {
            let now = self.fleet.now();
            let panicked = Misuse::RenewalPanicked.into();
            return self.fleet.fail(&self.company, panicked, now);
        }
        if let Some(resident) = self.fleet.part(&self.company).get_mut(&self.company) {
            resident.rare().flight = None;
        }
    }
}

impl Fleet {
    /// Ends a renewal: the budget and the breaker first, then the company, then those who wait.
    fn land(&self, company: &CompanyId, epoch: u32, due_s: u32, landing: Landing) {
        let now = self.now();
        self.settle(company, &landing, now);
        let tell = |event: fn(CompanyId) -> CompanyEvent| self.teller.tell(event(company.clone()));
        if landing.store_failed {
            tell(CompanyEvent::StoreFailed);
        }
        if landing.rotated {
            tell(CompanyEvent::Rotated);
        }
        match landing.end {
            End::Renewed {
                record,
                saved,
                adopted,
            } => {
                if landing.resolved {
                    tell(CompanyEvent::Resolved);
                }
                self.renewed(company, epoch, due_s, (*record, saved), now);
                tell(if adopted {
                    CompanyEvent::Adopted
                } else {
                    CompanyEvent::Renewed
                });
            }
            End::Busy => self.busy(company),
            End::Unknown => self.fail(company, Misuse::UnknownCompany.into(), now),
            End::Failed(error) => self.fail(company, error, now),
        }
    }

    fn settle(&self, company: &CompanyId, landing: &Landing, now: Moment) {
        let mut desk = self.desk();
        if landing.requests == 0 {
            desk.budget.give_back();
            return desk.budget.land(None);
        }
        let End::Failed(error) = &landing.end else {
            desk.budget.land(Some(true));
            drop(desk);
            return self.breaker.close();
        };
        let meaning = Meaning::of(error);
        desk.budget.land(Some(meaning != Meaning::Transient));
        if let Error::Unreachable(unreachable) = error
            && unreachable.cause() == NoAnswer::RateLimited
        {
            let pause = policy::pause(error, 1, Jitter::draw());
            desk.budget.hold(now.elapsed + pause);
        }
        drop(desk);
        if meaning == Meaning::ClientDead {
            let until = self.breaker.trip(error, now.elapsed);
            let pause = until.saturating_sub(now.elapsed);
            self.teller.tell(CompanyEvent::BreakerOpened { pause });
        } else if meaning == Meaning::GrantDead {
            self.teller
                .tell(CompanyEvent::ReconsentNeeded(company.clone()));
        }
    }

    fn renewed(
        &self,
        company: &CompanyId,
        epoch: u32,
        due_s: u32,
        (record, saved): (CompanyRecord, bool),
        now: Moment,
    ) {
        let CompanyRecord {
            refresh_token,
            access,
            ..
        } = record;
        let scope = access.as_ref().and_then(|access| self.shared_scope(access));
        let mut part = self.part(company);
        let Some(resident) = part.get_mut(company) else {
            return;
        };
        let stale = resident.rare().epoch != epoch;
        // A grant that came meanwhile is newer than whatever this one brought.
        if !std::mem::take(&mut resident.rare().regranted) {
            resident.refresh_token = Some(refresh_token.into());
            self.set_unsaved(resident, !saved);
        }
        if resident.is_unsaved() {
            self.save_later(company, resident, 1);
        }
        if stale {
            // The token was refused while this was on its way: its result is of the past, in the store too.
            resident.rare().refused = access.map(|access| access.token());
            self.again(company, resident, Duration::ZERO);
        } else if let Some(access) = access {
            self.put(resident, &access, scope, due_s, now);
        }
    }

    /// Puts a token in its place, plans the next, and lets those go who wait.
    pub(super) fn put(
        &self,
        resident: &mut Resident,
        access: &Access,
        scope: Option<Arc<Scope>>,
        due_s: u32,
        now: Moment,
    ) {
        let flight = resident.rare().flight.take();
        resident.put(access, scope, now);
        if flight
            .as_ref()
            .is_some_and(|flight| flight.shared.is_shared())
        {
            resident.touch(second(now.elapsed));
        }
        let latest = resident.left(now).saturating_sub(resident.margin());
        // What came within a twentieth of a life of its plan keeps its place in the round.
        let late = Duration::from_secs(second(now.elapsed).saturating_sub(due_s).into());
        let as_planned = due_s != NEVER && late <= latest / 20;
        // What ages sooner than that is renewed when somebody asks.
        if latest >= FLOOR {
            let mut desk = self.desk();
            let at = desk.calendar.plan(now.elapsed, latest, as_planned);
            self.sweep_by(&mut desk, at);
            desk.calendar
                .cancel(std::mem::replace(&mut resident.due_s, at));
        }
        if let Some(flight) = flight {
            let token = self.token(resident);
            flight.shared.land(Ok(token));
        }
    }

    /// Another process is at it: looks again in a moment.
    fn busy(&self, company: &CompanyId) {
        if let Some(resident) = self.part(company).get_mut(company) {
            let jitter = Duration::from_millis(crate::random::up_to(250));
            self.again(company, resident, BUSY_LOOK + jitter);
        }
    }

    fn again(&self, company: &CompanyId, resident: &mut Resident, after: Duration) {
        if let Some(flight) = &mut resident.rare().flight {
            flight.departed = false;
            self.look_again(company, What::Renew, after);
        }
    }

    /// Ends a renewal without a token. While one lives, nobody else notices.
    fn fail(&self, company: &CompanyId, error: Error, now: Moment) {
        let mut part = self.part(company);
        let Some(resident) = part.get_mut(company) else {
            return;
        };
        let alive = !resident.left(now).is_zero();
        let outcome = if alive {
            Ok(self.token(resident))
        } else {
            Err(error.clone())
        };
        let meaning = Meaning::of(&error);
        let rare = resident.rare();
        let flight = rare.flight.take();
        // With a grant that came meanwhile it may be otherwise.
        let regranted = std::mem::take(&mut rare.regranted);
        let failures = rare.pause.as_ref().map_or(0, |pause| pause.failures);
        let failures = failures.saturating_add(1);
        let pause = match meaning {
            // The breaker is everybody's pause.
            Meaning::ClientDead => BREAKER_LOOK,
            _ if regranted => Duration::ZERO,
            _ => policy::pause(&error, failures, Jitter::draw()),
        };
        if meaning != Meaning::ClientDead && !pause.is_zero() {
            rare.pause = Some(Pause {
                until: now.elapsed + pause,
                error: error.clone(),
                failures,
            });
        }
        self.plan_after(resident, pause, now);
        if resident.refresh_token.is_none() && meaning == Meaning::Misuse {
            part.remove(company);
        }
        drop(part);
        self.teller.tell(CompanyEvent::Failed {
            company: company.clone(),
            code: error.code(),
            pause,
        });
        if let Some(flight) = flight {
            flight.shared.land(outcome);
        }
    }

    /// Writes down what came of a write to the store; `failures` before it, if it was a planned one.
    pub(super) fn saved(
        &self,
        company: &CompanyId,
        known: &Known,
        saved: bool,
        failures: Option<u32>,
    ) {
        let mut part = self.part(company);
        let Some(resident) = part.get_mut(company) else {
            return;
        };
        let same = |token: &RefreshToken| token.wire().same_as(&known.record.refresh_token);
        // What came meanwhile is another write's.
        if saved && resident.refresh_token.as_ref().is_some_and(same) {
            resident.rare().user_id = None;
            if self.set_unsaved(resident, false) {
                self.teller.tell(CompanyEvent::Saved(company.clone()));
            }
        } else if !saved {
            self.teller.tell(CompanyEvent::StoreFailed(company.clone()));
        }
        if let Some(failures) = failures {
            resident.rare().saving = false;
            if resident.is_unsaved() {
                self.save_later(company, resident, failures.saturating_add(1));
            }
        }
        resident.tidy();
    }

    /// Plans a write to the store, unless one is planned.
    pub(super) fn save_later(&self, company: &CompanyId, resident: &mut Resident, failures: u32) {
        if std::mem::replace(&mut resident.rare().saving, true) {
            return;
        }
        let pause = policy::pause(&store_failed(), failures, Jitter::draw());
        self.look_again(company, What::Save(failures), pause);
    }

    fn look_again(&self, company: &CompanyId, what: What, after: Duration) {
        let at = self.now().elapsed + after;
        let company = company.clone();
        self.desk().later.push(Later { at, company, what });
        self.wake.notify_one();
    }

    /// Takes up what a task that ended has left: writes to the store.
    pub(super) fn resume(&self) {
        self.each_part(|part| {
            for (company, resident) in part.iter_mut().filter(|(_, one)| one.is_unsaved()) {
                resident.rare().saving = false;
                self.save_later(company, resident, 1);
            }
        });
    }
}
