//! The ledger: what was asked, what was answered, and which rule decided.
//!
//! An entry is made of fixed words and numbers, and of the request as it was received.
//! The request is kept as it came and masked whenever it is shown: [`received`] has both sides.
//! Paths and methods that the sandbox does not know are shown by a placeholder, because a client
//! under test may have put a secret there.
//!
//! The invariant: entries and bytes are bounded, whatever is sent.

mod mask;
mod received;

use std::{collections::VecDeque, time::SystemTime};

use axum::http::Method;

use crate::{gateway::Gateway, operation, rule::Rule};

pub(crate) use mask::Known;
pub use received::{Received, Unmasked};

/// How many entries are kept; older ones go.
const ENTRIES_MAX: usize = 4_096;

/// How many bytes of requests are kept; older ones go, and leave their entries without them.
const RECEIVED_BYTES_MAX: usize = 4 * 1024 * 1024;

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
/// Shown or printed it has none; [`received`](Self::received) keeps what came and masks what it
/// shows.
#[derive(Clone, Debug, PartialEq, Eq)]
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
    /// The request as it was received; nothing where later ones needed its place.
    pub received: Option<Received>,
}

impl From<(Gateway, Met)> for Entry {
    fn from((gateway, met): (Gateway, Met)) -> Self {
        Self {
            at: met.at,
            gateway,
            method: met.method,
            path: met.path,
            status: met.status,
            rule: met.rule,
            fault: met.fault,
            received: met.received,
        }
    }
}

/// What the ledgers of both providers say of a request.
#[derive(Clone, Debug)]
pub(crate) struct Met {
    pub(crate) at: SystemTime,
    pub(crate) method: &'static str,
    pub(crate) path: &'static str,
    pub(crate) status: u16,
    pub(crate) rule: Rule,
    pub(crate) fault: Option<&'static str>,
    pub(crate) received: Option<Received>,
}

/// The entries in the order of the answers, each with the place that was asked.
#[derive(Debug)]
pub(crate) struct Ledger<P> {
    entries: VecDeque<(P, Met)>,
    /// How many entries have gone.
    gone: u64,
    /// How many of the oldest entries have lost their requests.
    bare: usize,
    /// Bytes of the requests that the other entries have.
    received_bytes: usize,
}

impl<P: Copy> Ledger<P> {
    pub(crate) fn record(&mut self, place: P, met: Met) {
        self.received_bytes += bytes(&met);
        self.entries.push_back((place, met));
        while self.received_bytes > RECEIVED_BYTES_MAX {
            self.strip_oldest();
        }
        if self.entries.len() > ENTRIES_MAX {
            if self.bare == 0 {
                self.strip_oldest();
            }
            self.entries.pop_front();
            self.bare -= 1;
            self.gone += 1;
        }
    }

    /// Takes its request from the oldest entry that has one.
    fn strip_oldest(&mut self) {
        let (_, met) = &mut self.entries[self.bare];
        self.received_bytes -= bytes(met);
        met.received = None;
        self.bare += 1;
    }

    pub(crate) fn clear(&mut self) {
        *self = Self::default();
    }

    pub(crate) fn entries(&self) -> impl DoubleEndedIterator<Item = (P, Met)> + ExactSizeIterator {
        self.entries.iter().cloned()
    }

    /// The number of the oldest entry, counted from the first request that there was.
    pub(crate) const fn first_number(&self) -> u64 {
        self.gone
    }
}

impl<P> Default for Ledger<P> {
    fn default() -> Self {
        Self {
            entries: VecDeque::new(),
            gone: 0,
            bare: 0,
            received_bytes: 0,
        }
    }
}

fn bytes(met: &Met) -> usize {
    met.received.as_ref().map_or(0, Received::bytes)
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

    fn met(status: usize, received: Option<Received>) -> Met {
        Met {
            at: SystemTime::UNIX_EPOCH,
            method: "GET",
            path: "/",
            status: u16::try_from(status).unwrap(),
            rule: Rule::PathServed,
            fault: None,
            received,
        }
    }

    #[test]
    fn a_full_ledger_forgets_its_oldest_entry() {
        let mut ledger = Ledger::default();
        for n in 0..=ENTRIES_MAX {
            ledger.record((), met(n, None));
        }
        let entries: Vec<((), Met)> = ledger.entries().collect();
        assert_eq!((entries.len(), entries[0].1.status), (ENTRIES_MAX, 1));
        assert_eq!(ledger.first_number(), 1);
    }

    #[test]
    fn the_oldest_entries_lose_their_requests_when_the_latest_need_the_room() {
        let mut ledger = Ledger::default();
        let large = received::tests::received("POST /", &[], &"x".repeat(BODY_BYTES));
        let fit = RECEIVED_BYTES_MAX / large.bytes();
        for n in 0..2 * fit + 1 {
            ledger.record((), met(n, Some(large.clone())));
            let kept = ledger.entries().filter(|(_, met)| met.received.is_some());
            let (kept, bytes) = kept.fold((0, 0), |(kept, bytes), (_, met)| {
                (kept + 1, bytes + super::bytes(&met))
            });
            assert_eq!(kept, fit.min(n + 1), "as many as fit");
            assert_eq!(bytes, ledger.received_bytes);
        }
        let entries: Vec<((), Met)> = ledger.entries().collect();
        assert_eq!(entries.len(), 2 * fit + 1, "the entries stay");
        let mut oldest = entries.iter().take(fit + 1);
        assert!(oldest.all(|(_, met)| met.received.is_none()));

        // Entries go as well as requests, and the account stays right.
        let small = received::tests::received("GET /", &[], "");
        for n in 0..=ENTRIES_MAX {
            ledger.record((), met(n, Some(small.clone())));
        }
        assert_eq!(ledger.received_bytes, ENTRIES_MAX * small.bytes());
    }

    const BODY_BYTES: usize = 8 * 1024;
}
