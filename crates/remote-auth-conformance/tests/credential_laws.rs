//! The laws of what proves a client, and of the clocks by which it is dated, against a mock server.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use proptest::prelude::*;
use proptest::sample::select;
use remote_auth::{
    Client, ClientSecrets, Clock, ClockSkew, LiveSecret, SecretSource, SecretsFuture,
};
use remote_auth_conformance::strategy::{self, Credentials};
use remote_auth_conformance::{Answer, Attempt, Grant, Seen, Stage, law, mark};
use remote_oauth_client::BasicEncoding;
use ring::hmac;

const SEEDS: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/proptest-regressions/credential_laws.txt"
);

const JSON: Option<&str> = Some("application/json");

/// The refusals that a wrong secret has been seen to get, or must get by the RFC.
const WRONG_SECRET: [(u16, &str); 4] = [
    (401, r#"{"error":"invalid_client"}"#),
    (
        400,
        r#"{"error":"invalid_client","error_description":"kanarie4711xyzzy"}"#,
    ),
    (401, r#"{"message":"Unauthorized"}"#),
    (400, r#"{"error":"invalid_grant"}"#),
];

fn a_token() -> Answer {
    let body = r#"{"access_token":"t","token_type":"Bearer","expires_in":3600}"#;
    Answer::new(200, JSON, body)
}

/// Tells whether a request proves to come from who has this secret: by Basic, or by the assertion's signature.
fn proven_by(seen: &Seen, secret: &str, encoding: BasicEncoding) -> bool {
    let form = seen.form().unwrap_or_default();
    let assertion = form.iter().find(|(name, _)| name == "assertion");
    let signed = assertion.is_none_or(|(_, jwt)| {
        let Some((message, mac)) = jwt.rsplit_once('.') else {
            return false;
        };
        let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
        let mac = URL_SAFE_NO_PAD.decode(mac).unwrap_or_default();
        hmac::verify(&key, message.as_bytes(), &mac).is_ok()
    });
    let named = match seen.header("authorization")[..] {
        [] => assertion.is_some(),
        _ => seen.basic(encoding).is_some_and(|(_, sent)| sent == secret),
    };
    signed && named
}

/// Gives a token to who has the secret, and refuses everybody else.
fn server_of(
    live: String,
    encoding: BasicEncoding,
    refusal: (u16, &'static str),
) -> impl Fn(&Seen) -> Answer {
    move |seen| {
        if proven_by(seen, &live, encoding) {
            a_token()
        } else {
            Answer::new(refusal.0, JSON, refusal.1)
        }
    }
}

/// Three secrets, each unlike the others.
fn three_secrets() -> impl Strategy<Value = [String; 3]> {
    let parts = [strategy::secret(), strategy::secret(), strategy::secret()];
    parts.prop_map(|[a, b, c]| [format!("1{a}"), format!("2{b}"), format!("3{c}")])
}

/// Grants whose requests may be made again.
fn repeatable() -> impl Strategy<Value = Grant> {
    let kept = strategy::secret().prop_map(|refresh_token| Grant::RefreshToken { refresh_token });
    prop_oneof![Just(Grant::ClientCredentials), kept, Grant::jwt_bearer()]
}

#[test]
fn every_vschar_survives_either_encoding_of_basic() {
    let stage = Stage::take();
    let script = stage.answer(&a_token());
    let all: String = (' '..='~').collect();
    let each = (' '..='~').map(String::from).chain([all]);
    for (place, text) in each.enumerate() {
        for encoding in [BasicEncoding::Raw, BasicEncoding::FormUrlencoded] {
            // In the raw form the first colon parts the two, so none may be in the identifier.
            let id = match encoding {
                BasicEncoding::Raw => text.replace(':', "."),
                _ => text.clone(),
            };
            let credentials = Credentials {
                id: id.clone(),
                secret: text.clone(),
                encoding,
            };
            let attempt = Attempt {
                credentials,
                authenticate_assertions: false,
                grant: Grant::ClientCredentials,
            };
            let asked = stage.run(attempt.ask(&attempt.client(stage.gateway())));
            asked.expect("a token");
            let seen = script.seen().pop().expect("a request");
            assert_eq!(
                seen.basic(encoding),
                Some((id, text.clone())),
                "{place}: {text}"
            );
        }
    }
}

// Requirement: remote.skill.rule-rotate-leaked-secret
#[test]
fn of_two_secrets_the_one_that_works_is_found_told_and_used_first_from_then_on() {
    let stage = Stage::take();
    let inputs = (
        Attempt::by(repeatable()),
        three_secrets(),
        0..3_usize,
        select(&WRONG_SECRET[..]),
    );
    law(SEEDS, &inputs, |(attempt, secrets, live, refusal)| {
        let encoding = attempt.credentials.encoding;
        let server = server_of(secrets[live].clone(), encoding, refusal);
        let script = stage.answer_by(server);
        let both = ClientSecrets::rotating(secrets[0].as_str(), secrets[1].as_str());
        let client = attempt
            .builder(stage.gateway(), both)
            .build()
            .expect("a client");
        prop_assert_eq!(client.proven_secret(), None);
        let asked = stage.run(attempt.ask(&client));
        let expected = [Some(LiveSecret::Current), Some(LiveSecret::Previous), None][live];
        prop_assert_eq!(client.proven_secret(), expected);
        prop_assert_eq!(asked.is_ok(), expected.is_some(), "{:?}", asked);
        if let Err(error) = &asked {
            let told = mark::told_by(error);
            prop_assert_eq!(mark::find(&told), None, "{}", told);
        }
        let seen = script.seen();
        prop_assert_eq!(seen.len(), if live == 0 { 1 } else { 2 });
        for (seen, secret) in seen.iter().zip(&secrets) {
            prop_assert!(proven_by(seen, secret, encoding), "{seen:?}");
        }
        // Another source of the same client begins with what worked, and after a refusal with all that there is.
        client.client_credentials().reset();
        let again = stage.run(attempt.ask(&client));
        prop_assert_eq!(again.is_ok(), expected.is_some());
        let more = script.seen().len() - seen.len();
        prop_assert_eq!(more, if expected.is_some() { 1 } else { 2 });
        Ok(())
    });
}

#[test]
fn a_code_is_sent_once_and_the_next_begins_with_the_other_secret() {
    let stage = Stage::take();
    let inputs = (Attempt::by(Grant::authorization_code()), three_secrets());
    law(SEEDS, &inputs, |(attempt, secrets)| {
        let encoding = attempt.credentials.encoding;
        let script = stage.answer_by(server_of(secrets[1].clone(), encoding, WRONG_SECRET[0]));
        let both = ClientSecrets::rotating(secrets[0].as_str(), secrets[1].as_str());
        let client = attempt
            .builder(stage.gateway(), both)
            .build()
            .expect("a client");
        let asked = stage.run(attempt.ask(&client));
        let code = asked.err().map(|error| error.code());
        prop_assert_eq!(code, Some("refused.invalid_client"));
        prop_assert_eq!(script.seen().len(), 1);
        prop_assert!(stage.run(attempt.ask(&client)).is_ok());
        prop_assert_eq!(script.seen().len(), 2);
        prop_assert_eq!(client.proven_secret(), Some(LiveSecret::Previous));
        Ok(())
    });
}

#[test]
fn no_other_answer_casts_doubt_on_a_secret() {
    let stage = Stage::take();
    let answers = [
        Answer::new(400, JSON, r#"{"error":"invalid_request"}"#),
        Answer::new(400, JSON, r#"{"error":"invalid_scope"}"#),
        Answer::new(400, JSON, r#"{"error":"unauthorized_client"}"#),
        Answer::new(400, JSON, r#"{"error":"unsupported_grant_type"}"#),
        Answer::new(403, JSON, r#"{"error":"access_denied"}"#),
        Answer::new(401, Some("text/html"), "<h1>Who goes there</h1>"),
        Answer::new(429, JSON, r#"{"error":"invalid_client"}"#),
        Answer::new(500, JSON, r#"{"error":"invalid_client"}"#),
        Answer::new(200, JSON, "{}"),
    ];
    let inputs = (Attempt::any(), three_secrets(), select(answers.to_vec()));
    law(SEEDS, &inputs, |(attempt, secrets, answer)| {
        let script = stage.answer(&answer);
        let both = ClientSecrets::rotating(secrets[0].as_str(), secrets[1].as_str());
        let client = attempt
            .builder(stage.gateway(), both)
            .build()
            .expect("a client");
        prop_assert!(stage.run(attempt.ask(&client)).is_err());
        prop_assert_eq!(script.seen().len(), 1);
        Ok(())
    });
}

/// Loads whatever it was given last, and counts how often.
#[derive(Clone, Debug, Default)]
struct Vault(Arc<(Mutex<Option<ClientSecrets>>, AtomicUsize)>);

impl Vault {
    fn put(&self, secrets: impl Into<ClientSecrets>) {
        *self.0.0.lock().expect("nothing panics in there") = Some(secrets.into());
    }

    fn loads(&self) -> usize {
        self.0.1.load(Ordering::Relaxed)
    }
}

impl SecretSource for Vault {
    fn load(&self) -> SecretsFuture<'_> {
        self.0.1.fetch_add(1, Ordering::Relaxed);
        let secrets = self.0.0.lock().expect("nothing panics in there").clone();
        Box::pin(async { secrets })
    }
}

// Requirement: remote.skill.rule-rotate-leaked-secret
#[test]
fn a_refused_secret_is_loaded_again_and_the_request_made_once_more_at_most() {
    let stage = Stage::take();
    let inputs = (
        Attempt::by(repeatable()),
        three_secrets(),
        select(&WRONG_SECRET[..]),
    );
    law(SEEDS, &inputs, |(attempt, secrets, refusal)| {
        let encoding = attempt.credentials.encoding;
        let [old, new, other] = secrets;
        let vault = Vault::default();
        let builder = attempt.builder(stage.gateway(), old.as_str());
        let client = builder
            .secret_source(vault.clone())
            .build()
            .expect("a client");
        let ask = |script: &remote_auth_conformance::Script| {
            let before = script.seen().len();
            // A refused client is let be for a while; what follows is about its secrets.
            client.client_credentials().reset();
            let asked = stage.run(attempt.ask(&client));
            (asked.is_ok(), script.seen().len() - before)
        };

        // While it works nothing is loaded.
        let script = stage.answer_by(server_of(old.clone(), encoding, refusal));
        prop_assert_eq!((ask(&script), vault.loads()), ((true, 1), 0));
        // It is refused, and there is nothing else: an empty vault, the same again, and what cannot be sent.
        let script = stage.answer_by(server_of(new.clone(), encoding, refusal));
        prop_assert_eq!((ask(&script), vault.loads()), ((false, 1), 1));
        vault.put(old.as_str());
        prop_assert_eq!((ask(&script), vault.loads()), ((false, 1), 2));
        vault.put("s\u{e9}cret");
        prop_assert_eq!((ask(&script), vault.loads()), ((false, 1), 3));
        // There is another, and it is wrong too.
        vault.put(other.as_str());
        prop_assert_eq!((ask(&script), vault.loads()), ((false, 2), 4));
        // The right one, which is kept.
        vault.put(ClientSecrets::rotating(new.as_str(), other.as_str()));
        prop_assert_eq!((ask(&script), vault.loads()), ((true, 2), 5));
        prop_assert_eq!((ask(&script), vault.loads()), ((true, 1), 5));
        prop_assert_eq!(client.proven_secret(), Some(LiveSecret::Current));
        let shown = format!("{client:?}{client:#?}");
        prop_assert_eq!(mark::find(&shown), None, "{}", shown);
        Ok(())
    });
}

#[test]
fn a_program_that_is_told_of_a_secret_has_it_used_at_once() {
    let stage = Stage::take();
    let inputs = (Attempt::by(repeatable()), three_secrets());
    law(SEEDS, &inputs, |(attempt, [old, new, _])| {
        let encoding = attempt.credentials.encoding;
        let script = stage.answer_by(server_of(new.clone(), encoding, WRONG_SECRET[0]));
        let client = attempt
            .builder(stage.gateway(), old.as_str())
            .build()
            .expect("a client");
        let refused = client
            .replace_secrets("s\u{e9}cret")
            .map_err(|error| error.code());
        prop_assert_eq!(refused, Err("misuse.client_secret"));
        client
            .replace_secrets(ClientSecrets::rotating(new.as_str(), old.as_str()))
            .expect("secrets");
        prop_assert!(stage.run(attempt.ask(&client)).is_ok());
        prop_assert_eq!(script.seen().len(), 1);
        prop_assert_eq!(client.proven_secret(), Some(LiveSecret::Current));
        // The same again takes nothing away.
        client
            .replace_secrets(ClientSecrets::rotating(new.as_str(), old.as_str()))
            .expect("secrets");
        prop_assert_eq!(client.proven_secret(), Some(LiveSecret::Current));
        Ok(())
    });
}

/// A clock that shows what it was last set to.
#[derive(Debug)]
struct Hands(Mutex<(SystemTime, Duration)>);

impl Hands {
    fn at(wall: SystemTime, elapsed: Duration) -> Arc<Self> {
        Arc::new(Self(Mutex::new((wall, elapsed))))
    }

    fn set(&self, wall: SystemTime, elapsed: Duration) {
        *self.0.lock().expect("nothing panics in there") = (wall, elapsed);
    }
}

impl Clock for Hands {
    fn wall(&self) -> SystemTime {
        self.0.lock().expect("nothing panics in there").0
    }

    fn elapsed(&self) -> Duration {
        self.0.lock().expect("nothing panics in there").1
    }
}

/// Any time of day that the machine can express, the ends of its range among them.
fn any_time() -> impl Strategy<Value = SystemTime> {
    let seconds = prop_oneof![
        4 => any::<i64>(),
        4 => -1_000_000_000_000..1_000_000_000_000_i64,
        1 => select(&[i64::MIN, i64::MIN + 1, -1, 0, 1, i64::MAX - 1, i64::MAX][..]),
    ];
    (seconds, 0..1_000_000_000_u32).prop_map(|(seconds, nanos)| {
        let span = Duration::new(seconds.unsigned_abs(), 0);
        let time = match seconds {
            0.. => UNIX_EPOCH.checked_add(span),
            _ => UNIX_EPOCH.checked_sub(span),
        };
        let time = time.unwrap_or(UNIX_EPOCH);
        time.checked_add(Duration::new(0, nanos)).unwrap_or(time)
    })
}

fn any_span() -> impl Strategy<Value = Duration> {
    let edges = [Duration::ZERO, Duration::MAX, Duration::from_nanos(1)];
    prop_oneof![
        4 => (any::<u64>(), 0..1_000_000_000_u32).prop_map(|(s, n)| Duration::new(s, n)),
        4 => (0..1_000_000_u64).prop_map(Duration::from_secs),
        1 => select(edges.to_vec()),
    ]
}

/// How RFC 9110 writes the time; only for times that it can write.
fn http_date(unix_s: u64) -> String {
    let (days, second) = (unix_s / 86_400, unix_s % 86_400);
    let leap = |year: u64| {
        year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400))
    };
    let (mut year, mut left) = (1970, days);
    while left >= 365 + u64::from(leap(year)) {
        left -= 365 + u64::from(leap(year));
        year += 1;
    }
    let february = 28 + u64::from(leap(year));
    let lengths = [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let names = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(' ');
    let mut month = "";
    for (length, name) in lengths.into_iter().zip(names) {
        month = name;
        if left < length {
            break;
        }
        left -= length;
    }
    let weekdays = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
    let weekday = weekdays[usize::try_from(days % 7).expect("less than seven")];
    let (hour, minute) = (second / 3600, second / 60 % 60);
    format!(
        "{weekday}, {:02} {month} {year:04} {hour:02}:{minute:02}:{:02} GMT",
        left + 1,
        second % 60
    )
}

#[test]
fn no_pair_of_times_makes_anything_panic_or_a_dead_token_live() {
    let stage = Stage::take();
    let times = || (any_time(), any_span());
    let date = prop_oneof![
        (0..253_402_300_800_u64).prop_map(http_date),
        strategy::vschar()
    ];
    let inputs = (
        Attempt::by(repeatable()),
        times(),
        times(),
        any::<u64>(),
        date,
    );
    law(SEEDS, &inputs, |(attempt, start, later, life, date)| {
        let body = format!(r#"{{"access_token":"t","token_type":"Bearer","expires_in":{life}}}"#);
        let script = stage.answer(&Answer::new(200, JSON, body).with_header("date", date.trim()));
        let clock = Hands::at(start.0, start.1);
        let client = attempt.client_at(stage.gateway(), clock.clone());
        let source = client.client_credentials();
        let first = stage.run(source.token()).expect("a token");
        let life = Duration::from_secs(life.min(86_400));
        let ends = first.expires_at().expect("an end");
        prop_assert!(ends <= start.0.checked_add(life).unwrap_or(start.0));
        clock.set(later.0, later.1);
        let _ = (client.clock_skew(), format!("{first:?}"));
        // Either clock alone is enough to end it, and no `Date` keeps it alive.
        let dead = later.0 >= ends || later.1 >= start.1.saturating_add(life);
        let next = stage.run(source.token()).expect("a token");
        if dead {
            prop_assert!(
                next.generation() > first.generation(),
                "a dead token was served"
            );
        }
        prop_assert!(script.seen().len() <= 3);
        prop_assert!(stage.run(attempt.ask(&client)).is_ok());
        Ok(())
    });
}

#[test]
fn assertions_are_dated_by_the_servers_clock_and_tokens_by_ours() {
    const NOW_S: u64 = 1_750_000_000;
    const DAY_S: i64 = 24 * 60 * 60;
    let stage = Stage::take();
    let offset = prop_oneof![
        2 => -2 * DAY_S..2 * DAY_S,
        1 => -10..10_i64,
        1 => select(&[0, DAY_S, DAY_S + 2, -DAY_S - 1, -DAY_S - 2, 5, -6][..]),
    ];
    let grants = Attempt::by(Grant::jwt_bearer());
    law(SEEDS, &(grants, offset), |(attempt, offset)| {
        let server_s = NOW_S.saturating_add_signed(offset);
        let answer = a_token().with_header("date", http_date(server_s));
        let script = stage.answer(&answer);
        let now = UNIX_EPOCH + Duration::from_secs(NOW_S);
        let client = attempt.client_at(stage.gateway(), Hands::at(now, Duration::ZERO));
        for _ in 0..2 {
            let token = stage
                .run(attempt.ask(&client))
                .expect("a token")
                .expect("a token");
            prop_assert_eq!(token.expires_at(), Some(now + Duration::from_secs(3600)));
        }
        let [first_s, second_s] = [0, 1].map(|place| issued_at(&script.seen()[place]));
        prop_assert_eq!(first_s, Some(NOW_S), "nothing is known yet");
        // The least difference that explains a `Date` of whole seconds.
        let skew = match offset {
            5.. => Some(ClockSkew::Behind(Duration::from_secs(
                offset.unsigned_abs(),
            ))),
            ..=-6 => Some(ClockSkew::Ahead(Duration::from_secs(
                offset.unsigned_abs() - 1,
            ))),
            _ => None,
        };
        prop_assert_eq!(client.clock_skew(), skew);
        let expected_s = match skew {
            Some(ClockSkew::Behind(by)) if by.as_secs() <= 86_400 => NOW_S + by.as_secs(),
            Some(ClockSkew::Ahead(by)) if by.as_secs() <= 86_400 => NOW_S - by.as_secs(),
            _ => NOW_S,
        };
        prop_assert_eq!(second_s, Some(expected_s));
        Ok(())
    });
}

/// The `iat` of the assertion that a request carries.
fn issued_at(seen: &Seen) -> Option<u64> {
    let form = seen.form()?;
    let (_, jwt) = form.iter().find(|(name, _)| name == "assertion")?;
    let claims = URL_SAFE_NO_PAD.decode(jwt.split('.').nth(1)?).ok()?;
    let claims: serde_json::Value = serde_json::from_slice(&claims).ok()?;
    claims["iat"].as_u64()
}

#[test]
fn a_refused_assertion_says_that_the_clocks_differ_and_a_page_teaches_nothing() {
    let stage = Stage::take();
    let now = UNIX_EPOCH + Duration::from_secs(1_750_000_000);
    let date = http_date(1_750_003_600);
    let refusal = r#"{"error":"invalid_grant"}"#;
    let cases = [
        (400, JSON, refusal, &date[..], true, true),
        (400, JSON, refusal, "yesterday", false, false),
        (
            400,
            JSON,
            r#"{"error":"invalid_scope"}"#,
            &date,
            true,
            false,
        ),
        (
            502,
            Some("text/html"),
            "<h1>Bad gateway</h1>",
            &date,
            false,
            false,
        ),
        (500, JSON, refusal, &date, false, false),
    ];
    let attempt = Attempt {
        credentials: Credentials {
            id: "id".to_owned(),
            secret: mark::MARK.repeat(2),
            encoding: BasicEncoding::Raw,
        },
        authenticate_assertions: false,
        grant: Grant::JwtBearer {
            employment_id: "e-1".to_owned(),
            scope: "timeoff:read".to_owned(),
        },
    };
    for (status, media_type, body, date, learned, hinted) in cases {
        stage.answer(&Answer::new(status, media_type, body).with_header("date", date));
        let client: Client = attempt.client_at(stage.gateway(), Hands::at(now, Duration::ZERO));
        let error = stage.run(attempt.ask(&client)).expect_err(body);
        assert_eq!(
            client.clock_skew().is_some(),
            learned,
            "{status} {body} {date}"
        );
        let says_so = error.hints().iter().any(|hint| hint.contains("clock"));
        assert_eq!(says_so, hinted, "{status} {body} {date}");
    }
}
