//! What the documents demand of both sides and no other journey shows.

use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use remote_auth::{
    Client, Clock, CompanyGrant, ConsentScope, CustomEnvironment, Environment, RefreshToken,
};
use remote_auth_sandbox::{Gateway, ManualClock, Rule, Sandbox};
use remote_auth_tests::journey::{CLIENT, gateway, rule, sandbox};
use remote_auth_tests::rfc_only::{Answer, RfcOnlyServer};
use remote_auth_tests::{browser, plant};
use remote_oauth_client::Secret;
use remote_oauth_client::transport::{Timeouts, http_client};

const REDIRECT_URI: &str = "http://127.0.0.1:8787/callback";
const HOUR: Duration = Duration::from_secs(3600);

fn client_at(gateway: &str) -> Client {
    let environment = Environment::custom(gateway).expect("a gateway");
    let builder = Client::builder(environment).credentials(CLIENT.0, CLIENT.1);
    builder.build().expect("a client")
}

/// Gets a code for a company's consent, as a browser would bring it.
async fn callback(client: &Client) -> (remote_auth::PendingAuthorization, String) {
    let request = client.authorization(REDIRECT_URI);
    let begun = request.scope(ConsentScope::COMPANY_MANAGE).begin();
    let (url, pending) = begun.expect("a request");
    let (_, location, _) = browser::open(url.as_str()).await;
    (pending, location.expect("a redirect"))
}

fn form_of(pairs: &[(&str, &str)]) -> String {
    form_urlencoded::Serializer::new(String::new())
        .extend_pairs(pairs)
        .finish()
}

/// Asks the token endpoint without the library, and returns the status.
async fn ask_for_a_token(gateway: &str, pairs: &[(&str, &str)]) -> u16 {
    let base = gateway.parse().expect("an address");
    let http = http_client(&base, &Timeouts::default()).expect("an HTTP client");
    let request = http
        .post(format!("{gateway}/auth/oauth2/token"))
        .basic_auth(CLIENT.0, Some(CLIENT.1))
        .header("content-type", "application/x-www-form-urlencoded")
        .body(form_of(pairs));
    request.send().await.expect("an answer").status().as_u16()
}

// Requirement: remote.token.many-live, remote.token.reusable
#[tokio::test]
async fn an_older_token_lives_on_beside_a_newer_one() {
    let sandbox = sandbox().await;
    let client = client_at(gateway(&sandbox));
    let (older, newer) = (client.client_credentials(), client.client_credentials());
    let tokens = [older.token().await, newer.token().await].map(|token| token.expect("a token"));
    assert!(!tokens[0].access_token().same_as(tokens[1].access_token()));
    for source in [&older, &newer, &older, &newer] {
        let identity = client.platform(source.clone()).identity().await;
        identity.expect("an identity");
        assert_eq!(rule(&sandbox), Some(Rule::PlatformServed));
    }
}

/// A clock of the client that moves with the sandbox's.
#[derive(Debug)]
struct Shared {
    start: SystemTime,
    passed: Mutex<Duration>,
}

impl Shared {
    fn passed(&self) -> Duration {
        *self.passed.lock().expect("nobody panicked")
    }
}

impl Clock for Shared {
    fn wall(&self) -> SystemTime {
        self.start + self.passed()
    }

    fn elapsed(&self) -> Duration {
        self.passed()
    }
}

// Requirement: remote.client-credentials.again
#[tokio::test]
async fn a_partners_token_that_has_ended_is_asked_for_again() {
    let start = SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000);
    let server_clock = ManualClock::starting_at(start);
    let sandbox = Sandbox::builder()
        .credentials(CLIENT.0, Secret::from(CLIENT.1))
        .manual_clock(&server_clock);
    let sandbox = sandbox.start().await.expect("a sandbox");
    let clock = Arc::new(Shared {
        start,
        passed: Mutex::default(),
    });
    let client = Client::builder(Environment::custom(gateway(&sandbox)).expect("a gateway"))
        .credentials(CLIENT.0, CLIENT.1)
        .clock(Arc::clone(&clock) as Arc<dyn Clock>)
        .build()
        .expect("a client");
    let partner = client.client_credentials();
    let first = partner.token().await.expect("a token");
    assert!(partner.refresh_token().is_none());

    *clock.passed.lock().expect("nobody panicked") = HOUR;
    server_clock.advance(HOUR);
    let second = partner.token().await.expect("another token");
    assert!(!first.access_token().same_as(second.access_token()));
    let rules: Vec<Rule> = sandbox.ledger().iter().map(|entry| entry.rule).collect();
    assert_eq!(rules, [Rule::ClientCredentialsIssued; 2]);
}

// Requirement: remote.api.bearer-header, remote.environment.token-bound, rfc6750.2.1.header
// Requirement: rfc6750.2.2.not-in-form, rfc6750.2.3.not-in-query, rfc6750.2.one-method
// Requirement: rfc6749.10.3.pinned-origin, rfc6750.5.3.safeguarded, rfc9700.4.3.2.not-in-query
#[tokio::test]
async fn a_bearer_goes_to_its_own_gateway_in_one_header_and_nowhere_else() {
    let sandbox = sandbox().await;
    let here = gateway(&sandbox).to_owned();
    let client = client_at(&here);
    let token = client.client_credentials().token().await.expect("a token");
    let asked = |url: String| {
        client
            .http()
            .post(url)
            .body("a=b")
            .build()
            .expect("a request")
    };

    let mut request = asked(format!("{here}/v1/companies?page=1"));
    token.authorize(&mut request).expect("its own gateway");
    let headers: Vec<_> = request.headers().get_all("authorization").iter().collect();
    assert_eq!(headers, [&token.header()]);
    assert!(headers[0].is_sensitive());
    let value = headers[0].to_str().expect("text");
    let text = value
        .strip_prefix("Bearer ")
        .expect("the scheme")
        .to_owned();
    assert_eq!(request.url().query(), Some("page=1"));
    let body = request.body().and_then(|body| body.as_bytes());
    assert_eq!(body, Some(b"a=b".as_slice()));
    assert!(!request.url().as_str().contains(&text));

    // A request that carries another credential keeps that one, and no second.
    let mut request = asked(here.clone());
    let other = "Basic YTpi".parse().expect("a value");
    request.headers_mut().insert("authorization", other);
    token.authorize(&mut request).expect("nothing to do");
    let headers: Vec<_> = request.headers().get_all("authorization").iter().collect();
    assert_eq!(headers, ["Basic YTpi"]);

    for elsewhere in [
        sandbox.gateway_url(Gateway::Production),
        "https://gateway.remote.com/v1/companies",
        "http://127.0.0.1:1/",
    ] {
        let mut request = asked(elsewhere.to_owned());
        let error = token.authorize(&mut request).expect_err(elsewhere);
        assert_eq!(error.code(), "environment.origin");
        assert!(request.headers().is_empty(), "{elsewhere}");
    }
}

// Requirement: remote.skill.mistake-mixed-environments, rfc6749.10.4.issuer-only
#[tokio::test]
async fn a_grant_of_another_client_or_environment_is_sent_nowhere() {
    let sandbox = sandbox().await;
    let there = sandbox.gateway_url(Gateway::Production);
    let client = client_at(gateway(&sandbox));
    let grant = |gateway: &str, id: &str| {
        let environment = Environment::custom(gateway).expect("a gateway");
        let id = remote_auth::ClientId::parse(id).expect("an id");
        CompanyGrant::restore(environment, id, RefreshToken::from("kept")).expect("a grant")
    };
    for foreign in [grant(there, CLIENT.0), grant(gateway(&sandbox), "another")] {
        let error = client.company(foreign).token().await.expect_err("foreign");
        assert_eq!(error.code(), "environment.grant");
    }
    assert_eq!(sandbox.ledger(), []);
}

// Requirement: rfc9700.2.1.mix-up
#[tokio::test]
async fn a_code_of_another_environment_is_sent_nowhere() {
    let sandbox = sandbox().await;
    let (pending, location) = callback(&client_at(gateway(&sandbox))).await;
    let code = pending.accept(location).expect("a code");
    let asked = sandbox.ledger().len();
    let other = client_at(sandbox.gateway_url(Gateway::Production));
    let error = other.redeem(code).await.expect_err("foreign");
    assert_eq!(error.code(), "environment.grant");
    assert_eq!(sandbox.ledger().len(), asked);
}

// Requirement: rfc9207.2.4.configured
#[tokio::test]
async fn an_issuer_is_demanded_where_one_is_configured() {
    let begun = |issuer: Option<&str>| {
        let mut environment = CustomEnvironment::new("https://as.example").expect("a gateway");
        if let Some(issuer) = issuer {
            environment = environment.with_issuer(issuer);
        }
        let builder = Client::builder(environment.into()).credentials(CLIENT.0, CLIENT.1);
        let client = builder.build().expect("a client");
        client
            .authorization(REDIRECT_URI)
            .begin()
            .expect("a request")
    };
    let issuer = "https://issuer.example";
    let named = form_of(&[("code", "c"), ("iss", issuer)]);
    for (configured, answer, expected) in [
        (None, "code=c", None),
        (Some(issuer), "code=c", Some("mismatched.issuer")),
        (Some(issuer), &named, None),
        (None, &named, Some("mismatched.issuer")),
    ] {
        let (url, pending) = begun(configured);
        let judged = pending.accept(browser::callback(&url, answer));
        let code = judged.err().map(|error| error.code());
        assert_eq!(code, expected, "{configured:?} {answer}");
    }
}

// Requirement: remote.refresh.not-rotated, rfc6749.6.new-replaces-old, rfc6749.6.none-keeps-old
#[tokio::test]
async fn a_refresh_token_stays_until_another_comes_back() {
    let replaced = format!(r#","refresh_token":"{}""#, plant::NEXT_REFRESH_TOKEN);
    for (more, kept) in [
        ("", plant::REFRESH_TOKEN),
        (r#","refresh_token":null"#, plant::REFRESH_TOKEN),
        (&replaced, plant::NEXT_REFRESH_TOKEN),
    ] {
        // A life of no length, so that each token is asked for.
        let more = format!(r#","expires_in":0{more}"#);
        let server = RfcOnlyServer::start(Answer::token(&more)).await;
        let environment = Environment::custom(server.gateway()).expect("a gateway");
        let builder = Client::builder(environment);
        let builder = builder.credentials(plant::CLIENT_ID, plant::CLIENT_SECRET);
        let client = builder.build().expect("a client");
        let grant = CompanyGrant::restore(
            client.environment().clone(),
            client.client_id().clone(),
            RefreshToken::from(plant::REFRESH_TOKEN),
        );
        let company = client.company(grant.expect("a grant"));
        for sent in [plant::REFRESH_TOKEN, kept] {
            company.token().await.expect("a token");
            let requests = server.requests();
            let last = requests.last().expect("a request");
            assert_eq!(last.parameter("refresh_token"), Some(sent), "{more}");
        }
        let now = company.refresh_token().expect("a refresh token");
        assert!(now.same_as(&RefreshToken::from(kept)), "{more}");
    }
}

// Requirement: rfc6749.3.1.unknown-ignored, rfc6749.3.2.unknown-ignored
#[tokio::test]
async fn parameters_that_a_server_does_not_know_change_nothing() {
    let sandbox = sandbox().await;
    let here = gateway(&sandbox);
    let (url, pending) = client_at(here)
        .authorization(REDIRECT_URI)
        .begin()
        .expect("a request");
    let (status, location, _) = browser::open(&format!("{url}&nonsense=1")).await;
    assert_eq!(status, 302);
    pending
        .accept(location.expect("a redirect"))
        .expect("a code");

    let form = [("grant_type", "client_credentials"), ("nonsense", "1")];
    assert_eq!(ask_for_a_token(here, &form).await, 200);
    assert_eq!(rule(&sandbox), Some(Rule::ClientCredentialsIssued));
}

// Requirement: rfc9700.2.6.no-cors
#[tokio::test]
async fn no_page_of_another_origin_may_read_an_answer() {
    let sandbox = sandbox().await;
    let here = gateway(&sandbox);
    let (url, _) = client_at(here)
        .authorization(REDIRECT_URI)
        .begin()
        .expect("a request");
    let base = here.parse().expect("an address");
    let http = http_client(&base, &Timeouts::default()).expect("an HTTP client");
    let request = http.get(url).header("origin", "https://page.example");
    let answer = request.send().await.expect("an answer");
    assert_eq!(answer.status(), 302);
    let allowed = answer.headers().keys();
    let mut allowed = allowed.filter(|name| name.as_str().starts_with("access-control-"));
    assert_eq!(allowed.next(), None);
}
