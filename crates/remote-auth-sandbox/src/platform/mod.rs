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
use serde_json::{Map, Value};

use crate::{
    danger::Rules,
    fixture::Company,
    operation::{Kind, Operation, Route, identifier},
    parameters::Parameters,
    rule::Rule,
    state::{AccessToken, Principal},
    wire::{Answer, too_many_requests},
    world::{Desk, World},
};

pub(crate) use magic_link::{MAGIC_LINK_PATH, open as open_magic_link};
use wire::Refused;
pub(crate) use wire::is_json;

/// One request to an operation, with a token that may use it.
struct Asked<'a> {
    world: &'a World,
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
                let demo = || Some(self.world.fixture.company());
                self.world
                    .rules
                    .find(Rule::PlatformCompanyVisible, None, demo)
                    .map_err(company_not_found)
            }
        }
    }

    /// The parameters in the query, read strictly.
    fn parameters(&self) -> Result<Parameters, Refused> {
        let sent = Parameters::parse(self.query.as_bytes()).ok();
        let sent = sent.filter(|sent| !sent.repeats_any());
        let forgiving = || Some(Parameters::forgiving(self.query.as_bytes()));
        self.world
            .rules
            .find(Rule::PlatformQuery, sent, forgiving)
            .map_err(|rule| Refused::bad_request(rule, "Invalid query"))
    }

    /// The body, which has to be a JSON object and say so.
    fn object(&self) -> Result<Map<String, Value>, Refused> {
        let object = || serde_json::from_slice(self.body).ok();
        let sent = wire::is_json(self.headers).then(object).flatten();
        let any = || object().or_else(|| Some(Map::new()));
        self.world
            .rules
            .find(Rule::PlatformJson, sent, any)
            .map_err(|rule| Refused::bad_request(rule, "The body is not a JSON object"))
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
        world: desk.world,
        token,
        headers,
        id: ids.next().unwrap_or_default(),
        query,
        body,
    };
    admit(&desk.world.rules, route, &asked.token)
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
    let rules = &desk.world.rules;
    let unknown = || Some(desk.demo_client_token());
    // Requirement: rfc6750.2.1.header-taken
    let token = match bearer_text(headers) {
        None => rules.find(Rule::BearerPresent, None, unknown)?,
        Some(text) => rules.find(Rule::BearerKnown, desk.access_token(text), unknown)?,
    };
    rules.demand(Rule::BearerGateway, token.gateway == desk.gateway)?;
    let has_ended = token.expires_at.is_some_and(|end| desk.now >= end);
    rules.demand(Rule::BearerUnexpired, !has_ended)?;
    Ok(token)
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
fn admit(rules: &Rules, route: &Route, token: &AccessToken) -> Result<(), Refused> {
    let kind = Kind::of(&token.principal);
    let is_allowed = route.kinds.contains(&kind);
    // Where a company's data is read, a partner's own token finds no company to read.
    let reads_people = matches!(
        route.operation,
        Operation::ListEmployments | Operation::ListCompanyManagers
    );
    if kind == Kind::Partner && reads_people {
        rules
            .demand(Rule::PlatformCompanyVisible, is_allowed)
            .map_err(company_not_found)?;
    } else {
        rules
            .demand(Rule::PlatformPrincipal, is_allowed)
            .map_err(Refused::forbidden)?;
    }
    let is_granted = route.scopes.is_empty() || token.scope.has_any_of(route.scopes);
    rules
        .demand(Rule::PlatformScope, is_granted)
        .map_err(Refused::forbidden)
}

fn company_not_found(rule: Rule) -> Refused {
    Refused::not_found(rule, "Company not found")
}
