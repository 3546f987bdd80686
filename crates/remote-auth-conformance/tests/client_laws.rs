//! The laws of the generated client, against a mock server.

use proptest::prelude::*;
use proptest::test_runner::TestCaseResult;
use remote_auth_conformance::strategy::{self, Asked, answer};
use remote_auth_conformance::{Answer, MockServerExt, RequestMatcher, Seen, Stage, law, mark};
use remote_oauth_client::types::{ErrorResponse, TokenRequest, TokenResponse};
use remote_oauth_client::{BasicEncoding, ClientAuth, Error, Foreign, Secret, endpoints};

const SEEDS: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/proptest-regressions/client_laws.txt"
);

fn a_token() -> Answer {
    let body = r#"{"access_token":"t","token_type":"Bearer"}"#;
    Answer::new(200, Some("application/json"), body)
}

fn a_refusal_by_no_mock() -> Answer {
    Answer::new(500, None, "")
}

fn for_the_client() -> TokenRequest {
    TokenRequest::ClientCredentials {
        client_id: None,
        client_secret: None,
        scope: None,
    }
}

// Requirement: remote.skill.mistake-json-body, remote.token.form-only, remote.token.path
// Requirement: rfc6749.2.3.1.form-encoded, rfc6749.3.2.no-repeats, rfc6749.3.2.post
// Requirement: rfc6750.5.3.no-cookies, rfc9700.2.4.no-password
#[test]
fn what_is_sent_decodes_to_what_was_asked_and_nothing_else_is_sent() {
    let stage = Stage::take();
    let inputs = (strategy::asked(), strategy::credentials());
    law(SEEDS, &inputs, |(asked, credentials)| {
        let secret = Secret::from(credentials.secret.as_str());
        let auth = ClientAuth::basic(&credentials.id, &secret, credentials.encoding);
        let client = stage.client(auth);
        let script = stage.answer(&a_token());
        let answered = stage.run(client.request_token(&asked.request));
        prop_assert!(answered.is_ok(), "{answered:?}");
        let seen = script.seen();
        prop_assert_eq!(seen.len(), 1);
        one_token_request(&seen[0], &asked)?;
        let pair = Some((credentials.id, credentials.secret));
        prop_assert_eq!(seen[0].basic(credentials.encoding), pair);
        Ok(())
    });
}

/// One POST to the token endpoint, a form with each parameter once, and no header that nobody asked for.
fn one_token_request(seen: &Seen, asked: &Asked) -> TestCaseResult {
    prop_assert_eq!(&seen.method, "POST");
    prop_assert_eq!(&seen.path, endpoints::TOKEN_PATH);
    prop_assert_eq!(&seen.query, &None);
    let mut form = seen.form();
    if let Some(pairs) = &mut form {
        pairs.sort();
    }
    prop_assert_eq!(form.as_ref(), Some(&asked.form));
    let known = [
        "accept",
        "authorization",
        "content-length",
        "content-type",
        "host",
        "user-agent",
    ];
    let mut names: Vec<_> = seen.headers.iter().map(|(name, _)| name.as_str()).collect();
    names.sort_unstable();
    prop_assert_eq!(names, known);
    Ok(())
}

#[test]
fn a_typed_mock_matches_the_request_that_it_was_made_for() {
    let stage = Stage::take();
    let inputs = (strategy::asked(), strategy::credentials(), any::<bool>());
    law(SEEDS, &inputs, |(asked, credentials, authenticates)| {
        stage.server().reset();
        let secret = Secret::from(credentials.secret.as_str());
        let mock = stage.server().request_token(|when, then| {
            let when = when.form(&asked.request);
            if authenticates {
                when.basic(&credentials.id, &secret, credentials.encoding);
            } else {
                when.no_authorization();
            }
            then.ok(&TokenResponse::default());
        });
        let auth = if authenticates {
            ClientAuth::basic(&credentials.id, &secret, credentials.encoding)
        } else {
            ClientAuth::none()
        };
        let answered = stage.run(stage.client(auth).request_token(&asked.request));
        prop_assert!(answered.is_ok(), "{answered:?}");
        prop_assert_eq!(mock.calls(), 1);
        Ok(())
    });
}

#[test]
fn a_typed_mock_matches_no_other_request() {
    let stage = Stage::take();
    let other = || (strategy::asked(), strategy::credentials());
    law(SEEDS, &(other(), other()), |((sent, by), (meant, whom))| {
        prop_assume!(sent.form != meant.form && by.secret != whom.secret);
        let secret =
            |credentials: &strategy::Credentials| Secret::from(credentials.secret.as_str());
        stage.server().reset();
        let server = stage.server();
        let mocks = [
            server.request_token(|when, then| {
                when.form(&meant.request);
                then.ok(&TokenResponse::default());
            }),
            server.request_token(|when, then| {
                when.basic(&whom.id, &secret(&whom), by.encoding);
                then.ok(&TokenResponse::default());
            }),
            server.request_token(|when, then| {
                when.no_authorization();
                then.ok(&TokenResponse::default());
            }),
        ];
        let script = stage.otherwise(&a_refusal_by_no_mock());
        let auth = ClientAuth::basic(&by.id, &secret(&by), by.encoding);
        let answered = stage.run(stage.client(auth).request_token(&sent.request));
        prop_assert_eq!(mocks.map(|mock| mock.calls()), [0; 3]);
        prop_assert_eq!(script.seen().len(), 1);
        prop_assert!(answered.is_err());
        Ok(())
    });
}

#[test]
fn unreserved_credentials_are_written_alike_in_both_encodings() {
    let stage = Stage::take();
    let unreserved = || "[A-Za-z0-9._~-]{1,40}";
    law(SEEDS, &(unreserved(), unreserved()), |(id, secret)| {
        let script = stage.answer(&a_token());
        for encoding in [BasicEncoding::Raw, BasicEncoding::FormUrlencoded] {
            let auth = ClientAuth::basic(&id, &secret.as_str().into(), encoding);
            let answered = stage.run(stage.client(auth).request_token(&for_the_client()));
            prop_assert!(answered.is_ok(), "{answered:?}");
        }
        let seen = script.seen();
        prop_assert_eq!(
            seen[0].header("authorization"),
            seen[1].header("authorization")
        );
        Ok(())
    });
}

#[test]
fn a_typed_answer_comes_back_as_it_was_given() {
    let stage = Stage::take();
    let client = stage.client(ClientAuth::none());
    let text = || proptest::option::of(strategy::text());
    let inputs = (
        (text(), text(), text(), text()),
        proptest::option::of(any::<u64>()),
    );
    law(
        SEEDS,
        &inputs,
        |((token, refresh, scope, user), seconds)| {
            stage.server().reset();
            let given = TokenResponse {
                access_token: token.map(Into::into),
                refresh_token: refresh.map(Into::into),
                scope,
                user_id: user,
                expires_in: seconds.map(remote_oauth_client::ExpiresIn::from_secs),
                token_type: Some("Bearer".to_owned()),
                ..TokenResponse::default()
            };
            stage.server().request_token(|_, then| {
                then.ok(&given);
            });
            let answered = stage.run(client.request_token(&for_the_client()));
            let answered = answered.map_err(|error| TestCaseError::fail(error.to_string()))?;
            let json = |response: &TokenResponse| serde_json::to_value(response).expect("json");
            prop_assert_eq!(json(answered.as_ref()), json(&given));
            Ok(())
        },
    );
}

#[test]
fn every_documented_refusal_is_typed_and_keeps_its_status() {
    let stage = Stage::take();
    let client = stage.client(ClientAuth::none());
    let given = ErrorResponse {
        error: Some(Foreign::from("invalid_client")),
        error_description: Some(Foreign::from("why")),
        ..ErrorResponse::default()
    };
    for status in [400, 401, 404, 422, 429] {
        stage.server().reset();
        stage.server().request_token(|_, then| {
            match status {
                400 => then.bad_request(&given),
                401 => then.unauthorized(&given),
                404 => then.not_found(&given),
                422 => then.unprocessable_entity(&given),
                _ => then.too_many_requests(&given),
            };
        });
        match stage.run(client.request_token(&for_the_client())) {
            Err(Error::ErrorResponse(refusal)) => {
                assert_eq!(refusal.status().as_u16(), status);
                let text = |member: &Option<Foreign>| {
                    member.as_ref().and_then(Foreign::text).map(str::to_owned)
                };
                assert_eq!(
                    text(&refusal.as_ref().error).as_deref(),
                    Some("invalid_client")
                );
                assert_eq!(
                    text(&refusal.as_ref().error_description).as_deref(),
                    Some("why")
                );
            }
            other => panic!("{status}: {other:?}"),
        }
    }
}

#[test]
fn no_answer_makes_the_client_panic_lose_the_status_or_repeat_what_it_was_told() {
    let stage = Stage::take();
    let secret = Secret::from(mark::MARK);
    let client = stage.client(ClientAuth::basic("id", &secret, BasicEncoding::Raw));
    let request = TokenRequest::RefreshToken {
        refresh_token: secret.clone(),
        client_id: None,
        client_secret: None,
        scope: None,
    };
    law(SEEDS, &answer::answer(), |answer| {
        let script = stage.answer(&answer);
        let answered = stage.run(client.request_token(&request));
        prop_assert_eq!(script.seen().len(), 1, "asked once, redirects included");
        match answered {
            Ok(response) => {
                prop_assert_eq!((response.status().as_u16(), answer.status), (200, 200))
            }
            Err(error) => {
                prop_assert_eq!(
                    error.status().map(|status| status.as_u16()),
                    Some(answer.status)
                );
                let told = mark::told_by(&error);
                prop_assert_eq!(mark::find(&told), None, "{}", told);
            }
        }
        Ok(())
    });
}

// Requirement: rfc9700.4.9.no-redirects
#[test]
fn a_token_under_another_status_is_an_error_and_no_redirect_is_followed() {
    let stage = Stage::take();
    let client = stage.client(ClientAuth::none());
    let there = format!("{}{}?there", stage.gateway(), endpoints::TOKEN_PATH);
    law(SEEDS, &answer::elsewhere(there), |answer| {
        let script = stage.answer(&answer);
        let answered = stage.run(client.request_token(&for_the_client()));
        let status = answered.err().and_then(|error| error.status());
        prop_assert_eq!(status.map(|status| status.as_u16()), Some(answer.status));
        prop_assert_eq!(script.seen().len(), 1);
        Ok(())
    });
}

// Requirement: rfc6749.5.1.json
#[test]
fn only_an_object_is_read_as_an_answer() {
    let stage = Stage::take();
    let client = stage.client(ClientAuth::none());
    let answers =
        answer::rubbish().prop_map(|body| Answer::new(200, Some("application/json"), body));
    law(SEEDS, &answers, |answer| {
        stage.answer(&answer);
        let answered = stage.run(client.request_token(&for_the_client()));
        prop_assert!(
            matches!(answered, Err(Error::InvalidResponsePayload { .. })),
            "{answered:?}"
        );
        Ok(())
    });
}

// Requirement: remote.answer.expires-in
#[test]
fn a_number_of_seconds_means_what_it_says_and_never_overflows() {
    let stage = Stage::take();
    let client = stage.client(ClientAuth::none());
    law(SEEDS, &answer::lifetime(), |answer| {
        stage.answer(&answer);
        let answered = stage.run(client.request_token(&for_the_client()));
        let answered = answered.map_err(|error| TestCaseError::fail(error.to_string()))?;
        let read = answered.as_ref().expires_in.map(|life| life.as_secs());
        prop_assert_eq!(read, answer.expires_in());
        Ok(())
    });
}
