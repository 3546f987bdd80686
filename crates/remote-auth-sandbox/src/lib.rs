//! An embedded authorization server that behaves as Remote's documents say Remote behaves.
//!
//! It listens on loopback only, keeps everything in memory, and is **not for production**: it is
//! the opponent that a client is tested against, and a place to try an integration without an
//! account.
//!
//! # What is here
//!
//! * Three gateways at once ([`Gateway`]), each on a port of its own. A token works only where it
//!   was issued.
//! * `GET /auth/oauth2/authorize` with a consent page, or with [`Builder::auto_approve`] an
//!   immediate code.
//! * `POST /auth/oauth2/token` for client credentials, authorization codes, refresh tokens and
//!   assertions.
//! * The platform operations that authentication touches, under `/v1`, `/eor/v1` and
//!   `/api/eor/v1`: who a token is, employments, managers and companies to list, companies to
//!   create with their tokens, `create-token`, magic links and webhook callbacks.
//!   Each judges the kind of token and its scope.
//! * [`Sandbox::offboard`], [`archive`](Sandbox::archive) and
//!   [`deactivate`](Sandbox::deactivate), which end access and deliver signed webhooks.
//! * [`GogoxSandbox`], the JSON token endpoint of the second provider on an address of its own.
//! * A [ledger](Sandbox::ledger) of every request with the [`Rule`] that decided it, and a
//!   [`ManualClock`].
//! * A broken form of every rule ([`danger`]), so that a judge of servers can be shown to say no.
//!
//! # What is not
//!
//! It shares wire types with `remote-oauth-client` and nothing with `remote-auth`: the rules about
//! codes, assertions, scopes and lifetimes are written here a second time, so that each side can
//! prove the other wrong.
//! Integration settings that Remote keeps per client, such as whether it may make magic links, are
//! all on.
//! There is no TLS and no storage.
//! Every rule is stated by a provider's document or an RFC, but for those whose
//! [source](Rule::source) says that they are our own, inferred or for safety.
//!
//! # The invariant
//!
//! No code, token, client secret or assertion is kept as text, or shown in a log, an error, a
//! `Debug` or the ledger.
//! The same holds for the links that sign people in and for the keys that sign webhooks.
//! The two exceptions are the secrets of the clients and the customer API tokens, which the handle
//! keeps as redacted [`Secret`](remote_oauth_client::Secret) values to hand them out.
//! Nothing is sent anywhere but to loopback.
//!
//! # Example
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use remote_auth_sandbox::{Gateway, Rule, Sandbox};
//! use remote_oauth_client::{BasicEncoding, Client, ClientAuth, transport, types::TokenRequest};
//!
//! let sandbox = Sandbox::start().await?;
//! let gateway = sandbox.gateway_url(Gateway::Sandbox).parse()?;
//! let http = transport::http_client(&gateway, &transport::Timeouts::default())?;
//! let auth = ClientAuth::basic(sandbox.client_id(), sandbox.client_secret(), BasicEncoding::Raw);
//! let client = Client::new_with_client(sandbox.gateway_url(Gateway::Sandbox), http, auth);
//!
//! let request =
//!     TokenRequest::ClientCredentials { client_id: None, client_secret: None, scope: None };
//! let answer = client.request_token(&request).await?.into_inner();
//! assert_eq!(answer.token_type.as_deref(), Some("Bearer"));
//! assert_eq!(sandbox.ledger()[0].rule, Rule::ClientCredentialsIssued);
//! # Ok(())
//! # }
//! ```

mod authorize;
mod clock;
mod consent;
pub mod danger;
mod delivery;
mod directory;
mod entropy;
mod fixture;
mod gateway;
mod gogox;
mod http;
mod iso8601;
mod ledger;
mod operation;
mod page;
mod parameters;
mod pkce;
mod platform;
mod rate;
mod redirect;
mod registration;
mod rule;
mod sandbox;
mod scope;
mod server;
mod state;
mod token;
mod webhook;
mod wire;
mod world;

pub use clock::ManualClock;
pub use delivery::{Delivery, DeliveryOutcome};
pub use fixture::Fixture;
pub use gateway::Gateway;
pub use gogox::{GogoxBuilder, GogoxEntry, GogoxSandbox};
pub use ledger::Entry;
pub use registration::Registration;
pub use rule::Rule;
pub use sandbox::{Builder, Sandbox};
