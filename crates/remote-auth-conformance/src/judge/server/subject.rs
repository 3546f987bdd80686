//! Who is judged, and what the judge may do there.

use std::fmt;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::OnceLock;
use std::time::{Duration, SystemTime};

use remote_oauth_client::Secret;
use remote_oauth_client::endpoints::{AUTHORIZE_PATH, TOKEN_PATH};
use remote_oauth_client::transport::{self, Timeouts, TransportError};
use url::{Host, Url};

use super::secret::open;
use crate::judge::{Conduct, Mask, Objection};

/// The redirection URI that is named unless another one is registered.
const REDIRECT_URI: &str = "http://127.0.0.1:8787/callback";

/// Identifier and secret of a client.
///
/// # Secrets
///
/// `Debug` shows the identifier only.
#[derive(Clone, Debug)]
pub struct Credentials {
    /// The client identifier.
    pub id: String,
    /// The client secret.
    pub secret: Secret,
}

impl Credentials {
    /// Puts the two together.
    pub fn new(id: impl Into<String>, secret: Secret) -> Self {
        Self {
            id: id.into(),
            secret,
        }
    }
}

/// What only whoever runs the server can do: move its time, and end a company.
pub trait Operator: Send + Sync {
    /// Returns the time by the server's clock.
    fn now(&self) -> SystemTime;

    /// Moves the server's clock forward.
    fn advance(&self, by: Duration);

    /// Closes a company for good, and returns when everybody who asked was told.
    fn archive<'a>(
        &'a self,
        company_id: &'a str,
    ) -> Pin<Box<dyn Future<Output = io::Result<()>> + Send + 'a>>;
}

/// What a server says of itself beyond what Remote documents, and is then held to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Promise {
    /// It takes no authorization request without PKCE.
    Pkce,
    /// Every refresh gives a new refresh token in place of the one that was sent.
    Rotation,
    /// A refresh token ends this long after it was issued.
    RefreshTokenLife(Duration),
}

/// Tells why a server cannot be judged at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// The address is none to which credentials may be sent.
    Address,
    /// HTTP or TLS cannot be set up on this machine.
    Transport,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Address => {
                "use the address: it must be https, or http to loopback, without query or fragment"
            }
            Self::Transport => "set up HTTP and TLS on this machine",
        })
    }
}

impl std::error::Error for Fault {}

/// Where one gateway is.
#[derive(Clone, Debug)]
pub(super) struct Site {
    gateway: String,
    pub(super) authorization_endpoint: String,
    pub(super) token_endpoint: String,
}

impl Site {
    fn new(gateway: &str) -> Result<Self, Fault> {
        let gateway = gateway.trim_end_matches('/').to_owned();
        secure(&gateway)?;
        Ok(Self {
            authorization_endpoint: format!("{gateway}{AUTHORIZE_PATH}"),
            token_endpoint: format!("{gateway}{TOKEN_PATH}"),
            gateway,
        })
    }

    /// Returns the address of a platform operation.
    pub(super) fn api(&self, path: &str) -> String {
        format!("{}/v1{path}", self.gateway)
    }

    /// Returns the bare gateway.
    pub(super) fn gateway(&self) -> &str {
        &self.gateway
    }

    /// Returns what an assertion for this gateway names as its audience.
    pub(super) fn audience(&self) -> String {
        format!("{}/auth", self.gateway)
    }
}

fn is_loopback(address: &str) -> bool {
    let url = Url::parse(address).ok();
    match url.as_ref().and_then(Url::host) {
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        Some(Host::Domain(name)) => name.eq_ignore_ascii_case("localhost"),
        None => false,
    }
}

fn secure(address: &str) -> Result<Url, Fault> {
    let url = Url::parse(address).map_err(|_| Fault::Address)?;
    transport::require_secure(&url).map_err(|_| Fault::Address)?;
    Ok(url)
}

/// An authorization server that is to be judged, and what the judge may use there.
///
/// What is not set is not used: the checks that need it are skipped and say so.
///
/// # Secrets
///
/// It holds client secrets and tokens; `Debug` shows none, and [`mask`](Self::mask) knows them all.
///
/// # Example
///
/// ```
/// use remote_auth_conformance::judge::server::{Credentials, Server};
///
/// let client = Credentials::new("client-id", "not-a-secret".into());
/// let server = Server::new("http://127.0.0.1:4010", client)?
///     .redirect_uri("http://127.0.0.1:8787/callback")
///     .consents(true);
/// # Ok::<(), remote_auth_conformance::judge::server::Fault>(())
/// ```
pub struct Server {
    pub(super) http: reqwest::Client,
    pub(super) home: Site,
    pub(super) client: Credentials,
    pub(super) redirect_uri: String,
    pub(super) consents: bool,
    pub(super) refresh_token: Option<Secret>,
    /// Whether there are platform operations, once somebody has looked.
    pub(super) platform: OnceLock<bool>,
    promises: Vec<Promise>,
    other_gateway: Option<Site>,
    other_client: Option<Credentials>,
    subject: Option<String>,
    employee: Option<String>,
    customer_token: Option<Secret>,
    foreign_company: Option<String>,
    gogox: Option<(String, Credentials)>,
    operator: Option<Box<dyn Operator>>,
}

impl Server {
    /// Takes the base address of a gateway and the client that asks there.
    ///
    /// # Errors
    ///
    /// [`Fault`], if the address may not be sent credentials or no HTTP client can be made.
    pub fn new(gateway: &str, client: Credentials) -> Result<Self, Fault> {
        let base = secure(gateway)?;
        let http = transport::http_client(&base, &Timeouts::default());
        Ok(Self {
            http: http.map_err(|error| match error {
                TransportError::Unavailable => Fault::Transport,
                _ => Fault::Address,
            })?,
            home: Site::new(gateway)?,
            client,
            redirect_uri: REDIRECT_URI.to_owned(),
            consents: false,
            refresh_token: None,
            platform: OnceLock::new(),
            promises: Vec::new(),
            other_gateway: None,
            other_client: None,
            subject: None,
            employee: None,
            customer_token: None,
            foreign_company: None,
            gogox: None,
            operator: None,
        })
    }

    /// Sets the address of the token endpoint, where it is not the documented one.
    ///
    /// # Errors
    ///
    /// [`Fault::Address`].
    pub fn token_endpoint(mut self, address: &str) -> Result<Self, Fault> {
        secure(address)?;
        address.clone_into(&mut self.home.token_endpoint);
        Ok(self)
    }

    /// Sets the address of the authorization endpoint, where it is not the documented one.
    ///
    /// # Errors
    ///
    /// [`Fault::Address`].
    pub fn authorization_endpoint(mut self, address: &str) -> Result<Self, Fault> {
        secure(address)?;
        address.clone_into(&mut self.home.authorization_endpoint);
        Ok(self)
    }

    /// Sets the redirection URI, which must be registered for the client.
    #[must_use]
    pub fn redirect_uri(mut self, uri: impl Into<String>) -> Self {
        self.redirect_uri = uri.into();
        self
    }

    /// Lets the judge press the buttons of the consent page in the place of a person.
    #[must_use]
    pub fn consents(mut self, consents: bool) -> Self {
        self.consents = consents;
        self
    }

    /// Holds the server to what it says of itself beyond what Remote documents.
    #[must_use]
    pub fn promises(mut self, promise: Promise) -> Self {
        self.promises.push(promise);
        self
    }

    /// Gives a refresh token of a company that consented before.
    #[must_use]
    pub fn refresh_token(mut self, token: Secret) -> Self {
        self.refresh_token = Some(token);
        self
    }

    /// Names a gateway of another environment, which knows the same client and whose tokens are to be refused here.
    ///
    /// # Errors
    ///
    /// [`Fault::Address`].
    pub fn other_gateway(mut self, gateway: &str) -> Result<Self, Fault> {
        self.other_gateway = Some(Site::new(gateway)?);
        Ok(self)
    }

    /// Gives a second client, whose codes and tokens are not the first one's.
    #[must_use]
    pub fn other_client(mut self, client: Credentials) -> Self {
        self.other_client = Some(client);
        self
    }

    /// Names a manager whom an assertion can stand for: `urn:remote-api:company-manager:user:` and an identifier.
    #[must_use]
    pub fn subject(mut self, subject: impl Into<String>) -> Self {
        self.subject = Some(subject.into());
        self
    }

    /// Names an employee whom an assertion can stand for: `urn:remote-api:employee:employment:` and an identifier.
    #[must_use]
    pub fn employee(mut self, subject: impl Into<String>) -> Self {
        self.employee = Some(subject.into());
        self
    }

    /// Gives a customer API token.
    #[must_use]
    pub fn customer_token(mut self, token: Secret) -> Self {
        self.customer_token = Some(token);
        self
    }

    /// Names a company that exists and that the client does not manage.
    #[must_use]
    pub fn foreign_company(mut self, company_id: impl Into<String>) -> Self {
        self.foreign_company = Some(company_id.into());
        self
    }

    /// Names a server of the second provider, and the client that asks there.
    ///
    /// # Errors
    ///
    /// [`Fault::Address`].
    pub fn gogox(mut self, address: &str, client: Credentials) -> Result<Self, Fault> {
        secure(address)?;
        self.gogox = Some((address.trim_end_matches('/').to_owned(), client));
        Ok(self)
    }

    /// Puts whoever runs the server at the judge's disposal.
    #[must_use]
    pub fn operator(mut self, operator: Box<dyn Operator>) -> Self {
        self.operator = Some(operator);
        self
    }

    /// Tells whether everything that was named is on this machine, so that nobody else is disturbed.
    pub fn is_local(&self) -> bool {
        let sites = [&self.home].into_iter().chain(&self.other_gateway);
        let endpoints = sites.flat_map(|site| [&site.token_endpoint, &site.authorization_endpoint]);
        let gogox = self.gogox.iter().map(|(address, _)| address);
        endpoints.chain(gogox).all(|address| is_loopback(address))
    }

    /// Returns what may not be done to the server: nothing but the gentle, unless it is on this machine.
    pub fn forbidden(&self) -> Vec<Conduct> {
        if self.is_local() {
            Vec::new()
        } else {
            vec![Conduct::Abusive, Conduct::Destructive]
        }
    }

    /// Returns what hides every secret that the judge was given.
    pub fn mask(&self) -> Mask {
        let gogox = self.gogox.iter().map(|(_, client)| client);
        let clients = [&self.client].into_iter().chain(&self.other_client);
        let secrets = clients.chain(gogox).map(|client| &client.secret);
        let tokens = [&self.refresh_token, &self.customer_token];
        let mut mask = Mask::default();
        for secret in secrets.chain(tokens.into_iter().flatten()) {
            mask.learn(open(secret));
        }
        mask
    }

    /// Returns the time by which the server judges, as far as anybody knows.
    #[expect(
        clippy::disallowed_methods,
        reason = "a server whose clock nobody moves goes by the clock on the wall"
    )]
    pub(super) fn now(&self) -> SystemTime {
        self.operator
            .as_ref()
            .map_or_else(SystemTime::now, |operator| operator.now())
    }

    /// Waits as long as the server wants: by its own clock where that can be moved.
    pub(super) async fn rest(&self, wait: Duration) {
        match &self.operator {
            Some(operator) => operator.advance(wait),
            None => tokio::time::sleep(wait).await,
        }
    }

    pub(super) fn promised(&self, promise: Promise) -> bool {
        self.promises.contains(&promise)
    }

    /// Returns how long a refresh token lives, where the server says so.
    pub(super) fn refresh_token_life(&self) -> Option<Duration> {
        self.promises.iter().find_map(|promise| match promise {
            Promise::RefreshTokenLife(life) => Some(*life),
            _ => None,
        })
    }

    pub(super) fn other_site(&self) -> Result<&Site, Objection> {
        granted(&self.other_gateway, "no gateway of another environment")
    }

    pub(super) fn second_client(&self) -> Result<&Credentials, Objection> {
        granted(&self.other_client, "no second client")
    }

    pub(super) fn assertion_subject(&self) -> Result<&str, Objection> {
        granted(&self.subject, "no manager whom an assertion can stand for").map(String::as_str)
    }

    pub(super) fn employee_subject(&self) -> Result<&str, Objection> {
        let missing = "no employee whom an assertion can stand for";
        granted(&self.employee, missing).map(String::as_str)
    }

    pub(super) fn customer(&self) -> Result<&str, Objection> {
        granted(&self.customer_token, "no customer API token").map(open)
    }

    pub(super) fn unmanaged_company(&self) -> Result<&str, Objection> {
        let missing = "no company that the client does not manage";
        granted(&self.foreign_company, missing).map(String::as_str)
    }

    pub(super) fn second_provider(&self) -> Result<(&str, &Credentials), Objection> {
        let found = granted(&self.gogox, "no server of the second provider");
        found.map(|(address, client)| (address.as_str(), client))
    }

    pub(super) fn runner(&self) -> Result<&dyn Operator, Objection> {
        let missing = "nobody who can move its time or end a company";
        granted(&self.operator, missing).map(|operator| &**operator)
    }
}

fn granted<'a, T>(thing: &'a Option<T>, missing: &str) -> Result<&'a T, Objection> {
    thing
        .as_ref()
        .ok_or_else(|| Objection::Skipped(format!("the judge was given {missing}")))
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server")
            .field("gateway", &self.home.gateway)
            .field("client_id", &self.client.id)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_go_to_https_and_loopback_only() {
        for (address, fault) in [
            ("https://gateway.example", None),
            ("http://127.0.0.1:4010/", None),
            ("http://gateway.example", Some(Fault::Address)),
            ("https://gateway.example/?a=b", Some(Fault::Address)),
            ("gateway.example", Some(Fault::Address)),
        ] {
            let client = || Credentials::new("id", "secret".into());
            assert_eq!(Server::new(address, client()).err(), fault, "{address}");
            let server = || Server::new("https://a.example", client()).expect("a server");
            assert_eq!(server().token_endpoint(address).err(), fault, "{address}");
            assert_eq!(
                server().authorization_endpoint(address).err(),
                fault,
                "{address}"
            );
            assert_eq!(server().other_gateway(address).err(), fault, "{address}");
            assert_eq!(server().gogox(address, client()).err(), fault, "{address}");
        }
    }

    #[test]
    fn a_server_is_attacked_only_if_all_of_it_is_on_this_machine() {
        let (here, there) = ("http://127.0.0.1:4010", "https://gateway.example");
        let client = || Credentials::new("id", "secret".into());
        let at = |address| Server::new(address, client()).expect("a server");
        for (server, is_local) in [
            (Ok(at(here)), true),
            (Ok(at("http://[::1]:4010")), true),
            (Ok(at("https://localhost")), true),
            (Ok(at("https://127.0.0.1.example")), false),
            (Ok(at(there)), false),
            (at(here).token_endpoint(there), false),
            (at(here).authorization_endpoint(there), false),
            (at(here).other_gateway(there), false),
            (at(here).gogox(there, client()), false),
        ] {
            let server = server.expect("a server");
            assert_eq!(server.is_local(), is_local, "{server:?}");
            assert_eq!(server.forbidden().is_empty(), is_local, "{server:?}");
        }
    }

    #[test]
    fn every_secret_that_the_judge_is_given_is_hidden() {
        let client = |secret: &str| Credentials::new("id", secret.into());
        let server = Server::new("https://a.example", client("first-secret"))
            .and_then(|server| server.gogox("https://b.example", client("third-secret")))
            .expect("a server")
            .other_client(client("second-secret"))
            .refresh_token("refresh-secret".into())
            .customer_token("customer-secret".into());
        let said = "first-secret second-secret third-secret refresh-secret customer-secret";
        assert_eq!(server.mask().hide(said), ["[masked]"; 5].join(" "));
        assert!(!format!("{server:?}").contains("-secret"));
    }
}
