//! Probes of the platform operations.

use remote_auth_sandbox::{Gateway, Gateway::Sandbox as GATEWAY, Rule, Rule::*};
use serde_json::{Value, json};

use crate::{
    bench::{Ask, Bench, text},
    companies::{changed, company},
    webhooks::{CALLBACKS, register},
};

pub(super) const IDENTITY: &str = "/v1/identity/current";
const COMPANIES: &str = "/v1/companies";
const EMPLOYMENTS: &str = "/v1/employments";
const MAGIC_LINK: &str = "/v1/magic-link";

pub(super) async fn bearer(rule: Rule, bench: &Bench) -> Option<Ask> {
    let partner = bench.partner_token(GATEWAY);
    let company = bench.company_token(GATEWAY);
    Some(match rule {
        BearerPresent => Ask::get(IDENTITY),
        BearerKnown => Ask::get(IDENTITY).bearer("invented"),
        BearerGateway => Ask::get(IDENTITY).bearer(&bench.partner_token(Gateway::Production).await),
        BearerUnexpired => {
            let token = partner.await;
            bench.advance_s(3_600);
            Ask::get(IDENTITY).bearer(&token)
        }
        PlatformPrincipal => Ask::get(COMPANIES).bearer(&company.await),
        PlatformCompanyVisible => Ask::get(EMPLOYMENTS).bearer(&partner.await),
        PlatformScope => {
            let token = bench.narrow_company_token(GATEWAY, "payroll").await;
            Ask::get("/v1/company-managers").bearer(&token)
        }
        PlatformPaging => Ask::get(&format!("{EMPLOYMENTS}?page=0")).bearer(&company.await),
        PlatformQuery => {
            Ask::json(&format!("{COMPANIES}?async=%zz"), &fjord()).bearer(&partner.await)
        }
        PlatformJson => Ask::json(COMPANIES, &fjord())
            .without("content-type")
            .bearer(&partner.await),
        PlatformServed => Ask::get(IDENTITY).bearer(&partner.await),
        _ => return None,
    })
}

fn fjord() -> Value {
    company("Fjord AS")
}

pub(super) async fn companies(rule: Rule, bench: &Bench) -> Option<Ask> {
    let create = |query: &str, body: &Value| Ask::json(&format!("{COMPANIES}{query}"), body);
    let create_token =
        |company_id: &str| Ask::new("POST", &format!("{COMPANIES}/{company_id}/create-token"));
    let fixture = bench.sandbox.fixture();
    let ask = match rule {
        CompanyQueryKnown => create("?action=unknown", &fjord()),
        CompanyTokenScope => create("?scope=unlisted", &fjord()),
        CompanyFieldsPresent => create("", &changed("company_owner_name", &json!(null))),
        CompanyFieldsValid => create("", &changed("country_code", &json!("no"))),
        CompanyTermsRecent => {
            let long_ago = json!("2020-01-01T00:00:00Z");
            create("", &changed("terms_of_service_accepted_at", &long_ago))
        }
        CompanyNameNew => create("", &company("Acme Demo Ltd")),
        CompanyCreated => create("", &fjord()),
        CreateTokenManaged => create_token(fixture.unmanaged_company_id()),
        CreateTokenIssued => create_token(fixture.company_id()),
        _ => return None,
    };
    Some(ask.bearer(&bench.partner_token(GATEWAY).await))
}

pub(super) async fn magic_link(rule: Rule, bench: &Bench) -> Option<Ask> {
    let user_id = bench.sandbox.fixture().manager_user_id();
    let body = match rule {
        MagicLinkPerson => json!({}),
        MagicLinkPath => json!({ "user_id": user_id, "path": "//elsewhere" }),
        MagicLinkPersonKnown => json!({ "user_id": "nobody" }),
        MagicLinkMade | MagicLinkOnce | MagicLinkOpened => json!({ "user_id": user_id }),
        _ => return None,
    };
    let ask = Ask::json(MAGIC_LINK, &body).bearer(&bench.company_token(GATEWAY).await);
    if !matches!(rule, MagicLinkOnce | MagicLinkOpened) {
        return Some(ask);
    }
    let gateway_url = bench.sandbox.gateway_url(GATEWAY);
    let made = ask.send(gateway_url).await.json();
    let link = Ask::get(text(&made["data"], "url").trim_start_matches(gateway_url));
    if rule == MagicLinkOnce {
        link.clone().send(gateway_url).await;
    }
    Some(link)
}

pub(super) async fn webhook(rule: Rule, bench: &Bench) -> Option<Ask> {
    let url = "http://127.0.0.1:9/hook";
    let events = json!(["company.archived"]);
    let create = |body: Value| Ask::json(CALLBACKS, &body);
    let delete = |id: &str| Ask::new("DELETE", &format!("{CALLBACKS}/{id}"));
    let ask = match rule {
        WebhookFields => create(json!({ "url": url, "subscribed_events": events, "secret": "x" })),
        WebhookUrl => {
            create(json!({ "url": "https://client.example/", "subscribed_events": events }))
        }
        WebhookEvents => create(json!({ "url": url })),
        WebhookCreated => create(json!({ "url": url, "subscribed_events": events })),
        WebhookKnown => delete("unknown"),
        WebhookDeleted => {
            let token = bench.company_token(GATEWAY).await;
            delete(&register(bench, &token, url, &["company.archived"]).await.0)
        }
        _ => return None,
    };
    Some(ask.bearer(&bench.company_token(GATEWAY).await))
}
