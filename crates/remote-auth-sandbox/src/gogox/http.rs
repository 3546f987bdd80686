//! The two paths of the second provider.

use std::sync::{Arc, Mutex};

use axum::http::Method;
use hyper::{Request, body::Incoming};
use remote_oauth_client::gogox::endpoints::TOKEN_PATH;
use serde_json::Value;

use super::{Desk, token};
use crate::{
    clock::Clock,
    danger::Rules,
    http::{self, Asked, Provider},
    ledger::{Known, Met},
    script::{Faults, Traits},
    server::{Answering, Line, Serve},
    wire::Answer,
    world::lock,
};

const ORDERS_PATH: &str = "/delivery/orders";

impl Serve for Desk {
    fn answer(self: Arc<Self>, request: Request<Incoming>, line: Arc<Line>) -> Answering {
        Box::pin(async move { Ok(http::serve(&*self, request, line).await) })
    }
}

impl Provider for Desk {
    fn rules(&self) -> &Rules {
        &self.rules
    }

    fn clock(&self) -> &Clock {
        &self.clock
    }

    fn faults(&self) -> &Mutex<Faults> {
        &self.faults
    }

    fn shown_path(&self, path: &str) -> &'static str {
        let mut served = [TOKEN_PATH, ORDERS_PATH].into_iter();
        served.find(|served| *served == path).unwrap_or("(other)")
    }

    fn known(&self) -> &Arc<Known> {
        &self.known
    }

    fn traits<'a>(&self, asked: &'a Asked) -> Traits<'a> {
        let body: Value = serde_json::from_slice(asked.body()).unwrap_or_default();
        let is_token_request = asked.path() == TOKEN_PATH;
        let member = |name: &str| {
            let member = body.get(name).filter(|_| is_token_request)?;
            member.as_str().map(str::to_owned)
        };
        Traits {
            method: asked.head.method.as_str(),
            path: asked.path(),
            grant_type: member("grant_type"),
            client_id: member("client_id"),
            gateway: None,
        }
    }

    fn judge(&self, asked: &Asked) -> Answer {
        let (method, headers) = (&asked.head.method, &asked.head.headers);
        match asked.path() {
            TOKEN_PATH if method == Method::POST => token::issue(self, headers, asked.body()),
            TOKEN_PATH => http::method_not_served("POST"),
            ORDERS_PATH if method == Method::GET || method == Method::HEAD => {
                token::orders(self, headers)
            }
            ORDERS_PATH => http::method_not_served("GET, HEAD"),
            _ => http::not_served(),
        }
    }

    fn record(&self, met: Met) {
        lock(&self.ledger).record((), met);
    }

    fn name(&self) -> &'static str {
        "gogox"
    }
}
