//! One run of a client: started, asked step by step, ended.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{
    AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader, DuplexStream,
    Take,
};
use tokio::process::Command;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::contract::{Answer, Step};

/// The most that a client may say in one run, on each of its outputs, in bytes.
const OUTPUT_MAX: u64 = 1 << 20;

type Telling = Pin<Box<dyn Future<Output = String> + Send>>;

/// How a client is reached.
#[derive(Clone)]
pub(super) enum Reach {
    /// A program and its arguments.
    Command(Vec<String>),
    /// A function of this process.
    Within(Arc<dyn Fn(DuplexStream) -> Telling + Send + Sync>),
}

/// A client that runs.
pub(super) struct Session {
    input: Box<dyn AsyncWrite + Send + Unpin>,
    output: BufReader<Take<Box<dyn AsyncRead + Send + Unpin>>>,
    told: Told,
}

/// The task that waits for the end of the client. Without its session it, and the process with it, is ended.
struct Told(JoinHandle<String>);

impl Drop for Told {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Why there is no answer.
pub(super) enum Silence {
    /// The client takes too long.
    TooLong,
    /// The client ended, or closed its output.
    Ended,
    /// What came is no answer.
    NoAnswer,
}

impl Silence {
    pub(super) fn shown(&self) -> &'static str {
        match self {
            Self::TooLong => "the client did not answer in time",
            Self::Ended => "the client ended without an answer",
            Self::NoAnswer => "the client's answer is not one line of JSON as the contract has it",
        }
    }
}

impl Session {
    pub(super) fn start(reach: &Reach) -> io::Result<Self> {
        match reach {
            Reach::Command(words) => Self::spawn(words),
            Reach::Within(run) => {
                let (ours, theirs) = tokio::io::duplex(64 << 10);
                let (output, input) = tokio::io::split(ours);
                Ok(Self::over(input, output, tokio::spawn(run(theirs))))
            }
        }
    }

    fn spawn(words: &[String]) -> io::Result<Self> {
        let (program, arguments) = words.split_first().ok_or(io::ErrorKind::InvalidInput)?;
        let mut child = Command::new(program)
            .args(arguments)
            // A proxy between the two would be judged too.
            .env("NO_PROXY", "127.0.0.1")
            .env("no_proxy", "127.0.0.1")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let input = child.stdin.take().expect("standard input is a pipe");
        let output = child.stdout.take().expect("standard output is a pipe");
        let errors = child.stderr.take().expect("standard error is a pipe");
        let told = tokio::spawn(async move {
            let mut told = Vec::new();
            let mut errors = errors.take(OUTPUT_MAX);
            // What could be read is judged, and the end of the process is waited for either way.
            errors.read_to_end(&mut told).await.ok();
            drop(errors);
            child.wait().await.ok();
            String::from_utf8_lossy(&told).into_owned()
        });
        Ok(Self::over(input, output, told))
    }

    fn over(
        input: impl AsyncWrite + Send + Unpin + 'static,
        output: impl AsyncRead + Send + Unpin + 'static,
        told: JoinHandle<String>,
    ) -> Self {
        let output: Box<dyn AsyncRead + Send + Unpin> = Box::new(output);
        Self {
            input: Box::new(input),
            output: BufReader::new(output.take(OUTPUT_MAX)),
            told: Told(told),
        }
    }

    /// Puts one step, and waits for its answer.
    pub(super) async fn ask(&mut self, step: &Step, patience: Duration) -> Result<Answer, Silence> {
        let mut line = serde_json::to_string(step).expect("a step has text keys only");
        line.push('\n');
        let exchange = async {
            self.input.write_all(line.as_bytes()).await?;
            self.input.flush().await?;
            let mut answer = String::new();
            self.output.read_line(&mut answer).await?;
            io::Result::Ok(answer)
        };
        let answer = timeout(patience, exchange)
            .await
            .map_err(|_| Silence::TooLong)?;
        let answer = answer.map_err(|_| Silence::Ended)?;
        if answer.is_empty() {
            return Err(Silence::Ended);
        }
        serde_json::from_str(&answer).map_err(|_| Silence::NoAnswer)
    }

    /// Closes the client's input, waits for its end, and returns what it said on standard error.
    ///
    /// A client that does not end is ended, and what it said is not known.
    pub(super) async fn end(self, patience: Duration) -> Option<String> {
        let Self {
            input,
            output,
            mut told,
        } = self;
        // A half of a pair keeps the other open until both are gone.
        drop((input, output));
        timeout(patience, &mut told.0).await.ok()?.ok()
    }
}

/// Parts a line into words at blanks outside double quotes.
pub fn words(line: &str) -> Vec<String> {
    let (mut words, mut quoted, mut within) = (Vec::<String>::new(), false, false);
    for c in line.chars() {
        if c.is_whitespace() && !quoted {
            within = false;
            continue;
        }
        if !std::mem::replace(&mut within, true) {
            words.push(String::new());
        }
        match (c, words.last_mut()) {
            ('"', _) => quoted = !quoted,
            (_, Some(word)) => word.push(c),
            (_, None) => {}
        }
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_parted_as_a_shell_parts_it() {
        for (line, parted) in [
            ("a  b\n c ", &["a", "b", "c"][..]),
            (r#"a "b c" d"#, &["a", "b c", "d"]),
            (r#"a "" b"#, &["a", "", "b"]),
            (r#"--x="b c" é"#, &["--x=b c", "é"]),
            ("", &[]),
        ] {
            assert_eq!(words(line), parted, "{line}");
        }
    }
}
