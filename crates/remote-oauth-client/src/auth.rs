//! How a request proves who sends it.

use std::error::Error as StdError;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::StatusCode;
use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue};
use secrecy::ExposeSecret;
use url::Url;
use zeroize::Zeroizing;

use crate::secret::Secret;
use crate::support::{ClientHooks, ClientInfo, Error, OperationInfo, trace_exchange};

/// Says how the identifier and the secret are written before they are joined by a colon.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum BasicEncoding {
    /// As they are: what Remote's guides and Remote's own code do.
    Raw,
    /// Percent-encoded first, as the RFC demands.
    ///
    /// A blank becomes `%20` and not `+`: every server that decodes understands the former, some refuse the latter.
    ///
    /// # Spec
    ///
    /// <https://www.rfc-editor.org/rfc/rfc6749#section-2.3.1>
    FormUrlencoded,
}

/// Everything but the unreserved characters, which a server that does not decode then still understands.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// The name of HTTP Basic.
const SCHEME: &str = "Basic";

/// Says how one client authenticates at the token endpoint.
///
/// # Secrets
///
/// The header is prepared once and marked sensitive, so that neither `Debug` nor an HTTP library prints it.
#[derive(Clone)]
pub struct ClientAuth(Option<HeaderValue>);

impl ClientAuth {
    /// Sends no client authentication: the assertion grant, where the assertion itself authenticates.
    pub const fn none() -> Self {
        Self(None)
    }

    /// Sends HTTP Basic with the given identifier and secret.
    pub fn basic(client_id: &str, client_secret: &Secret, encoding: BasicEncoding) -> Self {
        #[expect(
            clippy::disallowed_methods,
            reason = "the secret is written into the sensitive header"
        )]
        let secret = client_secret.expose_secret();
        // Room for all of it at once, so that no half-grown copy stays behind.
        let length = 3 * (client_id.len() + secret.len()) + 1;
        let mut pair = Zeroizing::new(String::with_capacity(length));
        match encoding {
            // Requirement: remote.token.basic-raw
            BasicEncoding::Raw => pair.extend([client_id, ":", secret]),
            // Requirement: rfc6749.2.3.1.form-encoded
            BasicEncoding::FormUrlencoded => {
                pair.extend(utf8_percent_encode(client_id, RESERVED));
                pair.push(':');
                pair.extend(utf8_percent_encode(secret, RESERVED));
            }
        }
        let mut text = Zeroizing::new(String::with_capacity(SCHEME.len() + 1 + 2 * length));
        text.extend([SCHEME, " "]);
        STANDARD.encode_string(pair.as_bytes(), &mut text);
        // Requirement: rfc6749.2.3.1.not-in-uri
        let mut header =
            HeaderValue::from_str(&text).expect("the Base64 alphabet is valid in a header");
        header.set_sensitive(true);
        Self(Some(header))
    }

    /// Returns the authentication scheme's name, `Basic`, or `None` where nothing is sent.
    pub fn scheme(&self) -> Option<&'static str> {
        self.0.as_ref().map(|_| SCHEME)
    }
}

impl fmt::Debug for ClientAuth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ClientAuth").field(&self.scheme()).finish()
    }
}

/// Holds the access token that one client of the platform sends, or the source of its tokens.
///
/// A client is cheap to make, so a program makes one for each token; with a source, one for all of its tokens.
///
/// # Secrets
///
/// The header is marked sensitive, so that neither `Debug` nor an HTTP library prints it.
///
/// # Spec
///
/// <https://www.rfc-editor.org/rfc/rfc6750#section-2.1>
#[derive(Clone)]
pub struct BearerAuth(Bearer);

#[derive(Clone)]
enum Bearer {
    Fixed(HeaderValue),
    Source(Arc<dyn BearerSource>),
}

/// The future of [`BearerSource`]'s methods.
pub type BearerFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Gives each request of a client its token, and another one where the server refused it.
///
/// The crate `remote-auth` has one for its token sources; this is the seam, and has no opinion.
pub trait BearerSource: fmt::Debug + Send + Sync + 'static {
    /// Returns the value of `Authorization` for a request to an address.
    ///
    /// # Errors
    ///
    /// Why there is none, or why the address gets none; the request is then not sent. The error must not tell a
    /// secret, in any field, at any depth.
    fn authorization<'a>(
        &'a self,
        to: &'a Url,
    ) -> BearerFuture<'a, Result<HeaderValue, Box<dyn StdError + Send + Sync>>>;

    /// Sees every answer, and returns another value where the request is to be sent once more.
    fn after<'a>(&'a self, answer: Answered<'a>) -> BearerFuture<'a, Option<HeaderValue>>;
}

/// Holds what a [`BearerSource`] learns of an answer.
#[derive(Clone, Copy)]
#[non_exhaustive]
pub struct Answered<'a> {
    /// The value that was sent.
    pub sent: &'a HeaderValue,
    /// The address that was asked.
    pub asked: &'a Url,
    /// The address that answered, which a redirect makes another.
    pub by: &'a Url,
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: &'a HeaderMap,
    /// Whether the request can be sent once more: one whose body streams cannot.
    pub has_copy: bool,
}

impl fmt::Debug for Answered<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Answered")
            .field("status", &self.status.as_u16())
            .field("has_copy", &self.has_copy)
            .finish_non_exhaustive()
    }
}

impl BearerAuth {
    /// Takes the whole value of an `Authorization` header, such as the core keeps with a token.
    pub fn from_header(mut authorization: HeaderValue) -> Self {
        authorization.set_sensitive(true);
        Self(Bearer::Fixed(authorization))
    }

    /// Asks a source for the token of each request.
    pub fn from_source(source: impl BearerSource) -> Self {
        Self(Bearer::Source(Arc::new(source)))
    }

    /// Sends a token; `None` if it has characters that no token has.
    pub fn token(token: &Secret) -> Option<Self> {
        if !token.is_vschar() {
            return None;
        }
        #[expect(
            clippy::disallowed_methods,
            reason = "the token is written into the sensitive header"
        )]
        let token = token.expose_secret();
        let mut text = Zeroizing::new(String::with_capacity("Bearer ".len() + token.len()));
        text.extend(["Bearer ", token]);
        let header =
            HeaderValue::from_str(&text).expect("the characters of a token are valid in a header");
        Some(Self::from_header(header))
    }
}

impl fmt::Debug for BearerAuth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Bearer::Fixed(_) => f.write_str("BearerAuth([REDACTED])"),
            Bearer::Source(source) => write!(f, "BearerAuth({source:?})"),
        }
    }
}

/// Says what a generated client puts into `Authorization`.
///
/// It is the one thing in which the clients differ around a request; what they share is written once, for all
/// of them.
pub trait Authenticate {
    /// Returns the header's value, marked sensitive, or `None` where nothing is sent.
    fn authorization(&self) -> Option<&HeaderValue>;

    /// Returns the source of the header, where each request has its own.
    fn source(&self) -> Option<&dyn BearerSource> {
        None
    }
}

impl Authenticate for ClientAuth {
    fn authorization(&self) -> Option<&HeaderValue> {
        self.0.as_ref()
    }
}

impl Authenticate for BearerAuth {
    fn authorization(&self) -> Option<&HeaderValue> {
        match &self.0 {
            Bearer::Fixed(header) => Some(header),
            Bearer::Source(_) => None,
        }
    }

    fn source(&self) -> Option<&dyn BearerSource> {
        match &self.0 {
            Bearer::Fixed(_) => None,
            Bearer::Source(source) => Some(&**source),
        }
    }
}

/// The client authenticates in the body.
impl Authenticate for () {
    fn authorization(&self) -> Option<&HeaderValue> {
        None
    }
}

impl<A: Authenticate, C: ClientInfo<A>> ClientHooks<A> for C {
    async fn pre<E>(
        &self,
        request: &mut reqwest::Request,
        _: &OperationInfo,
    ) -> Result<(), Error<E>> {
        // The generator sends the document's version along; no server asks for it.
        request
            .headers_mut()
            .remove(HeaderName::from_static("api-version"));
        if let Some(header) = self.inner().authorization() {
            request.headers_mut().insert(AUTHORIZATION, header.clone());
        } else if let Some(source) = self.inner().source() {
            let header = source.authorization(request.url()).await;
            let header = header.map_err(Error::NoToken)?;
            request.headers_mut().insert(AUTHORIZATION, header);
        }
        Ok(())
    }

    async fn exec(
        &self,
        request: reqwest::Request,
        info: &OperationInfo,
    ) -> reqwest::Result<reqwest::Response> {
        let Some(source) = self.inner().source() else {
            return trace_exchange(info, self.client().execute(request)).await;
        };
        let copy = request.try_clone();
        let (asked, sent) = (request.url().clone(), request.headers().get(AUTHORIZATION));
        let Some(sent) = sent.cloned() else {
            return trace_exchange(info, self.client().execute(request)).await;
        };
        let answer = trace_exchange(info, self.client().execute(request)).await?;
        let (by, headers) = (answer.url().clone(), answer.headers().clone());
        let another = source.after(Answered {
            sent: &sent,
            asked: &asked,
            by: &by,
            status: answer.status(),
            headers: &headers,
            has_copy: copy.is_some(),
        });
        match (another.await, copy) {
            (Some(header), Some(mut request)) => {
                request.headers_mut().insert(AUTHORIZATION, header);
                trace_exchange(info, self.client().execute(request)).await
            }
            _ => Ok(answer),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_support::{Reply, served};
    use crate::{platform, transport};

    fn decoded(auth: &ClientAuth) -> String {
        let header = auth.0.as_ref().expect("a header");
        assert!(header.is_sensitive(), "the header is marked sensitive");
        let encoded = header
            .to_str()
            .expect("ascii")
            .strip_prefix("Basic ")
            .expect("the scheme");
        String::from_utf8(STANDARD.decode(encoded).expect("base64")).expect("utf-8")
    }

    // Requirement: remote.token.basic-raw, rfc6749.2.3.1.form-encoded
    #[test]
    fn both_encodings_write_what_their_readers_expect() {
        let cases = [
            (BasicEncoding::Raw, "id", "a+b c:%#", "id:a+b c:%#"),
            (
                BasicEncoding::FormUrlencoded,
                "id",
                "a+b c:%#",
                "id:a%2Bb%20c%3A%25%23",
            ),
            (
                BasicEncoding::FormUrlencoded,
                "i:d",
                "A-Z.0_9~",
                "i%3Ad:A-Z.0_9~",
            ),
        ];
        for (encoding, id, secret, expected) in cases {
            let auth = ClientAuth::basic(id, &Secret::from(secret), encoding);
            assert_eq!(decoded(&auth), expected, "{encoding:?}");
        }
    }

    #[test]
    fn debug_names_the_scheme_and_nothing_else() {
        let auth = ClientAuth::basic("id", &Secret::from("canary"), BasicEncoding::Raw);
        assert_eq!(format!("{auth:?}"), r#"ClientAuth(Some("Basic"))"#);
        assert_eq!(format!("{:?}", ClientAuth::none()), "ClientAuth(None)");
    }

    #[test]
    fn a_bearer_is_sensitive_however_it_was_given() {
        let token = BearerAuth::token(&Secret::from("canary")).expect("it is a token");
        let header = BearerAuth::from_header(HeaderValue::from_static("Bearer canary"));
        for auth in [token, header] {
            let header = auth.authorization().expect("a header");
            assert!(header.is_sensitive(), "the header is marked sensitive");
            assert_eq!(header.to_str().expect("ascii"), "Bearer canary");
            assert!(!format!("{auth:?}").contains("canary"));
        }
    }

    // Requirement: rfc6750.2.1.syntax
    #[test]
    fn what_no_token_can_be_is_no_bearer() {
        for text in ["", "a\r\nHost: b", "é"] {
            assert!(BearerAuth::token(&Secret::from(text)).is_none(), "{text:?}");
        }
    }

    /// Gives one header, or none, and never another.
    #[derive(Debug)]
    struct Giving(Option<&'static str>);

    impl BearerSource for Giving {
        fn authorization<'a>(
            &'a self,
            _: &'a Url,
        ) -> BearerFuture<'a, Result<HeaderValue, Box<dyn StdError + Send + Sync>>> {
            let given = self.0.map(HeaderValue::from_static);
            Box::pin(async move { given.ok_or_else(|| "there is none".into()) })
        }

        fn after<'a>(&'a self, answer: Answered<'a>) -> BearerFuture<'a, Option<HeaderValue>> {
            assert_eq!(answer.sent, "Bearer canary");
            assert_eq!((answer.status.as_u16(), answer.asked), (403, answer.by));
            assert!(answer.has_copy && !format!("{answer:?}").contains("canary"));
            Box::pin(async { None })
        }
    }

    #[tokio::test]
    async fn a_source_gives_each_request_its_header_and_sees_the_answer() {
        let reply = Reply::json(403, &serde_json::json!({}));
        let (answer, seen) = served(reply, async |base, http| {
            let auth = BearerAuth::from_source(Giving(Some("Bearer canary")));
            let client = platform::Client::new_with_client(&base, http, auth);
            client.get_current_identity().await
        })
        .await;
        let status = answer.expect_err("it is refused").status();
        assert_eq!(status, Some(StatusCode::FORBIDDEN));
        assert_eq!(seen.header("authorization"), Some("Bearer canary"));
    }

    #[tokio::test]
    async fn without_a_token_nothing_is_sent_and_the_source_says_why() {
        let base = Url::parse("http://127.0.0.1:1").expect("an address");
        let http = transport::http_client(&base, &transport::Timeouts::default());
        let auth = BearerAuth::from_source(Giving(None));
        let http = http.expect("loopback is allowed");
        let client = platform::Client::new_with_client(base.as_str(), http, auth);
        let error = client.get_current_identity().await.expect_err("no token");
        assert!(matches!(error, Error::NoToken(_)), "{error}");
        let why = error.source().map(ToString::to_string);
        assert_eq!(why.as_deref(), Some("there is none"));
        assert!(error.status().is_none() && !format!("{error} {error:?}").contains("none"));
    }
}
