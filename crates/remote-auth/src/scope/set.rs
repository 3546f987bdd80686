//! Sets of scope tokens, and how to reckon with them.

use std::cmp::Ordering;
use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use super::{ScopeToken, order};
use crate::error::Error;

/// Holds a set of scope tokens of any style, such as a server grants.
///
/// Tokens are case-sensitive and have no order; `Display` writes them sorted, with single blanks, which parses back
/// to the same set.
///
/// Two questions are different: `==` compares the tokens; [`covers`](Scope::covers), [`compare`](Scope::compare) and
/// [`normal_form`](Scope::normal_form) look at what they let through, as the [module](crate::scope#what-covers-what)
/// says.
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
pub struct Scope(BTreeSet<ScopeToken>);

impl Scope {
    /// Tells whether a token itself is in the set; whether it is implied, [`Scope::covers`] tells.
    pub fn contains(&self, token: &str) -> bool {
        self.0.contains(token)
    }

    /// Tells whether there is no token. A server that grants this grants nothing.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Visits the tokens, in order.
    pub fn tokens(&self) -> impl Iterator<Item = &ScopeToken> {
        self.0.iter()
    }

    /// Visits the tokens that are well-formed and that the catalogue does not have.
    ///
    /// They are misspelt, or newer than this crate. A program that takes scopes from people does well to say so, and
    /// to send them all the same.
    ///
    /// ```
    /// let scope: remote_auth::Scope = "sabbatical:read timeoff:read".parse()?;
    /// let unknown: Vec<_> = scope.unknown().map(|token| token.as_str()).collect();
    /// assert_eq!(unknown, ["sabbatical:read"]);
    /// # Ok::<(), remote_auth::Error>(())
    /// ```
    pub fn unknown(&self) -> impl Iterator<Item = &ScopeToken> {
        self.tokens().filter(|token| !token.is_known())
    }

    /// Tells whether this scope lets through all that another does.
    ///
    /// ```
    /// use remote_auth::Scope;
    /// let held: Scope = "time_and_attendance".parse()?;
    /// assert!(held.covers(&"timeoff:read timesheet:write".parse()?));
    /// assert!(!held.covers(&"timeoff:read expense:read".parse()?));
    /// # Ok::<(), remote_auth::Error>(())
    /// ```
    pub fn covers(&self, other: &Self) -> bool {
        other.tokens().all(|token| order::covers(self, token))
    }

    /// Compares what two scopes let through, and returns nothing where each lets something through that the other
    /// does not.
    ///
    /// `Equal` means that each covers the other, which does not make them the same tokens; hence no `PartialOrd`.
    ///
    /// ```
    /// use std::cmp::Ordering;
    /// use remote_auth::Scope;
    /// let (write, both): (Scope, Scope) = ("timeoff:write".parse()?, "timeoff:read timeoff:write".parse()?);
    /// assert_eq!(write.compare(&both), Some(Ordering::Equal));
    /// assert_eq!(write.compare(&"timeoff:read".parse()?), Some(Ordering::Greater));
    /// assert_eq!(write.compare(&"expense:read".parse()?), None);
    /// # Ok::<(), remote_auth::Error>(())
    /// ```
    pub fn compare(&self, other: &Self) -> Option<Ordering> {
        match (self.covers(other), other.covers(self)) {
            (true, true) => Some(Ordering::Equal),
            (true, false) => Some(Ordering::Greater),
            (false, true) => Some(Ordering::Less),
            (false, false) => None,
        }
    }

    /// Joins two scopes: the least that covers both.
    ///
    /// ```
    /// use remote_auth::Scope;
    /// let (one, other): (Scope, Scope) = ("timeoff:read".parse()?, "expense:read".parse()?);
    /// assert_eq!(one.union(&other).to_string(), "expense:read timeoff:read");
    /// # Ok::<(), remote_auth::Error>(())
    /// ```
    #[must_use]
    pub fn union(&self, other: &Self) -> Self {
        Self(self.0.union(&other.0).cloned().collect())
    }

    /// Returns the tokens that another scope does not cover: what remains to ask for, where `held` is held.
    ///
    /// ```
    /// use remote_auth::Scope;
    /// let (wanted, held): (Scope, Scope) = ("expense:read timeoff:read".parse()?, "timeoff:write".parse()?);
    /// assert_eq!(wanted.difference(&held).to_string(), "expense:read");
    /// # Ok::<(), remote_auth::Error>(())
    /// ```
    #[must_use]
    pub fn difference(&self, held: &Self) -> Self {
        let missing = self.tokens().filter(|token| !order::covers(held, token));
        missing.cloned().collect()
    }

    /// Returns the scope without the tokens that its others imply: the fewest tokens of it that cover the same.
    ///
    /// Scopes that cover each other have the same normal form.
    ///
    /// ```
    /// let scope: remote_auth::Scope = "company:read company_admin timeoff:read timeoff:write".parse()?;
    /// assert_eq!(scope.normal_form().to_string(), "company_admin timeoff:write");
    /// # Ok::<(), remote_auth::Error>(())
    /// ```
    #[must_use]
    pub fn normal_form(&self) -> Self {
        let needed = self
            .tokens()
            .filter(|token| !order::is_implied(self, token));
        needed.cloned().collect()
    }

    /// Reads what a server granted: blanks in any number, and nothing at all, are its right.
    pub(crate) fn granted(text: &str) -> Self {
        let tokens = text.split(' ').filter_map(|token| token.parse().ok());
        tokens.collect()
    }
}

impl From<ScopeToken> for Scope {
    fn from(token: ScopeToken) -> Self {
        Self::from_iter([token])
    }
}

impl FromIterator<ScopeToken> for Scope {
    fn from_iter<I: IntoIterator<Item = ScopeToken>>(tokens: I) -> Self {
        Self(tokens.into_iter().collect())
    }
}

/// Reads one or more tokens, parted by single blanks.
impl FromStr for Scope {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        text.split(' ').map(str::parse).collect()
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, token) in self.tokens().enumerate() {
            let blank = if index > 0 { " " } else { "" };
            write!(f, "{blank}{token}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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

    #[test]
    fn the_normal_form_keeps_what_nothing_else_implies() {
        for (scope, normal) in [
            ("timeoff:read", "timeoff:read"),
            ("timeoff:read timeoff:write", "timeoff:write"),
            (
                "all:read all:write company_admin sabbatical:read",
                "all:write sabbatical:read",
            ),
            (
                "all:read timeoff:read timeoff:write",
                "all:read timeoff:write",
            ),
            (
                "company:read company:write company_admin company_management",
                "company_admin company_management",
            ),
            (
                "company:read company:write company_management",
                "company:write company_management",
            ),
        ] {
            let scope: Scope = scope.parse().expect(scope);
            assert_eq!(scope.normal_form().to_string(), normal, "{scope}");
        }
        assert!(Scope::default().normal_form().is_empty());
    }

    #[test]
    fn scopes_compare_by_what_they_let_through_and_join() {
        let scope = |text: &str| text.parse::<Scope>().expect(text);
        for (one, other, order) in [
            (
                "timeoff:write",
                "timeoff:read timeoff:write",
                Some(Ordering::Equal),
            ),
            ("timeoff:write", "timeoff:read", Some(Ordering::Greater)),
            ("timeoff:read", "timeoff:write", Some(Ordering::Less)),
            ("timeoff:read", "expense:read", None),
        ] {
            assert_eq!(scope(one).compare(&scope(other)), order, "{one} {other}");
            let joined = scope(one).union(&scope(other));
            assert!(joined.covers(&scope(one)) && joined.covers(&scope(other)));
            assert!(joined.tokens().all(|token| {
                scope(one).contains(token.as_str()) || scope(other).contains(token.as_str())
            }));
        }
    }
}
