//! No usable answer came.

use std::fmt;
use std::time::Duration;

use remote_oauth_client::support::FailureKind;

use super::verdict::table;
use super::{Action, Step};

/// Holds an exchange that ended without an answer to judge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unreachable {
    pub(crate) step: Step,
    pub(crate) cause: NoAnswer,
    pub(crate) retry_after: Option<Duration>,
    pub(crate) sent: bool,
}

/// Names what stood in the place of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum NoAnswer {
    /// The host's name has no address.
    Unresolved,
    /// Nothing listens at the address.
    Refused,
    /// The server's certificate is not trusted.
    Certificate,
    /// The time allowed ran out.
    TimedOut,
    /// The connection broke.
    Broken,
    /// The server is failing: a status from 500 up, or 408. Error words in such an answer are not a verdict.
    ServerFailing(u16),
    /// The server limits the rate: status 429.
    RateLimited,
    /// The program's own record of what was used gave no answer, or is full. No server was asked.
    UsedRecord,
    /// The program's own store of companies' grants gave no answer. No server was asked.
    CompanyStore,
}

impl From<FailureKind> for NoAnswer {
    fn from(kind: FailureKind) -> Self {
        match kind {
            FailureKind::Unresolved => Self::Unresolved,
            FailureKind::Refused => Self::Refused,
            FailureKind::Certificate => Self::Certificate,
            FailureKind::TimedOut => Self::TimedOut,
            _ => Self::Broken,
        }
    }
}

impl Unreachable {
    /// Returns the step at which it happened.
    pub fn step(&self) -> Step {
        self.step
    }

    /// Returns what stood in the place of an answer.
    pub fn cause(&self) -> NoAnswer {
        self.cause
    }

    /// Returns how long the server asked to wait.
    ///
    /// # Units and limits
    ///
    /// From `Retry-After` in seconds, else from `x-ratelimit-reset` in milliseconds; at most an hour.
    pub fn retry_after(&self) -> Option<Duration> {
        self.retry_after
    }

    /// Tells whether the request may have reached the server, so that what it spends may be spent.
    pub fn may_have_been_sent(&self) -> bool {
        self.sent
    }

    pub(super) fn action(&self) -> Action {
        table::after_no_answer(self.cause)
    }

    pub(super) fn code(&self) -> &'static str {
        match self.cause {
            NoAnswer::Unresolved => "unreachable.unresolved",
            NoAnswer::Refused => "unreachable.refused",
            NoAnswer::Certificate => "unreachable.certificate",
            NoAnswer::TimedOut => "unreachable.timed_out",
            NoAnswer::Broken => "unreachable.broken",
            NoAnswer::ServerFailing(_) => "unreachable.server_failing",
            NoAnswer::RateLimited => "unreachable.rate_limited",
            NoAnswer::UsedRecord => "unreachable.used_record",
            NoAnswer::CompanyStore => "unreachable.company_store",
        }
    }

    pub(super) fn hints(&self) -> &'static [&'static str] {
        match self.cause {
            NoAnswer::Unresolved => &["check the gateway's name and this machine's network"],
            NoAnswer::Refused => &["check the gateway's port, and that the server runs"],
            NoAnswer::Certificate => {
                &["check this machine's clock and trust store, and what stands in between"]
            }
            NoAnswer::RateLimited => {
                &["token requests count against the client's rate limit: cache tokens"]
            }
            NoAnswer::UsedRecord => &["check the record that the program gave to `open`"],
            NoAnswer::CompanyStore => &["check the store that the program gave to `CompanyTokens`"],
            _ if self.sent && self.step.spends() => {
                &["the request may have been processed: what it spends may be spent"]
            }
            _ => &["try again later"],
        }
    }
}

impl fmt::Display for Unreachable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verb = self.step.verb();
        match self.cause {
            NoAnswer::Unresolved => write!(f, "{verb}: the gateway's name has no address"),
            NoAnswer::Refused => write!(f, "{verb}: the connection was refused"),
            NoAnswer::Certificate => write!(f, "{verb}: the gateway's certificate is not trusted"),
            NoAnswer::TimedOut => write!(f, "{verb}: the time allowed ran out"),
            NoAnswer::Broken => write!(f, "{verb}: the exchange broke off"),
            NoAnswer::ServerFailing(status) => {
                write!(f, "{verb}: the server is failing (status {status})")
            }
            NoAnswer::RateLimited => write!(f, "{verb}: the rate limit is reached (status 429)"),
            NoAnswer::UsedRecord => {
                write!(f, "{verb}: the record of what was used gave no answer")
            }
            NoAnswer::CompanyStore => {
                write!(f, "{verb}: the store of companies' grants gave no answer")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_failure_of_the_line_has_its_name() {
        for (kind, cause) in [
            (FailureKind::Unresolved, NoAnswer::Unresolved),
            (FailureKind::Refused, NoAnswer::Refused),
            (FailureKind::Certificate, NoAnswer::Certificate),
            (FailureKind::TimedOut, NoAnswer::TimedOut),
            (FailureKind::Closed, NoAnswer::Broken),
            (FailureKind::Other, NoAnswer::Broken),
        ] {
            assert_eq!(NoAnswer::from(kind), cause);
        }
    }
}
