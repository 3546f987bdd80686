//! The server that the suite plays: by bytes, so that it can also do what no server should.
//!
//! It judges nothing and shares no rule with the embedded sandbox. Whatever comes to an address that ends in `/token`
//! is taken for a token request, so that a client with one fault is still seen doing everything else.

use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU16, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::task::{JoinHandle, JoinSet};

use crate::socket::{Ending, read_request, say};

/// The most that is given to a client that does not stop reading.
pub(super) const FLOOD_MAX: u64 = 32 << 20;

/// How long connections may stay open after the client has ended.
const CLOSING_MAX: Duration = Duration::from_secs(5);

/// One request, as it came.
#[derive(Clone, Default)]
pub(super) struct Request {
    pub(super) method: String,
    pub(super) path: String,
    pub(super) query: Option<String>,
    headers: Vec<(String, String)>,
    pub(super) body: String,
}

impl Request {
    fn read(bytes: &[u8]) -> Self {
        let text = String::from_utf8_lossy(bytes);
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
        let mut lines = head.lines();
        let mut first = lines.next().unwrap_or_default().split(' ');
        let (method, target) = (
            first.next().unwrap_or_default(),
            first.next().unwrap_or_default(),
        );
        let (path, query) = match target.split_once('?') {
            Some((path, query)) => (path, Some(query.to_owned())),
            None => (target, None),
        };
        let headers = lines
            .filter_map(|line| line.split_once(':'))
            .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
            .collect();
        Self {
            method: method.to_owned(),
            path: path.to_owned(),
            query,
            headers,
            body: body.to_owned(),
        }
    }

    /// Returns every value of a header.
    pub(super) fn headers<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        let named = self.headers.iter().filter(move |(known, _)| known == name);
        named.map(|(_, value)| value.as_str())
    }

    /// Returns the bearer token that the request carries in its header.
    pub(super) fn bearer(&self) -> Option<&str> {
        self.headers("authorization")
            .find_map(|value| value.strip_prefix("Bearer "))
    }

    /// Returns the parameters of the body, in order. One that is JSON is read too: what it should have been is the
    /// matter of one check and not of all.
    pub(super) fn parameters(&self) -> Vec<(String, String)> {
        if let Ok(serde_json::Value::Object(members)) = serde_json::from_str(&self.body) {
            let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
            return members
                .iter()
                .map(|(name, value)| (name.clone(), text(value)))
                .collect();
        }
        form_urlencoded::parse(self.body.as_bytes())
            .into_owned()
            .collect()
    }

    /// Returns a parameter of the body.
    pub(super) fn parameter(&self, name: &str) -> Option<String> {
        let mut parameters = self.parameters().into_iter();
        parameters.find_map(|(known, value)| (known == name).then_some(value))
    }

    fn asks_for_a_token(&self) -> bool {
        self.path.ends_with("/token")
    }

    fn shown(&self) -> String {
        let query = self
            .query
            .as_ref()
            .map(|query| format!("?{query}"))
            .unwrap_or_default();
        let mut text = format!("{} {}{query}\n", self.method, self.path);
        for (name, value) in &self.headers {
            text.push_str(&format!("{name}: {value}\n"));
        }
        text + "\n" + &self.body
    }
}

/// What is said to one request, byte for byte.
pub(super) struct Reply {
    pub(super) says: Vec<u8>,
    pub(super) ending: Ending,
}

impl Reply {
    /// Answers with JSON.
    pub(super) fn json(status: u16, body: &str) -> Self {
        Self::with(status, "application/json", &[], body)
    }

    /// Answers with any media type and more headers.
    pub(super) fn with(status: u16, media_type: &str, headers: &[&str], body: &str) -> Self {
        let mut head = format!(
            "HTTP/1.1 {status} Scripted\r\ncontent-type: {media_type}\r\nconnection: close\r\n"
        );
        for header in headers {
            head.push_str(header);
            head.push_str("\r\n");
        }
        Self {
            says: format!("{head}content-length: {}\r\n\r\n{body}", body.len()).into(),
            ending: Ending::Close,
        }
    }

    /// Sends the client elsewhere.
    pub(super) fn redirect(status: u16, to: &str) -> Self {
        Self::with(status, "text/plain", &[&format!("location: {to}")], "")
    }

    /// Resets the connection after the request was read.
    pub(super) fn reset() -> Self {
        Self {
            says: Vec::new(),
            ending: Ending::Reset,
        }
    }

    /// Stops in the middle of a good answer.
    pub(super) fn cut() -> Self {
        let head = "HTTP/1.1 200 Scripted\r\ncontent-type: application/json\r\nconnection: close\r\ncontent-length: 999\r\n\r\n";
        Self {
            says: format!("{head}{{\"access_token\":").into(),
            ending: Ending::Close,
        }
    }

    /// Begins a good answer and does not end it.
    pub(super) fn endless() -> Self {
        let head =
            "HTTP/1.1 200 Scripted\r\ncontent-type: application/json\r\nconnection: close\r\n\r\n";
        Self {
            says: format!("{head}{{\"access_token\":\"").into(),
            ending: Ending::Repeat(&[b'a'; 64 << 10]),
        }
    }
}

type Says = Box<dyn Fn(&Request, usize) -> Reply + Send + Sync>;

/// What the server says to token requests and to all others. Each is told how many of its kind came before.
pub(super) struct Script {
    token: Says,
    api: Says,
}

impl Script {
    pub(super) fn new(
        token: impl Fn(&Request, usize) -> Reply + Send + Sync + 'static,
        api: impl Fn(&Request, usize) -> Reply + Send + Sync + 'static,
    ) -> Self {
        Self {
            token: Box::new(token),
            api: Box::new(api),
        }
    }
}

/// Keeps what went over the line, in order, until it is handed to a record.
pub(super) type Log = Arc<Mutex<Vec<(String, String)>>>;

/// Adds an exchange to a log.
pub(super) fn note(log: &Log, request: String, answer: String) {
    locked(log).push((request, answer));
}

pub(super) fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Whole values are pushed and taken; there is no half-done state that a panic could leave.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Serves on loopback until it is stopped.
pub(super) struct Server {
    address: SocketAddr,
    shared: Arc<Shared>,
    task: JoinHandle<()>,
}

struct Shared {
    script: Script,
    log: Log,
    requests: Mutex<Vec<Request>>,
    flooded: AtomicU64,
    /// The port of the connection that ends the service.
    last: AtomicU16,
}

impl Server {
    pub(super) async fn start(script: Script, log: &Log) -> io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared {
            script,
            log: Arc::clone(log),
            requests: Mutex::default(),
            flooded: AtomicU64::new(0),
            last: AtomicU16::new(0),
        });
        let task = tokio::spawn(serve(listener, Arc::clone(&shared)));
        Ok(Self {
            address,
            shared,
            task,
        })
    }

    pub(super) fn gateway(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Takes what has come already, then no more, and returns it.
    ///
    /// Silence is often the pass, so it has to be real: connections are accepted in order, and one of our own comes
    /// last.
    pub(super) async fn stop(&mut self) -> io::Result<Vec<Request>> {
        let socket = TcpSocket::new_v4()?;
        socket.bind(([127, 0, 0, 1], 0).into())?;
        self.shared
            .last
            .store(socket.local_addr()?.port(), Ordering::SeqCst);
        let last = socket.connect(self.address).await?;
        if tokio::time::timeout(CLOSING_MAX, &mut self.task)
            .await
            .is_err()
        {
            self.task.abort();
        }
        drop(last);
        Ok(std::mem::take(&mut *locked(&self.shared.requests)))
    }

    /// Returns how much of endless answers was taken, in bytes.
    pub(super) fn flooded(&self) -> u64 {
        self.shared.flooded.load(Ordering::SeqCst)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(listener: TcpListener, shared: Arc<Shared>) {
    let mut open = JoinSet::new();
    while let Ok((stream, peer)) = listener.accept().await {
        if peer.port() == shared.last.load(Ordering::SeqCst) {
            break;
        }
        let shared = Arc::clone(&shared);
        // A client that goes away early is some of the checks' very point.
        open.spawn(async move { answer(stream, &shared).await.ok() });
    }
    open.join_all().await;
}

async fn answer(mut stream: TcpStream, shared: &Shared) -> io::Result<()> {
    let request = Request::read(&read_request(&mut stream).await?);
    let reply = {
        let mut requests = locked(&shared.requests);
        let is_token = request.asks_for_a_token();
        let before = requests
            .iter()
            .filter(|earlier| earlier.asks_for_a_token() == is_token)
            .count();
        requests.push(request.clone());
        let says = if is_token {
            &shared.script.token
        } else {
            &shared.script.api
        };
        says(&request, before)
    };
    let said = match (reply.says.is_empty(), reply.ending) {
        (true, _) => "[connection reset]".to_owned(),
        (false, Ending::Repeat(_)) => {
            format!("{}… without end", String::from_utf8_lossy(&reply.says))
        }
        (false, _) => String::from_utf8_lossy(&reply.says).into_owned(),
    };
    note(&shared.log, request.shown(), said);
    say(stream, &reply.says, reply.ending, |taken| {
        shared.flooded.fetch_add(taken, Ordering::SeqCst) + taken < FLOOD_MAX
    })
    .await
}

/// Parts what came into token requests and all others.
pub(super) fn parted(requests: Vec<Request>) -> (Vec<Request>, Vec<Request>) {
    requests.into_iter().partition(Request::asks_for_a_token)
}
