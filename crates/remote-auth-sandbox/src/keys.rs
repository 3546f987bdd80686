//! What a client's secret is compared with, and the key that its assertions are verified with.
//!
//! The invariant: at most two secrets of a client are right at any time, the newest and, until the
//! end that its rotation set, the one before.

use std::sync::Mutex;

use remote_oauth_client::Secret;
use ring::hmac;
use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize};

use crate::{clock::Timestamp, world::lock};

/// The secrets of one client, newest last.
pub(crate) struct Keys(Mutex<Vec<Key>>);

/// One secret as a snapshot has it.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SavedKey {
    secret: Secret,
    ends_at: Option<Timestamp>,
}

#[derive(Clone)]
struct Key {
    secret: Secret,
    assertion_key: hmac::Key,
    /// The newest has no end.
    ends_at: Option<Timestamp>,
}

impl Keys {
    pub(crate) fn new(secret: &Secret) -> Self {
        Self(Mutex::new(vec![Key::new(secret)]))
    }

    /// Takes up secrets where another sandbox left them, oldest first.
    pub(crate) fn resumed(keys: Vec<SavedKey>) -> Self {
        let resume = |key: SavedKey| Key {
            ends_at: key.ends_at,
            ..Key::new(&key.secret)
        };
        Self(Mutex::new(keys.into_iter().map(resume).collect()))
    }

    pub(crate) fn saved(&self) -> Vec<SavedKey> {
        let keys = lock(&self.0);
        let save = |key: &Key| SavedKey {
            secret: key.secret.clone(),
            ends_at: key.ends_at,
        };
        keys.iter().map(save).collect()
    }

    /// Puts a new secret in place of the newest, which ends at the given time.
    pub(crate) fn rotate(&self, next: &Secret, ends_at: Timestamp) {
        let mut keys = lock(&self.0);
        keys.retain(|key| key.ends_at.is_none());
        for key in keys.iter_mut() {
            key.ends_at = Some(ends_at);
        }
        keys.push(Key::new(next));
    }

    /// Forgets every rotation.
    pub(crate) fn reset(&self, secret: &Secret) {
        *lock(&self.0) = vec![Key::new(secret)];
    }

    /// Compares with every secret and never stops early, so that the time tells nothing about them.
    pub(crate) fn accept(&self, secret: &Secret, now: Timestamp) -> bool {
        let keys = lock(&self.0);
        let right = |key: &Key| key.secret.same_as(secret) & key.is_live(now);
        keys.iter().fold(false, |found, key| found | right(key))
    }

    pub(crate) fn verify(&self, signed: &[u8], signature: &[u8], now: Timestamp) -> bool {
        let keys = lock(&self.0);
        let mut live = keys.iter().filter(|key| key.is_live(now));
        live.any(|key| hmac::verify(&key.assertion_key, signed, signature).is_ok())
    }
}

impl Clone for Keys {
    fn clone(&self) -> Self {
        Self(Mutex::new(lock(&self.0).clone()))
    }
}

impl Key {
    fn new(secret: &Secret) -> Self {
        Self {
            secret: secret.clone(),
            assertion_key: assertion_key(secret),
            ends_at: None,
        }
    }

    fn is_live(&self, now: Timestamp) -> bool {
        self.ends_at.is_none_or(|end| now < end)
    }
}

/// The HS256 key of a client is its secret's bytes, as Remote documents for assertions.
#[expect(
    clippy::disallowed_methods,
    reason = "the key for assertions is the text of the client secret"
)]
fn assertion_key(secret: &Secret) -> hmac::Key {
    hmac::Key::new(hmac::HMAC_SHA256, secret.expose_secret().as_bytes())
}
