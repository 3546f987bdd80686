//! The handle of a running sandbox, and the builder that starts one.

use std::{
    fmt, io,
    net::{IpAddr, Ipv4Addr},
    sync::{Arc, Mutex},
    time::Duration,
};

use remote_oauth_client::Secret;
use tokio::net::TcpListener;

use crate::{
    admin::{self, Admin, Office},
    clock::{Clock, ManualClock},
    danger::Rules,
    delivery::{self, Delivery},
    directory::Ending,
    entropy::Entropy,
    fixture::Fixture,
    gateway::Gateway,
    http::{self, Door},
    ledger::{Entry, Ledger},
    refresh::RefreshTokens,
    registration::Registration,
    rule::Rule,
    script::{Faults, Match, Pending, Script},
    server::{self, Running},
    state::{Digest, State},
    world::{World, lock},
};

/// The client id of the demo client; it is no secret.
const DEMO_CLIENT_ID: &str = "remoteauthsandboxdemo01";

/// What the demo client may name as redirection URI unless it is told otherwise.
const DEMO_REDIRECT_URIS: [&str; 3] = [
    "http://127.0.0.1/callback",
    "http://[::1]/callback",
    "https://client.example/callback",
];

/// Runs the embedded sandbox: three gateways on loopback ports of their own, with one state.
///
/// It ends when the handle is dropped; [`shutdown`](Self::shutdown) also waits for the end.
/// It is for tests and for trying things out, and not for production.
///
/// # Secrets
///
/// The client secret, the customer API tokens and the key of the admin API are invented at every
/// start and kept redacted.
///
/// # Example
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> std::io::Result<()> {
/// use remote_auth_sandbox::{Gateway, Sandbox};
///
/// let sandbox = Sandbox::builder().auto_approve(true).start().await?;
/// let token_endpoint = format!("{}/auth/oauth2/token", sandbox.gateway_url(Gateway::Sandbox));
/// assert!(token_endpoint.starts_with("http://127.0.0.1:"));
/// assert_eq!(sandbox.ledger(), []);
/// sandbox.shutdown().await;
/// # Ok(())
/// # }
/// ```
pub struct Sandbox {
    world: Arc<World>,
    customer_tokens: [Secret; 3],
    admin: Admin,
    running: Running,
}

impl Sandbox {
    /// Returns a builder with the defaults: any ports, consent by page, the real clock, random
    /// values.
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// Starts a sandbox with the defaults.
    ///
    /// # Errors
    ///
    /// Fails when the system gives no loopback port.
    pub async fn start() -> io::Result<Self> {
        Self::builder().start().await
    }

    /// Returns the base address of a gateway without a trailing slash, such as
    /// `http://127.0.0.1:4000`.
    pub fn gateway_url(&self, gateway: Gateway) -> &str {
        self.world.gateway_url(gateway)
    }

    /// Returns what an assertion for this gateway names as its audience: the base address with
    /// `/auth`.
    pub fn audience(&self, gateway: Gateway) -> String {
        self.world.audience(gateway)
    }

    /// Returns the client id of the demo client, which every gateway knows.
    pub fn client_id(&self) -> &str {
        &self.demo().client_id
    }

    /// Returns the client secret that the demo client began with; see
    /// [`rotate_client_secret`](Self::rotate_client_secret).
    pub fn client_secret(&self) -> &Secret {
        &self.demo().client_secret
    }

    /// Returns the redirection URIs that the demo client may name.
    pub fn redirect_uris(&self) -> &[String] {
        &self.demo().redirect_uris
    }

    /// Returns the customer API token that works on this gateway and on no other.
    pub fn customer_api_token(&self, gateway: Gateway) -> &Secret {
        &self.customer_tokens[gateway.index()]
    }

    /// Returns the base address of the admin API without a trailing slash.
    pub fn admin_url(&self) -> &str {
        &self.admin.url
    }

    /// Returns the key of the admin API, which is random even under a seed.
    pub fn admin_key(&self) -> &Secret {
        &self.admin.key
    }

    /// Returns the companies and people that exist.
    pub fn fixture(&self) -> &Fixture {
        &self.world.fixture
    }

    /// Returns the latest requests, oldest first, each with the rule that decided it.
    ///
    /// # Units and limits
    ///
    /// It keeps 4096 entries.
    pub fn ledger(&self) -> Vec<Entry> {
        lock(&self.world.ledger).entries()
    }

    /// Scripts a fault for the next request to any gateway.
    pub fn next_request(&self) -> Script<'_> {
        self.on(Match::any())
    }

    /// Scripts a fault for each of the next `times` requests to any gateway.
    pub fn next_requests(&self, times: u32) -> Script<'_> {
        self.next_request().times(times)
    }

    /// Scripts a fault for the next request to the token endpoint of any gateway.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// # let sandbox = remote_auth_sandbox::Sandbox::start().await?;
    /// sandbox.next_token_request().refuse(400, "invalid_grant");
    /// sandbox.next_token_request().times(3).drop_after_commit();
    /// assert_eq!(sandbox.pending_faults().len(), 2);
    /// # Ok(())
    /// # }
    /// ```
    pub fn next_token_request(&self) -> Script<'_> {
        self.on(Match::token_request())
    }

    /// Scripts a fault for the next request that fits.
    pub fn on(&self, matching: Match) -> Script<'_> {
        Script::new(&self.world, matching)
    }

    /// Returns the scripted faults that no request has used up yet, in the order of their turn.
    pub fn pending_faults(&self) -> Vec<Pending> {
        lock(&self.world.faults).pending()
    }

    /// Forgets the scripted faults that no request has used up yet.
    pub fn clear_faults(&self) {
        lock(&self.world.faults).clear();
    }

    /// Lets a company leave its partner, and tells every webhook callback that asked to be told.
    ///
    /// What the client has of the company ends: access tokens are answered with 401, refresh tokens
    /// and assertions with `invalid_grant`.
    /// A new consent of the company brings it back.
    /// The event is `company.partner_offboarded`; the results are returned when every delivery has
    /// ended.
    ///
    /// # Errors
    ///
    /// Fails with [`io::ErrorKind::NotFound`] when no client manages a company of this id.
    ///
    /// # Units and limits
    ///
    /// Each delivery takes at most five seconds, and all are made at once.
    pub async fn offboard(&self, company_id: &str) -> io::Result<Vec<Delivery>> {
        let parcels = self.world.end_company(company_id, Ending::Offboarded)?;
        Ok(delivery::deliver(parcels).await)
    }

    /// Closes a company for good, as [`offboard`](Self::offboard) with the event
    /// `company.archived`.
    ///
    /// Its customer API tokens end too, and nobody is left who could consent.
    ///
    /// # Errors
    ///
    /// Fails with [`io::ErrorKind::NotFound`] when no client manages a company of this id.
    pub async fn archive(&self, company_id: &str) -> io::Result<Vec<Delivery>> {
        let parcels = self.world.end_company(company_id, Ending::Archived)?;
        Ok(delivery::deliver(parcels).await)
    }

    /// Deactivates the user of an employment, as [`offboard`](Self::offboard) with the event
    /// `employment.user_status.deactivated`.
    ///
    /// Only that employee's tokens and links end, and no assertion or link is made for them again.
    ///
    /// # Errors
    ///
    /// Fails with [`io::ErrorKind::NotFound`] when no client manages an active employment of this
    /// id.
    pub async fn deactivate(&self, employment_id: &str) -> io::Result<Vec<Delivery>> {
        let parcels = self.world.deactivate(employment_id)?;
        Ok(delivery::deliver(parcels).await)
    }

    /// Gives the demo client a new secret and returns it; the one before works on for the grace, in a
    /// Basic header and under an assertion.
    ///
    /// # Units and limits
    ///
    /// The grace is judged by the sandbox's clock.
    /// Two secrets work at most: a further rotation ends the older one at once.
    pub fn rotate_client_secret(&self, grace: Duration) -> Secret {
        let rotated = self.world.rotate_secret(self.client_id(), grace);
        rotated.expect("the demo client is registered")
    }

    /// Moves the sandbox's time forward: the manual clock if it has one, and otherwise its own view
    /// of the machine's.
    pub fn advance(&self, by: Duration) {
        self.world.clock.advance(by);
    }

    /// Forgets all that happened: codes, tokens, created companies, webhook callbacks, rotated
    /// secrets, windows of requests, pending faults and the ledger.
    ///
    /// The clock stays where it is, and so do the addresses and the credentials it began with.
    pub fn reset(&self) {
        self.world.reset();
    }

    /// Stops accepting, lets requests under way be answered, and returns when every task has ended.
    ///
    /// # Units and limits
    ///
    /// Connections that do not end within five seconds are dropped.
    pub async fn shutdown(self) {
        self.running.end().await;
    }

    fn demo(&self) -> &Registration {
        &self.world.registrations[0]
    }
}

impl fmt::Debug for Sandbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sandbox")
            .field("gateway_urls", &self.world.gateway_urls)
            .field("admin_url", &self.admin.url)
            .field("client_id", &self.client_id())
            .finish_non_exhaustive()
    }
}

/// Configures and starts a [`Sandbox`].
#[derive(Debug)]
#[must_use = "a builder does nothing until it is started"]
pub struct Builder {
    rules: Rules,
    address: IpAddr,
    port: u16,
    admin_port: u16,
    auto_approve: bool,
    rate_limited: bool,
    refresh_tokens: RefreshTokens,
    require_pkce: bool,
    clock: Clock,
    seed: Option<u64>,
    credentials: Option<(String, Secret)>,
    redirect_uris: Vec<String>,
    others: Vec<Registration>,
}

impl Builder {
    /// Sets the loopback address; starting refuses any other kind.
    pub fn address(mut self, address: IpAddr) -> Self {
        self.address = address;
        self
    }

    /// Sets the port of [`Gateway::Sandbox`]; 0, the default, takes any, as the other two gateways
    /// always do.
    pub fn port(mut self, port: u16) -> Self {
        self.port = port;
        self
    }

    /// Sets the port of the admin API; 0, the default, takes any.
    pub fn admin_port(mut self, port: u16) -> Self {
        self.admin_port = port;
        self
    }

    /// Lets the authorization endpoint answer with a code at once instead of showing the consent
    /// page.
    pub fn auto_approve(mut self, auto_approve: bool) -> Self {
        self.auto_approve = auto_approve;
        self
    }

    /// Switches the refusal of requests beyond the rate limits, which is on by default; the headers
    /// stay.
    ///
    /// Off is for load tests and property tests.
    pub fn rate_limited(mut self, rate_limited: bool) -> Self {
        self.rate_limited = rate_limited;
        self
    }

    /// Sets what becomes of a refresh token that is used; by default it stays the same for ever, as
    /// Remote's do.
    pub fn refresh_tokens(mut self, refresh_tokens: RefreshTokens) -> Self {
        self.refresh_tokens = refresh_tokens;
        self
    }

    /// Refuses authorization requests without a code challenge, which Remote is not known to do.
    ///
    /// # Spec
    ///
    /// <https://www.rfc-editor.org/rfc/rfc7636#section-4.4.1>
    pub fn require_pkce(mut self, require_pkce: bool) -> Self {
        self.require_pkce = require_pkce;
        self
    }

    /// Lets the sandbox judge by a clock that the caller moves.
    pub fn manual_clock(mut self, clock: &ManualClock) -> Self {
        self.clock = Clock::Manual(clock.clone());
        self
    }

    /// Makes every invented value the same in every run, in the order of the requests.
    ///
    /// # Secrets
    ///
    /// Whoever knows the seed knows the client secret and every token.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = Some(seed);
        self
    }

    /// Sets id and secret of the demo client; by default the id is fixed and the secret invented.
    pub fn credentials(mut self, client_id: &str, client_secret: Secret) -> Self {
        self.credentials = Some((client_id.to_owned(), client_secret));
        self
    }

    /// Sets the redirection URIs of the demo client in place of the default ones, which are
    /// `http://127.0.0.1/callback`, `http://[::1]/callback` and `https://client.example/callback`.
    pub fn redirect_uris<U: Into<String>>(mut self, uris: impl IntoIterator<Item = U>) -> Self {
        self.redirect_uris = uris.into_iter().map(Into::into).collect();
        self
    }

    /// Adds a client beside the demo client.
    pub fn register(mut self, registration: Registration) -> Self {
        self.others.push(registration);
        self
    }

    /// Breaks one rule; [`danger::broken_form`](crate::danger::broken_form) says what happens
    /// instead.
    ///
    /// It is for the negative controls of a judge of servers: the sandbox that is broken in exactly
    /// one rule shows that the check of that rule can fail.
    ///
    /// # Example
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// use remote_auth_sandbox::{Rule, Sandbox};
    ///
    /// let rule = Rule::from_id("token.code.single_use").expect("a rule has this id");
    /// let sandbox = Sandbox::builder().danger_broken(rule).start().await?;
    /// # sandbox.shutdown().await;
    /// # Ok(())
    /// # }
    /// ```
    pub fn danger_broken(mut self, rule: Rule) -> Self {
        self.rules.breaking(rule);
        self
    }

    /// Binds the three gateways and the admin API, and serves until the handle is dropped.
    ///
    /// # Errors
    ///
    /// Fails with [`io::ErrorKind::InvalidInput`] when the address is not a loopback address or a
    /// registration is faulty, and with the system's error when a port is not to be had.
    pub async fn start(self) -> io::Result<Sandbox> {
        let entropy = Entropy::new(self.seed);
        let registrations =
            registrations(self.credentials, self.redirect_uris, self.others, &entropy)?;

        let mut listeners = Vec::new();
        let mut gateway_urls = [const { String::new() }; 3];
        for gateway in Gateway::ALL {
            let port = if gateway == Gateway::Sandbox {
                self.port
            } else {
                0
            };
            let listener = server::bind(self.address, port).await?;
            gateway_urls[gateway.index()] = format!("http://{}", listener.local_addr()?);
            listeners.push((gateway, listener));
        }

        let admin_listener = server::bind(self.address, self.admin_port).await?;
        let admin = Admin {
            url: format!("http://{}", admin_listener.local_addr()?),
            key: Secret::from(Entropy::new(None).long_hex()),
        };

        let customer_tokens = Gateway::ALL
            .map(|gateway| format!("{}{}", gateway.customer_token_prefix(), entropy.hex()));
        let fixture = Fixture::default();
        let state = State::new(&fixture);
        let world = Arc::new(World {
            rules: self.rules,
            clock: self.clock,
            entropy,
            fixture,
            registrations,
            gateway_urls,
            customer_tokens: customer_tokens.each_ref().map(|token| Digest::of(token)),
            auto_approve: self.auto_approve,
            rate_limited: self.rate_limited,
            refresh_tokens: self.refresh_tokens,
            require_pkce: self.require_pkce,
            state: Mutex::new(state),
            faults: Mutex::new(Faults::default()),
            ledger: Mutex::new(Ledger::default()),
        });
        let open = |(gateway, listener): (Gateway, TcpListener)| {
            let door = Door {
                world: Arc::clone(&world),
                gateway,
            };
            (listener, http::router(Arc::new(door)))
        };
        let office = Arc::new(Office {
            world: Arc::clone(&world),
            key: admin.key.clone(),
        });
        let gateways = listeners.into_iter().map(open);
        let all = gateways.chain([(admin_listener, admin::router(office))]);
        let running = Running::start(all);
        Ok(Sandbox {
            world,
            customer_tokens: customer_tokens.map(Secret::from),
            admin,
            running,
        })
    }
}

impl Default for Builder {
    fn default() -> Self {
        Self {
            rules: Rules::default(),
            address: Ipv4Addr::LOCALHOST.into(),
            port: 0,
            admin_port: 0,
            auto_approve: false,
            rate_limited: true,
            refresh_tokens: RefreshTokens::default(),
            require_pkce: false,
            clock: Clock::default(),
            seed: None,
            credentials: None,
            redirect_uris: DEMO_REDIRECT_URIS.map(str::to_owned).into(),
            others: Vec::new(),
        }
    }
}

/// Puts the demo client before the others and judges them all.
fn registrations(
    credentials: Option<(String, Secret)>,
    redirect_uris: Vec<String>,
    others: Vec<Registration>,
    entropy: &Entropy,
) -> io::Result<Vec<Registration>> {
    let (client_id, client_secret) =
        credentials.unwrap_or_else(|| (DEMO_CLIENT_ID.to_owned(), Secret::from(entropy.hex())));
    let mut demo = Registration::new(&client_id, client_secret);
    demo.redirect_uris = redirect_uris;
    let mut all = vec![demo];
    all.extend(others);

    let refused = |fault| Err(io::Error::new(io::ErrorKind::InvalidInput, fault));
    for (place, client) in all.iter().enumerate() {
        if let Some(fault) = client.fault() {
            return refused(fault);
        }
        if all[..place]
            .iter()
            .any(|other| other.client_id == client.client_id)
        {
            return refused("two clients have the same id");
        }
    }
    Ok(all)
}
