//! Renewals that end without landing: with their runtime, by a panic, before they begin.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use futures_util::FutureExt;
use tokio::time::sleep;

use super::scripted::{Endpoint, Store, grant};
use super::*;

const MINUTE: Duration = Duration::from_secs(60);

#[test]
fn a_runtime_that_ends_takes_nothing_with_it() {
    let runtime = || {
        let mut builder = tokio::runtime::Builder::new_current_thread();
        builder
            .enable_all()
            .start_paused(true)
            .build()
            .expect("a runtime")
    };
    let first = runtime();
    let (companies, endpoint, store) = first.block_on(async {
        let (endpoint, store) = (Endpoint::new(), Store::default());
        let companies = endpoint.companies(&store);
        store.fails.store(true, Ordering::SeqCst);
        companies
            .insert(grant("a", 0))
            .await
            .expect("memory has it");
        let source = companies.source("a");
        tokio::spawn(async move { source.token().await });
        sleep(Duration::from_millis(10)).await;
        (companies, endpoint, store)
    });
    assert_eq!(endpoint.requests(), 1, "on its way");
    drop(first);
    store.fails.store(false, Ordering::SeqCst);
    runtime().block_on(async {
        companies.source("a").token().await.expect("started over");
        sleep(5 * MINUTE).await;
        assert_eq!(companies.unsaved(), 0);
        let fleet = Arc::downgrade(&companies.0.fleet);
        drop(companies);
        sleep(Duration::from_secs(1)).await;
        assert!(fleet.upgrade().is_none(), "nothing holds on to it");
    });
}

#[tokio::test(start_paused = true)]
async fn a_renewal_that_panics_ends_alone() {
    let (endpoint, store) = (Endpoint::new(), Store::default());
    let companies = endpoint.companies(&store);
    let mut sources = Vec::new();
    for name in ["well", "broken"] {
        let inserted = companies.insert(grant(name, 0)).await;
        sources.push(inserted.expect("a grant"));
    }
    let [well, broken] = &sources[..] else {
        panic!("two")
    };
    let on_its_way = tokio::spawn({
        let well = well.clone();
        async move { well.token().await }
    });
    while endpoint.requests() == 0 {
        sleep(Duration::from_millis(1)).await;
    }
    store.panics.store(true, Ordering::SeqCst);
    let error = broken.token().await.expect_err("the store panics");
    assert_eq!(error.code(), "misuse.renewal_panicked");
    store.panics.store(false, Ordering::SeqCst);
    on_its_way.await.expect("no panic").expect("a token");
    sleep(15 * MINUTE).await;
    broken.token().await.expect("the store is well again");
}

#[tokio::test(start_paused = true)]
async fn what_the_store_panicked_over_is_written_later() {
    let (endpoint, store) = (Endpoint::new(), Store::default());
    let companies = endpoint.companies(&store);
    store.fails.store(true, Ordering::SeqCst);
    let inserted = companies.insert(grant("a", 0)).await;
    inserted.expect("memory has it");
    store.panics.store(true, Ordering::SeqCst);
    let before = store.loads.load(Ordering::SeqCst);
    while store.loads.load(Ordering::SeqCst) == before {
        sleep(Duration::from_secs(1)).await;
    }
    store.panics.store(false, Ordering::SeqCst);
    store.fails.store(false, Ordering::SeqCst);
    sleep(5 * MINUTE).await;
    assert_eq!(companies.unsaved(), 0);
}

#[test]
fn a_renewal_that_never_begins_leaves_the_way_clear() {
    let endpoint = Endpoint::new();
    let fleet = Fleet::new(endpoint.parts(None));
    let company = CompanyId::from("a");
    for _ in 0..100 {
        let Step::Wait(flight) = fleet.step(&company) else {
            panic!("there is no token")
        };
        let mut given_out = 0;
        fleet.turn(fleet.now(), &mut |_| given_out += 1);
        assert_eq!(given_out, 1, "there is room for it");
        let lost = flight.wait().now_or_never().expect("it has ended");
        assert!(lost.is_none(), "who waits starts over");
    }
}
