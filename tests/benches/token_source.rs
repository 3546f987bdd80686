//! The token source beside floors in the same run: what a fresh token costs, and what a herd of callers costs.
//!
//! Floor and source are measured in turn, round by round, so that the ratios hold while the machine's speed drifts.
//!
//! ```sh
//! cargo xtask bench token_source
//! ```

#![expect(clippy::print_stdout, reason = "a bench prints its figures")]
#![expect(clippy::disallowed_methods, reason = "a bench reads the clock")]

use std::cell::RefCell;
use std::hint::black_box;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use http::HeaderValue;
use remote_auth::{CachedTokenSource, Client, Environment};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Mutex;

const HERD: usize = 10_000;
const ROUNDS: usize = 9;
const DELAY: Duration = Duration::from_millis(50);

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime");
    println!(
        "{:<52}{:>10}{:>10}{:>8}{:>8}{:>10}",
        "", "floor", "ours", "ratio", "must", "moonshot"
    );
    runtime.block_on(async {
        fresh().await;
        herd_without_a_token().await;
        herd_that_is_refused().await;
        herd_in_the_early_window().await;
    });
}

/// A table's row; a limit is a ratio, or a figure where there is no floor.
fn row(what: &str, floor: &str, ours: &str, ratio: Option<f64>, must: &str, moonshot: &str) {
    let ratio = ratio.map_or_else(|| "-".to_owned(), |ratio| format!("{ratio:.2}"));
    println!("{what:<52}{floor:>10}{ours:>10}{ratio:>8}{must:>8}{moonshot:>10}");
}

fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures[figures.len() / 2]
}

// A fresh token and its header value.

/// What nobody can do better: a value per thread behind a generation counter, and the coarse clock.
mod floor {
    use super::*;

    static GENERATION: AtomicU64 = AtomicU64::new(1);

    thread_local! {
        static KEPT: RefCell<Option<(u64, i64, HeaderValue)>> = const { RefCell::new(None) };
    }

    fn coarse_s() -> i64 {
        rustix::time::clock_gettime(rustix::time::ClockId::MonotonicCoarse).tv_sec
    }

    pub(super) fn value() -> HeaderValue {
        let generation = GENERATION.load(Ordering::Acquire);
        KEPT.with_borrow_mut(|kept| match kept {
            Some((of, until, value)) if *of == generation && coarse_s() < *until => value.clone(),
            _ => {
                let mut value = HeaderValue::from_str(&format!("Bearer {}", "t".repeat(1024)))
                    .expect("printable");
                value.set_sensitive(true);
                *kept = Some((generation, coarse_s() + 3000, value.clone()));
                value
            }
        })
    }
}

#[derive(Clone, Copy)]
enum Way {
    Floor,
    Lent,
    Cloned,
    Token,
}

async fn once(way: Way, source: &CachedTokenSource) {
    match way {
        Way::Floor => drop(black_box(floor::value())),
        Way::Lent => {
            let lent = source.with_authorization(|value| {
                black_box(value);
            });
            lent.await.expect("a fresh token");
        }
        Way::Cloned => drop(black_box(
            source.authorization().await.expect("a fresh token"),
        )),
        Way::Token => drop(black_box(source.token().await.expect("a fresh token"))),
    }
}

fn cpu() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    Duration::try_from(time).expect("it counts from zero")
}

/// CPU time of one operation in ns.
async fn cpu_ns(way: Way, source: &CachedTokenSource, tasks: usize) -> f64 {
    const OPERATIONS: usize = 2_000_000;
    let each = OPERATIONS / tasks;
    let start = cpu();
    let tasks: Vec<_> = (0..tasks)
        .map(|_| {
            let source = source.clone();
            tokio::spawn(async move {
                for turn in 0..each {
                    once(way, &source).await;
                    if turn % 1024 == 0 {
                        tokio::task::yield_now().await;
                    }
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.expect("no panic");
    }
    (cpu() - start).as_secs_f64() * 1e9 / OPERATIONS as f64
}

async fn fresh() {
    let server = Endpoint::start(Duration::ZERO, Answer::Token { life_s: 3600 }).await;
    let source = server.client().client_credentials();
    source.token().await.expect("the first token");
    let ways = [
        (Way::Lent, "lent"),
        (Way::Cloned, "cloned"),
        (Way::Token, "the token itself"),
    ];
    for (tasks, must, moonshot) in [(1, "2.0", "1.2"), (64, "2.5", "1.3")] {
        for (way, name) in ways {
            let mut rounds = Vec::new();
            for _ in 0..ROUNDS {
                rounds.push((
                    cpu_ns(Way::Floor, &source, tasks).await,
                    cpu_ns(way, &source, tasks).await,
                ));
            }
            let floor = median(rounds.iter().map(|round| round.0).collect());
            let ours = median(rounds.iter().map(|round| round.1).collect());
            let ratio = median(rounds.iter().map(|round| round.1 / round.0).collect());
            row(
                &format!("W1 fresh, {tasks} task(s), {name}: CPU ns"),
                &format!("{floor:.1}"),
                &format!("{ours:.1}"),
                Some(ratio),
                must,
                moonshot,
            );
        }
    }
}

// Herds.

/// Starts `HERD` tasks at once; returns how long until the last has its answer, and each one's own wait.
async fn herd<F: Future<Output = ()> + Send + 'static>(caller: impl Fn() -> F) -> (f64, Vec<f64>) {
    let start = Instant::now();
    let tasks: Vec<_> = (0..HERD)
        .map(|_| {
            let call = caller();
            tokio::spawn(async move {
                let start = Instant::now();
                call.await;
                start.elapsed().as_secs_f64() * 1e3
            })
        })
        .collect();
    let mut waits = Vec::with_capacity(HERD);
    for task in tasks {
        waits.push(task.await.expect("no panic"));
    }
    (start.elapsed().as_secs_f64() * 1e3, waits)
}

/// One asynchronous mutex with a second look inside.
async fn herd_of_the_floor(server: &Arc<Endpoint>) -> f64 {
    let kept: Arc<Mutex<Option<String>>> = Arc::default();
    let client = server.client();
    let call = || {
        let (kept, http, server) = (Arc::clone(&kept), client.http().clone(), Arc::clone(server));
        async move {
            let mut kept = kept.lock().await;
            if kept.is_none() {
                let form = [("grant_type", "client_credentials")];
                let request = http.post(format!("{}/auth/oauth2/token", server.gateway));
                let body = form_urlencoded::Serializer::new(String::new())
                    .extend_pairs(form)
                    .finish();
                let answer = request.body(body).send().await.expect("an answer");
                *kept = Some(answer.text().await.expect("a body"));
            }
            black_box(kept.as_ref().map(String::len));
        }
    };
    herd(call).await.0
}

async fn herd_without_a_token() {
    let mut rounds = Vec::new();
    let mut requests = 0;
    for _ in 0..ROUNDS {
        let server = Endpoint::start(DELAY, Answer::Token { life_s: 3600 }).await;
        let floor = herd_of_the_floor(&server).await;
        let server = Endpoint::start(DELAY, Answer::Token { life_s: 3600 }).await;
        let source = server.client().client_credentials();
        let call = || {
            let source = source.clone();
            async move { drop(source.token().await.expect("a token")) }
        };
        let (ours, _) = herd(call).await;
        requests = requests.max(server.requests.load(Ordering::SeqCst));
        rounds.push((floor, ours));
    }
    let floor = median(rounds.iter().map(|round| round.0).collect());
    let ours = median(rounds.iter().map(|round| round.1).collect());
    let ratio = median(rounds.iter().map(|round| round.1 / round.0).collect());
    row(
        "W2 10,000 without a token: requests",
        "1",
        &requests.to_string(),
        None,
        "1",
        "1",
    );
    row(
        "W2 10,000 without a token: wall ms",
        &format!("{floor:.1}"),
        &format!("{ours:.1}"),
        Some(ratio),
        "1.0",
        "0.85",
    );
}

async fn herd_that_is_refused() {
    let (mut walls, mut requests) = (Vec::new(), 0);
    for _ in 0..ROUNDS {
        let server = Endpoint::start(DELAY, Answer::Refusal).await;
        let source = server.client().client_credentials();
        let call = || {
            let source = source.clone();
            async move { drop(source.token().await.expect_err("refused")) }
        };
        walls.push(herd(call).await.0);
        requests = requests.max(server.requests.load(Ordering::SeqCst));
    }
    row(
        "W2 10,000 refused: requests",
        "1",
        &requests.to_string(),
        None,
        "1",
        "1",
    );
    row(
        "W2 10,000 refused: ms until all have the error",
        &format!("{:.1}", DELAY.as_secs_f64() * 1e3),
        &format!("{:.1}", median(walls)),
        None,
        "100",
        "65",
    );
}

async fn herd_in_the_early_window() {
    let server = Endpoint::start(DELAY, Answer::Token { life_s: 2 }).await;
    let source = server.client().client_credentials();
    let (mut worst, mut requests) = (Vec::new(), 0);
    for _ in 0..3 {
        source.token().await.expect("a token");
        // Past half its life it ages.
        tokio::time::sleep(Duration::from_millis(1200)).await;
        let before = server.requests.load(Ordering::SeqCst);
        let call = || {
            let source = source.clone();
            async move { drop(source.token().await.expect("a token")) }
        };
        let (_, waits) = herd(call).await;
        worst.push(waits.into_iter().fold(0.0, f64::max));
        tokio::time::sleep(DELAY * 2).await;
        requests = requests.max(server.requests.load(Ordering::SeqCst) - before);
    }
    row(
        "W2 10,000 in the early window: requests",
        "1",
        &requests.to_string(),
        None,
        "1",
        "1",
    );
    row(
        "W2 10,000 in the early window: worst caller ms",
        "0",
        &format!("{:.2}", median(worst)),
        None,
        "5",
        "1",
    );
}

// A token endpoint that counts.

#[derive(Clone, Copy)]
enum Answer {
    Token { life_s: u64 },
    Refusal,
}

struct Endpoint {
    gateway: String,
    requests: AtomicUsize,
    delay: Duration,
    answer: String,
}

impl Endpoint {
    async fn start(delay: Duration, answer: Answer) -> Arc<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let (status, body) = match answer {
            Answer::Token { life_s } => {
                let token = "t".repeat(1024);
                let body = format!(
                    r#"{{"access_token":"{token}","token_type":"Bearer","expires_in":{life_s}}}"#
                );
                ("200 OK", body)
            }
            Answer::Refusal => (
                "400 Bad Request",
                r#"{"error":"invalid_client"}"#.to_owned(),
            ),
        };
        let head = "content-type: application/json\r\ncontent-length";
        let endpoint = Arc::new(Self {
            gateway: format!("http://{address}"),
            requests: AtomicUsize::new(0),
            delay,
            answer: format!("HTTP/1.1 {status}\r\n{head}: {}\r\n\r\n{body}", body.len()),
        });
        let serving = Arc::clone(&endpoint);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(Arc::clone(&serving).serve(stream));
            }
        });
        endpoint
    }

    /// A request arrives in one piece here; each piece that is read is a request.
    async fn serve(self: Arc<Self>, mut stream: TcpStream) {
        let mut buffer = vec![0; 8192];
        while stream.read(&mut buffer).await.is_ok_and(|read| read > 0) {
            self.requests.fetch_add(1, Ordering::SeqCst);
            tokio::time::sleep(self.delay).await;
            if stream.write_all(self.answer.as_bytes()).await.is_err() {
                return;
            }
        }
    }

    fn client(&self) -> Client {
        let environment = Environment::custom(&self.gateway).expect("loopback");
        let secret = "bench-secret-bench-secret-bench-1";
        let builder = Client::builder(environment).credentials("bench", secret);
        builder.build().expect("a client")
    }
}
