//! The table at the head of the source page: what the document is, and its digest.

use anyhow::{Result, bail};

use super::read::Document;
use crate::generate::{SOURCE_PAGE, digest};

/// Returns what the table says about a document, row by row.
///
/// # Errors
///
/// A title or a version that would not stay within its cell, or within its line where generated files
/// repeat it.
pub(super) fn rows(document: &Document) -> Result<[(&'static str, String); 4]> {
    let info = |member: &str| document.value["info"][member].as_str().unwrap_or_default();
    for member in ["title", "version"] {
        let text = info(member);
        if text.trim() != text
            || text.is_empty()
            || text != document.info(member)
            || text.contains(['|', '`'])
        {
            bail!(
                "`info.{member}` of {} does not fit into a table: {}",
                document.name,
                document.info(member)
            );
        }
    }
    let version = document.value["openapi"].as_str().unwrap_or_default();
    if !version
        .bytes()
        .all(|byte| byte.is_ascii_digit() || byte == b'.')
    {
        bail!("`openapi` of {} is no version number", document.name);
    }
    Ok([
        ("title", info("title").to_owned()),
        ("version", info("version").to_owned()),
        ("OpenAPI", version.to_owned()),
        ("sha256", format!("`{}`", digest(&document.bytes))),
    ])
}

/// Returns the page with its table filled in for another document.
pub(super) fn sealed(page: &str, document: &Document) -> Result<String> {
    let mut sealed = page.to_owned();
    for (label, value) in rows(document)? {
        let row = row(&sealed, label)?.to_owned();
        sealed = sealed.replacen(&row, &format!("| {label} | {value} |"), 1);
    }
    Ok(sealed)
}

/// Returns the one row with a label.
pub(super) fn row<'a>(page: &'a str, label: &str) -> Result<&'a str> {
    let begin = format!("| {label} | ");
    let mut found = page.lines().filter(|line| line.starts_with(&begin));
    match (found.next(), found.next()) {
        (Some(row), None) => Ok(row.trim_end()),
        _ => bail!("{SOURCE_PAGE} needs exactly one row that begins with `{begin}`"),
    }
}
