//! A request as it was received, and the two ways to look at it.
//!
//! It is kept as one piece of text, which is cheaper than the parts that it is read into, holds on
//! to nothing else, and has a length that can be bounded.
//! It is taken apart and masked when somebody looks.

use std::{fmt, sync::Arc};

use axum::{body::Bytes, http::header};

use super::mask::{self, Known, Masked};
use crate::{http::Asked, parameters::Parameters};

/// How much of a body is kept.
const BODY_BYTES_KEPT: usize = 8 * 1024;

/// A request as it was received, which shows what is no secret and masks the rest.
///
/// What is shown is known: the words that the documents give to names and values, what the sandbox
/// itself was started with, such as its client ids, and numbers where a number is due.
/// Everything else may be a secret, wherever a client has put it, and is shown as `***` with its
/// length in bytes; a name that is not known is shown as `(other)`.
///
/// # Units and limits
///
/// Of a body the first 8 KiB are kept, and of all requests together the latest 4 MiB.
///
/// # Secrets
///
/// It holds every secret that was sent, in memory and until the ledger forgets it; neither `Debug`
/// nor `Display` shows one.
///
/// # Example
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use remote_auth_sandbox::{Gateway, Sandbox};
/// # use remote_oauth_client::{BasicEncoding, Client, ClientAuth, transport, types::TokenRequest};
///
/// let sandbox = Sandbox::start().await?;
/// # let gateway = sandbox.gateway_url(Gateway::Sandbox);
/// # let http = transport::http_client(&gateway.parse()?, &transport::Timeouts::default())?;
/// # let auth = ClientAuth::basic(sandbox.client_id(), sandbox.client_secret(), BasicEncoding::Raw);
/// # let client = Client::new_with_client(gateway, http, auth);
/// # let request =
/// #     TokenRequest::RefreshToken { refresh_token: "a-secret".into(), scope: None, client_id: None, client_secret: None };
/// # let _ = client.request_token(&request).await;
/// // … let the client under test ask for a token, and then:
/// let ledger = sandbox.ledger();
/// let received = ledger[0].received.as_ref().expect("it is the latest request");
/// assert_eq!(received.target(), "/auth/oauth2/token");
/// assert!(received.headers().iter().any(|(name, value)| {
///     name == "authorization" && value.starts_with("Basic ***")
/// }));
/// assert_eq!(received.body(), "grant_type=refresh_token&refresh_token=*** (8 bytes)");
/// # Ok(())
/// # }
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Received {
    /// Method, target and headers in lines of their own, an empty line, and what is kept of the
    /// body; no part of a head can hold a line break.
    text: Bytes,
    head_bytes: usize,
    /// The length of the whole body, if it was read.
    body_bytes: Option<usize>,
    method: &'static str,
    path: &'static str,
    known: Arc<Known>,
}

impl Received {
    /// Packs a request whose method and path are shown as the ledger shows them.
    pub(crate) fn pack(
        asked: &Asked,
        (method, path): (&'static str, &'static str),
        known: &Arc<Known>,
    ) -> Self {
        let (uri, headers) = (&asked.head.uri, &asked.head.headers);
        let absolute = uri.authority().map(|_| uri.to_string());
        let short = || uri.path_and_query().map_or("", |target| target.as_str());
        let target = absolute.as_deref().unwrap_or_else(short);
        let sent_method = asked.head.method.as_str();
        let fields = headers.iter();
        let field_bytes: usize = fields
            .map(|(name, value)| name.as_str().len() + value.len() + 2)
            .sum();
        let head_bytes = sent_method.len() + target.len() + 2 + field_bytes;
        let body = asked.body();
        let kept = &body[..body.len().min(BODY_BYTES_KEPT)];

        let mut text = Vec::with_capacity(head_bytes + kept.len());
        text.extend_from_slice(sent_method.as_bytes());
        text.push(b' ');
        text.extend_from_slice(target.as_bytes());
        text.push(b'\n');
        for (name, value) in headers {
            text.extend_from_slice(name.as_str().as_bytes());
            text.push(b':');
            text.extend_from_slice(value.as_bytes());
            text.push(b'\n');
        }
        text.extend_from_slice(kept);
        Self {
            text: text.into(),
            head_bytes,
            body_bytes: asked.body.as_ref().map(Bytes::len),
            method,
            path,
            known: Arc::clone(known),
        }
    }

    /// Returns the method, or `(other)`.
    pub const fn method(&self) -> &'static str {
        self.method
    }

    /// Returns the path as [`Entry::path`](super::Entry::path) has it, and the query, masked.
    pub fn target(&self) -> String {
        let (_, query) = self.parts().target.split_once('?').unwrap_or_default();
        if query.is_empty() {
            return self.path.to_owned();
        }
        format!("{}?{}", self.path, self.pairs(query.as_bytes()))
    }

    /// Returns names and values of the headers in their order, masked.
    pub fn headers(&self) -> Vec<(String, String)> {
        let fields = self.parts().fields();
        fields
            .map(|(name, value)| {
                let (name, kind) = mask::header(name);
                let value = match std::str::from_utf8(value) {
                    Ok(value) => kind.shown(value, &self.known),
                    Err(_) => Masked(value.len()).to_string(),
                };
                (name.to_owned(), value)
            })
            .collect()
    }

    /// Returns the body, masked: a form or a JSON object with its known names, and otherwise, or
    /// where it was cut, its length alone.
    pub fn body(&self) -> String {
        let Some(bytes) = self.body_bytes else {
            return "(not read)".to_owned();
        };
        let Parts { body, .. } = self.parts();
        if body.is_empty() {
            return String::new();
        }
        if body.len() < bytes {
            return format!("{}, cut to {}", Masked(bytes), body.len());
        }
        match self.media_type().as_str() {
            "application/x-www-form-urlencoded" => self.pairs(body),
            "application/json" => match serde_json::from_slice(body) {
                Ok(value) => mask::json(&value, &self.known),
                Err(_) => Masked(bytes).to_string(),
            },
            _ => Masked(bytes).to_string(),
        }
    }

    /// Opens the request as it came, with every secret in it.
    ///
    /// It is for tests that have to see what was sent; what they print of it ends in logs.
    /// There is no other way to these bytes: neither the admin API nor the live page nor a snapshot
    /// has them.
    pub fn danger_unmasked(&self) -> Unmasked<'_> {
        Unmasked {
            parts: self.parts(),
            body_is_whole: self.body_bytes == Some(self.text.len() - self.head_bytes),
        }
    }

    /// How much of the ledger's room it takes.
    pub(super) fn bytes(&self) -> usize {
        self.text.len()
    }

    fn parts(&self) -> Parts<'_> {
        let (head, body) = self.text.split_at(self.head_bytes);
        let mut lines = head.splitn(2, |byte| *byte == b'\n');
        let first = lines.next().unwrap_or_default();
        let first = std::str::from_utf8(first).expect("methods and targets are ASCII");
        let (method, target) = first.split_once(' ').unwrap_or_default();
        Parts {
            method,
            target,
            fields: lines.next().unwrap_or_default(),
            body,
        }
    }

    fn media_type(&self) -> String {
        let mut fields = self.parts().fields();
        let sent = fields.find(|(name, _)| *name == header::CONTENT_TYPE.as_str());
        let sent = sent.map_or(&b""[..], |(_, value)| value);
        let essence = sent.split(|byte| *byte == b';').next().unwrap_or_default();
        String::from_utf8_lossy(essence.trim_ascii()).to_lowercase()
    }

    fn pairs(&self, text: &[u8]) -> String {
        match Parameters::parse(text) {
            Ok(parameters) => mask::pairs(&parameters, &self.known),
            Err(_) => Masked(text.len()).to_string(),
        }
    }
}

impl fmt::Display for Received {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} {}", self.method, self.target())?;
        for (name, value) in self.headers() {
            writeln!(f, "{name}: {value}")?;
        }
        write!(f, "\n{}", self.body())
    }
}

impl fmt::Debug for Received {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Received")
            .field("method", &self.method)
            .field("target", &self.target())
            .field("headers", &self.headers())
            .field("body", &self.body())
            .finish()
    }
}

/// A request as it came, with every secret in it.
///
/// # Secrets
///
/// It is nothing but secrets; `Debug` shows none.
#[derive(Clone, Copy)]
pub struct Unmasked<'a> {
    parts: Parts<'a>,
    body_is_whole: bool,
}

#[derive(Clone, Copy)]
struct Parts<'a> {
    method: &'a str,
    target: &'a str,
    fields: &'a [u8],
    body: &'a [u8],
}

impl<'a> Parts<'a> {
    fn fields(self) -> impl Iterator<Item = (&'a str, &'a [u8])> {
        let lines = self.fields.split(|byte| *byte == b'\n');
        lines.filter_map(|line| {
            let colon = line.iter().position(|byte| *byte == b':')?;
            let name = std::str::from_utf8(&line[..colon]).ok()?;
            Some((name, &line[colon + 1..]))
        })
    }
}

impl<'a> Unmasked<'a> {
    /// Returns the method.
    pub const fn method(&self) -> &'a str {
        self.parts.method
    }

    /// Returns the target: path and query, or a whole address where one was sent.
    pub const fn target(&self) -> &'a str {
        self.parts.target
    }

    /// Visits the headers in their order, with names in lower case.
    pub fn headers(&self) -> impl Iterator<Item = (&'a str, &'a [u8])> + use<'a> {
        self.parts.fields()
    }

    /// Returns the value of the first header with this name, which is in lower case.
    pub fn header(&self, name: &str) -> Option<&'a [u8]> {
        let mut fields = self.headers();
        fields
            .find(|(sent, _)| *sent == name)
            .map(|(_, value)| value)
    }

    /// Returns what is kept of the body.
    pub const fn body(&self) -> &'a [u8] {
        self.parts.body
    }

    /// Tells whether the body was read and none of it was cut off.
    pub const fn body_is_whole(&self) -> bool {
        self.body_is_whole
    }
}

impl fmt::Debug for Unmasked<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Unmasked").finish_non_exhaustive()
    }
}

#[cfg(test)]
pub(super) mod tests {
    use axum::http::Request;

    use super::*;

    /// A request as the ledger has it, of a sandbox that knows one client.
    pub(in crate::ledger) fn received(
        first_line: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Received {
        let (method, target) = first_line.split_once(' ').unwrap();
        let mut request = Request::builder().method(method).uri(target);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let (head, ()) = request.body(()).unwrap().into_parts();
        let asked = Asked {
            head,
            body: Some(Bytes::copy_from_slice(body.as_bytes())),
        };
        let known = Known {
            client_ids: vec!["client1".to_owned()],
            redirect_uris: vec!["http://127.0.0.1/callback".to_owned()],
        };
        let shown = (
            crate::ledger::shown_method(&asked.head.method),
            crate::ledger::shown_path(asked.path()),
        );
        Received::pack(&asked, shown, &Arc::new(known))
    }

    const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");
    const JSON: (&str, &str) = ("content-type", "application/json; charset=utf-8");

    #[test]
    fn bodies_show_known_names_and_words_and_mask_the_rest() {
        for (header, body, shown) in [
            (
                FORM,
                "grant_type=client_credentials",
                "grant_type=client_credentials",
            ),
            (FORM, "grant_type=canary", "grant_type=*** (6 bytes)"),
            (FORM, "grant_type=", "grant_type="),
            (
                FORM,
                "scope=payroll+canary+employment%3Aread",
                "scope=payroll *** (6 bytes) employment:read",
            ),
            (
                FORM,
                "client_id=client1&client_id=canary",
                "client_id=client1&client_id=*** (6 bytes)",
            ),
            (
                FORM,
                "redirect_uri=http://127.0.0.1:7/callback",
                "redirect_uri=http://127.0.0.1:7/callback",
            ),
            (
                FORM,
                "redirect_uri=http://127.0.0.1:7/canary",
                "redirect_uri=*** (25 bytes)",
            ),
            (FORM, "canary=1&canary", "(other)=*** (1 byte)&(other)="),
            (FORM, "code=%zz", "*** (8 bytes)"),
            (FORM, "", ""),
            (JSON, "{", "*** (1 byte)"),
            (JSON, "\"canary\"", "\"*** (6 bytes)\""),
            (
                JSON,
                r#"{"grant_type":"refresh_token","refresh_token":"canary","canary":[1,null,true]}"#,
                r#"{"(other)":["*** (1 byte)",null,true],"grant_type":"refresh_token","refresh_token":"*** (6 bytes)"}"#,
            ),
            (
                JSON,
                r#"{"scope":{"state":"canary"},"page":7}"#,
                r#"{"page":"7","scope":{"state":"*** (6 bytes)"}}"#,
            ),
            (
                ("content-type", "text/plain"),
                "grant_type=password",
                "*** (19 bytes)",
            ),
            (("accept", "*/*"), "grant_type=password", "*** (19 bytes)"),
        ] {
            assert_eq!(received("POST /", &[header], body).body(), shown, "{body}");
        }
    }

    #[test]
    fn headers_show_known_names_and_words_and_mask_the_rest() {
        for (name, value, shown) in [
            ("host", "127.0.0.1:4000", ("host", "127.0.0.1:4000")),
            ("host", "canary.example", ("host", "*** (14 bytes)")),
            (
                "authorization",
                "Basic Y2FuYXJ5",
                ("authorization", "Basic *** (8 bytes)"),
            ),
            (
                "authorization",
                "bearer x y",
                ("authorization", "bearer *** (3 bytes)"),
            ),
            (
                "authorization",
                "canary x",
                ("authorization", "*** (8 bytes)"),
            ),
            ("content-type", JSON.1, JSON),
            (
                "content-type",
                "multipart/form-data; boundary=canary",
                ("content-type", "multipart/form-data; *** (15 bytes)"),
            ),
            (
                "accept",
                "text/html,application/xml;q=0.9,canary/x;q=canary",
                (
                    "accept",
                    "text/html,application/xml;q=0.9,*** (8 bytes);*** (8 bytes)",
                ),
            ),
            ("user-agent", "curl/8.5.0", ("user-agent", "curl/8.5.0")),
            (
                "user-agent",
                "Mozilla/5.0 (canary)",
                ("user-agent", "Mozilla/5.0 *** (8 bytes)"),
            ),
            ("user-agent", "canary/1", ("user-agent", "*** (8 bytes)")),
            ("content-length", "17", ("content-length", "17")),
            (
                "content-length",
                "0123456789",
                ("content-length", "*** (10 bytes)"),
            ),
            (
                "date",
                "Thu, 01 Jan 2026 00:00:00 GMT",
                ("date", "Thu, 01 Jan 2026 00:00:00 GMT"),
            ),
            (
                "date",
                "canary-canary-canary-canary-c",
                ("date", "*** (29 bytes)"),
            ),
            ("cookie", "canary", ("cookie", "*** (6 bytes)")),
            ("x-canary", "1", ("(other)", "*** (1 byte)")),
            ("x-canary", "", ("(other)", "")),
        ] {
            let shown = vec![(shown.0.to_owned(), shown.1.to_owned())];
            let received = received("GET /", &[(name, value)], "");
            assert_eq!(received.headers(), shown, "{value}");
        }
    }

    #[test]
    fn targets_show_known_paths_and_a_masked_query() {
        for (first_line, shown) in [
            (
                "GET /v1/companies?page=2&canary=x",
                "/v1/companies?page=2&(other)=*** (1 byte)",
            ),
            (
                "GET /v1/canary?access_token=x",
                "(other)?access_token=*** (1 byte)",
            ),
            (
                "GET /v1/webhook-callbacks/canary",
                "/v1/webhook-callbacks/{id}",
            ),
            ("GET /?%zz", "/?*** (3 bytes)"),
            ("GET http://attacker.example/?code=x", "/?code=*** (1 byte)"),
        ] {
            assert_eq!(
                received(first_line, &[], "").target(),
                shown,
                "{first_line}"
            );
        }
    }

    #[test]
    fn only_the_unmasked_request_is_the_one_that_came() {
        let headers = [
            FORM,
            ("x-one", "a:b"),
            ("x-one", ""),
            ("authorization", "Basic canary"),
        ];
        let received = received("CANARY /canary?canary", &headers, "code=canary\n\nx");
        let open = received.danger_unmasked();
        assert_eq!((open.method(), open.target()), ("CANARY", "/canary?canary"));
        let sent = headers
            .iter()
            .map(|(name, value)| (*name, value.as_bytes()));
        assert!(open.headers().eq(sent));
        assert_eq!(open.header("authorization"), Some(&b"Basic canary"[..]));
        assert_eq!(open.header("host"), None);
        assert_eq!(
            (open.body(), open.body_is_whole()),
            (&b"code=canary\n\nx"[..], true)
        );
        for shown in [
            format!("{received}"),
            format!("{received:?}"),
            format!("{received:#?}"),
            format!("{open:?}"),
        ] {
            assert!(!shown.to_lowercase().contains("canary"), "{shown}");
        }
    }

    #[test]
    fn a_long_body_is_cut_and_says_so() {
        let body = format!("code={}", "x".repeat(BODY_BYTES_KEPT));
        let received = received("POST /", &[FORM], &body);
        assert_eq!(received.body(), "*** (8197 bytes), cut to 8192");
        let open = received.danger_unmasked();
        assert_eq!(
            (open.body().len(), open.body_is_whole()),
            (BODY_BYTES_KEPT, false)
        );
    }
}
