//! `remote-auth conformance`: what the documents demand of servers and clients, and whether one does it.

use std::fs::File;
use std::io::Write;

use remote_auth::{Clock, SystemClock};
use remote_auth_conformance::judge::client::{self, Client};
use remote_auth_conformance::judge::server::{self, Credentials, Fault, Promise, Server};
use remote_auth_conformance::judge::{
    self, Check, Finding, Level, Outcome, Progress, Report, Requirement, Selection, report,
};
use secrecy::zeroize::Zeroizing;
use serde::Serialize;

use crate::args::{Choice, ConformanceListArgs, ConformanceRunArgs};
use crate::cmd_sandbox;
use crate::env;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::render::{self, Paint, SCHEMA};

#[derive(Serialize)]
struct ListDocument {
    schema: u8,
    checks: Vec<CheckDocument>,
}

#[derive(Serialize)]
struct CheckDocument {
    id: &'static str,
    level: Option<Level>,
    sentence: &'static str,
    requirements: Vec<&'static Requirement>,
}

impl<S> From<&Check<S>> for CheckDocument {
    fn from(check: &Check<S>) -> Self {
        let requirements: Vec<_> = check.demands().collect();
        Self {
            id: check.id,
            level: requirements.iter().map(|demand| demand.level).min(),
            sentence: check.sentence,
            requirements,
        }
    }
}

impl CheckDocument {
    fn line(&self) -> String {
        let level = self.level.map(Level::word).unwrap_or_default();
        let mut sources: Vec<String> = Vec::new();
        for demand in &self.requirements {
            let source = format!("{}, {}", demand.source, demand.section);
            if !sources.contains(&source) {
                sources.push(source);
            }
        }
        let (id, sentence, sources) = (self.id, self.sentence, sources.join("; "));
        format!("{id}\t{level}\t{sentence}\t{sources}\n")
    }
}

fn documents<S>(checks: &[Check<S>], selection: &Selection) -> Vec<CheckDocument> {
    let chosen = checks
        .iter()
        .filter(|check| selection.admits(check).is_ok());
    chosen.map(CheckDocument::from).collect()
}

/// Prints the checks that are chosen.
pub(crate) fn list(args: &ConformanceListArgs) -> Result<(), Failure> {
    let selection = selection(&args.choice);
    let mut chosen = documents(&server::checks(), &selection);
    chosen.extend(documents(&client::checks(), &selection));
    if chosen.is_empty() {
        return Err(nothing_chosen());
    }
    render::print(&if args.json {
        render::json_line(&ListDocument {
            schema: SCHEMA,
            checks: chosen,
        })
    } else {
        chosen.iter().map(CheckDocument::line).collect()
    })
}

/// Who is judged.
enum Subject {
    /// A server of our own in this process, or one that an address names.
    Server { name: String, server: Box<Server> },
    /// A command that the suite plays the server for.
    Client { name: String, client: Client },
}

impl Subject {
    async fn of(args: &ConformanceRunArgs) -> Result<Self, Failure> {
        if let Some(command) = &args.client {
            return Ok(Self::Client {
                name: command.clone(),
                client: Client::command(command),
            });
        }
        let Some(target) = &args.target else {
            let server = Server::embedded_with(&promises(args), &[]).await;
            return Ok(Self::Server {
                name: "the embedded sandbox".to_owned(),
                server: Box::new(server.map_err(cmd_sandbox::not_started)?),
            });
        };
        let server = named(target, args)?;
        if !server.is_local() && !args.i_own_this_account {
            let message = "judge this server: it is not on this machine, and --i-own-this-account is not given";
            return Err(Failure::new(Exit::Usage, "usage.account", message).hint(
                "judge only what is yours: what is sent shows in the logs of whoever runs it",
            ));
        }
        Ok(Self::Server {
            name: target.clone(),
            server: Box::new(server),
        })
    }

    /// Says by what name a report knows the subject.
    fn name(&self) -> &str {
        match self {
            Self::Server { name, .. } | Self::Client { name, .. } => name,
        }
    }

    /// Asks the chosen checks, but for what may not be done to this subject.
    async fn judge(&self, mut selection: Selection, progress: &mut dyn Progress) -> Vec<Finding> {
        match self {
            Self::Server { server, .. } => {
                selection.forbidden = server.forbidden();
                let (checks, mask) = (server::checks(), server.mask());
                judge::run(&**server, &checks, &selection, &mask, progress).await
            }
            Self::Client { client, .. } => client::judge(client, &selection, progress).await,
        }
    }
}

/// Puts together what the flags and the variables say of a server.
fn named(target: &str, args: &ConformanceRunArgs) -> Result<Server, Failure> {
    let secret = |text: &Zeroizing<String>| text.as_str().into();
    let id = env::credential(&env::CLIENT_ID)?;
    let client = Credentials::new(&**id, secret(&env::credential(&env::CLIENT_SECRET)?));
    let server = with_addresses(target, client, args).map_err(|fault| not_judged(&fault))?;
    let is_local = server.is_local();
    let mut server = server.consents(is_local);
    server = promises(args).into_iter().fold(server, Server::promises);
    let grants = &args.grants;
    if let Some(uri) = &grants.redirect_uri {
        server = server.redirect_uri(uri);
    }
    if let Some(manager) = &grants.manager {
        server = server.subject(manager);
    }
    if let Some(employee) = &grants.employee {
        server = server.employee(employee);
    }
    if let Some(token) = env::credential_if_set(&env::REFRESH_TOKEN)? {
        server = server.refresh_token(secret(&token));
    }
    if let Some(token) = env::credential_if_set(&env::API_TOKEN)? {
        server = server.customer_token(secret(&token));
    }
    Ok(server)
}

fn promises(args: &ConformanceRunArgs) -> Vec<Promise> {
    let names = args.grants.promises.iter();
    names.copied().map(Promise::from).collect()
}

fn with_addresses(
    target: &str,
    client: Credentials,
    args: &ConformanceRunArgs,
) -> Result<Server, Fault> {
    let mut server = Server::new(target, client)?;
    let grants = &args.grants;
    if let Some(address) = &grants.token_endpoint {
        server = server.token_endpoint(address)?;
    }
    if let Some(address) = &grants.authorization_endpoint {
        server = server.authorization_endpoint(address)?;
    }
    if let Some(address) = &grants.other_gateway {
        server = server.other_gateway(address)?;
    }
    Ok(server)
}

fn not_judged(fault: &Fault) -> Failure {
    match fault {
        Fault::Address => Failure::new(Exit::Usage, "usage.address", fault.to_string())
            .hint("look at --target and at the other addresses"),
        _ => Failure::new(Exit::Other, "misuse.transport", fault.to_string()),
    }
}

fn selection(choice: &Choice) -> Selection {
    Selection {
        ids: choice.id.clone(),
        levels: choice.level.iter().copied().map(Level::from).collect(),
        documents: choice.document.clone(),
        forbidden: Vec::new(),
    }
}

fn nothing_chosen() -> Failure {
    let message = "find a check: none fits every --id, --level and --document";
    Failure::new(Exit::Usage, "usage.choice", message)
        .hint("remote-auth conformance list shows what there is")
}

/// Judges, and says what was found.
pub(crate) async fn run(args: &ConformanceRunArgs, paint: Paint) -> Result<(), Failure> {
    let selection = selection(&args.choice);
    let chosen = match args.client {
        Some(_) => documents(&client::checks(), &selection),
        None => documents(&server::checks(), &selection),
    };
    if chosen.is_empty() {
        return Err(nothing_chosen());
    }
    // The files come first: nobody wants to hear after a long run that there is no place for its report.
    let reports = Reports::open(args)?;
    let subject = Subject::of(args).await?;
    let began = render::rfc3339(SystemClock::new().wall());
    let mut tell = |finding: &Finding, done: usize, of: usize| {
        render::tell(&progress_line(finding, done, of, paint));
    };
    let findings = subject.judge(selection, &mut tell).await;
    let report = Report::new(subject.name(), began, findings);
    reports.write(&report)?;
    render::print(&if args.json_to_stdout() {
        report::json(&report)
    } else {
        report::terminal(&report)
    })?;
    outcome(&report)
}

fn progress_line(finding: &Finding, done: usize, of: usize, paint: Paint) -> String {
    let line = report::line(finding);
    let word = finding.outcome.word();
    let rest = line.strip_prefix(word).unwrap_or(&line);
    let word = match finding.outcome {
        Outcome::Met => paint.green(word),
        Outcome::NotMet => paint.red(word),
        Outcome::CouldNotRun => paint.bold(word),
        Outcome::Skipped => paint.dim(word),
    };
    let width = of.to_string().len();
    format!("{done:>width$}/{of} {word}{rest}")
}

fn outcome(report: &Report) -> Result<(), Failure> {
    let totals = &report.totals;
    let asked = totals.met + totals.not_met + totals.could_not_run;
    match report.outcome() {
        Outcome::NotMet => {
            let count = totals.not_met;
            let message = format!("find every check met: {count} of {asked} are not");
            Err(Failure::new(Exit::NotMet, "conformance.not_met", message)
                .hint("--html FILE writes what was sent and what came back"))
        }
        Outcome::CouldNotRun if asked == 0 => {
            let message = "judge anything: every check that was chosen was skipped";
            Err(
                Failure::new(Exit::Unjudged, "conformance.could_not_run", message)
                    .hint("the findings say what the judge was not given"),
            )
        }
        Outcome::CouldNotRun => {
            let count = totals.could_not_run;
            let message = format!("ask every check: {count} of {asked} could not be asked");
            Err(
                Failure::new(Exit::Unjudged, "conformance.could_not_run", message)
                    .hint("look at the address and the credentials, and at the reasons above"),
            )
        }
        Outcome::Met | Outcome::Skipped => Ok(()),
    }
}

/// Makes the text of a report.
type Render = fn(&Report) -> String;

/// One file that was asked for, open.
struct Output {
    file: File,
    flag: &'static str,
    render: Render,
}

/// The files that were asked for.
struct Reports(Vec<Output>);

impl Reports {
    fn open(args: &ConformanceRunArgs) -> Result<Self, Failure> {
        let json = args.json.as_deref().filter(|_| !args.json_to_stdout());
        let kinds: [(_, _, Render); 3] = [
            (args.junit.as_deref(), "--junit", report::junit),
            (json, "--json", report::json),
            (args.html.as_deref(), "--html", report::html),
        ];
        let mut outputs = Vec::new();
        for (path, flag, render) in kinds {
            if let Some(path) = path {
                let file = File::create(path).map_err(|error| not_written(flag, &error))?;
                outputs.push(Output { file, flag, render });
            }
        }
        Ok(Self(outputs))
    }

    fn write(self, report: &Report) -> Result<(), Failure> {
        for mut output in self.0 {
            let text = (output.render)(report);
            let written = output.file.write_all(text.as_bytes());
            written.map_err(|error| not_written(output.flag, &error))?;
        }
        Ok(())
    }
}

fn not_written(flag: &str, error: &std::io::Error) -> Failure {
    let message = format!("write the file that {flag} names: {}", error.kind());
    Failure::new(Exit::Configuration, "report.unwritable", message)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn report(outcomes: &[Outcome]) -> Report {
        let finding = |outcome: &Outcome| Finding {
            check: "server.code.known",
            sentence: "A code that was not issued here is refused.",
            requirements: Vec::new(),
            outcome: *outcome,
            reason: None,
            exchanges: Vec::new(),
            took: Duration::ZERO,
        };
        Report::new("s", "t", outcomes.iter().map(finding).collect())
    }

    #[test]
    fn a_run_ends_as_its_worst_check_does() {
        use Outcome::{CouldNotRun, Met, NotMet, Skipped};
        for (outcomes, expected) in [
            (&[Met, Skipped][..], None),
            (
                &[Met, NotMet, CouldNotRun, Skipped],
                Some((Exit::NotMet, "find every check met: 1 of 3 are not")),
            ),
            (
                &[Met, CouldNotRun],
                Some((Exit::Unjudged, "1 of 2 could not be asked")),
            ),
            (&[Skipped], Some((Exit::Unjudged, "was skipped"))),
            (&[], Some((Exit::Unjudged, "was skipped"))),
        ] {
            let failure = outcome(&report(outcomes)).err();
            let exit = failure.as_ref().map(Failure::exit);
            assert_eq!(exit, expected.map(|(exit, _)| exit), "{outcomes:?}");
            if let Some((_, words)) = expected {
                assert!(format!("{failure:?}").contains(words), "{failure:?}");
            }
        }
    }

    #[test]
    fn progress_counts_and_begins_with_how_the_check_ended() {
        let report = report(&[Outcome::Met]);
        let line = progress_line(&report.findings[0], 7, 104, Paint::off());
        assert_eq!(line, "  7/104 met           server.code.known");
    }
}
