//! The report for a terminal.

use std::fmt::Write;

use super::{Finding, Outcome, Report};

/// Renders one finding as a line, with the reason below it where there is one.
///
/// The line begins with the word for the outcome, so that a caller can paint it.
pub fn line(finding: &Finding) -> String {
    let mut line = format!("{:<13} {}", finding.outcome.word(), finding.check);
    if finding.outcome == Outcome::NotMet {
        write!(line, "\n{:14}wanted: {}", "", finding.sentence).expect("memory takes any text");
    }
    if let Some(reason) = &finding.reason {
        let word = if finding.outcome == Outcome::NotMet {
            "seen"
        } else {
            "because"
        };
        write!(line, "\n{:14}{word}: {reason}", "").expect("memory takes any text");
    }
    line
}

/// Renders the whole report: the totals, and every check that did not pass.
pub fn terminal(report: &Report) -> String {
    let totals = &report.totals;
    let mut text = format!(
        "{}: {} met, {} not met, {} could not run, {} skipped\n",
        report.subject, totals.met, totals.not_met, totals.could_not_run, totals.skipped
    );
    for outcome in [Outcome::NotMet, Outcome::CouldNotRun] {
        for finding in report.ended_in(outcome) {
            text.push_str(&line(finding));
            text.push('\n');
        }
    }
    text
}
