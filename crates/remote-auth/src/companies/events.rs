//! What happens to companies' tokens, told once for all of them.

use std::time::Duration;

use tokio::sync::broadcast;

use super::id::CompanyId;

/// How many events wait for a slow subscriber, before the oldest are dropped.
const EVENTS_MAX: usize = 1024;

/// Says what happened to a company's token. Holds no secret.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CompanyEvent {
    /// A new token came from the server.
    Renewed(CompanyId),
    /// Another process had renewed the token, and it was taken over without a request.
    Adopted(CompanyId),
    /// The server replaced the refresh token.
    Rotated(CompanyId),
    /// A process had ended in the middle of a renewal, and this one has finished it.
    Resolved(CompanyId),
    /// A renewal failed.
    Failed {
        /// The company.
        company: CompanyId,
        /// The error's stable [code](crate::Error::code).
        code: &'static str,
        /// How long nothing is sent for this company.
        pause: Duration,
    },
    /// The server refused the grant: the company has to consent again. What is known of the grant is kept.
    ReconsentNeeded(CompanyId),
    /// The server refused the client itself, so for a while nothing is sent for any company.
    BreakerOpened {
        /// How long until one request probes.
        pause: Duration,
    },
    /// The store did not take what memory has; it is served all the same, and written later.
    StoreFailed(CompanyId),
    /// The store has what memory has.
    Saved(CompanyId),
    /// The subscriber was slow, and so many events before the next are lost to it.
    Missed(u64),
}

/// Receives the events of all companies, from [`CompanyTokens::events`](super::CompanyTokens::events) on.
///
/// # Units and limits
///
/// At most 1,024 events wait; what is dropped is counted by [`CompanyEvent::Missed`].
#[derive(Debug)]
pub struct CompanyEvents(broadcast::Receiver<CompanyEvent>);

impl CompanyEvents {
    /// Waits for the next event; `None` when the last handle is gone.
    ///
    /// # Cancel safety
    ///
    /// Safe: an event that was not returned is returned by the next call.
    pub async fn next(&mut self) -> Option<CompanyEvent> {
        use broadcast::error::RecvError::{Closed, Lagged};
        match self.0.recv().await {
            Ok(event) => Some(event),
            Err(Lagged(missed)) => Some(CompanyEvent::Missed(missed)),
            Err(Closed) => None,
        }
    }
}

/// Tells subscribers, if there are any.
#[derive(Debug)]
pub(super) struct Teller(broadcast::Sender<CompanyEvent>);

impl Teller {
    pub(super) fn new() -> Self {
        Self(broadcast::Sender::new(EVENTS_MAX))
    }

    pub(super) fn subscribe(&self) -> CompanyEvents {
        CompanyEvents(self.0.subscribe())
    }

    /// Nobody listening is no fault.
    pub(super) fn tell(&self, event: CompanyEvent) {
        tracing::debug!(?event, "companies");
        let _ = self.0.send(event);
    }
}
