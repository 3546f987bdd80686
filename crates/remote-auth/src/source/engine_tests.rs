//! The engine against a scripted mint: one test for each promise.

use std::sync::atomic::Ordering;
use std::time::UNIX_EPOCH;

use super::super::policy::{AGEING, FLOOR};
use super::super::scripted::{Answer, Bench, failing, number, refused};
use super::super::telemetry::SourceEvent;
use super::*;
use crate::error::ErrorCode::{InvalidClient, InvalidGrant, InvalidScope};
use crate::test_support::ManualClock;

const HOUR: Duration = Duration::from_secs(3600);
const MINUTE: Duration = Duration::from_secs(60);

fn fault(error: Error) -> Answer {
    Answer::Fault(error)
}

fn code(outcome: Outcome) -> &'static str {
    outcome.expect_err("an error").code()
}

// Requirement: remote.token.cached, remote.token.reusable
#[tokio::test]
async fn however_many_callers_one_request_is_made_and_shared() {
    let bench = Bench::new([]);
    let callers: Vec<_> = (0..100).map(|_| bench.spawn()).collect();
    bench.settle().await;
    bench.open();
    for caller in callers {
        assert_eq!(number(&caller.await.expect("no panic")), 1);
    }
    assert_eq!(bench.mint.calls(), 1);
}

#[tokio::test]
async fn a_failure_is_shared_too_and_not_stormed() {
    let bench = Bench::new([fault(failing())]);
    let callers: Vec<_> = (0..50).map(|_| bench.spawn()).collect();
    bench.settle().await;
    bench.open();
    for caller in callers {
        let error = caller.await.expect("no panic").expect_err("shared");
        assert_eq!(error.code(), "unreachable.server_failing");
    }
    assert_eq!(
        bench.token().await.expect_err("within the pause").code(),
        "unreachable.server_failing"
    );
    assert_eq!(bench.mint.calls(), 1);
    bench.clock.advance(MINUTE);
    assert_eq!(
        number(&bench.token().await),
        1,
        "after the pause the next call asks again"
    );
}

#[tokio::test]
async fn a_caller_that_is_dropped_loses_nothing() {
    let bench = Bench::new([]);
    let caller = bench.spawn();
    bench.settle().await;
    caller.abort();
    bench.settle().await;
    bench.open();
    bench.settle().await;
    assert_eq!(number(&bench.token().await), 1);
    assert_eq!(bench.mint.calls(), 1);
}

// Requirement: remote.skill.mistake-lapse, remote.token.renewed-early
#[tokio::test]
async fn an_ageing_token_is_served_while_one_renewal_runs_behind_it() {
    let bench = Bench::new([]);
    bench.open();
    bench.token().await.expect("the first");
    bench.close();
    bench.clock.advance(HOUR - AGEING);
    for _ in 0..10 {
        assert_eq!(number(&bench.token().await), 1, "nobody waits");
    }
    bench.settle().await;
    bench.open();
    bench.settle().await;
    assert_eq!(number(&bench.token().await), 2);
    assert_eq!(bench.mint.calls(), 2);
}

#[tokio::test]
async fn a_failed_early_renewal_is_nobodys_error_while_the_token_lives() {
    let bench = Bench::new([
        Answer::Token(3600),
        fault(refused(InvalidScope)),
        fault(failing()),
    ]);
    bench.open();
    bench.token().await.expect("the first");
    bench.clock.advance(HOUR - AGEING);
    for _ in 0..5 {
        assert_eq!(number(&bench.token().await), 1);
        bench.settle().await;
    }
    assert_eq!(
        bench.mint.calls(),
        2,
        "the pause after a refusal holds back further attempts"
    );
    bench.clock.advance(MINUTE);
    assert_eq!(number(&bench.token().await), 1);
    bench.settle().await;
    assert_eq!(bench.mint.calls(), 3);
    bench.clock.advance(AGEING);
    assert_eq!(
        number(&bench.token().await),
        2,
        "an expired token is never served"
    );
}

#[tokio::test]
async fn ten_late_refusals_of_one_token_cause_one_renewal() {
    let bench = Bench::new([]);
    bench.open();
    let old = bench.token().await.expect("the first");
    for _ in 0..10 {
        bench.engine.invalidate(&old);
        assert_eq!(number(&bench.token().await), 2);
    }
    assert_eq!(bench.mint.calls(), 2);
}

#[tokio::test]
async fn a_result_that_was_on_its_way_when_its_token_was_invalidated_is_not_served() {
    let bench = Bench::new([]);
    bench.open();
    let old = bench.token().await.expect("the first");
    bench.close();
    bench.clock.advance(HOUR - AGEING);
    bench.token().await.expect("served, and renewed behind");
    bench.settle().await;
    bench.engine.invalidate(&old);
    let waiting = bench.spawn();
    bench.settle().await;
    bench.open();
    let token = waiting.await.expect("no panic").expect("a token");
    #[expect(
        clippy::disallowed_methods,
        reason = "the test looks which request the token came from"
    )]
    let text = secrecy::ExposeSecret::expose_secret(token.access_token()).to_owned();
    assert_eq!(text, "token-3");
}

#[tokio::test]
async fn a_token_that_lives_for_no_time_is_given_to_those_who_waited_and_not_kept() {
    let bench = Bench::new([Answer::Token(0), Answer::Token(0)]);
    bench.open();
    assert_eq!(number(&bench.token().await), 1);
    assert_eq!(number(&bench.token().await), 2);
}

#[tokio::test]
async fn clock_steps_neither_serve_a_dead_token_nor_cause_a_storm() {
    let day = Duration::from_secs(86_400);
    let bench = Bench::new([]);
    bench.open();
    bench.token().await.expect("the first");
    let start = bench.clock.wall();

    bench.clock.set_wall(start - day);
    assert_eq!(
        number(&bench.token().await),
        1,
        "set back: the elapsed clock decides"
    );
    bench.clock.set_wall(start + day);
    assert_eq!(
        number(&bench.token().await),
        2,
        "set forward or suspended: the wall clock decides"
    );
    for _ in 0..10 {
        assert_eq!(number(&bench.token().await), 2);
    }
    bench.clock.set_wall(UNIX_EPOCH);
    bench.clock.advance(HOUR);
    assert_eq!(number(&bench.token().await), 3);
    assert_eq!(bench.mint.calls(), 3);
}

#[test]
fn a_renewal_that_loses_its_runtime_is_started_over_on_the_callers() {
    let bench = Bench::new([]);
    let runtime = || {
        tokio::runtime::Builder::new_current_thread()
            .build()
            .expect("a runtime")
    };
    let first = runtime();
    first.block_on(async {
        let caller = bench.spawn();
        bench.settle().await;
        drop(caller);
    });
    drop(first);
    bench.open();
    assert_eq!(number(&runtime().block_on(bench.token())), 1);
    assert_eq!(bench.mint.calls(), 2);
}

#[test]
fn on_a_runtime_that_is_gone_a_call_ends_with_an_error_and_a_living_token_is_served() {
    let bench = Bench::new([]);
    bench.open();
    let runtime = || {
        tokio::runtime::Builder::new_current_thread()
            .build()
            .expect("a runtime")
    };
    let gone = runtime();
    let handle = gone.handle().clone();
    drop(gone);
    let poll = |bench: &Bench| {
        let _entered = handle.enter();
        let mut call = Box::pin(bench.token());
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        match call.as_mut().poll(&mut context) {
            std::task::Poll::Ready(outcome) => outcome,
            std::task::Poll::Pending => panic!("it waits for nothing"),
        }
    };
    let error = poll(&bench).expect_err("nothing can run there");
    assert_eq!(error.code(), "misuse.no_runtime");

    let token = runtime().block_on(bench.token());
    assert_eq!(number(&token), 1);
    bench.clock.advance(HOUR - AGEING);
    assert_eq!(number(&poll(&bench)), 1, "ageing, and served all the same");
}

#[tokio::test]
async fn a_renewal_that_panics_is_an_error_and_is_not_repeated() {
    let bench = Bench::new([Answer::Panic]);
    bench.open();
    for _ in 0..3 {
        assert_eq!(code(bench.token().await), "misuse.renewal_panicked");
    }
    assert_eq!(bench.mint.calls(), 1);
}

#[test]
fn without_a_runtime_the_error_says_so() {
    let bench = Bench::new([]);
    let mut call = Box::pin(bench.token());
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    let std::task::Poll::Ready(outcome) = call.as_mut().poll(&mut context) else {
        panic!("it waits for nothing")
    };
    assert_eq!(outcome.expect_err("no runtime").code(), "misuse.no_runtime");
}

#[tokio::test]
async fn a_refusal_of_the_client_stops_all_its_sources_until_one_probe_succeeds() {
    let (breaker, clock) = (Arc::default(), ManualClock::shared());
    let dead = || fault(refused(InvalidClient));
    let first = Bench::of_client(&breaker, &clock, [dead(), dead()]);
    let second = Bench::of_client(&breaker, &clock, []);
    first.open();
    second.open();
    for _ in 0..20 {
        assert_eq!(code(first.token().await), "refused.invalid_client");
        assert_eq!(code(second.token().await), "refused.invalid_client");
    }
    assert_eq!((first.mint.calls(), second.mint.calls()), (1, 0));

    clock.advance(MINUTE);
    first.close();
    let probe = first.spawn();
    first.settle().await;
    assert_eq!(
        code(second.token().await),
        "refused.invalid_client",
        "one probe"
    );
    first.open();
    assert_eq!(
        code(probe.await.expect("no panic")),
        "refused.invalid_client"
    );
    clock.advance(MINUTE / 2);
    assert_eq!(
        code(second.token().await),
        "refused.invalid_client",
        "it opened again"
    );

    clock.advance(2 * MINUTE);
    assert_eq!(number(&second.token().await), 1, "a success closes it");
    assert_eq!(number(&first.token().await), 1);
    assert_eq!((first.mint.calls(), second.mint.calls()), (3, 1));
}

#[tokio::test]
async fn a_reset_forgets_every_failure() {
    for error in [refused(InvalidClient), refused(InvalidGrant), failing()] {
        let bench = Bench::new([fault(error)]);
        bench.open();
        bench.token().await.expect_err("refused");
        bench.token().await.expect_err("held back");
        bench.engine.reset();
        assert_eq!(number(&bench.token().await), 1);
    }
}

#[tokio::test]
async fn a_refused_grant_is_believed_only_after_the_store_was_read_again() {
    let dead = || fault(refused(InvalidGrant));
    let bench = Bench::new([dead(), Answer::Token(3600), dead(), dead()]);
    let mut events = bench.engine.events();
    bench.open();
    bench.mint.renewed_elsewhere.store(true, Ordering::SeqCst);
    assert_eq!(
        number(&bench.token().await),
        1,
        "another process had a newer one"
    );
    assert_eq!(bench.mint.calls(), 2);

    bench.clock.advance(HOUR);
    for _ in 0..10 {
        let error = bench.token().await.expect_err("nobody has a newer one");
        assert!(matches!(&error, Error::Refused(refused) if refused.needs_consent()));
    }
    assert_eq!(bench.mint.calls(), 3);
    bench.clock.advance(5 * MINUTE);
    bench.token().await.expect_err("asked again, seldom");
    assert_eq!(bench.mint.calls(), 4);

    let mut needed = 0;
    drop(bench);
    while let Some(event) = events.next().await {
        needed += usize::from(event == SourceEvent::ReconsentNeeded);
    }
    assert_eq!(needed, 2);
}

#[tokio::test]
async fn a_caller_cancelled_during_a_rotating_refresh_leaves_the_new_token_kept_and_served() {
    let bench = Bench::new([Answer::Rotated]);
    let mut events = bench.engine.events();
    let caller = bench.spawn();
    bench.settle().await;
    caller.abort();
    assert!(caller.await.expect_err("cancelled").is_cancelled());
    bench.open();
    assert_eq!(number(&bench.token().await), 1);
    assert_eq!(bench.mint.calls(), 1, "the refresh survived its caller");
    assert_eq!(events.next().await, Some(SourceEvent::Rotated));
    assert!(matches!(
        events.next().await,
        Some(SourceEvent::Obtained { generation: 1, .. })
    ));
}

#[tokio::test]
async fn an_expired_token_that_is_invalidated_during_its_renewal_discards_the_result() {
    let bench = Bench::new([]);
    bench.open();
    let old = bench.token().await.expect("the first");
    bench.close();
    bench.clock.advance(HOUR);
    let waiting = bench.spawn();
    bench.settle().await;
    for _ in 0..10 {
        bench.engine.invalidate(&old);
    }
    bench.open();
    assert_eq!(number(&waiting.await.expect("no panic")), 2);
    assert_eq!(
        bench.mint.calls(),
        3,
        "the first, the one of the past, and one more"
    );
}

#[tokio::test]
async fn a_gateway_that_refuses_every_token_costs_one_request_in_half_a_minute() {
    let bench = Bench::new([]);
    bench.open();
    for _ in 0..50 {
        let token = bench.token().await.expect("a token");
        bench.engine.invalidate(&token);
    }
    assert_eq!(bench.mint.calls(), 2);
    assert_eq!(number(&bench.token().await), 2, "the newest there is");
    bench.clock.advance(FLOOR);
    let token = bench.token().await.expect("a token");
    bench.engine.invalidate(&token);
    assert_eq!(number(&bench.token().await), 3);
}

#[tokio::test]
async fn a_longer_life_is_asked_for_now_and_then_and_what_there_is_is_given() {
    let bench = Bench::new([Answer::Token(600), Answer::Token(600), fault(failing())]);
    bench.open();
    let long = 50 * MINUTE;
    for _ in 0..3 {
        assert_eq!(
            number(&bench.engine.call(long).await),
            1,
            "shorter, and just made"
        );
    }
    bench.clock.advance(FLOOR);
    assert_eq!(number(&bench.token().await), 1, "long enough for others");
    for _ in 0..3 {
        assert_eq!(
            number(&bench.engine.call(long).await),
            2,
            "shorter, and all there is"
        );
    }
    bench.clock.advance(FLOOR);
    for _ in 0..3 {
        assert_eq!(
            number(&bench.engine.call(long).await),
            2,
            "it failed, and the token lives"
        );
    }
    bench.clock.advance(MINUTE);
    assert_eq!(number(&bench.engine.call(long).await), 3, "an hour");
    bench.clock.advance(FLOOR);
    assert_eq!(number(&bench.engine.call(long).await), 3, "long enough");
    assert_eq!(bench.mint.calls(), 4);
}

#[tokio::test]
async fn events_tell_the_life_of_a_token_in_order_and_hold_no_secret() {
    let bench = Bench::new([Answer::Token(3600), fault(failing()), Answer::Rotated]);
    let mut events = bench.engine.events();
    bench.open();
    bench.token().await.expect("the first");
    bench.clock.advance(HOUR - AGEING);
    bench.token().await.expect("served, and not renewed behind");
    bench.settle().await;
    bench.clock.advance(AGEING);
    let token = bench.token().await.expect("the second");
    bench.engine.invalidate(&token);
    drop(bench);

    let mut told = Vec::new();
    while let Some(event) = events.next().await {
        let text = format!("{event:?}");
        assert!(!text.contains("token-"), "{text}");
        told.push(text.split([' ', '(']).next().unwrap_or_default().to_owned());
    }
    let expected = [
        "Obtained",
        "Ageing",
        "Failed",
        "Rotated",
        "Refreshed",
        "Invalidated",
    ];
    assert_eq!(told, expected);
}

#[tokio::test]
async fn a_slow_subscriber_is_told_how_much_it_missed() {
    let bench = Bench::new([]);
    let mut events = bench.engine.events();
    bench.open();
    for _ in 0..100 {
        bench.token().await.expect("a token");
        bench.clock.advance(HOUR);
    }
    assert_eq!(events.next().await, Some(SourceEvent::Missed(36)));
    assert!(matches!(
        events.next().await,
        Some(SourceEvent::Refreshed { generation: 37, .. })
    ));
}

#[tokio::test]
async fn the_work_ends_with_the_last_handle_and_not_before() {
    let bench = Bench::new([]);
    let (owner, caller) = (Arc::new(bench.owner()), bench.spawn());
    let clone = Arc::clone(&owner);
    bench.settle().await;
    drop(owner);
    bench.settle().await;
    assert_eq!((bench.mint.under_way(), bench.mint.stopped()), (1, 0));
    caller.abort();
    drop(clone);
    bench.settle().await;
    assert_eq!((bench.mint.under_way(), bench.mint.stopped()), (0, 1));
    let engine = Arc::downgrade(&bench.engine);
    drop(bench);
    assert_eq!(engine.strong_count(), 0, "nothing holds the engine");
}

#[test]
fn on_either_kind_of_runtime_a_herd_shares_one_request_and_leaves_no_task() {
    let runtimes = [
        tokio::runtime::Builder::new_current_thread().build(),
        tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .build(),
    ];
    for runtime in runtimes {
        let runtime = runtime.expect("a runtime");
        let bench = Bench::new([]);
        bench.open();
        runtime.block_on(async {
            let callers: Vec<_> = (0..200).map(|_| bench.spawn()).collect();
            for caller in callers {
                assert_eq!(number(&caller.await.expect("no panic")), 1);
            }
        });
        assert_eq!(bench.mint.calls(), 1);
        drop(runtime);
        assert_eq!(Arc::strong_count(&bench.engine), 1, "its task is gone");
    }
}

#[tokio::test]
async fn a_token_that_was_taken_away_is_not_lent_from_any_threads_copy() {
    let bench = Bench::new([]);
    bench.open();
    let old = bench.token().await.expect("the first");
    for _ in 0..3 {
        assert_eq!(number(&bench.token().await), 1, "from this thread's copy");
    }
    bench.engine.invalidate(&old);
    assert_eq!(number(&bench.token().await), 2);
}

#[tokio::test]
async fn an_hour_of_sleep_is_seen_by_the_time_of_day() {
    let bench = Bench::new([]);
    bench.open();
    bench.token().await.expect("the first");
    bench.clock.set_wall(bench.clock.wall() + HOUR);
    let callers: Vec<_> = (0..100).map(|_| bench.spawn()).collect();
    for caller in callers {
        assert_eq!(number(&caller.await.expect("no panic")), 2);
    }
    assert_eq!(bench.mint.calls(), 2);
}

#[tokio::test]
async fn a_server_that_hands_out_the_same_end_again_does_not_take_a_token_away_nor_is_asked_for_each_call()
 {
    let bench = Bench::new([Answer::Token(3600), Answer::Token(0), Answer::Token(60)]);
    bench.open();
    bench.token().await.expect("the first");
    bench.clock.advance(HOUR - AGEING);
    for _ in 0..10 {
        assert_eq!(number(&bench.token().await), 1);
        bench.settle().await;
    }
    assert_eq!(
        bench.mint.calls(),
        2,
        "once, and then it is served to its end"
    );
    bench.clock.advance(AGEING);
    assert_eq!(number(&bench.token().await), 2);
}
