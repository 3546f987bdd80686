//! A pending authorization as text, for the process that gets the callback.

use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use remote_oauth_client::Secret;
use ring::digest::{Context, SHA256, SHA256_OUTPUT_LEN};
use secrecy::ExposeSecret;
use secrecy::zeroize::Zeroizing;

use super::keys::SealingKeys;
use super::used::{Claim, Opening, UsedRecord};
use super::{PENDING_LIFE, PendingAuthorization, RedirectUri};
use crate::client::Client;
use crate::environment::Environment;
use crate::error::{Error, Mismatched, Misuse, NoAnswer, Step, Unreachable, WrongEnvironment};
use crate::pkce::CodeVerifier;
use crate::random;
use crate::secret::ClientId;
use crate::token::Moment;

/// How long a sealed authorization is at most: 3584 characters, which leaves a cookie of 4096 bytes room for its name
/// and attributes.
pub const SEALED_LEN_MAX: usize = 3584;

/// How far the clocks of two processes may be apart: a minute.
pub const CLOCKS_APART_MAX: Duration = Duration::from_secs(60);

/// What a sealed authorization begins with. Another format or another algorithm is another version.
const VERSION: &str = "ra1.";

/// A pending authorization that was [sealed](PendingAuthorization::seal): text for a cookie or a database.
///
/// # Units and limits
///
/// Letters, digits, `.`, `-` and `_`: 239 for all that is fixed, and four for each three characters of the redirection
/// URI, of which 2509 fit into [`SEALED_LEN_MAX`].
///
/// # Secrets
///
/// Says nothing to anybody who lacks the key, and opens nothing without the session as well.
/// `Debug` prints `[REDACTED]` nevertheless, since a log is no place for cookies.
#[derive(Clone)]
pub struct SealedAuthorization(String);

impl SealedAuthorization {
    /// Returns the text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the text, to be kept.
    pub fn into_string(self) -> String {
        self.0
    }
}

impl fmt::Debug for SealedAuthorization {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SealedAuthorization([REDACTED])")
    }
}

impl PendingAuthorization {
    /// Seals the pending authorization, for the process that will get the callback.
    ///
    /// A process that keeps the value has no use for this.
    /// A web application, whose next request may reach another process, puts the text into a cookie that is `Secure`,
    /// `HttpOnly` and `SameSite=Lax`; `Strict` would keep it from the callback, which comes from another site.
    ///
    /// The session is any value that the browser cannot choose and that is the same at the callback, such as the
    /// identifier of its session: the consent can then be finished by nobody but who began it.
    ///
    /// # Units and limits
    ///
    /// Expires [`PENDING_LIFE`] after the request was begun, by the wall clock, since two processes share no other; a
    /// cookie needs to live no longer.
    ///
    /// # Errors
    ///
    /// [`Misuse::EmptySession`] if there is no session to bind to, and [`Misuse::SealedLength`] if the redirection URI
    /// is so long that the text would exceed [`SEALED_LEN_MAX`].
    ///
    /// # Spec
    ///
    /// <https://www.rfc-editor.org/rfc/rfc9700#section-4.7>, <https://www.rfc-editor.org/rfc/rfc8439#section-2.8>
    ///
    /// # Example
    ///
    /// Two requests of one browser, to two processes of one web application:
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use remote_auth::authorization::{SealingKey, SealingKeys, UsedInMemory};
    /// use remote_auth::{Client, ConsentScope, Environment, PendingAuthorization};
    /// # let server = remote_auth_sandbox::Sandbox::builder().auto_approve(true).start().await?;
    /// # let gateway = server.gateway_url(remote_auth_sandbox::Gateway::Sandbox).to_owned();
    /// # let process = || Client::builder(Environment::custom(&gateway).expect("loopback"))
    /// #     .credentials(server.client_id(), server.client_secret().clone()).build();
    /// # let shared = [7; 32];
    /// # let session = b"5c8b1f0e";
    ///
    /// // GET /connect, at the one process.
    /// let one = process()?;
    /// let keys = SealingKeys::from(SealingKey::from_bytes(&shared)?);
    /// let redirect_uri = "http://127.0.0.1:8787/callback";
    /// let (url, pending) = one.authorization(redirect_uri).scope(ConsentScope::COMPANY_MANAGE).begin()?;
    /// let cookie = pending.seal(&keys, session)?.into_string();
    /// # let http = remote_oauth_client::transport::http_client(&url.join("/")?, &Default::default())?;
    /// # let answer = http.get(url.clone()).send().await?;
    /// # let callback_url = answer.headers()["location"].to_str()?;
    ///
    /// // GET /callback, at the other.
    /// let other = process()?;
    /// let keys = SealingKeys::from(SealingKey::from_bytes(&shared)?);
    /// let used = UsedInMemory::new(); // several processes need a record that they share
    /// let pending = PendingAuthorization::open(&other, &cookie, session, &keys, &used).await?;
    /// let code = pending.accept(callback_url)?;
    /// let grant = other.redeem(code).await?;
    /// # assert!(grant.company_id().is_some());
    ///
    /// // The same callback again, by the back button or by somebody else.
    /// let again = PendingAuthorization::open(&other, &cookie, session, &keys, &used).await;
    /// assert_eq!(again.unwrap_err().code(), "mismatched.used");
    /// # Ok(())
    /// # }
    /// ```
    // Requirement: rfc9700.2.1.state-bound-to-session
    pub fn seal(self, keys: &SealingKeys, session: &[u8]) -> Result<SealedAuthorization, Error> {
        if session.is_empty() {
            return Err(Misuse::EmptySession.into());
        }
        let content = Content::of(self);
        let content = content.write().ok_or(Misuse::SealedLength)?;
        let sealed = keys.seal(&bound_to(session), content);
        let text = format!("{VERSION}{}", URL_SAFE_NO_PAD.encode(sealed));
        if text.len() > SEALED_LEN_MAX {
            return Err(Misuse::SealedLength.into());
        }
        Ok(SealedAuthorization(text))
    }

    /// Opens what [`PendingAuthorization::seal`] made, in this process or another, once.
    ///
    /// It is opened before the callback is judged: a callback that is refused has used it up, as it would have used up
    /// the value itself.
    ///
    /// # Cancel safety
    ///
    /// Not safe: a future that is dropped after the record was asked may have used up the authorization.
    ///
    /// # Errors
    ///
    /// * [`Mismatched::Sealed`] if the text was changed, was sealed by none of the keys or for another session, or is
    ///   no sealed authorization. The cipher cannot tell these apart, and nobody who tries them learns which it was.
    /// * [`WrongEnvironment::Grant`] if it was begun by another client or for another environment.
    /// * [`Mismatched::Expired`] if [`PENDING_LIFE`] is over, or if more of it is left than clocks that are at most
    ///   [`CLOCKS_APART_MAX`] apart could make of it.
    /// * [`Mismatched::Used`] if it was opened before.
    /// * [`Error::Unreachable`] if the record could not tell.
    ///
    /// # Spec
    ///
    /// <https://www.rfc-editor.org/rfc/rfc9700#section-4.7>
    pub async fn open(
        client: &Client,
        sealed: &str,
        session: &[u8],
        keys: &SealingKeys,
        used: &dyn UsedRecord,
    ) -> Result<Self, Error> {
        let content = unsealed(sealed, session, keys).ok_or(Mismatched::Sealed)?;
        if content.whose != whose(client.environment(), client.client_id()) {
            return Err(WrongEnvironment::Grant.into());
        }
        let clock = client.clock();
        let now = Moment::now(&*clock);
        let left = content.ends.duration_since(now.wall);
        let left = left.map_err(|_| Mismatched::Expired)?;
        if left > PENDING_LIFE + CLOCKS_APART_MAX {
            return Err(Mismatched::Expired.into());
        }
        let opening = Opening {
            id: URL_SAFE_NO_PAD.encode(content.id),
            expires_at: content.ends,
            opened_at: now.wall,
        };
        match used.claim(&opening).await {
            Ok(Claim::First) => {}
            Ok(Claim::Again) => return Err(Mismatched::Used.into()),
            Err(_) => return Err(no_record().into()),
        }
        Ok(Self {
            environment: client.environment().clone(),
            client_id: client.client_id().clone(),
            clock,
            redirect_uri: content.redirect_uri,
            state: content.state,
            verifier: content.verifier,
            ends: Moment {
                wall: content.ends,
                elapsed: now.elapsed.saturating_add(left.min(PENDING_LIFE)),
            },
        })
    }
}

fn no_record() -> Unreachable {
    Unreachable {
        step: Step::Authorization,
        cause: NoAnswer::UsedRecord,
        retry_after: None,
        sent: false,
    }
}

/// What a sealing holds for beside its content. The version has one length, so that no two pairs are the same bytes.
fn bound_to(session: &[u8]) -> Vec<u8> {
    [VERSION.as_bytes(), session].concat()
}

fn unsealed(sealed: &str, session: &[u8], keys: &SealingKeys) -> Option<Content> {
    if sealed.len() > SEALED_LEN_MAX {
        return None;
    }
    // The engine takes one spelling of each text only: no padding, and no bits left over at the end.
    let sealed = URL_SAFE_NO_PAD.decode(sealed.strip_prefix(VERSION)?).ok()?;
    Content::read(&keys.open(&bound_to(session), &sealed)?)
}

/// What stands inside a seal.
struct Content {
    id: [u8; 16],
    whose: [u8; SHA256_OUTPUT_LEN],
    ends: SystemTime,
    redirect_uri: RedirectUri,
    state: Secret,
    verifier: Option<CodeVerifier>,
}

impl Content {
    fn of(pending: PendingAuthorization) -> Self {
        let now = Moment::now(&*pending.clock);
        let left_by_wall = pending.ends.wall.duration_since(now.wall);
        let left = pending.ends.elapsed.saturating_sub(now.elapsed);
        let left = left.min(left_by_wall.unwrap_or_default());
        Self {
            id: random::bytes(),
            whose: whose(&pending.environment, &pending.client_id),
            ends: now.wall.checked_add(left).unwrap_or(now.wall),
            redirect_uri: pending.redirect_uri,
            state: pending.state,
            verifier: pending.verifier,
        }
    }

    /// Writes three fields of fixed length, then three that begin with their lengths; `None` if one is too long.
    #[expect(
        clippy::disallowed_methods,
        reason = "state and verifier go into the seal, which is all that leaves"
    )]
    fn write(&self) -> Option<Zeroizing<Vec<u8>>> {
        let ends = self.ends.duration_since(UNIX_EPOCH).unwrap_or_default();
        // There is room for everything at once: a buffer that grows would leave a copy behind.
        let mut content = Zeroizing::new(Vec::with_capacity(SEALED_LEN_MAX));
        content.extend(self.id);
        content.extend(self.whose);
        content.extend(ends.as_secs().to_be_bytes());
        for text in [
            self.redirect_uri.text.as_str(),
            self.state.expose_secret(),
            self.verifier
                .as_ref()
                .map_or("", |verifier| verifier.wire().expose_secret()),
        ] {
            let fits = content.len() + 2 + text.len() <= SEALED_LEN_MAX;
            let length = u16::try_from(text.len()).ok().filter(|_| fits)?;
            content.extend(length.to_be_bytes());
            content.extend_from_slice(text.as_bytes());
        }
        Some(content)
    }

    fn read(content: &[u8]) -> Option<Self> {
        let (id, content) = content.split_first_chunk()?;
        let (whose, content) = content.split_first_chunk()?;
        let (ends, mut content) = content.split_first_chunk()?;
        let mut text = || {
            let (length, rest) = content.split_first_chunk()?;
            let length = usize::from(u16::from_be_bytes(*length));
            let (text, rest) = rest.split_at_checked(length)?;
            content = rest;
            String::from_utf8(text.to_vec()).ok()
        };
        let redirect_uri = RedirectUri::parse(&text()?).ok()?;
        let state = Secret::from(text()?);
        let verifier = Secret::from(text()?);
        Some(Self {
            id: *id,
            whose: *whose,
            ends: UNIX_EPOCH.checked_add(Duration::from_secs(u64::from_be_bytes(*ends)))?,
            redirect_uri,
            state,
            verifier: (!verifier.is_empty()).then(|| CodeVerifier::from_wire(verifier)),
        })
    }
}

/// Digests everything that makes an environment and a client the ones that they are.
fn whose(environment: &Environment, client_id: &ClientId) -> [u8; SHA256_OUTPUT_LEN] {
    let mut digest = Context::new(&SHA256);
    for part in [
        environment.provider().name(),
        environment.name(),
        environment.gateway().as_str(),
        &environment.issuer(),
        client_id.as_str(),
    ] {
        // Lengths keep the parts apart.
        digest.update(&(part.len() as u64).to_be_bytes());
        digest.update(part.as_bytes());
    }
    digest.update(&[environment.requires_issuer().into()]);
    let digest = digest.finish();
    let digest = digest.as_ref().try_into();
    digest.expect("SHA-256 gives 32 bytes")
}

#[cfg(test)]
#[path = "sealed_tests.rs"]
mod tests;
