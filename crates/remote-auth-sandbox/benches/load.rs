//! The token endpoint under load, beside a floor in the same run: 64 connections that ask for client credentials.
//!
//! The floor is a bare `axum` handler that reads the same form and returns the very bytes, headers included, that the
//! sandbox once answered: no client authentication, no token made or remembered, no ledger.
//! Floor and sandbox are loaded in turn, round by round, so that the ratio holds while the machine's speed drifts.
//! The load comes from the same process over real sockets, by hand, so that little of what is measured is the load's.
//!
//! ```sh
//! cargo bench -p remote-auth-sandbox --bench load
//! ```

#![expect(clippy::print_stdout, reason = "a bench prints its figures")]
#![expect(
    clippy::disallowed_methods,
    reason = "a bench reads the clock, and sends the secret of its own sandbox"
)]

use std::{
    io,
    sync::Arc,
    time::{Duration, Instant},
};

use axum::{
    Router,
    body::Bytes,
    http::{HeaderMap, StatusCode},
    routing::post,
};
use base64::{Engine, engine::general_purpose::STANDARD};
use remote_auth_sandbox::{Gateway, Sandbox};
use secrecy::ExposeSecret;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::JoinSet,
};

const CONNECTIONS: usize = 64;
const ROUNDS: usize = 41;
const ROUND: Duration = Duration::from_millis(400);
const STARTS: usize = 100;
/// More requests than the sandbox keeps tokens, so that what grows further would never stop.
const FILLING: usize = 200_000;
/// The unit of the system's account of processor time, on every Linux that there is.
const TICK_US: f64 = 10_000.0;
const FORM: &str = "grant_type=client_credentials";

type Loaded = Result<usize, String>;

#[tokio::main(flavor = "multi_thread")]
async fn main() -> io::Result<()> {
    start_and_stop().await?;

    let sandbox = Sandbox::builder().rate_limited(false).start().await?;
    let gateway = sandbox.gateway_url(Gateway::Sandbox);
    let request = Arc::new(request(&sandbox));
    let mut ours = Side::at(gateway.trim_start_matches("http://"));
    let (head, body) = first_answer(&ours.address, &request).await?;
    let mut floor = Side::at(&bare_handler(&head, body).await?);

    ours.load(&request, Until::Count(FILLING)).await;
    let full_kib = resident_kib();
    ours.forget();
    for _ in 0..ROUNDS {
        floor.load(&request, Until::Time(ROUND)).await;
        ours.load(&request, Until::Time(ROUND)).await;
    }
    print(&floor, &ours);
    if let (Some(full), Some(now)) = (full_kib, resident_kib()) {
        let more: usize = ours.counts.iter().sum();
        println!(
            "resident memory: {full} KiB when every shelf was full, {now} KiB after {more} more tokens"
        );
    }
    sandbox.shutdown().await;
    Ok(())
}

fn print(floor: &Side, ours: &Side) {
    let pairs = ours.counts.iter().zip(&floor.counts);
    let ratio = median(pairs.map(|(ours, floor)| *ours as f64 / *floor as f64));
    let processor_ratio = floor.processor_us() / ours.processor_us();
    println!(
        "client credentials over {CONNECTIONS} connections, loopback, medians of {ROUNDS} rounds"
    );
    println!(
        "{:<32}{:>12}{:>8}{:>8}{:>14}{:>8}",
        "", "requests/s", "ratio", "must", "processor us", "ratio"
    );
    for (name, side, ratio, must, processor_ratio) in [
        ("floor: a bare axum handler", floor, 1.0, "", 1.0),
        ("embedded sandbox", ours, ratio, "0.70", processor_ratio),
    ] {
        println!(
            "{name:<32}{:>12.0}{ratio:>8.2}{must:>8}{:>14.1}{processor_ratio:>8.2}",
            side.per_s(),
            side.processor_us()
        );
    }
    println!("errors: {} and {}", floor.faults(), ours.faults());
}

/// One of the two servers, and what was measured of it.
struct Side {
    address: String,
    /// Answers in each round.
    counts: Vec<usize>,
    processor_ticks: u64,
    errors: Vec<String>,
}

impl Side {
    fn at(address: &str) -> Self {
        Self {
            address: address.to_owned(),
            counts: Vec::new(),
            processor_ticks: 0,
            errors: Vec::new(),
        }
    }

    async fn load(&mut self, request: &Arc<Vec<u8>>, until: Until) {
        let before = processor_ticks();
        match load(&self.address, request, until).await {
            Ok(count) => self.counts.push(count),
            Err(error) => self.errors.push(error),
        }
        self.processor_ticks += processor_ticks() - before;
    }

    /// Keeps the errors only.
    fn forget(&mut self) {
        self.counts.clear();
        self.processor_ticks = 0;
    }

    fn per_s(&self) -> f64 {
        median(
            self.counts
                .iter()
                .map(|count| *count as f64 / ROUND.as_secs_f64()),
        )
    }

    /// Processor time for one request, the load's own included; steadier than the clock on a busy machine.
    fn processor_us(&self) -> f64 {
        self.processor_ticks as f64 * TICK_US / self.counts.iter().sum::<usize>() as f64
    }

    fn faults(&self) -> String {
        if self.errors.is_empty() {
            "none".to_owned()
        } else {
            self.errors.join("; ")
        }
    }
}

async fn start_and_stop() -> io::Result<()> {
    let (mut starts, mut stops) = (Vec::new(), Vec::new());
    for _ in 0..STARTS {
        let begin = Instant::now();
        let sandbox = Sandbox::start().await?;
        let started = begin.elapsed();
        sandbox.shutdown().await;
        starts.push(started);
        stops.push(begin.elapsed() - started);
    }
    let ms = |times: Vec<Duration>| median(times.into_iter().map(|time| time.as_secs_f64() * 1e3));
    println!(
        "one sandbox starts in {:.2} ms and stops in {:.2} ms, medians of {STARTS}\n",
        ms(starts),
        ms(stops)
    );
    Ok(())
}

fn median(figures: impl Iterator<Item = f64>) -> f64 {
    let mut figures: Vec<f64> = figures.collect();
    figures.sort_by(f64::total_cmp);
    figures.get(figures.len() / 2).copied().unwrap_or(f64::NAN)
}

/// Processor time that this process has used; none where the system does not tell it in Linux's way.
fn processor_ticks() -> u64 {
    let line = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // The second field is a name in parentheses, which may hold blanks; the 14th and the 15th are meant.
    let fields = line
        .rsplit_once(')')
        .map_or("", |(_, fields)| fields)
        .trim();
    let ticks = fields.split(' ').skip(11).take(2);
    ticks.map(|ticks| ticks.parse::<u64>().unwrap_or(0)).sum()
}

/// What the system says that this process holds in memory, where it says so.
fn resident_kib() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.trim().trim_end_matches(" kB").parse().ok()
}

/// One good token request, as bytes.
fn request(sandbox: &Sandbox) -> Vec<u8> {
    let secret = sandbox.client_secret().expose_secret();
    let pair = STANDARD.encode(format!("{}:{secret}", sandbox.client_id()));
    let head = format!(
        "POST /auth/oauth2/token HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: Basic {pair}\r\n\
         content-type: application/x-www-form-urlencoded\r\ncontent-length: {}\r\n\r\n{FORM}",
        FORM.len()
    );
    head.into_bytes()
}

/// Serves the same answer to every form that names a grant type.
async fn bare_handler(head: &str, body: Bytes) -> io::Result<String> {
    let mut headers = HeaderMap::new();
    for line in head.lines().skip(1) {
        let (name, value) = line.split_once(": ").unwrap_or_default();
        // The server writes these two itself.
        if !matches!(name, "" | "content-length" | "date") {
            let name: axum::http::HeaderName = name.parse().expect("a header's name");
            headers.insert(name, value.parse().expect("a header's value"));
        }
    }
    let answer = move |form: Bytes| {
        let is_good = form_urlencoded::parse(&form)
            .any(|(name, value)| name == "grant_type" && value == "client_credentials");
        let answer = if is_good {
            (StatusCode::OK, headers.clone(), body.clone())
        } else {
            (StatusCode::BAD_REQUEST, HeaderMap::new(), Bytes::new())
        };
        std::future::ready(answer)
    };
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?.to_string();
    let router = Router::new().route("/auth/oauth2/token", post(answer));
    tokio::spawn(async move { axum::serve(listener, router).await });
    Ok(address)
}

#[derive(Clone, Copy)]
enum Until {
    Count(usize),
    Time(Duration),
}

/// Sends one request after the other on each connection, and counts the answers.
async fn load(address: &str, request: &Arc<Vec<u8>>, until: Until) -> Loaded {
    let mut connections = JoinSet::new();
    let begin = Instant::now();
    for _ in 0..CONNECTIONS {
        let (address, request) = (address.to_owned(), Arc::clone(request));
        connections.spawn(async move {
            let mut connection = Connection::open(&address).await?;
            let mut count = 0;
            while match until {
                Until::Count(all) => count < all / CONNECTIONS,
                Until::Time(time) => begin.elapsed() < time,
            } {
                let (head, _) = connection.ask(&request).await?;
                if !head.starts_with("HTTP/1.1 200 ") {
                    return Err(format!("answered with {}", &head[9..12]));
                }
                count += 1;
            }
            Ok(count)
        });
    }
    let counts: Vec<Loaded> = connections.join_all().await;
    counts.into_iter().sum()
}

async fn first_answer(address: &str, request: &[u8]) -> io::Result<(String, Bytes)> {
    let mut connection = Connection::open(address).await.map_err(io::Error::other)?;
    let (head, body) = connection.ask(request).await.map_err(io::Error::other)?;
    Ok((head.to_owned(), Bytes::copy_from_slice(body)))
}

/// One connection that stays open.
struct Connection {
    stream: TcpStream,
    received: Vec<u8>,
}

impl Connection {
    async fn open(address: &str) -> Result<Self, String> {
        let stream = TcpStream::connect(address)
            .await
            .map_err(|e| e.to_string())?;
        stream.set_nodelay(true).map_err(|e| e.to_string())?;
        Ok(Self {
            stream,
            received: Vec::with_capacity(4096),
        })
    }

    /// Sends a request and reads its answer: the head without its empty line, and the body.
    async fn ask(&mut self, request: &[u8]) -> Result<(&str, &[u8]), String> {
        self.stream
            .write_all(request)
            .await
            .map_err(|e| e.to_string())?;
        self.received.clear();
        loop {
            let read = self.stream.read_buf(&mut self.received).await;
            if read.map_err(|e| e.to_string())? == 0 {
                return Err("closed early".to_owned());
            }
            if let Some((head, length)) = split(&self.received)
                && self.received.len() == head + 4 + length
            {
                let (head, rest) = self.received.split_at(head);
                let head = std::str::from_utf8(head).map_err(|e| e.to_string())?;
                return Ok((head, &rest[4..]));
            }
        }
    }
}

/// Finds the length of the head, and of the body that it announces.
fn split(answer: &[u8]) -> Option<(usize, usize)> {
    const LENGTH: &[u8] = b"content-length: ";
    let head = answer.windows(4).position(|four| four == b"\r\n\r\n")?;
    let place = answer[..head]
        .windows(LENGTH.len())
        .position(|name| name == LENGTH)?;
    let digits = answer[place + LENGTH.len()..head]
        .split(|&byte| byte == b'\r')
        .next()?;
    Some((head, std::str::from_utf8(digits).ok()?.parse().ok()?))
}
