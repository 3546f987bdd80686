//! Rows for the platform operations: which token may ask what, and what it sees.

use remote_auth_sandbox::{Gateway, Gateway::Sandbox as GATEWAY, Rule, Rule::*};
use serde_json::{Value, json};

use crate::bench::{Ask, Bench, open};

const IDENTITY: &str = "/v1/identity/current";
const EMPLOYEE: &str = "/v1/employee/current";
const EMPLOYMENTS: &str = "/v1/employments";
const COMPANIES: &str = "/v1/companies";
const MANAGERS: &str = "/v1/company-managers";

/// The operations that read, in the order of the columns below.
const READS: [&str; 5] = [IDENTITY, EMPLOYEE, EMPLOYMENTS, COMPANIES, MANAGERS];

pub(crate) async fn rows() {
    every_kind_of_token_at_every_operation().await;
    tokens_that_are_refused().await;
    tokens_work_only_where_and_while_they_may().await;
    pages().await;
    scopes().await;
    every_kind_of_token_at_every_operation_that_writes().await;
    every_prefix_serves_every_operation().await;
    managers_are_those_of_the_tokens_company().await;
    lists_are_narrowed_by_what_the_query_names().await;
    more_requests_than_a_company_may_make().await;
}

#[tokio::test]
async fn platform_requests_are_judged_row_by_row() {
    rows().await;
}

// Requirement: remote.api.bearer-header, remote.api.check-by-kind, remote.api.employee-only-own
// Requirement: remote.api.partner-sees-no-company, remote.client-credentials.acts-as-partner
// Requirement: remote.client-credentials.creates-companies, remote.customer.no-exchange
// Requirement: remote.customer.not-partner, remote.skill.mistake-customer-for-partner
// Requirement: remote.skill.mistake-verify-at-companies, rfc6750.2.1.header-taken
async fn every_kind_of_token_at_every_operation() {
    let bench = Bench::new().await;
    let customer = open(bench.sandbox.customer_api_token(GATEWAY)).to_owned();
    let served = (200, PlatformServed);
    let forbidden = (403, PlatformPrincipal);
    let hidden = (404, PlatformCompanyVisible);
    let rows = [
        (
            "partner",
            bench.partner_token(GATEWAY).await,
            [served, forbidden, hidden, served, hidden],
        ),
        (
            "company",
            bench.company_token(GATEWAY).await,
            [served, forbidden, served, forbidden, served],
        ),
        (
            "manager",
            bench.asserted_token(GATEWAY, &bench.manager()).await,
            [served, forbidden, served, forbidden, served],
        ),
        (
            "employee",
            bench.asserted_token(GATEWAY, &bench.employee()).await,
            [forbidden, served, forbidden, forbidden, forbidden],
        ),
        (
            "customer",
            customer,
            [served, forbidden, served, forbidden, served],
        ),
    ];
    for (kind, token, expected) in rows {
        for (path, expected) in READS.into_iter().zip(expected) {
            let row = format!("{kind} {path}");
            let reply = bench
                .check(&row, GATEWAY, Ask::get(path).bearer(&token), expected)
                .await;
            assert!(reply.header("x-ratelimit-remaining").is_some(), "{row}");
            let message = match expected.0 {
                403 => json!({ "message": "Forbidden" }),
                404 => json!({ "message": "Company not found" }),
                _ => continue,
            };
            assert_eq!(reply.json(), message, "{row}");
        }
    }
}

// Requirement: remote.api.identity, remote.consent.acts-as-user
#[tokio::test]
async fn the_identity_has_one_shape_for_each_kind_of_token() {
    let bench = Bench::new().await;
    let customer = open(bench.sandbox.customer_api_token(GATEWAY)).to_owned();
    let whole = ["client_id", "company", "integration", "user"].as_slice();
    for (token, members) in [
        (
            bench.partner_token(GATEWAY).await,
            ["client_id", "integration"].as_slice(),
        ),
        (bench.company_token(GATEWAY).await, whole),
        (bench.asserted_token(GATEWAY, &bench.manager()).await, whole),
        (customer, &["company", "user"]),
    ] {
        let reply = Ask::get(IDENTITY)
            .bearer(&token)
            .send(bench.sandbox.gateway_url(GATEWAY))
            .await;
        let data = reply.json()["data"].clone();
        let names: Vec<&String> = data.as_object().unwrap().keys().collect();
        assert_eq!(names, members);
        if members.contains(&"company") {
            assert_eq!(data["company"]["id"], bench.sandbox.fixture().company_id());
            assert_eq!(
                data["user"]["id"],
                bench.sandbox.fixture().manager_user_id()
            );
        }
        if members.contains(&"client_id") {
            assert_eq!(data["client_id"], bench.sandbox.client_id());
        }
    }
    let token = bench.asserted_token(GATEWAY, &bench.employee()).await;
    let reply = Ask::get(EMPLOYEE)
        .bearer(&token)
        .send(bench.sandbox.gateway_url(GATEWAY))
        .await;
    assert_eq!(
        reply.json()["data"]["employment"]["id"],
        bench.sandbox.fixture().employment_id()
    );
}

// Requirement: remote.api.bearer-header, remote.api.token-needed, remote.api.unauthorized-body
// Requirement: remote.error.rest-401, rfc6750.2.one-method, rfc6750.3.1.no-reason-without-token
// Requirement: rfc6750.3.challenge
async fn tokens_that_are_refused() {
    let bench = Bench::new().await;
    let token = bench.partner_token(GATEWAY).await;
    let ask = || Ask::get(IDENTITY);
    let cases = [
        ("no header", ask(), BearerPresent),
        ("another scheme", ask().basic("a", "b"), BearerPresent),
        (
            "two headers",
            ask().bearer(&token).bearer(&token),
            BearerPresent,
        ),
        (
            "in the query",
            Ask::get(&format!("{IDENTITY}?access_token={token}")),
            BearerPresent,
        ),
        ("an invented token", ask().bearer("invented"), BearerKnown),
        ("an empty token", ask().bearer(""), BearerPresent),
    ];
    for (row, ask, rule) in cases {
        let reply = bench.check(row, GATEWAY, ask, (401, rule)).await;
        assert_eq!(reply.json(), json!({ "message": "Unauthorized" }), "{row}");
        assert_eq!(reply.header("www-authenticate"), Some("Bearer"), "{row}");
    }
}

// Requirement: remote.customer.no-expiry, remote.environment.mismatch-401
// Requirement: remote.environment.token-bound, remote.skill.mistake-mixed-environments
// Requirement: remote.token.hour, rfc6750.3.1.invalid-token-401, rfc6750.5.3.scoped
// Requirement: rfc6750.5.3.short-lived, rfc9700.2.3.least-privilege
async fn tokens_work_only_where_and_while_they_may() {
    let bench = Bench::new().await;
    let ask = |token: &str| Ask::get(IDENTITY).bearer(token);
    let served = (200, PlatformServed);
    for minted in Gateway::ALL {
        let customer = open(bench.sandbox.customer_api_token(minted));
        assert!(customer.starts_with(minted.customer_token_prefix()));
        for token in [bench.partner_token(minted).await.as_str(), customer] {
            for asked in Gateway::ALL {
                let expected = if asked == minted {
                    served
                } else {
                    (401, BearerGateway)
                };
                let row = format!("{minted} at {asked}");
                bench.check(&row, asked, ask(token), expected).await;
            }
        }
    }

    let token = bench.partner_token(GATEWAY).await;
    let customer = open(bench.sandbox.customer_api_token(GATEWAY));
    bench.advance_s(3599);
    bench
        .check("the last second", GATEWAY, ask(&token), served)
        .await;
    bench.advance_s(1);
    bench
        .check("expired", GATEWAY, ask(&token), (401, BearerUnexpired))
        .await;
    bench
        .check(
            "a customer token has no end",
            GATEWAY,
            ask(customer),
            served,
        )
        .await;
}

async fn pages() {
    let bench = Bench::new().await;
    let token = bench.company_token(GATEWAY).await;
    let ask = |query: &str| Ask::get(&format!("{EMPLOYMENTS}{query}")).bearer(&token);
    for (query, shown, page, pages) in [
        ("", 2, 1, 1),
        ("?page_size=1", 1, 1, 2),
        ("?page_size=1&page=2", 1, 2, 2),
        ("?page=9", 0, 9, 1),
    ] {
        let reply = bench
            .check(query, GATEWAY, ask(query), (200, PlatformServed))
            .await;
        let data = reply.json()["data"].clone();
        assert_eq!(
            data["employments"].as_array().map(Vec::len),
            Some(shown),
            "{query}"
        );
        let numbers =
            ["current_page", "total_pages", "total_count"].map(|name| data[name].as_u64());
        assert_eq!(numbers, [Some(page), Some(pages), Some(2)], "{query}");
    }
    let first = bench
        .check("", GATEWAY, ask("?page_size=1"), (200, PlatformServed))
        .await
        .json();
    let one: &Value = &first["data"]["employments"][0];
    assert_eq!(
        (&one["id"], &one["status"]),
        (
            &json!(bench.sandbox.fixture().employment_id()),
            &json!("active")
        )
    );

    for query in [
        "?page_size=0",
        "?page_size=101",
        "?page_size=x",
        "?page=0",
        "?page=-1",
        "?page=1&page=2",
        "?page=%zz",
    ] {
        let reply = bench
            .check(query, GATEWAY, ask(query), (422, PlatformPaging))
            .await;
        assert!(reply.json()["errors"].is_object(), "{query}");
    }
}

/// The operations that write, each asked so that a token that may use it is refused by a later
/// rule, in the order of the columns below.
fn writes() -> [(Ask, (u16, Rule)); 5] {
    let post = |path| Ask::new("POST", path);
    [
        (post(COMPANIES), (400, PlatformJson)),
        (
            post("/v1/companies/none/create-token"),
            (404, CreateTokenManaged),
        ),
        (post("/v1/magic-link"), (400, PlatformJson)),
        (post("/v1/webhook-callbacks"), (400, PlatformJson)),
        (
            Ask::new("DELETE", "/v1/webhook-callbacks/none"),
            (404, WebhookKnown),
        ),
    ]
}

// Requirement: remote.client-credentials.creates-companies, remote.customer.not-partner
// Requirement: remote.magic-link.company-token
async fn every_kind_of_token_at_every_operation_that_writes() {
    let bench = Bench::new().await;
    let customer = open(bench.sandbox.customer_api_token(GATEWAY)).to_owned();
    let employee = bench.asserted_token(GATEWAY, &bench.employee()).await;
    let manager = bench.asserted_token(GATEWAY, &bench.manager()).await;
    let company = bench.company_token(GATEWAY).await;
    let partner = bench.partner_token(GATEWAY).await;
    for (kind, token, admitted) in [
        ("partner", partner, [true, true, false, true, false]),
        ("company", company, [false, false, true, true, true]),
        ("manager", manager, [false, false, false, true, true]),
        ("employee", employee, [false; 5]),
        ("customer", customer, [false, false, false, true, true]),
    ] {
        for ((ask, later), admitted) in writes().into_iter().zip(admitted) {
            let expected = if admitted {
                later
            } else {
                (403, PlatformPrincipal)
            };
            let row = format!("{kind} {later:?}");
            bench
                .check(&row, GATEWAY, ask.bearer(&token), expected)
                .await;
        }
    }
}

// Requirement: remote.error.rest-403, remote.scope.any-suffices, remote.scope.endpoint-table
// Requirement: remote.scope.write-implies-read, rfc6750.3.1.insufficient-scope-403
async fn scopes() {
    let bench = Bench::new().await;
    let narrow = (403, PlatformScope);
    let [create, _, link, hook, unhook] = writes();
    let list = (Ask::get(COMPANIES), (200, PlatformServed));
    let managers = (Ask::get(MANAGERS), (200, PlatformServed));
    let partner = [
        (&list, "company:read", true),
        (&list, "company_management webhook:read", true),
        (&list, "country:read", false),
        (&create, "company:write", true),
        (&create, "company_management", true),
        (&create, "company:read company_admin", false),
        (&create, "all:read", false),
        (&hook, "webhook:write", true),
        (&hook, "webhook:read", false),
    ];
    for ((ask, served), scope, good) in partner {
        let token = bench.narrow_partner_token(GATEWAY, scope).await;
        let expected = if good { *served } else { narrow };
        bench
            .check(scope, GATEWAY, ask.clone().bearer(&token), expected)
            .await;
    }
    let company = [
        (&managers, "company_manager:read", true),
        (&managers, "company_manager:write", true),
        (&managers, "company_admin", true),
        (&managers, "all:read", true),
        (&managers, "https://gateway.remote.com/company.manage", true),
        (&managers, "payroll employments", false),
        (&link, "magic_link:write", true),
        (&link, "company_admin", true),
        (&link, "all:write", true),
        (&link, "https://gateway.remote.com/company.manage", true),
        (&link, "all:read", false),
        (&link, "employment:write", false),
        (&hook, "webhook:write", true),
        (&hook, "webhook:read", false),
        (&unhook, "webhook:write", true),
        (&unhook, "webhook:read", false),
    ];
    for ((ask, served), scope, good) in company {
        let token = bench.narrow_company_token(GATEWAY, scope).await;
        let expected = if good { *served } else { narrow };
        bench
            .check(scope, GATEWAY, ask.clone().bearer(&token), expected)
            .await;
    }
}

// Requirement: remote.api.prefixes
async fn every_prefix_serves_every_operation() {
    let bench = Bench::new().await;
    let token = bench.company_token(GATEWAY).await;
    for prefix in ["/v1", "/eor/v1", "/api/eor/v1"] {
        for path in ["/identity/current", "/employments", "/company-managers"] {
            let target = format!("{prefix}{path}");
            let ask = Ask::get(&target).bearer(&token);
            bench
                .check(&target, GATEWAY, ask, (200, PlatformServed))
                .await;
            let shown = bench.sandbox.ledger().last().map(|entry| entry.path);
            assert_eq!(shown, Some(target.as_str()));
        }
        let target = format!("{prefix}/webhook-callbacks/none");
        let ask = Ask::new("DELETE", &target).bearer(&token);
        bench
            .check(&target, GATEWAY, ask, (404, WebhookKnown))
            .await;
        let shown = bench.sandbox.ledger().last().map(|entry| entry.path);
        assert_eq!(
            shown,
            Some(format!("{prefix}/webhook-callbacks/{{id}}").as_str())
        );
    }
    for path in ["/v2/employments", "/api/v1/employments", "/employments"] {
        bench
            .check(
                path,
                GATEWAY,
                Ask::get(path).bearer(&token),
                (404, PathServed),
            )
            .await;
    }
}

// Requirement: remote.consent.acts-as-user
async fn managers_are_those_of_the_tokens_company() {
    let bench = Bench::new().await;
    let token = bench.company_token(GATEWAY).await;
    let fixture = bench.sandbox.fixture();
    let ask = |query: &str| Ask::get(&format!("{MANAGERS}{query}")).bearer(&token);
    let own = format!("?company_id={}", fixture.company_id());
    for query in ["", &own] {
        let reply = bench
            .check(query, GATEWAY, ask(query), (200, PlatformServed))
            .await;
        let data = &reply.json()["data"];
        assert_eq!(data["total_count"], 1, "{query}");
        let manager = &data["company_managers"][0];
        assert_eq!(manager["user_id"], fixture.manager_user_id(), "{query}");
        assert_eq!(manager["company_id"], fixture.company_id(), "{query}");
        assert_eq!(manager["role"], "owner", "{query}");
    }
    let other = format!("?company_id={}", fixture.unmanaged_company_id());
    bench
        .check(
            "another company",
            GATEWAY,
            ask(&other),
            (404, PlatformCompanyVisible),
        )
        .await;
    bench
        .check(
            "a malformed query",
            GATEWAY,
            ask("?company_id=%zz"),
            (422, PlatformPaging),
        )
        .await;
}

async fn lists_are_narrowed_by_what_the_query_names() {
    let bench = Bench::new().await;
    let token = bench.company_token(GATEWAY).await;
    let partner = bench.partner_token(GATEWAY).await;
    let own = bench.sandbox.fixture().company_id();
    let company = format!("{EMPLOYMENTS}?company_id={own}");
    for (target, token, count) in [
        (company.as_str(), &token, 2),
        (
            "/v1/employments?email=ola.nordmann%40acme.example",
            &token,
            1,
        ),
        ("/v1/employments?email=nobody%40acme.example", &token, 0),
        ("/v1/employments?status=active", &token, 2),
        ("/v1/employments?status=archived", &token, 0),
        ("/v1/companies?external_id=", &partner, 1),
        ("/v1/companies?external_id=none", &partner, 0),
    ] {
        let ask = Ask::get(target).bearer(token);
        let reply = bench
            .check(target, GATEWAY, ask, (200, PlatformServed))
            .await;
        assert_eq!(reply.json()["data"]["total_count"], count, "{target}");
    }
    let other = bench.sandbox.fixture().unmanaged_company_id();
    let ask = Ask::get(&format!("{EMPLOYMENTS}?company_id={other}")).bearer(&token);
    bench
        .check(
            "another company",
            GATEWAY,
            ask,
            (404, PlatformCompanyVisible),
        )
        .await;
}

// Requirement: remote.rate.company-minute
async fn more_requests_than_a_company_may_make() {
    let bench = Bench::new().await;
    let customer = open(bench.sandbox.customer_api_token(GATEWAY)).to_owned();
    let ask = Ask::get(EMPLOYMENTS).bearer(&customer);
    for _ in 0..300 {
        bench
            .check("within", GATEWAY, ask.clone(), (200, PlatformServed))
            .await;
    }
    let reply = bench
        .check("beyond", GATEWAY, ask, (429, Rule::RateCompany))
        .await;
    assert_eq!(reply.json(), json!({ "message": "Too many requests" }));
    bench.partner_token(GATEWAY).await;
}
