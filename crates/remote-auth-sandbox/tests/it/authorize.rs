//! Rows for the authorization endpoint and the consent page.

use remote_auth_sandbox::{Gateway, Gateway::Sandbox as GATEWAY, Rule, Sandbox};

use crate::bench::{AUTHORIZE, Ask, Bench, CALLBACK, encoded};

const CONSENT: &str = "/auth/oauth2/consent";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

pub(crate) async fn rows() {
    faults_that_must_not_be_redirected().await;
    faults_by_redirect().await;
    consent_by_page().await;
    tickets_that_are_refused().await;
}

#[tokio::test]
async fn authorization_requests_are_judged_row_by_row() {
    rows().await;
}

// Requirement: remote.authorize.redirect-uri-registered, rfc6749.10.6.registered-only
// Requirement: rfc6749.3.1.2.2.registered, rfc6749.3.1.2.3.matched, rfc6749.3.1.2.4.no-redirect
// Requirement: rfc6749.4.1.1.client-id, rfc6749.4.1.2.1.not-redirected, rfc9700.2.1.exact-redirect
// Requirement: rfc9700.2.1.no-open-redirector
async fn faults_that_must_not_be_redirected() {
    let bench = Bench::new().await;
    let id = bench.sandbox.client_id();
    let uri = encoded(&[("redirect_uri", CALLBACK)]);
    let long = format!("client_id={id}&{uri}&state={}", "x".repeat(8 * 1024));
    let cases = [
        ("no client", uri.clone(), Rule::AuthorizeClientKnown),
        (
            "an unknown client",
            format!("client_id=nobody&{uri}"),
            Rule::AuthorizeClientKnown,
        ),
        (
            "two clients",
            format!("client_id={id}&client_id={id}&{uri}"),
            Rule::AuthorizeClientKnown,
        ),
        (
            "no redirection URI",
            format!("client_id={id}"),
            Rule::AuthorizeRedirectRegistered,
        ),
        (
            "another redirection URI",
            format!("client_id={id}&redirect_uri=https://client.example/callback/x"),
            Rule::AuthorizeRedirectRegistered,
        ),
        (
            "another host that begins alike",
            format!("client_id={id}&redirect_uri=http://127.0.0.1:80@client.example/callback"),
            Rule::AuthorizeRedirectRegistered,
        ),
        (
            "two redirection URIs",
            format!("client_id={id}&{uri}&{uri}"),
            Rule::AuthorizeRedirectRegistered,
        ),
        (
            "a broken encoding",
            format!("client_id={id}&{uri}&state=%zz"),
            Rule::AuthorizeWellFormed,
        ),
        ("too much", long, Rule::AuthorizeWellFormed),
    ];
    for (row, query, rule) in cases {
        let reply = bench
            .check(
                row,
                GATEWAY,
                Ask::get(&format!("{AUTHORIZE}?{query}")),
                (400, rule),
            )
            .await;
        assert_eq!(reply.header("location"), None, "{row}");
        assert!(
            reply
                .header("content-type")
                .is_some_and(|kind| kind.starts_with("text/html")),
            "{row}"
        );
        assert!(reply.body.contains("not for production"), "{row}");
    }
}

// Requirement: remote.authorize.response-type, rfc6749.3.1.1.unsupported-response-type
// Requirement: rfc6749.3.1.no-repeats, rfc6749.4.1.2.1.error-by-redirect
// Requirement: rfc7636.4.4.1.unsupported-method, rfc7636.7.2.plain-refused
async fn faults_by_redirect() {
    let bench = Bench::new().await;
    let method = "code_challenge_method";
    let (once, pkce) = (Rule::AuthorizeParametersOnce, Rule::AuthorizePkceS256);
    let scope = Rule::AuthorizeScopeListed;
    let response_type = Rule::AuthorizeResponseType;
    type Row<'a> = (&'a [(&'a str, &'a str)], &'a str, Rule);
    let cases: [Row<'_>; 8] = [
        (&[("scope", "a"), ("scope", "b")], "invalid_request", once),
        (&[("x", "a"), ("x", "a")], "invalid_request", once),
        (
            &[("response_type", "token")],
            "unsupported_response_type",
            response_type,
        ),
        (&[("scope", "timeoff:create")], "invalid_scope", scope),
        (&[("scope", "bank_account:read")], "invalid_scope", scope),
        (&[("code_challenge", CHALLENGE)], "invalid_request", pkce),
        (
            &[("code_challenge", CHALLENGE), (method, "plain")],
            "invalid_request",
            pkce,
        ),
        (
            &[("code_challenge", "short"), (method, "S256")],
            "invalid_request",
            pkce,
        ),
    ];
    for (more, error, rule) in cases {
        let row = format!("{more:?}");
        let ask = bench.authorization_request(&[more, &[("state", "a b&c")]].concat());
        let reply = bench.check(&row, GATEWAY, ask, (302, rule)).await;
        let location = reply.header("location");
        assert!(
            location.is_some_and(|uri| uri.starts_with(CALLBACK)),
            "{row}"
        );
        assert_eq!(reply.callback("error").as_deref(), Some(error), "{row}");
        assert_eq!(reply.callback("state").as_deref(), Some("a b&c"), "{row}");
        assert_eq!(reply.callback("code"), None, "{row}");
    }
    let twice = bench.authorization_request(&[("state", "a"), ("state", "b")]);
    let reply = bench.check("two states", GATEWAY, twice, (302, once)).await;
    assert_eq!(
        reply.callback("state"),
        None,
        "neither of two states is echoed"
    );
}

// Requirement: remote.authorize.answer, rfc6749.3.1.get, rfc6749.4.1.2.state-echoed
// Requirement: rfc8252.7.3.any-port
#[tokio::test]
async fn an_approved_request_answers_with_code_and_state_on_the_uri_that_was_asked() {
    let bench = Bench::new().await;
    for uri in [
        "http://127.0.0.1:49152/callback",
        "http://[::1]:1/callback",
        CALLBACK,
    ] {
        let query = encoded(&[
            ("client_id", bench.sandbox.client_id()),
            ("redirect_uri", uri),
            ("state", "s"),
        ]);
        for more in [
            "",
            "&response_type=code",
            "&response_type=",
            "&scope=timeoff:read%20payroll",
        ] {
            let ask = Ask::get(&format!("{AUTHORIZE}?{query}{more}"));
            let reply = bench
                .check(uri, GATEWAY, ask, (302, Rule::AuthorizeApproved))
                .await;
            assert!(
                reply
                    .header("location")
                    .is_some_and(|to| to.starts_with(&format!("{uri}?code=")))
            );
            assert_eq!(reply.callback("state").as_deref(), Some("s"));
            assert_eq!(reply.header("cache-control"), Some("no-store"));
        }
    }
}

/// Opens a consent page and returns its ticket.
async fn open_page(bench: &Bench) -> String {
    let ask = bench.authorization_request(&[("state", "s")]);
    let asked = (200, Rule::AuthorizeConsentAsked);
    bench.check("a page", GATEWAY, ask, asked).await.ticket()
}

fn post(ticket: &str, decision: &str) -> Ask {
    Ask::form(CONSENT, &[("ticket", ticket), ("decision", decision)])
}

// Requirement: rfc6749.10.12.server-csrf, rfc6749.4.1.2.1.error-by-redirect, rfc9700.4.12.no-307
async fn consent_by_page() {
    let bench = Bench::with(Sandbox::builder()).await;
    let ticket = open_page(&bench).await;
    let approved = (303, Rule::AuthorizeApproved);
    let reply = bench
        .check("approve", GATEWAY, post(&ticket, "approve"), approved)
        .await;
    assert!(reply.callback("code").is_some());
    assert_eq!(reply.callback("state").as_deref(), Some("s"));
    let stale = (400, Rule::AuthorizeTicketOnce);
    bench
        .check("a used ticket", GATEWAY, post(&ticket, "approve"), stale)
        .await;

    let ticket = open_page(&bench).await;
    let denied = (303, Rule::AuthorizeDenied);
    let reply = bench
        .check("deny", GATEWAY, post(&ticket, "deny"), denied)
        .await;
    assert_eq!(reply.callback("error").as_deref(), Some("access_denied"));
    assert_eq!(reply.callback("code"), None);
    assert_eq!(reply.callback("state").as_deref(), Some("s"));

    let ticket = open_page(&bench).await;
    let undecided = (400, Rule::AuthorizeDecisionGiven);
    bench
        .check("neither", GATEWAY, post(&ticket, "perhaps"), undecided)
        .await;
}

// Requirement: rfc6749.10.12.server-csrf
async fn tickets_that_are_refused() {
    let bench = Bench::with(Sandbox::builder()).await;
    let stale = (400, Rule::AuthorizeTicketOnce);
    let twice = [("ticket", "a"), ("ticket", "b"), ("decision", "approve")];
    for (row, ask) in [
        ("an invented ticket", post("invented", "approve")),
        ("no form at all", Ask::new("POST", CONSENT).body("%")),
        ("two tickets", Ask::form(CONSENT, &twice)),
    ] {
        bench.check(row, GATEWAY, ask, stale).await;
    }
    let ask = post(&open_page(&bench).await, "approve");
    bench
        .check("another gateway", Gateway::Production, ask, stale)
        .await;
    let ask = post(&open_page(&bench).await, "approve");
    bench.advance_s(600);
    bench.check("too late", GATEWAY, ask, stale).await;
}

// Requirement: rfc6749.10.13.clickjacking, rfc6749.10.14.input-escaped, rfc9700.4.16.clickjacking
#[tokio::test]
async fn the_consent_page_says_what_is_asked_escapes_it_and_runs_nothing() {
    let uri = "com.example.app:/back?a='b'&c";
    let bench = Bench::with(Sandbox::builder().redirect_uris([uri])).await;
    let query = encoded(&[
        ("client_id", bench.sandbox.client_id()),
        ("redirect_uri", uri),
        (
            "scope",
            "https://gateway.remote.com/company.manage timeoff:write",
        ),
        ("state", "<script>alert(1)</script>"),
    ]);
    let ask = Ask::get(&format!("{AUTHORIZE}?{query}"));
    let page = bench
        .check("a page", GATEWAY, ask, (200, Rule::AuthorizeConsentAsked))
        .await;
    for part in [
        "Acme Demo Ltd",
        "Jane Smith",
        bench.sandbox.client_id(),
        "Manage this company and its employments",
        "Read and change timeoff",
        "com.example.app:/back?a=&#39;b&#39;&amp;c",
        "not for production",
    ] {
        assert!(page.body.contains(part), "{part}: {}", page.body);
    }
    assert!(!page.body.contains("<script"), "{}", page.body);
    let policy = page.header("content-security-policy").unwrap();
    for part in [
        "default-src 'none'",
        "style-src 'sha256-",
        "form-action 'self' com.example.app:;",
        "frame-ancestors 'none'",
    ] {
        assert!(policy.contains(part), "{part}: {policy}");
    }
    assert_eq!(page.header("cache-control"), Some("no-store"));
    assert_eq!(page.header("x-frame-options"), Some("DENY"));
}
