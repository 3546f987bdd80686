//! Redirection URIs: which are registered, and how an answer is put on one.

use form_urlencoded::Serializer;
use url::{Host, Url};

/// What a loopback redirection URI begins with, and the only hosts whose port may vary.
const LOOPBACK_PREFIXES: [&str; 2] = ["http://127.0.0.1", "http://[::1]"];

/// Tells whether a redirection URI may be registered: absolute, ASCII, without a fragment, and of a
/// scheme that a browser leaves the page with.
///
/// See <https://www.rfc-editor.org/rfc/rfc6749#section-3.1.2>.
pub(crate) fn may_be_registered(uri: &str) -> bool {
    let printable = uri.bytes().all(|byte| byte.is_ascii_graphic());
    let parsed = Url::parse(uri);
    printable
        && parsed.is_ok_and(|uri| {
            uri.fragment().is_none()
                && !matches!(uri.scheme(), "javascript" | "data" | "blob" | "file")
        })
}

/// Tells whether the requested URI is the registered one, character by character.
///
/// One exception: a loopback address registered without a port is met with any port, because a
/// program on a desktop takes the port that it gets.
/// See <https://www.rfc-editor.org/rfc/rfc8252#section-7.3>.
pub(crate) fn matches(registered: &str, requested: &str) -> bool {
    registered == requested
        || LOOPBACK_PREFIXES.into_iter().any(|prefix| {
            let path = registered
                .strip_prefix(prefix)
                .filter(|rest| rest.starts_with('/'));
            let port_and_path = requested
                .strip_prefix(prefix)
                .and_then(|rest| rest.strip_prefix(':'));
            path.zip(port_and_path)
                .is_some_and(|(path, port_and_path)| {
                    port_and_path.strip_suffix(path).is_some_and(is_port)
                })
        })
}

fn is_port(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit()) && text.parse::<u16>().is_ok_and(|port| port > 0)
}

/// Puts an authorization response on a redirection URI, keeping the query that it has.
///
/// See <https://www.rfc-editor.org/rfc/rfc6749#section-4.1.2>.
pub(crate) fn with_answer(uri: &str, answer: &[(&str, &str)]) -> String {
    let joint = if uri.contains('?') { '&' } else { '?' };
    let mut query = Serializer::new(String::new());
    query.extend_pairs(answer);
    format!("{uri}{joint}{}", query.finish())
}

/// What a content security policy calls the place that this URI leads to.
///
/// Browsers apply `form-action` to the redirect that answers a form as well, so the consent page
/// has to name it.
pub(crate) fn policy_source(uri: &str) -> String {
    let Ok(uri) = Url::parse(uri) else {
        return "'none'".to_owned();
    };
    match uri.host() {
        // The grammar of policies has no IPv6 addresses, so the scheme stands for them.
        Some(Host::Domain(_) | Host::Ipv4(_)) if uri.origin().is_tuple() => {
            uri.origin().ascii_serialization()
        }
        _ => format!("{}:", uri.scheme()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // Requirement: rfc6749.3.1.2.3.matched, rfc8252.7.3.any-port, rfc8252.8.3.localhost
    // Requirement: rfc9700.2.1.exact-redirect
    #[test]
    fn a_redirection_uri_matches_exactly_but_for_the_port_of_a_loopback_address() {
        let loopback = "http://127.0.0.1/callback";
        let fixed = "https://client.example/callback";
        let cases = [
            (fixed, fixed, true),
            (fixed, "https://client.example/callback/", false),
            (fixed, "https://client.example/callback?x=1", false),
            (fixed, "https://client.example:443/callback", false),
            (fixed, "https://CLIENT.example/callback", false),
            (fixed, "http://client.example/callback", false),
            (loopback, loopback, true),
            (loopback, "http://127.0.0.1:8080/callback", true),
            (loopback, "http://127.0.0.1:65535/callback", true),
            (loopback, "http://127.0.0.1:65536/callback", false),
            (loopback, "http://127.0.0.1:0/callback", false),
            (loopback, "http://127.0.0.1:/callback", false),
            (loopback, "http://127.0.0.1:+80/callback", false),
            (loopback, "http://127.0.0.1:80/callback/x", false),
            (
                loopback,
                "http://127.0.0.1:80@client.example/callback",
                false,
            ),
            (loopback, "http://127.0.0.1:80/x/callback", false),
            (loopback, "https://127.0.0.1:80/callback", false),
            (loopback, "http://localhost:80/callback", false),
            (loopback, "http://[::1]:80/callback", false),
            ("http://[::1]/callback", "http://[::1]:80/callback", true),
            (
                "http://localhost/callback",
                "http://localhost:80/callback",
                false,
            ),
            (
                "http://127.0.0.1:80/callback",
                "http://127.0.0.1:81/callback",
                false,
            ),
            ("http://127.0.0.1", "http://127.0.0.1:81", false),
        ];
        for (registered, requested, same) in cases {
            assert_eq!(
                matches(registered, requested),
                same,
                "{registered} {requested}"
            );
        }
    }

    // Requirement: rfc6749.3.1.2.absolute, rfc6749.3.1.2.no-fragment
    #[test]
    fn only_absolute_uris_without_a_fragment_are_registered() {
        for (uri, good) in [
            ("https://client.example/callback?tenant=1", true),
            ("com.example.app:/callback", true),
            ("https://client.example/callback#part", false),
            ("/callback", false),
            ("javascript:alert(1)", false),
            ("https://client.example/call back", false),
            ("https://client.example/\u{e9}", false),
        ] {
            assert_eq!(may_be_registered(uri), good, "{uri}");
        }
    }

    // Requirement: rfc6749.3.1.2.query-kept
    #[test]
    fn an_answer_joins_the_query_and_is_encoded() {
        let answer = [("code", "a b"), ("state", "x&y=z\r\n")];
        assert_eq!(
            with_answer("https://c.example/", &answer),
            "https://c.example/?code=a+b&state=x%26y%3Dz%0D%0A"
        );
        assert!(
            with_answer("https://c.example/?t=1", &answer)
                .starts_with("https://c.example/?t=1&code=")
        );
    }

    #[test]
    fn a_policy_names_the_origin_where_its_grammar_can() {
        for (uri, source) in [
            ("http://127.0.0.1:4000/callback", "http://127.0.0.1:4000"),
            ("https://client.example/callback", "https://client.example"),
            ("http://[::1]:4000/callback", "http:"),
            ("com.example.app:/callback", "com.example.app:"),
        ] {
            assert_eq!(policy_source(uri), source, "{uri}");
        }
    }
}
