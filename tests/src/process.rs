//! The program as a process: an empty environment, closed input, and an end in bounded time.

use std::ffi::OsString;
use std::process::Stdio;
use std::time::Duration;

use remote_auth_conformance::judge::client::words;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::process::{Child, Command};
use tokio::time::timeout;

/// How long any run may take before its test fails. No assertion is about less.
const RUN_MAX: Duration = Duration::from_secs(60);

/// Runs the program with variables of its own and nothing from this process.
#[derive(Clone, Debug)]
pub struct Program {
    path: OsString,
    variables: Vec<(OsString, OsString)>,
    input: Vec<u8>,
}

/// What a run left.
#[derive(Clone, Debug)]
pub struct Run {
    /// The exit code.
    pub code: i32,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
}

impl Program {
    /// Takes the path that cargo gives to integration tests.
    pub fn at(path: &str) -> Self {
        Self {
            path: path.into(),
            variables: Vec::new(),
            input: Vec::new(),
        }
    }

    /// Adds a variable.
    #[must_use]
    pub fn env(mut self, name: &str, value: impl Into<OsString>) -> Self {
        self.variables.push((name.into(), value.into()));
        self
    }

    /// Adds the credentials of a client.
    #[must_use]
    pub fn client(self, client_id: &str, client_secret: &str) -> Self {
        self.env("REMOTE_CLIENT_ID", client_id)
            .env("REMOTE_CLIENT_SECRET", client_secret)
    }

    /// Gives bytes on standard input, which is closed after them; without any it is closed from the start.
    #[must_use]
    pub fn input(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.input = bytes.into();
        self
    }

    /// Starts the program with the words of a line; double quotes hold a word with blanks together.
    ///
    /// # Panics
    ///
    /// If the program cannot be started.
    pub fn start(&self, line: &str) -> Running {
        let stdin = if self.input.is_empty() {
            Stdio::null()
        } else {
            Stdio::piped()
        };
        let mut child = Command::new(&self.path)
            .args(words(line))
            .env_clear()
            .envs(self.variables.iter().cloned())
            .stdin(stdin)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("the program starts");
        if let Some(mut stdin) = child.stdin.take() {
            let input = self.input.clone();
            // A program that does not read to the end is some of these tests' very point.
            tokio::spawn(async move { stdin.write_all(&input).await.ok() });
        }
        Running::new(child)
    }

    /// Runs the program with the words of a line, as [`start`](Self::start) reads them, to its end.
    ///
    /// # Panics
    ///
    /// If the program does not end in time, or writes what is not text.
    pub async fn run(&self, line: &str) -> Run {
        self.start(line).end().await
    }
}

/// A run that goes on.
#[derive(Debug)]
pub struct Running {
    child: Child,
    stdout: BufReader<tokio::process::ChildStdout>,
    stderr: BufReader<tokio::process::ChildStderr>,
    seen: [String; 2],
}

impl Running {
    fn new(mut child: Child) -> Self {
        let stdout = child.stdout.take().expect("standard output is a pipe");
        let stderr = child.stderr.take().expect("standard error is a pipe");
        Self {
            child,
            stdout: BufReader::new(stdout),
            stderr: BufReader::new(stderr),
            seen: [String::new(), String::new()],
        }
    }

    /// Returns the process's number.
    ///
    /// # Panics
    ///
    /// If the process has ended.
    pub fn id(&self) -> u32 {
        self.child.id().expect("the process runs")
    }

    /// Reads standard output up to the first line that fits, and returns that line.
    ///
    /// # Panics
    ///
    /// If no such line comes.
    pub async fn stdout_line(&mut self, fits: impl Fn(&str) -> bool) -> String {
        line(&mut self.stdout, &mut self.seen[0], fits).await
    }

    /// Reads standard error up to the first line that fits, and returns that line.
    ///
    /// # Panics
    ///
    /// If no such line comes.
    pub async fn stderr_line(&mut self, fits: impl Fn(&str) -> bool) -> String {
        line(&mut self.stderr, &mut self.seen[1], fits).await
    }

    /// Waits for the end; what was read before is part of what the run left.
    ///
    /// # Panics
    ///
    /// If the program does not end in time, or writes what is not text.
    pub async fn end(self) -> Run {
        let Self {
            mut child,
            mut stdout,
            mut stderr,
            seen: [mut out, mut err],
        } = self;
        let all = async {
            let (read_out, read_err, status) = tokio::join!(
                stdout.read_to_string(&mut out),
                stderr.read_to_string(&mut err),
                child.wait()
            );
            read_out.expect("standard output is text");
            read_err.expect("standard error is text");
            status.expect("the program ends")
        };
        let status = timeout(RUN_MAX, all)
            .await
            .expect("the program ends in time");
        Run {
            code: status.code().unwrap_or(-1),
            stdout: out,
            stderr: err,
        }
    }
}

async fn line(
    from: &mut BufReader<impl AsyncRead + Unpin>,
    seen: &mut String,
    fits: impl Fn(&str) -> bool,
) -> String {
    let found = async {
        loop {
            let start = seen.len();
            let read = from.read_line(seen).await.expect("text");
            assert!(read > 0, "the program ended: {seen}");
            if fits(seen[start..].trim_end()) {
                return seen[start..].trim_end().to_owned();
            }
        }
    };
    timeout(RUN_MAX, found)
        .await
        .expect("the line comes in time")
}

impl Run {
    /// Reads standard output as JSON.
    ///
    /// # Panics
    ///
    /// If it is none.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|_| panic!("no JSON: {self:?}"))
    }

    /// Returns the stable code of the error that people are shown.
    pub fn error_code(&self) -> Option<&str> {
        let label = self.stderr.split("error[").nth(1)?;
        label.split(']').next()
    }
}
