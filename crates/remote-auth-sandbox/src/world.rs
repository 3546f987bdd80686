//! One sandbox as its rules see it: what is fixed, and behind locks what changes.

use std::{
    fmt, io,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use remote_oauth_client::Secret;

use crate::{
    clock::{Clock, Timestamp},
    danger::Rules,
    directory::Ending,
    entropy::Entropy,
    fixture::{Company, Fixture},
    gateway::Gateway,
    ledger::{Known, Ledger},
    rate::{Payer, Reading},
    refresh::RefreshTokens,
    registration::Registration,
    rule::Rule,
    scope::{Purpose, Scope},
    script::Faults,
    state::{AccessToken, Digest, Principal, State},
    webhook::{Event, Parcel},
};

/// A token that a customer made for its own company.
pub(crate) struct CustomerToken {
    pub(crate) digest: Digest,
    pub(crate) gateway: Gateway,
    pub(crate) company: Arc<Company>,
}

/// What all three gateways share.
pub(crate) struct World {
    pub(crate) rules: Rules,
    pub(crate) clock: Clock,
    pub(crate) entropy: Entropy,
    pub(crate) fixture: Fixture,
    /// The demo client first.
    pub(crate) registrations: Vec<Registration>,
    /// Base address of each gateway, in the order of [`Gateway::ALL`], without a trailing slash.
    pub(crate) gateway_urls: [String; 3],
    pub(crate) customer_tokens: Vec<CustomerToken>,
    pub(crate) auto_approve: bool,
    pub(crate) rate_limited: bool,
    pub(crate) refresh_tokens: RefreshTokens,
    pub(crate) require_pkce: bool,
    pub(crate) state: Mutex<State>,
    pub(crate) faults: Mutex<Faults>,
    pub(crate) ledger: Mutex<Ledger<Gateway>>,
    pub(crate) known: Arc<Known>,
}

impl World {
    /// Opens the desk at which one request to one gateway is judged.
    pub(crate) fn desk(&self, gateway: Gateway) -> Desk<'_> {
        Desk {
            world: self,
            state: lock(&self.state),
            gateway,
            now: self.clock.now(),
            refresh_tokens: self.refresh_tokens,
        }
    }

    pub(crate) fn client(&self, client_id: &str) -> Option<&Registration> {
        self.registrations
            .iter()
            .find(|client| &*client.client_id == client_id)
    }

    pub(crate) fn gateway_url(&self, gateway: Gateway) -> &str {
        &self.gateway_urls[gateway.index()]
    }

    /// The audience that assertions for this gateway name.
    pub(crate) fn audience(&self, gateway: Gateway) -> String {
        format!("{}/auth", self.gateway_url(gateway))
    }

    /// Gives a client a new secret; the one before it is right for as long as the grace says.
    pub(crate) fn rotate_secret(&self, client_id: &str, grace: Duration) -> io::Result<Secret> {
        let client = self.client(client_id);
        let client = client.ok_or_else(|| nobody("no client has this id"))?;
        let next = Secret::from(self.entropy.hex());
        client.keys.rotate(&next, self.clock.now().plus(grace));
        Ok(next)
    }

    /// Forgets all that happened.
    pub(crate) fn reset(&self) {
        *lock(&self.state) = State::new(&self.fixture);
        for client in &self.registrations {
            client.keys.reset(&client.client_secret);
        }
        lock(&self.faults).clear();
        lock(&self.ledger).clear();
    }

    /// Ends a company and returns what there is to tell of it.
    pub(crate) fn end_company(&self, id: &str, ending: Ending) -> io::Result<Vec<Parcel>> {
        let mut state = lock(&self.state);
        let found = state.directory.managed_by_any(id).cloned();
        let company = found.ok_or_else(|| nobody("no client manages a company of this id"))?;
        let event = match ending {
            Ending::Offboarded => Event::PartnerOffboarded,
            Ending::Archived => Event::CompanyArchived,
        };
        let parcels = state.parcels(event, &company, self.clock.now());
        state.end_company(&company, ending);
        Ok(self.signed(parcels))
    }

    /// Deactivates the user of an employment and returns what there is to tell of it.
    pub(crate) fn deactivate(&self, employment_id: &str) -> io::Result<Vec<Parcel>> {
        let mut state = lock(&self.state);
        let found = state.directory.active_employment(employment_id);
        let (company, employment) =
            found.ok_or_else(|| nobody("no client manages an active employment of this id"))?;
        let event = Event::UserDeactivated(&employment);
        let parcels = state.parcels(event, &company, self.clock.now());
        state.deactivate(&employment);
        Ok(self.signed(parcels))
    }

    /// Leaves the signatures as they are, unless they are to be wrong.
    fn signed(&self, mut parcels: Vec<Parcel>) -> Vec<Parcel> {
        if !self.rules.keep(Rule::WebhookSigned) {
            for parcel in &mut parcels {
                parcel.signature = "0".repeat(parcel.signature.len());
            }
        }
        parcels
    }

    fn customer_token(&self, token: Digest) -> Option<(&Arc<Company>, AccessToken)> {
        let mut known = self.customer_tokens.iter();
        let found = known.find(|known| known.digest == token)?;
        let (company, user) = (found.company.clone(), found.company.manager.clone());
        let token = AccessToken {
            payer: Payer::Company(Arc::clone(&company.id)),
            gateway: found.gateway,
            principal: Principal::Customer { company, user },
            scope: Scope::default_for(Purpose::Manager),
            expires_at: None,
            grant: None,
        };
        Some((&found.company, token))
    }
}

impl fmt::Debug for World {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("World")
            .field("gateway_urls", &self.gateway_urls)
            .finish_non_exhaustive()
    }
}

/// Everything that one decision may look at and change, held for no longer than the decision.
pub(crate) struct Desk<'a> {
    pub(crate) world: &'a World,
    pub(crate) state: MutexGuard<'a, State>,
    pub(crate) gateway: Gateway,
    pub(crate) now: Timestamp,
    /// What the switch says, unless a fault says otherwise for this request.
    pub(crate) refresh_tokens: RefreshTokens,
}

impl Desk<'_> {
    /// Finds what a bearer token stands for, whatever gateway issued it and however old it is.
    pub(crate) fn access_token(&self, token: &str) -> Option<AccessToken> {
        let digest = Digest::of(token);
        self.state
            .access_tokens
            .get(digest)
            .cloned()
            .or_else(|| self.customer_token(digest))
    }

    /// A customer's own token does not end with a partner's access, only with the company.
    fn customer_token(&self, token: Digest) -> Option<AccessToken> {
        let (company, token) = self.world.customer_token(token)?;
        (!self.state.directory.is_archived(company)).then_some(token)
    }

    /// Counts one request against a limit; with limits switched off it counts and never refuses.
    pub(crate) fn charge(&mut self, payer: Payer) -> Reading {
        let reading = self.state.meters.charge(self.gateway, payer, self.now);
        Reading {
            refused_by: reading
                .refused_by
                .filter(|rule| self.world.rate_limited && self.world.rules.keep(*rule)),
            ..reading
        }
    }

    /// Makes a value that nobody can guess, which is what the rule demands.
    pub(crate) fn unguessable(&mut self, rule: Rule) -> String {
        if self.world.rules.keep(rule) {
            self.world.entropy.opaque()
        } else {
            self.state.next_number().to_string()
        }
    }

    /// What a broken rule takes an unknown bearer token for: the demo client's own.
    pub(crate) fn demo_client_token(&self) -> AccessToken {
        let client = &self.world.registrations[0];
        AccessToken {
            payer: Payer::Client(Arc::clone(&client.client_id)),
            gateway: self.gateway,
            principal: Principal::Partner,
            scope: Scope::default_for(Purpose::ClientCredentials),
            expires_at: None,
            grant: None,
        }
    }
}

fn nobody(fault: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::NotFound, fault)
}

/// Locks what a panic elsewhere cannot have left half-done: every change here is a single insertion
/// or removal.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
