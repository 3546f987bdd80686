//! What the commands that get tokens print: the token alone, or the whole answer.

use remote_auth::platform::Company;
use remote_auth::secrecy::ExposeSecret;
use remote_auth::secrecy::zeroize::Zeroizing;
use remote_auth::{CompanyGrant, RefreshToken, Token};
use serde::Serialize;

use crate::failure::Failure;
use crate::render::{self, SCHEMA};

/// What a token came with.
#[derive(Debug, Default)]
pub(crate) struct Beside {
    pub(crate) refresh_token: Option<RefreshToken>,
    pub(crate) company_id: Option<String>,
    pub(crate) user_id: Option<String>,
    /// The company that was created with the token.
    pub(crate) created: Option<Company>,
}

impl Beside {
    /// Takes what a grant came with, which is to be read before a source swallows it.
    pub(crate) fn of(grant: &CompanyGrant) -> Self {
        Self {
            refresh_token: grant.refresh_token().cloned(),
            company_id: grant.company_id().map(str::to_owned),
            user_id: grant.user_id().map(str::to_owned),
            created: None,
        }
    }
}

/// A company, in the words of the API.
#[derive(Serialize)]
pub(crate) struct CompanyDocument<'a> {
    id: Option<&'a str>,
    name: Option<&'a str>,
    status: Option<&'a str>,
    country_code: Option<&'a str>,
    external_id: Option<&'a str>,
    company_owner_user_id: Option<&'a str>,
    company_owner_email: Option<&'a str>,
}

impl<'a> From<&'a Company> for CompanyDocument<'a> {
    fn from(company: &'a Company) -> Self {
        Self {
            id: company.id.as_deref(),
            name: company.name.as_deref(),
            status: company.status.as_deref(),
            country_code: company.country_code.as_deref(),
            external_id: company.external_id.as_deref(),
            company_owner_user_id: company.company_owner_user_id.as_deref(),
            company_owner_email: company.company_owner_email.as_deref(),
        }
    }
}

/// The document of `--json`. Times are absolute and in UTC, twice: as text and as seconds since 1970.
#[derive(Serialize)]
struct Document<'a> {
    schema: u8,
    #[serde(skip_serializing_if = "Option::is_none")]
    company: Option<CompanyDocument<'a>>,
    access_token: &'a str,
    token_type: &'static str,
    expires_at: Option<String>,
    expires_at_unix: Option<u64>,
    principal: &'static str,
    provider: &'static str,
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
            company: beside.created.as_ref().map(Into::into),
            access_token,
            token_type: "Bearer",
            expires_at: token.expires_at().map(render::rfc3339),
            expires_at_unix: token.expires_at().map(render::unix),
            principal: token.principal().as_str(),
            provider: token.environment().provider().name(),
            environment: token.environment().name(),
            gateway: token.environment().gateway().as_str(),
            scope: token.granted_scope().map(ToString::to_string),
            refresh_token: beside.refresh_token.as_ref().map(refresh_token),
            company_id: beside.company_id.as_deref(),
            user_id: beside.user_id.as_deref(),
        })
    } else {
        format!("{access_token}\n")
    });
    render::print(&text)
}

/// Opens a refresh token for a document that is to show it: who does not keep it has lost the grant.
#[expect(
    clippy::disallowed_methods,
    reason = "programs that ask for the whole answer are to keep the token"
)]
pub(crate) fn refresh_token(token: &RefreshToken) -> &str {
    token.expose_secret()
}
