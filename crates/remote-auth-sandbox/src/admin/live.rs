//! The live page: what the ledger and the state hold, in a browser, with buttons for the common
//! faults.
//!
//! Its address is its key.
//! A cookie would be sent to every other program on loopback, because cookies do not tell ports
//! apart, and a form that needs the address cannot be forged by a page that does not know it.
//! It reads well without scripts: it then loads itself anew, rarely enough to read what was opened.

use std::{
    sync::{Arc, LazyLock},
    time::Duration,
};

use axum::{
    Router,
    body::Body,
    extract::{Path, Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use remote_oauth_client::Secret;
use secrecy::ExposeSecret;

use super::{Annex, said, view};
use crate::{
    danger::Rules,
    fault::Fault,
    http,
    page::{STYLE_SOURCE, framed, source_of},
    parameters::Parameters,
    script::{Match, Pending},
    world::{World, lock},
};

/// Puts what is new in place of what is shown; the buttons stay, the focus on them, and what was
/// opened.
const SCRIPT: &str = include_str!("live.js");

static SCRIPT_SOURCE: LazyLock<String> = LazyLock::new(|| source_of(SCRIPT));

/// One button.
pub(super) struct Action {
    pub(super) name: &'static str,
    pub(super) label: &'static str,
    does: Does,
}

enum Does {
    Script(fn() -> Match, fn() -> Fault),
    Advance(Duration),
    ClearFaults,
}

/// The buttons, in their order.
pub(super) const ACTIONS: &[Action] = &[
    Action {
        name: "refuse",
        label: "Refuse the next token request",
        does: Does::Script(Match::token_request, || Fault::Refuse {
            status: 400,
            error: "invalid_grant".to_owned(),
            error_description: None,
        }),
    },
    Action {
        name: "fail",
        label: "Answer the next token request with 503",
        does: Does::Script(Match::token_request, || Fault::Refuse {
            status: 503,
            error: "temporarily_unavailable".to_owned(),
            error_description: None,
        }),
    },
    Action {
        name: "rate-limit",
        label: "Answer the next request with 429",
        does: Does::Script(Match::any, || Fault::RateLimit {
            reset: Duration::from_secs(30),
        }),
    },
    Action {
        name: "delay",
        label: "Delay the next answer by 3 s",
        does: Does::Script(Match::any, || Fault::Delay {
            by: Duration::from_secs(3),
        }),
    },
    Action {
        name: "lose-request",
        label: "Lose the next token request",
        does: Does::Script(Match::token_request, || Fault::DropBeforeCommit),
    },
    Action {
        name: "lose-answer",
        label: "Lose the next token answer",
        does: Does::Script(Match::token_request, || Fault::DropAfterCommit),
    },
    Action {
        name: "truncate",
        label: "Cut the next token answer short",
        does: Does::Script(Match::token_request, || Fault::Truncate { bytes: 10 }),
    },
    Action {
        name: "rotate",
        label: "Rotate at the next refresh",
        does: Does::Script(
            || Match::token_request().grant_type("refresh_token"),
            || Fault::RotateRefreshToken,
        ),
    },
    Action {
        name: "hour",
        label: "Move the time by an hour",
        does: Does::Advance(Duration::from_secs(3600)),
    },
    Action {
        name: "clear",
        label: "Forget the pending faults",
        does: Does::ClearFaults,
    },
];

impl Action {
    fn run(&self, world: &World) {
        match self.does {
            Does::Script(matching, fault) => {
                let pending = Pending {
                    fault: fault(),
                    times: 1,
                    matching: matching(),
                };
                // Beyond the limit of pending faults the page still shows those that are there.
                let _ = lock(&world.faults).add(pending);
            }
            Does::Advance(by) => world.clock.advance(by),
            Does::ClearFaults => lock(&world.faults).clear(),
        }
    }
}

pub(super) fn router() -> Router<Arc<Annex>> {
    Router::new()
        .route("/", get(ask_for_key))
        .route("/page", post(open))
        .route("/page/{page}", get(show).post(act))
        .layer(middleware::from_fn(frame))
}

/// Refuses foreign hosts, and says of every page what a browser may do with it.
async fn frame(request: Request, next: Next) -> Response {
    if !http::names_loopback(request.uri(), request.headers()) {
        return said(StatusCode::MISDIRECTED_REQUEST, "misdirected request");
    }
    let mut response = next.run(request).await;
    let headers: &mut HeaderMap = response.headers_mut();
    let policy = format!(
        "default-src 'none'; style-src {}; script-src {}; connect-src 'self'; form-action 'self'; \
         base-uri 'none'; frame-ancestors 'none'",
        *STYLE_SOURCE, *SCRIPT_SOURCE,
    );
    let policy = HeaderValue::from_str(&policy).expect("digests are printable ASCII");
    headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    let fixed: [(HeaderName, &'static str); 4] = [
        (header::CACHE_CONTROL, "no-store"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
    ];
    for (name, value) in fixed {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}

/// The form for whoever has the key and not the address of the page.
async fn ask_for_key() -> Response {
    let main = "<h1>Live page</h1>\n\
        <form method=\"post\" action=\"/page\">\n\
        <label for=\"key\">The key of the admin API, as the sandbox printed it</label>\n\
        <input id=\"key\" name=\"key\" type=\"password\" autocomplete=\"off\" required>\n\
        <button class=\"approve\">Open</button>\n</form>\n";
    html(StatusCode::OK, framed("Live page", "", main))
}

async fn open(State(annex): State<Arc<Annex>>, body: Body) -> Response {
    let form = form(body).await;
    let key = form.as_ref().and_then(|form| form.get("key"));
    if key.is_some_and(|key| Secret::from(key).same_as(&annex.key)) {
        see_other(&annex)
    } else {
        refused()
    }
}

async fn show(State(annex): State<Arc<Annex>>, Path(page): Path<String>) -> Response {
    if !Secret::from(page).same_as(&annex.page) {
        return refused();
    }
    let main = view::main(&annex.world, &address(&annex));
    let head = format!(
        "<noscript><meta http-equiv=\"refresh\" content=\"30\"></noscript>\n\
         <script type=\"module\">{SCRIPT}</script>\n"
    );
    html(StatusCode::OK, framed("Live page", &head, &main))
}

/// Does what a button says, and shows the page again.
async fn act(State(annex): State<Arc<Annex>>, Path(page): Path<String>, body: Body) -> Response {
    if !Secret::from(page).same_as(&annex.page) {
        return refused();
    }
    let form = form(body).await;
    let name = form.as_ref().and_then(|form| form.get("action"));
    let mut actions = ACTIONS.iter();
    let Some(action) = actions.find(|action| Some(action.name) == name) else {
        return said(StatusCode::BAD_REQUEST, "the page has no such button");
    };
    action.run(&annex.world);
    see_other(&annex)
}

async fn form(body: Body) -> Option<Parameters> {
    let body = http::read(body, &Rules::default()).await.ok()?;
    Parameters::parse(&body).ok()
}

fn refused() -> Response {
    let main = "<h1>This is not the key</h1>\n\
        <p><a href=\"/\">Try the key that the running sandbox printed.</a></p>\n";
    html(StatusCode::FORBIDDEN, framed("Wrong key", "", main))
}

fn see_other(annex: &Annex) -> Response {
    (StatusCode::SEE_OTHER, [(header::LOCATION, address(annex))]).into_response()
}

#[expect(
    clippy::disallowed_methods,
    reason = "the browser that showed the key is led to the address that has it"
)]
fn address(annex: &Annex) -> String {
    format!("/page/{}", annex.page.expose_secret())
}

fn html(status: StatusCode, page: String) -> Response {
    let media_type = [(header::CONTENT_TYPE, "text/html; charset=utf-8")];
    (status, media_type, page).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_script_cannot_end_its_element() {
        assert!(!SCRIPT.contains('<'));
    }

    #[test]
    fn every_button_scripts_a_fault_within_its_limits() {
        for action in ACTIONS {
            if let Does::Script(matching, fault) = action.does {
                let pending = Pending {
                    fault: fault(),
                    times: 1,
                    matching: matching(),
                };
                let added = crate::script::Faults::with_refreshes().add(pending);
                assert_eq!(added, Ok(()), "{}", action.name);
            }
        }
    }
}
