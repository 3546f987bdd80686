//! The generation pipeline: from the published document to committed Rust.
//!
//! ```text
//! upstream (3.1, untouched)
//!   → overlay 10, facts            = effective/openapi-3.1.corrected.json
//!   → overlay 20, accommodations
//!   → down-levelling to 3.0        = effective/openapi-3.0.codegen.json
//!   → guards → generator → formatter = crates/*/src/generated/*.rs
//! ```
//!
//! [`build`] is a function from files to files: it reads no clock, no environment and no tree, so
//! the same sources give the same bytes on every machine.
//! Writing and comparing live in [`compare`].

mod compare;
mod downlevel;
mod emit;
mod endpoints;
mod finding;
mod guard;
mod overlay;
mod sources;
#[cfg(test)]
mod table;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context as _, Result, bail};
use clap::Args;
use openapiv3::OpenAPI;
use serde_json::Value;

use self::compare::{Differences, Tree};
use self::emit::Provenance;
use self::overlay::Evidence;
use self::sources::Sources;

const CORRECTED: &str = "spec/remote/effective/openapi-3.1.corrected.json";
const CODEGEN: &str = "spec/remote/effective/openapi-3.0.codegen.json";
const CLIENT: &str = "crates/remote-oauth-client/src/generated";
const MOCK: &str = "crates/remote-auth-conformance/src/generated";

/// Folders in which every file is generated, so that a file nobody generates is a mistake.
const GENERATED_FOLDERS: [&str; 3] = ["spec/remote/effective", CLIENT, MOCK];

/// Generated files, by path from the root of the workspace.
type Outputs = BTreeMap<String, String>;

/// Generates the client, the mocks and the effective documents from the published document
///
/// Reads spec/remote/upstream and spec/remote/overlays.
/// Stops at the first stage that does not understand its input, and names the overlay action or the
/// place in the document.
#[derive(Args, Debug)]
pub(crate) struct Arguments {
    /// Write nothing: print what would change as a unified diff, and fail if anything would
    #[arg(long)]
    check: bool,
}

/// Runs the subcommand.
pub(crate) fn run(root: &Path, arguments: &Arguments) -> Result<()> {
    if arguments.check {
        check(root)
    } else {
        write(root)
    }
}

/// Compares the generated files with what their sources give, and fails on a difference.
pub(crate) fn check(root: &Path) -> Result<()> {
    let (outputs, differences) = differences(root)?;
    if differences.is_empty() {
        println!("{} generated files are up to date", outputs.len());
        return Ok(());
    }
    print!("{differences}");
    bail!("the generated files differ from what their sources give: run `cargo xtask generate`");
}

fn write(root: &Path) -> Result<()> {
    let (outputs, differences) = differences(root)?;
    differences.write(root, &outputs)
}

fn differences(root: &Path) -> Result<(Outputs, Differences)> {
    let outputs = build(&Sources::read(root)?)?;
    let differences = Tree::read(root, &GENERATED_FOLDERS)?.compare(&outputs);
    Ok((outputs, differences))
}

/// Runs the whole pipeline in memory.
fn build(sources: &Sources) -> Result<Outputs> {
    let effective = effective(sources)?;
    let findings = guard::findings(&effective.corrected, &effective.lowered);
    if !findings.is_empty() {
        bail!(
            "the generator would get this document wrong:\n{}",
            finding::listed(&findings)
        );
    }
    emit(effective)
}

/// What the sources resolve to, before the guards have looked at it.
#[derive(Clone)]
struct Effective {
    /// SHA-256 of the document as received.
    sha256: String,
    /// What the API is believed to be, in OpenAPI 3.1.
    corrected: Value,
    /// What the generator reads, in OpenAPI 3.0.
    lowered: Value,
}

fn effective(sources: &Sources) -> Result<Effective> {
    sources.refuse_unknown()?;
    let sha256 = sources.verified_digest()?;
    let mut document = sources.yaml(sources::UPSTREAM)?;
    guard::version(&document).with_context(|| format!("{} cannot be used", sources::UPSTREAM))?;

    let path = sources::CORRECTIONS;
    overlay::apply(
        &mut document,
        &sources.yaml(path)?,
        path,
        Evidence::Required,
    )?;
    let corrected = document.clone();

    let path = sources::ACCOMMODATIONS;
    overlay::apply(
        &mut document,
        &sources.yaml(path)?,
        path,
        Evidence::NotNeeded,
    )?;
    let lowered = downlevel::to_3_0(&document).map_err(|findings| {
        anyhow::anyhow!(
            "the document cannot be expressed in OpenAPI 3.0:\n{}",
            finding::listed(&findings)
        )
    })?;
    Ok(Effective {
        sha256,
        corrected,
        lowered,
    })
}

fn emit(effective: Effective) -> Result<Outputs> {
    let Effective {
        sha256,
        corrected,
        lowered,
    } = effective;
    let parsed: OpenAPI = serde_json::from_value(lowered.clone())
        .context("the code generation document is not OpenAPI 3.0")?;
    let document = format!("{} {}", parsed.info.title, parsed.info.version);
    let provenance = Provenance { document, sha256 };
    let client = emit::client(&parsed)?;
    let endpoints = endpoints::constants(&corrected)?;
    let mock = emit::mock(&parsed, "remote_oauth_client")?;
    let rust = |text: &str| provenance.head(text);
    Ok(Outputs::from([
        (CORRECTED.to_owned(), json(corrected)?),
        (CODEGEN.to_owned(), json(lowered)?),
        (format!("{CLIENT}/mod.rs"), rust(CLIENT_MODULES)),
        (format!("{CLIENT}/client.rs"), rust(&client)),
        (format!("{CLIENT}/endpoints.rs"), rust(&endpoints)),
        (format!("{MOCK}/mod.rs"), rust(MOCK_MODULES)),
        (format!("{MOCK}/mock.rs"), rust(&mock)),
    ]))
}

/// Prints JSON with sorted keys, whatever map type the JSON library was built with.
fn json(mut document: Value) -> Result<String> {
    document.sort_all_objects();
    let mut text =
        serde_json::to_string_pretty(&document).context("failed to print a document as JSON")?;
    text.push('\n');
    Ok(text)
}

/// The lints that generated code is excused from; every other one holds for it too.
///
/// They are allowed and not expected, because some depend on what the hand-written `lib.rs` makes
/// public.
const CLIENT_MODULES: &str = r#"//! What the generator wrote from the document.

#[allow(
    unreachable_pub,
    clippy::allow_attributes,
    clippy::allow_attributes_without_reason,
    clippy::missing_errors_doc,
    reason = "the generator decides how this file is written"
)]
pub mod client;
pub mod endpoints;
"#;

const MOCK_MODULES: &str = r#"//! Typed mocks that the generator wrote from the document.

#[allow(
    missing_docs,
    unreachable_pub,
    clippy::allow_attributes,
    reason = "the generator decides how this file is written"
)]
pub mod mock;
"#;
