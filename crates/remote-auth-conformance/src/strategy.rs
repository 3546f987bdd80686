//! Inputs, weighted towards the edges.
//!
//! The grammars are those of RFC 6749 appendix A. Text that plays a secret carries [`MARK`] more often than not, so
//! that every law can look for leaks; the rest are the short and odd texts that break codecs.
//!
//! Answers of the token endpoint are in [`answer`], scopes that are reckoned with in [`scope`](mod@scope).
//!
//! The larger strategies are boxed: their types would fill pages of a failing law's backtrace.
//!
//! # Spec
//!
//! <https://www.rfc-editor.org/rfc/rfc6749#appendix-A>

pub mod answer;
pub mod scope;

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use remote_oauth_client::types::TokenRequest;
use remote_oauth_client::{BasicEncoding, Secret};

use crate::mark::MARK;

/// Whole texts on which the readings of a codec differ, or on which parsers trip.
const EDGES: &[&str] = &[
    " ",
    "%",
    "+",
    ":",
    "&",
    "=",
    "\"",
    "\\",
    "'",
    "#",
    "~",
    "::",
    "a:b",
    "a b",
    "a+b",
    "%20",
    "%2B",
    "%zz",
    "100%",
    "a=b&c=d",
    "{\"a\":1}",
    "\"quoted\"",
    "</html>",
    "${x}",
    "null",
];

fn character() -> impl Strategy<Value = char> {
    prop_oneof![
        4 => select(('a'..='z').chain('A'..='Z').chain('0'..='9').collect::<Vec<_>>()),
        2 => select(" :%+\"&=#/\\~!'-._*".chars().collect::<Vec<_>>()),
        1 => prop::char::range(' ', '~'),
    ]
}

/// Makes one or more `VSCHAR`, without the mark.
pub fn vschar() -> BoxedStrategy<String> {
    prop_oneof![
        3 => vec(character(), 1..40).prop_map(String::from_iter),
        1 => select(EDGES).prop_map(str::to_owned),
    ]
    .boxed()
}

/// Makes the text of a secret, code, refresh token or state: `VSCHAR`, with the mark three times in four.
pub fn secret() -> impl Strategy<Value = String> {
    prop_oneof![
        3 => marked(),
        1 => vschar(),
    ]
}

/// Makes the text of a secret that always carries the mark.
pub fn marked() -> BoxedStrategy<String> {
    let around = || vec(character(), 0..12).prop_map(String::from_iter);
    (around(), around())
        .prop_map(|(before, after)| format!("{before}{MARK}{after}"))
        .boxed()
}

/// Makes any Unicode text, the empty one included.
pub fn text() -> BoxedStrategy<String> {
    prop_oneof![
        2 => any::<String>(),
        1 => vschar(),
        1 => select(&["", "\0", "\r\n", "é", "\u{1f980}", "\u{fffd}"][..]).prop_map(str::to_owned),
    ]
    .boxed()
}

/// Makes a way to write credentials into HTTP Basic.
pub fn encoding() -> impl Strategy<Value = BasicEncoding> {
    select(&[BasicEncoding::Raw, BasicEncoding::FormUrlencoded][..])
}

/// Holds an identifier, a secret and the way in which they are written.
#[derive(Clone, Debug)]
pub struct Credentials {
    /// The client identifier.
    pub id: String,
    /// The client secret.
    pub secret: String,
    /// How both are written into HTTP Basic.
    pub encoding: BasicEncoding,
}

/// Makes credentials over `VSCHAR`.
///
/// An identifier that is sent raw has no colon, since HTTP Basic cannot carry one.
///
/// # Spec
///
/// <https://www.rfc-editor.org/rfc/rfc7617#section-2>
pub fn credentials() -> impl Strategy<Value = Credentials> {
    (vschar(), secret(), encoding()).prop_map(|(id, secret, encoding)| {
        let id = match encoding {
            BasicEncoding::Raw => id.replace(':', "."),
            _ => id,
        };
        Credentials {
            id,
            secret,
            encoding,
        }
    })
}

/// Makes a scope as a server may write it: any tokens, none at all, blanks in any number.
///
/// # Spec
///
/// <https://www.rfc-editor.org/rfc/rfc6749#section-3.3>
pub fn scope() -> impl Strategy<Value = String> {
    let no_quote = |c: char| if c == '"' || c == '\\' { '/' } else { c };
    let token = vec(prop::char::range('!', '~').prop_map(no_quote), 1..12);
    let token = prop_oneof![
        2 => token.prop_map(String::from_iter),
        1 => Just("https://gateway.remote.com/company.manage".to_owned()),
        1 => select(&["timeoff:read", "all:write", "company_admin"][..]).prop_map(str::to_owned),
    ];
    let blanks = select(&[" ", " ", "  "][..]);
    vec((token, blanks), 0..5).prop_map(|parts| {
        let parts = parts.into_iter().map(|(token, blanks)| token + blanks);
        parts.collect::<String>()
    })
}

/// Makes a scope that an assertion may ask for: one to four tokens of the documented styles.
pub fn assertion_scope() -> impl Strategy<Value = String> {
    let word = || vec(select(('a'..='z').chain(['_']).collect::<Vec<_>>()), 1..9);
    let action = (word(), select(&["read", "write"][..]))
        .prop_map(|(resource, action)| format!("{}:{action}", String::from_iter(resource)));
    let token = prop_oneof![
        4 => action,
        2 => word().prop_map(String::from_iter),
        1 => select(&["all:read", "all:write"][..]).prop_map(str::to_owned),
    ];
    vec(token, 1..5).prop_map(|tokens| tokens.join(" "))
}

/// Makes a redirection URI that a client may register.
pub fn redirect_uri() -> impl Strategy<Value = String> {
    let known = [
        "https://partner.example/callback",
        "https://partner.example/a%20b/c+d?keep=1&also=%26",
        "http://127.0.0.1:8787/callback",
        "http://[::1]:1/cb?x=y",
        "com.example.app:/cb",
    ];
    let query = vec(character(), 0..12).prop_map(|characters| {
        let value = String::from_iter(characters);
        let encoded: String = form_urlencoded::byte_serialize(value.as_bytes()).collect();
        format!("https://partner.example/callback?keep={encoded}")
    });
    prop_oneof![
        2 => select(known.to_vec()).prop_map(str::to_owned),
        1 => query,
    ]
}

/// Makes an identifier of Remote's: a UUID, or what merely has its letters.
pub fn identifier() -> impl Strategy<Value = String> {
    prop_oneof![
        1 => Just("99bf04d8-2b43-11f0-8cf4-d38ed3edc31e".to_owned()),
        2 => vec(select("0123456789abcdefXYZ-".chars().collect::<Vec<_>>()), 1..37).prop_map(String::from_iter),
    ]
}

/// Holds a token request, and by hand what its form must say.
#[derive(Clone, Debug)]
pub struct Asked {
    /// The request.
    pub request: TokenRequest,
    /// Names and values of its parameters, in the order of their names.
    pub form: Vec<(String, String)>,
}

impl Asked {
    fn new<const N: usize>(request: TokenRequest, form: [(&str, Option<String>); N]) -> Self {
        let mut form: Vec<_> = form
            .into_iter()
            .filter_map(|(name, value)| Some((name.to_owned(), value?)))
            .collect();
        form.sort();
        Self { request, form }
    }
}

/// Makes a token request of any grant with any text in any parameter.
pub fn asked() -> BoxedStrategy<Asked> {
    prop_oneof![
        ask_with_a_code(),
        ask_for_the_client(),
        ask_with_a_refresh_token(),
        ask_with_an_assertion(),
    ]
    .boxed()
}

fn optional_text() -> impl Strategy<Value = Option<String>> {
    option::weighted(0.4, text())
}

fn wire(value: &Option<String>) -> Option<Secret> {
    value.clone().map(Secret::from)
}

fn ask_with_a_code() -> impl Strategy<Value = Asked> {
    let parts = (
        text(),
        optional_text(),
        optional_text(),
        optional_text(),
        optional_text(),
    );
    parts.prop_map(|(code, redirect_uri, verifier, client_id, client_secret)| {
        let request = TokenRequest::AuthorizationCode {
            code: code.clone().into(),
            redirect_uri: redirect_uri.clone(),
            code_verifier: wire(&verifier),
            client_id: client_id.clone(),
            client_secret: wire(&client_secret),
        };
        let form = [
            ("grant_type", Some("authorization_code".to_owned())),
            ("code", Some(code)),
            ("redirect_uri", redirect_uri),
            ("code_verifier", verifier),
            ("client_id", client_id),
            ("client_secret", client_secret),
        ];
        Asked::new(request, form)
    })
}

fn ask_for_the_client() -> impl Strategy<Value = Asked> {
    let parts = (optional_text(), optional_text(), optional_text());
    parts.prop_map(|(scope, client_id, client_secret)| {
        let request = TokenRequest::ClientCredentials {
            scope: scope.clone(),
            client_id: client_id.clone(),
            client_secret: wire(&client_secret),
        };
        let form = [
            ("grant_type", Some("client_credentials".to_owned())),
            ("scope", scope),
            ("client_id", client_id),
            ("client_secret", client_secret),
        ];
        Asked::new(request, form)
    })
}

fn ask_with_a_refresh_token() -> impl Strategy<Value = Asked> {
    let parts = (text(), optional_text(), optional_text(), optional_text());
    parts.prop_map(|(refresh_token, scope, client_id, client_secret)| {
        let request = TokenRequest::RefreshToken {
            refresh_token: refresh_token.clone().into(),
            scope: scope.clone(),
            client_id: client_id.clone(),
            client_secret: wire(&client_secret),
        };
        let form = [
            ("grant_type", Some("refresh_token".to_owned())),
            ("refresh_token", Some(refresh_token)),
            ("scope", scope),
            ("client_id", client_id),
            ("client_secret", client_secret),
        ];
        Asked::new(request, form)
    })
}

fn ask_with_an_assertion() -> impl Strategy<Value = Asked> {
    let parts = (text(), optional_text(), optional_text(), optional_text());
    parts.prop_map(|(assertion, scope, client_id, client_secret)| {
        let request = TokenRequest::JwtBearer {
            assertion: assertion.clone().into(),
            scope: scope.clone(),
            client_id: client_id.clone(),
            client_secret: wire(&client_secret),
        };
        let grant_type = "urn:ietf:params:oauth:grant-type:jwt-bearer".to_owned();
        let form = [
            ("grant_type", Some(grant_type)),
            ("assertion", Some(assertion)),
            ("scope", scope),
            ("client_id", client_id),
            ("client_secret", client_secret),
        ];
        Asked::new(request, form)
    })
}
