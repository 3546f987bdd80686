//! Rules that can be broken on purpose, and what the sandbox does instead of each.
//!
//! A judge that has never said no proves nothing: the sandbox broken in exactly one rule is what
//! shows that a check of that rule can fail.
//! Search for this module's name to find every place that breaks one.
//!
//! The invariant: nothing here changes a sandbox that keeps every rule, and no broken rule lets
//! anything leave the machine.
//!
//! # Example
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> std::io::Result<()> {
//! use remote_auth_sandbox::{Rule, Sandbox, danger};
//!
//! let rule = Rule::CodeSingleUse;
//! assert_eq!(danger::broken_form(rule), "A code is redeemed as often as it is sent.");
//! let sandbox = Sandbox::builder().danger_broken(rule).start().await?;
//! # sandbox.shutdown().await;
//! # Ok(())
//! # }
//! ```

mod defect;
mod forms;

use axum::response::Response;

use crate::rule::Rule;
use defect::Defect;

/// Returns what a sandbox does in which this rule is broken, as a sentence.
pub const fn broken_form(rule: Rule) -> &'static str {
    forms::form(rule).sentence
}

/// The rules as one sandbox keeps them: all, but for those that were broken on purpose.
///
/// Every decision asks here, so that a broken rule is broken in one way everywhere:
/// [`demand`](Self::demand) and [`find`](Self::find) judge what a request has to keep,
/// [`keep`](Self::keep) tells what the sandbox itself has to do, and [`spoil`](Self::spoil) sees
/// every answer before it leaves.
#[derive(Clone, Debug)]
pub(crate) struct Rules {
    /// One flag for each rule, in the order of [`Rule::ALL`].
    broken: [bool; Rule::ALL.len()],
    /// What is wrong with the answers, so that a strict sandbox has nothing to look through.
    defects: Vec<Defect>,
}

impl Rules {
    pub(crate) fn breaking(&mut self, rule: Rule) {
        self.broken[rule as usize] = true;
        let change = forms::form(rule).change;
        self.defects
            .extend(change.map(|change| Defect { rule, change }));
    }

    /// Tells whether this sandbox keeps a rule.
    pub(crate) const fn keep(&self, rule: Rule) -> bool {
        !self.broken[rule as usize]
    }

    /// Names the rule if a request breaks it; a broken rule is met by every request.
    pub(crate) const fn demand(&self, rule: Rule, met: bool) -> Result<(), Rule> {
        if met || !self.keep(rule) {
            Ok(())
        } else {
            Err(rule)
        }
    }

    /// Names the rule if a request lacks what the rule demands; a broken rule goes on with
    /// something else, if there is anything to go on with.
    pub(crate) fn find<T>(
        &self,
        rule: Rule,
        found: Option<T>,
        otherwise: impl FnOnce() -> Option<T>,
    ) -> Result<T, Rule> {
        let instead = || (!self.keep(rule)).then(otherwise).flatten();
        found.or_else(instead).ok_or(rule)
    }

    /// Tells whether some broken rule is about answers.
    pub(crate) const fn spoil_answers(&self) -> bool {
        !self.defects.is_empty()
    }

    /// Puts into an answer what broken rules do to it.
    pub(crate) async fn spoil(&self, decided_by: Rule, mut answer: Response) -> Response {
        for defect in &self.defects {
            answer = defect.put_into(decided_by, answer).await;
        }
        answer
    }
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            broken: [false; Rule::ALL.len()],
            defects: Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_broken_form_is_a_sentence_of_its_own() {
        for (place, rule) in Rule::ALL.iter().enumerate() {
            let form = broken_form(*rule);
            assert!(
                form.ends_with('.') && !form.contains("  "),
                "{rule}: {form}"
            );
            assert_ne!(form, rule.sentence(), "{rule}");
            let mut others = Rule::ALL[..place].iter();
            assert!(others.all(|other| broken_form(*other) != form), "{rule}");
        }
    }

    #[test]
    fn a_rule_is_broken_alone() {
        let mut rules = Rules::default();
        rules.breaking(Rule::CodeSingleUse);
        for rule in Rule::ALL {
            let kept = *rule != Rule::CodeSingleUse;
            assert_eq!(rules.keep(*rule), kept, "{rule}");
            assert_eq!(rules.demand(*rule, false).is_err(), kept, "{rule}");
            assert_eq!(
                rules.find(*rule, None, || Some(())).is_err(),
                kept,
                "{rule}"
            );
            assert_eq!(rules.demand(*rule, true), Ok(()), "{rule}");
        }
    }
}
