//! Writes the catalogue as constants.

use std::collections::BTreeMap;

use anyhow::{Result, bail};
use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote};

use super::super::emit;
use super::data::{Catalogue, Flow, Method, Operation, Scope, Style};

/// Emits one constant for each scope, and the two tables.
pub(super) fn module(catalogue: &Catalogue) -> Result<String> {
    let names = names(catalogue)?;
    let constants = names.iter().map(|(token, name)| {
        let doc = format!(" The scope `{token}`.");
        quote! { #[doc = #doc] pub const #name: &str = #token; }
    });
    let scopes = sorted(&catalogue.scopes, |scope| scope.scope.clone());
    let scopes = scopes.into_iter().map(|scope| entry(scope, &names));
    let operations = sorted(&catalogue.operations, |operation| {
        (operation.path.clone(), operation.method)
    });
    let operations = operations
        .into_iter()
        .map(|operation| row(operation, &names));
    let tokens = quote! {
        use crate::catalogue::{Flow, Method, OperationScopes, ScopeEntry, ScopeStyle};
        #(#constants)*
        /// Every scope, sorted by its token.
        pub const SCOPES: &[ScopeEntry] = &[#(#scopes),*];
        /// Every operation, sorted by its path and then by its method.
        pub const OPERATIONS: &[OperationScopes] = &[#(#operations),*];
    };
    emit::print(
        tokens,
        "The scopes that Remote publishes, and which of them its operations ask for.",
    )
}

/// The names of the constants, by scope.
type Names<'a> = BTreeMap<&'a str, Ident>;

fn names(catalogue: &Catalogue) -> Result<Names<'_>> {
    let mut names = Names::new();
    for scope in &catalogue.scopes {
        // A URL is known by what follows its last slash.
        let short = match scope.style {
            Style::Url => scope.scope.rsplit('/').next().unwrap_or_default(),
            _ => &scope.scope,
        };
        let name = short.to_uppercase().replace([':', '.'], "_");
        if syn::parse_str::<Ident>(&name).is_err() {
            bail!("{}: this gives no name of a constant", scope.scope);
        }
        let name = format_ident!("{name}");
        if let Some((other, _)) = names.iter().find(|(_, taken)| **taken == name) {
            bail!("{} and {other} give the same constant {name}", scope.scope);
        }
        names.insert(&scope.scope, name);
    }
    Ok(names)
}

fn sorted<T, K: Ord>(items: &[T], key: impl Fn(&T) -> K) -> Vec<&T> {
    let mut items: Vec<&T> = items.iter().collect();
    items.sort_by_key(|item| key(item));
    items
}

fn entry(scope: &Scope, names: &Names<'_>) -> TokenStream {
    let token = &names[scope.scope.as_str()];
    let style = match scope.style {
        Style::Url => quote!(Url),
        Style::Action => quote!(Action),
        Style::Category => quote!(Category),
        Style::CatchAll => quote!(CatchAll),
    };
    let categories = list(&scope.categories, names);
    let flows = scope.flows.iter().map(|flow| match flow {
        Flow::AuthorizationCode => quote!(Flow::AuthorizationCode),
        Flow::ClientCredentials => quote!(Flow::ClientCredentials),
        Flow::EmployeeAssertion => quote!(Flow::EmployeeAssertion),
    });
    let read = scope.read_sibling();
    let implies = match read.as_deref().and_then(|read| names.get(read)) {
        Some(read) => quote!(Some(#read)),
        None => quote!(None),
    };
    quote! {
        ScopeEntry {
            token: #token,
            style: ScopeStyle::#style,
            categories: #categories,
            flows: &[#(#flows),*],
            implies: #implies,
        }
    }
}

fn row(operation: &Operation, names: &Names<'_>) -> TokenStream {
    let method = match operation.method {
        Method::Delete => quote!(Delete),
        Method::Get => quote!(Get),
        Method::Patch => quote!(Patch),
        Method::Post => quote!(Post),
        Method::Put => quote!(Put),
    };
    let path = &operation.path;
    let read = list(&operation.read, names);
    let write = list(&operation.write, names);
    let categories = list(&operation.categories, names);
    quote! {
        OperationScopes {
            method: Method::#method,
            path: #path,
            read: #read,
            write: #write,
            categories: #categories,
        }
    }
}

fn list(scopes: &[String], names: &Names<'_>) -> TokenStream {
    let scopes = scopes.iter().map(|scope| &names[scope.as_str()]);
    quote! { &[#(#scopes),*] }
}
