//! Which checks to run.

use super::check::{Check, Conduct};
use super::requirement::Level;

/// Chooses checks. Empty lists choose everything.
#[derive(Clone, Debug, Default)]
pub struct Selection {
    /// Ids of checks or of requirements, or beginnings of them that end at a dot.
    pub ids: Vec<String>,
    /// Levels of requirements.
    pub levels: Vec<Level>,
    /// Short names of documents, such as `rfc6749`.
    pub documents: Vec<String>,
    /// What may not be done to the subject.
    pub forbidden: Vec<Conduct>,
}

/// Says why a check is not run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// It was not chosen. It is left out of the report.
    NotChosen,
    /// It would do what is forbidden. The report says so.
    Forbidden(Conduct),
}

impl Selection {
    /// Judges whether a check is to run.
    ///
    /// # Errors
    ///
    /// Says why it is not.
    pub fn admits<S>(&self, check: &Check<S>) -> Result<(), Refusal> {
        let demands: Vec<_> = check.demands().collect();
        let chosen = (self.ids.is_empty()
            || self.ids.iter().any(|id| {
                names(id, check.id)
                    || check
                        .requirements
                        .iter()
                        .any(|requirement| names(id, requirement))
            }))
            && (self.levels.is_empty()
                || demands
                    .iter()
                    .any(|demand| self.levels.contains(&demand.level)))
            && (self.documents.is_empty()
                || demands
                    .iter()
                    .any(|demand| self.documents.iter().any(|name| name == demand.document())));
        if !chosen {
            return Err(Refusal::NotChosen);
        }
        if self.forbidden.contains(&check.conduct) {
            return Err(Refusal::Forbidden(check.conduct));
        }
        Ok(())
    }
}

/// Tells whether `wanted` is an id or a beginning of it that ends where a part ends.
fn names(wanted: &str, id: &str) -> bool {
    id.strip_prefix(wanted)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('.') || wanted.ends_with('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_named_whole_or_by_its_first_parts() {
        let cases = [
            ("server.token", "server.token.form-only", true),
            ("server.token.", "server.token.form-only", true),
            ("server.token.form-only", "server.token.form-only", true),
            ("server.tok", "server.token.form-only", false),
            ("server.token.form", "server.token.form-only", false),
            ("token", "server.token.form-only", false),
        ];
        for (wanted, id, named) in cases {
            assert_eq!(names(wanted, id), named, "{wanted} {id}");
        }
    }
}
