//! The handle of a running sandbox; what starts one is in [`crate::builder`].

use std::{fmt, io, sync::Arc, time::Duration};

use remote_oauth_client::Secret;

use crate::{
    admin::Admin,
    builder::Builder,
    delivery::{self, Delivery},
    directory::Ending,
    fixture::Fixture,
    gateway::Gateway,
    ledger::Entry,
    registration::Registration,
    script::{Match, Pending, Script},
    server::Running,
    snapshot::Snapshot,
    world::{World, lock},
};

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
    pub(crate) world: Arc<World>,
    pub(crate) customer_tokens: [Secret; 3],
    pub(crate) admin: Admin,
    pub(crate) page_url: Secret,
    pub(crate) running: Running,
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

    /// Returns the address of the live page, which shows requests, grants and tokens in a browser.
    ///
    /// # Secrets
    ///
    /// The address is the key: whoever has it may script faults and move the time.
    pub const fn page_url(&self) -> &Secret {
        &self.page_url
    }

    /// Returns the companies and people that exist.
    pub fn fixture(&self) -> &Fixture {
        &self.world.fixture
    }

    /// Returns the latest requests as they were received, oldest first, each with the rule that
    /// decided it.
    ///
    /// # Units and limits
    ///
    /// It keeps 4096 entries and 4 MiB of requests, and of each body the first 8 KiB.
    /// Where later requests needed the room, an entry says that its request is gone.
    ///
    /// # Secrets
    ///
    /// What it shows is masked; see [`Received`](crate::Received).
    pub fn ledger(&self) -> Vec<Entry> {
        lock(&self.world.ledger)
            .entries()
            .map(Entry::from)
            .collect()
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
        Script::new(&self.world.faults, matching)
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

    /// Takes a snapshot of all that the sandbox remembers, between two requests.
    pub fn snapshot(&self) -> Snapshot {
        Snapshot::of(&self.world, &self.customer_tokens)
    }

    /// Stops accepting, lets requests under way be answered, and returns when every task has ended.
    ///
    /// # Units and limits
    ///
    /// Connections that do not end within five seconds are dropped.
    pub async fn shutdown(self) {
        self.running.end().await;
    }

    /// Shuts down as [`shutdown`](Self::shutdown) and takes a snapshot when the last request was
    /// answered, so that none is missing.
    pub async fn shutdown_to_snapshot(self) -> Snapshot {
        self.running.end().await;
        Snapshot::of(&self.world, &self.customer_tokens)
    }

    /// Opens the rules to the fuzz targets, which ask them without a socket.
    #[cfg(feature = "fuzzing")]
    pub(crate) fn world(&self) -> &World {
        &self.world
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
