//! What the journeys share: the program as a process, a store of files, golden files, planted secrets, a foreign server, and a service
//! that hears webhooks.
//!
//! The journeys are in `tests/`. Nothing here is for other crates.

pub mod browser;
pub mod chromium;
pub mod files;
pub mod foreign;
pub mod golden;
pub mod hook;
pub mod journey;
pub mod plant;
pub mod process;
pub mod rfc_only;
pub mod witness;
