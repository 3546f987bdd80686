//! A redirect is no reason to show a credential to somebody else.

use super::super::Client;
use super::super::contract::Act;
use super::super::probe::{Probe, good, no_token, refresh, stopped, tokens};
use super::super::server::{Reply, Script};
use crate::judge::evidence::Record;
use crate::judge::{Examination, demand};

checks! { |client, record|
    "client.redirect.credentials-stay",
    ["rfc9700.4.9.no-redirects"],
    "No redirect of the token endpoint is followed with the client's credentials."
    => from_token_endpoint(client, record, Act::ClientCredentials);
    "client.redirect.refresh-token-stays",
    ["rfc9700.4.9.no-redirects", "rfc6749.10.4.issuer-only"],
    "No redirect of the token endpoint is followed with a refresh token."
    => from_token_endpoint(client, record, refresh());
    "client.redirect.bearer-stays",
    ["rfc6749.10.3.pinned-origin", "rfc6750.5.3.safeguarded"],
    "No redirect of the API takes the access token to another server."
    => from_api(client, record);
}

/// Every status that sends a client elsewhere. The last two ask it to repeat the body.
const STATUSES: [u16; 5] = [301, 302, 303, 307, 308];

async fn from_token_endpoint(client: &Client, record: &mut Record, act: Act) -> Examination {
    for status in STATUSES {
        let script = |other: String| {
            let to = format!("{other}/auth/oauth2/token");
            tokens(move |_, _| Reply::redirect(status, &to))
        };
        let (mut probe, mut other) = Probe::start_beside(client, record, script).await?;
        let answer = probe.ask(act.clone()).await?;
        probe.finish().await?;
        let collected = stopped(&mut other).await?;
        demand(collected.is_empty(), || format!("it followed a {status}"))?;
        no_token(&answer)?;
    }
    Ok(())
}

async fn from_api(client: &Client, record: &mut Record) -> Examination {
    for status in STATUSES {
        let script = |other: String| {
            let to = format!("{other}/v1/identity/current");
            Script::new(good, move |_, _| Reply::redirect(status, &to))
        };
        let (mut probe, mut other) = Probe::start_beside(client, record, script).await?;
        let url = format!("{}/v1/identity/current", probe.server.gateway());
        probe.ask(Act::ApiCall { url }).await?;
        probe.finish().await?;
        let collected = stopped(&mut other).await?;
        let taken = collected
            .iter()
            .any(|request| request.headers("authorization").next().is_some());
        demand(!taken, || format!("it took the token along on a {status}"))?;
    }
    Ok(())
}
