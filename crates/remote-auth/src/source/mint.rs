//! How each kind of source gets its next token.

use std::fmt;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::assertion::Subject;
use crate::client::Client;
use crate::error::{Error, Misuse, WrongEnvironment};
use crate::grant::refresh_token;
use crate::scope::{AssertionScope, Scope};
use crate::secret::RefreshToken;
use crate::token::Token;

/// The future of [`RefreshTokenReader::read`].
pub type ReadFuture<'a> = Pin<Box<dyn Future<Output = Option<RefreshToken>> + Send + 'a>>;

/// Reads a company's refresh token from where it is kept, and where another process may have put a newer one.
///
/// Asked once when the server refuses the refresh token, before that is believed: where servers rotate refresh tokens
/// and several processes share a grant, all but one hold a token of the past.
/// Given to [`CompanyGrant::with_reader`](crate::CompanyGrant::with_reader).
///
/// # Cancel safety
///
/// The future is dropped with the source, or with the runtime that runs the renewal.
pub trait RefreshTokenReader: fmt::Debug + Send + Sync + 'static {
    /// Returns the refresh token that is kept now; `None` if there is none, or it cannot be read.
    fn read(&self) -> ReadFuture<'_>;
}

pub(crate) type MintFuture<'a> = Pin<Box<dyn Future<Output = Result<Minted, Error>> + Send + 'a>>;
pub(crate) type RereadFuture<'a> = Pin<Box<dyn Future<Output = bool> + Send + 'a>>;

/// A token that was just asked for.
#[derive(Debug)]
pub(crate) struct Minted {
    pub(crate) token: Token,
    /// The server replaced the refresh token.
    pub(crate) rotated: bool,
}

impl From<Token> for Minted {
    fn from(token: Token) -> Self {
        Self {
            token,
            rotated: false,
        }
    }
}

/// Asks for one token. `Debug` names the grant.
pub(crate) trait Mint: fmt::Debug + Send + Sync + 'static {
    /// Returns the grant's name on the wire, for logs and metrics.
    fn grant(&self) -> &'static str;

    /// Asks once. The engine sees to it that one call runs at a time.
    fn mint(&self) -> MintFuture<'_>;

    /// Looks, after the grant was refused, whether another process has a newer one. If so the next request sends that.
    fn reread(&self) -> RereadFuture<'_> {
        Box::pin(async { false })
    }

    /// Returns the refresh token, where there is one.
    // Requirement: remote.skill.mistake-expect-refresh-token
    fn refresh_token(&self) -> Option<RefreshToken> {
        None
    }
}

pub(crate) struct ClientCredentials(pub(crate) Client);

impl Mint for ClientCredentials {
    fn grant(&self) -> &'static str {
        "client_credentials"
    }

    fn mint(&self) -> MintFuture<'_> {
        // Requirement: remote.client-credentials.again, remote.client-credentials.no-refresh-token
        Box::pin(async { Ok(self.0.request_for_itself().await?.token.into()) })
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
    fn grant(&self) -> &'static str {
        "jwt_bearer"
    }

    fn mint(&self) -> MintFuture<'_> {
        // Requirement: remote.assertion.no-refresh-token
        Box::pin(async {
            let set = self.client.assert(&self.subject, &self.scope).await?;
            Ok(set.token.into())
        })
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
    reader: Option<Arc<dyn RefreshTokenReader>>,
}

impl Refresh {
    pub(crate) fn new(
        client: Client,
        token: Option<RefreshToken>,
        granted: Option<Scope>,
        reader: Option<Arc<dyn RefreshTokenReader>>,
    ) -> Self {
        Self {
            client,
            kept: Mutex::new(token),
            granted,
            reader,
        }
    }

    fn kept(&self) -> MutexGuard<'_, Option<RefreshToken>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps a token, and says whether it is another than the one before.
    fn keep(&self, token: RefreshToken) -> bool {
        let mut kept = self.kept();
        let same = kept.as_ref().is_some_and(|kept| kept.same_as(&token));
        *kept = Some(token);
        !same
    }
}

impl Mint for Refresh {
    fn grant(&self) -> &'static str {
        "refresh_token"
    }

    fn mint(&self) -> MintFuture<'_> {
        Box::pin(async {
            let sent = self
                .refresh_token()
                .ok_or_else(|| Error::from(Misuse::NoRefreshToken))?;
            // Requirement: remote.refresh.renews
            let (token, received) = self.client.refresh(&sent).await?.renewed();
            let rotated = self.keep(refresh_token::kept(sent, received));
            let granted = refresh_token::granted(self.granted.as_ref(), token.granted_scope());
            let token = token.granting(granted);
            Ok(Minted { token, rotated })
        })
    }

    fn reread(&self) -> RereadFuture<'_> {
        Box::pin(async {
            let Some(reader) = &self.reader else {
                return false;
            };
            let found = reader.read().await;
            found.is_some_and(|found| found.wire().is_vschar() && self.keep(found))
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
    fn grant(&self) -> &'static str {
        "refresh_token"
    }

    fn mint(&self) -> MintFuture<'_> {
        Box::pin(async { Err(WrongEnvironment::Grant.into()) })
    }
}
