//! Where scripted faults happen: between the rules and the line.
//!
//! The request is read whole before its fault is chosen, so that a dropped one leaves nothing unread
//! and two requests meet their faults in the order in which they arrived.
//! What happens to the answer happens after the ledger has it.

use std::{sync::Arc, time::Duration};

use axum::{
    body::{Body, to_bytes},
    http::{HeaderValue, StatusCode, header},
    response::Response,
};

use crate::{
    clock::{Clock, Mark},
    fault::Fault,
    http::{Asked, Provider},
    iso8601,
    rate::Reading,
    refresh::RefreshTokens,
    rule::Rule,
    server::{Cut, Line},
    staged::Staged,
    wire::{Answer, too_many_requests},
    world::lock,
};

/// What is still to happen to an answer once it is in the ledger.
#[derive(Debug)]
pub(crate) struct Meddled {
    pub(crate) kind: &'static str,
    last: Last,
    pace: Pace,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Last {
    Nothing,
    Wait(Duration),
    LoseRequest(Cut),
    LoseAnswer(Cut),
}

impl Meddled {
    /// Tells whether the rules never saw the request.
    pub(crate) const fn lost_the_request(&self) -> bool {
        matches!(self.last, Last::LoseRequest(_))
    }

    /// Waits or cuts the line, after which nothing comes back from here.
    pub(crate) async fn finish(self) {
        match self.last {
            Last::Nothing => {}
            Last::Wait(span) => self.pace.wait(span).await,
            Last::LoseRequest(how) | Last::LoseAnswer(how) => {
                self.pace.line.sever(how).await;
            }
        }
    }
}

/// Waiting over one line: by the sandbox's clock, and no longer than the sandbox runs.
#[derive(Clone, Debug)]
pub(crate) struct Pace {
    clock: Clock,
    line: Arc<Line>,
    mark: Mark,
}

impl Pace {
    /// Waits until this long after the request was met.
    pub(crate) async fn wait(self, span: Duration) {
        tokio::select! {
            () = self.clock.wait(span, self.mark) => {}
            () = self.line.stopped() => {}
        }
    }
}

/// Lets a request meet the fault that is scripted for it, if one is.
pub(crate) async fn meet(
    provider: &impl Provider,
    asked: &mut Asked,
    line: Arc<Line>,
) -> (Answer, Option<Meddled>) {
    let fault = lock(provider.faults()).take(&provider.traits(asked));
    let Some(fault) = fault.filter(|_| provider.rules().keep(Rule::Scripted)) else {
        return (provider.judge(asked), None);
    };
    let clock = provider.clock().clone();
    let mark = clock.mark();
    let pace = Pace { clock, line, mark };
    let answer = match in_place_of_the_rules(&fault) {
        Some(answer) => answer,
        None => {
            if fault == Fault::RotateRefreshToken {
                asked.head.extensions.insert(RefreshTokens::Rotating);
            }
            let Answer { rule, response } = provider.judge(asked);
            let response = to_the_answer(&fault, response, &pace).await;
            Answer { rule, response }
        }
    };
    let last = match fault {
        Fault::Delay { by } => Last::Wait(by),
        Fault::DropBeforeCommit => Last::LoseRequest(Cut::Close),
        Fault::ResetBeforeCommit => Last::LoseRequest(Cut::Reset),
        Fault::DropAfterCommit => Last::LoseAnswer(Cut::Close),
        Fault::ResetAfterCommit => Last::LoseAnswer(Cut::Reset),
        _ => Last::Nothing,
    };
    let kind = fault.kind();
    (answer, Some(Meddled { kind, last, pace }))
}

/// What a fault answers by itself, before the commit.
fn in_place_of_the_rules(fault: &Fault) -> Option<Answer> {
    const RULE: Rule = Rule::Scripted;
    let code = |status: u16| {
        StatusCode::from_u16(status).expect("a scripted status is within the limits of its kind")
    };
    // See https://www.rfc-editor.org/rfc/rfc9110#section-11.6.1: a 401 names a scheme.
    let challenged = |answer: Answer, status: u16, scheme: &str| match status {
        401 => answer.with(header::WWW_AUTHENTICATE, scheme),
        _ => answer,
    };
    Some(match fault {
        Fault::Refuse {
            status,
            error,
            error_description,
        } => {
            let answer = Answer::oauth(RULE, code(*status), error, error_description.as_deref());
            challenged(answer, *status, "Basic realm=\"remote-auth-sandbox\"")
        }
        Fault::RefuseWithMessage { status, message } => {
            let answer = Answer::message(RULE, code(*status), message);
            challenged(answer, *status, "Bearer")
        }
        Fault::Answer {
            status,
            media_type,
            body,
        } => Answer::scripted(RULE, code(*status), media_type, body),
        Fault::RateLimit { reset } => {
            too_many_requests(RULE).metered(Some(Reading::used_up(*reset)))
        }
        // Nobody sees this answer.
        Fault::DropBeforeCommit | Fault::ResetBeforeCommit => {
            Answer::empty(RULE, StatusCode::NO_CONTENT)
        }
        _ => return None,
    })
}

/// What a fault makes of the answer that the rules gave.
async fn to_the_answer(fault: &Fault, response: Response, pace: &Pace) -> Response {
    let (mut parts, body) = response.into_parts();
    let body = to_bytes(body, usize::MAX)
        .await
        .expect("the rules answer with whole bodies");
    let length = body.len();
    let staged = match fault {
        Fault::Truncate { bytes } => Staged::truncated(body, *bytes),
        Fault::Oversize { bytes } => Staged::filled_up(body, *bytes),
        Fault::Drip { bytes, pause } => Staged::dripping(body, *bytes, *pause, pace.clone()),
        _ => {
            if let Some((name, value)) = wrong_header(fault, &pace.clock) {
                parts.headers.insert(name, value);
            }
            return Response::from_parts(parts, Body::from(body));
        }
    };
    if length > 0 {
        let promised = staged.bytes_promised();
        parts
            .headers
            .insert(header::CONTENT_LENGTH, HeaderValue::from(promised));
    }
    Response::from_parts(parts, Body::new(staged))
}

/// The header that a fault puts in place of the right one.
fn wrong_header(fault: &Fault, clock: &Clock) -> Option<(header::HeaderName, HeaderValue)> {
    match fault {
        Fault::MediaType { media_type } => Some((
            header::CONTENT_TYPE,
            HeaderValue::from_str(media_type).ok()?,
        )),
        Fault::SkewDate { by_s } => {
            let date = iso8601::http_date(clock.now(), *by_s)?;
            Some((header::DATE, HeaderValue::from_str(&date).ok()?))
        }
        _ => None,
    }
}
