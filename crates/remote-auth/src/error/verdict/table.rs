//! The verdict table: rows, and the search for the first that fits.
//!
//! It has two halves. [`READINGS`] goes from status and body to what happened; the order is the rule: a failing
//! server's words are no verdict, a named error wins whatever the status, and a page is never taken for an answer.
//! [`REFUSALS`] goes from the word of a refusal and the step that it met to what has to happen next.
//!
//! Nothing else decides: errors, retries, hints' addressees, labels of metrics and exit codes follow from the rows.

use std::ops::RangeInclusive;

use crate::error::{Action, Deviation, ErrorCode, NoAnswer, Step};

/// What a body turned out to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Body {
    /// JSON with an `error` member: the family of RFC 6749 section 5.2.
    Error,
    /// Anything without an `error` member, below a `WWW-Authenticate` that challenges for a bearer token:
    /// RFC 6750 section 3. The API challenges so, and pages of firewalls do not.
    Challenge,
    /// JSON of the documented shape without `error`: Remote's second family.
    Documented,
    /// It calls itself JSON and is not, or not of the documented shape.
    Malformed,
    /// It does not call itself JSON and is none.
    NotJson,
    /// Larger than the bound.
    TooLarge,
    /// The connection broke or time ran out in the middle.
    CutShort,
    /// Not looked at, because the status is not documented.
    Unread,
}

/// What an answer comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Refused,
    Failing,
    RateLimited,
    Broken,
    Deviated(Deviation),
}

/// Status, body, verdict.
type Reading = (RangeInclusive<u16>, &'static [Body], Verdict);

const ANY: &[Body] = &[
    Body::Error,
    Body::Challenge,
    Body::Documented,
    Body::Malformed,
    Body::NotJson,
    Body::TooLarge,
    Body::CutShort,
    Body::Unread,
];

pub(crate) const READINGS: &[Reading] = &[
    // Load and failure first: OAuth words inside such answers are nobody's verdict.
    (429..=429, ANY, Verdict::RateLimited),
    (408..=408, ANY, Verdict::Failing),
    // Requirement: remote.error.server-text
    (500..=599, ANY, Verdict::Failing),
    // A connection that broke tells nothing, whatever the status was going to be.
    (100..=599, &[Body::CutShort], Verdict::Broken),
    (
        100..=599,
        &[Body::TooLarge],
        Verdict::Deviated(Deviation::TooLarge),
    ),
    // A named error wins, with status 200 too; so does a challenge, which the RFC lets come without a body.
    // Requirement: rfc6749.5.2.error-is-read
    (200..=200, &[Body::Error], Verdict::Refused),
    (400..=499, &[Body::Error, Body::Challenge], Verdict::Refused),
    // Remote's second family: a message in place of a word.
    // Requirement: remote.api.unauthorized-body, remote.error.two-families
    (400..=499, &[Body::Documented], Verdict::Refused),
    // Pages and rubbish.
    (
        100..=599,
        // Requirement: rfc6749.5.1.json
        &[Body::NotJson],
        Verdict::Deviated(Deviation::NotJson),
    ),
    (
        100..=599,
        &[Body::Malformed],
        Verdict::Deviated(Deviation::Malformed),
    ),
    // What remains: a status that the description does not name.
    (0..=u16::MAX, ANY, Verdict::Deviated(Deviation::Status)),
];

/// The statuses whose challenges count, RFC 6750 section 3.1.
pub(crate) const CHALLENGING: [u16; 3] = [400, 401, 403];

pub(crate) fn look_up(status: u16, body: Body) -> Verdict {
    let row = READINGS
        .iter()
        .find(|(range, bodies, _)| range.contains(&status) && bodies.contains(&body));
    row.map(|(.., verdict)| *verdict)
        .expect("the last row fits everything")
}

/// What was asked when a refusal came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    /// The resource owner, through the authorization endpoint.
    Authorization,
    /// The token endpoint, with a grant that somebody's consent made.
    ConsentedToken,
    /// The token endpoint, with the client's own credentials or its assertion.
    OwnToken,
    /// The API, with a bearer token.
    Api,
}

use Phase::{Api, Authorization, ConsentedToken, OwnToken};

/// Which words a row of [`REFUSALS`] is about.
enum Words {
    These(&'static [ErrorCode]),
    Every,
}

use Words::{Every, These};

/// Phases, words, action.
type Refusal = (&'static [Phase], Words, Action);

const TOKEN: &[Phase] = &[ConsentedToken, OwnToken];
const ANYWHERE: &[Phase] = &[Authorization, ConsentedToken, OwnToken, Api];

const REFUSALS: &[Refusal] = &[
    // The grant is what is dead where there was a consent; elsewhere there is only the client to look at.
    (
        &[ConsentedToken],
        These(&[ErrorCode::InvalidGrant]),
        Action::AskForConsent,
    ),
    (
        ANYWHERE,
        These(&[
            ErrorCode::InvalidClient,
            ErrorCode::InvalidGrant,
            ErrorCode::UnauthorizedClient,
            ErrorCode::UnsupportedGrantType,
        ]),
        Action::FixClient,
    ),
    // Remote's second family has no word, only a status: at the token endpoint it rejects the client, at the API
    // the token.
    (
        TOKEN,
        These(&[ErrorCode::Unauthorized, ErrorCode::Forbidden]),
        Action::FixClient,
    ),
    (
        &[Api],
        These(&[ErrorCode::Unauthorized, ErrorCode::InvalidToken]),
        Action::RenewToken,
    ),
    (&[Api], These(&[ErrorCode::Forbidden]), Action::ChangeScope),
    (
        ANYWHERE,
        These(&[ErrorCode::InvalidScope, ErrorCode::InsufficientScope]),
        Action::ChangeScope,
    ),
    (
        &[Api],
        These(&[
            ErrorCode::NotFound,
            ErrorCode::Conflict,
            ErrorCode::Unprocessable,
            ErrorCode::Unnamed,
        ]),
        Action::ChangeRequest,
    ),
    (
        ANYWHERE,
        These(&[ErrorCode::ServerError, ErrorCode::TemporarilyUnavailable]),
        Action::Wait,
    ),
    (
        ANYWHERE,
        These(&[ErrorCode::AccessDenied]),
        Action::Authorize,
    ),
    (&[Authorization], Every, Action::Authorize),
    (ANYWHERE, Every, Action::FixRequest),
];

/// Finds what a refusal calls for.
pub(crate) fn after_refusal(step: Step, code: ErrorCode) -> Action {
    let phase = step.phase();
    let fits = |(phases, words, _): &&Refusal| {
        phases.contains(&phase)
            && match words {
                These(codes) => codes.contains(&code),
                Every => true,
            }
    };
    let row = REFUSALS.iter().find(fits);
    row.map(|(.., action)| *action)
        .expect("the last row fits everything")
}

/// Finds what an answer outside the contract calls for.
///
/// A page in place of an answer is usually a firewall's mood and passes; a broken contract does not.
pub(crate) fn after_deviation(deviation: Deviation) -> Action {
    match deviation {
        Deviation::NotJson => Action::Wait,
        _ => Action::Report,
    }
}

/// Finds what a missing answer calls for.
pub(crate) fn after_no_answer(cause: NoAnswer) -> Action {
    match cause {
        NoAnswer::RateLimited => Action::SlowDown,
        _ => Action::Wait,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // Requirement: remote.error.server-text, rfc6749.5.2.error-is-read
    #[test]
    fn each_answer_has_its_verdict() {
        use Body::*;
        use Verdict::{Broken, Deviated as Off, Failing, RateLimited, Refused};
        let cases = [
            (200, Error, Refused),
            (200, Malformed, Off(Deviation::Malformed)),
            (200, NotJson, Off(Deviation::NotJson)),
            (200, TooLarge, Off(Deviation::TooLarge)),
            (200, CutShort, Broken),
            (201, Unread, Off(Deviation::Status)),
            (204, Unread, Off(Deviation::Status)),
            (302, Unread, Off(Deviation::Status)),
            (307, Unread, Off(Deviation::Status)),
            (400, Error, Refused),
            (400, Challenge, Refused),
            (400, Documented, Refused),
            (400, NotJson, Off(Deviation::NotJson)),
            (400, CutShort, Broken),
            (401, Error, Refused),
            (401, Challenge, Refused),
            (401, Documented, Refused),
            (401, NotJson, Off(Deviation::NotJson)),
            (403, Challenge, Refused),
            (403, Unread, Off(Deviation::Status)),
            (404, Documented, Refused),
            (404, NotJson, Off(Deviation::NotJson)),
            (408, Unread, Failing),
            (422, Documented, Refused),
            (429, Documented, RateLimited),
            (429, Challenge, RateLimited),
            (429, Error, RateLimited),
            (429, NotJson, RateLimited),
            (500, Unread, Failing),
            (500, Error, Failing),
            (500, Challenge, Failing),
            (502, NotJson, Failing),
            (503, Unread, Failing),
            (599, TooLarge, Failing),
            (999, Unread, Off(Deviation::Status)),
        ];
        for (status, body, verdict) in cases {
            assert_eq!(look_up(status, body), verdict, "{status} {body:?}");
        }
    }

    #[test]
    fn no_row_stands_where_earlier_ones_leave_it_nothing() {
        let mut used = vec![false; READINGS.len()];
        for status in 0..=1000 {
            for body in ANY {
                let first = READINGS.iter().position(|(range, bodies, _)| {
                    range.contains(&status) && bodies.contains(body)
                });
                used[first.expect("the last row fits everything")] = true;
            }
        }
        assert!(used.iter().all(|used| *used), "{used:?}");
    }
}
