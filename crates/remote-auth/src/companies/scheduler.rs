//! The one task of all companies: who is renewed next, within the budget.
//!
//! A turn gives out what may leave now, in this order: companies for which somebody waits, first come first served; then
//! those whose plan is due, the most recently used first.
//! A company that nobody has used since its token came is not renewed at all until somebody asks.
//! What leaves runs within the same task: few renewals are on their way at a time, and each mostly waits.
//! The task ends with the last handle, and with its runtime; the next call starts it again.

use std::future::{Future, poll_fn};
use std::panic::AssertUnwindSafe;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::stream::{FuturesUnordered, StreamExt};
use tokio::time::{Instant, sleep};

use super::calendar::second;
use super::fleet::{Desk, Fleet, Later, What};
use super::id::CompanyId;
use super::landing::Arrival;
use super::renewal::Known;
use super::resident::{Flight, NEVER, Resident};
use crate::source::breaker::Permit;
use crate::token::Moment;

/// How long the task sleeps at most: the elapsed clock may stand still while a machine is suspended.
const SLEEP_MAX: Duration = Duration::from_secs(30);

/// How long until it is looked again whether the breaker has closed, where nobody waits.
pub(super) const BREAKER_LOOK: Duration = Duration::from_secs(30);

/// How long a company that nobody uses stays in memory after its token has ended.
const IDLE_MAX: Duration = Duration::from_secs(60 * 60);

/// What a turn gives out.
pub(super) enum Departure<'a> {
    Renew {
        arrival: Arrival<'a>,
        known: Option<Known>,
        epoch: u32,
        awaited: bool,
        /// The second for which it was planned, if it was.
        due_s: u32,
        permit: Permit,
    },
    Save {
        company: CompanyId,
        known: Known,
        failures: u32,
    },
}

/// Runs, and renewals with it, until its last handle or its runtime is gone.
pub(super) async fn run(running: Running) {
    let Running(fleet) = &running;
    let mut jobs = FuturesUnordered::new();
    let mut alarm = pin!(sleep(Duration::ZERO));
    fleet.resume();
    loop {
        let now = fleet.now();
        let next = fleet.turn(now, &mut |departure| {
            // A store that panics ends what it was asked in, and nothing else.
            jobs.push(AssertUnwindSafe(fleet.fly(departure)).catch_unwind());
        });
        let pause = next.saturating_sub(now.elapsed).min(SLEEP_MAX);
        let at = Instant::now() + pause;
        // A turn that comes too early only looks, which costs less than to set a timer anew in each.
        if at < alarm.deadline() || alarm.is_elapsed() {
            alarm.as_mut().reset(at);
        }
        let mut woken = pin!(fleet.wake.notified());
        poll_fn(|cx| {
            while let Poll::Ready(Some(ended)) = jobs.poll_next_unpin(cx) {
                if ended.is_err() {
                    fleet.resume();
                }
            }
            match woken.as_mut().poll(cx) {
                Poll::Pending => alarm.as_mut().poll(cx),
                ready => ready,
            }
        })
        .await;
    }
}

/// What the task holds. However it ends, nobody waits for it any more.
pub(super) struct Running(pub(super) Arc<Fleet>);

impl Drop for Running {
    fn drop(&mut self) {
        let mut desk = self.0.desk();
        desk.wanted.clear();
        desk.later.clear();
        drop(desk);
        self.0.each_part(|part| {
            for rare in part
                .iter_mut()
                .map(|(_, one)| one)
                .filter_map(|one| one.rare.as_mut())
            {
                rare.flight.take_if(|flight| !flight.departed);
            }
        });
    }
}

impl Fleet {
    /// Gives out what may leave now, and says when to look again.
    pub(super) fn turn<'a>(
        &'a self,
        now: Moment,
        depart: &mut impl FnMut(Departure<'a>),
    ) -> Duration {
        let later = self.take_up_again(now, depart);
        let wanted = self.serve_wanted(now, depart);
        let due = self.serve_due(now, depart);
        later.min(wanted).min(due)
    }

    fn take_up_again<'a>(
        &'a self,
        now: Moment,
        depart: &mut impl FnMut(Departure<'a>),
    ) -> Duration {
        let mut desk = self.desk();
        let all = std::mem::take(&mut desk.later);
        let (ready, later): (Vec<_>, _) =
            all.into_iter().partition(|later| later.at <= now.elapsed);
        desk.later = later;
        let next = desk.later.iter().map(|later| later.at).min();
        drop(desk);
        for Later { company, what, .. } in ready {
            let What::Save(failures) = what else {
                self.desk().wanted.push_back(company);
                continue;
            };
            let mut part = self.part(&company);
            let Some(resident) = part.get_mut(&company) else {
                continue;
            };
            let known = Self::known(resident).filter(|known| known.unsaved);
            resident.rare().saving = known.is_some();
            drop(part);
            if let Some(known) = known {
                depart(Departure::Save {
                    company,
                    known,
                    failures,
                });
            }
        }
        next.unwrap_or(Duration::MAX)
    }

    fn serve_wanted<'a>(&'a self, now: Moment, depart: &mut impl FnMut(Departure<'a>)) -> Duration {
        loop {
            let mut desk = self.desk();
            let Some(company) = desk.wanted.pop_front() else {
                return Duration::MAX;
            };
            if let Err(until) = desk.budget.take(now.elapsed, true) {
                desk.wanted.push_front(company);
                return until;
            }
            drop(desk);
            match self.board(&company, now, true) {
                Some(departure) => depart(departure),
                None => self.take_back(),
            }
        }
    }

    fn serve_due<'a>(&'a self, now: Moment, depart: &mut impl FnMut(Departure<'a>)) -> Duration {
        let now_s = second(now.elapsed);
        if now_s >= self.desk().next_sweep_s {
            // What is planned during the sweep is seen after it.
            self.desk().next_sweep_s = NEVER;
            let (mut due, next_s) = self.sweep(now);
            due.sort_unstable();
            let mut desk = self.desk();
            desk.backlog = due;
            desk.next_sweep_s = desk.next_sweep_s.min(next_s).max(now_s + 1);
        }
        loop {
            let mut desk = self.desk();
            let next = Duration::from_secs(desk.next_sweep_s.into());
            let Some((used_s, company)) = desk.backlog.pop() else {
                return next;
            };
            if let Err(until) = desk.budget.take(now.elapsed, false) {
                desk.backlog.push((used_s, company));
                return next.min(until);
            }
            drop(desk);
            match self.board(&company, now, false) {
                Some(departure) => depart(departure),
                None => self.take_back(),
            }
        }
    }

    fn take_back(&self) {
        let mut desk = self.desk();
        desk.budget.give_back();
        desk.budget.land(None);
    }

    /// Finds what is due, and forgets what is idle. Returns the second of the next plan too.
    fn sweep(&self, now: Moment) -> (Vec<(u32, CompanyId)>, u32) {
        let now_s = second(now.elapsed);
        let (mut due, mut idle, mut next_s) = (Vec::new(), Vec::new(), NEVER);
        let mut resident = 0;
        self.each_part(|part| {
            part.retain(|company, one| {
                let can_go = self.store.is_some() && one.can_go(now);
                let unused = Duration::from_secs(now_s.saturating_sub(one.used_s()).into());
                let hollow = one.refresh_token.is_none();
                if can_go && one.left(now).is_zero() && (hollow || unused > IDLE_MAX) {
                    return false;
                }
                if one.due_s > now_s {
                    next_s = next_s.min(one.due_s);
                } else if !one.is_in_use() {
                    one.due_s = NEVER;
                } else if one.flight().is_none() {
                    due.push((one.used_s(), company.clone()));
                }
                if can_go {
                    idle.push((one.used_s(), company.clone()));
                }
                true
            });
            resident += part.len();
        });
        self.evict(resident, idle, now);
        (due, next_s)
    }

    /// Forgets those that were not used for longest, as far as there are too many and the store has them.
    fn evict(&self, resident: usize, mut idle: Vec<(u32, CompanyId)>, now: Moment) {
        let excess = resident.saturating_sub(self.resident_max).min(idle.len());
        if excess == 0 {
            return;
        }
        idle.sort_unstable();
        for (used_s, company) in idle.drain(..excess) {
            let mut part = self.part(&company);
            let unchanged = |one: &Resident| one.used_s() == used_s && one.can_go(now);
            if part.get_mut(&company).is_some_and(|one| unchanged(one)) {
                part.remove(&company);
            }
        }
    }

    /// Makes a company's renewal ready; `None` if it is not needed any more, or the breaker is open.
    fn board(&self, company: &CompanyId, now: Moment, awaited: bool) -> Option<Departure<'_>> {
        let mut part = self.part(company);
        let resident = part.get_mut(company)?;
        let now_s = second(now.elapsed);
        let wanted = if awaited {
            resident.flight().is_some_and(|flight| !flight.departed)
        } else {
            let is_due = resident.due_s <= now_s;
            is_due && resident.flight().is_none() && resident.pause(now).is_none()
        };
        if !wanted {
            return None;
        }
        let permit = match self.breaker.permit(now.elapsed) {
            Ok(permit) => permit,
            Err(error) => {
                let flight = resident.rare().flight.take();
                self.plan_after(resident, BREAKER_LOOK, now);
                if let Some(flight) = flight {
                    flight.shared.land(Err(error));
                }
                return None;
            }
        };
        let known = Self::known(resident);
        let due_s = std::mem::replace(&mut resident.due_s, NEVER);
        if due_s > now_s {
            self.desk().calendar.cancel(due_s);
        }
        let rare = resident.rare();
        rare.flight.get_or_insert_with(Flight::new).departed = true;
        Some(Departure::Renew {
            epoch: rare.epoch,
            arrival: Arrival::new(self, company.clone()),
            known,
            awaited,
            due_s: if awaited { NEVER } else { due_s },
            permit,
        })
    }

    /// Plans another try, outside the calendar.
    pub(super) fn plan_after(&self, resident: &mut Resident, pause: Duration, now: Moment) {
        resident.due_s = second(now.elapsed + pause).saturating_add(1);
        self.sweep_by(&mut self.desk(), resident.due_s);
    }

    /// Sees to it that a sweep comes no later than this.
    pub(super) fn sweep_by(&self, desk: &mut Desk, due_s: u32) {
        if due_s < desk.next_sweep_s {
            desk.next_sweep_s = due_s;
            self.wake.notify_one();
        }
    }

    async fn fly(&self, departure: Departure<'_>) {
        match departure {
            Departure::Renew {
                arrival,
                known,
                epoch,
                awaited,
                due_s,
                permit,
            } => {
                let key = self.key(&arrival.company);
                let another = || {
                    let now = self.now();
                    self.desk().budget.repeat(now.elapsed, awaited).is_ok()
                };
                let landing = self.renewal(&key, &another).run(known).await;
                arrival.land(epoch, due_s, landing);
                drop(permit);
                // The next turn, whenever it comes, is early enough where nobody waits for the room that this made.
                if self.desk().is_idle() {
                    return;
                }
            }
            Departure::Save {
                company,
                known,
                failures,
            } => {
                let key = self.key(&company);
                let saved = self.renewal(&key, &|| false).save(&known).await;
                self.saved(&company, &known, saved, Some(failures));
            }
        }
        self.wake.notify_one();
    }
}
