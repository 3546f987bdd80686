//! Remote, and every server that knows the RFCs: a form, and HTTP Basic except where an assertion vouches.

use remote_oauth_client::types::TokenRequest;
use remote_oauth_client::{Client as WireClient, ClientAuth};

use super::Proof;
use crate::error::verdict::judge;
use crate::error::{Error, Step};
use crate::grant::Answer;
use crate::secret::{ClientId, ClientSecret};

pub(crate) struct Dialect {
    auth: ClientAuth,
    assertion_auth: ClientAuth,
}

impl Dialect {
    pub(super) fn new(client_id: &ClientId, secret: &ClientSecret, proof: Proof) -> Self {
        let auth = ClientAuth::basic(client_id.as_str(), secret.wire(), proof.encoding);
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
    ) -> Result<Answer, Error> {
        let auth = if step == Step::JwtBearer {
            &self.assertion_auth
        } else {
            &self.auth
        };
        let wire = WireClient::new_with_client(gateway, http.clone(), auth.clone());
        Answer::judge(step, judge(step, wire.request_token(request).await)?)
    }
}
