//! The sandbox over real sockets, rule by rule.
//!
//! Each module holds the rows of one part; a row sends one request and names the answer and the
//! rule that has to decide it.
//! The last test runs all rows and compares the rules that decided with the list of rules.

#![expect(clippy::unwrap_used, reason = "a test fails by a panic")]

mod admin;
mod assertion;
mod authorize;
mod bench;
mod broken;
mod code;
mod companies;
mod endings;
mod faults;
mod gogox;
mod magic_link;
mod platform;
mod server;
mod snapshot;
mod switches;
mod token;
mod webhooks;
mod wire;

use remote_auth_sandbox::Rule;

#[tokio::test]
async fn every_rule_decides_some_request() {
    authorize::rows().await;
    token::rows().await;
    code::rows().await;
    switches::rows().await;
    assertion::rows().await;
    platform::rows().await;
    companies::rows().await;
    magic_link::rows().await;
    webhooks::rows().await;
    endings::rows().await;
    gogox::rows().await;
    faults::rows().await;
    server::rows().await;
    let met = bench::met();
    // A body that stalls is met in `server`, under a clock of its own.
    let missing: Vec<&Rule> = Rule::ALL
        .iter()
        .filter(|rule| rule.decides() && **rule != Rule::BodyInTime && !met.contains(rule))
        .collect();
    assert!(missing.is_empty(), "no request was decided by {missing:?}");
}
