//! What the client makes of what the token endpoint says.

use super::super::Client;
use super::super::contract::{Act, Answer};
use super::super::probe::{Probe, assertion, count, no_token, token, tokens, unexpected};
use super::super::server::{FLOOD_MAX, Reply};
use crate::judge::evidence::Record;
use crate::judge::{Examination, demand};

checks! { |client, record|
    "client.answer.token-type-any-case",
    ["rfc6749.5.1.token-type-any-case", "remote.answer.token-type"],
    "The token type is compared without regard to case."
    => takes(client, record, r#"{"access_token":"a-token","token_type":"bEARER","expires_in":3600}"#);
    "client.answer.unknown-type",
    ["rfc6749.7.1.unknown-type"],
    "A token of a type that the client does not know is not used."
    => refuses(client, record, || Reply::json(200, r#"{"access_token":"a-token","token_type":"mac","expires_in":3600}"#));
    "client.answer.unknown-members",
    ["rfc6749.5.1.unknown-members"],
    "Members that the client does not know are ignored."
    => takes(client, record, r#"{"more":{"deep":[1,null]},"access_token":"a-token","token_type":"Bearer","expires_in":3600}"#);
    "client.answer.life-believed",
    ["remote.answer.expires-in"],
    "A token is used for no longer than its answer says."
    => lives(client, record, r#","expires_in":600"#, 600);
    "client.answer.life-missing",
    ["rfc6749.5.1.expires-in-missing"],
    "A life that the answer does not name is not taken for more than an hour."
    => lives(client, record, "", 3600);
    "client.answer.life-absurd",
    ["remote.answer.expires-in", "rfc6749.10.14.input-escaped"],
    "A life that is no sensible number neither breaks the client nor means for ever."
    => life_absurd(client, record);
    "client.answer.no-access-token",
    ["rfc6749.5.1.access-token"],
    "An answer without an access token is no success."
    => refuses(client, record, || Reply::json(200, r#"{"token_type":"Bearer","expires_in":3600}"#));
    "client.answer.error-wins",
    ["rfc6749.5.2.error-is-read", "rfc6749.5.1.access-token"],
    "An answer with an error is no success, whatever its status and whatever else it holds."
    => refuses(client, record, || Reply::json(
        200, r#"{"error":"invalid_scope","access_token":"a-token","token_type":"Bearer","expires_in":3600}"#,
    ));
    "client.answer.html",
    ["rfc6749.5.1.json"],
    "A page is no token answer, though it quote one."
    => refuses(client, record, || Reply::with(
        200, "text/html", &[],
        r#"<html><script>{"access_token":"a-token","token_type":"Bearer","expires_in":3600}</script></html>"#,
    ));
    "client.answer.cut",
    ["rfc6749.5.1.json"],
    "An answer that is cut short is no success."
    => refuses(client, record, Reply::cut);
    "client.answer.endless",
    ["rfc6749.10.14.answer-bounded"],
    "An answer without end is not read to its end."
    => endless(client, record);
    "client.answer.error-told",
    ["rfc6749.5.2.error-is-read", "remote.error.invalid-client"],
    "An error of the token endpoint is told by its word."
    => error_told(client, record);
    "client.answer.message-told",
    ["remote.error.two-families"],
    "A refusal that is a message and no word is a refusal too."
    => message_told(client, record);
    "client.answer.failing-is-no-verdict",
    ["remote.error.server-text"],
    "What a failing server says is not taken for a refusal."
    => failing_is_no_verdict(client, record);
    "client.answer.error-characters",
    ["rfc6749.5.2.error-characters"],
    "Characters that an error may not have are not passed on."
    => error_characters(client, record);
    "client.answer.granted-scope",
    ["rfc6749.3.3.granted-is-honoured", "remote.answer.scope"],
    "The scope that the answer names is told as it is, and not the requested one."
    => granted_scope(client, record);
}

/// Asks for a token of the client's own, and gives one answer.
async fn answered(
    client: &Client,
    record: &mut Record,
    reply: impl Fn() -> Reply + Send + Sync + 'static,
) -> Result<Answer, crate::judge::Objection> {
    let mut probe = Probe::start(client, record, tokens(move |_, _| reply())).await?;
    let answer = probe.ask(Act::ClientCredentials).await?;
    probe.finish().await?;
    Ok(answer)
}

async fn takes(client: &Client, record: &mut Record, body: &'static str) -> Examination {
    let token = token(answered(client, record, || Reply::json(200, body)).await?)?;
    demand(token.access_token == "a-token", || {
        "the client holds another token".to_owned()
    })
}

async fn refuses(client: &Client, record: &mut Record, reply: fn() -> Reply) -> Examination {
    no_token(&answered(client, record, reply).await?)
}

async fn lives(
    client: &Client,
    record: &mut Record,
    member: &'static str,
    most: u64,
) -> Examination {
    let reply = move || {
        Reply::json(
            200,
            &format!(r#"{{"access_token":"a-token","token_type":"Bearer"{member}}}"#),
        )
    };
    let token = token(answered(client, record, reply).await?)?;
    demand(token.expires_in.is_none_or(|life| life <= most), || {
        format!(
            "the client will use it for {} seconds",
            token.expires_in.unwrap_or_default()
        )
    })
}

async fn life_absurd(client: &Client, record: &mut Record) -> Examination {
    for life in [
        "-1",
        "0.5",
        "1e400",
        "18446744073709551616",
        "\"soon\"",
        "{}",
        "[3600]",
    ] {
        let script = tokens(move |_, _| {
            Reply::json(
                200,
                &format!(
                    r#"{{"access_token":"a-token","token_type":"Bearer","expires_in":{life}}}"#
                ),
            )
        });
        let mut probe = Probe::start(client, record, script).await?;
        let answer = probe.ask_surviving(Act::ClientCredentials).await?;
        let used = match answer {
            Answer::Token(token) => token.expires_in.unwrap_or_default(),
            _ => 0,
        };
        // A day, which nobody would call for ever.
        demand(used <= 86_400, || {
            format!("{life} is taken for {used} seconds")
        })?;
    }
    Ok(())
}

async fn endless(client: &Client, record: &mut Record) -> Examination {
    let mut probe = Probe::start(client, record, tokens(|_, _| Reply::endless())).await?;
    let answer = probe.ask_surviving(Act::ClientCredentials).await?;
    probe.finish().await?;
    let taken = probe.server.flooded();
    demand(taken < FLOOD_MAX, || {
        format!("the client took all {} MiB", taken >> 20)
    })?;
    no_token(&answer)
}

async fn error_told(client: &Client, record: &mut Record) -> Examination {
    let reply = || {
        Reply::json(
            401,
            r#"{"error":"invalid_client","error_description":"no"}"#,
        )
    };
    match answered(client, record, reply).await? {
        Answer::Refused { error } if error == "invalid_client" => Ok(()),
        other => Err(unexpected(&other)),
    }
}

async fn message_told(client: &Client, record: &mut Record) -> Examination {
    match answered(client, record, || {
        Reply::json(401, r#"{"message":"Unauthorized"}"#)
    })
    .await?
    {
        Answer::Refused { .. } => Ok(()),
        other => Err(unexpected(&other)),
    }
}

async fn failing_is_no_verdict(client: &Client, record: &mut Record) -> Examination {
    match answered(client, record, || {
        Reply::json(503, r#"{"error":"invalid_client"}"#)
    })
    .await?
    {
        Answer::Failed { .. } => Ok(()),
        other => Err(unexpected(&other)),
    }
}

async fn error_characters(client: &Client, record: &mut Record) -> Examination {
    let reply = || {
        Reply::json(
            400,
            r#"{"error":"in\u001b[31mvalid\u0000","error_description":"\u202e"}"#,
        )
    };
    let answer = answered(client, record, reply).await?;
    no_token(&answer)?;
    let said = match &answer {
        Answer::Refused { error } => error,
        Answer::Failed { reason } => reason,
        _ => "",
    };
    let good = said.chars().all(|c| !c.is_control() && c != '\u{202e}');
    demand(good, || format!("the client says {}", said.escape_debug()))
}

async fn granted_scope(client: &Client, record: &mut Record) -> Examination {
    let body = r#"{"access_token":"a-token","token_type":"Bearer","expires_in":3600,"scope":"timeoff:read"}"#;
    let mut probe =
        Probe::start(client, record, tokens(move |_, _| Reply::json(200, body))).await?;
    let token = token(probe.ask(assertion()).await?)?;
    count(&probe.finish().await?.tokens, 1, "token requests")?;
    demand(
        token.scope.as_deref() == Some("timeoff:read"),
        || match token.scope {
            Some(scope) => format!("the client tells {}", scope.escape_debug()),
            None => "the client tells none".to_owned(),
        },
    )
}
