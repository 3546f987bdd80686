//! The admin API: what a test in another process, or a person with `curl`, scripts and reads.
//!
//! The sandboxes of both providers have it; rotation and the live page are of Remote's alone.
//!
//! It listens on a port of its own, so that a gateway serves nothing that Remote does not have, a
//! fault never meets the request that is to end it, and no client under test comes here by mistake.
//! The paths are listed in the crate's documentation.
//!
//! The invariant: nothing is answered without the key but the refusal and, to a browser, the form
//! that asks for it; the live page has a key of its own in its address.
//! Requests to this API are not in the ledger.

mod live;
mod view;

use std::{
    io,
    net::IpAddr,
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{
    Router,
    body::Body,
    extract::{Request, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use remote_oauth_client::Secret;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::{
    clock::{Clock, Timestamp},
    danger::Rules,
    entropy::Entropy,
    http, iso8601,
    ledger::Met,
    platform,
    script::{Faults, Pending},
    server,
    world::{World, lock},
};

/// The header for clients that have another use for `Authorization`.
const KEY_HEADER: &str = "x-sandbox-key";

/// What the admin API scripts and reads: the sandbox of either provider.
pub(crate) trait Administered: Send + Sync {
    fn clock(&self) -> &Clock;

    fn faults(&self) -> &Mutex<Faults>;

    /// What the ledger says, as JSON.
    fn entries(&self) -> Vec<Value>;

    /// Forgets all that happened.
    fn reset(&self);
}

impl Administered for World {
    fn clock(&self) -> &Clock {
        &self.clock
    }

    fn faults(&self) -> &Mutex<Faults> {
        &self.faults
    }

    fn entries(&self) -> Vec<Value> {
        // The masks are put on when requests need not wait for the ledger.
        let entries: Vec<_> = lock(&self.ledger).entries().collect();
        let shown = entries.iter().map(|(gateway, met)| {
            let mut entry = shown(met);
            entry["gateway"] = json!(gateway);
            entry
        });
        shown.collect()
    }

    fn reset(&self) {
        self.reset();
    }
}

/// The way into the admin API.
struct Office {
    sandbox: Arc<dyn Administered>,
    key: Secret,
}

/// The way into what only Remote's sandbox has.
struct Annex {
    world: Arc<World>,
    key: Secret,
    /// The last segment of the live page's address.
    page: Secret,
}

/// Where the admin API is served and what opens it.
#[derive(Debug)]
pub(crate) struct Admin {
    pub(crate) url: String,
    pub(crate) key: Secret,
}

impl Admin {
    /// Takes a port and invents a key, which is random even under a seed.
    pub(crate) async fn open(address: IpAddr, port: u16) -> io::Result<(TcpListener, Self)> {
        let listener = server::bind(address, port).await?;
        let url = format!("http://{}", listener.local_addr()?);
        let key = Secret::from(Entropy::new(None).long_hex());
        Ok((listener, Self { url, key }))
    }

    /// What every sandbox has.
    pub(crate) fn router(&self, sandbox: Arc<dyn Administered>) -> Router {
        self.guarded(sandbox, Router::new())
    }

    /// What Remote's sandbox has, with its live page, and the address of that.
    pub(crate) fn router_with_page(&self, world: Arc<World>) -> (Router, Secret) {
        let page = Entropy::new(None).long_hex();
        let page_url = Secret::from(format!("{}/page/{page}", self.url));
        let annex = Arc::new(Annex {
            world: Arc::clone(&world),
            key: self.key.clone(),
            page: Secret::from(page),
        });
        let rotation = Router::new()
            .route("/client-secret/rotate", post(rotate))
            .with_state(Arc::clone(&annex));
        let live = live::router().with_state(annex);
        (self.guarded(world, rotation).merge(live), page_url)
    }

    /// Puts the key before the paths of every sandbox and some more.
    fn guarded(&self, sandbox: Arc<dyn Administered>, more: Router) -> Router {
        let office = Arc::new(Office {
            sandbox,
            key: self.key.clone(),
        });
        Router::new()
            .route(
                "/faults",
                get(pending_faults).post(add_fault).delete(clear_faults),
            )
            .route("/ledger", get(ledger))
            .route("/clock/advance", post(advance))
            .route("/reset", post(reset))
            .with_state(Arc::clone(&office))
            .merge(more)
            .fallback(async || said(StatusCode::NOT_FOUND, "the admin API has no such path"))
            .method_not_allowed_fallback(async || {
                let fault = "the path is asked with another method";
                said(StatusCode::METHOD_NOT_ALLOWED, fault)
            })
            .layer(middleware::from_fn_with_state(office, guard))
    }
}

/// Lets a request in that names a loopback host and shows the key, once.
async fn guard(State(office): State<Arc<Office>>, request: Request, next: Next) -> Response {
    if !http::names_loopback(request.uri(), request.headers()) {
        return said(StatusCode::MISDIRECTED_REQUEST, "misdirected request");
    }
    let shown = shown_key(request.headers()).map(Secret::from);
    let mut response = if shown.is_some_and(|key| key.same_as(&office.key)) {
        next.run(request).await
    } else {
        let fault = "show the key as `Authorization: Bearer` or as `x-sandbox-key`";
        let mut refused = said(StatusCode::UNAUTHORIZED, fault);
        let scheme = HeaderValue::from_static("Bearer");
        refused
            .headers_mut()
            .insert(header::WWW_AUTHENTICATE, scheme);
        refused
    };
    let no_store = HeaderValue::from_static("no-store");
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, no_store);
    response
}

/// The text of the one key that a request shows.
fn shown_key(headers: &HeaderMap) -> Option<&str> {
    let mut keys = headers.get_all(KEY_HEADER).iter();
    match (keys.next(), keys.next()) {
        (None, _) => platform::bearer_text(headers),
        (Some(key), None) => key.to_str().ok(),
        _ => None,
    }
}

async fn pending_faults(State(office): State<Arc<Office>>) -> Response {
    let pending = lock(office.sandbox.faults()).pending();
    json_body(StatusCode::OK, &json!({ "faults": pending }))
}

async fn add_fault(State(office): State<Arc<Office>>, body: Body) -> Response {
    let pending: Pending = match read(body).await {
        Ok(pending) => pending,
        Err(refused) => return refused,
    };
    let added = lock(office.sandbox.faults()).add(pending.clone());
    match added {
        Ok(()) => json_body(StatusCode::CREATED, &pending),
        Err(objection) => said(StatusCode::UNPROCESSABLE_ENTITY, objection),
    }
}

async fn clear_faults(State(office): State<Arc<Office>>) -> StatusCode {
    lock(office.sandbox.faults()).clear();
    StatusCode::NO_CONTENT
}

async fn ledger(State(office): State<Arc<Office>>) -> Response {
    let entries = office.sandbox.entries();
    json_body(StatusCode::OK, &json!({ "entries": entries }))
}

/// What every sandbox says of a request.
pub(crate) fn shown(entry: &Met) -> Value {
    let at = Timestamp::from(entry.at);
    json!({
        "at": iso8601::format(at),
        "at_ms": at.unix_ms(),
        "method": entry.method,
        "path": entry.path,
        "status": entry.status,
        "rule": entry.rule.id(),
        "sentence": entry.rule.sentence(),
        "source": entry.rule.source(),
        "fault": entry.fault,
        "received": entry.received.as_ref().map(|received| json!({
            "target": received.target(),
            "headers": received.headers(),
            "body": received.body(),
        })),
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Advance {
    by_ms: u64,
}

async fn advance(State(office): State<Arc<Office>>, body: Body) -> Response {
    let Advance { by_ms } = match read(body).await {
        Ok(advance) => advance,
        Err(refused) => return refused,
    };
    let clock = office.sandbox.clock();
    clock.advance(Duration::from_millis(by_ms));
    let now = clock.now();
    let body = json!({ "now": iso8601::format(now), "now_ms": now.unix_ms() });
    json_body(StatusCode::OK, &body)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Rotate {
    /// The demo client, if it is left out.
    client_id: Option<String>,
    #[serde(default)]
    grace_ms: u64,
}

/// The one answer that carries a secret.
#[derive(Serialize)]
struct Rotated<'a> {
    client_id: &'a str,
    client_secret: Secret,
}

async fn rotate(State(annex): State<Arc<Annex>>, body: Body) -> Response {
    let rotate: Rotate = match read(body).await {
        Ok(rotate) => rotate,
        Err(refused) => return refused,
    };
    let demo = &annex.world.registrations[0].client_id;
    let client_id = rotate.client_id.as_deref().unwrap_or(demo);
    let grace = Duration::from_millis(rotate.grace_ms);
    match annex.world.rotate_secret(client_id, grace) {
        Ok(client_secret) => {
            let rotated = Rotated {
                client_id,
                client_secret,
            };
            json_body(StatusCode::OK, &rotated)
        }
        Err(_) => said(StatusCode::NOT_FOUND, "no client has this id"),
    }
}

async fn reset(State(office): State<Arc<Office>>) -> StatusCode {
    office.sandbox.reset();
    StatusCode::NO_CONTENT
}

/// Reads a JSON body, by unbroken rules; what is wrong with one is not quoted, because it may hold a secret.
async fn read<T: DeserializeOwned>(body: Body) -> Result<T, Response> {
    let body = http::read(body, &Rules::default())
        .await
        .map_err(|refused| refused.response)?;
    let fault = "the body is not the JSON that this path takes";
    serde_json::from_slice(&body).map_err(|_| said(StatusCode::BAD_REQUEST, fault))
}

fn said(status: StatusCode, message: &str) -> Response {
    json_body(status, &json!({ "message": message }))
}

fn json_body(status: StatusCode, body: &impl Serialize) -> Response {
    let body = serde_json::to_vec(body).expect("admin answers have text keys and finite numbers");
    let media_type = [(header::CONTENT_TYPE, "application/json")];
    (status, media_type, body).into_response()
}
