//! What the demo shows: rows for people as they come, or one document for programs at the end.

use std::time::Duration;

use remote_auth::Principal;
use serde::Serialize;

use super::table;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::render::{self, Paint, SCHEMA};

/// What stands for a secret.
const MASK: &str = "••••";

/// The members and parameters that are secrets, by their wire names.
const SECRET_NAMES: [&str; 7] = [
    "access_token",
    "assertion",
    "code",
    "code_verifier",
    "refresh_token",
    "state",
    "ticket",
];

/// Step, sent, came back, life, principal.
const STEP_WIDTHS: [usize; 5] = [20, 30, 27, 4, 9];

/// Misuse, sent, refused by, with.
const REFUSAL_WIDTHS: [usize; 4] = [24, 30, 10, 28];

/// One request, by names only.
#[derive(Clone, Debug, Default, Serialize)]
pub(super) struct Sent {
    pub(super) method: Option<&'static str>,
    pub(super) path: Option<&'static str>,
    pub(super) authentication: Option<&'static str>,
    pub(super) parameters: Vec<&'static str>,
}

impl Sent {
    /// A token request, with or without HTTP Basic.
    pub(super) fn token(basic: bool, parameters: &[&'static str]) -> Self {
        Self {
            method: Some("POST"),
            path: Some("/auth/oauth2/token"),
            authentication: basic.then_some("Basic"),
            parameters: parameters.to_vec(),
        }
    }

    /// A request to the platform.
    pub(super) fn bearer(path: &'static str) -> Self {
        Self {
            method: Some("GET"),
            path: Some(path),
            authentication: Some("Bearer"),
            parameters: Vec::new(),
        }
    }

    /// A request of the browser.
    pub(super) fn browser(
        method: &'static str,
        path: &'static str,
        parameters: &[&'static str],
    ) -> Self {
        Self {
            method: Some(method),
            path: Some(path),
            authentication: None,
            parameters: parameters.to_vec(),
        }
    }

    fn words(&self) -> String {
        let Some((method, path)) = self.method.zip(self.path) else {
            return "nothing".to_owned();
        };
        let credentials = self
            .authentication
            .map(|scheme| format!("{scheme} {MASK} "))
            .unwrap_or_default();
        format!("{method} {path}\n{credentials}{}", masked(&self.parameters))
    }
}

/// One answer, by status and names only.
#[derive(Clone, Debug, Default, Serialize)]
pub(super) struct Received {
    pub(super) status: Option<u16>,
    pub(super) members: Vec<String>,
    /// The error, where one came instead of an answer.
    pub(super) code: Option<String>,
}

impl Received {
    fn words(&self) -> String {
        let status = self.status.map(|status| format!("{status} "));
        let code = self.code.as_ref().map(|code| format!("{code} "));
        format!(
            "{}{}{}",
            status.unwrap_or_default(),
            code.unwrap_or_default(),
            masked(&self.members)
        )
    }
}

/// One step of a way in.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Step {
    pub(super) name: &'static str,
    pub(super) sent: Sent,
    pub(super) received: Received,
    pub(super) lifetime_s: Option<u64>,
    pub(super) principal: Option<&'static str>,
    /// The rule by which the embedded sandbox decided.
    pub(super) rule: Option<&'static str>,
    pub(super) as_documented: bool,
    /// Whether the step uses what the step before it got.
    #[serde(skip)]
    pub(super) indented: bool,
}

/// One misuse, and who refused it.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Refusal {
    pub(super) name: &'static str,
    pub(super) sent: Sent,
    pub(super) refused_by: &'static str,
    pub(super) status: Option<u16>,
    pub(super) code: String,
    pub(super) rule: Option<&'static str>,
    pub(super) as_documented: bool,
}

#[derive(Serialize)]
struct Document<'a> {
    schema: u8,
    steps: &'a [Step],
    refusals: &'a [Refusal],
    ok: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    Table(Paint),
    Json,
    #[cfg(test)]
    Silent,
}

/// Collects the rows and shows them.
pub(super) struct Report {
    form: Form,
    steps: Vec<Step>,
    refusals: Vec<Refusal>,
}

impl Report {
    /// Says at once that something is going on.
    pub(super) fn open(json: bool, paint: Paint) -> Result<Self, Failure> {
        let form = if json { Form::Json } else { Form::Table(paint) };
        let report = Self {
            form,
            steps: Vec::new(),
            refusals: Vec::new(),
        };
        report.show(|paint| {
            format!(
                "{}\n\n{}\n{}",
                "An embedded sandbox in this process, on loopback: nothing leaves this machine.",
                paint.bold("Ways in"),
                paint.dim(&table::row(
                    " ",
                    &STEP_WIDTHS,
                    &["step", "sent", "came back", "life", "principal"]
                ))
            )
        })?;
        Ok(report)
    }

    #[cfg(test)]
    pub(super) fn silent() -> Self {
        Self {
            form: Form::Silent,
            steps: Vec::new(),
            refusals: Vec::new(),
        }
    }

    pub(super) fn step(&mut self, step: Step) -> Result<(), Failure> {
        self.show(|paint| {
            let life = match (
                step.lifetime_s,
                step.principal == Some(Principal::Customer.as_str()),
            ) {
                (Some(life), _) => render::span(Duration::from_secs(life)),
                (None, true) if !step.indented => "none".to_owned(),
                _ => String::new(),
            };
            let indent = if step.indented { "  " } else { "" };
            let cells = [
                &format!("{indent}{}", step.name),
                &step.sent.words(),
                &step.received.words(),
                &life,
                step.principal.unwrap_or_default(),
            ];
            table::row(&mark(paint, step.as_documented), &STEP_WIDTHS, &cells)
        })?;
        self.steps.push(step);
        Ok(())
    }

    pub(super) fn refusal(&mut self, refusal: Refusal) -> Result<(), Failure> {
        let first = self.refusals.is_empty();
        self.show(|paint| {
            let heading = format!(
                "\n{}\n{}",
                paint.bold("Refused, as documented"),
                paint.dim(&table::row(
                    " ",
                    &REFUSAL_WIDTHS,
                    &["misuse", "sent", "refused by", "with"]
                ))
            );
            let status = refusal.status.map(|status| format!("{status} "));
            let cells = [
                refusal.name,
                &refusal.sent.words(),
                refusal.refused_by,
                &format!("{}{}", status.unwrap_or_default(), refusal.code),
            ];
            let row = table::row(&mark(paint, refusal.as_documented), &REFUSAL_WIDTHS, &cells);
            if first { heading + &row } else { row }
        })?;
        self.refusals.push(refusal);
        Ok(())
    }

    /// Sums up; fails if any row is not as documented.
    pub(super) fn close(self) -> Result<(), Failure> {
        let rows = self
            .steps
            .iter()
            .map(|step| (step.name, step.as_documented));
        let refusals = self
            .refusals
            .iter()
            .map(|refusal| (refusal.name, refusal.as_documented));
        let deviant: Vec<&str> = rows
            .chain(refusals)
            .filter(|(_, good)| !good)
            .map(|(name, _)| name)
            .collect();
        let ok = deviant.is_empty() && !self.steps.is_empty() && !self.refusals.is_empty();
        if self.form == Form::Json {
            render::print(&render::json_line(&Document {
                schema: SCHEMA,
                steps: &self.steps,
                refusals: &self.refusals,
                ok,
            }))?;
        }
        if !ok {
            let message = format!("see everything go as documented: {}", deviant.join(", "));
            return Err(Failure::new(Exit::Drift, "demo.deviated", message)
                .hint("run again with -v to see each request and the rule that decided it"));
        }
        self.show(|paint| {
            format!(
                "\n{} {} steps and {} refusals went as documented.\n\
                 Next: `remote-auth sandbox serve` keeps a sandbox running for your own client, and\n\
                 `remote-auth token --help` gets tokens from it and from Remote.\n",
                paint.green("All"),
                self.steps.len(),
                self.refusals.len(),
            )
        })
    }

    fn show(&self, text: impl FnOnce(Paint) -> String) -> Result<(), Failure> {
        match self.form {
            Form::Table(paint) => render::print(&text(paint)),
            _ => Ok(()),
        }
    }
}

fn mark(paint: Paint, good: bool) -> String {
    if good {
        paint.green("✓")
    } else {
        paint.red("✗")
    }
}

/// Lists names, and shows of a secret that it is one.
fn masked(names: &[impl AsRef<str>]) -> String {
    let shown = names.iter().map(|name| {
        let name = name.as_ref();
        if SECRET_NAMES.contains(&name) {
            format!("{name}={MASK}")
        } else {
            name.to_owned()
        }
    });
    shown.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_tables_fit_the_page() {
        for widths in [&STEP_WIDTHS[..], &REFUSAL_WIDTHS[..]] {
            let gaps = 2 * (widths.len() - 1);
            assert_eq!(2 + widths.iter().sum::<usize>() + gaps, 100);
        }
    }

    #[test]
    fn a_report_without_rows_is_no_success() {
        assert!(Report::silent().close().is_err());
    }

    #[test]
    fn secrets_are_named_and_not_shown() {
        let sent = Sent::token(true, &["grant_type", "code"]);
        assert_eq!(
            sent.words(),
            "POST /auth/oauth2/token\nBasic •••• grant_type code=••••"
        );
    }
}
