//! The ledger: what was asked, what was answered, and which rule decided.
//!
//! An entry is made of fixed words and numbers only.
//! Paths and methods that the sandbox does not know are shown by a placeholder, because a client
//! under test may have put a secret there.

use std::{collections::VecDeque, time::SystemTime};

use axum::http::Method;

use crate::{gateway::Gateway, operation, rule::Rule};

/// How many entries are kept; older ones go.
const ENTRIES_MAX: usize = 4_096;

/// The paths beside those of the platform that are shown as they came: those that are served, and
/// the mistakes that clients make.
const SHOWN_PATHS: &[&str] = &[
    "/auth/oauth2/authorize",
    "/auth/oauth2/consent",
    "/auth/oauth2/token",
    "/magic-link",
    "/",
    "/oauth/authorize",
    "/oauth/token",
    "/oauth2/authorize",
    "/oauth2/token",
    "/auth/oauth2/revoke",
    "/auth/oauth2/introspect",
    "/v1/identity",
    "/.well-known/oauth-authorization-server",
    "/.well-known/openid-configuration",
];

/// One request and what became of it.
///
/// # Secrets
///
/// None: no query, header, body or unknown path is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Entry {
    /// The time at which it was answered, by the sandbox's clock.
    pub at: SystemTime,
    /// The gateway that was asked.
    pub gateway: Gateway,
    /// The method, or `(other)`.
    pub method: &'static str,
    /// The path without its query, with `{…}` for an identifier, or `(other)` for one that is
    /// neither served nor a known mistake.
    pub path: &'static str,
    /// The status of the answer, even of one that a fault lost; 0 where a fault lost the request
    /// before anything was decided.
    pub status: u16,
    /// The rule that decided.
    pub rule: Rule,
    /// The kind of the scripted fault that met the request, such as `drop_after_commit`.
    pub fault: Option<&'static str>,
}

/// The entries in the order of the answers.
#[derive(Debug)]
pub(crate) struct Ledger<E>(VecDeque<E>);

impl<E: Copy> Ledger<E> {
    pub(crate) fn record(&mut self, entry: E) {
        if self.0.len() == ENTRIES_MAX {
            self.0.pop_front();
        }
        self.0.push_back(entry);
    }

    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }

    pub(crate) fn entries(&self) -> Vec<E> {
        self.0.iter().copied().collect()
    }
}

impl<E> Default for Ledger<E> {
    fn default() -> Self {
        Self(VecDeque::new())
    }
}

/// What an entry says for a method.
pub(crate) fn shown_method(method: &Method) -> &'static str {
    const SHOWN: [&str; 7] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];
    SHOWN
        .into_iter()
        .find(|shown| *shown == method.as_str())
        .unwrap_or("(other)")
}

/// What an entry says for a path.
pub(crate) fn shown_path(path: &str) -> &'static str {
    // The token endpoint is asked most, and a comparison is cheaper than a template.
    let known = SHOWN_PATHS.iter().copied().find(|shown| *shown == path);
    known
        .or_else(|| operation::template(path))
        .unwrap_or("(other)")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_known_is_not_shown() {
        assert_eq!(shown_path("/v1/employments"), "/v1/employments");
        assert_eq!(shown_path("/v1/employments/canary"), "(other)");
        assert_eq!(
            shown_path("/v1/webhook-callbacks/canary"),
            "/v1/webhook-callbacks/{id}"
        );
        assert_eq!(shown_method(&Method::GET), "GET");
        assert_eq!(
            shown_method(&Method::from_bytes(b"CANARY").unwrap()),
            "(other)"
        );
    }

    #[test]
    fn a_full_ledger_forgets_its_oldest_entry() {
        let mut ledger = Ledger::default();
        for n in 0..=ENTRIES_MAX {
            ledger.record(Entry {
                at: SystemTime::UNIX_EPOCH,
                gateway: Gateway::Sandbox,
                method: "GET",
                path: "/",
                status: u16::try_from(n).unwrap(),
                rule: Rule::PathServed,
                fault: None,
            });
        }
        let entries = ledger.entries();
        assert_eq!((entries.len(), entries[0].status), (ENTRIES_MAX, 1));
    }
}
