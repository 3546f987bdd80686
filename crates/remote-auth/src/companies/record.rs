//! What a store keeps of one company.

use std::fmt;
use std::io;
use std::time::{Duration, SystemTime};

use remote_oauth_client::Secret;
use reqwest::header::HeaderValue;
use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize};

use super::store::StoreFailed;
use crate::clock::wall_ms;
use crate::secret::RefreshToken;
use crate::token::{bearer_header, bearer_token};

/// Holds a company's grant as stores keep it: the refresh token, the access token that goes with it, and what is known
/// of an exchange that has not ended.
///
/// # Secrets
///
/// `Debug` shows no token. [`to_secret`](Self::to_secret) writes them out, for the store's own slot and nothing else.
#[derive(Clone, Serialize, Deserialize)]
pub struct CompanyRecord {
    pub(super) refresh_token: Secret,
    /// The refresh token before, for an exchange whose end nobody wrote down.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) older_refresh_token: Option<Secret>,
    /// Written before a request leaves and taken away with its result: when it is found, a process ended in between.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) intent_ms: Option<u64>,
    /// The server has replaced a refresh token before, so without a lease none is spent.
    #[serde(default)]
    pub(super) rotates: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) user_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) access: Option<Access>,
}

/// An access token as it is kept, with its life by the time of day.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Access {
    /// The value of an `Authorization` header. A store keeps the token alone.
    #[serde(rename = "token", with = "as_token")]
    pub(super) header: HeaderValue,
    pub(super) life_ms: u64,
    pub(super) ends_ms: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) scope: Option<String>,
}

impl CompanyRecord {
    /// Takes a grant as it was given, without an access token.
    pub fn new(refresh_token: RefreshToken, user_id: Option<&str>) -> Self {
        Self::of(refresh_token, user_id.map(str::to_owned), None)
    }

    pub(super) fn of(
        refresh_token: RefreshToken,
        user_id: Option<String>,
        access: Option<Access>,
    ) -> Self {
        Self {
            refresh_token: refresh_token.into(),
            older_refresh_token: None,
            intent_ms: None,
            rotates: false,
            user_id,
            access,
        }
    }

    /// Returns the refresh token.
    pub fn refresh_token(&self) -> RefreshToken {
        self.refresh_token.clone().into()
    }

    /// Returns the admin who consented, where that is known.
    pub fn user_id(&self) -> Option<&str> {
        self.user_id.as_deref()
    }

    /// Tells whether an exchange was begun whose end nobody wrote down.
    pub fn is_unresolved(&self) -> bool {
        self.intent_ms.is_some()
    }

    /// Writes the record as one text, which a store keeps as it is.
    pub fn to_secret(&self) -> Secret {
        // Measured first, so that it is written once and no half-grown copy of a token stays behind.
        let mut length = Length(0);
        self.write(&mut length);
        let mut text = Vec::with_capacity(length.0);
        self.write(&mut text);
        Secret::from(String::from_utf8(text).expect("JSON is UTF-8"))
    }

    fn write(&self, to: impl io::Write) {
        serde_json::to_writer(to, self).expect("texts and numbers are JSON");
    }

    /// Reads what [`to_secret`](Self::to_secret) wrote.
    ///
    /// # Errors
    ///
    /// [`StoreFailed`] if it did not write that: what is torn is never taken for a record.
    #[expect(
        clippy::disallowed_methods,
        reason = "a record is read out of its store's slot"
    )]
    pub fn parse(text: &Secret) -> Result<Self, StoreFailed> {
        let record: Self = serde_json::from_str(text.expose_secret()).map_err(|_| StoreFailed)?;
        let tokens = [
            Some(&record.refresh_token),
            record.older_refresh_token.as_ref(),
        ];
        let sendable = tokens.into_iter().flatten().all(Secret::is_vschar);
        sendable.then_some(record).ok_or(StoreFailed)
    }

    /// Puts a refresh token in the place of the one before, which is remembered, and tells whether it is another.
    pub(super) fn rotate(&mut self, token: &Secret) -> bool {
        let another = !self.refresh_token.same_as(token);
        if another {
            let older = std::mem::replace(&mut self.refresh_token, token.clone());
            self.older_refresh_token = Some(older);
        }
        another
    }
}

/// Counts what is written.
struct Length(usize);

impl io::Write for Length {
    fn write(&mut self, text: &[u8]) -> io::Result<usize> {
        self.0 += text.len();
        Ok(text.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A header value as the token that it was made of.
mod as_token {
    use serde::de::Error;
    use serde::{Deserializer, Serializer};

    use super::*;

    pub(super) fn serialize<S: Serializer>(value: &HeaderValue, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(bearer_token(value))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<HeaderValue, D::Error> {
        let token = Secret::deserialize(from)?;
        let sendable = token.is_vschar().then(|| bearer_header(&token));
        sendable.ok_or_else(|| Error::custom("a token that no header can carry"))
    }
}

impl Access {
    /// Returns a copy of the token.
    pub(super) fn token(&self) -> Secret {
        bearer_token(&self.header).into()
    }

    /// Returns how long the token still lives by the time of day, and never more than its whole life.
    pub(super) fn left(&self, wall: SystemTime) -> Duration {
        let left_ms = self.ends_ms.saturating_sub(wall_ms(wall)).min(self.life_ms);
        Duration::from_millis(left_ms)
    }
}

impl fmt::Debug for CompanyRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CompanyRecord")
            .field("user_id", &self.user_id)
            .field("unresolved", &self.is_unresolved())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::time::UNIX_EPOCH;

    use super::*;

    fn record() -> CompanyRecord {
        let mut record = CompanyRecord::new("refresh-canary".into(), Some("user"));
        record.rotate(&"newer-canary".into());
        record.intent_ms = Some(7);
        record.access = Some(Access {
            header: bearer_header(&"access-canary".into()),
            life_ms: 3_600_000,
            ends_ms: 5_000_000,
            scope: Some("company:read".into()),
        });
        record
    }

    #[test]
    fn a_record_is_one_text_and_comes_back_whole() {
        let text = record().to_secret();
        let read = CompanyRecord::parse(&text).expect("a record");
        assert!(read.to_secret().same_as(&text));
        assert!(read.refresh_token().same_as(&"newer-canary".into()));
        assert!(read.is_unresolved() && read.user_id() == Some("user"));
        assert!(!format!("{read:?}").contains("canary"));
    }

    #[test]
    fn a_record_is_written_once_and_no_copy_of_it_stays_behind() {
        let record = record();
        let used = allocation_counter::measure(|| drop(record.to_secret()));
        assert_eq!(used.count_total, 1);
    }

    #[test]
    #[expect(clippy::disallowed_methods, reason = "the test tears the text")]
    fn a_torn_text_is_no_record() {
        let text = record().to_secret();
        let text = text.expose_secret();
        for end in 0..text.len() {
            let torn = Secret::from(&text[..end]);
            assert_eq!(
                CompanyRecord::parse(&torn).err(),
                Some(StoreFailed),
                "{end}"
            );
        }
        let unsendable = Secret::from(r#"{"refresh_token":"a\nb"}"#);
        assert!(CompanyRecord::parse(&unsendable).is_err());
    }

    #[test]
    fn what_is_left_of_a_life_is_never_more_than_the_life() {
        let access = record().access.expect("a token");
        let left_ms = |wall_ms| {
            access
                .left(UNIX_EPOCH + Duration::from_millis(wall_ms))
                .as_millis()
        };
        assert_eq!(left_ms(4_000_000), 1_000_000);
        assert_eq!(left_ms(5_000_001), 0);
        assert_eq!(
            left_ms(0),
            3_600_000,
            "a clock that was set back adds nothing"
        );
    }
}
