//! The judge: checks that run against any server or any client, and what a person gets to read about it.
//!
//! A [`Check`] asks one question about a subject, names the [`Requirement`]s that it comes from, and ends in an
//! [`Objection`] or in none.
//! [`run`] asks them in order and returns a [`Report`], which [`report`] renders for a terminal, for machines
//! (JSON, JUnit) and as one page for people.
//!
//! What is not here: the laws in `tests/`, which need our own code to judge it; the judge needs an address or a
//! command.
//!
//! The invariants: evidence is masked before it is kept, so that no report can hold a secret; and a check that
//! could not find out says so, which is neither a pass nor a failure.

mod check;
pub mod client;
mod evidence;
pub mod report;
mod requirement;
mod run;
mod selection;
pub mod server;

pub use check::{Check, Conduct, Examination, Objection, demand};
pub use evidence::{Exchange, Mask, Record};
pub use report::{Finding, Outcome, Report};
pub use requirement::{Level, Party, Requirement};
pub use run::{Progress, run};
pub use selection::{Refusal, Selection};
