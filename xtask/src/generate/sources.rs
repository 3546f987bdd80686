//! What the pipeline reads: documents, the digest of what was received, overlays and the catalogue.
//!
//! [`Sources`] is a map from path to bytes, so that the pipeline is a function from files to files
//! and tests change a file without touching the tree.
//! Nothing here knows what an OpenAPI document is.
//! The invariant: a document that leaves this module is one YAML document without duplicate keys,
//! without anchors that blow up.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result, bail};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::documents;

/// The document as received.
pub(crate) const UPSTREAM: &str = "spec/remote/upstream/remote-oauth-api-openapi.yml";
/// The page that says where the document comes from and what its digest is.
pub(crate) const SOURCE_PAGE: &str = "spec/remote/upstream/SOURCE.md";
/// The facts that the document gets wrong.
pub(crate) const CORRECTIONS: &str = "spec/remote/overlays/10-corrections.overlay.yaml";
/// What the generator needs and nobody else does.
pub(crate) const ACCOMMODATIONS: &str = "spec/remote/overlays/20-generator.overlay.yaml";

/// Folders whose files are all read, so that a file that the pipeline would ignore is noticed.
pub(crate) const FOLDERS: [&str; 4] = [
    "spec/remote",
    "spec/remote/upstream",
    "spec/remote/overlays",
    "spec/gogox",
];

/// How many nodes a YAML document may have, aliases written out.
const NODES_MAX: usize = 150_000;

/// The files that the pipeline reads, by path from the root of the workspace.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sources(BTreeMap<String, Vec<u8>>);

impl Sources {
    /// Reads every file of the source folders.
    pub(crate) fn read(root: &Path) -> Result<Self> {
        let mut files = BTreeMap::new();
        for folder in FOLDERS {
            let entries = fs::read_dir(root.join(folder))
                .with_context(|| format!("failed to list {folder}"))?;
            for entry in entries {
                let entry = entry?;
                // A folder is in the list for itself.
                if entry.file_type()?.is_dir() {
                    continue;
                }
                let path = format!("{folder}/{}", entry.file_name().to_string_lossy());
                let bytes =
                    fs::read(root.join(&path)).with_context(|| format!("failed to read {path}"))?;
                files.insert(path, bytes);
            }
        }
        Ok(Self(files))
    }

    /// Fails for a file that no stage would read.
    pub(crate) fn refuse_unknown(&self) -> Result<()> {
        for path in self.0.keys() {
            if !documents::source_files().any(|known| known == path) {
                bail!(
                    "{path} is read by no stage of the pipeline: move it away, or teach the pipeline to read it"
                );
            }
        }
        Ok(())
    }

    /// Parses one YAML file.
    pub(crate) fn yaml(&self, path: &str) -> Result<Value> {
        let text = self.text(path)?;
        let options = serde_saphyr::options! {
            // `no` and `off` are words in a document that people review, never booleans.
            strict_booleans: true,
            duplicate_keys: serde_saphyr::options::DuplicateKeyPolicy::Error,
            merge_keys: serde_saphyr::options::MergeKeyPolicy::Error,
            reject_unsupported_tags: true,
            // What is written out takes two bytes or more for each node, so only aliases need more.
            budget: serde_saphyr::budget! { max_nodes: (text.len() / 2).clamp(64, NODES_MAX) },
        };
        // The library's error already prints what caused it.
        serde_saphyr::from_str_with_options(text, options)
            .map_err(|error| anyhow::anyhow!("failed to read {path} as YAML: {error}"))
    }

    /// Returns the digest of a document as received, once its page agrees with it.
    pub(crate) fn verified_digest(&self, document: &str, page: &str) -> Result<String> {
        let promised = self
            .text(page)?
            .lines()
            .filter(|line| line.contains("sha256"))
            .find_map(|line| line.split('`').find(|word| is_digest(word)))
            .with_context(|| {
                format!("{page} names no sha256 (64 lower-case hexadecimal digits in backticks)")
            })?;
        let found = digest(self.bytes(document)?);
        if promised != found {
            bail!(
                "{document} has the sha256 {found}, but {page} promises {promised}: \
                 bring the document in deliberately, then change the page with it"
            );
        }
        Ok(found)
    }

    /// Returns the text of one file.
    pub(crate) fn text(&self, path: &str) -> Result<&str> {
        str::from_utf8(self.bytes(path)?).with_context(|| format!("{path} is not UTF-8"))
    }

    /// Returns the paths of all files.
    pub(crate) fn paths(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// Returns the bytes of one file.
    pub(crate) fn bytes(&self, path: &str) -> Result<&[u8]> {
        match self.0.get(path) {
            Some(bytes) => Ok(bytes),
            None => bail!("{path} is missing"),
        }
    }

    /// Puts a file in place.
    pub(crate) fn with(&self, path: &str, text: impl Into<Vec<u8>>) -> Self {
        let mut changed = self.clone();
        changed.0.insert(path.to_owned(), text.into());
        changed
    }

    /// Replaces text that occurs exactly once, for tests.
    #[cfg(test)]
    pub(crate) fn edited(&self, path: &str, from: &str, to: &str) -> Self {
        let text = self.text(path).expect("the file exists");
        assert_eq!(
            text.matches(from).count(),
            1,
            "{from:?} is in {path} exactly once"
        );
        self.with(path, text.replacen(from, to, 1))
    }

    /// Makes the source page promise the digest that the document has, for tests.
    #[cfg(test)]
    pub(crate) fn resealed(&self) -> Self {
        let found = digest(self.bytes(UPSTREAM).expect("the document exists"));
        self.with(SOURCE_PAGE, format!("| sha256 | `{found}` |\n"))
    }
}

fn is_digest(word: &str) -> bool {
    word.len() == 64
        && word
            .bytes()
            .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

/// Returns the SHA-256 of some bytes, in lower-case hexadecimal digits.
pub(crate) fn digest(bytes: &[u8]) -> String {
    Sha256::digest(bytes)
        .iter()
        .fold(String::with_capacity(64), |mut text, byte| {
            write!(text, "{byte:02x}").expect("writing to a string never fails");
            text
        })
}
