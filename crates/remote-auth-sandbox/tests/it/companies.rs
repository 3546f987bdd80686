//! Rows for companies: what a creation needs, what it gives, and further tokens.

use remote_auth_sandbox::{Gateway, Gateway::Sandbox as GATEWAY, Rule, Rule::*};
use serde_json::{Value, json};

use crate::bench::{Ask, Bench, OTHER_CLIENT, text};

const COMPANIES: &str = "/v1/companies";
/// The time at which every bench begins.
const START: &str = "2026-01-01T00:00:00Z";

pub(crate) async fn rows() {
    bodies().await;
    queries().await;
    terms_of_service().await;
    names().await;
    created_companies_work_where_and_for_whom_they_were_created().await;
    further_tokens().await;
}

#[tokio::test]
async fn company_requests_are_judged_row_by_row() {
    rows().await;
}

/// A good body.
pub(crate) fn company(name: &str) -> Value {
    json!({
        "name": name,
        "country_code": "NOR",
        "desired_currency": "NOK",
        "company_owner_name": "Kari Nordmann",
        "company_owner_email": "kari.nordmann@fjord.example",
        "terms_of_service_accepted_at": START,
    })
}

/// A good body with one member changed, or taken out.
pub(crate) fn changed(member: &str, value: &Value) -> Value {
    let mut body = company("Fjord AS");
    if value.is_null() {
        body.as_object_mut().unwrap().remove(member);
    } else {
        body[member] = value.clone();
    }
    body
}

fn with_tokens(name: &str) -> Ask {
    let target = format!("{COMPANIES}?action=get_oauth_access_tokens");
    Ask::json(&target, &company(name))
}

// Requirement: remote.api.writes-are-json
async fn bodies() {
    let bench = Bench::new().await;
    let token = bench.partner_token(GATEWAY).await;
    let (missing, wrong) = ((422, CompanyFieldsPresent), (422, CompanyFieldsValid));
    let cases = [
        ("name", json!(null), missing),
        ("country_code", json!(null), missing),
        ("desired_currency", json!(null), missing),
        ("company_owner_name", json!(null), missing),
        ("company_owner_email", json!(null), missing),
        ("terms_of_service_accepted_at", json!(null), missing),
        ("name", json!("  "), missing),
        ("name", json!(7), missing),
        ("name", json!("x".repeat(256)), missing),
        ("external_id", json!(7), wrong),
        ("country_code", json!("NO"), wrong),
        ("country_code", json!("nor"), wrong),
        ("desired_currency", json!("XXX"), wrong),
        ("company_owner_email", json!("kari"), wrong),
        ("company_owner_email", json!("@fjord.example"), wrong),
        ("terms_of_service_accepted_at", json!("today"), wrong),
        (
            "terms_of_service_accepted_at",
            json!("2026-01-01 00:00:00"),
            wrong,
        ),
    ];
    for (member, value, expected) in cases {
        let row = format!("{member} {value}");
        let ask = Ask::json(COMPANIES, &changed(member, &value)).bearer(&token);
        let reply = bench.check(&row, GATEWAY, ask, expected).await;
        let errors = reply.json()["errors"].clone();
        let named: Vec<&String> = errors.as_object().unwrap().keys().collect();
        assert_eq!(named, [member], "{row}");
        assert!(errors[member][0].is_string(), "{row}");
    }
    let reply = bench
        .check(
            "nothing",
            GATEWAY,
            Ask::json(COMPANIES, &json!({})).bearer(&token),
            missing,
        )
        .await;
    let errors = reply.json()["errors"].clone();
    assert_eq!(errors.as_object().map(serde_json::Map::len), Some(6));

    let no_json = (400, PlatformJson);
    let good = || Ask::json(COMPANIES, &company("Fjord AS")).bearer(&token);
    for (row, ask) in [
        ("an array", good().body("[]")),
        ("broken", good().body("{")),
        ("empty", good().body("")),
        ("no media type", good().without("content-type")),
        (
            "a form",
            good()
                .without("content-type")
                .header("content-type", "application/x-www-form-urlencoded"),
        ),
    ] {
        bench.check(row, GATEWAY, ask, no_json).await;
    }
    let charset = good()
        .without("content-type")
        .header("content-type", "Application/JSON; charset=utf-8");
    bench
        .check("a charset", GATEWAY, charset, (201, CompanyCreated))
        .await;
}

async fn queries() {
    let bench = Bench::new().await;
    let token = bench.partner_token(GATEWAY).await;
    let created = (201, CompanyCreated);
    let unknown = (422, CompanyQueryKnown);
    let cases: [(&str, (u16, Rule), bool); 14] = [
        ("", created, false),
        ("?action=get_oauth_access_tokens", created, true),
        ("?action=send_create_password_email", created, false),
        (
            "?action=get_oauth_access_tokens,send_create_password_email&async=true",
            created,
            true,
        ),
        ("?actions=get_oauth_access_tokens", created, false),
        ("?async=false&other=1", created, false),
        (
            "?action=get_oauth_access_tokens&scope=timeoff%3Aread+payroll",
            created,
            true,
        ),
        ("?action=get_tokens", unknown, false),
        ("?action=get_oauth_access_tokens,", unknown, false),
        ("?async=yes", unknown, false),
        (
            "?action=get_oauth_access_tokens&scope=timeoff:create",
            (422, CompanyTokenScope),
            false,
        ),
        (
            "?action=get_oauth_access_tokens&scope=company:write",
            (422, CompanyTokenScope),
            false,
        ),
        ("?action=%zz", (400, PlatformQuery), false),
        ("?async=true&async=true", (400, PlatformQuery), false),
    ];
    for (number, (query, expected, tokens)) in cases.into_iter().enumerate() {
        let body = company(&format!("Company {number}"));
        let ask = Ask::json(&format!("{COMPANIES}{query}"), &body).bearer(&token);
        let reply = bench.check(query, GATEWAY, ask, expected).await;
        let data = &reply.json()["data"];
        assert_eq!(data["company"].is_object(), expected == created, "{query}");
        assert_eq!(data["tokens"].is_object(), tokens, "{query}");
        if expected == created {
            assert_eq!(reply.header("cache-control"), Some("no-store"), "{query}");
        }
    }
}

// Requirement: remote.company.terms-recent
async fn terms_of_service() {
    let bench = Bench::new().await;
    let accepted = |at: &str| changed("terms_of_service_accepted_at", &json!(at));
    let (late, created) = ((422, CompanyTermsRecent), (201, CompanyCreated));
    bench.advance_s(900);
    let token = bench.partner_token(GATEWAY).await;
    for (at, expected) in [
        ("2025-12-31T23:59:59Z", late),
        ("2026-01-01T00:15:01Z", late),
        ("2026-01-01T00:00:00+01:00", late),
        ("2026-01-01 00:00:00Z", created),
    ] {
        let ask = Ask::json(COMPANIES, &accepted(at)).bearer(&token);
        let reply = bench.check(at, GATEWAY, ask, expected).await;
        let errors = &reply.json()["errors"];
        assert_eq!(
            errors["terms_of_service_accepted_at"].is_array(),
            expected == late,
            "{at}"
        );
    }
}

// Requirement: remote.company.name-conflict
async fn names() {
    let bench = Bench::new().await;
    let token = bench.partner_token(GATEWAY).await;
    let ask = |name: &str| Ask::json(COMPANIES, &company(name)).bearer(&token);
    let first = bench
        .check("new", GATEWAY, ask("Fjord AS"), (201, CompanyCreated))
        .await;
    let id = text(&first.json()["data"]["company"], "id");
    let taken = (409, CompanyNameNew);
    let reply = bench
        .check("the same", GATEWAY, ask(" Fjord AS "), taken)
        .await;
    let message = &reply.json()["message"];
    assert_eq!(message["code"], "resource_already_exists");
    assert_eq!(message["resource_id"], json!(id));
    assert_eq!(message["resource_type"], "company_creation");
    assert!(message["message"].is_string());
    for name in ["Acme Demo Ltd", "Someone Else GmbH"] {
        bench.check(name, GATEWAY, ask(name), taken).await;
    }
    let other = bench.partner_token(Gateway::Production).await;
    let ask = Ask::json(COMPANIES, &company("Fjord AS")).bearer(&other);
    bench
        .check(
            "another gateway",
            Gateway::Production,
            ask,
            (201, CompanyCreated),
        )
        .await;
}

// Requirement: remote.company.shortcut, remote.company.shortcut-answer
async fn created_companies_work_where_and_for_whom_they_were_created() {
    let bench = Bench::new().await;
    let token = bench.partner_token(GATEWAY).await;
    let ask = with_tokens("Fjord AS").bearer(&token);
    let reply = bench
        .check("created", GATEWAY, ask, (201, CompanyCreated))
        .await;
    let data = reply.json()["data"].clone();
    assert_eq!(data["company"]["status"], "pending");
    assert_eq!(data["company"]["created_at"], START);
    assert_eq!(data["tokens"]["expires_in"], 3600);
    let (access_token, refresh_token) = (
        text(&data["tokens"], "access_token"),
        text(&data["tokens"], "refresh_token"),
    );
    let form = [
        ("grant_type", "refresh_token"),
        ("refresh_token", refresh_token.as_str()),
    ];
    let refreshed = bench.issued(GATEWAY, &form).await;
    let owner = text(&data["company"], "company_owner_user_id");
    let subject = format!("urn:remote-api:company-manager:user:{owner}");
    let asserted = bench.asserted_token(GATEWAY, &subject).await;
    for token in [access_token, text(&refreshed, "access_token"), asserted] {
        let ask = Ask::get("/v1/identity/current").bearer(&token);
        let reply = bench
            .check("its identity", GATEWAY, ask, (200, PlatformServed))
            .await;
        let identity = reply.json()["data"].clone();
        assert_eq!(identity["company"]["id"], data["company"]["id"]);
        assert_eq!(identity["user"]["status"], "initiated");
        let ask = Ask::get("/v1/employments").bearer(&token);
        let reply = bench
            .check("its employments", GATEWAY, ask, (200, PlatformServed))
            .await;
        assert_eq!(reply.json()["data"]["total_count"], 0);
    }

    let listed = async |gateway: Gateway, token: &str| {
        let ask = Ask::get(COMPANIES).bearer(token);
        let reply = ask.send(bench.sandbox.gateway_url(gateway)).await;
        let companies = reply.json()["data"]["companies"].clone();
        let ids = companies.as_array().unwrap().iter();
        let ids: Vec<String> = ids.map(|company| text(company, "id")).collect();
        ids
    };
    let fixture = bench.sandbox.fixture().company_id().to_owned();
    let created = text(&data["company"], "id");
    assert_eq!(listed(GATEWAY, &token).await, [fixture.clone(), created]);
    let form = [("grant_type", "client_credentials")];
    let foreign = Ask::form(crate::bench::TOKEN, &form).basic(OTHER_CLIENT.0, OTHER_CLIENT.1);
    let foreign = foreign.send(bench.sandbox.gateway_url(GATEWAY)).await;
    let foreign = text(&foreign.json(), "access_token");
    assert_eq!(listed(GATEWAY, &foreign).await, [&*fixture]);
    let elsewhere = bench.partner_token(Gateway::Production).await;
    assert_eq!(listed(Gateway::Production, &elsewhere).await, [fixture]);
}

// Requirement: remote.company.create-token
async fn further_tokens() {
    let bench = Bench::new().await;
    let token = bench.partner_token(GATEWAY).await;
    let fixture = bench.sandbox.fixture();
    let ask = |id: &str, query: &str| {
        let target = format!("{COMPANIES}/{id}/create-token{query}");
        Ask::new("POST", &target).bearer(&token)
    };
    let (managed, unmanaged) = (fixture.company_id(), fixture.unmanaged_company_id());
    let reply = bench
        .check(
            "managed",
            GATEWAY,
            ask(managed, "?scope=timeoff:read%20employment:read"),
            (200, CreateTokenIssued),
        )
        .await;
    assert_eq!(reply.header("cache-control"), Some("no-store"));
    let body = reply.json();
    let names: Vec<&String> = body.as_object().unwrap().keys().collect();
    assert_eq!(names, ["access_token", "expires_in", "refresh_token"]);
    let own = text(&body, "access_token");
    for (path, expected) in [
        ("/v1/employments", (200, PlatformServed)),
        ("/v1/company-managers", (403, PlatformScope)),
    ] {
        bench
            .check(path, GATEWAY, Ask::get(path).bearer(&own), expected)
            .await;
    }
    let refresh_token = text(&body, "refresh_token");
    let form = [
        ("grant_type", "refresh_token"),
        ("refresh_token", refresh_token.as_str()),
    ];
    bench.issued(GATEWAY, &form).await;

    for (row, ask, expected) in [
        ("unmanaged", ask(unmanaged, ""), (404, CreateTokenManaged)),
        ("encoded", ask("%63", ""), (404, CreateTokenManaged)),
        (
            "an unknown scope",
            ask(managed, "?scope=file:read"),
            (422, CompanyTokenScope),
        ),
        (
            "a malformed query",
            ask(managed, "?scope=%"),
            (400, PlatformQuery),
        ),
    ] {
        let reply = bench.check(row, GATEWAY, ask, expected).await;
        if expected.0 == 404 {
            let message = json!({ "message": "Company not found" });
            assert_eq!(reply.json(), message, "{row}");
        }
    }
}
