//! `ERRORS.md` is what the code says of every error.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;
use std::{env, fs};

use remote_oauth_client::Foreign;

use super::*;
use crate::skew::ClockSkew;

const STEPS: [Step; 14] = [
    Step::Authorization,
    Step::AuthorizationCode,
    Step::ClientCredentials,
    Step::RefreshToken,
    Step::JwtBearer,
    Step::Identity,
    Step::Companies,
    Step::CreateCompany,
    Step::CreateToken,
    Step::MagicLink,
    Step::Employments,
    Step::CompanyManagers,
    Step::CreateWebhook,
    Step::DeleteWebhook,
];

/// Every error in every form that its texts, its action or its hints tell apart.
fn every_error() -> Vec<(Option<Step>, Error)> {
    let mut every: Vec<(Option<Step>, Error)> = Vec::new();
    every.extend(Misuse::ALL.iter().map(|misuse| (None, (*misuse).into())));
    for code in ErrorCode::all() {
        every.extend(STEPS.map(|step| {
            let bare = Refused::new(step, code, None, None);
            (Some(step), bare.into())
        }));
    }
    let assertion = |description: Option<Foreign>| {
        let step = Step::JwtBearer;
        Refused::new(step, ErrorCode::InvalidGrant, None, description)
    };
    let skewed = assertion(None).by_a_clock(Some(ClockSkew::Behind(Duration::from_secs(90))));
    let described = assertion(Some(Foreign::from("exp")));
    every.extend([skewed, described].map(|refused| (Some(Step::JwtBearer), refused.into())));
    let mismatched = [
        Mismatched::RedirectUri,
        Mismatched::State,
        Mismatched::Issuer,
        Mismatched::Duplicate,
        Mismatched::Expired,
        Mismatched::Sealed,
        Mismatched::Used,
        Mismatched::WebhookSignature,
        Mismatched::WebhookTimestamp,
        Mismatched::WebhookBody,
    ];
    every.extend(mismatched.map(|mismatched| (None, mismatched.into())));
    every.extend(
        answers()
            .into_iter()
            .map(|(step, error)| (Some(step), error)),
    );
    let environment = [
        WrongEnvironment::Origin,
        WrongEnvironment::Prefix,
        WrongEnvironment::Grant,
    ];
    every.extend(environment.map(|wrong| (None, wrong.into())));
    every
}

/// Answers outside the contract, and none.
fn answers() -> Vec<(Step, Error)> {
    let deviations = [
        Deviation::Status,
        Deviation::NotJson,
        Deviation::Malformed,
        Deviation::TooLarge,
        Deviation::NoAccessToken,
        Deviation::AccessTokenSyntax,
        Deviation::TokenType,
        Deviation::NoCode,
    ];
    let causes = [
        NoAnswer::Unresolved,
        NoAnswer::Refused,
        NoAnswer::Certificate,
        NoAnswer::TimedOut,
        NoAnswer::Broken,
        NoAnswer::ServerFailing(503),
        NoAnswer::RateLimited,
        NoAnswer::UsedRecord,
        NoAnswer::CompanyStore,
    ];
    let mut every = Vec::new();
    for deviation in deviations {
        let status = Some(200).filter(|_| deviation != Deviation::NoCode);
        every.extend(STEPS.map(|step| {
            let deviated = Deviated {
                step,
                status,
                deviation,
            };
            (step, deviated.into())
        }));
    }
    for cause in causes {
        every.extend(STEPS.map(|step| {
            let unreachable = Unreachable {
                step,
                cause,
                retry_after: None,
                sent: true,
            };
            (step, unreachable.into())
        }));
    }
    every
}

/// A line of the table: all steps at which the same is said of an error.
struct Line {
    code: &'static str,
    text: String,
    action: Action,
    retry: Retry,
    hints: &'static [&'static str],
    steps: Vec<Step>,
}

fn lines() -> Vec<Line> {
    let mut lines: Vec<Line> = Vec::new();
    for (step, error) in every_error() {
        let text = error.to_string();
        let text = step.map_or(text.clone(), |step| {
            let after = text.strip_prefix(step.verb());
            after.expect("the step comes first").to_owned()
        });
        let (code, action, hints) = (error.code(), error.action(), error.hints());
        let retry = error.retry();
        let same = |line: &&mut Line| {
            (line.code, &line.text, line.action) == (code, &text, action) && line.hints == hints
        };
        if let Some(line) = lines.iter_mut().find(same) {
            line.steps.extend(step);
            continue;
        }
        lines.push(Line {
            code,
            text,
            action,
            retry,
            hints,
            steps: step.into_iter().collect(),
        });
    }
    lines
}

/// The steps in words: most of those that call the API are told as one.
fn failed(steps: &[Step]) -> String {
    let is_api = |step: &&Step| step.phase() == verdict::table::Phase::Api;
    let api = steps.iter().filter(is_api).count() > 4;
    let named = steps.iter().filter(|step| !(api && is_api(step)));
    let mut verbs: Vec<&str> = named.map(|step| step.verb()).collect();
    verbs.extend(api.then_some("call the API"));
    if steps.len() == STEPS.len() {
        "…".to_owned()
    } else {
        verbs.join(", ")
    }
}

fn table() -> String {
    let mut table = String::from(
        "# Errors of remote-auth\n\n\
        Made from `src/error` by a test; \
        `UPDATE_GOLDEN=1 cargo test -p remote-auth --lib reference` writes it anew.\n\n\
        The code is stable. The text fits after \"failed to\"; where it begins with `…`, the step that failed stands \
        there.\nWhere one row names a step and another says \"call the API\", the first holds for that step.\nWhat has to happen is one of the words of `error::Action`, and who must act follows from it.\n\n\
        | code | text | what has to happen | who acts | the same again | hints |\n|---|---|---|---|---|---|\n",
    );
    for line in lines() {
        let start = failed(&line.steps);
        let Line {
            code, text, action, ..
        } = &line;
        let (actor, hints) = (action.actor(), line.hints.join("; "));
        let again = match line.retry {
            Retry::Never => "never works",
            Retry::Later(_) => "may work later",
        };
        writeln!(
            table,
            "| `{code}` | {start}{text} | `{action}` | `{actor}` | {again} | {hints} |"
        )
        .expect("text takes text");
    }
    table
}

#[test]
fn the_reference_of_errors_is_what_the_code_says() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("ERRORS.md");
    #[expect(
        clippy::disallowed_methods,
        reason = "the variable of every golden file of this workspace"
    )]
    if env::var_os("UPDATE_GOLDEN").is_some() {
        fs::write(&path, table()).expect("the crate's folder can be written");
    }
    let kept = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        kept == table(),
        "ERRORS.md is old; write it anew with UPDATE_GOLDEN=1"
    );
}

#[test]
fn every_code_in_the_sources_is_in_the_reference() {
    let listed: BTreeSet<&str> = lines().iter().map(|line| line.code).collect();
    let sources = [
        include_str!("../error.rs"),
        include_str!("code.rs"),
        include_str!("deviated.rs"),
        include_str!("unreachable.rs"),
    ];
    let families = [
        "refused.",
        "mismatched.",
        "deviated.",
        "unreachable.",
        "environment.",
    ];
    let quoted = sources
        .iter()
        .flat_map(|source| source.split('"').skip(1).step_by(2));
    let codes = quoted.filter(|text| {
        let word = families.iter().find_map(|family| text.strip_prefix(family));
        word.is_some_and(|word| {
            !word.is_empty() && word.chars().all(|c| c.is_ascii_lowercase() || c == '_')
        })
    });
    for code in codes {
        assert!(listed.contains(code), "{code} is not in the reference");
    }
}

#[test]
fn an_error_tells_what_it_was_made_of() {
    let step = Step::JwtBearer;
    let skew = ClockSkew::Behind(Duration::from_secs(90));
    let refused = Refused::new(step, ErrorCode::InvalidGrant, Some(401), None);
    assert_eq!((refused.step(), refused.status()), (step, Some(401)));
    assert_eq!(refused.clock_skew(), None);
    assert!(!refused.needs_consent());
    assert_eq!(refused.by_a_clock(Some(skew)).clock_skew(), Some(skew));
    let dead = Refused::new(Step::RefreshToken, ErrorCode::InvalidGrant, None, None);
    assert!(dead.needs_consent());
    assert_eq!(dead.by_a_clock(Some(skew)).clock_skew(), None);

    let deviated = Deviated {
        step,
        status: Some(201),
        deviation: Deviation::Status,
    };
    assert_eq!((deviated.step(), deviated.status()), (step, Some(201)));
    assert_eq!(deviated.deviation(), Deviation::Status);

    for sent in [false, true] {
        let unreachable = Unreachable {
            step,
            cause: NoAnswer::TimedOut,
            retry_after: Some(Duration::from_secs(7)),
            sent,
        };
        assert_eq!(
            (unreachable.step(), unreachable.cause()),
            (step, NoAnswer::TimedOut)
        );
        assert_eq!(unreachable.may_have_been_sent(), sent);
        let asked = Some(Duration::from_secs(7));
        assert_eq!(unreachable.retry_after(), asked);
        assert_eq!(Error::from(unreachable).retry(), Retry::Later(asked));
    }
}

#[test]
fn every_error_says_in_whole_words_what_to_look_at() {
    for (_, error) in every_error() {
        let hints = error.hints();
        assert!(!hints.is_empty(), "{}", error.code());
        for hint in hints {
            assert!(
                hint.contains(' ') && !hint.ends_with('.'),
                "{}: {hint}",
                error.code()
            );
        }
    }
}
