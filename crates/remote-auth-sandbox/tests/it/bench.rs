//! A sandbox with a clock, and a client that can send what no library would.

use std::{
    collections::BTreeSet,
    fmt::Write as _,
    sync::{Mutex, PoisonError},
    time::{Duration, UNIX_EPOCH},
};

use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use form_urlencoded::Serializer;
use remote_auth_sandbox::{Builder, Gateway, ManualClock, Registration, Rule, Sandbox};
use remote_oauth_client::Secret;
use ring::hmac;
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

pub(crate) const CALLBACK: &str = "https://client.example/callback";
pub(crate) const JWT_BEARER: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";
pub(crate) const OTHER_CLIENT: (&str, &str) = ("otherclient00000000001", "other-secret");

static MET: Mutex<BTreeSet<Rule>> = Mutex::new(BTreeSet::new());

/// The rules that decided some checked request of this process.
pub(crate) fn met() -> BTreeSet<Rule> {
    MET.lock().unwrap_or_else(PoisonError::into_inner).clone()
}

/// Remembers that a rule decided a checked request.
pub(crate) fn note(rule: Rule) {
    MET.lock()
        .unwrap_or_else(PoisonError::into_inner)
        .insert(rule);
}

/// A running sandbox whose time the test moves.
pub(crate) struct Bench {
    pub(crate) sandbox: Sandbox,
    pub(crate) clock: ManualClock,
    pub(crate) secret: String,
}

impl Bench {
    pub(crate) async fn new() -> Self {
        Self::with(Sandbox::builder().auto_approve(true)).await
    }

    pub(crate) async fn with(builder: Builder) -> Self {
        let clock = ManualClock::default();
        let other =
            Registration::new(OTHER_CLIENT.0, Secret::from(OTHER_CLIENT.1)).redirect_uri(CALLBACK);
        let sandbox = builder.manual_clock(&clock).register(other).start().await;
        let sandbox = sandbox.expect("loopback has free ports");
        let secret = open(sandbox.client_secret()).to_owned();
        Self {
            sandbox,
            clock,
            secret,
        }
    }

    /// Sends a request and fails unless this status and this rule answer it.
    pub(crate) async fn check(
        &self,
        row: &str,
        gateway: Gateway,
        ask: Ask,
        (status, rule): (u16, Rule),
    ) -> Reply {
        let reply = ask.send(self.sandbox.gateway_url(gateway)).await;
        let decided = self
            .sandbox
            .ledger()
            .last()
            .map(|entry| (entry.status, entry.rule, entry.gateway));
        assert_eq!(
            decided,
            Some((status, rule, gateway)),
            "{row}: {}",
            reply.body
        );
        assert_eq!(reply.status, status, "{row}");
        note(rule);
        reply
    }

    /// A token request of the demo client with its Basic header.
    pub(crate) fn token_request(&self, form: &[(&str, &str)]) -> Ask {
        Ask::form(TOKEN, form).basic(self.sandbox.client_id(), &self.secret)
    }

    /// An authorization request of the demo client.
    pub(crate) fn authorization_request(&self, more: &[(&str, &str)]) -> Ask {
        let mut query = vec![
            ("client_id", self.sandbox.client_id()),
            ("redirect_uri", CALLBACK),
        ];
        query.extend(more);
        Ask::get(&format!("{AUTHORIZE}?{}", encoded(&query)))
    }

    /// A code for the demo client, by way of an approved consent.
    pub(crate) async fn code(&self, gateway: Gateway, more: &[(&str, &str)]) -> String {
        let ask = self.authorization_request(more);
        let reply = self
            .check("a code", gateway, ask, (302, Rule::AuthorizeApproved))
            .await;
        reply
            .callback("code")
            .expect("an approved consent gives a code")
    }

    /// The answer to a good token request.
    pub(crate) async fn issued(&self, gateway: Gateway, form: &[(&str, &str)]) -> Value {
        let reply = self
            .token_request(form)
            .send(self.sandbox.gateway_url(gateway))
            .await;
        assert_eq!(reply.status, 200, "{}", reply.body);
        reply.json()
    }

    pub(crate) async fn partner_token(&self, gateway: Gateway) -> String {
        let form = [("grant_type", "client_credentials")];
        text(&self.issued(gateway, &form).await, "access_token")
    }

    /// A token of the demo client itself with this scope.
    pub(crate) async fn narrow_partner_token(&self, gateway: Gateway, scope: &str) -> String {
        let form = [("grant_type", "client_credentials"), ("scope", scope)];
        text(&self.issued(gateway, &form).await, "access_token")
    }

    pub(crate) async fn company_token(&self, gateway: Gateway) -> String {
        text(&self.consented(gateway, &[]).await, "access_token")
    }

    /// A token of the fixture's company with this scope.
    pub(crate) async fn narrow_company_token(&self, gateway: Gateway, scope: &str) -> String {
        let answer = self.consented(gateway, &[("scope", scope)]).await;
        text(&answer, "access_token")
    }

    /// The answer to a good consent of the fixture's company.
    pub(crate) async fn consented(&self, gateway: Gateway, more: &[(&str, &str)]) -> Value {
        let code = self.code(gateway, more).await;
        let form = [("grant_type", "authorization_code"), ("code", &code)];
        self.issued(gateway, &form).await
    }

    pub(crate) async fn asserted_token(&self, gateway: Gateway, subject: &str) -> String {
        let assertion = self.assertion(&self.claims(gateway, subject));
        let form = [("grant_type", JWT_BEARER), ("assertion", &assertion)];
        text(&self.issued(gateway, &form).await, "access_token")
    }

    /// Good claims for a subject.
    pub(crate) fn claims(&self, gateway: Gateway, subject: &str) -> Value {
        let now = self.now_s();
        json!({
            "iss": self.sandbox.client_id(),
            "sub": subject,
            "aud": self.sandbox.audience(gateway),
            "iat": now,
            "exp": now + 300,
        })
    }

    /// Claims signed as the demo client signs them.
    pub(crate) fn assertion(&self, claims: &Value) -> String {
        signed(
            r#"{"alg":"HS256","typ":"JWT"}"#,
            &claims.to_string(),
            &self.secret,
        )
    }

    pub(crate) fn now_s(&self) -> u64 {
        let now = self.clock.now().duration_since(UNIX_EPOCH);
        now.expect("manual clocks start after 1970").as_secs()
    }

    pub(crate) fn advance_s(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
    }

    pub(crate) fn manager(&self) -> String {
        format!(
            "urn:remote-api:company-manager:user:{}",
            self.sandbox.fixture().manager_user_id()
        )
    }

    pub(crate) fn employee(&self) -> String {
        format!(
            "urn:remote-api:employee:employment:{}",
            self.sandbox.fixture().employment_id()
        )
    }
}

pub(crate) const AUTHORIZE: &str = "/auth/oauth2/authorize";
pub(crate) const TOKEN: &str = "/auth/oauth2/token";

/// One request, to be sent as it is.
#[derive(Clone)]
pub(crate) struct Ask {
    method: &'static str,
    target: String,
    host: Option<String>,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl Ask {
    pub(crate) fn new(method: &'static str, target: &str) -> Self {
        Self {
            method,
            target: target.to_owned(),
            host: None,
            headers: Vec::new(),
            body: Vec::new(),
        }
    }

    pub(crate) fn get(target: &str) -> Self {
        Self::new("GET", target)
    }

    pub(crate) fn form(target: &str, pairs: &[(&str, &str)]) -> Self {
        let ask =
            Self::new("POST", target).header("content-type", "application/x-www-form-urlencoded");
        ask.body(encoded(pairs))
    }

    pub(crate) fn json(target: &str, body: &Value) -> Self {
        let ask = Self::new("POST", target).header("content-type", "application/json");
        ask.body(body.to_string())
    }

    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    pub(crate) fn without(mut self, name: &str) -> Self {
        self.headers.retain(|(sent, _)| sent != name);
        self
    }

    pub(crate) fn host(mut self, host: &str) -> Self {
        self.host = Some(host.to_owned());
        self
    }

    pub(crate) fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self
    }

    pub(crate) fn basic(self, id: &str, secret: &str) -> Self {
        self.header(
            "authorization",
            &format!("Basic {}", STANDARD.encode(format!("{id}:{secret}"))),
        )
    }

    pub(crate) fn bearer(self, token: &str) -> Self {
        self.header("authorization", &format!("Bearer {token}"))
    }

    pub(crate) async fn send(self, gateway_url: &str) -> Reply {
        let mut stream = self.post(gateway_url).await;
        Reply::read(&mut stream).await
    }

    /// Sends the request and leaves the answer on the connection.
    pub(crate) async fn post(self, gateway_url: &str) -> TcpStream {
        let authority = gateway_url
            .strip_prefix("http://")
            .expect("gateways are plain http");
        let mut head = format!("{} {} HTTP/1.1\r\n", self.method, self.target);
        let host = self.host.as_deref().unwrap_or(authority);
        let length = self.body.len();
        write!(
            head,
            "host: {host}\r\nconnection: close\r\ncontent-length: {length}\r\n"
        )
        .expect("text takes text");
        for (name, value) in &self.headers {
            write!(head, "{name}: {value}\r\n").expect("text takes text");
        }
        head.push_str("\r\n");
        let mut stream = TcpStream::connect(authority)
            .await
            .expect("the gateway accepts");
        stream
            .write_all(&[head.as_bytes(), &self.body].concat())
            .await
            .expect("the gateway reads");
        stream
    }
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    head: String,
    pub(crate) body: String,
}

impl Reply {
    pub(crate) async fn read(stream: &mut TcpStream) -> Self {
        let mut bytes = Vec::new();
        stream
            .read_to_end(&mut bytes)
            .await
            .expect("the gateway answers and closes");
        Self::from(bytes)
    }

    pub(crate) fn from(bytes: Vec<u8>) -> Self {
        let text = String::from_utf8(bytes).expect("answers are text");
        let (head, body) = text.split_once("\r\n\r\n").expect("answers have a head");
        let status = head.get(9..12).and_then(|status| status.parse().ok());
        let status = status.expect("the first line has a status");
        Self {
            status,
            head: head.to_owned(),
            body: body.to_owned(),
        }
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines
            .find(|(sent, _)| sent.eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).expect("the body is JSON")
    }

    /// A parameter of the redirect.
    pub(crate) fn callback(&self, name: &str) -> Option<String> {
        let (_, query) = self.header("location")?.split_once('?')?;
        let mut pairs = form_urlencoded::parse(query.as_bytes());
        pairs
            .find(|(sent, _)| sent == name)
            .map(|(_, value)| value.into_owned())
    }

    /// The ticket of a consent page.
    pub(crate) fn ticket(&self) -> String {
        let (_, rest) = self
            .body
            .split_once("name=\"ticket\" value=\"")
            .expect("the page has a ticket");
        rest.split('"').next().unwrap_or_default().to_owned()
    }
}

/// Claims and header signed with a secret, whatever the header says.
pub(crate) fn signed(header: &str, claims: &str, secret: &str) -> String {
    let signed = format!(
        "{}.{}",
        URL_SAFE_NO_PAD.encode(header),
        URL_SAFE_NO_PAD.encode(claims)
    );
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    let signature = URL_SAFE_NO_PAD.encode(hmac::sign(&key, signed.as_bytes()));
    format!("{signed}.{signature}")
}

pub(crate) fn encoded(pairs: &[(&str, &str)]) -> String {
    Serializer::new(String::new()).extend_pairs(pairs).finish()
}

pub(crate) fn text(body: &Value, name: &str) -> String {
    body[name].as_str().expect("the member is text").to_owned()
}

#[expect(
    clippy::disallowed_methods,
    reason = "a client under test has to send its secret"
)]
pub(crate) fn open(secret: &Secret) -> &str {
    secret.expose_secret()
}
