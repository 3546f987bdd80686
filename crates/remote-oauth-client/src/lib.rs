//! Low-level client for Remote's OAuth 2.0 endpoints.
//!
//! This crate is what goes over the line, and nothing more: request and response types, one method per
//! operation, paths and servers.
//! It has no opinion about when to ask for a token or what to do with it; that is the crate `remote-auth`,
//! which is what programs should depend on.
//!
//! Two kinds of code stand side by side and never share a file.
//! The module `generated` is written by `cargo xtask generate` from the documents below `spec/`; what it holds is
//! found at the root for Remote's OAuth endpoints, in [`platform`] for Remote's platform, in [`gogox`] for a second
//! provider and in [`catalogue`] for the scopes.
//! Everything else is written by hand:
//!
//! * [`support`] stands where generated code expects the generator's own runtime: bodies are bounded, and no
//!   error ever holds a body, a header value or a parser's text.
//! * [`Secret`], [`Foreign`], [`ExpiresIn`] and [`CreatedAt`] are the types that the documents' formats map to, so
//!   that redaction and leniency come from the documents.
//! * [`ClientAuth`] and [`BearerAuth`] say how a request is authenticated; [`transport`] builds the one HTTP client.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use remote_oauth_client::{BasicEncoding, Client, ClientAuth, ClientInfo, Secret, transport};
//!
//! let gateway = url::Url::parse("https://gateway.remote-sandbox.com")?;
//! let http = transport::http_client(&gateway, &transport::Timeouts::default())?;
//! let auth = ClientAuth::basic("my-client-id", &Secret::from("my-secret"), BasicEncoding::Raw);
//! let client = Client::new_with_client(gateway.as_str(), http, auth);
//! assert!(!format!("{client:?}").contains("my-secret"));
//! assert_eq!(client.inner().scheme(), Some("Basic"));
//! # Ok(())
//! # }
//! ```

mod auth;
pub mod catalogue;
mod foreign;
#[rustfmt::skip]
mod generated;
pub mod gogox;
mod lifetime;
pub mod platform;
mod secret;
pub mod support;
#[cfg(test)]
mod test_support;
pub mod transport;
mod wiped;

pub use auth::{
    Answered, Authenticate, BasicEncoding, BearerAuth, BearerFuture, BearerSource, ClientAuth,
};
pub use foreign::Foreign;
pub use generated::client::{Client, types};
pub use generated::endpoints;
pub use lifetime::{CreatedAt, ExpiresIn};
pub use secret::Secret;
pub use support::{ClientInfo, Error, ResponseValue};

/// Names one server of the published document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Server {
    /// Base address without a trailing slash, such as `https://gateway.remote.com`.
    pub url: &'static str,
    /// What the document calls it, such as `Production`.
    pub description: &'static str,
}
