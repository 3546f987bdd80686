//! The generated clients against the sandbox: what one side writes, the other reads, and nothing
//! that a caller needs is lost.

use remote_auth_sandbox::{Gateway::Sandbox as GATEWAY, GogoxSandbox, Rule};
use remote_oauth_client::{
    BearerAuth, CreatedAt, Error, ExpiresIn, Secret, gogox,
    platform::{Client, endpoints, types},
    transport::{self, Timeouts},
};

use crate::bench::{Bench, open};

/// A generated client for one token under one prefix.
fn client(bench: &Bench, prefix: &str, token: &str) -> Client {
    let gateway = bench.sandbox.gateway_url(GATEWAY);
    let http = transport::http_client(&gateway.parse().unwrap(), &Timeouts::default()).unwrap();
    let auth = BearerAuth::token(&Secret::from(token)).unwrap();
    Client::new_with_client(&format!("{gateway}{prefix}"), http, auth)
}

fn shown(secret: &Option<Secret>) -> &str {
    open(secret.as_ref().unwrap())
}

fn company_request() -> types::CreateCompanyRequest {
    types::CreateCompanyRequest {
        company_owner_email: "kari.nordmann@fjord.example".to_owned(),
        company_owner_name: "Kari Nordmann".to_owned(),
        country_code: "NOR".to_owned(),
        desired_currency: "NOK".to_owned(),
        email_domain: None,
        external_id: Some("ext-1".to_owned()),
        name: "Fjord AS".to_owned(),
        phone_number: None,
        registration_number: None,
        tax_number: None,
        terms_of_service_accepted_at: "2026-01-01T00:00:00Z".to_owned(),
    }
}

#[tokio::test]
async fn the_generated_client_creates_a_company_and_uses_its_tokens_under_every_prefix() {
    for prefix in endpoints::PREFIXES {
        let bench = Bench::new().await;
        let partner = client(&bench, prefix, &bench.partner_token(GATEWAY).await);
        let action = Some("get_oauth_access_tokens");
        let scope = Some("https://gateway.remote.com/company.manage");
        let request = company_request();
        let created = partner.create_company(action, scope, &request).await;
        let data = created.unwrap().into_inner().data.unwrap();
        let (company, tokens) = (data.company.unwrap(), data.tokens.unwrap());
        let id = company.id.unwrap();
        assert_eq!(tokens.expires_in.map(ExpiresIn::as_secs), Some(3600));

        let listed = partner.list_companies(Some("ext-1")).await.unwrap();
        let listed = listed.into_inner().data.unwrap().companies;
        assert_eq!(listed.len(), 1);
        assert_eq!(listed[0].id.as_ref(), Some(&id));
        assert_eq!(listed[0].external_id.as_deref(), Some("ext-1"));

        let further = partner.create_company_token(&id, None).await.unwrap();
        let further = further.into_inner();
        assert_eq!(further.expires_in.map(ExpiresIn::as_secs), Some(3600));
        assert_eq!(shown(&further.refresh_token).len(), 36);
        for token in [shown(&tokens.access_token), shown(&further.access_token)] {
            let own = client(&bench, prefix, token);
            let identity = own.get_current_identity().await.unwrap().into_inner();
            let identity = identity.data.unwrap();
            assert_eq!(identity.company.unwrap().id.as_ref(), Some(&id));
            assert_eq!(identity.user.unwrap().id, company.company_owner_user_id);
            assert!(identity.client_id.is_some() && identity.integration.is_some());
            let managers = own.list_company_managers(None, None, None).await.unwrap();
            let managers = managers.into_inner().data.unwrap().company_managers;
            assert_eq!(managers[0].user_id, company.company_owner_user_id);
        }
    }
}

#[tokio::test]
async fn the_generated_client_makes_links_and_callbacks() {
    let bench = Bench::new().await;
    let token = bench.company_token(GATEWAY).await;
    let own = client(&bench, endpoints::PREFIX, &token);
    let listed = own.list_employments(None, None, None, None, None).await;
    let employments = listed.unwrap().into_inner().data.unwrap().employments;
    assert_eq!(employments.len(), 2);
    let employment_id = employments[0].id.clone().unwrap();
    let request = types::MagicLinkRequest::Employment {
        employment_id,
        path: None,
    };
    let link = own.create_magic_link(&request).await.unwrap().into_inner();
    assert!(shown(&link.data.unwrap().url).contains("/magic-link?token="));

    for (all, events) in [(None, vec!["a.b".to_owned()]), (Some(true), Vec::new())] {
        let request = types::CreateWebhookCallbackRequest {
            subscribe_to_all_events: all,
            subscribed_events: events.clone(),
            url: "http://127.0.0.1:9/".to_owned(),
        };
        let created = own.create_webhook_callback(&request).await.unwrap();
        let callback = created.into_inner().data.unwrap().webhook_callback.unwrap();
        assert_eq!(shown(&callback.signing_key).len(), 26);
        assert_eq!(callback.subscribed_events, events);
        assert_eq!(callback.subscribe_to_all_events, all);
        let deleted = own.delete_webhook_callback(&callback.id.unwrap()).await;
        let status = deleted.unwrap().into_inner().data.unwrap().status;
        assert_eq!(status.as_deref(), Some("ok"));
    }

    let employee = bench.asserted_token(GATEWAY, &bench.employee()).await;
    let employee = client(&bench, endpoints::PREFIX, &employee);
    let current = employee.get_current_employee().await.unwrap().into_inner();
    assert!(current.data.unwrap().user.is_some());
}

#[tokio::test]
async fn the_generated_client_reads_refusals_of_every_status() {
    let bench = Bench::new().await;
    let partner = client(
        &bench,
        endpoints::PREFIX,
        &bench.partner_token(GATEWAY).await,
    );
    let stranger = client(&bench, endpoints::PREFIX, "invented");
    let taken = types::CreateCompanyRequest {
        name: "Acme Demo Ltd".to_owned(),
        ..company_request()
    };
    let faulty = types::CreateCompanyRequest {
        country_code: "N".to_owned(),
        ..company_request()
    };
    let refusals = [
        (401, stranger.get_current_identity().await.err()),
        (403, partner.get_current_employee().await.err()),
    ];
    let status = |error: Option<Error<types::ErrorResponse>>| match error {
        Some(Error::ErrorResponse(response)) => response.status().as_u16(),
        other => panic!("no typed refusal: {other:?}"),
    };
    for (expected, error) in refusals {
        assert_eq!(status(error), expected);
    }
    let error = partner.create_company_token("none", None).await.err();
    assert_eq!(status(error), 404);
    for (request, expected) in [(taken, 409), (faulty, 422)] {
        let error = partner.create_company(None, None, &request).await.err();
        assert_eq!(status(error), expected);
    }
}

#[tokio::test]
async fn the_generated_client_of_the_second_provider_gets_a_token() {
    let server = GogoxSandbox::start().await.unwrap();
    let base = server.url().parse().unwrap();
    let http = transport::http_client(&base, &Timeouts::default()).unwrap();
    let client = gogox::Client::new_with_client(server.url(), http);
    let request = |secret: Secret| gogox::types::TokenRequest {
        client_id: server.client_id().to_owned(),
        client_secret: secret,
        grant_type: gogox::types::TokenRequestGrantType::ClientCredentials,
    };
    let good = request(server.client_secret().clone());
    let answer = client.request_token(&good).await.unwrap().into_inner();
    assert_eq!(shown(&answer.access_token).len(), 64);
    assert_eq!(answer.token_type.as_deref(), Some("Bearer"));
    assert_eq!(answer.expires_in.map(ExpiresIn::as_secs), Some(7200));
    assert!(answer.created_at.map(CreatedAt::as_unix_secs) > Some(0));

    let wrong = client.request_token(&request("wrong".into())).await;
    let Err(Error::ErrorResponse(refusal)) = wrong else {
        panic!("no typed refusal");
    };
    assert_eq!(refusal.status().as_u16(), 401);
    let error = refusal.into_inner().error.unwrap();
    assert_eq!(error.text(), Some("invalid_client"));
    let decided = server.ledger().last().map(|entry| entry.rule);
    assert_eq!(decided, Some(Rule::GogoxClientRight));
}
