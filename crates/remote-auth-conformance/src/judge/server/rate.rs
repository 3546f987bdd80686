//! Rate limits, which these checks spend.

use std::time::Duration;

use super::questions;
use super::talk::{CLIENT_CREDENTIALS, IDENTITY, Talk, in_the_way};
use super::wire::Ask;
use crate::judge::{Examination, Objection, demand};

const WINDOW: Duration = Duration::from_secs(60);
const CLIENT_REQUESTS_MAX: usize = 250;
const COMPANY_REQUESTS_MAX: usize = 300;

questions! {
    "server.rate.headers", Gentle, ["remote.rate.headers"],
        "An answer to an authenticated request tells count, remainder and reset in numbers.",
        headers;
    "server.rate.client-minute", Destructive, ["remote.rate.client-minute"],
        "One client's request beyond 250 in a minute is 429.", client_minute;
    "server.rate.company-minute", Destructive, ["remote.rate.company-minute"],
        "One company's request beyond 300 in a minute with its own tokens is 429.", company_minute;
}

async fn headers(mut talk: Talk<'_>) -> Examination {
    let token = talk.partner_token().await?;
    let ask = Ask::get(talk.api(IDENTITY).await?).bearer(&token);
    let answer = talk.send(&ask).await?;
    for name in [
        "x-ratelimit-count",
        "x-ratelimit-remaining",
        "x-ratelimit-reset",
    ] {
        let number = answer.header(name).map(str::parse::<u64>);
        demand(matches!(number, Some(Ok(_))), || {
            format!("an answer without a number in {name}")
        })?;
    }
    Ok(())
}

async fn client_minute(mut talk: Talk<'_>) -> Examination {
    let ask = talk.token_request(&[CLIENT_CREDENTIALS]);
    spend(&mut talk, &ask, CLIENT_REQUESTS_MAX).await
}

async fn company_minute(mut talk: Talk<'_>) -> Examination {
    let token = talk.server.customer()?;
    let ask = Ask::get(talk.api(IDENTITY).await?).bearer(token);
    spend(&mut talk, &ask, COMPANY_REQUESTS_MAX).await
}

/// Objects unless one of so many requests and one more is refused as too many. Keeps the last one.
async fn spend(talk: &mut Talk<'_>, ask: &Ask, max: usize) -> Examination {
    let start = talk.server.now();
    let mut last = talk.send_at_once(ask).await?;
    for _ in 0..max {
        if !last.status.is_success() {
            break;
        }
        last = talk.send_at_once(ask).await?;
    }
    talk.keep(ask, &last);
    if last.is(429) {
        return Ok(());
    }
    let took = talk.server.now().duration_since(start);
    if took.is_ok_and(|took| took >= WINDOW) {
        return Err(in_the_way(
            "a minute is too short to send that many requests",
        ));
    }
    Err(Objection::NotMet(format!(
        "{} to request {} of one minute",
        last.outline(),
        max + 1
    )))
}
