//! What the compiler of a user would say: public items of the generated client, before and after.
//!
//! The comparison of documents knows what goes over the line.
//! This knows what it became in Rust, where one more optional parameter is one more argument.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context as _, Result};
use quote::ToTokens;
use syn::visit::Visit;
use syn::{Fields, FnArg, ImplItem, Item, Signature, Visibility};

use crate::generate::Outputs;
use crate::spec::shown;

/// The crate whose generated files users see.
const CRATE: &str = "crates/remote-oauth-client/";

/// Returns a sentence for each public item that is gone or that reads differently.
///
/// A field more breaks nothing where a type is only read; where a type is an argument, users build it
/// and have to name every field.
pub(super) fn broken(before: &Outputs, after: &Outputs) -> Result<Vec<String>> {
    let (before, after) = (Surface::of(before)?, Surface::of(after)?);
    let mut sentences = Vec::new();
    for (name, text) in &before.items {
        match after.items.get(name) {
            Some(now) if now == text => {}
            Some(now) => sentences.push(format!(
                "`{name}` is `{}` instead of `{}`",
                shown(now),
                shown(text)
            )),
            None => sentences.push(format!("`{name}` is gone")),
        }
    }
    for (name, owner) in &after.fields {
        let built = before.arguments.contains(owner) || after.arguments.contains(owner);
        if built && before.owners.contains(owner) && !before.items.contains_key(name) {
            sentences.push(format!(
                "`{name}` is new, and those who build `{owner}` have to name it"
            ));
        }
    }
    Ok(sentences)
}

#[derive(Default)]
struct Surface {
    /// Signatures, types of fields, variants and constants, by name.
    items: BTreeMap<String, String>,
    /// The struct of each field.
    fields: BTreeMap<String, String>,
    /// Every struct with fields.
    owners: BTreeSet<String>,
    /// Types that methods take.
    arguments: BTreeSet<String>,
}

impl Surface {
    fn of(outputs: &Outputs) -> Result<Self> {
        let mut surface = Self::default();
        let files = outputs
            .iter()
            .filter(|(path, _)| path.starts_with(CRATE) && path.ends_with(".rs"));
        for (path, text) in files {
            let file = syn::parse_file(text).with_context(|| format!("{path} is not Rust"))?;
            let module = path.rsplit('/').next().unwrap_or(path);
            let module = module.trim_end_matches(".rs");
            surface.read(&file.items, module);
        }
        Ok(surface)
    }

    fn read(&mut self, items: &[Item], module: &str) {
        for item in items {
            match item {
                Item::Mod(inner) if public(&inner.vis) => {
                    let name = format!("{module}::{}", inner.ident);
                    let items = inner.content.as_ref().map(|(_, items)| items.as_slice());
                    self.read(items.unwrap_or_default(), &name);
                }
                Item::Fn(function) if public(&function.vis) => {
                    self.method(&function.sig, module);
                }
                Item::Impl(block) if block.trait_.is_none() => {
                    let name = format!("{module}::{}", text(&block.self_ty));
                    for item in &block.items {
                        if let ImplItem::Fn(function) = item
                            && public(&function.vis)
                        {
                            self.method(&function.sig, &name);
                        }
                    }
                }
                Item::Struct(item) if public(&item.vis) => {
                    self.structure(&format!("{module}::{}", item.ident), &item.fields);
                }
                Item::Enum(item) if public(&item.vis) => {
                    for variant in &item.variants {
                        let name = format!("{module}::{}::{}", item.ident, variant.ident);
                        let mut bare = variant.clone();
                        without_docs(&mut bare);
                        self.items.insert(name, text(&bare));
                    }
                }
                Item::Const(item) if public(&item.vis) => {
                    let name = format!("{module}::{}", item.ident);
                    self.items.insert(name, text(&item.ty));
                }
                Item::Type(item) if public(&item.vis) => {
                    let name = format!("{module}::{}", item.ident);
                    self.items.insert(name, text(&item.ty));
                }
                _ => {}
            }
        }
    }

    fn method(&mut self, signature: &Signature, owner: &str) {
        for input in &signature.inputs {
            if let FnArg::Typed(argument) = input {
                let mut names = Names {
                    module: owner.split("::").next().unwrap_or(owner),
                    found: &mut self.arguments,
                };
                names.visit_type(&argument.ty);
            }
        }
        self.items
            .insert(format!("{owner}::{}", signature.ident), text(signature));
    }

    fn structure(&mut self, name: &str, fields: &Fields) {
        self.items.insert(name.to_owned(), "struct".to_owned());
        for field in fields.iter().filter(|field| public(&field.vis)) {
            let Some(ident) = &field.ident else { continue };
            let field_name = format!("{name}.{ident}");
            self.items.insert(field_name.clone(), text(&field.ty));
            self.fields.insert(field_name, name.to_owned());
            self.owners.insert(name.to_owned());
        }
    }
}

/// Collects the types of the module `types` that a type mentions.
struct Names<'a> {
    module: &'a str,
    found: &'a mut BTreeSet<String>,
}

impl<'ast> Visit<'ast> for Names<'_> {
    fn visit_path(&mut self, path: &'ast syn::Path) {
        if let Some(last) = path.segments.last() {
            self.found
                .insert(format!("{}::types::{}", self.module, last.ident));
        }
        syn::visit::visit_path(self, path);
    }
}

fn without_docs(variant: &mut syn::Variant) {
    variant.attrs.clear();
    for field in &mut variant.fields {
        field.attrs.clear();
    }
}

const fn public(visibility: &Visibility) -> bool {
    matches!(visibility, Visibility::Public(_))
}

fn text(tokens: &impl ToTokens) -> String {
    tokens.to_token_stream().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outputs(text: &str) -> Outputs {
        Outputs::from([
            (format!("{CRATE}src/generated/client.rs"), text.to_owned()),
            (
                "crates/other/src/generated/mock.rs".to_owned(),
                "pub fn other() {}".to_owned(),
            ),
        ])
    }

    const BEFORE: &str = "
        pub mod types {
            /// Words.
            pub struct Answer { pub a: Option<String> }
            pub struct Body { pub a: String }
            pub enum Request { One { a: String } }
        }
        impl Client { pub async fn call<'a>(&'a self, body: &'a types::Body) -> Answer { self.answer() } }
        pub const PATH: &str = \"/a\";
    ";

    #[test]
    fn what_a_user_would_have_to_change_is_named() {
        let cases = [
            ("Words.", "Other words.", None),
            ("\"/a\"", "\"/b\"", None),
            (
                "pub a: Option<String>",
                "pub a: Option<String>, pub b: u8",
                None,
            ),
            ("One {", "/** Words. */ Two { a: String }, One {", None),
            ("fn call", "fn other() {} pub async fn call", None),
            (
                "pub a: Option<String>",
                "pub a: String",
                Some("`client::types::Answer.a` is `String` instead of"),
            ),
            (
                "pub a: Option<String>",
                "",
                Some("`client::types::Answer.a` is gone"),
            ),
            (
                "Body { pub a: String }",
                "Body { pub a: String, pub b: u8 }",
                Some("`client::types::Body.b` is new, and those who build"),
            ),
            (
                "One { a: String }",
                "One { a: String, b: u8 }",
                Some("`client::types::Request::One` is `One { a : String , b : u8 }` instead"),
            ),
            (
                "body: &'a",
                "more: u8, body: &'a",
                Some("`client::Client::call` is"),
            ),
            (
                "pub const PATH",
                "const PATH",
                Some("`client::PATH` is gone"),
            ),
        ];
        for (from, to, wanted) in cases {
            let after = BEFORE.replacen(from, to, 1);
            assert_ne!(after, BEFORE, "{from}");
            let found = broken(&outputs(BEFORE), &outputs(&after)).expect("it is Rust");
            let holds = match wanted {
                None => found.is_empty(),
                Some(wanted) => found.len() == 1 && found[0].starts_with(wanted),
            };
            assert!(
                holds,
                "{from} => {to}\n  gives  {found:#?}\n  wanted {wanted:?}"
            );
        }
    }
}
