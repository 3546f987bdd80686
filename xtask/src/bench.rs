//! Runs the benches, each of which prints a table with its floors beside it in the same run.
//!
//! A bench prints and never judges: the figures are a machine's, and only their ratios travel.

use std::path::Path;
use std::process::Command;

use anyhow::Result;
use clap::{Args, ValueEnum};

use crate::test::succeed;

/// Runs the benches and prints their tables, floors beside them
///
/// The builds are of release quality, so the first run takes minutes.
#[derive(Args, Debug)]
pub(crate) struct Arguments {
    /// Run only this bench
    name: Option<Bench>,
}

/// The benches, in the order in which they run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "snake_case")]
enum Bench {
    FirstToken,
    TokenSource,
    Companies,
    Load,
}

impl Bench {
    const fn name(self) -> &'static str {
        match self {
            Self::FirstToken => "first_token",
            Self::TokenSource => "token_source",
            Self::Companies => "companies",
            Self::Load => "load",
        }
    }

    const fn package(self) -> &'static str {
        match self {
            Self::FirstToken | Self::TokenSource | Self::Companies => "remote-auth-tests",
            Self::Load => "remote-auth-sandbox",
        }
    }

    /// The programs are measured as they are released, the libraries as a service would build them.
    const fn profile(self) -> &'static str {
        match self {
            Self::FirstToken | Self::Load => "bench",
            Self::TokenSource | Self::Companies => "service",
        }
    }
}

/// Runs the chosen bench, or all.
pub(crate) fn run(root: &Path, arguments: &Arguments) -> Result<()> {
    let chosen = Bench::value_variants()
        .iter()
        .filter(|bench| arguments.name.is_none_or(|name| name == **bench));
    for bench in chosen {
        let mut command = Command::new("cargo");
        command.args(["bench", "--quiet", "--package", bench.package()]);
        command.args(["--profile", bench.profile(), "--bench", bench.name()]);
        println!("\n=== {}", bench.name());
        succeed(command.current_dir(root))?;
    }
    Ok(())
}
