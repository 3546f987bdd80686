//! Grants: one file each, a request built as a value and an answer judged as a value. Nothing here sends.

pub(crate) mod authorization_code;
pub(crate) mod client_credentials;
pub(crate) mod jwt_bearer;
pub(crate) mod refresh_token;

use std::fmt;
use std::sync::Arc;

use remote_oauth_client::ExpiresIn;
use remote_oauth_client::types::TokenResponse;

use crate::environment::Environment;
use crate::error::{Deviated, Deviation, Error, Misuse, Step};
use crate::scope::Scope;
use crate::secret::{AccessToken, ClientId, RefreshToken};
use crate::source::RefreshTokenReader;
use crate::token::{Expiry, Moment, Principal, Token};

/// A successful answer of the token endpoint, judged.
#[derive(Debug)]
pub(crate) struct Answer {
    access_token: AccessToken,
    expires_in: Option<ExpiresIn>,
    refresh_token: Option<RefreshToken>,
    granted_scope: Option<Scope>,
    company_id: Option<String>,
    user_id: Option<String>,
}

impl Answer {
    /// Judges the members of a success.
    ///
    /// <https://www.rfc-editor.org/rfc/rfc6749#section-5.1>
    // Requirement: remote.flow.four-grants
    pub(crate) fn judge(step: Step, response: TokenResponse) -> Result<Self, Error> {
        let off = |deviation| {
            Error::from(Deviated {
                step,
                status: Some(200),
                deviation,
            })
        };
        let access_token = response.access_token.filter(|token| !token.is_empty());
        // Requirement: remote.answer.members, rfc6749.5.1.access-token
        let access_token = access_token.ok_or_else(|| off(Deviation::NoAccessToken))?;
        // Requirement: remote.token.opaque
        if !access_token.is_vschar() {
            // Requirement: rfc6750.2.1.syntax
            return Err(off(Deviation::AccessTokenSyntax));
        }
        if !response
            .token_type
            // Requirement: remote.answer.token-type, rfc6749.5.1.token-type-any-case
            .is_some_and(|kind| kind.eq_ignore_ascii_case("Bearer"))
        {
            // Requirement: rfc6749.7.1.unknown-type
            return Err(off(Deviation::TokenType));
        }
        // Requirement: rfc6749.5.1.unknown-members
        Ok(Self {
            access_token: access_token.into(),
            expires_in: response.expires_in,
            refresh_token: response
                .refresh_token
                .filter(|token| token.is_vschar())
                .map(Into::into),
            // Requirement: remote.answer.scope, rfc6749.3.3.granted-is-honoured
            // Requirement: rfc6749.5.1.scope-missing
            granted_scope: response.scope.as_deref().map(Scope::granted),
            // Requirement: remote.code.ids-are-kept
            company_id: response.company_id,
            user_id: response.user_id,
        })
    }

    pub(crate) fn into_set(
        self,
        environment: &Environment,
        principal: Principal,
        sent: Moment,
    ) -> TokenSet {
        let expiry = Expiry::counted_from(sent, self.expires_in);
        TokenSet {
            token: Token::new(
                self.access_token,
                environment.clone(),
                principal,
                self.granted_scope,
                Some(expiry),
            ),
            refresh_token: self.refresh_token,
            company_id: self.company_id,
            user_id: self.user_id,
        }
    }
}

/// What one exchange gave.
#[derive(Debug)]
pub(crate) struct TokenSet {
    pub(crate) token: Token,
    refresh_token: Option<RefreshToken>,
    company_id: Option<String>,
    user_id: Option<String>,
}

impl TokenSet {
    /// Takes the parts of a renewal: who consented is named once, and not here.
    // Requirement: remote.refresh.no-ids
    pub(crate) fn renewed(self) -> (Token, Option<RefreshToken>) {
        (self.token, self.refresh_token)
    }
}

/// Holds a company's consent: which company, by which admin, and the refresh token that stands for it.
///
/// Keep the company and user identifiers beside the refresh token: only the redemption of the code names them, no
/// refresh ever does.
///
/// ```
/// use remote_auth::{ClientId, CompanyGrant, Environment, RefreshToken};
/// // In the next process, from what the last one kept.
/// let client_id = ClientId::parse("my-client-id")?;
/// let grant = CompanyGrant::restore(Environment::Sandbox, client_id, RefreshToken::from("kept elsewhere"))?
///     .with_company("afe4dc8d-0c4a-41fe-9fbf-62b752524bde", "4117f18a-5ccf-473a-b970-608b75f5fafb");
/// assert_eq!(grant.company_id(), Some("afe4dc8d-0c4a-41fe-9fbf-62b752524bde"));
/// # Ok::<(), remote_auth::Error>(())
/// ```
pub struct CompanyGrant {
    pub(crate) environment: Environment,
    pub(crate) client_id: ClientId,
    pub(crate) token: Option<Token>,
    pub(crate) refresh_token: Option<RefreshToken>,
    pub(crate) reader: Option<Arc<dyn RefreshTokenReader>>,
    company_id: Option<String>,
    user_id: Option<String>,
}

impl CompanyGrant {
    /// Takes a refresh token that was kept, with the environment and the client that it belongs to.
    ///
    /// # Errors
    ///
    /// [`Error::Misuse`] if the token is empty or not printable ASCII.
    pub fn restore(
        environment: Environment,
        client_id: ClientId,
        refresh_token: RefreshToken,
    ) -> Result<Self, Error> {
        if !refresh_token.wire().is_vschar() {
            return Err(Misuse::RefreshToken.into());
        }
        Ok(Self {
            environment,
            client_id,
            token: None,
            refresh_token: Some(refresh_token),
            reader: None,
            company_id: None,
            user_id: None,
        })
    }

    pub(crate) fn redeemed(environment: Environment, client_id: ClientId, set: TokenSet) -> Self {
        Self {
            environment,
            client_id,
            token: Some(set.token),
            refresh_token: set.refresh_token,
            reader: None,
            company_id: set.company_id,
            user_id: set.user_id,
        }
    }

    /// Names the company and the admin, for a grant that was kept.
    #[must_use]
    pub fn with_company(
        mut self,
        company_id: impl Into<String>,
        user_id: impl Into<String>,
    ) -> Self {
        (self.company_id, self.user_id) = (Some(company_id.into()), Some(user_id.into()));
        self
    }

    /// Says where the refresh token is kept that other processes share.
    ///
    /// It is read when the server refuses the refresh token, before that is believed.
    #[must_use]
    pub fn with_reader(mut self, reader: impl RefreshTokenReader) -> Self {
        self.reader = Some(Arc::new(reader));
        self
    }

    /// Returns the environment that issued the grant.
    pub fn environment(&self) -> &Environment {
        &self.environment
    }

    /// Returns the company, where the server named it. Remote does.
    pub fn company_id(&self) -> Option<&str> {
        self.company_id.as_deref()
    }

    /// Returns the admin who consented, where the server named it. Remote does.
    pub fn user_id(&self) -> Option<&str> {
        self.user_id.as_deref()
    }

    /// Returns the refresh token, to be kept where secrets are kept.
    pub fn refresh_token(&self) -> Option<&RefreshToken> {
        self.refresh_token.as_ref()
    }
}

// Requirement: rfc6749.10.4.refresh-confidential
impl fmt::Debug for CompanyGrant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CompanyGrant")
            .field("environment", &self.environment.name())
            .field("company_id", &self.company_id)
            .field("user_id", &self.user_id)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(json: &str) -> Result<Answer, &'static str> {
        let response = serde_json::from_str(json).expect(json);
        Answer::judge(Step::ClientCredentials, response).map_err(|error| error.code())
    }

    // Requirement: remote.answer.members, remote.answer.token-type, remote.token.opaque
    // Requirement: rfc6749.5.1.access-token, rfc6749.5.1.token-type-any-case
    // Requirement: rfc6749.5.1.unknown-members, rfc6749.7.1.unknown-type, rfc6750.2.1.syntax
    #[test]
    fn a_success_needs_a_bearer_token_and_nothing_else() {
        for json in [
            r#"{"access_token":"a","token_type":"Bearer"}"#,
            r#"{"access_token":"a","token_type":"bearer","expires_in":0}"#,
            r#"{"access_token":"a","token_type":"BEARER","scope":"","unknown":{"deep":[1]}}"#,
            r#"{"access_token":"a","token_type":"Bearer","refresh_token":null,"expires_in":null}"#,
        ] {
            judged(json).expect(json);
        }
        for (json, code) in [
            (r#"{"token_type":"Bearer"}"#, "deviated.no_access_token"),
            (
                r#"{"access_token":"","token_type":"Bearer"}"#,
                "deviated.no_access_token",
            ),
            (
                r#"{"access_token":null,"token_type":"Bearer"}"#,
                "deviated.no_access_token",
            ),
            (
                r#"{"access_token":"a\nb","token_type":"Bearer"}"#,
                "deviated.access_token_syntax",
            ),
            (
                r#"{"access_token":"é","token_type":"Bearer"}"#,
                "deviated.access_token_syntax",
            ),
            (r#"{"access_token":"a"}"#, "deviated.token_type"),
            (
                r#"{"access_token":"a","token_type":"mac"}"#,
                "deviated.token_type",
            ),
            (
                r#"{"access_token":"a","token_type":"Bearer "}"#,
                "deviated.token_type",
            ),
        ] {
            assert_eq!(judged(json).expect_err(json), code, "{json}");
        }
    }

    #[test]
    fn a_refresh_token_that_cannot_be_sent_back_is_none() {
        for value in [r#""""#, r#""a\nb""#, "null"] {
            let json =
                format!(r#"{{"access_token":"a","token_type":"Bearer","refresh_token":{value}}}"#);
            let answer = judged(&json).expect(value);
            assert!(answer.refresh_token.is_none(), "{value}");
        }
    }

    // Requirement: rfc6749.3.3.granted-is-honoured, rfc6749.5.1.scope-missing
    #[test]
    fn an_absent_scope_means_as_requested_and_an_empty_one_means_nothing() {
        let absent = judged(r#"{"access_token":"a","token_type":"Bearer"}"#).expect("a token");
        assert!(absent.granted_scope.is_none());
        let empty =
            judged(r#"{"access_token":"a","token_type":"Bearer","scope":""}"#).expect("a token");
        assert!(empty.granted_scope.expect("a scope").is_empty());
    }

    #[test]
    fn a_grant_is_restored_from_a_refresh_token_that_can_be_sent() {
        let restored = |token: &str| {
            let client_id = ClientId::parse("client").expect("an id");
            CompanyGrant::restore(Environment::Sandbox, client_id, token.into())
        };
        for token in ["", "a\nb", "é"] {
            let error = restored(token).expect_err("it cannot be sent");
            assert_eq!(error.code(), "misuse.refresh_token", "{token:?}");
        }
        let grant = restored("kept").expect("it can be sent");
        assert_eq!((grant.company_id(), grant.user_id()), (None, None));
        assert!(
            grant
                .refresh_token()
                .is_some_and(|kept| kept.same_as(&"kept".into()))
        );
        let grant = grant.with_company("company", "user");
        assert_eq!(grant.company_id(), Some("company"));
        assert_eq!(grant.user_id(), Some("user"));
    }
}
