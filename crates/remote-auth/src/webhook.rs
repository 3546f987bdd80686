//! Webhooks: is this delivery Remote's, is it fresh, and what does it say about access?
//!
//! Remote has no endpoint that tells whether a consent still stands, and no event named for its end.
//! The nearest are [`EventKind::PartnerOffboarded`] and [`EventKind::CompanyArchived`]: a service that drops its
//! grant when told spares itself the refusals.
//!
//! ```
//! # use remote_auth::webhook::{EventKind, WebhookVerifier};
//! # fn main() -> Result<(), remote_auth::Error> {
//! # let (body, signature, timestamp) = (
//! #     br#"{"event_type":"company.partner_offboarded","company_id":"c-1"}"#,
//! #     remote_auth::webhook::sign(&"k3y".into(), br#"{"event_type":"company.partner_offboarded","company_id":"c-1"}"#, 0),
//! #     "0");
//! # #[derive(Debug)] struct Epoch;
//! # impl remote_auth::Clock for Epoch {
//! #     fn wall(&self) -> std::time::SystemTime { std::time::UNIX_EPOCH }
//! #     fn elapsed(&self) -> std::time::Duration { std::time::Duration::ZERO }
//! # }
//! let verifier = WebhookVerifier::new("k3y")?;
//! # let verifier = verifier.clock(std::sync::Arc::new(Epoch));
//! // The raw body, and the headers `X-Remote-Signature` and `X-Remote-Timestamp`.
//! let event = verifier.verify(body, &signature, timestamp)?;
//! assert_eq!(event.kind(), EventKind::PartnerOffboarded);
//! assert!(event.kind().ends_access());
//! assert_eq!(event.company_id(), Some("c-1"));
//! # Ok(())
//! # }
//! ```

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use remote_oauth_client::Secret;
use ring::hmac;
use secrecy::ExposeSecret;
use serde_json::Value;
use subtle::ConstantTimeEq;

use crate::clock::{Clock, SystemClock};
use crate::error::{Error, Mismatched, Misuse};
use crate::leeway;

/// How far a delivery's timestamp may be from now, in either direction: five minutes.
pub const FRESHNESS: Duration = leeway::WEBHOOK;

/// The longest timestamp that is read, in digits.
const TIMESTAMP_DIGITS_MAX: usize = 16;

/// Signs a delivery as Remote does: lower-case hex of HMAC-SHA-256 over the body, a colon and the timestamp.
///
/// For tests, and for playing Remote's part; the timestamp counts milliseconds since 1970.
pub fn sign(signing_key: &Secret, body: &[u8], timestamp_ms: u64) -> String {
    mac(&key(signing_key), body, &timestamp_ms.to_string())
}

#[expect(
    clippy::disallowed_methods,
    reason = "the signing key's bytes are the key"
)]
fn key(signing_key: &Secret) -> hmac::Key {
    hmac::Key::new(hmac::HMAC_SHA256, signing_key.expose_secret().as_bytes())
}

fn mac(key: &hmac::Key, body: &[u8], timestamp: &str) -> String {
    let mut context = hmac::Context::with_key(key);
    for part in [body, b":", timestamp.as_bytes()] {
        context.update(part);
    }
    context
        .sign()
        .as_ref()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

/// Judges deliveries under one signing key, which Remote shows once, when the webhook is created.
pub struct WebhookVerifier {
    key: hmac::Key,
    freshness: Duration,
    clock: Arc<dyn Clock>,
}

impl WebhookVerifier {
    /// Takes the signing key.
    ///
    /// # Errors
    ///
    /// [`Misuse::SigningKey`] if it is empty or not printable ASCII.
    pub fn new(signing_key: impl Into<Secret>) -> Result<Self, Error> {
        let signing_key = signing_key.into();
        if !signing_key.is_vschar() {
            return Err(Misuse::SigningKey.into());
        }
        Ok(Self {
            key: key(&signing_key),
            freshness: FRESHNESS,
            clock: Arc::new(SystemClock::new()),
        })
    }

    /// Sets how far a timestamp may be from now. Default [`FRESHNESS`].
    #[must_use]
    pub fn freshness(mut self, freshness: Duration) -> Self {
        self.freshness = freshness;
        self
    }

    /// Tells the time by another clock than the operating system's.
    #[must_use]
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// Judges one delivery by its raw body and the values of `X-Remote-Signature` and `X-Remote-Timestamp`.
    ///
    /// The signature is compared in constant time and before anything else is believed.
    /// A delivery that is repeated within the freshness window passes again: keep the identifiers that you acted on.
    ///
    /// # Errors
    ///
    /// [`Error::Mismatched`] if the signature is not of this key, body and timestamp, if the timestamp is not
    /// fresh, or if the body is not a JSON object with an `event_type`.
    // Requirement: remote.webhook.fresh, remote.webhook.signature
    pub fn verify(&self, body: &[u8], signature: &str, timestamp: &str) -> Result<Event, Error> {
        let expected = mac(&self.key, body, timestamp);
        if !bool::from(expected.as_bytes().ct_eq(signature.as_bytes())) {
            return Err(Mismatched::WebhookSignature.into());
        }
        let sent =
            milliseconds(timestamp).ok_or_else(|| Error::from(Mismatched::WebhookTimestamp))?;
        let now = self.clock.wall();
        let apart = now
            .duration_since(sent)
            .unwrap_or_else(|ahead| ahead.duration());
        if apart > self.freshness {
            return Err(Mismatched::WebhookTimestamp.into());
        }
        Event::read(body).ok_or_else(|| Mismatched::WebhookBody.into())
    }
}

fn milliseconds(timestamp: &str) -> Option<SystemTime> {
    let plain = timestamp.len() <= TIMESTAMP_DIGITS_MAX
        && timestamp.bytes().all(|byte| byte.is_ascii_digit());
    let ms = timestamp.parse().ok().filter(|_| plain)?;
    UNIX_EPOCH.checked_add(Duration::from_millis(ms))
}

impl fmt::Debug for WebhookVerifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebhookVerifier")
            .field("freshness", &self.freshness)
            .finish_non_exhaustive()
    }
}

/// Names the events that bear on access.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum EventKind {
    /// `company.partner_offboarded`: the company is no longer this partner's.
    // Requirement: remote.webhook.offboarded
    PartnerOffboarded,
    /// `company.archived`.
    CompanyArchived,
    /// `company.hard_deleted`.
    CompanyDeleted,
    /// `company.owner_changed`.
    OwnerChanged,
    /// `company.manager_created`.
    ManagerCreated,
    /// `company.manager_updated`.
    ManagerUpdated,
    /// `company.manager_deleted`: the manager's tokens and, if it was the one who consented, the grant may end.
    ManagerDeleted,
    /// `employment.user_status.deactivated`: the employee's tokens may end.
    UserDeactivated,
    /// Any other event.
    Other,
}

impl EventKind {
    const NAMED: [(&'static str, Self); 8] = [
        ("company.partner_offboarded", Self::PartnerOffboarded),
        ("company.archived", Self::CompanyArchived),
        ("company.hard_deleted", Self::CompanyDeleted),
        ("company.owner_changed", Self::OwnerChanged),
        ("company.manager_created", Self::ManagerCreated),
        ("company.manager_updated", Self::ManagerUpdated),
        ("company.manager_deleted", Self::ManagerDeleted),
        ("employment.user_status.deactivated", Self::UserDeactivated),
    ];

    fn read(event_type: &str) -> Self {
        Self::NAMED
            .iter()
            .find(|(name, _)| *name == event_type)
            .map_or(Self::Other, |(_, kind)| *kind)
    }

    /// Tells whether the company's grant is over: there is nothing left to refresh.
    pub fn ends_access(self) -> bool {
        matches!(
            self,
            Self::PartnerOffboarded | Self::CompanyArchived | Self::CompanyDeleted
        )
    }
}

/// A delivery that was judged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    kind: EventKind,
    event_type: String,
    members: BTreeMap<String, String>,
}

impl Event {
    /// Reads the flat object that Remote sends; members that are not text say nothing about access.
    fn read(body: &[u8]) -> Option<Self> {
        let Value::Object(object) = serde_json::from_slice(body).ok()? else {
            return None;
        };
        let text = |(name, value): (String, Value)| Some((name, value.as_str()?.to_owned()));
        let mut members: BTreeMap<String, String> = object.into_iter().filter_map(text).collect();
        let event_type = members.remove("event_type")?;
        Some(Self {
            kind: EventKind::read(&event_type),
            event_type,
            members,
        })
    }

    /// Returns what happened.
    pub fn kind(&self) -> EventKind {
        self.kind
    }

    /// Returns Remote's own name of the event.
    pub fn event_type(&self) -> &str {
        &self.event_type
    }

    /// Returns the company that it happened to.
    pub fn company_id(&self) -> Option<&str> {
        self.member("company_id")
    }

    /// Returns any other member, such as `user_id` or `employment_id`.
    pub fn member(&self, name: &str) -> Option<&str> {
        self.members.get(name).map(String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_support::ManualClock;

    const KEY: &str = "mzxw6ytboi4dambrgiztinjwg4";
    const BODY: &[u8] = br#"{"event_type":"company.archived","company_id":"c-1","n":1}"#;

    fn verifier(clock: &Arc<ManualClock>) -> WebhookVerifier {
        WebhookVerifier::new(KEY)
            .expect("a key")
            .clock(Arc::clone(clock) as Arc<dyn Clock>)
    }

    fn now_ms(clock: &ManualClock) -> u64 {
        let since = clock.wall().duration_since(UNIX_EPOCH).expect("after 1970");
        u64::try_from(since.as_millis()).expect("this century")
    }

    fn code(result: Result<Event, Error>) -> Result<EventKind, &'static str> {
        result
            .map(|event| event.kind())
            .map_err(|error| error.code())
    }

    // Requirement: remote.webhook.signature
    #[test]
    fn the_signature_is_the_one_that_other_programs_compute() {
        // printf %s "$body:1700000000000" | openssl dgst -sha256 -hmac key
        let expected = "7ccff67aecd9b8c4210edf44adf8af8c419bc5a0631857771544d8e3c32a7290";
        assert_eq!(
            sign(&"key".into(), br#"{"a":1}"#, 1_700_000_000_000),
            expected
        );
    }

    // Requirement: remote.webhook.signature
    #[test]
    fn only_the_very_bytes_that_were_signed_pass() {
        let clock = ManualClock::shared();
        let at = now_ms(&clock);
        let signature = sign(&KEY.into(), BODY, at);
        let stamp = at.to_string();
        let upper = signature.to_uppercase();
        let short = &signature[..63];
        let other_key = sign(&"another".into(), BODY, at);
        let padded = format!("0{stamp}");
        let cases: [(&[u8], &str, &str, _); 8] = [
            (BODY, &signature, &stamp, Ok(EventKind::CompanyArchived)),
            (
                br#"{"event_type":"company.archived"}"#,
                &signature,
                &stamp,
                Err("mismatched.webhook_signature"),
            ),
            (
                BODY,
                &other_key,
                &stamp,
                Err("mismatched.webhook_signature"),
            ),
            (BODY, &upper, &stamp, Err("mismatched.webhook_signature")),
            (BODY, short, &stamp, Err("mismatched.webhook_signature")),
            (BODY, "", &stamp, Err("mismatched.webhook_signature")),
            (
                BODY,
                &signature,
                &padded,
                Err("mismatched.webhook_signature"),
            ),
            (BODY, &signature, "", Err("mismatched.webhook_signature")),
        ];
        for (index, (body, signature, stamp, expected)) in cases.into_iter().enumerate() {
            assert_eq!(
                code(verifier(&clock).verify(body, signature, stamp)),
                expected,
                "case {index}"
            );
        }
    }

    // Requirement: remote.webhook.fresh
    #[test]
    fn a_delivery_must_be_fresh_in_both_directions() {
        let clock = ManualClock::shared();
        let now = now_ms(&clock);
        let window = 5 * 60 * 1000;
        for (at, fresh) in [
            (now, true),
            (now - window, true),
            (now + window, true),
            (now - window - 1, false),
            (now + window + 1, false),
            (0, false),
            (u64::MAX, false),
        ] {
            let verdict =
                verifier(&clock).verify(BODY, &sign(&KEY.into(), BODY, at), &at.to_string());
            let expected = if fresh {
                Ok(EventKind::CompanyArchived)
            } else {
                Err("mismatched.webhook_timestamp")
            };
            assert_eq!(code(verdict), expected, "{at}");
        }
    }

    #[test]
    fn a_signed_body_that_is_no_event_is_refused() {
        let clock = ManualClock::shared();
        let at = now_ms(&clock);
        for body in [&b"not json"[..], b"[]", b"{}", br#"{"event_type":7}"#, b""] {
            let verdict =
                verifier(&clock).verify(body, &sign(&KEY.into(), body, at), &at.to_string());
            assert_eq!(code(verdict), Err("mismatched.webhook_body"));
        }
    }

    // Requirement: remote.webhook.offboarded
    #[test]
    fn each_event_that_bears_on_access_is_known() {
        for (name, kind) in EventKind::NAMED {
            assert_eq!(EventKind::read(name), kind);
        }
        assert_eq!(
            EventKind::read("employment.details.updated"),
            EventKind::Other
        );
        let ends: Vec<_> = EventKind::NAMED
            .iter()
            .filter(|(_, kind)| kind.ends_access())
            .map(|(name, _)| *name)
            .collect();
        assert_eq!(
            ends,
            [
                "company.partner_offboarded",
                "company.archived",
                "company.hard_deleted"
            ]
        );
    }
}
