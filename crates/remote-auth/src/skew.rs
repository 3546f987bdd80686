//! How far this machine's clock is from the token endpoint's, as far as answers tell.
//!
//! What is learned here dates assertions, which the server judges by its own clock, and explains their refusal.
//! It has no effect on the life of tokens: that is counted on this machine alone.
//!
//! Only an answer that keeps to the protocol teaches anything: the `Date` of an error page is some proxy's.
//! What was learned is forgotten when this machine's clock was set or stood still since, for then it says nothing
//! any more.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::leeway::{SKEW_MAX, SKEW_MIN};
use crate::token::Moment;

/// Says by how much this machine's clock differs from the token endpoint's.
///
/// # Units and limits
///
/// The least difference that explains the `Date` of an answer, which counts whole seconds. Below five seconds there is
/// none; above a day it is told and not made up for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ClockSkew {
    /// This machine's clock is ahead.
    Ahead(Duration),
    /// This machine's clock is behind.
    Behind(Duration),
}

impl ClockSkew {
    /// Returns the difference, whichever way.
    pub fn size(self) -> Duration {
        match self {
            Self::Ahead(size) | Self::Behind(size) => size,
        }
    }

    /// Finds the least difference that explains a date, given the times just before and after the exchange.
    fn between(date: SystemTime, before: SystemTime, after: SystemTime) -> Option<Self> {
        let end_of_second = date.checked_add(Duration::from_secs(1))?;
        let ahead = before.duration_since(end_of_second).ok().map(Self::Ahead);
        let behind = || date.duration_since(after).ok().map(Self::Behind);
        ahead.or_else(behind).filter(|skew| skew.size() >= SKEW_MIN)
    }

    /// Returns what the server's clock shows when this machine's shows `wall`.
    fn correct(self, wall: SystemTime) -> Option<SystemTime> {
        match self {
            _ if self.size() > SKEW_MAX => None,
            Self::Ahead(size) => wall.checked_sub(size),
            Self::Behind(size) => wall.checked_add(size),
        }
    }
}

/// What the latest sound answer taught.
#[derive(Debug, Default)]
pub(crate) struct Learned(Mutex<Option<(ClockSkew, Moment)>>);

impl Learned {
    /// Takes the date of a sound answer to a request that was sent `before` and answered by `after`.
    pub(crate) fn learn(&self, date: SystemTime, before: Moment, after: Moment) {
        // A clock that moved in the meantime measures nothing.
        if moved(before, after) {
            return;
        }
        let skew = ClockSkew::between(date, before.wall, after.wall);
        if let Some(skew) = skew {
            tracing::debug!(?skew, "this machine's clock differs from the server's");
        }
        *self.lock() = skew.map(|skew| (skew, after));
    }

    /// Returns what is known now.
    pub(crate) fn known(&self, now: Moment) -> Option<ClockSkew> {
        let (skew, learned) = (*self.lock())?;
        (!moved(learned, now)).then_some(skew)
    }

    /// Returns the time of day at the server, as well as it is known.
    pub(crate) fn server_time(&self, now: Moment) -> SystemTime {
        let corrected = self.known(now).and_then(|skew| skew.correct(now.wall));
        corrected.unwrap_or(now.wall)
    }

    fn lock(&self) -> MutexGuard<'_, Option<(ClockSkew, Moment)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Tells whether the wall clock was set, or the elapsed one stood still, between two readings.
fn moved(then: Moment, now: Moment) -> bool {
    let passed = now.elapsed.saturating_sub(then.elapsed);
    let Some(expected) = then.wall.checked_add(passed) else {
        return true;
    };
    let apart = now.wall.duration_since(expected);
    apart.unwrap_or_else(|earlier| earlier.duration()) >= SKEW_MIN
}

/// Reads a `Date` field in the one form that senders may use; the two obsolete ones teach nothing.
///
/// <https://www.rfc-editor.org/rfc/rfc9110#section-5.6.7>
pub(crate) fn read_date(text: &str) -> Option<SystemTime> {
    const MONTHS: [&str; 12] = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ];
    let (_weekday, rest) = text.split_once(", ")?;
    let [day, month, year, time, "GMT"] = rest.split(' ').collect::<Vec<_>>()[..] else {
        return None;
    };
    let [hour, minute, second] = time.split(':').collect::<Vec<_>>()[..] else {
        return None;
    };
    let month = MONTHS.iter().position(|name| *name == month)?;
    let (day, year) = (number(day, 2, 31)?, number(year, 4, 9999)?);
    // A leap second is the last second once more.
    let (hour, minute) = (number(hour, 2, 23)?, number(minute, 2, 59)?);
    let second = number(second, 2, 60)?.min(59);
    let days = days_since_1970(year, month, day)?;
    let seconds = ((days * 24 + hour) * 60 + minute) * 60 + second;
    UNIX_EPOCH.checked_add(Duration::from_secs(seconds))
}

fn number(text: &str, digits: usize, max: u64) -> Option<u64> {
    let plain = text.len() == digits && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|number| plain && *number <= max)
}

/// Counts the days of the Gregorian calendar; `month` counts from 0.
fn days_since_1970(year: u64, month: usize, day: u64) -> Option<u64> {
    const BEFORE: [u64; 12] = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334];
    let past = year.checked_sub(1970)?;
    let leap = |year: u64| {
        year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400))
    };
    let leaps_until = |year: u64| year / 4 - year / 100 + year / 400;
    let leap_days = leaps_until(year - 1) - leaps_until(1969);
    let this_year = BEFORE.get(month)? + u64::from(month > 1 && leap(year));
    Some(past * 365 + leap_days + this_year + day.checked_sub(1)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(wall_s: u64, elapsed_s: u64) -> Moment {
        Moment {
            wall: UNIX_EPOCH + Duration::from_secs(wall_s),
            elapsed: Duration::from_secs(elapsed_s),
        }
    }

    fn s(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn a_date_is_read_in_its_one_form() {
        let cases = [
            ("Sun, 06 Nov 1994 08:49:37 GMT", Some(784_111_777)),
            ("Thu, 01 Jan 1970 00:00:00 GMT", Some(0)),
            ("Tue, 29 Feb 2000 23:59:60 GMT", Some(951_868_799)),
            ("Mon, 01 Mar 2100 00:00:00 GMT", Some(4_107_542_400)),
            ("Sun, 22 Nov 2026 05:43:48 GMT", Some(1_795_326_228)),
            ("Fri, 31 Dec 9999 23:59:59 GMT", Some(253_402_300_799)),
            ("Wed, 31 Dec 1969 23:59:59 GMT", None),
            ("Sunday, 06-Nov-94 08:49:37 GMT", None),
            ("Sun Nov  6 08:49:37 1994", None),
            ("Sun, 06 Nov 1994 08:49:37 CET", None),
            ("Sun, 00 Nov 1994 08:49:37 GMT", None),
            ("Sun, 06 Nov 1994 24:00:00 GMT", None),
            ("Sun, 6 Nov 1994 08:49:37 GMT", None),
            ("Sun, +6 Nov 1994 08:49:37 GMT", None),
            ("", None),
        ];
        for (text, expected_s) in cases {
            let read = read_date(text).map(|time| time.duration_since(UNIX_EPOCH).expect(text));
            assert_eq!(read, expected_s.map(s), "{text}");
        }
    }

    #[test]
    fn the_least_difference_that_explains_a_date_is_learned() {
        let (before, after) = (at(1000, 0), at(1002, 2));
        let cases = [
            ("the same", 1001, None),
            ("a slow answer explains it", 1002, None),
            ("too little", 1006, None),
            ("behind", 1007, Some(ClockSkew::Behind(s(5)))),
            ("an hour behind", 4602, Some(ClockSkew::Behind(s(3600)))),
            ("too little", 995, None),
            ("ahead", 994, Some(ClockSkew::Ahead(s(5)))),
            ("ten minutes ahead", 399, Some(ClockSkew::Ahead(s(600)))),
        ];
        for (case, date_s, expected) in cases {
            let learned = Learned::default();
            learned.learn(UNIX_EPOCH + s(date_s), before, after);
            assert_eq!(learned.known(after), expected, "{case}");
        }
    }

    #[test]
    fn the_time_at_the_server_is_made_up_for_within_bounds_only() {
        const DAY: u64 = 24 * 60 * 60;
        let start = 100 * DAY;
        let cases = [
            ("behind", start + 3600, start + 3600),
            ("ahead", start - 3600, start - 3600 + 1),
            ("a day behind", start + DAY, start + DAY),
            ("more than a day", start + DAY + 1, start),
            ("the clock of another decade", start * 9, start),
        ];
        for (case, date_s, expected_s) in cases {
            let learned = Learned::default();
            learned.learn(UNIX_EPOCH + s(date_s), at(start, 0), at(start, 0));
            let later = at(start + 60, 60);
            let expected = UNIX_EPOCH + s(expected_s + 60);
            assert_eq!(learned.server_time(later), expected, "{case}");
            assert!(learned.known(later).is_some(), "{case}: it is told");
        }
    }

    #[test]
    fn a_clock_that_was_set_or_stood_still_makes_forget_what_was_learned() {
        let cases = [
            ("both run", at(1060, 60), true),
            ("set right", at(4660, 60), false),
            ("set back", at(500, 60), false),
            ("suspended for an hour", at(4660, 60), false),
            ("slewed a little", at(1062, 60), true),
        ];
        for (case, later, kept) in cases {
            let learned = Learned::default();
            learned.learn(UNIX_EPOCH + s(4600), at(1000, 0), at(1000, 0));
            assert_eq!(learned.known(later).is_some(), kept, "{case}");
            if !kept {
                assert_eq!(learned.server_time(later), later.wall, "{case}");
            }
        }
        let learned = Learned::default();
        learned.learn(UNIX_EPOCH + s(4600), at(1000, 0), at(1200, 1));
        assert_eq!(learned.known(at(1200, 1)), None, "set during the exchange");
    }

    #[test]
    fn an_answer_whose_date_agrees_takes_back_what_another_taught() {
        let learned = Learned::default();
        learned.learn(UNIX_EPOCH + s(4600), at(1000, 0), at(1000, 0));
        learned.learn(UNIX_EPOCH + s(1010), at(1010, 10), at(1010, 10));
        assert_eq!(learned.known(at(1010, 10)), None);
    }
}
