//! A report as one page for people, and as JSON for programs.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::{Change, Class, Report, Side};
use crate::spec::read::Document;
use crate::spec::{cleaned, shown};

/// How many cosmetic changes the page lists; a person reads the others in the documents.
const COSMETIC_SHOWN: usize = 12;

/// Returns the page: a heading per class, a heading per subject, two lines per change.
pub(crate) fn page(old: &Document, new: &Document, report: &Report) -> String {
    let mut page = String::new();
    let name = |document: &Document| {
        format!(
            "{} {} ({})",
            document.info("title"),
            document.info("version"),
            shown(&document.name)
        )
    };
    let mut line =
        |text: String| writeln!(page, "{text}").expect("writing to a string never fails");
    line(format!("old  {}", name(old)));
    line(format!("new  {}", name(new)));
    if report.changes.is_empty() {
        line("\nNothing differs.".to_owned());
        return page;
    }
    for class in Class::ALL {
        let changes: Vec<&Change> = report.of(class).collect();
        if changes.is_empty() {
            continue;
        }
        line(format!("\n{} ({})", heading(class), changes.len()));
        let limit = match class {
            Class::Breaking | Class::Additive => changes.len(),
            Class::Cosmetic => changes.len().min(COSMETIC_SHOWN),
        };
        let mut subject = "";
        for change in &changes[..limit] {
            if change.subject != subject {
                subject = &change.subject;
                line(format!("  {subject}"));
            }
            line(format!("    {}", change.what));
            line(format!("      {}", pointer(change)));
        }
        if limit < changes.len() {
            line(format!(
                "  and {} more, which --json lists",
                changes.len() - limit
            ));
        }
    }
    page
}

/// Returns every change with its class and its place.
pub(super) fn json(old: &Document, new: &Document, report: &Report) -> String {
    let about = |document: &Document| {
        json!({
            "file": shown(&document.name),
            "title": document.info("title"),
            "version": document.info("version"),
        })
    };
    let changes = report.changes.iter().map(|change| {
        json!({
            "class": change.class.name(),
            "subject": change.subject,
            "what": change.what,
            "pointer": change.pointer,
            "document": side(change.side),
        })
    });
    let summary =
        Class::ALL.map(|class| (class.name().to_owned(), json!(report.of(class).count())));
    let document = json!({
        "old": about(old),
        "new": about(new),
        "summary": Value::Object(summary.into_iter().collect()),
        "changes": changes.collect::<Vec<_>>(),
    });
    format!("{document:#}")
}

const fn heading(class: Class) -> &'static str {
    match class {
        Class::Breaking => "Breaking",
        Class::Additive => "Additive",
        Class::Cosmetic => "Cosmetic",
    }
}

const fn side(side: Side) -> &'static str {
    match side {
        Side::Old => "old",
        Side::New => "new",
    }
}

fn pointer(change: &Change) -> String {
    let document = match change.side {
        Side::Old => " (in the old document)",
        Side::New => "",
    };
    // The pointer is what one copies, so it is not cut where other text would be.
    let safe = cleaned(&change.pointer, 2000);
    format!("#{safe}{document}")
}
