//! Compares two OpenAPI 3.1 documents as a caller would: what breaks, what is added, what only reads
//! differently.
//!
//! | class | means |
//! |---|---|
//! | breaking | a program that compiled and worked with the old document may not do so with the new one |
//! | additive | such a program goes on, and a new one can do more |
//! | cosmetic | nothing that a program says or reads has changed |
//!
//! Which class a change has depends on who writes the value: what a program sends may be asked for
//! less, what it receives may promise more, and never the other way round.
//! Formats and types count as what the generated crate makes of them, so text that becomes
//! `format: password` breaks.
//! What nobody has taught this comparison is breaking: it never passes over a difference in silence.
//! Rust that is generated for positional arguments is not judged here; `spec update` looks at it.

mod constraints;
mod operations;
mod print;
mod references;
mod schemas;
mod surroundings;
#[cfg(test)]
mod tests;
mod walk;

use std::path::PathBuf;

use anyhow::{Result, bail};
use clap::{Args, ValueEnum};
use serde_json::Value;

pub(super) use self::print::page;
use self::walk::Walk;
use super::read::Document;

/// Shows what changed between two OpenAPI 3.1 documents for those who call the API
///
/// Changes are grouped as breaking, additive and cosmetic, each with a JSON pointer into the new
/// document, or into the old one where something is gone.
/// The command succeeds whatever it finds, unless --fail-on says otherwise.
#[derive(Args, Debug)]
pub(crate) struct Arguments {
    /// The document as it was, YAML or JSON
    old: PathBuf,
    /// The document as it is now, YAML or JSON
    new: PathBuf,
    /// Print every change as JSON, for programs
    #[arg(long)]
    json: bool,
    /// Fail (exit code 1) when a change of this class, or of a graver one, is found
    #[arg(long, value_name = "CLASS", default_value = "never")]
    fail_on: FailOn,
}

/// Which changes make the command fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum FailOn {
    /// A breaking change
    Breaking,
    /// A breaking or an additive change
    Additive,
    /// No change
    Never,
}

impl FailOn {
    const fn graver_than(self) -> Option<Class> {
        match self {
            Self::Breaking => Some(Class::Breaking),
            Self::Additive => Some(Class::Additive),
            Self::Never => None,
        }
    }
}

/// What a change means to a caller, gravest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Class {
    Breaking,
    Additive,
    Cosmetic,
}

impl Class {
    pub(crate) const ALL: [Self; 3] = [Self::Breaking, Self::Additive, Self::Cosmetic];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Breaking => "breaking",
            Self::Additive => "additive",
            Self::Cosmetic => "cosmetic",
        }
    }
}

/// Which of the two documents a pointer leads into.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Side {
    Old,
    New,
}

/// One difference.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Change {
    pub(crate) class: Class,
    /// What it belongs to: an operation, a named schema, the servers.
    pub(crate) subject: String,
    /// What has changed, without a final stop.
    pub(crate) what: String,
    /// RFC 6901, into the document of `side`.
    pub(crate) pointer: String,
    pub(crate) side: Side,
}

/// Every difference of two documents, gravest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Report {
    pub(crate) changes: Vec<Change>,
}

impl Report {
    /// Returns the changes of one class.
    pub(crate) fn of(&self, class: Class) -> impl Iterator<Item = &Change> {
        self.changes
            .iter()
            .filter(move |change| change.class == class)
    }

    /// Returns the class of the gravest change.
    pub(crate) fn gravest(&self) -> Option<Class> {
        self.changes.iter().map(|change| change.class).min()
    }
}

/// Runs the subcommand.
pub(super) fn run(arguments: &Arguments) -> Result<()> {
    let old = Document::read(&arguments.old)?;
    let new = Document::read(&arguments.new)?;
    let report = compare(&old.value, &new.value)?;
    if arguments.json {
        println!("{}", print::json(&old, &new, &report));
    } else {
        print!("{}", page(&old, &new, &report));
    }
    judge(&report, arguments.fail_on)
}

fn judge(report: &Report, fail_on: FailOn) -> Result<()> {
    let Some(limit) = fail_on.graver_than() else {
        return Ok(());
    };
    if let Some(gravest) = report.gravest().filter(|gravest| *gravest <= limit) {
        bail!(
            "the gravest change is {}, and --fail-on {} was asked for",
            gravest.name(),
            limit.name()
        );
    }
    Ok(())
}

/// Compares two documents.
///
/// # Errors
///
/// A reference that leaves the document, leads nowhere or leads back to itself; two paths that differ
/// only in the names of their parameters; documents whose comparison would take too long.
pub(crate) fn compare(old: &Value, new: &Value) -> Result<Report> {
    let mut walk = Walk::new(old, new);
    walk.document();
    walk.finish()
}
