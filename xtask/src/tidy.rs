//! What no compiler checks: where secrets open, and how long files are.
//!
//! Clippy refuses `expose_secret` without an expectation; this lists the places that have one, with their reasons,
//! so that a review reads the list and not the workspace.

use std::path::{Path, PathBuf};
use std::{fmt, fs};

use anyhow::{Context as _, Result, bail};
use clap::Args;
use proc_macro2::{TokenStream, TokenTree};
use syn::punctuated::Punctuated;
use syn::visit::{self, Visit};
use syn::{Attribute, Expr, ExprLit, Lit, Meta, Token};

/// The most lines of a file that people write.
const LINES_MAX: usize = 600;

/// Folders that people write Rust in.
const FOLDERS: [&str; 3] = ["crates", "tests", "xtask"];

/// Lists every place where a secret opens, with its reason, and finds files that are too long
///
/// Fails on an opening without a reason and on a file of more than 600 lines.
#[derive(Args, Debug)]
pub(crate) struct Arguments {}

/// Runs the subcommand.
pub(crate) fn run(root: &Path, _: &Arguments) -> Result<()> {
    check(root)
}

/// Prints the list and fails on what is untidy.
pub(crate) fn check(root: &Path) -> Result<()> {
    let (mut openings, mut untidy) = (Vec::new(), Vec::new());
    for path in rust_files(root)? {
        let text = fs::read_to_string(root.join(&path))
            .with_context(|| format!("failed to read {}", path.display()))?;
        if text.starts_with("// @generated") {
            continue;
        }
        let lines = text.lines().count();
        if lines > LINES_MAX {
            untidy.push(format!(
                "{}: {lines} lines, {LINES_MAX} at most",
                path.display()
            ));
        }
        openings.extend(openings_in(&path, &text)?);
    }
    for opening in &openings {
        println!("{opening}");
    }
    let unreasoned = openings.iter().filter(|opening| opening.reason.is_none());
    untidy.extend(unreasoned.map(|opening| format!("{}: no reason is given", opening.place())));
    println!("{} places where a secret opens", openings.len());
    if !untidy.is_empty() {
        bail!("the workspace is untidy:\n{}", untidy.join("\n"));
    }
    Ok(())
}

/// Finds the files that people write, by path from the root of the workspace and in order.
pub(crate) fn rust_files(root: &Path) -> Result<Vec<PathBuf>> {
    let mut folders: Vec<PathBuf> = FOLDERS.iter().map(PathBuf::from).collect();
    let mut files = Vec::new();
    while let Some(folder) = folders.pop() {
        let entries = fs::read_dir(root.join(&folder))
            .with_context(|| format!("failed to read {}", folder.display()))?;
        for entry in entries {
            let entry = entry?;
            let path = folder.join(entry.file_name());
            let generated = path.ends_with("generated") || path.ends_with("target");
            if entry.file_type()?.is_dir() && !generated {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                files.push(path);
            }
        }
    }
    files.sort();
    Ok(files)
}

/// One place where a secret opens.
#[derive(Debug, PartialEq, Eq)]
struct Opening {
    path: PathBuf,
    line: usize,
    reason: Option<String>,
}

impl Opening {
    fn place(&self) -> String {
        format!("{}:{}", self.path.display(), self.line)
    }
}

impl fmt::Display for Opening {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let reason = self.reason.as_deref().unwrap_or("(no reason)");
        write!(f, "{:<64} {reason}", self.place())
    }
}

fn openings_in(path: &Path, text: &str) -> Result<Vec<Opening>> {
    let file = syn::parse_file(text).with_context(|| format!("{} is not Rust", path.display()))?;
    let mut finder = Finder {
        path,
        reason: None,
        found: Vec::new(),
    };
    finder.within(&file.attrs, |finder| visit::visit_file(finder, &file));
    Ok(finder.found)
}

/// Walks over a file and knows the reason that is in force.
struct Finder<'a> {
    path: &'a Path,
    reason: Option<String>,
    found: Vec<Opening>,
}

impl Finder<'_> {
    fn within(&mut self, attributes: &[Attribute], walk: impl FnOnce(&mut Self)) {
        let before = self.reason.clone();
        if let Some(reason) = attributes.iter().find_map(reason_of) {
            self.reason = Some(reason);
        }
        walk(self);
        self.reason = before;
    }

    fn note(&mut self, line: usize) {
        let (path, reason) = (self.path.to_owned(), self.reason.clone());
        self.found.push(Opening { path, line, reason });
    }

    /// Looks through tokens that only the compiler will read as code, attributes among them.
    fn tokens(&mut self, tokens: TokenStream) {
        let before = self.reason.clone();
        let mut last: [Option<String>; 2] = [None, None];
        for token in flat(tokens) {
            let text = token.to_string();
            let follows =
                |words: [&str; 2]| last.each_ref().map(Option::as_deref) == words.map(Some);
            if follows(["reason", "="]) {
                self.reason = Some(text.trim_matches('"').to_owned());
            }
            if text == "expose_secret" && last[1].as_deref() == Some(".") {
                self.note(token.span().start().line);
            }
            last = [last[1].take(), Some(text)];
        }
        self.reason = before;
    }
}

fn flat(tokens: TokenStream) -> Vec<TokenTree> {
    let inner = |token| match token {
        TokenTree::Group(group) => flat(group.stream()),
        other => vec![other],
    };
    tokens.into_iter().flat_map(inner).collect()
}

/// Reads the reason of an `#[expect(clippy::disallowed_methods, reason = "…")]`.
fn reason_of(attribute: &Attribute) -> Option<String> {
    let parse = Punctuated::<Meta, Token![,]>::parse_terminated;
    let arguments = attribute
        .path()
        .is_ident("expect")
        .then(|| attribute.parse_args_with(parse).ok())??;
    let lint = |meta: &Meta| {
        meta.path()
            .segments
            .last()
            .is_some_and(|last| last.ident == "disallowed_methods")
    };
    arguments.iter().any(lint).then_some(())?;
    arguments.iter().find_map(|meta| match meta {
        Meta::NameValue(pair) if pair.path.is_ident("reason") => match &pair.value {
            Expr::Lit(ExprLit {
                lit: Lit::Str(text),
                ..
            }) => Some(text.value()),
            _ => None,
        },
        _ => None,
    })
}

impl<'ast> Visit<'ast> for Finder<'_> {
    fn visit_item_fn(&mut self, item: &'ast syn::ItemFn) {
        self.within(&item.attrs, |finder| visit::visit_item_fn(finder, item));
    }

    fn visit_impl_item_fn(&mut self, item: &'ast syn::ImplItemFn) {
        self.within(&item.attrs, |finder| {
            visit::visit_impl_item_fn(finder, item)
        });
    }

    fn visit_item_mod(&mut self, item: &'ast syn::ItemMod) {
        self.within(&item.attrs, |finder| visit::visit_item_mod(finder, item));
    }

    fn visit_local(&mut self, local: &'ast syn::Local) {
        self.within(&local.attrs, |finder| visit::visit_local(finder, local));
    }

    fn visit_expr_method_call(&mut self, call: &'ast syn::ExprMethodCall) {
        self.within(&call.attrs, |finder| {
            if call.method == "expose_secret" {
                finder.note(call.method.span().start().line);
            }
            visit::visit_expr_method_call(finder, call);
        });
    }

    fn visit_expr_path(&mut self, path: &'ast syn::ExprPath) {
        if let Some(name) = path
            .path
            .segments
            .last()
            .filter(|last| last.ident == "expose_secret")
        {
            self.note(name.ident.span().start().line);
        }
    }

    fn visit_macro(&mut self, call: &'ast syn::Macro) {
        self.tokens(call.tokens.clone());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<(usize, Option<String>)> {
        let openings = openings_in(Path::new("a.rs"), text).expect("it is Rust");
        openings
            .into_iter()
            .map(|opening| (opening.line, opening.reason))
            .collect()
    }

    #[test]
    fn an_opening_has_the_reason_that_is_nearest_around_it() {
        let expect =
            |why: &str| format!("#[expect(clippy::disallowed_methods, reason = \"{why}\")]");
        let (one, two) = (expect("one"), expect("two"));
        let other = "#[expect(unused, reason = \"other\")]";
        let why = |text: &str| Some(text.to_owned());
        let cases = [
            (
                format!("{one} fn f() {{ s.expose_secret(); }}"),
                vec![(1, why("one"))],
            ),
            (
                format!("fn f() {{\n{one}\nlet t = s.expose_secret();\n}}"),
                vec![(3, why("one"))],
            ),
            (
                format!("{one} fn f() {{ {two} let t = s.expose_secret(); }}"),
                vec![(1, why("two"))],
            ),
            (
                format!("fn f() {{ {one} q.add(s.expose_secret()); }}"),
                vec![(1, why("one"))],
            ),
            (
                format!("{one} fn f() {{ format!(\"{{}}\", s.expose_secret()); }}"),
                vec![(1, why("one"))],
            ),
            (
                format!("m! {{ {one} fn f() {{ s.expose_secret() }} }}"),
                vec![(1, why("one"))],
            ),
            (
                format!("{other} fn f() {{ s.expose_secret(); }}"),
                vec![(1, None)],
            ),
            (
                format!("{one} fn f() {{}} fn g() {{ s.expose_secret(); }}"),
                vec![(1, None)],
            ),
            (
                "fn f() { ExposeSecret::expose_secret(s); }".to_owned(),
                vec![(1, None)],
            ),
            ("fn expose_secret() {}".to_owned(), vec![]),
        ];
        for (text, expected) in cases {
            assert_eq!(found(&text), expected, "{text}");
        }
    }

    #[test]
    fn the_workspace_is_tidy() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"))
            .parent()
            .expect("the root of the workspace");
        check(root).expect("every opening has its reason, and no file is too long");
    }
}
