//! Maker of the workspace: generates, checks, tests.
//!
//! Each subcommand is a module with an `Arguments` struct and a `run` function; this file only
//! dispatches.
//! Nothing depends on this crate, and whoever only uses the workspace never builds it.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command talks to people"
)]

mod bench;
mod generate;
mod mutants;
mod release;
mod requirements;
mod spec;
mod test;
mod tidy;

use std::path::Path;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Maker of the workspace: generates, checks, tests.
#[derive(Debug, Parser)]
#[command(
    name = "cargo xtask",
    bin_name = "cargo xtask",
    disable_help_subcommand = true
)]
#[command(
    after_help = "`cargo xtask test` is what a change must pass; `cargo xtask generate` is what to run \
                        after editing anything below spec/remote."
)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Bench(bench::Arguments),
    Generate(generate::Arguments),
    Mutants(mutants::Arguments),
    ReleaseCheck(release::Arguments),
    Requirements(requirements::Arguments),
    Spec(spec::Arguments),
    Test(test::Arguments),
    Tidy(tidy::Arguments),
}

fn main() -> ExitCode {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("this crate lies in the root of the workspace");
    let done = match Arguments::parse().command {
        Command::Bench(arguments) => bench::run(root, &arguments),
        Command::Generate(arguments) => generate::run(root, &arguments),
        Command::Mutants(arguments) => mutants::run(root, &arguments),
        // Tells a step that failed from one that could not run.
        Command::ReleaseCheck(arguments) => return release::run(root, &arguments),
        Command::Requirements(arguments) => requirements::run(root, &arguments),
        Command::Spec(arguments) => spec::run(root, &arguments),
        Command::Test(arguments) => test::run(root, &arguments),
        Command::Tidy(arguments) => tidy::run(root, &arguments),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    #[test]
    fn the_command_line_is_well_formed() {
        super::Arguments::command().debug_assert();
    }
}
