//! Client authentication: HTTP Basic and nothing else.

use axum::http::{HeaderMap, header};
use base64::{Engine, engine::general_purpose::STANDARD};
use remote_oauth_client::Secret;

use crate::{
    clock::Timestamp,
    danger::Rules,
    parameters::{self, Parameters},
    registration::Registration,
    rule::Rule,
    wire::{OAuthError, Refusal},
    world::{Desk, World},
};

/// Finds the client that the header authenticates, if there is a header.
///
/// Remote's documents and its own programs send id and secret as they are; RFC 6749 has both
/// form-encoded first.
/// Both are accepted, and for documented ids and secrets they are the same bytes.
/// See <https://www.rfc-editor.org/rfc/rfc6749#section-2.3.1>.
pub(super) fn basic<'a>(
    rules: &Rules,
    registrations: &'a [Registration],
    headers: &HeaderMap,
    now: Timestamp,
) -> Result<Option<&'a Registration>, Refusal> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let Some(value) = values.next() else {
        return Ok(None);
    };
    let only = Some(value).filter(|_| values.next().is_none());
    let sent = only.and_then(|value| value.to_str().ok().and_then(credentials));
    let decoded = |text: &str| parameters::decode(text.as_bytes()).ok();
    let found = sent.as_ref().and_then(|(id, secret)| {
        find(registrations, id, secret, now).or_else(|| {
            let (id, secret) = decoded(id).zip(decoded(secret))?;
            find(registrations, &id, &secret, now)
        })
    });
    let unproved = || {
        let named = |client: &&Registration| sent.iter().any(|(id, _)| *client.client_id == **id);
        let named = registrations.iter().find(named);
        named.or_else(|| registrations.first())
    };
    rules
        .find(Rule::TokenClientRight, found, unproved)
        .map(Some)
        .map_err(|rule| Refusal::new(rule, OAuthError::InvalidClient))
}

/// Refuses a client secret in the body, with or without a header beside it; where that rule is
/// broken, the secret authenticates as one in a header does.
///
/// See <https://www.rfc-editor.org/rfc/rfc6749#section-2.3>: no more than one method in a request.
pub(super) fn nothing_in_body<'a>(
    desk: &Desk<'a>,
    form: &Parameters,
    basic: Option<&'a Registration>,
) -> Result<Option<&'a Registration>, Refusal> {
    let Some(secret) = form.get("client_secret") else {
        return Ok(basic);
    };
    let error = if basic.is_some() {
        OAuthError::InvalidRequest
    } else {
        OAuthError::InvalidClient
    };
    let world = desk.world;
    world
        .rules
        .demand(Rule::TokenClientNotInBody, false)
        .map_err(|rule| {
            Refusal::new(rule, error)
                .because("client credentials belong in the Authorization header")
        })?;
    let id = form.get("client_id").unwrap_or_default();
    Ok(basic.or_else(|| find(&world.registrations, id, secret, desk.now)))
}

/// Refuses a `client_id` in the body that names another client than the one that authenticated.
pub(super) fn client_id_agrees(
    rules: &Rules,
    form: &Parameters,
    client: &Registration,
) -> Result<(), Refusal> {
    let agrees = form
        .get("client_id")
        .is_none_or(|id| *id == *client.client_id);
    rules
        .demand(Rule::TokenClientIdAgrees, agrees)
        .map_err(|rule| {
            Refusal::new(rule, OAuthError::InvalidRequest)
                .because("client_id is not the client that authenticated")
        })
}

/// Refuses a request without client authentication.
pub(super) fn required<'a>(
    world: &'a World,
    basic: Option<&'a Registration>,
) -> Result<&'a Registration, Refusal> {
    let demo = || world.registrations.first();
    let rules = &world.rules;
    rules
        .find(Rule::TokenClientBasic, basic, demo)
        .map_err(|rule| Refusal::new(rule, OAuthError::InvalidClient))
}

/// Takes a Basic header apart at its first colon.
pub(crate) fn credentials(header: &str) -> Option<(String, String)> {
    let (scheme, encoded) = header.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let pair = String::from_utf8(STANDARD.decode(encoded.trim_matches(' ')).ok()?).ok()?;
    let (id, secret) = pair.split_once(':')?;
    Some((id.to_owned(), secret.to_owned()))
}

/// Compares with every client and never stops early, so that the time tells nothing about the
/// secrets.
fn find<'a>(
    registrations: &'a [Registration],
    id: &str,
    secret: &str,
    now: Timestamp,
) -> Option<&'a Registration> {
    let secret = Secret::from(secret);
    let mut found = None;
    for client in registrations {
        let secret_is_right = client.keys.accept(&secret, now);
        if secret_is_right & (*client.client_id == *id) {
            found = Some(client);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use std::time::UNIX_EPOCH;

    use axum::http::HeaderValue;

    use super::*;

    fn check(headers: &[String]) -> Result<Option<String>, Rule> {
        let known = [
            Registration::new("id+one", Secret::from("s%23c#r:t+")),
            Registration::new("id2", Secret::from("other")),
        ];
        let mut map = HeaderMap::new();
        for header in headers {
            map.append(
                header::AUTHORIZATION,
                HeaderValue::from_str(header).unwrap(),
            );
        }
        let now = Timestamp::from(UNIX_EPOCH);
        let found = basic(&Rules::default(), &known, &map, now).map_err(|refusal| refusal.rule)?;
        Ok(found.map(|client| client.client_id.to_string()))
    }

    fn header(pair: &str) -> String {
        format!("Basic {}", STANDARD.encode(pair))
    }

    #[test]
    fn id_and_secret_are_right_raw_or_form_encoded_and_wrong_otherwise() {
        let one = Ok(Some("id+one".to_owned()));
        let wrong = Err(Rule::TokenClientRight);
        let cases = [
            (vec![], Ok(None)),
            (vec![header("id+one:s%23c#r:t+")], one.clone()),
            (vec![header("id%2Bone:s%2523c%23r%3At%2B")], one.clone()),
            (
                vec![header("id+one:s%23c#r:t+").replace("Basic", "bAsIC")],
                one,
            ),
            (vec![header("id2:other")], Ok(Some("id2".to_owned()))),
            (vec![header("id2:s%23c#r:t+")], wrong.clone()),
            (vec![header("id2:Other")], wrong.clone()),
            (vec![header("id2:")], wrong.clone()),
            (vec![header("nobody:other")], wrong.clone()),
            (vec![header("id2")], wrong.clone()),
            (vec!["Basic !!!".to_owned()], wrong.clone()),
            (vec!["Basic".to_owned()], wrong.clone()),
            (vec!["Bearer abc".to_owned()], wrong.clone()),
            (vec![header("id2:other"), header("id2:other")], wrong),
        ];
        for (headers, expected) in cases {
            assert_eq!(check(&headers), expected, "{headers:?}");
        }
    }
}
