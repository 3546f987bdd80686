//! Does it get tokens at all? What every other check takes for granted.

use super::super::Client;
use super::super::contract::{Act, Answer};
use super::super::probe::{
    COMPANY, Probe, USER, access_token, assertion, first, refresh, right, token, unexpected,
};
use crate::judge::evidence::Record;
use crate::judge::{Examination, demand};

checks! { |client, record|
    "client.flow.client-credentials",
    ["remote.flow.client-credentials", "remote.client-credentials.no-refresh-token", "rfc6749.4.4.2.grant-type"],
    "By client credentials the client gets a token of its own, without a refresh token."
    => gets(client, record, Way::ClientCredentials);
    "client.flow.authorization-code",
    ["remote.flow.authorization-code", "rfc6749.4.1.3.grant-type"],
    "By a company's consent the client gets a token for the company."
    => gets(client, record, Way::Login);
    "client.flow.refresh",
    ["remote.refresh.renews", "remote.refresh.request", "rfc6749.6.grant-type"],
    "By the refresh token that it was given the client gets a new token."
    => gets(client, record, Way::Refresh);
    "client.flow.assertion",
    ["remote.flow.assertion", "remote.assertion.request", "rfc7523.2.1.grant-type"],
    "By an assertion the client gets a token for one user."
    => gets(client, record, Way::Assertion);
    "client.flow.ids-kept",
    ["remote.code.ids-are-kept"],
    "Company and user that come with a code's token are handed on."
    => ids_kept(client, record);
    "client.flow.api-call",
    ["remote.api.bearer-header", "rfc6750.2.1.header"],
    "An API request carries the access token as a bearer in its header."
    => api_call(client, record);
}

#[derive(Clone, Copy)]
enum Way {
    ClientCredentials,
    Login,
    Refresh,
    Assertion,
}

impl Way {
    /// Returns the grant type and the parameter that it cannot do without.
    fn words(self) -> (&'static str, Option<(&'static str, &'static str)>) {
        match self {
            Self::ClientCredentials => ("client_credentials", None),
            Self::Login => (
                "authorization_code",
                Some(("code", super::super::probe::CODE)),
            ),
            Self::Refresh => (
                "refresh_token",
                Some(("refresh_token", super::super::probe::REFRESH_TOKEN)),
            ),
            Self::Assertion => ("urn:ietf:params:oauth:grant-type:jwt-bearer", None),
        }
    }
}

async fn gets(client: &Client, record: &mut Record, way: Way) -> Examination {
    let mut probe = Probe::start(client, record, right()).await?;
    let answer = match way {
        Way::ClientCredentials => probe.ask(Act::ClientCredentials).await?,
        Way::Login => probe.login().await?,
        Way::Refresh => probe.ask(refresh()).await?,
        Way::Assertion => probe.ask(assertion()).await?,
    };
    let token = token(answer)?;
    let request = first(probe.finish().await?.tokens)?;
    demand(token.access_token == access_token(0), || {
        "the client holds another token than the server gave".to_owned()
    })?;
    let (grant_type, parameter) = way.words();
    demand(
        request.parameter("grant_type").as_deref() == Some(grant_type),
        || "the grant type is another".to_owned(),
    )?;
    match parameter {
        Some((name, value)) => demand(request.parameter(name).as_deref() == Some(value), || {
            format!("the parameter `{name}` does not decode to what the client was given")
        }),
        None => Ok(()),
    }
}

async fn ids_kept(client: &Client, record: &mut Record) -> Examination {
    let mut probe = Probe::start(client, record, right()).await?;
    let token = token(probe.login().await?)?;
    let ids = (token.company_id.as_deref(), token.user_id.as_deref());
    demand(ids == (Some(COMPANY), Some(USER)), || {
        "the client does not tell both".to_owned()
    })
}

async fn api_call(client: &Client, record: &mut Record) -> Examination {
    let mut probe = Probe::start(client, record, right()).await?;
    let url = format!("{}/v1/identity/current", probe.server.gateway());
    let answer = probe.ask(Act::ApiCall { url }).await?;
    let request = first(probe.finish().await?.api)?;
    demand(request.bearer() == Some(&*access_token(0)), || {
        "the header does not carry the token".to_owned()
    })?;
    match answer {
        Answer::Answered { status: 200 } => Ok(()),
        other => Err(unexpected(&other)),
    }
}
