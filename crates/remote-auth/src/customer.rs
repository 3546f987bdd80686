//! Customer API tokens: made in Remote's settings, used as they are.

use std::fmt;

use remote_oauth_client::Secret;
use secrecy::ExposeSecret;

use crate::environment::{Class, Environment};
use crate::error::{Error, Misuse, WrongEnvironment};
use crate::secret::AccessToken;
use crate::source::FixedTokenSource;
use crate::token::{Principal, Token};

/// Holds a static token that a customer's admin made: `ra_live_…` for production, `ra_test_…` for the sandboxes.
///
/// ```
/// use remote_auth::{CustomerApiToken, Environment};
/// let token = CustomerApiToken::parse("ra_test_0123456789abcdef")?;
/// let error = token.source(Environment::Production).unwrap_err();
/// assert_eq!(error.code(), "environment.prefix");
/// # Ok::<(), remote_auth::Error>(())
/// ```
#[derive(Clone)]
pub struct CustomerApiToken {
    token: AccessToken,
    class: Class,
}

impl CustomerApiToken {
    /// Reads a token.
    ///
    /// # Errors
    ///
    /// [`Error::Misuse`] if the prefix is neither of the two, nothing follows it, or it is not printable ASCII.
    #[expect(
        clippy::disallowed_methods,
        reason = "the prefix names the class of environment"
    )]
    pub fn parse(text: impl Into<Secret>) -> Result<Self, Error> {
        let secret: Secret = text.into();
        let class = match secret.expose_secret() {
            text if text.starts_with("ra_live_") && text.len() > 8 => Class::Live,
            text if text.starts_with("ra_test_") && text.len() > 8 => Class::Test,
            _ => return Err(Misuse::CustomerApiToken.into()),
        };
        if !secret.is_vschar() {
            return Err(Misuse::CustomerApiToken.into());
        }
        Ok(Self {
            token: secret.into(),
            class,
        })
    }

    /// Makes a token source for one environment.
    ///
    /// # Errors
    ///
    /// [`Error::Environment`] if the prefix belongs to the other class: the gateway would answer 401.
    // Requirement: remote.customer.no-exchange
    pub fn source(self, environment: Environment) -> Result<FixedTokenSource, Error> {
        // Requirement: remote.customer.prefix
        let fits = environment.class() == Class::Unknown || environment.class() == self.class;
        if !fits {
            return Err(WrongEnvironment::Prefix.into());
        }
        Ok(FixedTokenSource::new(Token::new(
            self.token,
            environment,
            Principal::Customer,
            None,
            None,
        )))
    }
}

impl fmt::Debug for CustomerApiToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CustomerApiToken")
            .field("class", &self.class)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // Requirement: remote.customer.prefix, remote.skill.mistake-mixed-environments
    #[test]
    fn a_prefix_fits_its_class_of_environment_and_any_custom_one() {
        let custom = Environment::custom("http://127.0.0.1:1").expect("custom");
        let cases = [
            ("ra_live_x", Environment::Production, true),
            ("ra_live_x", Environment::Sandbox, false),
            ("ra_live_x", Environment::PartnerSandbox, false),
            ("ra_live_x", custom.clone(), true),
            ("ra_test_x", Environment::Production, false),
            ("ra_test_x", Environment::Sandbox, true),
            ("ra_test_x", Environment::PartnerSandbox, true),
            ("ra_test_x", custom, true),
        ];
        for (text, environment, fits) in cases {
            let token = CustomerApiToken::parse(text).expect(text);
            assert_eq!(
                token.source(environment.clone()).is_ok(),
                fits,
                "{text} {environment}"
            );
        }
    }

    // Requirement: remote.customer.prefix
    #[test]
    fn what_is_no_customer_token_is_refused() {
        for text in [
            "",
            "ra_live_",
            "ra_test_",
            "RA_TEST_x",
            "eyJhbGciOi",
            "ra_test_\n",
            "ra_test_é",
        ] {
            assert_eq!(
                CustomerApiToken::parse(text).expect_err(text).code(),
                "misuse.customer_api_token"
            );
        }
    }
}
