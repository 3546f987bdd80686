//! Low-level client for Remote's OAuth 2.0 endpoints.
//!
//! This crate is what goes over the line, and nothing more: request and response types, one method per
//! operation, paths and servers.
//! It has no opinion about when to ask for a token or what to do with it; that is the crate `remote-auth`,
//! which is what programs should depend on.
//!
//! Two kinds of code stand side by side and never share a file.
//! The module `generated` is written by `cargo xtask generate` from the published document and its overlays.
//! Everything else is written by hand:
//!
//! * [`support`] stands where generated code expects the generator's own runtime: bodies are bounded, and no
//!   error ever holds a body, a header value or a parser's text.
//! * [`Secret`], [`Foreign`] and [`ExpiresIn`] are the types that the document's formats map to, so that
//!   redaction and leniency come from the document.
//! * [`ClientAuth`] says how a request is authenticated; [`transport`] builds the one HTTP client.
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
mod foreign;
#[rustfmt::skip]
mod generated;
mod lifetime;
mod secret;
pub mod support;
pub mod transport;

pub use auth::{BasicEncoding, ClientAuth};
pub use foreign::Foreign;
pub use generated::client::{Client, types};
pub use generated::endpoints;
pub use lifetime::ExpiresIn;
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
