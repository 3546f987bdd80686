//! References: where they lead, and that every one of them leads somewhere.
//!
//! Both documents are asked before anything is compared, so a comparison never stands on a reference
//! that leads nowhere, out of the document or back to itself.
//! A schema that contains itself is no such thing: there is a schema between the two references.

use serde_json::Value;

use super::walk::{Place, Walk};
use crate::spec::shown;

/// How many references may lead to one value, one after the other; nobody needs as many.
pub(super) const HOPS_MAX: usize = 32;

/// Members below which stands data, where `$ref` is a name like any other.
const DATA: [&str; 5] = ["const", "default", "enum", "example", "examples"];

/// Members below which stand names that somebody chose, none of which means anything here.
const NAMES: [&str; 14] = [
    "$defs",
    "callbacks",
    "dependentSchemas",
    "headers",
    "links",
    "parameters",
    "pathItems",
    "paths",
    "patternProperties",
    "properties",
    "requestBodies",
    "responses",
    "schemas",
    "securitySchemes",
];

/// Returns where a reference leads, or why it leads nowhere; nothing if there is no reference.
pub(super) fn target<'a>(root: &'a Value, place: &Place<'a>) -> Option<Result<Place<'a>, String>> {
    let target = place.text("$ref")?;
    let Some(pointer) = target.strip_prefix('#') else {
        let sentence = format!("the reference {} leaves the document", shown(target));
        return Some(Err(sentence));
    };
    let decoded = percent_decoded(pointer);
    let found = [pointer, decoded.as_str()]
        .into_iter()
        .find_map(|pointer| Some((pointer, root.pointer(pointer)?)));
    Some(match found {
        Some((pointer, value)) => Ok(Place {
            side: place.side,
            pointer: pointer.to_owned(),
            value,
        }),
        None => Err(format!("the reference {} leads nowhere", shown(target))),
    })
}

impl<'a> Walk<'a> {
    /// Records every reference below a place that has no end.
    pub(super) fn references(&mut self, top: &Place<'a>) {
        // Whether the members of a place are names is decided by the place.
        let mut waiting = vec![(top.clone(), false)];
        while let Some((place, names)) = waiting.pop() {
            if !names {
                self.reference(&place);
            }
            let below = place.entries().into_iter().filter_map(|(key, member)| {
                let data = !names && (DATA.contains(&key.as_str()) || key.starts_with("x-"));
                let inner = !names && member.value.is_object() && NAMES.contains(&key.as_str());
                (!data).then_some((member, inner))
            });
            waiting.extend(below);
        }
    }

    fn reference(&mut self, place: &Place<'a>) {
        let root = self.root(place.side);
        let mut reached = place.clone();
        for _ in 0..HOPS_MAX {
            match target(root, &reached) {
                None => return,
                Some(Ok(next)) => reached = next,
                Some(Err(sentence)) => return self.fault(place, &sentence),
            }
        }
        self.fault(place, "the reference leads back to itself");
    }
}

/// Decodes `%7B` and its like, which a reference may use where a pointer has a character that no URI
/// has.
fn percent_decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, tail)) = rest.split_first() {
        let code = tail
            .get(..2)
            .filter(|digits| first == b'%' && digits.iter().all(u8::is_ascii_hexdigit))
            .and_then(|digits| str::from_utf8(digits).ok())
            .and_then(|digits| u8::from_str_radix(digits, 16).ok());
        bytes.push(code.unwrap_or(first));
        rest = if code.is_some() { &tail[2..] } else { tail };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
