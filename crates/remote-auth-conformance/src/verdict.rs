//! Answers in the place of a success, each with what a client must make of it.
//!
//! The rows are written by hand from RFC 6749 section 5.2, RFC 6750 section 3 and what is known of Remote's answers.
//! They drive the core by `tests/verdict_table.rs`, and the command line by a test of the workspace's journeys.

mod rows;

use remote_auth::error::{Action, Actor};

use crate::Answer;

/// Holds one answer and its verdict.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// What was asked.
    pub asked: Asked,
    /// The status.
    pub status: u16,
    /// The `Content-Type`.
    pub media_type: Option<&'static str>,
    /// The `WWW-Authenticate`.
    pub challenge: Option<&'static str>,
    /// The body, with a mark where a server can put one.
    pub body: &'static str,
    /// The stable code of the error.
    pub code: &'static str,
    /// What has to happen next.
    pub action: Action,
}

/// Names what a request asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    /// A token, by any of the four grants.
    Token,
    /// A token, for a code.
    AuthorizationCode,
    /// A token, by client credentials.
    ClientCredentials,
    /// A token, for a refresh token.
    RefreshToken,
    /// A token, for an assertion.
    JwtBearer,
    /// Something of the API, with a token.
    Api,
}

/// What follows from an action: who acts, whether waiting is enough, and the exit code of the command line.
pub const CONSEQUENCES: &[(Action, Actor, bool, u8)] = &[
    (Action::Wait, Actor::Nobody, true, 9),
    (Action::SlowDown, Actor::Nobody, true, 10),
    (Action::AskForConsent, Actor::ResourceOwner, false, 5),
    (Action::Authorize, Actor::ResourceOwner, false, 4),
    (Action::RenewToken, Actor::Operator, false, 4),
    (Action::ChangeScope, Actor::Operator, false, 7),
    (Action::FixClient, Actor::Operator, false, 6),
    (Action::ChangeRequest, Actor::Programmer, false, 14),
    (Action::FixRequest, Actor::Programmer, false, 1),
    (Action::Report, Actor::ServerOperator, false, 13),
];

impl Row {
    /// Returns the answer as a server sends it.
    pub fn answer(&self) -> Answer {
        let answer = Answer::new(self.status, self.media_type, self.body);
        match self.challenge {
            Some(challenge) => answer.with_header("www-authenticate", challenge),
            None => answer,
        }
    }

    const fn challenging(self, challenge: &'static str) -> Self {
        Self {
            challenge: Some(challenge),
            ..self
        }
    }
}

/// Returns every row.
pub fn rows() -> impl Iterator<Item = &'static Row> {
    rows::ALL.into_iter().flatten()
}
