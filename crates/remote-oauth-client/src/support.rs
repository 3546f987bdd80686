//! What generated code calls at run time, in place of the generator's own runtime crate.
//!
//! The names are the generator's; the promises are ours:
//!
//! * a body is read up to [`BODY_BYTES_MAX`] and no further;
//! * no error holds a body, a header value, an address or a parser's text, in any field, at any depth;
//! * the status of an answer is never lost.
//!
//! A generator that wants another name fails to compile, which is where a person should look at it.

mod error;
mod query;
mod rate_limit;

use std::cell::RefCell;
use std::fmt;

use bytes::Bytes;
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderValue, InvalidHeaderValue};
use reqwest::{RequestBuilder, Response, StatusCode};
use serde::Serialize;
use serde::de::DeserializeOwned;
use url::Url;

use crate::wiped::Wiped;

pub use error::{Error, Failure, FailureKind, MediaType, Unreadable};
#[doc(hidden)]
pub use query::{QueryParam, QueryValue};
pub use rate_limit::RateLimit;

/// The most bytes of a body that are read: 1 MiB. A documented answer has about two thousand.
pub const BODY_BYTES_MAX: usize = 1 << 20;

/// Room for an answer in pieces that does not say how long it is, reserved at once so that no half-grown copy of a token
/// stays behind.
const BODY_BYTES_USUAL: usize = 8 << 10;

/// Tells what a generated client was made with.
pub trait ClientInfo<Inner> {
    /// Returns the version that the published document gives itself.
    fn api_version() -> &'static str;

    /// Returns the base address, to which paths are appended.
    fn baseurl(&self) -> &str;

    /// Returns the HTTP client.
    fn client(&self) -> &reqwest::Client;

    /// Returns what the client was made with: how its requests are authenticated.
    fn inner(&self) -> &Inner;
}

/// Names the operation that a hook runs for.
#[derive(Debug)]
pub struct OperationInfo {
    /// The document's `operationId`.
    pub operation_id: &'static str,
}

/// Runs around each request of a generated client.
#[expect(
    async_fn_in_trait,
    reason = "only this crate's own clients implement it, and their futures are Send"
)]
pub trait ClientHooks<Inner>: ClientInfo<Inner> {
    /// Changes the request before it is sent.
    ///
    /// # Errors
    ///
    /// Whatever the implementation refuses to send.
    async fn pre<E>(
        &self,
        request: &mut reqwest::Request,
        info: &OperationInfo,
    ) -> Result<(), Error<E>>;

    /// Sees the outcome before it is judged.
    ///
    /// # Errors
    ///
    /// Whatever the implementation refuses to hand on.
    async fn post<E>(
        &self,
        _: &reqwest::Result<Response>,
        _: &OperationInfo,
    ) -> Result<(), Error<E>> {
        Ok(())
    }

    /// Sends the request.
    ///
    /// # Errors
    ///
    /// What the HTTP client reports.
    async fn exec(
        &self,
        request: reqwest::Request,
        info: &OperationInfo,
    ) -> reqwest::Result<Response>;
}

/// Follows one exchange with two events that name the operation and the status, and nothing else.
pub(crate) async fn trace_exchange(
    info: &OperationInfo,
    exchange: impl Future<Output = reqwest::Result<Response>>,
) -> reqwest::Result<Response> {
    tracing::debug!(operation = info.operation_id, "request sent");
    let result = exchange.await;
    match &result {
        Ok(response) => {
            tracing::debug!(
                operation = info.operation_id,
                status = response.status().as_u16(),
                "answer received"
            );
        }
        Err(error) => {
            let failure = Failure::of(error);
            tracing::debug!(operation = info.operation_id, kind = ?failure.kind(), "no answer");
        }
    }
    result
}

/// Holds a decoded answer with its status and headers.
///
/// # Secrets
///
/// `Debug` shows the status and the decoded value, whose type redacts itself; it shows no header.
#[derive(Clone)]
pub struct ResponseValue<T> {
    inner: T,
    head: Box<Head>,
}

/// Holds the status and the headers of an answer, and shows neither: ask the error or the answer that has it.
#[derive(Clone)]
pub struct Head {
    status: StatusCode,
    headers: HeaderMap,
}

impl Head {
    fn of(response: &mut Response) -> Box<Self> {
        Box::new(Self {
            status: response.status(),
            headers: std::mem::take(response.headers_mut()),
        })
    }

    fn media_type(&self) -> MediaType {
        let value = self
            .headers
            .get(CONTENT_TYPE)
            .map(|value| value.to_str().unwrap_or_default());
        let essence = value.map(|text| {
            text.split(';')
                .next()
                .unwrap_or_default()
                .trim()
                .to_ascii_lowercase()
        });
        match essence.as_deref() {
            None => MediaType::Missing,
            Some("application/json") => MediaType::Json,
            Some(other) if other.starts_with("application/") && other.ends_with("+json") => {
                MediaType::Json
            }
            Some("text/html") => MediaType::Html,
            Some(_) => MediaType::Other,
        }
    }
}

impl<T> ResponseValue<T> {
    /// Makes an answer from its parts, for tests.
    pub fn new(inner: T, status: StatusCode, headers: HeaderMap) -> Self {
        Self {
            inner,
            head: Box::new(Head { status, headers }),
        }
    }

    /// Returns the decoded value alone.
    pub fn into_inner(self) -> T {
        self.inner
    }

    /// Returns the status.
    pub fn status(&self) -> StatusCode {
        self.head.status
    }

    /// Returns the headers, whose values may be anything.
    pub fn headers(&self) -> &HeaderMap {
        &self.head.headers
    }

    /// Returns what the server says about its allowance, if it says so.
    pub fn rate_limit(&self) -> Option<RateLimit> {
        RateLimit::of(&self.head.headers)
    }

    /// Turns the decoded value into another, and keeps the status and the headers.
    pub fn map<U>(self, change: impl FnOnce(T) -> U) -> ResponseValue<U> {
        ResponseValue {
            inner: change(self.inner),
            head: self.head,
        }
    }

    fn head(&self) -> &Head {
        &self.head
    }
}

impl<T: DeserializeOwned> ResponseValue<T> {
    #[doc(hidden)]
    pub async fn from_response<E>(mut response: Response) -> Result<Self, Error<E>> {
        let declared = response.content_length();
        let head = Head::of(&mut response);
        let decoded = match read_bounded(response, declared).await {
            Ok(body) => decode(body.as_ref()),
            Err(unreadable) => Err(unreadable),
        };
        match decoded {
            Ok(inner) => Ok(Self { inner, head }),
            Err(unreadable) => Err(Error::InvalidResponsePayload { head, unreadable }),
        }
    }
}

impl ResponseValue<()> {
    #[doc(hidden)]
    pub fn empty(mut response: Response) -> Self {
        Self {
            inner: (),
            head: Head::of(&mut response),
        }
    }
}

impl<T> AsRef<T> for ResponseValue<T> {
    fn as_ref(&self) -> &T {
        &self.inner
    }
}

impl<T: fmt::Debug> fmt::Debug for ResponseValue<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseValue")
            .field("status", &self.head.status.as_u16())
            .field("inner", &self.inner)
            .finish_non_exhaustive()
    }
}

/// Reads an object. A derived decoder would take an array too, and the members by their position in it.
fn decode<T: DeserializeOwned>(body: &[u8]) -> Result<T, Unreadable> {
    match body.iter().find(|byte| !byte.is_ascii_whitespace()) {
        Some(b'[') => Err(Unreadable::OtherShape { line: 1, column: 0 }),
        _ => serde_json::from_slice(body).map_err(|error| Unreadable::json(&error)),
    }
}

async fn read_bounded(mut response: Response, declared: Option<u64>) -> Result<Bytes, Unreadable> {
    // Requirement: rfc6749.10.14.answer-bounded
    let declared = declared.map(|bytes| usize::try_from(bytes).unwrap_or(usize::MAX));
    if declared.is_some_and(|bytes| bytes > BODY_BYTES_MAX) {
        return Err(Unreadable::TooLarge);
    }
    let mut read = 0;
    let mut piece = async || {
        let piece = response.chunk().await;
        let piece = piece.map_err(|error| Unreadable::Interrupted(Failure::of(&error)))?;
        read += piece.as_ref().map_or(0, Bytes::len);
        let bounded = read <= BODY_BYTES_MAX;
        bounded.then_some(piece).ok_or(Unreadable::TooLarge)
    };
    let Some(first) = piece().await? else {
        return Ok(Bytes::new());
    };
    let Some(second) = piece().await? else {
        // As usual, it came in one piece, which is read where it lies.
        return Ok(first);
    };
    let mut body = Wiped(Vec::with_capacity(declared.unwrap_or(BODY_BYTES_USUAL)));
    body.0.extend_from_slice(&first);
    body.0.extend_from_slice(&second);
    while let Some(next) = piece().await? {
        body.0.extend_from_slice(&next);
    }
    Ok(Bytes::from_owner(body))
}

/// Names the type that streamed answers would have. No operation of the document streams, so there is no value.
#[derive(Debug)]
pub enum ByteStream {}

/// Percent-encodes one path segment.
#[doc(hidden)]
pub fn encode_path(segment: &str) -> String {
    use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
    // https://url.spec.whatwg.org/#path-percent-encode-set, and the letters that would end the segment.
    const SEGMENT: &AsciiSet = &CONTROLS
        .add(b' ')
        .add(b'"')
        .add(b'#')
        .add(b'<')
        .add(b'>')
        .add(b'?')
        .add(b'`')
        .add(b'{')
        .add(b'}')
        .add(b'/')
        .add(b'\\')
        .add(b'%');
    let encoded = utf8_percent_encode(segment, SEGMENT).to_string();
    match segment {
        // A URL walks these away, encoded or not. No identifier is either, and with a blank behind it the request
        // stays in its place, where the server knows nothing of that name.
        "." | ".." => encoded + "%20",
        _ => encoded,
    }
}

/// Reads the address of a request.
///
/// Token requests all go to one, and to read it takes as long as to read the answer, so each thread keeps its last.
#[doc(hidden)]
pub fn address<E>(text: String) -> Result<Url, Error<E>> {
    thread_local! {
        static LAST: RefCell<Option<Url>> = const { RefCell::new(None) };
    }
    LAST.with_borrow_mut(|last| match last {
        Some(url) if url.as_str() == text => Ok(url.clone()),
        _ => {
            let url = Url::parse(&text).map_err(|_| Error::InvalidRequest)?;
            Ok(last.insert(url).clone())
        }
    })
}

/// Adds to reqwest's builder what it has only behind a feature.
#[doc(hidden)]
pub trait RequestBuilderExt<E> {
    fn form_urlencoded<T: Serialize + ?Sized>(self, body: &T) -> Result<RequestBuilder, Error<E>>;
}

impl<E> RequestBuilderExt<E> for RequestBuilder {
    // Requirement: remote.skill.mistake-json-body, remote.token.form-only, rfc6749.3.2.no-repeats
    fn form_urlencoded<T: Serialize + ?Sized>(self, body: &T) -> Result<RequestBuilder, Error<E>> {
        let form = Wiped::written(|form| {
            let mut encoder = form_urlencoded::Serializer::new(form);
            let written = body.serialize(serde_urlencoded::Serializer::new(&mut encoder));
            written.map_err(|_| Error::InvalidRequest).map(drop)
        })?;
        // The HTTP client shares these bytes, and the last to let go of them wipes them.
        let form = Bytes::from_owner(form);
        let content_type = HeaderValue::from_static("application/x-www-form-urlencoded");
        Ok(self.header(CONTENT_TYPE, content_type).body(form))
    }
}

impl<E> From<reqwest::Error> for Error<E> {
    fn from(error: reqwest::Error) -> Self {
        if error.is_builder() {
            Self::InvalidRequest
        } else {
            Self::CommunicationError(Failure::of(&error))
        }
    }
}

impl<E> From<InvalidHeaderValue> for Error<E> {
    fn from(_: InvalidHeaderValue) -> Self {
        Self::InvalidRequest
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_support::{Reply, served};

    #[tokio::test]
    async fn a_body_comes_whole_in_however_many_pieces() {
        for length in [2, 2_000, 50_000, BODY_BYTES_MAX] {
            let text = "x".repeat(length - "\"\"".len());
            let reply = Reply::json(200, &text.as_str().into());
            let (read, _) = served(reply, async |base, http| {
                let answer = http.get(base).send().await.expect("an answer");
                ResponseValue::<String>::from_response::<()>(answer).await
            })
            .await;
            assert!(read.expect("a text").into_inner() == text, "{length}");
        }
    }

    #[test]
    fn an_address_is_read_whatever_was_read_before() {
        let read = |text: &str| address::<()>(text.to_owned());
        for text in [
            "https://a.example/x",
            "https://a.example/x",
            "https://b.example/x",
            "https://a.example/x",
            "https://a.example",
        ] {
            let expected = Url::parse(text).expect(text);
            assert_eq!(read(text).expect(text), expected);
            let unreadable = read("/x").expect_err("it has no host");
            assert!(matches!(unreadable, Error::InvalidRequest));
        }
    }
}
