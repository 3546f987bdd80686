//! No secret of any flow or failure is seen in the ledger, in a `Debug` or in what is traced.
//!
//! It is a program of its own, because what is traced is decided for a whole process at once.

#[expect(dead_code, reason = "the other program uses what this one does not")]
#[path = "it/bench.rs"]
mod bench;

use std::{
    io,
    sync::{Arc, Mutex},
};

use remote_auth_sandbox::{Gateway::Sandbox as GATEWAY, Sandbox};
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
    secrets.extend(every_good_flow(&bench).await);
    every_bad_flow(&bench).await;

    let traced = String::from_utf8(page.0.lock().unwrap().clone()).unwrap();
    assert!(
        traced.contains("token.code.redeemed"),
        "the trace is on: {traced}"
    );
    let sandbox = &bench.sandbox;
    let shown = [
        traced,
        format!("{:?}", sandbox.ledger()),
        format!("{sandbox:#?}"),
        format!("{:?}", sandbox.fixture()),
    ];
    for secret in &secrets {
        assert!(secret.len() > 5, "a short secret would be found by chance");
        for (place, shown) in ["trace", "ledger", "handle", "fixture"].iter().zip(&shown) {
            assert!(!shown.contains(secret.as_str()), "{secret} in {place}");
        }
    }
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
        Ask::new("CANARY", "/v1/companies"),
        Ask::get("/v1/companies").host("canary.example"),
    ];
    for ask in asks {
        let reply = ask.send(bench.sandbox.gateway_url(GATEWAY)).await;
        assert!(
            !reply.body.contains("canary"),
            "an answer does not repeat what was sent: {}",
            reply.body
        );
    }
}
