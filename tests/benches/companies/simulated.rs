//! Hours in seconds: the engine by a clock that the bench moves, its requests counted by a real endpoint.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use remote_auth::companies::{
    CompanyKey, CompanyRecord, CompanyStore, CompanyTokens, Lease, LeaseFuture, LoadFuture,
    MemoryStore, Stored, SwapFuture, Version,
};
use remote_auth::{Client, Clock as _};

use super::adding::{grant, refresh_token};
use super::endpoint::{Endpoint, SetClock};
use super::{id, limit_row};

const MINUTE: u64 = 60;

/// Names that are no company of a row: see [`Town::second`].
const NOBODY: usize = 10_000_000;

/// A store that has every company. Its tokens all live for this long from the clock's start, or from now.
#[derive(Clone, Debug)]
struct Register {
    kept: MemoryStore,
    clock: Arc<SetClock>,
    life_s: u64,
    /// Another process renews whatever this one is about to renew, so that nothing is sent.
    is_kept_fresh: bool,
    on_their_way: Arc<AtomicUsize>,
    renewals: Arc<AtomicUsize>,
}

impl Register {
    fn record(&self, key: &CompanyKey) -> CompanyRecord {
        let number = key.company().to_string();
        let number = number
            .split('-')
            .next()
            .and_then(|digits| usize::from_str_radix(digits, 16).ok());
        let from = if self.is_kept_fresh {
            self.clock.elapsed()
        } else {
            Duration::ZERO
        };
        let since_1970 = self
            .clock
            .wall()
            .duration_since(std::time::SystemTime::UNIX_EPOCH);
        let start = since_1970.expect("after 1970") - self.clock.elapsed();
        let (life_ms, start_ms) = (self.life_s * 1000, (start + from).as_millis());
        let text = format!(
            r#"{{"refresh_token":"{}","access":{{"token":"t","life_ms":{life_ms},"ends_ms":{}}}}}"#,
            refresh_token(number.unwrap_or(NOBODY)),
            start_ms + u128::from(life_ms),
        );
        CompanyRecord::parse(&text.into()).expect("a record")
    }
}

/// A renewal on its way, until it has landed.
struct OnItsWay(Arc<AtomicUsize>);

impl Drop for OnItsWay {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

impl CompanyStore for Register {
    fn load<'a>(&'a self, key: &'a CompanyKey) -> LoadFuture<'a> {
        Box::pin(async {
            let kept = self.kept.load(key).await?;
            let first = || Stored::new(self.record(key), Version::new(0));
            Ok(kept.or_else(|| Some(first())))
        })
    }

    fn swap<'a>(
        &'a self,
        key: &'a CompanyKey,
        expected: Option<Version>,
        record: &'a CompanyRecord,
    ) -> SwapFuture<'a> {
        let expected = expected.filter(|version| *version != Version::new(0));
        self.kept.swap(key, expected, record)
    }

    fn lease<'a>(&'a self, _: &'a CompanyKey, _: Duration) -> LeaseFuture<'a> {
        Box::pin(async {
            self.renewals.fetch_add(1, Ordering::SeqCst);
            self.on_their_way.fetch_add(1, Ordering::SeqCst);
            Lease::Held(Box::new(OnItsWay(Arc::clone(&self.on_their_way))))
        })
    }
}

/// Companies by a clock of their own.
struct Town {
    client: Client,
    companies: CompanyTokens,
    register: Register,
    endpoint: Arc<Endpoint>,
}

impl Town {
    fn new(per_minute: usize, life_s: u64, is_kept_fresh: bool) -> Self {
        let clock = Arc::new(SetClock::default());
        let endpoint = Endpoint::start(Arc::clone(&clock));
        let client = endpoint.client(true);
        let register = Register {
            kept: MemoryStore::new(),
            clock,
            life_s,
            is_kept_fresh,
            on_their_way: Arc::default(),
            renewals: Arc::default(),
        };
        let companies = CompanyTokens::builder(&client)
            .store(register.clone())
            .resident_max(1_000_000)
            .requests_per_minute(per_minute)
            .build();
        Self {
            client,
            companies,
            register,
            endpoint,
        }
    }

    /// Lets a second pass, and waits until everything has happened that happens in it.
    async fn second(&self) {
        self.register.clock.tick();
        // The scheduler sleeps by the real clock; a grant of nobody's wakes it.
        let nobody = NOBODY + self.register.clock.seconds() as usize;
        self.companies
            .insert(grant(&self.client, nobody))
            .await
            .expect("a grant");
        self.settle().await;
    }

    async fn settle(&self) {
        let mut quiet = 0;
        while quiet < 16 {
            let before = self.register.renewals.load(Ordering::SeqCst);
            tokio::task::yield_now().await;
            let is_still = self.register.on_their_way.load(Ordering::SeqCst) == 0
                && self.register.renewals.load(Ordering::SeqCst) == before;
            quiet = if is_still { quiet + 1 } else { 0 };
        }
    }

    /// Asks for every company once, in groups; all are in the register, so nothing is sent.
    async fn ask_all(&self, numbers: std::ops::Range<usize>) {
        for number in numbers {
            self.companies.token(&id(number)).await.expect("a token");
        }
    }

    /// How many requests left in each second.
    fn requests_of_each_second(&self) -> Vec<usize> {
        let mut seconds = vec![0; self.register.clock.seconds() as usize + 1];
        for (at, _) in &*self.endpoint.requests.lock().expect("no panic") {
            seconds[*at as usize] += 1;
        }
        seconds
    }
}

/// 50,000 companies obtained within one minute; after one life, the renewals of each second of the next.
pub(super) async fn calendar() {
    const COMPANIES: usize = 50_000;
    const LIFE: usize = 3600;
    let town = Town::new(1_000_000, LIFE as u64, true);
    let mut renewals = Vec::new();
    for second in 0..2 * LIFE {
        let before = town.register.renewals.load(Ordering::SeqCst);
        if second < 60 {
            town.ask_all(second * COMPANIES / 60..(second + 1) * COMPANIES / 60)
                .await;
        } else if second % 600 == 0 {
            // All are in use.
            town.ask_all(0..COMPANIES).await;
        }
        town.second().await;
        renewals.push(town.register.renewals.load(Ordering::SeqCst) - before);
    }
    let life = &renewals[LIFE..];
    let mean = life.iter().sum::<usize>() as f64 / life.len() as f64;
    let peak = life.iter().max().copied().unwrap_or(0) as f64;
    super::row(
        "calendar, 50,000 in one minute: renewals a second",
        mean,
        peak,
        "1.5",
        "1.2",
    );
}

/// 200 requests a minute, 100,000 companies whose tokens end together, a few callers, and an outage.
pub(super) async fn budget() {
    const COMPANIES: usize = 100_000;
    const PER_MINUTE: usize = 200;
    /// One in so many is used again after all were.
    const IN_USE: usize = 50;
    let life = 10 * MINUTE;
    let town = Town::new(PER_MINUTE, life, false);
    town.ask_all(0..COMPANIES).await;
    let used_at = 2 * MINUTE;
    let (outage, end) = (20 * MINUTE..25 * MINUTE, 30 * MINUTE);
    let callers = Callers::default();
    while town.register.clock.seconds() < end {
        town.second().await;
        let now = town.register.clock.seconds();
        town.endpoint
            .is_out
            .store(outage.contains(&now), Ordering::SeqCst);
        if now == used_at {
            for number in (0..COMPANIES).step_by(IN_USE) {
                town.ask_all(number..number + 1).await;
            }
        }
        if now > life && !outage.contains(&now) && now < end - MINUTE {
            callers.ask(&town, (now as usize * 7919) % COMPANIES);
            town.settle().await;
        }
    }
    let seconds = town.requests_of_each_second();
    let most = seconds
        .windows(60)
        .map(|minute| minute.iter().sum::<usize>())
        .max();
    limit_row(
        "budget, 100,000 end together: requests a minute",
        most.unwrap_or(0),
        PER_MINUTE,
    );
    let waited = callers
        .waits
        .lock()
        .expect("no panic")
        .iter()
        .max()
        .copied()
        .unwrap_or(0);
    limit_row(
        "budget: longest wait of a caller meanwhile, s",
        waited as usize,
        60,
    );
    let after = &seconds[outage.end as usize..(outage.end + MINUTE) as usize];
    let burst = after.iter().max().copied().unwrap_or(0);
    limit_row(
        "budget: most requests in a second after an outage",
        burst,
        32,
    );
    let requests = town.endpoint.requests.lock().expect("no panic");
    let meanwhile = |at: u64| (used_at + 5..life).contains(&at);
    let others = requests
        .iter()
        .filter(|(at, of)| meanwhile(*at) && of % IN_USE != 0);
    limit_row(
        "budget: others renewed while those in use are due",
        others.count(),
        0,
    );
    limit_row(
        "budget: callers that got an error",
        usize::from(callers.failed.load(Ordering::SeqCst)),
        0,
    );
}

/// Callers that wait, each in a task.
#[derive(Clone, Default)]
struct Callers {
    waits: Arc<Mutex<Vec<u64>>>,
    failed: Arc<AtomicBool>,
}

impl Callers {
    fn ask(&self, town: &Town, number: usize) {
        let (callers, clock) = (self.clone(), Arc::clone(&town.register.clock));
        let source = town.companies.source(id(number));
        let asked = clock.seconds();
        tokio::spawn(async move {
            if source.token().await.is_err() {
                callers.failed.store(true, Ordering::SeqCst);
            }
            let waited = clock.seconds() - asked;
            callers.waits.lock().expect("no panic").push(waited);
        });
    }
}
