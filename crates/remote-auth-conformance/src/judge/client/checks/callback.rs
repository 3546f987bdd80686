//! The judgement of callbacks. A callback that is no answer to the request leads to no token request: silence passes.

use super::super::Client;
use super::super::contract::Answer;
use super::super::probe::{
    Address, CODE_ESCAPED, Probe, REDIRECT_URI, count, no_token, right, token, unexpected,
};
use crate::judge::evidence::Record;
use crate::judge::{Examination, demand};

checks! { |client, record|
    "client.callback.wrong-state",
    ["rfc6749.10.12.client-csrf", "rfc9700.2.1.csrf"],
    "A callback with another state is refused."
    => refuses(client, record, None, |_| format!("{REDIRECT_URI}&code={CODE_ESCAPED}&state=guessed"));
    "client.callback.missing-state",
    ["rfc8252.8.9.state", "rfc6749.10.12.client-csrf"],
    "A callback without state is refused."
    => refuses(client, record, None, |_| format!("{REDIRECT_URI}&code={CODE_ESCAPED}"));
    "client.callback.duplicate-state",
    ["rfc6749.3.1.no-repeats"],
    "A callback with two states is refused, though one of them be right."
    => refuses(client, record, None, |address| address.answered_with(&format!("code={CODE_ESCAPED}&state={}", address.state())));
    "client.callback.duplicate-code",
    ["rfc6749.3.1.no-repeats"],
    "A callback with two codes is refused."
    => refuses(client, record, None, |address| address.answered_with(&format!("code={CODE_ESCAPED}&code=injected")));
    "client.callback.missing-code",
    ["rfc6749.10.14.input-escaped"],
    "A callback without a code is refused."
    => refuses(client, record, None, |address| address.answered_with("nothing=here"));
    "client.callback.elsewhere",
    ["rfc8252.8.10.redirect-uri-kept"],
    "A callback at another address than the redirection URI is refused."
    => refuses(client, record, None, |address| {
        address.answered_with(&format!("code={CODE_ESCAPED}")).replace("/callback", "/elsewhere")
    });
    "client.callback.error",
    ["rfc6749.4.1.2.1.error-is-typed"],
    "An error in a callback is told as the server's refusal, by its word."
    => error_is_told(client, record);
    "client.callback.error-beside-code",
    ["rfc6749.4.1.2.1.error-is-typed"],
    "A code that comes with an error is not redeemed."
    => refuses(client, record, None, |address| address.answered_with(&format!("code={CODE_ESCAPED}&error=access_denied")));
    "client.callback.forged-error",
    ["rfc6749.4.1.2.1.error-is-typed", "rfc6749.10.12.client-csrf"],
    "An error in a callback with another state is not believed."
    => disbelieves(client, record, None, |_| format!("{REDIRECT_URI}&error=access_denied&state=guessed"));
    "client.callback.wrong-issuer",
    ["rfc9207.2.4.mismatch", "rfc9207.2.4.compared", "rfc9700.4.4.2.mix-up-defence", "rfc9700.2.1.mix-up"],
    "A callback of another issuer is refused, and its code goes nowhere."
    => refuses(client, record, Some(ISSUER), |address| {
        address.answered_with(&format!("code={CODE_ESCAPED}&iss=https%3A%2F%2Fother.example"))
    });
    "client.callback.missing-issuer",
    ["rfc9207.2.4.required"],
    "Where the server announced that it names itself, a callback without issuer is refused."
    => refuses(client, record, Some(ISSUER), |address| address.answered_with(&format!("code={CODE_ESCAPED}")));
    "client.callback.error-of-another-issuer",
    ["rfc9207.2.4.errors-too"],
    "An error of another issuer is not believed."
    => disbelieves(client, record, Some(ISSUER), |address| {
        address.answered_with("error=access_denied&iss=https%3A%2F%2Fother.example")
    });
    "client.callback.right-issuer",
    ["rfc9207.2.4.compared"],
    "A callback of the right issuer is accepted."
    => accepts(client, record, Some(ISSUER), |address| {
        address.answered_with(&format!("code={CODE_ESCAPED}&iss=https%3A%2F%2Fissuer.example"))
    });
    "client.callback.unknown-ignored",
    ["rfc6749.4.1.2.unknown-ignored"],
    "Parameters that the client does not know are ignored, though they stand twice."
    => accepts(client, record, None, |address| {
        address.answered_with(&format!("session_state=a&session_state=b&code={CODE_ESCAPED}"))
    });
    "client.callback.once",
    ["rfc9700.2.1.state-once", "rfc6749.4.1.2.code-single-use"],
    "A callback that comes twice is accepted once."
    => once(client, record);
}

/// How the server names itself, in the checks in which it does.
const ISSUER: &str = "https://issuer.example";

/// Begins, and lets the browser arrive where `callback` says.
async fn arrived(
    probe: &mut Probe<'_>,
    issuer: Option<&str>,
    callback: fn(&Address) -> String,
) -> Result<Answer, crate::judge::Objection> {
    probe.issuer = issuer.map(str::to_owned);
    let address = probe.begin().await?;
    probe.accept(callback(&address)).await
}

async fn refuses(
    client: &Client,
    record: &mut Record,
    issuer: Option<&str>,
    callback: fn(&Address) -> String,
) -> Examination {
    let mut probe = Probe::start(client, record, right()).await?;
    let answer = arrived(&mut probe, issuer, callback).await?;
    count(&probe.finish().await?.tokens, 0, "token requests")?;
    no_token(&answer)
}

async fn disbelieves(
    client: &Client,
    record: &mut Record,
    issuer: Option<&str>,
    callback: fn(&Address) -> String,
) -> Examination {
    let mut probe = Probe::start(client, record, right()).await?;
    let answer = arrived(&mut probe, issuer, callback).await?;
    count(&probe.finish().await?.tokens, 0, "token requests")?;
    demand(matches!(answer, Answer::Failed { .. }), || {
        format!("the client answered: {}", answer.shown())
    })
}

async fn accepts(
    client: &Client,
    record: &mut Record,
    issuer: Option<&str>,
    callback: fn(&Address) -> String,
) -> Examination {
    let mut probe = Probe::start(client, record, right()).await?;
    token(arrived(&mut probe, issuer, callback).await?).map(drop)
}

async fn error_is_told(client: &Client, record: &mut Record) -> Examination {
    let mut probe = Probe::start(client, record, right()).await?;
    let answer = arrived(&mut probe, None, |address| {
        address.answered_with("error=access_denied&error_description=not+now")
    })
    .await?;
    count(&probe.finish().await?.tokens, 0, "token requests")?;
    match answer {
        Answer::Refused { error } if error == "access_denied" => Ok(()),
        other => Err(unexpected(&other)),
    }
}

async fn once(client: &Client, record: &mut Record) -> Examination {
    let mut probe = Probe::start(client, record, right()).await?;
    let address = probe.begin().await?;
    let callback = address.answered_with(&format!("code={CODE_ESCAPED}"));
    probe.accept(callback.clone()).await?;
    let second = probe.accept(callback).await?;
    count(&probe.finish().await?.tokens, 1, "token requests")?;
    no_token(&second)
}
