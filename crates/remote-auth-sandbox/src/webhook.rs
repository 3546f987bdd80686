//! Webhooks: who asked to be told what, and the signed parcels that tell them.
//!
//! Sending is in [`crate::delivery`]; nothing here opens a connection.
//! The invariant: a callback leads to a loopback address, and its signing key is kept redacted and
//! opened to sign.

use std::{
    collections::VecDeque,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    sync::Arc,
};

use remote_oauth_client::Secret;
use ring::hmac;
use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use url::{Host, Position, Url};

use crate::{
    clock::Timestamp,
    directory::Directory,
    entropy::hex,
    fixture::{Company, Employment, Webhook},
    gateway::Gateway,
    iso8601,
    rate::Payer,
};

/// Callbacks of all gateways; beyond that the oldest is forgotten.
const CALLBACKS_MAX: usize = 256;

/// What happened to a company's or a person's access.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Event<'a> {
    PartnerOffboarded,
    CompanyArchived,
    UserDeactivated(&'a Employment),
}

impl Event<'_> {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::PartnerOffboarded => "company.partner_offboarded",
            Self::CompanyArchived => "company.archived",
            Self::UserDeactivated(_) => "employment.user_status.deactivated",
        }
    }

    /// The flat body that Remote's published description has for the event.
    fn body(self, company: &Company, now: Timestamp) -> Vec<u8> {
        let mut body = json!({ "event_type": self.name(), "company_id": &*company.id });
        match self {
            Self::PartnerOffboarded => {
                body["offboarding_date"] = Value::from(iso8601::format(now));
            }
            Self::CompanyArchived => {}
            Self::UserDeactivated(employment) => {
                body["employment_id"] = Value::from(employment.id.as_str());
            }
        }
        body.to_string().into_bytes()
    }
}

/// One registered callback.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Callback {
    pub(crate) id: String,
    pub(crate) gateway: Gateway,
    /// The client or the customer that registered it, and may delete it.
    pub(crate) owner: Payer,
    /// The only company that it hears of; a partner's own hears of all that the partner manages.
    pub(crate) company: Option<Arc<str>>,
    pub(crate) target: Target,
    pub(crate) subscription: Subscription,
    pub(crate) key: Secret,
}

impl Callback {
    pub(crate) fn of_fixture(webhook: &Webhook) -> Self {
        Self {
            id: webhook.id.clone(),
            gateway: webhook.gateway,
            owner: Payer::Client(webhook.client_id.as_str().into()),
            company: None,
            target: webhook.target.clone(),
            subscription: webhook.subscription.clone(),
            key: webhook.key.clone(),
        }
    }

    fn hears(&self, event: Event<'_>, company: &Company, directory: &Directory) -> bool {
        let subscribed = match &self.subscription {
            Subscription::All => true,
            Subscription::Named(names) => names.iter().any(|name| name == event.name()),
        };
        let managed = |client_id: &Arc<str>| {
            let company = directory.company(client_id, self.gateway, &company.id);
            company.is_some()
        };
        let concerned = match &self.company {
            Some(id) => *id == company.id,
            None => self.owner.client_id().is_some_and(managed),
        };
        subscribed && concerned
    }
}

/// Which events a callback is told of.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) enum Subscription {
    All,
    Named(Vec<String>),
}

/// Where a callback leads: a loopback address and a request target there.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Target {
    pub(crate) addresses: Vec<SocketAddr>,
    pub(crate) authority: String,
    pub(crate) path_and_query: String,
    /// Whether the address asks for TLS, which the sandbox does not speak.
    pub(crate) tls: bool,
}

impl Target {
    /// Reads the URL of a callback, unless it leads anywhere but to this machine.
    pub(crate) fn parse(url: &str) -> Option<Self> {
        let url = Url::parse(url).ok()?;
        let tls = match url.scheme() {
            "http" => false,
            "https" => true,
            _ => return None,
        };
        let ips = match url.host()? {
            Host::Ipv4(ip) => vec![IpAddr::V4(ip)],
            Host::Ipv6(ip) => vec![IpAddr::V6(ip)],
            // The name is not looked up, so no resolver can lead elsewhere.
            Host::Domain("localhost") => {
                vec![Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()]
            }
            Host::Domain(_) => return None,
        };
        let plain = url.username().is_empty() && url.password().is_none();
        if !plain || url.fragment().is_some() || !ips.iter().all(IpAddr::is_loopback) {
            return None;
        }
        let port = url.port_or_known_default()?;
        Some(Self {
            addresses: ips.iter().map(|ip| SocketAddr::new(*ip, port)).collect(),
            authority: url[Position::BeforeHost..Position::AfterPort].to_owned(),
            path_and_query: url[Position::BeforePath..Position::AfterQuery].to_owned(),
            tls,
        })
    }

    /// What a broken rule takes an address for that leads away from this machine: nobody is there.
    pub(crate) const fn nowhere() -> Self {
        Self {
            addresses: Vec::new(),
            authority: String::new(),
            path_and_query: String::new(),
            tls: false,
        }
    }
}

/// One event for one callback, signed and ready to be sent.
#[derive(Debug)]
pub(crate) struct Parcel {
    pub(crate) callback_id: String,
    pub(crate) event_type: &'static str,
    pub(crate) target: Target,
    pub(crate) body: Vec<u8>,
    pub(crate) timestamp_ms: u64,
    pub(crate) signature: String,
}

/// The registered callbacks, oldest first.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Callbacks(VecDeque<Callback>);

impl Callbacks {
    pub(crate) fn add(&mut self, callback: Callback) {
        if self.0.len() == CALLBACKS_MAX {
            self.0.pop_front();
        }
        self.0.push_back(callback);
    }

    /// Deletes a callback that this owner registered, for itself or for this company; says whether
    /// there was one.
    pub(crate) fn delete(
        &mut self,
        id: &str,
        gateway: Gateway,
        owner: &Payer,
        company: &Company,
    ) -> bool {
        let before = self.0.len();
        self.0.retain(|callback| {
            let is_own = callback.owner == *owner
                && callback.gateway == gateway
                && callback.company.as_ref().is_none_or(|id| *id == company.id);
            callback.id != id || !is_own
        });
        self.0.len() < before
    }

    /// Signs an event for everyone who hears of it.
    pub(crate) fn parcels(
        &self,
        event: Event<'_>,
        company: &Company,
        directory: &Directory,
        now: Timestamp,
    ) -> Vec<Parcel> {
        let body = event.body(company, now);
        let hearing = self.0.iter();
        hearing
            .filter(|callback| callback.hears(event, company, directory))
            .map(|callback| Parcel {
                callback_id: callback.id.clone(),
                event_type: event.name(),
                target: callback.target.clone(),
                timestamp_ms: now.unix_ms(),
                signature: sign(&callback.key, &body, now.unix_ms()),
                body: body.clone(),
            })
            .collect()
    }
}

/// Lower-case hexadecimal HMAC-SHA256 of the body, a colon and the timestamp.
#[expect(
    clippy::disallowed_methods,
    reason = "the key of a signature is the text of the callback's signing key"
)]
fn sign(key: &Secret, body: &[u8], timestamp_ms: u64) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, key.expose_secret().as_bytes());
    let mut context = hmac::Context::with_key(&key);
    context.update(body);
    context.update(b":");
    context.update(timestamp_ms.to_string().as_bytes());
    hex(context.sign().as_ref())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_loopback_addresses_are_targets() {
        for (url, good) in [
            ("http://127.0.0.1:8080/hook?x=1", true),
            ("http://127.9.9.9/hook", true),
            ("https://[::1]:8443/hook", true),
            ("http://localhost:8080", true),
            ("http://LOCALHOST/", true),
            ("http://client.example/hook", false),
            ("http://localhost.client.example/", false),
            ("http://10.0.0.1/", false),
            ("http://0.0.0.0:8080/", false),
            ("http://[::ffff:10.0.0.1]/", false),
            ("http://user@127.0.0.1/", false),
            ("http://:secret@127.0.0.1/", false),
            ("http://127.0.0.1/#x", false),
            ("ftp://127.0.0.1/", false),
            ("//127.0.0.1/", false),
            ("/hook", false),
            ("", false),
        ] {
            assert_eq!(Target::parse(url).is_some(), good, "{url}");
        }
        let target = Target::parse("http://[::1]:80/a b?q=\u{e9}\r\nx: y").unwrap();
        assert_eq!(target.authority, "[::1]");
        assert_eq!(target.path_and_query, "/a%20b?q=%C3%A9x:%20y");
    }

    #[test]
    fn the_signature_is_the_one_that_another_tool_computes() {
        // printf '{"event_type":"company.archived"}:1767225600000' | openssl dgst -sha256 -hmac k3y
        let key = Secret::from("k3y");
        let signature = sign(
            &key,
            br#"{"event_type":"company.archived"}"#,
            1_767_225_600_000,
        );
        assert_eq!(
            signature,
            "952e63cbcd3e3b8de26278618bc830fd2ae91da168105acdf379bad9466db764"
        );
    }
}
