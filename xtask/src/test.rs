//! Runs everything that a change must pass, in named sections.
//!
//! A section that fails does not stop the next one, so that one run shows everything there is to
//! mend.
//! Output passes through untouched; what this module adds is a heading per section and a table at
//! the end.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use clap::{Args, ValueEnum};

use crate::{generate, requirements};

/// How many cases a law is tried on in the long mode.
const LONG_CASES: &str = "10000";

/// What switches on the tests that only the long mode runs.
const LONG_FEATURE: &str = "remote-auth-tests/long";

/// Runs every check: format, generated files, requirements, lints, documentation, tests
///
/// All sections run even when one fails; the last lines say how each one ended.
#[derive(Args, Debug)]
pub(crate) struct Arguments {
    /// Run only this section; give it again for another one
    #[arg(long, value_name = "SECTION")]
    only: Vec<Section>,
    /// List the sections and what each one runs
    #[arg(long, conflicts_with = "only")]
    list: bool,
    /// Try 10,000 cases of each law, and run the tests that build or install other people's programs: takes more than an hour
    #[arg(long)]
    long: bool,
}

/// The sections, in the order in which they run: quick answers first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Section {
    Format,
    Generate,
    Requirements,
    Lint,
    Docs,
    Tests,
}

impl Section {
    const fn name(self) -> &'static str {
        match self {
            Self::Format => "format",
            Self::Generate => "generate",
            Self::Requirements => "requirements",
            Self::Lint => "lint",
            Self::Docs => "docs",
            Self::Tests => "tests",
        }
    }

    /// What a person would type to run this section alone.
    const fn command_line(self) -> &'static str {
        match self {
            Self::Format => "cargo fmt --all --check",
            Self::Generate => "cargo xtask generate --check",
            Self::Requirements => "cargo xtask requirements --check",
            Self::Lint => "cargo clippy --workspace --all-targets -- -D warnings",
            Self::Docs => "RUSTDOCFLAGS=\"-D warnings\" cargo doc --workspace --no-deps",
            Self::Tests => "cargo test --workspace",
        }
    }

    fn run(self, root: &Path, long: bool) -> Result<()> {
        match self {
            Self::Format => cargo(root, &["fmt", "--all", "--check"]),
            Self::Generate => generate::check(root),
            Self::Requirements => requirements::check(root),
            Self::Lint => cargo(
                root,
                &[
                    "clippy",
                    "--workspace",
                    "--all-targets",
                    "--",
                    "-D",
                    "warnings",
                ],
            ),
            Self::Docs => {
                let mut command = Command::new("cargo");
                command
                    .args(["doc", "--workspace", "--no-deps"])
                    .env("RUSTDOCFLAGS", "-D warnings");
                succeed(command.current_dir(root))
            }
            Self::Tests if long => succeed(
                Command::new("cargo")
                    .args([
                        "test",
                        "--workspace",
                        "--features",
                        LONG_FEATURE,
                        "--no-fail-fast",
                    ])
                    .env("PROPTEST_CASES", LONG_CASES)
                    .current_dir(root),
            ),
            Self::Tests => cargo(root, &["test", "--workspace"]),
        }
    }
}

/// Runs the chosen sections and fails if one of them did.
pub(crate) fn run(root: &Path, arguments: &Arguments) -> Result<()> {
    if arguments.list {
        for section in Section::value_variants() {
            println!("{:<12} {}", section.name(), section.command_line());
        }
        return Ok(());
    }
    let chosen = Section::value_variants()
        .iter()
        .filter(|section| arguments.only.is_empty() || arguments.only.contains(section));
    let mut rows = Vec::new();
    for section in chosen {
        println!("\n=== {}: {}", section.name(), section.command_line());
        let start = now();
        let outcome = section.run(root, arguments.long);
        if let Err(error) = &outcome {
            eprintln!("{}: {error:#}", section.name());
        }
        rows.push(Row {
            section: *section,
            passed: outcome.is_ok(),
            took: start.elapsed(),
        });
    }
    println!("\n{}", table(&rows));
    let failed = rows.iter().filter(|row| !row.passed).count();
    if failed > 0 {
        bail!("{failed} of {} sections failed", rows.len());
    }
    Ok(())
}

struct Row {
    section: Section,
    passed: bool,
    took: Duration,
}

fn table(rows: &[Row]) -> String {
    let lines = rows.iter().map(|row| {
        let verdict = if row.passed { "passed" } else { "FAILED" };
        format!(
            "{:<12} {verdict} {:>6} s",
            row.section.name(),
            row.took.as_secs()
        )
    });
    lines.collect::<Vec<_>>().join("\n")
}

fn cargo(root: &Path, arguments: &[&str]) -> Result<()> {
    succeed(Command::new("cargo").args(arguments).current_dir(root))
}

/// Runs a command whose end is a success or an error.
pub(crate) fn succeed(command: &mut Command) -> Result<()> {
    match command.status() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => bail!("it ended with {status}"),
        Err(error) => bail!("it could not be started: {error}"),
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the table shows how long a section took"
)]
fn now() -> Instant {
    Instant::now()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_section_is_named_in_the_table_with_its_verdict() {
        let rows = Section::value_variants()
            .iter()
            .enumerate()
            .map(|(index, section)| Row {
                section: *section,
                passed: index != 1,
                took: Duration::from_secs(7),
            });
        let table = table(&rows.collect::<Vec<_>>());
        assert_eq!(table.lines().count(), Section::value_variants().len());
        assert!(
            table.starts_with("format       passed      7 s\ngenerate     FAILED      7 s\n"),
            "{table}"
        );
    }

    #[test]
    fn a_section_is_called_by_the_name_that_it_prints() {
        for section in Section::value_variants() {
            assert_eq!(Section::from_str(section.name(), false), Ok(*section));
        }
    }
}
