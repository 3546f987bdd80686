//! No secret of any flow or failure is seen in the ledger, in the admin API, on the live page, in a
//! `Debug` or in what is traced; and the ledger has them all, for a test that asks.
//!
//! It is a program of its own, because what is traced is decided for a whole process at once.

#[expect(dead_code, reason = "the other program uses what this one does not")]
#[path = "it/bench.rs"]
mod bench;

use std::{
    io,
    sync::{Arc, Mutex},
};

use remote_auth_sandbox::{Gateway::Sandbox as GATEWAY, GogoxSandbox, Sandbox};
use serde_json::{Value, json};
use tokio::io::AsyncReadExt;
use tracing_subscriber::fmt::MakeWriter;

use bench::{Ask, Bench, JWT_BEARER, OTHER_CLIENT, TOKEN, open, text};

/// Collects what a subscriber writes.
#[derive(Clone, Default)]
struct Page(Arc<Mutex<Vec<u8>>>);

impl io::Write for Page {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0
            .lock()
            .expect("no writer panics")
            .extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Page {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

#[tokio::test(flavor = "current_thread")]
async fn no_secret_is_seen_in_ledger_debug_or_trace() {
    let page = Page::default();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_writer(page.clone())
        .finish();
    let _guard = tracing::subscriber::set_default(subscriber);

    let builder = Sandbox::builder()
        .auto_approve(true)
        .credentials("client1", "canary-client-secret".into());
    assert!(!format!("{builder:?}").contains("canary"));
    let bench = Bench::with(builder).await;
    let mut secrets = vec!["canary".to_owned(), OTHER_CLIENT.1.to_owned()];
    let good = every_good_flow(&bench).await;
    let code = good[0].clone();
    secrets.extend(good);
    secrets.extend(every_platform_secret(&bench).await);
    every_bad_flow(&bench).await;
    secrets.extend(every_fault(&bench).await);
    let company_id = bench.sandbox.fixture().company_id();
    let deliveries = bench.sandbox.archive(company_id).await.unwrap();
    assert_eq!(deliveries.len(), 1, "the callback is told");
    let gogox = GogoxSandbox::start().await.unwrap();
    secrets.extend(every_flow_of_the_second_provider(&gogox).await);

    let traced = String::from_utf8(page.0.lock().unwrap().clone()).unwrap();
    assert!(
        traced.contains("token.code.redeemed"),
        "the trace is on: {traced}"
    );
    let sandbox = &bench.sandbox;
    let [admin, page] = from_outside(sandbox).await;
    let ledger = sandbox.ledger();
    let received = ledger.iter().flat_map(|entry| &entry.received);
    let texts = received.clone().map(ToString::to_string);
    let opened = received.map(|received| {
        let open = received.danger_unmasked();
        let headers = open
            .headers()
            .flat_map(|(name, value)| [name.as_bytes(), b" ", value]);
        let headers = headers.collect::<Vec<_>>().concat();
        let all = [open.target().as_bytes(), &headers, open.body()].concat();
        String::from_utf8_lossy(&all).into_owned()
    });
    let opened = opened.collect::<Vec<_>>().join("\n");
    for sent in ["canary-misplaced", "canary-wrong-place", &code] {
        assert!(opened.contains(sent), "{sent} was received");
    }
    let shown = [
        traced,
        format!("{ledger:?} {ledger:#?}"),
        texts.collect::<Vec<_>>().join("\n"),
        admin,
        page,
        format!("{sandbox:#?}"),
        format!("{:?}", sandbox.fixture()),
        format!(
            "{:?} {:?}",
            sandbox.pending_faults(),
            sandbox.next_request()
        ),
        format!("{deliveries:?}"),
        format!("{gogox:?} {:?}", gogox.ledger()),
    ];
    let places = [
        "trace",
        "ledger",
        "texts of the ledger",
        "admin API",
        "live page",
        "handle",
        "fixture",
        "faults",
        "deliveries",
        "gogox",
    ];
    for secret in &secrets {
        assert!(secret.len() > 5, "a short secret would be found by chance");
        for (place, shown) in places.iter().zip(&shown) {
            assert!(!shown.contains(secret.as_str()), "{secret} in {place}");
        }
    }
}

/// What the ledger is in JSON and as a page.
async fn from_outside(sandbox: &Sandbox) -> [String; 2] {
    let key = open(sandbox.admin_key());
    let ledger = Ask::get("/ledger").bearer(key);
    let ledger = ledger.send(sandbox.admin_url()).await;
    let page = open(sandbox.page_url()).strip_prefix(sandbox.admin_url());
    let page = page.expect("the page is at the admin API");
    let page = Ask::get(page).send(sandbox.admin_url()).await;
    // The address of the page is its key, and stands in its form.
    let live = page.body.split_once("<div id=\"live\">");
    let (_, page) = live.expect("the page has its live part");
    assert!(ledger.body.contains("*** (16 bytes)") && page.contains("*** (16 bytes)"));
    [ledger.body, page.to_owned()]
}

/// Goes through every grant and returns the secrets that came up.
async fn every_good_flow(bench: &Bench) -> Vec<String> {
    let code = bench.code(GATEWAY, &[("state", "canary-state")]).await;
    let first = bench
        .issued(
            GATEWAY,
            &[("grant_type", "authorization_code"), ("code", &code)],
        )
        .await;
    let refresh_token = text(&first, "refresh_token");
    let form = [
        ("grant_type", "refresh_token"),
        ("refresh_token", refresh_token.as_str()),
    ];
    let second = bench.issued(GATEWAY, &form).await;
    let assertion = bench.assertion(&bench.claims(GATEWAY, &bench.manager()));
    let form = [
        ("grant_type", JWT_BEARER),
        ("assertion", assertion.as_str()),
    ];
    let third = bench.issued(GATEWAY, &form).await;
    let partner = bench.partner_token(GATEWAY).await;
    let customer = open(bench.sandbox.customer_api_token(GATEWAY)).to_owned();
    let mut secrets = vec![code, refresh_token, assertion, partner, customer];
    secrets.extend([first, second, third].map(|body| text(&body, "access_token")));
    for token in secrets.clone() {
        Ask::get("/v1/identity/current")
            .bearer(&token)
            .send(bench.sandbox.gateway_url(GATEWAY))
            .await;
    }
    secrets
}

/// Meets faults that hold secrets or meet them, moves secrets over the admin API, and returns those.
async fn every_fault(bench: &Bench) -> Vec<String> {
    let sandbox = &bench.sandbox;
    let here = sandbox.gateway_url(GATEWAY);
    sandbox.next_request().refuse(400, "canary-error");
    sandbox
        .next_request()
        .answer(200, "text/plain", "canary-body");
    for _ in 0..2 {
        Ask::get("/canary").send(here).await;
    }
    let code = bench.code(GATEWAY, &[]).await;
    sandbox.next_token_request().drop_after_commit();
    let form = [("grant_type", "authorization_code"), ("code", &*code)];
    let mut lost = bench.token_request(&form).post(here).await;
    let read = lost.read_to_end(&mut Vec::new()).await;
    assert_eq!(read.expect("the connection is closed in order"), 0);

    let key = open(sandbox.admin_key()).to_owned();
    let admin = async |path: &str, body: &Value| {
        let ask = Ask::json(path, body).header("x-sandbox-key", &key);
        ask.send(sandbox.admin_url()).await.json()
    };
    let fault = json!({ "kind": "refuse_with_message", "status": 400, "message": "canary" });
    admin(
        "/faults",
        &json!({ "fault": fault, "match": { "path": "/elsewhere" } }),
    )
    .await;
    admin("/faults", &json!({ "canary": "canary" })).await;
    let rotated = admin("/client-secret/rotate", &json!({ "grace_ms": 1000 })).await;
    vec![code, key.clone(), text(&rotated, "client_secret")]
}

/// Uses the platform operations that give secrets, and returns those.
async fn every_platform_secret(bench: &Bench) -> Vec<String> {
    let partner = bench.partner_token(GATEWAY).await;
    let company = bench.company_token(GATEWAY).await;
    let ask = async |ask: Ask, token: &str| {
        let reply = ask
            .bearer(token)
            .send(bench.sandbox.gateway_url(GATEWAY))
            .await;
        assert!(reply.status < 300, "{}", reply.body);
        reply.json()
    };
    let fixture = bench.sandbox.fixture();
    let body = json!({
        "name": "Fjord AS",
        "country_code": "NOR",
        "desired_currency": "NOK",
        "company_owner_name": "Kari Nordmann",
        "company_owner_email": "kari.nordmann@fjord.example",
        "terms_of_service_accepted_at": "2026-01-01T00:00:00Z",
    });
    let target = "/v1/companies?action=get_oauth_access_tokens";
    let created = ask(Ask::json(target, &body), &partner).await;
    let target = format!("/v1/companies/{}/create-token", fixture.company_id());
    let further = ask(Ask::new("POST", &target), &partner).await;
    let body = json!({ "user_id": fixture.manager_user_id() });
    let link = ask(Ask::json("/v1/magic-link", &body), &company).await;
    let link = text(&link["data"], "url");
    let (_, ticket) = link.split_once("token=").expect("a link has a token");
    let body = json!({
        "url": "http://127.0.0.1:9/?key=canary-callback",
        "subscribed_events": ["company.archived"],
    });
    let callback = ask(Ask::json("/v1/webhook-callbacks", &body), &partner).await;
    let tokens = &created["data"]["tokens"];
    vec![
        text(tokens, "access_token"),
        text(tokens, "refresh_token"),
        text(&further, "access_token"),
        text(&further, "refresh_token"),
        ticket.to_owned(),
        text(&callback["data"]["webhook_callback"], "signing_key"),
        company,
    ]
}

/// Gets and uses a token of the second provider, well and badly, and returns its secrets.
async fn every_flow_of_the_second_provider(gogox: &GogoxSandbox) -> Vec<String> {
    let secret = open(gogox.client_secret()).to_owned();
    let body = |secret: &str| {
        json!({
            "client_id": gogox.client_id(),
            "client_secret": secret,
            "grant_type": "client_credentials",
        })
    };
    let good = Ask::json("/oauth/token", &body(&secret));
    let answer = good.send(gogox.url()).await.json();
    let token = text(&answer, "access_token");
    let asks = [
        Ask::get("/delivery/orders").bearer(&token),
        Ask::get("/delivery/orders").bearer("canary-misplaced"),
        Ask::get(&format!("/canary?access_token={token}")),
        Ask::json("/oauth/token", &body("canary-wrong")),
        Ask::json("/oauth/token", &json!({ "canary": "canary" })),
    ];
    for ask in asks {
        let reply = ask.send(gogox.url()).await;
        assert!(!reply.body.contains("canary"), "{}", reply.body);
    }
    vec![secret, token]
}

/// Puts a marked secret wherever a careless client might.
async fn every_bad_flow(bench: &Bench) {
    let mark = "canary-misplaced";
    let asks = [
        bench.token_request(&[("grant_type", mark)]),
        bench.token_request(&[("grant_type", "authorization_code"), ("code", mark)]),
        bench.token_request(&[("grant_type", "refresh_token"), ("refresh_token", mark)]),
        bench.token_request(&[("grant_type", JWT_BEARER), ("assertion", mark)]),
        bench.token_request(&[
            ("grant_type", "client_credentials"),
            ("client_secret", mark),
        ]),
        bench.token_request(&[]).body(format!("{mark}=%zz")),
        Ask::form(TOKEN, &[("grant_type", "client_credentials")]).basic(mark, mark),
        Ask::form(TOKEN, &[])
            .header("content-type", mark)
            .header("x-canary", mark),
        bench.authorization_request(&[("scope", mark), ("state", mark)]),
        Ask::get(&format!(
            "/auth/oauth2/authorize?client_id={mark}&redirect_uri={mark}"
        )),
        Ask::form("/auth/oauth2/consent", &[("ticket", mark)]),
        Ask::get(&format!("/v1/employments?page={mark}")).bearer(mark),
        Ask::get(&format!("/v1/{mark}?access_token={mark}")),
        Ask::new(
            "POST",
            &format!("/v1/companies/{mark}/create-token?scope={mark}"),
        )
        .bearer(mark),
        Ask::new("DELETE", &format!("/v1/webhook-callbacks/{mark}")).bearer(mark),
        Ask::get(&format!("/magic-link?token={mark}")),
        Ask::get("/")
            .header("user-agent", mark)
            .header("cookie", mark)
            .header("accept", mark)
            .header("accept-encoding", mark)
            .header("date", mark)
            .header("referer", mark),
        bench.token_request(&[(mark, mark), ("nonce", "canary-wrong-place")]),
        bench.token_request(&[]).body(mark),
        Ask::get(&format!("/?{mark}")),
        Ask::new("CANARY", "/v1/companies"),
        Ask::get("/v1/companies").host("canary.example"),
    ];
    let partner = bench.partner_token(GATEWAY).await;
    let company = bench.company_token(GATEWAY).await;
    let create = format!("/v1/companies/{mark}/create-token");
    let admitted = [
        Ask::json("/v1/companies", &json!({ "name": mark, mark: mark })).bearer(&partner),
        Ask::new("POST", &create).bearer(&partner),
        Ask::json("/v1/magic-link", &json!({ mark: mark })).bearer(&company),
        Ask::json("/v1/magic-link", &json!({ "user_id": mark, "path": mark })).bearer(&company),
        Ask::json("/v1/magic-link", &json!({ "user_id": mark })).bearer(&company),
        Ask::json("/v1/webhook-callbacks", &json!({ "url": mark })).bearer(&company),
    ];
    for ask in asks.into_iter().chain(admitted) {
        let reply = ask.send(bench.sandbox.gateway_url(GATEWAY)).await;
        assert!(
            !reply.body.contains("canary"),
            "an answer does not repeat what was sent: {}",
            reply.body
        );
    }
}
