//! Rows for magic links: for whom, to where, and how often they open.

use remote_auth_sandbox::{Gateway, Gateway::Sandbox as GATEWAY, Rule::*};
use serde_json::{Value, json};

use crate::bench::{Ask, Bench, text};

const MAGIC_LINK: &str = "/v1/magic-link";

pub(crate) async fn rows() {
    requests().await;
    links_open_once_where_they_were_made().await;
}

#[tokio::test]
async fn magic_link_requests_are_judged_row_by_row() {
    rows().await;
}

// Requirement: remote.magic-link.one-person, remote.magic-link.path
async fn requests() {
    let bench = Bench::new().await;
    let token = bench.company_token(GATEWAY).await;
    let fixture = bench.sandbox.fixture();
    let (user, employment) = (fixture.manager_user_id(), fixture.employment_id());
    let (made, person) = ((200, MagicLinkMade), (422, MagicLinkPerson));
    let (path, unknown) = ((422, MagicLinkPath), (422, MagicLinkPersonKnown));
    let cases: [(Value, _, &str); 17] = [
        (json!({ "user_id": user }), made, ""),
        (json!({ "employment_id": employment }), made, ""),
        (
            json!({ "user_id": user, "path": "/dashboard/people?tab=1" }),
            made,
            "",
        ),
        (json!({}), person, "user_id"),
        (json!({ "path": "/dashboard" }), person, "user_id"),
        (
            json!({ "user_id": user, "employment_id": employment }),
            person,
            "user_id",
        ),
        (json!({ "user_id": user, "canary": 1 }), person, "body"),
        (json!({ "user_id": 7 }), person, "user_id"),
        (json!({ "employment_id": null }), person, "employment_id"),
        (json!({ "user_id": user, "path": "" }), path, "path"),
        (
            json!({ "user_id": user, "path": "//elsewhere" }),
            path,
            "path",
        ),
        (
            json!({ "user_id": user, "path": "https://elsewhere.example/" }),
            path,
            "path",
        ),
        (json!({ "user_id": user, "path": null }), path, "path"),
        (json!({ "user_id": employment }), unknown, "user_id"),
        (json!({ "employment_id": user }), unknown, "employment_id"),
        (
            json!({ "user_id": fixture.unmanaged_user_id() }),
            unknown,
            "user_id",
        ),
        (
            json!({ "employment_id": fixture.unmanaged_employment_id() }),
            unknown,
            "employment_id",
        ),
    ];
    for (body, expected, field) in cases {
        let row = body.to_string();
        let ask = Ask::json(MAGIC_LINK, &body).bearer(&token);
        let reply = bench.check(&row, GATEWAY, ask, expected).await;
        if expected == made {
            assert_eq!(reply.header("cache-control"), Some("no-store"), "{row}");
            let url = text(&reply.json()["data"], "url");
            assert!(url.starts_with(bench.sandbox.gateway_url(GATEWAY)), "{row}");
        } else {
            assert!(reply.json()["errors"][field].is_array(), "{row}");
        }
    }
}

async fn links_open_once_where_they_were_made() {
    let bench = Bench::new().await;
    let token = bench.company_token(GATEWAY).await;
    let fixture = bench.sandbox.fixture();
    let (once, opened) = ((400, MagicLinkOnce), (200, MagicLinkOpened));
    for (body, person, path) in [
        (
            json!({ "user_id": fixture.manager_user_id() }),
            "Jane Smith",
            "<code>/dashboard</code>",
        ),
        (
            json!({ "employment_id": fixture.employment_id(), "path": "/a?b=c&d=e" }),
            "Ola Nordmann",
            "<code>/a?b=c&amp;d=e</code>",
        ),
    ] {
        let ask = Ask::json(MAGIC_LINK, &body).bearer(&token);
        let reply = bench
            .check("made", GATEWAY, ask, (200, MagicLinkMade))
            .await;
        let url = text(&reply.json()["data"], "url");
        let target = url.strip_prefix(bench.sandbox.gateway_url(GATEWAY));
        let ask = || Ask::get(target.unwrap());
        bench
            .check("elsewhere", Gateway::Production, ask(), once)
            .await;
        let page = bench.check("opened", GATEWAY, ask(), opened).await;
        assert!(page.body.contains(person), "{}", page.body);
        assert!(page.body.contains(path), "{}", page.body);
        assert!(page.body.contains("not for production"));
        let policy = page.header("content-security-policy").unwrap();
        assert!(policy.contains("form-action 'none'"), "{policy}");
        bench.check("opened again", GATEWAY, ask(), once).await;
    }
    for target in [
        "/magic-link",
        "/magic-link?token=x",
        "/magic-link?token=%zz",
    ] {
        bench.check(target, GATEWAY, Ask::get(target), once).await;
        let shown = bench.sandbox.ledger().last().map(|entry| entry.path);
        assert_eq!(shown, Some("/magic-link"));
    }
}
