//! What it costs to add a company, exchange included, beside a bare exchange over the same client.

use std::hint::black_box;
use std::sync::Arc;
use std::time::Duration;

use remote_auth::companies::CompanyTokens;
use remote_auth::{Client, CompanyGrant, RefreshToken};
use serde_json::Value;

use super::endpoint::{Endpoint, SetClock};
use super::{Record, id, ratio_row};

/// Many short ones, so that all three meet the same machine.
const ROUNDS: usize = 1_000;

/// How many are added in a round.
const ADDED: usize = 20;

/// What this thread alone has used: the endpoint is on another.
fn cpu() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::try_from(time).expect("it counts from zero")
}

/// A grant, whose company's number the endpoint reads off the refresh token.
pub(super) fn grant(client: &Client, number: usize) -> CompanyGrant {
    let token = RefreshToken::from(refresh_token(number));
    let environment = client.environment().clone();
    let grant = CompanyGrant::restore(environment, client.client_id().clone(), token);
    grant
        .expect("a grant")
        .with_company(id(number).to_string(), "admin")
}

pub(super) fn refresh_token(number: usize) -> String {
    format!("number-{number}-{}", "r".repeat(490))
}

/// The request as the engine sends it, its answer read, and what is used of it kept.
async fn bare(client: &Client, address: &str, refresh_token: &str, kept: &mut Vec<Record>) {
    let mut form = form_urlencoded::Serializer::new(String::new());
    form.append_pair("grant_type", "refresh_token");
    form.append_pair("refresh_token", refresh_token);
    let request = client.http().post(address);
    let request = request
        .basic_auth("bench", Some("bench-secret-bench-secret-bench-1"))
        .header("content-type", "application/x-www-form-urlencoded")
        .header("accept", "application/json");
    let answer = request.body(form.finish()).send().await.expect("an answer");
    let answer = answer.bytes().await.expect("a body");
    let answer: Value = serde_json::from_slice(&answer).expect("JSON");
    let text = |member: &str| answer[member].as_str().expect("a text");
    kept.push(Record::of(text("access_token"), text("refresh_token")));
}

pub(super) async fn measure() {
    let endpoint = Endpoint::start(Arc::new(SetClock::default()));
    let client = endpoint.client(false);
    let address = format!("{}/auth/oauth2/token", endpoint.gateway);
    let companies = CompanyTokens::builder(&client)
        .requests_per_minute(10_000_000)
        .build();
    let mut kept = Vec::new();
    let (mut rounds, mut exchanges) = (Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        // Whoever adds a company has its grant at hand.
        let numbers = (round * ADDED)..((round + 1) * ADDED);
        let tokens: Vec<String> = numbers.clone().map(refresh_token).collect();
        let grants = || -> Vec<CompanyGrant> {
            let numbers = numbers.clone();
            numbers.map(|number| grant(&client, number)).collect()
        };
        let (alone, together) = (grants(), grants());
        let start = cpu();
        for token in tokens {
            bare(&client, &address, &token, &mut kept).await;
        }
        let floor = cpu() - start;
        let start = cpu();
        for grant in alone {
            let source = client.company(grant);
            drop(black_box(source.token().await.expect("a token")));
        }
        let exchange = cpu() - start;
        let start = cpu();
        for grant in together {
            let source = companies.insert(grant).await;
            source.expect("a grant").token().await.expect("a token");
        }
        let us = |time: Duration| time.as_secs_f64() * 1e6 / ADDED as f64;
        rounds.push((us(floor), us(cpu() - start)));
        exchanges.push((us(floor), us(exchange)));
    }
    ratio_row(
        "W3 adding a company, exchange included: CPU us",
        &rounds,
        "1.3",
        "1.1",
    );
    ratio_row(
        "W3 the same by a source of its own: CPU us",
        &exchanges,
        "-",
        "-",
    );
}
