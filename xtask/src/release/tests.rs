//! The table of steps, and the verdict on steps that are not real.

use std::collections::BTreeSet;
use std::io;
use std::path::Path;
use std::time::Duration;

use super::facts::Facts;
use super::outcome::{Ended, Outcome, Verdict, judged, verdict};
use super::page::page;
use super::steps::{CommandLine, Need, Step, Work, steps};

const MANIFEST: &str = "[workspace.package]\nrust-version = \"1.88\"";
const CRATES: [&str; 3] = ["face", "library", "other"];

fn facts(last: &str) -> Facts {
    let told = format!("last = \"{last}\"\nwithout_interface = [\"face\"]");
    Facts::parse(&told, MANIFEST, &CRATES).expect("facts")
}

fn fake(need: bool, work: Work) -> Step {
    Step {
        name: "fake",
        why: "to be judged",
        work,
        need: need.then(|| Need {
            probe: CommandLine::new("probe"),
            remedy: "get it".to_owned(),
        }),
    }
}

fn runs() -> Work {
    Work::Run(CommandLine::new("work --hard"))
}

/// How a fake program ends.
#[derive(Clone, Copy)]
enum End {
    Well,
    Badly,
    Missing,
}

impl End {
    fn result(self) -> io::Result<bool> {
        match self {
            Self::Well => Ok(true),
            Self::Badly => Ok(false),
            Self::Missing => Err(io::ErrorKind::NotFound.into()),
        }
    }
}

#[test]
fn a_step_passes_only_if_what_it_needs_is_there_and_its_command_succeeds() {
    use End::{Badly, Missing, Well};
    use Verdict::{CouldNotRun, Failed, LeftOut, Passed};
    let cases = [
        (fake(false, runs()), Well, Well, Passed, &["work"][..]),
        (fake(false, runs()), Well, Badly, Failed, &["work"]),
        (fake(false, runs()), Well, Missing, CouldNotRun, &["work"]),
        (fake(true, runs()), Well, Well, Passed, &["probe", "work"]),
        (fake(true, runs()), Well, Badly, Failed, &["probe", "work"]),
        (fake(true, runs()), Badly, Well, CouldNotRun, &["probe"]),
        (fake(true, runs()), Missing, Well, CouldNotRun, &["probe"]),
        (fake(false, Work::Nothing("no")), Badly, Badly, Passed, &[]),
        (fake(false, Work::LeftOut), Well, Well, LeftOut, &[]),
    ];
    for (place, (step, probe, work, expected, started)) in cases.into_iter().enumerate() {
        let mut seen = Vec::new();
        let outcome = judged(&step, &mut |line| {
            seen.push(line.program().to_owned());
            let end = if line.program() == "probe" {
                probe
            } else {
                work
            };
            end.result()
        });
        assert_eq!(outcome.verdict(), expected, "case {place}");
        assert_eq!(seen, started, "case {place}");
    }
}

fn ended(outcome: Outcome, said: &str) -> Ended {
    Ended {
        step: fake(false, runs()),
        outcome,
        took: Duration::from_secs(7),
        said: said.to_owned(),
    }
}

#[test]
fn a_failure_outweighs_what_could_not_run_and_nothing_passes_while_a_step_has_not() {
    use Outcome::{Failed, LeftOut, Passed};
    let missing = || Outcome::CouldNotRun("get it".to_owned());
    let cases = [
        (vec![Passed, Passed], 0),
        (vec![Passed, Failed, Passed], 1),
        (vec![missing(), Passed], 2),
        (vec![Passed, LeftOut], 0),
        (vec![LeftOut, missing()], 2),
        (vec![Failed, missing()], 1),
        (vec![], 2),
    ];
    for (place, (outcomes, exit)) in cases.into_iter().enumerate() {
        let ended: Vec<Ended> = outcomes.into_iter().map(|of| ended(of, "")).collect();
        assert_eq!(verdict(&ended).exit_code(), exit, "case {place}");
    }
}

#[test]
fn the_page_shows_each_result_and_of_what_did_not_pass_the_command_and_its_last_words() {
    let long: String = (0..100).map(|line| format!("line {line}\n")).collect();
    let ended = [
        ended(Outcome::Passed, "all is well"),
        ended(Outcome::Failed, &long),
        ended(Outcome::CouldNotRun("get it".to_owned()), "\u{1b}[2Jgone"),
    ];
    let page = page(&ended, &[("Revision", "abc".to_owned())]);
    let rows = page.lines().filter(|line| line.starts_with("| fake | "));
    let results: Vec<&str> = rows.filter_map(|row| row.split(" | ").nth(1)).collect();
    assert_eq!(results, ["passed", "FAILED", "COULD NOT RUN"]);
    assert!(
        page.starts_with("# Release check: FAILED\n\n* Revision: abc\n"),
        "{page}"
    );
    let (failed, missing) = page
        .split_once("\n## fake: COULD NOT RUN\n")
        .expect("a section for what could not run");
    assert!(failed.contains("\n    work --hard\n"), "{failed}");
    assert!(failed.ends_with("\n    line 99\n"), "{failed}");
    assert!(!failed.contains("line 69\n"), "{failed}");
    assert!(missing.contains("\n    get it\n"), "{missing}");
    assert!(missing.contains("\n    \u{fffd}[2Jgone\n"), "{missing}");
    assert!(!page.contains("all is well"), "{page}");
}

#[test]
fn every_step_has_a_name_of_its_own_and_a_reason() {
    for last in ["none yet", "v0.1.0"] {
        let steps = steps(&facts(last));
        let names: BTreeSet<_> = steps.iter().map(|step| step.name).collect();
        assert_eq!(names.len(), steps.len());
        assert!(steps.iter().all(|step| !step.why.is_empty()));
    }
}

fn work(facts: &Facts, name: &str) -> String {
    let steps = steps(facts);
    let step = steps.iter().find(|step| step.name == name);
    step.expect("the step").work.to_string()
}

#[test]
fn the_interface_is_compared_with_the_last_release_once_there_is_one() {
    assert_eq!(
        work(&facts("none yet"), "interface"),
        "nothing was released yet, so there is nothing to break"
    );
    assert_eq!(
        work(&facts("v0.1.0"), "interface"),
        "cargo semver-checks check-release --baseline-rev v0.1.0 --package library --package other"
    );
}

#[test]
fn what_is_left_out_is_named_on_the_page_and_has_to_exist() {
    let all = || steps(&facts("v0.1.0"));
    let named = |name: &str| super::without(all(), &[name.to_owned()]);
    named("no-such-step").expect_err("there is none");
    let steps = named("interface").expect("a step");
    let left_out = steps.into_iter().find(|step| step.name == "interface");
    let step = left_out.expect("the step stays in the list");
    let mut never = |_: &CommandLine| panic!("nothing is run");
    let ended = [Ended {
        outcome: judged(&step, &mut never),
        took: Duration::ZERO,
        said: String::new(),
        step,
    }];
    let page = page(&ended, &[]);
    assert!(
        page.starts_with("# Release check: passed, as far as anybody looked\n"),
        "{page}"
    );
    assert!(page.contains("| interface | LEFT OUT | 0 |"), "{page}");
}

#[test]
fn another_revision_is_compared_with_where_one_is_named() {
    let compared = facts("none yet").against("0123abc").expect("a revision");
    assert!(work(&compared, "interface").contains("--baseline-rev 0123abc "));
    facts("none yet").against("--help").expect_err("an option");
}

#[test]
fn every_crate_is_packaged_and_built_with_the_promised_compiler() {
    let facts = facts("none yet");
    assert_eq!(
        work(&facts, "rust-version"),
        "rustup run 1.88 cargo check --locked --all-features --package face --package library --package other"
    );
    let packages = work(&facts, "packages");
    for name in CRATES {
        let patch = format!("\"patch.crates-io.{name}.path='crates/{name}'\"");
        assert!(packages.contains(&patch), "{packages}");
    }
}

#[test]
fn what_people_tell_is_checked_before_it_is_believed() {
    for told in [
        "last = \"none yet\"\nwithout_interface = [\"nobody\"]",
        "last = \"--help\"\nwithout_interface = []",
        "last = \"\"\nwithout_interface = []",
        "last = \"none yet\"\nwithout_interface = []\nother = 1",
        "without_interface = []",
    ] {
        Facts::parse(told, MANIFEST, &CRATES).expect_err(told);
    }
}

#[test]
fn the_workspace_itself_is_understood() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent();
    let facts = Facts::read(root.expect("the root")).expect("facts");
    assert!(facts.shipped.iter().any(|name| name == "remote-auth-cli"));
    assert!(facts.promised.iter().any(|name| name == "remote-auth"));
    assert!(!facts.promised.iter().any(|name| name == "remote-auth-cli"));
}
