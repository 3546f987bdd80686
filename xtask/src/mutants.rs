//! Which change to the code does no test notice?
//!
//! This runs `cargo mutants` over one module of the core with the settings of `.cargo/mutants.toml`.
//! It takes minutes to hours, so it is no part of `cargo xtask test`.

use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result, bail};
use clap::Args;

/// Where the modules of the core are.
const CORE: &str = "crates/remote-auth/src";

/// Changes one module of the core in every small way, and lists the changes that no test notices
///
/// Needs `cargo install cargo-mutants --locked`. Fails if a change goes unnoticed.
/// What was done is left below target/mutants.
#[derive(Args, Debug)]
pub(crate) struct Arguments {
    /// The module, as its path below the core's sources: scope, error, source/engine
    #[arg(value_name = "MODULE", required = true)]
    modules: Vec<String>,
    /// List the changes and make none
    #[arg(long)]
    list: bool,
}

/// Runs the subcommand.
pub(crate) fn run(root: &Path, arguments: &Arguments) -> Result<()> {
    let mut command = Command::new("cargo");
    command
        .args([
            "mutants",
            "--package",
            "remote-auth",
            "--output",
            "target/mutants",
        ])
        .env("PROPTEST_CASES", "32")
        .current_dir(root);
    for module in &arguments.modules {
        for file in files(root, module)? {
            command.args(["--file", &file]);
        }
    }
    if arguments.list {
        command.arg("--list");
    }
    let status = command.status().context("failed to start cargo")?;
    match status.code() {
        Some(0) => Ok(()),
        Some(2 | 3) => bail!(
            "a change went unnoticed: write the test that notices it, or say in the review why none can"
        ),
        Some(101) => bail!("cargo mutants is needed: cargo install cargo-mutants --locked"),
        _ => bail!("cargo mutants ended with {status}"),
    }
}

/// Names the files of a module: its own, and those below it.
fn files(root: &Path, module: &str) -> Result<[String; 2]> {
    let file = format!("{CORE}/{module}.rs");
    if !root.join(&file).is_file() {
        bail!("there is no {file}; name a module of the core, such as scope or source/engine");
    }
    Ok([file, format!("{CORE}/{module}/**/*.rs")])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_module_is_its_file_and_what_lies_below() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"))
            .parent()
            .expect("the root");
        let found = files(root, "scope").expect("the core has scopes");
        assert_eq!(
            found,
            [
                "crates/remote-auth/src/scope.rs",
                "crates/remote-auth/src/scope/**/*.rs"
            ]
        );
        let error = files(root, "nothing").expect_err("no such module");
        assert!(
            error
                .to_string()
                .starts_with("there is no crates/remote-auth/src/nothing.rs"),
            "{error}"
        );
    }
}
