//! Tables of cases for tests: `input => wanted` on each line.
//!
//! The input is YAML in flow style, so that a change of a document reads like the document.

use serde_json::Value;

/// Returns the rows of a table; empty lines are skipped.
pub(crate) fn rows(table: &str) -> Vec<(Value, &str)> {
    let lines = table.lines().map(str::trim).filter(|line| !line.is_empty());
    let rows = lines.map(|line| {
        let (input, wanted) = line
            .split_once(" => ")
            .expect("each row says `input => wanted`");
        (
            serde_saphyr::from_str(input).unwrap_or_else(|error| panic!("{input}: {error}")),
            wanted.trim(),
        )
    });
    rows.collect()
}

/// Merges a change into a value; `null` removes (RFC 7396).
pub(crate) fn changed(value: &Value, change: &Value) -> Value {
    let Value::Object(change) = change else {
        return change.clone();
    };
    let mut members = value.as_object().cloned().unwrap_or_default();
    for (key, member) in change {
        if member.is_null() {
            members.remove(key);
        } else {
            let member = changed(members.get(key).unwrap_or(&Value::Null), member);
            members.insert(key.clone(), member);
        }
    }
    Value::Object(members)
}
