//! What a command that did not work tells people and programs.

use std::io::Write;
use std::time::Duration;

use remote_auth::error::Retry;
use serde::Serialize;

use crate::exit::Exit;
use crate::render::{self, Paint};

/// Holds a failure as it will be shown: a code, a cause and what to do next.
///
/// # Secrets
///
/// The texts are written here or in the core; none quotes what a server, a file or a variable holds.
#[derive(Clone, Debug)]
pub(crate) struct Failure {
    exit: Exit,
    code: &'static str,
    message: String,
    hints: Vec<String>,
    retryable: bool,
    retry_after: Option<Duration>,
}

impl Failure {
    /// Makes a failure whose message fits after "failed to".
    pub(crate) fn new(exit: Exit, code: &'static str, message: impl Into<String>) -> Self {
        Self {
            exit,
            code,
            message: message.into(),
            hints: Vec::new(),
            retryable: exit == Exit::TimedOut,
            retry_after: None,
        }
    }

    /// Adds what to do next.
    pub(crate) fn hint(mut self, text: impl Into<String>) -> Self {
        self.hints.push(text.into());
        self
    }

    pub(crate) fn exit(&self) -> Exit {
        self.exit
    }

    #[cfg(test)]
    pub(crate) fn code(&self) -> &'static str {
        self.code
    }

    /// Writes the failure to standard error, as lines for people or as one line of JSON.
    pub(crate) fn report(&self, json: bool, paint: Paint) {
        let text = if json { self.json() } else { self.text(paint) };
        // Where standard error is gone, the exit code is all that can be told.
        let _ = std::io::stderr().lock().write_all(text.as_bytes());
    }

    fn text(&self, paint: Paint) -> String {
        let label = format!("error[{}]:", self.code);
        let mut text = format!("{} failed to {}\n", paint.red(&label), self.message);
        for hint in &self.hints {
            text.push_str(&format!("  {} {hint}\n", paint.bold("next:")));
        }
        text
    }

    fn json(&self) -> String {
        #[derive(Serialize)]
        struct Envelope<'a> {
            schema: u8,
            error: Body<'a>,
        }
        #[derive(Serialize)]
        struct Body<'a> {
            code: &'a str,
            message: String,
            hints: &'a [String],
            retryable: bool,
            retry_after_ms: Option<u64>,
            exit_code: u8,
        }
        render::json_line(&Envelope {
            schema: render::SCHEMA,
            error: Body {
                code: self.code,
                message: format!("failed to {}", self.message),
                hints: &self.hints,
                retryable: self.retryable,
                retry_after_ms: self
                    .retry_after
                    .map(|wait| u64::try_from(wait.as_millis()).unwrap_or(u64::MAX)),
                exit_code: self.exit.number(),
            },
        })
    }
}

impl From<remote_auth::Error> for Failure {
    fn from(error: remote_auth::Error) -> Self {
        let (retryable, retry_after) = match error.retry() {
            Retry::Later(after) => (true, after),
            _ => (false, None),
        };
        Self {
            exit: Exit::of(&error),
            code: error.code(),
            message: error.to_string(),
            hints: error.hints().iter().map(|&hint| hint.to_owned()).collect(),
            retryable,
            retry_after,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_read_lines_and_programs_read_one_line_of_json() {
        let failure = Failure::new(
            Exit::TimedOut,
            "login.timed_out",
            "see the callback in time",
        )
        .hint("open the address again");
        assert_eq!(
            failure.text(Paint::off()),
            "error[login.timed_out]: failed to see the callback in time\n  next: open the address again\n"
        );
        let json: serde_json::Value = serde_json::from_str(&failure.json()).expect("json");
        assert_eq!(
            json,
            serde_json::json!({"schema": 1, "error": {
                "code": "login.timed_out",
                "message": "failed to see the callback in time",
                "hints": ["open the address again"],
                "retryable": true,
                "retry_after_ms": null,
                "exit_code": 12,
            }})
        );
    }
}
