//! Refresh tokens: what they are bound to, and what they give.

use super::questions;
use super::talk::{Talk, in_the_way};
use super::wire::Answer;
use crate::judge::{Examination, Objection, demand};

questions! {
    "server.refresh.known", Abusive, ["remote.error.invalid-grant"],
        "A refresh token that was not issued here is `invalid_grant`.", known;
    "server.refresh.client-bound", Abusive,
        ["rfc6749.6.bound-to-client", "rfc9700.2.2.2.refresh-protected"],
        "A refresh token of another client is `invalid_grant`.", client_bound;
    "server.refresh.no-widening", Gentle,
        ["rfc6749.6.no-widening", "rfc9700.4.14.2.refresh-bound"],
        "A refresh for more than was granted is `invalid_scope`.", no_widening;
    "server.refresh.no-ids", Gentle, ["remote.refresh.renews", "remote.refresh.no-ids"],
        "A refresh gives a new access token, and names neither company nor user.", no_ids;
    "server.refresh.not-rotated", Gentle, ["remote.refresh.not-rotated"],
        "A refresh answers with the refresh token that was sent, which stays good.", not_rotated;
    "server.environment.refresh-bound", Abusive, ["remote.environment.token-bound"],
        "A refresh token of another environment is `invalid_grant`.", environment_bound;
}

async fn known(mut talk: Talk<'_>) -> Examination {
    let ask = talk.refresh("a-refresh-token-that-nobody-issued-0123456789", &[]);
    talk.send(&ask).await?.refused_as("invalid_grant")
}

async fn client_bound(mut talk: Talk<'_>) -> Examination {
    let other = talk.server.second_client()?;
    let token = talk.refresh_token().await?;
    let ask = talk.refresh(&token, &[]);
    let ask = ask.without("authorization").basic(other);
    talk.send(&ask).await?.refused_as("invalid_grant")
}

async fn no_widening(mut talk: Talk<'_>) -> Examination {
    let granted = talk.company(&[("scope", "payroll")]).await?;
    let ask = talk.refresh(granted.refresh_token()?, &[("scope", "invoices")]);
    talk.send(&ask).await?.refused_as("invalid_scope")
}

/// Refreshes once, and returns what was sent and the answer.
async fn refreshed(talk: &mut Talk<'_>) -> Result<(String, Answer), Objection> {
    let token = talk.refresh_token().await?;
    let answer = talk.send(&talk.refresh(&token, &[])).await?;
    answer.answered(200)?;
    Ok((token, answer))
}

async fn no_ids(mut talk: Talk<'_>) -> Examination {
    let (_, answer) = refreshed(&mut talk).await?;
    demand(answer.text("/access_token").is_some(), || {
        "an answer without an access token".to_owned()
    })?;
    let body = answer.json();
    let named = ["company_id", "user_id"].map(|member| body.get(member));
    demand(named == [None, None], || {
        "an answer that names a company or a user".to_owned()
    })
}

async fn not_rotated(mut talk: Talk<'_>) -> Examination {
    let (sent, answer) = refreshed(&mut talk).await?;
    demand(
        answer.text("/refresh_token").as_ref() == Some(&sent),
        || "an answer without the refresh token that was sent".to_owned(),
    )?;
    let again = talk.send(&talk.refresh(&sent, &[])).await?;
    again.answered(200)
}

async fn environment_bound(mut talk: Talk<'_>) -> Examination {
    let granted = talk.company_at(talk.server.other_site()?, &[]).await?;
    let token = granted
        .refresh_token()
        .map_err(|_| in_the_way("no refresh token came with the code of the other environment"))?;
    let ask = talk.refresh(token, &[]);
    talk.send(&ask).await?.refused_as("invalid_grant")
}
