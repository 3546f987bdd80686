//! Whether somebody said where a fact comes from.

use serde_json::Value;

/// Tells whether a value, such as a member `x-evidence`, is a list of sources and none is blank.
pub(crate) fn is_listed(evidence: Option<&Value>) -> bool {
    evidence.and_then(Value::as_array).is_some_and(|sources| {
        !sources.is_empty()
            && sources
                .iter()
                .all(|source| source.as_str().is_some_and(|text| !text.trim().is_empty()))
    })
}
