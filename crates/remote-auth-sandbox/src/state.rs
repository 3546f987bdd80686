//! What the sandbox remembers between requests, all of it bounded.
//!
//! Codes, tokens and tickets are kept under the digest of their text and never as text, so that a
//! look-up takes no time that depends on a secret and no view of the state can show one.
//! When a shelf is full, its oldest entry goes.

use std::{
    collections::{HashMap, VecDeque},
    fmt,
    sync::Arc,
    time::Duration,
};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use ring::digest::{SHA256, digest};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::{
    clock::Timestamp,
    directory::{Directory, Ending},
    fixture::{Company, Employment, Fixture, User},
    gateway::Gateway,
    pkce::Challenge,
    rate::{Meters, Payer},
    scope::Scope,
    webhook::{Callback, Callbacks, Event, Parcel},
};

/// How long a consent page may stand open.
const TICKET_LIFE: Duration = Duration::from_secs(600);
/// How long a code lives, as Remote documents it.
const CODE_LIFE: Duration = Duration::from_secs(300);
/// How long an access token lives, as Remote documents it.
pub(crate) const ACCESS_TOKEN_LIFE: Duration = Duration::from_secs(3600);

const TICKETS_MAX: usize = 256;
const CODES_MAX: usize = 4_096;
const ACCESS_TOKENS_MAX: usize = 65_536;
const REFRESH_TOKENS_MAX: usize = 4_096;
const MAGIC_LINKS_MAX: usize = 1_024;

/// The key of everything secret.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub(crate) struct Digest([u8; 32]);

impl Digest {
    pub(crate) fn of(text: &str) -> Self {
        let digest = digest(&SHA256, text.as_bytes());
        Self(
            digest
                .as_ref()
                .try_into()
                .expect("a SHA-256 digest has 32 bytes"),
        )
    }
}

impl From<Digest> for String {
    fn from(digest: Digest) -> Self {
        URL_SAFE_NO_PAD.encode(digest.0)
    }
}

impl TryFrom<String> for Digest {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok();
        let digest = bytes.and_then(|bytes| bytes.try_into().ok());
        digest.map(Self).ok_or("a digest has 32 bytes")
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Digest(..)")
    }
}

/// Names everything that one consent gave, so that it can be revoked together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct GrantId(u64);

/// Whom a token speaks for.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) enum Principal {
    /// The client itself, by client credentials.
    Partner,
    /// A company that consented, through the user who did.
    Company {
        company: Arc<Company>,
        user: Arc<User>,
    },
    /// A manager, by assertion.
    Manager {
        company: Arc<Company>,
        user: Arc<User>,
    },
    /// The owner of an employment, by assertion.
    Employee {
        company: Arc<Company>,
        employment: Arc<Employment>,
    },
    /// The user who made a customer API token.
    Customer {
        company: Arc<Company>,
        user: Arc<User>,
    },
}

impl Principal {
    /// The company whose data the token reaches through its client; a customer's own token needs
    /// none.
    fn company_of_client(&self) -> Option<&Company> {
        match self {
            Self::Company { company, .. }
            | Self::Manager { company, .. }
            | Self::Employee { company, .. } => Some(company),
            Self::Partner | Self::Customer { .. } => None,
        }
    }
}

/// An authorization request that passed every rule.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct AuthorizationRequest {
    pub(crate) client_id: Arc<str>,
    pub(crate) gateway: Gateway,
    pub(crate) redirect_uri: String,
    pub(crate) state: Option<String>,
    pub(crate) scope: Scope,
    pub(crate) challenge: Option<Challenge>,
}

/// A consent page that stands open.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Ticket {
    pub(crate) request: AuthorizationRequest,
    pub(crate) expires_at: Timestamp,
}

/// An issued code.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Code {
    pub(crate) request: AuthorizationRequest,
    pub(crate) company: Arc<Company>,
    pub(crate) user: Arc<User>,
    pub(crate) expires_at: Timestamp,
    /// What the code gave, once it was redeemed.
    pub(crate) redeemed: Option<GrantId>,
}

/// An issued access token.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct AccessToken {
    /// The client it was issued to, or for customer API tokens the company.
    pub(crate) payer: Payer,
    pub(crate) gateway: Gateway,
    pub(crate) principal: Principal,
    pub(crate) scope: Scope,
    /// Customer API tokens have no end.
    pub(crate) expires_at: Option<Timestamp>,
    pub(crate) grant: Option<GrantId>,
}

/// An issued refresh token.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct RefreshToken {
    pub(crate) client_id: Arc<str>,
    pub(crate) gateway: Gateway,
    pub(crate) company: Arc<Company>,
    pub(crate) user: Arc<User>,
    pub(crate) scope: Scope,
    pub(crate) grant: GrantId,
    pub(crate) issued_at: Timestamp,
    /// When it was first exchanged for another, where refresh tokens rotate.
    pub(crate) rotated_at: Option<Timestamp>,
}

/// A link that signs one person in.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct MagicLink {
    pub(crate) gateway: Gateway,
    pub(crate) company: Arc<Company>,
    /// Where the link is for an employee; otherwise it is for the manager.
    pub(crate) employment: Option<Arc<Employment>>,
    /// Where the person arrives.
    pub(crate) path: String,
}

/// Everything that changes.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct State {
    pub(crate) tickets: Shelf<Ticket, TICKETS_MAX>,
    pub(crate) codes: Shelf<Code, CODES_MAX>,
    pub(crate) access_tokens: Shelf<AccessToken, ACCESS_TOKENS_MAX>,
    pub(crate) refresh_tokens: Shelf<RefreshToken, REFRESH_TOKENS_MAX>,
    pub(crate) magic_links: Shelf<MagicLink, MAGIC_LINKS_MAX>,
    pub(crate) directory: Directory,
    pub(crate) callbacks: Callbacks,
    /// Windows of a minute, which are not worth keeping.
    #[serde(skip)]
    pub(crate) meters: Meters,
    numbers: u64,
}

impl State {
    pub(crate) fn new(fixture: &Fixture) -> Self {
        let mut callbacks = Callbacks::default();
        for webhook in &fixture.webhooks {
            callbacks.add(Callback::of_fixture(webhook));
        }
        Self {
            tickets: Shelf::default(),
            codes: Shelf::default(),
            access_tokens: Shelf::default(),
            refresh_tokens: Shelf::default(),
            magic_links: Shelf::default(),
            directory: Directory::new(fixture),
            callbacks,
            meters: Meters::default(),
            numbers: 0,
        }
    }

    pub(crate) fn new_grant(&mut self) -> GrantId {
        GrantId(self.next_number())
    }

    /// A number that was not given before, and which anybody can guess.
    pub(crate) fn next_number(&mut self) -> u64 {
        self.numbers += 1;
        self.numbers
    }

    /// Takes back every token that one consent gave.
    pub(crate) fn revoke(&mut self, grant: GrantId) {
        self.access_tokens
            .retain(|token| token.grant != Some(grant));
        self.refresh_tokens.retain(|token| token.grant != grant);
    }

    /// What there is to tell of an event; to be asked before the event changes who manages whom.
    pub(crate) fn parcels(
        &self,
        event: Event<'_>,
        company: &Company,
        now: Timestamp,
    ) -> Vec<Parcel> {
        self.callbacks.parcels(event, company, &self.directory, now)
    }

    /// Ends what clients have of a company: every token, code and link, and the company itself.
    pub(crate) fn end_company(&mut self, company: &Company, ending: Ending) {
        self.directory.end(company, ending);
        let is_other = |other: &Company| other.id != company.id;
        self.access_tokens
            .retain(|token| token.principal.company_of_client().is_none_or(is_other));
        self.refresh_tokens.retain(|token| is_other(&token.company));
        self.codes.retain(|code| is_other(&code.company));
        self.magic_links.retain(|link| is_other(&link.company));
    }

    /// Ends what the user of an employment has: their tokens and links.
    pub(crate) fn deactivate(&mut self, employment: &Employment) {
        self.directory.deactivate(employment);
        self.access_tokens.retain(|token| {
            !matches!(&token.principal, Principal::Employee { employment: own, .. }
                if own.id == employment.id)
        });
        self.magic_links.retain(|link| {
            link.employment
                .as_ref()
                .is_none_or(|own| own.id != employment.id)
        });
    }

    pub(crate) fn open_ticket(
        &mut self,
        ticket: &str,
        request: AuthorizationRequest,
        now: Timestamp,
    ) {
        let expires_at = now.plus(TICKET_LIFE);
        self.tickets.put(
            Digest::of(ticket),
            Ticket {
                request,
                expires_at,
            },
        );
    }

    pub(crate) fn issue_code(
        &mut self,
        code: Digest,
        request: AuthorizationRequest,
        company: &Arc<Company>,
        now: Timestamp,
    ) {
        let (company, user) = (Arc::clone(company), Arc::clone(&company.manager));
        let expires_at = now.plus(CODE_LIFE);
        self.codes.put(
            code,
            Code {
                request,
                company,
                user,
                expires_at,
                redeemed: None,
            },
        );
    }
}

/// A map that forgets its oldest entry rather than grow beyond its bound.
#[derive(Debug)]
pub(crate) struct Shelf<V, const ENTRIES_MAX: usize> {
    entries: HashMap<Digest, V>,
    /// Keys in the order of arrival; a key whose entry was taken stays until its turn comes.
    order: VecDeque<Digest>,
}

impl<V, const ENTRIES_MAX: usize> Shelf<V, ENTRIES_MAX> {
    pub(crate) fn put(&mut self, key: Digest, value: V) {
        if self.order.len() == ENTRIES_MAX
            && let Some(oldest) = self.order.pop_front()
        {
            self.entries.remove(&oldest);
        }
        self.order.push_back(key);
        self.entries.insert(key, value);
    }

    pub(crate) fn get(&self, key: Digest) -> Option<&V> {
        self.entries.get(&key)
    }

    pub(crate) fn get_mut(&mut self, key: Digest) -> Option<&mut V> {
        self.entries.get_mut(&key)
    }

    pub(crate) fn take(&mut self, key: Digest) -> Option<V> {
        self.entries.remove(&key)
    }

    /// The entries in the order of their arrival.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (Digest, &V)> {
        let order = self.order.iter();
        order.filter_map(|key| Some((*key, self.entries.get(key)?)))
    }

    fn retain(&mut self, keep: impl Fn(&V) -> bool) {
        self.entries.retain(|_, value| keep(value));
    }
}

impl<V, const ENTRIES_MAX: usize> Default for Shelf<V, ENTRIES_MAX> {
    fn default() -> Self {
        Self {
            entries: HashMap::new(),
            order: VecDeque::new(),
        }
    }
}

impl<V: Serialize, const ENTRIES_MAX: usize> Serialize for Shelf<V, ENTRIES_MAX> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter())
    }
}

impl<'de, V: Deserialize<'de>, const ENTRIES_MAX: usize> Deserialize<'de>
    for Shelf<V, ENTRIES_MAX>
{
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let entries = Vec::<(Digest, V)>::deserialize(deserializer)?;
        let mut shelf = Self::default();
        for (key, value) in entries {
            shelf.put(key, value);
        }
        Ok(shelf)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_shelf_forgets_its_oldest_entry() {
        let mut shelf = Shelf::<_, 2>::default();
        let key = |n: u32| Digest::of(&n.to_string());
        for n in 0..5 {
            shelf.put(key(n), n);
            assert!(shelf.entries.len() <= 2 && shelf.order.len() <= 2);
        }
        assert_eq!(
            (shelf.get(key(2)), shelf.get(key(3)), shelf.get(key(4))),
            (None, Some(&3), Some(&4))
        );
    }

    #[test]
    fn a_taken_entry_is_gone_and_leaves_the_bound_as_it_was() {
        let mut shelf = Shelf::<_, 2>::default();
        let key = |n: u32| Digest::of(&n.to_string());
        shelf.put(key(0), 0);
        assert_eq!(shelf.take(key(0)), Some(0));
        assert_eq!(shelf.take(key(0)), None);
        for n in 1..4 {
            shelf.put(key(n), n);
        }
        assert_eq!((shelf.entries.len(), shelf.order.len()), (2, 2));
    }
}
