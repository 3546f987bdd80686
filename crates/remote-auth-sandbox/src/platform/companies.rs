//! Companies: the partner lists them, creates one with the tokens to act in it, and makes further
//! tokens for one that it manages.
//!
//! The wording of field errors is ours, since none is published.

use std::{sync::Arc, time::Duration};

use axum::http::StatusCode;
use serde_json::{Map, Value, json};

use super::{Asked, company_not_found, pages, wire};
use crate::{
    clock::Timestamp,
    danger::Rules,
    fixture::{Company, CompanyStatus, User, UserStatus},
    iso8601,
    parameters::Parameters,
    platform::wire::Refused,
    rule::Rule,
    scope::{Purpose, Scope},
    token,
    wire::Answer,
    world::Desk,
};

/// How long ago the terms of service may have been accepted.
const TERMS_AGE_MAX: Duration = Duration::from_secs(15 * 60);

/// What a company cannot be created without.
const REQUIRED: [&str; 6] = [
    "name",
    "country_code",
    "desired_currency",
    "company_owner_name",
    "company_owner_email",
    "terms_of_service_accepted_at",
];

/// The longest text of a required field.
const FIELD_BYTES_MAX: usize = 255;

/// `GET …/companies`: those that the client manages on this gateway, or the one that `external_id`
/// names.
pub(super) fn list(desk: &Desk<'_>, asked: &Asked<'_>) -> Result<Answer, Refused> {
    let client_id = client_id(asked)?;
    let sent = asked.parameters().ok();
    let external_id = sent.as_ref().and_then(|sent| sent.get("external_id"));
    let companies: Vec<Value> = desk
        .state
        .directory
        .managed(client_id, desk.gateway)
        .filter(|company| external_id.is_none() || company.external_id.as_deref() == external_id)
        .map(|company| wire::company(company))
        .collect();
    pages::page("companies", &companies, asked)
}

/// `POST …/companies`: a company and its owner, and on request the tokens to act in it.
pub(super) fn create(desk: &mut Desk<'_>, asked: &Asked<'_>) -> Result<Answer, Refused> {
    let client_id = Arc::clone(client_id(asked)?);
    let rules = &desk.world.rules;
    let sent = asked.parameters()?;
    let wishes = wishes(rules, &sent)?;
    let scope = company_scope(rules, &sent)?;
    let body = asked.object()?;
    let [
        name,
        country_code,
        desired_currency,
        owner_name,
        owner_email,
        accepted,
    ] = required(rules, &body)?;
    let accepted_at = judge_fields(
        rules,
        country_code,
        desired_currency,
        owner_email,
        accepted,
        desk.now,
    )?;
    let external_id = external_id(rules, &body)?;
    if let Some(existing) = desk.state.directory.named(desk.gateway, name) {
        rules
            .demand(Rule::CompanyNameNew, false)
            .map_err(|rule| Refused::already_exists(rule, existing))?;
    }

    let company = Arc::new(Company {
        id: desk.world.entropy.uuid().into(),
        name: name.to_owned(),
        country_code: country_code.to_owned(),
        desired_currency: desired_currency.to_owned(),
        external_id,
        status: CompanyStatus::Pending,
        manager: Arc::new(User {
            id: desk.world.entropy.uuid(),
            name: owner_name.to_owned(),
            email: owner_email.to_owned(),
            status: UserStatus::Initiated,
        }),
        employments: Vec::new(),
    });
    let gateway = desk.gateway;
    let added = Arc::clone(&company);
    desk.state
        .directory
        .add(added, Arc::clone(&client_id), gateway);
    let mut data = json!({ "company": created(&company, accepted_at, desk.now) });
    if wishes.tokens {
        let grant = desk.state.new_grant();
        let parties = (&company, &company.manager);
        let tokens = token::give_company(desk, &client_id, parties, scope, grant);
        data["tokens"] = json!(wire::company_tokens(tokens));
    }
    let body = json!({ "data": data });
    Ok(Answer::json(Rule::CompanyCreated, StatusCode::CREATED, &body).unstored())
}

/// `POST …/companies/{company_id}/create-token`: tokens for a company that the client manages.
pub(super) fn create_token(desk: &mut Desk<'_>, asked: &Asked<'_>) -> Result<Answer, Refused> {
    let client_id = client_id(asked)?;
    let rules = &desk.world.rules;
    let scope = company_scope(rules, &asked.parameters()?)?;
    let managed = desk
        .state
        .directory
        .company(client_id, desk.gateway, asked.id);
    let unmanaged = || {
        let unmanaged = desk.world.fixture.unmanaged_company();
        Some(unmanaged).filter(|company| *company.id == *asked.id)
    };
    let company = rules
        .find(Rule::CreateTokenManaged, managed, unmanaged)
        .map(Arc::clone)
        .map_err(company_not_found)?;
    let grant = desk.state.new_grant();
    let tokens = token::give_company(desk, client_id, (&company, &company.manager), scope, grant);
    let body = wire::company_token_response(tokens);
    Ok(Answer::json(Rule::CreateTokenIssued, StatusCode::OK, &body).unstored())
}

/// Both operations are for the partner's own token, which always has a client.
fn client_id<'a>(asked: &'a Asked<'_>) -> Result<&'a Arc<str>, Refused> {
    let client = asked.token.payer.client_id();
    client.ok_or_else(|| Refused::forbidden(Rule::PlatformPrincipal))
}

/// What is to be done beside the creation.
struct Wishes {
    tokens: bool,
}

/// Reads `action` and `async`; parameters that are not documented, such as `actions`, say nothing.
fn wishes(rules: &Rules, sent: &Parameters) -> Result<Wishes, Refused> {
    let demand = |name, is_known| {
        rules
            .demand(Rule::CompanyQueryKnown, is_known)
            .map_err(|rule| Refused::field(rule, name))
    };
    let wish = sent.get("async");
    demand(
        "async",
        wish.is_none_or(|wish| wish == "true" || wish == "false"),
    )?;
    let mut wishes = Wishes { tokens: false };
    for action in sent
        .get("action")
        .into_iter()
        .flat_map(|actions| actions.split(','))
    {
        match action {
            "get_oauth_access_tokens" => wishes.tokens = true,
            // The sandbox has no mail to send.
            "send_create_password_email" => {}
            _ => demand("action", false)?,
        }
    }
    Ok(wishes)
}

/// The scope of a company's token is judged as a consent of that company is.
fn company_scope(rules: &Rules, sent: &Parameters) -> Result<Scope, Refused> {
    let scope = Scope::parse(sent.get("scope"), Purpose::Consent).ok();
    let default = || Some(Scope::default_for(Purpose::Consent));
    rules
        .find(Rule::CompanyTokenScope, scope, default)
        .map_err(|rule| Refused::field(rule, "scope"))
}

/// Finds the text of every required field, or names all that are missing.
fn required<'a>(rules: &Rules, body: &'a Map<String, Value>) -> Result<[&'a str; 6], Refused> {
    let text = |field: &str| match body.get(field) {
        None | Some(Value::Null) => Err("can't be blank"),
        Some(Value::String(text)) if text.trim().is_empty() => Err("can't be blank"),
        Some(Value::String(text)) if text.len() <= FIELD_BYTES_MAX => Ok(text.trim()),
        Some(_) => Err("is invalid"),
    };
    let faults: Vec<(&str, &str)> = REQUIRED
        .iter()
        .filter_map(|field| Some((*field, text(field).err()?)))
        .collect();
    rules
        .demand(Rule::CompanyFieldsPresent, faults.is_empty())
        .map_err(|rule| Refused::fields(rule, &faults))?;
    Ok(REQUIRED.map(|field| text(field).unwrap_or_default()))
}

/// Reads what the partner calls the company, if it says so.
fn external_id(rules: &Rules, body: &Map<String, Value>) -> Result<Option<String>, Refused> {
    match body.get("external_id") {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(id)) if id.len() <= FIELD_BYTES_MAX => Ok(Some(id.clone())),
        Some(_) => rules
            .find(Rule::CompanyFieldsValid, None, || Some(None))
            .map_err(|rule| Refused::field(rule, "external_id")),
    }
}

/// Judges what the fields say, and returns when the terms of service were accepted.
fn judge_fields(
    rules: &Rules,
    country_code: &str,
    desired_currency: &str,
    owner_email: &str,
    accepted: &str,
    now: Timestamp,
) -> Result<Timestamp, Refused> {
    const CURRENCIES: [&str; 12] = [
        "AUD", "CAD", "CHF", "DKK", "EUR", "GBP", "JPY", "NOK", "NZD", "SEK", "SGD", "USD",
    ];
    let accepted_at = iso8601::parse(accepted);
    let is_country =
        country_code.len() == 3 && country_code.bytes().all(|byte| byte.is_ascii_uppercase());
    let is_email = owner_email
        .split_once('@')
        .is_some_and(|(local, domain)| !local.is_empty() && domain.contains('.'));
    let judged = [
        ("country_code", is_country),
        ("desired_currency", CURRENCIES.contains(&desired_currency)),
        ("company_owner_email", is_email),
        ("terms_of_service_accepted_at", accepted_at.is_some()),
    ];
    let faulty = judged.iter().filter(|(_, good)| !good);
    let faults: Vec<(&str, &str)> = faulty.map(|(field, _)| (*field, "is invalid")).collect();
    let all_good = accepted_at.filter(|_| faults.is_empty());
    let accepted_at = rules
        .find(Rule::CompanyFieldsValid, all_good, || {
            Some(accepted_at.unwrap_or(now))
        })
        .map_err(|rule| Refused::fields(rule, &faults))?;
    let is_recent = accepted_at <= now && now.since(accepted_at) <= TERMS_AGE_MAX;
    let fault = "must be within the previous 15 minutes";
    rules
        .demand(Rule::CompanyTermsRecent, is_recent)
        .map_err(|rule| Refused::fields(rule, &[("terms_of_service_accepted_at", fault)]))?;
    Ok(accepted_at)
}

/// A company as its creation shows it, with what the description requires there.
fn created(company: &Company, accepted_at: Timestamp, now: Timestamp) -> Value {
    let mut shown = wire::company(company);
    shown["address_details"] = json!({});
    shown["default_legal_entity_credit_risk_status"] = json!("not_started");
    shown["created_at"] = json!(iso8601::format(now));
    shown["updated_at"] = json!(iso8601::format(now));
    shown["terms_of_service_accepted_at"] = json!(iso8601::format(accepted_at));
    shown
}
