//! A server on a bare socket that gives numbered tokens and answers everything else by script.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Barrier;
use tokio::task::JoinHandle;

/// A request, as far as a skin decides over it.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    /// Such as `GET /v1/x`.
    pub(crate) line: String,
    /// What stands in `Authorization`, if anything does.
    pub(crate) authorization: Option<String>,
    /// The body, chunked or not, as it came.
    pub(crate) body: String,
}

/// Answers requests that are not for tokens: status line and header lines, each without its end.
type Script = Box<dyn Fn(&Seen) -> String + Send + Sync>;

/// Serves on a loopback port until it is dropped.
pub(crate) struct Server {
    pub(crate) gateway: String,
    log: Arc<Log>,
    task: JoinHandle<()>,
}

struct Log {
    held: usize,
    gate: Barrier,
    tokens: Mutex<usize>,
    seen: Mutex<Vec<Seen>>,
}

impl Log {
    /// Writes a request down and returns its number, from 1.
    fn push(&self, seen: Seen) -> usize {
        let mut all = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        all.push(seen);
        all.len()
    }
}

impl Server {
    pub(crate) async fn start(script: impl Fn(&Seen) -> String + Send + Sync + 'static) -> Self {
        Self::holding(1, script).await
    }

    /// Starts a server that answers none of the first requests before all of them are there.
    pub(crate) async fn holding(
        requests: usize,
        script: impl Fn(&Seen) -> String + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let gateway = format!("http://{}", listener.local_addr().expect("an address"));
        let script: Arc<Script> = Arc::new(Box::new(script));
        let log = Arc::new(Log {
            held: requests,
            gate: Barrier::new(requests),
            tokens: Mutex::default(),
            seen: Mutex::default(),
        });
        let shared = Arc::clone(&log);
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (log, script) = (Arc::clone(&shared), Arc::clone(&script));
                tokio::spawn(async move { serve(stream, &log, &script).await });
            }
        });
        Self { gateway, log, task }
    }

    /// Returns how many tokens were given.
    pub(crate) fn tokens(&self) -> usize {
        *self
            .log
            .tokens
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns what was asked, token requests left out.
    pub(crate) fn seen(&self) -> Vec<Seen> {
        let seen = self.log.seen.lock();
        seen.unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Returns what stood in `Authorization` of each.
    pub(crate) fn authorizations(&self) -> Vec<Option<String>> {
        self.seen()
            .into_iter()
            .map(|seen| seen.authorization)
            .collect()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(mut stream: TcpStream, log: &Log, script: &Script) -> Option<()> {
    let seen = read(&mut stream).await?;
    let (head, body) = if seen.line == "POST /auth/oauth2/token" {
        let mut tokens = log.tokens.lock().unwrap_or_else(PoisonError::into_inner);
        *tokens += 1;
        let token = format!(
            r#"{{"access_token":"token-{tokens}","token_type":"Bearer","expires_in":3600}}"#
        );
        ("200 OK".to_owned(), token)
    } else {
        let head = script(&seen);
        let number = log.push(seen);
        if number <= log.held {
            log.gate.wait().await;
        }
        (head, "{}".to_owned())
    };
    let length = body.len();
    let answer = format!(
        "HTTP/1.1 {head}\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n{body}"
    );
    stream.write_all(answer.as_bytes()).await.ok()?;
    stream.shutdown().await.ok()
}

async fn read(stream: &mut TcpStream) -> Option<Seen> {
    let mut received = Vec::new();
    loop {
        if stream.read_buf(&mut received).await.ok()? == 0 {
            return None;
        }
        let text = String::from_utf8_lossy(&received);
        let Some((head, body)) = text.split_once("\r\n\r\n") else {
            continue;
        };
        let header = |name: &str| {
            let mut lines = head.lines().filter_map(|line| line.split_once(": "));
            lines
                .find(|(known, _)| known.eq_ignore_ascii_case(name))
                .map(|(_, value)| value.to_owned())
        };
        let length = header("content-length").map_or(0, |length| length.parse().expect("a length"));
        let is_whole = match header("transfer-encoding") {
            Some(_) => body.ends_with("0\r\n\r\n"),
            None => body.len() >= length,
        };
        if is_whole {
            let line = head.lines().next().unwrap_or_default();
            return Some(Seen {
                line: line.trim_end_matches(" HTTP/1.1").to_owned(),
                authorization: header("authorization"),
                body: body.to_owned(),
            });
        }
    }
}
