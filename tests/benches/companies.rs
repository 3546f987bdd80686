//! Many companies beside floors in the same run: what one takes in memory, and what it costs to find one.
//!
//! The floor of a lookup is a `Vec` of what a program keeps of each company - header value, refresh token, end - which
//! is found by index: no name to look for, no lock, no use to write down.
//! It does what no lookup can leave out: it reads a clock, the coarse one, compares it with the end, and hands out a
//! clone of the value, of which the first byte is read, as whoever sends it reads it.
//! Ours reads the coarse clock too, and once more the system's, which a program has that chooses none.
//! Floor and ours take turns, each company once in a turn: between two lookups of a company a program does other things,
//! and neither side has a core's cache for itself.
//!
//! The floor of adding a company is a bare exchange over the same HTTP client.
//! The last rows have none: they say what the budget and the calendar do, on a clock that the bench moves.
//!
//! ```sh
//! cargo xtask bench companies
//! ```

#![expect(clippy::print_stdout, reason = "a bench prints its figures")]

#[path = "companies/adding.rs"]
mod adding;
#[path = "companies/endpoint.rs"]
mod endpoint;
#[path = "companies/simulated.rs"]
mod simulated;

use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use http::HeaderValue;
use remote_auth::companies::{
    CompanyId, CompanyKey, CompanyRecord, CompanyStore, CompanyTokens, Lease, LeaseFuture,
    LoadFuture, Stored, Swap, SwapFuture, Version,
};
use remote_auth::{Client, Clock, CoarseClock, Environment, Secret, SystemClock};

/// What each company has: header value, refresh token, key.
const PAYLOAD: [usize; 3] = [1031, 512, 36];

/// How many lookups there are for a row.
const LOOKUPS: usize = 3_000_000;

fn main() {
    println!(
        "{:<52}{:>10}{:>10}{:>8}{:>8}{:>10}",
        "", "floor", "ours", "ratio", "must", "moonshot"
    );
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    runtime.block_on(async {
        // Both in memory at once, before anything is freed that the second could use again.
        let coarse = || Arc::new(CoarseClock::default());
        let (few, each_of_few) = memory(10_000, coarse()).await;
        let (many, each_of_many) = memory(100_000, coarse()).await;
        let (system, _) = memory(10_000, Arc::new(SystemClock::new())).await;
        bytes_row(10_000, each_of_few);
        bytes_row(100_000, each_of_many);
        lookup(&few, 10_000, "found", "2.2", "1.7").await;
        lookup(&many, 100_000, "found", "3.5", "2.0").await;
        lookup(&system, 10_000, "by the system's clock", "-", "-").await;
        drop((few, many, system));
        adding::measure().await;
        simulated::calendar().await;
        simulated::budget().await;
    });
}

/// A row of rounds, each of a floor and ours: their medians, and the median of their ratios.
fn ratio_row(what: &str, rounds: &[(f64, f64)], must: &str, moonshot: &str) {
    let of = |figure: fn(&(f64, f64)) -> f64| median(rounds.iter().map(figure).collect());
    let (floor, ours, ratio) = (
        of(|round| round.0),
        of(|round| round.1),
        of(|round| round.1 / round.0),
    );
    println!("{what:<52}{floor:>10.1}{ours:>10.1}{ratio:>8.2}{must:>8}{moonshot:>10}");
}

/// A row of a law: a figure and the most that it may be.
fn limit_row(what: &str, ours: usize, must: usize) {
    println!(
        "{what:<52}{:>10}{ours:>10}{:>8}{must:>8}{:>10}",
        "-", "-", "-"
    );
}

fn row(what: &str, floor: f64, ours: f64, must: &str, moonshot: &str) {
    let ratio = ours / floor;
    println!("{what:<52}{floor:>10.0}{ours:>10.0}{ratio:>8.2}{must:>8}{moonshot:>10}");
}

fn id(number: usize) -> CompanyId {
    CompanyId::from(format!(
        "{number:08x}-0000-4000-8000-{:012x}",
        number * 7919 % 100_003
    ))
}

/// Has every company, with a token that lives, and keeps nothing in this process.
#[derive(Debug)]
struct Elsewhere(Secret);

impl CompanyStore for Elsewhere {
    fn load<'a>(&'a self, _: &'a CompanyKey) -> LoadFuture<'a> {
        Box::pin(async {
            let record = CompanyRecord::parse(&self.0)?;
            Ok(Some(Stored::new(record, Version::new(1))))
        })
    }

    fn swap<'a>(
        &'a self,
        _: &'a CompanyKey,
        _: Option<Version>,
        _: &'a CompanyRecord,
    ) -> SwapFuture<'a> {
        Box::pin(async { Ok(Swap::Conflict) })
    }

    fn lease<'a>(&'a self, _: &'a CompanyKey, _: Duration) -> LeaseFuture<'a> {
        Box::pin(async { Lease::Held(Box::new(())) })
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the bench's records live for a day from now"
)]
fn elsewhere() -> Elsewhere {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    let day_ms = 24 * 60 * 60 * 1000;
    let ends_ms = now.expect("after 1970").as_millis() + day_ms;
    let [header, refresh, _] = PAYLOAD;
    let text = format!(
        r#"{{"refresh_token":"{}","access":{{"token":"{}","life_ms":{day_ms},"ends_ms":{ends_ms}}}}}"#,
        "r".repeat(refresh),
        "t".repeat(header - "Bearer ".len()),
    );
    Elsewhere(text.into())
}

/// What of this process is in memory, in bytes.
fn resident() -> f64 {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages = statm
        .split(' ')
        .nth(1)
        .and_then(|pages| pages.parse::<f64>().ok());
    pages.unwrap_or(f64::NAN) * rustix::param::page_size() as f64
}

/// As many companies, and what each takes in memory, in bytes.
async fn memory(count: usize, clock: Arc<dyn Clock>) -> (CompanyTokens, f64) {
    let environment = Environment::custom("http://127.0.0.1:9").expect("loopback");
    let client = Client::builder(environment)
        .credentials("bench", "bench-secret-bench-secret-bench-1")
        .clock(clock);
    let client = client.build().expect("a client");
    let companies = CompanyTokens::builder(&client)
        .store(elsewhere())
        .requests_per_minute(10_000_000)
        .build();
    companies.source(id(0)).token().await.expect("a token");
    let before = resident();
    for number in 1..count {
        companies.source(id(number)).token().await.expect("a token");
    }
    let each = (resident() - before) / count as f64;
    (companies, each)
}

fn bytes_row(count: usize, each: f64) {
    let payload: usize = PAYLOAD.iter().sum();
    let what = format!("W3 {count} companies: bytes each");
    row(&what, payload as f64, each, "1.15", "1.05");
}

fn cpu() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    Duration::try_from(time).expect("it counts from zero")
}

fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures[figures.len() / 2]
}

/// What a program keeps for each company that has them in a `Vec`, and finds them by index.
struct Record {
    header: HeaderValue,
    _refresh_token: Box<str>,
    ends_s: i64,
}

impl Record {
    fn of(access_token: &str, refresh_token: &str) -> Self {
        let header = HeaderValue::from_str(&format!("Bearer {access_token}"));
        let mut header = header.expect("printable");
        header.set_sensitive(true);
        // The first clone allocates the count that clones share.
        drop(header.clone());
        Self {
            header,
            _refresh_token: refresh_token.into(),
            ends_s: coarse_s() + 24 * 60 * 60,
        }
    }

    /// The value, if it lives.
    fn value(&self) -> Option<HeaderValue> {
        (coarse_s() < self.ends_s).then(|| self.header.clone())
    }
}

/// The coarse clock: the time of the last tick, for which no counter is read.
fn coarse_s() -> i64 {
    rustix::time::clock_gettime(rustix::time::ClockId::MonotonicCoarse).tv_sec
}

/// Every company once, in an order that no cache foresees.
fn shuffled(count: usize) -> Vec<usize> {
    let mut order: Vec<usize> = (0..count).collect();
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    for last in (1..count).rev() {
        // https://www.jstatsoft.org/article/view/v008i14
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        order.swap(last, (state % (last as u64 + 1)) as usize);
    }
    order
}

/// Reads a value as whoever sends it does, who does not know where it came from.
fn send(value: &HeaderValue) {
    let value = black_box(value);
    black_box(value.as_bytes().first().copied());
}

async fn lookup(companies: &CompanyTokens, count: usize, found: &str, must: &str, moonshot: &str) {
    let [header, refresh, _] = PAYLOAD;
    let (access, refresh) = ("t".repeat(header - "Bearer ".len()), "r".repeat(refresh));
    let floor: Vec<Record> = (0..count).map(|_| Record::of(&access, &refresh)).collect();
    let order = shuffled(count);
    // Whoever asks has the name at hand, as the floor's has the index.
    let names: Vec<CompanyId> = order.iter().map(|&number| id(number)).collect();
    let each_ns = |start| (cpu() - start).as_secs_f64() * 1e9 / count as f64;
    let mut rounds = Vec::new();
    for _ in 0..LOOKUPS / count {
        let start = cpu();
        for &number in &order {
            send(&floor[number].value().expect("it lives"));
        }
        let floor = each_ns(start);
        let start = cpu();
        for name in &names {
            send(&companies.authorization(name).await.expect("it lives"));
        }
        rounds.push((floor, each_ns(start)));
    }
    let what = format!("W3 {count} companies: CPU ns, {found}");
    ratio_row(&what, &rounds, must, moonshot);
}
