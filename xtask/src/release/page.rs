//! The page that people read, the same at a terminal and in the file.

use std::fmt::Write as _;

use super::outcome::{Ended, Outcome, Verdict, verdict};
use super::steps::Work;
use crate::spec;

/// How much of what a step said is shown.
const LINES_MAX: usize = 30;

/// How much of each line is shown.
const CHARACTERS_MAX: usize = 200;

/// Writes the page; `facts` say what was judged.
pub(crate) fn page(ended: &[Ended], facts: &[(&str, String)]) -> String {
    let verdict = match verdict(ended) {
        Verdict::LeftOut => "passed, as far as anybody looked",
        other => other.words(),
    };
    let mut page = format!("# Release check: {verdict}\n\n");
    for (name, fact) in facts {
        writeln!(page, "* {name}: {fact}").expect("text grows");
    }
    page.push_str("\n| step | result | seconds | what it shows |\n|---|---|---:|---|\n");
    for Ended {
        step,
        outcome,
        took,
        ..
    } in ended
    {
        let (result, seconds) = (outcome.verdict().words(), took.as_secs());
        writeln!(
            page,
            "| {} | {result} | {seconds} | {} |",
            step.name, step.why
        )
        .expect("text grows");
    }
    let sections = ended.iter().filter_map(section);
    page.extend(sections);
    page
}

/// Writes what there is to say about a step beyond its result.
fn section(ended: &Ended) -> Option<String> {
    let Ended {
        step,
        outcome,
        said,
        ..
    } = ended;
    let words = match (outcome, &step.work) {
        (Outcome::Passed, Work::Nothing(why)) => {
            return Some(headed(step.name, Verdict::Passed, why));
        }
        (Outcome::Passed, _) => return None,
        (Outcome::LeftOut, _) => {
            let words = "Nobody looked, because --without names it.";
            return Some(headed(step.name, Verdict::LeftOut, words));
        }
        (Outcome::Failed, work) => format!("It ran:\n\n    {work}"),
        (Outcome::CouldNotRun(remedy), work) => {
            format!("To run it:\n\n    {remedy}\n\nIt would run:\n\n    {work}")
        }
    };
    let mut section = headed(step.name, outcome.verdict(), &words);
    let lines: Vec<&str> = said.lines().collect();
    let end = &lines[lines.len().saturating_sub(LINES_MAX)..];
    if !end.is_empty() {
        section.push_str("\nIt said last:\n\n");
        for line in end {
            // Indented lines are shown as they are, whatever a program prints.
            writeln!(section, "    {}", spec::cleaned(line, CHARACTERS_MAX)).expect("text grows");
        }
    }
    Some(section)
}

fn headed(name: &str, verdict: Verdict, words: &str) -> String {
    format!("\n## {name}: {}\n\n{words}\n", verdict.words())
}
