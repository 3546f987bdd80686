//! Scopes are an algebra: an order that the published map confirms, joins, differences and normal forms.

use std::cmp::Ordering;
use std::collections::BTreeSet;

use proptest::prelude::*;
use proptest::sample::select;
use remote_auth::scope::{Cause, Granted, Operation, ScopeToken, explain, plan};
use remote_auth::{AssertionScope, ConsentScope, Principal, Scope};
use remote_auth_conformance::law;
use remote_auth_conformance::strategy::{self, scope as make};
use remote_oauth_client::catalogue::{self, SCOPES, ScopeEntry, ScopeStyle};

const SEEDS: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/proptest-regressions/scope_laws.txt"
);

fn scope(tokens: &[String]) -> Scope {
    let tokens = tokens.iter().map(|token| token.parse::<ScopeToken>());
    tokens
        .collect::<Result<_, _>>()
        .expect("they are well-formed")
}

fn scopes() -> impl Strategy<Value = Scope> {
    make::tokens().prop_map(|tokens| scope(&tokens))
}

fn one(token: &str) -> Scope {
    token.parse().expect("it is well-formed")
}

/// What a scope lets through, one operation of the map at a time.
fn opened(scope: &Scope) -> BTreeSet<String> {
    Operation::all()
        .filter(|operation| operation.is_mapped() && operation.is_allowed_by(scope))
        .map(|operation| operation.to_string())
        .collect()
}

/// The published rules, written from the facts and not from the core: upper, lower.
fn is_by_rule(upper: &ScopeEntry, lower: &ScopeEntry) -> bool {
    let (resource, action) = lower.token.split_once(':').unwrap_or((lower.token, ""));
    let is_action = lower.style == ScopeStyle::Action;
    let written = catalogue::scope(&format!("{resource}:write"));
    let lists = |entry: &ScopeEntry| entry.categories.contains(&upper.token);
    match upper.style {
        _ if upper.token == lower.token => false,
        ScopeStyle::CatchAll => upper.token == "all:write" || (is_action && action == "read"),
        ScopeStyle::Url => is_action || lower.style == ScopeStyle::Category,
        ScopeStyle::Category => is_action && (lists(lower) || written.is_some_and(lists)),
        _ => is_action && action == "read" && upper.token == format!("{resource}:write"),
    }
}

/// Whether a scope covers a token, tried operation by operation.
fn is_covered(upper: &Scope, token: &ScopeToken) -> bool {
    if upper.contains(token.as_str()) {
        return true;
    }
    let Some(lower) = catalogue::scope(token.as_str()) else {
        return false;
    };
    let above: Vec<Scope> = SCOPES
        .iter()
        .filter(|entry| upper.contains(entry.token) && is_by_rule(entry, lower))
        .map(|entry| one(entry.token))
        .collect();
    let lower = one(lower.token);
    let mut operations = Operation::all().filter(|operation| operation.is_mapped());
    !above.is_empty()
        && operations.all(|operation| {
            !operation.is_allowed_by(&lower)
                || above.iter().any(|scope| operation.is_allowed_by(scope))
        })
}

#[test]
fn every_pair_of_published_tokens_is_ordered_as_rules_and_map_say() {
    let mut covered = 0;
    for upper in SCOPES {
        for lower in SCOPES {
            let token: ScopeToken = lower.token.parse().expect("it is published");
            let (upper, lower) = (one(upper.token), one(lower.token));
            assert_eq!(
                upper.covers(&lower),
                is_covered(&upper, &token),
                "{upper} and {lower}"
            );
            covered += usize::from(upper.covers(&lower) && upper != lower);
        }
    }
    // No token is equal to another, and the order is not an empty one.
    assert!(covered > SCOPES.len(), "{covered}");
}

#[test]
fn sets_are_ordered_as_rules_and_map_say() {
    law(SEEDS, &(scopes(), scopes()), |(upper, lower)| {
        let expected = lower.tokens().all(|token| is_covered(&upper, token));
        prop_assert_eq!(upper.covers(&lower), expected);
        if expected {
            prop_assert!(opened(&lower).is_subset(&opened(&upper)));
        }
        let back = upper.tokens().all(|token| is_covered(&lower, token));
        let order = match (expected, back) {
            (true, true) => Some(Ordering::Equal),
            (true, false) => Some(Ordering::Greater),
            (false, true) => Some(Ordering::Less),
            (false, false) => None,
        };
        prop_assert_eq!(upper.compare(&lower), order);
        Ok(())
    });
}

#[test]
fn the_order_is_reflexive_transitive_and_antisymmetric_on_normal_forms() {
    law(SEEDS, &(scopes(), scopes(), scopes()), |(a, b, c)| {
        prop_assert!(a.covers(&a));
        // Chains are rare among three of chance, so the second and the third are also put below the first.
        for (b, c) in [
            (b.clone(), c.clone()),
            (below(&a, &b), below(&a, &c)),
            (below(&a, &b), below(&b, &c)),
        ] {
            if a.covers(&b) && b.covers(&c) {
                prop_assert!(a.covers(&c), "{} over {} over {}", a, b, c);
            }
            let (a, b) = (a.normal_form(), b.normal_form());
            if a.covers(&b) && b.covers(&a) {
                prop_assert_eq!(a, b);
            }
        }
        Ok(())
    });
}

/// The part of a scope that another covers, with a published token below each of the other's.
fn below(upper: &Scope, other: &Scope) -> Scope {
    let published = SCOPES.iter().map(|entry| one(entry.token));
    let lower = published.filter(|token| upper.covers(token)).take(8);
    let tokens = lower.fold(other.clone(), |all, token| all.union(&token));
    let covered = tokens.tokens().filter(|token| is_covered(upper, token));
    covered.cloned().collect()
}

#[test]
fn a_union_is_the_least_that_covers_both() {
    law(SEEDS, &(scopes(), scopes(), scopes()), |(a, b, other)| {
        let union = a.union(&b);
        prop_assert!(union.covers(&a) && union.covers(&b));
        prop_assert_eq!(&union, &b.union(&a));
        for upper in [
            other.clone(),
            other.union(&union),
            one("all:write").union(&other),
        ] {
            prop_assert_eq!(upper.covers(&union), upper.covers(&a) && upper.covers(&b));
        }
        Ok(())
    });
}

#[test]
fn a_difference_is_what_remains_to_ask_for() {
    law(SEEDS, &(scopes(), scopes()), |(held, wanted)| {
        let rest = wanted.difference(&held);
        prop_assert!(held.union(&rest).covers(&wanted));
        prop_assert_eq!(rest.is_empty(), held.covers(&wanted));
        prop_assert!(rest.tokens().all(|token| wanted.contains(token.as_str())));
        prop_assert!(rest.tokens().all(|token| !is_covered(&held, token)));
        let granted = Granted::compare(&wanted, Some(&held));
        prop_assert_eq!(
            granted.missing(),
            Some(&rest).filter(|rest| !rest.is_empty())
        );
        prop_assert_eq!(
            granted == Granted::AsRequested,
            wanted.compare(&held) == Some(Ordering::Equal)
        );
        Ok(())
    });
}

#[test]
fn a_normal_form_says_the_same_with_nothing_to_spare() {
    law(SEEDS, &scopes(), |scope| {
        let normal = scope.normal_form();
        prop_assert_eq!(&normal.normal_form(), &normal);
        prop_assert_eq!(normal.compare(&scope), Some(Ordering::Equal));
        prop_assert_eq!(opened(&normal), opened(&scope));
        for token in normal.tokens() {
            let others = normal.tokens().filter(|other| *other != token);
            let others: Scope = others.cloned().collect();
            prop_assert!(!is_covered(&others, token), "{} in {}", token, normal);
        }
        Ok(())
    });
}

#[test]
fn what_is_displayed_parses_to_the_same_whatever_the_order() {
    let shuffled = proptest::collection::vec(make::token(), 1..6).prop_shuffle();
    law(SEEDS, &shuffled, |tokens| {
        let parsed: Scope = tokens.join(" ").parse().expect("it is well-formed");
        prop_assert_eq!(
            &parsed
                .to_string()
                .parse::<Scope>()
                .expect("it was displayed"),
            &parsed
        );
        let sorted: BTreeSet<&String> = tokens.iter().collect();
        let sorted: Vec<&str> = sorted.into_iter().map(String::as_str).collect();
        prop_assert_eq!(parsed.to_string(), sorted.join(" "));
        let known = |token: &&str| SCOPES.iter().any(|entry| entry.token == *token);
        let unknown: Vec<&str> = sorted.into_iter().filter(|token| !known(token)).collect();
        let told: Vec<&str> = parsed.unknown().map(ScopeToken::as_str).collect();
        prop_assert_eq!(told, unknown);
        Ok(())
    });
}

#[test]
fn nothing_malformed_parses_and_nothing_panics() {
    law(SEEDS, &make::malformed(), |text| {
        let error = text.parse::<Scope>().map_err(|error| error.code());
        prop_assert_eq!(error, Err("misuse.scope_syntax"));
        prop_assert!(text.parse::<ConsentScope>().is_err());
        prop_assert!(text.parse::<AssertionScope>().is_err());
        Ok(())
    });
    law(SEEDS, &strategy::text(), |text| {
        let well_formed = text.split(' ').all(|token| {
            let allowed = |c: char| c.is_ascii_graphic() && c != '"' && c != '\\';
            !token.is_empty() && token.chars().all(allowed)
        });
        prop_assert_eq!(text.parse::<Scope>().is_ok(), well_formed);
        Ok(())
    });
}

#[test]
fn each_flow_takes_a_scope_if_it_takes_every_style_of_it() {
    let tokens = proptest::collection::vec(make::token(), 1..4);
    law(SEEDS, &tokens, |tokens| {
        let scope = scope(&tokens);
        let urls = tokens.iter().filter(|token| token.contains("://")).count();
        let consent = ConsentScope::try_from(scope.clone());
        prop_assert_eq!(consent.is_ok(), urls == tokens.len());
        let assertion = AssertionScope::try_from(scope.clone());
        prop_assert_eq!(assertion.is_ok(), urls == 0);
        if let Ok(assertion) = assertion {
            prop_assert_eq!(Scope::from(&assertion), scope);
        }
        Ok(())
    });
}

#[test]
fn what_an_explanation_adds_is_enough_and_the_least() {
    let principals = [
        Principal::Partner,
        Principal::Company,
        Principal::CompanyManager,
        Principal::Employee,
    ];
    let inputs = (
        select(Operation::all().collect::<Vec<_>>()),
        select(principals.to_vec()),
        scopes(),
    );
    law(SEEDS, &inputs, |(operation, principal, held)| {
        let explanation = explain(operation, principal, Some(&held));
        let planned = plan(&[operation], principal);
        prop_assert_eq!(
            explanation.cause == Cause::Unmapped,
            !planned.unmapped.is_empty()
        );
        let wrong = matches!(explanation.cause, Cause::WrongPrincipal { .. });
        prop_assert_eq!(wrong, !planned.out_of_reach.is_empty());
        for token in &explanation.sufficient {
            prop_assert!(operation.is_allowed_by(&one(token.as_str())));
        }
        let with = |token: &ScopeToken| opened(&held.union(&one(token.as_str()))).len();
        if let Some(token) = explanation.to_add() {
            prop_assert!(!operation.is_allowed_by(&held));
            prop_assert!(operation.is_allowed_by(&held.union(&one(token.as_str()))));
            let least = explanation.sufficient.iter().map(with).min();
            prop_assert_eq!(Some(with(token)), least);
            let from_nothing = explain(operation, principal, None);
            let first = from_nothing.to_add().map(ToString::to_string);
            prop_assert_eq!(first, Some(planned.scope.to_string()), "the planner agrees");
        } else if operation.is_mapped() && !wrong {
            prop_assert!(operation.is_allowed_by(&held));
        }
        Ok(())
    });
}
