//! Codes: what they are bound to, how long and how often they work, and what they give.

use std::time::Duration;

use super::questions;
use super::talk::{IDENTITY, Talk, in_the_way};
use super::wire::Ask;
use crate::judge::{Examination, demand};

const LIFE: Duration = Duration::from_secs(300);
const OTHER_VERIFIER: &str = "another-verifier-that-is-long-enough-but-not-the-one-0";

questions! {
    "server.code.answer", Gentle, ["remote.code.answer", "remote.answer.company-id"],
        "A code gives an access token, a refresh token, the company and the user.", answer;
    "server.code.known", Abusive, ["rfc6749.4.1.3.code-valid"],
        "A code that was not issued here is `invalid_grant`.", known;
    "server.code.client-bound", Abusive,
        ["rfc6749.4.1.2.code-bound", "rfc6749.4.1.3.code-of-this-client"],
        "A code of another client is `invalid_grant`.", client_bound;
    "server.code.single-use", Abusive, ["remote.code.single-use", "rfc6749.4.1.2.code-single-use"],
        "A code that was used is `invalid_grant`.", single_use;
    "server.code.reuse-revokes", Destructive, ["rfc6749.4.1.2.code-reuse-revokes"],
        "A code that comes a second time takes back what it gave the first time.", reuse_revokes;
    "server.code.five-minutes", Gentle,
        ["remote.code.five-minutes", "rfc6749.4.1.2.code-short-lived"],
        "A code that is five minutes old is `invalid_grant`.", five_minutes;
    "server.code.redirect-uri", Abusive, ["rfc6749.4.1.3.redirect-uri-identical"],
        "A code with another redirection URI than its request's is `invalid_grant`.", redirect_uri;
    "server.code.verifier", Abusive,
        ["rfc7636.4.4.bound-to-code", "rfc7636.4.6.verified", "rfc9700.2.1.1.pkce-enforced",
        "rfc9700.2.1.1.code-injection", "rfc9700.4.8.2.downgrade"],
        "A code is `invalid_grant` with a wrong verifier, and refused without its own or with one it never had.",
        verifier;
    "server.environment.code-bound", Abusive, ["remote.environment.token-bound"],
        "A code of another environment is `invalid_grant`.", environment_bound;
}

async fn answer(mut talk: Talk<'_>) -> Examination {
    let code = talk.code(&[]).await?;
    let answer = talk.send(&talk.redemption(&code, &[])).await?;
    answer.answered(200)?;
    for member in ["access_token", "refresh_token", "company_id", "user_id"] {
        demand(answer.text(&format!("/{member}")).is_some(), || {
            format!("an answer without {member}")
        })?;
    }
    Ok(())
}

async fn known(mut talk: Talk<'_>) -> Examination {
    // With a verifier it could be refused for that alone.
    let ask = talk.redemption("a-code-that-nobody-issued-0123456789", &[]);
    let ask = ask.omitting("code_verifier");
    talk.send(&ask).await?.refused_as("invalid_grant")
}

async fn client_bound(mut talk: Talk<'_>) -> Examination {
    let other = talk.server.second_client()?;
    let code = talk.code(&[]).await?;
    let ask = talk.redemption(&code, &[]);
    let ask = ask.without("authorization").basic(other);
    talk.send(&ask).await?.refused_as("invalid_grant")
}

/// Uses a code for good, and returns the request that did and the token that came.
async fn used(talk: &mut Talk<'_>) -> Result<(Ask, String), crate::judge::Objection> {
    let code = talk.code(&[]).await?;
    let ask = talk.redemption(&code, &[]);
    let token = talk.access_token(&ask).await?;
    Ok((ask, token))
}

async fn single_use(mut talk: Talk<'_>) -> Examination {
    let (ask, _) = used(&mut talk).await?;
    talk.send(&ask).await?.refused_as("invalid_grant")
}

async fn reuse_revokes(mut talk: Talk<'_>) -> Examination {
    let (again, token) = used(&mut talk).await?;
    if talk.send(&again).await?.status.is_success() {
        return Err(in_the_way("the server takes a code twice"));
    }
    let ask = Ask::get(talk.api(IDENTITY).await?).bearer(&token);
    talk.send(&ask).await?.answered(401)
}

async fn five_minutes(mut talk: Talk<'_>) -> Examination {
    let runner = talk.server.runner()?;
    let code = talk.code(&[]).await?;
    runner.advance(LIFE);
    let ask = talk.redemption(&code, &[]);
    talk.send(&ask).await?.refused_as("invalid_grant")
}

async fn redirect_uri(mut talk: Talk<'_>) -> Examination {
    let code = talk.code(&[]).await?;
    let other = [("redirect_uri", "https://attacker.example/callback")];
    let ask = talk.redemption(&code, &other);
    talk.send(&ask).await?.refused_as("invalid_grant")
}

async fn verifier(mut talk: Talk<'_>) -> Examination {
    // With the right one it works, or nothing that follows would say anything.
    let code = talk.code(&[]).await?;
    talk.access_token(&talk.redemption(&code, &[])).await?;

    let code = talk.code(&[]).await?;
    let wrong = talk.redemption(&code, &[("code_verifier", OTHER_VERIFIER)]);
    talk.send(&wrong).await?.refused_as("invalid_grant")?;

    let code = talk.code(&[]).await?;
    let none = talk.redemption(&code, &[]).omitting("code_verifier");
    talk.send(&none).await?.refused()?;

    let answer = talk
        .approved_at(talk.home(), &talk.unchallenged_request())
        .await?;
    match answer.callback("code") {
        Some(code) => talk.send(&talk.redemption(&code, &[])).await?.refused(),
        // Where every code has its challenge, nobody can leave it out.
        None => Ok(()),
    }
}

async fn environment_bound(mut talk: Talk<'_>) -> Examination {
    let code = talk.code_at(talk.server.other_site()?, &[]).await?;
    let ask = talk.redemption(&code, &[]);
    talk.send(&ask).await?.refused_as("invalid_grant")
}
