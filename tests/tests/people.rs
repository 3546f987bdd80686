//! Journeys of a program that uses the library: from a partner to a company, to its people, and to being told.

use std::num::NonZeroU32;

use remote_auth::platform::Platform;
use remote_auth::{AssertionScope, Client, Environment, Principal, Subject};
use remote_auth_sandbox::Sandbox;
use remote_auth_tests::journey::{CLIENT, gateway, sandbox};

const FIRST: NonZeroU32 = NonZeroU32::MIN;
const TWENTY: NonZeroU32 = NonZeroU32::new(20).expect("it is not zero");

fn client(sandbox: &Sandbox) -> Client {
    let environment = Environment::custom(gateway(sandbox)).expect("a gateway");
    let builder = Client::builder(environment).credentials(CLIENT.0, CLIENT.1);
    builder.build().expect("a client")
}

/// Speaks as the company of the sandbox, with tokens that the partner created for it.
async fn company(client: &Client, sandbox: &Sandbox) -> Platform {
    let partner = client.platform(client.client_credentials());
    let company_id = sandbox.fixture().company_id();
    let grant = partner
        .create_token(company_id, None)
        .await
        .expect("a grant");
    assert_eq!(grant.company_id(), Some(company_id));
    client.platform(client.company(grant))
}

#[tokio::test]
async fn the_people_that_a_company_lists_are_those_that_an_assertion_can_stand_for() {
    let sandbox = sandbox().await;
    let client = client(&sandbox);
    let company = company(&client, &sandbox).await;

    let managers = company
        .company_managers(FIRST, TWENTY)
        .await
        .expect("managers");
    let manager = managers
        .iter()
        .find_map(|manager| manager.user_id.clone())
        .expect("a manager");
    let source = client
        .assertion(Subject::company_manager(&*manager))
        .scope(AssertionScope::ALL_READ);
    let identity = client
        .platform(source)
        .identity()
        .await
        .expect("an identity");
    assert_eq!(identity.principal(), Principal::CompanyManager);
    assert_eq!(
        identity.user().and_then(|user| user.id.as_deref()),
        Some(&*manager)
    );

    let employments = company
        .employments(FIRST, TWENTY)
        .await
        .expect("employments");
    let employment = employments
        .iter()
        .find_map(|employment| employment.id.clone());
    let subject = Subject::employment(employment.expect("an employment"));
    let source = client.assertion(subject).scope(AssertionScope::ALL_READ);
    let identity = client
        .platform(source)
        .identity()
        .await
        .expect("an identity");
    assert_eq!(identity.principal(), Principal::Employee);
    assert!(identity.user().is_some());
}

#[tokio::test]
async fn a_webhook_callback_that_is_deleted_is_told_nothing() {
    let sandbox = sandbox().await;
    let client = client(&sandbox);
    let company = company(&client, &sandbox).await;
    let partner = client.platform(client.client_credentials());

    // Nothing listens there: a delivery would be reported as one that did not arrive.
    let created = partner
        .create_webhook("http://127.0.0.1:9/", &["company.archived"])
        .await;
    let id = created
        .expect("a webhook callback")
        .id
        .expect("an identifier");
    let refused = partner
        .delete_webhook(&id)
        .await
        .expect_err("declared for company tokens only");
    assert_eq!(refused.code(), "refused.forbidden");
    company.delete_webhook(&id).await.expect("deleted");
    let again = company
        .delete_webhook(&id)
        .await
        .expect_err("there is none any more");
    assert_eq!(again.code(), "refused.not_found");

    let told = sandbox
        .archive(sandbox.fixture().company_id())
        .await
        .expect("a company");
    assert!(told.is_empty(), "{told:?}");
}
