//! When each company's token is renewed, so that those which came together are not renewed together.
//!
//! Every plan is one second of the elapsed clock.
//! Of a few seconds drawn from the time that is allowed the emptiest wins, which levels far better than drawing one.
//! A token that came out of turn - the first of a grant, or one that a caller had to wait for - may be renewed at any
//! time of its life but the first tenth; one that came as planned has its place in the round and stays near it.

use std::collections::VecDeque;
use std::time::Duration;

use crate::random;

/// How many seconds are looked at for each plan.
const LOOKS: usize = 8;

/// Counts the plans of each second that has not passed, from the first one on.
///
/// No token is planned for more than a day ahead, so there are few seconds, whatever the number of companies.
#[derive(Debug, Default)]
pub(super) struct Calendar {
    first_s: u32,
    crowds: VecDeque<u16>,
}

/// Returns the whole seconds of an elapsed time.
pub(super) fn second(elapsed: Duration) -> u32 {
    u32::try_from(elapsed.as_secs()).unwrap_or(u32::MAX)
}

impl Calendar {
    /// Plans a renewal after `now` and at most `latest` later.
    pub(super) fn plan(&mut self, now: Duration, latest: Duration, as_planned: bool) -> u32 {
        self.pass(now);
        let earliest = if as_planned {
            latest * 9 / 10
        } else {
            latest / 10
        };
        // Whoever read the clock before another plans no earlier than that one.
        let first = second(now + earliest).max(self.first_s);
        let last = second(now + latest).max(first);
        let mut best = (u16::MAX, first);
        for _ in 0..LOOKS {
            let offset = random::up_to(u64::from(last - first));
            let at = first.saturating_add(u32::try_from(offset).unwrap_or(0));
            let crowd = self.crowd(at).copied().unwrap_or(0);
            if (crowd, last - at) < (best.0, last - best.1) {
                best = (crowd, at);
            }
        }
        let (_, at) = best;
        let seconds = (at - self.first_s) as usize + 1;
        if self.crowds.len() < seconds {
            self.crowds.resize(seconds, 0);
        }
        let crowd = &mut self.crowds[seconds - 1];
        *crowd = crowd.saturating_add(1);
        at
    }

    /// Takes a plan back.
    pub(super) fn cancel(&mut self, at: u32) {
        if let Some(crowd) = self.crowd(at) {
            *crowd = crowd.saturating_sub(1);
        }
    }

    /// Forgets the seconds that have passed.
    fn pass(&mut self, now: Duration) {
        let now_s = second(now);
        let passed = now_s.saturating_sub(self.first_s) as usize;
        self.crowds.drain(..passed.min(self.crowds.len()));
        self.first_s = self.first_s.max(now_s);
    }

    fn crowd(&mut self, at: u32) -> Option<&mut u16> {
        let place = at.checked_sub(self.first_s)?;
        self.crowds.get_mut(place as usize)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    /// 50,000 companies obtained within one minute, over two lives: the renewals of each second of the second life.
    #[test]
    fn after_one_life_no_second_has_half_as_many_again_as_the_mean() {
        const COMPANIES: u32 = 50_000;
        let latest = Duration::from_secs(3300);
        let mut calendar = Calendar::default();
        let mut due: BTreeMap<u32, Vec<bool>> = BTreeMap::new();
        for company in 0..COMPANIES {
            let now = Duration::from_secs(u64::from(company * 60 / COMPANIES));
            let at = calendar.plan(now, latest, false);
            due.entry(at).or_default().push(false);
        }
        let mut renewed = vec![0_u32; 7200];
        for now in 0..7200_u32 {
            for _ in due.remove(&now).unwrap_or_default() {
                renewed[now as usize] += 1;
                let at = calendar.plan(Duration::from_secs(u64::from(now)), latest, true);
                due.entry(at).or_default().push(true);
            }
        }
        let life = &renewed[3600..];
        let mean = f64::from(life.iter().sum::<u32>()) / life.len() as f64;
        let peak = f64::from(life.iter().copied().max().unwrap_or(0));
        assert!(peak / mean <= 1.5, "peak {peak}, mean {mean}");
    }

    #[test]
    fn a_plan_keeps_to_the_time_that_is_allowed() {
        let now = Duration::from_secs(1000);
        for (latest_s, as_planned, from, to) in [
            (0, false, 1000, 1000),
            (100, false, 1010, 1100),
            (100, true, 1090, 1100),
        ] {
            for _ in 0..100 {
                let latest = Duration::from_secs(latest_s);
                let at = Calendar::default().plan(now, latest, as_planned);
                assert!((from..=to).contains(&at), "{at}");
            }
        }
    }

    #[test]
    fn a_plan_that_is_taken_back_leaves_room() {
        let mut calendar = Calendar::default();
        let latest = Duration::from_secs(100);
        let at = calendar.plan(Duration::ZERO, latest, true);
        assert_eq!(calendar.crowd(at), Some(&mut 1));
        calendar.cancel(at);
        assert_eq!(calendar.crowd(at), Some(&mut 0));
        calendar.pass(Duration::from_secs(u64::from(at) + 1));
        assert_eq!(calendar.crowd(at), None);
        assert!(calendar.crowds.is_empty());
        // Plans and their end where seconds have passed that nobody counted.
        let at = calendar.plan(latest * 100, latest, false);
        assert_eq!(calendar.crowd(at), Some(&mut 1));
        calendar.cancel(0);
        assert_eq!(calendar.crowds.iter().sum::<u16>(), 1);
        let behind = calendar.plan(Duration::ZERO, latest, false);
        assert_eq!(behind, 10_000, "by a clock that was read before");
    }
}
