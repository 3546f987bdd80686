//! Who asks for tokens, and where every flow starts.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use remote_oauth_client::types::TokenRequest;
use remote_oauth_client::{BasicEncoding, transport};

use crate::assertion::{self, Subject};
use crate::authorization::{AcceptedCode, AuthorizationRequest};
use crate::clock::{Clock, SystemClock};
use crate::credentials::{
    ClientSecrets, Key, Keyring, LiveSecret, Mold, SecretSource, in_doubt, more_telling,
};
use crate::danger::{self, Weakening};
use crate::environment::Environment;
use crate::error::{Error, Misuse, Step, WrongEnvironment};
use crate::grant::{
    CompanyGrant, TokenSet, authorization_code, client_credentials, jwt_bearer, refresh_token,
};
use crate::platform::Platform;
use crate::provider::{Exchanged, Proof, Provider};
use crate::scope::AssertionScope;
use crate::secret::{ClientId, RefreshToken};
use crate::skew::{ClockSkew, Learned};
use crate::source::breaker::Breaker;
use crate::source::{CachedTokenSource, TokenSource, mint};
use crate::token::{Moment, Principal, Token};

/// A client in the sense of OAuth: an identifier and a secret at one environment. Cheap to clone.
///
/// Everything made from it shares one HTTP client.
///
/// ```
/// use remote_auth::{Client, Environment};
/// let client = Client::builder(Environment::Sandbox).credentials("my-client-id", "my-secret").build()?;
/// assert!(!format!("{client:?}").contains("my-secret"));
/// # Ok::<(), remote_auth::Error>(())
/// ```
///
/// # Spec
///
/// <https://www.rfc-editor.org/rfc/rfc6749#section-2>
#[derive(Clone)]
pub struct Client(Arc<Inner>);

struct Inner {
    environment: Environment,
    keys: Keyring,
    http: reqwest::Client,
    clock: Arc<dyn Clock>,
    skew: Learned,
    /// Opens for every source at once: the client itself is refused.
    breaker: Arc<Breaker>,
    given: danger::Given,
}

impl Client {
    /// Starts to put a client together.
    // Requirement: remote.skill.rule-sandbox-first
    pub fn builder(environment: Environment) -> ClientBuilder {
        ClientBuilder {
            encoding: environment.basic_encoding(),
            environment,
            credentials: None,
            secret_source: None,
            authenticate_assertions: false,
            timeouts: transport::Timeouts::default(),
            clock: None,
            given: danger::Given::default(),
        }
    }

    /// Returns the environment.
    pub fn environment(&self) -> &Environment {
        &self.0.environment
    }

    /// Returns the client identifier.
    pub fn client_id(&self) -> &ClientId {
        self.0.keys.client_id()
    }

    /// Takes other secrets, for a program that is told of a rotation.
    ///
    /// Requests that are on their way are not touched; tokens and sources stay as they are.
    ///
    /// # Errors
    ///
    /// [`Misuse::ClientSecret`] for a secret that cannot be sent, and then nothing is replaced.
    pub fn replace_secrets(&self, secrets: impl Into<ClientSecrets>) -> Result<(), Error> {
        self.0.keys.replace(secrets.into())
    }

    /// Returns which secret the server accepted last; `None` before it has accepted one of those at hand.
    ///
    /// When this has been [`LiveSecret::Current`] everywhere for a while, the previous secret can be revoked.
    pub fn proven_secret(&self) -> Option<LiveSecret> {
        self.0.keys.proven()
    }

    /// Returns by how much this machine's clock differs from the token endpoint's, as the last answer told.
    ///
    /// Assertions are dated by the server's clock where the difference is known; the life of a token never is.
    /// `None` if no answer has told, if there is no difference worth the name, or if the clock was set since.
    pub fn clock_skew(&self) -> Option<ClockSkew> {
        self.0.skew.known(self.now())
    }

    /// Returns the HTTP client that token requests go through, for requests to the API of the same environment.
    ///
    /// It follows no redirect; see [`remote_oauth_client::transport::http_client`].
    pub fn http(&self) -> &reqwest::Client {
        &self.0.http
    }

    /// Makes a source of the partner's own token.
    ///
    /// # Spec
    ///
    /// <https://www.rfc-editor.org/rfc/rfc6749#section-4.4>
    // Requirement: remote.flow.client-credentials
    pub fn client_credentials(&self) -> CachedTokenSource {
        CachedTokenSource::new(self, mint::ClientCredentials(self.clone()), None)
    }

    /// Starts to ask a company for its consent, with one of the redirection URIs registered for this client.
    // Requirement: remote.flow.authorization-code
    pub fn authorization(&self, redirect_uri: impl Into<String>) -> AuthorizationRequest {
        AuthorizationRequest {
            environment: self.0.environment.clone(),
            client_id: self.client_id().clone(),
            clock: Arc::clone(&self.0.clock),
            redirect_uri: redirect_uri.into(),
            scope: None,
            // Requirement: rfc8252.6.pkce, rfc9700.2.1.1.pkce
            pkce: !self.0.given.no_pkce,
        }
    }

    /// Redeems an authorization code for a company's grant.
    ///
    /// The request is sent once: a code is spent by the first, whatever comes back.
    /// During a rotation that means a refusal when the secret that goes first is not the one that the server knows;
    /// the next redemption begins with the other.
    ///
    /// # Cancel safety
    ///
    /// Not safe: a future that is dropped after the request left has spent the code.
    ///
    /// # Errors
    ///
    /// [`Misuse::StaleCode`] if the code is older than five minutes, [`Error::Environment`] if it was issued to
    /// another client or environment, and whatever the server answers.
    // Requirement: remote.code.single-use, rfc6749.4.1.2.code-single-use
    pub async fn redeem(&self, code: AcceptedCode) -> Result<CompanyGrant, Error> {
        // Requirement: rfc9700.2.1.mix-up
        if code.environment != self.0.environment || code.client_id != *self.client_id() {
            return Err(WrongEnvironment::Grant.into());
        }
        code.check_age(self.now())?;
        let verifier = code.verifier.map(crate::pkce::CodeVerifier::into_wire);
        let request = authorization_code::request(code.code, code.redirect_uri, verifier);
        let step = Step::AuthorizationCode;
        let request = |_: &Key, _| Ok(request.clone());
        let set = self.exchange(step, Principal::Company, request).await?;
        Ok(self.granted(set))
    }

    /// Makes a grant of what an exchange or the platform gave to this client.
    // Requirement: remote.refresh.two-sources
    pub(crate) fn granted(&self, set: TokenSet) -> CompanyGrant {
        CompanyGrant::redeemed(self.0.environment.clone(), self.client_id().clone(), set)
    }

    /// Makes a source of a company's token, which refreshes itself.
    ///
    /// A grant of another client or environment gives a source whose every token is
    /// [`WrongEnvironment::Grant`](crate::error::WrongEnvironment::Grant).
    pub fn company(&self, grant: CompanyGrant) -> CachedTokenSource {
        // Requirement: rfc6749.10.4.issuer-only
        let ours = grant.environment == self.0.environment && grant.client_id == *self.client_id();
        if ours {
            let granted = grant.token.as_ref().and_then(Token::granted_scope).cloned();
            let mint = mint::Refresh::new(self.clone(), grant.refresh_token, granted, grant.reader);
            CachedTokenSource::new(self, mint, grant.token)
        } else {
            CachedTokenSource::new(self, mint::ForeignGrant, None)
        }
    }

    /// Speaks to the API with a source's tokens, through this client's HTTP client.
    pub fn platform(&self, source: impl TokenSource) -> Platform {
        Platform::over(self.0.http.clone(), self.clone(), source)
    }

    /// Starts a source of one user's token.
    ///
    /// The scope is not optional: an assertion without one would grant everything that the user may do.
    ///
    /// # Spec
    ///
    /// <https://www.rfc-editor.org/rfc/rfc7523#section-2.1>
    // Requirement: remote.flow.assertion
    pub fn assertion(&self, subject: Subject) -> AssertionRequest {
        AssertionRequest {
            client: self.clone(),
            subject,
        }
    }

    pub(crate) fn clock(&self) -> Arc<dyn Clock> {
        Arc::clone(&self.0.clock)
    }

    pub(crate) fn breaker(&self) -> Arc<Breaker> {
        Arc::clone(&self.0.breaker)
    }

    pub(crate) fn now(&self) -> Moment {
        Moment::now(&*self.0.clock)
    }

    /// Makes a request, and makes it once more with another secret where a refusal casts doubt on the first and
    /// nothing is spent twice; see [`crate::credentials`].
    async fn exchange(
        &self,
        step: Step,
        principal: Principal,
        request: impl Fn(&Key, Moment) -> Result<TokenRequest, Error>,
    ) -> Result<TokenSet, Error> {
        let keys = &self.0.keys;
        let first = keys.first();
        let refusal = match self.attempt(&first, step, principal, &request).await {
            Err(error) if in_doubt(step, &error) => error,
            decided => return decided,
        };
        let Some(other) = keys.besides(&first).await else {
            return Err(refusal);
        };
        if step == Step::AuthorizationCode {
            keys.prefer(&other);
            return Err(refusal);
        }
        tracing::debug!(code = refusal.code(), "trying another client secret");
        let again = self.attempt(&other, step, principal, &request).await;
        again.map_err(|error| more_telling(step, refusal, error))
    }

    /// Makes a request once, with one secret.
    async fn attempt(
        &self,
        key: &Arc<Key>,
        step: Step,
        principal: Principal,
        request: &impl Fn(&Key, Moment) -> Result<TokenRequest, Error>,
    ) -> Result<TokenSet, Error> {
        let Inner {
            http, environment, ..
        } = &*self.0;
        let sent = self.now();
        let request = request(key, sent)?;
        let gateway = environment.gateway().as_str();
        let Exchanged { judged, date } = key
            .dialect
            .exchange(http, gateway, step, &request, sent)
            .await;
        if let (Some(date), Ok(_) | Err(Error::Refused(_))) = (date, &judged) {
            self.0.skew.learn(date, sent, self.now());
        }
        match judged {
            Ok(answer) => {
                self.0.keys.accepted(key);
                let mut set = answer.into_set(environment, principal, sent);
                set.token = set.token.for_any_operation(self.0.given.any_principal);
                Ok(set)
            }
            Err(Error::Refused(refused)) => Err(refused.by_a_clock(self.clock_skew()).into()),
            Err(error) => Err(error),
        }
    }

    pub(crate) async fn request_for_itself(&self) -> Result<TokenSet, Error> {
        // Requirement: remote.client-credentials.acts-as-partner
        let request = |_: &Key, _| Ok(client_credentials::request());
        self.exchange(Step::ClientCredentials, Principal::Partner, request)
            .await
    }

    pub(crate) async fn refresh(&self, token: &RefreshToken) -> Result<TokenSet, Error> {
        let request = |_: &Key, _| Ok(refresh_token::request(token));
        self.exchange(Step::RefreshToken, Principal::Company, request)
            .await
    }

    pub(crate) async fn assert(
        &self,
        subject: &Subject,
        scope: &AssertionScope,
    ) -> Result<TokenSet, Error> {
        let request = |key: &Key, sent| {
            let signer = key.signer.as_ref().map_err(Clone::clone)?;
            let (client_id, environment) = (self.client_id(), self.environment());
            // The server judges the dates by its own clock.
            let now = self.0.skew.server_time(sent);
            // Requirement: remote.assertion.remint, remote.skill.mistake-exp-drift
            // Requirement: rfc7523.3.minted-each-time
            let assertion = assertion::mint(signer, client_id, environment, subject, scope, now)?;
            Ok(jwt_bearer::request(assertion))
        };
        self.exchange(Step::JwtBearer, subject.principal(), request)
            .await
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("environment", &self.0.environment.name())
            .field("gateway", self.0.environment.gateway())
            .field("client_id", self.client_id())
            .finish_non_exhaustive()
    }
}

/// A source of one user's token that still lacks its scope.
#[derive(Clone, Debug)]
#[must_use = "a source is made by `scope`"]
pub struct AssertionRequest {
    client: Client,
    subject: Subject,
}

impl AssertionRequest {
    /// Names the scope, and makes the source.
    ///
    /// Each token is asked for with an assertion that was minted for that one request.
    pub fn scope(self, scope: AssertionScope) -> CachedTokenSource {
        let Self { client, subject } = self;
        CachedTokenSource::new(
            &client.clone(),
            mint::Assertion {
                client,
                subject,
                scope,
            },
            None,
        )
    }
}

/// Puts a [`Client`] together.
#[must_use = "a builder does nothing until `build`"]
pub struct ClientBuilder {
    environment: Environment,
    credentials: Option<(String, ClientSecrets)>,
    secret_source: Option<Box<dyn SecretSource>>,
    encoding: BasicEncoding,
    authenticate_assertions: bool,
    timeouts: transport::Timeouts,
    clock: Option<Arc<dyn Clock>>,
    given: danger::Given,
}

impl ClientBuilder {
    /// Gives the identifier and the secret that Remote issued, or two secrets during a rotation.
    pub fn credentials(
        mut self,
        client_id: impl Into<String>,
        secrets: impl Into<ClientSecrets>,
    ) -> Self {
        self.credentials = Some((client_id.into(), secrets.into()));
        self
    }

    /// Says where secrets are loaded again when the server refuses those at hand.
    ///
    /// The first ones come from [`ClientBuilder::credentials`] all the same.
    pub fn secret_source(mut self, source: impl SecretSource) -> Self {
        self.secret_source = Some(Box::new(source));
        self
    }

    /// Says how credentials are written into HTTP Basic.
    ///
    /// The default follows the environment: as they are for Remote's, form-encoded by the RFC for custom ones.
    pub fn basic_encoding(mut self, encoding: BasicEncoding) -> Self {
        self.encoding = encoding;
        self
    }

    /// Sends HTTP Basic with assertions too.
    ///
    /// Remote's guides say that an assertion authenticates the client by itself, which is the default here;
    /// Remote's own code sends both.
    pub fn authenticate_assertions(mut self, yes: bool) -> Self {
        self.authenticate_assertions = yes;
        self
    }

    /// Bounds each exchange, from the start to the last byte. Default 30 s, of which 10 s to connect.
    pub fn timeout(mut self, total: Duration) -> Self {
        self.timeouts = transport::Timeouts::within(total);
        self
    }

    /// Tells the time by another clock than the operating system's.
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = Some(clock);
        self
    }

    /// Gives up a protection. Read what is lost at [`Weakening`].
    pub fn weaken(mut self, weakening: Weakening) -> Self {
        self.given.up(weakening);
        self
    }

    /// Makes the client. Nothing is sent and no trust root is loaded.
    ///
    /// # Errors
    ///
    /// [`Error::Misuse`] if credentials are missing or cannot be sent.
    pub fn build(self) -> Result<Client, Error> {
        let (client_id, secrets) = self
            .credentials
            // Requirement: rfc6749.4.4.confidential-only
            .ok_or_else(|| Error::from(Misuse::NoCredentials))?;
        let client_id = ClientId::parse(client_id)?;
        let provider = self.environment.provider();
        // https://www.rfc-editor.org/rfc/rfc7617#section-2 has no way to write it.
        let raw = provider == Provider::Remote && self.encoding == BasicEncoding::Raw;
        if raw && client_id.as_str().contains(':') {
            return Err(Misuse::ClientIdColon.into());
        }
        let proof = Proof {
            encoding: self.encoding,
            with_assertions: self.authenticate_assertions,
        };
        let mold = Mold {
            provider,
            client_id,
            proof,
            short_assertion_key: self.given.short_assertion_key,
        };
        let keys = Keyring::new(mold, secrets, self.secret_source)?;
        let http = transport::http_client(self.environment.gateway().base(), &self.timeouts)
            .map_err(|_| Error::from(Misuse::Transport))?;
        Ok(Client(Arc::new(Inner {
            keys,
            environment: self.environment,
            http,
            clock: self.clock.unwrap_or_else(|| Arc::new(SystemClock::new())),
            skew: Learned::default(),
            breaker: Arc::default(),
            given: self.given,
        })))
    }
}

impl fmt::Debug for ClientBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientBuilder")
            .field("environment", &self.environment.name())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // Requirement: rfc6749.4.4.confidential-only
    #[test]
    fn credentials_that_cannot_be_sent_are_refused_before_anything_is() {
        let cases = [
            (Some(("id", "secret")), None),
            (Some(("id", "a:b+c%d#e ~")), None),
            (Some(("i:d", "secret")), Some("misuse.client_id_colon")),
            (Some(("", "secret")), Some("misuse.client_id")),
            (Some(("id\n", "secret")), Some("misuse.client_id")),
            (Some(("id", "")), Some("misuse.client_secret")),
            (Some(("id", "secret\n")), Some("misuse.client_secret")),
            (Some(("id", "sécret")), Some("misuse.client_secret")),
            (None, Some("misuse.no_credentials")),
        ];
        for (credentials, code) in cases {
            let builder = Client::builder(Environment::Sandbox);
            let builder = match credentials {
                Some((id, secret)) => builder.credentials(id, secret),
                None => builder,
            };
            assert_eq!(
                builder.build().err().map(|error| error.code()),
                code,
                "{credentials:?}"
            );
        }
    }
}
