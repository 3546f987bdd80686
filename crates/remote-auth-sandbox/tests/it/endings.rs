//! Rows for the end of access: what stops, what goes on, and what comes back.

use std::io;

use remote_auth_sandbox::{Gateway::Sandbox as GATEWAY, Rule, Rule::*, Sandbox};
use serde_json::json;

use crate::{
    bench::{Ask, Bench, JWT_BEARER, open, text},
    webhooks::create,
};

const IDENTITY: &str = "/v1/identity/current";

pub(crate) async fn rows() {
    an_offboarded_company_loses_everything_and_may_consent_again().await;
    an_archived_company_is_closed_for_good().await;
    a_consent_page_that_stands_open_does_not_outlive_its_company().await;
    a_deactivated_user_loses_what_is_theirs_only().await;
    a_created_company_ends_alone().await;
}

#[tokio::test]
async fn endings_are_judged_row_by_row() {
    rows().await;
}

/// Checks that an access token is judged like this.
async fn judged(bench: &Bench, row: &str, token: &str, expected: (u16, Rule)) {
    let ask = Ask::get(IDENTITY).bearer(token);
    bench.check(row, GATEWAY, ask, expected).await;
}

/// Checks that a token request of the demo client is refused like this.
async fn refused(bench: &Bench, row: &str, form: &[(&str, &str)], rule: Rule) {
    let ask = bench.token_request(form);
    let reply = bench.check(row, GATEWAY, ask, (400, rule)).await;
    assert_eq!(reply.json(), json!({ "error": "invalid_grant" }), "{row}");
}

// Requirement: remote.webhook.offboarded, rfc9700.4.14.2.revoked-on-end
async fn an_offboarded_company_loses_everything_and_may_consent_again() {
    let bench = Bench::new().await;
    let fixture = bench.sandbox.fixture();
    let granted = bench.consented(GATEWAY, &[]).await;
    let waiting = bench.code(GATEWAY, &[]).await;
    let company = text(&granted, "access_token");
    let manager = bench.asserted_token(GATEWAY, &bench.manager()).await;
    let employee = bench.asserted_token(GATEWAY, &bench.employee()).await;
    let partner = bench.partner_token(GATEWAY).await;
    let customer = open(bench.sandbox.customer_api_token(GATEWAY)).to_owned();
    let link = json!({ "user_id": fixture.manager_user_id() });
    let ask = Ask::json("/v1/magic-link", &link).bearer(&company);
    let reply = bench
        .check("a link", GATEWAY, ask, (200, MagicLinkMade))
        .await;
    let link = text(&reply.json()["data"], "url");
    let link = link.trim_start_matches(bench.sandbox.gateway_url(GATEWAY));

    let deliveries = bench.sandbox.offboard(fixture.company_id()).await;
    assert_eq!(deliveries.unwrap(), []);

    for (row, token) in [
        ("company", &company),
        ("manager", &manager),
        ("employee", &employee),
    ] {
        judged(&bench, row, token, (401, BearerKnown)).await;
    }
    for (row, token) in [("partner", &partner), ("customer", &customer)] {
        judged(&bench, row, token, (200, PlatformServed)).await;
    }
    let refresh_token = text(&granted, "refresh_token");
    let refresh = [
        ("grant_type", "refresh_token"),
        ("refresh_token", &*refresh_token),
    ];
    refused(&bench, "refresh", &refresh, RefreshKnown).await;
    let code = [("grant_type", "authorization_code"), ("code", &*waiting)];
    refused(&bench, "a code that waited", &code, CodeKnown).await;
    for subject in [bench.manager(), bench.employee()] {
        let assertion = bench.assertion(&bench.claims(GATEWAY, &subject));
        let form = [("grant_type", JWT_BEARER), ("assertion", &*assertion)];
        refused(&bench, &subject, &form, AssertionSubjectManaged).await;
    }
    let target = format!("/v1/companies/{}/create-token", fixture.company_id());
    let ask = || Ask::new("POST", &target).bearer(&partner);
    bench
        .check("create-token", GATEWAY, ask(), (404, CreateTokenManaged))
        .await;
    bench
        .check("the link", GATEWAY, Ask::get(link), (400, MagicLinkOnce))
        .await;
    let ask = Ask::get("/v1/companies").bearer(&partner);
    let reply = bench
        .check("the list", GATEWAY, ask, (200, PlatformServed))
        .await;
    assert_eq!(reply.json()["data"]["total_count"], 0);

    let again = bench.company_token(GATEWAY).await;
    judged(&bench, "consented again", &again, (200, PlatformServed)).await;
    judged(&bench, "the old token", &company, (401, BearerKnown)).await;
    let ask = Ask::new("POST", &target).bearer(&partner);
    bench
        .check("create-token again", GATEWAY, ask, (200, CreateTokenIssued))
        .await;
}

async fn an_archived_company_is_closed_for_good() {
    let bench = Bench::new().await;
    let company = bench.company_token(GATEWAY).await;
    let partner = bench.partner_token(GATEWAY).await;
    let customer = open(bench.sandbox.customer_api_token(GATEWAY)).to_owned();
    let company_id = bench.sandbox.fixture().company_id();
    bench.sandbox.archive(company_id).await.unwrap();
    judged(&bench, "company", &company, (401, BearerKnown)).await;
    judged(&bench, "customer", &customer, (401, BearerKnown)).await;
    judged(&bench, "partner", &partner, (200, PlatformServed)).await;
    let ask = bench.authorization_request(&[("state", "s1")]);
    let expected = (302, AuthorizeCompanyActive);
    let reply = bench.check("a consent", GATEWAY, ask, expected).await;
    assert_eq!(reply.callback("error").as_deref(), Some("access_denied"));
    assert_eq!(reply.callback("state").as_deref(), Some("s1"));
    assert_eq!(reply.callback("code"), None);
}

async fn a_consent_page_that_stands_open_does_not_outlive_its_company() {
    let bench = Bench::with(Sandbox::builder()).await;
    let ask = bench.authorization_request(&[]);
    let page = bench
        .check("a page", GATEWAY, ask, (200, AuthorizeConsentAsked))
        .await;
    let ticket = page.ticket();
    let company_id = bench.sandbox.fixture().company_id();
    bench.sandbox.archive(company_id).await.unwrap();
    let form = [("ticket", &*ticket), ("decision", "approve")];
    let ask = Ask::form("/auth/oauth2/consent", &form);
    let expected = (303, AuthorizeCompanyActive);
    let reply = bench.check("approved", GATEWAY, ask, expected).await;
    assert_eq!(reply.callback("error").as_deref(), Some("access_denied"));
}

async fn a_deactivated_user_loses_what_is_theirs_only() {
    let bench = Bench::new().await;
    let fixture = bench.sandbox.fixture();
    let employee = bench.asserted_token(GATEWAY, &bench.employee()).await;
    let manager = bench.asserted_token(GATEWAY, &bench.manager()).await;
    let company = bench.company_token(GATEWAY).await;
    let link = json!({ "employment_id": fixture.employment_id() });
    let ask = || Ask::json("/v1/magic-link", &link).bearer(&company);
    let reply = bench
        .check("a link", GATEWAY, ask(), (200, MagicLinkMade))
        .await;
    let url = text(&reply.json()["data"], "url");
    let url = url.trim_start_matches(bench.sandbox.gateway_url(GATEWAY));
    bench
        .sandbox
        .deactivate(fixture.employment_id())
        .await
        .unwrap();

    let current = Ask::get("/v1/employee/current").bearer(&employee);
    bench
        .check("their token", GATEWAY, current, (401, BearerKnown))
        .await;
    judged(&bench, "the manager", &manager, (200, PlatformServed)).await;
    let assertion = bench.assertion(&bench.claims(GATEWAY, &bench.employee()));
    let form = [("grant_type", JWT_BEARER), ("assertion", &*assertion)];
    refused(&bench, "their assertion", &form, AssertionSubjectManaged).await;
    bench
        .check("their link", GATEWAY, Ask::get(url), (400, MagicLinkOnce))
        .await;
    bench
        .check("a new link", GATEWAY, ask(), (422, MagicLinkPersonKnown))
        .await;
    let ask = Ask::get("/v1/employments").bearer(&company);
    let reply = bench
        .check("the list", GATEWAY, ask, (200, PlatformServed))
        .await;
    let listed = reply.json()["data"]["employments"].clone();
    assert_eq!(listed[0]["user_status"], "inactive");
    assert_eq!(listed[1]["user_status"], "active");
}

async fn a_created_company_ends_alone() {
    let bench = Bench::new().await;
    let partner = bench.partner_token(GATEWAY).await;
    let company = bench.company_token(GATEWAY).await;
    let (id, token) = create(&bench, &partner, "Fjord AS").await;
    bench.sandbox.offboard(&id).await.unwrap();
    judged(&bench, "the created one", &token, (401, BearerKnown)).await;
    judged(&bench, "the other", &company, (200, PlatformServed)).await;
}

#[tokio::test]
async fn what_is_unknown_or_ended_cannot_end() {
    let bench = Bench::new().await;
    let fixture = bench.sandbox.fixture();
    let not_found = |result: io::Result<_>| {
        let _: Vec<remote_auth_sandbox::Delivery> = match result {
            Err(error) => return assert_eq!(error.kind(), io::ErrorKind::NotFound),
            Ok(deliveries) => deliveries,
        };
        panic!("it ended");
    };
    not_found(bench.sandbox.offboard("none").await);
    not_found(bench.sandbox.offboard(fixture.unmanaged_company_id()).await);
    not_found(
        bench
            .sandbox
            .deactivate(fixture.unmanaged_employment_id())
            .await,
    );
    let (company_id, employment_id) = (fixture.company_id(), fixture.employment_id());
    bench.sandbox.deactivate(employment_id).await.unwrap();
    not_found(bench.sandbox.deactivate(employment_id).await);
    bench.sandbox.offboard(company_id).await.unwrap();
    not_found(bench.sandbox.offboard(company_id).await);
    not_found(bench.sandbox.archive(company_id).await);
}
