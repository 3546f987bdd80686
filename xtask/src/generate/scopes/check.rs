//! What is wrong with a catalogue: faults, which are ours, and oddities, which are Remote's.

use std::collections::{BTreeMap, BTreeSet};

use super::data::{Catalogue, Flow, Kind, Method, Operation, Scope, Style};

/// The only version of the file that is understood.
const VERSION: u32 = 1;
/// Paths that only an employee's token reaches.
const EMPLOYEE_PATHS: &str = "/v1/employee/";

/// Returns a sentence for everything that stops the pipeline.
pub(super) fn faults(catalogue: &Catalogue) -> Vec<String> {
    let index = Index::of(catalogue);
    let mut faults = Vec::new();
    if catalogue.version != VERSION {
        faults.push(format!(
            "it is version {}, and this pipeline reads {VERSION}",
            catalogue.version
        ));
    }
    if catalogue.evidence.is_empty() {
        faults.push("it names no sources, in `evidence`".to_owned());
    }
    for scope in &catalogue.scopes {
        faults.extend(scope_faults(scope, &index));
    }
    for operation in &catalogue.operations {
        faults.extend(operation_faults(operation, &index));
    }
    repeated(
        catalogue.scopes.iter().map(|scope| scope.scope.clone()),
        &mut faults,
    );
    repeated(
        catalogue.operations.iter().map(ToString::to_string),
        &mut faults,
    );
    // Oddities are only looked for where the data can be trusted.
    if faults.is_empty() {
        unsettled(catalogue, &oddities(catalogue, &index), &mut faults);
    }
    faults
}

/// Scopes by name.
struct Index<'a>(BTreeMap<&'a str, &'a Scope>);

impl<'a> Index<'a> {
    fn of(catalogue: &'a Catalogue) -> Self {
        let scopes = catalogue.scopes.iter();
        Self(scopes.map(|scope| (scope.scope.as_str(), scope)).collect())
    }

    fn get(&self, name: &str) -> Option<&'a Scope> {
        self.0.get(name).copied()
    }

    fn is_category(&self, name: &str) -> bool {
        self.get(name)
            .is_some_and(|scope| scope.style == Style::Category)
    }
}

fn scope_faults(scope: &Scope, index: &Index<'_>) -> Vec<String> {
    let name = &scope.scope;
    let mut faults = Vec::new();
    let fits = match scope.style {
        Style::Url => name.starts_with("https://"),
        Style::CatchAll => name == "all:read" || name == "all:write",
        Style::Category => is_word(name),
        Style::Action => name
            .strip_suffix(":read")
            .or_else(|| name.strip_suffix(":write"))
            .is_some_and(|resource| is_word(resource) && resource != "all"),
    };
    if !fits {
        faults.push(format!("{name}: this does not look like its style"));
    }
    if scope.style != Style::Action && !scope.categories.is_empty() {
        faults.push(format!("{name}: only an action has categories"));
    }
    for category in &scope.categories {
        if !index.is_category(category) {
            faults.push(format!(
                "{name}: the category `{category}` is not in the catalogue"
            ));
        }
    }
    if scope.flows.is_empty() {
        faults.push(format!("{name}: no flow lists this scope"));
    }
    faults
}

fn is_word(text: &str) -> bool {
    !text.is_empty()
        && text
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte == b'_')
}

fn operation_faults(operation: &Operation, index: &Index<'_>) -> Vec<String> {
    let mut faults = Vec::new();
    let mut fault = |sentence: String| faults.push(format!("{operation}: {sentence}"));
    if !operation.path.starts_with('/') {
        fault("a path begins with a slash".to_owned());
    }
    for (column, suffix, names) in [
        ("read", ":read", &operation.read),
        ("write", ":write", &operation.write),
    ] {
        for name in names {
            match index.get(name) {
                None => fault(format!("the scope `{name}` is not in the catalogue")),
                Some(scope) if scope.style != Style::Action || !name.ends_with(suffix) => {
                    fault(format!("`{name}` does not belong in the column `{column}`"));
                }
                Some(_) => {}
            }
        }
    }
    for category in &operation.categories {
        let covers = operation
            .actions()
            .filter_map(|name| index.get(name))
            .any(|scope| scope.categories.contains(category));
        if !index.is_category(category) {
            fault(format!("the category `{category}` is not in the catalogue"));
        } else if !covers {
            fault(format!(
                "the category `{category}` covers none of its scopes"
            ));
        }
    }
    faults
}

fn repeated(names: impl Iterator<Item = String>, faults: &mut Vec<String>) {
    let mut seen = BTreeSet::new();
    for name in names {
        if !seen.insert(name.clone()) {
            faults.push(format!("{name}: this is listed twice"));
        }
    }
}

/// An oddity: what it is, and where it stands.
type Odd = (Kind, String);

/// Finds every oddity that the data shows by itself.
fn oddities(catalogue: &Catalogue, index: &Index<'_>) -> BTreeSet<Odd> {
    let mut found = BTreeSet::new();
    let named: BTreeSet<&String> = catalogue
        .operations
        .iter()
        .flat_map(Operation::actions)
        .collect();
    for scope in &catalogue.scopes {
        let mut odd = |kind| found.insert((kind, scope.scope.clone()));
        if scope.style == Style::Action && !named.contains(&scope.scope) {
            odd(Kind::NamedByNoOperation);
        }
        if scope.style == Style::Action && scope.categories.is_empty() {
            odd(Kind::WithoutCategory);
        }
        let read = scope.read_sibling().and_then(|name| index.get(&name));
        if read.is_some_and(|read| scope.flows.iter().any(|flow| !read.flows.contains(flow))) {
            odd(Kind::WriteListedAlone);
        }
    }
    for operation in &catalogue.operations {
        found.extend(
            operation_oddities(operation, index)
                .into_iter()
                .map(|kind| (kind, operation.to_string())),
        );
    }
    // Examples are no part of the data; what can be checked is that they are nothing else.
    for record in &catalogue.oddities {
        let known = index.get(&record.subject).is_some();
        if record.kind == Kind::OnlyAnExample && !known {
            found.insert((record.kind, record.subject.clone()));
        }
    }
    found
}

fn operation_oddities(operation: &Operation, index: &Index<'_>) -> Vec<Kind> {
    let mut found = Vec::new();
    let reads = operation.method == Method::Get;
    if reads && operation.read.is_empty() && !operation.write.is_empty() {
        found.push(Kind::GetNamesNoRead);
    }
    if !reads && !operation.read.is_empty() {
        found.push(Kind::ChangeNamesRead);
    }
    let lacks_write = |read: &String| {
        let write = read.replace(":read", ":write");
        index.get(&write).is_some() && !operation.write.contains(&write)
    };
    if operation.read.iter().any(lacks_write) {
        found.push(Kind::ReadWithoutWrite);
    }
    let employee = operation.path.starts_with(EMPLOYEE_PATHS);
    let reaches = |name: &String| {
        index.get(name).is_some_and(|scope| {
            let by = |flow: &Flow| (*flow == Flow::EmployeeAssertion) == employee;
            scope.flows.iter().any(by)
        })
    };
    if operation.actions().next().is_some() && !operation.actions().any(reaches) {
        found.push(Kind::OutsideItsFlow);
    }
    found
}

/// Compares what was found with what is recorded.
fn unsettled(catalogue: &Catalogue, found: &BTreeSet<Odd>, faults: &mut Vec<String>) {
    let mut recorded = BTreeSet::new();
    for record in &catalogue.oddities {
        let (kind, subject) = (record.kind, &record.subject);
        let odd = (kind, subject.clone());
        if record.note.trim().is_empty() {
            faults.push(format!(
                "{subject}: the oddity `{}` has no note",
                kind.word()
            ));
        }
        if !found.contains(&odd) {
            faults.push(format!(
                "{subject}: the oddity `{}` is recorded and no longer there: look again, then remove it from `oddities`",
                kind.word()
            ));
        }
        if !recorded.insert(odd) {
            faults.push(format!(
                "{subject}: the oddity `{}` is recorded twice",
                kind.word()
            ));
        }
    }
    for (kind, subject) in found.difference(&recorded) {
        faults.push(format!(
            "{subject}: {} (`{}`): look at it, then correct it or record it in `oddities`",
            kind.sentence(),
            kind.word()
        ));
    }
}
