//! Answers of the token endpoint: good, nearly good, refusals of both families, and rubbish.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};

use super::{marked, scope, secret, text, vschar};
use crate::answer::{Answer, Members, Refusal, Value};
use crate::mark::MARK;

/// The status codes that the description names, and the one for success.
pub const DOCUMENTED: &[u16] = &[200, 400, 401, 404, 422, 429];

/// Makes a number of seconds as any server could write it.
pub fn number() -> impl Strategy<Value = Value> {
    let edges: &[(&str, u64)] = &[
        ("0", 0),
        ("-0", 0),
        ("-1", 0),
        ("-9223372036854775809", 0),
        ("-1e400", 0),
        ("0.9", 0),
        ("1e-3", 0),
        ("1e3", 1_000),
        ("36E+2", 3_600),
        ("3600.0", 3_600),
        ("86399", 86_399),
        ("86400", 86_400),
        ("86401", 86_401),
        ("4294967296", 1 << 32),
        ("9223372036854775807", (1 << 63) - 1),
        ("9223372036854775808", 1 << 63),
        ("18446744073709551615", u64::MAX),
        ("18446744073709551616", u64::MAX),
        ("1e400", u64::MAX),
    ];
    let written = prop_oneof![
        2 => select(edges.to_vec()).prop_map(|(written, seconds)| (written.to_owned(), seconds)),
        2 => (0..100_000_u64).prop_map(|seconds| (seconds.to_string(), seconds)),
        1 => any::<u64>().prop_map(|seconds| (seconds.to_string(), seconds)),
        1 => (0..100_000_u64, 0..1_000_u32)
            .prop_map(|(seconds, rest)| (format!("{seconds}.{rest:03}"), seconds)),
        1 => (1..400_usize).prop_map(|digits| ("9".repeat(20 + digits), u64::MAX)),
    ];
    (written, prop::bool::weighted(0.3)).prop_map(|((written, seconds), quoted)| {
        if quoted {
            Value::Quoted(written, seconds)
        } else {
            Value::Number(written, seconds)
        }
    })
}

/// Makes a value of any shape, with the mark in its text.
pub fn value() -> BoxedStrategy<Value> {
    let member = (vschar(), marked().prop_map(Value::Text));
    prop_oneof![
        2 => Just(Value::Null),
        1 => any::<bool>().prop_map(Value::Bool),
        2 => marked().prop_map(Value::Text),
        2 => text().prop_map(Value::Text),
        1 => vschar().prop_map(Value::Escaped),
        2 => number(),
        1 => Just(Value::Surrogate),
        1 => vec(marked().prop_map(Value::Text), 0..3).prop_map(Value::List),
        2 => vec(member, 0..3).prop_map(Value::Object),
        1 => (1..100_usize).prop_map(Value::Deep),
    ]
    .boxed()
}

fn kind() -> impl Strategy<Value = Value> {
    select(&["Bearer", "bearer", "BEARER", "bEaReR"][..])
        .prop_map(|kind| Value::Text(kind.to_owned()))
}

fn access_token() -> impl Strategy<Value = Value> {
    prop_oneof![
        4 => secret().prop_map(Value::Text),
        1 => secret().prop_map(Value::Escaped),
    ]
}

/// Makes an object that RFC 6749 section 5.1 allows, with any of the optional members and unknown ones besides.
pub fn good_members() -> BoxedStrategy<Members> {
    let optional = vec![
        ("refresh_token", marked().prop_map(Value::Text).boxed()),
        ("scope", text().prop_map(Value::Text).boxed()),
        ("scope", scope().prop_map(Value::Text).boxed()),
        ("company_id", text().prop_map(Value::Text).boxed()),
        ("user_id", text().prop_map(Value::Text).boxed()),
        ("expires_in", number().boxed()),
        ("expires_in", Just(Value::Null).boxed()),
        ("refresh_token", Just(Value::Null).boxed()),
        ("error", Just(Value::Null).boxed()),
        ("error_description", marked().prop_map(Value::Text).boxed()),
        ("unknown", value().boxed()),
        ("id_token", value().boxed()),
    ];
    let chosen = subsequence(optional, 0..=6).prop_flat_map(|chosen| {
        chosen
            .into_iter()
            .map(|(name, value)| value.prop_map(move |value| (name.to_owned(), value)))
            .collect::<Vec<_>>()
    });
    (access_token(), kind(), chosen)
        .prop_map(|(token, kind, chosen)| {
            let mut members = Members(Vec::new());
            for (name, value) in chosen {
                members.set(&name, value);
            }
            members.set("access_token", token);
            members.set("token_type", kind);
            members.0
        })
        .prop_shuffle()
        .prop_map(Members)
        .boxed()
}

/// Makes a good answer whose point is `expires_in`: a number, or nothing.
pub fn lifetime() -> impl Strategy<Value = Answer> {
    (good_members(), option::weighted(0.9, number())).prop_map(|(mut members, number)| {
        members.set("expires_in", number.unwrap_or(Value::Null));
        Answer::object(200, Some("application/json"), members)
    })
}

/// Makes a good answer whose point is `scope`: tokens, no tokens, or nothing.
pub fn scoped() -> impl Strategy<Value = Answer> {
    (good_members(), option::weighted(0.8, scope())).prop_map(|(mut members, scope)| {
        members.set("scope", scope.map_or(Value::Null, Value::Text));
        Answer::object(200, Some("application/json"), members)
    })
}

/// Makes an object in which one thing, or a few, may be out of order.
pub fn near_members() -> BoxedStrategy<Members> {
    let name = select(
        &[
            "access_token",
            "token_type",
            "expires_in",
            "refresh_token",
            "scope",
            "company_id",
            "user_id",
            "error",
            "error_description",
        ][..],
    );
    let broken = prop_oneof![
        3 => value(),
        1 => select(&["", "\n", "a\tb", "é", "\u{7f}", "mac", "Bearer ", "\0"][..])
            .prop_map(|text| Value::Text(text.to_owned())),
    ];
    let spoil = (
        name,
        option::weighted(0.8, broken),
        prop::bool::weighted(0.25),
    );
    (good_members(), vec(spoil, 1..3))
        .prop_map(|(mut members, spoils)| {
            for (name, value, again) in spoils {
                match value {
                    Some(value) if again => members.0.push((name.to_owned(), value)),
                    Some(value) => members.set(name, value),
                    None => members.0.retain(|(known, _)| known != name),
                }
            }
            members
        })
        .boxed()
}

/// Makes a success that is good but for one thing, which is enough to take no token from it.
pub fn undeserving() -> BoxedStrategy<Answer> {
    let of = |name: &'static str, values: Vec<Value>| {
        select(values).prop_map(move |value| (name, Some(value)))
    };
    let text = |text: &str| Value::Text(text.to_owned());
    let not_a_token = ["", "a\tb", "a\n", "\0", "\u{7f}", "caf\u{e9}", "\u{1f980}"];
    let not_a_token = not_a_token.into_iter().map(text).chain([
        Value::Null,
        Value::Bool(true),
        Value::Number("17".to_owned(), 17),
        Value::List(vec![text("t")]),
        Value::Object(vec![("token".to_owned(), text("t"))]),
    ]);
    let not_bearer = [
        "",
        "mac",
        "Bearer ",
        " Bearer",
        "Bearer,DPoP",
        "Basic",
        "N_A",
        MARK,
    ];
    let not_bearer = not_bearer.into_iter().map(text).chain([Value::Null]);
    let errors = ["invalid_grant", "", MARK].map(text).to_vec();
    let fault = prop_oneof![
        2 => of("access_token", not_a_token.collect()),
        2 => of("token_type", not_bearer.collect()),
        1 => of("error", errors),
        1 => select(&["access_token", "token_type"][..]).prop_map(|name| (name, None)),
    ];
    (good_members(), fault)
        .prop_map(|(mut members, (name, value))| {
            match value {
                Some(value) => members.set(name, value),
                None => members.0.retain(|(known, _)| known != name),
            }
            Answer::object(200, Some("application/json"), members)
        })
        .boxed()
}

/// Makes a good token under another status than 200, with an address to go on to.
pub fn elsewhere(address: String) -> impl Strategy<Value = Answer> {
    let redirects = select(&[300_u16, 301, 302, 303, 304, 305, 307, 308][..]);
    let status = prop_oneof![2 => redirects, 1 => 201..=208_u16, 1 => 300..=999_u16];
    (status, good_members()).prop_map(move |(status, members)| {
        Answer::object(status, Some("application/json"), members)
            .with_header("location", address.clone())
    })
}

/// Makes a body that is no JSON object at all.
pub fn rubbish() -> BoxedStrategy<Vec<u8>> {
    let cut = (good_members(), any::<prop::sample::Index>()).prop_map(|(members, at)| {
        let json = members.json().into_bytes();
        json[..at.index(json.len())].to_vec()
    });
    let extended = (
        good_members(),
        select(&["x", "{}", ",", "]", "\0", "//"][..]),
    )
        .prop_map(|(members, tail)| [members.json().as_bytes(), tail.as_bytes()].concat());
    let unquoted = marked().prop_map(|mark| format!("{{access_token:{mark}}}").into_bytes());
    let not_utf8 = Just(b"{\"access_token\":\"\xff\xfe\",\"token_type\":\"Bearer\"}".to_vec());
    let surrogate = Just(b"{\"access_token\":\"\\ud800\",\"token_type\":\"Bearer\"}".to_vec());
    let page = marked().prop_map(|mark| format!("<html><body>{mark}</body></html>").into_bytes());
    let form = Just(format!("access_token={MARK}&token_type=Bearer").into_bytes());
    let other_json = value()
        .prop_filter("objects are made elsewhere", |value| {
            !matches!(value, Value::Object(_))
        })
        .prop_map(|value| value.json().into_bytes());
    let noise = vec(any::<u8>(), 0..64).prop_map(|noise| [&b"\xfe"[..], &noise].concat());
    // The members of a success by position, as some decoders of records accept them.
    let by_position = marked().prop_map(|mark| {
        format!("[\"{mark}\",null,null,null,3600,null,null,\"Bearer\",null]").into_bytes()
    });
    prop_oneof![
        3 => cut,
        1 => by_position,
        2 => extended,
        2 => page,
        1 => form,
        1 => unquoted,
        1 => not_utf8,
        1 => surrogate,
        1 => other_json,
        1 => noise,
    ]
    .boxed()
}

/// Makes a status, the documented ones first.
pub fn status() -> impl Strategy<Value = u16> {
    prop_oneof![
        4 => select(DOCUMENTED),
        2 => select(&[201_u16, 204, 206, 301, 302, 303, 307, 308, 403, 408, 500, 502, 503, 504][..]),
        1 => 200..=599_u16,
        1 => 600..=999_u16,
    ]
}

/// Makes a media type, or none.
pub fn media_type() -> impl Strategy<Value = Option<String>> {
    let known = [
        "application/json",
        "application/json; charset=utf-8",
        "Application/JSON",
        "application/problem+json",
        "text/html",
        "text/plain",
        "application/x-www-form-urlencoded",
        "",
    ];
    prop_oneof![
        6 => select(known.to_vec()).prop_map(|known| Some(known.to_owned())),
        1 => Just(None),
        1 => Just(Some(format!("text/{MARK}"))),
    ]
}

/// Makes any answer, with marks in its headers now and then.
pub fn answer() -> BoxedStrategy<Answer> {
    let ok = |weight| prop_oneof![weight => Just(200), 1 => status()];
    let json = || Just(Some("application/json".to_owned()));
    let object = |(status, media_type, members): (u16, Option<String>, Members)| {
        Answer::object(status, media_type.as_deref(), members)
    };
    let kinds = prop_oneof![
        3 => (ok(6), prop_oneof![json(), media_type()], good_members()).prop_map(object),
        4 => (ok(9), json(), near_members()).prop_map(object),
        2 => (status(), media_type(), rubbish())
            .prop_map(|(status, media_type, body)| Answer::new(status, media_type.as_deref(), body)),
        2 => refusal().prop_map(|refusal| refusal.answer),
    ];
    let header = select(
        &[
            "location",
            "www-authenticate",
            "retry-after",
            "x-ratelimit-reset",
            "set-cookie",
            "x-request-id",
        ][..],
    );
    (kinds, option::weighted(0.3, (header, marked_header())))
        .prop_map(|(answer, header)| match header {
            Some((name, value)) => answer.with_header(name, value),
            None => answer,
        })
        .boxed()
}

fn marked_header() -> impl Strategy<Value = String> {
    prop_oneof![
        Just(format!("/{MARK}")),
        Just(format!("http://127.0.0.1:1/{MARK}?code={MARK}")),
        Just(format!("Bearer error=\"{MARK}\"")),
    ]
}

/// Makes a refusal of either family with a documented status other than 429.
///
/// Remote's guides show the family of RFC 6749; its platform answers with a message in place of a word, which is text,
/// an object or a list.
pub fn refusal() -> BoxedStrategy<Refusal> {
    let words = [
        "invalid_request",
        "invalid_client",
        "invalid_grant",
        "unauthorized_client",
        "unsupported_grant_type",
        "invalid_scope",
    ];
    let status = || select(&[400_u16, 401, 404, 422][..]);
    let described = || option::of(prop_oneof![marked(), text()]);
    let by_word = (
        status(),
        select(words.to_vec()),
        described(),
        option::of(value()),
    );
    let by_word = by_word.prop_map(|(status, word, description, unknown)| {
        let mut members = vec![("error".to_owned(), Value::Text(word.to_owned()))];
        members.extend(
            description
                .clone()
                .map(|text| ("error_description".to_owned(), Value::Text(text))),
        );
        members.extend(unknown.map(|value| ("error_uri".to_owned(), value)));
        refused(status, members, Some(word), description)
    });
    let by_message = (status(), prop_oneof![marked(), text()]).prop_map(|(status, text)| {
        let members = vec![("message".to_owned(), Value::Text(text.clone()))];
        refused(status, members, None, Some(text))
    });
    let structured = (
        status(),
        select(&["message", "errors"][..]),
        marked(),
        any::<bool>(),
    );
    let structured = structured.prop_map(|(status, name, mark, list)| {
        let text = Value::Text(mark);
        let inner = if list {
            Value::List(vec![text])
        } else {
            Value::Object(vec![("code".to_owned(), text)])
        };
        refused(status, vec![(name.to_owned(), inner)], None, None)
    });
    prop_oneof![3 => by_word, 2 => by_message, 2 => structured].boxed()
}

fn refused(
    status: u16,
    members: Vec<(String, Value)>,
    word: Option<&'static str>,
    description: Option<String>,
) -> Refusal {
    Refusal {
        answer: Answer::object(status, Some("application/json"), Members(members)),
        word,
        description,
    }
}

#[cfg(test)]
mod tests {
    use proptest::strategy::ValueTree;
    use proptest::test_runner::TestRunner;

    use super::*;

    fn sample(count: usize) -> Vec<Answer> {
        let mut runner = TestRunner::deterministic();
        let strategy = answer();
        let one = |_| strategy.new_tree(&mut runner).expect("an answer").current();
        (0..count).map(one).collect()
    }

    #[test]
    fn both_sides_of_every_line_are_reached() {
        let answers = sample(600);
        let share = |matches: fn(&Answer) -> bool| {
            let hits = answers.iter().filter(|answer| matches(answer)).count();
            hits * 100 / answers.len()
        };
        let sound = share(Answer::is_sound);
        let odd = share(|answer| answer.token().is_some() && !answer.is_sound());
        let none = share(|answer| answer.status == 200 && answer.token().is_none());
        let rest = share(|answer| answer.status != 200);
        assert!(
            sound >= 15 && odd >= 1 && none >= 15 && rest >= 20,
            "{sound} {odd} {none} {rest}"
        );
    }

    #[test]
    fn what_an_answer_deserves_is_what_another_parser_reads_in_it() {
        for answer in sample(600) {
            let read = serde_json::from_slice::<serde_json::Value>(&answer.body).ok();
            let object = read.as_ref().and_then(serde_json::Value::as_object);
            if answer.members.is_none() {
                let json = String::from_utf8_lossy(&answer.body);
                assert!(
                    object.is_none_or(|object| !object.contains_key("access_token")),
                    "{json}"
                );
            }
            if let (Some(token), Some(object)) = (answer.token(), object) {
                assert_eq!(object["access_token"], token);
                assert!(
                    object["token_type"]
                        .as_str()
                        .expect("text")
                        .eq_ignore_ascii_case("bearer")
                );
            }
        }
    }
}
