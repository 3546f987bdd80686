//! Judges the generated client and the core against the documents.
//!
//! * [`judge`] asks any server or client, by address or command, and writes the report that people read; behind the
//!   feature `sandbox` the embedded sandbox is one of the servers.
//!
//! The rest, behind the feature `laws`, are tools for property tests of our own code; the laws are in `tests/`.
//!
//! * [`MockServerExt`] and [`operations`] are typed mocks, generated from the same document as the client, so that
//!   mock and client cannot disagree about types. [`RequestMatcher`] adds what the generator cannot write: a form
//!   body that must match exactly, and client authentication.
//! * [`Seen`] reads a request back with a strict reader of its own, and with the URL standard's lenient one; both
//!   must agree.
//! * [`Stage`] holds one mock server and one runtime; [`law`] runs a property on it.
//! * [`RawServer`] answers with bytes, for what HTTP libraries refuse to do: stop short, never stop, hang up.
//! * [`strategy`] makes inputs and answers, weighted towards the edges where codecs and parsers differ; an
//!   [`Answer`] knows what it deserves.
//! * [`verdict`] is the table of answers in the place of a success, with what each must come to.
//! * [`Attempt`] asks the core for a token by any of the four grants.
//! * [`ManualClock`] stands still until a law moves it.
//! * [`mark`] looks for planted text in whatever a program could print.
//! * [`golden`] holds what a test has seen against a file that a person reviewed.
//!
//! What is not here: journeys across processes.
//!
//! The invariant: no law asks the code that it judges what to expect.
//! Expectations are written by hand, or known because the input was put together from them.
//!
//! ```
//! use remote_auth_conformance::{MockServerExt, RequestMatcher, Stage};
//! use remote_oauth_client::types::{TokenRequest, TokenResponse};
//! use remote_oauth_client::{BasicEncoding, ClientAuth, Secret};
//!
//! let stage = Stage::take();
//! let secret = Secret::from("a:secret+");
//! let request = TokenRequest::ClientCredentials { client_id: None, client_secret: None, scope: None };
//! let mock = stage.server().request_token(|when, then| {
//!     when.form(&request).basic("id", &secret, BasicEncoding::Raw);
//!     then.ok(&TokenResponse { access_token: Some("t".into()), ..TokenResponse::default() });
//! });
//!
//! let auth = ClientAuth::basic("id", &secret, BasicEncoding::Raw);
//! let client = stage.client(auth);
//! let answer = stage.run(client.request_token(&request)).expect("the mock answers");
//! assert!(answer.into_inner().access_token.is_some());
//! assert_eq!(mock.calls(), 1);
//! ```

#[cfg(feature = "laws")]
mod answer;
#[cfg(feature = "laws")]
mod attempt;
#[cfg(feature = "laws")]
mod clock;
#[cfg(feature = "laws")]
#[rustfmt::skip]
mod generated;
pub mod golden;
pub mod judge;
pub mod mark;
#[cfg(feature = "laws")]
mod matcher;
#[cfg(feature = "laws")]
mod seen;
mod socket;
#[cfg(feature = "laws")]
mod stage;
#[cfg(feature = "laws")]
pub mod strategy;
#[cfg(feature = "laws")]
pub mod verdict;

#[cfg(feature = "laws")]
pub use answer::{Answer, Members, Refusal, Value};
#[cfg(feature = "laws")]
pub use attempt::{Attempt, Grant};
#[cfg(feature = "laws")]
pub use clock::ManualClock;
#[cfg(feature = "laws")]
pub use generated::mock::{MockServerExt, operations};
#[cfg(feature = "laws")]
pub use matcher::RequestMatcher;
#[cfg(feature = "laws")]
pub use seen::Seen;
pub use socket::{Ending, RawServer};
#[cfg(feature = "laws")]
pub use stage::{Script, Stage, law};
