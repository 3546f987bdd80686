//! The types of `expires_in` and `created_at`.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;

/// Counts the whole seconds that a token lives after the answer was made.
///
/// The published document says integer; servers also send fractions, text and numbers of any size.
/// Every number is accepted and none means more than it says: fractions are cut, negative numbers are zero, and
/// what does not fit is the largest number that does.
///
/// # Spec
///
/// <https://www.rfc-editor.org/rfc/rfc6749#section-5.1>
///
/// ```
/// use remote_oauth_client::ExpiresIn;
/// for (json, seconds) in [("3600", 3600), ("59.9", 59), ("-1", 0), ("\"7200\"", 7200), ("1e400", u64::MAX)] {
///     assert_eq!(serde_json::from_str::<ExpiresIn>(json)?.as_secs(), seconds);
/// }
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExpiresIn(u64);

impl ExpiresIn {
    /// Takes a number of seconds as it is.
    pub const fn from_secs(seconds: u64) -> Self {
        Self(seconds)
    }

    /// Returns the number of whole seconds.
    pub const fn as_secs(self) -> u64 {
        self.0
    }
}

impl fmt::Display for ExpiresIn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} s", self.0)
    }
}

impl Serialize for ExpiresIn {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u64(self.0)
    }
}

impl<'de> Deserialize<'de> for ExpiresIn {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        any_number(deserializer).map(Self)
    }
}

/// Tells when a server made an answer, in whole seconds since 1970 by the server's own clock.
///
/// It is read as leniently as [`ExpiresIn`].
///
/// ```
/// use remote_oauth_client::CreatedAt;
/// assert_eq!(serde_json::from_str::<CreatedAt>("1614249382")?.as_unix_secs(), 1_614_249_382);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CreatedAt(u64);

impl CreatedAt {
    /// Takes a number of seconds since 1970 as it is.
    pub const fn from_unix_secs(seconds: u64) -> Self {
        Self(seconds)
    }

    /// Returns the number of whole seconds since 1970.
    pub const fn as_unix_secs(self) -> u64 {
        self.0
    }
}

impl Serialize for CreatedAt {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u64(self.0)
    }
}

impl<'de> Deserialize<'de> for CreatedAt {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        any_number(deserializer).map(Self)
    }
}

/// Reads the number from its text, because a parsed number may already have overflowed.
// Requirement: remote.answer.expires-in
fn any_number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    let raw = Box::<RawValue>::deserialize(deserializer)?;
    let text = match raw.get().as_bytes().first() {
        Some(b'"') => serde_json::from_str(raw.get()).map_err(|_| not_a_number())?,
        _ => raw.get().to_owned(),
    };
    seconds(text.trim()).ok_or_else(not_a_number)
}

fn not_a_number<E: serde::de::Error>() -> E {
    E::custom("not a number of seconds")
}

fn seconds(text: &str) -> Option<u64> {
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Some(text.parse().unwrap_or(u64::MAX));
    }
    // Words such as `inf` and `nan` are numbers to the parser and to nobody else.
    if text
        .bytes()
        .any(|byte| !matches!(byte, b'0'..=b'9' | b'+' | b'-' | b'.' | b'e' | b'E'))
    {
        return None;
    }
    let number: f64 = text.parse().ok()?;
    // The cast saturates at both ends and cuts the fraction.
    Some(number as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_is_accepted_and_means_at_most_what_it_says() {
        let cases = [
            ("0", 0),
            ("3600", 3600),
            ("3600.999", 3600),
            ("-0", 0),
            ("-3600", 0),
            ("1e3", 1000),
            ("1e-3", 0),
            ("18446744073709551615", u64::MAX),
            ("18446744073709551616", u64::MAX),
            ("1e400", u64::MAX),
            ("-1e400", 0),
            (r#""3600""#, 3600),
            (r#"" 60 ""#, 60),
        ];
        for (json, expected) in cases {
            let read: ExpiresIn = serde_json::from_str(json).expect(json);
            assert_eq!(read.as_secs(), expected, "{json}");
        }
    }

    #[test]
    fn what_is_no_number_is_refused_without_being_quoted() {
        for json in [
            r#""canary""#,
            r#""""#,
            "true",
            "{}",
            "[3600]",
            r#""inf""#,
            r#""NaN""#,
            r#""1 2""#,
        ] {
            let error = serde_json::from_str::<ExpiresIn>(json)
                .expect_err(json)
                .to_string();
            assert!(
                error.starts_with("not a number of seconds"),
                "{json}: {error}"
            );
            assert!(!error.contains("canary"));
        }
    }

    #[test]
    fn null_in_an_optional_member_means_missing() {
        assert_eq!(
            serde_json::from_str::<Option<ExpiresIn>>("null").expect("null"),
            None
        );
    }
}
