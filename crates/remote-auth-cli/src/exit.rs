//! Exit codes: the whole list, and which error has which.
//!
//! What the API refuses is told from what the token endpoint refuses: there a 401 rejects the client, here a token.
//!
//! A program may rely on this: 9 and 10 mean that the same command can work later without anybody acting, 12 that
//! nobody answered in time, and every other number that somebody has to act first.

use std::process::ExitCode;

use remote_auth::Error;
use remote_auth::error::Action;

/// Names an exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Exit {
    Success = 0,
    Other = 1,
    Usage = 2,
    Configuration = 3,
    NotAuthenticated = 4,
    GrantDead = 5,
    ClientRejected = 6,
    ScopeMissing = 7,
    WrongEnvironment = 8,
    Passing = 9,
    RateLimited = 10,
    TimedOut = 12,
    Drift = 13,
    Declined = 14,
    NotBelieved = 15,
    NotMet = 16,
    Unjudged = 17,
}

impl Exit {
    /// All of them, in order.
    pub(crate) const ALL: [Self; 17] = [
        Self::Success,
        Self::Other,
        Self::Usage,
        Self::Configuration,
        Self::NotAuthenticated,
        Self::GrantDead,
        Self::ClientRejected,
        Self::ScopeMissing,
        Self::WrongEnvironment,
        Self::Passing,
        Self::RateLimited,
        Self::TimedOut,
        Self::Drift,
        Self::Declined,
        Self::NotBelieved,
        Self::NotMet,
        Self::Unjudged,
    ];

    pub(crate) fn number(self) -> u8 {
        self as u8
    }

    /// Says what the code means, for the help.
    pub(crate) fn meaning(self) -> &'static str {
        match self {
            Self::Success => "it worked",
            Self::Other => "any other failure, a fault of this program included",
            Self::Usage => "the command line is wrong",
            Self::Configuration => "a variable, a file or a port cannot be used",
            Self::NotAuthenticated => {
                "a credential is missing or refused, or the login was not completed"
            }
            Self::GrantDead => "the grant is dead: ask the company for consent again",
            Self::ClientRejected => "the client or its assertion is rejected",
            Self::ScopeMissing => "a scope is not allowed, or the token lacks one",
            Self::WrongEnvironment => {
                "a token does not belong there: another gateway's, or of another kind"
            }
            Self::Passing => "passing trouble (network, failing server): try again",
            Self::RateLimited => "the rate limit is reached: try again later",
            Self::TimedOut => "nobody answered in time",
            Self::Drift => "the server, or the demo, is not as documented",
            Self::Declined => "the API declined: not found, in conflict or not valid",
            Self::NotBelieved => "a webhook's delivery is forged, stale or no event: drop it",
            Self::NotMet => "what was judged does not do what a document demands",
            Self::Unjudged => "a check could not be asked, or none was",
        }
    }

    /// Finds the code of an error: it follows from what has to happen next.
    ///
    /// What the core calls retryable is 9 or 10 here, and nothing else is.
    pub(crate) fn of(error: &Error) -> Self {
        match error.action() {
            Action::Wait => Self::Passing,
            Action::SlowDown => Self::RateLimited,
            Action::AskForConsent => Self::GrantDead,
            Action::Authorize | Action::RenewToken => Self::NotAuthenticated,
            Action::ChangeScope => Self::ScopeMissing,
            Action::FixClient => Self::ClientRejected,
            Action::MatchEnvironment => Self::WrongEnvironment,
            Action::ChangeRequest => Self::Declined,
            Action::FixProgram => Self::of_misuse(error.code()),
            Action::Report => Self::Drift,
            // A callback belongs to a login, which is then not complete; a delivery belongs to nothing.
            Action::Discard if error.code().starts_with("mismatched.webhook_") => Self::NotBelieved,
            Action::Discard => Self::NotAuthenticated,
            _ => Self::Other,
        }
    }

    /// Parts what came by a flag from what came by a variable or a file.
    fn of_misuse(code: &str) -> Self {
        match code.strip_prefix("misuse.").unwrap_or(code) {
            "gateway"
            | "environment_name"
            | "redirect_uri"
            | "subject"
            | "subject_misspelt"
            | "scope_syntax"
            | "consent_scope_style"
            | "assertion_scope_style"
            | "operation"
            | "grant_not_offered"
            | "magic_link_path" => Self::Usage,
            "client_id"
            | "client_secret"
            | "refresh_token"
            | "customer_api_token"
            | "signing_key"
            | "short_assertion_key" => Self::Configuration,
            "no_credentials" | "stale_code" => Self::NotAuthenticated,
            "no_refresh_token" => Self::GrantDead,
            // The token is a good one and of the wrong kind.
            "partner_only" | "company_only" | "beyond_partner" | "beyond_employee" => {
                Self::WrongEnvironment
            }
            _ => Self::Other,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.number())
    }
}

#[cfg(test)]
mod tests {
    use remote_auth::error::{Mismatched, Misuse, WrongEnvironment};
    use remote_auth::scope::ScopeStyle;

    use super::*;

    #[test]
    fn each_misuse_says_whether_the_command_line_or_the_surroundings_are_wrong() {
        let cases = [
            (Misuse::Gateway, 2),
            (Misuse::EnvironmentName, 2),
            (Misuse::RedirectUri, 2),
            (Misuse::Subject, 2),
            (Misuse::SubjectMisspelt, 2),
            (Misuse::ScopeSyntax, 2),
            (Misuse::ConsentScopeStyle(ScopeStyle::Action), 2),
            (Misuse::AssertionScopeStyle, 2),
            (Misuse::ClientId, 3),
            (Misuse::ClientSecret, 3),
            (Misuse::RefreshToken, 3),
            (Misuse::CustomerApiToken, 3),
            (Misuse::ShortAssertionKey, 3),
            (Misuse::NoCredentials, 4),
            (Misuse::StaleCode, 4),
            (Misuse::Operation, 2),
            (Misuse::GrantNotOffered, 2),
            (Misuse::MagicLinkPath, 2),
            (Misuse::SigningKey, 3),
            (Misuse::PartnerOnly, 8),
            (Misuse::CompanyOnly, 8),
            (Misuse::BeyondPartner, 8),
            (Misuse::BeyondEmployee, 8),
            (Misuse::NoRefreshToken, 5),
            (Misuse::NoRuntime, 1),
            (Misuse::Transport, 1),
        ];
        for (misuse, number) in cases {
            assert_eq!(Exit::of(&misuse.into()).number(), number, "{misuse:?}");
        }
    }

    #[test]
    fn a_foreign_callback_delivery_or_gateway_has_a_code_of_its_own() {
        assert_eq!(Exit::of(&Mismatched::State.into()), Exit::NotAuthenticated);
        for mismatched in [
            Mismatched::WebhookSignature,
            Mismatched::WebhookTimestamp,
            Mismatched::WebhookBody,
        ] {
            assert_eq!(Exit::of(&mismatched.into()), Exit::NotBelieved);
        }
        assert_eq!(
            Exit::of(&WrongEnvironment::Origin.into()),
            Exit::WrongEnvironment
        );
    }

    #[test]
    fn codes_are_listed_once_and_in_order() {
        let numbers = Exit::ALL.map(Exit::number);
        assert!(numbers.is_sorted_by(|a, b| a < b), "{numbers:?}");
    }
}
