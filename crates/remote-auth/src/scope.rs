//! Scopes: their styles, their order, and what the operations of Remote's API need.
//!
//! Remote has four styles of scope tokens, and each flow takes some of them:
//!
//! | style | example | consent request | assertion |
//! |---|---|---|---|
//! | URL | `https://gateway.remote.com/company.manage` | yes | no |
//! | action | `timeoff:read` | only through [`WideConsentScope`] | yes |
//! | category | `company_admin` | only through [`WideConsentScope`] | yes |
//! | catch-all | `all:write` | only through [`WideConsentScope`] | yes |
//!
//! The URL style keeps production's host name on every environment.
//!
//! # What covers what
//!
//! Scopes are partially ordered by what they let through.
//! A [`Scope`] covers a token that it has, and a token below others of its own if these let through every operation
//! that the token does.
//! Below means: reading is below writing, members are below their category, actions and categories are below the URL
//! scope, reading is below `all:read`, and everything published is below `all:write`.
//! The published map of operations has the last word, because it says less than the rules in places:
//! `company_management` lists `company:write` and does not read companies, and the URL scope does not open
//! `/v1/employee/…`.
//! Nothing is assumed of an unknown token.
//!
//! ```
//! use remote_auth::Scope;
//! let covers = |one: &str, other: &str| Ok::<_, remote_auth::Error>(one.parse::<Scope>()?.covers(&other.parse()?));
//! assert!(covers("time_and_attendance", "timeoff:write")?);
//! assert!(!covers("company_management", "company:write")?);
//! assert!(covers("company_admin company_management", "company:write")?);
//! # Ok::<(), remote_auth::Error>(())
//! ```
//!
//! # What one may ask
//!
//! Which least scope do these operations need? [`plan()`].
//! Why was this answered with 403, and what is to be added? [`explain()`].
//! Was that granted which was requested? [`Granted`].
//!
//! What is not here: what roles and customer API tokens may do, of which Remote publishes no map.
//!
//! # No consent scope in an assertion
//!
//! A consent scope does not fit an assertion:
//!
//! ```compile_fail,E0308
//! # fn f(client: remote_auth::Client) {
//! use remote_auth::{ConsentScope, Subject};
//! # // Requirement: remote.scope.assertion-style
//! client.assertion(Subject::employment("id")).scope(ConsentScope::COMPANY_MANAGE);
//! # }
//! ```

mod explain;
mod flow;
mod granted;
mod operation;
mod order;
mod plan;
mod reach;
mod set;
mod token;

pub use explain::{Cause, Explanation, explain};
pub use flow::{AssertionScope, ConsentScope, WideConsentScope};
pub use granted::Granted;
pub use operation::Operation;
pub use plan::{Plan, plan};
pub use remote_oauth_client::catalogue::ScopeStyle;
pub use set::Scope;
pub use token::ScopeToken;

/// Tells a token's style by its shape, so that one which the catalogue does not have yet has one too.
// Requirement: remote.skill.mistake-full-catalogue
fn style_of(token: &str) -> ScopeStyle {
    match token {
        "all:read" | "all:write" => ScopeStyle::CatchAll,
        _ if token.contains("://") => ScopeStyle::Url,
        _ if token.contains(':') => ScopeStyle::Action,
        _ => ScopeStyle::Category,
    }
}

/// Holds a set of scope tokens of any style, such as a server grants.
///
/// Tokens are case-sensitive and have no order; `Display` writes them sorted.
///
/// # Spec
///
/// <https://www.rfc-editor.org/rfc/rfc6749#section-3.3>
///
/// ```
/// use remote_auth::Scope;
/// let scope: Scope = "timeoff:write timeoff:read timeoff:write".parse()?;
/// assert_eq!(scope.to_string(), "timeoff:read timeoff:write");
/// assert!(scope.contains("timeoff:read"));
/// assert!("timeoff:read  x".parse::<Scope>().is_err());
/// # Ok::<(), remote_auth::Error>(())
/// ```
// Requirement: rfc6749.3.3.unordered
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Scope(BTreeSet<String>);

impl Scope {
    /// Tells whether a token is in the set.
    pub fn contains(&self, token: &str) -> bool {
        self.0.contains(token)
    }

    /// Tells whether there is no token. A server that grants this grants nothing.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Visits the tokens with their styles, in order.
    pub fn tokens(&self) -> impl Iterator<Item = (&str, ScopeStyle)> {
        self.0.iter().map(|token| (token.as_str(), style_of(token)))
    }

    /// Reads what a server granted: blanks in any number, and nothing at all, are its right.
    pub(crate) fn granted(text: &str) -> Self {
        Self(
            text.split(' ')
                .filter(|token| is_token(token))
                .map(str::to_owned)
                .collect(),
        )
    }
}

/// Checks one token against the RFC's characters.
///
/// <https://www.rfc-editor.org/rfc/rfc6749#appendix-A.4>
// Requirement: rfc6749.3.3.syntax
fn is_token(text: &str) -> bool {
    !text.is_empty()
        && text
            .bytes()
            .all(|byte| matches!(byte, 0x21 | 0x23..=0x5b | 0x5d..=0x7e))
}

impl FromStr for Scope {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let tokens = text
            .split(' ')
            .map(|token| is_token(token).then(|| token.to_owned()));
        tokens
            .collect::<Option<_>>()
            .map(Self)
            .ok_or_else(|| Misuse::ScopeSyntax.into())
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, token) in self.0.iter().enumerate() {
            let blank = if index > 0 { " " } else { "" };
            write!(f, "{blank}{token}")?;
        }
        Ok(())
    }
}

/// Holds what a consent request asks for in the style that Remote documents for it.
///
/// ```
/// use remote_auth::ConsentScope;
/// let scope: ConsentScope = "https://gateway.remote.com/company.manage".parse()?;
/// assert_eq!(scope, ConsentScope::COMPANY_MANAGE);
/// let error = "timeoff:read".parse::<ConsentScope>().unwrap_err();
/// assert_eq!(error.code(), "misuse.consent_scope_style");
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

impl FromStr for ConsentScope {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let scope: Scope = text.parse()?;
        if scope.tokens().any(|(_, style)| style != ScopeStyle::Url) {
            // Requirement: remote.scope.consent-style
            return Err(Misuse::ConsentScopeStyle.into());
        }
        Ok(Self(scope.to_string().into()))
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

impl FromStr for AssertionScope {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let scope: Scope = text.parse()?;
        if scope.tokens().any(|(_, style)| style == ScopeStyle::Url) {
            // Requirement: remote.scope.assertion-style
            return Err(Misuse::AssertionScopeStyle.into());
        }
        Ok(Self(scope.to_string().into()))
    }
}

impl fmt::Display for AssertionScope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // Requirement: remote.skill.mistake-full-catalogue
    #[test]
    fn each_token_has_one_style() {
        for (token, style) in [
            ("https://gateway.remote.com/company.manage", ScopeStyle::Url),
            ("timeoff:read", ScopeStyle::Action),
            ("bank_account:write", ScopeStyle::Action),
            ("company_admin", ScopeStyle::Category),
            ("all:read", ScopeStyle::CatchAll),
            ("all:write", ScopeStyle::CatchAll),
            ("all:other", ScopeStyle::Action),
        ] {
            assert_eq!(style_of(token), style, "{token}");
        }
        for entry in remote_oauth_client::catalogue::SCOPES {
            assert_eq!(style_of(entry.token), entry.style, "{}", entry.token);
        }
    }

    // Requirement: remote.scope.consent-style, rfc6749.3.3.syntax
    #[test]
    fn what_is_asked_for_is_strict_and_what_is_granted_is_not() {
        for text in ["", " ", "a  b", " a", "a ", "a\tb", "a\"b", "a\\b", "é"] {
            assert_eq!(
                text.parse::<Scope>().expect_err(text).code(),
                "misuse.scope_syntax",
                "{text:?}"
            );
        }
        for (text, tokens) in [("", 0), ("  a   b ", 2), ("a a", 1), ("a \"b\"", 1)] {
            assert_eq!(Scope::granted(text).tokens().count(), tokens, "{text:?}");
        }
    }
}
