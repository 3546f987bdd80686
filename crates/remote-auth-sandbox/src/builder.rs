//! The builder: what a sandbox begins with, and its start.

use std::{
    io, mem,
    net::{IpAddr, Ipv4Addr},
    sync::{Arc, Mutex},
    time::Duration,
};

use remote_oauth_client::Secret;
use secrecy::ExposeSecret;
use tokio::net::TcpListener;

use crate::{
    admin::Admin,
    clock::{Clock, ManualClock, Timestamp},
    danger::Rules,
    door::Door,
    entropy::Entropy,
    fixture::{self, Company, Fixture},
    gateway::Gateway,
    ledger::{Known, Ledger},
    refresh::RefreshTokens,
    registration::Registration,
    rule::Rule,
    sandbox::Sandbox,
    script::Faults,
    server::{self, Running, Serve},
    snapshot::{Resumed, Snapshot},
    state::{Digest, State},
    world::{CustomerToken, World},
};

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
    fixture: Fixture,
    snapshot: Option<Snapshot>,
    credentials: Option<(String, Secret)>,
    redirect_uris: Option<Vec<String>>,
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

    /// Sets who exists at the start, in place of the built-in fixture.
    ///
    /// # Example
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use remote_auth_sandbox::{Fixture, Sandbox};
    ///
    /// let fixture = Fixture::parse(&Fixture::built_in().replace("demo01", "mine"))?;
    /// let sandbox = Sandbox::builder().fixture(fixture).start().await?;
    /// assert_eq!(sandbox.client_id(), "remoteauthsandboxmine");
    /// # sandbox.shutdown().await;
    /// # Ok(())
    /// # }
    /// ```
    pub fn fixture(mut self, fixture: Fixture) -> Self {
        self.fixture = fixture;
        self
    }

    /// Goes on from a snapshot, which brings its own fixture, clients, tokens and seed.
    ///
    /// Clients that are registered beside it are added, unless it has them; credentials, redirection URIs and a fixture
    /// that were set here are passed over.
    pub fn restore(mut self, snapshot: Snapshot) -> Self {
        self.snapshot = Some(snapshot);
        self
    }

    /// Sets id and secret of the demo client in place of the fixture's; the built-in one has a fixed
    /// id and an invented secret.
    pub fn credentials(mut self, client_id: &str, client_secret: Secret) -> Self {
        self.credentials = Some((client_id.to_owned(), client_secret));
        self
    }

    /// Sets the redirection URIs of the demo client in place of the fixture's, which by default are
    /// `http://127.0.0.1/callback`, `http://[::1]/callback` and `https://client.example/callback`.
    pub fn redirect_uris<U: Into<String>>(mut self, uris: impl IntoIterator<Item = U>) -> Self {
        self.redirect_uris = Some(uris.into_iter().map(Into::into).collect());
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
    /// registration is faulty, with [`io::ErrorKind::InvalidData`] when a snapshot is no longer
    /// whole, and with the system's error when a port is not to be had.
    pub async fn start(mut self) -> io::Result<Sandbox> {
        let begun = self.beginning()?;
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

        let (admin_listener, admin) = Admin::open(self.address, self.admin_port).await?;
        self.clock.resume(begun.ahead, begun.manual_now);
        let handed_out = begun.customer_tokens.clone();
        let clients = || begun.registrations.iter();
        let known = Known {
            client_ids: clients()
                .map(|client| client.client_id.to_string())
                .collect(),
            redirect_uris: clients()
                .flat_map(|client| client.redirect_uris.clone())
                .collect(),
        };
        let world = Arc::new(World {
            rules: self.rules,
            clock: self.clock,
            customer_tokens: customer_tokens(&begun.fixture, &handed_out),
            entropy: begun.entropy,
            fixture: begun.fixture,
            registrations: begun.registrations,
            gateway_urls,
            auto_approve: self.auto_approve,
            rate_limited: self.rate_limited,
            refresh_tokens: self.refresh_tokens,
            require_pkce: self.require_pkce,
            state: Mutex::new(begun.state),
            faults: Mutex::new(Faults::with_refreshes()),
            ledger: Mutex::new(Ledger::default()),
            known: Arc::new(known),
        });
        let mut served: Vec<(TcpListener, Arc<dyn Serve>)> = Vec::new();
        for (gateway, listener) in listeners {
            let world = Arc::clone(&world);
            served.push((listener, Arc::new(Door { world, gateway })));
        }
        let (router, page_url) = admin.router_with_page(Arc::clone(&world));
        served.push((admin_listener, Arc::new(router)));
        let running = Running::start(served);
        Ok(Sandbox {
            world,
            customer_tokens: handed_out,
            admin,
            page_url,
            running,
        })
    }

    /// Says with what the sandbox begins: what the snapshot has, or the fixture.
    fn beginning(&mut self) -> io::Result<Beginning> {
        let others = mem::take(&mut self.others);
        let Some(snapshot) = self.snapshot.take() else {
            let entropy = Entropy::new(self.seed);
            let fixture = mem::take(&mut self.fixture);
            let (credentials, uris) = (self.credentials.take(), self.redirect_uris.take());
            let first = of_fixture(&fixture, credentials, uris, &entropy);
            let customer_tokens = Gateway::ALL.map(|gateway| {
                let given = fixture.api_token(fixture.company(), gateway).cloned();
                let invent = || format!("{}{}", gateway.customer_token_prefix(), entropy.hex());
                given.unwrap_or_else(|| Secret::from(invent()))
            });
            return Ok(Beginning {
                state: State::new(&fixture),
                registrations: judged(first, others)?,
                customer_tokens,
                entropy,
                fixture,
                ahead: self.clock.ahead(),
                manual_now: None,
            });
        };
        let refused = |error| io::Error::new(io::ErrorKind::InvalidData, error);
        let Resumed { fixture, mut saved } = snapshot.read().map_err(refused)?;
        let first = saved.registrations();
        let is_new = |other: &Registration| {
            let mut known = first.iter();
            known.all(|client| client.client_id != other.client_id)
        };
        let others = others.into_iter().filter(is_new).collect();
        Ok(Beginning {
            registrations: judged(first, others)?,
            entropy: Entropy::after(saved.seed.or(self.seed), saved.drawn),
            ahead: saved.ahead(),
            manual_now: saved.manual_now(),
            customer_tokens: saved.customer_tokens,
            state: saved.state,
            fixture,
        })
    }
}

/// What a sandbox has before its first request.
struct Beginning {
    fixture: Fixture,
    registrations: Vec<Registration>,
    customer_tokens: [Secret; 3],
    entropy: Entropy,
    state: State,
    ahead: Duration,
    manual_now: Option<Timestamp>,
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
            fixture: Fixture::default(),
            snapshot: None,
            redirect_uris: None,
            others: Vec::new(),
        }
    }
}

/// Everything that opens a company's own door: what the handle hands out and what the fixture gives
/// other companies.
#[expect(
    clippy::disallowed_methods,
    reason = "customer API tokens are found by their digest"
)]
fn customer_tokens(fixture: &Fixture, handed_out: &[Secret; 3]) -> Vec<CustomerToken> {
    let known = |gateway, company: &Arc<Company>, token: &Secret| CustomerToken {
        digest: Digest::of(token.expose_secret()),
        gateway,
        company: Arc::clone(company),
    };
    let own = Gateway::ALL.into_iter().zip(handed_out);
    let own = own.map(|(gateway, token)| known(gateway, fixture.company(), token));
    let given = fixture.api_tokens.iter();
    own.chain(given.map(|given| known(given.gateway, &given.company, &given.token)))
        .collect()
}

/// The clients of a fixture, the demo client first and with what it was given in its place.
fn of_fixture(
    fixture: &Fixture,
    credentials: Option<(String, Secret)>,
    redirect_uris: Option<Vec<String>>,
    entropy: &Entropy,
) -> Vec<Registration> {
    let registration = |client: &fixture::Client| {
        let secret = client.secret.clone();
        let secret = secret.unwrap_or_else(|| Secret::from(entropy.hex()));
        let mut registration = Registration::new(&client.id, secret);
        registration.redirect_uris.clone_from(&client.redirect_uris);
        registration
    };
    let mut all: Vec<Registration> = Vec::new();
    for (place, client) in fixture.clients.iter().enumerate() {
        all.push(match &credentials {
            Some((id, secret)) if place == 0 => Registration {
                redirect_uris: client.redirect_uris.clone(),
                ..Registration::new(id, secret.clone())
            },
            _ => registration(client),
        });
    }
    if let Some(uris) = redirect_uris {
        all[0].redirect_uris = uris;
    }
    all
}

/// Adds other clients to the first ones and judges them all.
fn judged(first: Vec<Registration>, others: Vec<Registration>) -> io::Result<Vec<Registration>> {
    let mut all = first;
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
