//! Where a requirement is obeyed and where it is tested.
//!
//! Two marks count: the comment `// Requirement: <id>[, <id>…]`, also as a line of a documentation example, and in the
//! tables that name ids as data (the sandbox's rules, the checks of the suite) a string literal.
//! Comments are no part of Rust's grammar, so they are found line by line; what they stand at, and whether that is a
//! test, is read from the parsed file.

use anyhow::{Context as _, Result};
use proc_macro2::{TokenStream, TokenTree};
use syn::Attribute;
use syn::spanned::Spanned as _;
use syn::visit::{self, Visit};

use super::entry::Catalogue;

/// What stands before the ids of an annotation.
const MARK: &str = "// Requirement:";

/// What a place shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    Code,
    Test,
}

/// One mark of one requirement.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    pub(super) id: String,
    pub(super) kind: Kind,
    pub(super) path: String,
    /// The innermost named thing that the mark stands at.
    pub(super) name: String,
}

/// Finds every mark in one file, whose path is from the root and has slashes.
pub(super) fn places_in(path: &str, text: &str, catalogue: &Catalogue) -> Result<Vec<Place>> {
    let as_data = names_ids_as_data(path);
    if !as_data && !text.contains(MARK) {
        return Ok(Vec::new());
    }
    let file = syn::parse_file(text).with_context(|| format!("{path} is not Rust"))?;
    let outline = Outline::of(&file);
    let place = |line: usize, id: &str, example: bool| {
        let item = outline.item_at(line);
        let test = example || is_test_path(path) || item.is_some_and(|item| item.test);
        let name = match item {
            _ if example => "an example that is run".to_owned(),
            Some(item) => item.name.clone(),
            None => String::new(),
        };
        Place {
            id: id.to_owned(),
            kind: if test { Kind::Test } else { Kind::Code },
            path: path.to_owned(),
            name,
        }
    };
    let mut places = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let line_number = index + 1;
        let line = line.trim_start();
        // A line of an example is code that the documentation tests run; a leading `#` hides it.
        let documented = ["//!", "///"].iter().find_map(|doc| line.strip_prefix(doc));
        let code = documented.map_or(line, |rest| rest.trim_start().trim_start_matches("# "));
        if let Some(ids) = code.strip_prefix(MARK) {
            let ids = ids.split(',').map(str::trim);
            places.extend(ids.map(|id| place(line_number, id, documented.is_some())));
        }
    }
    if as_data {
        let literals = literals(text).with_context(|| format!("{path} is not Rust"))?;
        let named = literals
            .into_iter()
            .filter(|(_, text)| catalogue.has_the_form(text));
        places.extend(named.map(|(line, id)| place(line, &id, false)));
    }
    Ok(places)
}

/// Tells whether a file names ids as data, in string literals.
fn names_ids_as_data(path: &str) -> bool {
    [
        "crates/remote-auth-sandbox/src/rule",
        "crates/remote-auth-conformance/src/judge/server/",
        "crates/remote-auth-conformance/src/judge/client/checks/",
    ]
    .iter()
    .any(|folder| path.starts_with(folder))
}

/// Tells whether everything in a file serves tests.
fn is_test_path(path: &str) -> bool {
    let file = path.rsplit('/').next().unwrap_or(path);
    path.starts_with("crates/remote-auth-conformance/")
        || path.split('/').any(|folder| folder == "tests")
        || file == "tests.rs"
        || file.ends_with("_tests.rs")
}

fn literals(text: &str) -> Result<Vec<(usize, String)>> {
    fn walk(tokens: TokenStream, found: &mut Vec<(usize, String)>) {
        for token in tokens {
            match token {
                TokenTree::Group(group) => walk(group.stream(), found),
                TokenTree::Literal(literal) => {
                    let line = literal.span().start().line;
                    if let Ok(text) = syn::parse2::<syn::LitStr>(TokenTree::from(literal).into()) {
                        found.push((line, text.value()));
                    }
                }
                TokenTree::Ident(_) | TokenTree::Punct(_) => {}
            }
        }
    }
    let mut found = Vec::new();
    let tokens: TokenStream = text.parse().map_err(|error| anyhow::anyhow!("{error}"))?;
    walk(tokens, &mut found);
    Ok(found)
}

/// The named things of a file with their lines.
#[derive(Default)]
struct Outline {
    items: Vec<Item>,
    test: bool,
    within: Option<String>,
}

struct Item {
    name: String,
    first: usize,
    last: usize,
    test: bool,
}

impl Outline {
    fn of(file: &syn::File) -> Self {
        let mut outline = Self::default();
        outline.visit_file(file);
        outline
    }

    /// Finds what a line stands at: the smallest thing around it, or else the next one below.
    fn item_at(&self, line: usize) -> Option<&Item> {
        let around = self
            .items
            .iter()
            .filter(|item| (item.first..=item.last).contains(&line));
        let below = || {
            self.items
                .iter()
                .filter(|item| item.first > line)
                .min_by_key(|item| item.first)
        };
        around
            .min_by_key(|item| item.last - item.first)
            .or_else(below)
    }

    fn add(
        &mut self,
        name: &dyn std::fmt::Display,
        span: proc_macro2::Span,
        attributes: &[Attribute],
    ) {
        let name = match &self.within {
            Some(within) => format!("{within}::{name}"),
            None => name.to_string(),
        };
        let test = self.test || is_for_tests(attributes);
        let (first, last) = (span.start().line, span.end().line);
        self.items.push(Item {
            name,
            first,
            last,
            test,
        });
    }
}

/// Tells whether attributes make a thing a test or keep it for tests.
fn is_for_tests(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        let last = attribute.path().segments.last();
        let named = last.is_some_and(|segment| segment.ident == "test");
        named
            || attribute.path().is_ident("cfg")
                && attribute
                    .parse_args::<syn::Ident>()
                    .is_ok_and(|what| what == "test")
    })
}

impl<'ast> Visit<'ast> for Outline {
    fn visit_item_mod(&mut self, item: &'ast syn::ItemMod) {
        let before = self.test;
        self.test |= is_for_tests(&item.attrs);
        visit::visit_item_mod(self, item);
        self.test = before;
    }

    fn visit_item_impl(&mut self, item: &'ast syn::ItemImpl) {
        let before = self.within.take();
        if let syn::Type::Path(path) = &*item.self_ty {
            self.within = path.path.segments.last().map(|last| last.ident.to_string());
        }
        visit::visit_item_impl(self, item);
        self.within = before;
    }

    fn visit_item_fn(&mut self, item: &'ast syn::ItemFn) {
        self.add(&item.sig.ident, item.span(), &item.attrs);
    }

    fn visit_impl_item_fn(&mut self, item: &'ast syn::ImplItemFn) {
        self.add(&item.sig.ident, item.span(), &item.attrs);
    }

    fn visit_impl_item_const(&mut self, item: &'ast syn::ImplItemConst) {
        self.add(&item.ident, item.span(), &item.attrs);
    }

    fn visit_item_const(&mut self, item: &'ast syn::ItemConst) {
        self.add(&item.ident, item.span(), &item.attrs);
    }

    fn visit_item_static(&mut self, item: &'ast syn::ItemStatic) {
        self.add(&item.ident, item.span(), &item.attrs);
    }

    fn visit_item_struct(&mut self, item: &'ast syn::ItemStruct) {
        self.add(&item.ident, item.span(), &item.attrs);
    }

    fn visit_item_enum(&mut self, item: &'ast syn::ItemEnum) {
        self.add(&item.ident, item.span(), &item.attrs);
    }

    fn visit_item_trait(&mut self, item: &'ast syn::ItemTrait) {
        self.add(&item.ident, item.span(), &item.attrs);
    }

    fn visit_item_macro(&mut self, item: &'ast syn::ItemMacro) {
        let named = item.mac.path.segments.last().map(|last| &last.ident);
        if let Some(name) = item.ident.as_ref().or(named) {
            self.add(&format!("{name}!"), item.span(), &item.attrs);
        }
    }
}
