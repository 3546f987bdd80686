//! A company's consent: request, callback, code.
//!
//! Each step consumes the one before, so that no order but the right one compiles:
//! [`AuthorizationRequest`] → [`PendingAuthorization`] → [`AcceptedCode`] → [`CompanyGrant`](crate::CompanyGrant).
//!
//! ```
//! # fn main() -> Result<(), remote_auth::Error> {
//! # use remote_auth::{Client, ConsentScope, Environment};
//! # let client = Client::builder(Environment::Sandbox).credentials("my-client-id", "my-secret").build()?;
//! let (url, pending) = client
//!     .authorization("https://partner.example/callback")
//!     .scope(ConsentScope::COMPANY_MANAGE)
//!     .begin()?;
//! assert!(url.as_str().starts_with("https://gateway.remote-sandbox.com/auth/oauth2/authorize?"));
//!
//! // A callback with another state is not an answer to this request; its code goes nowhere.
//! let error = pending.accept("https://partner.example/callback?code=c&state=guessed").unwrap_err();
//! assert_eq!(error.code(), "mismatched.state");
//! # Ok(())
//! # }
//! ```
//!
//! A callback is judged once:
//!
//! ```compile_fail,E0382
//! # fn f(pending: remote_auth::PendingAuthorization) {
//! let first = pending.accept("https://partner.example/callback?code=a&state=b");
//! # // Requirement: rfc9700.2.1.csrf, rfc9700.2.1.state-once
//! let second = pending.accept("https://partner.example/callback?code=c&state=d");
//! # }
//! ```
//!
//! A code is redeemed once:
//!
//! ```compile_fail,E0382
//! # async fn f(client: remote_auth::Client, code: remote_auth::AcceptedCode) {
//! let first = client.redeem(code).await;
//! # // Requirement: remote.code.single-use, rfc6749.4.1.2.code-single-use
//! let second = client.redeem(code).await;
//! # }
//! ```
//!
//! And only what a callback was accepted for:
//!
//! ```compile_fail,E0308
//! # async fn f(client: remote_auth::Client) {
//! # // Requirement: rfc6749.10.12.client-csrf
//! client.redeem("a code from somewhere").await;
//! # }
//! ```
//!
//! # Across processes
//!
//! The callback of a web application may reach another process than the one that began.
//! [`PendingAuthorization::seal`] makes the pending value a text for a cookie, bound to the browser's session, and
//! [`PendingAuthorization::open`] makes it a pending value again: in any process that has the key, once, in its time.
//!
//! What is sealed is gone, so that it has one home:
//!
//! ```compile_fail,E0382
//! # fn f(pending: remote_auth::PendingAuthorization, keys: remote_auth::authorization::SealingKeys) {
//! let sealed = pending.seal(&keys, b"session");
//! let code = pending.accept("https://partner.example/callback?code=a&state=b");
//! # }
//! ```
//!
//! And it does not open without a record of what was opened:
//!
//! ```compile_fail,E0061
//! # use remote_auth::{Client, PendingAuthorization, authorization::SealingKeys};
//! # async fn f(client: Client, cookie: String, keys: SealingKeys) {
//! let pending = PendingAuthorization::open(&client, &cookie, b"session", &keys).await;
//! # }
//! ```

mod callback;
mod keys;
mod sealed;
mod used;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use remote_oauth_client::Secret;
use secrecy::ExposeSecret;
use url::Url;

use crate::clock::Clock;
use crate::environment::Environment;
use crate::error::{Error, Mismatched, Misuse, Step};
use crate::pkce::CodeVerifier;
use crate::random;
use crate::scope::{ConsentScope, WideConsentScope};
use crate::secret::ClientId;
use crate::token::Moment;

pub use keys::{SealingKey, SealingKeys};
pub use sealed::{CLOCKS_APART_MAX, SEALED_LEN_MAX, SealedAuthorization};
pub use used::{Claim, ClaimFailed, ClaimFuture, Opening, UsedInMemory, UsedRecord};

/// How long a callback is waited for: half an hour, in which an admin can find a password.
pub const PENDING_LIFE: Duration = Duration::from_secs(30 * 60);

/// How long an authorization code lives, counted from its callback: five minutes.
// Requirement: remote.code.five-minutes
pub const CODE_LIFE: Duration = Duration::from_secs(5 * 60);

/// A request for a company's consent, being put together.
///
/// # Wire
///
/// ```text
/// GET /auth/oauth2/authorize?response_type=code&client_id=…&redirect_uri=…&state=…&scope=…
///     &code_challenge=…&code_challenge_method=S256
/// ```
///
/// # Spec
///
/// <https://www.rfc-editor.org/rfc/rfc6749#section-4.1.1>
#[derive(Debug)]
#[must_use = "a request does nothing until `begin`"]
pub struct AuthorizationRequest {
    pub(crate) environment: Environment,
    pub(crate) client_id: ClientId,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) redirect_uri: String,
    pub(crate) scope: Option<String>,
    pub(crate) pkce: bool,
}

impl AuthorizationRequest {
    /// Asks for a scope in the documented style.
    pub fn scope(mut self, scope: ConsentScope) -> Self {
        self.scope = Some(scope.to_string());
        self
    }

    /// Asks for a scope in any style.
    pub fn wide_scope(mut self, scope: &WideConsentScope) -> Self {
        self.scope = Some(scope.to_string());
        self
    }

    /// Makes the address to send the company's admin to, and the value that waits for the callback.
    ///
    /// State and verifier are made here, 256 independent random bits each, and live in the pending value.
    ///
    /// # Errors
    ///
    /// [`Error::Misuse`] if the redirection URI is not absolute, has a fragment, would carry the code in clear over a
    /// network, or has a parameter that the callback will add.
    pub fn begin(self) -> Result<(Url, PendingAuthorization), Error> {
        self.environment.provider().offers(Step::Authorization)?;
        let redirect_uri = RedirectUri::parse(&self.redirect_uri)?;
        // Requirement: rfc6749.10.10.state-entropy, rfc6749.4.1.1.state, rfc9700.2.1.csrf
        let state = Secret::from(random::text::<32>());
        // Requirement: rfc7636.4.1.new-each-time, rfc9700.2.1.1.transaction-specific
        let verifier = self.pkce.then(CodeVerifier::new);
        let mut url = self.environment.authorization_endpoint();
        {
            let mut query = url.query_pairs_mut();
            query
                // Requirement: remote.authorize.response-type, rfc6749.3.1.no-repeats
                // Requirement: rfc6749.4.1.1.response-type, rfc9700.2.1.2.no-implicit
                .append_pair("response_type", "code")
                // Requirement: remote.authorize.parameters, rfc6749.4.1.1.client-id
                .append_pair("client_id", self.client_id.as_str());
            query.append_pair("redirect_uri", &redirect_uri.text);
            #[expect(
                clippy::disallowed_methods,
                reason = "the state travels in the address, which goes to the admin"
            )]
            query.append_pair("state", state.expose_secret());
            if let Some(scope) = &self.scope {
                query.append_pair("scope", scope);
            }
            if let Some(verifier) = &verifier {
                // Requirement: rfc7636.4.3.challenge-sent
                query.append_pair("code_challenge", &verifier.challenge());
                // Requirement: rfc7636.7.2.no-downgrade
                query.append_pair("code_challenge_method", "S256");
            }
        }
        let now = Moment::now(&*self.clock);
        let ends = Moment {
            wall: now.wall.checked_add(PENDING_LIFE).unwrap_or(now.wall),
            elapsed: now.elapsed.saturating_add(PENDING_LIFE),
        };
        let Self {
            environment,
            client_id,
            clock,
            ..
        } = self;
        Ok((
            url,
            PendingAuthorization {
                environment,
                client_id,
                clock,
                redirect_uri,
                state,
                verifier,
                ends,
            },
        ))
    }
}

/// A redirection URI in the very characters that are registered and sent.
#[derive(Clone, Debug)]
struct RedirectUri {
    text: String,
    url: Url,
}

impl RedirectUri {
    /// Accepts https, http to loopback, and the private schemes of native applications.
    ///
    /// <https://www.rfc-editor.org/rfc/rfc6749#section-3.1.2>, <https://www.rfc-editor.org/rfc/rfc8252#section-7>
    fn parse(text: &str) -> Result<Self, Error> {
        // Requirement: rfc6749.3.1.2.absolute
        let url = Url::parse(text).map_err(|_| Error::from(Misuse::RedirectUri))?;
        // Requirement: rfc6749.3.1.2.1.tls
        let in_clear = url.scheme() == "http" && {
            let mut origin = url.clone();
            origin.set_query(None);
            remote_oauth_client::transport::require_secure(&origin).is_err()
        };
        let runs_code = matches!(url.scheme(), "javascript" | "data" | "file" | "blob");
        // Requirement: rfc6749.3.1.2.no-fragment
        // A callback would carry it twice, and could not be accepted.
        let claimed = url.query_pairs().any(|(name, _)| callback::defines(&name));
        if url.fragment().is_some() || in_clear || runs_code || claimed {
            return Err(Misuse::RedirectUri.into());
        }
        Ok(Self {
            text: text.to_owned(),
            url,
        })
    }
}

/// An authorization request that was made, waiting for its callback.
///
/// # Secrets
///
/// Holds the state and the code verifier; `Debug` shows neither.
pub struct PendingAuthorization {
    environment: Environment,
    client_id: ClientId,
    clock: Arc<dyn Clock>,
    redirect_uri: RedirectUri,
    state: Secret,
    verifier: Option<CodeVerifier>,
    /// The last moment at which a callback is accepted. The earlier clock decides.
    ends: Moment,
}

impl PendingAuthorization {
    /// Judges the callback: the whole address at which the browser arrived, or its path and query.
    ///
    /// In this order: the redirection URI, parameters that stand twice, the state in constant time, the issuer,
    /// an error of the server, the code.
    /// Parameters that OAuth does not know are ignored.
    ///
    /// # Errors
    ///
    /// [`Error::Mismatched`] if it is not the answer to this request or comes after [`PENDING_LIFE`],
    /// [`Error::Refused`] if the admin or the server said no, and [`Error::Deviated`] if it carries no usable code.
    ///
    /// # Spec
    ///
    /// <https://www.rfc-editor.org/rfc/rfc6749#section-4.1.2>, <https://www.rfc-editor.org/rfc/rfc9207#section-2.4>
    // Requirement: rfc9700.2.1.state-once
    pub fn accept(self, callback: impl AsRef<str>) -> Result<AcceptedCode, Error> {
        let now = Moment::now(&*self.clock);
        if now.wall > self.ends.wall || now.elapsed > self.ends.elapsed {
            return Err(Mismatched::Expired.into());
        }
        let code = callback::judge(
            callback.as_ref(),
            &callback::Expected {
                redirect_uri: &self.redirect_uri.url,
                state: &self.state,
                issuer: &self.environment.issuer(),
                issuer_required: self.environment.requires_issuer(),
            },
        )?;
        Ok(AcceptedCode {
            environment: self.environment,
            client_id: self.client_id,
            redirect_uri: self.redirect_uri.text,
            code,
            verifier: self.verifier,
            accepted: now,
        })
    }
}

/// Returns how much time passed by whichever clock saw more of it.
fn passed(since: Moment, now: Moment) -> Duration {
    let by_wall = now.wall.duration_since(since.wall).unwrap_or_default();
    now.elapsed.saturating_sub(since.elapsed).max(by_wall)
}

// Requirement: rfc7636.7.1.verifier-secret
impl fmt::Debug for PendingAuthorization {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PendingAuthorization")
            .field("environment", &self.environment.name())
            .field("redirect_uri", &self.redirect_uri.text)
            .finish_non_exhaustive()
    }
}

/// An authorization code from an accepted callback, good for one redemption by
/// [`Client::redeem`](crate::Client::redeem).
///
/// # Secrets
///
/// Holds the code and the code verifier; `Debug` shows neither.
pub struct AcceptedCode {
    pub(crate) environment: Environment,
    pub(crate) client_id: ClientId,
    pub(crate) redirect_uri: String,
    pub(crate) code: Secret,
    pub(crate) verifier: Option<CodeVerifier>,
    accepted: Moment,
}

impl AcceptedCode {
    /// Refuses a code that the server would refuse, without spending a request on it.
    // Requirement: remote.skill.mistake-late-code
    pub(crate) fn check_age(&self, now: Moment) -> Result<(), Error> {
        if passed(self.accepted, now) >= CODE_LIFE {
            Err(Misuse::StaleCode.into())
        } else {
            Ok(())
        }
    }
}

// Requirement: rfc6749.10.5.code-confidential
impl fmt::Debug for AcceptedCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AcceptedCode")
            .field("environment", &self.environment.name())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_support::ManualClock;

    fn request(clock: &Arc<ManualClock>, redirect_uri: &str) -> AuthorizationRequest {
        AuthorizationRequest {
            environment: Environment::Sandbox,
            client_id: ClientId::parse("client").expect("an id"),
            clock: Arc::clone(clock) as Arc<dyn Clock>,
            redirect_uri: redirect_uri.to_owned(),
            scope: None,
            pkce: true,
        }
    }

    fn parameter(url: &Url, name: &str) -> Option<String> {
        url.query_pairs()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.into_owned())
    }

    // Requirement: remote.authorize.parameters, remote.authorize.response-type
    // Requirement: remote.authorize.url-scope-verbatim, rfc6749.10.10.state-entropy
    // Requirement: rfc6749.3.1.no-repeats, rfc6749.4.1.1.client-id, rfc6749.4.1.1.response-type
    // Requirement: rfc6749.4.1.1.state, rfc7636.4.2.s256, rfc7636.4.3.challenge-sent
    // Requirement: rfc7636.7.1.verifier-secret, rfc7636.7.2.no-downgrade, rfc8252.6.pkce
    // Requirement: rfc9700.2.1.1.pkce, rfc9700.2.1.2.no-implicit
    #[test]
    fn the_address_carries_what_the_rfcs_name_and_nothing_secret() {
        let clock = ManualClock::shared();
        let scoped =
            request(&clock, "https://p.example/cb?keep=1").scope(ConsentScope::COMPANY_MANAGE);
        let (url, _) = scoped.begin().expect("begun");
        let names: Vec<_> = url.query_pairs().map(|(key, _)| key.into_owned()).collect();
        let expected = [
            "response_type",
            "client_id",
            "redirect_uri",
            "state",
            "scope",
            "code_challenge",
            "code_challenge_method",
        ];
        assert_eq!(names, expected);
        assert_eq!(
            parameter(&url, "redirect_uri").as_deref(),
            Some("https://p.example/cb?keep=1")
        );
        assert_eq!(
            parameter(&url, "scope").as_deref(),
            Some("https://gateway.remote.com/company.manage")
        );
        assert_eq!(
            parameter(&url, "code_challenge_method").as_deref(),
            Some("S256")
        );
        assert_eq!(parameter(&url, "state").expect("a state").len(), 43);
    }

    #[test]
    fn the_state_is_not_the_verifier() {
        let (_, pending) = request(&ManualClock::shared(), "https://p.example/cb")
            .begin()
            .expect("begun");
        let verifier = pending.verifier.expect("a verifier");
        assert!(!verifier.wire().same_as(&pending.state));
    }

    // Requirement: rfc6749.10.10.state-entropy, rfc6749.4.1.1.state, rfc7636.4.1.new-each-time
    // Requirement: rfc9700.2.1.1.transaction-specific
    #[test]
    fn state_and_challenge_are_new_each_time() {
        let clock = ManualClock::shared();
        let begin = || {
            request(&clock, "https://p.example/cb")
                .begin()
                .expect("begun")
                .0
        };
        let (one, other) = (begin(), begin());
        for name in ["state", "code_challenge"] {
            assert_ne!(parameter(&one, name), parameter(&other, name), "{name}");
        }
    }

    // Requirement: rfc6749.3.1.2.1.tls, rfc6749.3.1.2.absolute, rfc6749.3.1.2.no-fragment
    #[test]
    fn a_redirection_uri_must_not_leak_the_code() {
        let clock = ManualClock::shared();
        for (uri, good) in [
            ("https://p.example/cb", true),
            ("http://127.0.0.1:8787/callback", true),
            ("http://[::1]:1/cb?x=y", true),
            ("com.example.app:/cb", true),
            ("http://p.example/cb", false),
            ("https://p.example/cb#f", false),
            ("https://p.example/cb?State=kept", true),
            ("https://p.example/cb?state=kept", false),
            ("https://p.example/cb?a=b&%63ode=", false),
            ("/cb", false),
            ("javascript:alert(1)", false),
            ("", false),
        ] {
            assert_eq!(request(&clock, uri).begin().is_ok(), good, "{uri}");
        }
    }

    // Requirement: remote.code.five-minutes, remote.skill.mistake-late-code
    #[test]
    fn a_callback_and_a_code_each_have_their_time() {
        let clock = ManualClock::shared();
        let answered = |wait: Duration| {
            let (url, pending) = request(&clock, "https://p.example/cb")
                .begin()
                .expect("begun");
            let state = parameter(&url, "state").expect("a state");
            clock.advance(wait);
            pending.accept(format!("https://p.example/cb?code=c&state={state}"))
        };
        let [five_minutes, half_an_hour] = [5, 30].map(|minutes| Duration::from_secs(60 * minutes));
        let code = answered(half_an_hour).expect("in time");
        assert_eq!(
            answered(half_an_hour + Duration::from_secs(1))
                .expect_err("late")
                .code(),
            "mismatched.expired"
        );
        let at = |life: Duration| Moment {
            elapsed: code.accepted.elapsed + life,
            ..code.accepted
        };
        code.check_age(at(five_minutes - Duration::from_secs(1)))
            .expect("fresh");
        assert_eq!(
            code.check_age(at(five_minutes)).expect_err("stale").code(),
            "misuse.stale_code"
        );
    }
}
