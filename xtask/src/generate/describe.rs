//! Gives words to the items that the generator leaves bare, although the document has some.
//!
//! An item for which there are none stays bare, and the client's lints refuse it.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result};
use openapiv3::OpenAPI;
use serde_json::Value;
use syn::visit::{Visit, visit_type_path};
use syn::visit_mut::{VisitMut, visit_variant_mut};
use syn::{
    Attribute, Expr, Field, File, Ident, ItemEnum, ItemStruct, MetaNameValue, TypePath, Variant,
    Visibility,
};

use super::emit::doc_text;

/// Describes bare items: enum variants that are one word of the wire or that the document gives a
/// title, and fields whose type is described.
pub(crate) fn bare_items(file: &mut File, document: &OpenAPI) -> Result<()> {
    let document = serde_json::to_value(document).context("a parsed document prints as JSON")?;
    let mut known = Known::default();
    known.visit_file(file);
    let mut describe = Describe {
        titles: BTreeMap::new(),
        types: known.0,
    };
    titles(&document, &mut describe.titles);
    describe.visit_file_mut(file);
    Ok(())
}

/// Collects the descriptions of the schemas that are branches of a `oneOf` and have a title.
fn titles(value: &Value, into: &mut BTreeMap<String, String>) {
    let branches = value.get("oneOf").and_then(Value::as_array);
    for branch in branches.into_iter().flatten() {
        let words = ["title", "description"].map(|key| branch.get(key).and_then(Value::as_str));
        if let [Some(title), Some(description)] = words {
            into.insert(title.to_owned(), description.to_owned());
        }
    }
    match value {
        Value::Object(members) => members.values().for_each(|member| titles(member, into)),
        Value::Array(items) => items.iter().for_each(|item| titles(item, into)),
        _ => {}
    }
}

/// The descriptions of the types in the file.
#[derive(Default)]
struct Known(BTreeMap<String, String>);

impl Known {
    fn add(&mut self, ident: &Ident, attributes: &[Attribute]) {
        let text: Vec<String> = attributes.iter().filter_map(doc_text).collect();
        if !text.is_empty() {
            self.0.insert(ident.to_string(), text.join("\n"));
        }
    }
}

impl<'ast> Visit<'ast> for Known {
    fn visit_item_struct(&mut self, item: &'ast ItemStruct) {
        self.add(&item.ident, &item.attrs);
    }

    fn visit_item_enum(&mut self, item: &'ast ItemEnum) {
        self.add(&item.ident, &item.attrs);
    }
}

struct Describe {
    titles: BTreeMap<String, String>,
    types: BTreeMap<String, String>,
}

impl VisitMut for Describe {
    fn visit_variant_mut(&mut self, variant: &mut Variant) {
        visit_variant_mut(self, variant);
        let word = variant.attrs.iter().find_map(wire_word);
        let text = match word {
            Some(word) => Some(format!("The word `{word}`.")),
            None => self.titles.get(&variant.ident.to_string()).cloned(),
        };
        describe(&mut variant.attrs, text);
    }

    fn visit_field_mut(&mut self, field: &mut Field) {
        // What only the crate sees needs no words.
        if matches!(field.vis, Visibility::Restricted(_)) {
            return;
        }
        let mut innermost = Innermost::default();
        innermost.visit_type(&field.ty);
        describe(&mut field.attrs, self.types.get(&innermost.0).cloned());
    }
}

/// Puts words above an item that has none.
fn describe(attributes: &mut Vec<Attribute>, text: Option<String>) {
    let bare = !attributes
        .iter()
        .any(|attribute| doc_text(attribute).is_some());
    if let Some(text) = text.filter(|_| bare) {
        let text = format!(" {}", text.trim());
        attributes.insert(0, syn::parse_quote!(#[doc = #text]));
    }
}

/// The last name in a type, which is `T` in `Option<T>`.
#[derive(Default)]
struct Innermost(String);

impl<'ast> Visit<'ast> for Innermost {
    fn visit_type_path(&mut self, path: &'ast TypePath) {
        if let Some(last) = path.path.segments.last() {
            self.0 = last.ident.to_string();
        }
        visit_type_path(self, path);
    }
}

/// Takes the text out of `#[serde(rename = "text")]`.
fn wire_word(attribute: &Attribute) -> Option<String> {
    if !attribute.path().is_ident("serde") {
        return None;
    }
    let rename: MetaNameValue = attribute.parse_args().ok()?;
    match rename.value {
        Expr::Lit(syn::ExprLit {
            lit: syn::Lit::Str(text),
            ..
        }) if rename.path.is_ident("rename") => Some(text.value()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn bare_items_get_the_words_of_the_wire_of_the_document_or_of_their_type() {
        let one_of = json!([{ "type": "object", "title": "Titled", "description": "Says so." }]);
        let document = json!({
            "openapi": "3.0.3",
            "info": { "title": "t", "version": "1" },
            "paths": {},
            "components": { "schemas": { "A": { "oneOf": one_of } } },
        });
        let document: OpenAPI = serde_json::from_value(document).expect("it is OpenAPI 3.0");
        let mut file: File = syn::parse_quote! {
            #[doc = "Described."]
            pub struct Type {
                #[doc = "Mine."]
                pub described: Option<Type>,
                pub from_type: ::std::option::Option<Type>,
                pub bare: u8,
                pub(crate) internal: Option<Type>,
            }
            pub enum E {
                #[serde(rename = "one")]
                One,
                #[doc = "Mine too."]
                #[serde(rename = "two")]
                Two,
                Titled { a: u8 },
                Bare,
            }
        };
        bare_items(&mut file, &document).expect("the document prints");
        let printed = prettyplease::unparse(&file);
        for wanted in [
            "///Described.\npub struct",
            "///Mine.\n    pub described",
            "/// Described.\n    pub from_type",
            "/// The word `one`.\n",
            "///Mine too.\n",
            "/// Says so.\n    Titled",
        ] {
            assert!(printed.contains(wanted), "{wanted}\n{printed}");
        }
        assert_eq!(printed.matches("///").count(), 6, "{printed}");
    }
}
