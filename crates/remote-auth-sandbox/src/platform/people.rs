//! The people of a token's company.

use serde_json::Value;

use super::{Asked, company_not_found, pages, wire};
use crate::{fixture::Company, platform::wire::Refused, rule::Rule, wire::Answer, world::Desk};

/// `GET …/employments`: those of the token's company, which `email` and `status` may narrow.
pub(super) fn list_employments(desk: &Desk<'_>, asked: &Asked<'_>) -> Result<Answer, Refused> {
    let company = company(asked)?;
    let sent = asked.parameters().ok();
    let wanted = |member: &str, value: &Value| {
        let wish = sent.as_ref().and_then(|sent| sent.get(member));
        wish.is_none_or(|wish| value == wish)
    };
    let directory = &desk.state.directory;
    let employments: Vec<Value> = company
        .employments
        .iter()
        .map(|one| wire::employment(one, directory.is_deactivated(one)))
        .filter(|one| wanted("email", &one["login_email"]) && wanted("status", &one["status"]))
        .collect();
    pages::page("employments", &employments, asked)
}

/// `GET …/company-managers`: those of the token's company.
pub(super) fn list_company_managers(asked: &Asked<'_>) -> Result<Answer, Refused> {
    let company = company(asked)?;
    pages::page("company_managers", &[wire::manager(company)], asked)
}

/// The token's company, which is the only one that `company_id` may name.
fn company<'a>(asked: &'a Asked<'_>) -> Result<&'a Company, Refused> {
    let company = asked.company()?;
    let sent = asked.parameters().ok();
    let named = sent.as_ref().and_then(|sent| sent.get("company_id"));
    let is_own = named.is_none_or(|id| *id == *company.id);
    let rules = &asked.world.rules;
    rules
        .demand(Rule::PlatformCompanyVisible, is_own)
        .map_err(company_not_found)?;
    Ok(company)
}
