//! Rate limits: a window of one minute that begins with its first request.

use std::{collections::HashMap, sync::Arc, time::Duration};

use serde::{Deserialize, Serialize};

use crate::{clock::Timestamp, gateway::Gateway, rule::Rule};

const WINDOW: Duration = Duration::from_secs(60);
const CLIENT_REQUESTS_MAX: u32 = 250;
const COMPANY_REQUESTS_MAX: u32 = 300;

/// Whose requests are counted together.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(crate) enum Payer {
    /// One client, whatever the token; token requests count.
    Client(Arc<str>),
    /// One company, for its customer API tokens.
    Company(Arc<str>),
}

impl Payer {
    pub(crate) fn client_id(&self) -> Option<&Arc<str>> {
        match self {
            Self::Client(client_id) => Some(client_id),
            Self::Company(_) => None,
        }
    }

    const fn requests_max(&self) -> u32 {
        match self {
            Self::Client(_) => CLIENT_REQUESTS_MAX,
            Self::Company(_) => COMPANY_REQUESTS_MAX,
        }
    }

    const fn rule(&self) -> Rule {
        match self {
            Self::Client(_) => Rule::RateClient,
            Self::Company(_) => Rule::RateCompany,
        }
    }
}

/// What the three headers say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Reading {
    pub(crate) count: u32,
    pub(crate) remaining: u32,
    /// Time until the window ends; the header gives it in milliseconds.
    pub(crate) reset: Duration,
    /// The rule that refuses the request, if the window is used up.
    pub(crate) refused_by: Option<Rule>,
}

impl Reading {
    /// What a client is told whose window is used up and ends after `reset`.
    pub(crate) const fn used_up(reset: Duration) -> Self {
        Self {
            count: CLIENT_REQUESTS_MAX,
            remaining: 0,
            reset,
            refused_by: None,
        }
    }
}

/// The open windows; there are never more than clients, companies and gateways together.
#[derive(Debug, Default)]
pub(crate) struct Meters(HashMap<(Gateway, Payer), Window>);

#[derive(Debug)]
struct Window {
    began: Timestamp,
    count: u32,
}

impl Meters {
    /// Counts one request, unless the window is used up.
    pub(crate) fn charge(&mut self, gateway: Gateway, payer: Payer, now: Timestamp) -> Reading {
        let (limit, rule) = (payer.requests_max(), payer.rule());
        let window = self.0.entry((gateway, payer)).or_insert(Window {
            began: now,
            count: 0,
        });
        if now.since(window.began) >= WINDOW {
            *window = Window {
                began: now,
                count: 0,
            };
        }
        let refused_by = (window.count == limit).then_some(rule);
        window.count = limit.min(window.count + 1);
        Reading {
            count: window.count,
            remaining: limit - window.count,
            reset: WINDOW - now.since(window.began),
            refused_by,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::UNIX_EPOCH;

    use super::*;

    #[test]
    fn a_window_is_used_up_by_its_limit_and_opens_again_after_a_minute() {
        for payer in [Payer::Client("c".into()), Payer::Company("c".into())] {
            let (limit, rule) = (payer.requests_max(), payer.rule());
            let mut meters = Meters::default();
            let start = Timestamp::from(UNIX_EPOCH);
            let mut charge = |millis| {
                let now = start.plus(Duration::from_millis(millis));
                meters.charge(Gateway::Sandbox, payer.clone(), now)
            };
            for n in 1..=limit {
                let reading = charge(0);
                assert_eq!(
                    (reading.count, reading.remaining, reading.refused_by),
                    (n, limit - n, None)
                );
            }
            let refused = charge(59_999);
            assert_eq!(
                (refused.count, refused.remaining, refused.refused_by),
                (limit, 0, Some(rule))
            );
            assert_eq!(refused.reset, Duration::from_millis(1));
            assert_eq!(charge(60_000).count, 1);
        }
    }

    #[test]
    fn gateways_and_payers_are_counted_apart() {
        let mut meters = Meters::default();
        let now = Timestamp::from(UNIX_EPOCH);
        for gateway in Gateway::ALL {
            for payer in [
                Payer::Client("a".into()),
                Payer::Client("b".into()),
                Payer::Company("a".into()),
            ] {
                assert_eq!(meters.charge(gateway, payer, now).count, 1);
            }
        }
    }
}
