//! What is wrong with a document, and where.

use std::fmt;

/// One thing that stops the pipeline: a place in the document and a sentence about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Finding {
    pointer: String,
    sentence: String,
}

impl Finding {
    /// Makes a finding from an RFC 6901 pointer and a sentence.
    pub(crate) fn new(pointer: impl Into<String>, sentence: impl Into<String>) -> Self {
        Self {
            pointer: pointer.into(),
            sentence: sentence.into(),
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "#{}: {}", self.pointer, self.sentence)
    }
}

/// Joins findings, one to a line.
pub(crate) fn listed(findings: &[Finding]) -> String {
    findings
        .iter()
        .map(|finding| format!("  {finding}"))
        .collect::<Vec<_>>()
        .join("\n")
}

/// Returns the pointer to a member of the value at `pointer`.
pub(crate) fn child(pointer: &str, key: &str) -> String {
    format!("{pointer}/{}", key.replace('~', "~0").replace('/', "~1"))
}
