//! The glue between a request as a value and an answer as a value: the only place that sends.

use remote_oauth_client::types::TokenRequest;
use remote_oauth_client::{Client as WireClient, ClientAuth};

use crate::environment::Environment;
use crate::error::verdict::judge;
use crate::error::{Error, Step};
use crate::grant::Answer;

/// Sends one token request, once, and judges what comes back.
///
/// Never repeats: whether that is safe depends on what the request spends, and the caller knows.
pub(crate) async fn exchange(
    http: &reqwest::Client,
    environment: &Environment,
    step: Step,
    auth: ClientAuth,
    request: &TokenRequest,
) -> Result<Answer, Error> {
    let wire = WireClient::new_with_client(environment.gateway().as_str(), http.clone(), auth);
    let response = judge(step, wire.request_token(request).await)?;
    Answer::judge(step, response)
}
