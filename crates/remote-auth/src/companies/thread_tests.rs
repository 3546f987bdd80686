//! Many companies on threads that truly run beside one another.

use std::sync::Arc;
use std::time::Duration;

use super::scripted::{Endpoint, Store, grant};
use super::*;

const COMPANIES: usize = 8;

fn name(number: usize) -> String {
    format!("company-{}", number % COMPANIES)
}

fn runtime() -> tokio::runtime::Runtime {
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    let runtime = builder.worker_threads(4).enable_all().build();
    runtime.expect("a runtime")
}

/// A keeper of all companies, none of which has a token yet.
async fn keeper(endpoint: &Endpoint) -> CompanyTokens {
    let companies = endpoint.companies(&Store::default());
    for number in 0..COMPANIES {
        let inserted = companies.insert(grant(&name(number), 0)).await;
        inserted.expect("a grant");
    }
    companies
}

fn prompt() -> Endpoint {
    Endpoint::taking(Duration::ZERO)
}

#[test]
fn on_many_threads_each_company_costs_one_exchange() {
    runtime().block_on(async {
        let endpoint = prompt();
        let companies = keeper(&endpoint).await;
        let callers: Vec<_> = (0..400)
            .map(|number| {
                let source = companies.source(name(number));
                tokio::spawn(async move {
                    source.authorization().await.expect("a header value");
                    source.token().await.expect("a token").generation()
                })
            })
            .collect();
        for caller in callers {
            assert_eq!(caller.await.expect("no panic"), 1);
        }
        let mut asked: Vec<_> = (endpoint.state().requests.iter())
            .map(|(_, company)| company.clone())
            .collect();
        asked.sort_unstable();
        assert_eq!(asked, (0..COMPANIES).map(name).collect::<Vec<_>>());
        assert_eq!(companies.resident(), COMPANIES);
    });
}

#[test]
fn on_many_threads_a_refused_token_is_renewed_once_and_never_served_again() {
    runtime().block_on(async {
        let endpoint = prompt();
        let companies = keeper(&endpoint).await;
        let mut refused = Vec::new();
        for number in 0..COMPANIES {
            let source = companies.source(name(number));
            refused.push(source.token().await.expect("a token"));
        }
        let callers: Vec<_> = (0..400)
            .map(|number| {
                let source = companies.source(name(number));
                let refused = refused[number % COMPANIES].clone();
                tokio::spawn(async move {
                    source.invalidate(&refused);
                    source.token().await.expect("a newer one").generation()
                })
            })
            .collect();
        for caller in callers {
            assert_eq!(caller.await.expect("no panic"), 2);
        }
        assert_eq!(endpoint.requests(), 2 * COMPANIES);
    });
}

#[test]
fn on_many_threads_the_work_ends_with_the_last_handle() {
    runtime().block_on(async {
        let companies = keeper(&prompt()).await;
        let source = companies.source(name(0));
        source.token().await.expect("a token");
        let mut events = companies.events();
        drop(companies);
        source.token().await.expect("a source is a handle too");
        let fleet = Arc::downgrade(&source.tokens.0.fleet);
        drop(source);
        // The teller goes last of all that the scheduler and its renewals hold.
        while events.next().await.is_some() {}
        assert!(fleet.upgrade().is_none());
    });
}

#[test]
fn a_runtime_of_many_threads_that_ends_leaves_nothing_behind() {
    let silent = Endpoint::taking(Duration::from_secs(24 * 60 * 60));
    let first = runtime();
    let companies = first.block_on(keeper(&silent));
    let asking: Vec<_> = (0..COMPANIES)
        .map(|number| {
            let source = companies.source(name(number));
            first.spawn(async move { source.token().await })
        })
        .collect();
    while silent.requests() < COMPANIES {
        std::thread::yield_now();
    }
    drop(first);
    drop(asking);
    assert_eq!(Arc::strong_count(&companies.0), 1, "no caller is left");
    assert_eq!(
        Arc::strong_count(&companies.0.fleet),
        1,
        "neither the scheduler nor a renewal is left"
    );
    companies.0.fleet.each_part(|part| {
        let on_their_way = part.iter_mut().filter(|(_, one)| one.flight().is_some());
        assert_eq!(on_their_way.count(), 0, "the next call starts anew");
    });
    let next = runtime();
    let source = companies.source(name(0));
    next.spawn(async move { source.token().await });
    while silent.requests() <= COMPANIES {
        std::thread::yield_now();
    }
}
