//! References: each one leads somewhere, none leads in a circle, and nothing that has a name is
//! left unused.

use std::collections::BTreeSet;

use serde_json::Value;

use super::super::finding::{Finding, child};

pub(super) fn findings(document: &Value) -> Vec<Finding> {
    let mut found = Vec::new();
    let mut references = Vec::new();
    collect(document, "", &mut references);
    for (pointer, target) in &references {
        match target
            .strip_prefix('#')
            .and_then(|target| document.pointer(target))
        {
            None => found.push(Finding::new(
                pointer,
                format!("the reference {target} leads nowhere"),
            )),
            Some(_) if returns(document, target, &mut Way::default()) => {
                let sentence = format!(
                    "the reference {target} leads back to itself, which no form and no token needs"
                );
                found.push(Finding::new(pointer, sentence));
            }
            Some(_) => {}
        }
    }
    for (pointer, sibling) in siblings(document) {
        found.push(Finding::new(
            pointer,
            format!("`{sibling}` stands beside `$ref`, where 3.0 ignores it"),
        ));
    }
    found
}

/// Lists the named schemas that nothing refers to.
pub(super) fn unused(document: &Value) -> Vec<Finding> {
    let mut references = Vec::new();
    collect(document, "", &mut references);
    let used: BTreeSet<&str> = references
        .iter()
        .map(|(_, target)| target.as_str())
        .collect();
    let schemas = document
        .pointer("/components/schemas")
        .and_then(Value::as_object)
        .into_iter()
        .flatten();
    let pointers = schemas.map(|(name, _)| child("/components/schemas", name));
    pointers
        .filter(|pointer| !used.contains(format!("#{pointer}").as_str()))
        .map(|pointer| {
            Finding::new(
                pointer,
                "nothing refers to this schema, so its type would be dead code",
            )
        })
        .collect()
}

/// Lists every reference below a value with its pointer.
fn collect(value: &Value, pointer: &str, into: &mut Vec<(String, String)>) {
    if let Some(target) = value.get("$ref").and_then(Value::as_str) {
        into.push((pointer.to_owned(), target.to_owned()));
    }
    for (key, member) in members(value) {
        collect(member, &child(pointer, &key), into);
    }
}

/// The references that a walk is inside of, and those that it has left without finding a circle.
#[derive(Default)]
struct Way {
    inside: BTreeSet<String>,
    left: BTreeSet<String>,
}

/// Tells whether following `target`, and everything below it, comes back to a place already on the
/// way.
fn returns(document: &Value, target: &str, way: &mut Way) -> bool {
    if way.left.contains(target) {
        return false;
    }
    if !way.inside.insert(target.to_owned()) {
        return true;
    }
    let mut below = Vec::new();
    if let Some(value) = target
        .strip_prefix('#')
        .and_then(|target| document.pointer(target))
    {
        collect(value, "", &mut below);
    }
    let circle = below.iter().any(|(_, next)| returns(document, next, way));
    way.inside.remove(target);
    way.left.insert(target.to_owned());
    circle
}

fn siblings(document: &Value) -> Vec<(String, String)> {
    fn walk(value: &Value, pointer: &str, into: &mut Vec<(String, String)>) {
        if value.get("$ref").is_some_and(Value::is_string) {
            let others = members(value)
                .into_iter()
                .map(|(key, _)| key)
                .filter(|key| key != "$ref");
            into.extend(others.map(|key| (child(pointer, &key), key)));
        }
        for (key, member) in members(value) {
            walk(member, &child(pointer, &key), into);
        }
    }
    let mut into = Vec::new();
    walk(document, "", &mut into);
    into
}

fn members(value: &Value) -> Vec<(String, &Value)> {
    match value {
        Value::Object(members) => members
            .iter()
            .map(|(key, member)| (key.clone(), member))
            .collect(),
        Value::Array(items) => items
            .iter()
            .enumerate()
            .map(|(index, item)| (index.to_string(), item))
            .collect(),
        _ => Vec::new(),
    }
}
