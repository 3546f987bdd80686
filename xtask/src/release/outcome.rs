//! What became of each step, and of all of them.

use std::io;
use std::time::Duration;

use super::steps::{CommandLine, Step, Work};

/// What became of one step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    Passed,
    /// Nobody looked, as was asked for.
    LeftOut,
    Failed,
    /// With what to do about it.
    CouldNotRun(String),
}

/// What a person decides by, in the order in which one outweighs another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Verdict {
    Passed,
    LeftOut,
    CouldNotRun,
    Failed,
}

/// A step at its end.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) step: Step,
    pub(crate) outcome: Outcome,
    pub(crate) took: Duration,
    /// What its last command printed.
    pub(crate) said: String,
}

impl Outcome {
    pub(crate) fn verdict(&self) -> Verdict {
        match self {
            Self::Passed => Verdict::Passed,
            Self::LeftOut => Verdict::LeftOut,
            Self::Failed => Verdict::Failed,
            Self::CouldNotRun(_) => Verdict::CouldNotRun,
        }
    }
}

impl Verdict {
    pub(crate) fn exit_code(self) -> u8 {
        match self {
            Self::Passed | Self::LeftOut => 0,
            Self::Failed => 1,
            Self::CouldNotRun => 2,
        }
    }

    pub(crate) fn words(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::LeftOut => "LEFT OUT",
            Self::Failed => "FAILED",
            Self::CouldNotRun => "COULD NOT RUN",
        }
    }
}

/// Runs a step by way of `succeeds`, and judges it.
pub(crate) fn judged(
    step: &Step,
    succeeds: &mut dyn FnMut(&CommandLine) -> io::Result<bool>,
) -> Outcome {
    if let Some(need) = &step.need
        && !matches!(succeeds(&need.probe), Ok(true))
    {
        return Outcome::CouldNotRun(need.remedy.clone());
    }
    let line = match &step.work {
        Work::Run(line) => line,
        Work::Nothing(_) => return Outcome::Passed,
        Work::LeftOut => return Outcome::LeftOut,
    };
    match succeeds(line) {
        Ok(true) => Outcome::Passed,
        Ok(false) => Outcome::Failed,
        Err(error) => Outcome::CouldNotRun(format!("{} did not start: {error}", line.program())),
    }
}

/// Judges the whole: nothing passes while a step has not, but for what nobody was to look at.
pub(crate) fn verdict(ended: &[Ended]) -> Verdict {
    let verdicts = ended.iter().map(|ended| ended.outcome.verdict());
    verdicts.max().unwrap_or(Verdict::CouldNotRun)
}
