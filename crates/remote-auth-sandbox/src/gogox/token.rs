//! The rules of the second provider: who gets a token, and what opens the resource.

use std::time::Duration;

use axum::http::{HeaderMap, StatusCode, header};
use remote_oauth_client::{CreatedAt, ExpiresIn, Secret, gogox::types::TokenResponse};
use serde_json::{Map, Value, json};

use super::Desk;
use crate::{platform, rule::Rule, state::Digest, wire::Answer, world::lock};

/// How long an access token lives, as one public client shows it.
const ACCESS_TOKEN_LIFE: Duration = Duration::from_secs(7_200);

/// A token request refused, in the words of the library that the provider is taken to use.
struct Refusal {
    rule: Rule,
    status: StatusCode,
    error: &'static str,
    description: &'static str,
}

impl Refusal {
    const fn invalid_request(rule: Rule, description: &'static str) -> Self {
        Self {
            rule,
            status: StatusCode::BAD_REQUEST,
            error: "invalid_request",
            description,
        }
    }

    fn answer(self) -> Answer {
        Answer::oauth(self.rule, self.status, self.error, Some(self.description))
    }
}

/// `POST /oauth/token`.
pub(super) fn issue(desk: &Desk, headers: &HeaderMap, body: &[u8]) -> Answer {
    if let Err(refusal) = judge(desk, headers, body) {
        return refusal.answer();
    }
    let (token, now) = (desk.entropy.long_hex(), desk.clock.now());
    let end = now.plus(ACCESS_TOKEN_LIFE);
    lock(&desk.access_tokens).put(Digest::of(&token), end);
    let body = TokenResponse {
        access_token: Some(Secret::from(token)),
        token_type: Some("Bearer".to_owned()),
        expires_in: Some(ExpiresIn::from_secs(ACCESS_TOKEN_LIFE.as_secs())),
        created_at: Some(CreatedAt::from_unix_secs(now.unix_s())),
        ..TokenResponse::default()
    };
    Answer::json(Rule::GogoxTokenIssued, StatusCode::OK, &body).unstored()
}

/// Names the first rule that a token request breaks.
fn judge(desk: &Desk, headers: &HeaderMap, body: &[u8]) -> Result<(), Refusal> {
    let invalid = |description| move |rule| Refusal::invalid_request(rule, description);
    let rules = &desk.rules;
    let object = |body| serde_json::from_slice::<Map<String, Value>>(body).ok();
    let sent = platform::is_json(headers).then(|| object(body)).flatten();
    let body = rules
        .find(Rule::GogoxJsonOnly, sent, || {
            object(body).or_else(|| Some(Map::new()))
        })
        .map_err(invalid("the body has to be a JSON object"))?;
    let in_header = headers.contains_key(header::AUTHORIZATION);
    rules
        .demand(Rule::GogoxOneMethod, !in_header)
        .map_err(invalid(
            "client credentials belong in the body and nowhere else",
        ))?;
    let member = |name: &str| {
        let text = body.get(name).and_then(Value::as_str);
        let text = text.filter(|text| !text.is_empty());
        let missing = "client_id, client_secret and grant_type have to be there as text";
        rules
            .find(Rule::GogoxMembersPresent, text, || Some(""))
            .map_err(invalid(missing))
    };
    let (client_id, client_secret) = (member("client_id")?, member("client_secret")?);
    let grant_is_known = member("grant_type")? == "client_credentials";
    rules
        .demand(Rule::GogoxGrantType, grant_is_known)
        .map_err(|rule| Refusal {
            rule,
            status: StatusCode::BAD_REQUEST,
            error: "unsupported_grant_type",
            description: "the only grant type is client_credentials",
        })?;
    // Both are always compared, so that the time tells nothing about the secret.
    let secret_is_right = desk.client_secret.same_as(&Secret::from(client_secret));
    let client_is_right = secret_is_right & (desk.client_id == client_id);
    rules
        .demand(Rule::GogoxClientRight, client_is_right)
        .map_err(|rule| Refusal {
            rule,
            status: StatusCode::UNAUTHORIZED,
            error: "invalid_client",
            description: "the client is unknown or its secret is wrong",
        })
}

/// `GET /delivery/orders`: an empty list for whoever has a token.
pub(super) fn orders(desk: &Desk, headers: &HeaderMap) -> Answer {
    match judge_bearer(desk, headers) {
        Ok(()) => {
            let body = json!({ "orders": [] });
            Answer::json(Rule::GogoxServed, StatusCode::OK, &body)
        }
        Err((rule, description)) => {
            let status = StatusCode::UNAUTHORIZED;
            let challenge = if rule == Rule::GogoxBearerPresent {
                "Bearer"
            } else {
                "Bearer error=\"invalid_token\""
            };
            Answer::oauth(rule, status, "invalid_token", Some(description))
                .with(header::WWW_AUTHENTICATE, challenge)
        }
    }
}

/// Names the first rule that a bearer token breaks, and says so in words.
fn judge_bearer(desk: &Desk, headers: &HeaderMap) -> Result<(), (Rule, &'static str)> {
    let because = |words| move |rule| (rule, words);
    let rules = &desk.rules;
    let Some(token) = platform::bearer_text(headers) else {
        return rules
            .demand(Rule::GogoxBearerPresent, false)
            .map_err(because("the access token is missing"));
    };
    let Some(end) = lock(&desk.access_tokens).get(Digest::of(token)).copied() else {
        return rules
            .demand(Rule::GogoxBearerKnown, false)
            .map_err(because("the access token is not known"));
    };
    rules
        .demand(Rule::GogoxBearerUnexpired, desk.clock.now() < end)
        .map_err(because("the access token expired"))
}
