//! A token endpoint on a thread of its own, and a clock that the bench moves.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use remote_auth::{Client, Clock, Environment};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// Shows what the bench has set.
#[derive(Debug, Default)]
pub(super) struct SetClock(AtomicU64);

impl SetClock {
    pub(super) fn seconds(&self) -> u64 {
        self.0.load(Ordering::SeqCst)
    }

    pub(super) fn tick(&self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

impl Clock for SetClock {
    fn wall(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(1_750_000_000) + self.elapsed()
    }

    fn elapsed(&self) -> Duration {
        Duration::from_secs(self.seconds())
    }
}

/// Answers every request with a token that lives an hour, or with 503, and writes down when which company asked.
pub(super) struct Endpoint {
    pub(super) gateway: String,
    pub(super) clock: Arc<SetClock>,
    pub(super) is_out: AtomicBool,
    pub(super) requests: Mutex<Vec<(u64, usize)>>,
}

impl Endpoint {
    pub(super) fn start(clock: Arc<SetClock>) -> Arc<Self> {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
        listener.set_nonblocking(true).expect("a setting");
        let address = listener.local_addr().expect("an address");
        let endpoint = Arc::new(Self {
            gateway: format!("http://{address}"),
            clock,
            is_out: AtomicBool::new(false),
            requests: Mutex::default(),
        });
        let serving = Arc::clone(&endpoint);
        std::thread::spawn(move || {
            let mut builder = tokio::runtime::Builder::new_current_thread();
            let runtime = builder.enable_all().build().expect("a runtime");
            runtime.block_on(async {
                let listener = TcpListener::from_std(listener).expect("a listener");
                while let Ok((stream, _)) = listener.accept().await {
                    tokio::spawn(Arc::clone(&serving).serve(stream));
                }
            });
        });
        endpoint
    }

    /// A request arrives in one piece here; each piece that is read is a request.
    async fn serve(self: Arc<Self>, mut stream: TcpStream) {
        let answer = |status: &str, body: &str| {
            let head = "content-type: application/json\r\ncontent-length";
            format!("HTTP/1.1 {status}\r\n{head}: {}\r\n\r\n{body}", body.len())
        };
        let (access, refresh) = ("t".repeat(1024), "r".repeat(500));
        let given = format!(
            r#"{{"access_token":"{access}","refresh_token":"{refresh}","token_type":"Bearer","expires_in":3600}}"#
        );
        let answers = [
            answer("200 OK", &given),
            answer("503 Service Unavailable", "{}"),
        ];
        let mut buffer = vec![0; 16_384];
        while let Ok(read @ 1..) = stream.read(&mut buffer).await {
            let request = String::from_utf8_lossy(&buffer[..read]);
            let company = request.split("number-").nth(1).map_or(0, |text| {
                let digits = text.split(|letter: char| !letter.is_ascii_digit()).next();
                digits.and_then(|digits| digits.parse().ok()).unwrap_or(0)
            });
            let asked = (self.clock.seconds(), company);
            self.requests.lock().expect("no panic").push(asked);
            let answer = &answers[usize::from(self.is_out.load(Ordering::SeqCst))];
            if stream.write_all(answer.as_bytes()).await.is_err() {
                return;
            }
        }
    }

    /// A client of this endpoint, by the set clock if that is wanted.
    pub(super) fn client(&self, by_set_clock: bool) -> Client {
        let environment = Environment::custom(&self.gateway).expect("loopback");
        let secret = "bench-secret-bench-secret-bench-1";
        let mut builder = Client::builder(environment).credentials("bench", secret);
        if by_set_clock {
            builder = builder.clock(Arc::clone(&self.clock) as Arc<dyn Clock>);
        }
        builder.build().expect("a client")
    }
}
