//! Client for the token endpoint of GOGOX.
//!
//! It has one grant, client credentials, and takes them in a JSON body; no `Authorization` header is sent.
//! GOGOX documents the request and two members of the answer.
//! The other members were seen in other people's code, and the errors are inferred; the description below `spec/`
//! says which is which.
//! GOGOX gives the base address together with the credentials.

pub use crate::generated::gogox::{Client, types};
pub use crate::generated::gogox_endpoints as endpoints;

/// The inferred errors are the RFC's, which are one of the two forms that Remote has.
impl From<types::ErrorResponse> for crate::types::ErrorResponse {
    fn from(error: types::ErrorResponse) -> Self {
        Self {
            error: error.error,
            error_description: error.error_description,
            ..Self::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Client, types};
    use crate::test_support::{Reply, served};
    use crate::{Error, Secret};

    fn request() -> types::TokenRequest {
        types::TokenRequest {
            client_id: "id".to_owned(),
            client_secret: Secret::from("canary"),
            grant_type: types::TokenRequestGrantType::ClientCredentials,
        }
    }

    // Requirement: gogox-guide.token.json-body, gogox-guide.token.no-basic, gogox-guide.token.path
    #[tokio::test]
    async fn the_credentials_go_in_a_json_body_and_nowhere_else() {
        let token = json!({ "access_token": "canary", "token_type": "Bearer", "expires_in": 7200, "created_at": 1_614_249_382 });
        let (answer, seen) = served(Reply::json(200, &token), async |base, http| {
            Client::new_with_client(&base, http)
                .request_token(&request())
                .await
        })
        .await;
        assert_eq!(seen.line, "POST /oauth/token HTTP/1.1");
        assert_eq!(seen.header("authorization"), None);
        assert_eq!(seen.header("content-type"), Some("application/json"));
        let wanted = json!({ "client_id": "id", "client_secret": "canary", "grant_type": "client_credentials" });
        assert_eq!(seen.body, wanted);

        let answer = answer.expect("it is read");
        assert!(!format!("{answer:?}").contains("canary"), "{answer:?}");
        let answer = answer.into_inner();
        let created_at = answer.created_at.map(crate::CreatedAt::as_unix_secs);
        assert_eq!(created_at, Some(1_614_249_382));
        assert_eq!(answer.expires_in.map(crate::ExpiresIn::as_secs), Some(7200));
    }

    #[tokio::test]
    async fn an_error_becomes_the_common_one() {
        let body = json!({ "error": "invalid_client", "error_description": "canary" });
        let (answer, _) = served(Reply::json(401, &body), async |base, http| {
            Client::new_with_client(&base, http)
                .request_token(&request())
                .await
        })
        .await;
        let error = answer.expect_err("it is refused");
        assert!(!format!("{error} {error:?}").contains("canary"));
        let error: Error<crate::types::ErrorResponse> = error.map(Into::into);
        assert_eq!(error.rate_limit(), None);
        let Error::ErrorResponse(response) = error else {
            panic!("it is not read as an error")
        };
        let code = response.into_inner().error;
        assert_eq!(
            code.as_ref().and_then(crate::Foreign::text),
            Some("invalid_client")
        );
    }
}
