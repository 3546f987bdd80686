//! The copy of a token that each thread keeps for itself, so that a fresh token costs no lock and no allocation.
//!
//! What costs under load is whatever two cores write: a lock's word, or the reference count of one shared token.
//! A thread's own copy, header value included, is written by nobody else; whether it is still the right one says a
//! generation that the source publishes.
//!
//! * Bounded: a thread keeps at most [`PLACES`] copies, whatever the number of sources.
//!   Of sources that share a place the one in use keeps it.
//! * A source that is gone leaves at most one copy in a thread's place, until that thread keeps another token.
//!   Secrets are wiped when a copy is dropped, as everywhere.
//! * Never a lock, and so never a wait: what is not here is looked up in the source.

use std::cell::{Cell, RefCell};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Weak};
use std::time::SystemTime;

use super::machine::Held;
use crate::clock::Clock;
use crate::token::{Moment, Token};

/// How many tokens a thread keeps at most.
const PLACES: usize = 16;

thread_local! {
    static COPIES: RefCell<[Option<Copy>; PLACES]> = const { RefCell::new([const { None }; PLACES]) };
}

struct Copy {
    source: u64,
    source_lives: Weak<()>,
    held: Held,
    /// Between these times of day both clocks need not be read: see [`Clock::slack`].
    trusted: Cell<(SystemTime, SystemTime)>,
    used: Cell<bool>,
}

impl Copy {
    /// Tells whether the token is fresh, by both clocks, the slack of the last reading taken off.
    fn is_fresh(&self, clock: &dyn Clock) -> bool {
        let wall = clock.wall();
        let (from, until) = self.trusted.get();
        if from <= wall && wall < until {
            return true;
        }
        let elapsed = clock.elapsed();
        let slack = clock.slack();
        let fresh = self.held.is_fresh(Moment { wall, elapsed }, slack);
        if fresh {
            let until = wall.checked_add(slack).unwrap_or(wall);
            self.trusted.set((wall, until));
        }
        fresh
    }

    fn is_stale(&self) -> bool {
        self.source_lives.strong_count() == 0
    }
}

/// Names a source among all of the process. Dropped with it.
pub(super) struct Key {
    source: u64,
    lives: Arc<()>,
}

impl Key {
    pub(super) fn new() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        Self {
            source: NEXT.fetch_add(1, Ordering::Relaxed),
            lives: Arc::new(()),
        }
    }

    fn place(&self) -> usize {
        (self.source % PLACES as u64) as usize
    }

    /// Lends this thread's copy, if it is of this generation and fresh; else gives the borrower back.
    #[inline]
    pub(super) fn lend<R, B: FnOnce(&Token) -> R>(
        &self,
        generation: u64,
        clock: &dyn Clock,
        borrower: B,
    ) -> Result<R, B> {
        let mut borrower = Some(borrower);
        let lent = COPIES.try_with(|copies| {
            // Busy only while this same thread changes it, which no borrower can see.
            let copies = copies.try_borrow().ok()?;
            let copy = copies[self.place()].as_ref()?;
            let right = copy.source == self.source && copy.held.token.generation() == generation;
            if !right || !copy.is_fresh(clock) {
                return None;
            }
            copy.used.set(true);
            borrower.take().map(|borrower| borrower(&copy.held.token))
        });
        // A thread that is ending has no copies any more.
        lent.ok()
            .flatten()
            .ok_or_else(|| borrower.expect("only a copy that is lent takes it"))
    }

    /// Keeps a copy for this thread.
    pub(super) fn keep(&self, held: &Held) {
        // A borrower that itself asks for a token comes by here: then nothing is kept.
        let _ = COPIES.try_with(|copies| {
            let Ok(mut copies) = copies.try_borrow_mut() else {
                return;
            };
            for place in &mut *copies {
                place.take_if(|copy| copy.is_stale());
            }
            let place = &mut copies[self.place()];
            // A neighbour in use stays once; if it is still unused at the next try, it goes.
            if let Some(copy) = place
                && copy.source != self.source
                && copy.used.replace(false)
            {
                return;
            }
            *place = Some(Copy {
                source: self.source,
                source_lives: Arc::downgrade(&self.lives),
                held: Held {
                    token: held.token.copied(),
                    margin: held.margin,
                },
                trusted: Cell::new((SystemTime::UNIX_EPOCH, SystemTime::UNIX_EPOCH)),
                used: Cell::new(false),
            });
        });
    }
}

impl Drop for Key {
    fn drop(&mut self) {
        let _ = COPIES.try_with(|copies| {
            if let Ok(mut copies) = copies.try_borrow_mut() {
                copies[self.place()].take_if(|copy| copy.source == self.source);
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::environment::Environment;
    use crate::test_support::ManualClock;
    use crate::token::{Expiry, Principal};

    fn held(clock: &ManualClock, life_s: u64) -> Held {
        let life = remote_oauth_client::ExpiresIn::from_secs(life_s);
        let expiry = Expiry::counted_from(Moment::now(clock), Some(life));
        let environment = Environment::Sandbox;
        let token = Token::new(
            "token".into(),
            environment,
            Principal::Partner,
            None,
            Some(expiry),
        );
        Held {
            token: token.numbered(1),
            margin: Duration::from_secs(300),
        }
    }

    fn kept() -> usize {
        COPIES.with_borrow(|copies| copies.iter().flatten().count())
    }

    fn lends(key: &Key, generation: u64, clock: &ManualClock) -> bool {
        key.lend(generation, clock, |_| ()).is_ok()
    }

    #[test]
    fn a_copy_is_lent_while_it_is_fresh_and_of_the_generation_that_is_asked_for() {
        let clock = ManualClock::shared();
        let key = Key::new();
        assert!(!lends(&key, 1, &clock), "nothing is kept yet");
        key.keep(&held(&clock, 3600));
        assert!(lends(&key, 1, &clock));
        assert!(!lends(&key, 2, &clock) && !lends(&key, 0, &clock));
        clock.advance(Duration::from_secs(3299));
        assert!(lends(&key, 1, &clock));
        clock.advance(Duration::from_secs(1));
        assert!(!lends(&key, 1, &clock), "it ages");
    }

    #[test]
    fn the_slack_of_a_clock_is_taken_off_and_ends_where_the_time_of_day_goes_back() {
        let slack = Duration::from_secs(10);
        let clock = ManualClock::with_slack(slack);
        let key = Key::new();
        key.keep(&held(&clock, 3600));
        assert!(lends(&key, 1, &clock));
        clock.advance(Duration::from_secs(3295));
        assert!(
            !lends(&key, 1, &clock),
            "within the slack of ageing it is not lent"
        );

        key.keep(&held(&clock, 3600));
        assert!(lends(&key, 1, &clock));
        clock.advance(Duration::from_secs(3600));
        clock.set_wall(clock.wall() - Duration::from_secs(3601));
        assert!(!lends(&key, 1, &clock), "both clocks are read again");
    }

    #[test]
    fn a_thread_keeps_few_copies_and_none_of_a_source_that_is_gone() {
        let clock = ManualClock::shared();
        let keys: Vec<_> = (0..1000).map(|_| Key::new()).collect();
        for key in &keys {
            key.keep(&held(&clock, 3600));
            assert!(kept() <= PLACES);
        }
        drop(keys);
        assert_eq!(kept(), 0, "its own thread forgets a source at once");

        let elsewhere = Key::new();
        elsewhere.keep(&held(&clock, 3600));
        std::thread::spawn(move || drop(elsewhere))
            .join()
            .expect("no panic");
        assert_eq!(kept(), 1, "another thread cannot reach into this one");
        let next = Key::new();
        next.keep(&held(&clock, 3600));
        assert_eq!(kept(), 1, "the next that is kept sweeps");
    }

    #[test]
    fn of_two_sources_that_share_a_place_the_one_in_use_keeps_it() {
        let clock = ManualClock::shared();
        let [first, second] = [1, 2].map(|lap| Key {
            source: u64::MAX - lap * PLACES as u64,
            lives: Arc::new(()),
        });
        let (first, second) = (&first, &second);
        first.keep(&held(&clock, 3600));
        assert!(lends(first, 1, &clock));
        second.keep(&held(&clock, 3600));
        assert!(lends(first, 1, &clock) && !lends(second, 1, &clock));
        second.keep(&held(&clock, 3600));
        second.keep(&held(&clock, 3600));
        assert!(lends(second, 1, &clock) && !lends(first, 1, &clock));
    }

    #[test]
    fn a_borrower_may_borrow_again() {
        let clock = ManualClock::shared();
        let (key, other) = (Key::new(), Key::new());
        key.keep(&held(&clock, 3600));
        let nested = key.lend(1, &*clock, |_| {
            other.keep(&held(&clock, 3600));
            (lends(&key, 1, &clock), lends(&other, 1, &clock))
        });
        assert!(
            matches!(nested, Ok((true, false))),
            "nothing is kept meanwhile"
        );
    }
}
