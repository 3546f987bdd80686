//! Which tokens cover which?
//!
//! A token is covered where a published rule says so **and** no operation of the map contradicts it.
//!
//! The rules are few: writing covers reading, a category covers its members, `all:read` covers all reading, the URL
//! scope covers categories and actions, and `all:write` covers everything published.
//! They are what Remote's operations show together, not a rule that Remote states (Remote facts §9), and in places its
//! map says less:
//!
//! * `company:write` is a member of `company_admin` and of `company_management`; the first does not let
//!   `POST /v1/companies` through and the second not `GET /v1/companies`, so neither alone covers it. Both together do.
//! * The URL scope does not open the employee's own operations, so it covers no token that does, `timeoff:read` for
//!   one.
//!
//! The map alone would not do either: it has no operation for some tokens, `project:read` for one, and it would make
//! one of two tokens that happen to open the same operations today, such as `benefit_offer:read` and
//! `benefit_offer:write`.
//!
//! The invariant: [`is_above`] is transitive and no token is above itself. It follows that covering is transitive, and
//! that two sets which cover each other have the same normal form.

use remote_oauth_client::catalogue::{
    ALL_READ, ALL_WRITE, COMPANY_MANAGE, SCOPES, ScopeEntry, ScopeStyle,
};

use super::{Scope, ScopeToken, reach};

/// Tells whether a scope covers a token: it has it, or it lets through all that the token does, by a rule.
///
/// Of an unknown token nothing is known, so only itself covers it.
pub(super) fn covers(scope: &Scope, token: &ScopeToken) -> bool {
    scope.contains(token.as_str()) || is_implied(scope, token)
}

/// Tells whether the other tokens of a scope cover this one.
pub(super) fn is_implied(scope: &Scope, token: &ScopeToken) -> bool {
    let Some(entry) = token.entry() else {
        return false;
    };
    let above: Vec<&str> = scope
        .tokens()
        .filter_map(ScopeToken::entry)
        .filter(|other| is_above(other, entry))
        .map(|other| other.token)
        .collect();
    !above.is_empty() && reach::of(entry.token).is_subset(&reach::of_all(above))
}

/// Tells whether a published rule puts one token above another.
fn is_above(upper: &ScopeEntry, lower: &ScopeEntry) -> bool {
    match (upper.token, upper.style) {
        (ALL_WRITE, _) => lower.token != ALL_WRITE,
        (ALL_READ, _) => is_reading(lower),
        (COMPANY_MANAGE, _) => matches!(lower.style, ScopeStyle::Action | ScopeStyle::Category),
        (category, ScopeStyle::Category) => is_member(lower, category),
        _ => upper.implies == Some(lower.token),
    }
}

fn is_reading(entry: &ScopeEntry) -> bool {
    entry.style == ScopeStyle::Action && entry.token.ends_with(":read")
}

/// Tells whether a category covers the token or the one for writing that covers it.
fn is_member(entry: &ScopeEntry, category: &str) -> bool {
    let lists = |listed: &ScopeEntry| listed.categories.contains(&category);
    let writing = SCOPES
        .iter()
        .find(|other| other.implies == Some(entry.token));
    lists(entry) || writing.is_some_and(lists)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_covers_what_is_what_rules_and_map_say_together() {
        const URL: &str = COMPANY_MANAGE;
        let cases = [
            ("timeoff:write", "timeoff:read", true),
            ("timeoff:read", "timeoff:write", false),
            ("timeoff:write", "timesheet:read", false),
            ("time_and_attendance", "timeoff:write", true),
            ("timeoff:write", "time_and_attendance", false),
            ("time_and_attendance", "expense:read", false),
            ("all:read", "timeoff:read", true),
            ("all:read", "timeoff:write", false),
            ("all:read", "time_and_attendance", false),
            ("all:write", "all:read", true),
            ("all:write", "time_and_attendance", true),
            ("all:write", URL, true),
            (URL, "company_admin", true),
            (URL, "webhook:write", true),
            // These open operations of the employee's own, which the URL scope does not.
            (URL, "timeoff:read", false),
            (URL, "time_and_attendance", false),
            (URL, "all:read", false),
            // The map contradicts the rule for each category, and for the two together it does not.
            ("company_admin", "company:read", true),
            ("company_admin", "company:write", false),
            ("company_management", "company:write", false),
            ("company_management", "company:read", false),
            ("company_admin company_management", "company:write", true),
            // They open the same operations, and only one rule relates them.
            ("invoices", "invoices:write", true),
            ("invoices:write", "invoices", false),
            ("benefit_offer:write", "benefit_offer:read", true),
            ("benefit_offer:read", "benefit_offer:write", false),
            // The map has no operation for them.
            ("project:write", "project:read", true),
            ("all:read", "project:read", true),
            ("timeoff:read", "project:read", false),
            // Nothing is known of them.
            ("sabbatical:write", "sabbatical:read", false),
            ("all:write", "sabbatical:read", false),
            ("sabbatical:read", "sabbatical:read", true),
        ];
        for (upper, lower, expected) in cases {
            let (upper, lower): (Scope, ScopeToken) =
                (upper.parse().expect(upper), lower.parse().expect(lower));
            assert_eq!(covers(&upper, &lower), expected, "{upper} and {lower}");
        }
    }

    #[test]
    fn the_rules_are_a_strict_order() {
        for one in SCOPES {
            assert!(!is_above(one, one), "{}", one.token);
            for two in SCOPES.iter().filter(|two| is_above(one, two)) {
                for three in SCOPES.iter().filter(|three| is_above(two, three)) {
                    let (one_, three_) = (one.token, three.token);
                    assert!(is_above(one, three), "{one_} over {three_}");
                }
            }
        }
    }
}
