//! What an API says in `WWW-Authenticate` when it refuses a token.

use std::fmt;

use reqwest::header::{HeaderMap, WWW_AUTHENTICATE};

use crate::error::ErrorCode;
use crate::scope::Scope;

/// The most bytes of one header field that are read, and the most fields. A usual challenge has about a hundred.
const FIELD_BYTES_MAX: usize = 8 << 10;
const FIELDS_MAX: usize = 16;

/// Holds a challenge for a bearer token: which error the API names, and which scope it wants.
///
/// Remote documents none; a gateway before it, or another server, may send one all the same.
///
/// # Wire
///
/// ```text
/// WWW-Authenticate: Basic realm="a, b", Bearer error="insufficient_scope", scope="timeoff:read"
/// ```
///
/// ```
/// use remote_auth::bearer::Challenge;
/// use remote_auth::error::ErrorCode;
/// let mut headers = reqwest::header::HeaderMap::new();
/// let field = r#"Basic realm="a, b", Bearer error="insufficient_scope", scope="timeoff:read""#;
/// headers.insert("www-authenticate", field.parse()?);
/// let challenge = Challenge::bearer(&headers).ok_or("there is one")?;
/// assert_eq!(challenge.error(), Some(ErrorCode::InsufficientScope));
/// assert!(challenge.scope().is_some_and(|scope| scope.contains("timeoff:read")));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Units and limits
///
/// Reads 16 header fields of 8 KiB each, and none that does not keep to the grammar.
///
/// # Secrets
///
/// Of the API's own words only the scope is kept, and `Debug` does not show it.
///
/// # Spec
///
/// <https://www.rfc-editor.org/rfc/rfc6750#section-3>, <https://www.rfc-editor.org/rfc/rfc9110#section-11.6.1>
#[derive(Clone, PartialEq, Eq)]
pub struct Challenge {
    error: Option<ErrorCode>,
    scope: Option<Scope>,
}

impl Challenge {
    /// Finds the challenge for a bearer token among an answer's headers, one that names an error before one that does not.
    ///
    /// A parameter that stands twice counts as missing, as does a scope that is none.
    // Requirement: rfc6750.3.challenge-is-read
    pub fn bearer(headers: &HeaderMap) -> Option<Self> {
        let fields = headers.get_all(WWW_AUTHENTICATE).iter().take(FIELDS_MAX);
        let read = fields.filter_map(|field| Reader::challenges(field.as_bytes()));
        let mut found: Vec<Self> = read.flatten().filter_map(Raw::bearer).collect();
        let named = found.iter().position(|challenge| challenge.error.is_some());
        (!found.is_empty()).then(|| found.swap_remove(named.unwrap_or(0)))
    }

    /// Returns the error that the API names: [`ErrorCode::Unknown`] for a word of no RFC.
    pub fn error(&self) -> Option<ErrorCode> {
        self.error
    }

    /// Returns the scope that the API wants: foreign text, of the characters of scope tokens.
    pub fn scope(&self) -> Option<&Scope> {
        self.scope.as_ref()
    }
}

impl fmt::Debug for Challenge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tokens = self.scope.as_ref().map(|scope| scope.tokens().count());
        f.debug_struct("Challenge")
            .field("error", &self.error)
            .field("scope_tokens", &tokens)
            .finish()
    }
}

/// A challenge of any scheme, as far as it is of use.
#[derive(Default)]
struct Raw {
    is_bearer: bool,
    /// It has a token in place of parameters, so none may follow.
    is_closed: bool,
    error: Parameter,
    scope: Parameter,
}

#[derive(Default)]
enum Parameter {
    #[default]
    Missing,
    Once(Vec<u8>),
    Twice,
}

impl Parameter {
    fn add(&mut self, value: Vec<u8>) {
        *self = match self {
            Self::Missing => Self::Once(value),
            _ => Self::Twice,
        };
    }

    fn text(&self) -> Option<&str> {
        match self {
            Self::Once(value) => str::from_utf8(value).ok(),
            _ => None,
        }
    }
}

impl Raw {
    fn add(&mut self, (name, value): (&[u8], Vec<u8>)) {
        if name.eq_ignore_ascii_case(b"error") {
            self.error.add(value);
        } else if name.eq_ignore_ascii_case(b"scope") {
            self.scope.add(value);
        }
    }

    fn bearer(self) -> Option<Challenge> {
        self.is_bearer.then(|| Challenge {
            error: self.error.text().map(ErrorCode::read),
            scope: self.scope.text().and_then(|text| text.parse().ok()),
        })
    }
}

/// Reads one header field from left to right.
///
/// Challenges and their parameters are parted by the same comma, so only what follows a word tells whether it begins
/// a challenge or is a parameter of the one before.
struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    /// Reads every challenge of a field; nothing if the field does not keep to the grammar.
    fn challenges(field: &'a [u8]) -> Option<Vec<Raw>> {
        if field.len() > FIELD_BYTES_MAX {
            return None;
        }
        let mut reader = Reader { rest: field };
        let mut challenges: Vec<Raw> = Vec::new();
        loop {
            // Elements of a list may be empty.
            reader.skip(|byte| is_blank(byte) || byte == b',');
            if reader.rest.is_empty() {
                return Some(challenges);
            }
            if let Some(parameter) = reader.attempt(Self::parameter) {
                let current = challenges.last_mut().filter(|raw| !raw.is_closed)?;
                current.add(parameter);
            } else {
                challenges.push(reader.challenge()?);
            }
        }
    }

    /// A scheme, and behind a blank its first parameter or a token in place of all of them.
    fn challenge(&mut self) -> Option<Raw> {
        let mut raw = Raw {
            is_bearer: self.token()?.eq_ignore_ascii_case(b"bearer"),
            ..Raw::default()
        };
        if self.attempt(Self::end_of_element).is_some() {
            return Some(raw);
        }
        (self.skip(|byte| byte == b' ') > 0).then_some(())?;
        if let Some(parameter) = self.attempt(Self::parameter) {
            raw.add(parameter);
        } else {
            self.token68()?;
            raw.is_closed = true;
        }
        Some(raw)
    }

    fn parameter(&mut self) -> Option<(&'a [u8], Vec<u8>)> {
        let name = self.token()?;
        self.skip(is_blank);
        self.expect(b'=')?;
        self.skip(is_blank);
        let value = match self.rest.first()? {
            b'"' => self.quoted()?,
            _ => self.token()?.to_vec(),
        };
        self.end_of_element()?;
        Some((name, value))
    }

    fn token(&mut self) -> Option<&'a [u8]> {
        let before = self.rest;
        let length =
            self.skip(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte));
        (length > 0).then(|| &before[..length])
    }

    fn token68(&mut self) -> Option<()> {
        let length = self.skip(|byte| byte.is_ascii_alphanumeric() || b"-._~+/".contains(&byte));
        self.skip(|byte| byte == b'=');
        (length > 0).then(|| self.end_of_element())?
    }

    fn quoted(&mut self) -> Option<Vec<u8>> {
        self.expect(b'"')?;
        let mut value = Vec::new();
        loop {
            match self.next()? {
                b'"' => return Some(value),
                b'\\' => value.push(self.next().filter(|byte| is_text(*byte))?),
                byte if is_text(byte) => value.push(byte),
                _ => return None,
            }
        }
    }

    /// The comma itself is left to be skipped with those around empty elements.
    fn end_of_element(&mut self) -> Option<()> {
        self.skip(is_blank);
        matches!(self.rest.first(), None | Some(b',')).then_some(())
    }

    /// Takes a step back where it leads nowhere.
    fn attempt<T>(&mut self, step: impl FnOnce(&mut Self) -> Option<T>) -> Option<T> {
        let before = self.rest;
        let taken = step(self);
        if taken.is_none() {
            self.rest = before;
        }
        taken
    }

    fn next(&mut self) -> Option<u8> {
        let (first, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(*first)
    }

    fn expect(&mut self, byte: u8) -> Option<()> {
        (self.next()? == byte).then_some(())
    }

    fn skip(&mut self, belongs: impl Fn(u8) -> bool) -> usize {
        let length = self.rest.iter().take_while(|byte| belongs(**byte)).count();
        self.rest = &self.rest[length..];
        length
    }
}

fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t')
}

/// What may stand between quotes: no control but the tab.
fn is_text(byte: u8) -> bool {
    byte == b'\t' || (byte >= b' ' && byte != 0x7f)
}

#[cfg(test)]
mod tests {
    use reqwest::header::HeaderValue;

    use super::*;

    fn found(fields: &[&[u8]]) -> Option<(Option<&'static str>, Option<String>)> {
        let mut headers = HeaderMap::new();
        for field in fields {
            let value = HeaderValue::from_bytes(field).expect("a header value");
            headers.append(WWW_AUTHENTICATE, value);
        }
        Challenge::bearer(&headers).map(|challenge| {
            let scope = challenge.scope().map(ToString::to_string);
            (challenge.error().map(ErrorCode::as_str), scope)
        })
    }

    // Requirement: rfc6750.3.challenge-is-read
    #[test]
    fn a_challenge_is_found_wherever_the_grammar_lets_it_stand() {
        let invalid = (Some("invalid_token"), None);
        let bare = (None, None);
        let wants = |scope: &str| (Some("insufficient_scope"), Some(scope.to_owned()));
        let cases: &[(&[&[u8]], _)] = &[
            (&[b"Bearer"], Some(bare.clone())),
            (&[b"bEARER"], Some(bare.clone())),
            (&[b"Bearer realm=\"x\""], Some(bare.clone())),
            (&[b"Bearer abc123=="], Some(bare.clone())),
            // By the grammar this is no parameter but a token in the place of all.
            (&[b"Bearer error="], Some(bare.clone())),
            (&[b"Bearer error=invalid_token"], Some(invalid.clone())),
            (
                &[b"Bearer error = \"invalid_token\""],
                Some(invalid.clone()),
            ),
            (
                &[b"Bearer ERROR=\"invalid\\_token\""],
                Some(invalid.clone()),
            ),
            (
                &[b",, Bearer realm=\"a, Bearer error=\\\"x\\\"\" ,, error=\"invalid_token\","],
                Some(invalid.clone()),
            ),
            (
                &[b"Basic realm=\"a\", Bearer error=\"invalid_token\""],
                Some(invalid.clone()),
            ),
            (
                &[b"Negotiate abc=, Bearer error=\"invalid_token\", DPoP algs=\"x\""],
                Some(invalid.clone()),
            ),
            (
                &[b"Bearer", b"Bearer error=\"invalid_token\""],
                Some(invalid.clone()),
            ),
            (
                &[b"Bearer \"", b"Bearer error=\"invalid_token\""],
                Some(invalid.clone()),
            ),
            (
                &[b"Bearer error=\"insufficient_scope\", scope=\"b a\""],
                Some(wants("a b")),
            ),
            (
                &[b"Bearer error=\"insufficient_scope\", scope=\"a  b\""],
                Some((Some("insufficient_scope"), None)),
            ),
            (&[b"Bearer error=\"c4n4ry\""], Some((Some("unknown"), None))),
            (
                &[b"Bearer error=\"invalid_token\", error=\"invalid_token\""],
                Some(bare.clone()),
            ),
            (&[b"Bearer error=\"\xff\""], Some(bare)),
            // No bearer challenge, or no grammar.
            (&[], None),
            (&[b""], None),
            (&[b"Basic realm=\"Bearer error=\""], None),
            (&[b"DPoP error=\"invalid_token\""], None),
            (&[b"Bearer realm=Remote API"], None),
            (&[b"Bearer error=\"invalid_token"], None),
            (&[b"Bearer abc error=\"invalid_token\""], None),
            (&[b"Bearer abc==, error=\"invalid_token\""], None),
            (&[b"error=\"invalid_token\""], None),
            (&[b"Bearer\terror=\"invalid_token\""], None),
            (&[b"Bearer; error=\"invalid_token\""], None),
        ];
        for (fields, expected) in cases {
            let shown: Vec<_> = fields
                .iter()
                .map(|field| String::from_utf8_lossy(field))
                .collect();
            assert_eq!(found(fields), *expected, "{shown:?}");
        }
    }

    #[test]
    fn what_is_too_long_or_too_much_is_not_read() {
        let at = |length: usize| format!("Bearer error=\"{}\"", "x".repeat(length));
        let room = FIELD_BYTES_MAX - at(0).len();
        assert!(found(&[at(room).as_bytes()]).is_some());
        assert!(found(&[at(room + 1).as_bytes()]).is_none());
        let mut fields: Vec<&[u8]> = vec![b"Basic"; FIELDS_MAX - 1];
        fields.push(b"Bearer");
        assert!(found(&fields).is_some());
        fields.insert(0, b"Basic");
        assert!(found(&fields).is_none());
    }

    #[test]
    fn debug_shows_how_much_and_not_what() {
        let mut headers = HeaderMap::new();
        let field = "Bearer error=\"c4n4ry\", scope=\"c4n4ry-1 c4n4ry-2\"";
        headers.insert(WWW_AUTHENTICATE, field.parse().expect("a header value"));
        let challenge = Challenge::bearer(&headers).expect("a challenge");
        let shown = format!("{challenge:?}");
        assert_eq!(
            shown,
            "Challenge { error: Some(Unknown), scope_tokens: Some(2) }"
        );
    }
}
