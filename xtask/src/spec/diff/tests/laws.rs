//! What holds whatever is compared.

use serde_json::{Value, json};

use super::super::{Report, compare};
use super::{base, resolves};

/// Calls `visit` with the pointer of every value below the root.
fn each(value: &Value, pointer: &str, visit: &mut impl FnMut(&str)) {
    let entries: Vec<(String, &Value)> = match value {
        Value::Object(members) => members
            .iter()
            .map(|(key, value)| (key.clone(), value))
            .collect(),
        Value::Array(items) => (0..)
            .map(|index: usize| index.to_string())
            .zip(items)
            .collect(),
        _ => return,
    };
    for (key, value) in entries {
        let pointer = crate::generate::child(pointer, &key);
        visit(&pointer);
        each(value, &pointer, visit);
    }
}

/// The documents that the laws are tried on: the one above and the real one.
fn documents() -> [Value; 2] {
    let real = include_str!("../../../../../spec/remote/effective/openapi-3.1.corrected.json");
    [
        base(),
        serde_json::from_str(real).expect("the document is JSON"),
    ]
}

#[test]
fn a_document_does_not_differ_from_itself() {
    for document in documents() {
        let report = compare(&document, &document).expect("the document can be compared");
        assert_eq!(report, Report::default());
    }
}

#[test]
fn no_edit_of_a_value_goes_unnoticed_and_every_pointer_leads_somewhere() {
    for document in documents() {
        let mut pointers = Vec::new();
        each(&document, "", &mut |pointer| {
            pointers.push(pointer.to_owned())
        });
        for pointer in pointers {
            let mut edited = document.clone();
            let value = edited
                .pointer_mut(&pointer)
                .expect("the pointer is of this document");
            match value {
                Value::String(text) if !text.starts_with("#/") => text.push('x'),
                Value::Bool(flag) => *flag = !*flag,
                Value::Number(_) => *value = json!(77),
                _ => continue,
            }
            for (old, new) in [(&document, &edited), (&edited, &document)] {
                let report = compare(old, new).expect("the documents can be compared");
                assert!(
                    !report.changes.is_empty(),
                    "an edit at {pointer} goes unnoticed"
                );
                resolves(&report, old, new);
            }
        }
    }
}

#[test]
fn no_member_comes_or_goes_unnoticed() {
    for document in documents() {
        let mut pointers = Vec::new();
        each(&document, "", &mut |pointer| {
            pointers.push(pointer.to_owned())
        });
        for pointer in pointers {
            let (parent, _) = pointer.rsplit_once('/').expect("every pointer has a slash");
            let mut less = document.clone();
            let key = pointer[parent.len() + 1..]
                .replace("~1", "/")
                .replace("~0", "~");
            match less.pointer_mut(parent) {
                Some(Value::Object(members)) => drop(members.remove(&key)),
                Some(Value::Array(items)) => drop(items.remove(key.parse().expect("an index"))),
                _ => unreachable!("a pointer goes through objects and lists"),
            }
            for (old, new) in [(&document, &less), (&less, &document)] {
                // Without what it refers to, or without its name, a document cannot be compared.
                let Ok(report) = compare(old, new) else {
                    continue;
                };
                assert!(!report.changes.is_empty(), "{pointer} goes unnoticed");
                resolves(&report, old, new);
            }
        }
    }
}
