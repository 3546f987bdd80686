//! Turns an OpenAPI 3.1 document into a 3.0.3 document that means the same.
//!
//! Every member of every object is looked up in a table: it is kept, walked into, translated or
//! refused.
//! What is not in the table is refused, with a JSON pointer and a sentence, so nothing is ever
//! dropped in silence.
//! Which constructs the *generator* gets wrong is not known here; that is the guard's business.

mod members;
#[cfg(test)]
mod tests;

use serde_json::{Map, Value, json};

use self::members::{Kind, NEW_IN_31, Rule};
use super::finding::{Finding, child};

/// Returns the document as OpenAPI 3.0.3, or everything that stands in the way.
pub(crate) fn to_3_0(document: &Value) -> Result<Value, Vec<Finding>> {
    let mut walk = Walk {
        findings: Vec::new(),
    };
    let mut lowered = walk.object(document, "", Kind::Document);
    if walk.findings.is_empty() {
        lowered["openapi"] = json!("3.0.3");
        Ok(lowered)
    } else {
        Err(walk.findings)
    }
}

struct Walk {
    findings: Vec<Finding>,
}

impl Walk {
    fn refuse(&mut self, pointer: &str, sentence: impl Into<String>) -> Value {
        self.findings.push(Finding::new(pointer, sentence));
        Value::Null
    }

    fn object(&mut self, value: &Value, pointer: &str, kind: Kind) -> Value {
        let Some(object) = value.as_object() else {
            return match (kind, value) {
                (Kind::Schema, Value::Bool(_)) => self.refuse(
                    pointer,
                    "a schema that is only `true` or `false` does not exist in 3.0",
                ),
                _ => self.refuse(
                    pointer,
                    format!("here stands {}, so this should be an object", kind.name()),
                ),
            };
        };
        if object.contains_key("$ref") {
            return self.reference(object, pointer, kind);
        }
        let translated;
        let object = if kind == Kind::Schema {
            translated = self.translate_schema(object, pointer);
            &translated
        } else {
            self.check_version_and_paths(object, kind);
            self.check_scheme(object, pointer, kind);
            object
        };
        let mut lowered = Map::new();
        for (key, member) in object {
            let place = child(pointer, key);
            let rule = kind
                .members()
                .iter()
                .find(|(name, _)| name == key)
                .map(|(_, rule)| *rule);
            let member = match rule {
                None if key.starts_with("x-") => member.clone(),
                None => self.refuse(
                    &place,
                    format!("`{key}` is not a known member of {}", kind.name()),
                ),
                Some(Rule::Refuse(words)) => self.refuse(&place, format!("`{key}` {words}")),
                Some(Rule::Keep) => member.clone(),
                // `additionalProperties: false` is the one boolean that 3.0 has in the place of a
                // schema.
                Some(Rule::One(Kind::Schema))
                    if key == "additionalProperties" && member.is_boolean() =>
                {
                    member.clone()
                }
                Some(Rule::One(inner)) => self.object(member, &place, inner),
                Some(Rule::List(inner)) => self.list(member, &place, inner),
                Some(Rule::Map(inner)) => self.map(member, &place, inner),
            };
            lowered.insert(key.clone(), member);
        }
        Value::Object(lowered)
    }

    fn list(&mut self, value: &Value, pointer: &str, kind: Kind) -> Value {
        let Some(items) = value.as_array() else {
            return self.refuse(
                pointer,
                format!("here stands a list, each entry {}", kind.name()),
            );
        };
        let lowered = items
            .iter()
            .enumerate()
            .map(|(index, item)| self.object(item, &child(pointer, &index.to_string()), kind));
        Value::Array(lowered.collect())
    }

    fn map(&mut self, value: &Value, pointer: &str, kind: Kind) -> Value {
        let Some(entries) = value.as_object() else {
            return self.refuse(
                pointer,
                format!("here stands a map of names, each to {}", kind.name()),
            );
        };
        // Extensions may stand among paths and responses; anywhere else `x-` begins an ordinary
        // name.
        let extensible = matches!(kind, Kind::PathItem | Kind::Response);
        let lowered = entries.iter().map(|(name, entry)| {
            let lowered = if extensible && name.starts_with("x-") {
                entry.clone()
            } else {
                self.object(entry, &child(pointer, name), kind)
            };
            (name.clone(), lowered)
        });
        Value::Object(lowered.collect())
    }

    fn reference(&mut self, object: &Map<String, Value>, pointer: &str, kind: Kind) -> Value {
        if kind == Kind::PathItem {
            return self.refuse(
                pointer,
                "a path item that is a reference is not handled here",
            );
        }
        if let Some(sibling) = object.keys().find(|key| *key != "$ref") {
            let sentence = format!("`{sibling}` stands beside `$ref`, where 3.0 ignores it");
            return self.refuse(&child(pointer, sibling), sentence);
        }
        match object["$ref"].as_str() {
            Some(target) if target.starts_with('#') => Value::Object(object.clone()),
            _ => self.refuse(
                pointer,
                "a reference that leaves the document is not handled here",
            ),
        }
    }

    fn check_version_and_paths(&mut self, object: &Map<String, Value>, kind: Kind) {
        if kind != Kind::Document {
            return;
        }
        let version = object
            .get("openapi")
            .and_then(Value::as_str)
            .unwrap_or_default();
        if !version.starts_with("3.1.") {
            self.refuse(
                "/openapi",
                format!("the document says OpenAPI {version:?}, and this pipeline reads 3.1"),
            );
        }
        if !object.contains_key("paths") {
            self.refuse(
                "",
                "a document without `paths` is valid in 3.1 and not in 3.0",
            );
        }
    }

    fn check_scheme(&mut self, object: &Map<String, Value>, pointer: &str, kind: Kind) {
        if kind == Kind::SecurityScheme
            && object
                .get("type")
                .is_some_and(|scheme| scheme == "mutualTLS")
        {
            self.refuse(&child(pointer, "type"), format!("`mutualTLS` {NEW_IN_31}"));
        }
        if kind == Kind::Operation && !object.contains_key("responses") {
            self.refuse(
                pointer,
                "an operation without `responses` is valid in 3.1 and not in 3.0",
            );
        }
    }

    /// Rewrites the keywords that exist in both versions and mean different things.
    fn translate_schema(
        &mut self,
        schema: &Map<String, Value>,
        pointer: &str,
    ) -> Map<String, Value> {
        let mut lowered = schema.clone();
        if schema.contains_key("nullable") {
            self.refuse(
                &child(pointer, "nullable"),
                "`nullable` means nothing in 3.1: say `type: [..., \"null\"]`",
            );
        }
        self.translate_type(&mut lowered, pointer);
        if let Some(only) = lowered.remove("const") {
            if lowered.contains_key("enum") {
                self.refuse(
                    &child(pointer, "const"),
                    "`const` and `enum` in one schema cannot both be kept",
                );
            }
            lowered.insert("enum".to_owned(), json!([only]));
        }
        if let Some(examples) = lowered.remove("examples") {
            match examples.as_array().map(Vec::as_slice) {
                Some([only]) if !lowered.contains_key("example") => {
                    lowered.insert("example".to_owned(), only.clone());
                }
                _ => {
                    let sentence =
                        "3.0 has room for one example in a schema: keep one, in a list of one";
                    self.refuse(&child(pointer, "examples"), sentence);
                }
            }
        }
        self.translate_bound(&mut lowered, pointer, "exclusiveMinimum", "minimum");
        self.translate_bound(&mut lowered, pointer, "exclusiveMaximum", "maximum");
        lowered
    }

    fn translate_type(&mut self, schema: &mut Map<String, Value>, pointer: &str) {
        const KNOWN: [&str; 6] = ["string", "number", "integer", "boolean", "array", "object"];
        let place = child(pointer, "type");
        let Some(types) = schema.get("type").cloned() else {
            return;
        };
        let names: Option<Vec<&str>> = match &types {
            Value::String(name) => Some(vec![name]),
            Value::Array(names) => names.iter().map(Value::as_str).collect(),
            _ => None,
        };
        let Some(names) = names else {
            self.refuse(&place, "a type is a name or a list of names");
            return;
        };
        let (null, named): (Vec<&str>, Vec<&str>) =
            names.into_iter().partition(|name| *name == "null");
        match *named {
            [name] if KNOWN.contains(&name) => {
                if name == "array" && !schema.contains_key("items") {
                    self.refuse(
                        pointer,
                        "an array without `items` is valid in 3.1 and not in 3.0",
                    );
                }
                if !null.is_empty() {
                    schema.insert("nullable".to_owned(), json!(true));
                }
                schema.insert("type".to_owned(), json!(name));
            }
            [] => {
                self.refuse(&place, "the type `null` alone does not exist in 3.0");
            }
            [name] => {
                self.refuse(&place, format!("`{name}` is not a type"));
            }
            _ => {
                self.refuse(&place, "several types in one schema do not exist in 3.0");
            }
        }
    }

    fn translate_bound(
        &mut self,
        schema: &mut Map<String, Value>,
        pointer: &str,
        exclusive: &str,
        plain: &str,
    ) {
        let Some(bound) = schema.get(exclusive).cloned() else {
            return;
        };
        let place = child(pointer, exclusive);
        if !bound.is_number() {
            self.refuse(&place, format!("`{exclusive}` is a number in 3.1"));
        } else if schema.contains_key(plain) {
            self.refuse(
                &place,
                format!("`{exclusive}` beside `{plain}` cannot both be kept in 3.0"),
            );
        } else {
            schema.insert(plain.to_owned(), bound);
            schema.insert(exclusive.to_owned(), json!(true));
        }
    }
}
