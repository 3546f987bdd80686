//! Many companies beside floors in the same run: what one takes in memory, and what it costs to find one.
//!
//! The floor keeps header values in a `Vec` and finds them by index, without a key, a lock or a clock.
//!
//! ```sh
//! cargo xtask bench companies
//! ```

#![expect(clippy::print_stdout, reason = "a bench prints its figures")]

use std::hint::black_box;
use std::time::{Duration, SystemTime};

use http::HeaderValue;
use remote_auth::companies::{
    CompanyId, CompanyKey, CompanyRecord, CompanyStore, CompanyTokens, Lease, LeaseFuture,
    LoadFuture, Stored, Swap, SwapFuture, Version,
};
use remote_auth::{Client, Environment, Secret};

/// What each company has: header value, refresh token, key.
const PAYLOAD: [usize; 3] = [1031, 512, 36];

const ROUNDS: usize = 5;

fn main() {
    println!(
        "{:<44}{:>10}{:>10}{:>8}{:>8}{:>10}",
        "", "floor", "ours", "ratio", "must", "moonshot"
    );
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    runtime.block_on(async {
        // Both in memory at once, before anything is freed that the second could use again.
        let few = memory(10_000).await;
        let many = memory(100_000).await;
        lookup(&few, 10_000, "2.2", "1.7").await;
        lookup(&many, 100_000, "3.5", "2.0").await;
    });
}

fn row(what: &str, floor: f64, ours: f64, must: &str, moonshot: &str) {
    let ratio = ours / floor;
    println!("{what:<44}{floor:>10.0}{ours:>10.0}{ratio:>8.2}{must:>8}{moonshot:>10}");
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

async fn memory(count: usize) -> CompanyTokens {
    let environment = Environment::custom("http://127.0.0.1:9").expect("loopback");
    let client =
        Client::builder(environment).credentials("bench", "bench-secret-bench-secret-bench-1");
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
    let payload: usize = PAYLOAD.iter().sum();
    row(
        &format!("W3 {count} companies: bytes each"),
        payload as f64,
        each,
        "1.15",
        "1.05",
    );
    companies
}

fn cpu() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    Duration::try_from(time).expect("it counts from zero")
}

fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures[figures.len() / 2]
}

async fn lookup(companies: &CompanyTokens, count: usize, must: &str, moonshot: &str) {
    const OPERATIONS: usize = 1_000_000;
    let header = |_| {
        let value = HeaderValue::from_str(&"t".repeat(PAYLOAD[0])).expect("printable");
        drop(value.clone());
        value
    };
    let floor: Vec<HeaderValue> = (0..count).map(header).collect();
    let ids: Vec<CompanyId> = (0..count).map(id).collect();
    // The same walk for both: no two neighbours after one another.
    let place = |turn: usize| turn.wrapping_mul(2_654_435_761) % count;
    let (mut floors, mut ours) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let start = cpu();
        for turn in 0..OPERATIONS {
            drop(black_box(floor[place(turn)].clone()));
        }
        floors.push((cpu() - start).as_secs_f64() * 1e9 / OPERATIONS as f64);
        let start = cpu();
        for turn in 0..OPERATIONS {
            let source = companies.source(&ids[place(turn)]);
            drop(black_box(source.authorization().await.expect("a token")));
        }
        ours.push((cpu() - start).as_secs_f64() * 1e9 / OPERATIONS as f64);
    }
    let what = format!("W3 {count} companies: CPU ns for each lookup");
    row(&what, median(floors), median(ours), must, moonshot);
}
