//! How far clocks may differ: every tolerance in time that is not the life of a token, in one place.
//!
//! | constant | whose clocks | too far means |
//! |---|---|---|
//! | [`ASSERTION_LIFE`] | this machine's and the server's | the server refuses the assertion |
//! | [`SKEW_MIN`], [`SKEW_MAX`] | this machine's and the server's | a difference is not made up for |
//! | [`WEBHOOK`] | this machine's and Remote's | the delivery is refused |
//!
//! The life of tokens has no leeway: it is counted from before the request was sent, on this machine's clocks alone.

use std::time::Duration;

/// How far ahead of now an assertion expires: five minutes. Remote refuses more than ten.
///
/// So a clock may be off by nearly five minutes either way before Remote refuses what it dates.
// Requirement: remote.assertion.ten-minutes
pub(crate) const ASSERTION_LIFE: Duration = Duration::from_secs(5 * 60);

/// The least difference between this machine's clock and the server's that is made up for: five seconds.
///
/// The `Date` field counts whole seconds, and a smaller difference makes no assertion invalid.
pub(crate) const SKEW_MIN: Duration = Duration::from_secs(5);

/// The largest difference that is made up for: a day, which covers every mistaken time zone.
///
/// Beyond it one of the clocks says nothing at all, and this machine's own is used.
pub(crate) const SKEW_MAX: Duration = Duration::from_secs(24 * 60 * 60);

/// How far a delivery's timestamp may be from now, in either direction: five minutes.
pub(crate) const WEBHOOK: Duration = Duration::from_secs(5 * 60);
