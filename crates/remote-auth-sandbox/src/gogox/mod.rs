//! The second provider: a JSON token endpoint, played on a loopback address of its own.
//!
//! Nothing is shared with the gateways of Remote but what is around the rules, such as the server,
//! the faults and the ledger: other clients, other tokens, another wire.
//!
//! # What is documented and what is inferred
//!
//! GOGOX documents the request: `POST …/oauth/token` with a JSON body of `client_id`,
//! `client_secret` and `grant_type=client_credentials`, and neither a header nor a scope.
//! Of the answer its guide uses `access_token` and `expires_in`; the whole of it, with `created_at`
//! and 7200 seconds, stands in one public client.
//! The refusals are inferred: the answer looks like the Doorkeeper library's, so its
//! `{"error","error_description"}` with 400 or 401 is played.
//! The path of the resource is one that public clients call; its body is invented.

mod http;
mod token;

use std::{
    fmt, io,
    net::{IpAddr, Ipv4Addr},
    sync::{Arc, Mutex},
    time::{Duration, SystemTime},
};

use remote_oauth_client::{Secret, gogox::endpoints::TOKEN_PATH};
use serde_json::Value;
use tokio::net::TcpListener;

use crate::{
    admin::{self, Admin, Administered},
    clock::{Clock, ManualClock, Timestamp},
    danger::Rules,
    entropy::Entropy,
    ledger::{Known, Ledger, Met, Received},
    rule::Rule,
    script::{Faults, Match, Pending, Script},
    server::{self, Running, Serve},
    state::Shelf,
    world::lock,
};

/// The client id of the demo client, in the published form; it is no secret.
const DEMO_CLIENT_ID: &str = "60606060606060606060606060606060606060606060606060606060606060aa";

const ACCESS_TOKENS_MAX: usize = 4_096;

/// Runs the token endpoint of the second provider, and one resource to use a token on.
///
/// `POST /oauth/token` takes a JSON body, and `GET /delivery/orders` a bearer token.
/// It ends when the handle is dropped; [`shutdown`](Self::shutdown) also waits for the end.
/// It is for tests and for trying things out, and not for production.
///
/// The request is as GOGOX documents it; the refusals are inferred from the library that the answer
/// points to, and the resource's body is invented.
///
/// # Secrets
///
/// The client secret and the key of the admin API are invented at every start and kept redacted;
/// tokens are kept as digests, and the requests that the ledger has are masked wherever they are
/// shown.
///
/// # Example
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> std::io::Result<()> {
/// use remote_auth_sandbox::GogoxSandbox;
///
/// let gogox = GogoxSandbox::start().await?;
/// let token_endpoint = format!("{}/oauth/token", gogox.url());
/// assert!(token_endpoint.starts_with("http://127.0.0.1:"));
/// assert_eq!(gogox.ledger(), []);
/// gogox.shutdown().await;
/// # Ok(())
/// # }
/// ```
pub struct GogoxSandbox {
    desk: Arc<Desk>,
    admin: Admin,
    running: Running,
}

impl GogoxSandbox {
    /// Returns a builder with the defaults: any port, the real clock, random values.
    pub fn builder() -> GogoxBuilder {
        GogoxBuilder::default()
    }

    /// Starts with the defaults.
    ///
    /// # Errors
    ///
    /// Fails when the system gives no loopback port.
    pub async fn start() -> io::Result<Self> {
        Self::builder().start().await
    }

    /// Returns the base address without a trailing slash, such as `http://127.0.0.1:4000`.
    pub fn url(&self) -> &str {
        &self.desk.url
    }

    /// Returns the client id of the one client.
    pub fn client_id(&self) -> &str {
        &self.desk.client_id
    }

    /// Returns the client secret of the one client.
    pub fn client_secret(&self) -> &Secret {
        &self.desk.client_secret
    }

    /// Returns the base address of the admin API without a trailing slash; it is as
    /// [Remote's](crate#the-admin-api), but for rotation and the live page.
    pub fn admin_url(&self) -> &str {
        &self.admin.url
    }

    /// Returns the key of the admin API, which is random even under a seed.
    pub const fn admin_key(&self) -> &Secret {
        &self.admin.key
    }

    /// Returns the latest requests as they were received, oldest first, each with the rule that
    /// decided it, within the limits of [`Sandbox::ledger`](crate::Sandbox::ledger).
    pub fn ledger(&self) -> Vec<GogoxEntry> {
        let ledger = lock(&self.desk.ledger);
        ledger.entries().map(GogoxEntry::from).collect()
    }

    /// Scripts a fault for the next request.
    pub fn next_request(&self) -> Script<'_> {
        self.on(Match::any())
    }

    /// Scripts a fault for each of the next `times` requests.
    pub fn next_requests(&self, times: u32) -> Script<'_> {
        self.next_request().times(times)
    }

    /// Scripts a fault for the next request to the token endpoint.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// # let gogox = remote_auth_sandbox::GogoxSandbox::start().await?;
    /// gogox.next_token_request().refuse(503, "temporarily_unavailable");
    /// assert_eq!(gogox.pending_faults().len(), 1);
    /// # Ok(())
    /// # }
    /// ```
    pub fn next_token_request(&self) -> Script<'_> {
        self.on(Match::any().method("POST").path(TOKEN_PATH))
    }

    /// Scripts a fault for the next request that fits; one that names a gateway of Remote fits none.
    ///
    /// `grant_type` and `client_id` are read from the JSON of a token request.
    pub fn on(&self, matching: Match) -> Script<'_> {
        Script::new(&self.desk.faults, matching)
    }

    /// Returns the scripted faults that no request has used up yet, in the order of their turn.
    pub fn pending_faults(&self) -> Vec<Pending> {
        lock(&self.desk.faults).pending()
    }

    /// Forgets the scripted faults that no request has used up yet.
    pub fn clear_faults(&self) {
        lock(&self.desk.faults).clear();
    }

    /// Moves the time forward, as [`Sandbox::advance`](crate::Sandbox::advance) does.
    pub fn advance(&self, by: Duration) {
        self.desk.clock.advance(by);
    }

    /// Forgets all that happened: tokens, pending faults and the ledger.
    ///
    /// The clock stays where it is, and so do the addresses and the credentials.
    pub fn reset(&self) {
        self.desk.reset();
    }

    /// Stops accepting, lets requests under way be answered, and returns when every task has ended.
    ///
    /// # Units and limits
    ///
    /// Connections that do not end within five seconds are dropped.
    pub async fn shutdown(self) {
        self.running.end().await;
    }
}

impl fmt::Debug for GogoxSandbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GogoxSandbox")
            .field("url", &self.url())
            .field("client_id", &self.client_id())
            .finish_non_exhaustive()
    }
}

/// One request to a [`GogoxSandbox`] and what became of it.
///
/// # Secrets
///
/// Shown or printed it has none, as an [`Entry`](crate::Entry) has none.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct GogoxEntry {
    /// The time at which it was answered, by the sandbox's clock.
    pub at: SystemTime,
    /// The method, or `(other)`.
    pub method: &'static str,
    /// The path without its query, or `(other)` for one that is not served.
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

impl From<((), Met)> for GogoxEntry {
    fn from(((), met): ((), Met)) -> Self {
        Self {
            at: met.at,
            method: met.method,
            path: met.path,
            status: met.status,
            rule: met.rule,
            fault: met.fault,
            received: met.received,
        }
    }
}

/// Configures and starts a [`GogoxSandbox`].
#[derive(Debug)]
#[must_use = "a builder does nothing until it is started"]
pub struct GogoxBuilder {
    rules: Rules,
    address: IpAddr,
    port: u16,
    admin_port: u16,
    clock: Clock,
    seed: Option<u64>,
    credentials: Option<(String, Secret)>,
}

impl GogoxBuilder {
    /// Sets the loopback address; starting refuses any other kind.
    pub fn address(mut self, address: IpAddr) -> Self {
        self.address = address;
        self
    }

    /// Sets the port; 0, the default, takes any.
    pub fn port(mut self, port: u16) -> Self {
        self.port = port;
        self
    }

    /// Sets the port of the admin API; 0, the default, takes any.
    pub fn admin_port(mut self, port: u16) -> Self {
        self.admin_port = port;
        self
    }

    /// Lets it judge by a clock that the caller moves.
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

    /// Sets id and secret of the one client; by default the id is fixed and the secret invented.
    pub fn credentials(mut self, client_id: &str, client_secret: Secret) -> Self {
        self.credentials = Some((client_id.to_owned(), client_secret));
        self
    }

    /// Breaks one rule; [`danger::broken_form`](crate::danger::broken_form) says what happens
    /// instead.
    ///
    /// It is for the negative controls of a judge of servers, as
    /// [`Builder::danger_broken`](crate::Builder::danger_broken) is.
    pub fn danger_broken(mut self, rule: Rule) -> Self {
        self.rules.breaking(rule);
        self
    }

    /// Binds the provider and the admin API, and serves until the handle is dropped.
    ///
    /// # Errors
    ///
    /// Fails with [`io::ErrorKind::InvalidInput`] when the address is not a loopback address or a
    /// credential is empty, and with the system's error when a port is not to be had.
    pub async fn start(self) -> io::Result<GogoxSandbox> {
        let entropy = Entropy::new(self.seed);
        let (client_id, client_secret) = self
            .credentials
            .unwrap_or_else(|| (DEMO_CLIENT_ID.to_owned(), entropy.long_hex().into()));
        if client_id.is_empty() || client_secret.is_empty() {
            let fault = "a client needs an id and a secret";
            return Err(io::Error::new(io::ErrorKind::InvalidInput, fault));
        }
        let listener = server::bind(self.address, self.port).await?;
        let (admin_listener, admin) = Admin::open(self.address, self.admin_port).await?;
        let known = Known {
            client_ids: vec![client_id.clone()],
            redirect_uris: Vec::new(),
        };
        let desk = Arc::new(Desk {
            rules: self.rules,
            url: format!("http://{}", listener.local_addr()?),
            client_id,
            client_secret,
            clock: self.clock,
            entropy,
            access_tokens: Mutex::new(Shelf::default()),
            faults: Mutex::new(Faults::default()),
            ledger: Mutex::new(Ledger::default()),
            known: Arc::new(known),
        });
        let served: [(TcpListener, Arc<dyn Serve>); 2] = [
            (listener, Arc::<Desk>::clone(&desk)),
            (
                admin_listener,
                Arc::new(admin.router(Arc::<Desk>::clone(&desk))),
            ),
        ];
        Ok(GogoxSandbox {
            desk,
            admin,
            running: Running::start(served.into()),
        })
    }
}

impl Default for GogoxBuilder {
    fn default() -> Self {
        Self {
            rules: Rules::default(),
            address: Ipv4Addr::LOCALHOST.into(),
            port: 0,
            admin_port: 0,
            clock: Clock::default(),
            seed: None,
            credentials: None,
        }
    }
}

/// Everything that one decision may look at.
struct Desk {
    rules: Rules,
    url: String,
    client_id: String,
    client_secret: Secret,
    clock: Clock,
    entropy: Entropy,
    /// When each token ends, under the digest of its text.
    access_tokens: Mutex<Shelf<Timestamp, ACCESS_TOKENS_MAX>>,
    faults: Mutex<Faults>,
    ledger: Mutex<Ledger<()>>,
    known: Arc<Known>,
}

impl Administered for Desk {
    fn clock(&self) -> &Clock {
        &self.clock
    }

    fn faults(&self) -> &Mutex<Faults> {
        &self.faults
    }

    fn entries(&self) -> Vec<Value> {
        let entries: Vec<_> = lock(&self.ledger).entries().collect();
        entries.iter().map(|((), met)| admin::shown(met)).collect()
    }

    fn reset(&self) {
        *lock(&self.access_tokens) = Shelf::default();
        lock(&self.faults).clear();
        lock(&self.ledger).clear();
    }
}
