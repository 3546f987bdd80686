//! The judge against authorization servers that are not ours: what it says they do not do, and curl's word for each.
//!
//! Each table is the whole of what a server does not meet. A row says why that is right and how to see it without the
//! judge: a few requests of curl, of which the last shows it. None of these servers claims to be Remote's, so what only
//! Remote documents is no fault of theirs.

use std::collections::BTreeSet;
use std::process::Output;

use remote_auth_conformance::judge::client::words;
use remote_auth_tests::foreign::{Foreign, skipped};
use remote_auth_tests::process::Program;
use remote_auth_tests::witness::{REDIRECT_URI, Witness};
use serde_json::Value;
use tokio::process::Command;

/// A client whose identifier and secret are the same in every encoding.
const CLIENT: (&str, &str) = ("plain-client", "plain-secret-0123456789");

/// The verifier of RFC 7636 appendix B, whose challenge is in [`WORDS`].
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";

/// What stands for longer text in the requests below; each may be written with those after it.
const WORDS: &[(&str, &str)] = &[
    (
        "{redeems}",
        "{basic} -d grant_type=authorization_code -d code={code} -d redirect_uri={callback} -d code_verifier={verifier} {token}",
    ),
    (
        "{refreshes}",
        "{basic} -d grant_type=refresh_token {token} -d refresh_token=",
    ),
    ("{asks}", "{authorize}?{own}&{challenge}&{scope}"),
    (
        "{own}",
        "response_type=code&client_id=plain-client&redirect_uri=http%3A%2F%2F127.0.0.1%2Fcallback&state=s",
    ),
    (
        "{challenge}",
        "code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256",
    ),
    (
        "{scope}",
        "scope=https%3A%2F%2Fgateway.remote.com%2Fcompany.manage",
    ),
    ("{consents}", "-i -L -b \"\""),
    ("{basic}", "-u plain-client:plain-secret-0123456789"),
    (
        "{body}",
        "-d client_id=plain-client -d client_secret=plain-secret-0123456789",
    ),
    ("{itself}", "-d grant_type=client_credentials"),
];

/// Something that a server does not do.
struct NotMet {
    check: &'static str,
    why: &'static str,
    /// What curl is told, one request on each line.
    requests: &'static str,
    /// What the last answer has in it.
    shows: &'static str,
}

const fn not_met(
    check: &'static str,
    why: &'static str,
    requests: &'static str,
    shows: &'static str,
) -> NotMet {
    NotMet {
        check,
        why,
        requests,
        shows,
    }
}

const CONSENT_ASKED: NotMet = not_met(
    "server.authorize.consent-asked",
    "The person of this witness signs in and consents at once, so that no browser has to.",
    "{consents} {asks}",
    "/callback?code=",
);

const NO_COMPANY: NotMet = not_met(
    "server.code.answer",
    "Only Remote's answer to a code names the company and the user.",
    "{consents} {asks}\n{redeems}",
    "\"access_token\"",
);

const NO_LIMIT: NotMet = not_met(
    "server.rate.client-minute",
    "The bound of 250 requests in a minute is Remote's; this server takes one more.",
    "-o /dev/null -w \"%{http_code} \" {basic} {itself} {token}?n=[1-251]",
    "200 200 200",
);

const SCOPE_LEFT_OUT: NotMet = not_met(
    "server.client-credentials.scope-listed",
    "RFC 6749 section 3.3 lets a server leave out what it does not know; only Remote documents `invalid_scope`.",
    "-i {basic} {itself} -d scope=no:such-scope {token}",
    "\"access_token\"",
);

const OIDC_PROVIDER: &[NotMet] = &[
    not_met(
        "server.authorize.scope-listed",
        "The unknown scope is left out, which leaves nothing to consent to: `access_denied`, not `invalid_scope`.",
        "{consents} {authorize}?{own}&{challenge}&scope=no:such-scope",
        "error=access_denied",
    ),
    CONSENT_ASKED,
    not_met(
        "server.token.options",
        "Only Remote documents an answer to OPTIONS; without the headers of a preflight this one is 404.",
        "-i -X OPTIONS {token}",
        "404 Not Found",
    ),
    SCOPE_LEFT_OUT,
    not_met(
        "server.client.authenticated",
        "RFC 6749 section 5.2 says `invalid_client` where no client authentication is included.",
        "-i {itself} {token}",
        "\"invalid_request\"",
    ),
    not_met(
        "server.client.not-in-body",
        "RFC 6749 section 2.3.1 lets a server take the secret in the body; only Remote documents that it does not.",
        "-i {itself} {body} {token}",
        "\"access_token\"",
    ),
    NO_COMPANY,
    NO_LIMIT,
];

const AUTHLIB: &[NotMet] = &[
    not_met(
        "server.authorize.scope-listed",
        "The unknown scope is left out, and consent is given to nothing.",
        "{consents} {authorize}?{own}&{challenge}&scope=no:such-scope",
        "/callback?code=",
    ),
    not_met(
        "server.authorize.pkce-s256",
        "It supports `plain` beside `S256`, which RFC 7636 section 7.2 advises against.",
        "{consents} {authorize}?{own}&{scope}&code_challenge={verifier}&code_challenge_method=plain",
        "/callback?code=",
    ),
    CONSENT_ASKED,
    not_met(
        "server.token.no-repeats",
        "RFC 6749 section 3.2 lets no parameter stand twice; of two grant types this server takes one.",
        "-i {basic} {itself} {itself} {token}",
        "\"access_token\"",
    ),
    not_met(
        "server.token.parameters-present",
        "A missing grant type is a missing parameter, for which RFC 6749 section 5.2 has `invalid_request`.",
        "-i {basic} -d x=y {token}",
        "\"unsupported_grant_type\"",
    ),
    SCOPE_LEFT_OUT,
    not_met(
        "server.client.one-method",
        "RFC 6749 section 5.2 refuses more than one way to authenticate; this server reads the header alone.",
        "-i {basic} {itself} {body} {token}",
        "\"access_token\"",
    ),
    not_met(
        "server.client.id-agrees",
        "Only Remote documents that a `client_id` in the body has to agree with the header.",
        "-i {basic} {itself} -d client_id=nobody-whom-anybody-knows {token}",
        "\"access_token\"",
    ),
    NO_COMPANY,
    not_met(
        "server.refresh.reuse-revokes",
        "The replaced refresh token is refused, and its successor works on, where RFC 9700 section 4.14.2 ends it.",
        "{consents} {asks}\n{redeems}\n{refreshes}{newest}\n-i {refreshes}{older}\n-i {refreshes}{newest}",
        "\"access_token\"",
    ),
    NO_LIMIT,
];

/// Why a question may not have been put, as each reason begins.
const MOOT: &[&str] = &[
    "the judge was given no",
    "the server has no platform operations",
    "the server consents without asking",
    "no consent page came",
    "the server grants no scope payroll",
    "the server says that its refresh tokens rotate",
    "the server does not say",
];

// Requirement: rfc7636.4.4.1.challenge-required, rfc6749.6.may-replace
#[tokio::test(flavor = "multi_thread")]
async fn node_oidc_provider_is_found_to_differ_exactly_where_curl_sees_it() {
    if let Some(node) = Foreign::node(env!("CARGO_TARGET_TMPDIR")).await {
        let promises = "--promises pkce --promises rotation";
        judged(&node, "oidc_provider.mjs", promises, OIDC_PROVIDER).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn authlib_is_found_to_differ_exactly_where_curl_sees_it() {
    if let Some(python) = Foreign::python("servers", env!("CARGO_TARGET_TMPDIR")).await {
        judged(&python, "authlib_server.py", "--promises rotation", AUTHLIB).await;
    }
}

async fn judged(foreign: &Foreign, program: &str, promises: &str, table: &[NotMet]) {
    let witness = Witness::start_for(CLIENT, foreign, program).await;
    let gateway = witness.gateway();
    let judge =
        Program::at(env!("CARGO_BIN_EXE_remote-auth-under-test")).client(CLIENT.0, CLIENT.1);
    let line = format!(
        "conformance run --target {gateway} --redirect-uri {REDIRECT_URI} {promises} --json -"
    );
    let run = judge.run(&line).await;
    assert_eq!(run.code, 16, "{program}: {}", run.stderr);
    let report = run.json();
    let expected: BTreeSet<&str> = table.iter().map(|row| row.check).collect();
    assert_eq!(
        ended(&report, "not_met"),
        expected,
        "{program}: {}",
        run.stderr
    );
    assert_eq!(
        ended(&report, "could_not_run"),
        BTreeSet::new(),
        "{program}"
    );
    for finding in findings(&report, "skipped") {
        let reason = finding["reason"].as_str().expect("a reason");
        let known = MOOT.iter().any(|moot| reason.starts_with(moot));
        assert!(known, "{program}: {finding}");
    }
    for row in table {
        let NotMet {
            check,
            why,
            requests,
            shows,
        } = row;
        let Some(seen) = seen(gateway, requests).await else {
            return skipped("curl is not to be had, so nobody confirms what the judge says");
        };
        assert!(seen.contains(shows), "{program}: {check}: {why}\n{seen}");
    }
}

fn findings<'a>(report: &'a Value, outcome: &str) -> Vec<&'a Value> {
    let all = report["findings"].as_array().expect("findings").iter();
    all.filter(|finding| finding["outcome"] == outcome)
        .collect()
}

fn ended<'a>(report: &'a Value, outcome: &str) -> BTreeSet<&'a str> {
    let ended = findings(report, outcome).into_iter();
    ended
        .filter_map(|finding| finding["check"].as_str())
        .collect()
}

/// Sends the requests one after the other, and returns the last answer; none where there is no curl.
async fn seen(gateway: &str, requests: &str) -> Option<String> {
    let mut learnt = vec![
        ("{authorize}", format!("{gateway}/auth/oauth2/authorize")),
        ("{token}", format!("{gateway}/auth/oauth2/token")),
        ("{callback}", REDIRECT_URI.to_owned()),
        ("{verifier}", VERIFIER.to_owned()),
    ];
    let mut last = String::new();
    for request in requests.lines() {
        let mut line = request.to_owned();
        for (word, text) in WORDS {
            line = line.replace(word, text);
        }
        for (word, text) in &learnt {
            line = line.replace(word, text);
        }
        last = curl(&line).await?;
        if let Some(code) = between(&last, "/callback?code=", |c| c == '&' || c.is_whitespace()) {
            learnt.push(("{code}", code));
        }
        if let Some(newest) = between(
            &last.replace("\": \"", "\":\""),
            "\"refresh_token\":\"",
            |c| c == '"',
        ) {
            let known = learnt.iter().position(|(word, _)| *word == "{newest}");
            if let Some(place) = known {
                learnt[place].0 = "{older}";
            }
            learnt.push(("{newest}", newest));
        }
    }
    Some(last)
}

fn between(text: &str, start: &str, is_end: fn(char) -> bool) -> Option<String> {
    let (_, rest) = text.split_once(start)?;
    rest.split(is_end).next().map(str::to_owned)
}

async fn curl(line: &str) -> Option<String> {
    let mut curl = Command::new("curl");
    // A redirect to the client leads nowhere, which is no fault of the server's.
    curl.args(["--silent", "--noproxy", "*", "--max-time", "60"]);
    let Output { stdout, .. } = curl.args(words(line)).output().await.ok()?;
    Some(String::from_utf8_lossy(&stdout).into_owned())
}
