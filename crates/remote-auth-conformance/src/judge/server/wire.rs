//! One request, to be sent as it is, and one answer, to be looked at.

use std::fmt::Write;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use reqwest::header::{self, HeaderMap};
use reqwest::{Method, StatusCode};
use serde_json::Value;
use url::Url;

use super::Credentials;
use super::secret::open;
use crate::judge::{Examination, demand};

const FORM: &str = "application/x-www-form-urlencoded";

/// The longest word of a server that a reason quotes.
const WORD_CHARS_MAX: usize = 60;

/// One request.
#[derive(Clone)]
pub(super) struct Ask {
    pub(super) method: Method,
    pub(super) url: String,
    pub(super) headers: Vec<(&'static str, String)>,
    pub(super) body: String,
}

impl Ask {
    pub(super) fn new(method: Method, url: impl Into<String>) -> Self {
        Self {
            method,
            url: url.into(),
            headers: Vec::new(),
            body: String::new(),
        }
    }

    pub(super) fn get(url: impl Into<String>) -> Self {
        Self::new(Method::GET, url)
    }

    pub(super) fn form(url: impl Into<String>, pairs: &[(&str, &str)]) -> Self {
        Self::new(Method::POST, url)
            .header("content-type", FORM)
            .body(encoded(pairs))
    }

    pub(super) fn json(url: impl Into<String>, body: &Value) -> Self {
        Self::new(Method::POST, url)
            .header("content-type", "application/json")
            .body(body.to_string())
    }

    pub(super) fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    pub(super) fn without(mut self, name: &str) -> Self {
        self.headers.retain(|(sent, _)| *sent != name);
        self
    }

    pub(super) fn body(mut self, body: impl Into<String>) -> Self {
        self.body = body.into();
        self
    }

    /// Authenticates a client, identifier and secret as they are.
    pub(super) fn basic(self, client: &Credentials) -> Self {
        let pair = format!("{}:{}", client.id, open(&client.secret));
        self.header("authorization", format!("Basic {}", STANDARD.encode(pair)))
    }

    pub(super) fn bearer(self, token: &str) -> Self {
        self.header("authorization", format!("Bearer {token}"))
    }

    /// Leaves a parameter out, of the query or of a form.
    pub(super) fn omitting(mut self, name: &str) -> Self {
        let kept = |text: &str| {
            let pairs = form_urlencoded::parse(text.as_bytes());
            let kept = pairs.filter(|(sent, _)| sent != name);
            form_urlencoded::Serializer::new(String::new())
                .extend_pairs(kept)
                .finish()
        };
        if let Some((address, query)) = self.url.split_once('?') {
            self.url = format!("{address}?{}", kept(query));
        }
        self.body = kept(&self.body);
        self
    }

    /// Writes the request as a person reads it.
    pub(super) fn shown(&self) -> String {
        let mut text = format!("{} {}\n", self.method, self.url);
        for (name, value) in &self.headers {
            writeln!(text, "{name}: {value}").expect("memory takes any text");
        }
        text + "\n" + &self.body
    }
}

/// One answer.
#[derive(Debug)]
pub(super) struct Answer {
    /// What was asked for, which a redirect may be relative to.
    pub(super) url: String,
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: String,
}

impl Answer {
    /// Returns the text of a header; one that is not text counts as absent.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// Returns the body as JSON, or nothing at all where it is none.
    pub(super) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_default()
    }

    /// Returns the text at a JSON pointer, if there is any.
    pub(super) fn text(&self, pointer: &str) -> Option<String> {
        let text = self.json().pointer(pointer)?.as_str()?.to_owned();
        Some(text).filter(|text| !text.is_empty())
    }

    pub(super) fn is(&self, status: u16) -> bool {
        self.status.as_u16() == status
    }

    /// Returns where the browser is sent.
    pub(super) fn location(&self) -> Option<Url> {
        let location = self.header(header::LOCATION.as_str())?;
        let asked = Url::parse(&self.url).ok()?;
        self.status
            .is_redirection()
            .then(|| asked.join(location).ok())?
    }

    /// Returns a parameter of the redirect.
    pub(super) fn callback(&self, name: &str) -> Option<String> {
        parameter(self.location()?.query()?, name)
    }

    /// Returns a parameter of the redirect, or of its fragment, which is where a client looks that asked for a token.
    pub(super) fn told(&self, name: &str) -> Option<String> {
        let in_fragment = || parameter(self.location()?.fragment()?, name);
        self.callback(name).or_else(in_fragment)
    }

    /// Returns the cookies that the answer sets, by name and value; an empty value takes one back.
    pub(super) fn cookies(&self) -> impl Iterator<Item = (&str, &str)> {
        let set = self.headers.get_all(header::SET_COOKIE).iter();
        set.filter_map(|value| {
            value
                .to_str()
                .ok()?
                .split(';')
                .next()?
                .trim()
                .split_once('=')
        })
    }

    /// Tells whether the browser is sent to this redirection URI.
    pub(super) fn leads_to(&self, redirect_uri: &str) -> bool {
        let wanted = Url::parse(redirect_uri).ok();
        let place = |url: &Url| (url.origin(), url.path().to_owned());
        self.location().as_ref().map(place) == wanted.as_ref().map(place)
    }

    /// Returns the word of an OAuth error, from the body or from the redirect.
    pub(super) fn error(&self) -> Option<String> {
        self.text("/error").or_else(|| self.told("error"))
    }

    /// Objects unless the token endpoint refused with this word.
    pub(super) fn refused_as(&self, error: &str) -> Examination {
        let refused = self.is(400) || self.is(401);
        demand(refused && self.error().as_deref() == Some(error), || {
            format!("{} in place of a refusal with {error}", self.outline())
        })
    }

    /// Objects unless the request was refused in any way that is the sender's fault.
    pub(super) fn refused(&self) -> Examination {
        demand(self.status.is_client_error(), || {
            format!("{} in place of a refusal", self.outline())
        })
    }

    /// Objects unless the status is this one.
    pub(super) fn answered(&self, status: u16) -> Examination {
        demand(self.is(status), || {
            format!("{} in place of {status}", self.outline())
        })
    }

    /// Says in a few words what came, and quotes nothing that could be a secret or steer a terminal.
    pub(super) fn outline(&self) -> String {
        let status = self.status.as_u16();
        let word = self.error().filter(|word| {
            let plain = |byte: u8| byte.is_ascii_graphic();
            word.len() <= WORD_CHARS_MAX && word.bytes().all(plain)
        });
        match (word, self.location()) {
            (Some(word), _) => format!("{status} with {word}"),
            (None, Some(_)) => format!("{status} with a redirect"),
            (None, None) => format!("{status}"),
        }
    }

    /// Writes the answer as a person reads it.
    pub(super) fn shown(&self) -> String {
        let mut text = format!("{}\n", self.status);
        for (name, value) in &self.headers {
            let value = String::from_utf8_lossy(value.as_bytes());
            writeln!(text, "{name}: {value}").expect("memory takes any text");
        }
        text + "\n" + &self.body
    }
}

/// Finds a parameter that is not empty.
fn parameter(pairs: &str, name: &str) -> Option<String> {
    let mut pairs = form_urlencoded::parse(pairs.as_bytes());
    let (_, value) = pairs.find(|(sent, _)| sent == name)?;
    Some(value.into_owned()).filter(|value| !value.is_empty())
}

/// Writes a form, or a query.
pub(super) fn encoded(pairs: &[(&str, &str)]) -> String {
    form_urlencoded::Serializer::new(String::new())
        .extend_pairs(pairs)
        .finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, location: &str, body: &str) -> Answer {
        let mut headers = HeaderMap::new();
        if !location.is_empty() {
            let location = location.parse().expect("a header value");
            headers.insert(header::LOCATION, location);
        }
        Answer {
            url: "https://server.example/authorize?a=b".to_owned(),
            status: StatusCode::from_u16(status).expect("a status"),
            headers,
            body: body.to_owned(),
        }
    }

    #[test]
    fn a_refusal_needs_the_status_and_the_word() {
        let body = r#"{"error":"invalid_grant"}"#;
        for (status, body, is_refusal) in [
            (400, body, true),
            (401, body, true),
            (200, body, false),
            (500, body, false),
            (400, r#"{"error":"invalid_request"}"#, false),
            (400, "invalid_grant", false),
        ] {
            let judged = answer(status, "", body).refused_as("invalid_grant");
            assert_eq!(judged.is_ok(), is_refusal, "{status} {body}");
        }
    }

    #[test]
    fn a_browser_is_sent_where_scheme_host_port_and_path_say() {
        let wanted = "https://client.example/callback?tenant=1";
        for (status, location, leads_there) in [
            (302, "https://client.example/callback?code=c", true),
            (303, "https://client.example:443/callback", true),
            (200, "https://client.example/callback", false),
            (302, "http://client.example/callback", false),
            (302, "https://client.example:8443/callback", false),
            (302, "https://client.example/callback/more", false),
            (302, "https://attacker.example/callback", false),
            (302, "/callback", false),
        ] {
            let judged = answer(status, location, "").leads_to(wanted);
            assert_eq!(judged, leads_there, "{status} {location}");
        }
    }

    #[test]
    fn a_redirect_may_be_relative_and_tells_an_error_in_its_query_or_in_its_fragment() {
        for (location, leads_to, told) in [
            (
                "/interaction/1",
                "https://server.example/interaction/1",
                None,
            ),
            (
                "?error=e",
                "https://server.example/authorize?error=e",
                Some("e"),
            ),
            (
                "https://a.example/#error=e&state=s",
                "https://a.example/#error=e&state=s",
                Some("e"),
            ),
            (
                "https://a.example/?error=&x=y",
                "https://a.example/?error=&x=y",
                None,
            ),
        ] {
            let answer = answer(303, location, "");
            assert_eq!(answer.location().expect("a redirect").as_str(), leads_to);
            assert_eq!(answer.told("error").as_deref(), told, "{location}");
        }
    }

    #[test]
    fn a_parameter_is_left_out_of_query_and_form_and_nothing_else_is() {
        let ask = Ask::form(
            "https://a.example/?x=1&code_challenge=c",
            &[("y", "&"), ("code_challenge", "c")],
        );
        let ask = ask.omitting("code_challenge");
        assert_eq!(
            (ask.url.as_str(), ask.body.as_str()),
            ("https://a.example/?x=1", "y=%26")
        );
    }

    #[test]
    fn an_outline_quotes_a_plain_word_and_nothing_else() {
        let long = format!(r#"{{"error":"{}"}}"#, "x".repeat(WORD_CHARS_MAX + 1));
        for (given, outline) in [
            (
                answer(400, "", r#"{"error":"invalid_scope"}"#),
                "400 with invalid_scope",
            ),
            (answer(400, "", r#"{"error":"a\u001b[2J"}"#), "400"),
            (answer(400, "", &long), "400"),
            (
                answer(302, "https://a.example/?code=c", ""),
                "302 with a redirect",
            ),
            (answer(302, "https://a.example/?error=e", ""), "302 with e"),
            (answer(200, "", r#"{"access_token":"t"}"#), "200"),
        ] {
            assert_eq!(given.outline(), outline);
        }
    }
}
