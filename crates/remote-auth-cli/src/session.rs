//! Whose token: the sources that the flags name, made from the credentials in the environment.

use remote_auth::error::Misuse;
use remote_auth::{
    AssertionScope, CachedTokenSource, Client, ClientSecrets, CompanyGrant, Environment, Error,
    LiveSecret, Provider, RefreshToken, SecretSource, SecretsFuture, Subject,
};

use crate::args::{Asserted, Flow, Patience};
use crate::env;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::render;
use crate::scope_text;

/// Holds a source of tokens, and the refresh token that it began with.
#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) client: Client,
    pub(crate) source: CachedTokenSource,
    sent: Option<RefreshToken>,
    _which: WhichSecret,
}

impl Session {
    /// Makes the source that a flow names. Nothing is sent yet.
    pub(crate) fn open(
        flow: Flow,
        asserted: &Asserted,
        environment: Environment,
        patience: &Patience,
    ) -> Result<Self, Failure> {
        if environment.provider() == Provider::Gogox && flow != Flow::ClientCredentials {
            return Err(Error::from(Misuse::GrantNotOffered).into());
        }
        match flow {
            Flow::ClientCredentials => Self::partner(environment, patience),
            Flow::Refresh => Self::company(environment, patience),
            Flow::Assertion => {
                let subject = asserted.subject.as_deref().unwrap_or_default();
                let scope = asserted.scope.as_deref().unwrap_or_default();
                let (subject, scope) = (Subject::parse(subject)?, scope_text::read(scope)?);
                Self::user(subject, scope.try_into()?, environment, patience)
            }
        }
    }

    /// For the partner itself.
    pub(crate) fn partner(environment: Environment, patience: &Patience) -> Result<Self, Failure> {
        let client = client(environment, patience)?;
        let source = client.client_credentials();
        Ok(Self::of(client, source))
    }

    /// For the company whose refresh token is in the environment.
    pub(crate) fn company(environment: Environment, patience: &Patience) -> Result<Self, Failure> {
        let client = client(environment.clone(), patience)?;
        let sent = RefreshToken::from(&**env::credential(&env::REFRESH_TOKEN)?);
        let client_id = client.client_id().clone();
        let grant = CompanyGrant::restore(environment, client_id, sent.clone())?;
        let source = client.company(grant);
        Ok(Self {
            sent: Some(sent),
            ..Self::of(client, source)
        })
    }

    /// For one user, by assertion.
    pub(crate) fn user(
        subject: Subject,
        scope: AssertionScope,
        environment: Environment,
        patience: &Patience,
    ) -> Result<Self, Failure> {
        let client = client(environment, patience)?;
        let source = client.assertion(subject).scope(scope);
        Ok(Self::of(client, source))
    }

    fn of(client: Client, source: CachedTokenSource) -> Self {
        Self {
            _which: WhichSecret(client.clone()),
            client,
            source,
            sent: None,
        }
    }

    /// Returns the refresh token that the server put in the place of the one that was sent.
    pub(crate) fn replacement(&self) -> Option<RefreshToken> {
        let sent = self.sent.as_ref()?;
        self.source
            .refresh_token()
            .filter(|kept| !kept.same_as(sent))
    }

    /// Tells people of a replacement that nothing on standard output shows.
    pub(crate) fn warn_of_replacement(&self) {
        if self.replacement().is_some() {
            render::tell(
                "warning: the server replaced the refresh token, and the old one may be dead\n  \
                 next: use --json with this server, and keep the refresh token that it shows",
            );
        }
    }
}

/// Makes the client from the credentials in the environment.
pub(crate) fn client(environment: Environment, patience: &Patience) -> Result<Client, Failure> {
    let client_id = env::credential(&env::CLIENT_ID)?;
    let builder = Client::builder(environment)
        .credentials(&**client_id, secrets()?)
        .secret_source(Surroundings)
        .timeout(patience.timeout());
    Ok(builder.build()?)
}

fn secrets() -> Result<ClientSecrets, Failure> {
    let current = env::credential(&env::CLIENT_SECRET)?;
    let previous = env::credential_if_set(&env::PREVIOUS_SECRET)?;
    Ok(match previous {
        Some(previous) => ClientSecrets::rotating(&**current, &**previous),
        None => (&**current).into(),
    })
}

/// The variables and files that the first secrets came from: a file may have been rewritten since.
#[derive(Debug)]
struct Surroundings;

impl SecretSource for Surroundings {
    fn load(&self) -> SecretsFuture<'_> {
        Box::pin(async { secrets().ok() })
    }
}

/// Tells people at the end, however the command ends, that the server took the secret which is to go.
#[derive(Debug)]
pub(crate) struct WhichSecret(pub(crate) Client);

impl WhichSecret {
    /// Finds out which of two secrets works, before one of them spends a code.
    pub(crate) async fn settle(&self) -> Result<(), Failure> {
        if env::credential_if_set(&env::PREVIOUS_SECRET)?.is_some() {
            // Whether the client may have a token of its own does not matter here.
            self.0.client_credentials().token().await.ok();
        }
        Ok(())
    }
}

impl Drop for WhichSecret {
    fn drop(&mut self) {
        if self.0.proven_secret() == Some(LiveSecret::Previous) {
            render::tell(
                "warning: the server took the previous client secret, and not the current one\n  \
                 next: see that the current one is active before the previous one is revoked",
            );
        }
    }
}

/// Refuses what belongs to assertions where the flow is another.
pub(crate) fn only_for_assertions(given: bool, is_assertion: bool) -> Result<(), Failure> {
    if given && !is_assertion {
        let message = "use the flow: --subject and --scope belong to assertions only";
        return Err(Failure::new(Exit::Usage, "usage.flow", message)
            .hint("use --flow assertion, or leave both out"));
    }
    Ok(())
}
