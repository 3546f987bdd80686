//! Where: gateways and everything that follows from them.

use std::fmt;
use std::str::FromStr;
use std::sync::{Arc, LazyLock};

use remote_oauth_client::{BasicEncoding, endpoints, transport};
use url::Url;

use crate::error::{Error, Misuse};
use crate::provider::Provider;

/// Names one of Remote's environments, or a server of your own.
///
/// Everything derives from it: the gateway, both endpoints, the audience of assertions, how credentials are
/// encoded. A token works only on the gateway of the environment that minted it.
///
/// ```
/// use remote_auth::Environment;
/// let environment: Environment = "partner-sandbox".parse()?;
/// assert_eq!(environment.gateway().as_str(), "https://gateway.partners.remote-sandbox.com");
/// assert_eq!(environment.assertion_audience(), "https://gateway.partners.remote-sandbox.com/auth");
/// # Ok::<(), remote_auth::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Environment {
    /// Remote's production: real people, real money.
    Production,
    /// The Remote Sandbox for customers and partners.
    Sandbox,
    /// The Remote Sandbox for partners only.
    PartnerSandbox,
    /// Any other authorization server, made by [`Environment::custom`].
    Custom(CustomEnvironment),
}

/// Says whether an environment is live or for tests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Class {
    Live,
    Test,
    Unknown,
}

impl Environment {
    /// The three environments that Remote runs, in the order of their names for people.
    pub const REMOTE: [Self; 3] = [Self::Production, Self::Sandbox, Self::PartnerSandbox];

    /// Takes the base address of a server of your own, such as `http://127.0.0.1:4000`.
    ///
    /// # Errors
    ///
    /// [`Error::Misuse`] unless the address is `https`, or `http` to loopback, and carries nothing but a host, a
    /// port and a path.
    pub fn custom(gateway: &str) -> Result<Self, Error> {
        CustomEnvironment::new(gateway).map(Self::Custom)
    }

    /// Takes the base address that GOGOX gave with the credentials.
    ///
    /// # Errors
    ///
    /// As [`Environment::custom`].
    pub fn gogox(gateway: &str) -> Result<Self, Error> {
        let provider = Provider::Gogox;
        Ok(CustomEnvironment {
            provider,
            ..CustomEnvironment::new(gateway)?
        }
        .into())
    }

    /// Returns who runs the authorization server.
    pub fn provider(&self) -> Provider {
        match self {
            Self::Custom(custom) => custom.provider,
            _ => Provider::Remote,
        }
    }

    /// Returns the name for people and for flags: `production`, `sandbox`, `partner-sandbox` or `custom`.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Production => "production",
            Self::Sandbox => "sandbox",
            Self::PartnerSandbox => "partner-sandbox",
            Self::Custom(_) => "custom",
        }
    }

    /// Returns the gateway, which serves the API and its authorization alike.
    // Requirement: remote.environment.partner-sandbox, remote.environment.production
    // Requirement: remote.environment.sandbox
    pub fn gateway(&self) -> &Gateway {
        static PUBLISHED: LazyLock<[Gateway; 3]> = LazyLock::new(|| {
            ["Production", "Sandbox", "Partner sandbox"].map(|description| {
                let server = endpoints::SERVERS
                    .iter()
                    .find(|server| server.description == description);
                let server = server.expect("the description names each of Remote's environments");
                server
                    .url
                    .parse()
                    .expect("the description's servers are https addresses")
            })
        });
        match self {
            Self::Production => &PUBLISHED[0],
            Self::Sandbox => &PUBLISHED[1],
            Self::PartnerSandbox => &PUBLISHED[2],
            Self::Custom(custom) => &custom.gateway,
        }
    }

    /// Returns the host where people sign in, for those that are known.
    pub fn app_host(&self) -> Option<&'static str> {
        match self {
            Self::Production => Some("https://remote.com"),
            Self::Sandbox => Some("https://remote-sandbox.com"),
            Self::PartnerSandbox => Some("https://partners.remote-sandbox.com"),
            Self::Custom(_) => None,
        }
    }

    /// Returns the token endpoint.
    // Requirement: remote.environment.one-host, remote.token.path
    pub fn token_endpoint(&self) -> Url {
        self.gateway().at(self.provider().token_path())
    }

    /// Returns the authorization endpoint, which a browser visits.
    // Requirement: remote.authorize.path
    pub fn authorization_endpoint(&self) -> Url {
        self.gateway().at(endpoints::AUTHORIZE_PATH)
    }

    /// Returns the audience of assertions: the gateway with `/auth`, never the endpoint and never the bare host.
    // Requirement: remote.environment.replace-domain, remote.skill.mistake-wrong-aud
    pub fn assertion_audience(&self) -> String {
        format!("{}/auth", self.gateway())
    }

    /// Returns what `iss` must be in an authorization response that carries it.
    ///
    /// Remote documents no issuer; its authorization servers are named by the audience of assertions.
    pub fn issuer(&self) -> String {
        match self {
            Self::Custom(CustomEnvironment {
                issuer: Some(issuer),
                ..
            }) => issuer.clone(),
            Self::Custom(custom) => custom.gateway.as_str().to_owned(),
            _ => self.assertion_audience(),
        }
    }

    /// Tells whether an authorization response without `iss` must be refused.
    // Requirement: rfc9207.2.4.configured
    pub(crate) fn requires_issuer(&self) -> bool {
        matches!(
            self,
            Self::Custom(CustomEnvironment {
                issuer: Some(_),
                ..
            })
        )
    }

    pub(crate) fn class(&self) -> Class {
        match self {
            Self::Production => Class::Live,
            Self::Sandbox | Self::PartnerSandbox => Class::Test,
            Self::Custom(_) => Class::Unknown,
        }
    }

    /// Returns how credentials are written: raw for Remote, whose guides and code do so, and by the RFC elsewhere.
    // Requirement: rfc6749.2.3.1.form-encoded
    pub(crate) fn basic_encoding(&self) -> BasicEncoding {
        match self {
            Self::Custom(_) => BasicEncoding::FormUrlencoded,
            _ => BasicEncoding::Raw,
        }
    }
}

impl fmt::Display for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Environment {
    type Err = Error;

    /// Reads a name of [`Environment::REMOTE`].
    fn from_str(name: &str) -> Result<Self, Error> {
        Self::REMOTE
            .into_iter()
            .find(|known| known.name() == name)
            .ok_or_else(|| Misuse::EnvironmentName.into())
    }
}

/// Describes an authorization server that is not one of Remote's.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct CustomEnvironment {
    gateway: Gateway,
    issuer: Option<String>,
    provider: Provider,
}

impl CustomEnvironment {
    /// Takes the base address; see [`Environment::custom`].
    ///
    /// # Errors
    ///
    /// [`Error::Misuse`] for an address that is not secure or not a base.
    pub fn new(gateway: &str) -> Result<Self, Error> {
        Ok(Self {
            gateway: gateway.parse()?,
            issuer: None,
            provider: Provider::default(),
        })
    }

    /// Names the issuer, which every authorization response must then carry.
    ///
    /// # Spec
    ///
    /// <https://www.rfc-editor.org/rfc/rfc9207#section-2.4>
    #[must_use]
    pub fn with_issuer(mut self, issuer: impl Into<String>) -> Self {
        self.issuer = Some(issuer.into());
        self
    }
}

impl From<CustomEnvironment> for Environment {
    fn from(custom: CustomEnvironment) -> Self {
        Self::Custom(custom)
    }
}

/// Holds the base address of a server, without a trailing slash. Cheap to clone.
///
/// Valid by construction: `https`, or `http` to loopback; no user name, query or fragment.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Gateway(Arc<Url>);

impl Gateway {
    /// Returns the address, such as `https://gateway.remote.com`.
    pub fn as_str(&self) -> &str {
        self.0.as_str().trim_end_matches('/')
    }

    /// Tells whether an address has this gateway's scheme, host and port: its origin.
    ///
    /// # Spec
    ///
    /// <https://www.rfc-editor.org/rfc/rfc6454#section-4>
    pub fn is_origin_of(&self, url: &Url) -> bool {
        self.0.origin() == url.origin()
    }

    pub(crate) fn base(&self) -> &Url {
        &self.0
    }

    fn at(&self, path: &str) -> Url {
        Url::parse(&format!("{self}{path}")).expect("a path on a valid base is a valid address")
    }
}

impl FromStr for Gateway {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let base = Url::parse(text).map_err(|_| Error::from(Misuse::Gateway))?;
        // Requirement: rfc6749.10.8.not-in-clear, rfc6750.5.3.tls
        transport::require_secure(&base).map_err(|_| Error::from(Misuse::Gateway))?;
        Ok(Self(Arc::new(base)))
    }
}

impl fmt::Display for Gateway {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Gateway {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Gateway({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // Requirement: remote.authorize.path, remote.environment.one-host
    // Requirement: remote.environment.partner-sandbox, remote.environment.production
    // Requirement: remote.environment.replace-domain, remote.environment.sandbox, remote.token.path
    #[test]
    fn every_address_follows_from_the_environment() {
        let cases = [
            (
                Environment::Production,
                "https://gateway.remote.com",
                Some("https://remote.com"),
            ),
            (
                Environment::Sandbox,
                "https://gateway.remote-sandbox.com",
                Some("https://remote-sandbox.com"),
            ),
            (
                Environment::PartnerSandbox,
                "https://gateway.partners.remote-sandbox.com",
                Some("https://partners.remote-sandbox.com"),
            ),
            (
                Environment::custom("http://127.0.0.1:4000/api/eor/").expect("custom"),
                "http://127.0.0.1:4000/api/eor",
                None,
            ),
        ];
        for (environment, gateway, app_host) in cases {
            assert_eq!(environment.gateway().as_str(), gateway);
            assert_eq!(
                environment.token_endpoint().as_str(),
                format!("{gateway}/auth/oauth2/token")
            );
            assert_eq!(
                environment.authorization_endpoint().as_str(),
                format!("{gateway}/auth/oauth2/authorize")
            );
            assert_eq!(environment.assertion_audience(), format!("{gateway}/auth"));
            assert_eq!(environment.app_host(), app_host);
        }
    }

    #[test]
    fn a_name_reads_back_as_its_environment() {
        for environment in Environment::REMOTE {
            assert_eq!(
                environment.name().parse::<Environment>().expect("a name"),
                environment
            );
        }
        for name in ["custom", "Production", "staging", ""] {
            assert_eq!(
                name.parse::<Environment>().expect_err(name).code(),
                "misuse.environment_name"
            );
        }
    }

    // Requirement: rfc6749.10.8.not-in-clear, rfc6750.5.3.tls
    #[test]
    fn a_gateway_in_clear_text_is_refused() {
        for text in [
            "http://gateway.remote.com",
            "https://u:p@host",
            "https://host?q",
            "not an address",
            "",
        ] {
            assert_eq!(
                Environment::custom(text).expect_err(text).code(),
                "misuse.gateway"
            );
        }
    }

    // Requirement: rfc6749.10.3.pinned-origin
    #[test]
    fn an_origin_is_scheme_host_and_port() {
        let gateway: Gateway = "https://gateway.remote.com".parse().expect("gateway");
        for (url, same) in [
            ("https://gateway.remote.com/v1/x?y", true),
            ("https://gateway.remote.com:443/", true),
            ("https://gateway.remote.com:444/", false),
            ("http://gateway.remote.com/", false),
            ("https://gateway.remote.com.evil.example/", false),
            ("https://gateway.remote-sandbox.com/", false),
        ] {
            assert_eq!(
                gateway.is_origin_of(&Url::parse(url).expect(url)),
                same,
                "{url}"
            );
        }
    }
}
