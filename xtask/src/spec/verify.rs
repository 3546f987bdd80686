//! Checks that everything below `spec/` is what it claims to be.
//!
//! Each check stands for itself and says one line; one that fails does not stop the next.
//! Nothing is written.

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result, bail, ensure};
use clap::Args;
use serde_json::Value;

use super::read::Document;
use super::source_page;
use crate::generate::{
    ACCOMMODATIONS, CORRECTIONS, Evidence, Outputs, SOURCE_PAGE, Sources, UPSTREAM, apply, build,
};
use crate::requirements;

/// Checks digests, overlays, effective documents, unused corrections and unknown files below spec
///
/// Prints one line for each check and fails when one of them did.
#[derive(Args, Debug)]
pub(crate) struct Arguments {}

/// One check and how it ended.
#[derive(Debug)]
pub(super) struct Check {
    pub(super) name: &'static str,
    /// What holds, or what does not.
    pub(super) outcome: Result<String>,
}

/// Runs the subcommand.
pub(super) fn run(root: &Path, _: &Arguments) -> Result<()> {
    let checks = checks(root);
    let mut failed = 0;
    for Check { name, outcome } in &checks {
        match outcome {
            Ok(words) => println!("passed  {name:<12} {words}"),
            Err(error) => {
                failed += 1;
                println!("FAILED  {name:<12} {error:#}");
            }
        }
    }
    ensure!(failed == 0, "{failed} of {} checks failed", checks.len());
    Ok(())
}

/// Runs every check.
pub(super) fn checks(root: &Path) -> Vec<Check> {
    let sources = Sources::read(root);
    let outputs = sources.as_ref().ok().map(build);
    let with = |check: fn(&Sources) -> Result<String>| match &sources {
        Ok(sources) => check(sources),
        Err(error) => bail!("{error:#}"),
    };
    let built = |check: &dyn Fn(&Outputs) -> Result<String>| match &outputs {
        Some(Ok(outputs)) => check(outputs),
        Some(Err(error)) => bail!("nothing can be generated: {error:#}"),
        None => bail!("the sources cannot be read"),
    };
    [
        ("source page", with(source_page_agrees)),
        ("overlays", with(overlays_apply)),
        ("corrections", with(no_action_is_unused)),
        (
            "effective",
            built(&|outputs| effective_is_current(root, outputs)),
        ),
        (
            "files",
            with(|sources| sources.refuse_unknown().map(|()| String::new()))
                .and_then(|_| built(&|outputs| files_are_known(root, &sources, outputs))),
        ),
    ]
    .map(|(name, outcome)| Check { name, outcome })
    .into()
}

/// The document has the digest, the title and the versions that its page promises.
fn source_page_agrees(sources: &Sources) -> Result<String> {
    let document = Document::parse(UPSTREAM, sources.bytes(UPSTREAM)?.to_vec())?;
    let page = sources.text(SOURCE_PAGE)?;
    for (label, value) in source_page::rows(&document)? {
        let row = source_page::row(page, label)?;
        ensure!(
            row == format!("| {label} | {value} |"),
            "{SOURCE_PAGE} says `{row}`, but {UPSTREAM} has {value}"
        );
    }
    Ok(
        "the document has the digest, the title and the versions that SOURCE.md promises"
            .to_owned(),
    )
}

/// Every action matches something, and every correction has its evidence.
fn overlays_apply(sources: &Sources) -> Result<String> {
    let mut document = sources.yaml(UPSTREAM)?;
    let mut counts = Vec::new();
    for (path, evidence) in OVERLAYS {
        let overlay = sources.yaml(path)?;
        apply(&mut document, &overlay, path, evidence)?;
        counts.push(actions(&overlay).len().to_string());
    }
    Ok(format!(
        "{} actions match, each correction with its evidence",
        counts.join(" and ")
    ))
}

const OVERLAYS: [(&str, Evidence); 2] = [
    (CORRECTIONS, Evidence::Required),
    (ACCOMMODATIONS, Evidence::NotNeeded),
];

fn actions(overlay: &Value) -> &[Value] {
    let actions = overlay.get("actions").and_then(Value::as_array);
    actions.map(Vec::as_slice).unwrap_or_default()
}

/// Without any one action, the document would be another one, or none.
fn no_action_is_unused(sources: &Sources) -> Result<String> {
    let mut document = sources.yaml(UPSTREAM)?;
    let mut unused = Vec::new();
    for (path, evidence) in OVERLAYS {
        let overlay = sources.yaml(path)?;
        let before = document.clone();
        apply(&mut document, &overlay, path, evidence)?;
        for (index, action) in actions(&overlay).iter().enumerate() {
            let mut others = overlay.clone();
            if let Some(actions) = others["actions"].as_array_mut() {
                actions.remove(index);
            }
            let mut without = before.clone();
            let applied = apply(&mut without, &others, path, evidence);
            if applied.is_ok() && without == document {
                let words = action["description"].as_str().unwrap_or_default();
                unused.push(format!("{path}, action {} ({words})", index + 1));
            }
        }
    }
    ensure!(
        unused.is_empty(),
        "the outcome is the same without these actions, so remove them: {}",
        unused.join("; ")
    );
    Ok("no action of an overlay is unused".to_owned())
}

/// The committed effective documents are what the sources resolve to.
fn effective_is_current(root: &Path, outputs: &Outputs) -> Result<String> {
    let effective: Vec<_> = outputs
        .iter()
        .filter(|(path, _)| path.starts_with("spec/"))
        .collect();
    for (path, text) in &effective {
        let found = fs::read_to_string(root.join(path))
            .with_context(|| format!("failed to read {path}: run `cargo xtask generate`"))?;
        // Version control may have changed the ends of lines.
        ensure!(
            found.replace("\r\n", "\n") == **text,
            "{path} is not what its sources give: run `cargo xtask generate`"
        );
    }
    Ok(format!(
        "{} effective documents are up to date",
        effective.len()
    ))
}

/// Every file is read or written by the pipeline, or belongs to the requirements.
fn files_are_known(root: &Path, sources: &Result<Sources>, outputs: &Outputs) -> Result<String> {
    let mut known: BTreeSet<&str> = outputs.keys().map(String::as_str).collect();
    known.extend(sources.iter().flat_map(Sources::paths));
    let mut found = Vec::new();
    list(root, "spec", &mut found)?;
    let unknown: Vec<&str> = found
        .iter()
        .map(String::as_str)
        .filter(|path| !known.contains(path) && !requirements::owns(path))
        .collect();
    ensure!(
        unknown.is_empty(),
        "nothing reads or writes these files, so move them away: {}",
        unknown.join(", ")
    );
    Ok(format!(
        "{} files, each read or written by the pipeline or the requirements",
        found.len()
    ))
}

/// Lists every file below a folder, by its path from the root.
fn list(root: &Path, folder: &str, found: &mut Vec<String>) -> Result<()> {
    let failed = || format!("failed to list {folder}");
    for entry in fs::read_dir(root.join(folder)).with_context(failed)? {
        let entry = entry.with_context(failed)?;
        let path = format!("{folder}/{}", entry.file_name().to_string_lossy());
        // A link is a file here, so that the walk stays in the folder.
        if entry.file_type().with_context(failed)?.is_dir() {
            list(root, &path, found)?;
        } else {
            found.push(path);
        }
    }
    Ok(())
}
