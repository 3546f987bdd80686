//! The ways in: every grant, and a use of every token.

use remote_auth::bearer::BearerMiddleware;
use remote_auth::{
    AssertionScope, CachedTokenSource, Clock, CompanyGrant, ConsentScope, CustomerApiToken,
    PendingAuthorization, Principal, Subject, TokenSource,
};
use remote_auth_sandbox::{Entry, Gateway, Rule};

use super::browser;
use super::report::{Received, Report, Sent, Step};
use super::stage::{REDIRECT_URI, Stage};
use crate::failure::Failure;

/// How long the documents say that an access token lives, in seconds.
const LIFETIME_S: u64 = 3_600;

/// What every token answer has.
const TOKEN_MEMBERS: [&str; 3] = ["access_token", "token_type", "expires_in"];

/// Goes every way in.
pub(super) async fn all(stage: &Stage, report: &mut Report) -> Result<(), Failure> {
    partner(stage, report).await?;
    company(stage, report).await?;
    let fixture = stage.sandbox.fixture();
    let manager = Subject::company_manager(fixture.manager_user_id());
    let employee = Subject::employment(fixture.employment_id());
    assertion(
        stage,
        report,
        "assertion: manager",
        manager,
        Call::LIST_EMPLOYMENTS,
    )
    .await?;
    assertion(
        stage,
        report,
        "assertion: employee",
        employee,
        Call::OWN_EMPLOYMENT,
    )
    .await?;
    customer(stage, report).await
}

/// RFC 6749 section 4.4.
async fn partner(stage: &Stage, report: &mut Report) -> Result<(), Failure> {
    let source = stage.client.client_credentials();
    let sent = Sent::token(true, &["grant_type"]);
    let good = Good(Rule::ClientCredentialsIssued, Principal::Partner);
    report.step(token(stage, "client credentials", sent, &source, &[], good).await)?;
    call(stage, report, source.clone(), Call::LIST_COMPANIES).await?;
    call(stage, report, source, Call::WHO_AM_I).await
}

/// RFC 6749 sections 4.1 and 6.
async fn company(stage: &Stage, report: &mut Report) -> Result<(), Failure> {
    let Some(source) = consent(stage, report).await? else {
        return Ok(());
    };
    let kept = source.refresh_token();
    call(stage, report, source, Call::LIST_EMPLOYMENTS).await?;

    // In the next process there is only what was kept.
    let Some(kept) = kept else { return Ok(()) };
    let client_id = stage.client.client_id().clone();
    let restored = CompanyGrant::restore(stage.environment.clone(), client_id, kept)?;
    let source = stage.client.company(restored);
    let sent = Sent::token(true, &["grant_type", "refresh_token"]);
    let good = Good(Rule::RefreshIssued, Principal::Company);
    let extra = ["refresh_token"];
    report.step(token(stage, "refresh", sent, &source, &extra, good).await)?;
    call(stage, report, source, Call::WHO_AM_I).await
}

/// Asks for consent, gives it, and redeems the code. `None` where a step failed; its row says so.
async fn consent(stage: &Stage, report: &mut Report) -> Result<Option<CachedTokenSource>, Failure> {
    let request = stage.client.authorization(REDIRECT_URI);
    let (address, pending) = request.scope(ConsentScope::COMPANY_MANAGE).begin()?;

    let page = browser::open(&stage.client, &address).await;
    let parameters = [
        "response_type",
        "client_id",
        "redirect_uri",
        "state",
        "scope",
        "code_challenge",
        "code_challenge_method",
    ];
    let sent = Sent::browser("GET", "/auth/oauth2/authorize", &parameters);
    let received = page.as_ref().map(|page| (page.status, page.fields.clone()));
    let good = (200, Rule::AuthorizeConsentAsked);
    report.step(browsed(stage, "ask for consent", sent, received, good))?;
    let Some(page) = page else { return Ok(None) };

    let redirect = browser::decide(&stage.client, &page, "approve").await;
    let sent = Sent::browser("POST", "/auth/oauth2/consent", &["ticket", "decision"]);
    let received = redirect
        .as_ref()
        .map(|redirect| (redirect.status, redirect.parameters.clone()));
    let good = (303, Rule::AuthorizeApproved);
    report.step(browsed(stage, "approve it", sent, received, good))?;
    match redirect {
        Some(redirect) => redeem(stage, report, pending, &redirect.callback).await,
        None => Ok(None),
    }
}

async fn redeem(
    stage: &Stage,
    report: &mut Report,
    pending: PendingAuthorization,
    callback: &str,
) -> Result<Option<CachedTokenSource>, Failure> {
    const NAME: &str = "redeem the code";
    let parameters = ["grant_type", "code", "redirect_uri", "code_verifier"];
    let sent = Sent::token(true, &parameters);
    let redeemed = match pending.accept(callback) {
        Ok(code) => stage.client.redeem(code).await,
        Err(error) => Err(error),
    };
    let grant = match redeemed {
        Ok(grant) => grant,
        Err(error) => {
            report.step(failed(NAME, sent, error.code(), stage.last()))?;
            return Ok(None);
        }
    };
    let extra = [
        ("refresh_token", grant.refresh_token().is_some()),
        ("company_id", grant.company_id().is_some()),
        ("user_id", grant.user_id().is_some()),
    ];
    let there = extra.iter().filter(|(_, there)| *there);
    let extra_there: Vec<&str> = there.map(|(name, _)| *name).collect();
    // The source starts with the token that the redemption gave, so this step asks for no other.
    let source = stage.client.company(grant);
    let good = Good(Rule::CodeRedeemed, Principal::Company);
    let mut step = token(stage, NAME, sent, &source, &extra_there, good).await;
    step.as_documented &= extra_there.len() == extra.len();
    report.step(step)?;
    Ok(Some(source))
}

/// RFC 7523 section 2.1.
async fn assertion(
    stage: &Stage,
    report: &mut Report,
    name: &'static str,
    subject: Subject,
    then: Call,
) -> Result<(), Failure> {
    let principal = subject.principal();
    let source = stage
        .client
        .assertion(subject)
        .scope(AssertionScope::ALL_READ);
    let sent = Sent::token(false, &["grant_type", "assertion"]);
    let good = Good(Rule::AssertionIssued, principal);
    report.step(token(stage, name, sent, &source, &[], good).await)?;
    call(stage, report, source, then).await
}

/// A customer's static token, which nobody asks for.
async fn customer(stage: &Stage, report: &mut Report) -> Result<(), Failure> {
    let text = stage.sandbox.customer_api_token(Gateway::Sandbox).clone();
    let source = CustomerApiToken::parse(text)?.source(stage.environment.clone())?;
    let asked = stage.asked();
    let token = source.token().await?;
    report.step(Step {
        name: "customer token",
        sent: Sent::default(),
        received: Received::default(),
        lifetime_s: None,
        principal: Some(token.principal().as_str()),
        rule: None,
        as_documented: token.expires_at().is_none() && stage.asked() == asked,
        indented: false,
    })?;
    call(stage, report, source, Call::LIST_EMPLOYMENTS).await
}

/// What makes a token step good: the rule that decided, and whom the token stands for.
#[derive(Clone, Copy)]
struct Good(Rule, Principal);

/// Asks a source for its token, and judges what came.
async fn token(
    stage: &Stage,
    name: &'static str,
    sent: Sent,
    source: &CachedTokenSource,
    extra: &[&str],
    Good(rule, principal): Good,
) -> Step {
    let outcome = source.token().await;
    let seen = stage.last();
    let token = match outcome {
        Ok(token) => token,
        Err(error) => return failed(name, sent, error.code(), seen),
    };
    let lifetime = token
        .expires_at()
        .and_then(|end| end.duration_since(stage.clock.wall()).ok());
    let lifetime_s = lifetime.map(|life| life.as_secs());
    let members = TOKEN_MEMBERS.iter().chain(extra);
    Step {
        name,
        sent,
        received: Received {
            status: seen.as_ref().map(|entry| entry.status),
            members: members.map(|&name| name.to_owned()).collect(),
            code: None,
        },
        lifetime_s,
        principal: Some(token.principal().as_str()),
        rule: seen.as_ref().map(|entry| entry.rule.id()),
        as_documented: decided(seen.as_ref(), (200, rule))
            && lifetime_s == Some(LIFETIME_S)
            && token.principal() == principal,
        indented: false,
    }
}

/// One use of a token.
#[derive(Clone, Copy)]
struct Call {
    name: &'static str,
    path: &'static str,
}

impl Call {
    const LIST_COMPANIES: Self = Self {
        name: "list companies",
        path: "/v1/companies",
    };
    const LIST_EMPLOYMENTS: Self = Self {
        name: "list employments",
        path: "/v1/employments",
    };
    const OWN_EMPLOYMENT: Self = Self {
        name: "own employment",
        path: "/v1/employee/current",
    };
    const WHO_AM_I: Self = Self {
        name: "who am I",
        path: "/v1/identity/current",
    };
}

/// Sends a request through the middleware, as a program does.
async fn call(
    stage: &Stage,
    report: &mut Report,
    source: impl TokenSource,
    Call { name, path }: Call,
) -> Result<(), Failure> {
    let http = reqwest_middleware::ClientBuilder::new(stage.client.http().clone())
        .with(BearerMiddleware::new(source))
        .build();
    let url = format!("{}{path}", stage.environment.gateway().as_str());
    let sent = Sent::bearer(path);
    let mut step = match http.get(url).send().await {
        Ok(answer) => {
            let status = answer.status().as_u16();
            let members = members(answer.bytes().await.ok().as_deref());
            let received = (!members.is_empty()).then_some((status, members));
            browsed(stage, name, sent, received, (200, Rule::PlatformServed))
        }
        Err(error) => failed(name, sent, code_of(&error), stage.last()),
    };
    step.indented = true;
    report.step(step)
}

/// Lists the members of what the platform wraps in `data`.
fn members(body: Option<&[u8]>) -> Vec<String> {
    let document = serde_json::from_slice(body.unwrap_or_default());
    let document: serde_json::Value = document.unwrap_or_default();
    let data = document.get("data").and_then(|data| data.as_object());
    data.map(|data| data.keys().cloned().collect())
        .unwrap_or_default()
}

/// Returns the code of an error that came through the middleware.
pub(super) fn code_of(error: &reqwest_middleware::Error) -> &'static str {
    match error {
        reqwest_middleware::Error::Middleware(inner) => inner
            .downcast_ref::<remote_auth::Error>()
            .map_or("middleware", remote_auth::Error::code),
        reqwest_middleware::Error::Reqwest(_) => "unreachable",
    }
}

/// A step with a plain answer: status and names, or nothing that could be read.
fn browsed(
    stage: &Stage,
    name: &'static str,
    sent: Sent,
    received: Option<(u16, Vec<String>)>,
    good: (u16, Rule),
) -> Step {
    let seen = stage.last();
    let Some((status, members)) = received else {
        return failed(name, sent, "unreadable", seen);
    };
    Step {
        name,
        sent,
        received: Received {
            status: Some(status),
            members,
            code: None,
        },
        lifetime_s: None,
        principal: None,
        rule: seen.as_ref().map(|entry| entry.rule.id()),
        as_documented: decided(seen.as_ref(), good) && status == good.0,
        indented: false,
    }
}

fn failed(name: &'static str, sent: Sent, code: &str, seen: Option<Entry>) -> Step {
    Step {
        name,
        sent,
        received: Received {
            status: None,
            members: Vec::new(),
            code: Some(code.to_owned()),
        },
        lifetime_s: None,
        principal: None,
        rule: seen.as_ref().map(|entry| entry.rule.id()),
        as_documented: false,
        indented: false,
    }
}

/// Tells whether the sandbox's last decision is the one expected.
pub(super) fn decided(seen: Option<&Entry>, (status, rule): (u16, Rule)) -> bool {
    seen.is_some_and(|entry| entry.status == status && entry.rule == rule)
}
