//! Get, keep and use access to Remote's API.
//!
//! Remote guards its API by OAuth 2.0 ([RFC 6749]).
//! This crate runs the flows, holds the secrets, judges the answers, and hands out tokens that renew themselves.
//!
//! # A tour, in protocol order
//!
//! An [`Environment`] says where: production, one of Remote's sandboxes, or a server of your own.
//! A [`Client`] says who, and is where every flow starts:
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use remote_auth::{Client, ConsentScope, CustomerApiToken, Environment, Subject};
//! # let server = remote_auth_sandbox::Sandbox::builder().auto_approve(true).start().await?;
//! # let gateway = server.gateway_url(remote_auth_sandbox::Gateway::Sandbox).to_owned();
//! # let (client_id, client_secret) = (server.client_id().to_owned(), server.client_secret().clone());
//! # let environment = Environment::custom(&gateway)?;
//!
//! let client = Client::builder(environment.clone()).credentials(client_id, client_secret).build()?;
//!
//! // 1. The partner itself: RFC 6749 section 4.4.
//! let partner = client.client_credentials();
//! let token = partner.token().await?; // cached: one request, however many callers
//! assert!(token.expires_at() > Some(std::time::SystemTime::UNIX_EPOCH));
//!
//! // 2. A company that consents: sections 4.1 and 6.
//! let redirect_uri = "http://127.0.0.1:8787/callback";
//! let (url, pending) = client.authorization(redirect_uri).scope(ConsentScope::COMPANY_MANAGE).begin()?;
//! # let callback_url = support::approve(&url).await?;
//! let code = pending.accept(&callback_url)?; // state, issuer, error, duplicates: judged here, once
//! let grant = client.redeem(code).await?; // company, user, refresh token
//! let company = client.company(grant); // renews itself
//! # company.token().await?;
//!
//! // 3. One user, no redirect: RFC 7523 section 2.1.
//! # let id = server.fixture().employment_id().to_owned();
//! let employee = client.assertion(Subject::employment(id)).scope("timeoff:read timeoff:write".parse()?);
//! # employee.token().await?;
//!
//! // 4. A customer's own static token.
//! # let text = server.customer_api_token(remote_auth_sandbox::Gateway::Sandbox).clone();
//! let customer = CustomerApiToken::parse(text)?.source(environment)?;
//! # customer.token().await?;
//!
//! // Any of them, on any request, only ever to the gateway that minted it.
//! # use remote_auth::bearer::BearerMiddleware;
//! # let http_client = client.http().clone();
//! let http = reqwest_middleware::ClientBuilder::new(http_client).with(BearerMiddleware::new(company)).build();
//! let answer = http.get(format!("{gateway}/v1/employments?page_size=1")).send().await?;
//! assert_eq!(answer.status(), 200);
//! # Ok(())
//! # }
//! # mod support {
//! #     /// Stands for the browser: the embedded sandbox approves at once.
//! #     pub async fn approve(url: &url::Url) -> Result<String, Box<dyn std::error::Error>> {
//! #         let http = remote_oauth_client::transport::http_client(
//! #             &url.join("/")?, &remote_oauth_client::transport::Timeouts::default())?;
//! #         let answer = http.get(url.clone()).send().await?;
//! #         Ok(answer.headers()["location"].to_str()?.to_owned())
//! #     }
//! # }
//! ```
//!
//! # Features
//!
//! | feature | adds |
//! |---|---|
//! | `middleware` | `bearer::BearerMiddleware` for `reqwest-middleware` |
//! | `tower` | `bearer::BearerLayer` for `tower` services |
//! | `metrics` | counters of token sources through the `metrics` facade |
//! | `coarse-clock` | `CoarseClock`, which is quicker to read than `SystemClock` |
//!
//! None is on by default.
//!
//! # What does not compile
//!
//! A code cannot be redeemed without an accepted callback, and not twice; a consent scope does not fit an
//! assertion. [`authorization`] and [`scope`] show each with a test that it fails to compile.
//!
//! # What is wiped, and what is not
//!
//! Wiped when they are dropped: every secret type of this crate; the form that carries a code, a refresh token or an
//! assertion, when the HTTP client lets go of it; the text of HTTP Basic and of a bearer header while it is put
//! together; the body of a token answer, where it is put together from pieces; the MAC of an assertion.
//!
//! Not wiped, because the libraries keep memory of their own:
//!
//! * the value of an `Authorization` header, for as long as a [`Token`] or a [`Client`] lives and after, and its copy in
//!   each request; it is marked sensitive, so it is not shown;
//! * what HTTP and TLS copy into their buffers on the way out and in;
//! * the JSON body of a request to GOGOX, in which the secret stands;
//! * the key schedule of HMAC-SHA-256 that is made of a client secret;
//! * what the JSON parser copies for a text with escapes, which tokens do not have;
//! * what the program itself did with a text before it became a secret.
//!
//! # What is not here
//!
//! No environment variables, no files, no terminal: those belong to the program.
//! No process-wide state: every clock, HTTP client and signer is a value.
//!
//! [RFC 6749]: https://www.rfc-editor.org/rfc/rfc6749

mod assertion;
pub mod authorization;
pub mod bearer;
mod client;
mod clock;
pub mod companies;
mod credentials;
mod customer;
pub mod danger;
mod environment;
pub mod error;
mod grant;
mod leeway;
mod pkce;
pub mod platform;
mod provider;
mod random;
mod reach;
pub mod scope;
mod secret;
mod skew;
pub mod source;
#[cfg(test)]
mod test_support;
mod token;
pub mod webhook;

pub use assertion::Subject;
pub use authorization::{AcceptedCode, AuthorizationRequest, PendingAuthorization};
pub use client::{AssertionRequest, Client, ClientBuilder};
#[cfg(feature = "coarse-clock")]
pub use clock::CoarseClock;
pub use clock::{Clock, SystemClock};
pub use companies::{CompanyTokenSource, CompanyTokens};
pub use credentials::{ClientSecrets, LiveSecret, SecretSource, SecretsFuture};
pub use customer::CustomerApiToken;
pub use environment::{CustomEnvironment, Environment, Gateway};
pub use error::Error;
pub use grant::CompanyGrant;
pub use provider::Provider;
pub use scope::{AssertionScope, ConsentScope, Scope};
pub use secret::{AccessToken, ClientId, ClientSecret, RefreshToken};
pub use skew::ClockSkew;
pub use source::{CachedTokenSource, TokenSource};
pub use token::{Principal, Token};

pub use remote_oauth_client::{BasicEncoding, Secret};

/// Re-exported so that callers can open and make secrets with the version that this crate uses.
pub use secrecy;
