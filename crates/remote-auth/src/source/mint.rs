//! How each kind of source gets its next token.

use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::TokenFuture;
use crate::assertion::Subject;
use crate::client::Client;
use crate::error::{Error, Misuse, WrongEnvironment};
use crate::grant::refresh_token;
use crate::scope::{AssertionScope, Scope};
use crate::secret::RefreshToken;

/// Asks for one token. `Debug` names the grant.
pub(crate) trait Mint: fmt::Debug + Send + Sync + 'static {
    /// Asks once. The engine sees to it that one call runs at a time.
    fn mint(&self) -> TokenFuture<'_>;

    /// Returns the refresh token, where there is one.
    // Requirement: remote.skill.mistake-expect-refresh-token
    fn refresh_token(&self) -> Option<RefreshToken> {
        None
    }
}

pub(crate) struct ClientCredentials(pub(crate) Client);

impl Mint for ClientCredentials {
    fn mint(&self) -> TokenFuture<'_> {
        // Requirement: remote.client-credentials.again, remote.client-credentials.no-refresh-token
        Box::pin(async { Ok(self.0.request_for_itself().await?.token) })
    }
}

impl fmt::Debug for ClientCredentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("client credentials")
    }
}

pub(crate) struct Assertion {
    pub(crate) client: Client,
    pub(crate) subject: Subject,
    pub(crate) scope: AssertionScope,
}

impl Mint for Assertion {
    fn mint(&self) -> TokenFuture<'_> {
        // Requirement: remote.assertion.no-refresh-token
        Box::pin(async { Ok(self.client.assert(&self.subject, &self.scope).await?.token) })
    }
}

impl fmt::Debug for Assertion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "assertion as {}", self.subject.principal())
    }
}

pub(crate) struct Refresh {
    client: Client,
    kept: Mutex<Option<RefreshToken>>,
    /// What the consent granted, where that is known.
    granted: Option<Scope>,
}

impl Refresh {
    pub(crate) fn new(client: Client, token: Option<RefreshToken>, granted: Option<Scope>) -> Self {
        Self {
            client,
            kept: Mutex::new(token),
            granted,
        }
    }

    fn kept(&self) -> MutexGuard<'_, Option<RefreshToken>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Mint for Refresh {
    fn mint(&self) -> TokenFuture<'_> {
        Box::pin(async {
            let sent = self
                .refresh_token()
                .ok_or_else(|| Error::from(Misuse::NoRefreshToken))?;
            // Requirement: remote.refresh.renews
            let (token, received) = self.client.refresh(&sent).await?.renewed();
            *self.kept() = Some(refresh_token::kept(sent, received));
            let granted = refresh_token::granted(self.granted.as_ref(), token.granted_scope());
            Ok(token.granting(granted))
        })
    }

    fn refresh_token(&self) -> Option<RefreshToken> {
        self.kept().clone()
    }
}

impl fmt::Debug for Refresh {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("refresh token")
    }
}

/// Stands for a grant of another client or environment, which the server would refuse.
#[derive(Debug)]
pub(crate) struct ForeignGrant;

impl Mint for ForeignGrant {
    fn mint(&self) -> TokenFuture<'_> {
        Box::pin(async { Err(WrongEnvironment::Grant.into()) })
    }
}
