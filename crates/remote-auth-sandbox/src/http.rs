//! HTTP around the rules: routes, bounded bodies, the host check, and the ledger.
//!
//! Every request passes [`judge_host`], which is the one place where an answer can be seen before it
//! leaves; between it and the rules stands [`faulty`], where scripted faults happen.

use std::{net::IpAddr, sync::Arc, time::Duration};

use axum::{
    Router,
    body::{Body, Bytes, to_bytes},
    extract::{Request, State},
    http::{HeaderMap, Method, StatusCode, Uri, header},
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::{MethodFilter, get, on, post},
};
use remote_oauth_client::endpoints::{AUTHORIZE_PATH, TOKEN_PATH};

use crate::{
    authorize, consent,
    danger::Rules,
    gateway::Gateway,
    ledger::{self, Entry},
    meddling::{Meddled, faulty},
    operation::{ROUTES, Route},
    platform,
    refresh::RefreshTokens,
    rule::Rule,
    token,
    wire::Answer,
    world::World,
};

const BODY_BYTES_MAX: usize = 64 * 1024;
const BODY_READ_MAX: Duration = Duration::from_secs(10);
/// The same two bounds where their rules are broken, so that memory and time stay bounded.
const BROKEN_BODY_BYTES_MAX: usize = 1024 * 1024;
const BROKEN_BODY_READ_MAX: Duration = Duration::from_secs(60);

/// One gateway's way into the shared world.
#[derive(Debug)]
pub(crate) struct Door {
    pub(crate) world: Arc<World>,
    pub(crate) gateway: Gateway,
}

pub(crate) fn router(door: Arc<Door>) -> Router {
    let mut router = Router::new()
        .route(AUTHORIZE_PATH, get(authorization_endpoint))
        .route(consent::CONSENT_PATH, post(consent_form))
        .route(TOKEN_PATH, post(token_endpoint).options(token_options))
        .route(platform::MAGIC_LINK_PATH, get(magic_link));
    for route in ROUTES {
        let filter = MethodFilter::try_from(route.method.clone())
            .expect("every operation has a method that can be routed");
        for path in route.paths {
            let serve = move |door, request| platform_operation(route, door, request);
            router = router.route(path, on(filter, serve));
        }
    }
    router
        .fallback(not_served)
        .method_not_allowed_fallback(method_not_served)
        .layer(middleware::from_fn_with_state(Arc::clone(&door), faulty))
        .layer(middleware::from_fn_with_state(Arc::clone(&door), observe))
        .with_state(door)
}

async fn authorization_endpoint(State(door): State<Arc<Door>>, uri: Uri) -> Answer {
    authorize::answer(
        door.world.desk(door.gateway),
        uri.query().unwrap_or_default(),
    )
}

async fn consent_form(State(door): State<Arc<Door>>, request: Request) -> Answer {
    let (_, body) = request.into_parts();
    match read(body, &door.world.rules).await {
        Ok(body) => authorize::decide(door.world.desk(door.gateway), &body),
        Err(refused) => refused,
    }
}

async fn token_endpoint(State(door): State<Arc<Door>>, request: Request) -> Answer {
    let (parts, body) = request.into_parts();
    match read(body, &door.world.rules).await {
        Ok(body) => {
            let mut desk = door.world.desk(door.gateway);
            if let Some(switched) = parts.extensions.get::<RefreshTokens>() {
                desk.refresh_tokens = *switched;
            }
            token::answer(desk, &parts.headers, &body)
        }
        Err(refused) => refused,
    }
}

async fn token_options() -> Answer {
    Answer::empty(Rule::TokenOptions, StatusCode::NO_CONTENT).with(header::ALLOW, "OPTIONS, POST")
}

async fn magic_link(State(door): State<Arc<Door>>, uri: Uri) -> Answer {
    let query = uri.query().unwrap_or_default();
    platform::open_magic_link(door.world.desk(door.gateway), query)
}

async fn platform_operation(
    route: &'static Route,
    State(door): State<Arc<Door>>,
    request: Request,
) -> Answer {
    let (parts, body) = request.into_parts();
    let body = if route.method == Method::POST {
        read(body, &door.world.rules).await
    } else {
        Ok(Bytes::new())
    };
    let target = (parts.uri.path(), parts.uri.query().unwrap_or_default());
    match body {
        Ok(body) => {
            let desk = door.world.desk(door.gateway);
            platform::answer(desk, route, &parts.headers, target, &body)
        }
        Err(refused) => refused,
    }
}

pub(crate) async fn not_served() -> Answer {
    Answer::message(Rule::PathServed, StatusCode::NOT_FOUND, "Not found")
}

pub(crate) async fn method_not_served() -> Answer {
    Answer::message(
        Rule::MethodServed,
        StatusCode::METHOD_NOT_ALLOWED,
        "Method not allowed",
    )
}

/// Reads a body whole, within the bounds of size and time.
pub(crate) async fn read(body: Body, rules: &Rules) -> Result<Bytes, Answer> {
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
    match tokio::time::timeout(read_max, to_bytes(body, bytes_max)).await {
        Ok(Ok(body)) => Ok(body),
        // A body that broke off ends here too; nobody is left to read that answer.
        Ok(Err(_)) => {
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

/// Writes down every request with the rule that decided it.
async fn observe(State(door): State<Arc<Door>>, request: Request, next: Next) -> Response {
    let (seen, mut response) =
        judge_host(&door.world.rules, request, next, ledger::shown_path).await;
    let meddled = response.extensions_mut().remove::<Meddled>();
    let fault = meddled.as_ref().map(|meddled| meddled.kind);
    let Seen {
        method,
        path,
        status,
        rule,
    } = seen;
    let at = door.world.clock.now().system_time();
    door.world.record(Entry {
        at,
        gateway: door.gateway,
        method,
        path,
        status,
        rule,
        fault,
    });
    let (gateway, rule) = (door.gateway.name(), rule.id());
    tracing::debug!(
        gateway,
        method,
        path,
        status,
        rule,
        fault,
        "request answered"
    );
    if let Some(meddled) = meddled {
        meddled.finish().await;
    }
    response
}

/// What may be told of a request that was answered.
pub(crate) struct Seen {
    pub(crate) method: &'static str,
    pub(crate) path: &'static str,
    pub(crate) status: u16,
    pub(crate) rule: Rule,
}

/// Refuses foreign hosts, lets the others be answered, takes the rule from the answer, and puts in
/// it what broken rules do to it.
pub(crate) async fn judge_host(
    rules: &Rules,
    request: Request,
    next: Next,
    shown_path: fn(&str) -> &'static str,
) -> (Seen, Response) {
    let method = ledger::shown_method(request.method());
    let path = shown_path(request.uri().path());
    let is_meant = names_loopback(request.uri(), request.headers());
    let mut response = match rules.demand(Rule::HostIsLoopback, is_meant) {
        Ok(()) => next.run(request).await,
        Err(rule) => {
            let status = StatusCode::MISDIRECTED_REQUEST;
            Answer::message(rule, status, "Misdirected request").into_response()
        }
    };
    let rule = response
        .extensions_mut()
        .remove::<Rule>()
        .expect("every answer carries its rule");
    let meddled = response.extensions().get::<Meddled>();
    let (is_whole, lost) = (
        meddled.is_none(),
        meddled.is_some_and(Meddled::lost_the_request),
    );
    // What a scripted fault made of an answer may have no whole body, and is wrong enough.
    if is_whole {
        response = rules.spoil(rule, response).await;
    }
    let status = if lost { 0 } else { response.status().as_u16() };
    let seen = Seen {
        method,
        path,
        status,
        rule,
    };
    (seen, response)
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
fn is_loopback(host_and_port: &str) -> bool {
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
