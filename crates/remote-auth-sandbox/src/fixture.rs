//! The people, companies and clients that exist in a fresh sandbox.
//!
//! The identifiers of the built-in fixture are fixed, so that documentation and scripts may name
//! them; none of them is a secret.
//! How a fixture is written is in [`file`]; what becomes of everybody later, and the companies that
//! clients create, is in [`crate::directory`].

mod file;

use std::{
    fmt,
    sync::{Arc, LazyLock},
};

use remote_oauth_client::Secret;
use serde::{Deserialize, Serialize};

use crate::{
    gateway::Gateway,
    webhook::{Subscription, Target},
};
pub use file::FixtureError;

/// The built-in fixture, as text that a user can begin with.
const BUILT_IN: &str = include_str!("../fixture.toml");

/// The same, read once for all sandboxes of a process.
static READ: LazyLock<Fixture> =
    LazyLock::new(|| Fixture::parse(BUILT_IN).expect("a test parses the built-in fixture"));

/// Holds who exists at the start: clients, companies with their people, customer API tokens and
/// webhook callbacks.
///
/// The first client is the demo client.
/// Every managed company is managed by every client on every gateway; the first one is the demo
/// company.
/// The companies that nobody manages are there to be refused.
///
/// # Secrets
///
/// A fixture may hold client secrets, customer API tokens and signing keys; `Debug` shows ids only.
///
/// # Example
///
/// ```
/// use remote_auth_sandbox::Fixture;
///
/// let mine = Fixture::built_in().replace("Acme Demo Ltd", "Mine Ltd");
/// let fixture = Fixture::parse(&mine)?;
/// assert_eq!(fixture.company_id(), Fixture::default().company_id());
///
/// let error = Fixture::parse("[[client]]\nname = 'x'\n").unwrap_err();
/// assert_eq!(error.line(), Some(2));
/// # Ok::<(), remote_auth_sandbox::FixtureError>(())
/// ```
#[derive(Clone)]
pub struct Fixture {
    /// The text that it was read from, for a snapshot.
    pub(crate) source: Secret,
    pub(crate) clients: Vec<Client>,
    pub(crate) managed: Vec<Arc<Company>>,
    pub(crate) unmanaged: Vec<Arc<Company>>,
    /// Ids of managed companies that are closed from the start.
    pub(crate) archived: Vec<Arc<str>>,
    /// Ids of employments whose user is inactive from the start.
    pub(crate) inactive: Vec<String>,
    pub(crate) api_tokens: Vec<ApiToken>,
    pub(crate) webhooks: Vec<Webhook>,
}

/// One client of a fixture.
#[derive(Clone)]
pub(crate) struct Client {
    pub(crate) id: String,
    /// Invented at the start where there is none.
    pub(crate) secret: Option<Secret>,
    pub(crate) redirect_uris: Vec<String>,
}

/// One customer API token of a fixture.
#[derive(Clone)]
pub(crate) struct ApiToken {
    pub(crate) gateway: Gateway,
    pub(crate) company: Arc<Company>,
    pub(crate) token: Secret,
}

/// One webhook callback of a fixture.
#[derive(Clone)]
pub(crate) struct Webhook {
    pub(crate) id: String,
    pub(crate) gateway: Gateway,
    pub(crate) client_id: String,
    pub(crate) target: Target,
    pub(crate) subscription: Subscription,
    pub(crate) key: Secret,
}

/// One company with its people, of the fixture or created by a client.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Company {
    pub(crate) id: Arc<str>,
    pub(crate) name: String,
    pub(crate) country_code: String,
    pub(crate) desired_currency: String,
    /// What the partner calls it.
    pub(crate) external_id: Option<String>,
    pub(crate) status: CompanyStatus,
    pub(crate) manager: Arc<User>,
    pub(crate) employments: Vec<Arc<Employment>>,
}

impl Company {
    pub(crate) fn employment(&self, id: &str) -> Option<&Arc<Employment>> {
        self.employments
            .iter()
            .find(|employment| employment.id == id)
    }
}

/// What the platform calls a company.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum CompanyStatus {
    Active,
    /// Its owner has not completed the onboarding.
    Pending,
}

/// One person with a Remote account.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct User {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) email: String,
    pub(crate) status: UserStatus,
}

/// What the platform calls a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum UserStatus {
    Active,
    /// The owner of a created company, until the onboarding is complete.
    Initiated,
}

/// One employment and the person it belongs to.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Employment {
    pub(crate) id: String,
    pub(crate) job_title: String,
    pub(crate) owner: User,
}

impl Fixture {
    /// Reads a fixture; [`built_in`](Self::built_in) is one, with every member explained.
    ///
    /// # Errors
    ///
    /// Fails when the text is no TOML or has what no fixture has, when something is missing, when
    /// two ids are the same or a reference leads nowhere, and says in which line.
    pub fn parse(text: &str) -> Result<Self, FixtureError> {
        file::read(text)
    }

    /// Returns the text of the built-in fixture, to begin with.
    pub const fn built_in() -> &'static str {
        BUILT_IN
    }

    /// Returns the id of the demo company, which is the `company_id` of every code that is redeemed
    /// unless another company was chosen on the consent page.
    pub fn company_id(&self) -> &str {
        &self.company().id
    }

    /// Returns the user id of the demo company's manager, which is the `user_id` of its redeemed
    /// codes and may stand in `urn:remote-api:company-manager:user:…`.
    pub fn manager_user_id(&self) -> &str {
        &self.company().manager.id
    }

    /// Returns the id of the demo company's first employment, which may stand in
    /// `urn:remote-api:employee:employment:…`.
    pub fn employment_id(&self) -> &str {
        &self.company().employments[0].id
    }

    /// Returns the id of the first company that nobody manages.
    pub fn unmanaged_company_id(&self) -> &str {
        &self.unmanaged_company().id
    }

    /// Returns the user id of a manager whose company nobody manages.
    pub fn unmanaged_user_id(&self) -> &str {
        &self.unmanaged_company().manager.id
    }

    /// Returns the id of an employment in the company that nobody manages.
    pub fn unmanaged_employment_id(&self) -> &str {
        &self.unmanaged_company().employments[0].id
    }

    /// The company that consents where none is chosen, and whose customer tokens always exist.
    pub(crate) fn company(&self) -> &Arc<Company> {
        &self.managed[0]
    }

    /// The company that exists to be refused.
    pub(crate) fn unmanaged_company(&self) -> &Arc<Company> {
        &self.unmanaged[0]
    }

    /// The customer API token that the file gives a company on a gateway.
    pub(crate) fn api_token(&self, company: &Company, gateway: Gateway) -> Option<&Secret> {
        let is_it = |given: &&ApiToken| given.gateway == gateway && given.company.id == company.id;
        self.api_tokens.iter().find(is_it).map(|given| &given.token)
    }
}

impl Default for Fixture {
    fn default() -> Self {
        READ.clone()
    }
}

impl fmt::Debug for Fixture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ids = |companies: &[Arc<Company>]| -> Vec<Arc<str>> {
            companies.iter().map(|company| company.id.clone()).collect()
        };
        f.debug_struct("Fixture")
            .field("managed", &ids(&self.managed))
            .field("unmanaged", &ids(&self.unmanaged))
            .finish_non_exhaustive()
    }
}
