//! Refresh tokens: kept, replaced, never widened.

use super::super::Client;
use super::super::probe::{
    Probe, REFRESH_TOKEN, access_token, count, no_token, one, refresh, right, token, tokens,
};
use super::super::server::Reply;
use crate::judge::evidence::Record;
use crate::judge::{Examination, demand};

checks! { |client, record|
    "client.refresh.same-kept",
    ["remote.refresh.not-rotated"],
    "A refresh token that comes back unchanged is the one to keep."
    => same_kept(client, record);
    "client.refresh.none-keeps-old",
    ["rfc6749.6.none-keeps-old"],
    "A refresh that brings no refresh token leaves the sent one in force."
    => kept_after(client, record, "", REFRESH_TOKEN);
    "client.refresh.null-keeps-old",
    ["rfc6749.6.none-keeps-old"],
    "A refresh whose refresh token is null leaves the sent one in force."
    => kept_after(client, record, r#","refresh_token":null"#, REFRESH_TOKEN);
    "client.refresh.new-replaces-old",
    ["rfc6749.6.new-replaces-old"],
    "A new refresh token replaces the sent one."
    => kept_after(client, record, r#","refresh_token":"refresh-kanarie4711xyzzy-1""#, "refresh-kanarie4711xyzzy-1");
    "client.refresh.no-widening",
    ["rfc6749.6.no-widening"],
    "A refresh asks for no scope beyond the granted one."
    => no_widening(client, record);
    "client.refresh.refused-once",
    ["remote.error.invalid-grant"],
    "A refresh token that was refused is not sent again."
    => refused_once(client, record);
}

async fn same_kept(client: &Client, record: &mut Record) -> Examination {
    let mut probe = Probe::start(client, record, right()).await?;
    keeps(
        token(probe.ask(refresh()).await?)?.refresh_token,
        REFRESH_TOKEN,
    )
}

async fn kept_after(
    client: &Client,
    record: &mut Record,
    member: &'static str,
    expected: &str,
) -> Examination {
    let script = tokens(move |_, before| {
        let token = access_token(before);
        Reply::json(
            200,
            &format!(
                r#"{{"access_token":"{token}","token_type":"Bearer","expires_in":3600{member}}}"#
            ),
        )
    });
    let mut probe = Probe::start(client, record, script).await?;
    keeps(token(probe.ask(refresh()).await?)?.refresh_token, expected)
}

fn keeps(kept: Option<String>, expected: &str) -> Examination {
    demand(kept.as_deref() == Some(expected), || match kept {
        Some(_) => "the client keeps another".to_owned(),
        None => "the client keeps none".to_owned(),
    })
}

async fn no_widening(client: &Client, record: &mut Record) -> Examination {
    let request = one(client, record, refresh()).await?;
    // The client was told of no scope, so there is none that it could name.
    demand(request.parameter("scope").is_none(), || {
        "it names one".to_owned()
    })
}

async fn refused_once(client: &Client, record: &mut Record) -> Examination {
    let script = tokens(|_, _| Reply::json(400, r#"{"error":"invalid_grant"}"#));
    let mut probe = Probe::start(client, record, script).await?;
    let answer = probe.ask(refresh()).await?;
    count(&probe.finish().await?.tokens, 1, "requests")?;
    no_token(&answer)
}
