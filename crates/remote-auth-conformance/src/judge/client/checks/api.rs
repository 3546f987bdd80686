//! What becomes of access tokens: where they go, how long they are kept, and what a refusal leads to.

use super::super::Client;
use super::super::contract::{Act, Answer};
use super::super::probe::{
    Probe, access_token, count, first, good, right, stopped, tokens, unexpected,
};
use super::super::server::{Reply, Script, Server};
use crate::judge::check::Objection;
use crate::judge::evidence::Record;
use crate::judge::{Examination, demand};

checks! { |client, record|
    "client.api.not-in-query",
    ["rfc6750.2.3.not-in-query", "rfc9700.4.3.2.not-in-query", "rfc6750.5.3.not-in-urls"],
    "The access token stands in no address."
    => not_in_query(client, record);
    "client.api.one-method",
    ["rfc6750.2.one-method", "rfc6750.2.2.not-in-form"],
    "The access token is sent once, in one header."
    => one_method(client, record);
    "client.api.no-cookie",
    ["rfc6750.5.3.no-cookies"],
    "The access token is sent in no cookie."
    => no_cookie(client, record);
    "client.api.pinned-origin",
    ["rfc6749.10.3.pinned-origin", "remote.environment.token-bound", "remote.skill.mistake-mixed-environments"],
    "The access token is not sent to another server than the one that gave it."
    => pinned_origin(client, record);
    "client.api.401-once",
    ["remote.error.rest-401"],
    "A refused token leads to one more attempt at most, with another token."
    => unauthorized(client, record);
    "client.api.403-not-repeated",
    ["remote.error.rest-403"],
    "A request that is forbidden is not repeated."
    => forbidden(client, record);
    "client.token.cached",
    ["remote.token.cached", "remote.token.reusable"],
    "A token that lives is used again rather than asked for again."
    => asked(client, record, 3600, 1);
    "client.token.ended-not-used",
    ["remote.client-credentials.again"],
    "A token that has ended is replaced by asking again."
    => asked(client, record, 0, 2);
    "client.rate.retry-after",
    ["remote.rate.reset-is-honoured"],
    "A client that is told by Retry-After to wait waits, or does not come again."
    => waits(client, record, "retry-after: 120");
    "client.rate.reset-header",
    ["remote.rate.reset-is-honoured", "remote.rate.headers"],
    "A client that is told by x-ratelimit-reset to wait waits, or does not come again."
    => waits(client, record, "x-ratelimit-reset: 120000");
}

fn call(server: &Server) -> Act {
    Act::ApiCall {
        url: format!("{}/v1/identity/current", server.gateway()),
    }
}

/// Calls the API once, and returns the requests that came there.
async fn called(
    client: &Client,
    record: &mut Record,
    script: Script,
) -> Result<(Answer, Vec<super::super::server::Request>), Objection> {
    let mut probe = Probe::start(client, record, script).await?;
    let act = call(&probe.server);
    let answer = probe.ask(act).await?;
    let requests = probe.finish().await?.api;
    // What never came cannot have carried anything wrongly.
    first(requests.clone())?;
    Ok((answer, requests))
}

async fn not_in_query(client: &Client, record: &mut Record) -> Examination {
    let (_, requests) = called(client, record, right()).await?;
    demand(
        requests.iter().all(|request| request.query.is_none()),
        || "something was added to the address".to_owned(),
    )
}

async fn one_method(client: &Client, record: &mut Record) -> Examination {
    let (_, requests) = called(client, record, right()).await?;
    for request in requests {
        let headers = request.headers("authorization").count();
        demand(headers <= 1, || {
            format!("there are {headers} Authorization headers")
        })?;
        demand(!request.body.contains(&access_token(0)), || {
            "it is in the body too".to_owned()
        })?;
    }
    Ok(())
}

async fn no_cookie(client: &Client, record: &mut Record) -> Examination {
    let (_, requests) = called(client, record, right()).await?;
    demand(
        requests
            .iter()
            .all(|request| request.headers("cookie").next().is_none()),
        || "there is a cookie".to_owned(),
    )
}

async fn pinned_origin(client: &Client, record: &mut Record) -> Examination {
    let (mut probe, mut other) = Probe::start_beside(client, record, |_| right()).await?;
    probe.ask(call(&other)).await?;
    probe.finish().await?;
    let collected = stopped(&mut other).await?;
    let taken = collected
        .iter()
        .any(|request| request.headers("authorization").next().is_some());
    demand(!taken, || "it was sent there".to_owned())
}

async fn unauthorized(client: &Client, record: &mut Record) -> Examination {
    let script = Script::new(good, |_, _| {
        Reply::json(401, r#"{"message":"Unauthorized"}"#)
    });
    let (answer, requests) = called(client, record, script).await?;
    count(&requests, 2, "API requests")?;
    let tokens: Vec<_> = requests
        .iter()
        .map(super::super::server::Request::bearer)
        .collect();
    demand(tokens.len() < 2 || tokens[0] != tokens[1], || {
        "the same token was sent again".to_owned()
    })?;
    not_done(answer)
}

async fn forbidden(client: &Client, record: &mut Record) -> Examination {
    let script = Script::new(good, |_, _| Reply::json(403, r#"{"message":"Forbidden"}"#));
    let (answer, requests) = called(client, record, script).await?;
    count(&requests, 1, "API requests")?;
    not_done(answer)
}

fn not_done(answer: Answer) -> Examination {
    match answer {
        Answer::Answered { status: 401 | 403 } | Answer::Refused { .. } | Answer::Failed { .. } => {
            Ok(())
        }
        other => Err(unexpected(&other)),
    }
}

/// Calls the API twice with tokens of some life, and counts the token requests.
async fn asked(client: &Client, record: &mut Record, life: u64, expected: usize) -> Examination {
    let script = tokens(move |_, before| {
        let token = access_token(before);
        Reply::json(
            200,
            &format!(r#"{{"access_token":"{token}","token_type":"Bearer","expires_in":{life}}}"#),
        )
    });
    let mut probe = Probe::start(client, record, script).await?;
    for _ in 0..2 {
        let act = call(&probe.server);
        probe.ask(act).await?;
    }
    let requests = probe.finish().await?.tokens;
    demand(requests.len() == expected, || {
        format!("{} token requests came", requests.len())
    })
}

async fn waits(client: &Client, record: &mut Record, header: &'static str) -> Examination {
    let script = tokens(move |_, _| {
        Reply::with(
            429,
            "application/json",
            &[header],
            r#"{"message":"Too many requests"}"#,
        )
    });
    let mut probe = Probe::start(client, record, script).await?;
    // Two minutes are longer than the suite waits: whatever comes a second time came too early.
    probe.ask_or_leave(Act::ClientCredentials).await?;
    count(&probe.finish().await?.tokens, 1, "token requests")
}
