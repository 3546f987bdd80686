//! Operations: one form or one JSON value in, one success type out, one error type beside it, and every body a named
//! schema.
//!
//! The generator gives every inline answer of an operation the same name and keeps the first schema
//! of that name, so an error would be decoded as a success; with two error types it panics.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::super::finding::{Finding, child};
use super::{Operation, operations, resolve};

const FORM: &str = "application/x-www-form-urlencoded";
const JSON: &str = "application/json";

pub(super) fn findings(document: &Value) -> Vec<Finding> {
    let mut found = Vec::new();
    let mut names = BTreeSet::new();
    let all = operations(document);
    if all.is_empty() {
        found.push(Finding::new("/paths", "there is no operation to generate"));
    }
    for operation in &all {
        let pointer = &operation.pointer;
        match operation.value.get("operationId").and_then(Value::as_str) {
            None => found.push(Finding::new(
                pointer,
                "an operation without `operationId` has no method name",
            )),
            Some(name) if !names.insert(name.to_lowercase().replace(['_', '-'], "")) => {
                found.push(Finding::new(
                    child(pointer, "operationId"),
                    "another operation gives the same method name",
                ));
            }
            Some(_) => {}
        }
        if operation.value.contains_key("servers") {
            found.push(Finding::new(
                child(pointer, "servers"),
                "the generator ignores the servers of one operation",
            ));
        }
        parameters(document, operation, &mut found);
        request(document, operation, &mut found);
        responses(document, operation, &mut found);
    }
    path_items(document, &mut found);
    found
}

fn path_items(document: &Value, found: &mut Vec<Finding>) {
    for (path, item) in document
        .get("paths")
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
    {
        for member in ["servers", "parameters"] {
            if item.get(member).is_some() {
                let pointer = child(&child("/paths", path), member);
                found.push(Finding::new(
                    pointer,
                    format!("`{member}` of a whole path are not handled here"),
                ));
            }
        }
    }
}

fn parameters(document: &Value, operation: &Operation<'_>, found: &mut Vec<Finding>) {
    let parameters = operation
        .value
        .get("parameters")
        .and_then(Value::as_array)
        .into_iter()
        .flatten();
    for (index, parameter) in parameters.enumerate() {
        let pointer = child(&child(&operation.pointer, "parameters"), &index.to_string());
        let parameter = resolve(document, parameter);
        let place = parameter
            .get("in")
            .and_then(Value::as_str)
            .unwrap_or_default();
        let name = parameter
            .get("name")
            .and_then(Value::as_str)
            .unwrap_or_default();
        if place == "header" && name.eq_ignore_ascii_case("authorization") {
            let sentence =
                "the generator would take credentials as plain text: use a security scheme";
            found.push(Finding::new(&pointer, sentence));
        }
        if place == "cookie" {
            found.push(Finding::new(
                &pointer,
                "the generator does not send cookie parameters",
            ));
        }
    }
}

fn request(document: &Value, operation: &Operation<'_>, found: &mut Vec<Finding>) {
    let Some(body) = operation.value.get("requestBody") else {
        return;
    };
    let pointer = child(&operation.pointer, "requestBody");
    let body = resolve(document, body);
    if body.get("required") != Some(&Value::Bool(true)) {
        found.push(Finding::new(
            &pointer,
            "the generator sends every body as if it were required: say so",
        ));
    }
    named_body(body, &pointer, &[FORM, JSON], found);
}

fn responses(document: &Value, operation: &Operation<'_>, found: &mut Vec<Finding>) {
    let pointer = child(&operation.pointer, "responses");
    let mut answered = false;
    let mut successes: BTreeMap<String, String> = BTreeMap::new();
    let mut errors: BTreeMap<String, String> = BTreeMap::new();
    let responses = operation
        .value
        .get("responses")
        .and_then(Value::as_object)
        .into_iter()
        .flatten();
    for (status, response) in responses {
        let place = child(&pointer, status);
        let response = resolve(document, response);
        match status.as_bytes() {
            [b'2', b'0'..=b'9', b'0'..=b'9'] => {
                answered = true;
                if let Some(schema) = named_body(response, &place, &[JSON], found) {
                    successes.entry(schema).or_insert(place);
                }
            }
            [b'4' | b'5', b'0'..=b'9', b'0'..=b'9'] => {
                if let Some(schema) = named_body(response, &place, &[JSON], found) {
                    errors.entry(schema).or_insert(place);
                }
            }
            [b'3', ..] => found.push(Finding::new(
                place,
                "the generator invents a success for a redirect: leave out what only a browser visits",
            )),
            _ => found.push(Finding::new(
                place,
                "only single statuses from 200 to 599 are handled: a range or `default` would swallow answers in other media types",
            )),
        }
    }
    if !answered {
        found.push(Finding::new(
            &pointer,
            "an operation has a success status, and this one has none",
        ));
    }
    for (what, types) in [("success", successes), ("error", errors)] {
        if types.len() > 1 {
            let names = types.keys().cloned().collect::<Vec<_>>().join(", ");
            let sentence =
                format!("an operation has one {what} type, and this one has several: {names}");
            found.push(Finding::new(&pointer, sentence));
        }
    }
}

/// Checks that a body has one media type and a named schema, and returns the name's reference.
fn named_body(
    holder: &Value,
    pointer: &str,
    media_types: &[&str],
    found: &mut Vec<Finding>,
) -> Option<String> {
    let pointer = child(pointer, "content");
    let content = holder
        .get("content")
        .and_then(Value::as_object)
        .filter(|content| !content.is_empty());
    let Some(content) = content else {
        found.push(Finding::new(
            pointer,
            "a body without content is not handled here: give it a media type and a schema",
        ));
        return None;
    };
    if content.len() > 1 {
        found.push(Finding::new(
            &pointer,
            "the generator handles one media type in a body",
        ));
    }
    if let Some(other) = content
        .keys()
        .find(|name| !media_types.contains(&name.as_str()))
    {
        found.push(Finding::new(
            child(&pointer, other),
            format!("only {} is handled here", media_types.join(" or ")),
        ));
    }
    let (media_type, media) = content
        .iter()
        .find(|(name, _)| media_types.contains(&name.as_str()))?;
    let schema = media.get("schema");
    let reference = schema
        .and_then(|schema| schema.get("$ref"))
        .and_then(Value::as_str);
    if reference.is_none() {
        let sentence =
            "an inline schema gets a name that collides with others: move it into components";
        found.push(Finding::new(
            child(&child(&pointer, media_type), "schema"),
            sentence,
        ));
    }
    reference.map(ToOwned::to_owned)
}
