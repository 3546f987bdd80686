//! One question, and how it can end.

use std::fmt;
use std::future::Future;
use std::pin::Pin;

use super::evidence::Record;
use super::requirement::Requirement;

/// How an examination ends: with nothing to object, or with an [`Objection`].
pub type Examination = Result<(), Objection>;

type Examine<S> =
    for<'a> fn(&'a S, &'a mut Record) -> Pin<Box<dyn Future<Output = Examination> + Send + 'a>>;

/// One question about a subject of type `S`.
pub struct Check<S> {
    /// The stable id, such as `server.token.form-only`.
    pub id: &'static str,
    /// The ids of the requirements that the question comes from.
    pub requirements: &'static [&'static str],
    /// What a subject that passes does, in one sentence.
    pub sentence: &'static str,
    /// What asking does to the subject.
    pub conduct: Conduct,
    /// Asks.
    pub examine: Examine<S>,
}

impl<S> Check<S> {
    /// Returns the requirements that the question comes from.
    ///
    /// An id that nothing defines is left out; a test of this crate shows that there is none.
    pub fn demands(&self) -> impl Iterator<Item = &'static Requirement> + use<S> {
        self.requirements
            .iter()
            .filter_map(|id| Requirement::find(id))
    }
}

impl<S> fmt::Debug for Check<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Check")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

/// What asking does to a subject.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Conduct {
    /// What any program does on any day.
    Gentle,
    /// What looks like an attack in a log: wrong secrets, forged assertions, reused codes.
    Abusive,
    /// What changes the account for good or stops others: revoked grants, spent rate limits.
    Destructive,
}

/// Why a subject did not pass.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Objection {
    /// The subject does not do what the check demands. Says what it did in its place.
    NotMet(String),
    /// The question does not apply or was not to be asked. Says why.
    Skipped(String),
    /// The question could not be put to the subject, or no answer came. Says what was in the way.
    CouldNotRun(String),
}

impl Objection {
    /// Returns what to tell a person.
    pub fn reason(&self) -> &str {
        match self {
            Self::NotMet(reason) | Self::Skipped(reason) | Self::CouldNotRun(reason) => reason,
        }
    }
}

/// Objects unless `met`; `seen` says what was seen in place of what is demanded.
///
/// # Errors
///
/// [`Objection::NotMet`] with what `seen` returns.
pub fn demand(met: bool, seen: impl FnOnce() -> String) -> Examination {
    if met {
        Ok(())
    } else {
        Err(Objection::NotMet(seen()))
    }
}
