//! Laws of reading `WWW-Authenticate`.

use proptest::prelude::*;
use remote_auth::bearer::{Challenge, MissingScope};
use remote_auth_conformance::{law, strategy};
use reqwest::StatusCode;
use reqwest::header::{HeaderMap, HeaderValue, WWW_AUTHENTICATE};

const SEEDS: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/proptest-regressions/challenge_laws.txt"
);

const WORDS: [&str; 3] = ["invalid_request", "invalid_token", "insufficient_scope"];

fn headers(fields: &[Vec<u8>]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for field in fields {
        if let Ok(value) = HeaderValue::from_bytes(field) {
            headers.append(WWW_AUTHENTICATE, value);
        }
    }
    headers
}

/// Blanks and empty elements, where the grammar lets them stand between elements of a list.
fn comma() -> impl Strategy<Value = String> {
    "[ \t]{0,2},([ \t]{0,2},){0,2}[ \t]{0,2}"
}

/// A parameter: its value as it is or in quotes, with whatever escapes.
fn parameter(
    name: impl Strategy<Value = String>,
    value: impl Strategy<Value = String>,
) -> impl Strategy<Value = String> {
    let is_token = |value: &str| {
        !value.is_empty()
            && value
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte))
    };
    (name, value, "[ \t]{0,2}", any::<bool>(), any::<u64>()).prop_map(
        move |(name, value, blank, quoted, escapes)| {
            if !quoted && is_token(&value) {
                return format!("{name}{blank}={blank}{value}");
            }
            let mut text = String::new();
            for (index, letter) in value.chars().enumerate() {
                if matches!(letter, '"' | '\\') || escapes >> (index % 64) & 1 == 1 {
                    text.push('\\');
                }
                text.push(letter);
            }
            format!("{name}{blank}={blank}\"{text}\"")
        },
    )
}

/// Parameters that mean nothing here.
fn other_parameter() -> impl Strategy<Value = String> {
    parameter("realm|x-[a-z]{1,4}", "[ -~]{0,12}")
}

/// A challenge of another scheme.
fn other_challenge() -> impl Strategy<Value = String> {
    let parameters = proptest::collection::vec(
        prop_oneof![
            other_parameter(),
            parameter(Just("error".to_owned()), Just("invalid_token".to_owned()))
        ],
        1..3,
    );
    prop_oneof![
        "Basic|Negotiate|DPoP|bearer1",
        "(Basic|Negotiate) [A-Za-z0-9._~+/-]{1,8}={0,2}",
        ("Basic|DPoP", comma(), parameters).prop_map(|(scheme, comma, parameters)| format!(
            "{scheme} {}",
            parameters.join(&comma)
        )),
    ]
}

#[derive(Clone, Debug)]
struct Sent {
    field: String,
    error: &'static str,
    scope: Option<String>,
}

/// A field with one challenge for a bearer token among others, written in any way that the grammar allows.
fn sent() -> impl Strategy<Value = Sent> {
    let error = prop::sample::select(&WORDS[..]);
    let scope = prop::option::of(strategy::assertion_scope());
    (error, scope).prop_flat_map(|(error, scope)| {
        let mut known = vec![parameter("error|Error|ERROR", Just(error.to_owned())).boxed()];
        if let Some(scope) = &scope {
            known.push(parameter("scope|SCOPE", Just(scope.clone())).boxed());
        }
        let parts = (
            known,
            proptest::collection::vec(other_parameter(), 0..3),
            proptest::collection::vec(other_challenge(), 0..3),
            any::<prop::sample::Index>(),
            comma(),
            "Bearer|bearer|BEARER",
            " {1,3}",
        );
        parts.prop_flat_map(
            move |(known, others, around, index, comma, scheme, blank)| {
                let scope = scope.clone();
                let parameters = Just([known, others].concat()).prop_shuffle();
                parameters.prop_map(move |parameters| {
                    let bearer = format!("{scheme}{blank}{}", parameters.join(&comma));
                    let mut challenges = around.clone();
                    challenges.insert(index.index(around.len() + 1), bearer);
                    Sent {
                        field: challenges.join(&comma),
                        error,
                        scope: scope.clone(),
                    }
                })
            },
        )
    })
}

// Requirement: rfc6750.3.challenge-is-read
#[test]
fn what_the_grammar_can_say_is_read_back() {
    law(SEEDS, &sent(), |sent| {
        let challenge = Challenge::bearer(&headers(&[sent.field.into_bytes()]));
        let challenge = challenge.ok_or_else(|| TestCaseError::fail("there is a challenge"))?;
        prop_assert_eq!(
            challenge.error().map(|error| error.as_str()),
            Some(sent.error)
        );
        let scope = sent.scope.map(|scope| scope.parse().expect("a scope"));
        prop_assert_eq!(challenge.scope(), scope.as_ref());
        Ok(())
    });
}

#[test]
fn anything_at_all_is_read_or_passed_over() {
    let near = proptest::string::bytes_regex(
        "(?s-u:([Bb]earer|Basic|error|scope|[ \t,=\"\\\\]|[a-z=]|.){0,24})",
    );
    let fields = proptest::collection::vec(near.expect("an expression"), 0..4);
    law(SEEDS, &(fields, 100..600_u16), |(fields, status)| {
        let headers = headers(&fields);
        let challenge = Challenge::bearer(&headers);
        let status = StatusCode::from_u16(status).expect("a status");
        let missing = MissingScope::of(status, &headers, None, None);
        // Both are total; and only two statuses refuse a scope.
        prop_assert!(missing.is_none() || matches!(status.as_u16(), 401 | 403));
        prop_assert!(challenge.is_none() || !headers.is_empty());
        Ok(())
    });
}
