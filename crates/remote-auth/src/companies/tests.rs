//! Many companies on paused time: budget, order, leases, versions, failing stores, and every order of two processes.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use proptest::prelude::*;
use tokio::time::sleep;

use super::scripted::{Endpoint, Mood, Store, grant, key};
use super::store::{CompanyStore as _, Lease, Swap};
use super::*;
use crate::clock::Clock as _;

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);

/// The most requests in any sixty seconds.
fn most_in_a_minute(endpoint: &Endpoint) -> usize {
    let state = endpoint.state();
    let times: Vec<_> = state.requests.iter().map(|(at, _)| *at).collect();
    let within = |from: &Duration| {
        times
            .iter()
            .filter(|at| (*from..*from + MINUTE).contains(at))
            .count()
    };
    times.iter().map(within).max().unwrap_or(0)
}

fn name(number: usize) -> String {
    format!("company-{number}")
}

async fn stocked(endpoint: &Endpoint, store: &Store, count: usize) {
    let companies = endpoint.companies(store);
    for number in 0..count {
        companies
            .insert(grant(&name(number), 0))
            .await
            .expect("a grant");
    }
}

/// Plans a company's renewal for a second that has passed, and lets the scheduler see it.
fn make_due(companies: &CompanyTokens, company: &CompanyId) {
    let fleet = &companies.0.fleet;
    let mut part = fleet.part(company);
    part.get_mut(company).expect("it is there").due_s = 1;
    drop(part);
    fleet.desk().next_sweep_s = 0;
    fleet.wake.notify_one();
}

#[tokio::test(start_paused = true)]
async fn many_callers_of_one_company_share_one_request() {
    let (endpoint, store) = (Endpoint::new(), Store::default());
    stocked(&endpoint, &store, 1).await;
    let companies = endpoint.companies(&store);
    let source = companies.source(name(0));
    let callers: Vec<_> = (0..100)
        .map(|_| {
            tokio::spawn({
                let source = source.clone();
                async move { source.token().await.expect("a token").generation() }
            })
        })
        .collect();
    callers[0].abort();
    for caller in callers.into_iter().skip(1) {
        assert_eq!(caller.await.expect("no panic"), 1);
    }
    assert_eq!(endpoint.requests(), 1);
    assert!(source.authorization().await.expect("fresh").is_sensitive());
}

#[tokio::test(start_paused = true)]
async fn the_budget_holds_and_companies_for_which_somebody_waits_go_before_those_in_use() {
    const COMPANIES: usize = 2_000;
    let (endpoint, store) = (Endpoint::new(), Store::default());
    stocked(&endpoint, &store, COMPANIES + 1).await;
    let mut parts = endpoint.parts(Some(Arc::new(store.clone())));
    (parts.per_minute, parts.resident_max) = (200, 10_000);
    let companies = CompanyTokens::over(parts);
    // All expire together: each is asked for once, and nobody waits for it any more.
    for number in 0..COMPANIES {
        let source = companies.source(name(number));
        let asking = tokio::spawn(async move { source.token().await });
        tokio::task::yield_now().await;
        asking.abort();
    }
    sleep(15 * MINUTE).await;
    assert_eq!(endpoint.requests(), COMPANIES);
    assert!(
        most_in_a_minute(&endpoint) <= 200,
        "{}",
        most_in_a_minute(&endpoint)
    );

    // The round of the next life is under way; who asks now does not stand at its end.
    sleep(20 * MINUTE).await;
    let asked = endpoint.clock.elapsed();
    companies
        .source(name(COMPANIES))
        .token()
        .await
        .expect("a token");
    let waited = endpoint.clock.elapsed() - asked;
    assert!(waited < MINUTE, "{waited:?}");
    assert!(most_in_a_minute(&endpoint) <= 200);
}

#[tokio::test(start_paused = true)]
async fn of_those_that_are_due_the_last_used_is_renewed_first_and_the_unused_not_at_all() {
    let (endpoint, store) = (Endpoint::new(), Store::default());
    stocked(&endpoint, &store, 3).await;
    let companies = endpoint.companies(&store);
    for number in 0..3 {
        companies
            .source(name(number))
            .token()
            .await
            .expect("a token");
    }
    endpoint.state().requests.clear();
    companies.0.fleet.each_part(|part| {
        for one in part.iter_mut().map(|(_, one)| one) {
            one.due_s = 100;
        }
    });
    // One after the other in the second half of the next minute; company 1 is left alone.
    sleep(Duration::from_secs(30)).await;
    companies.source(name(2)).token().await.expect("a token");
    sleep(Duration::from_secs(2)).await;
    companies.source(name(0)).token().await.expect("a token");
    companies.0.fleet.each_part(|part| {
        if let Some(one) = part.get_mut(&CompanyId::from(name(1))) {
            one.forget_use();
        }
    });
    companies.0.fleet.desk().next_sweep_s = 100;
    sleep(2 * MINUTE).await;
    let order: Vec<_> = endpoint
        .state()
        .requests
        .iter()
        .map(|(_, company)| company.clone())
        .collect();
    assert_eq!(order, [name(0), name(2)]);
}

#[tokio::test(start_paused = true)]
async fn an_outage_ends_without_a_stampede_and_pauses_each_company_by_itself() {
    let (endpoint, store) = (Endpoint::new(), Store::default());
    stocked(&endpoint, &store, 200).await;
    let companies = endpoint.companies(&store);
    endpoint.set(Mood::Failing);
    let callers: Vec<_> = (0..200)
        .map(|number| {
            let source = companies.source(name(number));
            tokio::spawn(async move { source.token().await.map(drop) })
        })
        .collect();
    for caller in callers {
        let error = caller.await.expect("no panic").expect_err("an outage");
        assert_eq!(error.code(), "unreachable.server_failing");
    }
    let during = endpoint.requests();
    assert_eq!(during, 200, "one for each, and none again while it pauses");
    endpoint.set(Mood::Well);
    let again = companies
        .source(name(199))
        .token()
        .await
        .expect_err("it pauses");
    assert_eq!(again.code(), "unreachable.server_failing");
    sleep(2 * MINUTE).await;
    let burst = {
        let state = endpoint.state();
        let after: Vec<_> = state.requests[during..].iter().map(|(at, _)| *at).collect();
        let burst = |from: &Duration| {
            let until = *from + Duration::from_millis(40);
            after
                .iter()
                .filter(|at| (*from..until).contains(at))
                .count()
        };
        after.iter().map(burst).max().unwrap_or(0)
    };
    assert!(burst <= 32, "{burst} at once");
    assert!(companies.source(name(0)).token().await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_refused_client_stops_all_and_a_refused_grant_only_itself() {
    let (endpoint, store) = (Endpoint::new(), Store::default());
    stocked(&endpoint, &store, 3).await;
    let companies = endpoint.companies(&store);
    let mut events = companies.events();
    companies.insert(grant("gone", 7)).await.expect("a grant");
    let error = companies.source("gone").token().await.expect_err("refused");
    assert_eq!(error.code(), "refused.invalid_grant");
    companies
        .source(name(0))
        .token()
        .await
        .expect("others are served");

    endpoint.set(Mood::ClientRefused);
    let before = endpoint.requests();
    for number in 1..3 {
        let error = companies
            .source(name(number))
            .token()
            .await
            .expect_err("refused");
        assert_eq!(error.code(), "refused.invalid_client");
    }
    assert_eq!(endpoint.requests(), before + 1, "the breaker is open");
    endpoint.set(Mood::Well);
    sleep(2 * MINUTE).await;
    companies.source(name(1)).token().await.expect("the probe");
    let mut seen = Vec::new();
    drop(companies);
    while let Some(event) = events.next().await {
        seen.push(event);
    }
    assert!(seen.contains(&CompanyEvent::ReconsentNeeded("gone".into())));
    assert!(
        seen.iter()
            .any(|event| matches!(event, CompanyEvent::BreakerOpened { .. }))
    );
}

#[tokio::test(start_paused = true)]
async fn a_limited_rate_holds_all_for_as_long_as_the_server_asks() {
    let (endpoint, store) = (Endpoint::new(), Store::default());
    stocked(&endpoint, &store, 2).await;
    let companies = endpoint.companies(&store);
    endpoint.set(Mood::Limited);
    companies
        .source(name(0))
        .token()
        .await
        .expect_err("limited");
    endpoint.set(Mood::Well);
    let asked = endpoint.clock.elapsed();
    companies.source(name(1)).token().await.expect("a token");
    assert!(endpoint.clock.elapsed() - asked >= Duration::from_secs(19));
}

#[tokio::test(start_paused = true)]
async fn the_idle_are_forgotten_and_never_what_the_store_has_not_taken() {
    let (endpoint, store) = (Endpoint::new(), Store::default());
    let mut parts = endpoint.parts(Some(Arc::new(store.clone())));
    parts.resident_max = 5;
    let companies = CompanyTokens::over(parts);
    for number in 0..10 {
        companies
            .insert(grant(&name(number), 0))
            .await
            .expect("a grant");
        companies
            .source(name(number))
            .token()
            .await
            .expect("a token");
        sleep(Duration::from_secs(2)).await;
    }
    companies.0.fleet.desk().next_sweep_s = 0;
    companies.0.fleet.turn(companies.0.fleet.now(), &mut drop);
    assert_eq!(companies.resident(), 5);
    store.fails.store(true, Ordering::SeqCst);
    for number in 10..20 {
        companies
            .insert(grant(&name(number), 0))
            .await
            .expect("memory has it");
    }
    assert_eq!(companies.unsaved(), 10);
    companies.0.fleet.desk().next_sweep_s = 0;
    companies.0.fleet.turn(companies.0.fleet.now(), &mut drop);
    assert_eq!(companies.resident(), 10, "the unsaved, all of them");
    companies
        .source(name(12))
        .token()
        .await
        .expect("served from memory");
    store.fails.store(false, Ordering::SeqCst);
    sleep(5 * MINUTE).await;
    assert_eq!(companies.unsaved(), 0, "written later");
    assert_eq!(store.record(&name(12)).await.user_id(), Some("admin"));
    let before = endpoint.requests();
    companies.source(name(0)).token().await.expect("a token");
    assert_eq!(endpoint.requests(), before, "the store has its token");
}

#[tokio::test(start_paused = true)]
async fn who_finds_the_lease_held_waits_and_takes_over_what_comes() {
    let (endpoint, store) = (Endpoint::new(), Store::default());
    stocked(&endpoint, &store, 1).await;
    let companies = endpoint.companies(&store);
    let key = key(&name(0));
    let held = store.inner.lease(&key, HOUR).await;
    assert!(matches!(held, Lease::Held(_)));
    let waiting = tokio::spawn({
        let source = companies.source(name(0));
        async move { source.token().await }
    });
    sleep(Duration::from_secs(5)).await;
    assert_eq!(endpoint.requests(), 0);
    // The holder writes its result and lets go.
    let found = store
        .inner
        .load(&key)
        .await
        .expect("memory")
        .expect("a record");
    let mut record = found.record;
    record.access = Some(Access {
        header: crate::token::bearer_header(&"theirs".into()),
        life_ms: 3_600_000,
        ends_ms: crate::clock::wall_ms(endpoint.clock.wall() + HOUR),
        scope: None,
    });
    let swapped = store.inner.swap(&key, Some(found.version), &record).await;
    assert!(matches!(swapped, Ok(Swap::Done(_))));
    drop(held);
    let token = waiting.await.expect("no panic").expect("theirs");
    assert!(token.access_token().same_as(&"theirs".into()));
    assert_eq!(endpoint.requests(), 0, "adopted");
}

#[tokio::test(start_paused = true)]
async fn without_a_lease_a_token_is_renewed_unless_the_server_rotates() {
    let (endpoint, store) = (Endpoint::new(), Store::default());
    stocked(&endpoint, &store, 1).await;
    store.no_lease.store(true, Ordering::SeqCst);
    let companies = endpoint.companies(&store);
    companies.source(name(0)).token().await.expect("a token");

    store.no_lease.store(false, Ordering::SeqCst);
    endpoint.state().rotates = true;
    sleep(2 * HOUR).await;
    companies.source(name(0)).token().await.expect("rotated");
    store.no_lease.store(true, Ordering::SeqCst);
    sleep(2 * HOUR).await;
    let error = companies
        .source(name(0))
        .token()
        .await
        .expect_err("no lease");
    assert_eq!(error.code(), "unreachable.company_store");
}

#[tokio::test(start_paused = true)]
async fn a_refused_token_is_renewed_once_and_not_taken_from_the_store() {
    let (endpoint, store) = (Endpoint::new(), Store::default());
    stocked(&endpoint, &store, 1).await;
    let companies = endpoint.companies(&store);
    let source = companies.source(name(0));
    let refused = source.token().await.expect("a token");
    for _ in 0..10 {
        source.invalidate(&refused);
    }
    let newer = source.token().await.expect("a newer one");
    for _ in 0..10 {
        source.invalidate(&refused);
    }
    assert!(newer.generation() > refused.generation());
    assert!(!newer.access_token().same_as(refused.access_token()));
    assert_eq!(endpoint.requests(), 2);
    source.invalidate(&newer);
    source.token().await.expect("held on to for a while");
    assert_eq!(endpoint.requests(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_result_that_was_on_its_way_when_the_token_was_refused_is_not_served() {
    let (endpoint, store) = (Endpoint::new(), Store::default());
    stocked(&endpoint, &store, 1).await;
    let companies = endpoint.companies(&store);
    let source = companies.source(name(0));
    let first = source.token().await.expect("a token");
    make_due(&companies, source.company());
    sleep(Duration::from_secs(31)).await;
    assert_eq!(endpoint.requests(), 2, "renewed behind its users");
    source.token().await.expect("in use");
    make_due(&companies, source.company());
    sleep(Duration::from_millis(10)).await;
    assert_eq!(endpoint.requests(), 3, "on its way");
    let second = source.token().await.expect("lives");
    source.invalidate(&second);
    let third = source.token().await.expect("another");
    assert_eq!(endpoint.requests(), 4);
    assert!(third.generation() > first.generation());
}

#[tokio::test(start_paused = true)]
async fn a_second_consent_takes_the_place_of_the_first() {
    let (endpoint, store) = (Endpoint::new(), Store::default());
    let companies = endpoint.companies(&store);
    endpoint.state().good.insert("again".into(), 3);
    let source = companies.insert(grant("again", 9)).await.expect("a grant");
    assert_eq!(
        source.token().await.expect_err("refused").code(),
        "refused.invalid_grant"
    );
    companies.insert(grant("again", 3)).await.expect("a grant");
    source.token().await.expect("the pause is over");
    assert!(
        store
            .record("again")
            .await
            .refresh_token()
            .same_as(&"again#3".into())
    );
}

// Two processes on one store, in every order.

#[derive(Clone, Copy, Debug)]
enum Move {
    Pass(u64),
    Ask { process: usize, company: usize },
    Refuse { process: usize, company: usize },
    Kill(usize),
    Store(bool),
    Lease(bool),
    Mood(Mood),
}

fn moves() -> impl Strategy<Value = Move> {
    let (process, company) = (0..2_usize, 0..3_usize);
    prop_oneof![
        4 => (0..60_u64).prop_map(Move::Pass),
        2 => (0..4000_u64).prop_map(|s| Move::Pass(s * 1000)),
        6 => (process.clone(), company.clone()).prop_map(|(process, company)| Move::Ask { process, company }),
        1 => (process.clone(), company).prop_map(|(process, company)| Move::Refuse { process, company }),
        1 => process.prop_map(Move::Kill),
        1 => any::<bool>().prop_map(Move::Store),
        1 => any::<bool>().prop_map(Move::Lease),
        1 => prop_oneof![Just(Mood::Well), Just(Mood::Failing), Just(Mood::Limited)].prop_map(Move::Mood),
    ]
}

async fn interleave(rotates: bool, moves: Vec<Move>) {
    let (endpoint, store) = (Endpoint::new(), Store::default());
    endpoint.state().rotates = rotates;
    stocked(&endpoint, &store, 3).await;
    let mut processes = [endpoint.companies(&store), endpoint.companies(&store)];
    let mut asking = Vec::new();
    // A process that is killed with a rotated token that no store took loses it; nothing can keep it.
    let mut may_lose = BTreeSet::new();
    for step in moves {
        match step {
            Move::Pass(ms) => sleep(Duration::from_millis(ms)).await,
            Move::Ask { process, company } => {
                let source = processes[process].source(name(company));
                asking.push(tokio::spawn(async move { source.token().await }));
                tokio::task::yield_now().await;
            }
            Move::Refuse { process, company } => {
                let source = processes[process].source(name(company));
                if let Some(token) = source
                    .tokens
                    .0
                    .fleet
                    .lend(source.company(), |one| source.tokens.0.fleet.token(one))
                {
                    source.invalidate(&token);
                }
            }
            Move::Kill(process) => {
                processes[process].0.fleet.each_part(|part| {
                    let unsaved = part.iter_mut().filter(|(_, one)| {
                        one.is_unsaved() || one.has_departed() && store.fails.load(Ordering::SeqCst)
                    });
                    may_lose.extend(unsaved.map(|(company, _)| company.to_string()));
                });
                processes[process] = endpoint.companies(&store);
                asking.clear();
            }
            Move::Store(works) => store.fails.store(!works, Ordering::SeqCst),
            Move::Lease(works) => store.no_lease.store(!works, Ordering::SeqCst),
            Move::Mood(mood) => endpoint.set(mood),
        }
    }
    endpoint.set(Mood::Well);
    store.fails.store(false, Ordering::SeqCst);
    store.no_lease.store(false, Ordering::SeqCst);
    sleep(3 * HOUR).await;
    assert!(most_in_a_minute(&endpoint) <= 2 * 600);
    for company in (0..3)
        .map(name)
        .filter(|company| !rotates || !may_lose.contains(company))
    {
        for process in &processes {
            let token = process.source(company.clone()).token().await;
            let token = token.unwrap_or_else(|error| panic!("{company}: {error}"));
            assert!(
                token.expires_at() > Some(endpoint.clock.wall()),
                "{company} is served what lives"
            );
            assert_eq!(process.unsaved(), 0);
        }
        let record = store.record(&company).await;
        assert!(!record.is_unresolved(), "{company}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn whatever_happens_to_two_processes_no_grant_is_lost(
        rotates in any::<bool>(),
        moves in proptest::collection::vec(moves(), 1..40),
    ) {
        let mut builder = tokio::runtime::Builder::new_current_thread();
        let runtime = builder.enable_all().start_paused(true).build().expect("a runtime");
        runtime.block_on(interleave(rotates, moves));
    }
}
