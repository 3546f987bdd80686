//! The least scope is the least: no other choice of scopes lets the same operations through and allows fewer others.

use std::collections::BTreeSet;

use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use remote_auth::scope::{Operation, ScopeToken, plan};
use remote_auth::{Principal, Scope};
use remote_oauth_client::catalogue::{Flow, SCOPES, ScopeStyle};

/// Whom a scope can be asked for, with the flow whose published list says which scopes can be.
const ASKERS: [(Principal, Option<Flow>); 4] = [
    (Principal::Partner, Some(Flow::ClientCredentials)),
    (Principal::Company, Some(Flow::AuthorizationCode)),
    (Principal::Employee, Some(Flow::EmployeeAssertion)),
    (Principal::CompanyManager, None),
];

fn scope(tokens: &BTreeSet<&str>) -> Scope {
    let text: Vec<&str> = tokens.iter().copied().collect();
    if text.is_empty() {
        Scope::default()
    } else {
        text.join(" ")
            .parse()
            .expect("published tokens are well-formed")
    }
}

/// Every published token that lets one operation through, that the asker can ask for and that helps it: an employee
/// reaches nothing but its own operations.
fn sufficient(operation: Operation, flow: Option<Flow>) -> Vec<&'static str> {
    if flow == Some(Flow::EmployeeAssertion) && !operation.path().contains("/employee/") {
        return Vec::new();
    }
    let can_ask = |entry: &&remote_oauth_client::catalogue::ScopeEntry| match flow {
        Some(flow) => entry.flows.contains(&flow),
        None => entry.style != ScopeStyle::Url,
    };
    let tokens = SCOPES.iter().filter(can_ask).map(|entry| entry.token);
    tokens
        .filter(|token| operation.is_allowed_by(&scope(&BTreeSet::from([*token]))))
        .collect()
}

fn allowed(scope: &Scope) -> usize {
    Operation::all()
        .filter(|operation| operation.is_mapped() && operation.is_allowed_by(scope))
        .count()
}

/// The fewest operations that any choice of one sufficient token for each operation allows.
fn least(operations: &[Operation], flow: Option<Flow>) -> usize {
    let mut choices: BTreeSet<BTreeSet<&'static str>> = BTreeSet::from([BTreeSet::new()]);
    for operation in operations {
        let tokens = sufficient(*operation, flow);
        choices = choices
            .iter()
            .flat_map(|chosen| {
                tokens
                    .iter()
                    .map(move |token| chosen.iter().copied().chain([*token]).collect())
            })
            .collect();
    }
    choices
        .iter()
        .map(|chosen| allowed(&scope(chosen)))
        .min()
        .expect("there is a choice")
}

fn small_sets() -> impl Strategy<Value = Vec<Operation>> {
    subsequence(Operation::all().collect::<Vec<_>>(), 1..=3)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    // Requirement: remote.skill.rule-scope-minimally, rfc6749.10.3.least-scope
    #[test]
    fn a_plan_allows_what_is_planned_and_nothing_that_it_could_spare(
        operations in small_sets(),
        (principal, flow) in select(&ASKERS[..]),
    ) {
        let plan = plan(&operations, principal);
        let reached: Vec<Operation> = operations
            .iter()
            .copied()
            .filter(|operation| operation.is_mapped() && !sufficient(*operation, flow).is_empty())
            .collect();
        prop_assert_eq!(reached.len() + plan.unmapped.len() + plan.out_of_reach.len(), operations.len());
        prop_assert!(reached.iter().all(|operation| operation.is_allowed_by(&plan.scope)));
        if reached.is_empty() {
            prop_assert!(plan.scope.is_empty());
            return Ok(());
        }
        prop_assert_eq!(allowed(&plan.scope), least(&reached, flow));
        let tokens: BTreeSet<&str> = plan.scope.tokens().map(ScopeToken::as_str).collect();
        for token in &tokens {
            let rest = scope(&tokens.iter().copied().filter(|other| other != token).collect());
            let spared = reached.iter().all(|operation| operation.is_allowed_by(&rest));
            prop_assert!(!spared, "{} is superfluous in {}", token, plan.scope);
        }
    }
}
