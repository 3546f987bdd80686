//! When each company's token is renewed, so that those which came together are not renewed together.
//!
//! Every plan is one second of the elapsed clock.
//! Of a few seconds drawn from the time that is allowed the emptiest wins, which levels far better than drawing one.
//! A token that came out of turn - the first of a grant, or one that a caller had to wait for - may be renewed at any
//! time of its life but the first tenth; one that came as planned has its place in the round and stays near it.

use std::collections::BTreeMap;
use std::time::Duration;

/// How many seconds are looked at for each plan.
const LOOKS: usize = 8;

/// What the seconds that one plan looks at are drawn by.
#[derive(Clone, Copy, Debug)]
pub(super) struct Draws([u64; LOOKS]);

impl Draws {
    /// Asks the operating system once for all of them: each question is a system call.
    pub(super) fn draw() -> Self {
        let bytes: [u8; LOOKS * size_of::<u64>()] = crate::random::bytes();
        let (numbers, _) = bytes.as_chunks();
        Self(std::array::from_fn(|look| {
            u64::from_ne_bytes(numbers[look])
        }))
    }
}

/// Counts the plans of each second.
#[derive(Debug, Default)]
pub(super) struct Calendar(BTreeMap<u32, u32>);

/// Returns the whole seconds of an elapsed time.
pub(super) fn second(elapsed: Duration) -> u32 {
    u32::try_from(elapsed.as_secs()).unwrap_or(u32::MAX)
}

impl Calendar {
    /// Plans a renewal after `now` and at most `latest` later.
    pub(super) fn plan(
        &mut self,
        now: Duration,
        latest: Duration,
        as_planned: bool,
        draws: Draws,
    ) -> u32 {
        let earliest = if as_planned {
            latest * 9 / 10
        } else {
            latest / 10
        };
        let (first, last) = (second(now + earliest), second(now + latest));
        let mut best = (u32::MAX, first);
        for draw in draws.0 {
            // The remainder's bias does not matter.
            let offset = draw % (u64::from(last - first) + 1);
            let at = first.saturating_add(u32::try_from(offset).unwrap_or(0));
            let crowd = self.0.get(&at).copied().unwrap_or(0);
            if (crowd, last - at) < (best.0, last - best.1) {
                best = (crowd, at);
            }
        }
        *self.0.entry(best.1).or_default() += 1;
        best.1
    }

    /// Takes a plan back.
    pub(super) fn cancel(&mut self, at: u32) {
        if let Some(crowd) = self.0.get_mut(&at) {
            *crowd = crowd.saturating_sub(1);
        }
    }

    /// Forgets the seconds that have passed.
    pub(super) fn pass(&mut self, now: Duration) {
        self.0 = self.0.split_off(&second(now));
    }
}

#[cfg(test)]
mod tests {
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
            let at = calendar.plan(now, latest, false, Draws::draw());
            due.entry(at).or_default().push(false);
        }
        let mut renewed = vec![0_u32; 7200];
        for now in 0..7200_u32 {
            for _ in due.remove(&now).unwrap_or_default() {
                renewed[now as usize] += 1;
                let at = calendar.plan(
                    Duration::from_secs(u64::from(now)),
                    latest,
                    true,
                    Draws::draw(),
                );
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
                let at = Calendar::default().plan(now, latest, as_planned, Draws::draw());
                assert!((from..=to).contains(&at), "{at}");
            }
        }
    }

    #[test]
    fn a_plan_that_is_taken_back_leaves_room() {
        let mut calendar = Calendar::default();
        let plan = |calendar: &mut Calendar| {
            calendar.plan(
                Duration::ZERO,
                Duration::from_secs(100),
                true,
                Draws([0; LOOKS]),
            )
        };
        let at = plan(&mut calendar);
        assert_eq!(calendar.0[&at], 1);
        calendar.cancel(at);
        assert_eq!(calendar.0[&at], 0);
        calendar.pass(Duration::from_secs(u64::from(at) + 1));
        assert!(calendar.0.is_empty());
    }
}
