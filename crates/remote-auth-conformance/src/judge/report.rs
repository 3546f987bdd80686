//! What was found, and the four ways to read it.
//!
//! A [`Report`] is data; [`terminal`], [`json`], [`junit`] and [`html`] are pure functions of it.

mod html;
mod junit;
mod terminal;

use std::time::Duration;

use serde::{Serialize, Serializer};

use super::check::{Examination, Objection};
use super::evidence::Exchange;
use super::requirement::{Level, Requirement};

pub use html::html;
pub use junit::junit;
pub use terminal::{line, terminal};

/// The version of the JSON document. Members are only ever added.
pub const SCHEMA: u8 = 1;

/// What a run found.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// The version of this document: [`SCHEMA`].
    pub schema: u8,
    /// The version of the suite.
    pub suite: &'static str,
    /// Who was judged: an address or a command, without credentials.
    pub subject: String,
    /// When the run began, as RFC 3339 writes it.
    pub began: String,
    /// What it came to.
    pub totals: Totals,
    /// One finding for each check that was chosen.
    pub findings: Vec<Finding>,
}

impl Report {
    /// Puts a report together.
    pub fn new(
        subject: impl Into<String>,
        began: impl Into<String>,
        findings: Vec<Finding>,
    ) -> Self {
        Self {
            schema: SCHEMA,
            suite: env!("CARGO_PKG_VERSION"),
            subject: subject.into(),
            began: began.into(),
            totals: Totals::of(&findings),
            findings,
        }
    }

    /// Returns the findings that ended in `outcome`.
    pub fn ended_in(&self, outcome: Outcome) -> impl Iterator<Item = &Finding> {
        self.findings
            .iter()
            .filter(move |finding| finding.outcome == outcome)
    }

    /// Tells what the run came to as a whole: not met if anything was, else could not run, else met.
    ///
    /// A run in which nothing was judged could not run.
    pub fn outcome(&self) -> Outcome {
        if self.totals.not_met > 0 {
            Outcome::NotMet
        } else if self.totals.could_not_run > 0 || self.totals.met == 0 {
            Outcome::CouldNotRun
        } else {
            Outcome::Met
        }
    }
}

/// Renders a report as one JSON document.
pub fn json(report: &Report) -> String {
    serde_json::to_string_pretty(report).expect("a report has text keys only") + "\n"
}

/// How many checks ended in which way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Totals {
    /// Passed.
    pub met: usize,
    /// Failed.
    pub not_met: usize,
    /// Did not apply, or were not to be asked.
    pub skipped: usize,
    /// Could not be put to the subject.
    pub could_not_run: usize,
}

impl Totals {
    fn of(findings: &[Finding]) -> Self {
        let count = |outcome| {
            findings
                .iter()
                .filter(|finding| finding.outcome == outcome)
                .count()
        };
        Self {
            met: count(Outcome::Met),
            not_met: count(Outcome::NotMet),
            skipped: count(Outcome::Skipped),
            could_not_run: count(Outcome::CouldNotRun),
        }
    }
}

/// What one check found.
#[derive(Clone, Debug, Serialize)]
pub struct Finding {
    /// The id of the check.
    pub check: &'static str,
    /// What a subject that passes does.
    pub sentence: &'static str,
    /// The requirements that the check comes from.
    pub requirements: Vec<&'static Requirement>,
    /// How it ended.
    pub outcome: Outcome,
    /// Why it did not pass.
    pub reason: Option<String>,
    /// What was sent and received, with secrets masked.
    pub exchanges: Vec<Exchange>,
    /// How long it took, in milliseconds in JSON.
    #[serde(rename = "took_ms", serialize_with = "milliseconds")]
    pub took: Duration,
}

impl Finding {
    /// Returns the strictest level among the requirements.
    pub fn level(&self) -> Option<Level> {
        self.requirements
            .iter()
            .map(|requirement| requirement.level)
            .min()
    }
}

/// How a check ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The subject does what the check demands.
    Met,
    /// It does not.
    NotMet,
    /// The check does not apply or was not to be asked.
    Skipped,
    /// The question could not be put, or no answer came.
    CouldNotRun,
}

impl Outcome {
    /// Lists all of them, the worst first.
    pub const ALL: [Self; 4] = [Self::NotMet, Self::CouldNotRun, Self::Skipped, Self::Met];

    pub(super) fn of(examination: &Examination) -> Self {
        match examination {
            Ok(()) => Self::Met,
            Err(Objection::NotMet(_)) => Self::NotMet,
            Err(Objection::Skipped(_)) => Self::Skipped,
            Err(Objection::CouldNotRun(_)) => Self::CouldNotRun,
        }
    }

    /// Returns the word for it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Met => "met",
            Self::NotMet => "not met",
            Self::Skipped => "skipped",
            Self::CouldNotRun => "could not run",
        }
    }
}

fn milliseconds<S: Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u64(u64::try_from(duration.as_millis()).unwrap_or(u64::MAX))
}

/// Escapes text for XML and HTML, and shows what XML cannot hold as a question mark.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            '\n' | '\t' => escaped.push(c),
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => escaped.push('?'),
            c => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests;
