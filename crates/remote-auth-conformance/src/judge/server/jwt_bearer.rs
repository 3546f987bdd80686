//! Assertions: who made them, for whom, for which server, and until when.

use serde_json::{Value, json};

use super::assertion::{HS256, claims, signed, unix_s};
use super::questions;
use super::secret::open;
use super::talk::{JWT_BEARER, Talk};
use super::wire::Ask;
use crate::judge::{Examination, Objection, demand};

/// A user and an employment that no company has.
const NOBODY: &str = "00000000-0000-4000-8000-000000000000";

/// How far beyond a bound in time a claim is set, so that clocks that differ a little judge alike.
const MARGIN_S: u64 = 60;

questions! {
    "server.assertion.well-formed", Abusive, ["rfc7523.2.1.one-jwt", "rfc7523.5.unpadded"],
        "An assertion with a fourth part is `invalid_grant`.", well_formed;
    "server.assertion.algorithm", Abusive,
        ["remote.assertion.hs256", "rfc7523.5.critical-header", "rfc7523.5.alg-none"],
        "An assertion is `invalid_grant` that names another algorithm, none, or a critical header.",
        algorithm;
    "server.assertion.issuer", Abusive, ["remote.assertion.iss", "rfc7523.3.iss"],
        "An assertion of an issuer that nobody knows is `invalid_grant`.", issuer;
    "server.assertion.signature", Abusive, ["rfc7523.3.signed", "rfc7523.3.1.invalid-grant"],
        "An assertion that is signed with another secret is `invalid_grant`.", signature;
    "server.assertion.audience", Abusive,
        ["remote.assertion.aud", "rfc7523.3.aud", "remote.skill.mistake-wrong-aud"],
        "An assertion for the bare gateway or for the token endpoint is `invalid_grant`.", audience;
    "server.assertion.expiration", Abusive,
        ["rfc7523.3.exp", "remote.skill.mistake-exp-drift"],
        "An assertion that has expired, or never does, is `invalid_grant`.", expiration;
    "server.assertion.ten-minutes", Abusive, ["remote.assertion.ten-minutes"],
        "An assertion that lives for more than ten minutes is `invalid_grant`.", ten_minutes;
    "server.assertion.not-before", Abusive, ["rfc7523.3.nbf"],
        "An assertion is `invalid_grant` before its `nbf`.", not_before;
    "server.assertion.subject-form", Abusive,
        ["remote.assertion.sub-manager", "remote.assertion.sub-employee",
        "remote.assertion.sub-older", "remote.assertion.sub-spelling", "rfc7523.3.sub"],
        "An assertion about a subject of no documented form is `invalid_grant`.", subject_form;
    "server.assertion.subject-managed", Abusive, ["remote.assertion.managed-subject"],
        "An assertion about somebody whom the client does not manage is `invalid_grant`.",
        subject_managed;
    "server.assertion.scope-style", Gentle, ["remote.scope.assertion-style"],
        "An assertion that asks for a scope of the URL style is refused.", scope_style;
    "server.assertion.no-refresh-token", Gentle,
        ["remote.assertion.no-refresh-token", "rfc7523.4.no-refresh-token",
        "rfc7523.2.1.grant-type", "remote.assertion.no-basic"],
        "A good assertion gives an access token without client authentication, and no refresh token.",
        no_refresh_token;
}

impl Talk<'_> {
    /// Writes good claims about the subject that the judge was given.
    fn claims(&self) -> Result<Value, Objection> {
        Ok(self.claims_about(self.server.assertion_subject()?))
    }

    /// Writes good claims about anybody.
    pub(super) fn claims_about(&self, subject: &str) -> Value {
        let (id, audience) = (&self.server.client.id, self.home().audience());
        claims(id, subject, &audience, self.server.now())
    }

    /// Good claims but for one.
    fn claims_with(&self, claim: &str, value: Value) -> Result<Value, Objection> {
        let mut claims = self.claims()?;
        claims[claim] = value;
        Ok(claims)
    }

    /// Signs claims as the client does.
    pub(super) fn signed(&self, claims: &Value) -> String {
        signed(HS256, claims, open(&self.server.client.secret))
    }

    pub(super) fn assertion_request(&self, assertion: &str) -> Ask {
        let form = [("grant_type", JWT_BEARER), ("assertion", assertion)];
        Ask::form(&self.home().token_endpoint, &form)
    }

    /// Objects unless an assertion is refused as invalid.
    async fn refuses(&mut self, assertion: &str) -> Examination {
        let ask = self.assertion_request(assertion);
        self.send(&ask).await?.refused_as("invalid_grant")
    }

    async fn refuses_claim(&mut self, claim: &str, value: Value) -> Examination {
        let assertion = self.signed(&self.claims_with(claim, value)?);
        self.refuses(&assertion).await
    }

    fn now_s(&self) -> u64 {
        unix_s(self.server.now())
    }
}

async fn well_formed(mut talk: Talk<'_>) -> Examination {
    let assertion = format!("{}.more", talk.signed(&talk.claims()?));
    talk.refuses(&assertion).await
}

async fn algorithm(mut talk: Talk<'_>) -> Examination {
    let secret = open(&talk.server.client.secret);
    for header in [
        r#"{"alg":"HS512","typ":"JWT"}"#,
        r#"{"alg":"HS256","typ":"JWT","crit":["x"],"x":1}"#,
        r#"{"alg":"none","typ":"JWT"}"#,
    ] {
        let assertion = signed(header, &talk.claims()?, secret);
        talk.refuses(&assertion).await?;
    }
    let (unsigned, _) = signed(r#"{"alg":"none"}"#, &talk.claims()?, secret)
        .rsplit_once('.')
        .map(|(head, tail)| (format!("{head}."), tail.len()))
        .expect("an assertion has three parts");
    talk.refuses(&unsigned).await
}

async fn issuer(mut talk: Talk<'_>) -> Examination {
    talk.refuses_claim("iss", json!("nobody-whom-anybody-knows"))
        .await
}

async fn signature(mut talk: Talk<'_>) -> Examination {
    let wrong = "a-secret-that-nobody-has-0123456789";
    let assertion = signed(HS256, &talk.claims()?, wrong);
    talk.refuses(&assertion).await
}

async fn audience(mut talk: Talk<'_>) -> Examination {
    let home = talk.home();
    for audience in [home.gateway(), &home.token_endpoint] {
        talk.refuses_claim("aud", json!(audience)).await?;
    }
    Ok(())
}

async fn expiration(mut talk: Talk<'_>) -> Examination {
    let past = json!(talk.now_s() - MARGIN_S);
    talk.refuses_claim("exp", past).await?;
    talk.refuses_claim("exp", Value::Null).await
}

async fn ten_minutes(mut talk: Talk<'_>) -> Examination {
    let far = json!(talk.now_s() + 600 + MARGIN_S);
    talk.refuses_claim("exp", far).await
}

async fn not_before(mut talk: Talk<'_>) -> Examination {
    let ahead = json!(talk.now_s() + 2 * MARGIN_S);
    talk.refuses_claim("nbf", ahead).await
}

async fn subject_form(mut talk: Talk<'_>) -> Examination {
    let subject = talk.server.assertion_subject()?;
    let bare = subject.rsplit(':').next().unwrap_or_default();
    let misspelt = format!("urn:remote-api:employee:emplomyent:{bare}");
    for subject in [bare, &misspelt] {
        talk.refuses_claim("sub", json!(subject)).await?;
    }
    Ok(())
}

async fn subject_managed(mut talk: Talk<'_>) -> Examination {
    for form in [
        "urn:remote-api:company-manager:user",
        "urn:remote-api:employee:employment",
    ] {
        let nobody = json!(format!("{form}:{NOBODY}"));
        talk.refuses_claim("sub", nobody).await?;
    }
    Ok(())
}

async fn scope_style(mut talk: Talk<'_>) -> Examination {
    let url = json!("https://gateway.remote.com/company.manage");
    let assertion = talk.signed(&talk.claims_with("scope", url)?);
    let ask = talk.assertion_request(&assertion);
    talk.send(&ask).await?.refused()
}

async fn no_refresh_token(mut talk: Talk<'_>) -> Examination {
    let assertion = talk.signed(&talk.claims()?);
    let ask = talk.assertion_request(&assertion);
    let answer = talk.send(&ask).await?;
    answer.answered(200)?;
    demand(answer.text("/access_token").is_some(), || {
        "an answer without an access token".to_owned()
    })?;
    demand(answer.json().get("refresh_token").is_none(), || {
        "a refresh token for an assertion".to_owned()
    })
}
