//! Why a token was not enough.

use std::fmt;

use reqwest::StatusCode;
use reqwest::header::HeaderMap;

use super::Challenge;
use super::decide::{Refusal, refusal};
use crate::scope::{Operation, Scope};

/// Says which scope a refused request lacks, as far as anybody does: the API's challenge, and the operation map.
///
/// `BearerMiddleware` and `BearerLayer` leave it in the extensions of the answer; after a call of a generated client it
/// is made from the error's status and headers.
///
/// ```
/// use remote_auth::bearer::MissingScope;
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let (status, headers) = (reqwest::StatusCode::FORBIDDEN, reqwest::header::HeaderMap::new());
/// let operation = "GET /v1/timeoff".parse()?;
/// let granted = "employments".parse()?;
/// let missing = MissingScope::of(status, &headers, Some(operation), Some(&granted)).ok_or("it is the scope")?;
/// assert_eq!(missing.sufficient().next(), Some("timeoff:read"));
/// assert!(missing.to_string().starts_with("call GET /v1/timeoff: "));
///
/// // With enough of a scope it is something else: a role, or a setting.
/// let granted = "timeoff:write".parse()?;
/// assert!(MissingScope::of(status, &headers, Some(operation), Some(&granted)).is_none());
/// # Ok(())
/// # }
/// ```
///
/// # Secrets
///
/// `Display` and `Debug` show the operation and names of the catalogue; what the API wrote is behind
/// [`MissingScope::challenged`].
#[derive(Clone)]
pub struct MissingScope {
    operation: Option<Operation>,
    challenged: Option<Scope>,
}

impl MissingScope {
    /// Judges an answer; `None` unless it refuses a scope.
    ///
    /// 403 without a challenge refuses a scope unless the granted one is known and enough for the operation: then it is
    /// a matter of the role.
    pub fn of(
        status: StatusCode,
        headers: &HeaderMap,
        operation: Option<Operation>,
        granted: Option<&Scope>,
    ) -> Option<Self> {
        if refusal(status, headers) != Some(Refusal::Scope) {
            return None;
        }
        let challenge = Challenge::bearer(headers).filter(|challenge| challenge.error().is_some());
        let is_enough = operation.zip(granted).is_some_and(|(operation, granted)| {
            operation.is_mapped() && operation.is_allowed_by(granted)
        });
        (challenge.is_some() || !is_enough).then(|| Self {
            operation,
            challenged: challenge.and_then(|challenge| challenge.scope().cloned()),
        })
    }

    /// Finds the operation of a request, whichever of Remote's prefixes its path has.
    #[cfg(any(feature = "middleware", feature = "tower"))]
    pub(super) fn operation_at(method: &str, path: &str) -> Option<Operation> {
        use remote_oauth_client::platform::endpoints::PREFIXES;
        // The first prefix is the published one, which the map's paths begin with; longer ones end in it.
        let published = PREFIXES[0];
        let longer = PREFIXES[1..].iter().find_map(|prefix| {
            let rest = path.strip_prefix(prefix)?;
            rest.starts_with('/')
                .then(|| format!("{method} {published}{rest}"))
        });
        longer
            .unwrap_or_else(|| format!("{method} {path}"))
            .parse()
            .ok()
    }

    /// Returns the operation that was refused, if the map has it.
    pub fn operation(&self) -> Option<Operation> {
        self.operation
    }

    /// Visits the tokens of which any one would have been enough by the operation map, the narrowest style first.
    pub fn sufficient(&self) -> impl Iterator<Item = &'static str> + use<> {
        self.operation.into_iter().flat_map(Operation::sufficient)
    }

    /// Returns the scope that the API itself wants: foreign text, of the characters of scope tokens.
    pub fn challenged(&self) -> Option<&Scope> {
        self.challenged.as_ref()
    }
}

impl fmt::Display for MissingScope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.operation {
            Some(operation) => write!(f, "call {operation}: ")?,
            None => f.write_str("call the operation: ")?,
        }
        f.write_str("the token's scope is not enough")?;
        for (index, token) in self.sufficient().enumerate() {
            write!(
                f,
                "{}{token}",
                if index == 0 { "; would be: " } else { ", " }
            )?;
        }
        Ok(())
    }
}

impl fmt::Debug for MissingScope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MissingScope")
            .field("operation", &self.operation)
            .field("is_challenged", &self.challenged.is_some())
            .finish()
    }
}

impl std::error::Error for MissingScope {}

#[cfg(test)]
mod tests {
    use reqwest::header::WWW_AUTHENTICATE;

    use super::*;

    #[test]
    fn an_operation_is_found_below_every_prefix() {
        for (path, found) in [
            ("/v1/timeoff", Some("GET /v1/timeoff")),
            ("/eor/v1/timeoff", Some("GET /v1/timeoff")),
            ("/api/eor/v1/timeoff", Some("GET /v1/timeoff")),
            ("/v1/timeoff/t-1", Some("GET /v1/timeoff/{id}")),
            ("/eor/v1timeoff", None),
            ("/v9/timeoff", None),
            ("", None),
        ] {
            let operation = MissingScope::operation_at("GET", path);
            let operation = operation.map(|operation| operation.to_string());
            assert_eq!(operation.as_deref(), found, "{path}");
        }
    }

    #[test]
    fn the_api_is_believed_before_the_map() {
        let challenge = r#"Bearer error="insufficient_scope", scope="c4n4ry:read""#;
        let operation = "GET /v1/timeoff".parse().ok();
        let enough: Scope = "timeoff:read".parse().expect("a scope");
        let none: Scope = "employments".parse().expect("a scope");
        let cases = [
            (403, None, operation, Some(&none), Some(None)),
            (403, None, operation, None, Some(None)),
            (403, None, None, Some(&enough), Some(None)),
            (403, None, operation, Some(&enough), None),
            (
                403,
                Some(challenge),
                operation,
                Some(&enough),
                Some(Some("c4n4ry:read")),
            ),
            (
                401,
                Some(challenge),
                operation,
                None,
                Some(Some("c4n4ry:read")),
            ),
            (401, None, operation, None, None),
            (404, Some(challenge), operation, None, None),
        ];
        for (status, challenge, operation, granted, expected) in cases {
            let mut headers = HeaderMap::new();
            if let Some(challenge) = challenge {
                headers.insert(WWW_AUTHENTICATE, challenge.parse().expect("a header value"));
            }
            let status = StatusCode::from_u16(status).expect("a status");
            let missing = MissingScope::of(status, &headers, operation, granted);
            let found = missing
                .as_ref()
                .map(|missing| missing.challenged().map(ToString::to_string));
            let expected = expected.map(|scope| scope.map(str::to_owned));
            assert_eq!(found, expected, "{status} {challenge:?} {granted:?}");
            if let Some(missing) = missing {
                let shown = format!("{missing} {missing:?}");
                assert!(!shown.contains("c4n4ry"), "{shown}");
            }
        }
    }
}
