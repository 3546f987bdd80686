//! One access token, and all that is known of it.

use std::fmt;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, SystemTime};

use remote_oauth_client::{ExpiresIn, Secret};
use reqwest::header::{AUTHORIZATION, HeaderValue};
use secrecy::ExposeSecret;

use crate::clock::Clock;
use crate::environment::Environment;
use crate::error::{Error, WrongEnvironment};
use crate::reach;
use crate::scope::{Granted, Operation, Scope};
use crate::secret::AccessToken;

/// Names whom a token stands for, which decides what it can reach.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Principal {
    /// The partner itself: lists and creates companies.
    Partner,
    /// A company that consented, as the admin who did.
    Company,
    /// One company manager, by assertion.
    CompanyManager,
    /// One employee, by assertion: `/v1/employee/…` only.
    Employee,
    /// A customer, by its own static token.
    Customer,
}

impl Principal {
    /// Returns the name for people: `partner`, `company`, `company manager`, `employee` or `customer`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Partner => "partner",
            Self::Company => "company",
            Self::CompanyManager => "company manager",
            Self::Employee => "employee",
            Self::Customer => "customer",
        }
    }
}

impl fmt::Display for Principal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Holds an access token with the environment that minted it. Cheap to clone.
///
/// # Secrets
///
/// `Debug` shows everything but the token. [`Token::access_token`] hands it out behind its redacting type.
#[derive(Clone)]
pub struct Token(Arc<Inner>);

struct Inner {
    /// Made of the header when somebody asks for it.
    access_token: OnceLock<AccessToken>,
    header: HeaderValue,
    environment: Environment,
    principal: Principal,
    granted_scope: Option<Scope>,
    expiry: Option<Expiry>,
    generation: u64,
    /// Whether the early refusal of what the principal cannot reach was given up.
    any_principal: bool,
}

impl Inner {
    fn copied(&self) -> Self {
        Self {
            header: prepared(bearer_token(&self.header)),
            access_token: OnceLock::new(),
            environment: self.environment.clone(),
            granted_scope: self.granted_scope.clone(),
            ..*self
        }
    }
}

/// When a token ends, on both clocks. The earlier one decides.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Expiry {
    pub(crate) life: Duration,
    pub(crate) wall: SystemTime,
    pub(crate) elapsed: Duration,
}

/// How long a token is used whose answer does not say how long it lives: five minutes.
///
/// The RFC recommends the member and does not demand it. A documented token lives an hour, so this is short.
pub(crate) const LIFE_ASSUMED: Duration = Duration::from_secs(5 * 60);

/// How long a token is used at most, whatever the answer says: a day.
pub(crate) const LIFE_MAX: Duration = Duration::from_secs(24 * 60 * 60);

impl Expiry {
    /// Counts from a moment before the request was sent, so that the token never ends later than the server means.
    // Requirement: remote.token.expires-in-from-request
    pub(crate) fn counted_from(start: Moment, expires_in: Option<ExpiresIn>) -> Self {
        // Requirement: rfc6749.5.1.expires-in-missing
        let life = expires_in.map_or(LIFE_ASSUMED, |life| {
            Duration::from_secs(life.as_secs()).min(LIFE_MAX)
        });
        Self {
            life,
            wall: start.wall.checked_add(life).unwrap_or(start.wall),
            elapsed: start.elapsed.saturating_add(life),
        }
    }

    /// Returns how long the token still lives; zero when either clock says that it has ended.
    pub(crate) fn left(&self, now: Moment) -> Duration {
        let by_wall = self.wall.duration_since(now.wall).unwrap_or_default();
        self.elapsed.saturating_sub(now.elapsed).min(by_wall)
    }
}

/// One reading of both clocks.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Moment {
    pub(crate) wall: SystemTime,
    pub(crate) elapsed: Duration,
}

impl Moment {
    pub(crate) fn now(clock: &dyn Clock) -> Self {
        Self {
            wall: clock.wall(),
            elapsed: clock.elapsed(),
        }
    }
}

impl Token {
    pub(crate) fn new(
        access_token: AccessToken,
        environment: Environment,
        principal: Principal,
        granted_scope: Option<Scope>,
        expiry: Option<Expiry>,
    ) -> Self {
        let header = bearer_header(access_token.wire());
        Self(Arc::new(Inner {
            access_token: access_token.into(),
            header,
            environment,
            principal,
            granted_scope,
            expiry,
            generation: 0,
            any_principal: false,
        }))
    }

    /// Puts a company's token together again of its header, which was made by another token of this crate.
    pub(crate) fn of_company(
        header: &HeaderValue,
        environment: Environment,
        granted_scope: Option<Scope>,
        expiry: Expiry,
        generation: u64,
    ) -> Self {
        Self(Arc::new(Inner {
            access_token: OnceLock::new(),
            header: header.clone(),
            environment,
            principal: Principal::Company,
            granted_scope,
            expiry: Some(expiry),
            generation,
            any_principal: false,
        }))
    }

    /// Replaces what is known of the granted scope.
    pub(crate) fn granting(self, scope: Option<Scope>) -> Self {
        self.changed(|inner| inner.granted_scope = scope)
    }

    /// Gives up the early refusal of what the principal cannot reach, if asked to.
    pub(crate) fn for_any_operation(self, any_principal: bool) -> Self {
        self.changed(|inner| inner.any_principal = any_principal)
    }

    /// Numbers the token within its source.
    pub(crate) fn numbered(self, generation: u64) -> Self {
        self.changed(|inner| inner.generation = generation)
    }

    /// Changes a token that is not shared yet, or a copy of one that is.
    fn changed(mut self, change: impl FnOnce(&mut Inner)) -> Self {
        if Arc::get_mut(&mut self.0).is_none() {
            self = self.copied();
        }
        change(Arc::get_mut(&mut self.0).expect("a copy is not shared"));
        self
    }

    /// Returns a token that shares nothing with this one, so that two threads do not write one reference count.
    pub(crate) fn copied(&self) -> Self {
        Self(Arc::new(self.0.copied()))
    }

    /// Lends the value of an `Authorization` header.
    pub(crate) fn header_ref(&self) -> &HeaderValue {
        &self.0.header
    }

    /// Returns the token itself.
    pub fn access_token(&self) -> &AccessToken {
        let made = || bearer_token(&self.0.header).into();
        self.0.access_token.get_or_init(made)
    }

    /// Returns the environment that minted the token.
    pub fn environment(&self) -> &Environment {
        &self.0.environment
    }

    /// Returns whom the token stands for.
    pub fn principal(&self) -> Principal {
        self.0.principal
    }

    /// Returns what the server says that it granted; `None` means as requested.
    ///
    /// # Spec
    ///
    /// <https://www.rfc-editor.org/rfc/rfc6749#section-5.1>
    pub fn granted_scope(&self) -> Option<&Scope> {
        self.0.granted_scope.as_ref()
    }

    /// Compares what the server says that it granted with what was requested, which only the caller knows.
    pub fn granted_against(&self, requested: &Scope) -> Granted {
        Granted::compare(requested, self.granted_scope())
    }

    /// Returns when the token ends by the time of day; `None` for customer API tokens, whose end nobody documents.
    ///
    /// # Units and limits
    ///
    /// Counted from before the request was sent.
    /// A token whose answer names no life is used for five minutes; none is used for more than a day.
    pub fn expires_at(&self) -> Option<SystemTime> {
        self.0.expiry.map(|expiry| expiry.wall)
    }

    /// Returns the token's number within its source, from 1, one more for each renewal.
    pub fn generation(&self) -> u64 {
        self.0.generation
    }

    pub(crate) fn expiry(&self) -> Option<Expiry> {
        self.0.expiry
    }

    /// Returns the value of an `Authorization` header, marked sensitive.
    ///
    /// Prefer [`Token::authorize`], which looks where the request goes.
    pub fn header(&self) -> HeaderValue {
        self.0.header.clone()
    }

    /// Refuses an operation that this token's principal is known not to reach, whatever its scope.
    ///
    /// Only what is certain is refused: a partner's own token on the operations of companies and users, and an
    /// employee's token on all but the employee's own.
    ///
    /// # Errors
    ///
    /// [`Misuse::BeyondPartner`](crate::error::Misuse::BeyondPartner) and
    /// [`Misuse::BeyondEmployee`](crate::error::Misuse::BeyondEmployee), unless the client was built with
    /// [`Weakening::AnyPrincipal`](crate::danger::Weakening::AnyPrincipal).
    pub fn may_call(&self, operation: Operation) -> Result<(), Error> {
        if self.0.any_principal {
            return Ok(());
        }
        Ok(reach::check(self.0.principal, operation)?)
    }

    /// Tells whether the token is sent to every operation, by [`Token::for_any_operation`].
    pub(crate) fn is_for_any_operation(&self) -> bool {
        self.0.any_principal
    }

    /// Attaches the token to a request, unless the request already carries an `Authorization` header.
    ///
    /// # Errors
    ///
    /// [`Error::Environment`] if the request goes to another origin than the gateway that minted the token;
    /// [`Error::Misuse`] if it asks for an operation that [`Token::may_call`] refuses.
    ///
    /// # Spec
    ///
    /// <https://www.rfc-editor.org/rfc/rfc6750#section-2.1>
    pub fn authorize(&self, request: &mut reqwest::Request) -> Result<(), Error> {
        // Requirement: rfc6750.2.one-method
        if request.headers().contains_key(AUTHORIZATION) {
            return Ok(());
        }
        // Requirement: remote.environment.token-bound, rfc6749.10.3.pinned-origin
        if !self.0.environment.gateway().is_origin_of(request.url()) {
            return Err(WrongEnvironment::Origin.into());
        }
        // Nothing is looked up for the principals of which nothing is certain.
        if matches!(self.principal(), Principal::Partner | Principal::Employee) {
            let operation = reach::operation_of(self.0.environment.gateway(), request);
            operation.map_or(Ok(()), |operation| self.may_call(operation))?;
        }
        // Requirement: rfc6750.2.1.header, rfc6750.2.2.not-in-form, rfc6750.2.3.not-in-query
        // Requirement: rfc9700.4.3.2.not-in-query
        request.headers_mut().insert(AUTHORIZATION, self.header());
        Ok(())
    }
}

/// What stands before the token in the value of an `Authorization` header.
const SCHEME: &str = "Bearer ";

/// Prepares the value of an `Authorization` header.
// Requirement: gogox-guide.api.bearer, remote.api.bearer-header
#[expect(
    clippy::disallowed_methods,
    reason = "the token is written into a header that is marked sensitive"
)]
pub(crate) fn bearer_header(token: &Secret) -> HeaderValue {
    prepared(token.expose_secret())
}

/// Returns the token that a header was prepared of.
pub(crate) fn bearer_token(header: &HeaderValue) -> &str {
    let text = header.to_str().ok();
    text.and_then(|text| text.strip_prefix(SCHEME))
        .expect("the header was made of a token")
}

fn prepared(token: &str) -> HeaderValue {
    // Of exactly this length, so that the value takes the text as it is and leaves no copy to be wiped.
    let mut text = String::with_capacity(SCHEME.len() + token.len());
    text.extend([SCHEME, token]);
    // Requirement: rfc6749.10.3.token-confidential
    let mut header = HeaderValue::try_from(text).expect("an access token is printable ASCII");
    header.set_sensitive(true);
    // The first clone of a value allocates the count that clones share. It is made here, where nobody waits.
    drop(header.clone());
    header
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Token")
            .field("principal", &self.0.principal)
            .field("environment", &self.0.environment.name())
            .field("expires_at", &self.expires_at())
            .field("generation", &self.0.generation)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::time::UNIX_EPOCH;

    use super::*;

    const START: Moment = Moment {
        wall: UNIX_EPOCH,
        elapsed: Duration::ZERO,
    };

    fn later(wall_s: u64, elapsed_s: u64) -> Moment {
        Moment {
            wall: UNIX_EPOCH + Duration::from_secs(wall_s),
            elapsed: Duration::from_secs(elapsed_s),
        }
    }

    #[test]
    fn no_number_of_seconds_means_for_ever() {
        let cases = [
            (None, LIFE_ASSUMED.as_secs()),
            (Some(0), 0),
            (Some(3600), 3600),
            (Some(86_400), 86_400),
            (Some(86_401), 86_400),
            (Some(u64::MAX), 86_400),
        ];
        for (expires_in, life_s) in cases {
            let expiry = Expiry::counted_from(START, expires_in.map(ExpiresIn::from_secs));
            assert_eq!(expiry.left(START).as_secs(), life_s, "{expires_in:?}");
        }
    }

    #[test]
    fn a_token_ends_when_either_clock_says_so() {
        let expiry = Expiry::counted_from(START, Some(ExpiresIn::from_secs(3600)));
        let cases = [
            ("both run", later(600, 600), 3000),
            (
                "suspended for an hour: only the wall clock saw it",
                later(4200, 600),
                0,
            ),
            (
                "set back a day: only the elapsed clock is right",
                later(0, 3600),
                0,
            ),
            ("set back a little", later(0, 600), 3000),
            ("set forward a day", later(90_000, 600), 0),
        ];
        for (case, now, left_s) in cases {
            assert_eq!(expiry.left(now).as_secs(), left_s, "{case}");
        }
    }
}
