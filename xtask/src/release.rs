//! May this revision be released?
//!
//! Runs everything that a release has to show, each step as a command that a person could type, and writes one page.
//! Which steps there are is data, in `steps`; what became of them is judged in `outcome`; `page` writes it down.
//! The invariant: a step that could not run never counts as one that passed.

mod facts;
mod outcome;
mod page;
mod steps;
#[cfg(test)]
mod tests;

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::time::Instant;

use anyhow::{Context as _, Result};
use clap::Args;

use facts::Facts;
use outcome::{Ended, Verdict, judged};
use steps::{CommandLine, Step, Work, steps};

/// Where the page is written; what the steps said lies in a folder beside it.
const PAGE: &str = "target/release-check.md";

/// Where what the steps said is kept.
const LOGS: &str = "target/release-check";

/// Runs everything that a release has to show, and writes one page: target/release-check.md
///
/// All steps run even when one fails. Exit code 0 says that the revision may be released, 1 that a step failed,
/// 2 that none failed and one could not run; the page says what is missing. Only a step that --without names does
/// not count, and the page says that nobody looked.
#[derive(Args, Debug)]
pub(crate) struct Arguments {
    /// Leave out a step, and say so on the page; give it again for another one
    #[arg(long, value_name = "STEP")]
    without: Vec<String>,
    /// Compare interfaces with this revision, and not with the one that release.toml names
    #[arg(long, value_name = "REVISION")]
    against: Option<String>,
    /// List the steps, what each one runs and why
    #[arg(long)]
    list: bool,
}

/// Runs the subcommand; what keeps the whole of it from running has the exit code of a step that could not.
pub(crate) fn run(root: &Path, arguments: &Arguments) -> ExitCode {
    match checked(root, arguments) {
        Ok(verdict) => ExitCode::from(verdict.exit_code()),
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(Verdict::CouldNotRun.exit_code())
        }
    }
}

fn checked(root: &Path, arguments: &Arguments) -> Result<Verdict> {
    let mut facts = Facts::read(root)?;
    if let Some(revision) = &arguments.against {
        facts = facts.against(revision)?;
    }
    let steps = without(steps(&facts), &arguments.without)?;
    if arguments.list {
        print!("{}", listed(&steps));
        return Ok(Verdict::Passed);
    }
    let logs = root.join(LOGS);
    fs::create_dir_all(&logs).with_context(|| format!("failed to make {LOGS}"))?;
    // Somebody may commit while it runs.
    let revision = answer(root, &["git", "log", "-1", "--format=%H of %cs"]);
    let compiler = answer(root, &["rustc", "--version"]);
    let mut ended = Vec::new();
    for step in steps {
        eprintln!("=== {}: {}", step.name, step.work);
        let log = logs.join(step.name).with_extension("log");
        let start = now();
        let outcome = judged(&step, &mut |line| succeeds(root, line, &log));
        ended.push(Ended {
            said: fs::read_to_string(&log).unwrap_or_default(),
            took: start.elapsed(),
            step,
            outcome,
        });
    }
    let text = page::page(&ended, &[("Revision", revision), ("Compiler", compiler)]);
    fs::write(root.join(PAGE), &text).with_context(|| format!("failed to write {PAGE}"))?;
    print!("{text}");
    eprintln!("\nthis page is {PAGE}; what the steps said is in {LOGS}");
    Ok(outcome::verdict(&ended))
}

/// Takes the work from the steps that are to be left out.
fn without(mut steps: Vec<Step>, names: &[String]) -> Result<Vec<Step>> {
    for name in names {
        let step = steps.iter_mut().find(|step| step.name == name);
        let step = step.with_context(|| format!("there is no step {name}; --list names them"))?;
        step.work = Work::LeftOut;
        step.need = None;
    }
    Ok(steps)
}

fn listed(steps: &[Step]) -> String {
    let lines = steps
        .iter()
        .map(|step| format!("{:<14} {}\n{:14} {}\n", step.name, step.why, "", step.work));
    lines.collect()
}

/// Runs a command with its output in a file, and tells whether it succeeded.
fn succeeds(root: &Path, line: &CommandLine, log: &PathBuf) -> io::Result<bool> {
    let output = File::create(log)?;
    let mut command = Command::new(line.program());
    command
        .args(line.arguments())
        // A page is no terminal.
        .env("CARGO_TERM_COLOR", "never")
        .env("NO_COLOR", "1")
        .stdin(Stdio::null())
        .stdout(output.try_clone()?)
        .stderr(output)
        .current_dir(root);
    Ok(command.status()?.success())
}

/// Returns the one line that a command prints, or says that there is none.
fn answer(root: &Path, words: &[&str]) -> String {
    let mut command = Command::new(words[0]);
    let output = command.args(&words[1..]).current_dir(root).output();
    match output {
        Ok(output) if output.status.success() => {
            String::from_utf8_lossy(&output.stdout).trim().to_owned()
        }
        _ => "unknown".to_owned(),
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the page shows how long a step took"
)]
fn now() -> Instant {
    Instant::now()
}
