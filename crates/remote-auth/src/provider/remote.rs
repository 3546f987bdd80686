//! Remote, and every server that knows the RFCs: a form, and HTTP Basic except where an assertion vouches.

use remote_oauth_client::types::TokenRequest;
use remote_oauth_client::{Client as WireClient, ClientAuth};

use super::{Exchanged, Proof, date};
use crate::error::Step;
use crate::error::verdict::judge;
use crate::grant::Answer;
use crate::secret::{ClientId, ClientSecret};

pub(crate) struct Dialect {
    auth: ClientAuth,
    assertion_auth: ClientAuth,
}

impl Dialect {
    pub(super) fn new(client_id: &ClientId, secret: &ClientSecret, proof: Proof) -> Self {
        // Requirement: rfc6749.3.2.1.authenticated
        let auth = ClientAuth::basic(client_id.as_str(), secret.wire(), proof.encoding);
        // Requirement: remote.assertion.no-basic
        let assertion_auth = if proof.with_assertions {
            auth.clone()
        } else {
            ClientAuth::none()
        };
        Self {
            auth,
            assertion_auth,
        }
    }

    pub(super) async fn exchange(
        &self,
        http: &reqwest::Client,
        gateway: &str,
        step: Step,
        request: &TokenRequest,
    ) -> Exchanged {
        // Requirement: remote.token.basic, rfc6749.2.3.one-method
        let auth = if step == Step::JwtBearer {
            &self.assertion_auth
        } else {
            // Requirement: rfc6749.6.authenticated
            &self.auth
        };
        let wire = WireClient::new_with_client(gateway, http.clone(), auth.clone());
        // Requirement: rfc6749.3.2.post
        let answer = wire.request_token(request).await;
        Exchanged {
            date: date(&answer),
            judged: judge(step, answer).and_then(|response| Answer::judge(step, response)),
        }
    }
}
