//! The report as JUnit XML, which CI systems show.

use std::fmt::Write;

use super::{Finding, Outcome, Report, escape};

/// Renders a report as one JUnit test suite.
///
/// A check that could not run is an `error`, which CI systems tell from a `failure`.
pub fn junit(report: &Report) -> String {
    let totals = &report.totals;
    let mut xml = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n  <testsuite name=\"{}\" tests=\"{}\" failures=\"{}\" \
         errors=\"{}\" skipped=\"{}\" timestamp=\"{}\">\n",
        escape(&report.subject),
        report.findings.len(),
        totals.not_met,
        totals.could_not_run,
        totals.skipped,
        escape(&report.began),
    );
    for finding in &report.findings {
        xml.push_str(&case(finding));
    }
    xml.push_str("  </testsuite>\n</testsuites>\n");
    xml
}

fn case(finding: &Finding) -> String {
    let group = finding
        .check
        .rsplit_once('.')
        .map_or("", |(group, _)| group);
    let mut xml = format!(
        "    <testcase classname=\"{}\" name=\"{}\" time=\"{:.3}\"",
        escape(group),
        escape(finding.check),
        finding.took.as_secs_f64(),
    );
    let reason = escape(finding.reason.as_deref().unwrap_or_default());
    let details = escape(&details(finding));
    let inside = match finding.outcome {
        Outcome::Met => return xml + "/>\n",
        Outcome::Skipped => format!("<skipped message=\"{reason}\"/>"),
        Outcome::NotMet => format!("<failure message=\"{reason}\">{details}</failure>"),
        Outcome::CouldNotRun => format!("<error message=\"{reason}\">{details}</error>"),
    };
    write!(xml, ">\n      {inside}\n    </testcase>\n").expect("memory takes any text");
    xml
}

fn details(finding: &Finding) -> String {
    let mut text = format!("wanted: {}\n", finding.sentence);
    for requirement in &finding.requirements {
        writeln!(
            text,
            "{} ({}): {}",
            requirement.id, requirement.level, requirement.text
        )
        .expect("memory takes any text");
    }
    for exchange in &finding.exchanges {
        write!(text, "\n{}\n\n{}\n", exchange.request, exchange.answer)
            .expect("memory takes any text");
    }
    text
}
