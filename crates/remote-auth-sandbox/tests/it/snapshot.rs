//! A sandbox that goes on where another one was, and one with people of somebody's own.

use std::time::Duration;

use remote_auth_sandbox::{
    Fixture, Gateway::Production, Gateway::Sandbox as GATEWAY, Rule::*, Sandbox, Snapshot,
    SnapshotError,
};

use crate::bench::{Ask, Bench, TOKEN, note, open, text};

const SECOND: &str = r#"
[[company]]
id = "second-company"
name = "Second <Ltd>"
country = "NOR"
currency = "NOK"
manager = { id = "second-manager", name = "Kari", email = "kari@second.example" }
api_tokens = { sandbox = "ra_test_second" }

[[company.employee]]
id = "second-employment"
job_title = "Baker"
user_id = "second-employee"
name = "Nils"
email = "nils@second.example"
active = false

[[webhook]]
id = "from-the-start"
url = "http://127.0.0.1:9/hook"
events = ["company.archived"]
signing_key = "k3y"
"#;

fn fixture() -> Fixture {
    Fixture::parse(&format!("{}{SECOND}", Fixture::built_in())).unwrap()
}

fn refresh(token: &str) -> [(&str, &str); 2] {
    [("grant_type", "refresh_token"), ("refresh_token", token)]
}

#[tokio::test]
async fn a_restored_sandbox_answers_as_the_one_before() {
    let builder = Sandbox::builder().seed(7).auto_approve(true);
    let builder = builder.fixture(fixture());
    let before = Bench::with(builder).await;
    let given = before.consented(GATEWAY, &[("scope", "payroll")]).await;
    let unused = before.code(GATEWAY, &[]).await;
    let partner = before.partner_token(Production).await;
    before.sandbox.archive("second-company").await.unwrap();
    let rotated = before.sandbox.rotate_client_secret(Duration::from_secs(60));
    let snapshot = before.sandbox.snapshot();
    let next_of_the_seed = before.partner_token(GATEWAY).await;

    let json = open(snapshot.to_json()).to_owned();
    for secret in ["access_token", "refresh_token"] {
        assert!(!json.contains(&text(&given, secret)), "{secret}");
    }
    assert!(!json.contains(&unused) && !format!("{snapshot:?}").contains("c0a80001"));
    let restored = Sandbox::builder().restore(Snapshot::parse(&json).unwrap());
    let after = Bench::with(restored).await;
    assert!(after.sandbox.snapshot().same_as(&snapshot));

    let used = after.token_request(&refresh(&text(&given, "refresh_token")));
    after
        .check("refreshed", GATEWAY, used, (200, RefreshIssued))
        .await;
    let code = [("grant_type", "authorization_code"), ("code", &unused)];
    let code = after.token_request(&code);
    after
        .check("redeemed", GATEWAY, code, (200, CodeRedeemed))
        .await;
    let identity = Ask::get("/v1/identity/current").bearer(&text(&given, "access_token"));
    after
        .check("token", GATEWAY, identity, (200, PlatformServed))
        .await;
    let rotated = Ask::form(TOKEN, &[("grant_type", "client_credentials")])
        .basic(after.sandbox.client_id(), open(&rotated));
    after
        .check("rotated", GATEWAY, rotated, (200, ClientCredentialsIssued))
        .await;
    let elsewhere = Ask::get("/v1/identity/current").bearer(&partner);
    after
        .check("gateway", GATEWAY, elsewhere, (401, BearerGateway))
        .await;
    assert!(after.sandbox.archive("second-company").await.is_err());
    assert_ne!(after.partner_token(GATEWAY).await, partner);
    let again = Sandbox::builder().restore(snapshot).start().await.unwrap();
    assert_eq!(
        again.fixture().company_id(),
        before.sandbox.fixture().company_id()
    );
    // The seed goes on behind what was drawn, so nothing is invented twice.
    let again = Bench::with(Sandbox::builder().restore(again.snapshot())).await;
    assert_eq!(again.partner_token(GATEWAY).await, next_of_the_seed);
}

#[tokio::test]
async fn what_is_no_whole_snapshot_restores_nothing() {
    let sandbox = Sandbox::start().await.unwrap();
    let whole = open(sandbox.snapshot().to_json()).to_owned();
    let other = whole.replacen("\"version\":1", "\"version\":2", 1);
    for (text, error) in [
        (&whole[..whole.len() - 1], SnapshotError::Malformed),
        ("", SnapshotError::Malformed),
        ("{}", SnapshotError::Malformed),
        (&other, SnapshotError::Version),
        (
            &whole.replace("\"drawn\":0", "\"drawn\":0,\"more\":1"),
            SnapshotError::Malformed,
        ),
    ] {
        assert_eq!(Snapshot::parse(text).err(), Some(error), "{}", text.len());
    }
    assert!(Snapshot::parse(&whole).is_ok());
}

#[tokio::test]
async fn everybody_of_a_fixture_is_there() {
    let bench = Bench::with(Sandbox::builder().fixture(fixture()).auto_approve(false)).await;
    let url = bench.sandbox.gateway_url(GATEWAY);
    let page = bench.authorization_request(&[]).send(url).await;
    assert!(
        page.body.contains("Second &lt;Ltd&gt;, managed by Kari"),
        "{}",
        page.body
    );
    let answer = |company: &str| {
        let ticket = page.ticket();
        let form = [
            ("ticket", &*ticket),
            ("decision", "approve"),
            ("company", company),
        ];
        Ask::form("/auth/oauth2/consent", &form)
    };
    let redirect = answer("second-company").send(url).await;
    let code = redirect.callback("code").unwrap();
    let form = [("grant_type", "authorization_code"), ("code", &*code)];
    let given = bench.issued(GATEWAY, &form).await;
    assert_eq!(text(&given, "company_id"), "second-company");

    let own = Ask::get("/v1/identity/current").bearer("ra_test_second");
    bench
        .check("own", GATEWAY, own, (200, PlatformServed))
        .await;
    let elsewhere = Ask::get("/v1/identity/current").bearer("ra_test_second");
    let elsewhere = elsewhere.send(bench.sandbox.gateway_url(Production)).await;
    assert_eq!(elsewhere.status, 401);
    assert!(bench.sandbox.deactivate("second-employment").await.is_err());

    let page = bench.authorization_request(&[]).send(url).await;
    let ticket = page.ticket();
    let form = [
        ("ticket", &*ticket),
        ("decision", "approve"),
        ("company", "unknown"),
    ];
    let unknown = Ask::form("/auth/oauth2/consent", &form).send(url).await;
    assert_eq!(unknown.status, 400);
    note(AuthorizeDecisionGiven);

    let deliveries = bench.sandbox.archive("second-company").await.unwrap();
    assert_eq!(deliveries[0].callback_id, "from-the-start");
    let page = bench.authorization_request(&[]).send(url).await;
    assert!(!page.body.contains("<fieldset>"), "one company is left");
}
