//! HTTP around the rules: the host check, bounded bodies, scripted faults, and the ledger.
//!
//! Every request to a gateway or to the second provider goes through [`serve`], which is the one
//! place where a request is read and where its answer can be seen before it leaves.
//! What is behind it, a [`Provider`], judges requests that are whole, and waits for nothing.

use std::{
    future::poll_fn,
    net::IpAddr,
    pin::Pin,
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{
    body::{Bytes, HttpBody},
    http::{HeaderMap, StatusCode, Uri, header, request},
    response::Response,
};
use hyper::{Request, body::Incoming};

use crate::{
    clock::Clock,
    danger::Rules,
    ledger::{self, Known, Met, Received},
    meddling::{self, Meddled},
    rule::Rule,
    script::{Faults, Traits},
    server::Line,
    wire::Answer,
    world::lock,
};

const BODY_BYTES_MAX: usize = 64 * 1024;
const BODY_READ_MAX: Duration = Duration::from_secs(10);
/// The same two bounds where their rules are broken, so that memory and time stay bounded.
const BROKEN_BODY_BYTES_MAX: usize = 1024 * 1024;
const BROKEN_BODY_READ_MAX: Duration = Duration::from_secs(60);

/// One provider's rules, and what stands around them.
pub(crate) trait Provider: Send + Sync + 'static {
    fn rules(&self) -> &Rules;

    fn clock(&self) -> &Clock;

    fn faults(&self) -> &Mutex<Faults>;

    /// What may be shown of a path.
    fn shown_path(&self, path: &str) -> &'static str;

    /// What the ledger shows of requests because it is the sandbox's own.
    fn known(&self) -> &Arc<Known>;

    /// What a scripted fault looks at.
    fn traits<'a>(&self, asked: &'a Asked) -> Traits<'a>;

    /// Decides, and changes what the decision changes.
    fn judge(&self, asked: &Asked) -> Answer;

    /// Writes down what became of a request.
    fn record(&self, met: Met);

    /// What is traced as the place that was asked.
    fn name(&self) -> &'static str;
}

/// A request that was read.
pub(crate) struct Asked {
    pub(crate) head: request::Parts,
    /// Nothing where the request was refused before its body was read.
    pub(crate) body: Option<Bytes>,
}

impl Asked {
    pub(crate) fn path(&self) -> &str {
        self.head.uri.path()
    }

    pub(crate) fn query(&self) -> &str {
        self.head.uri.query().unwrap_or_default()
    }

    pub(crate) fn body(&self) -> &[u8] {
        self.body.as_deref().unwrap_or_default()
    }
}

/// Reads a request, lets it be judged, and writes it down with the rule that decided.
///
/// What happens rarely is boxed, so that the future that every request is stays small.
pub(crate) async fn serve<P: Provider>(
    provider: &P,
    request: Request<Incoming>,
    line: Arc<Line>,
) -> Response {
    let (head, body) = request.into_parts();
    let mut asked = Asked { head, body: None };
    let rules = provider.rules();
    let (answer, meddled) = match admit(rules, &asked.head, body).await {
        Err(refused) => (refused, None),
        Ok(body) => {
            asked.body = Some(body);
            if lock(provider.faults()).is_empty() {
                (provider.judge(&asked), None)
            } else {
                Box::pin(meddling::meet(provider, &mut asked, line)).await
            }
        }
    };
    let Answer { rule, mut response } = answer;
    // What a scripted fault made of an answer may have no whole body, and is wrong enough.
    if meddled.is_none() && rules.spoil_answers() {
        response = Box::pin(rules.spoil(rule, response)).await;
    }
    record(provider, &asked, (rule, &response), meddled.as_ref());
    if let Some(meddled) = meddled {
        Box::pin(meddled.finish()).await;
    }
    response
}

fn record(
    provider: &impl Provider,
    asked: &Asked,
    (rule, response): (Rule, &Response),
    meddled: Option<&Meddled>,
) {
    let method = ledger::shown_method(&asked.head.method);
    let path = provider.shown_path(asked.path());
    let fault = meddled.map(|meddled| meddled.kind);
    let status = match meddled {
        Some(meddled) if meddled.lost_the_request() => 0,
        _ => response.status().as_u16(),
    };
    tracing::debug!(
        place = provider.name(),
        method,
        path,
        status,
        rule = rule.id(),
        fault,
        "request answered"
    );
    provider.record(Met {
        at: provider.clock().now().system_time(),
        method,
        path,
        status,
        rule,
        fault,
        received: Some(Received::pack(asked, (method, path), provider.known())),
    });
}

/// Refuses foreign hosts, and reads the body of every other request.
async fn admit(
    rules: &Rules,
    head: &request::Parts,
    body: impl HttpBody<Data = Bytes> + Unpin,
) -> Result<Bytes, Answer> {
    let is_meant = names_loopback(&head.uri, &head.headers);
    rules
        .demand(Rule::HostIsLoopback, is_meant)
        .map_err(|rule| {
            Answer::message(rule, StatusCode::MISDIRECTED_REQUEST, "Misdirected request")
        })?;
    read(body, rules).await
}

pub(crate) fn not_served() -> Answer {
    Answer::message(Rule::PathServed, StatusCode::NOT_FOUND, "Not found")
}

/// Refuses a method and says which there are, as
/// <https://www.rfc-editor.org/rfc/rfc9110#section-15.5.6> has it.
pub(crate) fn method_not_served(allowed: &str) -> Answer {
    let status = StatusCode::METHOD_NOT_ALLOWED;
    Answer::message(Rule::MethodServed, status, "Method not allowed").with(header::ALLOW, allowed)
}

/// Reads a body whole, within the bounds of size and time.
pub(crate) async fn read(
    mut body: impl HttpBody<Data = Bytes> + Unpin,
    rules: &Rules,
) -> Result<Bytes, Answer> {
    let bytes_max = if rules.keep(Rule::BodyIsBounded) {
        BODY_BYTES_MAX
    } else {
        BROKEN_BODY_BYTES_MAX
    };
    let read_max = if rules.keep(Rule::BodyInTime) {
        BODY_READ_MAX
    } else {
        BROKEN_BODY_READ_MAX
    };
    if body.is_end_stream() {
        return Ok(Bytes::new());
    }
    let whole = whole(&mut body, bytes_max);
    match tokio::time::timeout(read_max, whole).await {
        Ok(Ok(body)) => Ok(body),
        Ok(Err(Unreadable)) => {
            let status = StatusCode::PAYLOAD_TOO_LARGE;
            Err(Answer::message(
                Rule::BodyIsBounded,
                status,
                "Body too large",
            ))
        }
        Err(_) => {
            let status = StatusCode::REQUEST_TIMEOUT;
            Err(Answer::message(Rule::BodyInTime, status, "Body too slow"))
        }
    }
}

/// A body that is too large or broke off; nobody is left to read the answer to the latter.
struct Unreadable;

/// Joins the pieces of a body; the only piece of a short one is not copied.
async fn whole(
    body: &mut (impl HttpBody<Data = Bytes> + Unpin),
    bytes_max: usize,
) -> Result<Bytes, Unreadable> {
    let mut first = Bytes::new();
    let mut joined = Vec::new();
    while let Some(frame) = poll_fn(|context| Pin::new(&mut *body).poll_frame(context)).await {
        // Trailers say nothing that anybody asks for.
        let Ok(piece) = frame.map_err(|_| Unreadable)?.into_data() else {
            continue;
        };
        if first.len() + joined.len() + piece.len() > bytes_max {
            return Err(Unreadable);
        }
        if first.is_empty() && joined.is_empty() {
            first = piece;
        } else {
            joined.extend_from_slice(&std::mem::take(&mut first));
            joined.extend_from_slice(&piece);
        }
    }
    Ok(if joined.is_empty() {
        first
    } else {
        joined.into()
    })
}

/// Tells whether a request was meant for a loopback address.
///
/// A page of another site that has its own name point here would be stopped by nothing else.
pub(crate) fn names_loopback(uri: &Uri, headers: &HeaderMap) -> bool {
    let mut hosts = headers.get_all(header::HOST).iter();
    let (Some(host), None) = (hosts.next(), hosts.next()) else {
        return false;
    };
    let authority = uri.authority().map(|authority| authority.as_str());
    host.to_str().is_ok_and(is_loopback) && authority.is_none_or(is_loopback)
}

/// Judges `host` or `host:port`.
pub(crate) fn is_loopback(host_and_port: &str) -> bool {
    let host = match host_and_port.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
        _ => host_and_port,
    };
    let bare = host
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'))
        .unwrap_or(host);
    host.eq_ignore_ascii_case("localhost")
        || bare.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_loopback_hosts_are_loopback() {
        for (host, good) in [
            ("127.0.0.1:80", true),
            ("127.0.0.1", true),
            ("127.1.2.3:80", true),
            ("localhost:4000", true),
            ("LOCALHOST", true),
            ("[::1]:80", true),
            ("[::1]", true),
            ("attacker.example:80", false),
            ("127.0.0.1.attacker.example", false),
            ("localhost.attacker.example:80", false),
            ("127.0.0.1@attacker.example", false),
            ("10.0.0.1:80", false),
            ("", false),
        ] {
            assert_eq!(is_loopback(host), good, "{host}");
        }
    }
}
