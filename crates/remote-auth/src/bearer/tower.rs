//! The skin for `tower`.

use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll};

use http::header::AUTHORIZATION;
use http::{Request, Response};
use tower_layer::Layer;
use tower_service::Service;
use url::Url;

use super::Skin;
use super::decide::{self, After, AnsweredBy};
use crate::error::Error;
use crate::source::TokenSource;
use crate::token::Token;

/// Attaches a source's token to each request of a `tower` service, by the rules of [this module](super).
///
/// The service takes `http::Request<B>`, whose address must be absolute: where it goes decides whether it gets a token.
/// The layer belongs below whatever follows redirects, retries, or writes the address.
///
/// ```
/// # fn f(company: remote_auth::CachedTokenSource) {
/// use remote_auth::bearer::{BearerLayer, BearerService};
/// use tower_layer::Layer;
/// # #[derive(Clone)]
/// # struct Http;
/// # let http = Http;
/// let service: BearerService<_, String> = BearerLayer::new(company).layer(http);
/// # }
/// ```
///
/// # Errors
///
/// [`BearerError::Token`] for an error of this crate, [`BearerError::Service`] for one of the service below.
pub struct BearerLayer<B> {
    skin: Skin,
    copy: fn(&B) -> Option<B>,
}

impl<B: Clone> BearerLayer<B> {
    /// Takes the source, for bodies that can be cloned: a refused request is sent once more.
    pub fn new(source: impl TokenSource) -> Self {
        Self::with_copy(source, |body| Some(body.clone()))
    }
}

impl<B> BearerLayer<B> {
    /// Takes the source, for bodies that stream: a refused request is not sent again, and its 401 is handed on.
    pub fn streaming(source: impl TokenSource) -> Self {
        Self::with_copy(source, |_| None)
    }

    /// Takes the source, and what copies a body that may stream.
    pub fn with_copy(source: impl TokenSource, copy: fn(&B) -> Option<B>) -> Self {
        Self {
            skin: Skin::new(source),
            copy,
        }
    }
}

impl<B> Clone for BearerLayer<B> {
    fn clone(&self) -> Self {
        Self {
            skin: self.skin.clone(),
            copy: self.copy,
        }
    }
}

impl<B> fmt::Debug for BearerLayer<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("BearerLayer").field(&self.skin).finish()
    }
}

impl<S, B> Layer<S> for BearerLayer<B> {
    type Service = BearerService<S, B>;

    fn layer(&self, inner: S) -> Self::Service {
        BearerService {
            inner,
            layer: self.clone(),
        }
    }
}

/// Holds a service whose requests get a token; see [`BearerLayer`], which makes it.
///
/// # Cancel safety
///
/// A request whose future is dropped may have been served; a renewal that it caused goes on without it, and is not lost.
pub struct BearerService<S, B> {
    inner: S,
    layer: BearerLayer<B>,
}

impl<S: Clone, B> Clone for BearerService<S, B> {
    fn clone(&self) -> Self {
        Self {
            inner: self.inner.clone(),
            layer: self.layer.clone(),
        }
    }
}

impl<S, B> fmt::Debug for BearerService<S, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BearerService")
            .field("layer", &self.layer)
            .finish_non_exhaustive()
    }
}

/// Says why a [`BearerService`] has no answer.
///
/// # Secrets
///
/// An error of this crate holds none. What the service below puts into its own is not ours to say, so `Display` and
/// `Debug` of this do not show it; [`source`](std::error::Error::source) does.
#[non_exhaustive]
pub enum BearerError<E> {
    /// There was no token to send it with, or it goes where none may go. Nothing was sent.
    Token(Error),
    /// The service below failed.
    Service(E),
}

impl<E> fmt::Display for BearerError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Token(_) => f.write_str("get a token for the request"),
            Self::Service(_) => f.write_str("get an answer"),
        }
    }
}

impl<E> fmt::Debug for BearerError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Token(error) => f.debug_tuple("Token").field(error).finish(),
            Self::Service(_) => f.debug_tuple("Service").finish_non_exhaustive(),
        }
    }
}

impl<E: std::error::Error + 'static> std::error::Error for BearerError<E> {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Token(error) => Some(error),
            Self::Service(error) => Some(error),
        }
    }
}

type Answer<A, E> = Result<Response<A>, BearerError<E>>;

impl<S, B, A> Service<Request<B>> for BearerService<S, B>
where
    S: Service<Request<B>, Response = Response<A>> + Clone + Send + 'static,
    S::Future: Send,
    S::Error: Send,
    A: Send + 'static,
    B: Send + 'static,
{
    type Response = Response<A>;
    type Error = BearerError<S::Error>;
    type Future = Pin<Box<dyn Future<Output = Answer<A, S::Error>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx).map_err(BearerError::Service)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        // The service that was asked whether it is ready is the one that is called; its clone waits its turn.
        let clone = self.inner.clone();
        let inner = std::mem::replace(&mut self.inner, clone);
        Box::pin(self.layer.clone().carry(inner, request))
    }
}

impl<B> BearerLayer<B> {
    async fn carry<S, A>(self, mut inner: S, mut request: Request<B>) -> Answer<A, S::Error>
    where
        S: Service<Request<B>, Response = Response<A>>,
    {
        let to = Url::parse(&request.uri().to_string()).ok();
        let is_authorized = request.headers().contains_key(AUTHORIZATION);
        let token = self.skin.token_for(to.as_ref(), is_authorized).await;
        let Some((token, to)) = token.map_err(BearerError::Token)?.zip(to) else {
            return inner.call(request).await.map_err(BearerError::Service);
        };
        let method = request.method().clone();
        let copy = self.copy_of(&request);
        attach(&mut request, &token);
        let mut answer = inner.call(request).await.map_err(BearerError::Service)?;
        // Whether the service below was redirected cannot be seen from here.
        let by = AnsweredBy::Asked;
        match decide::after(by, answer.status(), answer.headers(), copy.is_some()) {
            After::HandOn => {}
            After::Invalidate => self.skin.invalidate(&token),
            After::SayWhichScope => {
                let refusal = (answer.status(), answer.headers());
                let missing = self.skin.missing_scope((&method, &to), refusal, &token);
                if let Some(missing) = missing {
                    answer.extensions_mut().insert(missing);
                }
            }
            After::Resend => {
                if let (Some(newer), Some(mut request)) = (self.skin.newer_than(&token).await, copy)
                {
                    attach(&mut request, &newer);
                    let ready = poll_fn(|cx| inner.poll_ready(cx)).await;
                    ready.map_err(BearerError::Service)?;
                    return inner.call(request).await.map_err(BearerError::Service);
                }
            }
        }
        Ok(answer)
    }

    fn copy_of(&self, request: &Request<B>) -> Option<Request<B>> {
        let mut copy = Request::new((self.copy)(request.body())?);
        *copy.method_mut() = request.method().clone();
        *copy.uri_mut() = request.uri().clone();
        *copy.version_mut() = request.version();
        *copy.headers_mut() = request.headers().clone();
        *copy.extensions_mut() = request.extensions().clone();
        Some(copy)
    }
}

fn attach<B>(request: &mut Request<B>, token: &Token) {
    request.headers_mut().insert(AUTHORIZATION, token.header());
}
