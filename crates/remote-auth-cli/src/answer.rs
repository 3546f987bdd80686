//! What `token` and `login` print: the token alone, or the whole answer.

use remote_auth::secrecy::ExposeSecret;
use remote_auth::secrecy::zeroize::Zeroizing;
use remote_auth::{RefreshToken, Token};
use serde::Serialize;

use crate::failure::Failure;
use crate::render::{self, SCHEMA};

/// What a token came with.
#[derive(Debug, Default)]
pub(crate) struct Beside {
    pub(crate) refresh_token: Option<RefreshToken>,
    pub(crate) company_id: Option<String>,
    pub(crate) user_id: Option<String>,
}

/// The document of `--json`. Times are absolute and in UTC, twice: as text and as seconds since 1970.
#[derive(Serialize)]
struct Document<'a> {
    schema: u8,
    access_token: &'a str,
    token_type: &'static str,
    expires_at: Option<String>,
    expires_at_unix: Option<u64>,
    principal: &'static str,
    environment: &'static str,
    gateway: &'a str,
    scope: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_token: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    company_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user_id: Option<&'a str>,
}

/// Prints what was asked for to standard output.
#[expect(
    clippy::disallowed_methods,
    reason = "the command is to print the tokens"
)]
pub(crate) fn print(token: &Token, beside: &Beside, json: bool) -> Result<(), Failure> {
    let access_token = token.access_token().expose_secret();
    let text = Zeroizing::new(if json {
        render::json_line(&Document {
            schema: SCHEMA,
            access_token,
            token_type: "Bearer",
            expires_at: token.expires_at().map(render::rfc3339),
            expires_at_unix: token.expires_at().map(render::unix),
            principal: token.principal().as_str(),
            environment: token.environment().name(),
            gateway: token.environment().gateway().as_str(),
            scope: token.granted_scope().map(ToString::to_string),
            refresh_token: beside
                .refresh_token
                .as_ref()
                .map(ExposeSecret::expose_secret),
            company_id: beside.company_id.as_deref(),
            user_id: beside.user_id.as_deref(),
        })
    } else {
        format!("{access_token}\n")
    });
    render::print(&text)
}
