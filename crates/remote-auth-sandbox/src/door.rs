//! The doors: which rules judge a request to one gateway of Remote.

use std::sync::{Arc, Mutex};

use axum::http::{Method, StatusCode, header};
use hyper::{Request, body::Incoming};
use remote_oauth_client::endpoints::{AUTHORIZE_PATH, TOKEN_PATH};

use crate::{
    authorize,
    clock::Clock,
    consent::CONSENT_PATH,
    danger::Rules,
    gateway::Gateway,
    http::{self, Asked, Provider},
    ledger::{self, Known, Met},
    operation::{self, Found},
    platform::{self, MAGIC_LINK_PATH},
    refresh::RefreshTokens,
    rule::Rule,
    script::{Faults, Traits},
    server::{Answering, Line, Serve},
    token,
    wire::Answer,
    world::{World, lock},
};

/// One gateway's way into the shared world.
#[derive(Debug)]
pub(crate) struct Door {
    pub(crate) world: Arc<World>,
    pub(crate) gateway: Gateway,
}

impl Serve for Door {
    fn answer(self: Arc<Self>, request: Request<Incoming>, line: Arc<Line>) -> Answering {
        Box::pin(async move { Ok(http::serve(&*self, request, line).await) })
    }
}

impl Provider for Door {
    fn rules(&self) -> &Rules {
        &self.world.rules
    }

    fn clock(&self) -> &Clock {
        &self.world.clock
    }

    fn faults(&self) -> &Mutex<Faults> {
        &self.world.faults
    }

    fn shown_path(&self, path: &str) -> &'static str {
        ledger::shown_path(path)
    }

    fn known(&self) -> &Arc<Known> {
        &self.world.known
    }

    fn traits<'a>(&self, asked: &'a Asked) -> Traits<'a> {
        Traits::of(&self.world, self.gateway, asked)
    }

    fn judge(&self, asked: &Asked) -> Answer {
        let desk = || self.world.desk(self.gateway);
        let method = &asked.head.method;
        let reads = method == Method::GET || method == Method::HEAD;
        match asked.path() {
            TOKEN_PATH if method == Method::POST => {
                let mut desk = desk();
                if let Some(switched) = asked.head.extensions.get::<RefreshTokens>() {
                    desk.refresh_tokens = *switched;
                }
                token::answer(desk, &asked.head.headers, asked.body())
            }
            TOKEN_PATH if method == Method::OPTIONS => token_options(),
            TOKEN_PATH => http::method_not_served(TOKEN_METHODS),
            AUTHORIZE_PATH if reads => authorize::answer(desk(), asked.query()),
            MAGIC_LINK_PATH if reads => platform::open_magic_link(desk(), asked.query()),
            AUTHORIZE_PATH | MAGIC_LINK_PATH => http::method_not_served("GET, HEAD"),
            CONSENT_PATH if method == Method::POST => authorize::decide(desk(), asked.body()),
            CONSENT_PATH => http::method_not_served("POST"),
            path => match operation::find(method, path) {
                Found::Route(route) => {
                    let target = (path, asked.query());
                    platform::answer(desk(), route, &asked.head.headers, target, asked.body())
                }
                Found::OtherMethods(allowed) => http::method_not_served(&allowed),
                Found::Nothing => http::not_served(),
            },
        }
    }

    fn record(&self, met: Met) {
        lock(&self.world.ledger).record(self.gateway, met);
    }

    fn name(&self) -> &'static str {
        self.gateway.name()
    }
}

const TOKEN_METHODS: &str = "OPTIONS, POST";

fn token_options() -> Answer {
    Answer::empty(Rule::TokenOptions, StatusCode::NO_CONTENT).with(header::ALLOW, TOKEN_METHODS)
}
