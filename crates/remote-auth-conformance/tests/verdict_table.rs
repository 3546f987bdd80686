//! Each row of the verdict table as a real answer to the core.

use remote_auth::error::Retry;
use remote_auth::platform::Platform;
use remote_auth::{CustomerApiToken, Environment, Error};
use remote_auth_conformance::verdict::{Asked, CONSEQUENCES, Row, rows};
use remote_auth_conformance::{Attempt, Grant, Stage, mark};

fn grants(asked: Asked) -> Vec<Grant> {
    let code = Grant::AuthorizationCode {
        code: mark::MARK.to_owned(),
        redirect_uri: "https://partner.example/callback".to_owned(),
    };
    let refresh_token = Grant::RefreshToken {
        refresh_token: mark::MARK.to_owned(),
    };
    let assertion = Grant::JwtBearer {
        employment_id: "e-1".to_owned(),
        scope: "timeoff:read".to_owned(),
    };
    match asked {
        Asked::Token => vec![Grant::ClientCredentials, code, refresh_token, assertion],
        Asked::AuthorizationCode => vec![code],
        Asked::ClientCredentials => vec![Grant::ClientCredentials],
        Asked::RefreshToken => vec![refresh_token],
        Asked::JwtBearer => vec![assertion],
        Asked::Api => vec![],
    }
}

/// Asks as the row says, in every way that it covers.
fn errors(stage: &Stage, row: &Row) -> Vec<Error> {
    if row.asked == Asked::Api {
        let environment = Environment::custom(stage.gateway()).expect("loopback");
        let token = CustomerApiToken::parse(format!("ra_test_{}", mark::MARK)).expect("a token");
        let source = token.source(environment).expect("a source");
        let platform = Platform::of_customer(source).expect("a platform");
        return vec![stage.run(platform.identity()).expect_err("no identity")];
    }
    let ask = |grant| {
        let attempt = Attempt::marked(grant);
        let client = attempt.client(stage.gateway());
        stage.run(attempt.ask(&client)).expect_err("no token")
    };
    grants(row.asked).into_iter().map(ask).collect()
}

#[test]
fn each_answer_comes_to_its_code_its_action_and_what_follows() {
    let stage = Stage::take();
    for row in rows() {
        let script = stage.answer(&row.answer());
        let errors = errors(&stage, row);
        assert_eq!(script.seen().len(), errors.len(), "sent once each: {row:?}");
        for error in errors {
            assert_eq!(
                (error.code(), error.action()),
                (row.code, row.action),
                "{row:?}: {error:?}"
            );
            let (_, actor, waits, _) = CONSEQUENCES
                .iter()
                .find(|(action, ..)| *action == row.action)
                .expect("every action of a row has its consequences");
            assert_eq!(error.action().actor(), *actor, "{row:?}");
            assert_eq!(error.retry() != Retry::Never, *waits, "{row:?}");
            assert!(!error.hints().is_empty(), "{row:?}");
            let told = format!("{}{:?}", mark::told_by(&error), error.hints());
            assert_eq!(mark::find(&told), None, "{row:?}: {told}");
        }
    }
}

#[test]
fn a_bare_invalid_grant_for_an_assertion_has_its_four_causes_and_one_with_words_has_not() {
    let stage = Stage::take();
    let hints = |description: bool| {
        let row = rows().find(|row| {
            let described = row.body.contains("error_description");
            row.asked == Asked::JwtBearer && described == description
        });
        let row = row.expect("both are in the table");
        stage.answer(&row.answer());
        errors(&stage, row)[0].hints().join("\n")
    };
    let bare = hints(false);
    for cause in [
        "setting",
        "managed by this client",
        "subject may not exist",
        "credentials may be wrong or rotated",
    ] {
        assert!(bare.contains(cause), "{cause}: {bare}");
    }
    let described = hints(true);
    assert!(
        described.contains("which claim") && !described.contains("setting"),
        "{described}"
    );
}

#[test]
fn the_table_is_wide_enough_and_says_nothing_twice() {
    let all: Vec<_> = rows().collect();
    assert!(all.len() >= 60, "{}", all.len());
    for (index, row) in all.iter().enumerate() {
        let same = |other: &&&Row| {
            (
                other.asked,
                other.status,
                other.media_type,
                other.challenge,
                other.body,
            ) == (
                row.asked,
                row.status,
                row.media_type,
                row.challenge,
                row.body,
            )
        };
        assert_eq!(
            all[index + 1..].iter().find(same).map(|row| row.code),
            None,
            "{row:?}"
        );
    }
    for (action, ..) in CONSEQUENCES {
        assert!(all.iter().any(|row| row.action == *action), "{action}");
    }
}
