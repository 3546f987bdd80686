//! The platform operations that a token is tried on, and the bearer check before each.
//!
//! Bodies follow the published examples; the map from operations to scopes is not here yet, because
//! all but one of these operations have no scope table.

use axum::http::{HeaderMap, StatusCode, header};
use serde_json::{Value, json};

use crate::{
    fixture::{Company, Employment, User},
    parameters::Parameters,
    rule::Rule,
    state::{AccessToken, Principal},
    wire::{self, Answer},
    world::Desk,
};

const PAGE_SIZE_DEFAULT: usize = 20;
const PAGE_SIZE_MAX: usize = 100;

/// What `GET /v1/companies` accepts, any one of them.
const COMPANY_READERS: [&str; 7] = [
    "https://gateway.remote.com/company.manage",
    "company:read",
    "company:write",
    "company_admin",
    "company_management",
    "all:read",
    "all:write",
];

/// The operations that the sandbox has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operation {
    CurrentIdentity,
    CurrentEmployee,
    ListEmployments,
    ListCompanies,
}

impl Operation {
    /// The path of each operation; all of them are asked with `GET`.
    pub(crate) const PATHS: [(&str, Self); 4] = [
        ("/v1/identity/current", Self::CurrentIdentity),
        ("/v1/employee/current", Self::CurrentEmployee),
        ("/v1/employments", Self::ListEmployments),
        ("/v1/companies", Self::ListCompanies),
    ];
}

/// Why a platform request is refused.
struct Refused {
    rule: Rule,
    status: StatusCode,
    message: &'static str,
}

impl Refused {
    const fn unauthorized(rule: Rule) -> Self {
        Self {
            rule,
            status: StatusCode::UNAUTHORIZED,
            message: "Unauthorized",
        }
    }

    const fn forbidden(rule: Rule) -> Self {
        Self {
            rule,
            status: StatusCode::FORBIDDEN,
            message: "Forbidden",
        }
    }

    fn answer(self) -> Answer {
        let answer = Answer::message(self.rule, self.status, self.message);
        match self.status {
            // See https://www.rfc-editor.org/rfc/rfc6750#section-3.
            StatusCode::UNAUTHORIZED => answer.with(header::WWW_AUTHENTICATE, "Bearer"),
            _ => answer,
        }
    }
}

/// Judges one platform request.
pub(crate) fn answer(
    mut desk: Desk<'_>,
    operation: Operation,
    headers: &HeaderMap,
    query: &str,
) -> Answer {
    let token = match bearer(&desk, headers) {
        Ok(token) => token,
        Err(rule) => return Refused::unauthorized(rule).answer(),
    };
    let reading = desk.charge(token.payer.clone());
    if let Some(rule) = reading.refused_by {
        return wire::too_many_requests(rule).metered(Some(reading));
    }
    let served = match operation {
        Operation::CurrentIdentity => current_identity(&token),
        Operation::CurrentEmployee => current_employee(&token),
        Operation::ListEmployments => list_employments(&token, query),
        Operation::ListCompanies => list_companies(&desk, &token, query),
    };
    served
        .unwrap_or_else(Refused::answer)
        .metered(Some(reading))
}

/// Finds what the bearer token of a request stands for, or the rule that it breaks.
fn bearer(desk: &Desk<'_>, headers: &HeaderMap) -> Result<AccessToken, Rule> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let only = values.next().filter(|_| values.next().is_none());
    let (scheme, token) = only
        .and_then(|value| value.to_str().ok()?.split_once(' '))
        .ok_or(Rule::BearerPresent)?;
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Err(Rule::BearerPresent);
    }
    let token = desk
        .access_token(token.trim_matches(' '))
        .ok_or(Rule::BearerKnown)?;
    if token.gateway != desk.gateway {
        Err(Rule::BearerGateway)
    } else if token.expires_at.is_some_and(|end| desk.now >= end) {
        Err(Rule::BearerUnexpired)
    } else {
        Ok(token)
    }
}

/// `GET /v1/identity/current`: three shapes, by the kind of token.
fn current_identity(token: &AccessToken) -> Result<Answer, Refused> {
    let client_id = token.payer.client_id();
    let data = match &token.principal {
        Principal::Partner => json!({ "client_id": client_id, "integration": integration() }),
        Principal::Company { company, user } | Principal::Manager { company, user } => json!({
            "client_id": client_id,
            "company": company_json(company),
            "integration": integration(),
            "user": user_json(user),
        }),
        Principal::Customer { company, user } => {
            json!({ "company": company_json(company), "user": user_json(user) })
        }
        Principal::Employee { .. } => return Err(Refused::forbidden(Rule::PlatformPrincipal)),
    };
    Ok(served(&data))
}

/// `GET /v1/employee/current`: for employee tokens and for nobody else.
fn current_employee(token: &AccessToken) -> Result<Answer, Refused> {
    let Principal::Employee {
        company,
        employment,
    } = &token.principal
    else {
        return Err(Refused::forbidden(Rule::PlatformPrincipal));
    };
    Ok(served(&json!({
        "company": company_json(company),
        "employment": employment_json(employment),
        "user": user_json(&employment.owner),
    })))
}

/// `GET /v1/employments`: those of the token's company.
fn list_employments(token: &AccessToken, query: &str) -> Result<Answer, Refused> {
    let company = match &token.principal {
        Principal::Company { company, .. }
        | Principal::Manager { company, .. }
        | Principal::Customer { company, .. } => company,
        Principal::Partner => {
            let (rule, status) = (Rule::PlatformCompanyVisible, StatusCode::NOT_FOUND);
            return Err(Refused {
                rule,
                status,
                message: "Company not found",
            });
        }
        Principal::Employee { .. } => return Err(Refused::forbidden(Rule::PlatformPrincipal)),
    };
    let employments: Vec<Value> = company
        .employments
        .iter()
        .map(|one| employment_json(one))
        .collect();
    Ok(paged("employments", &employments, query))
}

/// `GET /v1/companies`: those that authorized the client; for the partner's own token only.
fn list_companies(desk: &Desk<'_>, token: &AccessToken, query: &str) -> Result<Answer, Refused> {
    if !matches!(token.principal, Principal::Partner) {
        return Err(Refused::forbidden(Rule::PlatformPrincipal));
    }
    if !token.scope.has_any_of(&COMPANY_READERS) {
        return Err(Refused::forbidden(Rule::PlatformScope));
    }
    let company = desk.world.fixture.company();
    let one = json!({
        "id": company.id,
        "name": company.name,
        "country_code": company.country_code,
        "company_owner_user_id": company.manager.id,
        "status": "active",
    });
    Ok(paged("companies", &[one], query))
}

/// Answers one page of a list, or 422 where the query asks for no page that there could be.
fn paged(name: &str, all: &[Value], query: &str) -> Answer {
    let sent = Parameters::parse(query.as_bytes())
        .ok()
        .filter(|sent| !sent.repeats_any());
    let number = |name, default| match sent.as_ref()?.get(name) {
        None => Some(default),
        Some(text) => text.parse::<usize>().ok().filter(|number| *number > 0),
    };
    let Some(page) = number("page", 1) else {
        return unprocessable("page");
    };
    let page_size = number("page_size", PAGE_SIZE_DEFAULT).filter(|size| *size <= PAGE_SIZE_MAX);
    let Some(page_size) = page_size else {
        return unprocessable("page_size");
    };
    let shown: Vec<&Value> = all
        .iter()
        .skip((page - 1).saturating_mul(page_size))
        .take(page_size)
        .collect();
    served(&json!({
        name: shown,
        "current_page": page,
        "total_pages": all.len().div_ceil(page_size),
        "total_count": all.len(),
    }))
}

fn served(data: &Value) -> Answer {
    Answer::json(
        Rule::PlatformServed,
        StatusCode::OK,
        &json!({ "data": data }),
    )
}

fn unprocessable(field: &str) -> Answer {
    let body = json!({ "errors": { field: ["is invalid"] } });
    Answer::json(
        Rule::PlatformPaging,
        StatusCode::UNPROCESSABLE_ENTITY,
        &body,
    )
}

fn integration() -> Value {
    json!({
        "contact_email": "partner_admin@example.com",
        "display_name": "Embedded sandbox integration",
        "name": "embedded_sandbox_integration",
    })
}

fn company_json(company: &Company) -> Value {
    json!({ "id": company.id, "name": company.name })
}

fn user_json(user: &User) -> Value {
    json!({ "email": user.email, "id": user.id, "name": user.name, "status": "active" })
}

fn employment_json(employment: &Employment) -> Value {
    json!({
        "id": employment.id,
        "full_name": employment.owner.name,
        "job_title": employment.job_title,
        "status": "active",
    })
}
