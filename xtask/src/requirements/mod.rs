//! What the documents demand, as data, and where the workspace obeys.
//!
//! Reads `spec/requirements/*.toml`, looks for annotations in the workspace, and writes `spec/COVERAGE.md` for people
//! and a table for the judge of the conformance crate.
//! It judges that an entry has its code and its test, and never whether a test is any good: that is what the negative
//! controls of the conformance suite are for.

mod coverage;
mod entry;
mod place;
mod table;
#[cfg(test)]
mod tests;

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result, bail};
use clap::Args;
use similar::TextDiff;

use crate::tidy;
use coverage::PAGE;
use entry::{Catalogue, FOLDER, Requirement};
use place::{Kind, Place, places_in};
use table::TABLE;

/// Checks that each requirement has its code and its test, and writes spec/COVERAGE.md and the judge's table
///
/// Fails on an entry that is not sound, an annotation that names no entry, a MUST without code, an entry without a
/// test or a reason, and a reason where there is a test.
#[derive(Args, Debug)]
pub(crate) struct Arguments {
    /// Compare with the tree instead of writing, and fail if it differs
    #[arg(long)]
    check: bool,
}

/// Runs the subcommand.
pub(crate) fn run(root: &Path, arguments: &Arguments) -> Result<()> {
    if arguments.check {
        return check(root);
    }
    for (path, text) in judged(root)? {
        fs::write(root.join(path), text).with_context(|| format!("failed to write {path}"))?;
        println!("wrote {path}");
    }
    Ok(())
}

/// Compares what would be written with the tree.
pub(crate) fn check(root: &Path) -> Result<()> {
    let mut stale = Vec::new();
    for (path, text) in judged(root)? {
        let found = fs::read_to_string(root.join(path)).unwrap_or_default();
        // Version control may have changed the ends of lines.
        let found = found.replace("\r\n", "\n");
        if found != text {
            let diff = TextDiff::from_lines(&found, &text);
            let mut diff = diff.unified_diff();
            print!("{}", diff.context_radius(1).header(path, "as it should be"));
            stale.push(path);
        }
    }
    if !stale.is_empty() {
        bail!(
            "{} is stale: run `cargo xtask requirements`",
            stale.join(", ")
        );
    }
    Ok(())
}

/// Tells whether a file below `spec/` belongs to the requirements.
pub(crate) fn owns(path: &str) -> bool {
    let entry = path
        .strip_prefix(FOLDER)
        .and_then(|rest| rest.strip_prefix('/'));
    path == PAGE || entry.is_some_and(|name| !name.contains('/') && name.ends_with(".toml"))
}

/// Reads and judges everything, and returns what to write where.
fn judged(root: &Path) -> Result<[(&'static str, String); 2]> {
    let catalogue = Catalogue::read(root)?;
    let places = places(root, &catalogue)?;
    let faults = faults(&catalogue, &places);
    let excepted = catalogue
        .all()
        .filter(|requirement| requirement.exception.is_some())
        .count();
    println!(
        "{} requirements, {excepted} of them excepted; {} places name them",
        catalogue.all().count(),
        places.len()
    );
    if !faults.is_empty() {
        bail!("the requirements are not covered:\n{}", faults.join("\n"));
    }
    Ok([
        (PAGE, coverage::page(&catalogue, &places)),
        (TABLE, table::table(&catalogue)?),
    ])
}

/// Finds every mark in what people write, this crate left out: its tests hold marks as text.
fn places(root: &Path, catalogue: &Catalogue) -> Result<Vec<Place>> {
    let mut places = Vec::new();
    for path in tidy::rust_files(root)? {
        let name = path.to_string_lossy().replace('\\', "/");
        let outside = name.starts_with("xtask/")
            || name == TABLE
            || name.split('/').any(|part| part == "benches");
        if outside {
            continue;
        }
        let text = fs::read_to_string(root.join(&path))
            .with_context(|| format!("failed to read {name}"))?;
        places.extend(places_in(&name, &text, catalogue)?);
    }
    places.sort();
    places.dedup();
    Ok(places)
}

/// Says what is not covered, and what is said twice over.
fn faults(catalogue: &Catalogue, places: &[Place]) -> Vec<String> {
    let unknown = places.iter().filter(|place| !catalogue.knows(&place.id));
    let unknown =
        unknown.map(|place| format!("{}: `{}` names no requirement", place.path, place.id));
    let uncovered = catalogue.all().flat_map(|requirement| {
        let fault = |words: &str| format!("{}: {words}", requirement.id);
        uncovered(requirement, places).map(fault)
    });
    unknown.chain(uncovered).collect()
}

fn uncovered(requirement: &Requirement, places: &[Place]) -> Option<&'static str> {
    let has = |kind: Kind| {
        places
            .iter()
            .any(|place| place.id == requirement.id && place.kind == kind)
    };
    match (has(Kind::Test), &requirement.exception) {
        (true, Some(_)) => Some("a test names it, so take the exception out, or the annotation"),
        (false, None) => Some("no test names it, and no exception says why"),
        (true, None) if requirement.needs_code() && !has(Kind::Code) => {
            Some("no code names it, and it binds what we give to others")
        }
        _ => None,
    }
}
