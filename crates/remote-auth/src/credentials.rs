//! The secrets that prove a client: one, or two while they are being rotated.
//!
//! A server that accepts two secrets for a while lets a fleet change from one to the other without a gap.
//! The first is tried first. When a refusal may mean that it is no longer, or not yet, the right one, the request is
//! made once more with another, and the one that worked goes first from then on:
//!
//! | request | refusals that cast doubt on the secret | then |
//! |---|---|---|
//! | client credentials, refresh, assertion | `invalid_client`, 401 without a word, `invalid_grant` | made once more with another secret |
//! | redemption of a code | `invalid_client`, 401 without a word | not made again: the code may be spent; the next request begins with another secret |
//!
//! `invalid_grant` is among them because Remote is known to answer wrong credentials so, and for an assertion
//! <https://www.rfc-editor.org/rfc/rfc7523#section-3.1> has no other word.
//! A refused refresh has not used its token up, and every assertion is minted anew.
//!
//! Nothing here reads a file or a vault: a program that can load its secrets again says how, by a [`SecretSource`].

use std::fmt;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::assertion::HmacSigner;
use crate::error::{Error, ErrorCode, Misuse, Step};
use crate::provider::{Dialect, Proof, Provider};
use crate::secret::{ClientId, ClientSecret};

/// Holds the secrets that a client is known by: the current one and, during a rotation, the one before it.
///
/// ```
/// use remote_auth::{Client, ClientSecrets, Environment};
/// let secrets = ClientSecrets::rotating("the-new-secret", "the-old-secret");
/// let client = Client::builder(Environment::Sandbox).credentials("my-client-id", secrets).build()?;
/// assert_eq!(client.proven_secret(), None); // until the server accepts one
/// # Ok::<(), remote_auth::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct ClientSecrets {
    current: ClientSecret,
    previous: Option<ClientSecret>,
}

impl ClientSecrets {
    /// Takes two secrets that are both alive, or about to be; the current one is tried first.
    pub fn rotating(current: impl Into<ClientSecret>, previous: impl Into<ClientSecret>) -> Self {
        Self {
            current: current.into(),
            previous: Some(previous.into()),
        }
    }
}

impl<S: Into<ClientSecret>> From<S> for ClientSecrets {
    fn from(secret: S) -> Self {
        Self {
            current: secret.into(),
            previous: None,
        }
    }
}

/// Names one of the secrets that a client is known by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum LiveSecret {
    /// The current one.
    Current,
    /// The one before it.
    Previous,
}

impl LiveSecret {
    /// Returns the name for logs: `current` or `previous`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Current => "current",
            Self::Previous => "previous",
        }
    }
}

impl fmt::Display for LiveSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The future of [`SecretSource::load`].
pub type SecretsFuture<'a> = Pin<Box<dyn Future<Output = Option<ClientSecrets>> + Send + 'a>>;

/// Loads a client's secrets again when the ones at hand are refused.
///
/// A program that is told of a new secret, rather than finding it, calls
/// [`Client::replace_secrets`](crate::Client::replace_secrets).
///
/// ```
/// use remote_auth::{Client, ClientSecrets, Environment, SecretSource, SecretsFuture};
///
/// /// Two files that an orchestrator writes.
/// #[derive(Debug)]
/// struct Files(std::path::PathBuf);
///
/// impl SecretSource for Files {
///     fn load(&self) -> SecretsFuture<'_> {
///         Box::pin(async {
///             let read = |name| std::fs::read_to_string(self.0.join(name)).ok();
///             let current = read("current")?;
///             Some(match read("previous") {
///                 Some(previous) => ClientSecrets::rotating(current.trim_end(), previous.trim_end()),
///                 None => current.trim_end().into(),
///             })
///         })
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = std::env::temp_dir().join(format!("remote-auth-doc-{}", std::process::id()));
/// # std::fs::create_dir_all(&folder)?;
/// # std::fs::write(folder.join("current"), "my-secret")?;
/// let files = Files(folder);
/// let secrets = files.load().await.ok_or("there is no secret")?;
/// let client = Client::builder(Environment::Sandbox)
///     .credentials("my-client-id", secrets)
///     .secret_source(files)
///     .build()?;
/// # let _ = client;
/// # Ok(())
/// # }
/// ```
pub trait SecretSource: fmt::Debug + Send + Sync + 'static {
    /// Loads the secrets as they are now; `None` if they cannot be had, which leaves everything as it was.
    ///
    /// # Cancel safety
    ///
    /// The future may be dropped at any time.
    ///
    /// # Secrets
    ///
    /// Why they cannot be had is for the source to tell: nothing of it passes through here.
    fn load(&self) -> SecretsFuture<'_>;
}

/// One secret, ready for use.
pub(crate) struct Key {
    name: LiveSecret,
    secret: ClientSecret,
    pub(crate) dialect: Dialect,
    pub(crate) signer: Result<HmacSigner, Error>,
}

/// What makes keys of secrets.
pub(crate) struct Mold {
    pub(crate) provider: Provider,
    pub(crate) client_id: ClientId,
    pub(crate) proof: Proof,
    pub(crate) short_assertion_key: bool,
}

impl Mold {
    fn key(&self, name: LiveSecret, secret: ClientSecret) -> Result<Arc<Key>, Error> {
        if !secret.wire().is_vschar() {
            return Err(Misuse::ClientSecret.into());
        }
        Ok(Arc::new(Key {
            name,
            dialect: Dialect::new(self.provider, &self.client_id, &secret, self.proof),
            signer: HmacSigner::new(&secret, self.short_assertion_key),
            secret,
        }))
    }

    /// Makes the keys in the order in which they are tried; a secret that is named twice is one.
    fn keys(&self, secrets: ClientSecrets) -> Result<Vec<Arc<Key>>, Error> {
        let current = self.key(LiveSecret::Current, secrets.current)?;
        let previous = secrets
            .previous
            .map(|secret| self.key(LiveSecret::Previous, secret))
            .transpose()?
            .filter(|previous| !previous.is(&current));
        Ok([Some(current), previous].into_iter().flatten().collect())
    }
}

impl Key {
    fn is(&self, other: &Self) -> bool {
        self.secret.same_as(&other.secret)
    }
}

/// The keys of one client, the one to begin with first. There is always one.
pub(crate) struct Keyring {
    mold: Mold,
    source: Option<Box<dyn SecretSource>>,
    state: Mutex<State>,
}

struct State {
    keys: Vec<Arc<Key>>,
    proven: Option<LiveSecret>,
}

impl Keyring {
    pub(crate) fn new(
        mold: Mold,
        secrets: ClientSecrets,
        source: Option<Box<dyn SecretSource>>,
    ) -> Result<Self, Error> {
        let keys = mold.keys(secrets)?;
        let state = State { keys, proven: None };
        Ok(Self {
            mold,
            source,
            state: Mutex::new(state),
        })
    }

    /// The state is only ever changed by whole steps, so one that a panic left behind is as good as any.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn client_id(&self) -> &ClientId {
        &self.mold.client_id
    }

    pub(crate) fn first(&self) -> Arc<Key> {
        Arc::clone(&self.state().keys[0])
    }

    pub(crate) fn proven(&self) -> Option<LiveSecret> {
        self.state().proven
    }

    /// Takes other secrets. The same ones again change nothing, so what is known of them stays known.
    pub(crate) fn replace(&self, secrets: ClientSecrets) -> Result<(), Error> {
        let keys = self.mold.keys(secrets)?;
        let mut state = self.state();
        let known = |key: &Arc<Key>| {
            let mut known = state.keys.iter();
            known.any(|known| known.is(key) && known.name == key.name)
        };
        if keys.len() != state.keys.len() || !keys.iter().all(known) {
            *state = State { keys, proven: None };
        }
        Ok(())
    }

    /// Notes that the server accepted a key, which then goes first.
    pub(crate) fn accepted(&self, key: &Arc<Key>) {
        let mut state = self.state();
        // A key that was replaced while its request was on its way proves nothing of the new ones.
        if state.prefer(key) && state.proven.replace(key.name) != Some(key.name) {
            tracing::info!(secret = key.name.as_str(), "client secret accepted");
        }
    }

    /// Lets a key go first that nothing is known of yet.
    pub(crate) fn prefer(&self, key: &Arc<Key>) {
        let mut state = self.state();
        if state.prefer(key) {
            state.proven = None;
        }
    }

    /// Finds a key to try in the place of one that is in doubt, loading the secrets again where that is possible.
    pub(crate) async fn besides(&self, tried: &Arc<Key>) -> Option<Arc<Key>> {
        if let Some(source) = &self.source {
            let loaded = source.load().await.map(|secrets| self.replace(secrets));
            match loaded {
                None => tracing::warn!("client secrets cannot be loaded again"),
                Some(Err(error)) => tracing::warn!(code = error.code(), "client secrets not used"),
                Some(Ok(())) => {}
            }
        }
        let state = self.state();
        let other = state.keys.iter().find(|key| !key.is(tried));
        other.map(Arc::clone)
    }
}

impl State {
    /// Moves a key to the front; tells whether it is there.
    fn prefer(&mut self, key: &Arc<Key>) -> bool {
        let place = self.keys.iter().position(|known| Arc::ptr_eq(known, key));
        if let Some(place) = place {
            self.keys.swap(0, place);
        }
        place.is_some()
    }
}

/// Tells whether a refusal may mean that the secret is not the right one.
pub(crate) fn in_doubt(step: Step, error: &Error) -> bool {
    let Error::Refused(refused) = error else {
        return false;
    };
    match refused.error_code() {
        ErrorCode::InvalidClient | ErrorCode::Unauthorized => true,
        ErrorCode::InvalidGrant => step != Step::AuthorizationCode,
        _ => false,
    }
}

/// Chooses which of two failures of one request to tell.
///
/// A second answer that casts no doubt on its secret is about the request itself. Of two that do, the one with an
/// explanation says more, for Remote explains what is wrong with claims and not what is wrong with a secret.
// Requirement: remote.skill.rule-rotate-leaked-secret
pub(crate) fn more_telling(step: Step, first: Error, second: Error) -> Error {
    let explained =
        |error: &Error| matches!(error, Error::Refused(refused) if refused.description().is_some());
    if in_doubt(step, &second) && (explained(&first) || !explained(&second)) {
        first
    } else {
        second
    }
}
