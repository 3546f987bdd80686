//! The report as one page that explains itself.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::{Finding, Outcome, Report, escape};

const STYLE: &str = "
:root { color-scheme: light dark; --line: #8884; --bad: #c62828; --odd: #b26a00; --good: #2e7d32; --dim: #777; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 62rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.6rem; } h2 { font-size: 1.2rem; margin-top: 2.5rem; }
table { border-collapse: collapse; width: 100%; } th, td { text-align: left; padding: .35rem .6rem; vertical-align: top; border-bottom: 1px solid var(--line); }
.totals td { font-size: 1.3rem; font-variant-numeric: tabular-nums; }
.met { color: var(--good); } .not-met { color: var(--bad); font-weight: 600; } .could-not-run { color: var(--odd); font-weight: 600; } .skipped { color: var(--dim); }
code, pre { font: .85rem/1.45 ui-monospace, monospace; } pre { overflow-x: auto; padding: .8rem; border: 1px solid var(--line); border-radius: .4rem; white-space: pre-wrap; overflow-wrap: anywhere; }
article { border-left: 4px solid var(--line); padding-left: 1rem; margin: 1.5rem 0; } article.not-met { border-color: var(--bad); color: inherit; font-weight: inherit; } article.could-not-run { border-color: var(--odd); color: inherit; font-weight: inherit; }
.dim { color: var(--dim); }
";

/// Renders a report as one self-contained page: no script, no other file, readable when printed.
pub fn html(report: &Report) -> String {
    let subject = escape(&report.subject);
    let mut page = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>Conformance of {subject}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<main>\n\
         <h1>Conformance of {subject}</h1>\n<p>{}</p>\n\
         <p class=\"dim\">Judged on {} by the conformance suite of remote-auth {}. \
         Secrets are masked in everything that is quoted here.</p>\n",
        summary(report),
        escape(&report.began),
        report.suite,
    );
    page.push_str(&totals(report));
    section(&mut page, report, Outcome::NotMet, "What is not met");
    section(
        &mut page,
        report,
        Outcome::CouldNotRun,
        "What could not be judged",
    );
    skipped(&mut page, report);
    everything(&mut page, report);
    page.push_str("</main>\n</body>\n</html>\n");
    page
}

fn summary(report: &Report) -> &'static str {
    match report.outcome() {
        Outcome::NotMet => {
            "It does not do everything that the documents demand. Each difference is shown below, with the exchange that proves it."
        }
        Outcome::CouldNotRun => "Nothing speaks against it, but not everything could be judged.",
        Outcome::Met | Outcome::Skipped => "It does everything that was asked of it.",
    }
}

fn class(outcome: Outcome) -> String {
    outcome.word().replace(' ', "-")
}

/// Counts by document, since a reviewer knows the documents and not the checks.
fn totals(report: &Report) -> String {
    let mut documents: BTreeMap<&str, [usize; 4]> = BTreeMap::new();
    for finding in &report.findings {
        let mut names: Vec<_> = finding
            .requirements
            .iter()
            .map(|requirement| requirement.source)
            .collect();
        names.sort_unstable();
        names.dedup();
        for name in names {
            for (count, outcome) in documents
                .entry(name)
                .or_default()
                .iter_mut()
                .zip(Outcome::ALL)
            {
                *count += usize::from(finding.outcome == outcome);
            }
        }
    }
    let heads: String = Outcome::ALL
        .iter()
        .map(|outcome| format!("<th scope=\"col\">{}</th>", outcome.word()))
        .collect();
    let row = |name: &str, counts: [usize; 4]| {
        let cells: String = counts
            .iter()
            .zip(Outcome::ALL)
            .map(|(count, outcome)| {
                format!(
                    "<td class=\"{}\">{count}</td>",
                    if *count > 0 {
                        class(outcome)
                    } else {
                        "dim".into()
                    }
                )
            })
            .collect();
        format!("<tr><th scope=\"row\">{}</th>{cells}</tr>\n", escape(name))
    };
    let all = Outcome::ALL.map(|outcome| report.ended_in(outcome).count());
    let rows: String = documents
        .into_iter()
        .map(|(name, counts)| row(name, counts))
        .collect();
    format!(
        "<table class=\"totals\">\n<thead><tr><th scope=\"col\">Checks</th>{heads}</tr></thead>\n<tbody>\n{}{rows}</tbody>\n</table>\n\
         <p class=\"dim\">A check that comes from two documents counts in both.</p>\n",
        row("All", all)
    )
}

fn section(page: &mut String, report: &Report, outcome: Outcome, title: &str) {
    let mut findings = report.ended_in(outcome).peekable();
    if findings.peek().is_none() {
        return;
    }
    writeln!(page, "<h2>{title}</h2>").expect("memory takes any text");
    for finding in findings {
        article(page, finding);
    }
}

fn article(page: &mut String, finding: &Finding) {
    let reason = finding.reason.as_deref().unwrap_or_default();
    write!(
        page,
        "<article class=\"{}\" id=\"{id}\">\n<h3><code>{id}</code></h3>\n<p>{}</p>\n<p><strong>Seen:</strong> {}</p>\n<ul>\n",
        class(finding.outcome),
        escape(finding.sentence),
        escape(reason),
        id = escape(finding.check),
    )
    .expect("memory takes any text");
    for requirement in &finding.requirements {
        writeln!(
            page,
            "<li><strong>{}</strong> {}, section {}: {} <span class=\"dim\">{}</span></li>",
            requirement.level,
            escape(requirement.source),
            escape(requirement.section),
            escape(requirement.text),
            escape(requirement.id),
        )
        .expect("memory takes any text");
    }
    page.push_str("</ul>\n");
    for exchange in &finding.exchanges {
        writeln!(
            page,
            "<pre>{}\n\n{}</pre>",
            escape(&exchange.request),
            escape(&exchange.answer)
        )
        .expect("memory takes any text");
    }
    page.push_str("</article>\n");
}

fn skipped(page: &mut String, report: &Report) {
    let mut findings = report.ended_in(Outcome::Skipped).peekable();
    if findings.peek().is_none() {
        return;
    }
    page.push_str("<h2>What was skipped, and why</h2>\n<table>\n<tbody>\n");
    for finding in findings {
        let reason = finding.reason.as_deref().unwrap_or_default();
        writeln!(
            page,
            "<tr><td><code>{}</code></td><td>{}</td></tr>",
            escape(finding.check),
            escape(reason)
        )
        .expect("memory takes any text");
    }
    page.push_str("</tbody>\n</table>\n");
}

fn everything(page: &mut String, report: &Report) {
    page.push_str(
        "<h2>Everything that was asked</h2>\n<table>\n<thead><tr><th scope=\"col\">Outcome</th><th scope=\"col\">Check</th>\
         <th scope=\"col\">Demand</th></tr></thead>\n<tbody>\n",
    );
    for finding in &report.findings {
        let level = finding
            .level()
            .map(|level| format!("<strong>{level}</strong> "))
            .unwrap_or_default();
        writeln!(
            page,
            "<tr><td class=\"{}\">{}</td><td><code>{}</code></td><td>{level}{}</td></tr>",
            class(finding.outcome),
            finding.outcome.word(),
            escape(finding.check),
            escape(finding.sentence),
        )
        .expect("memory takes any text");
    }
    page.push_str("</tbody>\n</table>\n");
}
