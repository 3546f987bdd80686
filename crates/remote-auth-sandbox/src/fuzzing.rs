//! What the fuzz targets reach: each function takes what a stranger may send, and panics where something does not hold.
//!
//! It is behind the feature `fuzzing` and no part of the interface; the targets are in `fuzz/`.
//! All decisions of a process are made by one sandbox, whose time stands still, so that a finding is found again.

use std::sync::LazyLock;

use axum::{
    body::{Bytes, to_bytes},
    http::{HeaderMap, HeaderValue, Method, Request, StatusCode, header},
};
use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use remote_oauth_client::{Secret, endpoints::TOKEN_PATH};
use ring::hmac;
use serde_json::Value;
use tokio::runtime::{self, Runtime};

use crate::{
    authorize,
    clock::ManualClock,
    gateway::Gateway,
    http::Asked,
    ledger::Received,
    operation::{Operation, ROUTES, Route},
    parameters::Parameters,
    platform,
    rule::Rule,
    sandbox::Sandbox,
    token,
    wire::Answer,
};

const CLIENT_ID: &str = "fuzz-client";
const CLIENT_SECRET: &str = "fuzz-secret-of-more-than-32-bytes";
const GATEWAY: Gateway = Gateway::Sandbox;
const FORM: &str = "application/x-www-form-urlencoded";
const CLIENT_CREDENTIALS: &[u8] = b"grant_type=client_credentials";

/// The one sandbox, and what its answers are read with.
struct Opponent {
    runtime: Runtime,
    sandbox: Sandbox,
    clock: ManualClock,
    /// The headers of a partner and of a company, for the operations of the platform.
    bearers: Vec<HeaderMap>,
}

static OPPONENT: LazyLock<Opponent> = LazyLock::new(Opponent::start);

impl Opponent {
    fn start() -> Self {
        let runtime = runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.expect("the system gives a runtime");
        let clock = ManualClock::default();
        let builder = Sandbox::builder()
            .credentials(CLIENT_ID, Secret::from(CLIENT_SECRET))
            .manual_clock(&clock)
            .rate_limited(false)
            .seed(1);
        let sandbox = runtime
            .block_on(builder.start())
            .expect("loopback has free ports");
        let mut opponent = Self {
            runtime,
            sandbox,
            clock,
            bearers: Vec::new(),
        };
        let partner = bearer(&opponent.token(&basic(&pair()), CLIENT_CREDENTIALS));
        let mut routes = ROUTES.iter();
        let create_token = routes.find(|route| route.operation == Operation::CreateToken);
        let create_token = create_token.expect("the table has every operation");
        let company = bearer(&opponent.platform(create_token, &partner, b"{}"));
        opponent.bearers = vec![partner, company];
        opponent
    }

    /// Asks an operation of the platform about the fixture's company.
    fn platform(&self, route: &Route, headers: &HeaderMap, body: &[u8]) -> Judged {
        let company = self.sandbox.fixture().company_id();
        let path = route.paths[0].replace("{company_id}", company);
        self.show(&path, headers, body);
        let desk = self.sandbox.world().desk(GATEWAY);
        self.judge(platform::answer(desk, route, headers, (&path, ""), body))
    }

    /// Asks the token endpoint.
    fn token(&self, headers: &HeaderMap, body: &[u8]) -> Judged {
        self.show(TOKEN_PATH, headers, body);
        self.judge(token::answer(
            self.sandbox.world().desk(GATEWAY),
            headers,
            body,
        ))
    }

    /// Shows a request as the ledger does: the client's secret is not in it, wherever it was sent, and what came is
    /// whole behind it.
    fn show(&self, path: &str, headers: &HeaderMap, body: &[u8]) {
        let (mut head, ()) = Request::post(path)
            .body(())
            .expect("paths of the table are good")
            .into_parts();
        head.headers.clone_from(headers);
        let body = Some(Bytes::copy_from_slice(body));
        let asked = Asked { head, body };
        let known = &self.sandbox.world().known;
        let received = Received::pack(&asked, ("POST", "(other)"), known);
        let shown = format!("{received}{received:?}");
        assert!(!shown.contains(CLIENT_SECRET));
        let open = received.danger_unmasked();
        assert!(asked.body().starts_with(open.body()));
        assert_eq!(open.headers().count(), headers.len());
    }

    /// Holds an answer to what every answer keeps: it names its rule, is no failure, and is JSON where it says so.
    fn judge(&self, answer: Answer) -> Judged {
        let Answer { rule, response } = answer;
        let (parts, body) = response.into_parts();
        assert!(!parts.status.is_server_error(), "{rule}");
        let body = self.runtime.block_on(to_bytes(body, usize::MAX));
        let body = body.expect("the body is whole");
        let is_json = platform::is_json(&parts.headers);
        let body = is_json.then(|| serde_json::from_slice(&body).expect("the body is JSON"));
        Judged {
            rule,
            status: parts.status,
            body: body.unwrap_or_default(),
        }
    }
}

/// An answer that kept what every answer keeps.
struct Judged {
    rule: Rule,
    status: StatusCode,
    body: Value,
}

fn pair() -> String {
    format!("{CLIENT_ID}:{CLIENT_SECRET}")
}

/// The headers of a token request with credentials.
fn basic(pair: &str) -> HeaderMap {
    let value = format!("Basic {}", STANDARD.encode(pair));
    let mut headers = form_headers();
    headers.insert(
        header::AUTHORIZATION,
        value.parse().expect("Base64 is printable"),
    );
    headers
}

fn form_headers() -> HeaderMap {
    HeaderMap::from_iter([(header::CONTENT_TYPE, HeaderValue::from_static(FORM))])
}

/// The headers of a request to the platform with the token that was answered.
fn bearer(issued: &Judged) -> HeaderMap {
    let token = issued.body["access_token"]
        .as_str()
        .expect("a good request gets a token");
    let value = format!("Bearer {token}")
        .parse()
        .expect("tokens are printable");
    let json = HeaderValue::from_static("application/json");
    HeaderMap::from_iter([(header::AUTHORIZATION, value), (header::CONTENT_TYPE, json)])
}

/// A form at the token endpoint and on the consent page, and the same bytes as an authorization request.
///
/// What the strict reader takes, the reader of the URL standard reads in the same way.
pub fn form(bytes: &[u8]) {
    let opponent = &*OPPONENT;
    let world = opponent.sandbox.world();
    opponent.token(&basic(&pair()), bytes);
    opponent.judge(authorize::decide(world.desk(GATEWAY), bytes));
    if let Ok(query) = std::str::from_utf8(bytes) {
        opponent.judge(authorize::answer(world.desk(GATEWAY), query));
    }
    if let Ok(strict) = Parameters::parse(bytes) {
        for (name, _) in form_urlencoded::parse(bytes) {
            let mut sent = form_urlencoded::parse(bytes).filter(|(other, _)| *other == name);
            let first = sent.next().map(|(_, value)| value.into_owned());
            let first = first.filter(|value| !value.is_empty());
            assert_eq!(strict.get(&name), first.as_deref());
            assert_eq!(strict.repeats(&name), sent.next().is_some());
        }
    }
}

/// An `Authorization` header at the token endpoint: only the client's own credentials get a token.
pub fn basic_header(bytes: &[u8]) {
    let Ok(value) = HeaderValue::from_bytes(bytes) else {
        return;
    };
    let mut headers = form_headers();
    headers.insert(header::AUTHORIZATION, value);
    let answer = OPPONENT.token(&headers, CLIENT_CREDENTIALS);
    if answer.status == StatusCode::OK {
        let scheme = bytes.get(..6).expect("a scheme and a space");
        assert!(scheme.eq_ignore_ascii_case(b"basic "), "{scheme:?}");
        let sent = STANDARD.decode(bytes[6..].trim_ascii()).expect("Base64");
        let read = form_urlencoded::parse(&sent)
            .next()
            .map(|(pair, _)| pair.into_owned());
        assert_eq!(read, Some(pair()));
    } else {
        assert_eq!(answer.rule, Rule::TokenClientRight);
    }
}

/// An assertion as it came, which nobody can have signed; and header and claims, split at the first line break, under
/// the client's own signature.
///
/// The word `AUDIENCE` stands for the audience, which no two processes share.
pub fn assertion(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    assert_ne!(asserted(text).status, StatusCode::OK, "nobody signed it");

    let audience = OPPONENT.sandbox.audience(GATEWAY);
    let text = &text.replace("AUDIENCE", &audience);
    let (header, claims) = text
        .split_once('\n')
        .unwrap_or((r#"{"alg":"HS256"}"#, text));
    let part = |text: &str| URL_SAFE_NO_PAD.encode(text);
    let signed = format!("{}.{}", part(header), part(claims));
    let key = hmac::Key::new(hmac::HMAC_SHA256, CLIENT_SECRET.as_bytes());
    let signature = URL_SAFE_NO_PAD.encode(hmac::sign(&key, signed.as_bytes()));
    if asserted(&format!("{signed}.{signature}")).status == StatusCode::OK {
        let read = |text| serde_json::from_str::<Value>(text).expect("what was believed is JSON");
        let (header, claims) = (read(header), read(claims));
        assert_eq!(header["alg"], "HS256");
        assert_eq!(claims["iss"], CLIENT_ID);
        assert_eq!(claims["aud"], audience);
        let now = OPPONENT.clock.now().duration_since(std::time::UNIX_EPOCH);
        let now = now.expect("manual clocks start after 1970").as_secs_f64();
        let ends = claims["exp"].as_f64().expect("a number");
        assert!(now < ends && ends <= now + 600.0, "{ends}");
    }
}

fn asserted(assertion: &str) -> Judged {
    let form = form_urlencoded::Serializer::new(String::new())
        .append_pair("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer")
        .append_pair("assertion", assertion)
        .finish();
    OPPONENT.token(&form_headers(), form.as_bytes())
}

/// A body for every operation of the platform that takes one, with each kind of token.
pub fn json_body(bytes: &[u8]) {
    for route in ROUTES.iter().filter(|route| route.method == Method::POST) {
        for headers in &OPPONENT.bearers {
            OPPONENT.platform(route, headers, bytes);
        }
    }
}
