//! The scopes that Remote publishes, and which of them its operations ask for.
//!
//! This is data, generated from the catalogue below `spec/`: a constant for each scope, [`SCOPES`] and
//! [`OPERATIONS`].
//! It holds no rule: which scope covers which, and which a program should ask for, is decided by those who read it.
//!
//! ```
//! use remote_oauth_client::catalogue::{self, Method, ScopeStyle};
//! let write = catalogue::scope(catalogue::TIMEOFF_WRITE).expect("it is published");
//! assert_eq!((write.style, write.implies), (ScopeStyle::Action, Some("timeoff:read")));
//! let operation = catalogue::operation(Method::Get, "/v1/timeoff/{id}").expect("it is published");
//! assert_eq!(operation.read, [catalogue::TIMEOFF_READ]);
//! ```

use std::fmt;

pub use crate::generated::scopes::*;

/// Names the style of a scope.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum ScopeStyle {
    /// An address, such as `https://gateway.remote.com/company.manage`.
    Url,
    /// A resource and an action, such as `timeoff:read`.
    Action,
    /// A category of resources, such as `company_admin`.
    Category,
    /// `all:read` or `all:write`.
    CatchAll,
}

impl ScopeStyle {
    /// Returns the name for people: `url`, `action`, `category` or `catch-all`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Url => "url",
            Self::Action => "action",
            Self::Category => "category",
            Self::CatchAll => "catch-all",
        }
    }
}

impl fmt::Display for ScopeStyle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Names the schemes whose scope maps Remote publishes.
///
/// No map is published for assertions about company managers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Flow {
    /// A company consents.
    AuthorizationCode,
    /// The client asks for itself.
    ClientCredentials,
    /// An assertion about an employee.
    EmployeeAssertion,
}

/// Names the methods that operations have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Method {
    /// `DELETE`.
    Delete,
    /// `GET`.
    Get,
    /// `PATCH`.
    Patch,
    /// `POST`.
    Post,
    /// `PUT`.
    Put,
}

impl Method {
    /// Returns the method as it is written on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Delete => "DELETE",
            Self::Get => "GET",
            Self::Patch => "PATCH",
            Self::Post => "POST",
            Self::Put => "PUT",
        }
    }
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Describes one scope.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ScopeEntry {
    /// The scope token, as it is written on the wire.
    pub token: &'static str,
    /// Its style.
    pub style: ScopeStyle,
    /// The categories that cover it; only an action has any.
    pub categories: &'static [&'static str],
    /// The schemes that list it.
    pub flows: &'static [Flow],
    /// The read scope that this write scope implies, where there is one.
    pub implies: Option<&'static str>,
}

/// Says which scopes an operation asks for.
///
/// Any one of the three lists is enough.
/// So is `all:write`; for an operation that reads, so is `all:read`; and outside `/v1/employee/`, so is
/// [`COMPANY_MANAGE`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct OperationScopes {
    /// The method.
    pub method: Method,
    /// The path, as published: with its version and with names in braces.
    pub path: &'static str,
    /// Read scopes that are enough.
    pub read: &'static [&'static str],
    /// Write scopes that are enough.
    pub write: &'static [&'static str],
    /// Categories that are enough.
    pub categories: &'static [&'static str],
}

impl OperationScopes {
    /// Tells whether Remote says anything about this operation's scopes.
    ///
    /// Where it does not, nothing is known, which is not the same as nothing being needed.
    pub const fn is_stated(&self) -> bool {
        !(self.read.is_empty() && self.write.is_empty() && self.categories.is_empty())
    }
}

/// Finds a scope by its token.
pub fn scope(token: &str) -> Option<&'static ScopeEntry> {
    let index = SCOPES.binary_search_by(|entry| entry.token.cmp(token));
    index.ok().map(|index| &SCOPES[index])
}

/// Finds an operation by its method and its path, written as published.
pub fn operation(method: Method, path: &str) -> Option<&'static OperationScopes> {
    let wanted = (path, method);
    let index = OPERATIONS.binary_search_by(|entry| (entry.path, entry.method).cmp(&wanted));
    index.ok().map(|index| &OPERATIONS[index])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_scope_and_every_operation_is_found_by_its_name() {
        for entry in SCOPES {
            assert_eq!(scope(entry.token), Some(entry));
        }
        for entry in OPERATIONS {
            assert_eq!(operation(entry.method, entry.path), Some(entry));
        }
        assert_eq!(scope("timeoff:create"), None, "this is only an example");
        assert_eq!(operation(Method::Put, "/v1/timeoff"), None);
    }

    #[test]
    fn the_catalogue_is_whole() {
        let count = |style| SCOPES.iter().filter(|entry| entry.style == style).count();
        let styles = [
            ScopeStyle::Url,
            ScopeStyle::Action,
            ScopeStyle::Category,
            ScopeStyle::CatchAll,
        ];
        assert_eq!(styles.map(count), [1, 76, 8, 2]);
        assert_eq!(OPERATIONS.len(), 259);
        let unstated = OPERATIONS.iter().filter(|entry| !entry.is_stated());
        assert_eq!(unstated.count(), 32);
    }

    #[test]
    fn a_write_scope_implies_its_read_scope_where_there_is_one() {
        for (token, implied) in [
            (TIMEOFF_WRITE, Some(TIMEOFF_READ)),
            (COMPANY_WRITE, Some(COMPANY_READ)),
            (MAGIC_LINK_WRITE, None),
            (TIMEOFF_READ, None),
            (ALL_WRITE, None),
            (COMPANY_ADMIN, None),
        ] {
            let entry = scope(token).expect(token);
            assert_eq!(entry.implies, implied, "{token}");
        }
    }
}
