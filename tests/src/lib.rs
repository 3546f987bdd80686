//! What the journeys share: the program as a process, golden files, planted secrets, and a foreign server.
//!
//! The journeys are in `tests/`. Nothing here is for other crates.

pub mod browser;
pub mod golden;
pub mod plant;
pub mod process;
pub mod rfc_only;
