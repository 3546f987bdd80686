//! Token sources: ask, and there is a token.
//!
//! [`CachedTokenSource`] keeps one token and renews it:
//!
//! ```text
//!               first call              5 min before the end,
//!                   │                   or half the life if that is less
//!                   ▼                              │
//!    ┌───────┐   request    ┌───────┐              ▼           ┌─────────┐
//!    │ empty │─────────────►│ fresh │──────────► ageing ──────►│ expired │
//!    └───────┘              └───────┘          served, and     └─────────┘
//!        ▲                      ▲              renewed behind       │ callers wait
//!        │ invalidate           └─────────────────┬─────────────────┘ for one request
//!        │ from fresh or ageing                   │
//!                                                 │ it fails
//!                                                 ▼
//!       a living token is served, and else the one error is everybody's, until the pause is over:
//!
//!    transient            the server's own wish, or 1 s doubling to 1 min
//!    `invalid_client`     the client's breaker: all its sources, one probe after 1 min, doubling to 15 min
//!    `invalid_grant`      the store is read again first; then 5 min doubling to 1 h, and consent is needed
//!    refused otherwise    30 s doubling to 15 min
//! ```
//!
//! * However many callers wait, one request is made, and all of them share its success or its failure.
//! * The request is a task of its own: a caller that is dropped loses nothing and spoils nothing.
//! * A failed early renewal is nobody's error while the token lives.
//! * After a failure nothing is sent for a while; who asks in that time gets the same error at once.
//! * A result that was on its way when the token was invalidated is not served.
//! * A gateway that refuses every token costs one request in 30 s, not one for each call.
//! * A fresh token is served from a copy that each thread keeps, without a lock and without an allocation.
//! * No task runs between renewals; the one of a renewal ends with its runtime, and with the last handle.

pub(crate) mod breaker;
mod engine;
pub(crate) mod flight;
mod local;
mod machine;
pub(crate) mod mint;
pub(crate) mod policy;
#[cfg(test)]
mod scripted;
mod telemetry;

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use reqwest::header::HeaderValue;

use crate::client::Client;
use crate::environment::Environment;
use crate::error::Error;
use crate::secret::RefreshToken;
use crate::token::Token;

use engine::{Engine, Owner};
use mint::Mint;
pub use mint::{ReadFuture, RefreshTokenReader};
pub use telemetry::{SourceEvent, SourceEvents};

/// The future of [`TokenSource::token`].
pub type TokenFuture<'a> = Pin<Box<dyn Future<Output = Result<Token, Error>> + Send + 'a>>;

/// Gives a token that can be used now.
///
/// This is what a program hands around; `BearerMiddleware` takes any.
pub trait TokenSource: fmt::Debug + Send + Sync + 'static {
    /// Returns a token, asking for one if need be.
    ///
    /// # Cancel safety
    ///
    /// Safe in the sources of this crate: dropping the future neither loses nor repeats a request.
    fn token(&self) -> TokenFuture<'_>;

    /// Says that the gateway refused a token, so that it is not served again.
    ///
    /// Does nothing if a newer token is there already: ten late refusals of one token cause one renewal.
    /// Nor if the token came less than 30 s ago in the place of another refused one: the gateway refuses whatever it
    /// is sent, and its answer says more than a request for one more token would.
    fn invalidate(&self, seen: &Token);

    /// Returns the environment whose tokens these are.
    fn environment(&self) -> &Environment;
}

/// Keeps one token and renews it. Cheap to clone; clones share the token.
///
/// Made by [`Client::client_credentials`], [`Client::company`] and [`Client::assertion`].
/// When the last clone is dropped, a renewal that is on its way is stopped.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # use remote_auth::{Client, Environment};
/// use remote_auth::source::SourceEvent;
/// # let server = remote_auth_sandbox::Sandbox::builder().start().await?;
/// # let gateway = server.gateway_url(remote_auth_sandbox::Gateway::Sandbox);
/// # let client = Client::builder(Environment::custom(gateway)?)
/// #     .credentials(server.client_id(), server.client_secret().clone()).build()?;
/// let source = client.client_credentials();
/// let mut events = source.events();
/// let header = source.authorization().await?;
/// assert!(header.is_sensitive());
/// assert!(matches!(events.next().await, Some(SourceEvent::Obtained { generation: 1, .. })));
/// # Ok(())
/// # }
/// ```
// Requirement: remote.token.cached
#[derive(Clone)]
pub struct CachedTokenSource(Arc<Owner>);

impl CachedTokenSource {
    pub(crate) fn new(client: &Client, mint: impl Mint, first: Option<Token>) -> Self {
        let (environment, clock) = (client.environment().clone(), client.clock());
        let engine = Engine::new(environment, clock, Box::new(mint), client.breaker(), first);
        Self(Arc::new(Owner(Arc::new(engine))))
    }

    fn engine(&self) -> &Arc<Engine> {
        &self.0.0
    }

    /// Returns a token that can be used now.
    ///
    /// # Cancel safety
    ///
    /// Safe: the request goes on without its caller, and its result is kept.
    ///
    /// # Errors
    ///
    /// Whatever the one request for the token came to, shared by all who waited for it; for a while after a failure
    /// the same error again, without a request.
    pub async fn token(&self) -> Result<Token, Error> {
        self.engine().lend(Token::clone).await
    }

    /// Returns a token that lives at least so long, as far as there is one.
    ///
    /// For work that takes long and cannot be repeated. A request that is sent at once needs [`token`](Self::token).
    ///
    /// # Units and limits
    ///
    /// If the token's life is shorter, a new one is asked for and waited for.
    /// What there is then is returned even if it lives shorter than asked: the server mints no longer ones.
    /// A token that came less than 30 s ago is returned as it is, so that a wish that no server fulfils costs one
    /// request in 30 s and not one for each call.
    /// If the request fails while the token lives, that token is returned.
    ///
    /// # Cancel safety
    ///
    /// Safe, as [`token`](Self::token) is.
    ///
    /// # Errors
    ///
    /// Those of [`token`](Self::token), and only when no token lives.
    pub async fn token_with_min_ttl(&self, min_ttl: Duration) -> Result<Token, Error> {
        self.engine().call(min_ttl).await
    }

    /// Returns the value of an `Authorization` header, prepared and marked sensitive.
    ///
    /// The value fits requests to this source's [environment](TokenSource::environment) and no others;
    /// [`Token::authorize`] looks where a request goes.
    /// While the token is fresh this takes no lock and allocates nothing.
    ///
    /// # Cancel safety
    ///
    /// Safe, as [`token`](Self::token) is.
    ///
    /// # Errors
    ///
    /// Those of [`token`](Self::token).
    pub async fn authorization(&self) -> Result<HeaderValue, Error> {
        self.engine().lend(Token::header).await
    }

    /// Lends the value of an `Authorization` header: as [`authorization`](Self::authorization), without the clone.
    ///
    /// # Cancel safety
    ///
    /// Safe: `borrower` runs once, when the value is there, or not at all.
    ///
    /// # Errors
    ///
    /// Those of [`token`](Self::token).
    pub async fn with_authorization<R>(
        &self,
        borrower: impl FnOnce(&HeaderValue) -> R,
    ) -> Result<R, Error> {
        self.engine()
            .lend(|token| borrower(token.header_ref()))
            .await
    }

    /// Says that the gateway refused a token; see [`TokenSource::invalidate`].
    pub fn invalidate(&self, seen: &Token) {
        self.engine().invalidate(seen);
    }

    /// Forgets failures, so that the next call that needs a token asks for one: somebody has mended what was wrong.
    ///
    /// Closes the breaker for every source of the same client.
    /// A client that is built anew, with a secret that was reloaded, starts with a closed breaker anyway.
    pub fn reset(&self) {
        self.engine().reset();
    }

    /// Tells from now on what happens to the token.
    pub fn events(&self) -> SourceEvents {
        self.engine().events()
    }

    /// Returns the refresh token as it is now, which a server may have replaced since the grant; to be kept.
    ///
    /// `None` for sources that have none. [`SourceEvent::Rotated`] says when to look.
    pub fn refresh_token(&self) -> Option<RefreshToken> {
        self.engine().refresh_token()
    }
}

impl TokenSource for CachedTokenSource {
    fn token(&self) -> TokenFuture<'_> {
        Box::pin(Self::token(self))
    }

    fn invalidate(&self, seen: &Token) {
        Self::invalidate(self, seen);
    }

    fn environment(&self) -> &Environment {
        self.engine().environment()
    }
}

impl fmt::Debug for CachedTokenSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.engine().fmt(f)
    }
}

/// Gives the same token for ever: a customer API token.
///
/// Made by [`CustomerApiToken::source`](crate::CustomerApiToken::source).
#[derive(Clone, Debug)]
pub struct FixedTokenSource(Token);

impl FixedTokenSource {
    pub(crate) fn new(token: Token) -> Self {
        Self(token)
    }

    /// Returns the token.
    ///
    /// # Errors
    ///
    /// None; the result is there so that all sources read alike.
    pub async fn token(&self) -> Result<Token, Error> {
        Ok(self.0.clone())
    }
}

impl TokenSource for FixedTokenSource {
    fn token(&self) -> TokenFuture<'_> {
        Box::pin(Self::token(self))
    }

    /// Does nothing: there is no other token to be had.
    fn invalidate(&self, _: &Token) {}

    fn environment(&self) -> &Environment {
        self.0.environment()
    }
}
