//! What the demo plays on: an embedded sandbox, a client of it, and a clock that stands still.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use remote_auth::{Client, ClientSecret, Clock, Environment, SystemClock};
use remote_auth_sandbox::{Entry, Gateway, Sandbox};

use crate::cmd_sandbox;
use crate::failure::Failure;

/// The redirection URI of the demo. Nothing listens there: the demo is the browser too.
pub(super) const REDIRECT_URI: &str = "http://127.0.0.1:8787/callback";

pub(super) struct Stage {
    pub(super) sandbox: Sandbox,
    pub(super) environment: Environment,
    pub(super) client: Client,
    pub(super) clock: StoppedClock,
}

impl Stage {
    /// Starts the sandbox and makes a client of it. Nothing is sent.
    pub(super) async fn set() -> Result<Self, Failure> {
        let sandbox = Sandbox::start().await.map_err(cmd_sandbox::not_started)?;
        let environment = Environment::custom(sandbox.gateway_url(Gateway::Sandbox))?;
        let clock = StoppedClock {
            wall: SystemClock::new().wall(),
        };
        let client = Client::builder(environment.clone())
            .credentials(sandbox.client_id(), sandbox.client_secret().clone())
            .clock(Arc::new(clock))
            .build()?;
        Ok(Self {
            sandbox,
            environment,
            client,
            clock,
        })
    }

    /// Makes another client of the same sandbox.
    pub(super) fn client_with(
        &self,
        client_secret: ClientSecret,
        clock: &StoppedClock,
    ) -> Result<Client, Failure> {
        let builder = Client::builder(self.environment.clone())
            .credentials(self.sandbox.client_id(), client_secret)
            .clock(Arc::new(*clock));
        Ok(builder.build()?)
    }

    /// Returns what the sandbox was asked last, and what it decided.
    pub(super) fn last(&self) -> Option<Entry> {
        self.sandbox.ledger().pop()
    }

    /// Returns how many requests the sandbox has seen.
    pub(super) fn asked(&self) -> usize {
        self.sandbox.ledger().len()
    }

    /// Ends the sandbox.
    pub(super) async fn clear(self) {
        // Connections that the client keeps open would be waited for.
        drop(self.client);
        self.sandbox.shutdown().await;
    }
}

/// Tells one time for ever, so that a lifetime is a difference and not a race.
#[derive(Clone, Copy, Debug)]
pub(super) struct StoppedClock {
    wall: SystemTime,
}

impl StoppedClock {
    /// Returns a clock that is behind by so much.
    pub(super) fn behind(self, by: Duration) -> Self {
        let wall = self.wall.checked_sub(by).unwrap_or(SystemTime::UNIX_EPOCH);
        Self { wall }
    }
}

impl Clock for StoppedClock {
    fn wall(&self) -> SystemTime {
        self.wall
    }

    fn elapsed(&self) -> Duration {
        Duration::ZERO
    }
}
