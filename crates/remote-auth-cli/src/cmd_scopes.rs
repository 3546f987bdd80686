//! `remote-auth scopes`: the least scope for what is planned, why a scope is not enough, and what there is. Nothing is
//! sent.

mod explain;

use remote_auth::Principal;
use remote_auth::scope::{self, Operation, Plan};
use remote_oauth_client::catalogue::{self, ScopeEntry, ScopeStyle};
use serde::Serialize;

use crate::args::{ScopesListArgs, ScopesPlanArgs, Style};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::render::{self, SCHEMA};

pub(crate) use explain::{explain, explained};

/// Reads operations. What cannot be found is named by its place, as everything that was typed.
pub(crate) fn operations(texts: &[String]) -> Result<Vec<Operation>, Failure> {
    let read = |(place, text): (usize, &String)| {
        text.parse().map_err(|error: remote_auth::Error| {
            let failure = Failure::from(error);
            if texts.len() > 1 {
                failure.hint(format!("it is number {} of {}", place + 1, texts.len()))
            } else {
                failure
            }
        })
    };
    texts.iter().enumerate().map(read).collect()
}

/// Writes operations as published.
pub(crate) fn names(operations: &[Operation]) -> Vec<String> {
    operations.iter().map(ToString::to_string).collect()
}

#[derive(Serialize)]
struct PlanDocument {
    schema: u8,
    principal: &'static str,
    scope: String,
    unmapped: Vec<String>,
    out_of_reach: Vec<String>,
}

/// Finds the scope and prints it; fails if no scope opens one of the operations.
pub(crate) fn plan(args: &ScopesPlanArgs) -> Result<(), Failure> {
    let principal = Principal::from(args.role);
    let operations = operations(&args.operations)?;
    let plan = scope::plan(&operations, principal);
    let outcome = outcome(&plan, principal);
    if args.json {
        render::print(&render::json_line(&PlanDocument {
            schema: SCHEMA,
            principal: principal.as_str(),
            scope: plan.scope.to_string(),
            unmapped: names(&plan.unmapped),
            out_of_reach: names(&plan.out_of_reach),
        }))?;
    } else if outcome.is_ok() {
        render::print(&format!("{}\n", plan.scope))?;
        notes(&plan, &operations, principal)
            .iter()
            .for_each(|note| render::tell(note));
    }
    outcome
}

/// Says what the scope alone does not.
fn notes(plan: &Plan, operations: &[Operation], principal: Principal) -> Vec<String> {
    let unmapped = plan
        .unmapped
        .iter()
        .map(|operation| format!("note: Remote publishes no scopes for {operation}: try it"));
    let doubts = operations
        .iter()
        .filter_map(|operation| explain::doubt(*operation, principal));
    unmapped.chain(doubts).collect()
}

fn outcome(plan: &Plan, principal: Principal) -> Result<(), Failure> {
    if plan.out_of_reach.is_empty() {
        return Ok(());
    }
    let message = format!("find a scope: some operations are out of a {principal}'s reach");
    let failure = Failure::new(Exit::ScopeMissing, "plan.out_of_reach", message);
    let hint = |failure: Failure, operation: &Operation| {
        failure.hint(format!(
            "leave out {operation}, or plan it for another role"
        ))
    };
    Err(plan.out_of_reach.iter().fold(failure, hint))
}

#[derive(Serialize)]
struct ListDocument {
    schema: u8,
    scopes: Vec<ScopeDocument>,
}

#[derive(Serialize)]
struct ScopeDocument {
    scope: &'static str,
    style: &'static str,
    categories: &'static [&'static str],
    flows: Vec<&'static str>,
    implies: Option<&'static str>,
}

impl From<&'static ScopeEntry> for ScopeDocument {
    fn from(entry: &'static ScopeEntry) -> Self {
        Self {
            scope: entry.token,
            style: entry.style.as_str(),
            categories: entry.categories,
            flows: entry.flows.iter().map(|flow| flow_name(*flow)).collect(),
            implies: entry.implies,
        }
    }
}

/// Prints the scopes that Remote publishes.
pub(crate) fn list(args: &ScopesListArgs) -> Result<(), Failure> {
    let wanted = args.style.map(ScopeStyle::from);
    let entries = catalogue::SCOPES
        .iter()
        .filter(|entry| wanted.is_none_or(|wanted| entry.style == wanted));
    render::print(&if args.json {
        render::json_line(&ListDocument {
            schema: SCHEMA,
            scopes: entries.map(Into::into).collect(),
        })
    } else {
        entries.map(|entry| format!("{}\n", entry.token)).collect()
    })
}

impl From<Style> for ScopeStyle {
    fn from(style: Style) -> Self {
        match style {
            Style::Url => Self::Url,
            Style::Action => Self::Action,
            Style::Category => Self::Category,
            Style::CatchAll => Self::CatchAll,
        }
    }
}

fn flow_name(flow: catalogue::Flow) -> &'static str {
    match flow {
        catalogue::Flow::AuthorizationCode => "authorization-code",
        catalogue::Flow::ClientCredentials => "client-credentials",
        catalogue::Flow::EmployeeAssertion => "employee-assertion",
        _ => "other",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_published_flow_has_a_name() {
        for entry in catalogue::SCOPES {
            let document = ScopeDocument::from(entry);
            assert!(!document.flows.contains(&"other"), "{}", entry.token);
        }
    }

    #[test]
    fn what_no_scope_opens_is_a_failure_that_names_it() {
        let planned = operations(&["GET /v1/timeoff".to_owned()]).expect("it is published");
        let reach = |principal| outcome(&scope::plan(&planned, principal), principal);
        assert!(reach(Principal::Company).is_ok());
        // The one kind of token that has no scopes at all.
        let failure = reach(Principal::Customer).expect_err("nothing opens it");
        assert_eq!(
            (failure.code(), failure.exit()),
            ("plan.out_of_reach", Exit::ScopeMissing)
        );
        assert!(
            format!("{failure:?}").contains("leave out GET /v1/timeoff"),
            "{failure:?}"
        );
    }

    #[test]
    fn an_operation_that_is_not_found_is_named_by_its_place_and_not_repeated() {
        let texts = ["GET /v1/timeoff", "GET /canary"].map(str::to_owned);
        let failure = operations(&texts).expect_err("it is not published");
        let shown = format!("{failure:?}");
        assert_eq!(failure.code(), "misuse.operation");
        assert!(shown.contains("it is number 2 of 2"), "{shown}");
        assert!(!shown.contains("canary"), "{shown}");
    }
}
