//! Asks the checks, one after the other.

use std::time::Instant;

use super::check::{Check, Conduct, Objection};
use super::evidence::{Mask, Record};
use super::report::{Finding, Outcome};
use super::selection::{Refusal, Selection};

/// Hears of each finding as soon as it is there.
pub trait Progress {
    /// Is told of a finding, and how many of how many there are now.
    fn found(&mut self, finding: &Finding, done: usize, of: usize);
}

impl<F: FnMut(&Finding, usize, usize)> Progress for F {
    fn found(&mut self, finding: &Finding, done: usize, of: usize) {
        self(finding, done, of);
    }
}

/// Runs the chosen checks in order, and returns one finding for each.
///
/// What `mask` knows is hidden in all evidence. A check that may not run is found skipped, with the reason.
pub async fn run<S>(
    subject: &S,
    checks: &[Check<S>],
    selection: &Selection,
    mask: &Mask,
    progress: &mut dyn Progress,
) -> Vec<Finding> {
    let chosen: Vec<_> = checks
        .iter()
        .map(|check| (check, selection.admits(check)))
        .filter(|(_, admitted)| *admitted != Err(Refusal::NotChosen))
        .collect();
    let mut findings = Vec::with_capacity(chosen.len());
    for (check, admitted) in &chosen {
        let start = now();
        let mut record = Record::new(mask.clone());
        let examination = match admitted {
            Ok(()) => (check.examine)(subject, &mut record).await,
            Err(refusal) => Err(Objection::Skipped(skipped_because(*refusal))),
        };
        let finding = Finding {
            check: check.id,
            sentence: check.sentence,
            requirements: check.demands().collect(),
            outcome: Outcome::of(&examination),
            // What a subject said may be quoted in a reason.
            reason: examination
                .err()
                .map(|objection| record.mask.hide(objection.reason())),
            exchanges: record.into_exchanges(),
            took: start.elapsed(),
        };
        findings.push(finding);
        progress.found(&findings[findings.len() - 1], findings.len(), chosen.len());
    }
    findings
}

fn skipped_because(refusal: Refusal) -> String {
    match refusal {
        Refusal::Forbidden(Conduct::Abusive) => {
            "it looks like an attack to whoever runs the server, so it runs against loopback only"
        }
        Refusal::Forbidden(Conduct::Destructive) => {
            "it changes the account or spends its limits, so it runs against loopback only"
        }
        Refusal::Forbidden(Conduct::Gentle) | Refusal::NotChosen => "it was not chosen",
    }
    .to_owned()
}

#[expect(
    clippy::disallowed_methods,
    reason = "a report says how long each check took"
)]
fn now() -> Instant {
    Instant::now()
}
