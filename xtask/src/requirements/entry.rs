//! One requirement: what the files below `spec/requirements/` hold, and what makes an entry sound.
//!
//! The invariant: a [`Catalogue`] holds entries whose ids are unique and well formed and whose words come from closed
//! vocabularies, so that whatever reads it afterwards judges coverage only.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result, bail};
use serde::Deserialize;

/// The folder of the requirements, one file for each document.
pub(crate) const FOLDER: &str = "spec/requirements";

/// How strongly a document demands something.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Level {
    #[serde(rename = "MUST")]
    Must,
    #[serde(rename = "MUST NOT")]
    MustNot,
    #[serde(rename = "SHOULD")]
    Should,
    #[serde(rename = "SHOULD NOT")]
    ShouldNot,
    #[serde(rename = "MAY")]
    May,
    /// A provider's document says so.
    #[serde(rename = "documented")]
    Documented,
    /// A provider's own tools rely on it.
    #[serde(rename = "observed")]
    Observed,
}

impl Level {
    pub(super) const ALL: [Self; 7] = [
        Self::Must,
        Self::MustNot,
        Self::Should,
        Self::ShouldNot,
        Self::May,
        Self::Documented,
        Self::Observed,
    ];

    pub(super) fn is_must(self) -> bool {
        matches!(self, Self::Must | Self::MustNot)
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Must => "MUST",
            Self::MustNot => "MUST NOT",
            Self::Should => "SHOULD",
            Self::ShouldNot => "SHOULD NOT",
            Self::May => "MAY",
            Self::Documented => "documented",
            Self::Observed => "observed",
        })
    }
}

/// Who has to obey.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub(super) enum Side {
    /// Whoever asks for tokens and uses them: the core, and the command on top of it.
    Client,
    /// Whoever issues tokens or takes them: the embedded sandbox.
    Server,
    /// The workspace itself, whichever side it plays.
    Library,
}

impl Side {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Client => "client",
            Self::Server => "server",
            Self::Library => "library",
        }
    }
}

/// How obedience is shown.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Means {
    /// A property that holds for arbitrary inputs.
    Law,
    /// A request to a server, and its answer.
    ServerCheck,
    /// A server's answer to a client, and what the client does.
    ClientCheck,
    /// A test of one module.
    Unit,
    /// A whole program over real sockets.
    Journey,
    /// Otherwise it does not compile.
    Types,
    /// A person has to look.
    Review,
}

/// One demand of a document, in our own words.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Requirement {
    pub(super) id: String,
    pub(super) level: Level,
    pub(super) source: String,
    pub(super) section: String,
    pub(super) binds: Vec<Side>,
    pub(super) text: String,
    pub(super) check: Vec<Means>,
    /// Why no test shows it.
    pub(super) exception: Option<String>,
    /// How servers differ, or what a reader has to know.
    pub(super) note: Option<String>,
}

impl Requirement {
    /// Tells whether code of ours has to name it: a MUST of a side that the workspace is for others.
    pub(super) fn needs_code(&self) -> bool {
        let ours = |side: &Side| matches!(side, Side::Client | Side::Library);
        self.level.is_must() && self.exception.is_none() && self.binds.iter().any(ours)
    }

    /// Says what is wrong with the entry by itself.
    fn faults(&self, document: &str) -> Vec<&'static str> {
        let rest = self.id.strip_prefix(document);
        let rest = rest.and_then(|rest| rest.strip_prefix('.'));
        let well_formed =
            rest.is_some_and(|rest| rest.contains('.') && rest.split('.').all(is_id_part));
        let texts = [
            Some(&self.text),
            self.exception.as_ref(),
            self.note.as_ref(),
        ];
        let asks_for_a_person = self.check.contains(&Means::Review);
        [
            (well_formed, "the id is not `<document>.<section or area>.<slug>` in lower case"),
            (!self.section.trim().is_empty(), "the section is empty"),
            (!self.source.trim().is_empty(), "the source is empty"),
            (!self.binds.is_empty(), "nobody is bound"),
            (!self.check.is_empty(), "nothing says how it is checked"),
            (
                texts.into_iter().flatten().all(|text| is_sentence(text)),
                "text, exception or note is no sentence: it has no capital or number first, or no full stop last",
            ),
            (
                !self.text.trim_end_matches('.').contains(". "),
                "the text is more than one sentence",
            ),
            (
                !asks_for_a_person || self.exception.is_some(),
                "what only a person can check needs an exception that says why",
            ),
        ]
        .into_iter()
        .filter_map(|(holds, fault)| (!holds).then_some(fault))
        .collect()
    }
}

fn is_id_part(part: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    !part.is_empty() && part.bytes().all(fits)
}

fn is_sentence(text: &str) -> bool {
    let begins = |c: char| c.is_uppercase() || c.is_numeric();
    text.starts_with(begins) && text.ends_with('.') && text.trim() == text && !text.contains('\n')
}

/// Every requirement, by document and in the order of its file.
#[derive(Debug, Default)]
pub(super) struct Catalogue(pub(super) BTreeMap<String, Vec<Requirement>>);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    requirement: Vec<Requirement>,
}

impl Catalogue {
    /// Reads every file of the folder.
    pub(super) fn read(root: &Path) -> Result<Self> {
        let entries =
            fs::read_dir(root.join(FOLDER)).with_context(|| format!("failed to list {FOLDER}"))?;
        let mut files = Vec::new();
        for entry in entries {
            let name = entry?.file_name().to_string_lossy().into_owned();
            let Some(document) = name.strip_suffix(".toml") else {
                bail!("{FOLDER}/{name} is no TOML file: move it away");
            };
            let text = fs::read_to_string(root.join(FOLDER).join(&name))
                .with_context(|| format!("failed to read {FOLDER}/{name}"))?;
            files.push((document.to_owned(), text));
        }
        Self::parse(files)
    }

    /// Parses files, each under the name of its document.
    pub(super) fn parse(files: impl IntoIterator<Item = (String, String)>) -> Result<Self> {
        let mut documents = BTreeMap::new();
        for (document, text) in files {
            let file: File = toml::from_str(&text).map_err(|error| {
                anyhow::anyhow!("failed to read {FOLDER}/{document}.toml: {error}")
            })?;
            documents.insert(document, file.requirement);
        }
        let catalogue = Self(documents);
        let faults = catalogue.faults();
        if !faults.is_empty() {
            bail!("the requirements are not sound:\n{}", faults.join("\n"));
        }
        Ok(catalogue)
    }

    fn faults(&self) -> Vec<String> {
        let mut seen = BTreeSet::new();
        let mut faults = Vec::new();
        for (document, requirements) in &self.0 {
            for requirement in requirements {
                let id = &requirement.id;
                if !seen.insert(id) {
                    faults.push(format!("{id}: the id is there twice"));
                }
                faults.extend(
                    requirement
                        .faults(document)
                        .iter()
                        .map(|fault| format!("{id}: {fault}")),
                );
            }
        }
        faults
    }

    pub(super) fn all(&self) -> impl Iterator<Item = &Requirement> {
        self.0.values().flatten()
    }

    pub(super) fn knows(&self, id: &str) -> bool {
        self.all().any(|requirement| requirement.id == id)
    }

    /// Tells whether a text has the form of an id of one of the documents, known or not.
    pub(super) fn has_the_form(&self, text: &str) -> bool {
        let mut parts = text.split('.');
        let document = parts.next().is_some_and(|first| self.0.contains_key(first));
        let rest: Vec<&str> = parts.collect();
        let word = |part: &&str| is_id_part(part);
        document && rest.len() >= 2 && rest.iter().all(word)
    }
}
