//! Rows for scripted faults: what a plain client sees of each, and what became of its request.

use std::{io, time::Duration};

use remote_auth_sandbox::{
    Fault, Gateway, Gateway::Sandbox as GATEWAY, Match, Rule, Rule::*, Sandbox,
};
use serde_json::json;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::Instant,
};

use crate::bench::{Ask, Bench, JWT_BEARER, OTHER_CLIENT, Reply, TOKEN, note, text};

/// What comes back over the line.
#[derive(Debug)]
pub(crate) enum Sees {
    /// An answer with this status, this header and a body that holds this.
    Answer(u16, (&'static str, &'static str), &'static str),
    /// An answer of which this many bytes of the body come, fewer than promised.
    Part(usize),
    /// An end without a byte.
    Nothing,
    Reset,
}

/// Whether a code was redeemed under the fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Commit {
    Done,
    NotDone,
}

const JSON: (&str, &str) = ("content-type", "application/json");

fn kinds() -> Vec<(Fault, Sees, Commit)> {
    use Commit::{Done, NotDone};
    use Sees::{Answer, Nothing, Part};
    let own = |text: &str| text.to_owned();
    vec![
        (
            Fault::Refuse {
                status: 503,
                error: own("temporarily_unavailable"),
                error_description: Some(own("later")),
            },
            Answer(
                503,
                ("cache-control", "no-store"),
                r#"{"error":"temporarily_unavailable","error_description":"later"}"#,
            ),
            NotDone,
        ),
        (
            Fault::Refuse {
                status: 401,
                error: own("invalid_client"),
                error_description: None,
            },
            Answer(
                401,
                ("www-authenticate", "Basic realm=\"remote-auth-sandbox\""),
                r#"{"error":"invalid_client"}"#,
            ),
            NotDone,
        ),
        (
            Fault::RefuseWithMessage {
                status: 500,
                message: own("Broken"),
            },
            Answer(500, JSON, r#"{"message":"Broken"}"#),
            NotDone,
        ),
        (
            Fault::Answer {
                status: 200,
                media_type: own("text/html"),
                body: own("<h1>Captive portal</h1>"),
            },
            Answer(
                200,
                ("content-type", "text/html"),
                "<h1>Captive portal</h1>",
            ),
            NotDone,
        ),
        (
            Fault::RateLimit {
                reset: Duration::from_millis(1_500),
            },
            Answer(429, ("x-ratelimit-reset", "1500"), "Too many requests"),
            NotDone,
        ),
        (Fault::DropBeforeCommit, Nothing, NotDone),
        (Fault::DropAfterCommit, Nothing, Done),
        (Fault::ResetBeforeCommit, Sees::Reset, NotDone),
        (Fault::ResetAfterCommit, Sees::Reset, Done),
        (Fault::Truncate { bytes: 10 }, Part(10), Done),
        (
            Fault::MediaType {
                media_type: own("text/plain"),
            },
            Answer(200, ("content-type", "text/plain"), "access_token"),
            Done,
        ),
        (
            Fault::Oversize { bytes: 3 << 20 },
            Answer(200, ("content-length", "3145728"), "access_token"),
            Done,
        ),
        (
            // The bench's clock stands at the beginning of 2026.
            Fault::SkewDate { by_s: -86_400 },
            Answer(
                200,
                ("date", "Wed, 31 Dec 2025 00:00:00 GMT"),
                "access_token",
            ),
            Done,
        ),
        (
            Fault::Delay { by: Duration::ZERO },
            Answer(200, JSON, "access_token"),
            Done,
        ),
        (
            Fault::Drip {
                bytes: 7,
                pause: Duration::ZERO,
            },
            Answer(200, JSON, "access_token"),
            Done,
        ),
        (
            Fault::RotateRefreshToken,
            Answer(200, JSON, "refresh_token"),
            Done,
        ),
    ]
}

pub(crate) async fn rows() {
    for (fault, sees, commit) in kinds() {
        kind(fault, sees, commit).await;
    }
}

#[tokio::test]
async fn each_kind_of_fault_is_seen_and_commits_as_its_row_says() {
    rows().await;
}

async fn kind(fault: Fault, sees: Sees, commit: Commit) {
    let bench = Bench::new().await;
    let row = fault.kind();
    let code = bench.code(GATEWAY, &[]).await;
    let form = [("grant_type", "authorization_code"), ("code", &*code)];
    bench.sandbox.next_token_request().fault(fault);

    let ask = bench.token_request(&form);
    let mut stream = ask.post(bench.sandbox.gateway_url(GATEWAY)).await;
    see(row, &mut stream, &sees).await;

    let ledger = bench.sandbox.ledger();
    let met = ledger.last().unwrap();
    assert_eq!(met.fault, Some(row));
    let expected = match (&sees, commit) {
        (Sees::Answer(status, ..), Commit::NotDone) => (*status, Scripted),
        (_, Commit::NotDone) => (0, Scripted),
        (_, Commit::Done) => (200, CodeRedeemed),
    };
    assert_eq!((met.status, met.rule), expected, "{row}");
    note(met.rule);

    let again = match commit {
        Commit::Done => (400, CodeSingleUse),
        Commit::NotDone => (200, CodeRedeemed),
    };
    let ask = bench.token_request(&form);
    bench.check(row, GATEWAY, ask, again).await;
    assert_eq!(bench.sandbox.ledger().last().unwrap().fault, None);
}

/// Reads what comes back and fails unless it is what the row says.
pub(crate) async fn see(row: &str, stream: &mut TcpStream, sees: &Sees) {
    let mut bytes = Vec::new();
    let end = stream.read_to_end(&mut bytes).await;
    if let Sees::Reset = sees {
        assert_eq!(
            end.unwrap_err().kind(),
            io::ErrorKind::ConnectionReset,
            "{row}"
        );
        assert_eq!(bytes, b"", "{row}");
        return;
    }
    end.expect("the connection ends in order");
    match sees {
        Sees::Nothing => assert_eq!(bytes, b"", "{row}"),
        Sees::Answer(status, (name, value), body) => {
            let reply = Reply::from(bytes);
            assert_eq!(reply.status, *status, "{row}");
            assert_eq!(reply.header(name), Some(*value), "{row}");
            assert!(reply.body.contains(body), "{row}: {}", reply.body);
            let length = reply.body.len().to_string();
            assert_eq!(reply.header("content-length"), Some(&*length), "{row}");
        }
        Sees::Part(length) => {
            let reply = Reply::from(bytes);
            assert_eq!(reply.body.len(), *length, "{row}");
            let promised: usize = reply.header("content-length").unwrap().parse().unwrap();
            assert!(promised > *length, "{row}");
        }
        Sees::Reset => unreachable!("a reset was judged above"),
    }
}

#[tokio::test]
async fn faults_meet_requests_in_the_order_in_which_they_were_scripted() {
    let bench = Bench::new().await;
    let sandbox = &bench.sandbox;
    sandbox.next_token_request().times(2).refuse(503, "first");
    sandbox.next_requests(2).refuse_with_message(500, "second");
    sandbox.next_token_request().refuse(400, "third");
    assert_eq!(sandbox.pending_faults().len(), 3);
    let form = [("grant_type", "client_credentials")];
    let token = |status, rule| (bench.token_request(&form), (status, rule));
    let other = |status, rule| (Ask::get("/v1/identity/current"), (status, rule));
    for (ask, expected) in [
        token(503, Scripted),
        // Not a token request, so the first fault waits on and the second is met.
        other(500, Scripted),
        token(503, Scripted),
        token(500, Scripted),
        other(401, BearerPresent),
        token(400, Scripted),
        token(200, ClientCredentialsIssued),
    ] {
        bench.check("in order", GATEWAY, ask, expected).await;
    }
    assert_eq!(sandbox.pending_faults(), []);
}

#[tokio::test]
async fn a_fault_waits_for_a_request_that_fits() {
    let bench = Bench::new().await;
    let id = bench.sandbox.client_id();
    let granted = bench.consented(GATEWAY, &[]).await;
    let (access, refresh) = (
        text(&granted, "access_token"),
        text(&granted, "refresh_token"),
    );
    let assertion = bench.assertion(&bench.claims(GATEWAY, &bench.manager()));
    let refresh = || {
        let form = [
            ("grant_type", "refresh_token"),
            ("refresh_token", &*refresh),
        ];
        bench.token_request(&form)
    };
    let asserted = || {
        Ask::form(
            TOKEN,
            &[("grant_type", JWT_BEARER), ("assertion", &assertion)],
        )
    };
    let form = [("grant_type", "client_credentials")];
    let stranger = || Ask::form(TOKEN, &form).basic(OTHER_CLIENT.0, OTHER_CLIENT.1);
    let identity = || Ask::get("/v1/identity/current").bearer(&access);
    let delete = || Ask::new("DELETE", "/v1/webhook-callbacks/1").bearer(&access);
    let any = Match::any;
    let cases = [
        ("any", any(), identity(), true),
        ("a token request", Match::token_request(), refresh(), true),
        ("another path", Match::token_request(), identity(), false),
        ("its method", any().method("DELETE"), delete(), true),
        ("another method", any().method("POST"), delete(), false),
        (
            "a path as shown",
            any().path("/v1/webhook-callbacks/{id}"),
            delete(),
            true,
        ),
        (
            "a path as sent",
            any().path("/v1/webhook-callbacks/1"),
            delete(),
            true,
        ),
        (
            "its grant type",
            any().grant_type("refresh_token"),
            refresh(),
            true,
        ),
        (
            "another grant type",
            any().grant_type("refresh_token"),
            asserted(),
            false,
        ),
        (
            "no grant type",
            any().grant_type("refresh_token"),
            identity(),
            false,
        ),
        (
            "the client of a header",
            any().client_id(id),
            refresh(),
            true,
        ),
        ("another client", any().client_id(id), stranger(), false),
        (
            "the client of an assertion",
            any().client_id(id),
            asserted(),
            true,
        ),
        (
            "the client of a token",
            any().client_id(id),
            identity(),
            true,
        ),
        ("its gateway", any().gateway(GATEWAY), identity(), true),
        (
            "another gateway",
            any().gateway(Gateway::Production),
            identity(),
            false,
        ),
    ];
    for (row, matching, ask, fits) in cases {
        bench.sandbox.on(matching).refuse(599, "met");
        let reply = ask.send(bench.sandbox.gateway_url(GATEWAY)).await;
        assert_eq!(reply.status == 599, fits, "{row}");
        assert_eq!(bench.sandbox.pending_faults().is_empty(), fits, "{row}");
        bench.sandbox.clear_faults();
    }
}

#[tokio::test]
async fn a_request_from_elsewhere_uses_up_no_fault() {
    let bench = Bench::new().await;
    bench.sandbox.next_request().refuse(400, "met");
    let ask = Ask::get("/").host("attacker.example");
    bench
        .check("foreign", GATEWAY, ask, (421, HostIsLoopback))
        .await;
    assert_eq!(bench.sandbox.pending_faults().len(), 1);
}

#[tokio::test]
async fn one_refresh_can_rotate_its_token_where_others_do_not() {
    let bench = Bench::new().await;
    let first = text(&bench.consented(GATEWAY, &[]).await, "refresh_token");
    let refresh = async |token: &str, expected: (u16, Rule)| {
        let form = [("grant_type", "refresh_token"), ("refresh_token", token)];
        let ask = bench.token_request(&form);
        bench.check("a refresh", GATEWAY, ask, expected).await
    };
    bench.sandbox.next_token_request().rotate_refresh_token();
    let second = text(
        &refresh(&first, (200, RefreshRotated)).await.json(),
        "refresh_token",
    );
    assert_ne!(first, second);
    let same = text(
        &refresh(&second, (200, RefreshIssued)).await.json(),
        "refresh_token",
    );
    assert_eq!(second, same);
    refresh(&first, (400, RefreshSingleUse)).await;
}

#[tokio::test(start_paused = true)]
async fn waits_follow_the_runtimes_timer_where_the_clock_is_real() {
    let sandbox = Sandbox::start().await.unwrap();
    let ask = || Ask::get("/v1/identity/current");
    let here = sandbox.gateway_url(GATEWAY);
    let minute = Duration::from_secs(60);

    let start = Instant::now();
    sandbox.next_request().delay(minute);
    assert_eq!(ask().send(here).await.status, 401);
    assert!(start.elapsed() >= minute, "{:?}", start.elapsed());

    let whole = ask().send(here).await.body;
    let pieces = u32::try_from(whole.len().div_ceil(4)).unwrap();
    let start = Instant::now();
    sandbox.next_request().fault(Fault::Drip {
        bytes: 4,
        pause: minute,
    });
    assert_eq!(ask().send(here).await.body, whole);
    assert!(
        start.elapsed() >= minute * (pieces - 1),
        "{:?}",
        start.elapsed()
    );
    assert!(
        start.elapsed() < minute * (pieces + 1),
        "{:?}",
        start.elapsed()
    );
}

#[tokio::test]
async fn waits_follow_a_manual_clock_and_end_with_the_sandbox() {
    let bench = Bench::new().await;
    let form = [("grant_type", "client_credentials")];
    let here = bench.sandbox.gateway_url(GATEWAY).to_owned();
    let delayed = || {
        bench.sandbox.next_request().delay(Duration::from_secs(60));
        let (ask, here) = (bench.token_request(&form), here.clone());
        tokio::spawn(async move { ask.send(&here).await.status })
    };
    let decided = async |requests: usize| {
        while bench.sandbox.ledger().len() < requests {
            tokio::task::yield_now().await;
        }
    };

    let first = delayed();
    decided(1).await;
    bench.advance_s(59);
    // A request that is answered meanwhile gives the delayed one every chance.
    bench.partner_token(GATEWAY).await;
    assert!(!first.is_finished(), "the minute is not over");
    bench.advance_s(1);
    assert_eq!(first.await.unwrap(), 200);

    let second = delayed();
    decided(3).await;
    bench.sandbox.shutdown().await;
    assert_eq!(second.await.unwrap(), 200);
}

#[tokio::test]
async fn what_a_script_holds_is_shown_nowhere() {
    let bench = Bench::new().await;
    let body = r#"{"access_token":"canary"}"#;
    let script = bench.sandbox.next_request();
    let mut shown = format!("{script:?}");
    script.answer(200, "application/json", body);
    shown += &format!("{:?}", bench.sandbox.pending_faults());
    let reply = Ask::get("/").send(bench.sandbox.gateway_url(GATEWAY)).await;
    assert_eq!(reply.json(), json!({ "access_token": "canary" }));
    shown += &format!("{:?} {:?}", bench.sandbox.ledger(), bench.sandbox);
    assert!(!shown.contains("canary"), "{shown}");
}

#[tokio::test]
async fn a_connection_lives_on_after_a_fault_that_only_answers() {
    let bench = Bench::new().await;
    bench.sandbox.next_request().refuse(503, "once");
    let here = bench.sandbox.gateway_url(GATEWAY);
    let authority = here.trim_start_matches("http://");
    let mut stream = TcpStream::connect(authority).await.unwrap();
    let get = |last: &str| format!("GET /x HTTP/1.1\r\nhost: {authority}\r\n{last}\r\n");
    let both = get("") + &get("connection: close\r\n");
    stream.write_all(both.as_bytes()).await.unwrap();
    let mut answers = String::new();
    stream.read_to_string(&mut answers).await.unwrap();
    let statuses: Vec<&str> = answers
        .match_indices("HTTP/1.1 ")
        .map(|(place, _)| &answers[place + 9..place + 12])
        .collect();
    assert_eq!(statuses, ["503", "404"]);
}
