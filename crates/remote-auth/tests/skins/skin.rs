//! One way to ask through each skin.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::Frame;
use remote_auth::bearer::{BearerError, BearerHooks, BearerLayer, BearerMiddleware, MissingScope};
use remote_auth::{Error, TokenSource};
use remote_oauth_client::{BearerAuth, Error as WireError, platform};
use reqwest::Body;
use reqwest::header::AUTHORIZATION;
use tower_layer::Layer;
use tower_service::Service;

/// Names a skin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Skin {
    Hooks,
    Middleware,
    Tower,
}

impl Skin {
    pub(crate) const ALL: [Self; 3] = [Self::Hooks, Self::Middleware, Self::Tower];
    /// Those that carry a program's own requests.
    pub(crate) const OPEN: [Self; 2] = [Self::Middleware, Self::Tower];
}

/// What came of a request: the status and the scope that it lacks, or the code of the core's error.
pub(crate) type Outcome = Result<(u16, Option<MissingScope>), &'static str>;

/// A request of a program.
#[derive(Clone, Debug)]
pub(crate) struct Ask<'a> {
    pub(crate) gateway: &'a str,
    pub(crate) path: &'a str,
    pub(crate) authorization: Option<&'static str>,
    pub(crate) body: Option<What>,
}

/// What a request carries.
#[derive(Clone, Copy, Debug)]
pub(crate) enum What {
    Text,
    Stream,
}

impl<'a> Ask<'a> {
    /// Asks for the companies, which all skins can.
    pub(crate) fn companies(gateway: &'a str) -> Self {
        Self {
            gateway,
            path: "/v1/companies",
            authorization: None,
            body: None,
        }
    }

    fn request(&self, http: &reqwest::Client) -> reqwest::Request {
        let url = format!("{}{}", self.gateway, self.path);
        let builder = match self.body {
            None => http.get(url),
            Some(What::Text) => http.post(url).body("text"),
            Some(What::Stream) => http.post(url).body(Body::wrap(Stream(Some("text".into())))),
        };
        let builder = match self.authorization {
            Some(value) => builder.header(AUTHORIZATION, value),
            None => builder,
        };
        builder.build().expect("a request")
    }

    pub(crate) async fn through(
        &self,
        skin: Skin,
        source: &(impl TokenSource + Clone),
        http: &reqwest::Client,
    ) -> Outcome {
        match skin {
            Skin::Hooks => self.through_hooks(source, http).await,
            Skin::Middleware => self.through_middleware(source, http).await,
            Skin::Tower => self.through_tower(source, http).await,
        }
    }

    async fn through_hooks(
        &self,
        source: &(impl TokenSource + Clone),
        http: &reqwest::Client,
    ) -> Outcome {
        assert_eq!(
            self.path, "/v1/companies",
            "hooks have operations, not paths"
        );
        let auth = BearerAuth::from_source(BearerHooks::new(source.clone()));
        let base = format!("{}/v1", self.gateway);
        let client = platform::Client::new_with_client(&base, http.clone(), auth);
        match client.list_companies(None).await {
            Ok(answer) => Ok((answer.status().as_u16(), None)),
            Err(WireError::NoToken(error)) => {
                let error = error.downcast_ref::<Error>();
                Err(error.expect("an error of the core").code())
            }
            Err(error) => {
                let (status, headers) = (error.status().expect("an answer"), error.headers());
                let operation = "GET /v1/companies".parse().ok();
                let headers = headers.expect("an answer");
                let missing = MissingScope::of(status, headers, operation, None);
                Ok((status.as_u16(), missing))
            }
        }
    }

    async fn through_middleware(
        &self,
        source: &(impl TokenSource + Clone),
        http: &reqwest::Client,
    ) -> Outcome {
        let client = reqwest_middleware::ClientBuilder::new(http.clone())
            .with(BearerMiddleware::new(source.clone()))
            .build();
        match client.execute(self.request(http)).await {
            Ok(answer) => {
                let missing = answer.extensions().get().cloned();
                Ok((answer.status().as_u16(), missing))
            }
            Err(reqwest_middleware::Error::Middleware(error)) => {
                let error = error.downcast_ref::<Error>();
                Err(error.expect("an error of the core").code())
            }
            Err(error) => panic!("{error}"),
        }
    }

    async fn through_tower(
        &self,
        source: &(impl TokenSource + Clone),
        http: &reqwest::Client,
    ) -> Outcome {
        let copy = |body: &Body| body.as_bytes().map(|bytes| Body::from(bytes.to_vec()));
        let layer = BearerLayer::with_copy(source.clone(), copy);
        let mut service = layer.layer(Http(http.clone()));
        let request = http::Request::try_from(self.request(http)).expect("a request");
        std::future::poll_fn(|cx| service.poll_ready(cx))
            .await
            .expect("always ready");
        match service.call(request).await {
            Ok(answer) => {
                let missing = answer.extensions().get().cloned();
                Ok((answer.status().as_u16(), missing))
            }
            Err(BearerError::Token(error)) => Err(error.code()),
            Err(error) => panic!("{error}"),
        }
    }
}

/// A body that can be read once.
struct Stream(Option<Bytes>);

impl http_body::Body for Stream {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        Poll::Ready(self.0.take().map(|bytes| Ok(Frame::data(bytes))))
    }
}

/// The HTTP client as a service.
#[derive(Clone)]
struct Http(reqwest::Client);

impl Service<http::Request<Body>> for Http {
    type Response = http::Response<Body>;
    type Error = Arc<reqwest::Error>;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Self::Error>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        let http = self.0.clone();
        Box::pin(async move {
            let request = reqwest::Request::try_from(request).map_err(Arc::new)?;
            let answer = http.execute(request).await.map_err(Arc::new)?;
            Ok(answer.into())
        })
    }
}
