//! How many token requests a client may send, and when.
//!
//! Remote counts 250 requests a minute for each client identifier, token requests among them (Remote facts §8.3), so
//! renewals take from the same purse as the program's own calls.
//!
//! * No sixty seconds hold more than the budget: every request of the last minute is written down.
//! * A quarter of it is kept for callers that wait; renewals behind a living token share the rest, evenly spaced.
//! * Requests on their way are few after a failure and double with every answer, so an outage does not end in a stampede.
//! * Where the server names a time to wait because of the rate, all wait.

use std::collections::VecDeque;
use std::time::Duration;

const MINUTE: Duration = Duration::from_secs(60);

/// How many requests are on their way at most.
const ABREAST_MAX: u32 = 32;

#[derive(Debug)]
pub(super) struct Budget {
    per_minute: usize,
    /// When requests left, by the elapsed clock, the oldest first.
    sent: VecDeque<Duration>,
    in_flight: u32,
    /// How many may be on their way: halved by a failure, doubled by an answer.
    abreast: u32,
    held_until: Duration,
    /// When the next renewal for which nobody waits may leave.
    next_quiet: Duration,
}

impl Budget {
    pub(super) fn new(per_minute: usize) -> Self {
        Self {
            per_minute: per_minute.max(1),
            sent: VecDeque::new(),
            in_flight: 0,
            abreast: ABREAST_MAX / 4,
            held_until: Duration::ZERO,
            next_quiet: Duration::ZERO,
        }
    }

    /// The share of renewals for which nobody waits.
    fn quiet_share(&self) -> usize {
        (self.per_minute - self.per_minute.div_ceil(4)).max(1)
    }

    fn forget(&mut self, now: Duration) {
        while self
            .sent
            .front()
            .is_some_and(|&sent| now.saturating_sub(sent) >= MINUTE)
        {
            self.sent.pop_front();
        }
    }

    /// Lets one request leave now, or says from when another try makes sense.
    pub(super) fn take(&mut self, now: Duration, awaited: bool) -> Result<(), Duration> {
        if now < self.held_until {
            return Err(self.held_until);
        }
        if self.in_flight >= self.abreast {
            // A landing wakes the scheduler.
            return Err(now + MINUTE);
        }
        if !awaited && now < self.next_quiet {
            return Err(self.next_quiet);
        }
        self.repeat(now, awaited)?;
        self.in_flight += 1;
        if !awaited {
            let pace = MINUTE / u32::try_from(self.quiet_share()).unwrap_or(u32::MAX);
            // What was due in the last second is made up for, and no more.
            let from = self
                .next_quiet
                .max(now.saturating_sub(Duration::from_secs(1)));
            self.next_quiet = from + pace;
        }
        Ok(())
    }

    /// Lets one more request leave in the same flight.
    pub(super) fn repeat(&mut self, now: Duration, awaited: bool) -> Result<(), Duration> {
        self.forget(now);
        let share = if awaited {
            self.per_minute
        } else {
            self.quiet_share()
        };
        if self.sent.len() >= share {
            let first = self.sent.front().copied().unwrap_or(now);
            return Err(first + MINUTE);
        }
        self.sent.push_back(now);
        Ok(())
    }

    /// Gives back what was taken for a request that was not needed after all.
    pub(super) fn give_back(&mut self) {
        self.sent.pop_back();
    }

    /// Ends a flight. `alive` says whether the server answered, where it was asked.
    pub(super) fn land(&mut self, alive: Option<bool>) {
        self.in_flight = self.in_flight.saturating_sub(1);
        match alive {
            Some(true) => self.abreast = (self.abreast * 2).min(ABREAST_MAX),
            Some(false) => self.abreast = (self.abreast / 2).max(1),
            None => {}
        }
    }

    /// Holds everything back: the server limits the rate.
    pub(super) fn hold(&mut self, until: Duration) {
        self.held_until = self.held_until.max(until);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[derive(Clone, Copy, Debug)]
    enum Move {
        Pass(u64),
        Take(bool),
        Land(Option<bool>),
        Hold(u64),
    }

    fn moves() -> impl Strategy<Value = Move> {
        prop_oneof![
            (0..20_000_u64).prop_map(Move::Pass),
            any::<bool>().prop_map(Move::Take),
            any::<bool>().prop_map(Move::Take),
            any::<Option<bool>>().prop_map(Move::Land),
            (0..90_000_u64).prop_map(Move::Hold),
        ]
    }

    proptest! {
        #[test]
        fn no_minute_holds_more_than_the_budget(
            per_minute in 1..40_usize,
            moves in proptest::collection::vec(moves(), 1..400),
        ) {
            let mut budget = Budget::new(per_minute);
            let mut now = Duration::ZERO;
            let mut held = Duration::ZERO;
            let mut sent: Vec<Duration> = Vec::new();
            for step in moves {
                match step {
                    Move::Pass(ms) => now += Duration::from_millis(ms),
                    Move::Land(alive) => budget.land(alive),
                    Move::Hold(ms) => {
                        held = held.max(now + Duration::from_millis(ms));
                        budget.hold(held);
                    }
                    Move::Take(awaited) => match budget.take(now, awaited) {
                        Ok(()) => {
                            prop_assert!(now >= held);
                            sent.push(now);
                        }
                        Err(until) => prop_assert!(until > now, "a wait has an end ahead"),
                    },
                }
                let within = sent.iter().filter(|&&at| now - at < MINUTE).count();
                prop_assert!(within <= per_minute, "{within} in a minute");
            }
        }
    }

    #[test]
    fn callers_find_room_that_quiet_renewals_leave() {
        let mut budget = Budget::new(8);
        let mut now = Duration::ZERO;
        let mut quiet = 0;
        while now < Duration::from_secs(59) {
            if budget.take(now, false).is_ok() {
                quiet += 1;
                budget.land(Some(true));
            }
            now += Duration::from_millis(500);
        }
        assert_eq!(quiet, 6, "three quarters");
        assert!(budget.take(now, true).is_ok() && budget.take(now, true).is_ok());
        assert!(budget.take(now, true).is_err(), "the budget is spent");
    }

    #[test]
    fn after_failures_one_probes_and_answers_open_up_again() {
        let mut budget = Budget::new(1000);
        let now = Duration::ZERO;
        let abreast = |budget: &mut Budget| {
            let mut taken = 0;
            while budget.take(now, true).is_ok() {
                taken += 1;
            }
            (0..taken).for_each(|_| budget.land(None));
            taken
        };
        assert_eq!(abreast(&mut budget), 8);
        (0..5).for_each(|_| budget.land(Some(false)));
        assert_eq!(abreast(&mut budget), 1);
        budget.land(Some(true));
        assert_eq!(abreast(&mut budget), 2);
        (0..9).for_each(|_| budget.land(Some(true)));
        assert_eq!(abreast(&mut budget), ABREAST_MAX);
    }
}
