//! Emits what the document says about where things are: paths, servers and the API's version.
//!
//! Everything is read from the corrected document and not from the code generation document,
//! because the authorization endpoint is a fact although no program calls it.

use anyhow::{Context as _, Result, bail};
use quote::{format_ident, quote};
use serde_json::Value;

use super::emit;

/// Operations of the corrected document and the constants that their paths become.
const PATHS: [(&str, &str, &str); 2] = [
    (
        "authorize",
        "AUTHORIZE_PATH",
        "Path of the authorization endpoint, which a browser visits.",
    ),
    (
        "exchangeOAuthToken",
        "TOKEN_PATH",
        "Path of the token endpoint.",
    ),
];

/// Emits the constants.
pub(crate) fn constants(corrected: &Value) -> Result<String> {
    let mut constants = Vec::new();
    for (operation, name, doc) in PATHS {
        let path = path_of(corrected, operation)?;
        let name = format_ident!("{name}");
        let doc = format!(" {doc}");
        constants.push(quote! { #[doc = #doc] pub const #name: &str = #path; });
    }
    let version = text(corrected, "/info/version")?;
    let servers = servers(corrected)?;
    let entries = servers.iter().map(|(url, description)| {
        quote! { Server { url: #url, description: #description } }
    });
    let tokens = quote! {
        use crate::Server;
        #(#constants)*
        /// Version of the document that this crate was generated from.
        pub const API_VERSION: &str = #version;
        /// Servers of the document, each the base address of one environment.
        pub const SERVERS: &[Server] = &[#(#entries),*];
    };
    emit::print(tokens, "Where the document says that things are.")
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
    let servers = document
        .get("servers")
        .and_then(Value::as_array)
        .context("the corrected document has no servers")?;
    servers
        .iter()
        .map(|server| {
            let url = text(server, "/url")?;
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
