//! Scopes as people type them, and what the server made of them.

use remote_auth::Scope;
use remote_auth::scope::Granted;

use crate::failure::Failure;
use crate::render;

/// Reads a scope, and tells people of tokens that Remote does not publish; they may be newer than this program.
///
/// Tokens are named by their places, as everything that was typed.
pub(crate) fn read(text: &str) -> Result<Scope, Failure> {
    let scope: Scope = text.parse()?;
    warnings(text, &scope)
        .iter()
        .for_each(|line| render::tell(line));
    Ok(scope)
}

fn warnings(text: &str, scope: &Scope) -> Vec<String> {
    let typed: Vec<&str> = text.split(' ').collect();
    let unknown = |token: &str| scope.unknown().any(|unknown| unknown.as_str() == token);
    let warn = |(place, _)| {
        let (number, count) = (place + 1, typed.len());
        format!(
            "warning: scope token {number} of {count} is none that Remote publishes\n  \
             next: compare it with remote-auth scopes list"
        )
    };
    let places = typed.iter().enumerate();
    places
        .filter(|(_, token)| unknown(token))
        .map(warn)
        .collect()
}

/// Tells people where the granted scope is not the requested one.
pub(crate) fn tell_of_difference(requested: &Scope, granted: Option<&Scope>) {
    differences(requested, granted)
        .iter()
        .for_each(|line| render::tell(line));
}

fn differences(requested: &Scope, granted: Option<&Scope>) -> Vec<String> {
    let missing = |missing| format!("warning: granted less than was asked for, without {missing}");
    let extra = |extra| format!("note: granted more than was asked for, with {extra}");
    match Granted::compare(requested, granted) {
        Granted::Narrower { missing: less } => vec![missing(less)],
        Granted::Wider { extra: more } => vec![extra(more)],
        Granted::Different {
            missing: less,
            extra: more,
        } => vec![missing(less), extra(more)],
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_token_is_named_by_its_place_and_not_repeated() {
        let text = "timeoff:read canary:read timeoff:write";
        let warnings = warnings(text, &text.parse().expect(text));
        assert_eq!(warnings.len(), 1, "{warnings:?}");
        assert!(warnings[0].contains("token 2 of 3"), "{warnings:?}");
        assert!(!warnings[0].contains("canary"), "{warnings:?}");
    }

    #[test]
    fn only_a_difference_is_worth_a_line() {
        let requested: Scope = "timeoff:read expense:write".parse().expect("a scope");
        let told = |granted: Option<&str>| {
            let granted = granted.map(|text| text.parse().expect(text));
            differences(&requested, granted.as_ref()).join("\n")
        };
        let less = "warning: granted less than was asked for, without expense:write";
        let more = "note: granted more than was asked for, with payroll";
        for (granted, lines) in [
            (None, String::new()),
            (Some("expense:write timeoff:read"), String::new()),
            (Some("timeoff:read"), less.to_owned()),
            (Some("expense:write payroll timeoff:read"), more.to_owned()),
            (Some("payroll timeoff:read"), format!("{less}\n{more}")),
        ] {
            assert_eq!(told(granted), lines, "{granted:?}");
        }
    }
}
