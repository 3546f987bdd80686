//! Where laws are tried: one mock server, one runtime, one way to run a property.

use std::fmt::Debug;
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use httpmock::{HttpMockResponse, MockServer};
use proptest::strategy::Strategy;
use proptest::test_runner::{Config, FileFailurePersistence, TestCaseResult, TestRunner};
use remote_oauth_client::transport::{self, Timeouts};
use remote_oauth_client::{Client, ClientAuth};
use tokio::runtime::Runtime;

use crate::answer::Answer;
use crate::seen::Seen;

/// How many cases a law tries, unless `PROPTEST_CASES` says otherwise.
const CASES: u32 = 96;

/// How long anything may take on a stage. A law that runs into it has found something that does not end.
const PATIENCE: Duration = Duration::from_secs(10);

/// How long a smaller input that breaks a law is looked for.
const SHRINK_MS_MAX: u32 = 30_000;

/// Holds the process's one mock server, for one law at a time, and a runtime.
///
/// A server takes longer to start than a case to run; so all laws of a process share it, and queue for it.
#[derive(Debug)]
pub struct Stage {
    server: Server,
    runtime: Runtime,
    gateway: String,
}

struct Server(MutexGuard<'static, MockServer>);

impl Debug for Server {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Server({})", self.0.base_url())
    }
}

impl Stage {
    /// Waits for the server and clears it.
    pub fn take() -> Self {
        static SERVER: LazyLock<Mutex<MockServer>> =
            LazyLock::new(|| Mutex::new(MockServer::start()));
        // A law that failed leaves mocks behind and no other harm.
        let server = SERVER.lock().unwrap_or_else(PoisonError::into_inner);
        server.reset();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("a runtime needs nothing but the operating system");
        let gateway = server.base_url();
        let server = Server(server);
        Self {
            server,
            runtime,
            gateway,
        }
    }

    /// Returns the server, to put typed mocks on.
    pub fn server(&self) -> &MockServer {
        &self.server.0
    }

    /// Returns the server's base address.
    pub fn gateway(&self) -> &str {
        &self.gateway
    }

    /// Builds a generated client that sends as the workspace sends, to this server.
    pub fn client(&self, auth: ClientAuth) -> Client {
        let base = self.gateway.parse().expect("a mock server has an address");
        let http = transport::http_client(&base, &Timeouts::default())
            .expect("loopback may be asked in clear");
        Client::new_with_client(&self.gateway, http, auth)
    }

    /// Runs a future to its end.
    ///
    /// # Units and limits
    ///
    /// Panics after 10 s, so that what never ends is a failure and not a hang.
    pub fn run<F: Future>(&self, future: F) -> F::Output {
        self.runtime
            .block_on(async { tokio::time::timeout(PATIENCE, future).await })
            .expect("everything under test ends in bounded time")
    }

    /// Answers every request in one way from now on, and writes down what was asked.
    pub fn answer(&self, answer: &Answer) -> Script {
        self.server().reset();
        self.otherwise(answer)
    }

    /// Answers each request by what it says from now on, and writes down what was asked.
    pub fn answer_by(&self, answer: impl Fn(&Seen) -> Answer + Send + Sync + 'static) -> Script {
        self.server().reset();
        self.otherwise_by(answer)
    }

    /// Answers in one way what no earlier mock matches, and writes it down.
    pub fn otherwise(&self, answer: &Answer) -> Script {
        let answer = answer.clone();
        self.otherwise_by(move |_| answer.clone())
    }

    fn otherwise_by(&self, answer: impl Fn(&Seen) -> Answer + Send + Sync + 'static) -> Script {
        let script = Script::default();
        let all_seen = Arc::clone(&script.seen);
        self.server().mock(|when, then| {
            when.any_request();
            then.respond_with(move |request| {
                let seen = Seen::of(request);
                let answer = answer(&seen);
                let mut all_seen = all_seen.lock().unwrap_or_else(PoisonError::into_inner);
                all_seen.push(seen);
                HttpMockResponse {
                    status: Some(answer.status),
                    headers: Some(answer.headers),
                    body: Some(answer.body.into()),
                }
            });
        });
        script
    }
}

/// Holds what was asked of a [`Stage`] since its answer was set.
#[derive(Clone, Debug, Default)]
pub struct Script {
    seen: Arc<Mutex<Vec<Seen>>>,
}

impl Script {
    /// Returns all requests, in their order.
    pub fn seen(&self) -> Vec<Seen> {
        self.seen
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

/// Tries a property on many inputs and panics with the smallest found that breaks it.
///
/// `seeds` is the file that keeps the seeds of broken cases.
///
/// # Units and limits
///
/// 96 cases, or as many as the variable `PROPTEST_CASES` says; half a minute to look for the smallest.
pub fn law<S>(seeds: &'static str, inputs: &S, holds: impl Fn(S::Value) -> TestCaseResult)
where
    S: Strategy<Value: Debug>,
{
    let mut config = Config {
        max_shrink_time: SHRINK_MS_MAX,
        failure_persistence: Some(Box::new(FileFailurePersistence::Direct(seeds))),
        ..Config::default()
    };
    #[expect(
        clippy::disallowed_methods,
        reason = "proptest reads the variable itself; here it only decides whose default holds"
    )]
    if std::env::var_os("PROPTEST_CASES").is_none() {
        config.cases = CASES;
    }
    let mut runner = TestRunner::new(config);
    if let Err(broken) = runner.run(inputs, holds) {
        panic!("{broken}\n{runner}");
    }
}
