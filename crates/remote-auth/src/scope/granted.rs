//! What was granted, beside what was requested.

use super::Scope;

/// Says how a granted scope compares with the requested one, by what the two let through.
///
/// ```
/// use remote_auth::Scope;
/// use remote_auth::scope::Granted;
/// let requested: Scope = "timeoff:read timeoff:write".parse()?;
/// let compare = |granted: &str| Ok::<_, remote_auth::Error>(Granted::compare(&requested, Some(&granted.parse()?)));
/// assert_eq!(compare("timeoff:write")?, Granted::AsRequested);
/// assert_eq!(compare("timeoff:read")?, Granted::Narrower { missing: "timeoff:write".parse()? });
/// assert_eq!(compare("all:write")?, Granted::Wider { extra: "all:write".parse()? });
/// assert_eq!(Granted::compare(&requested, None), Granted::NotStated);
/// # Ok::<(), remote_auth::Error>(())
/// ```
///
/// # Spec
///
/// <https://www.rfc-editor.org/rfc/rfc6749#section-5.1>
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Granted {
    /// The server did not say, by which it means: as requested.
    NotStated,
    /// Each covers the other.
    AsRequested,
    /// Less was granted.
    Narrower {
        /// The requested tokens that the granted scope does not cover.
        missing: Scope,
    },
    /// More was granted.
    Wider {
        /// The granted tokens that the requested scope does not cover.
        extra: Scope,
    },
    /// Something else was granted.
    Different {
        /// The requested tokens that the granted scope does not cover.
        missing: Scope,
        /// The granted tokens that the requested scope does not cover.
        extra: Scope,
    },
}

impl Granted {
    /// Compares what was granted with what was requested.
    pub fn compare(requested: &Scope, granted: Option<&Scope>) -> Self {
        let Some(granted) = granted else {
            return Self::NotStated;
        };
        let (missing, extra) = (requested.difference(granted), granted.difference(requested));
        match (missing.is_empty(), extra.is_empty()) {
            (true, true) => Self::AsRequested,
            (false, true) => Self::Narrower { missing },
            (true, false) => Self::Wider { extra },
            (false, false) => Self::Different { missing, extra },
        }
    }

    /// Returns the requested tokens that were not granted, where there are any.
    pub fn missing(&self) -> Option<&Scope> {
        match self {
            Self::Narrower { missing } | Self::Different { missing, .. } => Some(missing),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_and_what_is_extra_is_told() {
        let scope = |text: &str| text.parse::<Scope>().expect(text);
        let requested = scope("expense:read timeoff:write");
        let cases = [
            (
                "timeoff:write expense:read timeoff:read",
                Granted::AsRequested,
            ),
            (
                "timeoff:read",
                Granted::Narrower {
                    missing: requested.clone(),
                },
            ),
            (
                "expense:write timeoff:write",
                Granted::Wider {
                    extra: scope("expense:write"),
                },
            ),
            (
                "expense:read payroll",
                Granted::Different {
                    missing: scope("timeoff:write"),
                    extra: scope("payroll"),
                },
            ),
        ];
        for (granted, expected) in cases {
            let found = Granted::compare(&requested, Some(&scope(granted)));
            assert_eq!(found, expected, "{granted}");
            let missing = requested.difference(&scope(granted));
            assert_eq!(
                found.missing(),
                Some(&missing).filter(|missing| !missing.is_empty())
            );
        }
        // An empty scope is said, and grants nothing.
        let nothing = Granted::compare(&requested, Some(&Scope::default()));
        assert_eq!(nothing, Granted::Narrower { missing: requested });
    }
}
