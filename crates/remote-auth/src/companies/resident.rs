//! What memory has of one company: small, because there are many.
//!
//! The header value is the token; nothing else of it is kept.
//! What few companies have at a time - somebody who waits, a pause, a refused token - is in a box of its own.

use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use remote_oauth_client::Secret;
use reqwest::header::HeaderValue;

use super::calendar::second;
use super::record::Access;
use crate::clock::{Seen, ms, wall_ms};
use crate::error::Error;
use crate::scope::Scope;
use crate::secret::RefreshToken;
use crate::source::{flight, policy};
use crate::token::{Expiry, Moment};

/// No renewal is planned.
pub(super) const NEVER: u32 = u32::MAX;

/// What a call reads comes first.
#[derive(Debug, Default)]
#[repr(C)]
pub(super) struct Resident {
    /// `None` until there is a token, and after one was refused.
    pub(super) header: Option<HeaderValue>,
    ends_wall_ms: u64,
    ends_elapsed_ms: u64,
    /// How long before its end the token begins to age.
    margin_ms: u32,
    /// The end of the second in which the company was last asked for.
    used_s: u32,
    /// The second in which the token came.
    obtained_s: u32,
    /// When a renewal for which nobody waits is planned.
    pub(super) due_s: u32,
    pub(super) generation: u32,
    life_ms: u32,
    /// `None` while it is being looked up in the store.
    pub(super) refresh_token: Option<RefreshToken>,
    pub(super) scope: Option<Arc<Scope>>,
    pub(super) rare: Option<Box<Rare>>,
}

/// What few companies have at a time.
#[derive(Debug, Default)]
pub(super) struct Rare {
    /// Those who wait for a renewal that is asked for; whether it is on its way.
    pub(super) flight: Option<Flight>,
    pub(super) pause: Option<Pause>,
    /// The token that a gateway refused.
    pub(super) refused: Option<Secret>,
    /// The token came in the place of one that a gateway refused.
    pub(super) replaces_refused: bool,
    /// Invalidations so far: a result that was asked for before one is of the past.
    pub(super) epoch: u32,
    /// Until the grant is in the store.
    pub(super) user_id: Option<String>,
    /// Memory has what the store has not.
    pub(super) unsaved: bool,
    /// A write to the store is planned or on its way.
    pub(super) saving: bool,
    /// A new grant came while a renewal of the one before was on its way.
    pub(super) regranted: bool,
}

#[derive(Debug)]
pub(super) struct Flight {
    pub(super) shared: flight::Flight,
    pub(super) departed: bool,
}

impl Flight {
    pub(super) fn new() -> Self {
        Self {
            shared: flight::Flight::new(),
            departed: false,
        }
    }
}

impl Drop for Flight {
    /// Who still waits starts over.
    fn drop(&mut self) {
        if !self.shared.has_landed() {
            self.shared.lose();
        }
    }
}

#[derive(Clone, Debug)]
pub(super) struct Pause {
    pub(super) until: Duration,
    pub(super) error: Error,
    pub(super) failures: u32,
}

impl Resident {
    /// Where that ends which a call reads.
    #[cfg(test)]
    pub(super) const HOT_BYTES: usize = std::mem::offset_of!(Self, obtained_s);

    /// A company of which nothing is known.
    pub(super) fn absent() -> Self {
        Self {
            due_s: NEVER,
            ..Self::default()
        }
    }

    pub(super) fn rare(&mut self) -> &mut Rare {
        self.rare.get_or_insert_default()
    }

    pub(super) fn flight(&self) -> Option<&Flight> {
        self.rare.as_ref()?.flight.as_ref()
    }

    pub(super) fn has_departed(&self) -> bool {
        self.flight().is_some_and(|flight| flight.departed)
    }

    /// Returns the pause that is in force.
    pub(super) fn pause(&self, now: Moment) -> Option<&Pause> {
        let pause = self.rare.as_ref()?.pause.as_ref()?;
        (now.elapsed < pause.until).then_some(pause)
    }

    /// Puts a token in the place of the one before, and forgets what went wrong.
    pub(super) fn put(&mut self, access: &Access, scope: Option<Arc<Scope>>, now: Moment) {
        let left = access.left(now.wall);
        let life = Duration::from_millis(access.life_ms).min(crate::token::LIFE_MAX);
        let margin = policy::margin(life, policy::Jitter::draw());
        self.header = Some(access.header.clone());
        self.scope = scope;
        self.ends_wall_ms = access
            .ends_ms
            .min(wall_ms(now.wall).saturating_add(ms(life)));
        self.ends_elapsed_ms = ms(now.elapsed + left);
        self.life_ms = u32::try_from(life.as_millis()).unwrap_or(u32::MAX);
        self.margin_ms = u32::try_from(margin.as_millis()).unwrap_or(u32::MAX);
        self.generation = self.generation.wrapping_add(1);
        self.obtained_s = second(now.elapsed);
        if let Some(rare) = &mut self.rare {
            rare.replaces_refused = rare.refused.take().is_some();
            rare.pause = None;
        }
        self.tidy();
    }

    /// Lets the box of rare things go when there is none left.
    pub(super) fn tidy(&mut self) {
        self.rare.take_if(|rare| {
            let waits = rare.flight.is_some() || rare.pause.is_some();
            let refused = rare.refused.is_some() || rare.replaces_refused;
            !(waits || refused || rare.user_id.is_some() || rare.unsaved || rare.saving)
        });
    }

    pub(super) fn expiry(&self) -> Expiry {
        Expiry {
            life: Duration::from_millis(self.life_ms.into()),
            wall: UNIX_EPOCH + Duration::from_millis(self.ends_wall_ms),
            elapsed: Duration::from_millis(self.ends_elapsed_ms),
        }
    }

    /// Returns how long the token still lives; zero if there is none.
    pub(super) fn left(&self, now: Moment) -> Duration {
        match self.header {
            Some(_) => self.expiry().left(now),
            None => Duration::ZERO,
        }
    }

    pub(super) fn margin(&self) -> Duration {
        Duration::from_millis(self.margin_ms.into())
    }

    /// Tells whether memory has what the store has not.
    pub(super) fn is_unsaved(&self) -> bool {
        self.rare.as_ref().is_some_and(|rare| rare.unsaved)
    }

    /// Tells whether the token came in the place of a refused one, too short ago to refuse it as well.
    pub(super) fn is_held_on_to(&self, now: Moment) -> bool {
        let replaces_refused = self.rare.as_ref().is_some_and(|rare| rare.replaces_refused);
        replaces_refused && self.age(now) < policy::FLOOR
    }

    /// Tells whether somebody asked for the company since its token came.
    pub(super) fn is_in_use(&self) -> bool {
        self.used_s > self.obtained_s
    }

    /// Tells whether there is a token and it does not age yet: whether more is left of it than the margin.
    ///
    /// The same by [`left`](Self::left) and [`margin`](Self::margin), without their arithmetic of durations.
    #[inline]
    pub(super) fn is_fresh(&self, now: Seen) -> bool {
        let margin_ms = u64::from(self.margin_ms);
        self.header.is_some()
            && now.wall_ms.saturating_add(margin_ms) < self.ends_wall_ms
            && now.elapsed_ms.saturating_add(margin_ms) < self.ends_elapsed_ms
    }

    /// Returns the value of an `Authorization` header.
    #[inline]
    pub(super) fn value(&self) -> Option<HeaderValue> {
        let header = self.header.as_ref()?;
        // Whoever sends the value reads it. To begin with that before the count of its holders is raised lets the two
        // misses overlap, where a cache has neither.
        std::hint::black_box(header.as_bytes().first().copied());
        Some(header.clone())
    }

    /// Writes down that somebody asks.
    #[inline]
    pub(super) fn touch(&mut self, now_s: u32) {
        let used_s = now_s.saturating_add(1);
        // Twice in a second would dirty a line for nothing.
        if self.used_s != used_s {
            self.used_s = used_s;
        }
    }

    #[cfg(test)]
    pub(super) fn forget_use(&mut self) {
        self.used_s = 0;
    }

    pub(super) fn used_s(&self) -> u32 {
        self.used_s
    }

    /// Returns how long ago the token came.
    fn age(&self, now: Moment) -> Duration {
        Duration::from_secs(second(now.elapsed).saturating_sub(self.obtained_s).into())
    }

    /// Tells whether nothing is lost if memory forgets the company.
    pub(super) fn can_go(&self, now: Moment) -> bool {
        !self.is_unsaved() && self.flight().is_none() && self.pause(now).is_none()
    }

    /// Returns what the store keeps of the token.
    pub(super) fn access(&self) -> Option<Access> {
        Some(Access {
            header: self.header.clone()?,
            life_ms: self.life_ms.into(),
            ends_ms: self.ends_wall_ms,
            scope: self.scope.as_ref().map(|scope| scope.to_string()),
        })
    }

    /// Takes the token away, and remembers it so that it is not adopted again.
    pub(super) fn refuse(&mut self) {
        if let Some(access) = self.access() {
            self.rare().refused = Some(access.token());
        }
        self.header = None;
        let rare = self.rare();
        rare.epoch = rare.epoch.wrapping_add(1);
    }
}
