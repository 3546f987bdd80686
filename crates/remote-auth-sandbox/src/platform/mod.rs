//! The platform operations: what is the same for every one, and the choice between them.
//!
//! One file per subject holds its own rules; [`crate::operation`] holds the table of who may ask
//! what.
//! A refusal takes the first rule that a request breaks, in this order: bearer, rate, kind of
//! token, scope, request.

mod companies;
mod identity;
mod magic_link;
mod pages;
mod people;
mod webhooks;
mod wire;

use std::sync::Arc;

use axum::http::{HeaderMap, header};

use crate::{
    fixture::Company,
    operation::{Kind, Operation, Route, identifier},
    parameters::Parameters,
    rule::Rule,
    state::{AccessToken, Principal},
    wire::{Answer, too_many_requests},
    world::Desk,
};

pub(crate) use magic_link::{MAGIC_LINK_PATH, open as open_magic_link};
use wire::Refused;
pub(crate) use wire::is_json;

/// One request to an operation, with a token that may use it.
struct Asked<'a> {
    token: AccessToken,
    headers: &'a HeaderMap,
    /// The identifier in the path, or nothing where the path has none.
    id: &'a str,
    query: &'a str,
    body: &'a [u8],
}

impl Asked<'_> {
    /// The company whose data the token reaches; a partner's own token reaches none.
    fn company(&self) -> Result<&Arc<Company>, Refused> {
        match &self.token.principal {
            Principal::Company { company, .. }
            | Principal::Manager { company, .. }
            | Principal::Customer { company, .. }
            | Principal::Employee { company, .. } => Ok(company),
            Principal::Partner => {
                let rule = Rule::PlatformCompanyVisible;
                Err(Refused::not_found(rule, "Company not found"))
            }
        }
    }

    /// The parameters in the query, read strictly.
    fn parameters(&self) -> Result<Parameters, Refused> {
        let sent = Parameters::parse(self.query.as_bytes()).ok();
        sent.filter(|sent| !sent.repeats_any())
            .ok_or_else(|| Refused::bad_request(Rule::PlatformQuery, "Invalid query"))
    }
}

/// Judges one platform request.
pub(crate) fn answer(
    mut desk: Desk<'_>,
    route: &Route,
    headers: &HeaderMap,
    (path, query): (&str, &str),
    body: &[u8],
) -> Answer {
    let token = match bearer(&desk, headers) {
        Ok(token) => token,
        Err(rule) => return Refused::unauthorized(rule).answer(),
    };
    let reading = desk.charge(token.payer.clone());
    if let Some(rule) = reading.refused_by {
        return too_many_requests(rule).metered(Some(reading));
    }
    let mut ids = route
        .paths
        .iter()
        .filter_map(|template| identifier(template, path));
    let asked = Asked {
        token,
        headers,
        id: ids.next().unwrap_or_default(),
        query,
        body,
    };
    admit(route, &asked.token)
        .and_then(|()| serve(&mut desk, route.operation, &asked))
        .unwrap_or_else(Refused::answer)
        .metered(Some(reading))
}

fn serve(desk: &mut Desk<'_>, operation: Operation, asked: &Asked<'_>) -> Result<Answer, Refused> {
    match operation {
        Operation::CurrentIdentity => identity::current_identity(asked),
        Operation::CurrentEmployee => identity::current_employee(desk, asked),
        Operation::ListCompanies => companies::list(desk, asked),
        Operation::CreateCompany => companies::create(desk, asked),
        Operation::CreateToken => companies::create_token(desk, asked),
        Operation::ListEmployments => people::list_employments(desk, asked),
        Operation::ListCompanyManagers => people::list_company_managers(asked),
        Operation::CreateMagicLink => magic_link::create(desk, asked),
        Operation::CreateWebhookCallback => webhooks::create(desk, asked),
        Operation::DeleteWebhookCallback => webhooks::delete(desk, asked),
    }
}

/// Finds what the bearer token of a request stands for, or the rule that it breaks.
fn bearer(desk: &Desk<'_>, headers: &HeaderMap) -> Result<AccessToken, Rule> {
    let token = bearer_text(headers).ok_or(Rule::BearerPresent)?;
    let token = desk.access_token(token).ok_or(Rule::BearerKnown)?;
    if token.gateway != desk.gateway {
        Err(Rule::BearerGateway)
    } else if token.expires_at.is_some_and(|end| desk.now >= end) {
        Err(Rule::BearerUnexpired)
    } else {
        Ok(token)
    }
}

/// The text of the one bearer token in the header.
pub(crate) fn bearer_text(headers: &HeaderMap) -> Option<&str> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let only = values.next().filter(|_| values.next().is_none())?;
    let (scheme, token) = only.to_str().ok()?.split_once(' ')?;
    scheme
        .eq_ignore_ascii_case("bearer")
        .then(|| token.trim_matches(' '))
}

/// Judges the kind of token and its scope by the table.
fn admit(route: &Route, token: &AccessToken) -> Result<(), Refused> {
    let kind = Kind::of(&token.principal);
    if !route.kinds.contains(&kind) {
        // Where a company's data is read, a partner's own token finds no company to read.
        let reads_people = matches!(
            route.operation,
            Operation::ListEmployments | Operation::ListCompanyManagers
        );
        return Err(if kind == Kind::Partner && reads_people {
            Refused::not_found(Rule::PlatformCompanyVisible, "Company not found")
        } else {
            Refused::forbidden(Rule::PlatformPrincipal)
        });
    }
    if route.scopes.is_empty() || token.scope.has_any_of(route.scopes) {
        Ok(())
    } else {
        Err(Refused::forbidden(Rule::PlatformScope))
    }
}
