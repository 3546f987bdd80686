//! How much of the server's allowance is left.

use std::time::Duration;

use reqwest::header::HeaderMap;

/// Tells how much a client may still ask in the present window.
///
/// Remote counts the requests of one client, whatever the token, and token requests with them.
///
/// # Wire
///
/// ```text
/// x-ratelimit-count: 5
/// x-ratelimit-remaining: 245
/// x-ratelimit-reset: 12043
/// ```
///
/// # Units and limits
///
/// The server states the reset in milliseconds from now; it is no instant.
///
/// ```
/// use std::time::Duration;
/// use remote_oauth_client::support::RateLimit;
/// let mut headers = reqwest::header::HeaderMap::new();
/// for (name, value) in [("x-ratelimit-count", "5"), ("x-ratelimit-remaining", "245"), ("x-ratelimit-reset", "12043")] {
///     headers.insert(name, value.parse()?);
/// }
/// let limit = RateLimit::of(&headers).expect("all three are there");
/// assert_eq!((limit.remaining, limit.reset), (245, Duration::from_millis(12043)));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RateLimit {
    /// How many requests were counted in the present window, this one included.
    pub count: u64,
    /// How many are left.
    pub remaining: u64,
    /// How long until the next window begins.
    pub reset: Duration,
}

impl RateLimit {
    /// Reads the three headers; `None` unless each is there once and is a whole number.
    // Requirement: remote.rate.headers
    pub fn of(headers: &HeaderMap) -> Option<Self> {
        Some(Self {
            count: number(headers, "x-ratelimit-count")?,
            remaining: number(headers, "x-ratelimit-remaining")?,
            reset: Self::reset_of(headers)?,
        })
    }

    /// Reads how long until the next window begins, whether or not the other two headers are there.
    pub fn reset_of(headers: &HeaderMap) -> Option<Duration> {
        number(headers, "x-ratelimit-reset").map(Duration::from_millis)
    }
}

fn number(headers: &HeaderMap, name: &str) -> Option<u64> {
    let mut values = headers.get_all(name).iter();
    let (Some(value), None) = (values.next(), values.next()) else {
        return None;
    };
    let text = value.to_str().ok()?.trim();
    // The parser would take a sign too.
    text.bytes()
        .all(|byte| byte.is_ascii_digit())
        .then(|| text.parse().ok())?
}

#[cfg(test)]
mod tests {
    use reqwest::header::{HeaderName, HeaderValue};

    use super::*;

    fn of(lines: &[(&'static str, &'static str)]) -> Option<RateLimit> {
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            headers.append(
                HeaderName::from_static(name),
                HeaderValue::from_static(value),
            );
        }
        RateLimit::of(&headers)
    }

    const COUNT: (&str, &str) = ("x-ratelimit-count", "5");
    const REMAINING: (&str, &str) = ("x-ratelimit-remaining", "245");
    const RESET: (&str, &str) = ("x-ratelimit-reset", "12043");

    // Requirement: remote.rate.headers
    #[test]
    fn three_whole_numbers_are_a_rate_limit_and_the_last_is_milliseconds() {
        let wanted = RateLimit {
            count: 5,
            remaining: 245,
            reset: Duration::from_millis(12_043),
        };
        assert_eq!(of(&[COUNT, REMAINING, RESET]), Some(wanted));
    }

    #[test]
    fn anything_else_is_none() {
        let cases: [&[(&str, &str)]; 9] = [
            &[],
            &[COUNT, REMAINING],
            &[REMAINING, RESET],
            &[COUNT, REMAINING, RESET, RESET],
            &[COUNT, REMAINING, ("x-ratelimit-reset", "")],
            &[COUNT, REMAINING, ("x-ratelimit-reset", "-1")],
            &[COUNT, REMAINING, ("x-ratelimit-reset", "+1")],
            &[COUNT, REMAINING, ("x-ratelimit-reset", "1.5")],
            &[
                COUNT,
                REMAINING,
                ("x-ratelimit-reset", "99999999999999999999"),
            ],
        ];
        for lines in cases {
            assert_eq!(of(lines), None, "{lines:?}");
        }
    }
}
