//! The control's authorization: address, callback, code.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use form_urlencoded::Serializer;
use remote_auth_conformance::judge::client::contract::{Answer, Step};
use ring::digest::{SHA256, digest};
use ring::rand::{SecureRandom, SystemRandom};

use crate::client::{Asked, Client, failed};

/// What waits for a callback.
#[derive(Clone)]
pub(crate) struct Pending {
    redirect_uri: String,
    state: String,
    verifier: String,
}

/// Makes a text from random bytes.
pub(crate) fn random(bytes: usize) -> String {
    let mut random = vec![0; bytes];
    SystemRandom::new()
        .fill(&mut random)
        .expect("the system has randomness");
    URL_SAFE_NO_PAD.encode(random)
}

/// Writes a redirection URI anew, as libraries do.
fn rewritten(uri: &str) -> String {
    uri.replace("%2f", "%2F")
}

pub(crate) fn begin(client: &mut Client, step: &Step, redirect_uri: &str, scope: &str) -> Answer {
    let breaks = |check: &str| client.breaks(check);
    let is_absolute = redirect_uri.contains("://") || breaks("authorize.redirect-uri-absolute");
    let is_safe = !redirect_uri.starts_with("http://")
        || redirect_uri.starts_with("http://127.0.0.1")
        || breaks("authorize.redirect-uri-tls");
    let is_whole = !redirect_uri.contains('#') || breaks("authorize.redirect-uri-no-fragment");
    if !(is_absolute && is_safe && is_whole) {
        return failed("the redirection URI cannot be used");
    }
    let verifier = match () {
        () if breaks("pkce.verifier-syntax") => random(15),
        () if breaks("pkce.fresh") => "a".repeat(43),
        () => random(32),
    };
    let state = match () {
        () if breaks("state.fresh") => "b".repeat(43),
        () if breaks("state.entropy") => random(6),
        () if breaks("pkce.verifier-not-in-address") => verifier.clone(),
        () => random(32),
    };
    let plain = breaks("pkce.s256");
    let challenge = if plain {
        verifier.clone()
    } else {
        URL_SAFE_NO_PAD.encode(digest(&SHA256, verifier.as_bytes()))
    };
    let sent_uri = if breaks("authorize.redirect-uri") {
        rewritten(redirect_uri)
    } else {
        redirect_uri.to_owned()
    };
    let sent_scope = if breaks("authorize.scope-verbatim") {
        scope.replace("https://gateway.remote.com", &step.gateway)
    } else {
        scope.to_owned()
    };
    let all = [
        (
            "response_type",
            if breaks("authorize.response-type") {
                "token"
            } else {
                "code"
            },
            true,
        ),
        (
            "client_id",
            &*step.client_id,
            !breaks("authorize.client-id"),
        ),
        ("redirect_uri", &sent_uri, true),
        ("state", &state, !breaks("state.sent")),
        ("scope", &sent_scope, true),
        ("scope", &sent_scope, breaks("authorize.no-repeats")),
        (
            "client_secret",
            &step.client_secret,
            breaks("authorize.no-secret"),
        ),
        ("code_challenge", &challenge, !breaks("pkce.challenge-sent")),
        (
            "code_challenge_method",
            if plain { "plain" } else { "S256" },
            !breaks("pkce.challenge-sent"),
        ),
    ];
    let mut query = Serializer::new(String::new());
    for (name, value, sent) in all {
        if sent {
            query.append_pair(name, value);
        }
    }
    let path = if breaks("authorize.path") {
        "/oauth/authorize"
    } else {
        "/auth/oauth2/authorize"
    };
    let fragment = if breaks("authorize.no-fragment") {
        "#start"
    } else {
        ""
    };
    let url = format!("{}{path}?{}{fragment}", step.gateway, query.finish());
    client.pending = Some(Pending {
        redirect_uri: redirect_uri.to_owned(),
        state,
        verifier,
    });
    Answer::Began { url }
}

pub(crate) async fn accept(client: &mut Client, step: &Step, callback: &str) -> Answer {
    let Some(pending) = client.pending.take() else {
        return failed("no authorization was begun");
    };
    if client.breaks("callback.once") {
        client.pending = Some(pending.clone());
    }
    let code = match judge(client, step, &pending, callback) {
        Ok(code) => code,
        Err(answer) => return *answer,
    };
    let redirect_uri = match client.breaks("code.redirect-uri-identical") {
        true => rewritten(&pending.redirect_uri),
        false => pending.redirect_uri,
    };
    let mut parameters = vec![("code", code), ("redirect_uri", redirect_uri)];
    if !client.breaks("pkce.verifier-sent") && !client.breaks("pkce.challenge-sent") {
        parameters.push(("code_verifier", pending.verifier));
    }
    let grant_type = if client.breaks("flow.authorization-code") {
        "code"
    } else {
        "authorization_code"
    };
    let basic = !client.breaks("auth.basic");
    client
        .ask(
            step,
            Asked {
                grant_type,
                parameters,
                basic,
            },
        )
        .await
}

/// Returns the code of a callback that is the answer to the request.
fn judge(
    client: &Client,
    step: &Step,
    pending: &Pending,
    callback: &str,
) -> Result<String, Box<Answer>> {
    let breaks = |check: &str| client.breaks(check);
    if !callback.starts_with(&pending.redirect_uri) && !breaks("callback.elsewhere") {
        return Err(Box::new(failed("the callback came elsewhere")));
    }
    let query = callback
        .split_once('?')
        .map(|(_, query)| query)
        .unwrap_or_default();
    let pairs: Vec<(String, String)> = form_urlencoded::parse(query.as_bytes())
        .into_owned()
        .collect();
    let all = |name: &str| {
        pairs
            .iter()
            .filter(|(known, _)| known == name)
            .map(|(_, value)| value.as_str())
            .collect::<Vec<_>>()
    };
    for name in ["code", "state", "error", "iss"] {
        if all(name).len() > 1 && !breaks(&format!("callback.duplicate-{name}")) {
            return Err(Box::new(failed("a parameter stands twice")));
        }
    }
    let known = ["keep", "code", "state", "error", "error_description", "iss"];
    if breaks("callback.unknown-ignored") && pairs.iter().any(|(name, _)| !known.contains(&&**name))
    {
        return Err(Box::new(failed("a parameter is not known")));
    }
    let one = |name: &str| all(name).first().copied();
    let (code, error) = (one("code"), one("error"));
    let state_good = match one("state") {
        Some(state) if state == pending.state => true,
        Some(_) if error.is_some() => breaks("callback.forged-error"),
        Some(_) => breaks("callback.wrong-state"),
        None => breaks("callback.missing-state"),
    };
    // A client that sends no state has none to compare.
    if !state_good && !breaks("state.sent") {
        return Err(Box::new(failed("the state is another")));
    }
    let issuer_good = match (one("iss"), &step.issuer) {
        (Some(_), _) if breaks("callback.right-issuer") => false,
        (Some(issuer), Some(expected)) if issuer == expected => true,
        (Some(_), _) if error.is_some() => breaks("callback.error-of-another-issuer"),
        (Some(_), _) => breaks("callback.wrong-issuer"),
        (None, Some(_)) => breaks("callback.missing-issuer"),
        (None, None) => true,
    };
    if !issuer_good {
        return Err(Box::new(failed("the issuer is another")));
    }
    match (error, code) {
        (Some(_), Some(code)) if breaks("callback.error-beside-code") => Ok(code.to_owned()),
        (Some(_), _) if breaks("callback.error") => Err(Box::new(failed("there is an error"))),
        (Some(error), _) => Err(Box::new(Answer::Refused {
            error: error.to_owned(),
        })),
        (None, Some(code)) => Ok(code.to_owned()),
        (None, None) if breaks("callback.missing-code") => Ok(String::new()),
        (None, None) => Err(Box::new(failed("there is no code"))),
    }
}
