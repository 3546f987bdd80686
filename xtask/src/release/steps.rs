//! What a release has to show, as data.

use std::fmt;

use super::facts::Facts;

/// One thing that a release has to show.
#[derive(Debug)]
pub(crate) struct Step {
    /// One word, which names its log too.
    pub(crate) name: &'static str,
    /// What somebody who depends on the release has of it.
    pub(crate) why: &'static str,
    pub(crate) work: Work,
    /// What has to be there first.
    pub(crate) need: Option<Need>,
}

/// What a step does.
#[derive(Debug)]
pub(crate) enum Work {
    /// Passes if the command succeeds.
    Run(CommandLine),
    /// Passes for the reason given.
    Nothing(&'static str),
    /// Is not looked at, because whoever asked said so.
    LeftOut,
}

/// What a step cannot do without.
#[derive(Debug)]
pub(crate) struct Need {
    /// Succeeds where it is there.
    pub(crate) probe: CommandLine,
    /// What to do where it is not.
    pub(crate) remedy: String,
}

/// A program and its arguments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CommandLine(Vec<String>);

impl CommandLine {
    /// Parts a line at blanks; no argument of any step has one inside.
    pub(crate) fn new(line: &str) -> Self {
        Self(line.split_whitespace().map(str::to_owned).collect())
    }

    pub(crate) fn program(&self) -> &str {
        &self.0[0]
    }

    pub(crate) fn arguments(&self) -> &[String] {
        &self.0[1..]
    }
}

impl fmt::Display for CommandLine {
    /// Writes what a person would type.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words = self.0.iter().map(|word| match word.contains('\'') {
            true => format!("\"{word}\""),
            false => word.clone(),
        });
        f.write_str(&words.collect::<Vec<_>>().join(" "))
    }
}

impl fmt::Display for Work {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Run(line) => line.fmt(f),
            Self::Nothing(why) => f.write_str(why),
            Self::LeftOut => f.write_str("nothing: --without names it"),
        }
    }
}

impl Step {
    fn new(name: &'static str, line: &str, why: &'static str) -> Self {
        Self {
            name,
            why,
            work: Work::Run(CommandLine::new(line)),
            need: None,
        }
    }

    fn needing(mut self, probe: &str, remedy: impl Into<String>) -> Self {
        self.need = Some(Need {
            probe: CommandLine::new(probe),
            remedy: remedy.into(),
        });
        self
    }
}

/// Names every step, quick answers first.
pub(crate) fn steps(facts: &Facts) -> Vec<Step> {
    let mut steps = sources();
    steps.extend(behaviour());
    steps.push(interface(facts));
    steps.extend(dependencies());
    steps.extend(delivery(facts));
    steps
}

/// What the tree says about itself.
fn sources() -> Vec<Step> {
    vec![
        Step::new(
            "revision",
            "git diff --exit-code --stat HEAD",
            "what is judged is a revision, and nothing that only this disk has",
        )
        .needing(
            "git rev-parse --verify HEAD",
            "run it in a clone of the repository",
        ),
        Step::new(
            "generate",
            "cargo xtask generate --check",
            "generated code is what the description gives",
        ),
        Step::new(
            "spec",
            "cargo xtask spec verify",
            "the description is the published one, and every correction still applies",
        ),
        Step::new(
            "requirements",
            "cargo xtask requirements --check",
            "every demand has its code and its test, or a reason",
        ),
        Step::new(
            "secrets",
            "cargo xtask tidy",
            "every place where a secret opens has its reason",
        ),
    ]
}

/// What it does.
fn behaviour() -> Vec<Step> {
    vec![
        Step::new(
            "conformance",
            "cargo test --package remote-auth-conformance --package remote-auth-sandbox --no-fail-fast",
            "client and server keep the documents, and whoever breaks one rule is caught: the negative controls",
        ),
        Step::new(
            "tests",
            "cargo test --workspace --exclude remote-auth-conformance --exclude remote-auth-sandbox --no-fail-fast",
            "everything else behaves as its tests say",
        ),
    ]
}

/// What the release promises to programs that build with the last one.
fn interface(facts: &Facts) -> Step {
    let name = "interface";
    let why = "no public interface breaks without a version that says so";
    let Some(last) = &facts.last else {
        return Step {
            name,
            why,
            work: Work::Nothing("nothing was released yet, so there is nothing to break"),
            need: None,
        };
    };
    let packages = options(&facts.promised, |name| format!("--package {name}"));
    Step::new(
        name,
        &format!("cargo semver-checks check-release --baseline-rev {last} {packages}"),
        why,
    )
    .needing(
        "cargo semver-checks --version",
        "cargo install cargo-semver-checks --locked",
    )
}

/// What it brings with it.
fn dependencies() -> Vec<Step> {
    vec![
        Step::new(
            "dependencies",
            "cargo deny check bans licenses sources",
            "one TLS stack, known licences, known registries",
        )
        .needing(
            "cargo deny --version",
            "cargo install cargo-deny --locked",
        ),
        Step::new(
            "advisories",
            "cargo deny --offline check advisories",
            "no dependency has a published vulnerability",
        )
        .needing(
            "cargo deny fetch db",
            "cargo install cargo-deny --locked, and run it where the advisory database can be fetched",
        ),
    ]
}

/// How it reaches others.
fn delivery(facts: &Facts) -> Vec<Step> {
    let rust_version = &facts.rust_version;
    let packages = options(&facts.shipped, |name| format!("--package {name}"));
    // The crates depend on each other and are on no registry; a patch says where they are.
    let patches = options(&facts.shipped, |name| {
        format!("--config patch.crates-io.{name}.path='crates/{name}'")
    });
    vec![
        Step::new(
            "documentation",
            "cargo doc --workspace --no-deps --all-features --config build.rustdocflags=['-Dwarnings']",
            "every public item is documented, and no link is dead",
        ),
        Step::new(
            "rust-version",
            &format!("rustup run {rust_version} cargo check --locked --all-features {packages}"),
            "it builds with the oldest compiler that it promises",
        )
        .needing(
            &format!("rustup run {rust_version} cargo --version"),
            format!("rustup toolchain install {rust_version} --profile minimal"),
        ),
        Step::new(
            "packages",
            &format!("cargo package {packages} {patches}"),
            "each crate builds from its own files alone",
        ),
    ]
}

fn options(names: &[String], option: impl Fn(&String) -> String) -> String {
    names.iter().map(option).collect::<Vec<_>>().join(" ")
}
