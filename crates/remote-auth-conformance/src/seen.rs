//! What a server saw, read by other means than it was written.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use httpmock::HttpMockRequest;
use remote_oauth_client::BasicEncoding;

/// Holds one request as a server saw it.
///
/// # Secrets
///
/// `Debug` shows everything: this is for tests, whose secrets are invented.
#[derive(Clone, PartialEq, Eq)]
pub struct Seen {
    /// The method, such as `POST`.
    pub method: String,
    /// The path, without the query.
    pub path: String,
    /// The query, where there is a question mark.
    pub query: Option<String>,
    /// The header fields in their order, with names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl Seen {
    /// Takes what a mock was asked.
    pub fn of(request: &HttpMockRequest) -> Self {
        // A mock server writes its own address before the path.
        let uri = request.uri();
        Self {
            method: request.method_str().to_owned(),
            path: uri.path().to_owned(),
            query: uri.query().map(str::to_owned),
            headers: request
                .headers_vec()
                .iter()
                .map(|(name, value)| (name.to_ascii_lowercase(), value.clone()))
                .collect(),
            body: request.body_vec(),
        }
    }

    /// Returns every value of a header field, whose name is given in lower case.
    pub fn header(&self, name: &str) -> Vec<&str> {
        self.headers
            .iter()
            .filter(|(known, _)| known == name)
            .map(|(_, value)| value.as_str())
            .collect()
    }

    /// Reads the body as a form, in its order; `None` if it is none or if two readers disagree about it.
    ///
    /// One reader is strict and written here, the other is the lenient one of the URL standard.
    ///
    /// # Spec
    ///
    /// <https://www.rfc-editor.org/rfc/rfc6749#appendix-B>
    pub fn form(&self) -> Option<Vec<(String, String)>> {
        if self.header("content-type") != ["application/x-www-form-urlencoded"] {
            return None;
        }
        let strict = strict_form(&self.body)?;
        let lenient: Vec<_> = form_urlencoded::parse(&self.body).into_owned().collect();
        (strict == lenient).then_some(strict)
    }

    /// Reads HTTP Basic as a pair of identifier and secret.
    ///
    /// `None` if there is not exactly one `Authorization` header, or it does not read in the given encoding.
    /// An identifier with a colon cannot be read back from [`BasicEncoding::Raw`]: the first colon parts the two.
    ///
    /// # Spec
    ///
    /// <https://www.rfc-editor.org/rfc/rfc7617#section-2>, <https://www.rfc-editor.org/rfc/rfc6749#section-2.3.1>
    pub fn basic(&self, encoding: BasicEncoding) -> Option<(String, String)> {
        let [header] = self.header("authorization")[..] else {
            return None;
        };
        let decoded = STANDARD.decode(header.strip_prefix("Basic ")?).ok()?;
        let pair = String::from_utf8(decoded).ok()?;
        let (id, secret) = pair.split_once(':')?;
        match encoding {
            BasicEncoding::Raw => Some((id.to_owned(), secret.to_owned())),
            BasicEncoding::FormUrlencoded => {
                Some((strict_text(id.as_bytes())?, strict_text(secret.as_bytes())?))
            }
            _ => None,
        }
    }
}

impl fmt::Debug for Seen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Seen")
            .field("method", &self.method)
            .field("path", &self.path)
            .field("query", &self.query)
            .field("headers", &self.headers)
            .field("body", &String::from_utf8_lossy(&self.body))
            .finish()
    }
}

fn strict_form(body: &[u8]) -> Option<Vec<(String, String)>> {
    if body.is_empty() {
        return Some(Vec::new());
    }
    let pairs = body.split(|byte| *byte == b'&').map(|pair| {
        let mut halves = pair.split(|byte| *byte == b'=');
        match (halves.next(), halves.next(), halves.next()) {
            (Some(name), Some(value), None) => Some((strict_text(name)?, strict_text(value)?)),
            _ => None,
        }
    });
    pairs.collect()
}

/// Decodes one half of a pair and refuses every character that an encoder has no reason to leave alone.
fn strict_text(encoded: &[u8]) -> Option<String> {
    let mut bytes = encoded.iter().copied();
    let mut text = Vec::with_capacity(encoded.len());
    while let Some(byte) = bytes.next() {
        text.push(match byte {
            b'+' => b' ',
            b'%' => hex_digit(bytes.next()?)? << 4 | hex_digit(bytes.next()?)?,
            b'-' | b'.' | b'_' | b'*' | b'~' => byte,
            _ if byte.is_ascii_alphanumeric() => byte,
            _ => return None,
        });
    }
    String::from_utf8(text).ok()
}

fn hex_digit(byte: u8) -> Option<u8> {
    char::from(byte)
        .to_digit(16)
        .and_then(|digit| u8::try_from(digit).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    const FORM: &str = "application/x-www-form-urlencoded";

    fn seen(headers: &[(&str, &str)], body: &[u8]) -> Seen {
        let own = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        Seen {
            method: "POST".to_owned(),
            path: "/".to_owned(),
            query: None,
            headers: headers.iter().map(own).collect(),
            body: body.to_vec(),
        }
    }

    #[test]
    fn a_form_is_read_only_where_it_is_one() {
        type Pairs<'a> = Option<&'a [(&'a str, &'a str)]>;
        let cases: &[(&[u8], Pairs<'_>)] = &[
            (b"", Some(&[])),
            (b"a=b", Some(&[("a", "b")])),
            (b"a=&b=c", Some(&[("a", ""), ("b", "c")])),
            (b"a=b&a=b", Some(&[("a", "b"), ("a", "b")])),
            (b"a=%2B+%20%c3%A9", Some(&[("a", "+  \u{e9}")])),
            (b"a", None),
            (b"a=b=c", None),
            (b"a=b&", None),
            (b"&a=b", None),
            (b"a=%2", None),
            (b"a=%zz", None),
            (b"a=b c", None),
            (b"a=:", None),
            (b"a=%ff", None),
            (b"{\"a\":\"b\"}", None),
        ];
        for (body, pairs) in cases {
            let read = seen(&[("content-type", FORM)], body).form();
            let read: Option<Vec<_>> = read.as_ref().map(|pairs| {
                pairs
                    .iter()
                    .map(|(name, value)| (name.as_str(), value.as_str()))
                    .collect()
            });
            assert_eq!(read.as_deref(), *pairs, "{}", String::from_utf8_lossy(body));
        }
        for headers in [
            &[][..],
            &[("content-type", "application/json")],
            &[("content-type", FORM), ("content-type", FORM)],
        ] {
            assert_eq!(seen(headers, b"a=b").form(), None, "{headers:?}");
        }
    }

    #[test]
    fn basic_is_read_only_from_one_whole_header() {
        let header = |pair: &str| format!("Basic {}", STANDARD.encode(pair));
        let read = |values: &[&str], encoding| {
            let headers: Vec<_> = values
                .iter()
                .map(|value| ("authorization", *value))
                .collect();
            seen(&headers, b"").basic(encoding)
        };
        let cases = [
            ("id:a:b+c%", Some(("id", "a:b+c%")), None),
            (
                "i%3Ad:a%2Bb",
                Some(("i%3Ad", "a%2Bb")),
                Some(("i:d", "a+b")),
            ),
            ("id:a+b", Some(("id", "a+b")), Some(("id", "a b"))),
            ("nothing", None, None),
        ];
        for (pair, raw, decoded) in cases {
            let own = |(id, secret): (&str, &str)| (id.to_owned(), secret.to_owned());
            let value = header(pair);
            assert_eq!(read(&[&value], BasicEncoding::Raw), raw.map(own), "{pair}");
            assert_eq!(
                read(&[&value], BasicEncoding::FormUrlencoded),
                decoded.map(own),
                "{pair}"
            );
        }
        let good = header("id:secret");
        for values in [
            &[][..],
            &[good.as_str(), good.as_str()],
            &["Bearer aWQ6c2VjcmV0"],
            &["Basic aWQ6c2VjcmV0="],
            &["aWQ6c2VjcmV0"],
        ] {
            assert_eq!(read(values, BasicEncoding::Raw), None, "{values:?}");
        }
    }
}
