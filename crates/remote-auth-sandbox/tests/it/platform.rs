//! Rows for the platform operations: which token may ask what, and what it sees.

use remote_auth_sandbox::{Gateway, Gateway::Sandbox as GATEWAY, Rule, Rule::*};
use serde_json::{Value, json};

use crate::bench::{Ask, Bench, open};

const IDENTITY: &str = "/v1/identity/current";
const EMPLOYEE: &str = "/v1/employee/current";
const EMPLOYMENTS: &str = "/v1/employments";
const COMPANIES: &str = "/v1/companies";

pub(crate) async fn rows() {
    every_kind_of_token_at_every_operation().await;
    tokens_that_are_refused().await;
    tokens_work_only_where_and_while_they_may().await;
    pages().await;
    scopes().await;
    more_requests_than_a_company_may_make().await;
}

#[tokio::test]
async fn platform_requests_are_judged_row_by_row() {
    rows().await;
}

async fn every_kind_of_token_at_every_operation() {
    let bench = Bench::new().await;
    let customer = open(bench.sandbox.customer_api_token(GATEWAY)).to_owned();
    let served = (200, PlatformServed);
    let forbidden = (403, PlatformPrincipal);
    let rows = [
        (
            "partner",
            bench.partner_token(GATEWAY).await,
            [served, forbidden, (404, PlatformCompanyVisible), served],
        ),
        (
            "company",
            bench.company_token(GATEWAY).await,
            [served, forbidden, served, forbidden],
        ),
        (
            "manager",
            bench.asserted_token(GATEWAY, &bench.manager()).await,
            [served, forbidden, served, forbidden],
        ),
        (
            "employee",
            bench.asserted_token(GATEWAY, &bench.employee()).await,
            [forbidden, served, forbidden, forbidden],
        ),
        ("customer", customer, [served, forbidden, served, forbidden]),
    ];
    for (kind, token, expected) in rows {
        for (path, expected) in [IDENTITY, EMPLOYEE, EMPLOYMENTS, COMPANIES]
            .into_iter()
            .zip(expected)
        {
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

async fn scopes() {
    let bench = Bench::new().await;
    for (scope, expected) in [
        ("company:read", (200, PlatformServed)),
        ("company_management webhook:read", (200, PlatformServed)),
        ("country:read", (403, PlatformScope)),
    ] {
        let form = [("grant_type", "client_credentials"), ("scope", scope)];
        let token = crate::bench::text(&bench.issued(GATEWAY, &form).await, "access_token");
        bench
            .check(scope, GATEWAY, Ask::get(COMPANIES).bearer(&token), expected)
            .await;
    }
}

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
