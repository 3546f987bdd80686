//! Rows for webhook callbacks, and deliveries to a listener that plays the service.

use std::time::Duration;

use remote_auth_sandbox::{
    Delivery, DeliveryOutcome, Gateway, Gateway::Sandbox as GATEWAY, Rule, Rule::*,
};
use ring::hmac;
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
    task::JoinHandle,
};

use crate::bench::{Ask, Bench, OTHER_CLIENT, TOKEN, open, text};

pub(crate) const CALLBACKS: &str = "/v1/webhook-callbacks";

pub(crate) async fn rows() {
    registrations().await;
    deletions().await;
}

#[tokio::test]
async fn webhook_requests_are_judged_row_by_row() {
    rows().await;
}

/// Bodies of registrations, each with its status and the rule that decides.
fn bodies() -> Vec<(Value, (u16, Rule))> {
    let url = "http://127.0.0.1:9/hook";
    let events = json!(["company.archived", "timeoff.requested"]);
    let created = (200, WebhookCreated);
    let (fields, bad_url) = ((422, WebhookFields), (422, WebhookUrl));
    let bad_events = (422, WebhookEvents);
    vec![
        (json!({ "url": url, "subscribed_events": events }), created),
        (
            json!({ "url": url, "subscribed_events": events, "subscribe_to_all_events": false }),
            created,
        ),
        (
            json!({ "url": "https://localhost/hook", "subscribe_to_all_events": true }),
            created,
        ),
        (
            json!({ "url": url, "subscribed_events": events, "secret": "canary" }),
            fields,
        ),
        (json!({ "subscribed_events": events }), bad_url),
        (
            json!({ "url": "https://client.example/hook", "subscribed_events": events }),
            bad_url,
        ),
        (json!({ "url": 7, "subscribed_events": events }), bad_url),
        (json!({ "url": url }), bad_events),
        (
            json!({ "url": url, "subscribe_to_all_events": false }),
            bad_events,
        ),
        (
            json!({ "url": url, "subscribe_to_all_events": "yes" }),
            bad_events,
        ),
        (
            json!({ "url": url, "subscribed_events": events, "subscribe_to_all_events": true }),
            bad_events,
        ),
        (json!({ "url": url, "subscribed_events": [] }), bad_events),
        (
            json!({ "url": url, "subscribed_events": "x.y" }),
            bad_events,
        ),
        (json!({ "url": url, "subscribed_events": [7] }), bad_events),
        (
            json!({ "url": url, "subscribed_events": ["archived"] }),
            bad_events,
        ),
        (
            json!({ "url": url, "subscribed_events": ["Company.archived"] }),
            bad_events,
        ),
        (
            json!({ "url": url, "subscribed_events": ["company..archived"] }),
            bad_events,
        ),
        (
            json!({ "url": url, "subscribed_events": vec!["a.b"; 257] }),
            bad_events,
        ),
    ]
}

// Requirement: remote.webhook.key-once
async fn registrations() {
    let bench = Bench::new().await;
    let token = bench.partner_token(GATEWAY).await;
    let created = (200, WebhookCreated);
    for (body, expected) in bodies() {
        let row = body.to_string();
        let ask = Ask::json(CALLBACKS, &body).bearer(&token);
        let reply = bench.check(&row, GATEWAY, ask, expected).await;
        if expected == created {
            let shown = &reply.json()["data"]["webhook_callback"];
            assert_eq!(shown["url"], body["url"], "{row}");
            assert_eq!(
                shown["subscribed_events"], body["subscribed_events"],
                "{row}"
            );
            assert_eq!(text(shown, "signing_key").len(), 26, "{row}");
            assert_eq!(text(shown, "id").len(), 36, "{row}");
            assert_eq!(reply.header("cache-control"), Some("no-store"), "{row}");
        } else {
            assert!(reply.json()["errors"].is_object(), "{row}");
        }
    }
}

async fn deletions() {
    let bench = Bench::new().await;
    let partner = bench.partner_token(GATEWAY).await;
    let company = bench.company_token(GATEWAY).await;
    let customer = open(bench.sandbox.customer_api_token(GATEWAY)).to_owned();
    let form = [("grant_type", "client_credentials")];
    let foreign = Ask::form(TOKEN, &form).basic(OTHER_CLIENT.0, OTHER_CLIENT.1);
    let foreign = foreign.send(bench.sandbox.gateway_url(GATEWAY)).await;
    let foreign = text(&foreign.json(), "access_token");
    let elsewhere = bench.company_token(Gateway::Production).await;
    let (deleted, unknown) = ((200, WebhookDeleted), (404, WebhookKnown));
    for (row, owner, gateway, deleter, expected) in [
        ("own", &company, GATEWAY, &company, deleted),
        ("the partner's", &partner, GATEWAY, &company, deleted),
        ("the customer's own", &customer, GATEWAY, &customer, deleted),
        ("the customer's", &customer, GATEWAY, &company, unknown),
        ("another client's", &foreign, GATEWAY, &company, unknown),
        (
            "another gateway's",
            &company,
            Gateway::Production,
            &elsewhere,
            unknown,
        ),
    ] {
        let registered = register(&bench, owner, "http://127.0.0.1:9/", &["a.b"]).await;
        let target = format!("{CALLBACKS}/{}", registered.0);
        let ask = || Ask::new("DELETE", &target).bearer(deleter);
        let reply = bench.check(row, gateway, ask(), expected).await;
        let body = if expected == deleted {
            json!({ "data": { "status": "ok" } })
        } else {
            json!({ "message": "Webhook callback not found" })
        };
        assert_eq!(reply.json(), body, "{row}");
        bench.check(row, gateway, ask(), unknown).await;
    }
}

/// Registers a callback and returns its id and signing key.
pub(crate) async fn register(
    bench: &Bench,
    token: &str,
    url: &str,
    events: &[&str],
) -> (String, String) {
    let body = json!({ "url": url, "subscribed_events": events });
    let ask = Ask::json(CALLBACKS, &body).bearer(token);
    let reply = bench
        .check("registered", GATEWAY, ask, (200, WebhookCreated))
        .await;
    let shown = &reply.json()["data"]["webhook_callback"];
    (text(shown, "id"), text(shown, "signing_key"))
}

/// A service that hears one request and answers it with these bytes.
pub(crate) struct Ear {
    pub(crate) url: String,
    heard: JoinHandle<String>,
}

impl Ear {
    pub(crate) async fn new(answer: &'static str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hook?x=1", listener.local_addr().unwrap());
        let heard = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut bytes = Vec::new();
            while !is_whole(&bytes) {
                assert_ne!(stream.read_buf(&mut bytes).await.unwrap(), 0, "cut short");
            }
            stream.write_all(answer.as_bytes()).await.unwrap();
            String::from_utf8(bytes).unwrap()
        });
        Self { url, heard }
    }

    /// The request line, a function from header name to value, and the body.
    pub(crate) async fn heard(self) -> Heard {
        let text = self.heard.await.unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        Heard {
            head: head.to_owned(),
            body: body.to_owned(),
        }
    }
}

/// Tells whether a request has come in full.
fn is_whole(bytes: &[u8]) -> bool {
    let text = String::from_utf8_lossy(bytes);
    let Some((head, body)) = text.split_once("\r\n\r\n") else {
        return false;
    };
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("Content-Length: "));
    length.unwrap().parse::<usize>().unwrap() == body.len()
}

pub(crate) struct Heard {
    head: String,
    pub(crate) body: String,
}

impl Heard {
    pub(crate) fn header(&self, name: &str) -> &str {
        let mut lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines.find(|(sent, _)| *sent == name).unwrap().1
    }
}

// Requirement: remote.webhook.signature
#[tokio::test]
async fn a_delivery_is_signed_over_body_and_timestamp() {
    let bench = Bench::new().await;
    let ear = Ear::new("HTTP/1.1 204 No Content\r\n\r\n").await;
    let token = bench.partner_token(GATEWAY).await;
    let (id, key) = register(&bench, &token, &ear.url, &["company.partner_offboarded"]).await;
    let company_id = bench.sandbox.fixture().company_id();
    let deliveries = bench.sandbox.offboard(company_id).await.unwrap();
    assert_eq!(deliveries.len(), 1);
    assert_eq!(deliveries[0].callback_id, id);
    assert_eq!(deliveries[0].event_type, "company.partner_offboarded");
    assert_eq!(deliveries[0].outcome, DeliveryOutcome::Answered(204));
    assert!(deliveries[0].is_confirmed());

    let authority = ear.url["http://".len()..].trim_end_matches("/hook?x=1");
    let authority = authority.to_owned();
    let heard = ear.heard().await;
    assert!(heard.head.starts_with("POST /hook?x=1 HTTP/1.1\r\n"));
    assert_eq!(heard.header("Host"), authority);
    assert_eq!(heard.header("Content-Type"), "application/json");
    let timestamp = heard.header("X-Remote-Timestamp");
    assert_eq!(timestamp, format!("{}000", bench.now_s()));
    let key = hmac::Key::new(hmac::HMAC_SHA256, key.as_bytes());
    let tag = hmac::sign(&key, format!("{}:{timestamp}", heard.body).as_bytes());
    let tag: String = tag
        .as_ref()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    assert_eq!(heard.header("X-Remote-Signature"), tag);
    let body: Value = serde_json::from_str(&heard.body).unwrap();
    assert_eq!(
        body,
        json!({
            "event_type": "company.partner_offboarded",
            "company_id": company_id,
            "offboarding_date": "2026-01-01T00:00:00Z",
        })
    );
}

#[tokio::test]
async fn only_those_who_asked_and_are_concerned_are_told() {
    let bench = Bench::new().await;
    let fixture = bench.sandbox.fixture();
    let partner = bench.partner_token(GATEWAY).await;
    let company = bench.company_token(GATEWAY).await;
    let created = create(&bench, &partner, "Fjord AS").await;
    let (created_id, created_token) = created;
    let customer = open(bench.sandbox.customer_api_token(GATEWAY)).to_owned();
    let closed = "http://127.0.0.1:9/";
    let all = ["company.archived", "employment.user_status.deactivated"];
    let mut ids = Vec::new();
    for (token, events) in [
        (&partner, &all[..]),
        (&company, &all[..1]),
        (&customer, &all[1..]),
        (&created_token, &all[..]),
    ] {
        ids.push(register(&bench, token, closed, events).await.0);
    }
    let told = |deliveries: Vec<Delivery>| -> Vec<usize> {
        let place = |delivery: Delivery| ids.iter().position(|id| *id == delivery.callback_id);
        deliveries
            .into_iter()
            .map(|delivery| place(delivery).unwrap())
            .collect()
    };
    let deactivated = bench.sandbox.deactivate(fixture.employment_id()).await;
    assert_eq!(told(deactivated.unwrap()), [0, 2]);
    let archived = bench.sandbox.archive(&created_id).await;
    assert_eq!(told(archived.unwrap()), [0, 3]);
    let archived = bench.sandbox.archive(fixture.company_id()).await;
    assert_eq!(told(archived.unwrap()), [0, 1]);
}

/// Creates a company and returns its id and an access token.
pub(crate) async fn create(bench: &Bench, partner: &str, name: &str) -> (String, String) {
    let body = json!({
        "name": name,
        "country_code": "NOR",
        "desired_currency": "NOK",
        "company_owner_name": "Kari Nordmann",
        "company_owner_email": "kari.nordmann@fjord.example",
        "terms_of_service_accepted_at": "2026-01-01T00:00:00Z",
    });
    let target = "/v1/companies?action=get_oauth_access_tokens";
    let ask = Ask::json(target, &body).bearer(partner);
    let reply = bench
        .check("created", GATEWAY, ask, (201, CompanyCreated))
        .await;
    let data = reply.json()["data"].clone();
    let token = text(&data["tokens"], "access_token");
    (text(&data["company"], "id"), token)
}

#[tokio::test]
async fn every_end_of_a_delivery_is_told() {
    let bench = Bench::new().await;
    let token = bench.partner_token(GATEWAY).await;
    let refused = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let nobody = format!("http://{}/", refused.local_addr().unwrap());
    drop(refused);
    let events = ["company.archived"];
    let mut expected = Vec::new();
    let mut ears = Vec::new();
    for (answer, outcome) in [
        ("HTTP/1.1 200 OK\r\n\r\n", DeliveryOutcome::Answered(200)),
        (
            "HTTP/1.1 302 Found\r\nlocation: /\r\n\r\n",
            DeliveryOutcome::Answered(302),
        ),
        ("HTTP/1.1 500 X\r\n\r\n", DeliveryOutcome::Answered(500)),
        ("hello\r\n", DeliveryOutcome::NotHttp),
        ("", DeliveryOutcome::Unreachable),
    ] {
        let ear = Ear::new(answer).await;
        register(&bench, &token, &ear.url, &events).await;
        ears.push(ear);
        expected.push(outcome);
    }
    register(&bench, &token, &nobody, &events).await;
    expected.push(DeliveryOutcome::Unreachable);
    register(&bench, &token, "https://127.0.0.1:9/", &events).await;
    expected.push(DeliveryOutcome::TlsNotSpoken);

    let company_id = bench.sandbox.fixture().company_id();
    let deliveries = bench.sandbox.archive(company_id).await.unwrap();
    let outcomes: Vec<DeliveryOutcome> = deliveries.iter().map(|one| one.outcome).collect();
    assert_eq!(outcomes, expected);
    let confirmed = deliveries.iter().filter(|one| one.is_confirmed()).count();
    assert_eq!(confirmed, 1);
}

#[tokio::test]
async fn a_service_that_never_answers_is_given_up_after_five_seconds() {
    let bench = Bench::new().await;
    let token = bench.partner_token(GATEWAY).await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    register(&bench, &token, &url, &["company.archived"]).await;
    let company_id = bench.sandbox.fixture().company_id();
    tokio::time::pause();
    let start = tokio::time::Instant::now();
    let deliveries = bench.sandbox.archive(company_id).await.unwrap();
    assert_eq!(deliveries[0].outcome, DeliveryOutcome::TooSlow);
    let took = start.elapsed();
    assert!(took >= Duration::from_secs(5), "{took:?}");
    assert!(took < Duration::from_secs(6), "{took:?}");
}
