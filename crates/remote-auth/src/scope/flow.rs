//! What each flow takes: scopes that are valid for it by construction.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use super::{Scope, ScopeStyle, ScopeToken};
use crate::error::{Error, Misuse};

/// Holds what a consent request asks for in the style that Remote documents for it.
///
/// ```
/// use remote_auth::ConsentScope;
/// let scope: ConsentScope = "https://gateway.remote.com/company.manage".parse()?;
/// assert_eq!(scope, ConsentScope::COMPANY_MANAGE);
/// let error = "timeoff:read".parse::<ConsentScope>().unwrap_err();
/// assert_eq!(error.code(), "misuse.consent_scope_style");
/// assert!(error.to_string().contains("wants url style, and a token of it is of action style"));
/// # Ok::<(), remote_auth::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConsentScope(Cow<'static, str>);

impl ConsentScope {
    /// Manage one company and its employments. The same on every environment.
    // Requirement: remote.authorize.url-scope-verbatim
    pub const COMPANY_MANAGE: Self =
        Self(Cow::Borrowed("https://gateway.remote.com/company.manage"));
}

impl TryFrom<Scope> for ConsentScope {
    type Error = Error;

    fn try_from(scope: Scope) -> Result<Self, Error> {
        let styles = styles(&scope)?;
        if let Some(given) = styles.into_iter().find(|style| *style != ScopeStyle::Url) {
            // Requirement: remote.scope.consent-style
            return Err(Misuse::ConsentScopeStyle(given).into());
        }
        warn_of_unknown(&scope);
        Ok(Self(scope.to_string().into()))
    }
}

impl From<&ConsentScope> for Scope {
    fn from(scope: &ConsentScope) -> Self {
        Self::granted(&scope.0)
    }
}

impl FromStr for ConsentScope {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        text.parse::<Scope>()?.try_into()
    }
}

impl fmt::Display for ConsentScope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Holds what a consent request asks for in any style, said out loud.
///
/// Remote's description declares action and category scopes valid in a consent request; its guides use the URL style
/// only. Use this where the finer scopes are wanted and known to work.
///
/// ```
/// use remote_auth::scope::WideConsentScope;
/// let scope = WideConsentScope::new("company_admin timeoff:read".parse()?);
/// assert_eq!(scope.to_string(), "company_admin timeoff:read");
/// # Ok::<(), remote_auth::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WideConsentScope(Scope);

impl WideConsentScope {
    /// Takes any scope.
    pub fn new(scope: Scope) -> Self {
        warn_of_unknown(&scope);
        Self(scope)
    }
}

impl fmt::Display for WideConsentScope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Holds what an assertion asks for: action, category or catch-all style.
///
/// An assertion without a scope would grant everything the subject's role allows, so this crate always sends one;
/// who wants everything says [`AssertionScope::ALL_WRITE`].
///
/// ```
/// use remote_auth::AssertionScope;
/// let scope: AssertionScope = "timeoff:read timeoff:write".parse()?;
/// assert_eq!(scope.to_string(), "timeoff:read timeoff:write");
/// let error = "https://gateway.remote.com/company.manage".parse::<AssertionScope>().unwrap_err();
/// assert_eq!(error.code(), "misuse.assertion_scope_style");
/// // What the planner finds fits as it is.
/// let plan = remote_auth::scope::plan(&["GET /v1/employee/timeoff".parse()?], remote_auth::Principal::Employee);
/// assert_eq!(AssertionScope::try_from(plan.scope)?.to_string(), "timeoff:read");
/// # Ok::<(), remote_auth::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AssertionScope(Cow<'static, str>);

impl AssertionScope {
    /// Everything that the subject's role allows.
    pub const ALL_WRITE: Self = Self(Cow::Borrowed("all:write"));

    /// Reading everything that the subject's role allows.
    pub const ALL_READ: Self = Self(Cow::Borrowed("all:read"));

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<Scope> for AssertionScope {
    type Error = Error;

    fn try_from(scope: Scope) -> Result<Self, Error> {
        if styles(&scope)?.contains(&ScopeStyle::Url) {
            // Requirement: remote.scope.assertion-style
            return Err(Misuse::AssertionScopeStyle.into());
        }
        warn_of_unknown(&scope);
        Ok(Self(scope.to_string().into()))
    }
}

impl From<&AssertionScope> for Scope {
    fn from(scope: &AssertionScope) -> Self {
        Self::granted(&scope.0)
    }
}

impl FromStr for AssertionScope {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        text.parse::<Scope>()?.try_into()
    }
}

impl fmt::Display for AssertionScope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Returns the styles of a scope's tokens; a scope of none cannot be asked for.
fn styles(scope: &Scope) -> Result<Vec<ScopeStyle>, Error> {
    if scope.is_empty() {
        return Err(Misuse::ScopeSyntax.into());
    }
    Ok(scope.tokens().map(ScopeToken::style).collect())
}

/// Counts the unknown tokens of a request in the log. What they are is not logged: it was typed, perhaps by mistake.
fn warn_of_unknown(scope: &Scope) {
    let unknown = scope.unknown().count();
    if unknown > 0 {
        tracing::warn!(unknown, "the scope has tokens that the catalogue does not");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_support::warnings;

    fn code<T>(result: Result<T, Error>) -> Option<&'static str> {
        result.err().map(|error| error.code())
    }

    #[test]
    fn each_flow_takes_its_own_styles() {
        const CONSENT: &str = "misuse.consent_scope_style";
        const ASSERTION: &str = "misuse.assertion_scope_style";
        let url = "https://gateway.remote.com/company.manage";
        let cases = [
            (url.to_owned(), None, Some(ASSERTION)),
            ("timeoff:read".to_owned(), Some(CONSENT), None),
            ("company_admin".to_owned(), Some(CONSENT), None),
            ("all:write".to_owned(), Some(CONSENT), None),
            (
                format!("{url} timeoff:read"),
                Some(CONSENT),
                Some(ASSERTION),
            ),
            // Unknown and well-formed, both of them.
            ("sabbatical:read".to_owned(), Some(CONSENT), None),
            (
                "https://gateway.remote.com/company.read".to_owned(),
                None,
                Some(ASSERTION),
            ),
        ];
        for (text, consent, assertion) in cases {
            assert_eq!(code(text.parse::<ConsentScope>()), consent, "{text}");
            assert_eq!(code(text.parse::<AssertionScope>()), assertion, "{text}");
        }
        let nothing = Some("misuse.scope_syntax");
        assert_eq!(code(ConsentScope::try_from(Scope::default())), nothing);
        assert_eq!(code(AssertionScope::try_from(Scope::default())), nothing);
    }

    #[test]
    fn the_error_names_the_style_that_was_given() {
        for (text, style) in [
            ("timeoff:read", "action"),
            ("company_admin", "category"),
            ("all:write", "catch-all"),
        ] {
            let error = text.parse::<ConsentScope>().expect_err(text).to_string();
            assert!(error.contains(&format!("is of {style} style")), "{error}");
        }
    }

    #[test]
    fn what_a_flow_took_is_a_scope_again() {
        let text = "timeoff:read timeoff:write";
        let scope: AssertionScope = text.parse().expect(text);
        assert_eq!(Scope::from(&scope), text.parse().expect(text));
        assert_eq!(scope.to_string(), text);
        let wide = WideConsentScope::new(text.parse().expect(text));
        assert_eq!(wide.to_string(), text);
        let consent = Scope::from(&ConsentScope::COMPANY_MANAGE);
        assert!(consent.contains("https://gateway.remote.com/company.manage"));
    }

    #[test]
    fn unknown_tokens_pass_with_one_warning_for_each_request() {
        for (text, warned) in [
            ("timeoff:read", 0),
            ("sabbatical:read", 1),
            ("sabbatical:read sabbatical:write timeoff:read", 1),
        ] {
            let scope: Scope = text.parse().expect(text);
            let wide = || drop(WideConsentScope::new(scope.clone()));
            assert_eq!(warnings(wide), warned, "{text}");
            let assertion = || drop(AssertionScope::try_from(scope.clone()).expect(text));
            assert_eq!(warnings(assertion), warned, "{text}");
        }
        let newer = "https://gateway.remote.com/company.read";
        let consent = || drop(newer.parse::<ConsentScope>().expect(newer));
        assert_eq!(warnings(consent), 1);
    }
}
