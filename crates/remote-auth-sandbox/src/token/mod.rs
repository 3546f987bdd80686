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

pub(crate) use client_auth::credentials as basic_credentials;

use std::sync::Arc;

use axum::http::{HeaderMap, header};
use remote_oauth_client::Secret;

use crate::{
    danger::Rules,
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
    fn requested(rules: &Rules, form: &'a Parameters) -> Result<Self, Refusal> {
        match required(rules, form, "grant_type")? {
            "authorization_code" => Ok(Self::AuthorizationCode),
            "client_credentials" => Ok(Self::ClientCredentials),
            "refresh_token" => Ok(Self::RefreshToken),
            "urn:ietf:params:oauth:grant-type:jwt-bearer" => {
                let assertion = Assertion::parse(rules, required(rules, form, "assertion")?)?;
                Ok(Self::JwtBearer(Box::new(assertion)))
            }
            _ => rules
                .find(Rule::TokenGrantTypeKnown, None, || {
                    Some(Self::ClientCredentials)
                })
                .map_err(|rule| Refusal::new(rule, OAuthError::UnsupportedGrantType)),
        }
    }
}

fn decide(
    desk: &mut Desk<'_>,
    headers: &HeaderMap,
    body: &[u8],
    reading: &mut Option<Reading>,
) -> Result<Issued, Refusal> {
    let world = desk.world;
    let form = form(&world.rules, headers, body)?;
    let grant = Grant::requested(&world.rules, &form)?;
    let basic = client_auth::basic(&world.rules, &world.registrations, headers, desk.now)?;
    let basic = client_auth::nothing_in_body(desk, &form, basic)?;
    let client = match &grant {
        Grant::JwtBearer(assertion) => jwt_bearer::client(desk, basic, assertion)?,
        _ => client_auth::required(world, basic)?,
    };
    client_auth::client_id_agrees(&world.rules, &form, client)?;
    charge(desk, client, reading)?;
    match grant {
        Grant::AuthorizationCode => authorization_code::redeem(desk, client, &form),
        Grant::ClientCredentials => client_credentials::issue(desk, client, &form),
        Grant::RefreshToken => refresh_token::refresh(desk, client, &form),
        Grant::JwtBearer(assertion) => jwt_bearer::issue(desk, client, &assertion),
    }
}

/// Reads the form, and nothing that is not one.
fn form(rules: &Rules, headers: &HeaderMap, body: &[u8]) -> Result<Parameters, Refusal> {
    const FORM: &str = "application/x-www-form-urlencoded";
    let invalid = |description| {
        move |rule| Refusal::new(rule, OAuthError::InvalidRequest).because(description)
    };
    let media_type = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok());
    let essence = media_type
        .and_then(|media_type| media_type.split(';').next())
        .unwrap_or_default();
    let is_form = essence.trim().eq_ignore_ascii_case(FORM);
    rules.demand(Rule::TokenFormOnly, is_form).map_err(invalid(
        "the body has to be application/x-www-form-urlencoded",
    ))?;
    let forgiving = || Some(Parameters::forgiving(body));
    let form = rules
        .find(Rule::TokenFormOnly, Parameters::parse(body).ok(), forgiving)
        .map_err(invalid("the body is not a well-encoded form"))?;
    rules
        .demand(Rule::TokenParametersOnce, !form.repeats_any())
        .map_err(invalid("a parameter is sent more than once"))?;
    Ok(form)
}

/// Reads a parameter that the request cannot do without.
fn required<'a>(
    rules: &Rules,
    form: &'a Parameters,
    name: &'static str,
) -> Result<&'a str, Refusal> {
    let missing = |rule| {
        Refusal::new(rule, OAuthError::InvalidRequest).because(match name {
            "grant_type" => "grant_type is missing",
            "code" => "code is missing",
            "refresh_token" => "refresh_token is missing",
            "assertion" => "assertion is missing",
            _ => "a parameter is missing",
        })
    };
    rules
        .find(Rule::TokenParametersPresent, form.get(name), || Some(""))
        .map_err(missing)
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
        issued_at: desk.now,
        rotated_at: None,
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
    let text = desk.unguessable(Rule::TokenUnguessable);
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
