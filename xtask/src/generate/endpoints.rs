//! Emits what the document says about where things are: paths, servers and the API's version.
//!
//! Everything is read from the corrected document and not from the code generation document,
//! because the authorization endpoint is a fact although no program calls it.

use anyhow::{Context as _, Result, bail};
use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use serde_json::Value;

use super::documents::Client;
use super::emit;

/// Emits the constants.
pub(crate) fn constants(corrected: &Value, client: &Client) -> Result<String> {
    refuse_unnamed(corrected, client)?;
    let mut constants = Vec::new();
    for (operation, name, doc) in client.paths {
        let path = path_of(corrected, operation)?;
        let name = format_ident!("{name}");
        let doc = format!(" {doc}");
        constants.push(quote! { #[doc = #doc] pub const #name: &str = #path; });
    }
    let version = text(corrected, "/info/version")?;
    let servers = servers(corrected)?;
    let tokens = quote! {
        #(#constants)*
        /// Version of the document that this crate was generated from.
        pub const API_VERSION: &str = #version;
    };
    let prefixes = prefixes(corrected)?;
    let servers = (!servers.is_empty()).then(|| server_constants(&servers));
    let import = servers.as_ref().map(|_| quote! { use crate::Server; });
    emit::print(
        quote! { #import #tokens #servers #prefixes },
        "Where the document says that things are.",
    )
}

fn server_constants(servers: &[(&str, &str)]) -> TokenStream {
    let entries = servers.iter().map(|(url, description)| {
        quote! { Server { url: #url, description: #description } }
    });
    quote! {
        /// Servers of the document, each the base address of one environment.
        pub const SERVERS: &[Server] = &[#(#entries),*];
    }
}

/// Emits what may stand between a server and a path, where the document lets that vary.
fn prefixes(document: &Value) -> Result<Option<TokenStream>> {
    let listed = document.get("servers").and_then(Value::as_array);
    let mut variables = listed
        .into_iter()
        .flatten()
        .map(|server| server.get("variables"));
    let Some(Some(first)) = variables.next() else {
        return Ok(None);
    };
    if variables.any(|other| other != Some(first)) {
        bail!("the servers of the document have different variables");
    }
    let default = text(first, "/prefix/default")?;
    let all = first.pointer("/prefix/enum").and_then(Value::as_array);
    let all: Vec<&str> = all
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    let plain = |prefix: &&str| prefix.starts_with('/') && !prefix.ends_with('/');
    if !all.contains(&default) || !all.iter().all(plain) {
        bail!(
            "the prefixes of the document must begin with a slash, not end with one, and hold the default"
        );
    }
    Ok(Some(quote! {
        /// What stands between a server and a path, unless somebody says otherwise.
        pub const PREFIX: &str = #default;
        /// Everything that may stand between a server and a path.
        pub const PREFIXES: &[&str] = &[#(#all),*];
    }))
}

/// Fails for a path that would have no constant.
fn refuse_unnamed(document: &Value, client: &Client) -> Result<()> {
    let named = client
        .paths
        .iter()
        .map(|(operation, ..)| path_of(document, operation));
    let named = named.collect::<Result<Vec<&str>>>()?;
    let paths = document.get("paths").and_then(Value::as_object);
    for path in paths.into_iter().flatten().map(|(path, _)| path) {
        if !named.contains(&path.as_str()) {
            bail!("the path {path} has no constant: name one in the list of documents");
        }
    }
    Ok(())
}

fn path_of<'a>(document: &'a Value, operation: &str) -> Result<&'a str> {
    let paths = document
        .get("paths")
        .and_then(Value::as_object)
        .into_iter()
        .flatten();
    let mut found = paths.filter(|(_, item)| {
        item.as_object()
            .is_some_and(|item| item.values().any(|entry| entry["operationId"] == operation))
    });
    let (path, _) = found
        .next()
        .with_context(|| format!("the corrected document has no operation `{operation}`"))?;
    if found.next().is_some() {
        bail!("the corrected document has more than one operation `{operation}`");
    }
    Ok(path)
}

fn servers(document: &Value) -> Result<Vec<(&str, &str)>> {
    let servers = document.get("servers").and_then(Value::as_array);
    servers
        .into_iter()
        .flatten()
        .map(|server| {
            let url = text(server, "/url")?;
            let url = url.strip_suffix("{prefix}").unwrap_or(url);
            // The client joins paths to it and a token is bound to it, so it is an origin and
            // nothing more.
            if !url.starts_with("https://")
                || url["https://".len()..].contains(['/', '?', '#', '{', '@'])
            {
                bail!("the server {url} is not a plain https origin");
            }
            Ok((url, text(server, "/description")?))
        })
        .collect()
}

fn text<'a>(value: &'a Value, pointer: &str) -> Result<&'a str> {
    value
        .pointer(pointer)
        .and_then(Value::as_str)
        .with_context(|| format!("there is no text at {pointer}"))
}
