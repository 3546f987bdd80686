//! Bearer tokens at the API: which are taken, where, and until when.

use std::time::Duration;

use super::questions;
use super::talk::{CLIENT_CREDENTIALS, IDENTITY, Talk, in_the_way};
use super::wire::{Answer, Ask};
use crate::judge::{Examination, Objection, demand};

const LIFE: Duration = Duration::from_secs(3600);

questions! {
    "server.bearer.present", Gentle, ["remote.api.token-needed"],
        "A request without a token is 401.", present;
    "server.bearer.not-in-query", Abusive, ["remote.api.bearer-header"],
        "A good token in a query opens nothing.", not_in_query;
    "server.bearer.known", Abusive,
        ["remote.api.unauthorized-body", "rfc6750.3.1.invalid-token-401", "remote.error.rest-401"],
        "A token that was not issued here is 401, and the body says `Unauthorized`.", known;
    "server.bearer.hour", Gentle, ["remote.token.hour", "rfc6750.3.1.invalid-token-401"],
        "A token that is an hour old is 401.", hour;
    "server.bearer.challenged", Gentle, ["rfc6750.3.challenge"],
        "A request without a good token is answered with a Bearer challenge.", challenged;
    "server.environment.bearer-bound", Abusive,
        ["remote.environment.token-bound", "remote.environment.mismatch-401", "rfc6750.5.3.scoped",
        "remote.skill.mistake-mixed-environments"],
        "A token of another environment is 401.", environment_bound;
    "server.api.identity", Gentle,
        ["remote.api.identity", "remote.api.bearer-header", "remote.token.reusable",
        "rfc6750.2.1.header-taken"],
        "The client's own token is told which client it stands for, as often as it asks.", identity;
}

async fn whose(talk: &mut Talk<'_>) -> Result<Ask, Objection> {
    Ok(Ask::get(talk.api(IDENTITY).await?))
}

async fn present(mut talk: Talk<'_>) -> Examination {
    let ask = whose(&mut talk).await?;
    talk.send(&ask).await?.answered(401)
}

async fn not_in_query(mut talk: Talk<'_>) -> Examination {
    let token = talk.partner_token().await?;
    let mut ask = whose(&mut talk).await?;
    ask.url.push_str(&format!("?access_token={token}"));
    talk.send(&ask).await?.answered(401)
}

fn unauthorized(answer: &Answer) -> Examination {
    answer.answered(401)?;
    let message = answer.text("/message");
    demand(message.as_deref() == Some("Unauthorized"), || {
        "401 with another body than the documented one".to_owned()
    })
}

async fn known(mut talk: Talk<'_>) -> Examination {
    let ask = whose(&mut talk)
        .await?
        .bearer("a-token-that-nobody-issued-0123456789");
    unauthorized(&talk.send(&ask).await?)
}

async fn hour(mut talk: Talk<'_>) -> Examination {
    let runner = talk.server.runner()?;
    let token = talk.partner_token().await?;
    runner.advance(LIFE);
    let ask = whose(&mut talk).await?.bearer(&token);
    unauthorized(&talk.send(&ask).await?)
}

async fn challenged(mut talk: Talk<'_>) -> Examination {
    let ask = whose(&mut talk).await?;
    let answer = talk.send(&ask).await?;
    if answer.status.is_success() {
        return Err(in_the_way("the server answers requests without a token"));
    }
    let challenge = answer.header("www-authenticate").unwrap_or_default();
    let bearer = challenge.to_ascii_lowercase().starts_with("bearer");
    demand(bearer, || {
        format!("{} without a Bearer challenge", answer.outline())
    })
}

async fn environment_bound(mut talk: Talk<'_>) -> Examination {
    let site = talk.server.other_site()?;
    let ask = Ask::form(&site.token_endpoint, &[CLIENT_CREDENTIALS]).basic(&talk.server.client);
    let token = talk.access_token(&ask).await?;
    let ask = whose(&mut talk).await?.bearer(&token);
    unauthorized(&talk.send(&ask).await?)
}

async fn identity(mut talk: Talk<'_>) -> Examination {
    let token = talk.partner_token().await?;
    let ask = whose(&mut talk).await?.bearer(&token);
    for _ in 0..2 {
        let answer = talk.send(&ask).await?;
        answer.answered(200)?;
        let told = answer.text("/data/client_id");
        demand(told.as_ref() == Some(&talk.server.client.id), || {
            "an answer that does not name the client".to_owned()
        })?;
    }
    Ok(())
}
