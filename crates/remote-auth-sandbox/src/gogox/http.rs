//! The two paths of the second provider.

use std::sync::Arc;

use axum::{
    Router,
    extract::{Request, State},
    http::HeaderMap,
    middleware::{self, Next},
    response::Response,
    routing::{get, post},
};
use remote_oauth_client::gogox::endpoints::TOKEN_PATH;

use super::{Desk, GogoxEntry, token};
use crate::{http, wire::Answer, world::lock};

const ORDERS_PATH: &str = "/delivery/orders";

pub(super) fn router(desk: Arc<Desk>) -> Router {
    Router::new()
        .route(TOKEN_PATH, post(token_endpoint))
        .route(ORDERS_PATH, get(orders))
        .fallback(http::not_served)
        .method_not_allowed_fallback(http::method_not_served)
        .layer(middleware::from_fn_with_state(Arc::clone(&desk), observe))
        .with_state(desk)
}

async fn token_endpoint(State(desk): State<Arc<Desk>>, request: Request) -> Answer {
    let (parts, body) = request.into_parts();
    match http::read(body, &desk.rules).await {
        Ok(body) => token::issue(&desk, &parts.headers, &body),
        Err(refused) => refused,
    }
}

async fn orders(State(desk): State<Arc<Desk>>, headers: HeaderMap) -> Answer {
    token::orders(&desk, &headers)
}

async fn observe(State(desk): State<Arc<Desk>>, request: Request, next: Next) -> Response {
    let (seen, response) = http::judge_host(&desk.rules, request, next, shown_path).await;
    let http::Seen {
        method,
        path,
        status,
        rule,
    } = seen;
    lock(&desk.ledger).record(GogoxEntry {
        at: desk.clock.now().system_time(),
        method,
        path,
        status,
        rule,
    });
    let rule = rule.id();
    tracing::debug!(
        provider = "gogox",
        method,
        path,
        status,
        rule,
        "request answered"
    );
    response
}

fn shown_path(path: &str) -> &'static str {
    let mut served = [TOKEN_PATH, ORDERS_PATH].into_iter();
    served.find(|served| *served == path).unwrap_or("(other)")
}
