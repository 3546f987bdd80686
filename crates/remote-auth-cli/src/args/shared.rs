//! What several commands ask for: where, as whom, how, and for how long.

use std::time::Duration;

use clap::ValueEnum;
use remote_auth::platform::{Platform, Prefix};
use remote_auth::{Environment, Principal};

use crate::exit::Exit;
use crate::failure::Failure;

/// Where: exactly one of the two.
#[derive(Debug, clap::Args)]
#[group(required = true, multiple = false)]
pub(crate) struct Place {
    /// One of Remote's environments.
    #[arg(long, value_enum, value_name = "NAME")]
    env: Option<EnvironmentName>,

    /// The base address of any other server, such as http://127.0.0.1:4000; http for loopback only.
    #[arg(long, value_name = "URL")]
    gateway: Option<String>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum EnvironmentName {
    /// Real people, real money.
    Production,
    /// Remote's Sandbox for customers and partners.
    Sandbox,
    /// Remote's Sandbox for partners only.
    PartnerSandbox,
}

impl Place {
    /// Finds one of Remote's environments, or a server that speaks as Remote does.
    pub(crate) fn environment(&self) -> Result<Environment, Failure> {
        match (self.env, &self.gateway) {
            (Some(EnvironmentName::Production), _) => Ok(Environment::Production),
            (Some(EnvironmentName::Sandbox), _) => Ok(Environment::Sandbox),
            (Some(EnvironmentName::PartnerSandbox), _) => Ok(Environment::PartnerSandbox),
            (None, Some(gateway)) => Ok(Environment::custom(gateway)?),
            (None, None) => Err(Failure::new(
                Exit::Usage,
                "usage.place",
                "find the server: neither --env nor --gateway is given",
            )),
        }
    }

    /// Finds the server of a provider. Only Remote's have names.
    pub(crate) fn environment_of(&self, provider: ProviderName) -> Result<Environment, Failure> {
        match (provider, &self.gateway) {
            (ProviderName::Remote, _) => self.environment(),
            (ProviderName::Gogox, Some(gateway)) => Ok(Environment::gogox(gateway)?),
            (ProviderName::Gogox, None) => Err(Failure::new(
                Exit::Usage,
                "usage.provider",
                "find the server: --env names Remote's environments, and the provider is another",
            )
            .hint("give the address that came with the credentials by --gateway")),
        }
    }
}

/// Who runs the authorization server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ProviderName {
    /// Remote, and servers that speak as it does.
    Remote,
    /// GOGOX: client credentials only, in a JSON body. Documented are the request, and access_token and expires_in of
    /// the answer; the rest of the answer was seen in public clients, and the errors are inferred.
    Gogox,
}

/// How to get a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Flow {
    /// For the partner itself.
    ClientCredentials,
    /// For a company that consented before. Use --json with a server that replaces refresh tokens.
    Refresh,
    /// For one user, by --subject and --scope.
    Assertion,
}

/// What assertions need and nothing else takes.
#[derive(Debug, clap::Args)]
pub(crate) struct Asserted {
    /// For assertions: whom the token stands for, such as urn:remote-api:employee:employment:<id> or
    /// urn:remote-api:company-manager:user:<id>.
    #[arg(long, value_name = "URN", required_if_eq("flow", "assertion"))]
    pub(crate) subject: Option<String>,

    /// For assertions: what the token may do, such as "timeoff:read timeoff:write".
    #[arg(long, required_if_eq("flow", "assertion"))]
    pub(crate) scope: Option<String>,
}

impl Asserted {
    /// Tells whether neither of the two is given.
    pub(crate) fn is_empty(&self) -> bool {
        self.subject.is_none() && self.scope.is_none()
    }
}

/// Where the API is, and how to ask it.
#[derive(Debug, clap::Args)]
pub(crate) struct Api {
    #[command(flatten)]
    pub(crate) place: Place,

    /// What stands between the gateway and the paths of the API.
    #[arg(long, value_enum, default_value_t = PrefixName::V1)]
    prefix: PrefixName,

    #[command(flatten)]
    pub(crate) patience: Patience,
}

impl Api {
    /// Puts the prefix where it belongs.
    pub(crate) fn at(&self, platform: Platform) -> Platform {
        platform.prefix(match self.prefix {
            PrefixName::V1 => Prefix::V1,
            PrefixName::EorV1 => Prefix::EorV1,
            PrefixName::ApiEorV1 => Prefix::ApiEorV1,
        })
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum PrefixName {
    /// /v1, as published.
    V1,
    /// /eor/v1, as in older guides.
    EorV1,
    /// /api/eor/v1, as Remote's own command line has it.
    ApiEorV1,
}

/// How long to wait for a server.
#[derive(Debug, clap::Args)]
pub(crate) struct Patience {
    /// The most seconds that one exchange with the server may take.
    #[arg(long, value_name = "SECONDS", default_value_t = 30, value_parser = clap::value_parser!(u64).range(1..=3600))]
    timeout: u64,
}

impl Patience {
    pub(crate) fn timeout(&self) -> Duration {
        Duration::from_secs(self.timeout)
    }
}

/// Whom a token is to stand for. A customer's has no scopes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Role {
    /// The partner itself, by client credentials.
    Partner,
    /// A company that consents.
    Company,
    /// A company manager, by assertion. Remote publishes no list of scopes for them.
    Manager,
    /// An employee, by assertion.
    Employee,
}

impl From<Role> for Principal {
    fn from(role: Role) -> Self {
        match role {
            Role::Partner => Self::Partner,
            Role::Company => Self::Company,
            Role::Manager => Self::CompanyManager,
            Role::Employee => Self::Employee,
        }
    }
}
