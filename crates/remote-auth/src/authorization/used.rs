//! The record that makes an opening the only one.

use std::collections::BTreeSet;
use std::fmt;
use std::pin::Pin;
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

use super::PENDING_LIFE;

/// The future of [`UsedRecord::claim`].
pub type ClaimFuture<'a> = Pin<Box<dyn Future<Output = Result<Claim, ClaimFailed>> + Send + 'a>>;

/// Remembers which sealed authorizations were opened, so that each opens once.
///
/// Where one process serves all callbacks, [`UsedInMemory`] is such a record.
/// Several processes need one that they share: a table with a unique key, which two of them cannot both insert into.
///
/// ```
/// use remote_auth::authorization::{Claim, ClaimFailed, ClaimFuture, Opening, UsedRecord};
/// # struct Database(std::sync::Mutex<std::collections::BTreeSet<String>>);
/// # impl Database {
/// #     async fn execute(&self, _: &str, id: &str, _: std::time::SystemTime) -> Result<usize, std::io::Error> {
/// #         Ok(self.0.lock().expect("no panic").insert(id.to_owned()).into())
/// #     }
/// # }
///
/// struct UsedInDatabase(Database);
///
/// impl UsedRecord for UsedInDatabase {
///     fn claim<'a>(&'a self, opening: &'a Opening) -> ClaimFuture<'a> {
///         Box::pin(async move {
///             // The database decides which of two processes was first; to look and then insert would let both be.
///             let insert = "INSERT INTO used (id, expires_at) VALUES ($1, $2) ON CONFLICT (id) DO NOTHING";
///             match self.0.execute(insert, opening.id(), opening.expires_at()).await {
///                 Ok(0) => Ok(Claim::Again),
///                 Ok(_) => Ok(Claim::First),
///                 Err(_) => Err(ClaimFailed),
///             }
///         })
///     }
/// }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # use remote_auth::authorization::{PendingAuthorization, SealingKey, SealingKeys};
/// # use remote_auth::{Client, Environment};
/// # let client = Client::builder(Environment::Sandbox).credentials("id", "secret").build()?;
/// # let keys = SealingKeys::from(SealingKey::generate());
/// # let (_, pending) = client.authorization("https://partner.example/callback").begin()?;
/// # let sealed = pending.seal(&keys, b"session")?;
/// # let used = UsedInDatabase(Database(Default::default()));
/// # PendingAuthorization::open(&client, sealed.as_str(), b"session", &keys, &used).await?;
/// # let again = PendingAuthorization::open(&client, sealed.as_str(), b"session", &keys, &used).await;
/// # assert_eq!(again.unwrap_err().code(), "mismatched.used");
/// # Ok(())
/// # }
/// ```
///
/// A row can be deleted half an hour after it expired.
/// The half hour is for clocks that somebody sets back.
pub trait UsedRecord: Send + Sync {
    /// Writes down that a sealed authorization is being opened, and tells whether it is the first time.
    ///
    /// Of any number of calls for one [id](Opening::id), at the same time or not, in one process or several, exactly
    /// one may get [`Claim::First`].
    ///
    /// # Errors
    ///
    /// [`ClaimFailed`] if that cannot be told. The authorization then does not open.
    fn claim<'a>(&'a self, opening: &'a Opening) -> ClaimFuture<'a>;
}

/// Describes the opening of one sealed authorization. Not a secret.
#[derive(Clone, Debug)]
pub struct Opening {
    pub(super) id: String,
    pub(super) expires_at: SystemTime,
    pub(super) opened_at: SystemTime,
}

impl Opening {
    /// Returns the identifier of the sealed authorization: 22 letters, digits, `-` and `_`, of 128 random bits.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Returns when the sealed authorization expires, in whole seconds.
    pub fn expires_at(&self) -> SystemTime {
        self.expires_at
    }

    /// Returns the time of the opening, by the client's clock.
    pub fn opened_at(&self) -> SystemTime {
        self.opened_at
    }
}

/// Says whether a sealed authorization was opened before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "who does not look opens twice"]
pub enum Claim {
    /// It was not: it is opened now.
    First,
    /// It was.
    Again,
}

/// Says that a [`UsedRecord`] could not be asked, or has no room.
///
/// It carries no cause, which might hold an address or a password: log that where it happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClaimFailed;

impl fmt::Display for ClaimFailed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("write down that the authorization is used")
    }
}

impl std::error::Error for ClaimFailed {}

/// Remembers in memory what was opened: enough where one process serves all callbacks.
///
/// # Units and limits
///
/// Holds 65,536 openings, of about 100 bytes each, and fails when it is full rather than forget one too early.
/// An opening is forgotten half an hour after it expired, so that a clock that is set back by less reopens nothing.
/// A process that starts again has forgotten everything: what was sealed before can then be opened once more.
#[derive(Debug)]
pub struct UsedInMemory {
    capacity: usize,
    /// In the order of expiry. An identifier has one expiry, so that the pair is as unique as the identifier.
    used: Mutex<BTreeSet<(SystemTime, String)>>,
}

impl UsedInMemory {
    /// Makes an empty record.
    pub fn new() -> Self {
        Self::with_capacity(1 << 16)
    }

    fn with_capacity(capacity: usize) -> Self {
        Self {
            capacity,
            used: Mutex::default(),
        }
    }

    fn claim_now(&self, opening: &Opening) -> Result<Claim, ClaimFailed> {
        let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(forgotten) = opening.opened_at.checked_sub(PENDING_LIFE) {
            *used = used.split_off(&(forgotten, String::new()));
        }
        let entry = (opening.expires_at, opening.id.clone());
        if used.contains(&entry) {
            return Ok(Claim::Again);
        }
        if used.len() >= self.capacity {
            return Err(ClaimFailed);
        }
        used.insert(entry);
        Ok(Claim::First)
    }
}

impl Default for UsedInMemory {
    fn default() -> Self {
        Self::new()
    }
}

impl UsedRecord for UsedInMemory {
    fn claim<'a>(&'a self, opening: &'a Opening) -> ClaimFuture<'a> {
        Box::pin(async { self.claim_now(opening) })
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use super::*;

    const DAY: Duration = Duration::from_secs(24 * 60 * 60);

    /// An opening that expires at the end of the first day.
    fn opening(id: &str, opened_at: Duration) -> Opening {
        Opening {
            id: id.to_owned(),
            expires_at: UNIX_EPOCH + DAY,
            opened_at: UNIX_EPOCH + opened_at,
        }
    }

    #[test]
    fn a_record_remembers_until_nothing_can_be_opened_again_and_no_longer() {
        let second = Duration::from_secs(1);
        let record = UsedInMemory::new();
        for (id, opened_at, claim) in [
            ("a", DAY - second, Claim::First),
            ("a", DAY - second, Claim::Again),
            ("b", DAY - second, Claim::First),
            ("a", DAY + PENDING_LIFE, Claim::Again),
            ("a", DAY + PENDING_LIFE + second, Claim::First),
        ] {
            let claimed = record.claim_now(&opening(id, opened_at));
            assert_eq!(claimed, Ok(claim), "{id} {opened_at:?}");
        }
        let used = record
            .used
            .lock()
            .expect("no test panics while it holds the record");
        assert_eq!(used.len(), 1, "b is forgotten too");
    }

    #[test]
    fn a_full_record_fails_for_new_ones_and_still_knows_the_old() {
        let record = UsedInMemory::with_capacity(2);
        for (id, opened_at, claimed) in [
            ("a", DAY, Ok(Claim::First)),
            ("b", DAY, Ok(Claim::First)),
            ("c", DAY, Err(ClaimFailed)),
            ("a", DAY, Ok(Claim::Again)),
            ("c", DAY * 2, Ok(Claim::First)),
        ] {
            assert_eq!(record.claim_now(&opening(id, opened_at)), claimed, "{id}");
        }
    }

    #[test]
    fn a_failed_claim_says_what_failed() {
        assert_eq!(
            ClaimFailed.to_string(),
            "write down that the authorization is used"
        );
    }

    #[test]
    fn a_clock_at_the_beginning_of_time_is_no_panic() {
        let record = UsedInMemory::new();
        let claimed = record.claim_now(&opening("a", Duration::ZERO));
        assert_eq!(claimed, Ok(Claim::First));
    }
}
