//! Token sources: ask, and there is a token.
//!
//! [`CachedTokenSource`] keeps one token and renews it:
//!
//! ```text
//!             first call                 5 min before the end,
//!                 │                      or half the life if that is less
//!                 ▼                                 │
//!  ┌───────┐  request  ┌───────┐                    ▼              ┌────────┐
//!  │ empty │──────────►│ fresh │──────────────► ageing ───────────►│expired │
//!  └───────┘           └───────┘                served, and        └────────┘
//!      ▲                   ▲                    renewed behind          │ callers wait
//!      │ invalidate        └────────────────────────┴───────────────────┘ for one request
//! ```
//!
//! * However many callers wait, one request is made, and all of them share its success or its failure.
//! * The request is a task of its own: a caller that is dropped loses nothing and spoils nothing.
//! * A failed early renewal is nobody's error while the token lives.
//! * After a failure nothing is sent for a while; who asks in that time gets the same error at once.
//! * A result that was on its way when the token was invalidated is not served.

mod engine;
pub(crate) mod mint;

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;

use crate::client::Client;
use crate::environment::Environment;
use crate::error::Error;
use crate::secret::RefreshToken;
use crate::token::Token;

use engine::Engine;
use mint::Mint;

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
    fn invalidate(&self, seen: &Token);

    /// Returns the environment whose tokens these are.
    fn environment(&self) -> &Environment;
}

/// Keeps one token and renews it. Cheap to clone; clones share the token.
///
/// Made by [`Client::client_credentials`], [`Client::company`] and [`Client::assertion`].
// Requirement: remote.token.cached
#[derive(Clone)]
pub struct CachedTokenSource(Arc<Engine>);

impl CachedTokenSource {
    pub(crate) fn new(client: &Client, mint: impl Mint, first: Option<Token>) -> Self {
        let (environment, clock) = (client.environment().clone(), client.clock());
        Self(Arc::new(Engine::new(
            environment,
            clock,
            Box::new(mint),
            first,
        )))
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
        self.0.token().await
    }

    /// Says that the gateway refused a token; see [`TokenSource::invalidate`].
    pub fn invalidate(&self, seen: &Token) {
        self.0.invalidate(seen);
    }

    /// Returns the refresh token as it is now, which a server may have replaced since the grant; to be kept.
    ///
    /// `None` for sources that have none.
    pub fn refresh_token(&self) -> Option<RefreshToken> {
        self.0.refresh_token()
    }
}

impl TokenSource for CachedTokenSource {
    fn token(&self) -> TokenFuture<'_> {
        Box::pin(self.0.token())
    }

    fn invalidate(&self, seen: &Token) {
        self.0.invalidate(seen);
    }

    fn environment(&self) -> &Environment {
        self.0.environment()
    }
}

impl fmt::Debug for CachedTokenSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
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
