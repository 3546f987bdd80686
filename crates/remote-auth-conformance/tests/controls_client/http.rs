//! HTTP as far as a small client needs it: one request, one connection, a bound on what is read.

use std::io;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// The most that is read of an answer, in bytes.
const ANSWER_MAX: usize = 1 << 20;

pub(crate) struct Request {
    pub(crate) method: &'static str,
    pub(crate) url: String,
    pub(crate) headers: Vec<String>,
    pub(crate) body: String,
}

#[derive(Debug)]
pub(crate) struct Response {
    pub(crate) status: u16,
    head: String,
    pub(crate) body: String,
}

impl Response {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut lines = self.head.lines().filter_map(|line| line.split_once(':'));
        lines.find_map(|(known, value)| known.eq_ignore_ascii_case(name).then_some(value.trim()))
    }
}

/// Why there is no answer.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    Reset,
    Cut,
    TooLarge,
}

/// Parts an address into origin, path and query.
pub(crate) fn parted(url: &str) -> (&str, &str) {
    let start = url.find("://").map_or(0, |at| at + 3);
    let end = url[start..].find('/').map_or(url.len(), |at| start + at);
    url.split_at(end)
}

/// Sends one request. Redirects are for the caller to follow, or not.
pub(crate) async fn send(request: &Request, bounded: bool) -> Result<Response, Fault> {
    let received = exchange(request, bounded).await.map_err(|_| Fault::Reset)?;
    let received = received.ok_or(Fault::TooLarge)?;
    let text = String::from_utf8_lossy(&received);
    let (head, body) = text.split_once("\r\n\r\n").ok_or(Fault::Reset)?;
    let status = head
        .split(' ')
        .nth(1)
        .and_then(|status| status.parse().ok());
    let response = Response {
        status: status.ok_or(Fault::Reset)?,
        head: head.to_owned(),
        body: body.to_owned(),
    };
    let length = response
        .header("content-length")
        .and_then(|length| length.parse::<usize>().ok());
    if length.is_some_and(|length| length > response.body.len()) {
        return Err(Fault::Cut);
    }
    Ok(response)
}

/// Returns all that came, or nothing where it was too much.
async fn exchange(request: &Request, bounded: bool) -> io::Result<Option<Vec<u8>>> {
    let (origin, target) = parted(&request.url);
    let host = origin.trim_start_matches("http://");
    let mut head = format!(
        "{} {target} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\ncontent-length: {}\r\n",
        request.method,
        request.body.len()
    );
    for header in &request.headers {
        head.push_str(header);
        head.push_str("\r\n");
    }
    let mut stream = TcpStream::connect(host).await?;
    stream
        .write_all(format!("{head}\r\n{}", request.body).as_bytes())
        .await?;
    let (mut received, mut piece) = (Vec::new(), vec![0; 64 << 10]);
    loop {
        let read = stream.read(&mut piece).await?;
        if read == 0 {
            return Ok(Some(received));
        }
        if received.len() < ANSWER_MAX {
            received.extend_from_slice(&piece[..read]);
        } else if bounded {
            return Ok(None);
        }
    }
}
