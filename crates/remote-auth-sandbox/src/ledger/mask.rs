//! What may be shown of a request, by name, and the mask over everything else.
//!
//! The tables are allow-lists of names, and for each name of values.
//! A value is not shown because its name is harmless: a client under test may have put a secret
//! anywhere, and a value that its name does not explain is masked.

use std::fmt;

use remote_oauth_client::catalogue;
use serde_json::Value;

use crate::{http, parameters::Parameters, redirect};

/// What stands for a name that is not known.
const OTHER_NAME: &str = "(other)";

/// A longer number may be a secret of digits.
const NUMBER_DIGITS_MAX: usize = 9;

/// What the sandbox itself was started with, and shows where it meets it again.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Known {
    pub(crate) client_ids: Vec<String>,
    pub(crate) redirect_uris: Vec<String>,
}

/// What is shown of a value.
#[derive(Clone, Copy, Debug)]
pub(super) enum Kind {
    /// These words, and a mask for each other one.
    Words(&'static [&'static str]),
    /// Names of the scope catalogue.
    Scope,
    Number,
    ClientId,
    RedirectUri,
    /// A host and a port of this machine.
    Loopback,
    /// The first product, if it is a widespread one, and its version.
    Product,
    /// The date of a message.
    Date,
    /// The scheme of credentials.
    Scheme,
    Secret,
}

const MEDIA_TYPES: Kind = Kind::Words(&[
    "*/*",
    "application/json",
    "application/x-www-form-urlencoded",
    "application/xhtml+xml",
    "application/xml",
    "charset=utf-8",
    "charset=UTF-8",
    "image/avif",
    "image/webp",
    "multipart/form-data",
    "text/html",
    "text/plain",
]);

const FETCH: Kind = Kind::Words(&[
    "?0",
    "?1",
    "cors",
    "cross-site",
    "document",
    "empty",
    "navigate",
    "no-cors",
    "none",
    "same-origin",
    "same-site",
    "style",
]);

const CACHING: Kind = Kind::Words(&["max-age=0", "no-cache", "no-store"]);

const HEADERS: &[(&str, Kind)] = &[
    ("accept", MEDIA_TYPES),
    (
        "accept-encoding",
        Kind::Words(&["*", "br", "deflate", "gzip", "identity", "zstd"]),
    ),
    (
        "accept-language",
        Kind::Words(&["*", "en", "en-GB", "en-US"]),
    ),
    ("authorization", Kind::Scheme),
    ("cache-control", CACHING),
    ("connection", Kind::Words(&["close", "keep-alive"])),
    ("content-length", Kind::Number),
    ("content-type", MEDIA_TYPES),
    ("cookie", Kind::Secret),
    ("date", Kind::Date),
    ("dpop", Kind::Secret),
    ("expect", Kind::Words(&["100-continue"])),
    ("host", Kind::Loopback),
    ("idempotency-key", Kind::Secret),
    ("origin", Kind::Secret),
    ("pragma", CACHING),
    ("proxy-authorization", Kind::Scheme),
    ("referer", Kind::Secret),
    ("sec-fetch-dest", FETCH),
    ("sec-fetch-mode", FETCH),
    ("sec-fetch-site", FETCH),
    ("sec-fetch-user", FETCH),
    ("te", Kind::Words(&["trailers"])),
    ("traceparent", Kind::Secret),
    ("transfer-encoding", Kind::Words(&["chunked"])),
    ("upgrade-insecure-requests", Kind::Number),
    ("user-agent", Kind::Product),
];

const FLAG: Kind = Kind::Words(&["false", "true"]);

/// Parameters of queries and forms, and members of JSON.
const MEMBERS: &[(&str, Kind)] = &[
    ("access_token", Kind::Secret),
    (
        "action",
        Kind::Words(&["get_oauth_access_tokens", "send_create_password_email"]),
    ),
    ("assertion", Kind::Secret),
    ("async", FLAG),
    ("client_assertion", Kind::Secret),
    (
        "client_assertion_type",
        Kind::Words(&["urn:ietf:params:oauth:client-assertion-type:jwt-bearer"]),
    ),
    ("client_id", Kind::ClientId),
    ("client_secret", Kind::Secret),
    ("code", Kind::Secret),
    ("code_challenge", Kind::Secret),
    ("code_challenge_method", Kind::Words(&["S256", "plain"])),
    ("code_verifier", Kind::Secret),
    ("company", Kind::Secret),
    ("company_id", Kind::Secret),
    ("company_owner_email", Kind::Secret),
    ("company_owner_name", Kind::Secret),
    ("country_code", Kind::Secret),
    ("decision", Kind::Words(&["approve", "deny"])),
    ("desired_currency", Kind::Secret),
    ("employment_id", Kind::Secret),
    ("external_id", Kind::Secret),
    (
        "grant_type",
        Kind::Words(&[
            "authorization_code",
            "client_credentials",
            "password",
            "refresh_token",
            "urn:ietf:params:oauth:grant-type:jwt-bearer",
        ]),
    ),
    ("name", Kind::Secret),
    ("nonce", Kind::Secret),
    ("page", Kind::Number),
    ("page_size", Kind::Number),
    ("password", Kind::Secret),
    ("path", Kind::Secret),
    ("redirect_uri", Kind::RedirectUri),
    ("refresh_token", Kind::Secret),
    ("response_type", Kind::Words(&["code", "id_token", "token"])),
    ("scope", Kind::Scope),
    ("state", Kind::Secret),
    ("subscribe_to_all_events", FLAG),
    (
        "subscribed_events",
        Kind::Words(&[
            "company.archived",
            "company.partner_offboarded",
            "employment.user_status.deactivated",
        ]),
    ),
    ("terms_of_service_accepted_at", Kind::Secret),
    ("ticket", Kind::Secret),
    ("token", Kind::Secret),
    (
        "token_type_hint",
        Kind::Words(&["access_token", "refresh_token"]),
    ),
    ("url", Kind::Secret),
    ("user_id", Kind::Secret),
    ("username", Kind::Secret),
];

/// What stands for a value that is not shown.
pub(super) struct Masked(pub(super) usize);

impl fmt::Display for Masked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            1 => f.write_str("*** (1 byte)"),
            bytes => write!(f, "*** ({bytes} bytes)"),
        }
    }
}

/// What is shown of a header's name, and of its value.
pub(super) fn header(name: &str) -> (&'static str, Kind) {
    listed(HEADERS, name)
}

fn listed(table: &'static [(&'static str, Kind)], name: &str) -> (&'static str, Kind) {
    let known = table.iter().copied().find(|(known, _)| *known == name);
    known.unwrap_or((OTHER_NAME, Kind::Secret))
}

/// Shows a query or a form, decoded.
pub(super) fn pairs(parameters: &Parameters, known: &Known) -> String {
    let shown = parameters.iter().map(|(name, value)| {
        let (name, kind) = listed(MEMBERS, name);
        format!("{name}={}", kind.shown(value, known))
    });
    shown.collect::<Vec<_>>().join("&")
}

/// Shows JSON, with a mask in each place of its own.
pub(super) fn json(value: &Value, known: &Known) -> String {
    json_as(value, Kind::Secret, known)
}

fn json_as(value: &Value, kind: Kind, known: &Known) -> String {
    let text = |text: String| Value::String(text).to_string();
    match value {
        Value::Null | Value::Bool(_) => value.to_string(),
        Value::Number(number) => text(kind.shown(&number.to_string(), known)),
        Value::String(sent) => text(kind.shown(sent, known)),
        Value::Array(items) => {
            let items = items.iter().map(|item| json_as(item, kind, known));
            format!("[{}]", items.collect::<Vec<_>>().join(","))
        }
        Value::Object(members) => {
            let members = members.iter().map(|(name, value)| {
                let (name, kind) = listed(MEMBERS, name);
                format!("\"{name}\":{}", json_as(value, kind, known))
            });
            format!("{{{}}}", members.collect::<Vec<_>>().join(","))
        }
    }
}

impl Kind {
    /// What is shown of a value; one without a byte has nothing to mask.
    pub(super) fn shown(self, value: &str, known: &Known) -> String {
        if value.is_empty() {
            return String::new();
        }
        let whole = |good: bool| {
            if good {
                value.to_owned()
            } else {
                Masked(value.len()).to_string()
            }
        };
        match self {
            Self::Words(words) => word_by_word(value, |word| words.contains(&word)),
            Self::Scope => word_by_word(value, |word| catalogue::scope(word).is_some()),
            Self::Number => whole(is_number(value)),
            Self::ClientId => whole(known.client_ids.iter().any(|id| id == value)),
            Self::RedirectUri => {
                let mut registered = known.redirect_uris.iter();
                whole(registered.any(|uri| redirect::matches(uri, value)))
            }
            Self::Loopback => whole(http::is_loopback(value)),
            Self::Product => match value.split_once(' ') {
                None => whole(is_product(value)),
                Some((first, rest)) if is_product(first) => {
                    format!("{first} {}", Masked(rest.len()))
                }
                Some(_) => whole(false),
            },
            Self::Date => whole(is_date(value)),
            Self::Scheme => match value.split_once(' ') {
                Some((scheme, rest)) if is_scheme(scheme) => {
                    format!("{scheme} {}", Masked(rest.len()))
                }
                _ => whole(false),
            },
            Self::Secret => whole(false),
        }
    }
}

/// Shows the words that are known, and what separates them.
fn word_by_word(value: &str, is_known: impl Fn(&str) -> bool) -> String {
    let separates = |character| matches!(character, ' ' | ',' | ';');
    let mut shown = String::new();
    for piece in value.split_inclusive(separates) {
        let word = piece.trim_end_matches(separates);
        if word.is_empty() || is_known(word) || is_quality(word) {
            shown.push_str(word);
        } else {
            shown.push_str(&Masked(word.len()).to_string());
        }
        shown.push_str(&piece[word.len()..]);
    }
    shown
}

/// A weight of content negotiation, such as `q=0.8`.
fn is_quality(word: &str) -> bool {
    let weight = word.strip_prefix("q=").unwrap_or_default();
    let is_part = |byte: u8| byte == b'.' || byte.is_ascii_digit();
    (1..=5).contains(&weight.len()) && weight.bytes().all(is_part)
}

fn is_number(value: &str) -> bool {
    value.len() <= NUMBER_DIGITS_MAX && value.bytes().all(|byte| byte.is_ascii_digit())
}

/// The name of a widespread program or library and a version, such as `curl/8.5.0`.
fn is_product(value: &str) -> bool {
    const NAMES: [&str; 12] = [
        "Authlib",
        "Go-http-client",
        "Java-http-client",
        "Mozilla",
        "Wget",
        "axios",
        "curl",
        "node-fetch",
        "okhttp",
        "python-httpx",
        "python-requests",
        "remote-auth",
    ];
    let (name, version) = value.split_once('/').unwrap_or((value, ""));
    let versions = |byte: u8| byte.is_ascii_digit() || byte == b'.';
    NAMES.contains(&name) && version.len() <= 12 && version.bytes().all(versions)
}

/// A date as <https://www.rfc-editor.org/rfc/rfc9110#section-5.6.7> has it, by its form.
fn is_date(value: &str) -> bool {
    const FORM: &[u8; 29] = b"aaa, 00 aaa 0000 00:00:00 GMT";
    value.len() == FORM.len()
        && value.bytes().zip(FORM).all(|(byte, form)| match form {
            b'a' => byte.is_ascii_alphabetic(),
            b'0' => byte.is_ascii_digit(),
            form => byte == *form,
        })
}

fn is_scheme(scheme: &str) -> bool {
    ["basic", "bearer", "dpop"]
        .iter()
        .any(|known| scheme.eq_ignore_ascii_case(known))
}
