//! A server that answers with bytes, for what HTTP libraries refuse to do.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// What a [`RawServer`] does after it has read a request and said its piece.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// Closes in order.
    Close,
    /// Resets the connection.
    Reset,
    /// Says nothing more and keeps the connection.
    Hang,
    /// Repeats a piece until the client goes away.
    Repeat(&'static [u8]),
}

/// Answers every connection with the same bytes, and counts.
///
/// It lives on the runtime on which it was started, and ends when dropped.
#[derive(Debug)]
pub struct RawServer {
    gateway: String,
    counts: Arc<Counts>,
    task: JoinHandle<()>,
}

#[derive(Debug, Default)]
struct Counts {
    requests: AtomicUsize,
    bytes: AtomicU64,
}

impl RawServer {
    /// Starts to listen on a loopback address.
    ///
    /// # Errors
    ///
    /// What the operating system says.
    pub async fn start(says: impl Into<Vec<u8>>, ending: Ending) -> std::io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let gateway = format!("http://{}", listener.local_addr()?);
        let counts = Arc::new(Counts::default());
        let (shared, says) = (Arc::clone(&counts), Arc::<[u8]>::from(says.into()));
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (counts, says) = (Arc::clone(&shared), Arc::clone(&says));
                // A client that goes away ends the answer, and that is no fault of the server's.
                tokio::spawn(async move { answer(stream, &says, ending, &counts).await.ok() });
            }
        });
        Ok(Self {
            gateway,
            counts,
            task,
        })
    }

    /// Returns the base address.
    pub fn gateway(&self) -> &str {
        &self.gateway
    }

    /// Stops listening, and returns when nothing listens any more.
    pub async fn stop(mut self) {
        self.task.abort();
        // The task was cancelled, which is what was wanted.
        (&mut self.task).await.ok();
    }

    /// Returns how many whole requests came.
    pub fn requests(&self) -> usize {
        self.counts.requests.load(Ordering::Relaxed)
    }

    /// Returns how many bytes of answers were taken off the server's hands.
    pub fn bytes_sent(&self) -> u64 {
        self.counts.bytes.load(Ordering::Relaxed)
    }
}

impl Drop for RawServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn answer(
    mut stream: TcpStream,
    says: &[u8],
    ending: Ending,
    counts: &Counts,
) -> std::io::Result<()> {
    read_request(&mut stream).await?;
    counts.requests.fetch_add(1, Ordering::Relaxed);
    say(stream, says, ending, |taken| {
        counts.bytes.fetch_add(taken, Ordering::Relaxed);
        true
    })
    .await
}

/// Says a piece and ends as told. `goes_on` hears how much of a repetition was taken, and may stop it.
pub(crate) async fn say(
    mut stream: TcpStream,
    says: &[u8],
    ending: Ending,
    mut goes_on: impl FnMut(u64) -> bool,
) -> std::io::Result<()> {
    stream.write_all(says).await?;
    match ending {
        Ending::Close => stream.shutdown().await,
        Ending::Reset => stream.set_zero_linger(),
        // The client closes when it has had enough.
        Ending::Hang => stream.read(&mut [0]).await.map(drop),
        Ending::Repeat(piece) => {
            let mut on = true;
            while on {
                stream.write_all(piece).await?;
                on = goes_on(piece.len() as u64);
            }
            stream.shutdown().await
        }
    }
}

/// Reads one request to its last byte, so that closing afterwards is not taken for a reset.
pub(crate) async fn read_request(stream: &mut TcpStream) -> std::io::Result<Vec<u8>> {
    let mut request = Vec::new();
    loop {
        if stream.read_buf(&mut request).await? == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        let text = String::from_utf8_lossy(&request);
        let Some((head, body)) = text.split_once("\r\n\r\n") else {
            continue;
        };
        let length = head.to_ascii_lowercase().lines().find_map(|line| {
            let value = line.strip_prefix("content-length:")?;
            value.trim().parse::<usize>().ok()
        });
        if body.len() >= length.unwrap_or(0) {
            return Ok(request);
        }
    }
}
