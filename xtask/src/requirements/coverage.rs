//! The page `spec/COVERAGE.md`: each requirement with the code that obeys, the tests that show it, or the reason why
//! none does.
//!
//! Places are named by file and function and never by line, so that the page changes only when coverage does.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::entry::{Catalogue, Level, Requirement};
use super::place::{Kind, Place};

/// The page, from the root of the workspace.
pub(crate) const PAGE: &str = "spec/COVERAGE.md";

/// Writes the page.
pub(super) fn page(catalogue: &Catalogue, places: &[Place]) -> String {
    let mut page = String::from(
        "<!-- Written by `cargo xtask requirements`: change spec/requirements/ or the annotations instead. -->\n\
         # Coverage of requirements\n\n\
         What the documents and the RFCs demand, where the code obeys, and which test shows it.\n\
         The entries are in [`requirements/`](requirements); an entry without a test says why it has none.\n\n",
    );
    totals(&mut page, catalogue, places);
    for (document, requirements) in &catalogue.0 {
        let _ = write!(page, "\n## `{document}`\n\n");
        page.push_str(
            "| id, level, who is bound | requirement | code | tests |\n|---|---|---|---|\n",
        );
        for requirement in requirements {
            row(&mut page, requirement, places);
        }
    }
    page
}

fn totals(page: &mut String, catalogue: &Catalogue, places: &[Place]) {
    let levels: Vec<Level> = Level::ALL
        .into_iter()
        .filter(|level| {
            catalogue
                .all()
                .any(|requirement| requirement.level == *level)
        })
        .collect();
    page.push_str("| document |");
    for level in &levels {
        let _ = write!(page, " {level} |");
    }
    page.push_str(" in all | tested | excepted |\n|---|");
    page.push_str(&"---:|".repeat(levels.len() + 3));
    page.push('\n');
    let mut line = |name: &str, requirements: &[&Requirement]| {
        let count = |wanted: &dyn Fn(&Requirement) -> bool| {
            requirements
                .iter()
                .filter(|requirement| wanted(requirement))
                .count()
        };
        let _ = write!(page, "| {name} |");
        for level in &levels {
            let _ = write!(
                page,
                " {} |",
                count(&|requirement| requirement.level == *level)
            );
        }
        let tested =
            |requirement: &Requirement| names(requirement, Kind::Test, places).next().is_some();
        let excepted = |requirement: &Requirement| requirement.exception.is_some();
        let _ = writeln!(
            page,
            " {} | {} | {} |",
            requirements.len(),
            count(&tested),
            count(&excepted)
        );
    };
    for (document, requirements) in &catalogue.0 {
        line(
            &format!("[`{document}`](#{document})"),
            &requirements.iter().collect::<Vec<_>>(),
        );
    }
    line("all", &catalogue.all().collect::<Vec<_>>());
}

fn names<'a>(
    requirement: &'a Requirement,
    kind: Kind,
    places: &'a [Place],
) -> impl Iterator<Item = &'a Place> {
    places
        .iter()
        .filter(move |place| place.id == requirement.id && place.kind == kind)
}

fn row(page: &mut String, requirement: &Requirement, places: &[Place]) {
    let binds: Vec<&str> = requirement.binds.iter().map(|side| side.as_str()).collect();
    let mut words = format!(
        "{} *{}, section {}.*",
        requirement.text, requirement.source, requirement.section
    );
    if let Some(note) = &requirement.note {
        let _ = write!(words, "<br>Note: {note}");
    }
    let mut tests = listed(requirement, Kind::Test, places);
    if let Some(exception) = &requirement.exception {
        tests = format!("None: {exception}");
    }
    let _ = writeln!(
        page,
        "| `{}`<br>{}, {} | {} | {} | {} |",
        requirement.id,
        requirement.level,
        binds.join(" and "),
        cell(&words),
        listed(requirement, Kind::Code, places),
        cell(&tests)
    );
}

/// Links each file once, with what in it is meant.
fn listed(requirement: &Requirement, kind: Kind, places: &[Place]) -> String {
    let paths: BTreeSet<&str> = names(requirement, kind, places)
        .map(|place| place.path.as_str())
        .collect();
    let links = paths.into_iter().map(|path| {
        let of_path = names(requirement, kind, places).filter(|place| place.path == path);
        let names: BTreeSet<&str> = of_path.map(|place| place.name.as_str()).collect();
        let names: Vec<String> = names.into_iter().map(|name| format!("`{name}`")).collect();
        format!("[{}](../{path}) {}", short(path), names.join(", "))
    });
    links.collect::<Vec<_>>().join("<br>")
}

/// Leaves out of a path what every path has.
fn short(path: &str) -> String {
    let path = path.strip_prefix("crates/").unwrap_or(path);
    path.replace("/src/", "/")
}

fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}
