//! Which requests meet which fault: the queue, what it looks at, and the words that fill it.
//!
//! The invariant: a request meets at most one fault, the oldest pending one that fits, and each
//! pending fault meets as many requests as it was scripted for.

use std::{collections::VecDeque, fmt, sync::Mutex, time::Duration};

use axum::http::{HeaderMap, header};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use remote_oauth_client::endpoints::TOKEN_PATH;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    fault::Fault,
    gateway::Gateway,
    http::Asked,
    operation,
    parameters::Parameters,
    platform,
    token::basic_credentials,
    world::{World, lock},
};

/// How many faults may wait for their requests.
const PENDING_MAX: usize = 1_024;

/// Says which requests a fault is for; what is not said fits every request.
///
/// # Wire
///
/// In JSON it is an object with the names of the methods as optional members:
/// `{"method": "POST", "path": "/auth/oauth2/token", "grant_type": "refresh_token",
/// "client_id": "…", "gateway": "partner-sandbox"}`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Match {
    #[serde(skip_serializing_if = "Option::is_none")]
    method: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    path: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    grant_type: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    gateway: Option<Gateway>,
}

impl Match {
    /// Fits every request.
    pub fn any() -> Self {
        Self::default()
    }

    /// Fits every request to the token endpoint.
    pub fn token_request() -> Self {
        Self::any().method("POST").path(TOKEN_PATH)
    }

    /// Fits only requests with this method.
    #[must_use]
    pub fn method(mut self, method: &str) -> Self {
        self.method = Some(method.to_owned());
        self
    }

    /// Fits only requests with this path, which may have a segment in braces as the ledger shows it.
    #[must_use]
    pub fn path(mut self, path: &str) -> Self {
        self.path = Some(path.to_owned());
        self
    }

    /// Fits only token requests with this `grant_type`.
    #[must_use]
    pub fn grant_type(mut self, grant_type: &str) -> Self {
        self.grant_type = Some(grant_type.to_owned());
        self
    }

    /// Fits only requests that name this client in their Basic header, form or assertion, or whose
    /// access token was issued to it; nothing of it has to be right.
    #[must_use]
    pub fn client_id(mut self, client_id: &str) -> Self {
        self.client_id = Some(client_id.to_owned());
        self
    }

    /// Fits only requests to this gateway.
    #[must_use]
    pub fn gateway(mut self, gateway: Gateway) -> Self {
        self.gateway = Some(gateway);
        self
    }

    fn fits(&self, seen: &Traits<'_>) -> bool {
        let is = |wanted: &Option<String>, sent: Option<&str>| {
            wanted.is_none() || wanted.as_deref() == sent
        };
        is(&self.method, Some(seen.method))
            && (is(&self.path, Some(seen.path)) || is(&self.path, operation::template(seen.path)))
            && is(&self.grant_type, seen.grant_type.as_deref())
            && is(&self.client_id, seen.client_id.as_deref())
            && (self.gateway.is_none() || self.gateway == seen.gateway)
    }
}

/// What a [`Match`] looks at; nothing of it has been judged.
pub(crate) struct Traits<'a> {
    pub(crate) method: &'a str,
    pub(crate) path: &'a str,
    pub(crate) grant_type: Option<String>,
    pub(crate) client_id: Option<String>,
    /// Nothing where there is only one address.
    pub(crate) gateway: Option<Gateway>,
}

impl<'a> Traits<'a> {
    pub(crate) fn of(world: &World, gateway: Gateway, asked: &'a Asked) -> Self {
        let (path, headers) = (asked.path(), &asked.head.headers);
        let form = Some(asked.body()).filter(|_| path == TOKEN_PATH);
        let form = form.and_then(|form| Parameters::parse(form).ok());
        let member = |name| form.as_ref()?.get(name).map(str::to_owned);
        let client_id = basic_client(headers)
            .or_else(|| member("client_id"))
            .or_else(|| issuer(&member("assertion")?))
            .or_else(|| {
                let token = platform::bearer_text(headers)?;
                let token = world.desk(gateway).access_token(token)?;
                token.payer.client_id().map(ToString::to_string)
            });
        Self {
            method: asked.head.method.as_str(),
            path,
            grant_type: member("grant_type"),
            client_id,
            gateway: Some(gateway),
        }
    }
}

fn basic_client(headers: &HeaderMap) -> Option<String> {
    let header = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    basic_credentials(header).map(|(client_id, _)| client_id)
}

fn issuer(assertion: &str) -> Option<String> {
    let claims = URL_SAFE_NO_PAD.decode(assertion.split('.').nth(1)?).ok()?;
    let claims: Value = serde_json::from_slice(&claims).ok()?;
    claims.get("iss")?.as_str().map(str::to_owned)
}

/// A fault that waits for its requests.
///
/// # Wire
///
/// `{"fault": {"kind": "drop_after_commit"}, "times": 2, "match": {"grant_type": "refresh_token"}}`,
/// where `times` is 1 and `match` fits everything if they are left out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Pending {
    /// What will happen.
    pub fault: Fault,
    /// How many requests will still meet it.
    #[serde(default = "once")]
    pub times: u32,
    /// Which requests.
    #[serde(default, rename = "match")]
    pub matching: Match,
}

const fn once() -> u32 {
    1
}

/// The pending faults, oldest first.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    pending: VecDeque<Pending>,
    /// Whether the provider has refresh tokens that could rotate.
    refreshes: bool,
}

impl Faults {
    /// No faults yet, of a provider with refresh tokens.
    pub(crate) fn with_refreshes() -> Self {
        Self {
            refreshes: true,
            ..Self::default()
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.pending.is_empty()
    }

    /// Adds a fault behind the others, or says why it cannot be.
    pub(crate) fn add(&mut self, pending: Pending) -> Result<(), &'static str> {
        if self.pending.len() == PENDING_MAX {
            return Err("1024 faults are pending already");
        }
        if pending.times == 0 {
            return Err("a fault has to happen at least once");
        }
        if let Some(objection) = pending.fault.objection() {
            return Err(objection);
        }
        if pending.fault == Fault::RotateRefreshToken && !self.refreshes {
            return Err("this provider has no refresh tokens");
        }
        self.pending.push_back(pending);
        Ok(())
    }

    /// Gives the fault that a request meets, and counts it.
    pub(crate) fn take(&mut self, seen: &Traits<'_>) -> Option<Fault> {
        let place = self
            .pending
            .iter()
            .position(|pending| pending.matching.fits(seen))?;
        let pending = self.pending.get_mut(place)?;
        if pending.times > 1 {
            pending.times -= 1;
            return Some(pending.fault.clone());
        }
        self.pending.remove(place).map(|pending| pending.fault)
    }

    pub(crate) fn pending(&self) -> Vec<Pending> {
        self.pending.iter().cloned().collect()
    }

    pub(crate) fn clear(&mut self) {
        self.pending.clear();
    }
}

/// Scripts a fault: which requests were chosen by the handle, and the last word says what happens.
///
/// # Example
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> std::io::Result<()> {
/// use remote_auth_sandbox::{Gateway, Match, Sandbox};
///
/// let sandbox = Sandbox::start().await?;
/// sandbox.next_token_request().refuse(503, "temporarily_unavailable");
/// sandbox.next_requests(20).rate_limit(std::time::Duration::from_secs(30));
/// let refreshes = Match::any().grant_type("refresh_token");
/// sandbox.on(refreshes.gateway(Gateway::Production)).drop_after_commit();
/// # Ok(())
/// # }
/// ```
#[must_use = "nothing is scripted before the last word says what happens"]
pub struct Script<'a> {
    faults: &'a Mutex<Faults>,
    matching: Match,
    times: u32,
}

impl<'a> Script<'a> {
    pub(crate) const fn new(faults: &'a Mutex<Faults>, matching: Match) -> Self {
        Self {
            faults,
            matching,
            times: 1,
        }
    }

    /// Lets the fault meet this many requests, each of which has to fit.
    pub const fn times(mut self, times: u32) -> Self {
        self.times = times;
        self
    }

    /// Scripts any fault; the other methods are short forms of this one.
    ///
    /// # Panics
    ///
    /// If the fault is beyond the limits of its kind or rotates what the provider has not, is to
    /// happen no times, or 1024 are pending.
    pub fn fault(self, fault: Fault) {
        let pending = Pending {
            fault,
            times: self.times,
            matching: self.matching,
        };
        let added = lock(self.faults).add(pending);
        if let Err(objection) = added {
            panic!("{objection}");
        }
    }

    /// Scripts [`Fault::Refuse`] without a description.
    ///
    /// # Panics
    ///
    /// As [`fault`](Self::fault).
    pub fn refuse(self, status: u16, error: &str) {
        self.fault(Fault::Refuse {
            status,
            error: error.to_owned(),
            error_description: None,
        });
    }

    /// Scripts [`Fault::RefuseWithMessage`].
    ///
    /// # Panics
    ///
    /// As [`fault`](Self::fault).
    pub fn refuse_with_message(self, status: u16, message: &str) {
        let message = message.to_owned();
        self.fault(Fault::RefuseWithMessage { status, message });
    }

    /// Scripts [`Fault::Answer`].
    ///
    /// # Panics
    ///
    /// As [`fault`](Self::fault).
    pub fn answer(self, status: u16, media_type: &str, body: &str) {
        self.fault(Fault::Answer {
            status,
            media_type: media_type.to_owned(),
            body: body.to_owned(),
        });
    }

    /// Scripts [`Fault::RateLimit`].
    ///
    /// # Panics
    ///
    /// As [`fault`](Self::fault).
    pub fn rate_limit(self, reset: Duration) {
        self.fault(Fault::RateLimit { reset });
    }

    /// Scripts [`Fault::Delay`].
    ///
    /// # Panics
    ///
    /// As [`fault`](Self::fault).
    pub fn delay(self, by: Duration) {
        self.fault(Fault::Delay { by });
    }

    /// Scripts [`Fault::DropBeforeCommit`].
    ///
    /// # Panics
    ///
    /// As [`fault`](Self::fault).
    pub fn drop_before_commit(self) {
        self.fault(Fault::DropBeforeCommit);
    }

    /// Scripts [`Fault::DropAfterCommit`].
    ///
    /// # Panics
    ///
    /// As [`fault`](Self::fault).
    pub fn drop_after_commit(self) {
        self.fault(Fault::DropAfterCommit);
    }

    /// Scripts [`Fault::Truncate`].
    ///
    /// # Panics
    ///
    /// As [`fault`](Self::fault).
    pub fn truncate(self, bytes: usize) {
        self.fault(Fault::Truncate { bytes });
    }

    /// Scripts [`Fault::MediaType`].
    ///
    /// # Panics
    ///
    /// As [`fault`](Self::fault).
    pub fn media_type(self, media_type: &str) {
        let media_type = media_type.to_owned();
        self.fault(Fault::MediaType { media_type });
    }

    /// Scripts [`Fault::RotateRefreshToken`].
    ///
    /// # Panics
    ///
    /// As [`fault`](Self::fault).
    pub fn rotate_refresh_token(self) {
        self.fault(Fault::RotateRefreshToken);
    }
}

impl fmt::Debug for Script<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Script")
            .field("matching", &self.matching)
            .field("times", &self.times)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_provider_without_refresh_tokens_rotates_none() {
        let rotate = || Pending {
            fault: Fault::RotateRefreshToken,
            times: 1,
            matching: Match::any(),
        };
        assert!(Faults::default().add(rotate()).is_err());
        assert_eq!(Faults::with_refreshes().add(rotate()), Ok(()));
    }
}
