//! The laws of a sealed authorization: it opens for whom it was sealed, once, in its time, unchanged.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use remote_auth::authorization::{
    CLOCKS_APART_MAX, PENDING_LIFE, SEALED_LEN_MAX, SealingKey, SealingKeys, UsedInMemory,
};
use remote_auth::{Client, CustomEnvironment, Environment, Error, PendingAuthorization};
use remote_auth_conformance::{ManualClock, law, strategy};

const SEEDS: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/proptest-regressions/seal_laws.txt"
);

const REDIRECT_URI: &str = "https://partner.example/callback";
const ISSUER: &str = "https://as.example/issuer";
const BEGUN_S: u64 = 1_750_000_000;

fn client_in(environment: Environment, id: &str, wall_s: u64) -> Client {
    let builder = Client::builder(environment).credentials(id, "secret");
    builder
        .clock(ManualClock::at(wall_s))
        .build()
        .expect("a client")
}

fn client_at(wall_s: u64) -> Client {
    client_in(Environment::Sandbox, "id", wall_s)
}

/// Begins, and returns the state beside the pending value.
fn begin(client: &Client) -> (String, PendingAuthorization) {
    let (address, pending) = client.authorization(REDIRECT_URI).begin().expect("begun");
    let state = address.query_pairs().find(|(name, _)| name == "state");
    (state.expect("a state").1.into_owned(), pending)
}

/// What the processes of one web application share.
#[derive(Clone, Debug)]
struct Web {
    key: [u8; 32],
    session: Vec<u8>,
}

fn web() -> impl Strategy<Value = Web> {
    (any::<[u8; 32]>(), vec(any::<u8>(), 1..48)).prop_map(|(key, session)| Web { key, session })
}

fn key(bytes: &[u8; 32]) -> SealingKey {
    SealingKey::from_bytes(bytes).expect("32 bytes")
}

impl Web {
    fn keys(&self) -> SealingKeys {
        key(&self.key).into()
    }

    /// Begins in one process, and returns the state beside the sealed text.
    fn begin(&self, client: &Client) -> (String, String) {
        let (state, pending) = begin(client);
        let sealed = pending.seal(&self.keys(), &self.session).expect("sealed");
        (state, sealed.into_string())
    }

    /// Opens in another process.
    fn open(
        &self,
        client: &Client,
        sealed: &str,
        used: &UsedInMemory,
    ) -> Result<PendingAuthorization, Error> {
        opened(client, sealed, &self.session, &self.keys(), used)
    }
}

fn opened(
    client: &Client,
    sealed: &str,
    session: &[u8],
    keys: &SealingKeys,
    used: &UsedInMemory,
) -> Result<PendingAuthorization, Error> {
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    let runtime = runtime.expect("a runtime needs nothing but the operating system");
    runtime.block_on(PendingAuthorization::open(
        client, sealed, session, keys, used,
    ))
}

fn code(opened: &Result<PendingAuthorization, Error>) -> Option<&'static str> {
    opened.as_ref().err().map(Error::code)
}

// Requirement: rfc9700.2.1.state-bound-to-session, rfc9700.2.1.state-once
#[test]
fn a_seal_opens_for_its_session_and_key_only_and_once_only() {
    let (one, other) = (client_at(BEGUN_S), client_at(BEGUN_S + 60));
    law(SEEDS, &(web(), web()), |(web, stranger)| {
        prop_assume!(web.key != stranger.key && web.session != stranger.session);
        let used = UsedInMemory::new();
        let (state, sealed) = web.begin(&one);
        for (session, keys) in [
            (&stranger.session, web.keys()),
            (&web.session, stranger.keys()),
            (&[&web.session[..], b"x"].concat(), web.keys()),
            (&web.session[1..].to_vec(), web.keys()),
        ] {
            let opened = opened(&other, &sealed, session, &keys, &used);
            prop_assert_eq!(code(&opened), Some("mismatched.sealed"));
        }
        // Who failed has not used it up.
        let first = web.open(&other, &sealed, &used);
        let first = first.map_err(|error| TestCaseError::fail(error.code()))?;
        let accepted = first.accept(format!("{REDIRECT_URI}?code=c&state={state}"));
        prop_assert!(accepted.is_ok(), "{accepted:?}");
        prop_assert_eq!(
            code(&web.open(&other, &sealed, &used)),
            Some("mismatched.used")
        );
        prop_assert_eq!(
            code(&web.open(&one, &sealed, &used)),
            Some("mismatched.used")
        );
        Ok(())
    });
}

/// What can happen to a text. Places are chosen in proportion to its length.
#[derive(Clone, Debug)]
enum Harm {
    Flip(Index, u8),
    Put(Index, char),
    Insert(Index, char),
    Drop(Index),
    CutFrom(Index),
    CutTo(Index),
    Swap(Index, Index),
    Turn(Index),
    Append(String),
    Case,
}

fn harm() -> impl Strategy<Value = Harm> {
    let at = any::<Index>;
    let letter = || {
        let base64 = ('a'..='z').chain('A'..='Z').chain('0'..='9');
        select(base64.chain("-_.=+/ é\n".chars()).collect::<Vec<_>>())
    };
    prop_oneof![
        4 => (at(), 0..7_u8).prop_map(|(at, bit)| Harm::Flip(at, bit)),
        4 => (at(), letter()).prop_map(|(at, letter)| Harm::Put(at, letter)),
        2 => (at(), letter()).prop_map(|(at, letter)| Harm::Insert(at, letter)),
        1 => at().prop_map(Harm::Drop),
        1 => at().prop_map(Harm::CutFrom),
        1 => at().prop_map(Harm::CutTo),
        2 => (at(), at()).prop_map(|(one, other)| Harm::Swap(one, other)),
        1 => at().prop_map(Harm::Turn),
        1 => strategy::text().prop_map(Harm::Append),
        1 => Just(Harm::Case),
    ]
}

impl Harm {
    fn apply(&self, text: &str) -> String {
        let mut letters: Vec<char> = text.chars().collect();
        let count = letters.len();
        let place = |index: &Index| index.index(count);
        match self {
            Self::Flip(at, bit) => {
                let letter = &mut letters[place(at)];
                let flipped = char::from_u32(u32::from(*letter) ^ 1 << bit);
                *letter = flipped.expect("surrogates fill whole blocks of 128");
            }
            Self::Put(at, letter) => letters[place(at)] = *letter,
            Self::Insert(at, letter) => letters.insert(place(at), *letter),
            Self::Drop(at) => drop(letters.remove(place(at))),
            Self::CutFrom(at) => letters.truncate(place(at)),
            Self::CutTo(at) => drop(letters.drain(..=place(at))),
            Self::Swap(one, other) => letters.swap(place(one), place(other)),
            Self::Turn(at) => letters.rotate_left(place(at)),
            Self::Append(more) => letters.extend(more.chars()),
            Self::Case => return text.to_uppercase(),
        }
        letters.into_iter().collect()
    }
}

#[test]
fn a_changed_seal_does_not_open() {
    let client = client_at(BEGUN_S);
    let web = Web {
        key: [7; 32],
        session: b"session".to_vec(),
    };
    law(SEEDS, &vec(harm(), 1..3), |harms| {
        let used = UsedInMemory::new();
        let (_, sealed) = web.begin(&client);
        let changed = harms.iter().fold(sealed.clone(), |text, harm| {
            if text.is_empty() {
                text
            } else {
                harm.apply(&text)
            }
        });
        prop_assume!(changed != sealed);
        prop_assert_eq!(
            code(&web.open(&client, &changed, &used)),
            Some("mismatched.sealed")
        );
        prop_assert_eq!(code(&web.open(&client, &sealed, &used)), None);
        Ok(())
    });
}

#[test]
fn no_single_bit_of_a_seal_can_be_other_and_no_two_seals_can_be_joined() {
    let client = client_at(BEGUN_S);
    let web = Web {
        key: [7; 32],
        session: b"session".to_vec(),
    };
    let used = UsedInMemory::new();
    let (one, other) = (web.begin(&client).1, web.begin(&client).1);
    assert_eq!(one.len(), other.len());
    assert_ne!(one, other);
    let refused = |text: &str, what: &str| {
        let opened = web.open(&client, text, &used);
        assert_eq!(code(&opened), Some("mismatched.sealed"), "{what}");
    };
    for at in 0..one.len() {
        for bit in 0..7 {
            let mut bytes = one.clone().into_bytes();
            bytes[at] ^= 1 << bit;
            let changed = String::from_utf8(bytes).expect("seven bits stay seven bits");
            refused(&changed, "a flipped bit");
        }
        let joined = [&one[..at], &other[at..]].concat();
        if joined != one && joined != other {
            refused(&joined, "two halves");
        }
    }
    assert_eq!(code(&web.open(&client, &one, &used)), None);
    assert_eq!(code(&web.open(&client, &other, &used)), None);
}

#[test]
fn text_from_anywhere_is_no_seal() {
    let client = client_at(BEGUN_S);
    let letters = ('a'..='z')
        .chain('A'..='Z')
        .chain('0'..='9')
        .chain(['-', '_']);
    let letters = select(letters.collect::<Vec<_>>());
    let alike = vec(letters, 0..SEALED_LEN_MAX + 8).prop_map(String::from_iter);
    let texts = prop_oneof![
        strategy::text(),
        strategy::text().prop_map(|text| format!("ra1.{text}")),
        alike.prop_map(|text| format!("ra1.{text}")),
    ];
    law(SEEDS, &(web(), texts), |(web, text)| {
        let opened = web.open(&client, &text, &UsedInMemory::new());
        prop_assert_eq!(code(&opened), Some("mismatched.sealed"));
        Ok(())
    });
}

#[test]
fn a_seal_opens_in_its_time_only() {
    let client = client_at(BEGUN_S);
    let (life_s, apart_s) = (PENDING_LIFE.as_secs(), CLOCKS_APART_MAX.as_secs());
    let edges = select(vec![
        BEGUN_S - apart_s - 1,
        BEGUN_S - apart_s,
        BEGUN_S,
        BEGUN_S + life_s,
        BEGUN_S + life_s + 1,
        0,
        u64::from(u32::MAX),
    ]);
    let near = BEGUN_S - 2 * life_s..BEGUN_S + 2 * life_s;
    let times = prop_oneof![edges, near, 0..1_u64 << 40];
    law(SEEDS, &(web(), times), |(web, opened_s)| {
        let (_, sealed) = web.begin(&client);
        let in_time = (BEGUN_S - apart_s..=BEGUN_S + life_s).contains(&opened_s);
        let opened = web.open(&client_at(opened_s), &sealed, &UsedInMemory::new());
        let expected = (!in_time).then_some("mismatched.expired");
        prop_assert_eq!(code(&opened), expected);
        Ok(())
    });
}

#[test]
fn a_key_that_was_replaced_still_opens_and_one_that_was_dropped_does_not() {
    let client = client_at(BEGUN_S);
    let [old, new, next] = [[1; 32], [2; 32], [3; 32]];
    for (sealing, opening, opens) in [
        (
            SealingKeys::new(key(&old)),
            SealingKeys::new(key(&new)).also(key(&old)),
            true,
        ),
        (
            SealingKeys::new(key(&old)),
            SealingKeys::new(key(&next)).also(key(&new)).also(key(&old)),
            true,
        ),
        (
            SealingKeys::new(key(&new)).also(key(&old)),
            SealingKeys::new(key(&new)),
            true,
        ),
        (
            SealingKeys::new(key(&new)).also(key(&old)),
            SealingKeys::new(key(&old)),
            false,
        ),
        (
            SealingKeys::new(key(&old)),
            SealingKeys::new(key(&new)).also(key(&next)),
            false,
        ),
    ] {
        let (_, pending) = begin(&client);
        let sealed = pending.seal(&sealing, b"session").expect("sealed");
        let used = UsedInMemory::new();
        let opened = opened(&client, sealed.as_str(), b"session", &opening, &used);
        assert_eq!(opened.is_ok(), opens, "{sealing:?} {opening:?}");
    }
}

#[test]
fn a_seal_opens_for_its_environment_and_client_only() {
    let custom = |gateway| CustomEnvironment::new(gateway).expect("https");
    let here = || custom("https://as.example");
    let whose: [(Environment, &str); 8] = [
        (Environment::Production, "id"),
        (Environment::Sandbox, "id"),
        (Environment::Sandbox, "other"),
        (here().into(), "id"),
        (here().with_issuer("https://as.example").into(), "id"),
        (here().with_issuer(ISSUER).into(), "id"),
        (custom("https://as.example:444").into(), "id"),
        (
            Environment::gogox("https://as.example").expect("https"),
            "id",
        ),
    ];
    let clients = whose.map(|(environment, id)| client_in(environment, id, BEGUN_S));
    let web = Web {
        key: [7; 32],
        session: b"session".to_vec(),
    };
    // The last is of a provider that asks nobody for consent.
    for (begun, one) in clients[..7].iter().enumerate() {
        for (opening, other) in clients.iter().enumerate() {
            let opened = web.open(other, &web.begin(one).1, &UsedInMemory::new());
            let expected = (begun != opening).then_some("environment.grant");
            assert_eq!(code(&opened), expected, "{one:?} {other:?}");
        }
    }
}
