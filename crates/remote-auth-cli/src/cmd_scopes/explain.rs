//! `remote-auth scopes explain`: why 403, and which scope to add. Nothing is sent.

use remote_auth::error::{Error, ErrorCode};
use remote_auth::scope::{self, Cause, Explanation, Operation, ScopeStyle, ScopeToken};
use remote_auth::{Principal, Scope};
use serde::Serialize;

use crate::args::ScopesExplainArgs;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::render::{self, SCHEMA};
use crate::scope_text;

#[derive(Serialize)]
struct Document {
    schema: u8,
    operation: String,
    principal: &'static str,
    have: Option<String>,
    cause: &'static str,
    add: Option<String>,
    sufficient: Vec<Sufficient>,
    others: Vec<&'static str>,
}

#[derive(Serialize)]
struct Sufficient {
    scope: String,
    style: &'static str,
}

/// Explains, and fails if no scope would help.
pub(crate) fn explain(args: &ScopesExplainArgs) -> Result<(), Failure> {
    let operation: Operation = args.operation.parse()?;
    let principal = Principal::from(args.role);
    let held = args.have.as_deref().map(scope_text::read).transpose()?;
    let all = scope::explain(operation, principal, held.as_ref());
    let style = args.style.map(ScopeStyle::from);
    let shown = match style {
        Some(style) => all.of_style(style),
        None => all,
    };
    let outcome = outcome(&shown, style);
    if args.json {
        let document = document(operation, principal, held.as_ref(), &shown);
        render::print(&render::json_line(&document))?;
    } else if outcome.is_ok() {
        let rows = rows(operation, principal, held.as_ref(), &shown);
        render::print(&render::rows(&rows))?;
        doubt(operation, principal)
            .iter()
            .for_each(|note| render::tell(note));
    }
    outcome
}

/// Says that the role may be the wrong one: no action of the operation is listed for it, only what covers many.
pub(super) fn doubt(operation: Operation, principal: Principal) -> Option<String> {
    let mut sufficient = scope::explain(operation, principal, None).sufficient;
    let wide = !sufficient.is_empty();
    sufficient.retain(|token| token.style() == ScopeStyle::Action);
    let doubtful = wide && sufficient.is_empty() && principal != Principal::Employee;
    doubtful.then(|| {
        format!(
            "note: Remote lists no scope for {operation} alone to a {principal}: is it the right role?"
        )
    })
}

/// Adds to a 403 of a known operation what the published map says to it.
pub(crate) fn explained(
    error: Error,
    operation: &str,
    principal: Principal,
    held: Option<&Scope>,
) -> Failure {
    let forbidden =
        matches!(&error, Error::Refused(refused) if refused.error_code() == ErrorCode::Forbidden);
    let failure = Failure::from(error);
    let operation = operation.parse().ok().filter(|_| forbidden);
    match operation.map(|operation| scope::explain(operation, principal, held)) {
        Some(explanation) => hints(&explanation).into_iter().fold(failure, Failure::hint),
        None => failure,
    }
}

fn hints(explanation: &Explanation) -> Option<String> {
    match explanation.cause {
        Cause::ScopeMissing | Cause::ScopeUnknown => {
            let names = explanation.sufficient.iter().map(ScopeToken::as_str);
            let names: Vec<&str> = names.collect();
            Some(format!(
                "any one of these scopes is enough, the least first: {}",
                names.join(" ")
            ))
        }
        Cause::ScopeSuffices => {
            Some("the scope that was asked for is enough, so look at the role".to_owned())
        }
        _ => None,
    }
}

/// Fails where nothing that is shown would help.
fn outcome(explanation: &Explanation, style: Option<ScopeStyle>) -> Result<(), Failure> {
    let failure = |code, message, hint| {
        let failure = Failure::new(Exit::ScopeMissing, code, message);
        Err(failure.hint(hint))
    };
    match (&explanation.cause, style) {
        (Cause::WrongPrincipal { others }, _) => {
            let others = kinds(others).join(", ");
            let message = "find a scope: none opens the operation to this kind of token".to_owned();
            let hint = format!("use a token of another kind: {others}");
            failure("explain.wrong_principal", message, hint)
        }
        (Cause::ScopeMissing | Cause::ScopeUnknown, Some(style))
            if explanation.to_add().is_none() =>
        {
            let message = format!("find a scope: none of {style} style opens the operation");
            let hint = "leave out --style to see those of others".to_owned();
            failure("explain.no_such_style", message, hint)
        }
        _ => Ok(()),
    }
}

fn kinds(principals: &[Principal]) -> Vec<&'static str> {
    principals.iter().copied().map(Principal::as_str).collect()
}

/// Says the cause to programs and to people.
fn cause(explanation: &Explanation) -> (&'static str, &'static str) {
    match explanation.cause {
        Cause::ScopeMissing => ("scope_missing", "a scope is missing"),
        Cause::ScopeUnknown => ("scope_unknown", "perhaps a scope is missing: --have tells"),
        Cause::ScopeSuffices => (
            "scope_suffices",
            "not the scope: look at the role of the user, and at the object",
        ),
        Cause::WrongPrincipal { .. } => ("wrong_principal", "no scope helps this kind of token"),
        Cause::NoScopes => ("no_scopes", "this kind of token has no scopes"),
        Cause::Unmapped => ("unmapped", "not known: Remote publishes no scopes for it"),
        _ => ("other", "not known"),
    }
}

fn rows(
    operation: Operation,
    principal: Principal,
    held: Option<&Scope>,
    explanation: &Explanation,
) -> Vec<(&'static str, String)> {
    let mut rows = vec![
        ("operation", operation.to_string()),
        ("principal", principal.to_string()),
    ];
    rows.extend(held.map(|held| ("have", held.to_string())));
    rows.push(("cause", cause(explanation).1.to_owned()));
    let add = explanation.to_add();
    rows.extend(add.map(|token| ("add", token.to_string())));
    let sufficient = explanation.sufficient.iter();
    rows.extend(sufficient.map(|token| ("enough", token.to_string())));
    rows
}

fn document(
    operation: Operation,
    principal: Principal,
    held: Option<&Scope>,
    explanation: &Explanation,
) -> Document {
    let sufficient = |token: &ScopeToken| Sufficient {
        scope: token.to_string(),
        style: token.style().as_str(),
    };
    let others = match &explanation.cause {
        Cause::WrongPrincipal { others } => kinds(others),
        _ => Vec::new(),
    };
    Document {
        schema: SCHEMA,
        operation: operation.to_string(),
        principal: principal.as_str(),
        have: held.map(ToString::to_string),
        cause: cause(explanation).0,
        add: explanation.to_add().map(ToString::to_string),
        sufficient: explanation.sufficient.iter().map(sufficient).collect(),
        others,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_without_an_action_of_its_own_is_doubted() {
        for (operation, principal, doubted) in [
            ("POST /v1/companies", Principal::Company, true),
            ("POST /v1/companies", Principal::Partner, false),
            ("POST /v1/timeoff", Principal::Partner, true),
            ("POST /v1/timeoff", Principal::CompanyManager, false),
            // Its own operation, though only a category is listed.
            ("POST /v1/employee/expenses", Principal::Employee, false),
            ("GET /v1/identity/current", Principal::Partner, false),
        ] {
            let doubt = doubt(operation.parse().expect(operation), principal);
            assert_eq!(doubt.is_some(), doubted, "{operation} {principal}");
        }
    }
}
