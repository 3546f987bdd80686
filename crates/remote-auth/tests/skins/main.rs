//! The skins over real sockets: what goes out, and what is made of the answer.

mod companies;
mod server;
mod skin;

use std::sync::Arc;

use remote_auth::{CachedTokenSource, Client, Environment};
use server::{Seen, Server};
use skin::{Ask, Skin, What};

const UNAUTHORIZED: &str = "401 Unauthorized";
const SCOPE: &str = "401 Unauthorized\r\nWWW-Authenticate: Bearer error=\"insufficient_scope\", scope=\"c4n4ry:read\"";

fn client(gateway: &str) -> Client {
    let environment = Environment::custom(gateway).expect("loopback");
    let builder = Client::builder(environment).credentials("id", "secret");
    builder.build().expect("a client")
}

fn source(server: &Server) -> (CachedTokenSource, reqwest::Client) {
    let client = client(&server.gateway);
    (client.client_credentials(), client.http().clone())
}

/// A program's own HTTP client, which follows redirects as it does unless told otherwise.
fn following() -> reqwest::Client {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let tls = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("the provider has them")
        .with_root_certificates(rustls::RootCertStore::empty())
        .with_no_client_auth();
    let builder = reqwest::Client::builder()
        .tls_backend_preconfigured(tls)
        .no_proxy();
    builder.build().expect("an HTTP client")
}

fn bearer(number: usize) -> Option<String> {
    Some(format!("Bearer token-{number}"))
}

/// Refuses the first token and takes the second.
fn refusing_the_first(seen: &Seen) -> String {
    let is_second = seen.authorization == bearer(2);
    if is_second { "200 OK" } else { UNAUTHORIZED }.to_owned()
}

// Requirement: rfc6750.3.1.retry-with-new-token
#[tokio::test]
async fn a_refused_token_is_renewed_and_the_request_sent_once_more() {
    for skin in Skin::ALL {
        let server = Server::start(refusing_the_first).await;
        let (source, http) = source(&server);
        let outcome = Ask::companies(&server.gateway)
            .through(skin, &source, &http)
            .await;
        assert_eq!(outcome.expect("an answer").0, 200, "{skin:?}");
        assert_eq!(server.authorizations(), [bearer(1), bearer(2)], "{skin:?}");
        assert_eq!(server.tokens(), 2, "{skin:?}");
    }
}

#[tokio::test]
async fn a_second_refusal_is_handed_on() {
    for skin in Skin::ALL {
        let server = Server::start(|_| UNAUTHORIZED.to_owned()).await;
        let (source, http) = source(&server);
        let outcome = Ask::companies(&server.gateway)
            .through(skin, &source, &http)
            .await;
        assert_eq!(outcome.expect("an answer").0, 401, "{skin:?}");
        assert_eq!(server.authorizations(), [bearer(1), bearer(2)], "{skin:?}");
    }
}

#[tokio::test]
async fn ten_late_refusals_of_one_token_cause_one_renewal() {
    for skin in Skin::ALL {
        // None of the ten is refused before all ten are sent, so that all carry the first token.
        let server = Arc::new(Server::holding(10, refusing_the_first).await);
        let (source, http) = source(&server);
        let asks: Vec<_> = (0..10)
            .map(|_| {
                let (source, http) = (source.clone(), http.clone());
                let server = Arc::clone(&server);
                tokio::spawn(async move {
                    let ask = Ask::companies(&server.gateway);
                    ask.through(skin, &source, &http).await
                })
            })
            .collect();
        for ask in asks {
            let outcome = ask.await.expect("no panic");
            assert_eq!(outcome.expect("an answer").0, 200, "{skin:?}");
        }
        let sent = server.authorizations();
        assert_eq!(sent[..10], vec![bearer(1); 10], "{skin:?}");
        assert_eq!(sent[10..], vec![bearer(2); 10], "{skin:?}");
        assert_eq!(server.tokens(), 2, "{skin:?}");
    }
}

#[tokio::test]
async fn another_origin_gets_neither_a_token_nor_a_request() {
    for skin in Skin::ALL {
        let (own, other) = (
            Server::start(|_| "200 OK".to_owned()).await,
            Server::start(|_| "200 OK".to_owned()).await,
        );
        let (source, http) = source(&own);
        let outcome = Ask::companies(&other.gateway)
            .through(skin, &source, &http)
            .await;
        assert_eq!(
            outcome.expect_err("nothing is sent"),
            "environment.origin",
            "{skin:?}"
        );
        assert_eq!((other.seen().len(), own.tokens()), (0, 0), "{skin:?}");
    }
}

#[tokio::test]
async fn what_the_caller_attached_is_neither_replaced_nor_judged() {
    for skin in Skin::OPEN {
        let (own, other) = (
            Server::start(|_| UNAUTHORIZED.to_owned()).await,
            Server::start(|_| "403 Forbidden".to_owned()).await,
        );
        let (source, http) = source(&own);
        for (server, status) in [(&own, 401), (&other, 403)] {
            let ask = Ask {
                authorization: Some("Basic of-the-caller"),
                ..Ask::companies(&server.gateway)
            };
            let (answered, missing) = ask.through(skin, &source, &http).await.expect("an answer");
            assert_eq!((answered, missing.is_some()), (status, false), "{skin:?}");
            let sent = [Some("Basic of-the-caller".to_owned())];
            assert_eq!(server.authorizations(), sent, "{skin:?}");
        }
        assert_eq!(own.tokens(), 0, "{skin:?}");
    }
}

#[tokio::test]
async fn a_body_is_sent_again_if_it_can_be_and_a_stream_is_sent_once() {
    for skin in Skin::OPEN {
        for (body, status, sent) in [(What::Text, 200, 2), (What::Stream, 401, 1)] {
            let server = Server::start(refusing_the_first).await;
            let (source, http) = source(&server);
            let ask = Ask {
                body: Some(body),
                ..Ask::companies(&server.gateway)
            };
            let outcome = ask.through(skin, &source, &http).await.expect("an answer");
            assert_eq!(outcome.0, status, "{skin:?} {body:?}");
            let seen = server.seen();
            assert_eq!(seen.len(), sent, "{skin:?} {body:?}");
            assert!(
                seen.iter().all(|seen| seen.body.contains("text")),
                "{skin:?} {body:?}"
            );
            // The next request has a new token, whether or not this one could be sent again.
            let next = Ask::companies(&server.gateway)
                .through(skin, &source, &http)
                .await;
            assert_eq!(next.expect("an answer").0, 200, "{skin:?} {body:?}");
            assert_eq!(server.tokens(), 2, "{skin:?} {body:?}");
        }
    }
}

// Requirement: rfc6750.3.1.no-retry-for-scope
#[tokio::test]
async fn a_missing_scope_is_told_and_the_request_not_sent_again() {
    let cases = [
        ("403 Forbidden", 403, None),
        (SCOPE, 401, Some("c4n4ry:read")),
    ];
    for skin in Skin::ALL {
        for (answer, status, challenged) in cases {
            let server = Server::start(move |_| answer.to_owned()).await;
            let (source, http) = source(&server);
            let outcome = Ask::companies(&server.gateway)
                .through(skin, &source, &http)
                .await;
            let (answered, missing) = outcome.expect("an answer");
            let missing = missing.expect("it says which scope");
            assert_eq!(answered, status, "{skin:?}");
            let operation = missing.operation().expect("it is in the map");
            assert_eq!(operation.to_string(), "GET /v1/companies", "{skin:?}");
            assert_eq!(
                missing.sufficient().next(),
                Some("company:read"),
                "{skin:?}"
            );
            let wanted = missing.challenged().map(ToString::to_string);
            assert_eq!(wanted.as_deref(), challenged, "{skin:?}");
            let told = format!("{missing} {missing:?}");
            assert!(
                told.contains("company:read") && !told.contains("c4n4ry"),
                "{told}"
            );
            assert_eq!((server.seen().len(), server.tokens()), (1, 1), "{skin:?}");
        }
    }
}

#[tokio::test]
async fn a_redirect_takes_no_token_to_another_origin() {
    for skin in Skin::ALL {
        for status in [301, 302, 303, 307, 308] {
            let other = Server::start(|_| UNAUTHORIZED.to_owned()).await;
            let location = format!("{status} Moved\r\nLocation: {}/v1/companies", other.gateway);
            let own = Server::start(move |_| location.clone()).await;
            let (source, http) = source(&own);

            // The workspace's own HTTP client follows nothing.
            let outcome = Ask::companies(&own.gateway)
                .through(skin, &source, &http)
                .await;
            assert_eq!(outcome.expect("an answer").0, status, "{skin:?}");
            assert_eq!(other.seen().len(), 0, "{skin:?} {status}");

            // A program's own may, and leaves the token behind. Nobody blames the token for what is said there.
            let outcome = Ask::companies(&own.gateway)
                .through(skin, &source, &following())
                .await;
            assert_eq!(outcome.expect("an answer").0, 401, "{skin:?}");
            let told: Vec<_> = other.authorizations();
            assert!(
                !told.is_empty() && told.iter().all(Option::is_none),
                "{skin:?}: {told:?}"
            );
            if skin != Skin::Tower {
                assert_eq!((told.len(), own.tokens()), (1, 1), "{skin:?} {status}");
            }
        }
    }
}

#[tokio::test]
async fn nothing_is_sent_again_after_a_redirect() {
    for skin in [Skin::Hooks, Skin::Middleware] {
        let server = Server::start(|seen| {
            let moved = "303 See Other\r\nLocation: /elsewhere";
            if seen.line.ends_with("/elsewhere") {
                UNAUTHORIZED
            } else {
                moved
            }
            .to_owned()
        })
        .await;
        let (source, _) = source(&server);
        let outcome = Ask::companies(&server.gateway)
            .through(skin, &source, &following())
            .await;
        assert_eq!(outcome.expect("an answer").0, 401, "{skin:?}");
        assert_eq!(server.authorizations(), [bearer(1), bearer(1)], "{skin:?}");
        // The refused token is served to nobody else.
        source.token().await.expect("a token");
        assert_eq!(server.tokens(), 2, "{skin:?}");
    }
}

#[tokio::test]
async fn a_failing_token_source_is_an_error_and_nothing_is_sent() {
    for skin in Skin::ALL {
        let server = Server::start(|_| "200 OK".to_owned()).await;
        // A custom gateway's path is below its base, so here the token endpoint answers as the API does.
        let client = client(&format!("{}/below", server.gateway));
        let (source, http) = (client.client_credentials(), client.http().clone());
        let outcome = Ask::companies(&server.gateway)
            .through(skin, &source, &http)
            .await;
        assert_eq!(
            outcome.expect_err("no token"),
            "deviated.no_access_token",
            "{skin:?}"
        );
        let lines: Vec<_> = server.seen().into_iter().map(|seen| seen.line).collect();
        assert_eq!(lines, ["POST /below/auth/oauth2/token"], "{skin:?}");
    }
}
