//! Brings in a new upstream document.
//!
//! Everything is worked out in memory first: what changed, whether the overlays still apply, what the
//! pipeline makes of it, what to tell users.
//! Only then is anything written, so a document that cannot be used leaves the tree as it was.
//! The advice rests on the corrected document and on the generated Rust, because a change that an
//! overlay covers reaches nobody.
//! Running it again with the same document changes nothing.

mod advice;
mod changelog;
mod surface;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use clap::Args;

use self::advice::Advice;
use super::diff::{self, Class, Report};
use super::read::Document;
use super::source_page;
use crate::generate::{CORRECTED, Outputs, SOURCE_PAGE, Sources, UPSTREAM, build};

const CHANGELOG: &str = "CHANGELOG.md";

/// Brings in a new version of the published document
///
/// Shows what changed, applies the overlays, generates everything in memory, and writes the document,
/// its source page, the generated files and an entry in CHANGELOG.md.
/// When an overlay action no longer applies, it names the action and writes nothing.
#[derive(Args, Debug)]
pub(crate) struct Arguments {
    /// The new document, YAML
    file: PathBuf,
    /// Do everything but write
    #[arg(long)]
    dry_run: bool,
}

/// Runs the subcommand.
pub(super) fn run(root: &Path, arguments: &Arguments) -> Result<()> {
    let new = Document::read(&arguments.file)?;
    let sources = Sources::read(root)?;
    let old = Document::parse(UPSTREAM, sources.bytes(UPSTREAM)?.to_vec())?;
    // It is shown before anything can fail, because it is what a person needs to mend the overlays.
    let upstream = diff::compare(&old.value, &new.value)?;
    print!("{}", diff::page(&old, &new, &upstream));

    let plan = Plan::make(root, &sources, &old, &new)?;
    print!("\n{}", plan.words);
    plan.write(root, arguments.dry_run)
}

/// What is to be written, and what is to be said about it.
struct Plan {
    /// Files that differ from the tree, by path.
    files: BTreeMap<String, Vec<u8>>,
    words: String,
}

impl Plan {
    fn make(root: &Path, sources: &Sources, old: &Document, new: &Document) -> Result<Self> {
        let before = build(sources).context(
            "the tree cannot be generated from as it stands, so nothing can be compared with it",
        )?;
        let mut files = BTreeMap::from([(UPSTREAM.to_owned(), new.bytes.clone())]);
        let (after, words) = if old.bytes == new.bytes {
            let words = format!("{UPSTREAM} is this document already\n");
            (before, words)
        } else {
            let page = source_page::sealed(sources.text(SOURCE_PAGE)?, new)?;
            let changed = sources
                .with(UPSTREAM, new.bytes.clone())
                .with(SOURCE_PAGE, page.clone());
            let after = build(&changed).with_context(|| {
                format!("{} was not brought in, and nothing was written", new.name)
            })?;
            files.insert(SOURCE_PAGE.to_owned(), page.into_bytes());
            let effect = Effect::of(old, new, &before, &after)?;
            let path = root.join(CHANGELOG);
            let changelog =
                fs::read_to_string(&path).with_context(|| format!("failed to read {CHANGELOG}"))?;
            let changelog = changelog::with_entry(&changelog, old, new, &effect.corrected)?;
            files.insert(CHANGELOG.to_owned(), changelog.into_bytes());
            (after, effect.to_string())
        };
        let outputs = after
            .into_iter()
            .map(|(path, text)| (path, text.into_bytes()));
        files.extend(outputs);
        files.retain(|path, bytes| fs::read(root.join(path)).ok().as_ref() != Some(bytes));
        Ok(Self { files, words })
    }

    fn write(&self, root: &Path, dry_run: bool) -> Result<()> {
        let verb = if dry_run { "would write" } else { "wrote" };
        for (path, bytes) in &self.files {
            if !dry_run {
                let target = root.join(path);
                let folder = target.parent().expect("every path has a folder");
                fs::create_dir_all(folder)
                    .with_context(|| format!("failed to make the folder of {path}"))?;
                fs::write(&target, bytes).with_context(|| format!("failed to write {path}"))?;
            }
            println!("{verb} {path}");
        }
        if self.files.is_empty() {
            println!("nothing to write");
        }
        Ok(())
    }
}

/// What reaches those who use the generated crate.
struct Effect {
    /// What changed between the corrected documents.
    corrected: Report,
    /// What a program that used the generated Rust would have to change.
    surface: Vec<String>,
}

impl Effect {
    fn of(old: &Document, new: &Document, before: &Outputs, after: &Outputs) -> Result<Self> {
        let corrected = |outputs: &Outputs, document: &Document| {
            let text = outputs
                .get(CORRECTED)
                .with_context(|| format!("the pipeline no longer makes {CORRECTED}"))?;
            Document::parse(&document.name, text.clone().into_bytes())
        };
        let (old, new) = (corrected(before, old)?, corrected(after, new)?);
        Ok(Self {
            corrected: diff::compare(&old.value, &new.value)?,
            surface: surface::broken(before, after)?,
        })
    }

    fn class(&self) -> Class {
        if self.surface.is_empty() {
            self.corrected.gravest().unwrap_or(Class::Cosmetic)
        } else {
            Class::Breaking
        }
    }
}

impl std::fmt::Display for Effect {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        writeln!(
            out,
            "What reaches users of the generated crate, after the overlays:"
        )?;
        for class in Class::ALL {
            writeln!(
                out,
                "  {} {}",
                self.corrected.of(class).count(),
                class.name()
            )?;
        }
        for sentence in &self.surface {
            writeln!(out, "  in the generated Rust, {sentence}")?;
        }
        writeln!(
            out,
            "{}",
            Advice::on(env!("CARGO_PKG_VERSION"), self.class())
        )
    }
}
