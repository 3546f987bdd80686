//! A Chromium without a window, driven over its own debugging pipe.
//!
//! The protocol is JSON texts that end with a zero byte, read from descriptor 3 and written to 4, so
//! nothing but a shell is needed to speak it: see
//! <https://chromedevtools.github.io/devtools-protocol/>.

use std::collections::VecDeque;
use std::process::Stdio;

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

/// The names under which systems install it.
const NAMES: [&str; 3] = ["chromium", "chromium-browser", "google-chrome"];

/// Gives the browser its pipe: what this process writes and reads as standard input and output.
const WITH_PIPE: &str = "exec \"$@\" 3<&0 4>&1 </dev/null >/dev/null 2>&1";

/// One browser with one page.
pub struct Chromium {
    _child: Child,
    _profile: TempDir,
    to: ChildStdin,
    from: BufReader<ChildStdout>,
    asked: u64,
    session: Option<String>,
    /// Names of events that nobody has waited for yet.
    events: VecDeque<String>,
}

impl Chromium {
    /// Starts a browser, or says on standard error that there is none.
    ///
    /// # Panics
    ///
    /// If a browser is there and does not start.
    pub async fn start() -> Option<Self> {
        let mut found = None;
        for name in NAMES {
            let version = Command::new(name).arg("--version").output().await;
            if version.is_ok_and(|version| version.status.success()) {
                found = Some(name);
                break;
            }
        }
        let Some(name) = found else {
            notice("SKIPPED: no Chromium is installed, so no page is opened in a browser");
            return None;
        };
        let profile = TempDir::new().expect("a directory");
        let mut child = Command::new("sh")
            .args(["-c", WITH_PIPE, "sh", name])
            .args(["--headless", "--remote-debugging-pipe", "--disable-gpu"])
            // Tests often run where the browser may not make name spaces; it sees loopback only.
            .args(["--no-sandbox", "--no-first-run", "--disable-dev-shm-usage"])
            .arg(format!("--user-data-dir={}", profile.path().display()))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("a shell");
        let to = child.stdin.take().expect("a pipe");
        let from = BufReader::new(child.stdout.take().expect("a pipe"));
        let mut browser = Self {
            _child: child,
            _profile: profile,
            to,
            from,
            asked: 0,
            session: None,
            events: VecDeque::new(),
        };
        let blank = json!({ "url": "about:blank" });
        let target = browser.call("Target.createTarget", blank).await;
        let attach = json!({ "targetId": target["targetId"], "flatten": true });
        let session = browser.call("Target.attachToTarget", attach).await;
        let session = session["sessionId"].as_str().expect("a session");
        browser.session = Some(session.to_owned());
        browser.call("Page.enable", json!({})).await;
        Some(browser)
    }

    /// Asks the browser and waits for its answer.
    ///
    /// # Panics
    ///
    /// If the browser refuses or is gone.
    pub async fn call(&mut self, method: &str, parameters: Value) -> Value {
        self.asked += 1;
        let id = self.asked;
        let mut message = json!({ "id": id, "method": method, "params": parameters });
        if let Some(session) = &self.session {
            message["sessionId"] = Value::from(session.as_str());
        }
        let mut bytes = message.to_string().into_bytes();
        bytes.push(0);
        self.to.write_all(&bytes).await.expect("a browser");
        loop {
            let mut message = self.message().await;
            if message["id"] == id {
                assert!(message.get("error").is_none(), "{method}: {message}");
                return message["result"].take();
            }
        }
    }

    async fn message(&mut self) -> Value {
        let mut bytes = Vec::new();
        let read = self.from.read_until(0, &mut bytes).await;
        assert!(read.expect("a browser") > 0, "the browser has ended");
        bytes.pop();
        let message: Value = serde_json::from_slice(&bytes).expect("JSON");
        if let Some(method) = message["method"].as_str() {
            self.events.push_back(method.to_owned());
        }
        message
    }

    /// Waits until the page that something led to was loaded.
    async fn loaded(&mut self) {
        loop {
            match self.events.pop_front() {
                Some(event) if event == "Page.loadEventFired" => return,
                Some(_) => {}
                None => drop(self.message().await),
            }
        }
    }

    /// Opens an address and waits until it was loaded.
    ///
    /// # Panics
    ///
    /// If nothing answers there.
    pub async fn open(&mut self, url: &str) {
        self.events.clear();
        let opened = self.call("Page.navigate", json!({ "url": url })).await;
        assert!(opened.get("errorText").is_none(), "{opened}");
        self.loaded().await;
    }

    /// Clicks what a selector finds, and waits until the page was loaded to which that leads.
    ///
    /// # Panics
    ///
    /// If nothing is found.
    pub async fn click(&mut self, selector: &str) {
        self.events.clear();
        let selector = Value::from(selector);
        let click = format!("document.querySelector({selector}).click()");
        self.evaluate(&click).await;
        self.loaded().await;
    }

    /// Returns what an expression comes to in the page, after its promise if it is one.
    ///
    /// # Panics
    ///
    /// If it throws.
    pub async fn evaluate(&mut self, expression: &str) -> Value {
        let parameters = json!({
            "expression": expression, "returnByValue": true, "awaitPromise": true,
        });
        let mut answer = self.call("Runtime.evaluate", parameters).await;
        assert!(
            answer.get("exceptionDetails").is_none(),
            "{expression}: {answer}"
        );
        answer["result"]["value"].take()
    }

    /// Returns the page as a picture in PNG.
    ///
    /// # Panics
    ///
    /// If the browser cannot paint it.
    pub async fn screenshot(&mut self) -> Vec<u8> {
        let parameters = json!({ "captureBeyondViewport": true });
        let picture = self.call("Page.captureScreenshot", parameters).await;
        let picture = picture["data"].as_str().expect("a picture");
        STANDARD.decode(picture).expect("base64")
    }
}

#[expect(
    clippy::print_stderr,
    reason = "whoever runs the tests has to know that one was skipped"
)]
fn notice(line: &str) {
    eprintln!("{line}");
}
