//! Compares the accommodated document with the corrected one: overlay 20 may divide and loosen,
//! never lose.
//!
//! The request is written anew in overlay 20, one variant per grant, so what upstream adds does not
//! flow through by itself; this is where that is noticed.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use super::super::finding::{Finding, child};
use super::{Operation, operations, resolve};

/// Where a request body's schema may stand.
const BODY_SCHEMAS: [&str; 2] = [
    "/requestBody/content/application~1x-www-form-urlencoded/schema",
    "/requestBody/content/application~1json/schema",
];

pub(super) fn findings(corrected: &Value, lowered: &Value) -> Vec<Finding> {
    let mut found = Vec::new();
    let before = operations(corrected);
    for after in operations(lowered) {
        let same =
            |before: &&Operation<'_>| before.path == after.path && before.method == after.method;
        let Some(before) = before.iter().find(same) else {
            found.push(Finding::new(
                &after.pointer,
                "the corrected document has no such operation",
            ));
            continue;
        };
        for below in BODY_SCHEMAS {
            request(corrected, lowered, below, (before, &after), &mut found);
        }
        responses(corrected, lowered, before, &after, &mut found);
    }
    found
}

fn request(
    corrected: &Value,
    lowered: &Value,
    below: &str,
    (before, after): (&Operation<'_>, &Operation<'_>),
    found: &mut Vec<Finding>,
) {
    let Some(whole) = schema_at(corrected, before, below) else {
        return;
    };
    let pointer = format!("{}{below}", before.pointer);
    let Some(schema) = schema_at(lowered, after, below) else {
        found.push(Finding::new(
            pointer,
            "the request body is lost on the way to the generator",
        ));
        return;
    };
    // A body that overlay 20 has left alone may itself be divided into variants.
    if whole == schema {
        return;
    }
    let variants: Vec<&Value> = match schema.get("oneOf").and_then(Value::as_array) {
        Some(variants) => variants
            .iter()
            .map(|variant| resolve(lowered, variant))
            .collect(),
        None => vec![schema],
    };
    let fields = properties(whole);
    for (name, field) in &fields {
        let place = child(&child(&pointer, "properties"), name);
        let kept: Vec<&Value> = variants
            .iter()
            .filter_map(|variant| variant.get("properties")?.get(name))
            .collect();
        if kept.is_empty() {
            let sentence =
                format!("no variant of the request in overlay 20 has the field `{name}`");
            found.push(Finding::new(place, sentence));
        } else if field.get("enum").is_some() {
            values(name, field, &kept, &place, found);
        } else if kept.iter().any(|kept| bare(kept) != bare(field)) {
            let sentence = format!(
                "overlay 20 says something else about the field `{name}` than the corrected document"
            );
            found.push(Finding::new(place, sentence));
        }
    }
    for variant in &variants {
        for name in properties(variant)
            .keys()
            .filter(|name| !fields.contains_key(*name))
        {
            let sentence = format!(
                "overlay 20 invents the field `{name}`, which the corrected document does not have"
            );
            found.push(Finding::new(&pointer, sentence));
        }
        for name in required(whole).difference(&required(variant)) {
            let sentence =
                format!("a variant of the request in overlay 20 does not require `{name}`");
            found.push(Finding::new(child(&pointer, "required"), sentence));
        }
    }
}

/// The variants divide the values of an enumeration among themselves: each has one, and together
/// they have all.
fn values(name: &str, field: &Value, kept: &[&Value], place: &str, found: &mut Vec<Finding>) {
    let list = |schema: &Value| -> BTreeSet<String> {
        schema
            .get("enum")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .map(Value::to_string)
            .collect()
    };
    let all = list(field);
    let mut divided = BTreeSet::new();
    for part in kept {
        for value in list(part) {
            if !divided.insert(value.clone()) {
                let sentence =
                    format!("two variants in overlay 20 have the value {value} of `{name}`");
                found.push(Finding::new(place, sentence));
            }
        }
    }
    for value in all.symmetric_difference(&divided) {
        let sentence = if all.contains(value) {
            format!("no variant of the request in overlay 20 has the value {value} of `{name}`")
        } else {
            format!("overlay 20 invents the value {value} of `{name}`")
        };
        found.push(Finding::new(place, sentence));
    }
}

fn responses(
    corrected: &Value,
    lowered: &Value,
    before: &Operation<'_>,
    after: &Operation<'_>,
    found: &mut Vec<Finding>,
) {
    let statuses = before
        .value
        .get("responses")
        .and_then(Value::as_object)
        .into_iter()
        .flatten();
    for (status, _) in statuses {
        let below = format!(
            "{}/content/application~1json/schema",
            child("/responses", status)
        );
        let pointer = format!("{}{below}", before.pointer);
        let Some(whole) = schema_at(corrected, before, &below) else {
            continue;
        };
        let Some(schema) = schema_at(lowered, after, &below) else {
            found.push(Finding::new(
                pointer,
                "this answer is lost on the way to the generator",
            ));
            continue;
        };
        let kept = properties(schema);
        for name in properties(whole)
            .keys()
            .filter(|name| !kept.contains_key(*name))
        {
            let place = child(&child(&pointer, "properties"), name);
            found.push(Finding::new(
                place,
                format!("overlay 20 loses `{name}` of the answer"),
            ));
        }
    }
}

fn schema_at<'a>(document: &'a Value, operation: &Operation<'_>, below: &str) -> Option<&'a Value> {
    let schema = document.pointer(&format!("{}{below}", operation.pointer))?;
    Some(resolve(document, schema))
}

fn properties(schema: &Value) -> BTreeMap<&String, &Value> {
    schema
        .get("properties")
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
        .collect()
}

fn required(schema: &Value) -> BTreeSet<&str> {
    schema
        .get("required")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect()
}

/// A field without its prose.
fn bare(field: &Value) -> Map<String, Value> {
    let mut bare = field.as_object().cloned().unwrap_or_default();
    bare.retain(|key, _| key != "description" && key != "title");
    bare
}
