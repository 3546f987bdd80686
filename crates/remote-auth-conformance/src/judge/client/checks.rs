//! The checks, area by area.

/// Makes the list of an area: id, requirements, sentence, and the call that examines.
macro_rules! checks {
    (|$client:ident, $record:ident| $($id:literal, [$($requirement:literal),+], $sentence:literal => $examine:expr;)+) => {
        pub(super) fn checks() -> Vec<crate::judge::Check<crate::judge::client::Client>> {
            vec![$(crate::judge::Check {
                id: $id,
                requirements: &[$($requirement),+],
                sentence: $sentence,
                conduct: crate::judge::Conduct::Gentle,
                examine: |$client, $record| Box::pin($examine),
            }),+]
        }
    };
}

mod answer;
mod api;
mod assertion;
mod authorize;
mod callback;
mod code;
mod discretion;
mod flow;
mod redirect;
mod refresh;
mod request;

use super::Client;
use crate::judge::Check;

/// Lists every check, in the order in which a person would ask.
pub fn checks() -> Vec<Check<Client>> {
    [
        flow::checks(),
        request::checks(),
        redirect::checks(),
        authorize::checks(),
        callback::checks(),
        code::checks(),
        refresh::checks(),
        assertion::checks(),
        answer::checks(),
        api::checks(),
        discretion::checks(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// Finds a name that stands more than once among parameters.
fn repeated(parameters: Vec<(String, String)>) -> Option<String> {
    let mut names: Vec<_> = parameters.into_iter().map(|(name, _)| name).collect();
    names.sort_unstable();
    let twice = names.windows(2).find(|pair| pair[0] == pair[1]);
    twice.map(|pair| pair[0].clone())
}
