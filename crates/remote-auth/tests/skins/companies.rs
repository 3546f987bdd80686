//! The skins over one of many companies: as over a source of its own.

use std::sync::Arc;

use remote_auth::companies::{CompanyTokens, MemoryStore};
use remote_auth::{CompanyGrant, CompanyTokenSource};

use super::server::Server;
use super::skin::{Ask, Skin};
use super::{SCOPE, UNAUTHORIZED, bearer, client, refusing_the_first};

/// A company's source, and the HTTP client of the program.
async fn source(server: &Server) -> (CompanyTokenSource, reqwest::Client) {
    let client = client(&server.gateway);
    let tokens = CompanyTokens::builder(&client).store(MemoryStore::new());
    let (environment, client_id) = (client.environment().clone(), client.client_id().clone());
    let grant = CompanyGrant::restore(environment, client_id, "refresh".into());
    let grant = grant.expect("a grant").with_company("company", "admin");
    let source = tokens.build().insert(grant).await.expect("it is kept");
    (source, client.http().clone())
}

#[tokio::test]
async fn a_companys_refused_token_is_renewed_once_and_the_request_sent_once_more() {
    for skin in Skin::ALL {
        let server = Server::start(refusing_the_first).await;
        let (source, http) = source(&server).await;
        for _ in 0..2 {
            let ask = Ask::companies(&server.gateway);
            let outcome = ask.through(skin, &source, &http).await;
            assert_eq!(outcome.expect("an answer").0, 200, "{skin:?}");
        }
        let sent = [bearer(1), bearer(2), bearer(2)];
        assert_eq!(server.authorizations(), sent, "{skin:?}");
        assert_eq!(server.tokens(), 2, "{skin:?}");
    }
}

#[tokio::test]
async fn a_gateway_that_refuses_whatever_a_company_sends_costs_one_renewal() {
    for skin in Skin::ALL {
        let server = Server::start(|_| UNAUTHORIZED.to_owned()).await;
        let (source, http) = source(&server).await;
        for _ in 0..3 {
            let ask = Ask::companies(&server.gateway);
            let outcome = ask.through(skin, &source, &http).await;
            assert_eq!(outcome.expect("an answer").0, 401, "{skin:?}");
        }
        let sent = server.authorizations();
        assert_eq!(sent[..2], [bearer(1), bearer(2)], "{skin:?}");
        assert!(sent[2..].iter().all(|sent| *sent == bearer(2)), "{skin:?}");
        assert_eq!(server.tokens(), 2, "{skin:?}");
    }
}

#[tokio::test]
async fn ten_late_refusals_of_a_companys_token_cause_one_renewal() {
    for skin in Skin::ALL {
        // None of the ten is refused before all ten are sent, so that all carry the first token.
        let server = Arc::new(Server::holding(10, refusing_the_first).await);
        let (source, http) = source(&server).await;
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
        assert_eq!(server.tokens(), 2, "{skin:?}");
    }
}

#[tokio::test]
async fn a_companys_missing_scope_is_told_and_its_token_kept() {
    for skin in Skin::ALL {
        for (answer, status) in [("403 Forbidden", 403), (SCOPE, 401)] {
            let server = Server::start(move |_| answer.to_owned()).await;
            let (source, http) = source(&server).await;
            let ask = Ask::companies(&server.gateway);
            let outcome = ask.through(skin, &source, &http).await;
            let (answered, missing) = outcome.expect("an answer");
            assert_eq!(answered, status, "{skin:?}");
            let missing = missing.expect("it says which scope");
            let operation = missing.operation().expect("it is in the map");
            assert_eq!(operation.to_string(), "GET /v1/companies", "{skin:?}");
            let sufficient = missing.sufficient().next();
            assert_eq!(sufficient, Some("company:read"), "{skin:?}");
            assert_eq!((server.seen().len(), server.tokens()), (1, 1), "{skin:?}");
        }
    }
}

#[tokio::test]
async fn a_companys_token_goes_to_no_other_origin() {
    for skin in Skin::ALL {
        let own = Server::start(|_| "200 OK".to_owned()).await;
        let other = Server::start(|_| "200 OK".to_owned()).await;
        let (source, http) = source(&own).await;
        let ask = Ask::companies(&other.gateway);
        let outcome = ask.through(skin, &source, &http).await;
        let code = outcome.expect_err("nothing is sent");
        assert_eq!(code, "environment.origin", "{skin:?}");
        assert_eq!((other.seen().len(), own.tokens()), (0, 0), "{skin:?}");
    }
}
