//! Points in time as text, in the form that Remote's documents use and in that of HTTP.

use std::time::SystemTime;

use crate::clock::Timestamp;

/// Reads `2026-01-31T12:00:00Z`, with a fraction or an offset such as `+01:00` where they are sent.
///
/// The offset has to be there, as the published description demands.
pub(crate) fn parse(text: &str) -> Option<Timestamp> {
    let time: jiff::Timestamp = text.parse().ok()?;
    Some(Timestamp::from(SystemTime::from(time)))
}

/// Writes whole seconds in UTC, such as `2026-01-31T12:00:00Z`.
pub(crate) fn format(time: Timestamp) -> String {
    let time = jiff::Timestamp::try_from(time.system_time()).unwrap_or(jiff::Timestamp::MAX);
    time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// Writes the `Date` header of a clock that is wrong by this many seconds, such as
/// `Sat, 31 Jan 2026 12:00:00 GMT`.
///
/// See <https://www.rfc-editor.org/rfc/rfc9110#section-5.6.7>.
pub(crate) fn http_date(time: Timestamp, wrong_by_s: i64) -> Option<String> {
    let time = jiff::Timestamp::try_from(time.system_time()).ok()?;
    let time = time
        .checked_add(jiff::SignedDuration::from_secs(wrong_by_s))
        .ok()?;
    jiff::fmt::rfc2822::DateTimePrinter::new()
        .timestamp_to_rfc9110_string(&time)
        .ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_read_with_its_offset_and_written_in_utc() {
        for (text, written) in [
            ("2026-01-01T00:00:00Z", Some("2026-01-01T00:00:00Z")),
            ("2024-02-29T23:59:59.999Z", Some("2024-02-29T23:59:59Z")),
            ("2026-12-31T23:30:00-01:00", Some("2027-01-01T00:30:00Z")),
            ("2026-01-01T00:00:00", None),
            ("2026-02-29T00:00:00Z", None),
            ("2026-01-01", None),
            ("now", None),
            ("", None),
        ] {
            assert_eq!(parse(text).map(format).as_deref(), written, "{text}");
        }
    }
}
