//! Whose token is this, and may it do what I plan?

use remote_oauth_client::platform::types;

use crate::scope::{Operation, Scope, plan};
use crate::token::{Principal, Token};

/// Tells whose token it is. Which members are there depends on the kind of token.
#[derive(Clone, Debug)]
pub struct Identity {
    data: types::Identity,
    principal: Principal,
    granted_scope: Option<Scope>,
}

/// Says whether a token may do what is planned.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Permission {
    /// It may, as far as scopes go.
    Granted,
    /// The map cannot tell: the server did not say what it granted, or publishes no scopes for these operations.
    Unknown,
    /// It may not: these operations lack a scope, and this is the least that would do.
    Missing {
        /// The operations that the granted scope does not allow.
        operations: Vec<Operation>,
        /// The least scope for all that is planned; empty where no scope helps this kind of token.
        needed: Scope,
    },
}

impl Identity {
    pub(super) fn new(data: types::Identity, token: &Token) -> Self {
        Self {
            data,
            principal: token.principal(),
            granted_scope: token.granted_scope().cloned(),
        }
    }

    /// Returns whom the token stands for.
    pub fn principal(&self) -> Principal {
        self.principal
    }

    /// Returns the client that got the token; none for a customer's.
    pub fn client_id(&self) -> Option<&str> {
        self.data.client_id.as_deref()
    }

    /// Returns the company that the token acts for; none for a partner's.
    pub fn company(&self) -> Option<&types::IdentityCompany> {
        self.data.company.as_ref()
    }

    /// Returns the user that the token acts as; none for a partner's.
    pub fn user(&self) -> Option<&types::IdentityUser> {
        self.data.user.as_ref()
    }

    /// Returns the integration behind the client; none for a customer's.
    pub fn integration(&self) -> Option<&types::IdentityIntegration> {
        self.data.integration.as_ref()
    }

    /// Returns what the server says that it granted; `None` where it did not say.
    pub fn granted_scope(&self) -> Option<&Scope> {
        self.granted_scope.as_ref()
    }

    /// Takes what was requested for what was granted, where the server did not say.
    ///
    /// Remote's descriptions disagree on whether its answers say. Only the caller knows what was requested: an
    /// assertion names it; of a refresh, it is what the company consented to.
    ///
    /// # Spec
    ///
    /// <https://www.rfc-editor.org/rfc/rfc6749#section-5.1>
    #[must_use]
    pub fn or_as_requested(mut self, requested: &Scope) -> Self {
        self.granted_scope.get_or_insert_with(|| requested.clone());
        self
    }

    /// Compares the granted scope with what the planned operations need.
    pub fn may(&self, planned: &[Operation]) -> Permission {
        let Some(granted) = &self.granted_scope else {
            return Permission::Unknown;
        };
        let missing: Vec<Operation> = planned
            .iter()
            .copied()
            .filter(|operation| !operation.is_allowed_by(granted))
            .collect();
        if !missing.is_empty() {
            return Permission::Missing {
                operations: missing,
                needed: plan(planned, self.principal).scope,
            };
        }
        let all_mapped = planned.iter().all(|operation| operation.is_mapped());
        if all_mapped {
            Permission::Granted
        } else {
            Permission::Unknown
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn identity(granted: Option<&str>) -> Identity {
        let granted_scope = granted.map(|text| text.parse().expect(text));
        Identity {
            data: types::Identity::default(),
            principal: Principal::CompanyManager,
            granted_scope,
        }
    }

    #[test]
    fn what_is_granted_is_compared_with_what_is_planned() {
        let planned: Vec<Operation> = ["GET /v1/timeoff", "POST /v1/timeoff"]
            .map(|text| text.parse().expect(text))
            .into();
        assert_eq!(
            identity(Some("time_and_attendance")).may(&planned),
            Permission::Granted
        );
        assert_eq!(identity(None).may(&planned), Permission::Unknown);
        let missing = Permission::Missing {
            operations: vec![planned[1]],
            needed: "timeoff:write".parse().expect("a scope"),
        };
        assert_eq!(identity(Some("timeoff:read")).may(&planned), missing);
        let requested = "timeoff:read".parse().expect("a scope");
        assert_eq!(
            identity(None).or_as_requested(&requested).may(&planned),
            missing
        );
        assert_eq!(
            identity(Some("timeoff:write"))
                .or_as_requested(&requested)
                .may(&planned),
            Permission::Granted,
            "what the server said counts"
        );
        let unmapped = ["GET /v1/identity/current".parse().expect("known")];
        assert_eq!(
            identity(Some("timeoff:read")).may(&unmapped),
            Permission::Unknown
        );
    }
}
