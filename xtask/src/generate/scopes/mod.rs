//! From the scope catalogue to Rust data.
//!
//! The catalogue is ours, put together from what Remote publishes in pieces, and it keeps what the
//! pieces say.
//! [`check`] divides what looks wrong into faults, which stop the pipeline, and oddities, which are
//! Remote's and must be recorded in the file: an oddity that nobody has recorded stops the pipeline
//! too, and so does a record that no longer holds.
//! Which scopes a program needs is not decided here.

mod check;
mod data;
mod rust;
#[cfg(test)]
mod tests;

use anyhow::{Context as _, Result, bail};

use self::data::Catalogue;
use super::emit;
use super::sources::{Sources, digest};

/// The catalogue.
pub(crate) const SOURCE: &str = "spec/remote/scopes.yaml";
/// The module that the client crate gets.
pub(crate) const MODULE: &str = "scopes";

/// Emits the catalogue as a module of the client crate.
pub(crate) fn module(sources: &Sources) -> Result<String> {
    let catalogue = read(sources)?;
    let facts = format!(
        "// Document: Remote's scope catalogue, version {}\n// Source sha256: {}\n",
        catalogue.version,
        digest(sources.bytes(SOURCE)?)
    );
    Ok(emit::head(SOURCE, &facts, &rust::module(&catalogue)?))
}

/// Returns a line for each oddity that is recorded, so that a person sees them whenever the
/// generator runs.
pub(crate) fn warnings(sources: &Sources) -> Result<Vec<String>> {
    let catalogue = read(sources)?;
    let lines = catalogue
        .oddities
        .iter()
        .map(|odd| format!("{}: {}. {}", odd.subject, odd.kind.sentence(), odd.note));
    Ok(lines.collect())
}

/// Reads the catalogue, and fails for everything that is wrong with it.
fn read(sources: &Sources) -> Result<Catalogue> {
    let catalogue: Catalogue = serde_json::from_value(sources.yaml(SOURCE)?)
        .with_context(|| format!("{SOURCE} is not a scope catalogue"))?;
    let faults = check::faults(&catalogue);
    if !faults.is_empty() {
        bail!("{SOURCE} is wrong:\n  {}", faults.join("\n  "));
    }
    Ok(catalogue)
}
