//! The second provider: a JSON token endpoint, and a resource to use a token on.

use std::time::Duration;

use serde_json::{Value, json};

use super::questions;
use super::secret::open;
use super::talk::Talk;
use super::wire::{Answer, Ask};
use crate::judge::{Examination, Objection, demand};

const LIFE: Duration = Duration::from_secs(7200);

questions! {
    "server.gogox.json-only", Gentle, ["gogox-guide.token.json-body"],
        "A token request that does not say that it is JSON is refused.", json_only;
    "server.gogox.one-method", Gentle, ["gogox-guide.token.no-basic"],
        "A token request with HTTP Basic beside its body is refused.", one_method;
    "server.gogox.members-present", Gentle, ["gogox-guide.token.json-body"],
        "A token request without its secret is `invalid_request`.", members_present;
    "server.gogox.grant-type", Gentle, ["gogox-guide.token.client-credentials-only"],
        "A grant other than client credentials is refused.", grant_type;
    "server.gogox.client-right", Abusive, ["gogox-guide.token.json-body"],
        "A wrong secret is refused.", client_right;
    "server.gogox.answer", Gentle, ["gogox-guide.token.answer", "gogox-guide.token.age"],
        "The answer has the token, its life in seconds and its time of creation.", answer;
    "server.gogox.bearer-present", Gentle, ["gogox-guide.api.bearer"],
        "A request without a token is 401.", bearer_present;
    "server.gogox.bearer-known", Abusive, ["gogox-guide.api.bearer"],
        "A token that was not issued here is 401.", bearer_known;
    "server.gogox.bearer-ends", Gentle, ["gogox-guide.token.again"],
        "A token that is two hours old is 401.", bearer_ends;
}

impl Talk<'_> {
    /// A good token request.
    fn second_request(&self) -> Result<Ask, Objection> {
        self.second_request_with("grant_type", json!("client_credentials"))
    }

    /// A token request that is good but for one member.
    fn second_request_with(&self, member: &str, value: Value) -> Result<Ask, Objection> {
        let (address, client) = self.server.second_provider()?;
        let mut body = json!({
            "client_id": client.id,
            "client_secret": open(&client.secret),
            "grant_type": "client_credentials",
        });
        body[member] = value;
        Ok(Ask::json(format!("{address}/oauth/token"), &body))
    }

    fn orders(&self) -> Result<Ask, Objection> {
        let (address, _) = self.server.second_provider()?;
        Ok(Ask::get(format!("{address}/delivery/orders")))
    }

    async fn second_answer(&mut self, ask: Result<Ask, Objection>) -> Result<Answer, Objection> {
        self.send(&ask?).await
    }

    /// Objects unless a request is refused that a good one is not.
    async fn refuses_second(&mut self, ask: Ask) -> Examination {
        let good = self.second_request()?;
        self.access_token(&good).await?;
        self.send(&ask).await?.refused()
    }
}

async fn json_only(mut talk: Talk<'_>) -> Examination {
    let silent = talk.second_request()?.without("content-type");
    talk.refuses_second(silent).await
}

async fn one_method(mut talk: Talk<'_>) -> Examination {
    let (_, client) = talk.server.second_provider()?;
    let ask = talk.second_request()?.basic(client);
    talk.refuses_second(ask).await
}

async fn members_present(mut talk: Talk<'_>) -> Examination {
    let ask = talk.second_request_with("client_secret", Value::Null);
    let answer = talk.second_answer(ask).await?;
    answer.refused_as("invalid_request")
}

async fn grant_type(mut talk: Talk<'_>) -> Examination {
    let ask = talk.second_request_with("grant_type", json!("password"))?;
    talk.refuses_second(ask).await
}

async fn client_right(mut talk: Talk<'_>) -> Examination {
    let wrong = json!("a-secret-that-nobody-has-0123456789");
    let ask = talk.second_request_with("client_secret", wrong)?;
    talk.refuses_second(ask).await
}

async fn answer(mut talk: Talk<'_>) -> Examination {
    let answer = talk.second_answer(talk.second_request()).await?;
    answer.answered(200)?;
    demand(answer.text("/access_token").is_some(), || {
        "an answer without an access token".to_owned()
    })?;
    let body = answer.json();
    for member in ["expires_in", "created_at"] {
        demand(body[member].as_u64().is_some(), || {
            format!("an answer without a number in {member}")
        })?;
    }
    Ok(())
}

async fn bearer_present(mut talk: Talk<'_>) -> Examination {
    let ask = talk.orders();
    talk.second_answer(ask).await?.answered(401)
}

async fn bearer_known(mut talk: Talk<'_>) -> Examination {
    let ask = talk.orders()?;
    let ask = ask.bearer("a-token-that-nobody-issued-0123456789");
    talk.send(&ask).await?.answered(401)
}

async fn bearer_ends(mut talk: Talk<'_>) -> Examination {
    let runner = talk.server.runner()?;
    let token = talk.access_token(&talk.second_request()?).await?;
    let ask = talk.orders()?.bearer(&token);
    talk.send(&ask).await?.answered(200)?;
    runner.advance(LIFE);
    talk.send(&ask).await?.answered(401)
}
