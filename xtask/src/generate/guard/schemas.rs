//! Schemas: what sounds secret is marked as secret, what the generator misreads is refused, and
//! answers decode whatever a server may reasonably add.

use std::collections::BTreeSet;

use schemars::schema::InstanceType;
use serde_json::Value;

use super::super::emit::CONVERSIONS;
use super::super::finding::{Finding, child};
use super::{operations, resolve};

/// Pieces of names that hold something nobody should see.
const SECRET_SOUNDS: [&str; 9] = [
    "token",
    "secret",
    "password",
    "assertion",
    "code",
    "key",
    "jwt",
    "verifier",
    "credential",
];
/// Names that only sound so.
const NOT_SECRET: [&str; 4] = [
    // The word `Bearer`.
    "token_type",
    // A hash of the verifier, made to be seen.
    "code_challenge",
    // The word `S256`.
    "code_challenge_method",
    // Where a company is.
    "country_code",
];
/// Formats that the generator turns into ordinary text or an ordinary number.
const PLAIN_FORMATS: [&str; 3] = ["uri", "int32", "int64"];
/// Members that the generator reads wrongly or not at all.
const MISREAD: [(&str, &str); 6] = [
    (
        "anyOf",
        "the generator merges the branches of `anyOf` into one struct: use `oneOf`",
    ),
    ("not", "the generator does not check `not`"),
    (
        "discriminator",
        "the generator ignores `discriminator`: give each variant a property with one value",
    ),
    ("xml", "the generator ignores `xml`"),
    (
        "nullable",
        "the generator drops the difference between null and absent: leave the property optional",
    ),
    (
        "x-rust-type",
        "a type named in the document prints in clear unless a setting allows it: use a format",
    ),
];

pub(super) fn findings(document: &Value) -> Vec<Finding> {
    let mut found = unmarked_secrets(document);
    let schemas = document
        .pointer("/components/schemas")
        .and_then(Value::as_object)
        .into_iter()
        .flatten();
    for (name, schema) in schemas {
        let pointer = child("/components/schemas", name);
        each(schema, &pointer, &mut |schema, place| {
            one(schema, place, place == pointer, &mut found)
        });
    }
    strict_answers(document, &mut found);
    found
}

/// Lists properties and parameters that sound secret without `format: password`.
pub(super) fn unmarked_secrets(document: &Value) -> Vec<Finding> {
    let mut found = Vec::new();
    each(document, "", &mut |value, pointer| {
        let properties = value
            .get("properties")
            .and_then(Value::as_object)
            .into_iter()
            .flatten();
        for (name, schema) in properties {
            let place = child(&child(pointer, "properties"), name);
            unmarked(name, resolve(document, schema), place, &mut found);
        }
        if let (Some(name), Some(schema)) = (
            value.get("name").and_then(Value::as_str),
            value.get("schema"),
        ) {
            unmarked(
                name,
                resolve(document, schema),
                child(pointer, "schema"),
                &mut found,
            );
        }
    });
    found
}

fn unmarked(name: &str, schema: &Value, place: String, found: &mut Vec<Finding>) {
    let lower = name.to_lowercase();
    let sounds = SECRET_SOUNDS.iter().any(|sound| lower.contains(sound))
        && !NOT_SECRET.contains(&lower.as_str());
    // An object prints its members, and each of them is asked by its own name.
    let object = schema.get("properties").is_some();
    if sounds && !object && schema.get("format").and_then(Value::as_str) != Some("password") {
        let sentence = format!(
            "`{name}` sounds like a secret and would be printed in clear: give it `format: password`, \
             or list it as harmless in the guard"
        );
        found.push(Finding::new(place, sentence));
    }
}

fn one(schema: &Value, pointer: &str, named: bool, found: &mut Vec<Finding>) {
    for (member, sentence) in MISREAD {
        if schema.get(member).is_some() {
            found.push(Finding::new(child(pointer, member), sentence));
        }
    }
    if let Some(format) = schema.get("format").and_then(Value::as_str) {
        let place = child(pointer, "format");
        let wanted = CONVERSIONS
            .iter()
            .find(|(_, known, _)| *known == format)
            .map(|(kind, ..)| *kind);
        match wanted {
            Some(kind) if schema.get("type").and_then(Value::as_str) != Some(type_name(kind)) => {
                let sentence = format!(
                    "`{format}` is only mapped for the type `{}`",
                    type_name(kind)
                );
                found.push(Finding::new(place, sentence));
            }
            None if !PLAIN_FORMATS.contains(&format) => {
                let sentence =
                    format!("nobody has decided what the format `{format}` becomes in Rust");
                found.push(Finding::new(place, sentence));
            }
            Some(_) | None => {}
        }
    }
    // A variant of a named `oneOf` takes its name from that; any other object inside a schema gets
    // an invented one.
    let inline = schema.get("properties").is_some() && !named && !pointer.contains("/oneOf/");
    if inline {
        found.push(Finding::new(
            pointer,
            "an inline object gets an invented name: move it into components",
        ));
    }
}

fn type_name(kind: InstanceType) -> &'static str {
    match kind {
        InstanceType::Integer => "integer",
        InstanceType::String => "string",
        InstanceType::Null => "null",
        InstanceType::Boolean => "boolean",
        InstanceType::Object => "object",
        InstanceType::Array => "array",
        InstanceType::Number => "number",
    }
}

/// Refuses answers that stop being readable when a server says one thing more or one thing less.
fn strict_answers(document: &Value, found: &mut Vec<Finding>) {
    const STRICT: [(&str, &str); 3] = [
        (
            "enum",
            "a closed list makes the whole answer unreadable when the server adds a value",
        ),
        (
            "required",
            "a required key makes the whole answer unreadable when the server leaves it out",
        ),
        (
            "additionalProperties",
            "an answer may have members that nobody knows yet",
        ),
    ];
    for pointer in answered(document) {
        let Some(schema) = document.pointer(&pointer) else {
            continue;
        };
        each(schema, &pointer, &mut |schema, place| {
            for (member, sentence) in STRICT {
                if schema.get(member).is_some() && !place.ends_with("/properties") {
                    found.push(Finding::new(child(place, member), sentence));
                }
            }
        });
    }
}

/// Lists the named schemas that answers consist of, at any depth.
fn answered(document: &Value) -> BTreeSet<String> {
    let mut reached = BTreeSet::new();
    let mut waiting = Vec::new();
    for operation in operations(document) {
        let responses = operation.value.get("responses").and_then(Value::as_object);
        for (_, response) in responses.into_iter().flatten() {
            if let Some(content) = resolve(document, response).get("content") {
                references(content, &mut waiting);
            }
        }
    }
    while let Some(pointer) = waiting.pop() {
        if reached.contains(&pointer) {
            continue;
        }
        if let Some(schema) = document.pointer(&pointer) {
            references(schema, &mut waiting);
        }
        reached.insert(pointer);
    }
    reached
}

/// Adds the target of every reference below a value.
fn references(value: &Value, into: &mut Vec<String>) {
    each(value, "", &mut |value, _| {
        let target = value.get("$ref").and_then(Value::as_str);
        into.extend(
            target
                .and_then(|target| target.strip_prefix('#'))
                .map(str::to_owned),
        );
    });
}

/// Visits a value and every value below it.
fn each(value: &Value, pointer: &str, visit: &mut impl FnMut(&Value, &str)) {
    visit(value, pointer);
    match value {
        Value::Object(members) => {
            for (key, member) in members {
                each(member, &child(pointer, key), visit);
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                each(item, &child(pointer, &index.to_string()), visit);
            }
        }
        _ => {}
    }
}
