//! Attaching tokens to requests, and only to those that they are meant for.
//!
//! [`Token::authorize`](crate::Token::authorize) does it for one request. A skin does it for every request of a client,
//! with any [`TokenSource`]:
//!
//! | skin | carries | feature |
//! |---|---|---|
//! | [`BearerHooks`] | the requests of the generated clients, `remote_oauth_client::platform::Client` | |
//! | `BearerMiddleware` | the requests of `reqwest-middleware` | `middleware` |
//! | `BearerLayer` | the requests of a `tower` service, `http::Request<B>` | `tower` |
//!
//! All decide alike, because one pure function decides for them:
//!
//! * A request to another origin than the source's gateway is refused with `environment.origin`, before a token is asked
//!   for. A gateway is `https` or loopback, so nothing else ever gets a token.
//! * A request that carries an `Authorization` header already goes out as it is, wherever it goes.
//! * On 401 the token is invalidated, and the request is sent once more with a newer one. What comes back then is handed
//!   on as it is. Ten late refusals of one token cause one renewal.
//! * A request whose body cannot be copied, because it streams, is sent once: its 401 is handed on, and the next request
//!   has a new token.
//! * Where the challenge says `insufficient_scope`, nothing is sent again: another token of the same scope fares no better.
//! * 403, and such a challenge, come with a [`MissingScope`], which says what would have been enough.
//!
//! # Redirects
//!
//! The clients that this workspace builds follow none, and a program's own should not either.
//! Where one does, `reqwest` leaves the token behind when the origin changes; an answer from another origin is handed on
//! without a judgement, and after any redirect nothing is sent again, because the first address has answered already.
//! In a `tower` stack the skin belongs below whatever follows redirects: every hop then comes by it, and one to another
//! origin is refused.

mod challenge;
pub(crate) mod decide;
mod hooks;
#[cfg(feature = "middleware")]
mod middleware;
mod missing_scope;
#[cfg(feature = "tower")]
mod tower;

use std::fmt;
use std::sync::Arc;

use url::Url;

use crate::error::{Error, WrongEnvironment};
use crate::source::TokenSource;
use crate::token::Token;
use decide::Before;

pub use challenge::Challenge;
pub use hooks::BearerHooks;
#[cfg(feature = "middleware")]
pub use middleware::BearerMiddleware;
pub use missing_scope::MissingScope;
#[cfg(feature = "tower")]
pub use tower::{BearerError, BearerLayer, BearerService};

/// What is below every skin: a source, asked as [`decide`] says.
#[derive(Clone)]
struct Skin(Arc<dyn TokenSource>);

impl Skin {
    fn new(source: impl TokenSource) -> Self {
        Self(Arc::new(source))
    }

    /// Returns the token to attach; none where the request goes out as it is.
    async fn token_for(
        &self,
        to: Option<&Url>,
        is_authorized: bool,
    ) -> Result<Option<Token>, Error> {
        match decide::before(self.0.environment().gateway(), to, is_authorized) {
            Before::Attach => self.0.token().await.map(Some),
            Before::Pass => Ok(None),
            Before::Refuse => Err(WrongEnvironment::Origin.into()),
        }
    }

    fn invalidate(&self, refused: &Token) {
        self.0.invalidate(refused);
    }

    /// Invalidates a token and returns a newer one, if one is to be had.
    ///
    /// If none is, the gateway's own answer says more than an error of ours.
    async fn newer_than(&self, refused: &Token) -> Option<Token> {
        self.invalidate(refused);
        let newer = self.0.token().await.ok()?;
        (newer.generation() > refused.generation()).then_some(newer)
    }

    /// Says which scope a request lacked; the generated clients do not hand on what would carry it.
    #[cfg(any(feature = "middleware", feature = "tower"))]
    fn missing_scope(
        &self,
        (method, url): (&http::Method, &Url),
        (status, headers): (http::StatusCode, &http::HeaderMap),
        token: &Token,
    ) -> Option<MissingScope> {
        let base = self.0.environment().gateway().base().path();
        let path = url.path().strip_prefix(base.trim_end_matches('/'));
        let path = path.unwrap_or_else(|| url.path());
        let operation = MissingScope::operation_at(method.as_str(), path);
        MissingScope::of(status, headers, operation, token.granted_scope())
    }
}

impl fmt::Debug for Skin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
