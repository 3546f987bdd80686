//! What a source tells: events for the program, `tracing` for people, and counters behind the feature `metrics`.
//!
//! Each is told of in this one place. Fields and label values come from closed sets, and none holds a secret.

use std::sync::OnceLock;
use std::time::{Duration, SystemTime};

use tokio::sync::broadcast;

use super::machine::Reason;
use super::policy::Meaning;
use crate::error::Error;

/// How many events wait for a slow subscriber, before the oldest are dropped.
const EVENTS_MAX: usize = 64;

/// Says what happened to a source's token. Holds no secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SourceEvent {
    /// The first token came.
    Obtained {
        /// Its number within the source.
        generation: u64,
        /// When it ends, by the time of day.
        expires_at: Option<SystemTime>,
    },
    /// A newer token took the place of another.
    Refreshed {
        /// Its number within the source; the same again if what came does not outlive the token that is held.
        generation: u64,
        /// When it ends, by the time of day.
        expires_at: Option<SystemTime>,
    },
    /// The server replaced the refresh token: keep what [`CachedTokenSource::refresh_token`] returns now.
    ///
    /// [`CachedTokenSource::refresh_token`]: super::CachedTokenSource::refresh_token
    Rotated,
    /// The token is near its end: it is served, and a renewal has started behind it.
    Ageing,
    /// A gateway refused the token, and it is not served again.
    Invalidated {
        /// Its number within the source.
        generation: u64,
    },
    /// A renewal failed. While a token lives nobody else notices.
    Failed {
        /// The error's stable [code](Error::code).
        code: &'static str,
        /// How long this source sends nothing.
        pause: Duration,
    },
    /// The server refused the client itself, so none of the client's sources asks for a while.
    BreakerOpened {
        /// How long until one of them probes.
        pause: Duration,
    },
    /// The server refused the grant: the company has to consent again. What is known of the grant is kept.
    ReconsentNeeded,
    /// The subscriber was slow, and so many events before the next are lost to it.
    Missed(u64),
}

/// Receives the events of a source, from [`CachedTokenSource::events`](super::CachedTokenSource::events) on.
///
/// # Units and limits
///
/// At most 64 events wait; what is dropped is counted by [`SourceEvent::Missed`].
#[derive(Debug)]
pub struct SourceEvents(broadcast::Receiver<SourceEvent>);

impl SourceEvents {
    /// Waits for the next event; `None` when the source is gone.
    ///
    /// # Cancel safety
    ///
    /// Safe: an event that was not returned is returned by the next call.
    pub async fn next(&mut self) -> Option<SourceEvent> {
        use broadcast::error::RecvError::{Closed, Lagged};
        match self.0.recv().await {
            Ok(event) => Some(event),
            Err(Lagged(missed)) => Some(SourceEvent::Missed(missed)),
            Err(Closed) => None,
        }
    }
}

/// Tells what happens to one source.
#[derive(Debug)]
pub(super) struct Telemetry {
    /// The grant's name, one of a closed set.
    grant: &'static str,
    /// Made for the first subscriber: most sources have none.
    events: OnceLock<broadcast::Sender<SourceEvent>>,
}

impl Telemetry {
    pub(super) fn new(grant: &'static str) -> Self {
        Self {
            grant,
            events: OnceLock::new(),
        }
    }

    pub(super) fn subscribe(&self) -> SourceEvents {
        let sender = self
            .events
            .get_or_init(|| broadcast::Sender::new(EVENTS_MAX));
        SourceEvents(sender.subscribe())
    }

    /// The span of one renewal.
    pub(super) fn span(&self, reason: Reason) -> tracing::Span {
        tracing::debug_span!("renewal", grant = self.grant, reason = reason.as_str())
    }

    pub(super) fn renewed(&self, reason: Reason, generation: u64, expires_at: Option<SystemTime>) {
        tracing::debug!(generation, "token renewed");
        self.count_renewal(reason, "renewed");
        self.send(match generation {
            1 => SourceEvent::Obtained {
                generation,
                expires_at,
            },
            _ => SourceEvent::Refreshed {
                generation,
                expires_at,
            },
        });
    }

    pub(super) fn failed(&self, reason: Reason, error: &Error, pause: Duration) {
        let (code, meaning) = (error.code(), Meaning::of(error));
        tracing::debug!(code, meaning = meaning.as_str(), "token not renewed");
        self.count_renewal(reason, meaning.as_str());
        self.send(SourceEvent::Failed { code, pause });
        match meaning {
            Meaning::ClientDead => {
                tracing::warn!("the client is refused: its sources stop asking");
                self.send(SourceEvent::BreakerOpened { pause });
            }
            Meaning::GrantDead => {
                tracing::warn!("the grant is refused: consent is needed again");
                self.send(SourceEvent::ReconsentNeeded);
            }
            _ => {}
        }
    }

    pub(super) fn ageing(&self) {
        self.send(SourceEvent::Ageing);
    }

    pub(super) fn rotated(&self) {
        self.send(SourceEvent::Rotated);
    }

    pub(super) fn invalidated(&self, generation: u64) {
        tracing::debug!(generation, "token invalidated");
        #[cfg(feature = "metrics")]
        metrics::counter!("remote_auth_invalidations_total", "grant" => self.grant).increment(1);
        self.send(SourceEvent::Invalidated { generation });
    }

    fn count_renewal(&self, reason: Reason, outcome: &'static str) {
        #[cfg(feature = "metrics")]
        metrics::counter!(
            "remote_auth_renewals_total",
            "grant" => self.grant,
            "reason" => reason.as_str(),
            "outcome" => outcome,
        )
        .increment(1);
        #[cfg(not(feature = "metrics"))]
        let _ = (reason, outcome);
    }

    /// Nobody listening is no fault.
    fn send(&self, event: SourceEvent) {
        if let Some(events) = self.events.get() {
            let _ = events.send(event);
        }
    }
}

#[cfg(all(test, feature = "metrics"))]
mod tests {
    use std::sync::{Arc, Mutex};

    use metrics::{
        Counter, Gauge, Histogram, Key, KeyName, Metadata, Recorder, SharedString, Unit,
    };

    use super::*;
    use crate::error::{ErrorCode, Refused, Step};

    /// Writes down what is counted.
    #[derive(Default)]
    struct Notes(Mutex<Vec<String>>);

    impl Recorder for Notes {
        fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
        fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
        fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

        fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
            let labels = key
                .labels()
                .map(|label| format!(" {}={}", label.key(), label.value()));
            let note = key.name().to_owned() + &labels.collect::<String>();
            self.0.lock().expect("no panic").push(note);
            Counter::noop()
        }

        fn register_gauge(&self, _: &Key, _: &Metadata<'_>) -> Gauge {
            Gauge::noop()
        }

        fn register_histogram(&self, _: &Key, _: &Metadata<'_>) -> Histogram {
            Histogram::noop()
        }
    }

    #[test]
    fn renewals_and_invalidations_are_counted_under_closed_sets_of_labels() {
        let notes = Arc::new(Notes::default());
        metrics::with_local_recorder(&*notes, || {
            let telemetry = Telemetry::new("refresh_token");
            telemetry.renewed(Reason::Absent, 1, None);
            telemetry.invalidated(1);
            let step = Step::RefreshToken;
            let error = Refused::new(step, ErrorCode::InvalidGrant, Some(400), None).into();
            telemetry.failed(Reason::Invalidated, &error, Duration::ZERO);
        });
        let counted = notes.0.lock().expect("no panic");
        let expected = [
            "remote_auth_renewals_total grant=refresh_token reason=absent outcome=renewed",
            "remote_auth_invalidations_total grant=refresh_token",
            "remote_auth_renewals_total grant=refresh_token reason=invalidated outcome=grant_dead",
        ];
        assert_eq!(*counted, expected);
    }
}
