//! Planted secrets: each carries a mark that must be found nowhere but where a secret was asked for.

use std::error::Error;
use std::fmt::Debug;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use remote_auth::secrecy::ExposeSecret;
use remote_oauth_client::Secret;

/// The mark.
pub const MARK: &str = "c4n4ry";

/// A client identifier that form-encoding changes. It is no secret and carries no mark.
pub const CLIENT_ID: &str = "client + id%7E";

/// A client secret that form-encoding changes, long enough to sign with.
pub const CLIENT_SECRET: &str = "c4n4ry-client-secret+/ =&%41 with blanks: and a colon";

/// An access token.
pub const ACCESS_TOKEN: &str = "c4n4ry-access-token";

/// A refresh token.
pub const REFRESH_TOKEN: &str = "c4n4ry-refresh-token";

/// A refresh token that replaces another.
pub const NEXT_REFRESH_TOKEN: &str = "c4n4ry-next-refresh-token";

/// A customer API token.
pub const API_TOKEN: &str = "ra_test_c4n4ry";

/// The signing key of a webhook.
pub const SIGNING_KEY: &str = "c4n4ry-signing-key";

/// A link that signs a person in.
pub const MAGIC_LINK: &str = "https://remote.example/magic-link?token=c4n4ry-link";

/// An access token that came with a created company.
pub const CREATED_ACCESS_TOKEN: &str = "c4n4ry-created-access-token";

/// A refresh token that came with a created company.
pub const CREATED_REFRESH_TOKEN: &str = "c4n4ry-created-refresh-token";

/// An authorization code.
pub const CODE: &str = "c4n4ry-code";

/// A key that seals pending authorizations.
pub const SEALING_KEY: &[u8; 32] = b"c4n4ry-sealing-key-of-32-bytes..";

/// The session that a pending authorization is sealed for.
pub const SESSION: &str = "c4n4ry-session";

/// Opens a secret that a server invented, to plant it or to look for it.
#[expect(
    clippy::disallowed_methods,
    reason = "the tests hand secrets to the program and look for them in what it shows"
)]
pub fn open(secret: &Secret) -> &str {
    secret.expose_secret()
}

/// Tells what is wrong with a text in which no secret may be, if anything is.
///
/// Looks for the mark, for the Basic credentials in Base64 both as they are and form-encoded, and for the beginning of
/// any JSON Web Token.
pub fn found_in(text: &str) -> Option<String> {
    let encoded =
        |text: &str| -> String { form_urlencoded::byte_serialize(text.as_bytes()).collect() };
    let percent = |text: &str| encoded(text).replace('+', "%20");
    let needles = [
        MARK.to_owned(),
        STANDARD.encode(format!("{CLIENT_ID}:{CLIENT_SECRET}")),
        STANDARD.encode(format!("{}:{}", encoded(CLIENT_ID), encoded(CLIENT_SECRET))),
        STANDARD.encode(format!("{}:{}", percent(CLIENT_ID), percent(CLIENT_SECRET))),
        "eyJ".to_owned(),
    ];
    let needle = needles.into_iter().find(|needle| text.contains(needle))?;
    let line = text.lines().find(|line| line.contains(&needle));
    Some(format!("{needle} in: {}", line.unwrap_or_default()))
}

/// Says everything that a value says of itself.
pub fn said(value: &impl Debug) -> String {
    format!("{value:?} {value:#?}")
}

/// Says everything that an error says of itself and of its causes.
pub fn told(error: &(dyn Error + 'static)) -> String {
    let mut text = String::new();
    let mut next = Some(error);
    while let Some(cause) = next {
        text.push_str(&format!("{cause} {cause:?} {cause:#?} "));
        next = cause.source();
    }
    text
}

/// Demands that nothing planted is in a text.
///
/// # Panics
///
/// With `what` and the name of what was found.
#[track_caller]
pub fn assert_clean(what: &str, text: &str) {
    if let Some(found) = found_in(text) {
        panic!("{what}: {found}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_planted_secret_is_found_in_each_of_its_forms() {
        for text in [
            "x c4n4ry-code x",
            "Basic Y2xpZW50ICsgaWQlN0U6YzRuNHJ5LWNsaWVudC1zZWNyZXQrLyA9JiU0MSB3aXRoIGJsYW5rczogYW5kIGEgY29sb24=",
            "assertion=eyJhbGciOi",
        ] {
            assert!(found_in(text).is_some(), "{text}");
        }
        assert_eq!(found_in("nothing of the kind"), None);
    }
}
