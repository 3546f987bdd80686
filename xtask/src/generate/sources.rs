//! What the pipeline reads: the upstream document, its digest and the overlays.
//!
//! [`Sources`] is a map from path to bytes, so that the pipeline is a function from files to files
//! and tests change a file without touching the tree.
//! Nothing here knows what an OpenAPI document is.
//! The invariant: a document that leaves this module is one YAML document without duplicate keys,
//! without anchors that blow up, and it has the digest that its source page promises.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result, bail};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

/// The document as received.
pub(crate) const UPSTREAM: &str = "spec/remote/upstream/remote-oauth-api-openapi.yml";
/// The page that says where the document comes from and what its digest is.
pub(crate) const SOURCE_PAGE: &str = "spec/remote/upstream/SOURCE.md";
/// The facts that the document gets wrong.
pub(crate) const CORRECTIONS: &str = "spec/remote/overlays/10-corrections.overlay.yaml";
/// What the generator needs and nobody else does.
pub(crate) const ACCOMMODATIONS: &str = "spec/remote/overlays/20-generator.overlay.yaml";

/// Folders that are read whole, so that a file that the pipeline would ignore is noticed.
const FOLDERS: [&str; 2] = ["spec/remote/upstream", "spec/remote/overlays"];
const KNOWN: [&str; 4] = [UPSTREAM, SOURCE_PAGE, CORRECTIONS, ACCOMMODATIONS];

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
                let name = entry?.file_name().to_string_lossy().into_owned();
                let path = format!("{folder}/{name}");
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
            if !KNOWN.contains(&path.as_str()) {
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
        };
        // The library's error already prints what caused it.
        serde_saphyr::from_str_with_options(text, options)
            .map_err(|error| anyhow::anyhow!("failed to read {path} as YAML: {error}"))
    }

    /// Returns the digest of the upstream document, once the source page agrees with it.
    pub(crate) fn verified_digest(&self) -> Result<String> {
        let page = self.text(SOURCE_PAGE)?;
        let promised = page
            .lines()
            .filter(|line| line.contains("sha256"))
            .find_map(|line| line.split('`').find(|word| is_digest(word)))
            .with_context(|| {
                format!(
                    "{SOURCE_PAGE} names no sha256 (64 lower-case hexadecimal digits in backticks)"
                )
            })?;
        let found = digest(self.bytes(UPSTREAM)?);
        if promised != found {
            bail!(
                "{UPSTREAM} has the sha256 {found}, but {SOURCE_PAGE} promises {promised}: \
                 bring the document in deliberately, then change the page with it"
            );
        }
        Ok(found)
    }

    fn text(&self, path: &str) -> Result<&str> {
        str::from_utf8(self.bytes(path)?).with_context(|| format!("{path} is not UTF-8"))
    }

    fn bytes(&self, path: &str) -> Result<&[u8]> {
        match self.0.get(path) {
            Some(bytes) => Ok(bytes),
            None => bail!("{path} is missing"),
        }
    }

    /// Puts a file in place, for tests.
    #[cfg(test)]
    pub(crate) fn with(&self, path: &str, text: impl Into<String>) -> Self {
        let mut changed = self.clone();
        changed.0.insert(path.to_owned(), text.into().into_bytes());
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

fn digest(bytes: &[u8]) -> String {
    Sha256::digest(bytes)
        .iter()
        .fold(String::with_capacity(64), |mut text, byte| {
            write!(text, "{byte:02x}").expect("writing to a string never fails");
            text
        })
}
