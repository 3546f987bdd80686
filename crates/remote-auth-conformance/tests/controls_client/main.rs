//! Negative controls: for every check of clients a client that is broken in exactly its rule.
//!
//! A check that has never been seen to fail proves nothing. Each control fails its own check and no other, but for
//! those that the table lists as consequences. The table is `controls/client.json`, rendered as `controls/client.md`;
//! `UPDATE_GOLDEN=1` writes both consequences and page anew, to be read in the review.

mod assertion;
mod authorization;
mod client;
mod http;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use remote_auth_conformance::golden;
use remote_auth_conformance::judge::client::{Client, checks, judge};
use remote_auth_conformance::judge::{Finding, Outcome, Requirement, Selection};
use serde::{Deserialize, Serialize};

/// One row of the table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Control {
    /// The check, whose id is also the name of the control.
    check: String,
    /// What the broken client does.
    fault: String,
    /// Which other checks fail because of it.
    consequences: BTreeSet<String>,
}

fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("controls")
        .join(name)
}

fn table() -> Vec<Control> {
    let text = std::fs::read_to_string(file("client.json")).expect("the table is there");
    serde_json::from_str(&text).expect("the table is JSON")
}

/// Judges the control that is broken in the rule of a check; in none, if the name is empty.
async fn findings(broken: &str) -> Vec<Finding> {
    let broken = broken.to_owned();
    let control = Client::within(move |stream| client::Client::run(broken.clone(), stream));
    judge(&control, &Selection::default(), &mut |_: &Finding, _, _| {}).await
}

fn failures(findings: &[Finding]) -> BTreeMap<&'static str, Option<&str>> {
    let failed = findings
        .iter()
        .filter(|finding| finding.outcome != Outcome::Met);
    failed
        .map(|finding| (finding.check, finding.reason.as_deref()))
        .collect()
}

#[tokio::test]
async fn a_client_that_is_right_passes_every_check() {
    let findings = findings("").await;
    assert_eq!(failures(&findings), BTreeMap::new());
    assert_eq!(findings.len(), checks().len());
}

#[test]
fn every_check_has_one_control_and_an_id_of_its_own() {
    let checks: Vec<_> = checks().iter().map(|check| check.id.to_owned()).collect();
    let controls: Vec<_> = table().into_iter().map(|control| control.check).collect();
    assert_eq!(checks, controls);
    assert_eq!(checks.iter().collect::<BTreeSet<_>>().len(), checks.len());
}

#[test]
fn every_check_comes_from_requirements_that_bind_a_client() {
    use remote_auth_conformance::judge::Party;
    for check in checks() {
        assert!(!check.requirements.is_empty(), "{}", check.id);
        for id in check.requirements {
            let requirement =
                Requirement::find(id).unwrap_or_else(|| panic!("{} names {id}", check.id));
            let binds = requirement
                .binds
                .iter()
                .any(|party| *party != Party::Server);
            assert!(binds, "{} names {id}, which binds no client", check.id);
        }
    }
}

/// What one broken client came to.
struct Run {
    failed: BTreeSet<String>,
    could_not_run: Vec<&'static str>,
}

/// Runs every control, on as many threads as there are processors.
fn run(controls: &[Control]) -> Vec<Run> {
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let share = controls.len().div_ceil(threads);
    let judged = |control: &Control| {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("a runtime");
        let findings = runtime.block_on(findings(&control.check));
        let ended_in = |outcome| {
            findings
                .iter()
                .filter(move |finding| finding.outcome == outcome)
        };
        Run {
            failed: ended_in(Outcome::NotMet)
                .map(|finding| finding.check.to_owned())
                .collect(),
            could_not_run: ended_in(Outcome::CouldNotRun)
                .map(|finding| finding.check)
                .collect(),
        }
    };
    std::thread::scope(|scope| {
        let shares = controls.chunks(share);
        let running: Vec<_> = shares
            .map(|share| scope.spawn(move || share.iter().map(judged).collect::<Vec<_>>()))
            .collect();
        running
            .into_iter()
            .flat_map(|thread| thread.join().expect("a thread of controls"))
            .collect()
    })
}

#[test]
fn each_broken_client_is_caught_by_its_own_check_and_by_no_other() {
    let controls = table();
    let mut runs = run(&controls);
    let mut uncaught = Vec::new();
    for (control, run) in controls.iter().zip(&mut runs) {
        if !run.failed.remove(&control.check) {
            uncaught.push((&control.check, run.failed.clone()));
        }
        assert_eq!(
            run.could_not_run, [""; 0],
            "with the control of {}",
            control.check
        );
    }
    assert_eq!(
        uncaught,
        [],
        "these controls were not caught by their own checks"
    );
    let seen: Vec<_> = controls
        .iter()
        .zip(runs)
        .map(|(control, run)| Control {
            consequences: run.failed,
            ..control.clone()
        })
        .collect();
    if golden::updating() {
        let text = serde_json::to_string_pretty(&seen).expect("a table is JSON") + "\n";
        std::fs::write(file("client.json"), text).expect("the table can be written");
        std::fs::write(file("client.md"), page(&seen)).expect("the page can be written");
        return;
    }
    for (seen, control) in seen.iter().zip(&controls) {
        assert_eq!(seen, control);
    }
}

#[test]
fn the_page_shows_the_table() {
    let shown = std::fs::read_to_string(file("client.md")).expect("the page is there");
    assert!(
        golden::updating() || shown == page(&table()),
        "controls/client.md is stale: run the tests with UPDATE_GOLDEN=1"
    );
}

fn page(controls: &[Control]) -> String {
    let mut page = format!(
        "# Negative controls: clients\n\n\
         Written by the tests from `client.json`; do not edit.\n\
         {} broken clients, one for each check: each fails the check that it is named after, and beside it only what the last column lists.\n\n\
         | check, and control | what the broken client does | consequences |\n|---|---|---|\n",
        controls.len()
    );
    for control in controls {
        let consequences: Vec<_> = control
            .consequences
            .iter()
            .map(|id| format!("`{id}`"))
            .collect();
        page.push_str(&format!(
            "| `{}` | {} | {} |\n",
            control.check,
            control.fault,
            consequences.join(", ")
        ));
    }
    page
}
