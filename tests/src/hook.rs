//! A service that Remote delivers webhooks to, and that hears one delivery.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// Listens on a loopback port for one delivery.
#[derive(Debug)]
pub struct Hook {
    url: String,
    heard: JoinHandle<Delivery>,
}

/// A delivery as it came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// The body, byte for byte.
    pub body: Vec<u8>,
    /// The value of `X-Remote-Signature`.
    pub signature: String,
    /// The value of `X-Remote-Timestamp`.
    pub timestamp: String,
}

impl Hook {
    /// Starts to listen.
    ///
    /// # Panics
    ///
    /// If there is no loopback port.
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0")
            .await
            .expect("a loopback port");
        let url = format!("http://{}/hook", listener.local_addr().expect("an address"));
        Self {
            url,
            heard: tokio::spawn(hear(listener)),
        }
    }

    /// Returns the address that a webhook callback is registered with.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Returns the delivery once it has come.
    ///
    /// # Panics
    ///
    /// If what came is no delivery.
    pub async fn delivery(self) -> Delivery {
        self.heard.await.expect("a delivery")
    }
}

async fn hear(listener: TcpListener) -> Delivery {
    let (mut stream, _) = listener.accept().await.expect("a connection");
    let mut received = Vec::new();
    let delivery = loop {
        let read = stream.read_buf(&mut received).await.expect("bytes");
        assert_ne!(read, 0, "the delivery is whole");
        if let Some(delivery) = whole(&received) {
            break delivery;
        }
    };
    let confirmed = b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n";
    stream.write_all(confirmed).await.expect("it still listens");
    delivery
}

/// Reads a delivery, once all of it is there.
fn whole(received: &[u8]) -> Option<Delivery> {
    let end = received.windows(4).position(|end| end == b"\r\n\r\n")?;
    let head = std::str::from_utf8(&received[..end]).expect("a head is text");
    let header = |name: &str| {
        let mut lines = head.lines().filter_map(|line| line.split_once(": "));
        let found = lines.find(|(sent, _)| sent.eq_ignore_ascii_case(name));
        found.expect("the header").1.to_owned()
    };
    let body = &received[end + 4..];
    let length: usize = header("Content-Length").parse().expect("a number");
    (body.len() == length).then(|| Delivery {
        body: body.to_owned(),
        signature: header("X-Remote-Signature"),
        timestamp: header("X-Remote-Timestamp"),
    })
}
