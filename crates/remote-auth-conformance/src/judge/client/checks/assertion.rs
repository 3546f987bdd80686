//! Assertions, read by a few lines of the judge's own.

use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::hmac;
use serde_json::Value;

use super::super::Client;
use super::super::contract::Act;
use super::super::probe::{
    CLIENT_ID, CLIENT_SECRET, CONSENT_SCOPE, Probe, SCOPE, SUBJECT, assertion, count, first,
    no_token, one, right, tokens,
};
use super::super::server::Reply;
use crate::judge::check::Objection;
use crate::judge::evidence::Record;
use crate::judge::{Examination, demand};

checks! { |client, record|
    "client.assertion.one-jwt",
    ["rfc7523.2.1.one-jwt", "rfc7523.5.unpadded"],
    "An assertion is one JSON Web Token, in base64url without padding."
    => one_jwt(client, record);
    "client.assertion.hs256",
    ["remote.assertion.hs256"],
    "The header of an assertion names HS256."
    => hs256(client, record);
    "client.assertion.signed",
    ["rfc7523.3.signed", "remote.assertion.hs256"],
    "The signature of an assertion is the HMAC by the client secret."
    => signed(client, record);
    "client.assertion.iss",
    ["rfc7523.3.iss", "remote.assertion.iss"],
    "The claim `iss` is the client identifier."
    => claims(client, record, "iss", CLIENT_ID);
    "client.assertion.sub",
    ["rfc7523.3.sub", "remote.assertion.sub-employee"],
    "The claim `sub` is the subject that was asked for."
    => claims(client, record, "sub", SUBJECT);
    "client.assertion.aud",
    ["rfc7523.3.aud", "remote.assertion.aud", "remote.skill.mistake-wrong-aud"],
    "The claim `aud` is the gateway followed by /auth, as one text."
    => aud(client, record);
    "client.assertion.exp",
    ["rfc7523.3.exp", "remote.assertion.ten-minutes"],
    "The claim `exp` is ahead of now, by ten minutes at most."
    => exp(client, record);
    "client.assertion.iat",
    ["rfc7523.3.iat"],
    "The claim `iat`, where there is one, is now."
    => iat(client, record);
    "client.assertion.jti",
    ["rfc7523.3.jti"],
    "Every assertion has an identifier of its own."
    => jti(client, record);
    "client.assertion.scope",
    ["remote.assertion.scope-claim"],
    "The claim `scope` lists what was asked for, and nothing else."
    => scope(client, record);
    "client.assertion.minted-each-time",
    ["remote.assertion.remint", "remote.skill.mistake-exp-drift"],
    "Each token is asked for by a new assertion."
    => minted_each_time(client, record);
    "client.assertion.short-key",
    ["rfc7523.5.hs256-key-256-bits"],
    "Nothing is signed by a secret of fewer than 256 bits."
    => short_key(client, record);
    "client.assertion.no-url-scope",
    ["remote.scope.assertion-style"],
    "An assertion that would ask for a scope of the URL style is not sent."
    => no_url_scope(client, record);
}

/// An assertion, taken apart.
struct Jwt {
    header: Value,
    claims: Value,
}

impl Jwt {
    fn read(text: &str) -> Result<Self, Objection> {
        let mut parts = text.split('.').map(|part| {
            let bytes = URL_SAFE_NO_PAD
                .decode(part.trim_end_matches('='))
                .unwrap_or_default();
            serde_json::from_slice(&bytes).unwrap_or(Value::Null)
        });
        let (header, claims) = (parts.next(), parts.next());
        match (header, claims) {
            (Some(header), Some(claims)) if claims.is_object() => Ok(Self { header, claims }),
            _ => Err(Objection::NotMet(
                "the assertion is no JSON Web Token".to_owned(),
            )),
        }
    }

    fn seconds(&self, name: &str) -> Option<f64> {
        self.claims[name].as_f64()
    }
}

async fn text(client: &Client, record: &mut Record) -> Result<String, Objection> {
    let request = one(client, record, assertion()).await?;
    let sent = request.parameter("assertion");
    sent.ok_or_else(|| Objection::NotMet("there is no parameter `assertion`".to_owned()))
}

async fn jwt(client: &Client, record: &mut Record) -> Result<Jwt, Objection> {
    Jwt::read(&text(client, record).await?)
}

#[expect(
    clippy::disallowed_methods,
    reason = "an assertion is for now, which the judge has to know by itself"
)]
fn now() -> f64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default()
        .as_secs_f64()
}

async fn one_jwt(client: &Client, record: &mut Record) -> Examination {
    let text = text(client, record).await?;
    let parts: Vec<_> = text.split('.').collect();
    let good = parts.len() == 3
        && parts
            .iter()
            .all(|part| !part.is_empty() && URL_SAFE_NO_PAD.decode(part).is_ok());
    demand(good, || {
        format!(
            "it has {} parts, or letters that base64url has not",
            parts.len()
        )
    })
}

async fn hs256(client: &Client, record: &mut Record) -> Examination {
    let header = jwt(client, record).await?.header;
    demand(header["alg"] == "HS256", || {
        format!("`alg` is {}", header["alg"])
    })
}

async fn signed(client: &Client, record: &mut Record) -> Examination {
    let text = text(client, record).await?;
    let (signed, signature) = text.rsplit_once('.').unwrap_or_default();
    let signature = URL_SAFE_NO_PAD
        .decode(signature.trim_end_matches('='))
        .unwrap_or_default();
    let key = hmac::Key::new(hmac::HMAC_SHA256, CLIENT_SECRET.as_bytes());
    demand(
        hmac::verify(&key, signed.as_bytes(), &signature).is_ok(),
        || "it is not".to_owned(),
    )
}

async fn claims(client: &Client, record: &mut Record, name: &str, expected: &str) -> Examination {
    let claims = jwt(client, record).await?.claims;
    demand(claims[name] == expected, || {
        format!("`{name}` is {}", claims[name])
    })
}

async fn aud(client: &Client, record: &mut Record) -> Examination {
    let mut probe = Probe::start(client, record, right()).await?;
    let expected = format!("{}/auth", probe.server.gateway());
    probe.ask(assertion()).await?;
    let sent = first(probe.finish().await?.tokens)?
        .parameter("assertion")
        .unwrap_or_default();
    let claims = Jwt::read(&sent)?.claims;
    demand(claims["aud"] == *expected, || {
        format!("`aud` is {}", claims["aud"])
    })
}

async fn exp(client: &Client, record: &mut Record) -> Examination {
    let before = now();
    let exp = jwt(client, record).await?.seconds("exp");
    // A second of grace to those who round.
    let good = exp.is_some_and(|exp| exp > before && exp <= now() + 601.0);
    demand(good, || match exp {
        Some(exp) => format!("it is {:.0} seconds ahead", exp - before),
        None => "there is none, or it is no number".to_owned(),
    })
}

async fn iat(client: &Client, record: &mut Record) -> Examination {
    let before = now();
    match jwt(client, record).await?.seconds("iat") {
        // Clocks of one machine agree; a minute is for clients that allow for others.
        Some(iat) => demand(iat > before - 61.0 && iat <= now() + 1.0, || {
            format!("it is {:.0} seconds ahead", iat - before)
        }),
        None => Err(Objection::Skipped(
            "the client sends none, which it may".to_owned(),
        )),
    }
}

/// Asks for two tokens, each of which ends at once, and returns the assertions.
async fn two(client: &Client, record: &mut Record) -> Result<[String; 2], Objection> {
    let script = tokens(|_, _| {
        Reply::json(
            200,
            r#"{"access_token":"a-token","token_type":"Bearer","expires_in":0}"#,
        )
    });
    let mut probe = Probe::start(client, record, script).await?;
    probe.ask(assertion()).await?;
    probe.ask(assertion()).await?;
    let sent = probe.finish().await?.tokens;
    let mut assertions = sent
        .iter()
        .filter_map(|request| request.parameter("assertion"));
    match (assertions.next(), assertions.next()) {
        (Some(one), Some(other)) => Ok([one, other]),
        _ => Err(Objection::NotMet(
            "no second assertion came for a second token".to_owned(),
        )),
    }
}

async fn jti(client: &Client, record: &mut Record) -> Examination {
    let [one, other] = two(client, record).await?;
    let (one, other) = (Jwt::read(&one)?.claims, Jwt::read(&other)?.claims);
    if one["jti"].is_null() {
        return Err(Objection::Skipped(
            "the client sends none, which it may".to_owned(),
        ));
    }
    demand(one["jti"] != other["jti"], || {
        "two assertions have the same".to_owned()
    })
}

async fn minted_each_time(client: &Client, record: &mut Record) -> Examination {
    let [one, other] = two(client, record).await?;
    if Jwt::read(&one)?.claims["jti"].is_null() {
        return Err(Objection::Skipped(
            "without identifiers two assertions of one second are alike".to_owned(),
        ));
    }
    demand(one != other, || "the same was sent twice".to_owned())
}

async fn scope(client: &Client, record: &mut Record) -> Examination {
    let claims = jwt(client, record).await?.claims;
    let mut claimed: Vec<_> = claims["scope"]
        .as_str()
        .unwrap_or_default()
        .split(' ')
        .collect();
    claimed.sort_unstable();
    let mut asked: Vec<_> = SCOPE.split(' ').collect();
    asked.sort_unstable();
    demand(claimed == asked, || {
        format!("`scope` is {}", claims["scope"])
    })
}

async fn short_key(client: &Client, record: &mut Record) -> Examination {
    let mut probe = Probe::start(client, record, right()).await?;
    probe.client_secret = "kanarie4711xyzzy".to_owned();
    let answer = probe.ask(assertion()).await?;
    count(&probe.finish().await?.tokens, 0, "token requests")?;
    no_token(&answer)
}

async fn no_url_scope(client: &Client, record: &mut Record) -> Examination {
    let mut probe = Probe::start(client, record, right()).await?;
    let act = Act::JwtBearer {
        subject: SUBJECT.to_owned(),
        scope: CONSENT_SCOPE.to_owned(),
    };
    let answer = probe.ask(act).await?;
    count(&probe.finish().await?.tokens, 0, "token requests")?;
    no_token(&answer)
}
