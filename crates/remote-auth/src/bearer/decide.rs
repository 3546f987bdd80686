//! Every decision of the skins, as pure functions: what to do before a request is sent, and after its answer.
//!
//! The skins differ in whose requests they carry, and in nothing that is decided here.

use reqwest::StatusCode;
use reqwest::header::HeaderMap;
use url::Url;

use super::Challenge;
use crate::environment::Gateway;
use crate::error::ErrorCode;

/// What to do with a request before it is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Before {
    /// Attach a token.
    Attach,
    /// Send it as it is: the caller has attached something of its own.
    Pass,
    /// Do not send it: the token would leave for another origin.
    Refuse,
}

/// Judges a request by where it goes. An address that names no host goes nowhere that is known.
///
/// A gateway is `https` or loopback by construction, so whatever has its origin is so too.
pub(crate) fn before(gateway: &Gateway, to: Option<&Url>, is_authorized: bool) -> Before {
    match to {
        _ if is_authorized => Before::Pass,
        Some(url) if gateway.is_origin_of(url) => Before::Attach,
        _ => Before::Refuse,
    }
}

/// Where an answer came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AnsweredBy {
    /// From the address that was asked, as far as the skin can know.
    Asked,
    /// From another address of the same origin, after a redirect.
    Redirected,
    /// From another origin, after a redirect. The HTTP library leaves the token behind on the way.
    Elsewhere,
}

impl AnsweredBy {
    /// Compares the address that was asked with the one that answered.
    pub(crate) fn compare(asked: &Url, answered: &Url) -> Self {
        // A fragment is never sent, so a library may drop it.
        let (mut asked, mut answered) = (asked.clone(), answered.clone());
        asked.set_fragment(None);
        answered.set_fragment(None);
        if asked == answered {
            Self::Asked
        } else if asked.origin() == answered.origin() {
            Self::Redirected
        } else {
            Self::Elsewhere
        }
    }
}

/// What to do with an answer to a request that carried a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum After {
    /// Hand it on.
    HandOn,
    /// Hand it on, and say which scope is missing.
    SayWhichScope,
    /// Hand it on, and invalidate the token: the request cannot be sent again, or must not.
    Invalidate,
    /// Invalidate the token, and send the request once more if there is another.
    Resend,
}

/// Judges an answer. `has_copy` tells whether the request can be sent once more.
///
/// After a redirect nothing is sent again: the first address has answered, so the request may have done its work.
// Requirement: rfc6750.3.1.no-retry-for-scope, rfc6750.3.1.retry-with-new-token
pub(crate) fn after(
    by: AnsweredBy,
    status: StatusCode,
    headers: &HeaderMap,
    has_copy: bool,
) -> After {
    match refusal(status, headers) {
        _ if by == AnsweredBy::Elsewhere => After::HandOn,
        Some(Refusal::Scope) => After::SayWhichScope,
        Some(Refusal::Token) if has_copy && by == AnsweredBy::Asked => After::Resend,
        Some(Refusal::Token) => After::Invalidate,
        None => After::HandOn,
    }
}

/// What an API refuses about a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// The token itself: another may do.
    Token,
    /// Its scope: another of the same scope fares no better.
    Scope,
}

/// Tells what an answer refuses, by its status and, where there is one, the challenge's word.
///
/// <https://www.rfc-editor.org/rfc/rfc6750#section-3.1>
pub(crate) fn refusal(status: StatusCode, headers: &HeaderMap) -> Option<Refusal> {
    let named = || Challenge::bearer(headers)?.error();
    match status {
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => match (status, named()) {
            (_, Some(ErrorCode::InsufficientScope)) => Some(Refusal::Scope),
            (StatusCode::UNAUTHORIZED, _) => Some(Refusal::Token),
            (_, None) => Some(Refusal::Scope),
            // 403 with another word: neither the scope nor, by its status, the token.
            (_, Some(_)) => None,
        },
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use reqwest::header::WWW_AUTHENTICATE;

    use super::*;

    #[test]
    fn a_token_goes_to_its_own_origin_and_over_nothing_of_the_callers() {
        use Before::{Attach, Pass, Refuse};
        let cases = [
            (
                "https://gateway.remote.com",
                Some("https://gateway.remote.com/v1/x?y#z"),
                false,
                Attach,
            ),
            (
                "https://gateway.remote.com",
                Some("https://gateway.remote.com:443/"),
                false,
                Attach,
            ),
            (
                "https://gateway.remote.com",
                Some("https://gateway.remote.com:8443/"),
                false,
                Refuse,
            ),
            (
                "https://gateway.remote.com",
                Some("http://gateway.remote.com/"),
                false,
                Refuse,
            ),
            (
                "https://gateway.remote.com",
                Some("https://gateway.remote.com.evil.example/"),
                false,
                Refuse,
            ),
            (
                "https://gateway.remote.com",
                Some("https://gateway.remote.com@evil.example/"),
                false,
                Refuse,
            ),
            (
                "https://gateway.remote.com",
                Some("https://gateway.remote-sandbox.com/"),
                false,
                Refuse,
            ),
            ("https://gateway.remote.com", None, false, Refuse),
            (
                "http://127.0.0.1:4000",
                Some("http://127.0.0.1:4000/v1"),
                false,
                Attach,
            ),
            (
                "http://127.0.0.1:4000",
                Some("http://localhost:4000/v1"),
                false,
                Refuse,
            ),
            (
                "https://gateway.remote.com",
                Some("https://gateway.remote.com/"),
                true,
                Pass,
            ),
            (
                "https://gateway.remote.com",
                Some("https://elsewhere.example/"),
                true,
                Pass,
            ),
            ("https://gateway.remote.com", None, true, Pass),
        ];
        for (gateway, url, is_authorized, expected) in cases {
            let gateway: Gateway = gateway.parse().expect("a gateway");
            let parsed = url.map(|url| Url::parse(url).expect("an address"));
            assert_eq!(
                before(&gateway, parsed.as_ref(), is_authorized),
                expected,
                "{url:?}"
            );
        }
    }

    // Requirement: rfc6750.3.1.retry-with-new-token, rfc6750.3.1.no-retry-for-scope
    #[test]
    fn an_answer_is_judged_by_where_it_came_from_and_what_it_says() {
        use After::{HandOn, Invalidate, Resend, SayWhichScope};
        use AnsweredBy::{Asked, Elsewhere, Redirected};
        let invalid = Some(r#"Bearer error="invalid_token""#);
        let scope = Some(r#"Bearer error="insufficient_scope", scope="a""#);
        let cases = [
            (Asked, 200, None, true, HandOn),
            (Asked, 200, invalid, true, HandOn),
            (Asked, 302, None, true, HandOn),
            (Asked, 400, invalid, true, HandOn),
            (Asked, 401, None, true, Resend),
            (Asked, 401, None, false, Invalidate),
            (Asked, 401, invalid, true, Resend),
            (Asked, 401, Some("Bearer"), true, Resend),
            (
                Asked,
                401,
                Some(r#"Basic error="insufficient_scope""#),
                true,
                Resend,
            ),
            (Asked, 401, scope, true, SayWhichScope),
            (Asked, 401, scope, false, SayWhichScope),
            (Redirected, 401, None, true, Invalidate),
            (Redirected, 403, None, true, SayWhichScope),
            (Elsewhere, 401, None, true, HandOn),
            (Elsewhere, 401, scope, true, HandOn),
            (Elsewhere, 403, None, true, HandOn),
            (Asked, 403, None, true, SayWhichScope),
            (Asked, 403, scope, true, SayWhichScope),
            (Asked, 403, invalid, true, HandOn),
            (Asked, 404, scope, true, HandOn),
            (Asked, 407, None, true, HandOn),
            (Asked, 500, None, true, HandOn),
        ];
        for (by, status, challenge, has_copy, expected) in cases {
            let mut headers = HeaderMap::new();
            if let Some(challenge) = challenge {
                headers.insert(WWW_AUTHENTICATE, challenge.parse().expect("a header value"));
            }
            let status = StatusCode::from_u16(status).expect("a status");
            let decided = after(by, status, &headers, has_copy);
            assert_eq!(
                decided, expected,
                "{by:?} {status} {challenge:?} {has_copy}"
            );
        }
    }

    #[test]
    fn an_answer_comes_from_the_address_from_the_origin_or_from_elsewhere() {
        let asked = Url::parse("https://a.example/x?y#z").expect("an address");
        for (answered, from) in [
            ("https://a.example/x?y", AnsweredBy::Asked),
            ("https://a.example/x?y#other", AnsweredBy::Asked),
            ("https://a.example/x", AnsweredBy::Redirected),
            ("https://b.example/x?y", AnsweredBy::Elsewhere),
            ("http://a.example/x?y", AnsweredBy::Elsewhere),
            ("https://a.example:8443/x?y", AnsweredBy::Elsewhere),
        ] {
            let answered = Url::parse(answered).expect("an address");
            assert_eq!(AnsweredBy::compare(&asked, &answered), from, "{answered}");
        }
    }
}
