//! What the documents demand, as the judge quotes it.

#[rustfmt::skip]
mod table;

use std::fmt;

use serde::Serialize;

use table::REQUIREMENTS;

/// One demand of one document, as `spec/requirements/` states it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Requirement {
    /// The stable id, such as `rfc6749.4.1.2.code-single-use`.
    pub id: &'static str,
    /// How binding it is.
    pub level: Level,
    /// The document.
    pub source: &'static str,
    /// The section of the document.
    pub section: &'static str,
    /// Whom it binds.
    pub binds: &'static [Party],
    /// The demand in one sentence of our own.
    pub text: &'static str,
}

impl Requirement {
    /// Lists every requirement, document by document.
    pub const ALL: &'static [Self] = REQUIREMENTS;

    /// Finds a requirement by its id.
    pub fn find(id: &str) -> Option<&'static Self> {
        Self::ALL.iter().find(|requirement| requirement.id == id)
    }

    /// Returns the short name of the document, which begins the id: `rfc6749`, `remote`.
    pub fn document(&self) -> &'static str {
        self.id.split('.').next().unwrap_or(self.id)
    }
}

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $word:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
        pub enum $name {
            $($(#[$variant_doc])* #[serde(rename = $word)] $variant,)+
        }

        impl $name {
            /// Lists all of them.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// Returns the word for it, as the requirements write it.
            pub const fn word(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)+
                }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(self.word())
            }
        }
    };
}

words! {
    /// How binding a requirement is: the words of RFC 2119, and two for documents that do not use them.
    Level {
        /// An absolute demand.
        Must = "MUST",
        /// An absolute prohibition.
        MustNot = "MUST NOT",
        /// A demand with reasoned exceptions.
        Should = "SHOULD",
        /// A prohibition with reasoned exceptions.
        ShouldNot = "SHOULD NOT",
        /// A permission that the other side has to expect.
        May = "MAY",
        /// Stated by Remote's documents.
        Documented = "documented",
        /// Seen in what Remote's own tools do.
        Observed = "observed",
    }
}

words! {
    /// Whom a requirement binds.
    Party {
        /// Who asks for tokens.
        Client = "client",
        /// Who gives them.
        Server = "server",
        /// The library that a client is built on.
        Library = "library",
    }
}
