//! A server on loopback that answers one request and remembers it.

use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use url::Url;

use crate::transport::{Timeouts, http_client};

/// What the server answers.
pub(crate) struct Reply {
    status: u16,
    headers: String,
    body: String,
}

impl Reply {
    pub(crate) fn json(status: u16, body: &Value) -> Self {
        Self {
            status,
            headers: "Content-Type: application/json\r\n".to_owned(),
            body: body.to_string(),
        }
    }

    /// Adds a header line.
    pub(crate) fn with(mut self, line: &str) -> Self {
        self.headers += line;
        self.headers += "\r\n";
        self
    }
}

/// What the server was asked.
pub(crate) struct Seen {
    pub(crate) line: String,
    headers: Vec<(String, String)>,
    /// The body, or null where there is none.
    pub(crate) body: Value,
}

impl Seen {
    /// Returns a header's value, by its name in lower case.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(found, _)| found == name);
        found.map(|(_, value)| value.as_str())
    }
}

/// Serves one request of `exchange`, which gets the base address and an HTTP client.
pub(crate) async fn served<T>(
    reply: Reply,
    exchange: impl AsyncFnOnce(String, reqwest::Client) -> T,
) -> (T, Seen) {
    let listener = TcpListener::bind(("127.0.0.1", 0))
        .await
        .expect("loopback has a free port");
    let address = listener.local_addr().expect("it has an address");
    let base = format!("http://{address}");
    let url = Url::parse(&base).expect("it is an address");
    let http = http_client(&url, &Timeouts::default()).expect("loopback is allowed");
    let server = async {
        let (stream, _) = listener.accept().await.expect("the client connects");
        answer(stream, &reply).await
    };
    tokio::join!(exchange(base, http), server)
}

async fn answer(mut stream: TcpStream, reply: &Reply) -> Seen {
    let mut bytes = Vec::new();
    let seen = loop {
        let read = stream.read_buf(&mut bytes).await;
        assert_ne!(read.expect("the request is readable"), 0, "it ended early");
        if let Some(seen) = whole(&bytes) {
            break seen;
        }
    };
    let Reply {
        status,
        headers,
        body,
    } = reply;
    let length = body.len();
    let text = format!(
        "HTTP/1.1 {status} -\r\n{headers}Content-Length: {length}\r\nConnection: close\r\n\r\n{body}"
    );
    let written = stream.write_all(text.as_bytes()).await;
    written.expect("the answer is writable");
    seen
}

/// Reads a request, once all of it is there.
fn whole(bytes: &[u8]) -> Option<Seen> {
    let text = str::from_utf8(bytes).expect("the request is text");
    let (head, body) = text.split_once("\r\n\r\n")?;
    let mut lines = head.lines();
    let line = lines.next().expect("there is a request line").to_owned();
    let headers = lines.filter_map(|line| line.split_once(": "));
    let headers = headers.map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()));
    let mut seen = Seen {
        line,
        headers: headers.collect(),
        body: Value::Null,
    };
    let length = seen.header("content-length").unwrap_or("0");
    if body.len() < length.parse().expect("it is a number") {
        return None;
    }
    if !body.is_empty() {
        seen.body = serde_json::from_str(body).expect("the body is JSON");
    }
    Some(seen)
}
