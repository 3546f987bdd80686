//! What the steps have to know about the workspace.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use serde::Deserialize;

/// What only people know.
const FILE: &str = "release.toml";

/// What stands for a release that is yet to come.
const NONE_YET: &str = "none yet";

/// What the steps have to know about the workspace.
#[derive(Debug)]
pub(crate) struct Facts {
    /// The revision that was last released, if there is one.
    pub(crate) last: Option<String>,
    /// The crates that are given to others, in the order of their names.
    pub(crate) shipped: Vec<String>,
    /// Those of them whose Rust interface is a promise.
    pub(crate) promised: Vec<String>,
    /// The oldest compiler that the workspace promises to build with.
    pub(crate) rust_version: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Told {
    last: String,
    without_interface: Vec<String>,
}

#[derive(Debug, Deserialize)]
struct Manifest {
    workspace: Workspace,
}

#[derive(Debug, Deserialize)]
struct Workspace {
    package: Package,
}

#[derive(Debug, Deserialize)]
struct Package {
    #[serde(rename = "rust-version")]
    rust_version: String,
}

impl Facts {
    /// Reads them; a crate that nobody mentions is shipped, and promises its interface.
    pub(crate) fn read(root: &Path) -> Result<Self> {
        let told = read(root, FILE)?;
        let told: Told =
            toml::from_str(&told).with_context(|| format!("failed to understand {FILE}"))?;
        let manifest: Manifest = toml::from_str(&read(root, "Cargo.toml")?)
            .context("failed to find the rust-version in Cargo.toml")?;
        Self::of(told, manifest, crates(root)?)
    }

    /// Takes another revision for the one that was last released.
    pub(crate) fn against(self, revision: &str) -> Result<Self> {
        ensure!(
            is_revision(revision),
            "--against takes a tag or a hash, and not {revision:?}"
        );
        let last = Some(revision.to_owned());
        Ok(Self { last, ..self })
    }

    fn of(told: Told, manifest: Manifest, shipped: Vec<String>) -> Result<Self> {
        for name in &told.without_interface {
            ensure!(
                shipped.contains(name),
                "{FILE}: there is no crates/{name}; take it out of without_interface"
            );
        }
        // A word of it goes into a command, where a leading dash would be an option.
        let last = told.last.trim();
        ensure!(
            last == NONE_YET || is_revision(last),
            "{FILE}: last is a tag, a hash, or \"{NONE_YET}\""
        );
        let promised = shipped
            .iter()
            .filter(|name| !told.without_interface.contains(name));
        Ok(Self {
            promised: promised.cloned().collect(),
            last: (last != NONE_YET).then(|| last.to_owned()),
            shipped,
            rust_version: manifest.workspace.package.rust_version,
        })
    }

    /// Makes them of the text of the two files.
    #[cfg(test)]
    pub(crate) fn parse(told: &str, manifest: &str, shipped: &[&str]) -> Result<Self> {
        let shipped = shipped.iter().map(ToString::to_string).collect();
        Self::of(toml::from_str(told)?, toml::from_str(manifest)?, shipped)
    }
}

fn is_revision(text: &str) -> bool {
    let starts = text.starts_with(|c: char| c.is_ascii_alphanumeric());
    starts
        && text
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "._/-".contains(c))
}

fn read(root: &Path, path: &str) -> Result<String> {
    fs::read_to_string(root.join(path)).with_context(|| format!("failed to read {path}"))
}

/// Names the folders below `crates/`, which are named as the crates are.
fn crates(root: &Path) -> Result<Vec<String>> {
    let entries = fs::read_dir(root.join("crates")).context("failed to read crates")?;
    let mut names = Vec::new();
    for entry in entries {
        let entry = entry?;
        if entry.path().join("Cargo.toml").is_file() {
            names.push(entry.file_name().to_string_lossy().into_owned());
        }
    }
    names.sort();
    Ok(names)
}
