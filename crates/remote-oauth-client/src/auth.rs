//! How a request proves who sends it.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::header::{AUTHORIZATION, HeaderName, HeaderValue};
use secrecy::ExposeSecret;

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
        let pair = match encoding {
            BasicEncoding::Raw => Secret::from(format!("{client_id}:{secret}")),
            BasicEncoding::FormUrlencoded => Secret::from(format!(
                "{}:{}",
                utf8_percent_encode(client_id, RESERVED),
                utf8_percent_encode(secret, RESERVED)
            )),
        };
        #[expect(
            clippy::disallowed_methods,
            reason = "the pair is written into the sensitive header"
        )]
        let encoded = Secret::from(format!("Basic {}", STANDARD.encode(pair.expose_secret())));
        #[expect(
            clippy::disallowed_methods,
            reason = "the header value is marked sensitive at once"
        )]
        let mut header = HeaderValue::from_str(encoded.expose_secret())
            .expect("the Base64 alphabet is valid in a header");
        header.set_sensitive(true);
        Self(Some(header))
    }

    /// Returns the authentication scheme's name, `Basic`, or `None` where nothing is sent.
    pub fn scheme(&self) -> Option<&'static str> {
        self.0.as_ref().map(|_| "Basic")
    }
}

impl fmt::Debug for ClientAuth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ClientAuth").field(&self.scheme()).finish()
    }
}

/// Holds the access token that one client of the platform sends.
///
/// A client is cheap to make, so a program makes one for each token.
///
/// # Secrets
///
/// The header is marked sensitive, so that neither `Debug` nor an HTTP library prints it.
///
/// # Spec
///
/// <https://www.rfc-editor.org/rfc/rfc6750#section-2.1>
#[derive(Clone)]
pub struct BearerAuth(HeaderValue);

impl BearerAuth {
    /// Takes the whole value of an `Authorization` header, such as the core keeps with a token.
    pub fn from_header(mut authorization: HeaderValue) -> Self {
        authorization.set_sensitive(true);
        Self(authorization)
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
        let text = Secret::from(format!("Bearer {}", token.expose_secret()));
        #[expect(
            clippy::disallowed_methods,
            reason = "the header value is marked sensitive at once"
        )]
        let header = HeaderValue::from_str(text.expose_secret())
            .expect("the characters of a token are valid in a header");
        Some(Self::from_header(header))
    }
}

impl fmt::Debug for BearerAuth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BearerAuth([REDACTED])")
    }
}

/// Says what a generated client puts into `Authorization`.
///
/// It is the one thing in which the clients differ around a request; what they share is written once, for all
/// of them.
pub trait Authenticate {
    /// Returns the header's value, marked sensitive, or `None` where nothing is sent.
    fn authorization(&self) -> Option<&HeaderValue>;
}

impl Authenticate for ClientAuth {
    fn authorization(&self) -> Option<&HeaderValue> {
        self.0.as_ref()
    }
}

impl Authenticate for BearerAuth {
    fn authorization(&self) -> Option<&HeaderValue> {
        Some(&self.0)
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
        }
        Ok(())
    }

    async fn exec(
        &self,
        request: reqwest::Request,
        info: &OperationInfo,
    ) -> reqwest::Result<reqwest::Response> {
        trace_exchange(info, self.client().execute(request)).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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

    #[test]
    fn what_no_token_can_be_is_no_bearer() {
        for text in ["", "a\r\nHost: b", "é"] {
            assert!(BearerAuth::token(&Secret::from(text)).is_none(), "{text:?}");
        }
    }
}
