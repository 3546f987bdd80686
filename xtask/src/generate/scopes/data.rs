//! The shape of the catalogue's file.

use std::fmt;

use serde::Deserialize;

/// The whole file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Catalogue {
    pub(super) version: u32,
    /// Where all of it comes from.
    pub(super) evidence: Vec<String>,
    pub(super) scopes: Vec<Scope>,
    pub(super) operations: Vec<Operation>,
    pub(super) oddities: Vec<Oddity>,
}

/// One scope token.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Scope {
    pub(super) scope: String,
    pub(super) style: Style,
    #[serde(default)]
    pub(super) categories: Vec<String>,
    pub(super) flows: Vec<Flow>,
}

#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Style {
    Url,
    Action,
    Category,
    CatchAll,
}

#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Flow {
    AuthorizationCode,
    ClientCredentials,
    EmployeeAssertion,
}

/// One operation, and the scopes of which any one is enough.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Operation {
    pub(super) method: Method,
    pub(super) path: String,
    #[serde(default)]
    pub(super) read: Vec<String>,
    #[serde(default)]
    pub(super) write: Vec<String>,
    #[serde(default)]
    pub(super) categories: Vec<String>,
}

#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, PartialOrd, Ord)]
#[serde(rename_all = "UPPERCASE")]
pub(super) enum Method {
    Delete,
    Get,
    Patch,
    Post,
    Put,
}

/// Something that looks wrong and is kept as found.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Oddity {
    pub(super) kind: Kind,
    /// A scope, or an operation as it prints.
    pub(super) subject: String,
    pub(super) note: String,
}

#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, PartialOrd, Ord)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Kind {
    GetNamesNoRead,
    ChangeNamesRead,
    ReadWithoutWrite,
    WriteListedAlone,
    NamedByNoOperation,
    WithoutCategory,
    OutsideItsFlow,
    OnlyAnExample,
}

impl Kind {
    /// The word that the file uses.
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::GetNamesNoRead => "get-names-no-read",
            Self::ChangeNamesRead => "change-names-read",
            Self::ReadWithoutWrite => "read-without-write",
            Self::WriteListedAlone => "write-listed-alone",
            Self::NamedByNoOperation => "named-by-no-operation",
            Self::WithoutCategory => "without-category",
            Self::OutsideItsFlow => "outside-its-flow",
            Self::OnlyAnExample => "only-an-example",
        }
    }

    pub(super) const fn sentence(self) -> &'static str {
        match self {
            Self::GetNamesNoRead => "this GET names only a write scope",
            Self::ChangeNamesRead => "this is no GET and names a read scope",
            Self::ReadWithoutWrite => {
                "this names a read scope and not the write scope that implies it"
            }
            Self::WriteListedAlone => {
                "a flow lists this write scope and not the read scope that it implies"
            }
            Self::NamedByNoOperation => "no operation names this scope",
            Self::WithoutCategory => "no category covers this action",
            Self::OutsideItsFlow => {
                "none of its read and write scopes is listed for the kind of token it takes"
            }
            Self::OnlyAnExample => "this scope occurs as an example and nowhere else",
        }
    }
}

impl Scope {
    /// Returns the read scope of the same resource, if this is a write scope.
    pub(super) fn read_sibling(&self) -> Option<String> {
        let resource = self.scope.strip_suffix(":write")?;
        (self.style == Style::Action).then(|| format!("{resource}:read"))
    }
}

impl Operation {
    /// Visits the read and the write scopes.
    pub(super) fn actions(&self) -> impl Iterator<Item = &String> {
        self.read.iter().chain(&self.write)
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} {}", self.method.word(), self.path)
    }
}

impl Method {
    const fn word(self) -> &'static str {
        match self {
            Self::Delete => "DELETE",
            Self::Get => "GET",
            Self::Patch => "PATCH",
            Self::Post => "POST",
            Self::Put => "PUT",
        }
    }
}
