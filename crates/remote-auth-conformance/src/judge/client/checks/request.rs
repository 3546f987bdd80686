//! How token requests are written, whichever grant they are of, and how the client proves itself.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::super::Client;
use super::super::contract::Act;
use super::super::probe::{
    CLIENT_SECRET, Probe, assertion, every_grant, first, one, refresh, right,
};
use super::super::server::Request;
use super::repeated;
use crate::judge::evidence::Record;
use crate::judge::{Examination, demand};

checks! { |client, record|
    "client.request.post",
    ["rfc6749.3.2.post"],
    "Token requests are made by POST."
    => post(client, record);
    "client.request.path",
    ["remote.token.path"],
    "Token requests go to /auth/oauth2/token below the gateway."
    => path(client, record);
    "client.request.form",
    ["remote.token.form-only", "remote.skill.mistake-json-body"],
    "Token requests are forms, and say so."
    => form(client, record);
    "client.request.no-repeats",
    ["rfc6749.3.2.no-repeats"],
    "No parameter of a token request stands twice."
    => no_repeats(client, record);
    "client.request.nothing-in-query",
    ["rfc6749.2.3.1.not-in-uri"],
    "Nothing of a token request stands in its address."
    => nothing_in_query(client, record);
    "client.request.client-credentials-bare",
    ["remote.client-credentials.request"],
    "A request by client credentials has the grant type in its body and nothing else."
    => client_credentials_bare(client, record);
    "client.request.code-verifier-alone",
    ["rfc7636.7.1.verifier-secret"],
    "No request but the redemption of a code carries a code verifier."
    => verifier_alone(client, record);
    "client.auth.basic",
    ["remote.token.basic", "rfc6749.3.2.1.authenticated"],
    "Requests by client credentials and by code carry HTTP Basic, once."
    => basic(client, record);
    "client.auth.basic-encoding",
    ["rfc6749.2.3.1.form-encoded", "remote.token.basic-raw"],
    "Identifier and secret can be read back from HTTP Basic, whatever letters they have."
    => basic_encoding(client, record);
    "client.auth.secret-not-in-body",
    ["remote.token.client-not-in-body", "rfc6749.2.3.one-method"],
    "The client secret stands in no body."
    => secret_not_in_body(client, record);
    "client.auth.refresh",
    ["rfc6749.6.authenticated"],
    "A refresh carries HTTP Basic, once."
    => refresh_authenticated(client, record);
    "client.auth.assertion-alone",
    ["remote.assertion.no-basic"],
    "An assertion is sent without client authentication beside it."
    => assertion_alone(client, record);
}

const BASIC_GRANTS: [&str; 2] = ["client_credentials", "authorization_code"];

/// Names a request for people.
fn named(request: &Request) -> String {
    request
        .parameter("grant_type")
        .unwrap_or_else(|| "a request without grant type".to_owned())
}

async fn post(client: &Client, record: &mut Record) -> Examination {
    for request in every_grant(client, record).await? {
        demand(request.method == "POST", || {
            format!("{} came by {}", named(&request), request.method)
        })?;
    }
    Ok(())
}

async fn path(client: &Client, record: &mut Record) -> Examination {
    for request in every_grant(client, record).await? {
        demand(request.path == "/auth/oauth2/token", || {
            format!("{} came to {}", named(&request), request.path)
        })?;
    }
    Ok(())
}

async fn form(client: &Client, record: &mut Record) -> Examination {
    for request in every_grant(client, record).await? {
        let mut types = request.headers("content-type");
        let essence = types
            .next()
            .map(|value| value.split(';').next().unwrap_or_default().trim());
        let is_form = essence.is_some_and(|essence| {
            essence.eq_ignore_ascii_case("application/x-www-form-urlencoded")
        });
        let pairs = form_urlencoded::parse(request.body.as_bytes());
        let reads = pairs
            .into_iter()
            .any(|(name, value)| name == "grant_type" && !value.is_empty());
        demand(is_form && reads, || {
            format!("{} is no form", named(&request))
        })?;
    }
    Ok(())
}

async fn no_repeats(client: &Client, record: &mut Record) -> Examination {
    for request in every_grant(client, record).await? {
        let twice = repeated(request.parameters());
        demand(twice.is_none(), || {
            let twice = twice.unwrap_or_default();
            format!("{} has `{twice}` twice", named(&request))
        })?;
    }
    Ok(())
}

async fn nothing_in_query(client: &Client, record: &mut Record) -> Examination {
    for request in every_grant(client, record).await? {
        demand(request.query.is_none(), || {
            format!("{} has a query", named(&request))
        })?;
    }
    Ok(())
}

async fn client_credentials_bare(client: &Client, record: &mut Record) -> Examination {
    let request = one(client, record, Act::ClientCredentials).await?;
    let parameters = request.parameters();
    let other = parameters.iter().find(|(name, _)| name != "grant_type");
    demand(other.is_none(), || {
        format!("there is `{}` too", other.map_or("", |(name, _)| name))
    })
}

async fn verifier_alone(client: &Client, record: &mut Record) -> Examination {
    for request in every_grant(client, record).await? {
        let is_redemption = request.parameter("code").is_some();
        demand(
            is_redemption || request.parameter("code_verifier").is_none(),
            || format!("{} carries one", named(&request)),
        )?;
    }
    Ok(())
}

async fn basic(client: &Client, record: &mut Record) -> Examination {
    let requests = every_grant(client, record).await?;
    for request in requests
        .iter()
        .filter(|request| BASIC_GRANTS.contains(&&*named(request)))
    {
        carries_basic(request)?;
    }
    Ok(())
}

fn carries_basic(request: &Request) -> Examination {
    let values: Vec<_> = request.headers("authorization").collect();
    let schemes = values
        .iter()
        .map(|value| value.split(' ').next().unwrap_or_default());
    let good = values.len() == 1
        && schemes
            .into_iter()
            .all(|scheme| scheme.eq_ignore_ascii_case("basic"));
    demand(good, || {
        format!(
            "{} has {} Authorization headers, and not one of HTTP Basic",
            named(request),
            values.len()
        )
    })
}

async fn basic_encoding(client: &Client, record: &mut Record) -> Examination {
    const ID: &str = "client+of%the suite";
    const SECRET: &str = "kanarie4711xyzzy +%:&=/~?#0123456789";
    let mut probe = Probe::start(client, record, right()).await?;
    (probe.client_id, probe.client_secret) = (ID.to_owned(), SECRET.to_owned());
    probe.ask(Act::ClientCredentials).await?;
    let request = first(probe.finish().await?.tokens)?;
    let value = request.headers("authorization").next().unwrap_or_default();
    let encoded = value
        .split_once(' ')
        .map(|(_, encoded)| encoded)
        .unwrap_or_default();
    let pair = STANDARD
        .decode(encoded)
        .ok()
        .and_then(|bytes| String::from_utf8(bytes).ok());
    let pair = pair.unwrap_or_default();
    let (id, secret) = pair.split_once(':').unwrap_or_default();
    let decoded = |text: &str| {
        // The reader of forms parts names from values, which nothing here has.
        let mut pairs = form_urlencoded::parse(text.as_bytes());
        pairs
            .next()
            .map(|(name, _)| name.into_owned())
            .unwrap_or_default()
    };
    let as_it_is = (id, secret) == (ID, SECRET);
    let by_the_rfc = (&*decoded(id), &*decoded(secret)) == (ID, SECRET);
    demand(as_it_is || by_the_rfc, || {
        "neither as it is nor form-decoded does the header hold identifier and secret".to_owned()
    })
}

async fn secret_not_in_body(client: &Client, record: &mut Record) -> Examination {
    for request in every_grant(client, record).await? {
        demand(!request.body.contains(CLIENT_SECRET), || {
            format!("the body of {} holds it", named(&request))
        })?;
    }
    Ok(())
}

async fn refresh_authenticated(client: &Client, record: &mut Record) -> Examination {
    carries_basic(&one(client, record, refresh()).await?)
}

async fn assertion_alone(client: &Client, record: &mut Record) -> Examination {
    let request = one(client, record, assertion()).await?;
    demand(request.headers("authorization").next().is_none(), || {
        "there is an Authorization header too".to_owned()
    })
}
