//! The skin for `reqwest-middleware`.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use reqwest::header::AUTHORIZATION;
use reqwest::{Request, Response, StatusCode};
use reqwest_middleware::{Error as MiddlewareError, Middleware, Next, Result};

use crate::error::{Error, WrongEnvironment};
use crate::source::TokenSource;

/// Attaches a source's token to each request.
///
/// * A request to another origin than the source's gateway is refused, before a token is asked for.
/// * A request that carries an `Authorization` header already goes out as it is.
/// * On 401 the token is invalidated and the request is sent once more with a new one, if its body can be cloned and
///   the source has another token to give. What comes back then is returned as it is.
///
/// ```
/// # async fn f(company: remote_auth::CachedTokenSource, http: reqwest::Client) -> Result<(), Box<dyn std::error::Error>> {
/// use remote_auth::bearer::BearerMiddleware;
/// let http = reqwest_middleware::ClientBuilder::new(http).with(BearerMiddleware::new(company)).build();
/// let answer = http.get("https://gateway.remote.com/v1/employments?page_size=1").send().await?;
/// # Ok(())
/// # }
/// ```
///
/// # Errors
///
/// An [`Error`](crate::Error) of this crate arrives as `reqwest_middleware::Error::Middleware`, from which
/// `downcast_ref` gets it back.
///
/// # Spec
///
/// <https://www.rfc-editor.org/rfc/rfc6750#section-2.1>, <https://www.rfc-editor.org/rfc/rfc6750#section-3.1>
#[derive(Clone)]
pub struct BearerMiddleware(Arc<dyn TokenSource>);

impl BearerMiddleware {
    /// Takes the source.
    pub fn new(source: impl TokenSource) -> Self {
        Self(Arc::new(source))
    }
}

impl fmt::Debug for BearerMiddleware {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("BearerMiddleware").field(&self.0).finish()
    }
}

fn ours(error: Error) -> MiddlewareError {
    MiddlewareError::middleware(error)
}

#[async_trait]
impl Middleware for BearerMiddleware {
    async fn handle(
        &self,
        mut request: Request,
        extensions: &mut http::Extensions,
        next: Next<'_>,
    ) -> Result<Response> {
        if request.headers().contains_key(AUTHORIZATION) {
            return next.run(request, extensions).await;
        }
        if !self.0.environment().gateway().is_origin_of(request.url()) {
            return Err(ours(WrongEnvironment::Origin.into()));
        }
        let again = request.try_clone();
        let token = self.0.token().await.map_err(ours)?;
        token.authorize(&mut request).map_err(ours)?;
        let answer = next.clone().run(request, extensions).await?;
        let (StatusCode::UNAUTHORIZED, Some(mut request)) = (answer.status(), again) else {
            return Ok(answer);
        };
        self.0.invalidate(&token);
        match self.0.token().await {
            Ok(new) if new.generation() > token.generation() => {
                new.authorize(&mut request).map_err(ours)?;
                next.run(request, extensions).await
            }
            // No other token is to be had: the gateway's own answer says more than an error of ours.
            _ => Ok(answer),
        }
    }
}
