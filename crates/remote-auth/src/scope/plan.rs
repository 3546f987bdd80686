//! Which least scopes do these operations need?

use std::collections::BTreeSet;

use super::{Operation, Scope, ScopeToken, reach};
use crate::token::Principal;

/// The answer of [`plan`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Plan {
    /// The scope to ask for. Empty if no operation is known to need one.
    pub scope: Scope,
    /// The operations that Remote publishes no scopes for: try them, the map cannot tell.
    pub unmapped: Vec<Operation>,
    /// The operations that no scope opens to this principal.
    pub out_of_reach: Vec<Operation>,
}

/// Finds the scope that lets the operations through and grants as little else as possible.
///
/// Least means: of all scopes that this principal can ask for and that allow every mapped operation, this one allows
/// the fewest operations of the map, and no token of it can be left out.
/// Remote publishes which scopes each flow can ask for, except for company managers; they may ask for any but the URL
/// style. No scope opens anything but `/v1/employee/…` to an employee. Customer API tokens have no scopes.
///
/// ```
/// use remote_auth::{Principal, scope::plan};
/// let operations = ["GET /v1/timeoff".parse()?, "POST /v1/timeoff".parse()?, "GET /v1/expenses".parse()?];
/// let plan = plan(&operations, Principal::CompanyManager);
/// assert_eq!(plan.scope.to_string(), "expense:read timeoff:write");
/// # Ok::<(), remote_auth::Error>(())
/// ```
// Requirement: remote.skill.rule-scope-minimally, rfc6749.10.3.least-scope
// Requirement: rfc9700.2.3.least-privilege
pub fn plan(operations: &[Operation], principal: Principal) -> Plan {
    let (mut open, mut unmapped, mut out_of_reach) = (Vec::new(), Vec::new(), Vec::new());
    let mut choices = Vec::new();
    for &operation in operations {
        let tokens = worth_choosing(operation, principal);
        match (operation.is_mapped(), tokens.is_empty()) {
            (false, _) => unmapped.push(operation),
            (true, true) => out_of_reach.push(operation),
            (true, false) => {
                open.push(operation);
                choices.push(tokens);
            }
        }
    }
    // Operations of one resource have the same choice: it needs to be made once. The forced ones come first.
    choices.sort_by(|one, other| one.len().cmp(&other.len()).then_with(|| one.cmp(other)));
    choices.dedup();
    let mut search = Search {
        operations: &open,
        choices: &choices,
        best: None,
    };
    search.choose(0, &Tokens::new());
    let scope = search
        .best
        .map(|best| scope_of(best.tokens))
        .unwrap_or_default();
    Plan {
        scope,
        unmapped,
        out_of_reach,
    }
}

type Tokens = BTreeSet<&'static str>;

/// Walks over every way to choose, and keeps the least.
struct Search<'a> {
    operations: &'a [Operation],
    choices: &'a [Vec<&'static str>],
    best: Option<Found>,
}

/// What was found, in the order in which one is less than another.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Found {
    allowed: usize,
    count: usize,
    tokens: Tokens,
}

impl Search<'_> {
    fn choose(&mut self, made: usize, chosen: &Tokens) {
        let allowed = reach::of_all(chosen.iter().copied()).len();
        // What is allowed only grows from here on.
        if self
            .best
            .as_ref()
            .is_some_and(|best| allowed > best.allowed)
        {
            return;
        }
        let Some(tokens) = self.choices.get(made) else {
            let tokens = self.without_the_superfluous(chosen);
            let found = Found {
                allowed,
                count: tokens.len(),
                tokens,
            };
            if self.best.as_ref().is_none_or(|best| found < *best) {
                self.best = Some(found);
            }
            return;
        };
        for token in tokens {
            let mut more = chosen.clone();
            more.insert(token);
            self.choose(made + 1, &more);
        }
    }

    /// Drops each token that the others make superfluous: reading, where writing is there.
    fn without_the_superfluous(&self, chosen: &Tokens) -> Tokens {
        let mut kept = chosen.clone();
        for token in chosen {
            let others: Tokens = kept
                .iter()
                .copied()
                .filter(|other| other != token)
                .collect();
            let scope = scope_of(others.iter().copied());
            if self
                .operations
                .iter()
                .all(|operation| operation.is_allowed_by(&scope))
            {
                kept = others;
            }
        }
        kept
    }
}

/// Returns the tokens that suffice, that the principal can ask for, and that do not allow all that another such
/// token allows and more.
fn worth_choosing(operation: Operation, principal: Principal) -> Vec<&'static str> {
    let tokens: Vec<_> = operation.sufficient_for(principal).collect();
    let beaten = |index: usize| {
        tokens.iter().enumerate().any(|(other, token)| {
            let (own, others) = (reach::of(tokens[index]), reach::of(token));
            let narrower = others.is_subset(own) && others != own;
            narrower || (others == own && other < index)
        })
    };
    let mut left: Vec<_> = (0..tokens.len())
        .filter(|index| !beaten(*index))
        .map(|index| tokens[index])
        .collect();
    left.sort_unstable();
    left
}

fn scope_of(tokens: impl IntoIterator<Item = &'static str>) -> Scope {
    tokens.into_iter().map(ScopeToken::published).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn planned(operations: &[&str], principal: Principal) -> Plan {
        let operations: Vec<Operation> = operations
            .iter()
            .map(|text| text.parse().expect(text))
            .collect();
        plan(&operations, principal)
    }

    // Requirement: rfc6749.10.3.least-scope, rfc9700.2.3.least-privilege
    #[test]
    fn least_privilege_is_asked_for() {
        let cases: [(&[&str], Principal, &str); 8] = [
            (&["GET /v1/timeoff"], Principal::Company, "timeoff:read"),
            (
                &["GET /v1/timeoff", "POST /v1/timeoff"],
                Principal::Company,
                "timeoff:write",
            ),
            (
                &["GET /v1/timeoff", "GET /v1/expenses"],
                Principal::Company,
                "expense:read timeoff:read",
            ),
            (
                &["GET /v1/timeoff", "POST /v1/timeoff", "GET /v1/expenses"],
                Principal::Company,
                "expense:read timeoff:write",
            ),
            // The category lets through less than `company:write`, which reads companies too.
            (
                &["POST /v1/companies"],
                Principal::Partner,
                "company_management",
            ),
            (
                &["GET /v1/employee/address"],
                Principal::Employee,
                "address:read",
            ),
            // `expense:write` is not listed for employees; the category that covers it is.
            (
                &["POST /v1/employee/expenses"],
                Principal::Employee,
                "employment_payments",
            ),
            (&[], Principal::Company, ""),
        ];
        for (operations, principal, scope) in cases {
            assert_eq!(
                planned(operations, principal).scope.to_string(),
                scope,
                "{operations:?}"
            );
        }
    }

    #[test]
    fn what_the_map_does_not_know_and_what_nobody_can_ask_for_is_said() {
        let plan = planned(
            &["GET /v1/identity/current", "GET /v1/timeoff"],
            Principal::Customer,
        );
        assert!(plan.scope.is_empty());
        assert_eq!(plan.unmapped.len(), 1);
        let employers = ["GET /v1/timeoff".parse::<Operation>().expect("mapped")];
        assert_eq!(plan.out_of_reach, employers);
        // The scope is listed for employees, and the operation answers them with 403 whatever their scope is.
        let plan = planned(
            &["GET /v1/timeoff", "GET /v1/employee/timeoff"],
            Principal::Employee,
        );
        assert_eq!(plan.scope.to_string(), "timeoff:read");
        assert_eq!(plan.out_of_reach, employers);
    }
}
