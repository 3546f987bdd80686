//! The laws of the core, against a mock server.

use std::time::{Duration, UNIX_EPOCH};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use proptest::prelude::*;
use proptest::test_runner::TestCaseResult;
use remote_auth::Token;
use remote_auth::error::{Error, Refused, Retry};
use remote_auth::scope::ScopeToken;
use remote_auth_conformance::strategy::{self, answer};
use remote_auth_conformance::{Answer, Attempt, Grant, ManualClock, Seen, Stage, law, mark};
use remote_oauth_client::endpoints;
use serde_json::Value;

const SEEDS: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/proptest-regressions/core_laws.txt"
);

fn a_token() -> Answer {
    let body = r#"{"access_token":"t","token_type":"Bearer","expires_in":3600}"#;
    Answer::new(200, Some("application/json"), body)
}

fn parameter<'a>(form: &'a [(String, String)], name: &str) -> &'a str {
    let found = form.iter().find(|(known, _)| known == name);
    found.map_or("", |(_, value)| value)
}

/// The parts of a JSON Web Token that are JSON: header and claims.
fn jwt(text: &str) -> Option<[Value; 2]> {
    let [header, claims, _mac] = text.split('.').collect::<Vec<_>>()[..] else {
        return None;
    };
    let json = |part: &str| serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).ok()?).ok();
    Some([json(header)?, json(claims)?])
}

/// The text of a token, as a gateway would see it.
fn bearer(token: &Token) -> String {
    let header = token.header();
    let text = header.to_str().expect("a token is printable ASCII");
    text.strip_prefix("Bearer ").expect("the scheme").to_owned()
}

// Requirement: remote.assertion.request, remote.client-credentials.request
// Requirement: remote.code.redirect-uri-in-body, remote.flow.four-grants, remote.refresh.request
// Requirement: remote.token.client-not-in-body, rfc6749.2.3.1.not-in-uri, rfc6749.3.2.post
// Requirement: rfc6749.4.1.3.grant-type, rfc6749.4.1.3.redirect-uri-identical
// Requirement: rfc6749.4.4.2.grant-type, rfc6749.6.grant-type, rfc6749.6.no-widening
// Requirement: rfc6750.5.3.not-in-urls, rfc7523.2.1.grant-type, rfc7636.4.5.verifier-sent
// Requirement: rfc9700.2.1.1.code-injection
#[test]
fn every_attempt_sends_its_grant_once_and_nothing_else() {
    let stage = Stage::take();
    law(SEEDS, &Attempt::any(), |attempt| {
        let script = stage.answer(&a_token());
        let client = attempt.client(stage.gateway());
        let asked = stage.run(attempt.ask(&client));
        prop_assert!(asked.is_ok(), "{asked:?}");
        let seen = script.seen();
        prop_assert_eq!(seen.len(), 1);
        the_one_request(&attempt, &seen[0])
    });
}

fn the_one_request(attempt: &Attempt, seen: &Seen) -> TestCaseResult {
    prop_assert_eq!(&seen.method, "POST");
    prop_assert_eq!(&seen.path, endpoints::TOKEN_PATH);
    prop_assert_eq!(&seen.query, &None);
    prop_assert!(seen.header("api-version").is_empty());
    let mut form = seen.form().ok_or_else(|| TestCaseError::fail("no form"))?;
    form.sort();
    let expected = attempt.grant.form();
    prop_assert_eq!(form.len(), expected.len(), "{:?}", form);
    for ((name, value), (expected_name, expected_value)) in form.iter().zip(&expected) {
        prop_assert_eq!(name, expected_name);
        // What is made anew each time has no expected value, but it is never empty.
        let fits = value == expected_value || (expected_value.is_empty() && !value.is_empty());
        prop_assert!(fits, "{name}: {value}");
    }
    Ok(())
}

// Requirement: remote.assertion.no-basic, remote.token.basic, rfc6749.2.3.one-method
// Requirement: rfc6749.3.2.1.authenticated, rfc6749.6.authenticated
#[test]
fn credentials_survive_the_way_into_one_basic_header_or_are_not_sent_at_all() {
    let stage = Stage::take();
    law(SEEDS, &Attempt::any(), |attempt| {
        let script = stage.answer(&a_token());
        let asked = stage.run(attempt.ask(&attempt.client(stage.gateway())));
        prop_assert!(asked.is_ok(), "{asked:?}");
        let seen = script.seen();
        if attempt.authenticates() {
            let pair = (attempt.credentials.id, attempt.credentials.secret);
            prop_assert_eq!(seen[0].basic(attempt.credentials.encoding), Some(pair));
        } else {
            prop_assert_eq!(seen[0].header("authorization").len(), 0);
        }
        Ok(())
    });
}

// Requirement: remote.assertion.aud, remote.assertion.iss, remote.assertion.scope-claim
// Requirement: remote.assertion.ten-minutes, remote.skill.mistake-wrong-aud, rfc7523.2.1.one-jwt
// Requirement: rfc7523.3.aud, rfc7523.3.exp, rfc7523.3.iss, rfc7523.3.sub
#[test]
fn an_assertion_says_who_for_whom_to_whom_and_for_how_long() {
    let stage = Stage::take();
    let inputs = (Attempt::by(Grant::jwt_bearer()), 0..4_000_000_000_u64);
    law(SEEDS, &inputs, |(attempt, now_s)| {
        let script = stage.answer(&a_token());
        let clock = ManualClock::at(now_s);
        let asked = stage.run(attempt.ask(&attempt.client_at(stage.gateway(), clock)));
        prop_assert!(asked.is_ok(), "{asked:?}");
        let form = script.seen()[0].form().unwrap_or_default();
        let Some([header, claims]) = jwt(parameter(&form, "assertion")) else {
            return Err(TestCaseError::fail("no JSON Web Token"));
        };
        let Grant::JwtBearer {
            employment_id,
            scope,
        } = attempt.grant
        else {
            return Err(TestCaseError::fail("another grant"));
        };
        prop_assert_eq!(header, serde_json::json!({"alg": "HS256", "typ": "JWT"}));
        prop_assert_eq!(&claims["iss"], &Value::from(attempt.credentials.id));
        let subject = format!("urn:remote-api:employee:employment:{employment_id}");
        prop_assert_eq!(&claims["sub"], &Value::from(subject));
        let audience = format!("{}/auth", stage.gateway());
        prop_assert_eq!(&claims["aud"], &Value::from(audience));
        prop_assert_eq!(&claims["iat"], &Value::from(now_s));
        let life = claims["exp"]
            .as_u64()
            .and_then(|exp| exp.checked_sub(now_s));
        prop_assert!(matches!(life, Some(1..=600)), "{life:?}");
        let tokens = |text: &str| {
            let mut tokens: Vec<_> = text.split(' ').map(str::to_owned).collect();
            tokens.sort();
            tokens.dedup();
            tokens
        };
        let claimed = claims["scope"].as_str().unwrap_or_default();
        prop_assert_eq!(tokens(claimed), tokens(&scope));
        Ok(())
    });
}

// Requirement: remote.assertion.remint, rfc7523.3.jti, rfc7523.3.minted-each-time
// Requirement: rfc7636.4.1.new-each-time
#[test]
fn equal_attempts_make_equal_requests_but_for_what_must_be_new() {
    let stage = Stage::take();
    law(SEEDS, &Attempt::any(), |attempt| {
        let script = stage.answer(&a_token());
        for _ in 0..2 {
            let clock = ManualClock::at(0);
            let asked = stage.run(attempt.ask(&attempt.client_at(stage.gateway(), clock)));
            prop_assert!(asked.is_ok(), "{asked:?}");
        }
        let [one, other] = &script.seen()[..] else {
            return Err(TestCaseError::fail("not two requests"));
        };
        let forms = [one, other].map(|seen| seen.form().unwrap_or_default());
        for name in ["code_verifier", "assertion"] {
            let [one, other] = forms.each_ref().map(|form| parameter(form, name));
            prop_assert!(one.is_empty() && other.is_empty() || one != other, "{name}");
        }
        let lasting = |form: &[(String, String)]| -> Vec<_> {
            let news = ["code_verifier", "assertion"];
            let lasts = |(name, _): &&(String, String)| !news.contains(&name.as_str());
            form.iter().filter(lasts).cloned().collect()
        };
        let [one_form, other_form] = forms.each_ref().map(|form| lasting(form));
        prop_assert_eq!(one_form, other_form);
        prop_assert_eq!(&one.headers, &other.headers);
        let claims = forms.each_ref().map(|form| {
            let mut claims = jwt(parameter(form, "assertion"))?;
            claims[1].as_object_mut()?.remove("jti")?;
            Some(claims)
        });
        prop_assert_eq!(&claims[0], &claims[1]);
        let assertion = matches!(attempt.grant, Grant::JwtBearer { .. });
        prop_assert_eq!(claims[0].is_some(), assertion, "every assertion has a jti");
        Ok(())
    });
}

#[test]
fn a_token_comes_only_from_an_answer_that_deserves_it() {
    let stage = Stage::take();
    law(
        SEEDS,
        &(Attempt::any(), answer::answer()),
        |(attempt, answer)| {
            let script = stage.answer(&answer);
            let asked = stage.run(attempt.ask(&attempt.client(stage.gateway())));
            prop_assert_eq!(script.seen().len(), 1, "sent once, whatever comes back");
            match &asked {
                Ok(token) => {
                    prop_assert!(answer.token().is_some(), "undeserved");
                    if let Some(token) = token {
                        let bearer = bearer(token);
                        prop_assert_eq!(Some(bearer.as_str()), answer.token());
                        let shown = format!("{token:?}{token:#?}");
                        prop_assert_eq!(mark::find(&shown), None, "{}", shown);
                    }
                }
                Err(error) => prop_assert!(!answer.is_sound(), "withheld: {error}"),
            }
            Ok(())
        },
    );
}

// Requirement: rfc6749.5.1.access-token, rfc6749.7.1.unknown-type
#[test]
fn one_fault_is_enough_to_take_no_token() {
    let stage = Stage::take();
    law(
        SEEDS,
        &(Attempt::any(), answer::undeserving()),
        |(attempt, answer)| {
            stage.answer(&answer);
            let asked = stage.run(attempt.ask(&attempt.client(stage.gateway())));
            let Err(error) = asked else {
                return Err(TestCaseError::fail(format!("{asked:?}")));
            };
            let answered = matches!(error, Error::Deviated(_) | Error::Refused(_));
            prop_assert!(answered, "{error:?}");
            Ok(())
        },
    );
}

// Requirement: rfc6750.5.3.safeguarded
#[test]
fn a_token_under_another_status_is_none_and_no_redirect_is_followed() {
    let stage = Stage::take();
    let there = format!("{}{}?there", stage.gateway(), endpoints::TOKEN_PATH);
    law(
        SEEDS,
        &(Attempt::any(), answer::elsewhere(there)),
        |(attempt, answer)| {
            let script = stage.answer(&answer);
            let asked = stage.run(attempt.ask(&attempt.client(stage.gateway())));
            prop_assert!(asked.is_err(), "{asked:?}");
            prop_assert_eq!(script.seen().len(), 1);
            Ok(())
        },
    );
}

// Requirement: rfc6749.10.3.token-confidential
#[test]
fn no_error_repeats_a_secret_or_what_the_server_said() {
    let stage = Stage::take();
    law(
        SEEDS,
        &(Attempt::any(), answer::answer()),
        |(attempt, answer)| {
            stage.answer(&answer);
            let client = attempt.client(stage.gateway());
            let Err(error) = stage.run(attempt.ask(&client)) else {
                return Ok(());
            };
            let told = format!(
                "{}{}{:?}{:?}{client:?}",
                mark::told_by(&error),
                error.code(),
                error.hints(),
                error.retry()
            );
            // The identifier is no secret, and never carries the mark.
            prop_assert_eq!(mark::find(&told), None, "{}", told);
            Ok(())
        },
    );
}

/// What a status says by itself, where Remote's own family of errors gives no word.
fn word_for(status: u16) -> &'static str {
    match status {
        401 => "unauthorized",
        403 => "forbidden",
        404 => "not_found",
        409 => "conflict",
        422 => "unprocessable",
        _ => "unnamed",
    }
}

// Requirement: remote.api.unauthorized-body, remote.error.description, remote.error.two-families
// Requirement: rfc6749.5.2.error-characters, rfc6749.5.2.error-is-read
// Requirement: rfc7523.3.1.invalid-grant-is-not-consent
#[test]
fn a_refusal_of_either_family_is_one_typed_error() {
    let stage = Stage::take();
    law(
        SEEDS,
        &(Attempt::any(), answer::refusal()),
        |(attempt, refusal)| {
            stage.answer(&refusal.answer);
            let asked = stage.run(attempt.ask(&attempt.client(stage.gateway())));
            let Err(Error::Refused(refused)) = asked else {
                return Err(TestCaseError::fail(format!("{asked:?}")));
            };
            prop_assert_eq!(refused.status(), Some(refusal.answer.status));
            let status = refusal.answer.status;
            let word = refusal.word.unwrap_or_else(|| word_for(status));
            prop_assert_eq!(refused.error_code().as_str(), word);
            let consented = matches!(
                attempt.grant,
                Grant::AuthorizationCode { .. } | Grant::RefreshToken { .. }
            );
            let dead = refusal.word == Some("invalid_grant");
            prop_assert_eq!(refused.needs_consent(), consented && dead);
            let code = Error::Refused(refused.clone()).code();
            prop_assert_eq!(code, format!("refused.{word}"));
            let description = refused.description();
            prop_assert_eq!(description.is_some(), refusal.description.is_some());
            let clean = |c: char| matches!(c, ' '..='~') && c != '"' && c != '\\';
            if let Some(description) = description {
                prop_assert!(description.chars().all(clean), "{description}");
                prop_assert!(description.chars().count() <= Refused::DESCRIPTION_CHARS_MAX);
            }
            Ok(())
        },
    );
}

// Requirement: remote.error.server-text, remote.rate.reset-is-honoured
#[test]
fn a_server_that_fails_or_is_busy_is_never_taken_at_its_word() {
    let stage = Stage::take();
    let busy = prop_oneof![Just(408_u16), Just(429), 500..=599_u16];
    let asks = prop_oneof![
        Just(("retry-after", 1000)),
        Just(("x-ratelimit-reset", 1)),
        Just(("unknown", 0)),
    ];
    let time = prop_oneof![0..10_000_000_u64, any::<u64>()];
    let inputs = (Attempt::any(), busy, answer::refusal(), asks, time);
    law(
        SEEDS,
        &inputs,
        |(attempt, status, refusal, (header, unit_ms), time)| {
            let answer = Answer {
                status,
                ..refusal.answer
            };
            let script = stage.answer(&answer.with_header(header, time.to_string()));
            let asked = stage.run(attempt.ask(&attempt.client(stage.gateway())));
            prop_assert_eq!(script.seen().len(), 1, "sent once");
            let Err(error) = asked else {
                return Err(TestCaseError::fail("a token from a failing server"));
            };
            let code = match status {
                429 => "unreachable.rate_limited",
                _ => "unreachable.server_failing",
            };
            prop_assert_eq!(error.code(), code);
            let wait = Duration::from_millis(time.saturating_mul(unit_ms));
            let hour = Duration::from_secs(3600);
            let expected = (unit_ms > 0).then_some(wait.min(hour));
            prop_assert_eq!(error.retry(), Retry::Later(expected));
            Ok(())
        },
    );
}

// Requirement: rfc6749.4.1.2.code-single-use
#[test]
fn a_code_is_redeemed_once_whatever_comes_back() {
    let stage = Stage::take();
    let failing = prop_oneof![
        Just(401_u16),
        Just(429),
        500..=599_u16,
        strategy::answer::status()
    ];
    let inputs = (Attempt::by(Grant::authorization_code()), failing);
    law(SEEDS, &inputs, |(attempt, status)| {
        let script = stage.answer(&Answer::new(status, Some("application/json"), "{}"));
        let asked = stage.run(attempt.ask(&attempt.client(stage.gateway())));
        prop_assert!(asked.is_err(), "{asked:?}");
        prop_assert_eq!(script.seen().len(), 1);
        Ok(())
    });
}

// Requirement: remote.token.expires-in-from-request, rfc6749.5.1.expires-in-missing
#[test]
fn no_number_of_seconds_overflows_or_lasts_longer_than_a_day() {
    let stage = Stage::take();
    let kept = strategy::secret().prop_map(|refresh_token| Grant::RefreshToken { refresh_token });
    let grants = prop_oneof![Just(Grant::ClientCredentials), kept, Grant::jwt_bearer()];
    let inputs = (
        Attempt::by(grants),
        answer::lifetime(),
        0..4_000_000_000_u64,
    );
    law(SEEDS, &inputs, |(attempt, answer, now_s)| {
        stage.answer(&answer);
        let now = UNIX_EPOCH + Duration::from_secs(now_s);
        let client = attempt.client_at(stage.gateway(), ManualClock::at(now_s));
        let asked = stage.run(attempt.ask(&client));
        let Ok(Some(token)) = asked else {
            return Err(TestCaseError::fail(format!("{asked:?}")));
        };
        // Five minutes where the server says nothing; never more than a day.
        let life = Duration::from_secs(answer.expires_in().unwrap_or(300).min(86_400));
        prop_assert_eq!(token.expires_at(), Some(now + life));
        Ok(())
    });
}

// Requirement: remote.answer.scope, rfc6749.3.3.granted-is-honoured, rfc6749.3.3.unordered
#[test]
fn the_granted_scope_is_told_as_it_is() {
    let stage = Stage::take();
    let inputs = (
        Attempt::by(Just(Grant::ClientCredentials)),
        answer::scoped(),
    );
    law(SEEDS, &inputs, |(attempt, answer)| {
        stage.answer(&answer);
        let asked = stage.run(attempt.ask(&attempt.client(stage.gateway())));
        let Ok(Some(token)) = asked else {
            return Err(TestCaseError::fail(format!("{asked:?}")));
        };
        let granted = token.granted_scope();
        let granted =
            granted.map(|scope| scope.tokens().map(ScopeToken::as_str).collect::<Vec<_>>());
        prop_assert_eq!(granted, answer.scope_tokens());
        Ok(())
    });
}
