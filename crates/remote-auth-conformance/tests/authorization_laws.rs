//! The laws of the authorization request and its callback.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use remote_auth::authorization::CODE_LIFE;
use remote_auth::{
    AcceptedCode, Client, Clock, CustomEnvironment, Environment, Error, PendingAuthorization,
};
use remote_auth_conformance::{Answer, ManualClock, Stage, law, strategy};

const SEEDS: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/proptest-regressions/authorization_laws.txt"
);

const REDIRECT_URI: &str = "https://partner.example/callback";
const GATEWAY: &str = "https://as.example";
const ISSUER: &str = "https://as.example/a+b%2Fc";
const BEGUN_S: u64 = 1_750_000_000;

/// The parameters that OAuth defines for a callback.
const DEFINED: [&str; 6] = [
    "code",
    "state",
    "iss",
    "error",
    "error_description",
    "error_uri",
];

fn client_in(environment: Environment, id: &str, clock: Arc<dyn Clock>) -> Client {
    let builder = Client::builder(environment).credentials(id, "secret");
    builder.clock(clock).build().expect("a client")
}

fn client_at(wall_s: u64) -> Client {
    client_in(Environment::Sandbox, "id", ManualClock::at(wall_s))
}

/// Begins, and returns the query of the address beside the pending value.
fn asked(client: &Client) -> (String, PendingAuthorization) {
    let (address, pending) = client.authorization(REDIRECT_URI).begin().expect("begun");
    (address.query().expect("a query").to_owned(), pending)
}

fn parameter(query: &str, name: &str) -> String {
    let mut pairs = form_urlencoded::parse(query.as_bytes());
    let found = pairs.find(|(known, _)| known == name);
    found.map_or_else(String::new, |(_, value)| value.into_owned())
}

/// Begins, and returns the state beside the pending value.
fn begin(client: &Client) -> (String, PendingAuthorization) {
    let (query, pending) = asked(client);
    (parameter(&query, "state"), pending)
}

fn verdict(judged: Result<AcceptedCode, Error>) -> Result<(), &'static str> {
    judged.map(drop).map_err(|error| error.code())
}

/// One parameter of a callback. What its value is depends on the state, which is known once the request is begun.
#[derive(Clone, Debug)]
struct Parameter {
    name: String,
    value: Value,
    writing: Writing,
}

#[derive(Clone, Debug)]
enum Value {
    State(Twist),
    Issuer,
    Text(String),
}

/// What was done to the state on its way.
#[derive(Clone, Copy, Debug)]
enum Twist {
    Nothing,
    Lower,
    Upper,
    CutFirst,
    CutLast,
    Doubled,
    Reversed,
    BlankAfter,
    NulAfter,
}

impl Twist {
    fn apply(self, state: &str) -> String {
        match self {
            Self::Nothing => state.to_owned(),
            Self::Lower => state.to_lowercase(),
            Self::Upper => state.to_uppercase(),
            Self::CutFirst => state[1..].to_owned(),
            Self::CutLast => state[..state.len() - 1].to_owned(),
            Self::Doubled => state.repeat(2),
            Self::Reversed => state.chars().rev().collect(),
            Self::BlankAfter => format!("{state} "),
            Self::NulAfter => format!("{state}\0"),
        }
    }
}

/// How a name and a value are written into a query.
#[derive(Clone, Copy, Debug)]
enum Writing {
    /// As forms are.
    Form,
    /// Every byte by its number.
    Numbers,
    /// As it is, whatever that makes of it.
    Raw,
}

impl Writing {
    fn write(self, text: &str) -> String {
        match self {
            Self::Form => form_urlencoded::byte_serialize(text.as_bytes()).collect(),
            Self::Numbers => text.bytes().map(|byte| format!("%{byte:02x}")).collect(),
            Self::Raw => text.to_owned(),
        }
    }
}

fn writing() -> impl Strategy<Value = Writing> {
    prop_oneof![
        4 => Just(Writing::Form),
        2 => Just(Writing::Numbers),
        1 => Just(Writing::Raw),
    ]
}

fn parameter_of(
    name: impl Strategy<Value = String>,
    value: impl Strategy<Value = Value>,
) -> impl Strategy<Value = Parameter> {
    (name, value, writing()).prop_map(|(name, value, writing)| Parameter {
        name,
        value,
        writing,
    })
}

fn named(
    name: &'static str,
    value: impl Strategy<Value = Value> + 'static,
) -> BoxedStrategy<Parameter> {
    parameter_of(Just(name.to_owned()), value).boxed()
}

fn twist() -> impl Strategy<Value = Value> {
    use Twist::{
        BlankAfter, CutFirst, CutLast, Doubled, Lower, Nothing, NulAfter, Reversed, Upper,
    };
    let twisted = [
        Lower, Upper, CutFirst, CutLast, Doubled, Reversed, BlankAfter, NulAfter,
    ];
    prop_oneof![Just(Nothing), select(twisted.to_vec())].prop_map(Value::State)
}

/// Makes parameters that an honest callback does not have.
fn odd() -> impl Strategy<Value = Parameter> {
    let odd = [
        "State",
        "CODE",
        "state ",
        "state[]",
        "",
        "session_state",
        "redirect_uri",
    ];
    let names = prop_oneof![
        3 => select(DEFINED.to_vec()).prop_map(str::to_owned),
        2 => select(odd.to_vec()).prop_map(str::to_owned),
        1 => strategy::text(),
    ];
    let values = prop_oneof![
        2 => twist(),
        1 => Just(Value::Issuer),
        1 => Just(Value::Text("access_denied".to_owned())),
        2 => strategy::text().prop_map(Value::Text),
    ];
    parameter_of(names, values)
}

/// Makes callbacks out of an honest one: something may be missing, something may come on top, in any order.
fn parameters() -> impl Strategy<Value = Vec<Parameter>> {
    let state = prop_oneof![6 => Just(Value::State(Twist::Nothing)), 1 => twist()];
    let honest = (
        prop::option::weighted(0.9, named("state", state)),
        prop::option::weighted(0.9, named("code", strategy::vschar().prop_map(Value::Text))),
        prop::option::weighted(0.4, named("iss", Just(Value::Issuer))),
    );
    let more = prop_oneof![3 => Just(0..1_usize), 2 => Just(1..4)].prop_flat_map(|n| vec(odd(), n));
    (honest, more)
        .prop_map(|((state, code, iss), more)| {
            [state, code, iss]
                .into_iter()
                .flatten()
                .chain(more)
                .collect()
        })
        .prop_shuffle()
}

fn query(parameters: &[Parameter], state: &str, issuer: &str) -> String {
    let write = |parameter: &Parameter| {
        let value = match &parameter.value {
            Value::State(twist) => twist.apply(state),
            Value::Issuer => issuer.to_owned(),
            Value::Text(text) => text.clone(),
        };
        let [name, value] = [&parameter.name, &value].map(|text| parameter.writing.write(text));
        format!("{name}={value}")
    };
    parameters.iter().map(write).collect::<Vec<_>>().join("&")
}

/// Reads a query by hand, as bytes.
fn read(query: &str) -> Vec<(Vec<u8>, Vec<u8>)> {
    let query = query.split('#').next().unwrap_or_default();
    let parts = query.split('&').filter(|part| !part.is_empty());
    let pair = |part: &str| {
        let (name, value) = part.split_once('=').unwrap_or((part, ""));
        (decoded(name), decoded(value))
    };
    parts.map(pair).collect()
}

fn decoded(text: &str) -> Vec<u8> {
    let hex = |byte: u8| {
        char::from(byte)
            .to_digit(16)
            .and_then(|digit| u8::try_from(digit).ok())
    };
    let mut rest = text.as_bytes();
    let mut bytes = Vec::new();
    while let Some((&first, after)) = rest.split_first() {
        rest = after;
        bytes.push(match (first, after) {
            (b'+', _) => b' ',
            (b'%', &[high, low, ..]) => match (hex(high), hex(low)) {
                (Some(high), Some(low)) => {
                    rest = &after[2..];
                    high * 16 + low
                }
                _ => b'%',
            },
            _ => first,
        });
    }
    bytes
}

/// What a callback deserves.
fn deserved(query: &str, state: &str, issuer: &str, required: bool) -> Result<(), &'static str> {
    if query.chars().any(|c| c == ' ' || c.is_ascii_control()) {
        return Err("mismatched.redirect_uri");
    }
    let pairs = read(query);
    let all = |name: &str| -> Vec<&[u8]> {
        let named = pairs.iter().filter(|(known, _)| known == name.as_bytes());
        named.map(|(_, value)| value.as_slice()).collect()
    };
    if DEFINED.iter().any(|name| all(name).len() > 1) {
        return Err("mismatched.duplicate");
    }
    if all("state") != [state.as_bytes()] {
        return Err("mismatched.state");
    }
    match all("iss")[..] {
        [named] if named != issuer.as_bytes() => return Err("mismatched.issuer"),
        [] if required => return Err("mismatched.issuer"),
        _ => {}
    }
    match (&all("error")[..], &all("code")[..]) {
        ([b"access_denied"], _) => Err("refused.access_denied"),
        ([_], _) => Err("refused.unknown"),
        ([], [code]) if !code.is_empty() && code.iter().all(|b| (0x20..=0x7e).contains(b)) => {
            Ok(())
        }
        _ => Err("deviated.no_code"),
    }
}

#[test]
fn a_callback_is_accepted_if_it_deserves_it_and_refused_for_the_first_reason_not_to() {
    let custom = || CustomEnvironment::new(GATEWAY).expect("https");
    let client = |environment| client_in(environment, "id", ManualClock::at(BEGUN_S));
    let lenient = (client(custom().into()), GATEWAY, false);
    let strict = (client(custom().with_issuer(ISSUER).into()), ISSUER, true);
    let inputs = (parameters(), any::<bool>(), any::<bool>());
    law(SEEDS, &inputs, |(parameters, strictly, whole)| {
        let (client, issuer, required) = if strictly { &strict } else { &lenient };
        let (state, pending) = begin(client);
        let query = query(&parameters, &state, issuer);
        let place = if whole { REDIRECT_URI } else { "/callback" };
        let judged = verdict(pending.accept(format!("{place}?{query}")));
        prop_assert_eq!(
            judged,
            deserved(&query, &state, issuer, *required),
            "{}",
            query
        );
        Ok(())
    });
}

#[test]
fn text_from_anywhere_is_no_callback() {
    let client = client_at(BEGUN_S);
    let places = [
        "",
        "?",
        "/callback?",
        "https://partner.example/callback?",
        "//partner.example",
    ];
    let inputs = (select(places.to_vec()), strategy::text());
    law(SEEDS, &inputs, |(place, text)| {
        let (_, pending) = begin(&client);
        let judged = verdict(pending.accept(format!("{place}{text}")));
        prop_assert!(judged.is_err_and(|code| code.starts_with("mismatched.")));
        Ok(())
    });
}

#[test]
fn a_code_that_is_too_old_is_not_sent() {
    let stage = Stage::take();
    let second = Duration::from_secs(1);
    let body = r#"{"access_token":"t","token_type":"Bearer","refresh_token":"r"}"#;
    let script = stage.answer(&Answer::new(200, Some("application/json"), body));
    for (age, code, sent) in [
        (CODE_LIFE - second, None, 1),
        (CODE_LIFE, Some("misuse.stale_code"), 1),
        (CODE_LIFE * 100, Some("misuse.stale_code"), 1),
    ] {
        let clock = ManualClock::at(BEGUN_S);
        let environment = Environment::custom(stage.gateway()).expect("loopback");
        let client = client_in(environment, "id", Arc::clone(&clock) as _);
        let (state, pending) = begin(&client);
        let accepted = pending
            .accept(format!("?code=c&state={state}"))
            .expect("a code");
        clock.advance(age);
        let redeemed = stage.run(client.redeem(accepted));
        assert_eq!(redeemed.err().map(|error| error.code()), code, "{age:?}");
        assert_eq!(script.seen().len(), sent, "{age:?}");
    }
}

#[test]
fn states_and_challenges_have_256_bits_that_all_vary_and_none_comes_twice() {
    const REQUESTS: usize = 20_000;
    let client = client_at(BEGUN_S);
    let mut seen = HashSet::new();
    let mut ones = [[0_usize; 256]; 2];
    for _ in 0..REQUESTS {
        let (query, _) = asked(&client);
        for (name, ones) in ["state", "code_challenge"].into_iter().zip(&mut ones) {
            let text = parameter(&query, name);
            let bytes = URL_SAFE_NO_PAD
                .decode(&text)
                .expect("base64url without padding");
            assert_eq!((text.len(), bytes.len()), (43, 32), "{name}");
            for (bit, ones) in ones.iter_mut().enumerate() {
                *ones += usize::from(bytes[bit / 8] >> (bit % 8) & 1);
            }
            assert!(seen.insert(bytes), "{name} came twice");
        }
    }
    // A fair bit is outside this range less than once in 10^40 runs.
    let fair = REQUESTS * 45 / 100..REQUESTS * 55 / 100;
    assert!(
        ones.iter().flatten().all(|ones| fair.contains(ones)),
        "{ones:?}"
    );
}
