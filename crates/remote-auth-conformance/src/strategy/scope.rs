//! Scopes: published tokens, tokens that nobody publishes, and texts that are no scope.

use proptest::collection::{btree_set, vec};
use proptest::prelude::*;
use proptest::sample::select;
use remote_oauth_client::catalogue::{self, SCOPES};

/// Makes a token that Remote publishes; those of few resources more often, so that sets of them are related.
pub fn published() -> BoxedStrategy<&'static str> {
    const RELATED: &[&str] = &[
        catalogue::ALL_READ,
        catalogue::ALL_WRITE,
        catalogue::COMPANY_ADMIN,
        catalogue::COMPANY_MANAGE,
        catalogue::COMPANY_MANAGEMENT,
        catalogue::COMPANY_READ,
        catalogue::COMPANY_WRITE,
        catalogue::INVOICES,
        catalogue::INVOICES_WRITE,
        catalogue::PRICING_PLAN_READ,
        catalogue::PROJECT_READ,
        catalogue::TIMEOFF_READ,
        catalogue::TIMEOFF_WRITE,
        catalogue::TIME_AND_ATTENDANCE,
    ];
    let all: Vec<&str> = SCOPES.iter().map(|entry| entry.token).collect();
    prop_oneof![2 => select(RELATED), 1 => select(all)].boxed()
}

/// Makes a well-formed token: published, or over all the characters of the RFC.
///
/// # Spec
///
/// <https://www.rfc-editor.org/rfc/rfc6749#appendix-A.4>
pub fn token() -> BoxedStrategy<String> {
    let nqchar: Vec<char> = ('!'..='~').filter(|c| !matches!(c, '"' | '\\')).collect();
    let unpublished = vec(select(nqchar), 1..12).prop_map(String::from_iter);
    prop_oneof![
        4 => published().prop_map(str::to_owned),
        1 => unpublished,
        1 => select(&["sabbatical:read", "sabbatical:write", "Timeoff:read"][..]).prop_map(str::to_owned),
    ]
    .boxed()
}

/// Makes the tokens of a scope, none at all included.
pub fn tokens() -> impl Strategy<Value = Vec<String>> {
    btree_set(token(), 0..6).prop_map(Vec::from_iter)
}

/// Makes a text that is no scope by one fault: a character outside the RFC's, or a blank too many.
pub fn malformed() -> impl Strategy<Value = String> {
    let fault = select(&["\"", "\\", "\t", "\n", "\0", "\u{7f}", "é", "\u{a0}", "  "][..]);
    let inside = (token(), fault, token()).prop_map(|(one, fault, two)| one + fault + &two);
    prop_oneof![
        4 => inside,
        1 => token().prop_map(|token| token + " "),
        1 => token().prop_map(|token| format!(" {token}")),
        1 => Just(String::new()),
    ]
}
