//! `remote-auth conformance shim`: the core as a client that the conformance suite drives.
//!
//! Reads steps and writes answers as `remote_auth_conformance::judge::client` describes. Everything that is judged is
//! the core's; nothing here repairs it.

use std::time::Duration;

use remote_auth::authorization::PendingAuthorization;
use remote_auth::bearer::BearerMiddleware;
use remote_auth::secrecy::ExposeSecret;
use remote_auth::{
    CachedTokenSource, Client, ClientSecret, Clock, CompanyGrant, CustomEnvironment, Error,
    RefreshToken, Subject, SystemClock, Token,
};
use remote_auth_conformance::judge::client::contract::{self, Act, Answer, Step};
use tokio::io::{AsyncBufReadExt, BufReader};

use crate::exit::Exit;
use crate::failure::Failure;
use crate::render;

/// How long one exchange may take: shorter than the suite waits.
const TIMEOUT: Duration = Duration::from_secs(5);

/// Answers steps until there are no more.
pub(crate) async fn run() -> Result<(), Failure> {
    let unreadable = || {
        Failure::new(
            Exit::Usage,
            "conformance.step",
            "read a step of the conformance suite",
        )
    };
    let mut lines = BufReader::new(tokio::io::stdin()).lines();
    let mut shim = Shim::default();
    while let Some(line) = lines.next_line().await.map_err(|_| unreadable())? {
        let step: Step = serde_json::from_str(&line).map_err(|_| unreadable())?;
        let answer = shim
            .answer(&step)
            .await
            .unwrap_or_else(|error| said(&error));
        render::print(&render::json_line(&answer))?;
    }
    Ok(())
}

/// What is kept from one step to the next, as a program would keep it.
#[derive(Default)]
struct Shim {
    client: Option<Client>,
    partner: Option<CachedTokenSource>,
    pending: Option<PendingAuthorization>,
}

impl Shim {
    async fn answer(&mut self, step: &Step) -> Result<Answer, Error> {
        let client = self.client(step)?;
        match &step.act {
            Act::ClientCredentials => got(&self.partner(&client).token().await?, None),
            Act::AuthorizationBegin {
                redirect_uri,
                scope,
            } => {
                let (url, pending) = client
                    .authorization(redirect_uri)
                    .scope(scope.parse()?)
                    .begin()?;
                self.pending = Some(pending);
                Ok(Answer::Began { url: url.into() })
            }
            Act::AuthorizationAccept { callback } => match self.pending.take() {
                Some(pending) => redeem(&client, pending, callback).await,
                None => Ok(Answer::Failed {
                    reason: "no authorization was begun".to_owned(),
                }),
            },
            Act::Refresh { refresh_token } => {
                let (environment, client_id) =
                    (client.environment().clone(), client.client_id().clone());
                let token = RefreshToken::from(&**refresh_token);
                let source = client.company(CompanyGrant::restore(environment, client_id, token)?);
                let token = source.token().await?;
                got(&token, source.refresh_token().as_ref())
            }
            Act::JwtBearer { subject, scope } => {
                let source = client
                    .assertion(Subject::parse(subject)?)
                    .scope(scope.parse()?);
                got(&source.token().await?, None)
            }
            Act::ApiCall { url } => {
                let source = self.partner(&client);
                Ok(call(&client, source, url).await)
            }
            Act::Unknown => Ok(Answer::Unsupported),
        }
    }

    /// Makes the client at the first step. The suite starts a new process for another one.
    fn client(&mut self, step: &Step) -> Result<Client, Error> {
        if let Some(client) = &self.client {
            return Ok(client.clone());
        }
        let mut environment = CustomEnvironment::new(&step.gateway)?;
        if let Some(issuer) = &step.issuer {
            environment = environment.with_issuer(issuer);
        }
        let client = Client::builder(environment.into())
            .credentials(&*step.client_id, ClientSecret::from(&*step.client_secret))
            .timeout(TIMEOUT)
            .build()?;
        Ok(self.client.insert(client).clone())
    }

    fn partner(&mut self, client: &Client) -> CachedTokenSource {
        self.partner
            .get_or_insert_with(|| client.client_credentials())
            .clone()
    }
}

async fn redeem(
    client: &Client,
    pending: PendingAuthorization,
    callback: &str,
) -> Result<Answer, Error> {
    let grant = client.redeem(pending.accept(callback)?).await?;
    let (company_id, user_id) = (
        grant.company_id().map(Into::into),
        grant.user_id().map(Into::into),
    );
    let refresh_token = grant.refresh_token().cloned();
    let token = client.company(grant).token().await?;
    let mut answer = got(&token, refresh_token.as_ref())?;
    if let Answer::Token(token) = &mut answer {
        (token.company_id, token.user_id) = (company_id, user_id);
    }
    Ok(answer)
}

async fn call(client: &Client, source: CachedTokenSource, url: &str) -> Answer {
    let http = reqwest_middleware::ClientBuilder::new(client.http().clone())
        .with(BearerMiddleware::new(source))
        .build();
    match http.get(url).send().await {
        Ok(answer) => Answer::Answered {
            status: answer.status().as_u16(),
        },
        Err(reqwest_middleware::Error::Middleware(error)) => match error.downcast_ref::<Error>() {
            Some(error) => said(error),
            None => failed("middleware"),
        },
        Err(_) => failed("no answer"),
    }
}

/// Tells an error by its code, which says whether the server refused.
fn said(error: &Error) -> Answer {
    match error {
        Error::Refused(refused) => Answer::Refused {
            error: refused.error_code().as_str().to_owned(),
        },
        _ => failed(error.code()),
    }
}

fn failed(reason: &str) -> Answer {
    Answer::Failed {
        reason: reason.to_owned(),
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the suite compares the tokens with those that its own server invented"
)]
fn got(token: &Token, refresh_token: Option<&RefreshToken>) -> Result<Answer, Error> {
    let left = |end: std::time::SystemTime| {
        end.duration_since(SystemClock::new().wall())
            .unwrap_or_default()
    };
    Ok(Answer::Token(contract::Token {
        access_token: token.access_token().expose_secret().to_owned(),
        expires_in: token.expires_at().map(|end| left(end).as_secs()),
        refresh_token: refresh_token.map(|token| token.expose_secret().to_owned()),
        scope: token.granted_scope().map(ToString::to_string),
        ..contract::Token::default()
    }))
}
