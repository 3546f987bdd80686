//! Turns what the generator would get wrong in silence into findings.
//!
//! The generator reads a smaller language than OpenAPI 3.0, and where it does not understand it
//! guesses: it gives two inline answers one name, drops what its parser does not know, prints what
//! nobody marked as a secret, or panics.
//! Each module below looks for one family of such places; [`findings`] runs them all, so a person
//! sees everything that stands in the way at once.

mod lossless;
mod operations;
mod references;
mod schemas;
#[cfg(test)]
mod tests;

use anyhow::{Context as _, Result, bail};
use openapiv3::OpenAPI;
use serde_json::{Map, Value};

use super::evidence;
use super::finding::{Finding, child};

/// Fails unless the document is OpenAPI 3.1, before any overlay is tried on it.
pub(crate) fn version(document: &Value) -> Result<()> {
    let version = document
        .get("openapi")
        .and_then(Value::as_str)
        .context("it names no OpenAPI version")?;
    if !version.starts_with("3.1.") {
        bail!("it says OpenAPI {version}, and this pipeline reads 3.1");
    }
    Ok(())
}

/// Returns everything in the code generation document (`lowered`) that the generator would get
/// wrong, and everything that it has lost from the corrected document.
pub(crate) fn findings(corrected: &Value, lowered: &Value) -> Vec<Finding> {
    // The other guards follow references, so nothing else is asked while these do not hold.
    let broken = references::findings(lowered);
    if !broken.is_empty() {
        return broken;
    }
    let mut found = references::unused(lowered);
    found.extend(operations::findings(lowered));
    found.extend(schemas::findings(lowered));
    found.extend(schemas::unmarked_secrets(corrected));
    found.extend(lossless::findings(corrected, lowered));
    found.extend(dropped_by_parser(lowered));
    // The corrected document and the lowered one often have the same fault at the same place.
    found.dedup();
    found
}

/// Lists the operations of a document of ours that do not say where their facts come from.
pub(crate) fn unsourced(document: &Value) -> Vec<Finding> {
    let bare = operations(document)
        .into_iter()
        .filter(|operation| !evidence::is_listed(operation.value.get("x-evidence")));
    bare.map(|operation| {
        let sentence = "every operation of a document of ours lists its sources, in `x-evidence`";
        Finding::new(operation.pointer, sentence)
    })
    .collect()
}

/// Compares the document with what the generator's parser has kept of it.
fn dropped_by_parser(lowered: &Value) -> Vec<Finding> {
    let parsed: OpenAPI = match serde_json::from_value(lowered.clone()) {
        Ok(parsed) => parsed,
        Err(error) => {
            return vec![Finding::new(
                "",
                format!("the generator's parser refuses the document: {error}"),
            )];
        }
    };
    let kept = serde_json::to_value(&parsed).expect("a parsed document prints as JSON");
    let mut found = Vec::new();
    compare(lowered, &kept, "", &mut found);
    found
}

fn compare(given: &Value, kept: &Value, pointer: &str, found: &mut Vec<Finding>) {
    match (given, kept) {
        (Value::Object(given), Value::Object(kept)) => {
            for (key, member) in given {
                let place = child(pointer, key);
                match kept.get(key) {
                    Some(other) => compare(member, other, &place, found),
                    None if means_nothing(member) => {}
                    None => found.push(Finding::new(
                        place,
                        "the generator's parser drops this in silence",
                    )),
                }
            }
        }
        (Value::Array(given), Value::Array(kept)) if given.len() == kept.len() => {
            for (index, (member, other)) in given.iter().zip(kept).enumerate() {
                compare(member, other, &child(pointer, &index.to_string()), found);
            }
        }
        (given, kept) if same_scalar(given, kept) => {}
        _ => found.push(Finding::new(
            pointer,
            "the generator's parser changes this in silence",
        )),
    }
}

/// The parser leaves out what equals the default.
fn means_nothing(value: &Value) -> bool {
    match value {
        Value::Bool(flag) => !flag,
        Value::Array(items) => items.is_empty(),
        Value::Object(members) => members.is_empty(),
        _ => false,
    }
}

/// Numbers may come back in another notation (`1` as `1.0`).
fn same_scalar(given: &Value, kept: &Value) -> bool {
    given == kept
        || given
            .as_f64()
            .is_some_and(|number| kept.as_f64() == Some(number))
}

/// An operation of a document: its path, its method and its pointer.
struct Operation<'a> {
    path: &'a str,
    method: &'a str,
    pointer: String,
    value: &'a Map<String, Value>,
}

fn operations(document: &Value) -> Vec<Operation<'_>> {
    const METHODS: [&str; 8] = [
        "get", "put", "post", "delete", "options", "head", "patch", "trace",
    ];
    let paths = document
        .get("paths")
        .and_then(Value::as_object)
        .into_iter()
        .flatten();
    let items = paths.filter_map(|(path, item)| Some((path, item.as_object()?)));
    items
        .flat_map(|(path, item)| {
            item.iter()
                .filter(|(method, _)| METHODS.contains(&method.as_str()))
                .filter_map(move |(method, value)| {
                    let pointer = child(&child("/paths", path), method);
                    Some(Operation {
                        path,
                        method,
                        pointer,
                        value: value.as_object()?,
                    })
                })
        })
        .collect()
}

/// Follows local references until a value stands there.
fn resolve<'a>(document: &'a Value, mut value: &'a Value) -> &'a Value {
    // The corrected document is not asked about circles, so the walk is bounded.
    for _ in 0..16 {
        let target = value.get("$ref").and_then(Value::as_str);
        let pointer = target.and_then(|target| target.strip_prefix('#'));
        match pointer.and_then(|pointer| document.pointer(pointer)) {
            Some(next) => value = next,
            None => break,
        }
    }
    value
}
