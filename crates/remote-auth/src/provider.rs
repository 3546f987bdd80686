//! The seam between providers: where the token endpoint is, how the client authenticates, how the body is written,
//! what an answer looks like.
//!
//! Everything above it (caching, errors, bearers) is one and the same; everything below it is generated.
//! Remote is the provider unless an environment says otherwise.

mod gogox;
mod remote;

use std::time::SystemTime;

use remote_oauth_client::types::TokenRequest;
use remote_oauth_client::{BasicEncoding, Error as WireError, ResponseValue, endpoints};
use reqwest::header::DATE;

use crate::error::{Error, Misuse, Step};
use crate::grant::Answer;
use crate::secret::{ClientId, ClientSecret};
use crate::skew;
use crate::token::Moment;

/// Names who runs the authorization server.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Provider {
    /// Remote, and servers that follow the RFCs as it does: four grants, a form, HTTP Basic.
    #[default]
    Remote,
    /// GOGOX: client credentials only, in a JSON body.
    ///
    /// Documented are the request and two members of the answer; the other members were seen in other people's code,
    /// and the errors are inferred to be the RFC's.
    Gogox,
}

impl Provider {
    /// Returns the name for flags: `remote` or `gogox`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Remote => "remote",
            Self::Gogox => "gogox",
        }
    }

    /// Returns the path of the token endpoint.
    pub(crate) fn token_path(self) -> &'static str {
        match self {
            Self::Remote => endpoints::TOKEN_PATH,
            // Requirement: gogox-guide.token.path
            Self::Gogox => remote_oauth_client::gogox::endpoints::TOKEN_PATH,
        }
    }

    /// Refuses a step that the provider does not have, before anything is sent.
    pub(crate) fn offers(self, step: Step) -> Result<(), Error> {
        match (self, step) {
            (Self::Remote, _) | (Self::Gogox, Step::ClientCredentials) => Ok(()),
            // Requirement: gogox-guide.token.client-credentials-only
            (Self::Gogox, _) => Err(Misuse::GrantNotOffered.into()),
        }
    }
}

/// How one client speaks to its provider's token endpoint.
pub(crate) enum Dialect {
    Remote(remote::Dialect),
    Gogox(gogox::Dialect),
}

/// How a client proves itself where there is a choice.
#[derive(Clone, Copy)]
pub(crate) struct Proof {
    pub(crate) encoding: BasicEncoding,
    pub(crate) with_assertions: bool,
}

/// What one exchange came to.
pub(crate) struct Exchanged {
    pub(crate) judged: Result<Answer, Error>,
    /// When the answer was made, by the clock of whoever made it.
    pub(crate) date: Option<SystemTime>,
}

impl From<Error> for Exchanged {
    /// Nothing was sent.
    fn from(error: Error) -> Self {
        Self {
            judged: Err(error),
            date: None,
        }
    }
}

/// Reads the `Date` field of an answer.
fn date<T, E>(answer: &Result<ResponseValue<T>, WireError<E>>) -> Option<SystemTime> {
    let headers = match answer {
        Ok(response) => response.headers(),
        Err(error) => error.headers()?,
    };
    skew::read_date(headers.get(DATE)?.to_str().ok()?)
}

impl Dialect {
    pub(crate) fn new(
        provider: Provider,
        client_id: &ClientId,
        secret: &ClientSecret,
        proof: Proof,
    ) -> Self {
        match provider {
            Provider::Remote => Self::Remote(remote::Dialect::new(client_id, secret, proof)),
            Provider::Gogox => Self::Gogox(gogox::Dialect::new(client_id, secret)),
        }
    }

    /// Sends one token request, once, and judges what comes back.
    ///
    /// Never repeats: whether that is safe depends on what the request spends, and the caller knows.
    pub(crate) async fn exchange(
        &self,
        http: &reqwest::Client,
        gateway: &str,
        step: Step,
        request: &TokenRequest,
        sent: Moment,
    ) -> Exchanged {
        match self {
            Self::Remote(dialect) => dialect.exchange(http, gateway, step, request).await,
            Self::Gogox(dialect) => match Provider::Gogox.offers(step) {
                Ok(()) => dialect.exchange(http, gateway, sent).await,
                Err(misuse) => misuse.into(),
            },
        }
    }
}
