//! Answers, right and wrong, as bytes.

use std::io;

use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

/// How many bytes the large answers claim or send at a time.
const LARGE: usize = 10 << 20;

/// One way to answer a token request.
#[derive(Clone, Debug)]
pub enum Answer {
    /// A whole answer.
    Whole {
        /// Such as `200 OK`.
        status: &'static str,
        /// Lines of the head, each with its end.
        headers: String,
        /// The body.
        body: String,
    },
    /// A body of 10 MiB whose length is declared.
    Large,
    /// A body in chunks that ends only when the client hangs up.
    Endless,
    /// A body that ends before its declared length.
    CutShort,
    /// No answer, on a connection that stays open.
    Silent,
    /// No answer, on a connection that is closed.
    Closed,
    /// An answer that is not HTTP.
    NotHttp,
}

impl Answer {
    /// A JSON answer.
    pub fn json(status: &'static str, body: &str) -> Self {
        Self::Whole {
            status,
            headers: "Content-Type: application/json\r\n".to_owned(),
            body: body.to_owned(),
        }
    }

    /// A success with the given members beside the planted access token, such as `,"expires_in":3600`.
    pub fn token(more: &str) -> Self {
        let access_token = crate::plant::ACCESS_TOKEN;
        let body = format!(r#"{{"access_token":"{access_token}","token_type":"Bearer"{more}}}"#);
        Self::json("200 OK", &body)
    }

    /// Adds a header.
    #[must_use]
    pub fn with(mut self, line: &str) -> Self {
        if let Self::Whole { headers, .. } = &mut self {
            headers.push_str(line);
            headers.push_str("\r\n");
        }
        self
    }

    pub(super) async fn write(&self, stream: &mut TcpStream) -> io::Result<()> {
        const JSON: &str = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n";
        match self {
            Self::Whole {
                status,
                headers,
                body,
            } => {
                let length = body.len();
                // One exchange on each connection: a client must not find the next one half closed.
                let answer = format!(
                    "HTTP/1.1 {status}\r\n{headers}Connection: close\r\nContent-Length: {length}\r\n\r\n{body}"
                );
                stream.write_all(answer.as_bytes()).await
            }
            Self::Large => {
                let head = format!("{JSON}Content-Length: {LARGE}\r\n\r\n");
                stream.write_all(head.as_bytes()).await?;
                stream.write_all(&vec![b' '; LARGE]).await
            }
            Self::Endless => {
                let head = format!("{JSON}Transfer-Encoding: chunked\r\n\r\n");
                stream.write_all(head.as_bytes()).await?;
                let chunk = format!("10000\r\n{}\r\n", " ".repeat(0x1_0000));
                loop {
                    stream.write_all(chunk.as_bytes()).await?;
                }
            }
            Self::CutShort => {
                let answer =
                    format!("{JSON}Content-Length: 999\r\n\r\n{{\"access_token\":\"c4n4ry");
                stream.write_all(answer.as_bytes()).await
            }
            Self::Silent => std::future::pending().await,
            Self::Closed => Ok(()),
            Self::NotHttp => stream.write_all(b"c4n4ry is no HTTP\r\n\r\n").await,
        }
    }
}
