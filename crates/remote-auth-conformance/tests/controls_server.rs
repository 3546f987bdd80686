//! Negative controls of the server checks: for every rule of the sandbox a server that is broken in exactly that rule.
//!
//! A judge that has never said no proves nothing.
//! Each broken server is put to every check; the check of the broken rule has to fail, and nothing else may happen but
//! what the row of [`table`] says.

#[path = "controls_server/table.rs"]
mod table;

use std::collections::BTreeSet;
use std::fmt::Write;
use std::num::NonZero;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use remote_auth_conformance::golden;
use remote_auth_conformance::judge::server::{Promise, Server, checks};
use remote_auth_conformance::judge::{Finding, Outcome, Selection, run};
use remote_auth_sandbox::{Rule, danger};
use tokio::runtime;

use table::{Caught, Row, SUBJECTS, Subject, row, subject};

const PAGE: &str = "controls/server.md";

/// Puts every check to a sandbox that makes promises and has these rules broken.
fn judged(promises: &[Promise], broken: &[Rule]) -> Vec<Finding> {
    let runtime = runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.expect("a runtime");
    runtime.block_on(async {
        let server = Server::embedded_with(promises, broken)
            .await
            .expect("a sandbox");
        let (checks, all) = (checks(), Selection::default());
        let progress = &mut |_: &Finding, _, _| {};
        run(&server, &checks, &all, &server.mask(), progress).await
    })
}

fn named(findings: &[Finding], outcomes: &[Outcome]) -> BTreeSet<&'static str> {
    let ended = findings
        .iter()
        .filter(|finding| outcomes.contains(&finding.outcome));
    ended.map(|finding| finding.check).collect()
}

/// Says what a broken server did that its row does not, if anything.
fn surprise(rule: Rule, caught: &Caught) -> Option<String> {
    let Subject { promises, skipped } = subject(rule);
    let findings = judged(promises, &[rule]);
    let failed = named(&findings, &[Outcome::NotMet]);
    let mut blinded = named(&findings, &[Outcome::CouldNotRun, Outcome::Skipped]);
    blinded.retain(|check| !skipped.contains(check));
    let all: BTreeSet<_> = caught.by.iter().chain(caught.too).copied().collect();
    if failed == all && blinded == caught.blinded.iter().copied().collect() {
        return None;
    }
    let by: BTreeSet<_> = caught.by.iter().copied().collect();
    let too: Vec<_> = failed.difference(&by).collect();
    let missed: Vec<_> = by.difference(&failed).collect();
    let form = danger::broken_form(rule);
    Some(format!(
        "{rule} ({form})\n  missed by {missed:?}\n  too {too:?}\n  blinded {blinded:?}"
    ))
}

#[test]
fn a_strict_server_meets_every_check_that_applies_to_it() {
    for Subject { promises, skipped } in SUBJECTS {
        let findings = judged(promises, &[]);
        let expected = |finding: &&Finding| match skipped.contains(&finding.check) {
            true => finding.outcome == Outcome::Skipped,
            false => finding.outcome == Outcome::Met,
        };
        let odd: Vec<_> = findings
            .iter()
            .filter(|finding| !expected(finding))
            .map(|finding| {
                (
                    finding.check,
                    finding.outcome,
                    &finding.reason,
                    &finding.exchanges,
                )
            })
            .collect();
        assert!(odd.is_empty(), "{promises:?}: {odd:#?}");
        assert_eq!(findings.len(), checks().len());
    }
}

#[test]
fn each_broken_rule_is_caught_by_its_own_check_and_does_nothing_that_its_row_does_not_say() {
    let next = AtomicUsize::new(0);
    let work = || {
        let mut surprises = Vec::new();
        while let Some(rule) = Rule::ALL.get(next.fetch_add(1, Ordering::Relaxed)) {
            if let Row::Caught(caught) = row(*rule) {
                surprises.extend(surprise(*rule, &caught));
            }
        }
        surprises
    };
    let workers = thread::available_parallelism().map_or(2, NonZero::get);
    let surprises: Vec<String> = thread::scope(|scope| {
        let threads: Vec<_> = (0..workers).map(|_| scope.spawn(work)).collect();
        let join = |thread: thread::ScopedJoinHandle<'_, Vec<String>>| thread.join();
        let found = threads.into_iter().map(join);
        found
            .flat_map(|found| found.expect("no worker panics"))
            .collect()
    });
    assert!(surprises.is_empty(), "{}", surprises.join("\n"));
}

#[test]
fn every_check_is_shown_to_fail_and_only_our_own_rules_are_left_out() {
    let mut shown = BTreeSet::new();
    for rule in Rule::ALL {
        match row(*rule) {
            Row::Caught(caught) => {
                assert!(!caught.by.is_empty(), "{rule}");
                shown.extend(caught.by);
            }
            Row::LeftOut(_) => {
                let source = rule.source();
                let own = source.starts_with("own ") && rule.requirements().is_empty();
                assert!(own, "{rule}: {source}");
            }
        }
    }
    let checks: BTreeSet<_> = checks().iter().map(|check| check.id).collect();
    assert_eq!(shown, checks);
}

#[test]
fn a_check_names_what_its_rule_is_there_for() {
    let checks = checks();
    for rule in Rule::ALL {
        let Row::Caught(caught) = row(*rule) else {
            continue;
        };
        let by = checks.iter().filter(|check| caught.by.contains(&check.id));
        let named: BTreeSet<_> = by.flat_map(|check| check.requirements).collect();
        for requirement in rule.requirements() {
            assert!(named.contains(requirement), "{rule}: {requirement}");
        }
    }
}

#[test]
fn the_page_says_what_the_table_says() {
    golden::hold(&Path::new(env!("CARGO_MANIFEST_DIR")).join(PAGE), &page());
}

fn page() -> String {
    let mut page = String::from(
        "<!-- Written by the test `controls_server` with UPDATE_GOLDEN=1: change its table instead. -->\n\
         # Negative controls of the server checks\n\n\
         For each rule of the embedded sandbox: what a sandbox does that is broken in this rule, and what the judge finds.\n\
         The whole of it is tested: the rule's own check fails, and nothing happens beside it but what is listed.\n\
         A rule behind a switch is broken in a sandbox that has the switch on, and says so to the judge.\n\n\
         | broken rule | what the server does | caught by | fails too | can no longer be asked |\n\
         |---|---|---|---|---|\n",
    );
    let mut left_out = String::new();
    for rule in Rule::ALL {
        match row(*rule) {
            Row::Caught(Caught { by, too, blinded }) => {
                let (form, cells) = (danger::broken_form(*rule), [by, too, blinded].map(cell));
                let cells = cells.join(" | ");
                writeln!(page, "| `{rule}` | {form} | {cells} |").expect("memory takes any text");
            }
            Row::LeftOut(reason) => {
                let source = rule.source();
                writeln!(left_out, "| `{rule}` | {source} | {reason} |")
                    .expect("memory takes any text");
            }
        }
    }
    page + "\n## Left out\n\nRules of the sandbox's own, which no document demands of anybody.\n\n\
         | rule | source | why no check asks for it |\n|---|---|---|\n"
        + &left_out
}

fn cell(ids: &[&str]) -> String {
    let quoted: Vec<_> = ids.iter().map(|id| format!("`{id}`")).collect();
    quoted.join("<br>")
}
