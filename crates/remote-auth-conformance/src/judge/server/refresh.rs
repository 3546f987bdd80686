//! Refresh tokens: what they are bound to, and what they give.

use super::talk::{Talk, in_the_way};
use super::wire::Answer;
use super::{Promise, questions};
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
    "server.refresh.rotated", Gentle, ["rfc6749.6.may-replace"],
        "Where refresh tokens rotate, a refresh gives a new one, which works.", rotated;
    "server.refresh.single-use", Abusive, ["rfc9700.2.2.2.refresh-protected"],
        "Where refresh tokens rotate, one that was replaced is `invalid_grant`.", single_use;
    "server.refresh.reuse-revokes", Destructive, ["rfc9700.4.14.2.reuse-revokes"],
        "Where refresh tokens rotate, the use of one that was replaced ends the newest too.",
        reuse_revokes;
    "server.refresh.ends", Gentle, ["rfc6749.5.2.refresh-ended"],
        "A refresh token is `invalid_grant` at the end of the life that the server says it has.", ends;
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
    let granted = talk.company_of_scope("payroll").await?;
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
    if talk.server.promised(Promise::Rotation) {
        let other = "the server says that its refresh tokens rotate";
        return Err(Objection::Skipped(other.to_owned()));
    }
    let (sent, answer) = refreshed(&mut talk).await?;
    demand(
        answer.text("/refresh_token").as_ref() == Some(&sent),
        || "an answer without the refresh token that was sent".to_owned(),
    )?;
    let again = talk.send(&talk.refresh(&sent, &[])).await?;
    again.answered(200)
}

/// Refreshes once where refresh tokens rotate, and returns the old one and the new one.
async fn replaced(talk: &mut Talk<'_>) -> Result<(String, String), Objection> {
    if !talk.server.promised(Promise::Rotation) {
        let constant = "the server does not say that its refresh tokens rotate";
        return Err(Objection::Skipped(constant.to_owned()));
    }
    // The one that the judge was given stays as it is: nobody could give it another.
    let old = talk.company(&[]).await?.refresh_token()?.to_owned();
    let answer = talk.send(&talk.refresh(&old, &[])).await?;
    answer.answered(200)?;
    let new = answer.text("/refresh_token").filter(|new| *new != old);
    let none = || Objection::NotMet("a refresh without a new refresh token".to_owned());
    Ok((old, new.ok_or_else(none)?))
}

async fn rotated(mut talk: Talk<'_>) -> Examination {
    let (_, new) = replaced(&mut talk).await?;
    talk.send(&talk.refresh(&new, &[])).await?.answered(200)
}

/// The same, where it is not the rotation that is in question.
async fn rotation(talk: &mut Talk<'_>) -> Result<(String, String), Objection> {
    let replaced = replaced(talk).await;
    replaced.map_err(|objection| match objection {
        Objection::NotMet(reason) => in_the_way(reason),
        other => other,
    })
}

async fn single_use(mut talk: Talk<'_>) -> Examination {
    let (old, _) = rotation(&mut talk).await?;
    let again = talk.refresh(&old, &[]);
    talk.send(&again).await?.refused_as("invalid_grant")
}

async fn reuse_revokes(mut talk: Talk<'_>) -> Examination {
    let (old, new) = rotation(&mut talk).await?;
    talk.send(&talk.refresh(&old, &[])).await?;
    let newest = talk.refresh(&new, &[]);
    talk.send(&newest).await?.refused_as("invalid_grant")
}

async fn ends(mut talk: Talk<'_>) -> Examination {
    let life = talk.server.refresh_token_life();
    let unsaid = "the server does not say how long a refresh token lives";
    let life = life.ok_or_else(|| Objection::Skipped(unsaid.to_owned()))?;
    let runner = talk.server.runner()?;
    let token = talk.company(&[]).await?.refresh_token()?.to_owned();
    let ask = talk.refresh(&token, &[]);
    // Before its end it works, or its refusal would say nothing.
    talk.access_token(&ask).await?;
    runner.advance(life);
    talk.send(&ask).await?.refused_as("invalid_grant")
}

async fn environment_bound(mut talk: Talk<'_>) -> Examination {
    let granted = talk.company_at(talk.server.other_site()?, &[]).await?;
    let token = granted
        .refresh_token()
        .map_err(|_| in_the_way("no refresh token came with the code of the other environment"))?;
    let ask = talk.refresh(token, &[]);
    talk.send(&ask).await?.refused_as("invalid_grant")
}
