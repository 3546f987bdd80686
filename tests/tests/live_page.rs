//! The pages of the embedded sandbox in a browser that people use: the consent page and the live
//! page, with scripts and without.
//!
//! Where no Chromium is installed, each test says so and ends.

use remote_auth_sandbox::{Fixture, Gateway, Sandbox};
use remote_auth_tests::chromium::Chromium;
use remote_oauth_client::transport::{Timeouts, http_client};
use secrecy::ExposeSecret;
use serde_json::json;
use url::Url;

#[expect(
    clippy::disallowed_methods,
    reason = "the browser is given the address of the page"
)]
fn page_url(sandbox: &Sandbox) -> String {
    sandbox.page_url().expose_secret().to_owned()
}

/// The address at which a client asks for consent; it is sent back to a path of the gateway itself,
/// where nothing is.
fn authorization_url(sandbox: &Sandbox) -> String {
    let gateway = sandbox.gateway_url(Gateway::Sandbox);
    let mut url = Url::parse(&format!("{gateway}/auth/oauth2/authorize")).expect("an address");
    url.query_pairs_mut()
        .append_pair("client_id", sandbox.client_id())
        .append_pair("redirect_uri", &format!("{gateway}/callback"))
        .append_pair("scope", "payroll employment:read timeoff:write")
        .append_pair("state", "<state>");
    url.into()
}

/// Sends a token request and returns the status.
async fn token_request(sandbox: &Sandbox) -> u16 {
    let gateway = sandbox.gateway_url(Gateway::Sandbox);
    let url: Url = format!("{gateway}/auth/oauth2/token")
        .parse()
        .expect("an address");
    let http = http_client(&url, &Timeouts::default()).expect("an HTTP client");
    #[expect(clippy::disallowed_methods, reason = "a client shows its secret")]
    let secret = sandbox.client_secret().expose_secret();
    let request = http.post(url).basic_auth(sandbox.client_id(), Some(secret));
    let request = request
        .header("content-type", "application/x-www-form-urlencoded")
        .body("grant_type=client_credentials");
    let answer = request.send().await.expect("an answer");
    answer.status().as_u16()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_click_on_approve_lands_on_the_redirection_uri_with_code_and_state() {
    let Some(mut browser) = Chromium::start().await else {
        return;
    };
    let sandbox = Sandbox::start().await.expect("a sandbox");
    for (button, member) in [("approve", "code"), ("deny", "error")] {
        browser.open(&authorization_url(&sandbox)).await;
        let text = browser.evaluate("document.body.innerText").await;
        let text = text.as_str().expect("text");
        for words in [
            "Connect Acme Demo Ltd?",
            "Jane Smith",
            "Manage payroll",
            "not for production",
        ] {
            assert!(text.contains(words), "{words}: {text}");
        }
        browser.click(&format!("button[value={button}]")).await;
        let landed = browser.evaluate("location.href").await;
        let landed = Url::parse(landed.as_str().expect("text")).expect("an address");
        assert_eq!(landed.path(), "/callback");
        let sent: Vec<(String, String)> = landed.query_pairs().into_owned().collect();
        assert_eq!(sent[0].0, member, "{landed}");
        assert_eq!(sent[1], ("state".to_owned(), "<state>".to_owned()));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_live_page_shows_what_happens_and_its_buttons_script_faults() {
    let Some(mut browser) = Chromium::start().await else {
        return;
    };
    let evil = "Acme <script>document.title = 1</script>";
    let fixture = Fixture::built_in().replace("Acme Demo Ltd", evil);
    let fixture = Fixture::parse(&fixture).expect("a fixture");
    let builder = Sandbox::builder().fixture(fixture).auto_approve(true);
    let sandbox = builder.start().await.expect("a sandbox");
    browser.open(&page_url(&sandbox)).await;

    // The page looks again by itself, without being loaded anew.
    browser.evaluate("window.same = true").await;
    assert_eq!(token_request(&sandbox).await, 200);
    let seen = "new Promise(done => { const look = () => live.innerText.includes(\
        'token.client_credentials.issued') && done(window.same); \
        new MutationObserver(look).observe(live, { childList: true }); look(); })";
    assert_eq!(browser.evaluate(seen).await, json!(true));

    // What was received opens by a click, is masked, and stays open when the page looks again.
    let click = "document.querySelector('#request-0 summary').click()";
    browser.evaluate(click).await;
    let text = "document.querySelector('#request-0 pre').innerText";
    let text = browser.evaluate(text).await;
    let text = text.as_str().expect("text");
    for words in [
        "POST /auth/oauth2/token",
        "authorization: Basic ***",
        "grant_type=client_credentials",
    ] {
        assert!(text.contains(words), "{words}: {text}");
    }
    assert_eq!(token_request(&sandbox).await, 200);
    let open = "new Promise(done => { const look = () => document.getElementById('request-1') && \
        done(document.getElementById('request-0').open); \
        new MutationObserver(look).observe(live, { childList: true }); look(); })";
    assert_eq!(browser.evaluate(open).await, json!(true));

    browser.click("button[value=refuse]").await;
    let text = browser.evaluate("live.innerText").await;
    assert!(
        text.as_str().expect("text").contains("Pending faults"),
        "{text}"
    );
    assert_eq!(token_request(&sandbox).await, 400);
    assert_eq!(sandbox.pending_faults(), []);

    browser.open(&authorization_url(&sandbox)).await;
    browser.open(&page_url(&sandbox)).await;
    let text = browser.evaluate("document.body.innerText").await;
    let text = text.as_str().expect("text");
    for words in [
        evil,
        "code not redeemed",
        "script.fault",
        "access token of a partner",
    ] {
        assert!(text.contains(words), "{words}: {text}");
    }
    let title = browser.evaluate("document.title").await;
    assert_eq!(title, "Live page · remote-auth embedded sandbox");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_live_page_reads_without_scripts_and_opens_for_nobody_else() {
    let Some(mut browser) = Chromium::start().await else {
        return;
    };
    let sandbox = Sandbox::start().await.expect("a sandbox");
    assert_eq!(token_request(&sandbox).await, 200);
    let off = json!({ "value": true });
    browser
        .call("Emulation.setScriptExecutionDisabled", off)
        .await;
    browser.open(&page_url(&sandbox)).await;
    let html = browser
        .call("DOM.getDocument", json!({ "depth": -1 }))
        .await
        .to_string();
    for words in [
        "token.client_credentials.issued",
        "META",
        "Script a fault",
        "DETAILS",
        "authorization: Basic ***",
        "grant_type=client_credentials",
    ] {
        assert!(html.contains(words), "{words}: {html}");
    }
    browser
        .open(&format!("{}/page/{}", sandbox.admin_url(), "0".repeat(64)))
        .await;
    let html = browser
        .call("DOM.getDocument", json!({ "depth": -1 }))
        .await
        .to_string();
    assert!(html.contains("This is not the key"), "{html}");
    assert!(!html.contains("Script a fault"), "{html}");
}
