//! Operations of Remote's API, and which scopes let them through.

use std::fmt;
use std::str::FromStr;

use remote_oauth_client::catalogue::{
    self, ALL_READ, ALL_WRITE, COMPANY_MANAGE, Flow, OPERATIONS, OperationScopes, ScopeStyle,
};

use super::Scope;
use crate::error::{Error, Misuse};
use crate::token::Principal;

/// Names an operation of the map that Remote publishes.
///
/// Reads from a method and a path, either as published, with braces, or as sent:
///
/// ```
/// use remote_auth::scope::Operation;
/// let operation: Operation = "GET /v1/employments/afe4dc8d-0c4a-41fe-9fbf-62b752524bde".parse()?;
/// assert_eq!(operation.to_string(), "GET /v1/employments/{employment_id}");
/// assert!(operation.is_allowed_by(&"employments".parse()?));
/// assert!(!operation.is_allowed_by(&"timeoff:read".parse()?));
/// # Ok::<(), remote_auth::Error>(())
/// ```
#[derive(Clone, Copy)]
pub struct Operation(&'static OperationScopes);

impl Operation {
    /// Lists every operation of the map, sorted by path and method.
    pub fn all() -> impl Iterator<Item = Self> {
        OPERATIONS.iter().map(Self)
    }

    /// Returns the method, in capitals.
    pub fn method(self) -> &'static str {
        self.0.method.as_str()
    }

    /// Returns the path as published, with braces.
    pub fn path(self) -> &'static str {
        self.0.path
    }

    /// Tells whether Remote publishes scopes for this operation. Where it does not, none are known to be needed.
    pub fn is_mapped(self) -> bool {
        self.0.is_stated()
    }

    /// Tells whether the operation is one of the employee's own.
    pub(crate) fn is_employees(self) -> bool {
        self.0.path.split('/').any(|segment| segment == "employee")
    }

    /// Visits the published scopes of the style `resource:action` of which any one is enough.
    pub(crate) fn actions(self) -> impl Iterator<Item = &'static str> {
        [self.0.read, self.0.write].into_iter().flatten().copied()
    }

    /// Visits the tokens of which any one is enough, from the narrowest style to the widest.
    ///
    /// # Spec
    ///
    /// Remote's pages list them one operation at a time: writing implies reading, a category covers its members, and
    /// the URL scope covers everything but the employee's own operations.
    // Requirement: remote.scope.write-implies-read
    pub(crate) fn sufficient(self) -> impl Iterator<Item = &'static str> {
        let row = self.0;
        let mapped = self.is_mapped();
        let listed = [row.read, row.write, row.categories]
            .into_iter()
            .flatten()
            .copied();
        let url = (mapped && !self.is_employees()).then_some(COMPANY_MANAGE);
        let all_read = (!row.read.is_empty()).then_some(ALL_READ);
        let all_write = mapped.then_some(ALL_WRITE);
        listed.chain(all_read).chain(url).chain(all_write)
    }

    /// Visits the tokens of [`Operation::sufficient`] that help a principal: that it can ask for, and with which the
    /// operation answers it.
    ///
    /// Employees' tokens reach the employee's own operations only and get 403 from any other, though scopes such as
    /// `timeoff:read` are listed for both (Remote facts §6 and §9).
    pub(super) fn sufficient_for(self, principal: Principal) -> impl Iterator<Item = &'static str> {
        let reached = principal != Principal::Employee || self.is_employees();
        self.sufficient()
            .filter(move |token| reached && can_ask(principal, token))
    }

    /// Tells whether a scope is enough; for an operation without published scopes, any is.
    // Requirement: remote.scope.any-suffices, remote.scope.endpoint-table
    pub fn is_allowed_by(self, scope: &Scope) -> bool {
        !self.is_mapped() || self.sufficient().any(|token| scope.contains(token))
    }

    /// Finds an operation by its method and its path, as published or as sent.
    pub(crate) fn find(method: &str, path: &str) -> Option<Self> {
        let known =
            || Self::all().filter(|operation| operation.method().eq_ignore_ascii_case(method));
        // A path without braces can be published beside one with them: the exact one is meant.
        let exact = known().find(|operation| operation.path() == path);
        exact.or_else(|| known().find(|operation| operation.is_at(path)))
    }

    /// Compares segment by segment; one in braces stands for any.
    fn is_at(self, path: &str) -> bool {
        let (mut published, mut asked) = (self.0.path.split('/'), path.split('/'));
        loop {
            match (published.next(), asked.next()) {
                (None, None) => return true,
                (Some(own), Some(other))
                    if own == other || (own.starts_with('{') && !other.is_empty()) => {}
                _ => return false,
            }
        }
    }
}

/// Tells whether a token of the catalogue is listed for the flow that a principal's tokens come by.
///
/// Remote publishes no list for company managers. Customer API tokens have no scopes.
fn can_ask(principal: Principal, token: &str) -> bool {
    let Some(entry) = catalogue::scope(token) else {
        return false;
    };
    let flow = match principal {
        Principal::Partner => Flow::ClientCredentials,
        Principal::Company => Flow::AuthorizationCode,
        Principal::Employee => Flow::EmployeeAssertion,
        Principal::CompanyManager => return entry.style != ScopeStyle::Url,
        Principal::Customer => return false,
    };
    entry.flows.contains(&flow)
}

impl FromStr for Operation {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let (method, path) = text
            .split_once(' ')
            .ok_or_else(|| Error::from(Misuse::Operation))?;
        let path = path.split('?').next().unwrap_or_default();
        Self::find(method, path).ok_or_else(|| Misuse::Operation.into())
    }
}

impl PartialEq for Operation {
    fn eq(&self, other: &Self) -> bool {
        (self.method(), self.path()) == (other.method(), other.path())
    }
}

impl Eq for Operation {}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.method(), self.path())
    }
}

impl fmt::Debug for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Operation({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_operation_equals_itself_alone() {
        for (place, one) in Operation::all().enumerate() {
            for (other_place, other) in Operation::all().enumerate() {
                assert_eq!(one == other, place == other_place, "{one} {other}");
            }
        }
    }

    // Requirement: remote.scope.endpoint-table
    #[test]
    fn an_operation_is_found_by_what_is_published_and_by_what_is_sent() {
        for (text, found) in [
            (
                "GET /v1/employments/{employment_id}",
                Some("GET /v1/employments/{employment_id}"),
            ),
            (
                "get /v1/employments/e-1?x=y",
                Some("GET /v1/employments/{employment_id}"),
            ),
            ("GET /v1/companies/schema", Some("GET /v1/companies/schema")),
            (
                "GET /v1/companies/c-1",
                Some("GET /v1/companies/{company_id}"),
            ),
            ("GET /v1/companies/", None),
            ("GET /v1/companies/c-1/", None),
            ("DELETE /v1/companies/c-1", None),
            ("GET", None),
            ("", None),
        ] {
            let operation = text
                .parse::<Operation>()
                .ok()
                .map(|operation| operation.to_string());
            assert_eq!(operation.as_deref(), found, "{text}");
        }
    }

    // Requirement: remote.scope.any-suffices, remote.scope.write-implies-read
    #[test]
    fn the_rules_of_implication_hold() {
        let cases = [
            ("GET /v1/timeoff", "timeoff:read", true),
            ("GET /v1/timeoff", "timeoff:write", true),
            ("GET /v1/timeoff", "time_and_attendance", true),
            ("GET /v1/timeoff", "all:read", true),
            ("GET /v1/timeoff", "all:write", true),
            (
                "GET /v1/timeoff",
                "https://gateway.remote.com/company.manage",
                true,
            ),
            ("GET /v1/timeoff", "employments", false),
            ("POST /v1/timeoff", "timeoff:read", false),
            ("POST /v1/timeoff", "all:read", false),
            ("POST /v1/timeoff", "timeoff:write", true),
            ("GET /v1/employee/timeoff", "timeoff:read", true),
            (
                "GET /v1/employee/timeoff",
                "https://gateway.remote.com/company.manage",
                false,
            ),
            ("GET /v1/employments", "timeoff:read", true),
        ];
        for (operation, scope, allowed) in cases {
            let operation: Operation = operation.parse().expect(operation);
            assert_eq!(
                operation.is_allowed_by(&scope.parse().expect(scope)),
                allowed,
                "{operation} {scope}"
            );
        }
    }
}
