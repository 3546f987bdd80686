//! Nothing secret in what a client says of its own accord.
//!
//! What the contract asks for by name, such as `access_token`, is said because it was asked for.

use super::super::Client;
use super::super::contract::{Act, Answer};
use super::super::probe::{Probe, assertion, refresh, right, tokens};
use super::super::server::Reply;
use crate::judge::check::Objection;
use crate::judge::evidence::Record;
use crate::judge::{Examination, demand};
use crate::mark;

checks! { |client, record|
    "client.discretion.success",
    ["remote.skill.rule-no-secrets-in-source", "rfc6749.10.3.token-confidential", "rfc6749.10.5.code-confidential"],
    "Standard error shows no secret, token or code when everything goes well."
    => success(client, record);
    "client.discretion.refusal",
    ["remote.skill.rule-no-secrets-in-source", "rfc6749.10.4.refresh-confidential"],
    "Neither standard error nor what the client says of a refusal repeats what the server quoted."
    => after(client, record, || Reply::json(
        400,
        r#"{"error":"invalid_grant","error_description":"refresh-kanarie4711xyzzy-0 is dead","more":"kanarie4711xyzzy"}"#,
    ));
    "client.discretion.rubbish",
    ["remote.skill.rule-no-secrets-in-source", "rfc6749.10.14.input-escaped"],
    "Neither standard error nor what the client says of an answer that it cannot read repeats the answer."
    => after(client, record, || Reply::json(200, r#"{"access_token":"access-kanarie4711xyzzy-0","expires_in":kanarie4711xyzzy"#));
}

async fn success(client: &Client, record: &mut Record) -> Examination {
    let mut probe = Probe::start(client, record, right()).await?;
    for act in [Act::ClientCredentials, refresh(), assertion()] {
        // What the client does not support it cannot be indiscreet about.
        probe.ask(act).await.ok();
    }
    probe.login().await.ok();
    stays_silent(probe.finish().await?.told)
}

async fn after(client: &Client, record: &mut Record, reply: fn() -> Reply) -> Examination {
    let mut probe = Probe::start(client, record, tokens(move |_, _| reply())).await?;
    let answer = probe.ask(refresh()).await?;
    let said = match &answer {
        Answer::Refused { error } => error,
        Answer::Failed { reason } => reason,
        _ => "",
    };
    says_nothing("the client's answer", said)?;
    stays_silent(probe.finish().await?.told)
}

fn stays_silent(told: Option<String>) -> Examination {
    let unknown = || Objection::CouldNotRun("the client did not end with its input".to_owned());
    says_nothing("standard error", &told.ok_or_else(unknown)?)
}

fn says_nothing(place: &str, said: &str) -> Examination {
    let found = mark::find(said);
    demand(found.is_none(), || {
        format!("{place} shows a secret {}", found.unwrap_or_default())
    })
}
