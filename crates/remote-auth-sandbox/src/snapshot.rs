//! Snapshots: everything that a sandbox has to remember to answer on as before, as one JSON text.
//!
//! Not in one: the ledger, pending faults, the windows of the rate limits, the addresses, the key of
//! the admin API and what the builder switches.
//! The invariant: what is kept under a digest stays a digest, and the text is handed around as a
//! secret, because it has the secrets of clients, companies and callbacks.

use std::{error, fmt, sync::Arc, time::Duration};

use remote_oauth_client::Secret;
use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize};

use crate::{
    clock::Timestamp,
    fixture::Fixture,
    keys::{Keys, SavedKey},
    registration::Registration,
    state::State,
    world::{World, lock},
};

/// What the text says of its form; another form has another number.
const VERSION: u32 = 1;

/// Holds what a sandbox remembers, to go on from there in another one.
///
/// It has the fixture, the clients with their rotated secrets, the customer API tokens, tickets,
/// codes, tokens, links, created companies, webhook callbacks, how far the time was moved and how
/// much of a seed was used.
/// It has neither the ledger nor pending faults, and addresses are given anew.
///
/// # Secrets
///
/// Codes, tokens and tickets are in it as digests.
/// Client secrets, customer API tokens and signing keys are in it as text, so whoever reads
/// [`to_json`](Self::to_json) can act as any of its clients, and `Debug` shows nothing.
///
/// # Example
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use remote_auth_sandbox::{Gateway, Sandbox, Snapshot};
///
/// let first = Sandbox::start().await?;
/// let snapshot = first.snapshot();
/// let token = first.customer_api_token(Gateway::Sandbox).clone();
/// first.shutdown().await;
///
/// let second = Sandbox::builder().restore(snapshot).start().await?;
/// assert!(second.customer_api_token(Gateway::Sandbox).same_as(&token));
/// # second.shutdown().await;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Snapshot(Secret);

impl Snapshot {
    /// Reads what [`to_json`](Self::to_json) wrote.
    ///
    /// # Errors
    ///
    /// Fails when the text is of another version or no snapshot; nothing is restored in part.
    pub fn parse(json: &str) -> Result<Self, SnapshotError> {
        let snapshot = Self(Secret::from(json));
        snapshot.read().map(|_| snapshot)
    }

    /// Returns the text, which is a secret as a whole.
    pub const fn to_json(&self) -> &Secret {
        &self.0
    }

    /// Tells whether two snapshots would restore the same, the moment of their making aside.
    pub fn same_as(&self, other: &Self) -> bool {
        self.0.same_as(&other.0)
    }

    pub(crate) fn of(world: &World, customer_tokens: &[Secret; 3]) -> Self {
        let state = lock(&world.state);
        let (seed, drawn) = world.entropy.place();
        let saved = Saved {
            version: VERSION,
            fixture: world.fixture.source.clone(),
            clients: world.registrations.iter().map(SavedClient::of).collect(),
            customer_tokens: customer_tokens.clone(),
            seed,
            drawn,
            ahead_ms: u64::try_from(world.clock.ahead().as_millis()).unwrap_or(u64::MAX),
            manual_now: world.clock.manual_now(),
            state: &*state,
        };
        let json = serde_json::to_string(&saved).expect("a state has text keys and whole numbers");
        Self(Secret::from(json))
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "a snapshot is read whole, and its parts are secrets again"
    )]
    pub(crate) fn read(&self) -> Result<Resumed, SnapshotError> {
        let json = self.0.expose_secret();
        let head: Head = serde_json::from_str(json).map_err(|_| SnapshotError::Malformed)?;
        if head.version != VERSION {
            return Err(SnapshotError::Version);
        }
        let saved: Saved<State> =
            serde_json::from_str(json).map_err(|_| SnapshotError::Malformed)?;
        let fixture = Fixture::parse(saved.fixture.expose_secret());
        let fixture = fixture.map_err(|_| SnapshotError::Malformed)?;
        if saved.clients.is_empty() {
            return Err(SnapshotError::Malformed);
        }
        Ok(Resumed { fixture, saved })
    }
}

impl fmt::Debug for Snapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Snapshot").finish_non_exhaustive()
    }
}

/// Says why a text is no snapshot; nothing of the text is in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SnapshotError {
    /// Another version of this crate wrote it.
    Version,
    /// It is torn, or something else.
    Malformed,
}

impl fmt::Display for SnapshotError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Version => "restore the sandbox: the snapshot has the form of another version",
            Self::Malformed => "restore the sandbox: the text is no whole snapshot",
        })
    }
}

impl error::Error for SnapshotError {}

/// What every version of the text says.
#[derive(Deserialize)]
struct Head {
    version: u32,
}

/// A snapshot that was read.
pub(crate) struct Resumed {
    pub(crate) fixture: Fixture,
    pub(crate) saved: Saved<State>,
}

/// The text of a snapshot; `S` is the state, borrowed to be written and owned once it was read.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Saved<S> {
    version: u32,
    fixture: Secret,
    clients: Vec<SavedClient>,
    pub(crate) customer_tokens: [Secret; 3],
    pub(crate) seed: Option<u64>,
    pub(crate) drawn: u64,
    ahead_ms: u64,
    /// Where a manual clock stood; a real one goes by itself.
    manual_now: Option<Timestamp>,
    pub(crate) state: S,
}

impl Saved<State> {
    pub(crate) fn registrations(&mut self) -> Vec<Registration> {
        let clients = self.clients.drain(..);
        clients.map(SavedClient::resumed).collect()
    }

    pub(crate) const fn ahead(&self) -> Duration {
        Duration::from_millis(self.ahead_ms)
    }

    pub(crate) const fn manual_now(&self) -> Option<Timestamp> {
        self.manual_now
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SavedClient {
    client_id: Arc<str>,
    first_secret: Secret,
    keys: Vec<SavedKey>,
    redirect_uris: Vec<String>,
}

impl SavedClient {
    fn of(client: &Registration) -> Self {
        Self {
            client_id: Arc::clone(&client.client_id),
            first_secret: client.client_secret.clone(),
            keys: client.keys.saved(),
            redirect_uris: client.redirect_uris.clone(),
        }
    }

    fn resumed(self) -> Registration {
        Registration {
            client_id: self.client_id,
            client_secret: self.first_secret,
            keys: Keys::resumed(self.keys),
            redirect_uris: self.redirect_uris,
        }
    }
}
