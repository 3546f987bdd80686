//! Points in time as text, in the one form that Remote's documents use.
//!
//! No calendar beyond what that form needs: UTC or a fixed offset, whole days, no leap seconds.

use std::time::{Duration, UNIX_EPOCH};

use crate::clock::Timestamp;

const DAY_S: i64 = 86_400;

/// Reads `2026-01-31T12:00:00Z`, with a space for the `T`, a fraction or an offset such as `+01:00`
/// where they are sent.
///
/// The offset has to be there, as the published description demands.
pub(crate) fn parse(text: &str) -> Option<Timestamp> {
    // Every later cut falls between ASCII characters.
    let text = Some(text).filter(|text| text.is_ascii() && text.len() > 19)?;
    let (moment, rest) = text.split_at(19);
    let marks = moment.bytes().enumerate().all(|(place, byte)| match place {
        4 | 7 => byte == b'-',
        10 => byte == b'T' || byte == b' ',
        13 | 16 => byte == b':',
        _ => byte.is_ascii_digit(),
    });
    if !marks {
        return None;
    }
    let number = |from: usize, to: usize| moment[from..to].parse::<i64>().ok();
    let (year, month, day) = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
    let (hour, minute, second) = (number(11, 13)?, number(14, 16)?, number(17, 19)?);
    let days = days_since_epoch(year, month, day);
    // A day that its month does not have comes back as another one.
    if date(days) != (year, month, day) || hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let (millis, offset) = fraction(rest)?;
    let seconds = days * DAY_S + hour * 3_600 + minute * 60 + second - offset_s(offset)?;
    let since_epoch = Duration::from_secs(u64::try_from(seconds).ok()?);
    Some(Timestamp::from(
        UNIX_EPOCH + since_epoch + Duration::from_millis(millis),
    ))
}

/// Writes whole seconds in UTC, such as `2026-01-31T12:00:00Z`.
pub(crate) fn format(time: Timestamp) -> String {
    let seconds = i64::try_from(time.unix_s()).unwrap_or(i64::MAX);
    let (year, month, day) = date(seconds.div_euclid(DAY_S));
    let of_day = seconds.rem_euclid(DAY_S);
    let (hour, minute, second) = (of_day / 3_600, of_day / 60 % 60, of_day % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}

/// Splits what follows the seconds into milliseconds and the offset.
fn fraction(rest: &str) -> Option<(u64, &str)> {
    let Some(rest) = rest.strip_prefix('.') else {
        return Some((0, rest));
    };
    let end = rest.find(|character: char| !character.is_ascii_digit())?;
    let (digits, offset) = rest.split_at(end);
    let padded: String = digits.chars().chain("000".chars()).take(3).collect();
    Some((padded.parse().ok().filter(|_| !digits.is_empty())?, offset))
}

/// Seconds east of Greenwich.
fn offset_s(text: &str) -> Option<i64> {
    if text == "Z" {
        return Some(0);
    }
    let sign = match text.bytes().next()? {
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    let (hours, minutes) = text[1..].split_once(':')?;
    let two = |digits: &str, max: i64| {
        let good = digits.len() == 2 && digits.bytes().all(|byte| byte.is_ascii_digit());
        digits.parse::<i64>().ok().filter(|n| good && *n <= max)
    };
    Some(sign * (two(hours, 23)? * 3_600 + two(minutes, 59)? * 60))
}

/// Days from 1970-01-01 to a date, counted in years that begin in March, so that the leap day is
/// the last of its year.
fn days_since_epoch(year: i64, month: i64, day: i64) -> i64 {
    let year = if month > 2 { year } else { year - 1 };
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let leap_days = year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    // 719 468 days lie between 0000-03-01 and 1970-01-01.
    year * 365 + leap_days + day_of_year - 719_468
}

/// The date that lies so many days after 1970-01-01.
fn date(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let (era, day_of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let march_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * march_month + 2) / 5 + 1;
    let month = if march_month < 10 {
        march_month + 3
    } else {
        march_month - 9
    };
    let year = era * 400 + year_of_era + i64::from(month <= 2);
    (year, month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn good_texts_are_read_and_written_in_one_form() {
        for (text, written) in [
            ("1970-01-01T00:00:00Z", "1970-01-01T00:00:00Z"),
            ("2026-01-01T00:00:00Z", "2026-01-01T00:00:00Z"),
            ("2022-05-05 15:03:45Z", "2022-05-05T15:03:45Z"),
            ("2024-02-29T23:59:59.999Z", "2024-02-29T23:59:59Z"),
            ("2000-02-29T00:00:00+00:30", "2000-02-28T23:30:00Z"),
            ("2026-12-31T23:30:00-01:00", "2027-01-01T00:30:00Z"),
        ] {
            let time = parse(text).unwrap_or_else(|| panic!("{text}"));
            assert_eq!(format(time), written, "{text}");
        }
        let time = parse("1970-01-01T00:00:01.25Z").unwrap();
        assert_eq!(time.unix_ms(), 1_250);
        assert_eq!(
            parse("2026-01-01T00:00:00Z").unwrap().unix_s(),
            1_767_225_600
        );
    }

    #[test]
    fn other_texts_are_refused() {
        for text in [
            "",
            "now",
            "2026-01-01",
            "2026-01-01T00:00:00",
            "2026-01-01T00:00:00z",
            "2026-01-01T00:00:00.Z",
            "2026-01-01T00:00:00.5",
            "2026-01-01T00:00:00+0100",
            "2026-01-01T00:00:00+1:00",
            "2026-01-01T00:00:00+24:00",
            "2026-01-01T24:00:00Z",
            "2026-01-01T00:60:00Z",
            "2026-01-01T00:00:60Z",
            "2026-02-29T00:00:00Z",
            "2026-13-01T00:00:00Z",
            "2026-00-01T00:00:00Z",
            "2026-01-00T00:00:00Z",
            "2026/01/01T00:00:00Z",
            "+026-01-01T00:00:00Z",
            "1969-12-31T23:59:59Z",
            "2026-01-01T00:00:00Zé",
            "2026-01-01T00:00:0é",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
