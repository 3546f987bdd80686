//! The generation pipeline: from descriptions to committed Rust.
//!
//! ```text
//! received (3.1, untouched)            ours (3.1)
//!   → overlay 10, facts                  │
//!   = effective/….corrected.json         │
//!   → overlay 20, accommodations         │
//!   → down-levelling to 3.0  ◄───────────┘   = effective/….codegen.json
//!   → guards → generator → formatter         = crates/*/src/generated/*.rs
//!
//! scope catalogue → checks → formatter       = crates/*/src/generated/scopes.rs
//! ```
//!
//! [`documents`] lists what goes in and what comes out.
//! [`build`] is a function from files to files: it reads no clock, no environment and no tree, so
//! the same sources give the same bytes on every machine.
//! Writing and comparing live in [`compare`].

mod compare;
mod describe;
mod documents;
mod downlevel;
pub(crate) mod emit;
mod endpoints;
mod evidence;
mod finding;
mod guard;
mod overlay;
mod scopes;
mod sources;
#[cfg(test)]
pub(crate) mod table;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context as _, Result, bail};
use clap::Args;
use openapiv3::OpenAPI;
use serde_json::Value;

use self::compare::{Differences, Tree};
pub(crate) use self::documents::CORRECTED;
use self::documents::{Client, DOCUMENTS, Document, Origin};
use self::emit::Provenance;
pub(crate) use self::finding::child;
pub(crate) use self::guard::version as require_3_1;
pub(crate) use self::overlay::{Evidence, apply};
pub(crate) use self::sources::{
    ACCOMMODATIONS, CORRECTIONS, SOURCE_PAGE, Sources, UPSTREAM, digest,
};

const CLIENT: &str = "crates/remote-oauth-client/src/generated";
const MOCK: &str = "crates/remote-auth-conformance/src/generated";

/// Folders in which every file is generated, so that a file nobody generates is a mistake.
const GENERATED_FOLDERS: [&str; 4] = [
    "spec/remote/effective",
    "spec/gogox/effective",
    CLIENT,
    MOCK,
];

/// Generated files, by path from the root of the workspace.
pub(crate) type Outputs = BTreeMap<String, String>;

/// Generates the clients, the scope catalogue, the mocks and the effective documents from spec
///
/// Reads the documents, the overlays and the catalogue below spec/remote and spec/gogox.
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
    warn(root)?;
    if differences.is_empty() {
        println!("{} generated files are up to date", outputs.len());
        return Ok(());
    }
    print!("{differences}");
    bail!("the generated files differ from what their sources give: run `cargo xtask generate`");
}

fn write(root: &Path) -> Result<()> {
    let (outputs, differences) = differences(root)?;
    warn(root)?;
    differences.write(root, &outputs)
}

/// Shows the oddities that the sources record, which nobody should forget.
fn warn(root: &Path) -> Result<()> {
    for line in scopes::warnings(&Sources::read(root)?)? {
        eprintln!("warning: {line}");
    }
    Ok(())
}

fn differences(root: &Path) -> Result<(Outputs, Differences)> {
    let outputs = build(&Sources::read(root)?)?;
    let differences = Tree::read(root, &GENERATED_FOLDERS)?.compare(&outputs);
    Ok((outputs, differences))
}

/// Runs the whole pipeline in memory.
pub(crate) fn build(sources: &Sources) -> Result<Outputs> {
    sources.refuse_unknown()?;
    let mut outputs = Outputs::new();
    for document in &DOCUMENTS {
        let effective = effective(sources, document)?;
        let mut findings = guard::findings(&effective.corrected, &effective.lowered);
        if matches!(document.origin, Origin::Ours) {
            findings.extend(guard::unsourced(&effective.corrected));
        }
        if !findings.is_empty() {
            bail!(
                "the generator would get {} wrong:\n{}",
                document.source,
                finding::listed(&findings)
            );
        }
        emit(document, effective, &mut outputs)?;
    }
    let catalogue = scopes::module(sources)?;
    outputs.insert(module_path(CLIENT, scopes::MODULE), catalogue);
    outputs.insert(module_path(CLIENT, "mod"), index());
    Ok(outputs)
}

/// What the sources resolve to, before the guards have looked at it.
#[derive(Clone)]
struct Effective {
    /// SHA-256 of the document as it stands below `spec/`.
    sha256: String,
    /// What the API is believed to be, in OpenAPI 3.1.
    corrected: Value,
    /// What the generator reads, in OpenAPI 3.0.
    lowered: Value,
}

fn effective(sources: &Sources, document: &Document) -> Result<Effective> {
    let source = document.source;
    let sha256 = match document.origin {
        Origin::Received { page, .. } => sources.verified_digest(source, page)?,
        Origin::Ours => digest(sources.bytes(source)?),
    };
    let mut value = sources.yaml(source)?;
    require_3_1(&value).with_context(|| format!("{source} cannot be used"))?;
    let overlay = |path: &'static str, value: &mut Value, evidence: Evidence| {
        apply(value, &sources.yaml(path)?, path, evidence)
    };
    let corrected = match document.origin {
        Origin::Received {
            corrections,
            accommodations,
            ..
        } => {
            overlay(corrections, &mut value, Evidence::Required)?;
            let corrected = value.clone();
            overlay(accommodations, &mut value, Evidence::NotNeeded)?;
            corrected
        }
        Origin::Ours => value.clone(),
    };
    let lowered = downlevel::to_3_0(&value).map_err(|findings| {
        anyhow::anyhow!(
            "{source} cannot be expressed in OpenAPI 3.0:\n{}",
            finding::listed(&findings)
        )
    })?;
    Ok(Effective {
        sha256,
        corrected,
        lowered,
    })
}

fn emit(document: &Document, effective: Effective, outputs: &mut Outputs) -> Result<()> {
    let Effective {
        sha256,
        corrected,
        lowered,
    } = effective;
    let parsed: OpenAPI = serde_json::from_value(lowered.clone())
        .with_context(|| format!("{} is not OpenAPI 3.0", document.codegen))?;
    let provenance = Provenance {
        edited: document.edited(),
        document: format!("{} {}", parsed.info.title, parsed.info.version),
        digested: document.digested(),
        sha256,
    };
    let client = &document.client;
    let mut rust = |folder: &str, module: &str, text: &str| {
        outputs.insert(module_path(folder, module), provenance.head(text));
    };
    rust(CLIENT, client.module, &emit::client(&parsed, client)?);
    rust(
        CLIENT,
        client.endpoints,
        &endpoints::constants(&corrected, client)?,
    );
    if let Some(module) = document.mock {
        rust(MOCK, "mod", MOCK_MODULES);
        rust(
            MOCK,
            module,
            &emit::mock(&parsed, client, "remote_oauth_client")?,
        );
    }
    if let Origin::Received {
        corrected: path, ..
    } = document.origin
    {
        outputs.insert(path.to_owned(), json(corrected)?);
    }
    outputs.insert(document.codegen.to_owned(), json(lowered)?);
    Ok(())
}

fn module_path(folder: &str, module: &str) -> String {
    format!("{folder}/{module}.rs")
}

/// Writes the list of the client crate's generated modules.
fn index() -> String {
    let clients = DOCUMENTS.iter().map(|document| {
        let Client {
            module, endpoints, ..
        } = &document.client;
        format!("{CLIENT_LINTS}pub mod {module};\npub mod {endpoints};\n")
    });
    let modules: String = clients.collect();
    let text = format!(
        "//! What the generator wrote from the documents.\n\n{modules}pub(crate) mod {};\n",
        scopes::MODULE
    );
    emit::head("the list of documents in xtask", "", &text)
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
const CLIENT_LINTS: &str = r#"#[allow(
    unreachable_pub,
    clippy::allow_attributes,
    clippy::allow_attributes_without_reason,
    clippy::missing_errors_doc,
    reason = "the generator decides how this file is written"
)]
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
