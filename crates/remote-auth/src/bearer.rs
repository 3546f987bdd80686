//! Attaching tokens to requests, and only to those that they are meant for.
//!
//! [`Token::authorize`](crate::Token::authorize) does it for one request; `BearerMiddleware` does it for every request of a client made with
//! `reqwest-middleware`, behind the feature `middleware`.

mod challenge;
#[cfg(feature = "middleware")]
mod middleware;

pub use challenge::Challenge;
#[cfg(feature = "middleware")]
pub use middleware::BearerMiddleware;
