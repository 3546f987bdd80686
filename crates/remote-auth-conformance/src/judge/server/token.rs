//! The token endpoint: what a request has to look like, and what every good answer says.

use reqwest::Method;
use serde_json::json;

use super::authorize::strong;
use super::questions;
use super::talk::{CLIENT_CREDENTIALS, Talk};
use super::wire::{Answer, Ask};
use crate::judge::{Examination, Objection, demand};

questions! {
    "server.token.options", Gentle, ["remote.token.options"],
        "The token endpoint answers OPTIONS and says what it allows.", options;
    "server.token.form-only", Gentle, ["remote.token.form-only", "remote.skill.mistake-json-body"],
        "A token request that is JSON, or names no media type, is refused.", form_only;
    "server.token.no-repeats", Gentle, ["rfc6749.3.2.no-repeats"],
        "A token request with a parameter that stands twice is refused.", no_repeats;
    "server.token.parameters-present", Gentle,
        ["remote.error.invalid-request", "rfc6749.5.2.status-400"],
        "A token request without its grant type, code or refresh token is `invalid_request`.",
        parameters_present;
    "server.token.grant-types", Gentle,
        ["remote.error.unsupported-grant-type", "remote.flow.four-grants",
        "rfc9700.2.4.no-password"],
        "A grant type that is none of the four is `unsupported_grant_type`, and so is the password.",
        grant_types;
    "server.token.type-stated", Gentle, ["remote.answer.members", "remote.answer.token-type"],
        "A token answer says that the token is a bearer token.", type_stated;
    "server.token.life-stated", Gentle, ["remote.answer.members", "remote.answer.expires-in"],
        "A token answer says for how many seconds the token lives.", life_stated;
    "server.token.not-stored", Gentle, ["rfc6749.5.1.no-store"],
        "A token answer forbids every cache to store it.", not_stored;
    "server.token.unguessable", Gentle, ["rfc6749.10.10.token-entropy"],
        "Access tokens are long and differ from each other.", unguessable;
    "server.client-credentials.scope-listed", Gentle, ["remote.error.invalid-scope"],
        "A scope that does not exist is `invalid_scope` for the client itself.", scope_listed;
    "server.client-credentials.no-refresh-token", Gentle,
        ["remote.client-credentials.answer", "remote.client-credentials.no-refresh-token",
        "rfc6749.4.4.3.no-refresh-token"],
        "The client itself gets an access token and no refresh token.", no_refresh_token;
}

async fn options(mut talk: Talk<'_>) -> Examination {
    let ask = Ask::new(Method::OPTIONS, &talk.home().token_endpoint);
    let answer = talk.send(&ask).await?;
    let says = ["allow", "access-control-allow-methods"]
        .iter()
        .any(|name| {
            answer
                .header(name)
                .is_some_and(|value| value.contains("POST"))
        });
    demand(answer.status.is_success() && says, || {
        format!("{} that does not name POST", answer.outline())
    })
}

async fn form_only(mut talk: Talk<'_>) -> Examination {
    // The same request is good when it says what it is.
    talk.partner_token().await?;
    let silent = talk.token_request(&[CLIENT_CREDENTIALS]);
    let silent = silent.without("content-type");
    talk.send(&silent).await?.refused()?;
    let body = json!({ "grant_type": "client_credentials" });
    let as_json = Ask::json(&talk.home().token_endpoint, &body).basic(&talk.server.client);
    talk.send(&as_json).await?.refused()
}

async fn no_repeats(mut talk: Talk<'_>) -> Examination {
    let ask = talk.token_request(&[CLIENT_CREDENTIALS, CLIENT_CREDENTIALS]);
    talk.send(&ask).await?.refused_as("invalid_request")
}

async fn parameters_present(mut talk: Talk<'_>) -> Examination {
    for form in [
        &[][..],
        &[("grant_type", "authorization_code")],
        &[("grant_type", "refresh_token")],
    ] {
        let ask = talk.token_request(form);
        talk.send(&ask).await?.refused_as("invalid_request")?;
    }
    Ok(())
}

async fn grant_types(mut talk: Talk<'_>) -> Examination {
    for form in [
        &[("grant_type", "urn:example:no-such-grant")][..],
        &[
            ("grant_type", "password"),
            ("username", "nobody"),
            ("password", "nothing"),
        ],
    ] {
        let ask = talk.token_request(form);
        talk.send(&ask)
            .await?
            .refused_as("unsupported_grant_type")?;
    }
    Ok(())
}

/// Returns the answer to the simplest good request.
async fn good(talk: &mut Talk<'_>) -> Result<Answer, Objection> {
    let ask = talk.token_request(&[CLIENT_CREDENTIALS]);
    let answer = talk.send(&ask).await?;
    answer.answered(200)?;
    Ok(answer)
}

async fn type_stated(mut talk: Talk<'_>) -> Examination {
    let answer = good(&mut talk).await?;
    let kind = answer.text("/token_type");
    demand(
        kind.is_some_and(|kind| kind.eq_ignore_ascii_case("bearer")),
        || "a token whose type is not said to be bearer".to_owned(),
    )
}

async fn life_stated(mut talk: Talk<'_>) -> Examination {
    let answer = good(&mut talk).await?;
    let seconds = answer.json()["expires_in"].as_u64();
    demand(seconds.is_some_and(|seconds| seconds > 0), || {
        "a token without a whole number of seconds in expires_in".to_owned()
    })
}

async fn not_stored(mut talk: Talk<'_>) -> Examination {
    let answer = good(&mut talk).await?;
    let policy = answer.header("cache-control").unwrap_or_default();
    let forbidden = policy
        .split(',')
        .any(|word| word.trim().eq_ignore_ascii_case("no-store"));
    demand(forbidden, || {
        "a token answer without Cache-Control: no-store".to_owned()
    })
}

async fn unguessable(mut talk: Talk<'_>) -> Examination {
    let mut tokens = Vec::new();
    for _ in 0..3 {
        tokens.push(talk.partner_token().await?);
    }
    strong(&tokens)
}

async fn scope_listed(mut talk: Talk<'_>) -> Examination {
    let ask = talk.token_request(&[CLIENT_CREDENTIALS, ("scope", "no:such-scope")]);
    talk.send(&ask).await?.refused_as("invalid_scope")
}

async fn no_refresh_token(mut talk: Talk<'_>) -> Examination {
    let answer = good(&mut talk).await?;
    demand(answer.text("/access_token").is_some(), || {
        "an answer without an access token".to_owned()
    })?;
    demand(answer.json().get("refresh_token").is_none(), || {
        "a refresh token for the client itself".to_owned()
    })
}
