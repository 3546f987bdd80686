//! Client for the operations of Remote's platform that authentication touches.
//!
//! Generated from our own description of them: whose token is this, companies and their tokens, links that sign a
//! person in, the subjects of assertions, webhook callbacks.
//! What to ask when is decided in the crate `remote-auth`.
//!
//! The base address carries the prefix, which Remote has changed over time: [`endpoints::PREFIX`] is the published
//! one, [`endpoints::PREFIXES`] has them all.
//! A client is made for one token and is cheap to make; the HTTP client below it is shared.
//!
//! ```
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use remote_oauth_client::platform::{Client, endpoints};
//! use remote_oauth_client::{BearerAuth, ClientInfo, Secret, transport};
//!
//! let gateway = endpoints::SERVERS[1].url;
//! let http = transport::http_client(&gateway.parse()?, &transport::Timeouts::default())?;
//! let auth = BearerAuth::token(&Secret::from("my-access-token")).ok_or("this is no token")?;
//! let client = Client::new_with_client(&format!("{gateway}{}", endpoints::PREFIX), http, auth);
//! assert_eq!(client.baseurl(), "https://gateway.remote-sandbox.com/v1");
//! assert!(!format!("{client:?}").contains("my-access-token"));
//! # Ok(())
//! # }
//! ```

pub use crate::generated::platform::{Client, types};
pub use crate::generated::platform_endpoints as endpoints;

/// The platform's errors have the same members as those of the token endpoint, which one gateway serves too.
impl From<types::ErrorResponse> for crate::types::ErrorResponse {
    fn from(error: types::ErrorResponse) -> Self {
        // Two steps, so that a member which the other document may yet get needs no edit here.
        let words = Self {
            error: error.error,
            error_description: error.error_description,
            ..Self::default()
        };
        Self {
            message: error.message,
            errors: error.errors,
            ..words
        }
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;
    use std::time::Duration;

    use serde_json::json;

    use super::endpoints::PREFIX;
    use super::{Client, types};
    use crate::test_support::{Reply, Seen, served};
    use crate::{BearerAuth, Error, Secret};

    fn client(base: &str, http: reqwest::Client) -> Client {
        let auth = BearerAuth::token(&Secret::from("canary")).expect("it is a token");
        Client::new_with_client(&format!("{base}{PREFIX}"), http, auth)
    }

    fn assert_carries_the_token(seen: &Seen) {
        assert_eq!(seen.header("authorization"), Some("Bearer canary"));
        assert_eq!(seen.header("api-version"), None, "nobody asks for it");
    }

    #[tokio::test]
    async fn the_identity_is_read_for_every_kind_of_token_and_either_status() {
        let partner = json!({ "client_id": "c", "integration": { "name": "n" } });
        let company = json!({ "client_id": "c", "company": { "id": "i" }, "user": { "id": "u", "email": null } });
        let customer =
            json!({ "company": { "id": "i", "new": [1] }, "user": { "id": "u" }, "new": {} });
        for (status, data, has) in [
            (201, partner, [true, false, false]),
            (200, company, [true, true, true]),
            (201, customer, [false, true, true]),
        ] {
            let reply = Reply::json(status, &json!({ "data": data }));
            let (answer, seen) = served(reply, async |base, http| {
                client(&base, http).get_current_identity().await
            })
            .await;
            let identity = answer.expect("it is read").into_inner().data;
            let identity = identity.expect("there is an identity");
            let found = [
                identity.client_id.is_some(),
                identity.company.is_some(),
                identity.user.is_some(),
            ];
            assert_eq!(found, has, "{data}");
            assert_eq!(seen.line, "GET /v1/identity/current HTTP/1.1");
            assert_carries_the_token(&seen);
        }
    }

    // Requirement: remote.company.shortcut-answer
    #[tokio::test]
    async fn a_created_company_brings_tokens_that_are_not_shown() {
        let tokens = json!({ "access_token": "canary-a", "refresh_token": "canary-r", "expires_in": "3600" });
        let reply = Reply::json(
            201,
            &json!({ "data": { "company": { "id": "i" }, "tokens": tokens } }),
        );
        let body = types::CreateCompanyRequest {
            name: "Name".to_owned(),
            country_code: "PRT".to_owned(),
            desired_currency: "EUR".to_owned(),
            company_owner_name: "Owner".to_owned(),
            company_owner_email: "owner@example.com".to_owned(),
            terms_of_service_accepted_at: "2026-01-01T00:00:00Z".to_owned(),
            external_id: None,
            phone_number: None,
            registration_number: None,
            tax_number: None,
            email_domain: None,
        };
        let (answer, seen) = served(reply, async |base, http| {
            let action = Some("get_oauth_access_tokens");
            let scope = Some("timeoff:read timeoff:write");
            client(&base, http)
                .create_company(action, scope, &body)
                .await
        })
        .await;
        let answer = answer.expect("it is read");
        assert!(!format!("{answer:?}").contains("canary"), "{answer:?}");
        let data = answer.into_inner().data.expect("there is data");
        let tokens = data.tokens.expect("there are tokens");
        let wanted = Secret::from("canary-r");
        assert!(tokens.refresh_token.expect("it is there").same_as(&wanted));
        assert_eq!(tokens.expires_in.expect("it is there").as_secs(), 3600);
        let query = "action=get_oauth_access_tokens&scope=timeoff%3Aread+timeoff%3Awrite";
        assert_eq!(seen.line, format!("POST /v1/companies?{query} HTTP/1.1"));
        assert_eq!(seen.header("content-type"), Some("application/json"));
        assert_eq!(seen.body["company_owner_email"], "owner@example.com");
        assert_carries_the_token(&seen);
    }

    #[tokio::test]
    async fn an_identifier_cannot_leave_its_place_in_the_path() {
        for (id, segment) in [
            ("663e0b79-c893", "663e0b79-c893"),
            ("../a?b#c/d", "..%2Fa%3Fb%23c%2Fd"),
            ("..", "..%20"),
            (".", ".%20"),
            ("%2e%2e", "%252e%252e"),
            ("..\\..\\a", "..%5C..%5Ca"),
            ("", ""),
        ] {
            let reply = Reply::json(200, &json!({ "access_token": "canary", "expires_in": 1 }));
            let (answer, seen) = served(reply, async |base, http| {
                client(&base, http).create_company_token(id, None).await
            })
            .await;
            let wanted = format!("POST /v1/companies/{segment}/create-token HTTP/1.1");
            assert_eq!(seen.line, wanted, "{id:?}");
            assert!(
                answer
                    .expect("it is read")
                    .into_inner()
                    .access_token
                    .is_some()
            );
        }
    }

    #[tokio::test]
    async fn a_magic_link_names_one_person_and_is_a_secret() {
        let cases = [
            (
                types::MagicLinkRequest::User {
                    user_id: "u".to_owned(),
                    path: Some("/dashboard".to_owned()),
                },
                json!({ "user_id": "u", "path": "/dashboard" }),
            ),
            (
                types::MagicLinkRequest::Employment {
                    employment_id: "e".to_owned(),
                    path: None,
                },
                json!({ "employment_id": "e" }),
            ),
        ];
        for (body, wanted) in cases {
            let reply = Reply::json(200, &json!({ "data": { "url": "https://canary.example" } }));
            let (answer, seen) = served(reply, async |base, http| {
                client(&base, http).create_magic_link(&body).await
            })
            .await;
            assert_eq!(seen.body, wanted);
            let answer = answer.expect("it is read");
            assert!(!format!("{answer:?}").contains("canary"), "{answer:?}");
            assert!(answer.into_inner().data.expect("data").url.is_some());
        }
    }

    // Requirement: remote.magic-link.one-person
    #[test]
    fn a_magic_link_for_two_people_or_none_is_no_request() {
        for (body, good) in [
            (json!({ "user_id": "u" }), true),
            (json!({ "employment_id": "e", "path": "/dashboard" }), true),
            (json!({ "user_id": "u", "employment_id": "e" }), false),
            (json!({ "path": "/dashboard" }), false),
            (json!({ "user_id": "u", "extra": 1 }), false),
        ] {
            let read = serde_json::from_value::<types::MagicLinkRequest>(body.clone());
            assert_eq!(read.is_ok(), good, "{body}");
        }
    }

    #[tokio::test]
    async fn companies_are_read_below_data_and_at_the_top() {
        let companies = json!({ "companies": [{ "id": "i", "external_id": null }] });
        for body in [json!({ "data": companies }), companies.clone()] {
            let reply = Reply::json(200, &body);
            let (answer, _) = served(reply, async |base, http| {
                client(&base, http).list_companies(None).await
            })
            .await;
            let answer = answer.expect("it is read").into_inner();
            let below = answer.data.map(|data| data.companies).unwrap_or_default();
            assert_eq!(below.len() + answer.companies.len(), 1, "{body}");
        }
    }

    #[tokio::test]
    async fn only_parameters_with_a_value_are_sent() {
        let reply = Reply::json(200, &json!({ "data": { "employments": [] } }));
        let (answer, seen) = served(reply, async |base, http| {
            let one = NonZeroU32::new(1);
            client(&base, http)
                .list_employments(None, None, None, one, None)
                .await
        })
        .await;
        answer.expect("it is read");
        assert_eq!(seen.line, "GET /v1/employments?page_size=1 HTTP/1.1");
    }

    #[tokio::test]
    async fn every_error_form_is_read_with_its_rate_limit_and_becomes_the_common_one() {
        let object = json!({ "code": "canary", "message": "canary" });
        for (status, body, text) in [
            (400, json!({ "message": object }), None),
            (
                401,
                json!({ "message": "Unauthorized" }),
                Some("Unauthorized"),
            ),
            (403, json!({ "message": "Forbidden" }), Some("Forbidden")),
            (
                404,
                json!({ "message": "Company not found" }),
                Some("Company not found"),
            ),
            (409, json!({ "message": object }), None),
            (422, json!({ "errors": { "name": ["canary"] } }), None),
            (422, json!({ "message": [object] }), None),
            (429, json!({ "errors": { "detail": "canary" } }), None),
        ] {
            let reply = Reply::json(status, &body)
                .with("x-ratelimit-count: 250")
                .with("x-ratelimit-remaining: 0")
                .with("x-ratelimit-reset: 12043");
            let (answer, _) = served(reply, async |base, http| {
                client(&base, http).delete_webhook_callback("w").await
            })
            .await;
            let error = answer.expect_err("it is refused");
            assert!(!format!("{error} {error:?}").contains("canary"), "{error}");
            let error: Error<crate::types::ErrorResponse> = error.map(Into::into);
            assert_eq!(error.status().map(|status| status.as_u16()), Some(status));
            let limit = error.rate_limit().expect("it is stated");
            assert_eq!(limit.reset, Duration::from_millis(12_043));
            let Error::ErrorResponse(response) = error else {
                panic!("{body} is not read as an error")
            };
            let found = response.into_inner();
            assert_eq!(found.message.is_some(), body.get("message").is_some());
            assert_eq!(found.errors.is_some(), body.get("errors").is_some());
            let shown = found.message.as_ref().and_then(crate::Foreign::text);
            assert_eq!(shown, text, "{body}");
        }
    }

    #[tokio::test]
    async fn the_signing_key_of_a_webhook_callback_is_a_secret() {
        let callback = json!({ "id": "w", "signing_key": "canary" });
        let reply = Reply::json(200, &json!({ "data": { "webhook_callback": callback } }));
        let body = types::CreateWebhookCallbackRequest {
            url: "https://hooks.example".to_owned(),
            subscribed_events: vec!["company.archived".to_owned()],
            subscribe_to_all_events: None,
        };
        let (answer, seen) = served(reply, async |base, http| {
            client(&base, http).create_webhook_callback(&body).await
        })
        .await;
        let wanted =
            json!({ "url": "https://hooks.example", "subscribed_events": ["company.archived"] });
        assert_eq!(seen.body, wanted);
        let answer = answer.expect("it is read");
        assert!(!format!("{answer:?}").contains("canary"), "{answer:?}");
        let callback = answer
            .into_inner()
            .data
            .and_then(|data| data.webhook_callback);
        assert!(callback.expect("it is there").signing_key.is_some());
    }
}
