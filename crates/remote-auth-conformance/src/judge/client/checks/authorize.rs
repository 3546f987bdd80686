//! The address to which a company's admin is sent.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::digest::{SHA256, digest};

use super::super::Client;
use super::super::contract::{Act, Answer};
use super::super::probe::{
    Address, CLIENT_ID, CLIENT_SECRET, CODE_ESCAPED, CONSENT_SCOPE, Probe, REDIRECT_URI, first,
    right,
};
use super::repeated;
use crate::judge::check::Objection;
use crate::judge::evidence::Record;
use crate::judge::{Examination, demand};

checks! { |client, record|
    "client.authorize.path",
    ["remote.authorize.path"],
    "The admin is sent to /auth/oauth2/authorize below the gateway."
    => path(client, record);
    "client.authorize.response-type",
    ["rfc6749.4.1.1.response-type", "remote.authorize.response-type", "rfc9700.2.1.2.no-implicit"],
    "The address asks for a code."
    => says(client, record, "response_type", "code");
    "client.authorize.client-id",
    ["rfc6749.4.1.1.client-id", "remote.authorize.parameters"],
    "The address names the client."
    => says(client, record, "client_id", CLIENT_ID);
    "client.authorize.redirect-uri",
    ["remote.authorize.parameters"],
    "The address names the redirection URI in the characters in which it is registered."
    => says(client, record, "redirect_uri", REDIRECT_URI);
    "client.authorize.scope-verbatim",
    ["remote.authorize.url-scope-verbatim", "rfc6749.3.3.syntax"],
    "The address asks for the scope that was given, whatever host the scope names."
    => says(client, record, "scope", CONSENT_SCOPE);
    "client.authorize.no-repeats",
    ["rfc6749.3.1.no-repeats"],
    "No parameter of the address stands twice."
    => no_repeats(client, record);
    "client.authorize.no-secret",
    ["rfc6749.2.3.1.not-in-uri"],
    "The client secret does not stand in the address."
    => no_secret(client, record);
    "client.authorize.no-fragment",
    ["rfc6749.3.1.endpoint-no-fragment"],
    "The address has no fragment."
    => no_fragment(client, record);
    "client.authorize.redirect-uri-tls",
    ["rfc6749.3.1.2.1.tls"],
    "A redirection URI that would carry the code in clear over a network is refused."
    => refuses(client, record, "http://partner.example/callback");
    "client.authorize.redirect-uri-no-fragment",
    ["rfc6749.3.1.2.no-fragment"],
    "A redirection URI with a fragment is refused."
    => refuses(client, record, "https://partner.example/callback#part");
    "client.authorize.redirect-uri-absolute",
    ["rfc6749.3.1.2.absolute"],
    "A redirection URI that is not absolute is refused."
    => refuses(client, record, "/callback");
    "client.state.sent",
    ["rfc6749.4.1.1.state", "remote.authorize.parameters"],
    "The address carries a state."
    => state_sent(client, record);
    "client.state.fresh",
    ["rfc9700.2.1.csrf"],
    "Each authorization request has a state of its own."
    => fresh(client, record, "state");
    "client.state.entropy",
    ["rfc6749.10.10.state-entropy"],
    "A state is long enough that it cannot be guessed: 160 bits."
    => state_entropy(client, record);
    "client.pkce.challenge-sent",
    ["rfc7636.4.3.challenge-sent", "rfc9700.2.1.1.pkce", "rfc8252.6.pkce"],
    "The address carries a code challenge and its method."
    => challenge_sent(client, record);
    "client.pkce.s256",
    ["rfc7636.4.2.s256", "rfc7636.7.2.no-downgrade"],
    "The method of the challenge is S256."
    => s256(client, record);
    "client.pkce.verifier-sent",
    ["rfc7636.4.5.verifier-sent", "rfc9700.2.1.1.code-injection"],
    "The code is redeemed with the verifier of which the challenge is the hash."
    => verifier_sent(client, record);
    "client.pkce.verifier-syntax",
    ["rfc7636.4.1.verifier-syntax"],
    "A verifier has 43 to 128 unreserved characters."
    => verifier_syntax(client, record);
    "client.pkce.fresh",
    ["rfc7636.4.1.new-each-time", "rfc9700.2.1.1.transaction-specific"],
    "Each authorization request has a verifier of its own."
    => fresh(client, record, "code_challenge");
    "client.pkce.verifier-not-in-address",
    ["rfc7636.7.1.verifier-secret"],
    "The verifier does not stand in the address, as the state or otherwise."
    => verifier_not_in_address(client, record);
}

async fn begun(client: &Client, record: &mut Record) -> Result<Address, Objection> {
    Probe::start(client, record, right()).await?.begin().await
}

/// Begins and redeems, and returns the address and the verifier.
async fn redeemed(client: &Client, record: &mut Record) -> Result<(Address, String), Objection> {
    let mut probe = Probe::start(client, record, right()).await?;
    let address = probe.begin().await?;
    probe
        .accept(address.answered_with(&format!("code={CODE_ESCAPED}")))
        .await?;
    let request = first(probe.finish().await?.tokens)?;
    let verifier = request.parameter("code_verifier").unwrap_or_default();
    Ok((address, verifier))
}

async fn path(client: &Client, record: &mut Record) -> Examination {
    let mut probe = Probe::start(client, record, right()).await?;
    let expected = format!("{}/auth/oauth2/authorize?", probe.server.gateway());
    let address = probe.begin().await?;
    demand(address.url.starts_with(&expected), || {
        "the address is another".to_owned()
    })
}

async fn says(client: &Client, record: &mut Record, name: &str, value: &str) -> Examination {
    let said = begun(client, record).await?.parameter(name);
    demand(said.as_deref() == Some(value), || match said {
        Some(other) => format!("`{name}` is {}", other.escape_debug()),
        None => format!("there is no `{name}`"),
    })
}

async fn no_repeats(client: &Client, record: &mut Record) -> Examination {
    let twice = repeated(begun(client, record).await?.parameters());
    demand(twice.is_none(), || {
        format!("`{}` does", twice.unwrap_or_default())
    })
}

async fn no_secret(client: &Client, record: &mut Record) -> Examination {
    let address = begun(client, record).await?;
    demand(!address.url.contains(CLIENT_SECRET), || {
        "it does".to_owned()
    })
}

async fn no_fragment(client: &Client, record: &mut Record) -> Examination {
    let address = begun(client, record).await?;
    demand(!address.url.contains('#'), || "it has one".to_owned())
}

async fn refuses(client: &Client, record: &mut Record, redirect_uri: &str) -> Examination {
    let mut probe = Probe::start(client, record, right()).await?;
    let begin = Act::AuthorizationBegin {
        redirect_uri: redirect_uri.to_owned(),
        scope: CONSENT_SCOPE.to_owned(),
    };
    let answer = probe.ask(begin).await?;
    demand(!matches!(answer, Answer::Began { .. }), || {
        format!("the client took {redirect_uri}")
    })
}

async fn state_sent(client: &Client, record: &mut Record) -> Examination {
    let state = begun(client, record).await?.parameter("state");
    demand(state.is_some_and(|state| !state.is_empty()), || {
        "it has none".to_owned()
    })
}

async fn fresh(client: &Client, record: &mut Record, name: &str) -> Examination {
    let mut probe = Probe::start(client, record, right()).await?;
    let (one, other) = (probe.begin().await?, probe.begin().await?);
    // A parameter that is not there at all is the matter of another check.
    let same = one.parameter(name).is_some() && one.parameter(name) == other.parameter(name);
    demand(!same, || format!("two requests have the same `{name}`"))
}

async fn state_entropy(client: &Client, record: &mut Record) -> Examination {
    let state = begun(client, record)
        .await?
        .parameter("state")
        .unwrap_or_default();
    let bits_each = if state.bytes().all(|byte| byte.is_ascii_digit()) {
        3
    } else if state
        .bytes()
        .all(|byte| byte.is_ascii_hexdigit() || byte == b'-')
    {
        4
    } else {
        6
    };
    let bits = state.len() * bits_each;
    demand(bits >= 160 || state.is_empty(), || {
        format!("it can hold {bits} bits at most")
    })
}

async fn challenge_sent(client: &Client, record: &mut Record) -> Examination {
    let address = begun(client, record).await?;
    let both = address.parameter("code_challenge").is_some()
        && address.parameter("code_challenge_method").is_some();
    demand(both, || "one of the two, or both, are missing".to_owned())
}

async fn s256(client: &Client, record: &mut Record) -> Examination {
    match begun(client, record)
        .await?
        .parameter("code_challenge_method")
    {
        Some(method) => demand(method == "S256", || {
            format!("it is {}", method.escape_debug())
        }),
        None => Err(Objection::Skipped("the client sends no method".to_owned())),
    }
}

async fn verifier_sent(client: &Client, record: &mut Record) -> Examination {
    let (address, verifier) = redeemed(client, record).await?;
    let hash = URL_SAFE_NO_PAD.encode(digest(&SHA256, verifier.as_bytes()));
    let plain = address.parameter("code_challenge_method").as_deref() == Some("plain");
    let expected = if plain { verifier } else { hash };
    let challenge = address.parameter("code_challenge");
    demand(
        challenge.is_none_or(|challenge| challenge == expected),
        || "the verifier is missing, or not the one".to_owned(),
    )
}

async fn verifier_syntax(client: &Client, record: &mut Record) -> Examination {
    let (_, verifier) = redeemed(client, record).await?;
    let unreserved = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    let good = (43..=128).contains(&verifier.len()) && verifier.bytes().all(unreserved);
    demand(good || verifier.is_empty(), || {
        format!("it has {} characters, or others", verifier.len())
    })
}

async fn verifier_not_in_address(client: &Client, record: &mut Record) -> Examination {
    let (address, verifier) = redeemed(client, record).await?;
    let plain = address.parameter("code_challenge_method").as_deref() == Some("plain");
    let shown = !verifier.is_empty() && address.url.contains(&verifier);
    // What `plain` shows is the matter of the check for S256.
    demand(!shown || plain, || "it does".to_owned())
}
