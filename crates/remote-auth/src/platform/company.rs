//! Companies that a partner creates, and the tokens that come with them.

use remote_oauth_client::platform::types;
use remote_oauth_client::types::TokenResponse;

use crate::client::Client;
use crate::error::{Error, Step};
use crate::grant::{Answer, CompanyGrant};
use crate::scope::Scope;
use crate::token::{Moment, Principal};

/// Names the owner of a company to be created, in whose name the tokens act.
#[derive(Clone, Debug)]
pub struct Owner {
    /// The owner's name.
    pub name: String,
    /// The owner's email address.
    pub email: String,
    /// When the owner accepted Remote's terms of service, in the form of RFC 3339 with its offset, such as
    /// `2026-05-22T10:00:00Z`.
    ///
    /// Remote refuses a time that is more than fifteen minutes ago. There is no default: only the program knows.
    pub terms_accepted_at: String,
}

/// Describes a company to be created: what Remote demands, and what it takes besides.
///
/// ```
/// use remote_auth::platform::{NewCompany, Owner};
/// let owner = Owner {
///     name: "Ada Admin".to_owned(),
///     email: "ada@acme.example".to_owned(),
///     terms_accepted_at: "2026-05-22T10:00:00Z".to_owned(),
/// };
/// let new = NewCompany::new("Acme", "PRT", "EUR", owner).external_id("acme-42");
/// # let _ = new;
/// ```
#[derive(Clone, Debug)]
#[must_use = "a description creates nothing"]
pub struct NewCompany {
    body: types::CreateCompanyRequest,
    scope: Option<String>,
    password_email: bool,
}

impl NewCompany {
    /// Takes the name, the country in three letters (ISO 3166-1), the currency of invoices (ISO 4217) and the owner.
    pub fn new(
        name: impl Into<String>,
        country_code: impl Into<String>,
        currency: impl Into<String>,
        owner: Owner,
    ) -> Self {
        Self {
            body: types::CreateCompanyRequest {
                name: name.into(),
                country_code: country_code.into(),
                desired_currency: currency.into(),
                company_owner_name: owner.name,
                company_owner_email: owner.email,
                terms_of_service_accepted_at: owner.terms_accepted_at,
                email_domain: None,
                external_id: None,
                phone_number: None,
                registration_number: None,
                tax_number: None,
            },
            scope: None,
            password_email: false,
        }
    }

    /// Gives the identifier by which you know the company.
    pub fn external_id(mut self, id: impl Into<String>) -> Self {
        self.body.external_id = Some(id.into());
        self
    }

    /// Asks for an access token of this scope. Default: what Remote gives.
    pub fn with_scope(mut self, scope: &Scope) -> Self {
        self.scope = Some(scope.to_string());
        self
    }

    /// Lets Remote send the owner an email to choose a password.
    pub fn send_password_email(mut self) -> Self {
        self.password_email = true;
        self
    }

    pub(super) fn body(&self) -> &types::CreateCompanyRequest {
        &self.body
    }

    pub(super) fn scope(&self) -> Option<&str> {
        self.scope.as_deref()
    }

    pub(super) fn actions(&self) -> &'static str {
        if self.password_email {
            "get_oauth_access_tokens,send_create_password_email"
        } else {
            "get_oauth_access_tokens"
        }
    }
}

/// Holds a company that was created, with its grant.
#[derive(Debug)]
#[non_exhaustive]
pub struct CreatedCompany {
    /// The company.
    pub company: types::Company,
    /// Its consent, ready for [`Client::company`]; `None` if the company came without tokens.
    ///
    /// It exists all the same: ask for its tokens by
    /// [`Platform::create_token`](crate::platform::Platform::create_token), and do not create it again.
    pub grant: Option<CompanyGrant>,
}

impl CreatedCompany {
    pub(super) fn judge(
        client: &Client,
        data: types::CreatedCompany,
        sent: Moment,
    ) -> Result<Self, Error> {
        let company = data.company.unwrap_or_default();
        let Some(tokens) = data.tokens.filter(|tokens| tokens.access_token.is_some()) else {
            return Ok(Self {
                company,
                grant: None,
            });
        };
        let answer = TokenResponse {
            access_token: tokens.access_token,
            // The platform leaves the type out where there is only one.
            token_type: tokens.token_type.or_else(|| Some("Bearer".to_owned())),
            expires_in: tokens.expires_in,
            refresh_token: tokens.refresh_token,
            company_id: tokens.company_id.or_else(|| company.id.clone()),
            user_id: tokens
                .user_id
                .or_else(|| company.company_owner_user_id.clone()),
            ..TokenResponse::default()
        };
        let grant = granted(client, Step::CreateCompany, answer, sent)?;
        Ok(Self {
            company,
            grant: Some(grant),
        })
    }
}

pub(super) fn grant(
    client: &Client,
    step: Step,
    tokens: types::CompanyTokenResponse,
    company_id: &str,
    sent: Moment,
) -> Result<CompanyGrant, Error> {
    let answer = TokenResponse {
        access_token: tokens.access_token,
        token_type: Some("Bearer".to_owned()),
        expires_in: tokens.expires_in,
        refresh_token: tokens.refresh_token,
        company_id: Some(company_id.to_owned()),
        ..TokenResponse::default()
    };
    granted(client, step, answer, sent)
}

fn granted(
    client: &Client,
    step: Step,
    answer: TokenResponse,
    sent: Moment,
) -> Result<CompanyGrant, Error> {
    let set = Answer::judge(step, answer)?.into_set(client.environment(), Principal::Company, sent);
    Ok(client.granted(set))
}
