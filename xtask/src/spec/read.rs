//! Reads one OpenAPI 3.1 document from a file that anybody may have written.
//!
//! YAML is read with the rules of the pipeline, so that a document which passes here passes there;
//! JSON is YAML written in another way, and goes through the same door.
//! The sizes are bounded before anything is parsed, and the parser bounds aliases, nodes and depth.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use anyhow::{Context as _, Error, Result, anyhow, bail};
use serde_json::Value;

use super::{cleaned, shown};
use crate::generate::{Sources, require_3_1};

/// The largest file that is read; how many nodes it may stand for is bounded where YAML is parsed.
const BYTES_MAX: u64 = 4 * 1024 * 1024;

/// A document and what it was read from.
#[derive(Clone, Debug)]
pub(super) struct Document {
    /// The file, as a person named it.
    pub(super) name: String,
    /// The file, byte for byte.
    pub(super) bytes: Vec<u8>,
    /// What the file says.
    pub(super) value: Value,
}

impl Document {
    /// Reads a file.
    pub(super) fn read(path: &Path) -> Result<Self> {
        let name = path.display().to_string();
        let failed = || format!("failed to read {name}");
        let file = File::open(path).with_context(failed)?;
        if !file.metadata().with_context(failed)?.is_file() {
            bail!("{name} is no regular file");
        }
        let mut bytes = Vec::new();
        file.take(BYTES_MAX + 1)
            .read_to_end(&mut bytes)
            .with_context(failed)?;
        Self::parse(&name, bytes)
    }

    /// Parses what a file holds.
    pub(super) fn parse(name: &str, bytes: Vec<u8>) -> Result<Self> {
        if bytes.len() as u64 > BYTES_MAX {
            bail!(
                "{name} is larger than {} MiB, which no description of an API needs to be",
                BYTES_MAX / (1024 * 1024)
            );
        }
        let value = Sources::default()
            .with(name, bytes.clone())
            .yaml(name)
            .map_err(|error| anyhow!("{}", first_line(&error)))?;
        require_3_1(&value).with_context(|| format!("{name} cannot be compared"))?;
        for member in ["title", "version"] {
            if value["info"][member].as_str().is_none() {
                bail!("{name} is no OpenAPI document: `info.{member}` is missing or is no text");
            }
        }
        Ok(Self {
            name: name.to_owned(),
            bytes,
            value,
        })
    }

    /// Returns a text of the `info` object, fit to be shown.
    pub(super) fn info(&self, member: &str) -> String {
        shown(self.value["info"][member].as_str().unwrap_or_default())
    }
}

/// Returns what the parser says, without the lines of the document that it shows after that.
fn first_line(error: &Error) -> String {
    let text = format!("{error:#}");
    cleaned(text.lines().next().unwrap_or_default(), 500)
}
