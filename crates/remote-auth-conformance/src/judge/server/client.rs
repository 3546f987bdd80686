//! Client authentication at the token endpoint.

use super::talk::{CLIENT_CREDENTIALS, Talk, in_the_way};
use super::wire::Ask;
use super::{Credentials, questions};
use crate::judge::{Examination, Objection, demand};

const WRONG: &str = "a-secret-that-nobody-has-0123456789";

questions! {
    "server.client.authenticated", Gentle,
        ["remote.token.basic", "rfc6749.2.3.1.basic", "rfc6749.3.2.1.authenticated"],
        "A request without client authentication is `invalid_client`.", authenticated;
    "server.client.secret-right", Abusive,
        ["remote.error.invalid-client", "rfc9700.2.5.client-authentication"],
        "A wrong secret, and a client that nobody knows, are `invalid_client`.", secret_right;
    "server.client.not-in-body", Gentle,
        ["remote.token.client-not-in-body"],
        "A client secret in the body is no client authentication.", not_in_body;
    "server.client.one-method", Gentle, ["rfc6749.2.3.one-method"],
        "A client that authenticates in the header and in the body at once is refused.", one_method;
    "server.client.id-agrees", Gentle, ["remote.token.client-id-may-agree"],
        "A `client_id` in the body that names another client is refused, and the right one taken.",
        id_agrees;
    "server.client.challenged", Abusive, ["rfc6749.5.2.invalid-client-challenge"],
        "A client whose header is refused is told by 401 and a challenge how to authenticate.",
        challenged;
}

fn wrong(id: &str) -> Credentials {
    Credentials::new(id, WRONG.into())
}

async fn authenticated(mut talk: Talk<'_>) -> Examination {
    let ask = Ask::form(&talk.home().token_endpoint, &[CLIENT_CREDENTIALS]);
    talk.send(&ask).await?.refused_as("invalid_client")
}

async fn secret_right(mut talk: Talk<'_>) -> Examination {
    for id in [&talk.server.client.id, "nobody-whom-anybody-knows"] {
        let ask = Ask::form(&talk.home().token_endpoint, &[CLIENT_CREDENTIALS]);
        let ask = ask.basic(&wrong(id));
        talk.send(&ask).await?.refused_as("invalid_client")?;
    }
    Ok(())
}

/// Writes a request with the client's secret in its body, when the same request is good with it in the header.
async fn in_body(talk: &mut Talk<'_>) -> Result<Ask, Objection> {
    talk.partner_token().await?;
    let client = &talk.server.client;
    let form = [
        CLIENT_CREDENTIALS,
        ("client_id", &client.id),
        ("client_secret", super::secret::open(&client.secret)),
    ];
    Ok(Ask::form(&talk.home().token_endpoint, &form))
}

async fn not_in_body(mut talk: Talk<'_>) -> Examination {
    let ask = in_body(&mut talk).await?;
    talk.send(&ask).await?.refused()
}

async fn one_method(mut talk: Talk<'_>) -> Examination {
    let ask = in_body(&mut talk).await?.basic(&talk.server.client);
    talk.send(&ask).await?.refused()
}

async fn id_agrees(mut talk: Talk<'_>) -> Examination {
    let own = [CLIENT_CREDENTIALS, ("client_id", &talk.server.client.id)];
    let ask = talk.token_request(&own);
    talk.send(&ask).await?.answered(200)?;
    let ask = talk.token_request(&[
        CLIENT_CREDENTIALS,
        ("client_id", "nobody-whom-anybody-knows"),
    ]);
    talk.send(&ask).await?.refused()
}

async fn challenged(mut talk: Talk<'_>) -> Examination {
    let ask = Ask::form(&talk.home().token_endpoint, &[CLIENT_CREDENTIALS]);
    let ask = ask.basic(&wrong(&talk.server.client.id));
    let answer = talk.send(&ask).await?;
    if answer.status.is_success() {
        return Err(in_the_way(
            "the server takes a wrong secret, so it refuses nobody",
        ));
    }
    let challenge = answer.header("www-authenticate").unwrap_or_default();
    let basic = challenge.to_ascii_lowercase().starts_with("basic");
    demand(answer.is(401) && basic, || {
        format!("{} without a Basic challenge", answer.outline())
    })
}
