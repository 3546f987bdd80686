//! The token endpoint: what is the same for every grant type, and the choice between them.
//!
//! One file per grant type holds its own rules.
//! A refusal takes the first rule that a request breaks, in this order: form, grant type, client,
//! rate, grant.

mod authorization_code;
mod client_auth;
mod client_credentials;
mod jwt_bearer;
mod refresh_token;

use std::sync::Arc;

use axum::http::{HeaderMap, header};
use remote_oauth_client::Secret;

use crate::{
    fixture::{Company, User},
    parameters::Parameters,
    rate::{Payer, Reading},
    registration::Registration,
    rule::Rule,
    scope::Scope,
    state::{ACCESS_TOKEN_LIFE, AccessToken, Digest, GrantId, Principal, RefreshToken},
    token::jwt_bearer::Assertion,
    wire::{Answer, Issued, OAuthError, Refusal},
    world::Desk,
};

/// Judges one request to the token endpoint.
pub(crate) fn answer(mut desk: Desk<'_>, headers: &HeaderMap, body: &[u8]) -> Answer {
    let mut reading = None;
    let answer = match decide(&mut desk, headers, body, &mut reading) {
        Ok(issued) => issued.answer(),
        Err(refusal) => refusal.answer(),
    };
    answer.metered(reading)
}

/// What a client asks the token endpoint for.
enum Grant<'a> {
    AuthorizationCode,
    ClientCredentials,
    RefreshToken,
    JwtBearer(Box<Assertion<'a>>),
}

impl<'a> Grant<'a> {
    fn requested(form: &'a Parameters) -> Result<Self, Refusal> {
        match required(form, "grant_type")? {
            "authorization_code" => Ok(Self::AuthorizationCode),
            "client_credentials" => Ok(Self::ClientCredentials),
            "refresh_token" => Ok(Self::RefreshToken),
            "urn:ietf:params:oauth:grant-type:jwt-bearer" => {
                let assertion = Assertion::parse(required(form, "assertion")?)?;
                Ok(Self::JwtBearer(Box::new(assertion)))
            }
            _ => Err(Refusal::new(
                Rule::TokenGrantTypeKnown,
                OAuthError::UnsupportedGrantType,
            )),
        }
    }
}

fn decide(
    desk: &mut Desk<'_>,
    headers: &HeaderMap,
    body: &[u8],
    reading: &mut Option<Reading>,
) -> Result<Issued, Refusal> {
    let form = form(headers, body)?;
    let grant = Grant::requested(&form)?;
    let basic = client_auth::basic(&desk.world.registrations, headers)?;
    client_auth::nothing_in_body(&form, basic.is_some())?;
    let client = match &grant {
        Grant::JwtBearer(assertion) => jwt_bearer::client(desk.world, basic, assertion)?,
        _ => basic.ok_or_else(client_auth::basic_required)?,
    };
    client_auth::client_id_agrees(&form, client)?;
    charge(desk, client, reading)?;
    match grant {
        Grant::AuthorizationCode => authorization_code::redeem(desk, client, &form),
        Grant::ClientCredentials => client_credentials::issue(desk, client, &form),
        Grant::RefreshToken => refresh_token::refresh(desk, client, &form),
        Grant::JwtBearer(assertion) => jwt_bearer::issue(desk, client, &assertion),
    }
}

/// Reads the form, and nothing that is not one.
fn form(headers: &HeaderMap, body: &[u8]) -> Result<Parameters, Refusal> {
    const FORM: &str = "application/x-www-form-urlencoded";
    let not_a_form = Refusal::new(Rule::TokenFormOnly, OAuthError::InvalidRequest);
    let media_type = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok());
    let essence = media_type
        .and_then(|media_type| media_type.split(';').next())
        .unwrap_or_default();
    if !essence.trim().eq_ignore_ascii_case(FORM) {
        return Err(not_a_form.because("the body has to be application/x-www-form-urlencoded"));
    }
    let form = Parameters::parse(body)
        .map_err(|_| not_a_form.because("the body is not a well-encoded form"))?;
    if form.repeats_any() {
        let repeated = Refusal::new(Rule::TokenParametersOnce, OAuthError::InvalidRequest);
        return Err(repeated.because("a parameter is sent more than once"));
    }
    Ok(form)
}

/// Reads a parameter that the request cannot do without.
fn required<'a>(form: &'a Parameters, name: &'static str) -> Result<&'a str, Refusal> {
    let missing = Refusal::new(Rule::TokenParametersPresent, OAuthError::InvalidRequest);
    form.get(name).ok_or(missing.because(match name {
        "grant_type" => "grant_type is missing",
        "code" => "code is missing",
        "refresh_token" => "refresh_token is missing",
        "assertion" => "assertion is missing",
        _ => "a parameter is missing",
    }))
}

fn charge(
    desk: &mut Desk<'_>,
    client: &Registration,
    reading: &mut Option<Reading>,
) -> Result<(), Refusal> {
    let charged = desk.charge(Payer::Client(Arc::clone(&client.client_id)));
    *reading = Some(charged);
    match charged.refused_by {
        Some(rule) => Err(Refusal::new(rule, OAuthError::TooManyRequests)),
        None => Ok(()),
    }
}

/// What a client gets to act in a company.
#[derive(Debug)]
pub(crate) struct CompanyTokens {
    pub(crate) access_token: Secret,
    pub(crate) refresh_token: Secret,
}

/// Gives a client access to a company through one of its users; one grant names both tokens.
pub(crate) fn give_company(
    desk: &mut Desk<'_>,
    client_id: &Arc<str>,
    (company, user): (&Arc<Company>, &Arc<User>),
    scope: Scope,
    grant: GrantId,
) -> CompanyTokens {
    let refresh_token = desk.world.entropy.uuid();
    let remembered = RefreshToken {
        client_id: Arc::clone(client_id),
        gateway: desk.gateway,
        company: Arc::clone(company),
        user: Arc::clone(user),
        scope: scope.clone(),
        grant,
    };
    desk.state
        .refresh_tokens
        .put(Digest::of(&refresh_token), remembered);
    let principal = Principal::Company {
        company: Arc::clone(company),
        user: Arc::clone(user),
    };
    CompanyTokens {
        access_token: issue_access_token(desk, client_id, principal, scope, Some(grant)),
        refresh_token: Secret::from(refresh_token),
    }
}

/// Makes and remembers an access token.
fn issue_access_token(
    desk: &mut Desk<'_>,
    client_id: &Arc<str>,
    principal: Principal,
    scope: Scope,
    grant: Option<GrantId>,
) -> Secret {
    let text = desk.world.entropy.opaque();
    let token = AccessToken {
        payer: Payer::Client(Arc::clone(client_id)),
        gateway: desk.gateway,
        principal,
        scope,
        expires_at: Some(desk.now.plus(ACCESS_TOKEN_LIFE)),
        grant,
    };
    desk.state.access_tokens.put(Digest::of(&text), token);
    Secret::from(text)
}
