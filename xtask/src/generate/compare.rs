//! Compares the generated files with the tree, and writes them.
//!
//! Line ends are compared as if all were line feeds, because version control may have changed them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::{fmt, fs};

use anyhow::{Context as _, Result, bail};
use similar::TextDiff;

use super::Outputs;

/// The files that stand in the generated folders.
pub(crate) struct Tree(BTreeMap<String, String>);

impl Tree {
    /// Reads every file of the folders; a folder that is missing is empty.
    pub(crate) fn read(root: &Path, folders: &[&str]) -> Result<Self> {
        let mut files = BTreeMap::new();
        for folder in folders {
            let Ok(entries) = fs::read_dir(root.join(folder)) else {
                continue;
            };
            for entry in entries {
                let path = format!("{folder}/{}", entry?.file_name().to_string_lossy());
                let bytes =
                    fs::read(root.join(&path)).with_context(|| format!("failed to read {path}"))?;
                files.insert(path, String::from_utf8_lossy(&bytes).into_owned());
            }
        }
        Ok(Self(files))
    }

    /// Says how the tree differs from what should stand in it.
    pub(crate) fn compare(&self, outputs: &Outputs) -> Differences {
        let paths: BTreeSet<&String> = self.0.keys().chain(outputs.keys()).collect();
        let differing = paths.into_iter().filter_map(|path| {
            let kind = match (self.0.get(path), outputs.get(path)) {
                (Some(found), Some(wanted)) => {
                    let found = found.replace("\r\n", "\n");
                    if found == *wanted {
                        return None;
                    }
                    Difference::Stale(unified(path, &found, wanted))
                }
                (None, _) => Difference::Missing,
                (_, None) => Difference::Unknown,
            };
            Some((path.clone(), kind))
        });
        Differences(differing.collect())
    }
}

#[cfg(test)]
impl From<Outputs> for Tree {
    fn from(outputs: Outputs) -> Self {
        Self(outputs)
    }
}

/// How one file differs.
#[derive(Debug, PartialEq, Eq)]
enum Difference {
    /// It has other content; the unified diff leads from the tree to what should stand there.
    Stale(String),
    /// It should stand there.
    Missing,
    /// Nothing generates it.
    Unknown,
}

/// Every file that differs, by path.
#[derive(Debug)]
pub(crate) struct Differences(BTreeMap<String, Difference>);

impl Differences {
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Writes what differs and names it; a file that nothing generates is left for a person to
    /// move.
    pub(crate) fn write(&self, root: &Path, outputs: &Outputs) -> Result<()> {
        let mut unknown = Vec::new();
        for (path, difference) in &self.0 {
            let Some(text) = outputs
                .get(path)
                .filter(|_| *difference != Difference::Unknown)
            else {
                unknown.push(path.as_str());
                continue;
            };
            let target = root.join(path);
            let folder = target.parent().expect("every output lies in a folder");
            fs::create_dir_all(folder)
                .with_context(|| format!("failed to make the folder of {path}"))?;
            fs::write(&target, text).with_context(|| format!("failed to write {path}"))?;
            println!("wrote {path}");
        }
        println!(
            "{} generated files, {} written",
            outputs.len(),
            self.0.len() - unknown.len()
        );
        if !unknown.is_empty() {
            bail!(
                "nothing generates these files, so delete them or move them away: {}",
                unknown.join(", ")
            );
        }
        Ok(())
    }
}

impl fmt::Display for Differences {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (path, difference) in &self.0 {
            match difference {
                Difference::Stale(diff) => write!(out, "stale: {path}\n{diff}")?,
                Difference::Missing => writeln!(out, "missing: {path}")?,
                Difference::Unknown => writeln!(out, "unknown: {path} (nothing generates it)")?,
            }
        }
        Ok(())
    }
}

fn unified(path: &str, found: &str, wanted: &str) -> String {
    TextDiff::from_lines(found, wanted)
        .unified_diff()
        .context_radius(3)
        .header(
            &format!("{path} (in the tree)"),
            &format!("{path} (generated)"),
        )
        .to_string()
}
