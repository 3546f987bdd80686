//! Answers as they go over the line: bodies from the shared wire types, headers, and the rule that
//! decided.

use axum::{
    body::Body,
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    response::Response,
};
use remote_oauth_client::{
    ExpiresIn, Foreign, Secret,
    types::{ErrorResponse, TokenResponse},
};
use serde::Serialize;

use crate::{
    rate::Reading,
    rule::Rule,
    state::{ACCESS_TOKEN_LIFE, Principal},
};

const RATE_COUNT: HeaderName = HeaderName::from_static("x-ratelimit-count");
const RATE_REMAINING: HeaderName = HeaderName::from_static("x-ratelimit-remaining");
const RATE_RESET: HeaderName = HeaderName::from_static("x-ratelimit-reset");

/// Headers of a metered token answer, the server's own included.
const HEADERS_EXPECTED: usize = 7;

/// A response together with the rule that decided it; no other way leads out of this crate.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) rule: Rule,
    pub(crate) response: Response,
}

impl Answer {
    fn new(
        rule: Rule,
        status: StatusCode,
        media_type: &'static str,
        body: impl Into<Body>,
    ) -> Self {
        let mut response = Response::new(body.into());
        *response.status_mut() = status;
        // One at a time, the map would grow twice.
        response.headers_mut().reserve(HEADERS_EXPECTED);
        let mut answer = Self { rule, response };
        if !media_type.is_empty() {
            answer.set(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
        }
        answer
    }

    pub(crate) fn empty(rule: Rule, status: StatusCode) -> Self {
        Self::new(rule, status, "", Body::empty())
    }

    pub(crate) fn json(rule: Rule, status: StatusCode, body: &impl Serialize) -> Self {
        let body = serde_json::to_vec(body).expect("wire types have text keys and finite numbers");
        Self::new(rule, status, "application/json", body)
    }

    /// The error body of the platform.
    pub(crate) fn message(rule: Rule, status: StatusCode, message: &str) -> Self {
        Self::json(rule, status, &error_body(None, None, Some(message)))
    }

    /// The error body of RFC 6749, for token requests.
    pub(crate) fn oauth(
        rule: Rule,
        status: StatusCode,
        error: &str,
        description: Option<&str>,
    ) -> Self {
        Self::json(rule, status, &error_body(Some(error), description, None)).unstored()
    }

    /// A page that no browser keeps, frames or runs anything from.
    pub(crate) fn page(rule: Rule, status: StatusCode, page: String, policy: &str) -> Self {
        Self::new(rule, status, "text/html; charset=utf-8", page)
            .with(header::CONTENT_SECURITY_POLICY, policy)
            .with(header::X_CONTENT_TYPE_OPTIONS, "nosniff")
            .with(header::X_FRAME_OPTIONS, "DENY")
            .with(header::REFERRER_POLICY, "no-referrer")
            .unstored()
    }

    /// Whatever a test scripted; the media type is known to be a header's value.
    pub(crate) fn scripted(rule: Rule, status: StatusCode, media_type: &str, body: &str) -> Self {
        Self::new(rule, status, "", body.to_owned()).with(header::CONTENT_TYPE, media_type)
    }

    /// Sends the browser on; `status` is 302 after `GET` and 303 after `POST`.
    pub(crate) fn redirect(rule: Rule, status: StatusCode, location: &str) -> Self {
        Self::empty(rule, status)
            .with(header::LOCATION, location)
            .with(header::REFERRER_POLICY, "no-referrer")
            .unstored()
    }

    /// Adds a header whose value this crate made and knows to be printable ASCII.
    pub(crate) fn with(mut self, name: HeaderName, value: &str) -> Self {
        let value =
            HeaderValue::from_str(value).expect("header values made here are printable ASCII");
        self.set(name, value);
        self
    }

    /// Says that nothing may keep this answer; see
    /// <https://www.rfc-editor.org/rfc/rfc6749#section-5.1>.
    pub(crate) fn unstored(mut self) -> Self {
        self.set(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        self.set(header::PRAGMA, HeaderValue::from_static("no-cache"));
        self
    }

    /// Adds the three headers that Remote sends on every authenticated answer.
    pub(crate) fn metered(mut self, reading: Option<Reading>) -> Self {
        let Some(reading) = reading else { return self };
        let reset_ms = u64::try_from(reading.reset.as_millis()).unwrap_or(u64::MAX);
        self.set(RATE_COUNT, reading.count.into());
        self.set(RATE_REMAINING, reading.remaining.into());
        self.set(RATE_RESET, reset_ms.into());
        self
    }

    fn set(&mut self, name: HeaderName, value: HeaderValue) {
        let headers: &mut HeaderMap = self.response.headers_mut();
        headers.insert(name, value);
    }
}

/// A token request refused.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Refusal {
    pub(crate) rule: Rule,
    pub(crate) error: OAuthError,
    pub(crate) description: Option<&'static str>,
}

/// The error codes that the sandbox uses.
///
/// See <https://www.rfc-editor.org/rfc/rfc6749#section-5.2>.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OAuthError {
    InvalidRequest,
    InvalidClient,
    InvalidGrant,
    InvalidScope,
    UnsupportedGrantType,
    /// No code of the RFC: the window of requests is used up.
    TooManyRequests,
}

impl Refusal {
    pub(crate) const fn new(rule: Rule, error: OAuthError) -> Self {
        Self {
            rule,
            error,
            description: None,
        }
    }

    pub(crate) const fn because(self, description: &'static str) -> Self {
        Self {
            description: Some(description),
            ..self
        }
    }

    pub(crate) fn answer(self) -> Answer {
        let bad = |code| Answer::oauth(self.rule, StatusCode::BAD_REQUEST, code, self.description);
        match self.error {
            OAuthError::InvalidRequest => bad("invalid_request"),
            OAuthError::InvalidGrant => bad("invalid_grant"),
            OAuthError::InvalidScope => bad("invalid_scope"),
            OAuthError::UnsupportedGrantType => bad("unsupported_grant_type"),
            OAuthError::InvalidClient => {
                let status = StatusCode::UNAUTHORIZED;
                Answer::oauth(self.rule, status, "invalid_client", self.description).with(
                    header::WWW_AUTHENTICATE,
                    "Basic realm=\"remote-auth-sandbox\"",
                )
            }
            OAuthError::TooManyRequests => too_many_requests(self.rule),
        }
    }
}

/// The one answer to a used-up window, for token requests and platform requests alike.
pub(crate) fn too_many_requests(rule: Rule) -> Answer {
    Answer::message(rule, StatusCode::TOO_MANY_REQUESTS, "Too many requests").unstored()
}

/// A token request granted.
#[derive(Debug)]
pub(crate) struct Issued {
    pub(crate) rule: Rule,
    pub(crate) access_token: Secret,
    pub(crate) refresh_token: Option<Secret>,
    /// The principal, where the answer names its company and user.
    pub(crate) named: Option<Principal>,
}

impl Issued {
    pub(crate) fn answer(self) -> Answer {
        let (company_id, user_id) = match &self.named {
            Some(Principal::Company { company, user }) => {
                (Some(company.id.to_string()), Some(user.id.clone()))
            }
            _ => (None, None),
        };
        let body = TokenResponse {
            access_token: Some(self.access_token),
            token_type: Some("Bearer".to_owned()),
            expires_in: Some(ExpiresIn::from_secs(ACCESS_TOKEN_LIFE.as_secs())),
            refresh_token: self.refresh_token,
            company_id,
            user_id,
            ..TokenResponse::default()
        };
        Answer::json(self.rule, StatusCode::OK, &body).unstored()
    }
}

fn error_body(
    error: Option<&str>,
    description: Option<&str>,
    message: Option<&str>,
) -> ErrorResponse {
    ErrorResponse {
        error: error.map(Foreign::from),
        error_description: description.map(Foreign::from),
        message: message.map(Foreign::from),
        ..ErrorResponse::default()
    }
}
