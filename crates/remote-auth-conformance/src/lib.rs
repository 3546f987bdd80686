//! Judges the generated client against the documents.
//!
//! Typed mocks, generated with the client so that the two cannot disagree.

#[rustfmt::skip]
mod generated;

pub use generated::mock::{MockServerExt, operations};
