//! The misuses: what the server refuses, and what the core does not even send.

use std::time::Duration;

use remote_auth::bearer::BearerMiddleware;
use remote_auth::{
    AssertionScope, ClientSecret, ConsentScope, CustomerApiToken, Environment, Error, Subject,
};
use remote_auth_sandbox::{Gateway, Rule};
use remote_oauth_client::types::TokenRequest;
use remote_oauth_client::{BasicEncoding, ClientAuth, Secret};
use reqwest::StatusCode;
use reqwest::header::AUTHORIZATION;
use url::Url;

use super::browser;
use super::report::{Refusal, Report, Sent};
use super::stage::{REDIRECT_URI, Stage};
use super::ways;
use crate::failure::Failure;

const URL_SCOPE: &str = "https://gateway.remote.com/company.manage";

/// Commits every misuse.
pub(super) async fn all(stage: &Stage, report: &mut Report) -> Result<(), Failure> {
    report.refusal(wrong_secret(stage).await?)?;
    report.refusal(reused_code(stage).await?)?;
    report.refusal(expired_assertion(stage).await?)?;
    report.refusal(denied_consent(stage).await?)?;
    report.refusal(token_elsewhere(stage).await)?;
    report.refusal(bearer_elsewhere(stage).await)?;
    report.refusal(forged_callback(stage)?)?;
    report.refusal(library(
        "action scope in consent",
        code("timeoff:read".parse::<ConsentScope>().err().as_ref()),
        "misuse.consent_scope_style",
    ))?;
    report.refusal(library(
        "URL scope in assertion",
        code(URL_SCOPE.parse::<AssertionScope>().err().as_ref()),
        "misuse.assertion_scope_style",
    ))?;
    let live = CustomerApiToken::parse("ra_live_0000000000000000")?;
    report.refusal(library(
        "live token on a sandbox",
        code(live.source(Environment::Sandbox).err().as_ref()),
        "environment.prefix",
    ))
}

async fn wrong_secret(stage: &Stage) -> Result<Refusal, Failure> {
    let wrong = ClientSecret::from("not-the-secret-but-of-the-right-length");
    let client = stage.client_with(wrong, &stage.clock)?;
    let code = code(client.client_credentials().token().await.err().as_ref());
    let sent = Sent::token(true, &["grant_type"]);
    let good = ("refused.invalid_client", 401, Rule::TokenClientRight);
    Ok(server(stage, "wrong client secret", sent, code, good))
}

/// The core consumes a code with its first use, so this one is carried to the server by hand, twice.
async fn reused_code(stage: &Stage) -> Result<Refusal, Failure> {
    let name = "code used twice";
    let sent = Sent::token(true, &["grant_type", "code", "redirect_uri"]);
    let good = ("invalid_grant", 400, Rule::CodeSingleUse);
    let Some(code) = raw_code(stage).await else {
        return Ok(server(stage, name, sent, "no code", good));
    };
    let auth = ClientAuth::basic(
        stage.sandbox.client_id(),
        stage.sandbox.client_secret(),
        BasicEncoding::FormUrlencoded,
    );
    let gateway = stage.environment.gateway().as_str();
    let http = stage.client.http().clone();
    let wire = remote_oauth_client::Client::new_with_client(gateway, http, auth);
    let request = TokenRequest::AuthorizationCode {
        code,
        redirect_uri: Some(REDIRECT_URI.to_owned()),
        code_verifier: None,
        client_id: None,
        client_secret: None,
    };
    let first = wire.request_token(&request).await;
    let second = match (first, wire.request_token(&request).await) {
        (Ok(_), Err(remote_oauth_client::Error::ErrorResponse(refusal))) => {
            refusal.into_inner().error
        }
        _ => None,
    };
    let word = second.as_ref().and_then(|word| word.text());
    let code = word.unwrap_or("accepted");
    Ok(server(stage, name, sent, code, good))
}

/// Gets a code without the core, which would not let go of it.
async fn raw_code(stage: &Stage) -> Option<Secret> {
    let mut address: Url = stage.environment.authorization_endpoint();
    address
        .query_pairs_mut()
        .append_pair("response_type", "code")
        .append_pair("client_id", stage.sandbox.client_id())
        .append_pair("redirect_uri", REDIRECT_URI)
        .append_pair("state", "raw")
        .append_pair("scope", URL_SCOPE);
    let page = browser::open(&stage.client, &address).await?;
    let redirect = browser::decide(&stage.client, &page, "approve").await?;
    let callback = Url::parse(&redirect.callback).ok()?;
    let code = callback.query_pairs().find(|(name, _)| name == "code")?.1;
    Some(Secret::from(&*code))
}

/// A clock that is an hour behind makes the core mint what expired 55 minutes ago.
async fn expired_assertion(stage: &Stage) -> Result<Refusal, Failure> {
    let secret = ClientSecret::from(stage.sandbox.client_secret().clone());
    let behind = stage.clock.behind(Duration::from_secs(60 * 60));
    let client = stage.client_with(secret, &behind)?;
    let subject = Subject::employment(stage.sandbox.fixture().employment_id());
    let source = client.assertion(subject).scope(AssertionScope::ALL_READ);
    let code = code(source.token().await.err().as_ref());
    let sent = Sent::token(false, &["grant_type", "assertion"]);
    let good = ("refused.invalid_grant", 400, Rule::AssertionExpiration);
    Ok(server(stage, "expired assertion", sent, code, good))
}

async fn denied_consent(stage: &Stage) -> Result<Refusal, Failure> {
    let request = stage.client.authorization(REDIRECT_URI);
    let (address, pending) = request.scope(ConsentScope::COMPANY_MANAGE).begin()?;
    let redirect = match browser::open(&stage.client, &address).await {
        Some(page) => browser::decide(&stage.client, &page, "deny").await,
        None => None,
    };
    let refused = redirect.and_then(|redirect| pending.accept(&**redirect.callback).err());
    let sent = Sent::browser("POST", "/auth/oauth2/consent", &["ticket", "decision"]);
    let good = ("refused.access_denied", 303, Rule::AuthorizeDenied);
    let code = code(refused.as_ref());
    Ok(server(stage, "consent denied", sent, code, good))
}

/// The core attaches a token to no other gateway, so the header is put on by hand.
async fn token_elsewhere(stage: &Stage) -> Refusal {
    const PATH: &str = "/v1/companies";
    let elsewhere = stage.sandbox.gateway_url(Gateway::PartnerSandbox);
    let request = stage.client.http().get(format!("{elsewhere}{PATH}"));
    let code = match stage.client.client_credentials().token().await {
        Err(error) => error.code(),
        Ok(token) => match request.header(AUTHORIZATION, token.header()).send().await {
            Err(_) => "unreachable",
            Ok(answer) if answer.status() == StatusCode::UNAUTHORIZED => "Unauthorized",
            Ok(_) => "accepted",
        },
    };
    let good = ("Unauthorized", 401, Rule::BearerGateway);
    let sent = Sent::bearer(PATH);
    server(stage, "token on another gateway", sent, code, good)
}

async fn bearer_elsewhere(stage: &Stage) -> Refusal {
    let asked = stage.asked();
    let http = reqwest_middleware::ClientBuilder::new(stage.client.http().clone())
        .with(BearerMiddleware::new(stage.client.client_credentials()))
        .build();
    let elsewhere = stage.sandbox.gateway_url(Gateway::Production);
    let answer = http.get(format!("{elsewhere}/v1/companies")).send().await;
    let code = answer.err().as_ref().map_or("accepted", ways::code_of);
    let mut refusal = library("bearer to another origin", code, "environment.origin");
    refusal.as_documented &= stage.asked() == asked;
    refusal
}

fn forged_callback(stage: &Stage) -> Result<Refusal, Failure> {
    let request = stage.client.authorization(REDIRECT_URI);
    let (_, pending) = request.scope(ConsentScope::COMPANY_MANAGE).begin()?;
    let forged = format!("{REDIRECT_URI}?code=forged&state=guessed");
    let refused = pending.accept(forged).err();
    let code = code(refused.as_ref());
    Ok(library("forged callback", code, "mismatched.state"))
}

fn code(error: Option<&Error>) -> &'static str {
    error.map_or("accepted", Error::code)
}

/// A refusal by the server, by the error, the status and the rule that are documented for it.
fn server(
    stage: &Stage,
    name: &'static str,
    sent: Sent,
    code: &str,
    (documented, status, rule): (&str, u16, Rule),
) -> Refusal {
    let seen = stage.last();
    Refusal {
        name,
        sent,
        refused_by: "server",
        status: seen.as_ref().map(|entry| entry.status),
        as_documented: code == documented && ways::decided(seen.as_ref(), (status, rule)),
        code: code.to_owned(),
        rule: seen.as_ref().map(|entry| entry.rule.id()),
    }
}

/// A refusal by the core, before anything is sent.
fn library(name: &'static str, code: &str, documented: &str) -> Refusal {
    Refusal {
        name,
        sent: Sent::default(),
        refused_by: "library",
        status: None,
        as_documented: code == documented,
        code: code.to_owned(),
        rule: None,
    }
}
