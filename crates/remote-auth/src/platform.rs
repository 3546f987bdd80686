//! The platform operations that authentication touches.
//!
//! Whose token is this, and may it do what I plan? Which companies are mine? A new company with its tokens, a link
//! that signs a person in, the people that an assertion can stand for, webhooks.
//! The rest of Remote's API is for the program's own client, with a
//! token attached by [`Token::authorize`](crate::Token::authorize) or `BearerMiddleware`.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # use remote_auth::{Client, Environment};
//! # let server = remote_auth_sandbox::Sandbox::start().await?;
//! # let environment = Environment::custom(server.gateway_url(remote_auth_sandbox::Gateway::Sandbox))?;
//! # let client = Client::builder(environment).credentials(server.client_id(), server.client_secret().clone()).build()?;
//! use remote_auth::platform::{NewCompany, Owner};
//!
//! let partner = client.platform(client.client_credentials());
//! assert!(partner.identity().await?.client_id().is_some());
//!
//! // A company with its consent in one call, where Remote has entitled the integration to it.
//! let owner = Owner {
//!     name: "Ada Admin".to_owned(),
//!     email: "ada@acme.example".to_owned(),
//!     terms_accepted_at: jiff::Timestamp::now().to_string(),
//! };
//! let created = partner.create_company(&NewCompany::new("Acme", "PRT", "EUR", owner)).await?;
//! let company = client.company(created.grant.ok_or("the integration is not entitled to tokens")?);
//! assert!(company.token().await?.expires_at().is_some());
//! # Ok(())
//! # }
//! ```

mod company;
mod identity;
mod magic_link;

use std::fmt;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use remote_oauth_client::platform::{Client as WireClient, endpoints, types};
use remote_oauth_client::{BearerAuth, Error as WireError, ResponseValue, Secret, transport};

use crate::bearer::decide::{Refusal, refusal};
use crate::client::Client;
use crate::error::verdict::success;
use crate::error::{Deviated, Deviation, Error, Misuse, Step, WrongEnvironment};
use crate::grant::CompanyGrant;
use crate::scope::Operation;
use crate::source::{FixedTokenSource, TokenSource};
use crate::token::{Principal, Token};

pub use company::{CreatedCompany, NewCompany, Owner};
pub use identity::{Identity, Permission};
pub use magic_link::MagicLink;
pub use remote_oauth_client::platform::types::{
    Company, CompanyManager, Employment, WebhookCallback,
};

/// Names what stands between the gateway and an operation's path.
///
/// Remote has served its API below several; the first is the published one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Prefix {
    /// `/v1`.
    #[default]
    V1,
    /// `/eor/v1`, as in older guides.
    EorV1,
    /// `/api/eor/v1`, as Remote's own command line has it.
    ApiEorV1,
}

impl Prefix {
    /// Returns the prefix as it stands in an address.
    pub fn as_str(self) -> &'static str {
        endpoints::PREFIXES[match self {
            Self::V1 => 0,
            Self::EorV1 => 1,
            Self::ApiEorV1 => 2,
        }]
    }
}

type WireResult<T> = Result<ResponseValue<T>, WireError<types::ErrorResponse>>;

/// Speaks to the platform with one source's tokens. Cheap to clone.
///
/// A token that the gateway refuses is invalidated, and the call is made once more with a new one.
#[derive(Clone)]
pub struct Platform {
    http: reqwest::Client,
    client: Option<Client>,
    source: Arc<dyn TokenSource>,
    prefix: Prefix,
}

impl Platform {
    /// Speaks as a customer, with its own static token.
    ///
    /// # Errors
    ///
    /// [`Misuse::Transport`] if HTTP or TLS cannot be set up.
    pub fn of_customer(source: FixedTokenSource) -> Result<Self, Error> {
        Self::over_new_http(source, &transport::Timeouts::default())
    }

    /// Speaks as a customer, and bounds each exchange, from the start to the last byte.
    ///
    /// # Errors
    ///
    /// [`Misuse::Transport`] if HTTP or TLS cannot be set up.
    pub fn of_customer_within(source: FixedTokenSource, total: Duration) -> Result<Self, Error> {
        Self::over_new_http(source, &transport::Timeouts::within(total))
    }

    fn over_new_http(
        source: FixedTokenSource,
        timeouts: &transport::Timeouts,
    ) -> Result<Self, Error> {
        let gateway = source.environment().gateway().base();
        let http = transport::http_client(gateway, timeouts)
            .map_err(|_| Error::from(Misuse::Transport))?;
        Ok(Self {
            http,
            client: None,
            source: Arc::new(source),
            prefix: Prefix::default(),
        })
    }

    pub(crate) fn over(http: reqwest::Client, client: Client, source: impl TokenSource) -> Self {
        Self {
            http,
            client: Some(client),
            source: Arc::new(source),
            prefix: Prefix::default(),
        }
    }

    /// Sets the prefix. Default `/v1`.
    // Requirement: remote.api.prefixes
    #[must_use]
    pub fn prefix(mut self, prefix: Prefix) -> Self {
        self.prefix = prefix;
        self
    }

    /// Asks whose token this is: `GET /identity/current`, or `GET /employee/current` for an employee's.
    ///
    /// # Errors
    ///
    /// What the source or the gateway answers.
    // Requirement: remote.api.check-by-kind, remote.api.identity
    pub async fn identity(&self) -> Result<Identity, Error> {
        let token = self.source.token().await?;
        let principal = token.principal();
        let ask = async |wire: &WireClient| match principal {
            Principal::Employee => wire.get_current_employee().await,
            _ => wire.get_current_identity().await,
        };
        let answer = self.call(Step::Identity, token.clone(), ask).await?;
        Ok(Identity::new(answer.data.unwrap_or_default(), &token))
    }

    /// Lists the companies that this partner may act for, as far as one answer holds them: `GET /companies`.
    ///
    /// # Errors
    ///
    /// [`Misuse::PartnerOnly`] with any other token, before anything is sent; what the source or the gateway answers.
    pub async fn companies(&self) -> Result<Vec<Company>, Error> {
        let token = self.partner_token().await?;
        let answer = self
            .call(Step::Companies, token, async |wire: &WireClient| {
                wire.list_companies(None).await
            })
            .await?;
        // Remote's description has the list in one place and its example in the other.
        let below = answer.data.map(|data| data.companies).unwrap_or_default();
        Ok(if below.is_empty() {
            answer.companies
        } else {
            below
        })
    }

    /// Creates a company and takes its consent along: `POST /companies?action=get_oauth_access_tokens`.
    ///
    /// # Cancel safety
    ///
    /// Not safe: a future that is dropped after the request left may have created the company.
    ///
    /// # Errors
    ///
    /// [`Misuse::PartnerOnly`] with any other token, before anything is sent; `refused.unprocessable` where the
    /// integration is not entitled; what else the source or the gateway answers.
    // Requirement: remote.company.shortcut
    pub async fn create_company(&self, company: &NewCompany) -> Result<CreatedCompany, Error> {
        let (token, client) = (self.partner_token().await?, self.client()?);
        let sent = client.now();
        let create = async |wire: &WireClient| {
            let (actions, scope) = (Some(company.actions()), company.scope());
            wire.create_company(actions, scope, company.body()).await
        };
        let answer = self.call(Step::CreateCompany, token, create).await?;
        CreatedCompany::judge(client, answer.data.unwrap_or_default(), sent)
    }

    /// Creates tokens for a company that this partner manages: `POST /companies/{company_id}/create-token`.
    ///
    /// # Errors
    ///
    /// [`Misuse::PartnerOnly`] with any other token; what the source or the gateway answers.
    // Requirement: remote.company.create-token
    pub async fn create_token(
        &self,
        company_id: &str,
        scope: Option<&crate::Scope>,
    ) -> Result<CompanyGrant, Error> {
        let (token, client) = (self.partner_token().await?, self.client()?);
        let (sent, scope) = (client.now(), scope.map(ToString::to_string));
        let answer = self
            .call(Step::CreateToken, token, async |wire: &WireClient| {
                wire.create_company_token(company_id, scope.as_deref())
                    .await
            })
            .await?;
        company::grant(client, Step::CreateToken, answer, company_id, sent)
    }

    /// Creates a link that signs a person in: `POST /magic-link`.
    ///
    /// # Errors
    ///
    /// [`Misuse::CompanyOnly`] with a partner's, an employee's or a customer's token, before anything is sent; what
    /// the source or the gateway answers.
    ///
    /// # Secrets
    ///
    /// Whoever opens the link is signed in, so it comes as a secret.
    pub async fn magic_link(&self, link: &MagicLink) -> Result<Secret, Error> {
        let token = self.source.token().await?;
        let fits = matches!(
            token.principal(),
            Principal::Company | Principal::CompanyManager
        );
        if !fits && !token.is_for_any_operation() {
            // Requirement: remote.magic-link.company-token
            return Err(Misuse::CompanyOnly.into());
        }
        let body = link.body();
        let answer = self
            .call(Step::MagicLink, token, async |wire: &WireClient| {
                wire.create_magic_link(&body).await
            })
            .await?;
        answer
            .data
            .and_then(|data| data.url)
            .ok_or_else(|| incomplete(Step::MagicLink))
    }

    /// Lists one page of employments: `GET /employments`.
    ///
    /// # Errors
    ///
    /// What the source or the gateway answers.
    pub async fn employments(
        &self,
        page: NonZeroU32,
        page_size: NonZeroU32,
    ) -> Result<Vec<Employment>, Error> {
        let token = self.source.token().await?;
        let answer = self
            .call(Step::Employments, token, async |wire: &WireClient| {
                wire.list_employments(None, None, Some(page), Some(page_size), None)
                    .await
            })
            .await?;
        Ok(answer.data.map(|data| data.employments).unwrap_or_default())
    }

    /// Lists one page of the company's managers, whose user ids assertions name: `GET /company-managers`.
    ///
    /// # Errors
    ///
    /// [`Error::Misuse`] with a partner's or an employee's token, before anything is sent; what the source or the
    /// gateway answers.
    pub async fn company_managers(
        &self,
        page: NonZeroU32,
        page_size: NonZeroU32,
    ) -> Result<Vec<CompanyManager>, Error> {
        let token = self.token_for("GET", "/v1/company-managers").await?;
        let answer = self
            .call(Step::CompanyManagers, token, async |wire: &WireClient| {
                wire.list_company_managers(None, Some(page), Some(page_size))
                    .await
            })
            .await?;
        Ok(answer
            .data
            .map(|data| data.company_managers)
            .unwrap_or_default())
    }

    /// Asks to be told of events: `POST /webhook-callbacks`.
    ///
    /// # Errors
    ///
    /// [`Error::Misuse`] with an employee's token, before anything is sent; what the source or the gateway answers.
    ///
    /// # Secrets
    ///
    /// The answer's signing key is shown this once; [`WebhookVerifier`](crate::webhook::WebhookVerifier) takes it.
    pub async fn create_webhook(
        &self,
        url: &str,
        events: &[&str],
    ) -> Result<WebhookCallback, Error> {
        let token = self.token_for("POST", "/v1/webhook-callbacks").await?;
        let body = types::CreateWebhookCallbackRequest {
            url: url.to_owned(),
            subscribed_events: events.iter().map(|event| (*event).to_owned()).collect(),
            subscribe_to_all_events: None,
        };
        let answer = self
            .call(Step::CreateWebhook, token, async |wire: &WireClient| {
                wire.create_webhook_callback(&body).await
            })
            .await?;
        let created = answer.data.and_then(|data| data.webhook_callback);
        created.ok_or_else(|| incomplete(Step::CreateWebhook))
    }

    /// Asks not to be told any more: `DELETE /webhook-callbacks/{id}`.
    ///
    /// # Errors
    ///
    /// [`Error::Misuse`] with an employee's token, before anything is sent; what the source or the gateway answers.
    pub async fn delete_webhook(&self, id: &str) -> Result<(), Error> {
        let token = self
            .token_for("DELETE", "/v1/webhook-callbacks/{id}")
            .await?;
        self.call(Step::DeleteWebhook, token, async |wire: &WireClient| {
            wire.delete_webhook_callback(id).await
        })
        .await?;
        Ok(())
    }

    /// Gets a token for an operation of the map that its principal may reach.
    async fn token_for(&self, method: &str, path: &str) -> Result<Token, Error> {
        let token = self.source.token().await?;
        let operation = Operation::find(method, path).expect("the map has every operation here");
        token.may_call(operation)?;
        Ok(token)
    }

    async fn partner_token(&self) -> Result<Token, Error> {
        let token = self.source.token().await?;
        if token.principal() == Principal::Partner || token.is_for_any_operation() {
            Ok(token)
        } else {
            // Requirement: remote.skill.mistake-customer-for-partner
            Err(Misuse::PartnerOnly.into())
        }
    }

    /// Returns the client that a new grant will belong to, if it is of the source's environment.
    fn client(&self) -> Result<&Client, Error> {
        let client = self
            .client
            .as_ref()
            .ok_or_else(|| Error::from(Misuse::PartnerOnly))?;
        if client.environment() == self.source.environment() {
            Ok(client)
        } else {
            Err(WrongEnvironment::Grant.into())
        }
    }

    fn wire(&self, token: &Token) -> WireClient {
        let base = format!(
            "{}{}",
            self.source.environment().gateway(),
            self.prefix.as_str()
        );
        WireClient::new_with_client(
            &base,
            self.http.clone(),
            BearerAuth::from_header(token.header()),
        )
    }

    /// Makes a call, and makes it once more with a new token if the gateway refuses this one.
    ///
    /// A call that was answered with 401 has done nothing, so nothing is done twice.
    async fn call<T>(
        &self,
        step: Step,
        token: Token,
        operation: impl AsyncFn(&WireClient) -> WireResult<T>,
    ) -> Result<T, Error> {
        let first = operation(&self.wire(&token)).await;
        let answer = if first.as_ref().is_err_and(refuses_the_token) {
            self.source.invalidate(&token);
            match self.source.token().await {
                Ok(new) if new.generation() > token.generation() => {
                    operation(&self.wire(&new)).await
                }
                _ => first,
            }
        } else {
            first
        };
        success(step, answer.map_err(|error| error.map(Into::into)))
    }
}

fn refuses_the_token<E>(error: &WireError<E>) -> bool {
    let refused = error
        .status()
        .zip(error.headers())
        .and_then(|(status, headers)| refusal(status, headers));
    refused == Some(Refusal::Token)
}

/// The answer lacks the one thing that it is for.
fn incomplete(step: Step) -> Error {
    Deviated {
        step,
        status: None,
        deviation: Deviation::Malformed,
    }
    .into()
}

impl fmt::Debug for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Platform")
            .field("source", &self.source)
            .field("prefix", &self.prefix.as_str())
            .finish_non_exhaustive()
    }
}
