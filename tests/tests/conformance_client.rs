//! Our own library, as a process, before the judge of clients.

use std::collections::BTreeMap;

use remote_auth_conformance::judge::client::{Client, checks, judge};
use remote_auth_conformance::judge::{Finding, Outcome, Selection};

const PROGRAM: &str = env!("CARGO_BIN_EXE_remote-auth-under-test");

#[tokio::test]
async fn our_own_client_passes_every_check() {
    let client = Client::command(&format!("\"{PROGRAM}\" conformance shim"));
    let findings = judge(&client, &Selection::default(), &mut |_: &Finding, _, _| {}).await;
    let others = findings
        .iter()
        .filter(|finding| finding.outcome != Outcome::Met);
    let others: BTreeMap<_, _> = others
        .map(|finding| (finding.check, &finding.reason))
        .collect();
    assert_eq!(others, BTreeMap::new());
    assert_eq!(findings.len(), checks().len());
}
