//! What can go wrong between a client and this sandbox, as values that code and JSON can write.
//!
//! When a fault happens is said in [`crate::script`]; it happens in [`crate::meddling`].

use std::{fmt, time::Duration};

use axum::http::{HeaderValue, StatusCode};
use serde::{Deserialize, Serialize};

/// The longest wait of a fault.
const WAIT_MAX: Duration = Duration::from_secs(24 * 3600);
/// The most bytes of a scripted text or body.
const TEXT_BYTES_MAX: usize = 64 * 1024;
/// The most bytes of an answer that was made too large.
const OVERSIZE_BYTES_MAX: u64 = 1 << 30;

/// Describes one fault that a request meets.
///
/// Faults before the commit leave the state as it was; all others happen to the answer, after the
/// sandbox has decided as if nothing were wrong.
///
/// # Wire
///
/// In JSON a fault is an object whose `kind` is the name of the variant in snake case, such as
/// `{"kind": "drip", "bytes": 1, "pause_ms": 100}`.
///
/// # Units and limits
///
/// Waits last at most a day and follow the sandbox's clock: a manual clock has to be moved, and the
/// real one is the runtime's timer, which a paused runtime winds forward.
/// A shutdown ends every wait.
///
/// # Secrets
///
/// `Debug` shows the kind alone, because scripted texts may hold what a test calls a secret.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
#[non_exhaustive]
pub enum Fault {
    /// Refuses with an error of RFC 6749 section 5.2, before the commit.
    Refuse {
        /// The status, from 400 to 599.
        status: u16,
        /// The code, such as `invalid_grant`.
        error: String,
        /// The description, where there is to be one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        error_description: Option<String>,
    },
    /// Refuses with the `message` body of the platform, before the commit.
    RefuseWithMessage {
        /// The status, from 400 to 599.
        status: u16,
        /// The message.
        message: String,
    },
    /// Answers with any body at all, before the commit.
    Answer {
        /// The status, from 200 to 599.
        status: u16,
        /// The media type.
        media_type: String,
        /// The body.
        body: String,
    },
    /// Refuses with 429 and the three headers of a used-up window, before the commit.
    RateLimit {
        /// What `x-ratelimit-reset` says.
        #[serde(rename = "reset_ms", with = "millis")]
        reset: Duration,
    },
    /// Commits, and keeps the answer back for a while.
    Delay {
        /// How long.
        #[serde(rename = "by_ms", with = "millis")]
        by: Duration,
    },
    /// Closes the connection before the commit: the request is lost.
    DropBeforeCommit,
    /// Commits, and closes the connection: the answer is lost.
    DropAfterCommit,
    /// Resets the connection before the commit.
    ResetBeforeCommit,
    /// Commits, and resets the connection.
    ResetAfterCommit,
    /// Closes the connection within the body, whose full length was promised.
    Truncate {
        /// How many bytes are sent; the last one never is.
        bytes: usize,
    },
    /// Calls the body something else.
    MediaType {
        /// What `Content-Type` says.
        media_type: String,
    },
    /// Fills the body up with blanks, which leaves JSON what it is.
    Oversize {
        /// The length in all, at most 1 GiB.
        bytes: u64,
    },
    /// Sends the body in small pieces.
    Drip {
        /// Bytes of a piece, at least 1.
        bytes: usize,
        /// The time between two pieces.
        #[serde(rename = "pause_ms", with = "millis")]
        pause: Duration,
    },
    /// Lets the `Date` header be wrong.
    SkewDate {
        /// Seconds that it is ahead, or behind where negative; at most a hundred years.
        by_s: i64,
    },
    /// Lets this one refresh give a new refresh token, after which the old one is dead.
    RotateRefreshToken,
}

impl Fault {
    /// Returns the kind as JSON and the ledger name it, such as `drop_after_commit`.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Refuse { .. } => "refuse",
            Self::RefuseWithMessage { .. } => "refuse_with_message",
            Self::Answer { .. } => "answer",
            Self::RateLimit { .. } => "rate_limit",
            Self::Delay { .. } => "delay",
            Self::DropBeforeCommit => "drop_before_commit",
            Self::DropAfterCommit => "drop_after_commit",
            Self::ResetBeforeCommit => "reset_before_commit",
            Self::ResetAfterCommit => "reset_after_commit",
            Self::Truncate { .. } => "truncate",
            Self::MediaType { .. } => "media_type",
            Self::Oversize { .. } => "oversize",
            Self::Drip { .. } => "drip",
            Self::SkewDate { .. } => "skew_date",
            Self::RotateRefreshToken => "rotate_refresh_token",
        }
    }

    /// Says why this fault could not happen, if it could not.
    pub(crate) fn objection(&self) -> Option<&'static str> {
        const YEARS_100_S: i64 = 100 * 366 * 24 * 3600;
        let status_is_in = |status: u16, least: u16| (least..=599).contains(&status);
        let short = |text: &str| text.len() <= TEXT_BYTES_MAX;
        let good = match self {
            Self::Refuse {
                status,
                error,
                error_description,
            } => {
                let description = error_description.as_deref().unwrap_or_default();
                status_is_in(*status, 400) && short(error) && short(description)
            }
            Self::RefuseWithMessage { status, message } => {
                status_is_in(*status, 400) && short(message)
            }
            Self::Answer {
                status,
                media_type,
                body,
            } => {
                // These two say that there is no body, and HTTP then sends none.
                let bodiless = [StatusCode::NO_CONTENT, StatusCode::NOT_MODIFIED];
                let has_body = bodiless.iter().all(|code| code.as_u16() != *status);
                status_is_in(*status, 200) && has_body && short(body) && is_header(media_type)
            }
            Self::RateLimit { reset: wait } | Self::Delay { by: wait } => *wait <= WAIT_MAX,
            Self::MediaType { media_type } => is_header(media_type),
            Self::Oversize { bytes } => *bytes <= OVERSIZE_BYTES_MAX,
            Self::Drip { bytes, pause } => *bytes > 0 && *pause <= WAIT_MAX,
            Self::SkewDate { by_s } => (-YEARS_100_S..=YEARS_100_S).contains(by_s),
            Self::DropBeforeCommit
            | Self::DropAfterCommit
            | Self::ResetBeforeCommit
            | Self::ResetAfterCommit
            | Self::Truncate { .. }
            | Self::RotateRefreshToken => true,
        };
        (!good).then_some("a scripted fault is beyond the limits of its kind")
    }
}

impl fmt::Debug for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Fault({})", self.kind())
    }
}

fn is_header(text: &str) -> bool {
    text.len() <= 256 && HeaderValue::from_str(text).is_ok()
}

/// Durations as whole milliseconds.
mod millis {
    use std::time::Duration;

    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(span: &Duration, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_u64(u64::try_from(span.as_millis()).unwrap_or(u64::MAX))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Duration, D::Error> {
        u64::deserialize(from).map(Duration::from_millis)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_fault_is_written_and_read_as_documented() {
        for text in [
            r#"{"kind":"refuse","status":400,"error":"invalid_grant"}"#,
            r#"{"kind":"refuse_with_message","status":503,"message":"Away"}"#,
            r#"{"kind":"answer","status":200,"media_type":"text/plain","body":"x"}"#,
            r#"{"kind":"rate_limit","reset_ms":30000}"#,
            r#"{"kind":"delay","by_ms":5}"#,
            r#"{"kind":"drop_before_commit"}"#,
            r#"{"kind":"drop_after_commit"}"#,
            r#"{"kind":"reset_before_commit"}"#,
            r#"{"kind":"reset_after_commit"}"#,
            r#"{"kind":"truncate","bytes":3}"#,
            r#"{"kind":"media_type","media_type":"text/html"}"#,
            r#"{"kind":"oversize","bytes":9}"#,
            r#"{"kind":"drip","bytes":1,"pause_ms":100}"#,
            r#"{"kind":"skew_date","by_s":-60}"#,
            r#"{"kind":"rotate_refresh_token"}"#,
        ] {
            let fault: Fault = serde_json::from_str(text).expect(text);
            assert_eq!(serde_json::to_string(&fault).unwrap(), text);
            assert!(text.contains(&format!("\"{}\"", fault.kind())), "{text}");
            assert_eq!(fault.objection(), None, "{text}");
        }
    }

    #[test]
    fn what_could_not_be_sent_is_objected_to() {
        let beyond = WAIT_MAX + Duration::from_millis(1);
        let answer = |status, media_type: &str| Fault::Answer {
            status,
            media_type: media_type.to_owned(),
            body: String::new(),
        };
        let refuse = |status, error: String| Fault::Refuse {
            status,
            error,
            error_description: None,
        };
        for fault in [
            refuse(200, String::new()),
            refuse(600, String::new()),
            refuse(400, "x".repeat(TEXT_BYTES_MAX + 1)),
            answer(101, "text/plain"),
            answer(204, "text/plain"),
            answer(200, "text/plain\r\nx: y"),
            Fault::Delay { by: beyond },
            Fault::RateLimit { reset: beyond },
            Fault::Oversize {
                bytes: OVERSIZE_BYTES_MAX + 1,
            },
            Fault::Drip {
                bytes: 0,
                pause: Duration::ZERO,
            },
            Fault::SkewDate { by_s: i64::MAX },
        ] {
            assert!(fault.objection().is_some(), "{}", fault.kind());
        }
    }
}
