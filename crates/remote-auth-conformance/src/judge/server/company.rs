//! Companies that a partner creates, and the tokens that it makes for them.

use std::time::{Duration, SystemTime};

use ring::rand::{SecureRandom, SystemRandom};
use serde_json::{Value, json};

use super::questions;
use super::talk::{Talk, in_the_way};
use super::wire::{Answer, Ask};
use crate::judge::{Examination, Objection, demand};

questions! {
    "server.company.query", Destructive, ["remote.company.query"],
        "A company with an action that does not exist is 422.", query;
    "server.company.scope-listed", Destructive, ["remote.error.invalid-scope"],
        "A company whose token is to have a scope that does not exist is 422.", scope_listed;
    "server.company.fields-present", Destructive, ["remote.company.fields"],
        "A company without one of its six required fields is 422.", fields_present;
    "server.company.fields-valid", Destructive, ["remote.company.fields"],
        "A company whose country, currency, address or time is of no such form is 422.",
        fields_valid;
    "server.company.terms-recent", Destructive, ["remote.company.terms-recent"],
        "Terms of service that were accepted more than fifteen minutes ago are 422.", terms_recent;
    "server.company.name-conflict", Destructive, ["remote.company.name-conflict"],
        "A company whose name is taken is 409.", name_conflict;
    "server.company.created", Destructive,
        ["remote.company.shortcut", "remote.company.shortcut-answer",
        "remote.client-credentials.creates-companies"],
        "A company that is created with its tokens is 201, and they stand beside it.", created;
    "server.company.token-managed", Destructive, ["remote.company.create-token"],
        "Tokens for a company that the client does not manage are 404.", token_managed;
    "server.company.token-issued", Destructive,
        ["remote.company.create-token", "remote.refresh.two-sources"],
        "A partner gets an access token and a refresh token for a company that it manages.",
        token_issued;
}

/// Writes a good body, with a name that no company has.
pub(super) fn new_company(now: SystemTime) -> Value {
    let mut bytes = [0; 8];
    SystemRandom::new()
        .fill(&mut bytes)
        .expect("the system has randomness");
    let name = format!("Judged {:016x}", u64::from_be_bytes(bytes));
    json!({
        "name": name,
        "country_code": "PRT",
        "desired_currency": "EUR",
        "company_owner_name": "Ada Admin",
        "company_owner_email": "ada@company.example",
        "terms_of_service_accepted_at": rfc3339(now),
    })
}

fn rfc3339(time: SystemTime) -> String {
    let time = jiff::Timestamp::try_from(time).unwrap_or(jiff::Timestamp::MAX);
    time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

impl Talk<'_> {
    /// Asks for a new company, as the partner.
    async fn create(&mut self, query: &str, body: &Value) -> Result<Answer, Objection> {
        let url = self.api(&format!("/companies{query}")).await?;
        let token = self.partner_token().await?;
        self.send(&Ask::json(url, body).bearer(&token)).await
    }

    /// Objects unless a good body with one member changed is refused for what it says.
    async fn unprocessable(&mut self, member: &str, value: Value) -> Examination {
        let mut body = new_company(self.server.now());
        if value.is_null() {
            let members = body.as_object_mut().expect("a company is an object");
            members.remove(member);
        } else {
            body[member] = value;
        }
        self.create("", &body).await?.answered(422)
    }

    /// Creates a company of the check's own, and returns its identifier.
    pub(super) async fn own_company(&mut self) -> Result<String, Objection> {
        let body = new_company(self.server.now());
        let answer = self.create("", &body).await?;
        let id = answer.text("/data/company/id");
        id.ok_or_else(|| in_the_way(format!("no company was created: {}", answer.outline())))
    }

    async fn create_token(&mut self, company_id: &str) -> Result<Answer, Objection> {
        let url = self
            .api(&format!("/companies/{company_id}/create-token"))
            .await?;
        let token = self.partner_token().await?;
        let ask = Ask::new(reqwest::Method::POST, url).bearer(&token);
        self.send(&ask).await
    }
}

async fn query(mut talk: Talk<'_>) -> Examination {
    let body = new_company(talk.server.now());
    let answer = talk.create("?action=no_such_action", &body).await?;
    answer.answered(422)
}

async fn scope_listed(mut talk: Talk<'_>) -> Examination {
    let body = new_company(talk.server.now());
    let query = "?action=get_oauth_access_tokens&scope=no:such-scope";
    talk.create(query, &body).await?.answered(422)
}

async fn fields_present(mut talk: Talk<'_>) -> Examination {
    for member in ["company_owner_name", "name"] {
        talk.unprocessable(member, Value::Null).await?;
    }
    Ok(())
}

async fn fields_valid(mut talk: Talk<'_>) -> Examination {
    for (member, value) in [
        ("country_code", "pt"),
        ("desired_currency", "euros"),
        ("company_owner_email", "nobody"),
        ("terms_of_service_accepted_at", "yesterday"),
    ] {
        talk.unprocessable(member, json!(value)).await?;
    }
    Ok(())
}

async fn terms_recent(mut talk: Talk<'_>) -> Examination {
    let long_ago = talk.server.now() - Duration::from_secs(3600);
    let long_ago = json!(rfc3339(long_ago));
    talk.unprocessable("terms_of_service_accepted_at", long_ago)
        .await
}

async fn name_conflict(mut talk: Talk<'_>) -> Examination {
    let body = new_company(talk.server.now());
    let first = talk.create("", &body).await?;
    if !first.status.is_success() {
        let outline = first.outline();
        return Err(in_the_way(format!("no company was created: {outline}")));
    }
    talk.create("", &body).await?.answered(409)
}

async fn created(mut talk: Talk<'_>) -> Examination {
    let body = new_company(talk.server.now());
    let query = "?action=get_oauth_access_tokens";
    let answer = talk.create(query, &body).await?;
    answer.answered(201)?;
    for member in ["company/id", "tokens/access_token", "tokens/refresh_token"] {
        demand(answer.text(&format!("/data/{member}")).is_some(), || {
            format!("an answer without {member}")
        })?;
    }
    Ok(())
}

async fn token_managed(mut talk: Talk<'_>) -> Examination {
    let foreign = talk.server.unmanaged_company()?;
    talk.create_token(foreign).await?.answered(404)
}

async fn token_issued(mut talk: Talk<'_>) -> Examination {
    let own = talk.own_company().await?;
    let answer = talk.create_token(&own).await?;
    answer.answered(200)?;
    for member in ["access_token", "refresh_token"] {
        demand(answer.text(&format!("/{member}")).is_some(), || {
            format!("an answer without {member}")
        })?;
    }
    Ok(())
}
