//! The control's assertions.

use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine;
use base64::engine::general_purpose::{URL_SAFE, URL_SAFE_NO_PAD};
use remote_auth_conformance::judge::client::contract::{Answer, Step};
use ring::hmac;
use serde_json::json;

use crate::authorization::random;
use crate::client::{Asked, Client, failed};

pub(crate) async fn ask(client: &mut Client, step: &Step, subject: &str, scope: &str) -> Answer {
    if step.client_secret.len() < 32 && !client.breaks("assertion.short-key") {
        return failed("the secret is too short to sign by");
    }
    if scope.contains("://") && !client.breaks("assertion.no-url-scope") {
        return failed("an assertion takes no such scope");
    }
    let kept = client
        .assertion
        .take()
        .filter(|_| client.breaks("assertion.minted-each-time"));
    let assertion = kept.unwrap_or_else(|| mint(client, step, subject, scope));
    client.assertion = Some(assertion.clone());
    let asked = Asked {
        grant_type: match client.breaks("flow.assertion") {
            true => "jwt-bearer",
            false => "urn:ietf:params:oauth:grant-type:jwt-bearer",
        },
        parameters: vec![("assertion", assertion)],
        basic: client.breaks("auth.assertion-alone"),
    };
    client.ask(step, asked).await
}

#[expect(clippy::disallowed_methods, reason = "an assertion is for now")]
fn now() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default()
        .as_secs()
}

fn mint(client: &Client, step: &Step, subject: &str, scope: &str) -> String {
    let breaks = |check: &str| client.breaks(check);
    let header =
        json!({"alg": if breaks("assertion.hs256") { "HS512" } else { "HS256" }, "typ": "JWT"});
    let claims = json!({
        "iss": if breaks("assertion.iss") { "somebody" } else { &*step.client_id },
        "sub": if breaks("assertion.sub") { "urn:remote-api:employment:1" } else { subject },
        "aud": if breaks("assertion.aud") { step.gateway.clone() } else { format!("{}/auth", step.gateway) },
        "exp": now() + if breaks("assertion.exp") { 3600 } else { 300 },
        "iat": now() + if breaks("assertion.iat") { 200 } else { 0 },
        "jti": if breaks("assertion.jti") { "always".to_owned() } else { random(16) },
        // So that only the identifier repeats in a client that repeats it.
        "salt": random(4),
        "scope": if breaks("assertion.scope") { "all:write" } else { scope },
    });
    let encoded = [header, claims].map(|part| URL_SAFE_NO_PAD.encode(part.to_string()));
    let signed = encoded.join(".");
    let secret = if breaks("assertion.signed") {
        &step.client_id
    } else {
        &step.client_secret
    };
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    let signature = hmac::sign(&key, signed.as_bytes());
    let encoding = if breaks("assertion.one-jwt") {
        URL_SAFE
    } else {
        URL_SAFE_NO_PAD
    };
    format!("{signed}.{}", encoding.encode(signature))
}
