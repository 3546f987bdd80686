//! Checks of an authorization server and of the platform operations that authentication touches.
//!
//! A [`Server`] is who is judged: where it is, who asks, and what whoever runs the judge lets it do.
//! [`checks`] lists the questions, each independent of the others: it obtains the codes and tokens that it needs,
//! speaks plain HTTP, and leaves every exchange in the record.
//! A question that needs what nobody granted ends as skipped, with the reason.
//!
//! What is not here: any rule of the library or of the sandbox. The judge writes its own assertions and reads its own
//! answers, so that it can prove either wrong.
//!
//! What Remote documents is demanded of every server; what a server says of itself beyond that, a [`Promise`], of that
//! server alone. A question about what a server does not have at all ends as skipped too.
//!
//! The invariants: nothing is sent but to the addresses that were named, no redirect is followed but by the browser
//! that consents, within the server that it was sent to, and a server that says how long to wait is waited for.

mod assertion;
mod authorize;
mod bearer;
mod client;
mod code;
mod company;
#[cfg(feature = "sandbox")]
mod embedded;
mod ending;
mod gogox;
mod jwt_bearer;
mod magic_link;
mod page;
mod platform;
mod rate;
mod refresh;
mod secret;
mod subject;
mod talk;
mod token;
mod webhook;
mod wire;

pub use subject::{Credentials, Fault, Operator, Promise, Server};

use super::check::Check;

/// Writes a list of checks: identifier, conduct, requirements, sentence, and the function that asks.
macro_rules! questions {
    ($(
        $id:literal, $conduct:ident, [$($requirement:literal),+ $(,)?],
        $sentence:literal, $function:path;
    )+) => {
        pub(super) fn checks() -> Vec<$crate::judge::Check<$crate::judge::server::Server>> {
            vec![$($crate::judge::Check {
                id: $id,
                requirements: &[$($requirement),+],
                sentence: $sentence,
                conduct: $crate::judge::Conduct::$conduct,
                examine: |server, record| {
                    Box::pin($function($crate::judge::server::talk::Talk::new(server, record)))
                },
            },)+]
        }
    };
}
use questions;

/// Lists every check of a server, in the order in which they are best asked: what ends a company comes last.
pub fn checks() -> Vec<Check<Server>> {
    [
        authorize::checks(),
        token::checks(),
        client::checks(),
        code::checks(),
        refresh::checks(),
        jwt_bearer::checks(),
        bearer::checks(),
        platform::checks(),
        company::checks(),
        magic_link::checks(),
        webhook::checks(),
        gogox::checks(),
        rate::checks(),
        ending::checks(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::Party;

    #[test]
    fn every_check_comes_from_demands_that_exist_and_bind_a_server() {
        for check in checks() {
            let demands: Vec<_> = check.demands().collect();
            assert_eq!(demands.len(), check.requirements.len(), "{}", check.id);
            let binds = |demand: &&crate::judge::Requirement| demand.binds.contains(&Party::Server);
            assert!(demands.iter().any(binds), "{}", check.id);
        }
    }

    #[test]
    fn every_check_has_a_name_of_its_own_and_says_what_a_server_does_in_one_sentence() {
        let checks = checks();
        assert!(checks.len() >= 60, "{} checks", checks.len());
        for (place, check) in checks.iter().enumerate() {
            let (id, sentence) = (check.id, check.sentence);
            let plain =
                |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '.';
            assert!(id.starts_with("server.") && id.chars().all(plain), "{id}");
            assert!(checks[..place].iter().all(|other| other.id != id), "{id}");
            assert!(
                sentence.ends_with('.') && !sentence.contains(". "),
                "{id}: {sentence}"
            );
        }
    }
}
