//! What a fresh token costs in memory: nothing. A file of its own, because it counts every allocation.

use remote_auth::companies::{CompanyId, CompanyTokens};
use remote_auth::{Client, Environment};
use remote_auth_sandbox::{Gateway, Sandbox};

#[tokio::test(flavor = "current_thread")]
async fn a_fresh_token_and_its_header_value_are_served_without_an_allocation() {
    let server = Sandbox::builder().start().await.expect("a server");
    let gateway = server.gateway_url(Gateway::Sandbox);
    let environment = Environment::custom(gateway).expect("loopback");
    let client = Client::builder(environment)
        .credentials(server.client_id(), server.client_secret().clone());
    let source = client.build().expect("a client").client_credentials();
    source.token().await.expect("the first, by a request");
    source
        .token()
        .await
        .expect("the second, copied for this thread");

    let mut lengths = 0;
    let counted = allocation_counter::measure(|| {
        let call = async {
            for _ in 0..1000 {
                drop(source.token().await.expect("a token"));
                drop(source.authorization().await.expect("a header value"));
                let lent = source.with_authorization(|value| lengths += value.len());
                lent.await.expect("a header value");
            }
        };
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        assert!(
            std::pin::pin!(call).poll(&mut context).is_ready(),
            "nothing is waited for"
        );
    });
    assert!(lengths > 0);
    assert_eq!(counted.count_total, 0, "{counted:?}");
}

#[tokio::test(flavor = "current_thread")]
async fn a_companys_fresh_header_value_is_served_without_an_allocation() {
    let server = Sandbox::builder().start().await.expect("a server");
    let gateway = server.gateway_url(Gateway::Sandbox);
    let environment = Environment::custom(gateway).expect("loopback");
    let client = Client::builder(environment)
        .credentials(server.client_id(), server.client_secret().clone());
    let client = client.build().expect("a client");
    let company = server.fixture().company_id();
    let partner = client.platform(client.client_credentials());
    let grant = partner.create_token(company, None).await.expect("a grant");
    let companies = CompanyTokens::builder(&client).build();
    let inserted = companies.insert(grant.with_company(company, "admin"));
    let source = inserted.await.expect("it is kept");
    let company = CompanyId::from(company);
    companies.authorization(&company).await.expect("fresh");

    let counted = allocation_counter::measure(|| {
        let call = async {
            for _ in 0..1000 {
                drop(companies.authorization(&company).await.expect("fresh"));
                drop(source.authorization().await.expect("fresh"));
            }
        };
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        assert!(
            std::pin::pin!(call).poll(&mut context).is_ready(),
            "nothing is waited for"
        );
    });
    assert_eq!(counted.count_total, 0, "{counted:?}");
}
