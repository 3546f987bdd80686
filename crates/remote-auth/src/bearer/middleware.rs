//! The skin for `reqwest-middleware`.

use async_trait::async_trait;
use reqwest::header::AUTHORIZATION;
use reqwest::{Request, Response};
use reqwest_middleware::{Error as MiddlewareError, Middleware, Next, Result};

use super::Skin;
use super::decide::{self, After, AnsweredBy};
use crate::error::Error;
use crate::source::TokenSource;

/// Attaches a source's token to each request, by the rules of [this module](super).
///
/// ```
/// # async fn f(company: remote_auth::CachedTokenSource, http: reqwest::Client) -> Result<(), Box<dyn std::error::Error>> {
/// use remote_auth::bearer::{BearerMiddleware, MissingScope};
/// let http = reqwest_middleware::ClientBuilder::new(http).with(BearerMiddleware::new(company)).build();
/// let answer = http.get("https://gateway.remote.com/v1/employments?page_size=1").send().await?;
/// if let Some(missing) = answer.extensions().get::<MissingScope>() {
///     return Err(format!("failed to {missing}").into());
/// }
/// # Ok(())
/// # }
/// ```
///
/// # Errors
///
/// An [`Error`](crate::Error) of this crate arrives as `reqwest_middleware::Error::Middleware`, from which
/// `downcast_ref` gets it back.
///
/// # Cancel safety
///
/// A request that is dropped may have been served; a renewal that it caused goes on without it, and is not lost.
///
/// # Spec
///
/// <https://www.rfc-editor.org/rfc/rfc6750#section-2.1>, <https://www.rfc-editor.org/rfc/rfc6750#section-3.1>
#[derive(Clone, Debug)]
pub struct BearerMiddleware(Skin);

impl BearerMiddleware {
    /// Takes the source.
    pub fn new(source: impl TokenSource) -> Self {
        Self(Skin::new(source))
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
        let is_authorized = request.headers().contains_key(AUTHORIZATION);
        let token = self.0.token_for(Some(request.url()), is_authorized).await;
        let Some(token) = token.map_err(ours)? else {
            return next.run(request, extensions).await;
        };
        let (asked, method) = (request.url().clone(), request.method().clone());
        let copy = request.try_clone();
        token.authorize(&mut request).map_err(ours)?;
        // Requirement: remote.skill.mistake-mixed-environments, rfc6750.5.3.safeguarded
        let mut answer = next.clone().run(request, extensions).await?;
        let by = AnsweredBy::compare(&asked, answer.url());
        match decide::after(by, answer.status(), answer.headers(), copy.is_some()) {
            After::HandOn => {}
            After::Invalidate => self.0.invalidate(&token),
            After::SayWhichScope => {
                let refusal = (answer.status(), answer.headers());
                if let Some(missing) = self.0.missing_scope((&method, &asked), refusal, &token) {
                    answer.extensions_mut().insert(missing);
                }
            }
            After::Resend => {
                if let (Some(newer), Some(mut request)) = (self.0.newer_than(&token).await, copy) {
                    newer.authorize(&mut request).map_err(ours)?;
                    return next.run(request, extensions).await;
                }
            }
        }
        Ok(answer)
    }
}
