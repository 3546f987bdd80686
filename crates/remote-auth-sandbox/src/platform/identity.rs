//! Who a token speaks for.

use serde_json::json;

use super::{Asked, wire};
use crate::{platform::wire::Refused, rule::Rule, state::Principal, wire::Answer, world::Desk};

/// `GET …/identity/current`: three shapes, by the kind of token.
pub(super) fn current_identity(asked: &Asked<'_>) -> Result<Answer, Refused> {
    let client_id = asked.token.payer.client_id().map(|id| &**id);
    let data = match &asked.token.principal {
        Principal::Partner => {
            json!({ "client_id": client_id, "integration": wire::integration() })
        }
        Principal::Company { company, user } | Principal::Manager { company, user } => json!({
            "client_id": client_id,
            "company": wire::company_brief(company),
            "integration": wire::integration(),
            "user": wire::user(user),
        }),
        Principal::Customer { company, user } => {
            json!({ "company": wire::company_brief(company), "user": wire::user(user) })
        }
        Principal::Employee { .. } => return Err(Refused::forbidden(Rule::PlatformPrincipal)),
    };
    Ok(wire::served(&data))
}

/// `GET …/employee/current`: for employee tokens and for nobody else.
pub(super) fn current_employee(desk: &Desk<'_>, asked: &Asked<'_>) -> Result<Answer, Refused> {
    let Principal::Employee {
        company,
        employment,
    } = &asked.token.principal
    else {
        return Err(Refused::forbidden(Rule::PlatformPrincipal));
    };
    let is_deactivated = desk.state.directory.is_deactivated(employment);
    Ok(wire::served(&json!({
        "company": wire::company_brief(company),
        "employment": wire::employment(employment, is_deactivated),
        "user": wire::user(&employment.owner),
    })))
}
