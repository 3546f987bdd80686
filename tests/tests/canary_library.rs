//! Planted secrets in the library: no value and no error says one of itself.

use std::time::Duration;

use remote_auth::authorization::{SealingKey, SealingKeys, UsedInMemory};
use remote_auth::bearer::BearerMiddleware;
use remote_auth::platform::{MagicLink, NewCompany, Owner};
use remote_auth::webhook::WebhookVerifier;
use remote_auth::{
    AccessToken, Client, ClientSecret, CompanyGrant, ConsentScope, CustomerApiToken, Environment,
    PendingAuthorization, RefreshToken, Subject,
};
use remote_auth_tests::plant::{assert_clean, said, told};
use remote_auth_tests::rfc_only::{Answer, RfcOnlyServer, failing};
use remote_auth_tests::{browser, plant};

const SUBJECT: &str = "urn:remote-api:employee:employment:99bf04d8-2b43-11f0-8cf4-d38ed3edc31e";

fn client(gateway: &str) -> Client {
    let environment = Environment::custom(gateway).expect("a loopback gateway");
    Client::builder(environment)
        .credentials(plant::CLIENT_ID, plant::CLIENT_SECRET)
        .timeout(Duration::from_secs(1))
        .build()
        .expect("a client")
}

// Requirement: remote.skill.rule-no-secrets-in-source, remote.skill.rule-secret-signs
// Requirement: rfc6749.10.3.token-confidential, rfc7636.7.1.verifier-secret
#[tokio::test]
async fn no_value_of_the_core_says_a_secret_of_itself() {
    let more = format!(r#","refresh_token":"{}""#, plant::NEXT_REFRESH_TOKEN);
    let server = RfcOnlyServer::start(Answer::token(&more)).await;
    let client = client(server.gateway());
    let environment = client.environment().clone();
    let (address, pending) = client
        .authorization("http://127.0.0.1:8787/callback")
        .scope(ConsentScope::COMPANY_MANAGE)
        .begin()
        .expect("a request");
    let mut texts = vec![said(&client), said(&pending)];
    texts.push(said(
        &client.authorization("http://127.0.0.1:8787/callback"),
    ));

    let callback = browser::callback(&address, &format!("code={}", plant::CODE));
    let code = pending.accept(callback).expect("a code");
    texts.push(said(&code));
    let grant = client.redeem(code).await.expect("a grant");
    texts.extend([said(&grant), said(&grant.refresh_token())]);
    let source = client.company(grant);
    let token = source.token().await.expect("a token");
    texts.extend([
        said(&source),
        said(&source.refresh_token()),
        said(&token),
        said(&token.access_token()),
        said(&token.header()),
        said(&BearerMiddleware::new(source.clone())),
    ]);
    let kept = RefreshToken::from(plant::REFRESH_TOKEN);
    let client_id = client.client_id().clone();
    let restored = CompanyGrant::restore(environment.clone(), client_id, kept.clone());
    let customer = CustomerApiToken::parse(plant::API_TOKEN).expect("a token");
    let subject = Subject::parse(SUBJECT).expect("a subject");
    let assertion = client.assertion(subject);
    texts.extend([
        said(&restored),
        said(&kept),
        said(&customer),
        said(&customer.clone().source(environment.clone())),
        said(&ClientSecret::from(plant::CLIENT_SECRET)),
        said(&AccessToken::from(plant::ACCESS_TOKEN)),
        said(&Client::builder(environment).credentials("id", plant::CLIENT_SECRET)),
        said(&assertion),
        said(&assertion.scope("timeoff:read".parse().expect("a scope"))),
    ]);
    let mut request = client
        .http()
        .get(format!("{}/v1/companies", server.gateway()))
        .build()
        .expect("a request");
    token
        .authorize(&mut request)
        .expect("the token's own gateway");
    texts.push(said(&request));
    for text in texts {
        assert_clean("a value", &text);
    }
}

#[tokio::test]
async fn no_value_of_the_platform_says_a_secret_of_itself() {
    let tokens = format!(
        r#"{{"access_token":"{}","refresh_token":"{}","expires_in":3600}}"#,
        plant::CREATED_ACCESS_TOKEN,
        plant::CREATED_REFRESH_TOKEN
    );
    let body = format!(r#"{{"data":{{"company":{{"id":"c-1"}},"tokens":{tokens}}}}}"#);
    let answer = Answer::json("201 Created", &body);
    let server = RfcOnlyServer::start_api(Answer::token(""), answer).await;
    let creating = client(server.gateway());
    let partner = creating.platform(creating.client_credentials());
    let owner = Owner {
        name: "A".to_owned(),
        email: "a@b.example".to_owned(),
        terms_accepted_at: "2026-05-22T10:00:00Z".to_owned(),
    };
    let new = NewCompany::new("A", "PRT", "EUR", owner);
    let created = partner.create_company(&new).await.expect("a company");

    let body = format!(
        r#"{{"data":{{"url":"{}","webhook_callback":{{"id":"w-1","signing_key":"{}"}}}}}}"#,
        plant::MAGIC_LINK,
        plant::SIGNING_KEY
    );
    let answer = Answer::json("200 OK", &body);
    let server = RfcOnlyServer::start_api(Answer::token(""), answer).await;
    let client = client(server.gateway());
    let webhook = client
        .platform(client.client_credentials())
        .create_webhook("https://hook.example/", &["company.archived"])
        .await
        .expect("a webhook");
    let environment = client.environment().clone();
    let restored = CompanyGrant::restore(
        environment,
        client.client_id().clone(),
        RefreshToken::from(plant::REFRESH_TOKEN),
    );
    let company = client.platform(client.company(restored.expect("a grant")));
    let link = MagicLink::for_user("u-1");
    let url = company.magic_link(&link).await.expect("a link");
    let verifier = WebhookVerifier::new(plant::SIGNING_KEY).expect("a key");
    for text in [
        said(&partner),
        said(&created),
        said(&webhook),
        said(&company),
        said(&link),
        said(&url),
        said(&verifier),
    ] {
        assert_clean("a value", &text);
    }
}

#[tokio::test]
async fn no_error_of_the_core_tells_a_secret_at_any_depth() {
    for row in failing() {
        let server = RfcOnlyServer::start(row.answer).await;
        let error = client(server.gateway())
            .client_credentials()
            .token()
            .await
            .expect_err(row.name);
        assert_eq!(error.code(), row.code, "{}", row.name);
        assert_clean(row.name, &told(&error));
        assert_clean(row.name, &error.hints().join(" "));
    }
}

#[tokio::test]
async fn no_seal_says_its_key_its_session_or_what_is_inside() {
    let server = RfcOnlyServer::start(Answer::token("")).await;
    let client = client(server.gateway());
    let begin = || {
        let request = client.authorization("http://127.0.0.1:8787/callback");
        let (address, pending) = request.begin().expect("a request");
        (browser::parameter(&address, "state"), pending)
    };
    let keys = SealingKeys::from(SealingKey::from_bytes(plant::SEALING_KEY).expect("32 bytes"));
    let stranger = SealingKeys::new(SealingKey::generate()).also(SealingKey::generate());
    let used = UsedInMemory::new();
    let session = plant::SESSION.as_bytes();
    let (state, pending) = begin();
    let sealed = pending.seal(&keys, session).expect("sealed");
    let open = async |text, session, keys| {
        PendingAuthorization::open(&client, text, session, keys, &used).await
    };
    let mut texts = vec![said(&keys), said(&stranger), said(&sealed)];
    for (text, session, keys) in [
        (sealed.as_str(), session, &stranger),
        (sealed.as_str(), b"c4n4ry-another".as_slice(), &keys),
        ("ra1.c4n4ry", session, &keys),
        (plant::CODE, session, &keys),
    ] {
        let error = open(text, session, keys).await.expect_err("no seal of it");
        texts.push(told(&error));
    }
    let opened = open(sealed.as_str(), session, &keys).await.expect("once");
    let again = open(sealed.as_str(), session, &keys).await;
    let without = begin().1.seal(&keys, b"").expect_err("no session");
    let short = SealingKey::from_bytes(b"c4n4ry").expect_err("too short");
    texts.extend([
        said(&opened),
        said(&used),
        told(&again.expect_err("not twice")),
        told(&without),
        told(&short),
    ]);
    let forged = format!("?code={}&state=c4n4ry", plant::CODE);
    texts.push(told(&opened.accept(forged).expect_err("another state")));
    for text in texts {
        assert_clean("a seal", &text);
        for secret in [&state, sealed.as_str(), "99, 52, 110, 52"] {
            assert!(!text.contains(secret), "{secret} in: {text}");
        }
    }
    assert_clean("the sealed text", sealed.as_str());
}
