//! The redemption of a code: a code is spent by the first request, whatever becomes of it.

use super::super::Client;
use super::super::probe::{Probe, REDIRECT_URI, count, first, no_token, right, tokens};
use super::super::server::Reply;
use crate::judge::evidence::Record;
use crate::judge::{Examination, demand};

checks! { |client, record|
    "client.code.redirect-uri-identical",
    ["rfc6749.4.1.3.redirect-uri-identical"],
    "The code is redeemed with the redirection URI of the request, in the same characters."
    => redirect_uri_identical(client, record);
    "client.code.once-after-failing",
    ["rfc6749.4.1.2.code-single-use", "remote.code.single-use"],
    "A code is not sent again when the server fails."
    => sent_once(client, record, || Reply::json(503, r#"{"message":"try later"}"#));
    "client.code.once-after-reset",
    ["rfc6749.4.1.2.code-single-use", "remote.code.single-use"],
    "A code is not sent again when the connection breaks after the request."
    => sent_once(client, record, Reply::reset);
    "client.code.once-after-cut",
    ["rfc6749.4.1.2.code-single-use", "remote.code.single-use"],
    "A code is not sent again when the answer is cut short."
    => sent_once(client, record, Reply::cut);
    "client.code.once-after-refusal",
    ["rfc6749.4.1.2.code-single-use", "remote.error.invalid-grant"],
    "A code that was refused is not sent again."
    => sent_once(client, record, || Reply::json(400, r#"{"error":"invalid_grant"}"#));
}

async fn redirect_uri_identical(client: &Client, record: &mut Record) -> Examination {
    let mut probe = Probe::start(client, record, right()).await?;
    probe.login().await?;
    let request = first(probe.finish().await?.tokens)?;
    let sent = request.parameter("redirect_uri");
    demand(sent.as_deref() == Some(REDIRECT_URI), || match sent {
        Some(other) => format!("it is {}", other.escape_debug()),
        None => "there is none".to_owned(),
    })
}

async fn sent_once(client: &Client, record: &mut Record, reply: fn() -> Reply) -> Examination {
    let mut probe = Probe::start(client, record, tokens(move |_, _| reply())).await?;
    let answer = probe.login().await?;
    let sent = probe.finish().await?.tokens;
    count(&sent, 1, "requests")?;
    // That it was sent at all is what makes its silence worth something.
    first(sent)?;
    no_token(&answer)
}
