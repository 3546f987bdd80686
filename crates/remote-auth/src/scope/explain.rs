//! Why was an operation answered with 403, and what is to be added?

use std::cmp::Reverse;

use super::{Operation, Scope, ScopeStyle, ScopeToken, reach};
use crate::token::Principal;

/// The answer of [`explain`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Explanation {
    /// What the published map knows of the cause.
    pub cause: Cause,
    /// The tokens of which any one is enough and that the principal can ask for, the one that adds least first.
    pub sufficient: Vec<ScopeToken>,
}

/// Names what the published map knows of the cause of a 403.
///
/// Scopes are one cause among several: what the user's role, the integration's settings and the state of the object
/// forbid is published nowhere.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Cause {
    /// The scope that is held lacks every token that would do.
    ScopeMissing,
    /// It is not known which scope is held; if it has none of the sufficient tokens, that is the cause.
    ScopeUnknown,
    /// The scope that is held is enough, so something else is the cause: the role, or the object.
    ScopeSuffices,
    /// No scope opens the operation to this principal.
    WrongPrincipal {
        /// To whom a scope opens it.
        others: Vec<Principal>,
    },
    /// The principal's tokens have no scopes: read only or full access was chosen when a customer made its token.
    NoScopes,
    /// Remote publishes no scopes for the operation.
    Unmapped,
}

impl Explanation {
    /// Returns the token to add to what is held: the one that opens the fewest other operations. None where a scope
    /// is not known to be missing.
    pub fn to_add(&self) -> Option<&ScopeToken> {
        let missing = matches!(self.cause, Cause::ScopeMissing | Cause::ScopeUnknown);
        self.sufficient.first().filter(|_| missing)
    }

    /// Leaves only sufficient tokens of one style, for a flow that takes no other.
    #[must_use]
    pub fn of_style(mut self, style: ScopeStyle) -> Self {
        self.sufficient.retain(|token| token.style() == style);
        self
    }
}

/// Explains why an operation answers a principal with 403, and which scope token to add.
///
/// Give the scope that is held if it is known: [`Token::granted_scope`](crate::Token::granted_scope), or what was
/// requested where the server did not say.
///
/// ```
/// use remote_auth::Principal;
/// use remote_auth::scope::{Cause, explain};
/// let held = "timeoff:read".parse()?;
/// let explanation = explain("POST /v1/timeoff".parse()?, Principal::CompanyManager, Some(&held));
/// assert_eq!(explanation.cause, Cause::ScopeMissing);
/// assert_eq!(explanation.to_add().map(|token| token.as_str()), Some("timeoff:write"));
/// let enough: Vec<_> = explanation.sufficient.iter().map(|token| token.as_str()).collect();
/// assert_eq!(enough, ["timeoff:write", "time_and_attendance", "all:write"]);
///
/// let explanation = explain("POST /v1/timeoff".parse()?, Principal::Employee, None);
/// let others = vec![Principal::Company, Principal::CompanyManager];
/// assert_eq!(explanation.cause, Cause::WrongPrincipal { others });
/// # Ok::<(), remote_auth::Error>(())
/// ```
///
/// # Spec
///
/// <https://www.rfc-editor.org/rfc/rfc6750#section-3.1>
pub fn explain(operation: Operation, principal: Principal, held: Option<&Scope>) -> Explanation {
    let sufficient = by_what_they_add(operation, principal, held);
    let cause = if principal == Principal::Customer {
        Cause::NoScopes
    } else if !operation.is_mapped() {
        Cause::Unmapped
    } else if sufficient.is_empty() {
        let others = others(operation, principal);
        Cause::WrongPrincipal { others }
    } else {
        match held {
            None => Cause::ScopeUnknown,
            Some(held) if operation.is_allowed_by(held) => Cause::ScopeSuffices,
            Some(_) => Cause::ScopeMissing,
        }
    };
    Explanation { cause, sufficient }
}

/// Lists what is enough, beginning with what opens fewest operations that `held` does not, then fewest at all.
///
/// Of tokens that open the same operations today the one for an action comes first, and of these the one for reading.
fn by_what_they_add(
    operation: Operation,
    principal: Principal,
    held: Option<&Scope>,
) -> Vec<ScopeToken> {
    let held: Vec<&str> = held.map_or_else(Vec::new, |held| {
        held.tokens().map(ScopeToken::as_str).collect()
    });
    let held = reach::of_all(held);
    let mut tokens: Vec<&'static str> = operation.sufficient_for(principal).collect();
    tokens.sort_by_key(|token| {
        let opens = reach::of(token);
        let is_action = ScopeToken::published(token).style() == ScopeStyle::Action;
        (
            opens.difference(&held).count(),
            opens.len(),
            Reverse(is_action),
            *token,
        )
    });
    tokens.into_iter().map(ScopeToken::published).collect()
}

/// Lists to whom a scope opens an operation.
///
/// A partner's token stands for no user, and its list of scopes names the actions that need none; a category or a
/// catch-all of that list says nothing about a single operation.
fn others(operation: Operation, principal: Principal) -> Vec<Principal> {
    let is_open = |other: Principal| {
        let mut tokens = operation.sufficient_for(other).map(ScopeToken::published);
        match other {
            Principal::Partner => tokens.any(|token| token.style() == ScopeStyle::Action),
            _ => tokens.next().is_some(),
        }
    };
    let all = [
        Principal::Partner,
        Principal::Company,
        Principal::CompanyManager,
        Principal::Employee,
    ];
    all.into_iter()
        .filter(|other| *other != principal && is_open(*other))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn explained(operation: &str, principal: Principal, held: Option<&str>) -> Explanation {
        let held: Option<Scope> = held.map(|held| held.parse().expect(held));
        explain(
            operation.parse().expect(operation),
            principal,
            held.as_ref(),
        )
    }

    #[test]
    fn the_least_is_added_to_what_is_held() {
        use Principal::{Company, CompanyManager, Employee, Partner};
        let cases = [
            ("GET /v1/timeoff", Company, None, Some("timeoff:read")),
            (
                "POST /v1/timeoff",
                Company,
                Some("timeoff:read"),
                Some("timeoff:write"),
            ),
            (
                "GET /v1/expenses",
                CompanyManager,
                Some("timeoff:read"),
                Some("expense:read"),
            ),
            // What is held decides: the category opens less, and `company:write` less that is new.
            (
                "POST /v1/companies",
                Partner,
                None,
                Some("company_management"),
            ),
            (
                "POST /v1/companies",
                Partner,
                Some("company_admin"),
                Some("company:write"),
            ),
            // These open the same as the category does, or as the scope for reading.
            (
                "POST /v1/contractor-invoice-schedules",
                Company,
                None,
                Some("invoices:write"),
            ),
            (
                "GET /v1/benefit-offers",
                Company,
                None,
                Some("benefit_offer:read"),
            ),
            (
                "POST /v1/employee/expenses",
                Employee,
                Some("expense:read"),
                Some("employment_payments"),
            ),
            (
                "GET /v1/timeoff",
                Company,
                Some("time_and_attendance"),
                None,
            ),
            // An unknown token opens nothing that is known of.
            (
                "GET /v1/timeoff",
                Company,
                Some("sabbatical:read"),
                Some("timeoff:read"),
            ),
            (
                "GET /v1/billing-documents",
                Company,
                Some("timeoff:read"),
                Some("invoices:read"),
            ),
        ];
        for (operation, principal, held, added) in cases {
            let explanation = explained(operation, principal, held);
            let to_add = explanation.to_add().map(ScopeToken::as_str);
            assert_eq!(to_add, added, "{operation} {principal} {held:?}");
            let cause = match (held, added) {
                (None, _) => Cause::ScopeUnknown,
                (Some(_), Some(_)) => Cause::ScopeMissing,
                (Some(_), None) => Cause::ScopeSuffices,
            };
            assert_eq!(explanation.cause, cause, "{operation} {principal} {held:?}");
        }
    }

    #[test]
    fn it_is_said_where_no_scope_would_help() {
        use Principal::{Company, CompanyManager, Customer, Employee, Partner};
        let wrong = |others: &[Principal]| Cause::WrongPrincipal {
            others: others.into(),
        };
        let cases = [
            // An employee's list has `timeoff:read`, and the operation is not the employee's own.
            (
                "GET /v1/timeoff",
                Employee,
                wrong(&[Company, CompanyManager]),
            ),
            (
                "GET /v1/companies",
                Employee,
                wrong(&[Partner, Company, CompanyManager]),
            ),
            ("GET /v1/timeoff", Customer, Cause::NoScopes),
            ("GET /v1/identity/current", Company, Cause::Unmapped),
            ("GET /v1/identity/current", Customer, Cause::NoScopes),
        ];
        for (operation, principal, cause) in cases {
            let explanation = explained(operation, principal, Some("all:write"));
            assert_eq!(explanation.cause, cause, "{operation} {principal}");
            assert_eq!(explanation.to_add(), None, "{operation} {principal}");
        }
    }

    #[test]
    fn a_flow_of_one_style_is_answered_in_that_style() {
        let explanation = explained("GET /v1/timeoff", Principal::Company, None);
        let to_add = |style| {
            let of_style = explanation.clone().of_style(style);
            of_style.to_add().map(ToString::to_string)
        };
        for (style, added) in [
            (
                ScopeStyle::Url,
                Some("https://gateway.remote.com/company.manage"),
            ),
            (ScopeStyle::Action, Some("timeoff:read")),
            (ScopeStyle::Category, Some("time_and_attendance")),
            (ScopeStyle::CatchAll, Some("all:read")),
        ] {
            assert_eq!(to_add(style).as_deref(), added, "{style}");
        }
    }
}
