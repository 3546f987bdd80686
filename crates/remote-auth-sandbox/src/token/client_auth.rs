//! Client authentication: HTTP Basic and nothing else.

use axum::http::{HeaderMap, header};
use base64::{Engine, engine::general_purpose::STANDARD};
use remote_oauth_client::Secret;

use crate::{
    parameters::{self, Parameters},
    registration::Registration,
    rule::Rule,
    wire::{OAuthError, Refusal},
};

/// Finds the client that the header authenticates, if there is a header.
///
/// Remote's documents and its own programs send id and secret as they are; RFC 6749 has both
/// form-encoded first.
/// Both are accepted, and for documented ids and secrets they are the same bytes.
/// See <https://www.rfc-editor.org/rfc/rfc6749#section-2.3.1>.
pub(super) fn basic<'a>(
    registrations: &'a [Registration],
    headers: &HeaderMap,
) -> Result<Option<&'a Registration>, Refusal> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let wrong = Refusal::new(Rule::TokenClientRight, OAuthError::InvalidClient);
    let Some(value) = values.next() else {
        return Ok(None);
    };
    if values.next().is_some() {
        return Err(wrong);
    }
    let (id, secret) = value.to_str().ok().and_then(credentials).ok_or(wrong)?;
    let decoded = |text: &str| parameters::decode(text.as_bytes()).ok();
    let found = find(registrations, &id, &secret).or_else(|| {
        let (id, secret) = decoded(&id).zip(decoded(&secret))?;
        find(registrations, &id, &secret)
    });
    found.map(Some).ok_or(wrong)
}

/// Refuses a client secret in the body, with or without a header beside it.
///
/// See <https://www.rfc-editor.org/rfc/rfc6749#section-2.3>: no more than one method in a request.
pub(super) fn nothing_in_body(form: &Parameters, authenticated: bool) -> Result<(), Refusal> {
    if form.get("client_secret").is_none() {
        return Ok(());
    }
    let error = if authenticated {
        OAuthError::InvalidRequest
    } else {
        OAuthError::InvalidClient
    };
    Err(Refusal::new(Rule::TokenClientNotInBody, error)
        .because("client credentials belong in the Authorization header"))
}

/// Refuses a `client_id` in the body that names another client than the one that authenticated.
pub(super) fn client_id_agrees(form: &Parameters, client: &Registration) -> Result<(), Refusal> {
    match form.get("client_id") {
        Some(client_id) if client_id != &*client.client_id => Err(Refusal::new(
            Rule::TokenClientIdAgrees,
            OAuthError::InvalidRequest,
        )
        .because("client_id is not the client that authenticated")),
        _ => Ok(()),
    }
}

/// The refusal of a request without client authentication.
pub(super) fn basic_required() -> Refusal {
    Refusal::new(Rule::TokenClientBasic, OAuthError::InvalidClient)
}

/// Takes a Basic header apart at its first colon.
fn credentials(header: &str) -> Option<(String, String)> {
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
fn find<'a>(registrations: &'a [Registration], id: &str, secret: &str) -> Option<&'a Registration> {
    let secret = Secret::from(secret);
    let mut found = None;
    for client in registrations {
        let secret_is_right = client.client_secret.same_as(&secret);
        if secret_is_right & (*client.client_id == *id) {
            found = Some(client);
        }
    }
    found
}

#[cfg(test)]
mod tests {
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
        let found = basic(&known, &map).map_err(|refusal| refusal.rule)?;
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
