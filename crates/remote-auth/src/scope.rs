//! Scopes: their styles, their order, and what the operations of Remote's API need.
//!
//! Remote has four styles of scope tokens, and each flow takes some of them:
//!
//! | style | example | consent request | assertion |
//! |---|---|---|---|
//! | URL | `https://gateway.remote.com/company.manage` | yes | no |
//! | action | `timeoff:read` | only through [`WideConsentScope`] | yes |
//! | category | `company_admin` | only through [`WideConsentScope`] | yes |
//! | catch-all | `all:write` | only through [`WideConsentScope`] | yes |
//!
//! The URL style keeps production's host name on every environment.
//!
//! # What covers what
//!
//! Scopes are partially ordered by what they let through.
//! A [`Scope`] covers a token that it has, and a token below others of its own if these let through every operation
//! that the token does.
//! Below means: reading is below writing, members are below their category, actions and categories are below the URL
//! scope, reading is below `all:read`, and everything published is below `all:write`.
//! The published map of operations has the last word, because it says less than the rules in places:
//! `company_management` lists `company:write` and does not read companies, and the URL scope does not open
//! `/v1/employee/…`.
//! Nothing is assumed of an unknown token.
//!
//! ```
//! use remote_auth::Scope;
//! let covers = |one: &str, other: &str| Ok::<_, remote_auth::Error>(one.parse::<Scope>()?.covers(&other.parse()?));
//! assert!(covers("time_and_attendance", "timeoff:write")?);
//! assert!(!covers("company_management", "company:write")?);
//! assert!(covers("company_admin company_management", "company:write")?);
//! # Ok::<(), remote_auth::Error>(())
//! ```
//!
//! # What one may ask
//!
//! Which least scope do these operations need? [`plan()`].
//! Why was this answered with 403, and what is to be added? [`explain()`].
//! Was that granted which was requested? [`Granted`].
//!
//! What is not here: what roles and customer API tokens may do, of which Remote publishes no map.
//!
//! # No consent scope in an assertion
//!
//! A consent scope does not fit an assertion:
//!
//! ```compile_fail,E0308
//! # fn f(client: remote_auth::Client) {
//! use remote_auth::{ConsentScope, Subject};
//! client.assertion(Subject::employment("id")).scope(ConsentScope::COMPANY_MANAGE);
//! # }
//! ```

mod explain;
mod flow;
mod granted;
mod operation;
mod order;
mod plan;
mod reach;
mod set;
mod token;

pub use explain::{Cause, Explanation, explain};
pub use flow::{AssertionScope, ConsentScope, WideConsentScope};
pub use granted::Granted;
pub use operation::Operation;
pub use plan::{Plan, plan};
pub use remote_oauth_client::catalogue::ScopeStyle;
pub use set::Scope;
pub use token::ScopeToken;
