//! What a seal holds for, and how long.

use std::sync::Arc;

use super::super::{ClaimFailed, ClaimFuture, SealingKey, UsedInMemory};
use super::*;
use crate::clock::Clock;
use crate::error::Retry;
use crate::test_support::ManualClock;

const REDIRECT_URI: &str = "https://p.example/cb";

fn keys() -> SealingKeys {
    SealingKey::from_bytes(&[7; 32]).expect("32 bytes").into()
}

fn client(clock: &Arc<ManualClock>) -> Client {
    Client::builder(Environment::Sandbox)
        .credentials("id", "secret")
        .clock(Arc::clone(clock) as _)
        .build()
        .expect("a client")
}

async fn open(
    client: &Client,
    sealed: &SealedAuthorization,
) -> Result<PendingAuthorization, Error> {
    let used = UsedInMemory::new();
    PendingAuthorization::open(client, sealed.as_str(), b"session", &keys(), &used).await
}

fn begin(client: &Client, redirect_uri: &str, pkce: bool) -> PendingAuthorization {
    let mut request = client.authorization(redirect_uri);
    request.pkce = pkce;
    request.begin().expect("begun").1
}

#[tokio::test]
async fn what_is_opened_is_what_was_sealed() {
    let client = client(&ManualClock::shared());
    for (redirect_uri, pkce) in [
        (REDIRECT_URI, true),
        (REDIRECT_URI, false),
        ("com.example.app:/cb?a=b", true),
    ] {
        let pending = begin(&client, redirect_uri, pkce);
        let state = pending.state.clone();
        let verifier = pending.verifier.as_ref().map(|kept| kept.wire().clone());
        let sealed = pending.seal(&keys(), b"session").expect("sealed");
        let opened = open(&client, &sealed).await.expect("opened");
        assert_eq!(opened.redirect_uri.text, redirect_uri);
        assert!(opened.state.same_as(&state));
        assert_eq!(
            (opened.verifier.is_some(), verifier.is_some()),
            (pkce, pkce)
        );
        let same = |(opened, kept): (&CodeVerifier, &Secret)| opened.wire().same_as(kept);
        assert!(
            opened
                .verifier
                .as_ref()
                .zip(verifier.as_ref())
                .is_none_or(same)
        );
    }
}

#[tokio::test]
async fn an_opened_authorization_ends_when_either_clock_says_so() {
    let minutes = |minutes: u64| Duration::from_secs(60 * minutes);
    let clock = ManualClock::shared();
    let client = client(&clock);
    for (case, before, after, set_back, code) in [
        ("in time", 10, 20, false, "mismatched.state"),
        ("late", 10, 21, false, "mismatched.expired"),
        (
            "late by the elapsed clock alone",
            10,
            21,
            true,
            "mismatched.expired",
        ),
        (
            "in time by the elapsed clock",
            10,
            20,
            true,
            "mismatched.state",
        ),
    ] {
        let pending = begin(&client, REDIRECT_URI, true);
        let wall = clock.wall();
        clock.advance(minutes(before));
        let sealed = pending.seal(&keys(), b"session").expect("sealed");
        let opened = open(&client, &sealed).await.expect(case);
        clock.advance(minutes(after));
        if set_back {
            clock.set_wall(wall);
        }
        let error = opened.accept("?code=c&state=guessed").expect_err(case);
        assert_eq!(error.code(), code, "{case}");
    }
}

#[tokio::test]
async fn a_sealed_authorization_opens_for_its_session_alone() {
    let client = client(&ManualClock::shared());
    let used = UsedInMemory::new();
    for (session, code) in [
        (&b"session"[..], None),
        (b"another", Some("mismatched.sealed")),
        (b"", Some("mismatched.sealed")),
    ] {
        let sealed = begin(&client, REDIRECT_URI, true).seal(&keys(), b"session");
        let sealed = sealed.expect("sealed");
        assert_eq!(sealed.clone().into_string(), sealed.as_str());
        let text = sealed.as_str();
        let opened = PendingAuthorization::open(&client, text, session, &keys(), &used).await;
        assert_eq!(opened.err().map(|error| error.code()), code, "{session:?}");
    }
}

#[tokio::test]
async fn a_sealed_authorization_opens_for_its_client_and_environment_alone() {
    let clock = ManualClock::shared();
    let other = |environment, id: &str| {
        let builder = Client::builder(environment).credentials(id, "secret");
        builder
            .clock(Arc::clone(&clock) as _)
            .build()
            .expect("a client")
    };
    for (opener, code) in [
        (other(Environment::Sandbox, "id"), None),
        (other(Environment::Sandbox, "di"), Some("environment.grant")),
        (
            other(Environment::Production, "id"),
            Some("environment.grant"),
        ),
    ] {
        let sealed = begin(&client(&clock), REDIRECT_URI, true).seal(&keys(), b"session");
        let opened = open(&opener, &sealed.expect("sealed")).await;
        assert_eq!(opened.err().map(|error| error.code()), code);
    }
}

#[tokio::test]
async fn each_opening_has_a_name_of_its_own() {
    #[derive(Default)]
    struct Names(std::sync::Mutex<Vec<String>>);
    impl UsedRecord for Names {
        fn claim<'a>(&'a self, opening: &'a Opening) -> ClaimFuture<'a> {
            let mut names = self
                .0
                .lock()
                .expect("no test panics while it holds the names");
            names.push(opening.id().to_owned());
            Box::pin(async { Ok(Claim::First) })
        }
    }
    let client = client(&ManualClock::shared());
    let names = Names::default();
    for _ in 0..2 {
        let sealed = begin(&client, REDIRECT_URI, true).seal(&keys(), b"session");
        let sealed = sealed.expect("sealed").into_string();
        for _ in 0..2 {
            let opened =
                PendingAuthorization::open(&client, &sealed, b"session", &keys(), &names).await;
            opened.expect("this record lets everything through");
        }
    }
    let names = names
        .0
        .into_inner()
        .expect("no test panics while it holds the names");
    assert!(names.iter().all(|name| name.len() == 22), "{names:?}");
    assert_eq!((&names[0], &names[2]), (&names[1], &names[3]));
    assert_ne!(names[0], names[2]);
}

#[tokio::test]
async fn what_has_more_time_left_than_clocks_apart_explain_does_not_open() {
    let clock = ManualClock::shared();
    let client = client(&clock);
    let wall = clock.wall();
    for (behind, code) in [
        (CLOCKS_APART_MAX, None),
        (
            CLOCKS_APART_MAX + Duration::from_secs(1),
            Some("mismatched.expired"),
        ),
    ] {
        clock.set_wall(wall);
        let sealed = begin(&client, REDIRECT_URI, true).seal(&keys(), b"session");
        clock.set_wall(wall - behind);
        let opened = open(&client, &sealed.expect("sealed")).await;
        assert_eq!(opened.err().map(|error| error.code()), code, "{behind:?}");
    }
}

#[tokio::test]
async fn what_expired_before_it_was_sealed_does_not_open() {
    let clock = ManualClock::shared();
    let client = client(&clock);
    let pending = begin(&client, REDIRECT_URI, true);
    let wall = clock.wall();
    clock.advance(PENDING_LIFE + Duration::from_secs(1));
    // The elapsed clock knows what the wall clock was made to forget.
    clock.set_wall(wall);
    let sealed = pending.seal(&keys(), b"session").expect("sealed");
    clock.set_wall(wall + Duration::from_secs(1));
    let error = open(&client, &sealed).await.expect_err("too late");
    assert_eq!(error.code(), "mismatched.expired");
}

#[tokio::test]
async fn a_sealed_authorization_fits_a_cookie() {
    let client = client(&ManualClock::shared());
    for (length, sealed_length) in [(21, 267), (2509, SEALED_LEN_MAX), (2510, 0), (70_000, 0)] {
        let redirect_uri = REDIRECT_URI.to_owned() + &"x".repeat(length - REDIRECT_URI.len());
        let sealed = begin(&client, &redirect_uri, true).seal(&keys(), b"session");
        match sealed {
            Ok(sealed) => {
                assert_eq!(sealed.as_str().len(), sealed_length, "{length}");
                let cookie = |c: char| c.is_ascii_alphanumeric() || ".-_".contains(c);
                assert!(sealed.as_str().chars().all(cookie));
                open(&client, &sealed).await.expect("what was sealed opens");
            }
            Err(error) => {
                assert_eq!((error.code(), sealed_length), ("misuse.sealed_length", 0));
            }
        }
    }
}

#[tokio::test]
async fn a_record_that_cannot_tell_opens_nothing() {
    struct Down;
    impl UsedRecord for Down {
        fn claim<'a>(&'a self, _: &'a Opening) -> ClaimFuture<'a> {
            Box::pin(async { Err(ClaimFailed) })
        }
    }
    let client = client(&ManualClock::shared());
    let sealed = begin(&client, REDIRECT_URI, true).seal(&keys(), b"session");
    let sealed = sealed.expect("sealed");
    let opened =
        PendingAuthorization::open(&client, sealed.as_str(), b"session", &keys(), &Down).await;
    let error = opened.expect_err("nobody knows whether it is the first");
    assert_eq!(error.code(), "unreachable.used_record");
    assert_eq!(error.retry(), Retry::Later(None));
}

#[test]
fn what_binds_nothing_is_misuse() {
    let client = client(&ManualClock::shared());
    let sealed = begin(&client, REDIRECT_URI, true).seal(&keys(), b"");
    assert_eq!(
        sealed.expect_err("no session").code(),
        "misuse.empty_session"
    );
}
