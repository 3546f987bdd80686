//! What time and failure mean for a source: every window, pause and verdict, as pure functions.
//!
//! Nothing here reads a clock, draws a random number or remembers anything, so one source and a scheduler of many
//! obey the same rules, and a test can ask about any moment.
//!
//! | what came back | [`Meaning`] | what a source does |
//! |---|---|---|
//! | no answer, a failing server, a rate limit | transient | waits 1 s to 1 min, or as long as the server asked |
//! | `invalid_client` | client dead | opens the client's breaker, which probes after 1 to 15 min |
//! | `invalid_grant` for a refresh | grant dead | reads the store again, then waits 5 min to 1 h |
//! | another refusal, a broken contract, a panic | refused | waits 30 s to 15 min |
//! | nothing was sent | misuse | does not wait: there is nobody to spare |
//!
//! Pauses double from the first figure to the second, and jitter takes up to half of each.

use std::time::Duration;

use crate::error::{Error, ErrorCode, Misuse, Retry};

/// How long before its end a token is renewed: five minutes, never more than half its life.
// Requirement: remote.token.renewed-early
pub(crate) const AGEING: Duration = Duration::from_secs(5 * 60);

/// How long a token is held on to that was asked for out of turn.
///
/// A gateway that refuses every token, or a server that mints only short ones, thus costs one request in this time
/// and not one for each call.
pub(crate) const FLOOR: Duration = Duration::from_secs(30);

/// What a failure means for whoever needs the token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Meaning {
    /// It passes by itself.
    Transient,
    /// The client itself is refused, and with it every source of the client.
    ClientDead,
    /// The grant is refused: only a new consent helps, or a newer refresh token that another process holds.
    GrantDead,
    /// It is refused for another reason, which somebody has to mend.
    Refused,
    /// The program's own mistake, found before anything was sent.
    Misuse,
}

impl Meaning {
    /// Reads it off an error, which the verdict table has made of the answer.
    pub(crate) fn of(error: &Error) -> Self {
        match error {
            Error::Misuse(Misuse::RenewalPanicked) => Self::Refused,
            Error::Misuse(_) | Error::Environment(_) => Self::Misuse,
            Error::Refused(refused) if refused.error_code() == ErrorCode::InvalidClient => {
                Self::ClientDead
            }
            Error::Refused(refused) if refused.needs_consent() => Self::GrantDead,
            _ => match error.retry() {
                Retry::Later(_) => Self::Transient,
                Retry::Never => Self::Refused,
            },
        }
    }

    /// Returns the name for logs and metrics, one of a closed set.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Transient => "transient",
            Self::ClientDead => "client_dead",
            Self::GrantDead => "grant_dead",
            Self::Refused => "refused",
            Self::Misuse => "misuse",
        }
    }

    /// The first and the longest pause; each failure in a row doubles it.
    fn pauses(self) -> (Duration, Duration) {
        let (first_s, longest_s) = match self {
            Self::Transient => (1, 60),
            Self::ClientDead => (60, 15 * 60),
            // Remote answers wrong client credentials with `invalid_grant` too, so even this is not for ever.
            Self::GrantDead => (5 * 60, 60 * 60),
            Self::Refused => (30, 15 * 60),
            Self::Misuse => (0, 0),
        };
        (Duration::from_secs(first_s), Duration::from_secs(longest_s))
    }
}

/// A share of one, in thousandths: by how much something is moved so that many do not happen at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Jitter(u16);

impl Jitter {
    /// Draws one.
    pub(crate) fn draw() -> Self {
        Self(u16::try_from(crate::random::up_to(1000)).expect("a thousand fits"))
    }

    /// Returns the share of a length.
    fn of(self, length: Duration) -> Duration {
        length * u32::from(self.0) / 1000
    }
}

/// Returns how long before its end a token of some life is renewed.
///
/// Up to a tenth earlier than it must be and never later, so that tokens obtained together are not renewed together;
/// jitter included never more than half the life, so that a short token has a use.
pub(crate) fn margin(life: Duration, jitter: Jitter) -> Duration {
    let latest = AGEING.min(life / 2 * 10 / 11);
    latest + jitter.of(latest / 10)
}

/// Returns the longest margin that any jitter gives.
pub(crate) fn margin_max(life: Duration) -> Duration {
    margin(life, Jitter(1000))
}

/// Returns how long nothing is sent after a failure, which is the `failures`th in a row.
///
/// What the server asked for is waited for and up to a tenth more, never less; without a wish of the server's the
/// pause doubles with each failure, and jitter takes up to half of it.
pub(crate) fn pause(error: &Error, failures: u32, jitter: Jitter) -> Duration {
    let (first, longest) = Meaning::of(error).pauses();
    if let Retry::Later(Some(asked)) = error.retry() {
        let asked = asked.max(first);
        return asked + jitter.of(asked / 10);
    }
    let doubled = first
        .saturating_mul(1 << failures.saturating_sub(1).min(16))
        .min(longest);
    doubled - jitter.of(doubled / 2)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::{
        Deviated, Deviation, NoAnswer, Refused, Step, Unreachable, WrongEnvironment,
    };

    const JITTERS: [Jitter; 3] = [Jitter(0), Jitter(500), Jitter(1000)];

    fn refused(step: Step, code: ErrorCode) -> Error {
        Refused::new(step, code, Some(400), None).into()
    }

    fn unreachable(retry_after: Option<Duration>) -> Error {
        Unreachable {
            step: Step::ClientCredentials,
            cause: NoAnswer::RateLimited,
            retry_after,
            sent: true,
        }
        .into()
    }

    fn deviated(deviation: Deviation) -> Error {
        Deviated {
            step: Step::RefreshToken,
            status: Some(200),
            deviation,
        }
        .into()
    }

    /// Error, meaning, first pause and longest pause in seconds.
    fn cases() -> [(Error, Meaning, u64, u64); 12] {
        use ErrorCode::{InvalidClient, InvalidGrant, InvalidScope, TemporarilyUnavailable};
        use Step::{ClientCredentials, JwtBearer, RefreshToken};
        [
            (unreachable(None), Meaning::Transient, 1, 60),
            (deviated(Deviation::NotJson), Meaning::Transient, 1, 60),
            (
                refused(RefreshToken, TemporarilyUnavailable),
                Meaning::Transient,
                1,
                60,
            ),
            (
                refused(RefreshToken, InvalidClient),
                Meaning::ClientDead,
                60,
                900,
            ),
            (
                refused(JwtBearer, InvalidClient),
                Meaning::ClientDead,
                60,
                900,
            ),
            (
                refused(RefreshToken, InvalidGrant),
                Meaning::GrantDead,
                300,
                3600,
            ),
            // Four causes, and a new consent is none of them.
            (refused(JwtBearer, InvalidGrant), Meaning::Refused, 30, 900),
            (
                refused(ClientCredentials, InvalidScope),
                Meaning::Refused,
                30,
                900,
            ),
            (deviated(Deviation::TokenType), Meaning::Refused, 30, 900),
            (Misuse::RenewalPanicked.into(), Meaning::Refused, 30, 900),
            (Misuse::NoRefreshToken.into(), Meaning::Misuse, 0, 0),
            (WrongEnvironment::Grant.into(), Meaning::Misuse, 0, 0),
        ]
    }

    #[test]
    fn each_failure_has_its_meaning_and_its_pauses() {
        for (error, meaning, first_s, longest_s) in cases() {
            assert_eq!(Meaning::of(&error), meaning, "{error}");
            let second_s = (2 * first_s).min(longest_s);
            for (failures, most_s) in [(1, first_s), (2, second_s), (u32::MAX, longest_s)] {
                let most = Duration::from_secs(most_s);
                let by_jitter = JITTERS.map(|jitter| pause(&error, failures, jitter));
                assert_eq!(
                    by_jitter,
                    [most, most * 3 / 4, most / 2],
                    "{failures}: {error}"
                );
            }
        }
    }

    #[test]
    fn what_the_server_asks_for_is_waited_for_and_never_cut_short() {
        for (asked_ms, least_ms) in [
            (17_000, 17_000),
            (3_600_000, 3_600_000),
            (0, 1000),
            (12, 1000),
        ] {
            let error = unreachable(Some(Duration::from_millis(asked_ms)));
            let least = Duration::from_millis(least_ms);
            for failures in [1, 9] {
                let by_jitter = JITTERS.map(|jitter| pause(&error, failures, jitter));
                assert_eq!(by_jitter, [least, least * 21 / 20, least * 11 / 10]);
            }
        }
    }

    #[test]
    fn a_token_is_renewed_five_minutes_early_or_at_half_its_life_and_a_little_before_that() {
        for (life_s, least_s, most_s) in [
            (0, 0, 0),
            (10, 4, 5),
            (600, 272, 300),
            (3600, 300, 330),
            (86_400, 300, 330),
        ] {
            let bounds = Duration::from_secs(least_s)..=Duration::from_secs(most_s);
            let margins = JITTERS.map(|jitter| margin(Duration::from_secs(life_s), jitter));
            assert!(margins.is_sorted(), "jitter is earlier only: {margins:?}");
            for margin in margins {
                assert!(bounds.contains(&margin), "{life_s}: {margin:?}");
            }
        }
    }

    #[test]
    fn a_drawn_jitter_is_a_share_of_one() {
        for _ in 0..200 {
            assert!(Jitter::draw().of(Duration::from_secs(1)) <= Duration::from_secs(1));
        }
    }
}
