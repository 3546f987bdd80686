//! Bodies of the platform: what people and companies look like, and how a request is refused.
//!
//! Whatever carries a secret is a wire type that the generated client shares.
//! People and companies are written here by hand and have more members than the shared types, as
//! Remote's own answers do, so that a client shows that it passes over them.

use axum::http::{HeaderMap, StatusCode, header};
use remote_oauth_client::{ExpiresIn, Secret, platform::types};
use serde_json::{Map, Value, json};

use crate::{
    fixture::{Company, Employment, User},
    rule::Rule,
    state::ACCESS_TOKEN_LIFE,
    token::CompanyTokens,
    webhook::Subscription,
    wire::Answer,
};

/// Why a platform request is refused.
pub(super) struct Refused {
    rule: Rule,
    status: StatusCode,
    body: Value,
}

impl Refused {
    fn new(rule: Rule, status: StatusCode, message: &Value) -> Self {
        Self {
            rule,
            status,
            body: json!({ "message": message }),
        }
    }

    pub(super) fn unauthorized(rule: Rule) -> Self {
        Self::new(rule, StatusCode::UNAUTHORIZED, &json!("Unauthorized"))
    }

    pub(super) fn forbidden(rule: Rule) -> Self {
        Self::new(rule, StatusCode::FORBIDDEN, &json!("Forbidden"))
    }

    pub(super) fn not_found(rule: Rule, message: &str) -> Self {
        Self::new(rule, StatusCode::NOT_FOUND, &json!(message))
    }

    pub(super) fn bad_request(rule: Rule, message: &str) -> Self {
        Self::new(rule, StatusCode::BAD_REQUEST, &json!(message))
    }

    /// The envelope that company creation has for a name that is taken.
    pub(super) fn already_exists(rule: Rule, existing: &Company) -> Self {
        let message = json!({
            "code": "resource_already_exists",
            "message": "A company with the provided name is already registered.",
            "resource_id": &*existing.id,
            "resource_type": "company_creation",
        });
        Self::new(rule, StatusCode::CONFLICT, &message)
    }

    /// Names each faulty field with one fault.
    pub(super) fn fields(rule: Rule, faults: &[(&str, &str)]) -> Self {
        let named = |(field, fault): &(&str, &str)| ((*field).to_owned(), json!([fault]));
        let errors: Map<String, Value> = faults.iter().map(named).collect();
        Self {
            rule,
            status: StatusCode::UNPROCESSABLE_ENTITY,
            body: json!({ "errors": errors }),
        }
    }

    pub(super) fn field(rule: Rule, field: &str) -> Self {
        Self::fields(rule, &[(field, "is invalid")])
    }

    pub(super) fn answer(self) -> Answer {
        let answer = Answer::json(self.rule, self.status, &self.body);
        match self.status {
            // See https://www.rfc-editor.org/rfc/rfc6750#section-3.
            StatusCode::UNAUTHORIZED => answer.with(header::WWW_AUTHENTICATE, "Bearer"),
            _ => answer,
        }
    }
}

/// Tells whether the media type is `application/json`, with parameters or without.
pub(crate) fn is_json(headers: &HeaderMap) -> bool {
    let media_type = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok());
    media_type
        .and_then(|media_type| media_type.split(';').next())
        .is_some_and(|essence| essence.trim().eq_ignore_ascii_case("application/json"))
}

/// An ordinary answer to a good request.
pub(super) fn served(data: &Value) -> Answer {
    Answer::json(
        Rule::PlatformServed,
        StatusCode::OK,
        &json!({ "data": data }),
    )
}

pub(super) fn integration() -> Value {
    json!({
        "contact_email": "partner_admin@example.com",
        "display_name": "Embedded sandbox integration",
        "name": "embedded_sandbox_integration",
    })
}

pub(super) fn company_brief(company: &Company) -> Value {
    json!({ "id": &*company.id, "name": company.name })
}

pub(super) fn company(company: &Company) -> Value {
    let mut shown = json!({
        "id": &*company.id,
        "name": company.name,
        "country_code": company.country_code,
        "desired_currency": company.desired_currency,
        "company_owner_email": company.manager.email,
        "company_owner_name": company.manager.name,
        "company_owner_user_id": company.manager.id,
        "status": company.status,
    });
    // The description has a text here, so that what there is not is left out.
    if let Some(external_id) = &company.external_id {
        shown["external_id"] = json!(external_id);
    }
    shown
}

pub(super) fn user(user: &User) -> Value {
    json!({ "email": user.email, "id": user.id, "name": user.name, "status": user.status })
}

pub(super) fn manager(company: &Company) -> Value {
    json!({
        "billing_contacts": [],
        "company_id": &*company.id,
        "role": "owner",
        "user_email": company.manager.email,
        "user_id": company.manager.id,
        "user_name": company.manager.name,
    })
}

pub(super) fn employment(employment: &Employment, is_deactivated: bool) -> Value {
    json!({
        "id": employment.id,
        "full_name": employment.owner.name,
        "job_title": employment.job_title,
        "login_email": employment.owner.email,
        "status": "active",
        "type": "employee",
        "user_status": if is_deactivated { "inactive" } else { "active" },
    })
}

/// What `create-token` answers.
pub(super) fn company_token_response(tokens: CompanyTokens) -> types::CompanyTokenResponse {
    types::CompanyTokenResponse {
        access_token: Some(tokens.access_token),
        expires_in: Some(ExpiresIn::from_secs(ACCESS_TOKEN_LIFE.as_secs())),
        refresh_token: Some(tokens.refresh_token),
    }
}

/// What stands beside a created company: the same three members.
pub(super) fn company_tokens(tokens: CompanyTokens) -> types::CompanyTokens {
    types::CompanyTokens {
        access_token: Some(tokens.access_token),
        expires_in: Some(ExpiresIn::from_secs(ACCESS_TOKEN_LIFE.as_secs())),
        refresh_token: Some(tokens.refresh_token),
        ..types::CompanyTokens::default()
    }
}

pub(super) fn magic_link(url: String) -> types::MagicLinkResponse {
    let url = Some(Secret::from(url));
    types::MagicLinkResponse {
        data: Some(types::MagicLink { url }),
    }
}

/// A new callback with its signing key, which no other answer has.
pub(super) fn webhook_callback(
    id: &str,
    url: &str,
    subscription: &Subscription,
    signing_key: Secret,
) -> types::WebhookCallbackResponse {
    let (all, names) = match subscription {
        Subscription::All => (Some(true), Vec::new()),
        Subscription::Named(names) => (None, names.clone()),
    };
    let webhook_callback = types::WebhookCallback {
        id: Some(id.to_owned()),
        signing_key: Some(signing_key),
        subscribe_to_all_events: all,
        subscribed_events: names,
        url: Some(url.to_owned()),
    };
    types::WebhookCallbackResponse {
        data: Some(types::CreatedWebhookCallback {
            webhook_callback: Some(webhook_callback),
        }),
    }
}

pub(super) fn success() -> types::SuccessResponse {
    let status = Some("ok".to_owned());
    types::SuccessResponse {
        data: Some(types::Success { status }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::Fixture;

    #[test]
    fn a_company_that_the_partner_gave_no_name_has_no_such_member() {
        let shown = company(Fixture::default().company());
        assert_eq!(shown["name"], "Acme Demo Ltd");
        assert_eq!(shown.get("external_id"), None);
    }
}
