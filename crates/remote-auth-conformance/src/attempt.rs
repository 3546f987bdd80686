//! One attempt to get a token through the core, by any grant.

use std::sync::Arc;

use proptest::prelude::*;
use remote_auth::danger::Weakening;
use remote_auth::{
    Client, ClientBuilder, ClientId, ClientSecrets, Clock, CompanyGrant, Environment, Error,
    RefreshToken, Subject, SystemClock, Token,
};
use remote_oauth_client::BasicEncoding;

use crate::mark;
use crate::strategy::{self, Credentials};

/// Holds what a program needs to ask the core for one token.
#[derive(Clone, Debug)]
pub struct Attempt {
    /// Who asks.
    pub credentials: Credentials,
    /// Whether HTTP Basic goes with an assertion too.
    pub authenticate_assertions: bool,
    /// What is asked with.
    pub grant: Grant,
}

/// Names a grant, with what it takes.
#[derive(Clone, Debug)]
pub enum Grant {
    /// RFC 6749 section 4.4.
    ClientCredentials,
    /// RFC 6749 section 4.1.
    AuthorizationCode {
        /// The code that the callback brings.
        code: String,
        /// The redirection URI of the request.
        redirect_uri: String,
    },
    /// RFC 6749 section 6.
    RefreshToken {
        /// The refresh token that was kept.
        refresh_token: String,
    },
    /// RFC 7523 section 2.1.
    JwtBearer {
        /// The employment that the assertion stands for.
        employment_id: String,
        /// The scope that it asks for.
        scope: String,
    },
}

impl Attempt {
    /// Makes attempts by all four grants, with credentials that core and HTTP Basic accept.
    pub fn any() -> impl Strategy<Value = Self> {
        let grants = prop_oneof![
            Just(Grant::ClientCredentials),
            Grant::authorization_code(),
            strategy::secret().prop_map(|refresh_token| Grant::RefreshToken { refresh_token }),
            Grant::jwt_bearer(),
        ];
        Self::by(grants)
    }

    /// Makes attempts by the given grants.
    pub fn by(grants: impl Strategy<Value = Grant>) -> impl Strategy<Value = Self> {
        let parts = (strategy::credentials(), any::<bool>(), grants);
        parts.prop_map(|(credentials, authenticate_assertions, grant)| Self {
            credentials,
            authenticate_assertions,
            grant,
        })
    }

    /// Makes the attempt of a client whose secret is the [mark](crate::mark), twice to be long enough.
    pub fn marked(grant: Grant) -> Self {
        Self {
            credentials: Credentials {
                id: "id".to_owned(),
                secret: mark::MARK.repeat(2),
                encoding: BasicEncoding::Raw,
            },
            authenticate_assertions: false,
            grant,
        }
    }

    /// Builds the client of this attempt for a custom environment.
    ///
    /// Keys of fewer than 256 bits are let through: what an assertion looks like does not depend on them.
    pub fn client(&self, gateway: &str) -> Client {
        self.client_at(gateway, Arc::new(SystemClock::new()))
    }

    /// Builds the client of this attempt, with a clock.
    pub fn client_at(&self, gateway: &str, clock: Arc<dyn Clock>) -> Client {
        let secret = self.credentials.secret.as_str();
        let builder = self.builder(gateway, secret).clock(clock);
        builder
            .build()
            .expect("credentials over VSCHAR can be sent")
    }

    /// Begins the client of this attempt, with other secrets than the attempt's own.
    pub fn builder(&self, gateway: &str, secrets: impl Into<ClientSecrets>) -> ClientBuilder {
        let environment = Environment::custom(gateway).expect("loopback may be asked in clear");
        Client::builder(environment)
            .credentials(&self.credentials.id, secrets)
            .basic_encoding(self.credentials.encoding)
            .authenticate_assertions(self.authenticate_assertions)
            .weaken(Weakening::ShortAssertionKey)
    }

    /// Asks once, and returns the token; none by a code, whose token is inside the grant that it was redeemed for.
    ///
    /// # Errors
    ///
    /// What the core says.
    pub async fn ask(&self, client: &Client) -> Result<Option<Token>, Error> {
        match &self.grant {
            Grant::ClientCredentials => client.client_credentials().token().await.map(Some),
            Grant::AuthorizationCode { code, redirect_uri } => {
                let (url, pending) = client.authorization(redirect_uri).begin()?;
                let state = url.query_pairs().find(|(name, _)| name == "state");
                let (_, state) = state.expect("every authorization request has a state");
                let joint = if redirect_uri.contains('?') { '&' } else { '?' };
                let query = form_urlencoded::Serializer::new(String::new())
                    .append_pair("code", code)
                    .append_pair("state", &state)
                    .finish();
                let code = pending.accept(format!("{redirect_uri}{joint}{query}"))?;
                client.redeem(code).await.map(|_| None)
            }
            Grant::RefreshToken { refresh_token } => {
                let client_id = ClientId::parse(&self.credentials.id)?;
                let refresh_token = RefreshToken::from(refresh_token.as_str());
                let environment = client.environment().clone();
                let grant = CompanyGrant::restore(environment, client_id, refresh_token)?;
                client.company(grant).token().await.map(Some)
            }
            Grant::JwtBearer {
                employment_id,
                scope,
            } => {
                let subject = Subject::employment(employment_id);
                let source = client.assertion(subject).scope(scope.parse()?);
                source.token().await.map(Some)
            }
        }
    }

    /// Tells whether the request must carry HTTP Basic.
    pub fn authenticates(&self) -> bool {
        self.authenticate_assertions || !matches!(self.grant, Grant::JwtBearer { .. })
    }
}

impl Grant {
    /// Makes redemptions of codes.
    pub fn authorization_code() -> impl Strategy<Value = Self> {
        (strategy::secret(), strategy::redirect_uri())
            .prop_map(|(code, redirect_uri)| Self::AuthorizationCode { code, redirect_uri })
    }

    /// Makes assertions.
    pub fn jwt_bearer() -> impl Strategy<Value = Self> {
        let parts = (strategy::identifier(), strategy::assertion_scope());
        parts.prop_map(|(employment_id, scope)| Self::JwtBearer {
            employment_id,
            scope,
        })
    }

    /// Lists by hand what the form must say, in the order of names; the values that are made anew each time are empty.
    pub fn form(&self) -> Vec<(&'static str, &str)> {
        match self {
            Self::ClientCredentials => vec![("grant_type", "client_credentials")],
            Self::AuthorizationCode { code, redirect_uri } => vec![
                ("code", code),
                ("code_verifier", ""),
                ("grant_type", "authorization_code"),
                ("redirect_uri", redirect_uri),
            ],
            Self::RefreshToken { refresh_token } => vec![
                ("grant_type", "refresh_token"),
                ("refresh_token", refresh_token),
            ],
            Self::JwtBearer { .. } => vec![
                ("assertion", ""),
                ("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer"),
            ],
        }
    }
}
