//! The skin for the generated clients.

use std::error::Error as StdError;

use remote_oauth_client::{Answered, BearerFuture, BearerSource};
use reqwest::header::HeaderValue;
use url::Url;

use super::Skin;
use super::decide::{self, After, AnsweredBy};
use crate::source::TokenSource;

/// Drives a generated client with a source's tokens, by the rules of [this module](super).
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # use remote_auth::{Client, Environment};
/// # let server = remote_auth_sandbox::Sandbox::start().await?;
/// # let environment = Environment::custom(server.gateway_url(remote_auth_sandbox::Gateway::Sandbox))?;
/// # let client = Client::builder(environment.clone()).credentials(server.client_id(), server.client_secret().clone()).build()?;
/// use remote_auth::bearer::BearerHooks;
/// use remote_oauth_client::{BearerAuth, platform};
///
/// let auth = BearerAuth::from_source(BearerHooks::new(client.client_credentials()));
/// let base = format!("{}{}", environment.gateway(), platform::endpoints::PREFIX);
/// let platform = platform::Client::new_with_client(&base, client.http().clone(), auth);
/// platform.list_companies(None).await?; // asks for a token, and for another where that one is refused
/// # Ok(())
/// # }
/// ```
///
/// # Errors
///
/// An [`Error`](crate::Error) of this crate arrives as the source of `remote_oauth_client::Error::NoToken`, from which
/// `downcast_ref` gets it back. After 403 [`MissingScope::of`](super::MissingScope::of) takes the error's headers.
///
/// # Cancel safety
///
/// A call that is dropped may have been served; a renewal that it caused goes on without it, and is not lost.
#[derive(Clone, Debug)]
pub struct BearerHooks(Skin);

impl BearerHooks {
    /// Takes the source.
    pub fn new(source: impl TokenSource) -> Self {
        Self(Skin::new(source))
    }
}

impl BearerSource for BearerHooks {
    fn authorization<'a>(
        &'a self,
        to: &'a Url,
    ) -> BearerFuture<'a, Result<HeaderValue, Box<dyn StdError + Send + Sync>>> {
        Box::pin(async {
            let token = self.0.token_for(Some(to), false).await?;
            let token =
                token.expect("a request without a header of its own gets one or is refused");
            Ok(token.header())
        })
    }

    fn after<'a>(&'a self, answer: Answered<'a>) -> BearerFuture<'a, Option<HeaderValue>> {
        Box::pin(async move {
            let by = AnsweredBy::compare(answer.asked, answer.by);
            let decided = decide::after(by, answer.status, answer.headers, answer.has_copy);
            if !matches!(decided, After::Resend | After::Invalidate) {
                return None;
            }
            // The hooks know the header that was sent and not its token. If the source has another by now, a refusal
            // of the same one came earlier.
            let now = self.0.0.token().await.ok()?;
            if now.header() != answer.sent {
                return (decided == After::Resend).then(|| now.header());
            }
            if decided == After::Invalidate {
                self.0.invalidate(&now);
                return None;
            }
            Some(self.0.newer_than(&now).await?.header())
        })
    }
}
