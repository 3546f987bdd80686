//! Webhook callbacks: registering one, which shows its signing key once, and deleting it.

use std::sync::Arc;

use axum::http::StatusCode;
use remote_oauth_client::Secret;
use serde_json::{Map, Value};

use super::{Asked, wire};
use crate::{
    platform::wire::Refused,
    rule::Rule,
    webhook::{Callback, Subscription, Target},
    wire::Answer,
    world::Desk,
};

/// Events that one callback may name; the published list has about a hundred.
const EVENTS_MAX: usize = 256;
const EVENT_NAME_BYTES_MAX: usize = 128;
const URL_BYTES_MAX: usize = 2_048;

/// `POST …/webhook-callbacks`.
pub(super) fn create(desk: &mut Desk<'_>, asked: &Asked<'_>) -> Result<Answer, Refused> {
    let body = asked.object()?;
    let known = ["url", "subscribed_events", "subscribe_to_all_events"];
    let rules = &desk.world.rules;
    let invalid = |field| move |rule| Refused::field(rule, field);
    let all_known = body.keys().all(|name| known.contains(&name.as_str()));
    rules
        .demand(Rule::WebhookFields, all_known)
        .map_err(invalid("body"))?;
    let url = body.get("url").and_then(Value::as_str).unwrap_or_default();
    let target = Some(url)
        .filter(|url| url.len() <= URL_BYTES_MAX)
        .and_then(Target::parse);
    let target = rules
        .find(Rule::WebhookUrl, target, || Some(Target::nowhere()))
        .map_err(invalid("url"))?;
    let subscription = rules
        .find(Rule::WebhookEvents, subscription(&body), || {
            Some(Subscription::All)
        })
        .map_err(invalid("subscribed_events"))?;

    let id = desk.world.entropy.uuid();
    let key = Secret::from(desk.world.entropy.base32());
    let body = wire::webhook_callback(&id, url, &subscription, key.clone());
    let company = asked.company().ok().map(|company| Arc::clone(&company.id));
    let gateway = desk.gateway;
    desk.state.callbacks.add(Callback {
        id,
        gateway,
        owner: asked.token.payer.clone(),
        company,
        target,
        subscription,
        key,
    });
    Ok(Answer::json(Rule::WebhookCreated, StatusCode::OK, &body).unstored())
}

/// `DELETE …/webhook-callbacks/{id}`.
pub(super) fn delete(desk: &mut Desk<'_>, asked: &Asked<'_>) -> Result<Answer, Refused> {
    let (owner, company, gateway) = (&asked.token.payer, asked.company()?, desk.gateway);
    let callbacks = &mut desk.state.callbacks;
    let was_there = callbacks.delete(asked.id, gateway, owner, company);
    let rules = &desk.world.rules;
    rules
        .demand(Rule::WebhookKnown, was_there)
        .map_err(|rule| Refused::not_found(rule, "Webhook callback not found"))?;
    let (rule, status) = (Rule::WebhookDeleted, StatusCode::OK);
    Ok(Answer::json(rule, status, &wire::success()))
}

/// Reads what the callback wants to hear of: all events, or those it names, and not both.
fn subscription(body: &Map<String, Value>) -> Option<Subscription> {
    let all = match body.get("subscribe_to_all_events") {
        None => false,
        Some(all) => all.as_bool()?,
    };
    match (all, body.get("subscribed_events")) {
        (true, None) => Some(Subscription::All),
        (false, Some(Value::Array(names))) if (1..=EVENTS_MAX).contains(&names.len()) => {
            let name = |name: &Value| {
                let name = name.as_str().filter(|name| is_event_name(name));
                name.map(str::to_owned)
            };
            let names = names.iter().map(name).collect::<Option<_>>();
            names.map(Subscription::Named)
        }
        _ => None,
    }
}

/// Tells whether a text has the form of an event's name: lower-case words joined by full stops.
///
/// The published list grows, so it is not repeated here.
fn is_event_name(name: &str) -> bool {
    let is_word = |word: &str| {
        let good = |byte: u8| byte.is_ascii_lowercase() || byte == b'_';
        !word.is_empty() && word.bytes().all(good)
    };
    name.len() <= EVENT_NAME_BYTES_MAX && name.contains('.') && name.split('.').all(is_word)
}
