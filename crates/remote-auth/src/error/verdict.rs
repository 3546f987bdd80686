//! Judging what came back in the place of a success, by the rows of [`table`].

pub(crate) mod table;

use std::time::Duration;

use remote_oauth_client::support::{MediaType, RateLimit, Unreadable};
use remote_oauth_client::types::{ErrorResponse, TokenResponse};
use remote_oauth_client::{Error as WireError, ResponseValue};
use reqwest::header::{HeaderMap, RETRY_AFTER};

use super::{Deviated, Error, ErrorCode, NoAnswer, Refused, Step, Unreachable};
use crate::bearer::Challenge;
use table::{Body, CHALLENGING, Phase, Verdict, look_up};

/// The most that a server can make a client wait: one hour.
pub(crate) const RETRY_AFTER_MAX: Duration = Duration::from_secs(3600);

/// What the token endpoint gave back.
pub(crate) type TokenResult = Result<ResponseValue<TokenResponse>, WireError<ErrorResponse>>;

/// Judges what the token endpoint gave back. Pure: the same answer always means the same.
pub(crate) fn judge(step: Step, result: TokenResult) -> Result<TokenResponse, Error> {
    match result {
        Ok(response) if response.as_ref().error.is_some() => {
            let refusal = response.map(|answer| ErrorResponse {
                error: answer.error,
                error_description: answer.error_description,
                ..ErrorResponse::default()
            });
            Err(failure(step, WireError::ErrorResponse(refusal)))
        }
        other => success(step, other),
    }
}

/// Judges what any other operation gave back.
pub(crate) fn success<T>(
    step: Step,
    result: Result<ResponseValue<T>, WireError<ErrorResponse>>,
) -> Result<T, Error> {
    result
        .map(ResponseValue::into_inner)
        .map_err(|error| failure(step, error))
}

fn failure(step: Step, error: WireError<ErrorResponse>) -> Error {
    let (Some(status), Some(headers)) = (error.status(), error.headers()) else {
        return without_answer(step, &error);
    };
    let (status, retry_after) = (status.as_u16(), retry_after(headers));
    let unreachable = |cause| Unreachable {
        step,
        cause,
        retry_after,
        sent: true,
    };
    // Only the API challenges for a bearer token; at the token endpoint the header asks for Basic and has no word.
    let may_challenge = step.phase() == Phase::Api && CHALLENGING.contains(&status);
    let challenge = may_challenge.then(|| Challenge::bearer(headers)).flatten();
    match look_up(status, body_of(&error, challenge.is_some())) {
        Verdict::Refused => refused(step, status, challenge, error).into(),
        Verdict::Failing => unreachable(NoAnswer::ServerFailing(status)).into(),
        Verdict::RateLimited => unreachable(NoAnswer::RateLimited).into(),
        Verdict::Broken => unreachable(broken_by(&error)).into(),
        Verdict::Deviated(deviation) => Deviated {
            step,
            status: Some(status),
            deviation,
        }
        .into(),
    }
}

fn body_of(error: &WireError<ErrorResponse>, challenged: bool) -> Body {
    match (error, error.unreadable()) {
        (WireError::ErrorResponse(response), _) if response.as_ref().error.is_some() => Body::Error,
        (_, Some(Unreadable::TooLarge)) => Body::TooLarge,
        (_, Some(Unreadable::Interrupted(_))) => Body::CutShort,
        _ if challenged => Body::Challenge,
        (WireError::ErrorResponse(_), _) => Body::Documented,
        (_, Some(_)) if error.media_type() == Some(MediaType::Json) => Body::Malformed,
        (_, Some(_)) => Body::NotJson,
        _ => Body::Unread,
    }
}

fn broken_by(error: &WireError<ErrorResponse>) -> NoAnswer {
    match error.unreadable() {
        Some(Unreadable::Interrupted(failure)) => failure.kind().into(),
        _ => NoAnswer::Broken,
    }
}

fn without_answer(step: Step, error: &WireError<ErrorResponse>) -> Error {
    match error {
        WireError::CommunicationError(failure) => Unreachable {
            step,
            cause: failure.kind().into(),
            retry_after: None,
            sent: failure.may_have_been_sent(),
        },
        _ => Unreachable {
            step,
            cause: NoAnswer::Broken,
            retry_after: None,
            sent: false,
        },
    }
    .into()
}

fn refused(
    step: Step,
    status: u16,
    challenge: Option<Challenge>,
    error: WireError<ErrorResponse>,
) -> Refused {
    let body = match error {
        WireError::ErrorResponse(response) => response.into_inner(),
        _ => ErrorResponse::default(),
    };
    let named = challenge.and_then(|challenge| challenge.error());
    let code = match (&body.error, named) {
        (None, Some(named)) => named,
        (word, _) => ErrorCode::of(word.as_ref(), status),
    };
    Refused::new(
        step,
        code,
        Some(status),
        body.error_description.or(body.message),
    )
}

/// Reads how long to wait: `Retry-After` in seconds, else Remote's `x-ratelimit-reset` in milliseconds.
///
/// `Retry-After` as a date is not read: it would need the server's clock to agree with ours.
// Requirement: remote.rate.reset-is-honoured
pub(crate) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let seconds = || headers.get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok();
    let asked = seconds()
        .map(Duration::from_secs)
        .or_else(|| RateLimit::reset_of(headers))?;
    Some(asked.min(RETRY_AFTER_MAX))
}

#[cfg(test)]
mod tests {
    use reqwest::StatusCode;

    use super::*;

    // Requirement: remote.rate.reset-is-honoured
    #[test]
    fn the_wait_that_a_server_asks_for_is_read_and_bounded() {
        let (seven, reset) = (("retry-after", "7"), ("x-ratelimit-reset", "12043"));
        let soon = ("retry-after", "soon");
        let cases = [
            (vec![seven], Some(Duration::from_secs(7))),
            (vec![reset], Some(Duration::from_millis(12043))),
            (vec![seven, reset], Some(Duration::from_secs(7))),
            (vec![("retry-after", "999999999")], Some(RETRY_AFTER_MAX)),
            (vec![("retry-after", "-1")], None),
            (vec![soon], None),
            (vec![soon, reset], Some(Duration::from_millis(12043))),
            (vec![], None),
        ];
        for (headers, expected) in cases {
            let map: HeaderMap = headers
                .iter()
                .map(|(k, v)| (k.parse().expect("name"), v.parse().expect("value")))
                .collect();
            assert_eq!(retry_after(&map), expected, "{headers:?}");
        }
    }

    // Requirement: rfc6749.5.2.error-is-read
    #[test]
    fn a_success_that_names_an_error_is_a_refusal() {
        let judged = |json: &str| {
            let answer: TokenResponse = serde_json::from_str(json).expect(json);
            let answer = ResponseValue::new(answer, StatusCode::OK, HeaderMap::new());
            judge(Step::ClientCredentials, Ok(answer))
        };
        let token = judged(r#"{"access_token":"a","token_type":"Bearer"}"#).expect("a token");
        assert!(token.access_token.is_some());
        let answer = r#"{"error":"invalid_client","error_description":"why","access_token":"a"}"#;
        match judged(answer) {
            Err(Error::Refused(refused)) => {
                assert_eq!(refused.error_code(), ErrorCode::InvalidClient);
                assert_eq!(refused.description().as_deref(), Some("why"));
            }
            other => panic!("{:?} in place of a refusal", other.map(drop)),
        }
    }
}
