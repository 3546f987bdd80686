//! Defects of answers: what a broken rule takes out of one that is about to leave, or puts in.

use axum::{
    body::{Body, to_bytes},
    http::{HeaderValue, StatusCode, header},
    response::Response,
};
use serde_json::Value;

use crate::rule::Rule;

/// What a broken rule does to answers: to those that it decides or, if it decides none, to all.
#[derive(Clone, Copy, Debug)]
pub(super) struct Defect {
    pub(super) rule: Rule,
    pub(super) change: Change,
}

/// One change to an answer; an answer that has not what is changed stays as it is.
#[derive(Clone, Copy, Debug)]
pub(super) enum Change {
    Status(u16),
    /// One status in place of another.
    StatusFrom(u16, u16),
    Without(&'static [&'static str]),
    /// No `WWW-Authenticate` of this scheme.
    WithoutChallenge(&'static str),
    /// A redirect without this parameter.
    WithoutParameter(&'static str),
    /// A JSON body without the member at this pointer.
    WithoutMember(&'static str),
    /// A JSON body with one more member.
    WithMember(&'static str, &'static str),
    WithoutBody,
}

impl Defect {
    pub(super) async fn put_into(self, decided_by: Rule, mut answer: Response) -> Response {
        if self.rule.decides() && self.rule != decided_by {
            return answer;
        }
        match self.change {
            Change::Status(status) => set_status(&mut answer, status),
            Change::StatusFrom(from, to) => {
                if answer.status().as_u16() == from {
                    set_status(&mut answer, to);
                }
            }
            Change::Without(names) => {
                for name in names {
                    answer.headers_mut().remove(*name);
                }
            }
            Change::WithoutChallenge(scheme) => {
                let challenge = answer.headers().get(header::WWW_AUTHENTICATE);
                if challenge.is_some_and(|sent| sent.as_bytes().starts_with(scheme.as_bytes())) {
                    answer.headers_mut().remove(header::WWW_AUTHENTICATE);
                }
            }
            Change::WithoutParameter(name) => {
                let location = answer.headers().get(header::LOCATION);
                if let Some(location) = location.and_then(|sent| without_parameter(sent, name)) {
                    answer.headers_mut().insert(header::LOCATION, location);
                }
            }
            Change::WithoutMember(pointer) => {
                let (parent, name) = pointer.rsplit_once('/').unwrap_or_default();
                let remove = |body: &mut Value| {
                    let parent = body.pointer_mut(parent).and_then(Value::as_object_mut);
                    parent.and_then(|parent| parent.remove(name));
                };
                answer = with_json(answer, remove).await;
            }
            Change::WithMember(name, value) => {
                let add = |body: &mut Value| body[name] = Value::from(value);
                answer = with_json(answer, add).await;
            }
            Change::WithoutBody => *answer.body_mut() = Body::empty(),
        }
        answer
    }
}

fn set_status(answer: &mut Response, status: u16) {
    *answer.status_mut() = StatusCode::from_u16(status).expect("the table has real statuses");
}

/// Takes a parameter out of the query of a redirect.
fn without_parameter(location: &HeaderValue, name: &str) -> Option<HeaderValue> {
    let (uri, query) = location.to_str().ok()?.split_once('?')?;
    let others = query
        .split('&')
        .filter(|pair| pair.split('=').next() != Some(name));
    let query = others.collect::<Vec<_>>().join("&");
    HeaderValue::from_str(&format!("{uri}?{query}")).ok()
}

/// Changes a body that is a JSON object.
async fn with_json(answer: Response, change: impl FnOnce(&mut Value)) -> Response {
    let (mut parts, body) = answer.into_parts();
    let bytes = to_bytes(body, usize::MAX)
        .await
        .expect("answers are made whole in memory");
    let Some(mut object) = serde_json::from_slice(&bytes).ok().filter(Value::is_object) else {
        return Response::from_parts(parts, bytes.into());
    };
    change(&mut object);
    parts.headers.remove(header::CONTENT_LENGTH);
    Response::from_parts(parts, object.to_string().into())
}
