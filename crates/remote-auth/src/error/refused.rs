//! The server said no.

use std::fmt;

use remote_oauth_client::Foreign;

use super::verdict::table::{self, Phase};
use super::{Action, ErrorCode};
use crate::skew::ClockSkew;

/// Names the step of a flow at which something happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Step {
    /// The authorization request, RFC 6749 section 4.1.1.
    Authorization,
    /// The redemption of a code, section 4.1.3.
    AuthorizationCode,
    /// The client's own token, section 4.4.
    ClientCredentials,
    /// The refresh of a company's token, section 6.
    RefreshToken,
    /// The assertion, RFC 7523 section 2.1.
    JwtBearer,
    /// The question whose token it is.
    Identity,
    /// The list of companies.
    Companies,
    /// The creation of a company.
    CreateCompany,
    /// The creation of a company's tokens.
    CreateToken,
    /// The creation of a magic link.
    MagicLink,
    /// The list of employments.
    Employments,
    /// The list of company managers.
    CompanyManagers,
    /// The creation of a webhook callback.
    CreateWebhook,
    /// The deletion of a webhook callback.
    DeleteWebhook,
}

impl Step {
    /// Returns the words that fit after "failed to".
    pub(crate) fn verb(self) -> &'static str {
        match self {
            Self::Authorization => "get consent",
            Self::AuthorizationCode => "redeem the code",
            Self::ClientCredentials => "get a token by client credentials",
            Self::RefreshToken => "refresh the token",
            Self::JwtBearer => "get a token by assertion",
            Self::Identity => "tell whose token it is",
            Self::Companies => "list the companies",
            Self::CreateCompany => "create the company",
            Self::CreateToken => "create the company's tokens",
            Self::MagicLink => "create the magic link",
            Self::Employments => "list the employments",
            Self::CompanyManagers => "list the company managers",
            Self::CreateWebhook => "create the webhook callback",
            Self::DeleteWebhook => "delete the webhook callback",
        }
    }

    /// Tells whether sending the same request twice could spend something twice.
    pub(crate) fn spends(self) -> bool {
        matches!(
            self,
            Self::AuthorizationCode | Self::RefreshToken | Self::CreateCompany
        )
    }

    /// Returns what the step asks: the verdict table parts refusals by it.
    pub(crate) fn phase(self) -> Phase {
        match self {
            Self::Authorization => Phase::Authorization,
            Self::AuthorizationCode | Self::RefreshToken => Phase::ConsentedToken,
            Self::ClientCredentials | Self::JwtBearer => Phase::OwnToken,
            _ => Phase::Api,
        }
    }
}

const SETTING_OFF: &str = "the integration's setting \"Create assertion tokens\" may be off";
const UNMANAGED: &str = "the subject's company may not be managed by this client";
const NO_SUBJECT: &str =
    "the subject may not exist: managers go by user id, employees by employment id";
const WRONG_SECRET: &str =
    "the credentials may be wrong or rotated: the client secret signs the assertion";

/// Holds an error answer of the authorization server.
#[derive(Clone)]
pub struct Refused {
    step: Step,
    code: ErrorCode,
    status: Option<u16>,
    description: Option<Foreign>,
    skew: Option<ClockSkew>,
}

impl Refused {
    /// The most characters of a description that are handed out.
    pub const DESCRIPTION_CHARS_MAX: usize = 200;

    pub(crate) fn new(
        step: Step,
        code: ErrorCode,
        status: Option<u16>,
        description: Option<Foreign>,
    ) -> Self {
        Self {
            step,
            code,
            status,
            description,
            skew: None,
        }
    }

    /// Notes how far the clocks differ, where that may be the reason: an assertion is dated.
    pub(crate) fn by_a_clock(mut self, skew: Option<ClockSkew>) -> Self {
        let dated = (self.code, self.step) == (ErrorCode::InvalidGrant, Step::JwtBearer);
        self.skew = skew.filter(|_| dated);
        self
    }

    /// Returns by how much this machine's clock differs from the server's, where that may be why an assertion was
    /// refused.
    pub fn clock_skew(&self) -> Option<ClockSkew> {
        self.skew
    }

    /// Returns the step that was refused.
    pub fn step(&self) -> Step {
        self.step
    }

    /// Returns the server's word.
    pub fn error_code(&self) -> ErrorCode {
        self.code
    }

    /// Returns the HTTP status; none where the refusal came by redirect.
    pub fn status(&self) -> Option<u16> {
        self.status
    }

    /// Returns the server's explanation: foreign text, which may quote what was sent, and is in no other output.
    ///
    /// # Units and limits
    ///
    /// Characters that the RFC does not allow become `?`, and at most [`Refused::DESCRIPTION_CHARS_MAX`] are kept.
    ///
    /// # Spec
    ///
    /// <https://www.rfc-editor.org/rfc/rfc6749#section-5.2>
    // Requirement: remote.error.description
    pub fn description(&self) -> Option<String> {
        let text = self.description.as_ref()?.text()?;
        // Requirement: rfc6749.5.2.error-characters
        let allowed = |c: char| matches!(c, '\x20'..='\x21' | '\x23'..='\x5b' | '\x5d'..='\x7e');
        Some(
            text.chars()
                .take(Self::DESCRIPTION_CHARS_MAX)
                .map(|c| if allowed(c) { c } else { '?' })
                .collect(),
        )
    }

    /// Tells whether only a new consent can help.
    // Requirement: rfc7523.3.1.invalid-grant-is-not-consent
    pub fn needs_consent(&self) -> bool {
        self.action() == Action::AskForConsent
    }

    pub(super) fn action(&self) -> Action {
        table::after_refusal(self.step, self.code)
    }

    pub(super) fn hints(&self) -> &'static [&'static str] {
        match (self.code, self.step) {
            // Requirement: remote.error.invalid-client
            (ErrorCode::InvalidClient, _) => &[
                "check the client identifier and secret, and that they belong to this environment",
                "if the secret holds + or %, check how Basic credentials are encoded for this server",
            ],
            (ErrorCode::InvalidGrant, Step::AuthorizationCode) => &[
                "a code lives five minutes and works once: start the authorization again",
                "the redirection URI must be the one that the authorization request named",
            ],
            // Requirement: remote.error.invalid-grant
            (ErrorCode::InvalidGrant, Step::RefreshToken) => &[
                "the company withdrew its consent, or the token is of another environment or client: ask for consent again",
                "Remote answers wrong client credentials in this way too: check them first",
            ],
            // With a description it is about the assertion itself: Remote facts §8.1.
            (ErrorCode::InvalidGrant, Step::JwtBearer) if self.description.is_some() => &[
                "the server's description says which claim it refused: expiration, issuer or audience",
                "if it speaks of subject or scope, the subject is misspelt or the scope is not one of its role",
            ],
            (ErrorCode::InvalidGrant, Step::JwtBearer) if self.skew.is_some() => &[
                "this machine's clock and the server's differ: set it",
                SETTING_OFF,
                UNMANAGED,
                NO_SUBJECT,
                WRONG_SECRET,
            ],
            // Remote answers these four alike, with a bare `invalid_grant`: Remote facts §8.1.
            // Requirement: remote.assertion.bare-invalid-grant
            (ErrorCode::InvalidGrant, Step::JwtBearer) => {
                &[SETTING_OFF, UNMANAGED, NO_SUBJECT, WRONG_SECRET]
            }
            (ErrorCode::InvalidGrant, _) => &["check the client identifier and secret"],
            (ErrorCode::UnauthorizedClient | ErrorCode::UnsupportedGrantType, Step::JwtBearer) => {
                &[
                    "the assertion grant is open to vetted partners only: ask Remote to enable it for this client",
                ]
            }
            // Requirement: remote.error.unsupported-grant-type
            (ErrorCode::UnauthorizedClient | ErrorCode::UnsupportedGrantType, _) => {
                &["ask whoever issued the client to enable this grant"]
            }
            (ErrorCode::InvalidScope, Step::Authorization) => {
                &["a consent request takes the URL-style scope, on the sandboxes too"]
            }
            // Requirement: remote.error.invalid-scope
            (ErrorCode::InvalidScope, _) => {
                &["check each name against the operation's scope table, and the subject's role"]
            }
            // Requirement: remote.error.invalid-request
            (ErrorCode::InvalidRequest, _) => {
                &["this is likelier a fault of the caller's parameters than of the credentials"]
            }
            (ErrorCode::AccessDenied, _) => {
                &["the company's admin denied the request, or may not grant it"]
            }
            _ => self.hints_by_status(),
        }
    }

    /// Returns the hints of Remote's second family, and of the words of RFC 6750, which say no more than a status.
    fn hints_by_status(&self) -> &'static [&'static str] {
        let is_api = self.step.phase() == Phase::Api;
        match (self.code, self.step) {
            (ErrorCode::Unauthorized | ErrorCode::Forbidden, _) if !is_api => &[
                "check the client identifier and secret, and that they belong to this environment",
            ],
            // Requirement: remote.error.rest-401
            (ErrorCode::Unauthorized | ErrorCode::InvalidToken, _) => {
                &["the token is expired, revoked or of another environment: get a new one"]
            }
            // Requirement: remote.error.rest-403
            (ErrorCode::Forbidden | ErrorCode::InsufficientScope, _) => &[
                "the token's scope or role does not allow this: compare it with the operation's scopes",
            ],
            (ErrorCode::NotFound, _) if is_api => {
                &["the token may not see it: check that it acts for the right company"]
            }
            (ErrorCode::NotFound, _) => {
                &["check the gateway's address, and what stands before its token endpoint"]
            }
            (ErrorCode::Conflict, Step::CreateCompany) => &["the company exists already"],
            (ErrorCode::Unprocessable, Step::CreateCompany) => &[
                "the integration may not be entitled to tokens on company creation: ask Remote",
                "the terms of service must have been accepted within the last fifteen minutes",
            ],
            (ErrorCode::Unprocessable, Step::MagicLink) => &[
                "the integration may not be entitled to magic links: ask Remote",
                "an employee must have been invited",
            ],
            _ => &["look at the server's description of the error"],
        }
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}: the server refused with {}",
            self.step.verb(),
            self.code.as_str()
        )?;
        match self.status {
            Some(status) => write!(f, " (status {status})"),
            None => Ok(()),
        }
    }
}

impl fmt::Debug for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Refused")
            .field("step", &self.step)
            .field("code", &self.code)
            .field("status", &self.status)
            .field("description", &self.description)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // Requirement: rfc6749.5.2.error-characters
    #[test]
    fn a_description_is_cleaned_cut_and_only_handed_out_when_asked_for() {
        let text = format!("bad \"quoted\" \\ \u{7}canary é {}", "x".repeat(500));
        let refused = Refused::new(
            Step::JwtBearer,
            ErrorCode::InvalidGrant,
            Some(400),
            Some(Foreign::from(text.as_str())),
        );
        let description = refused.description().expect("a description");
        assert!(
            description.starts_with("bad ?quoted? ? ?canary ? xxx"),
            "{description}"
        );
        assert_eq!(description.chars().count(), Refused::DESCRIPTION_CHARS_MAX);
        for shown in [refused.to_string(), format!("{refused:?}")] {
            assert!(!shown.contains("canary"), "{shown}");
        }
    }

    // Requirement: remote.assertion.bare-invalid-grant
    #[test]
    fn a_bare_invalid_grant_for_an_assertion_lists_all_four_causes() {
        let refused = Refused::new(Step::JwtBearer, ErrorCode::InvalidGrant, Some(400), None);
        assert_eq!(refused.hints().len(), 4);
    }
}
