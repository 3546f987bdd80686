//! What happens when a connection misbehaves in ways that no HTTP server would.

use std::time::Duration;

use remote_auth::{Client, Environment, Error};
use remote_auth_conformance::strategy::Credentials;
use remote_auth_conformance::{Attempt, Ending, Grant, RawServer, mark};
use remote_oauth_client::support::BODY_BYTES_MAX;

/// How long a client under test waits for a server that hangs.
const BRIEF: Duration = Duration::from_millis(400);

/// How long it waits for any other, which is over long before that on the busiest machine.
const AMPLE: Duration = Duration::from_secs(60);

const TOKEN: &str = r#"{"access_token":"kanarie4711xyzzy","token_type":"Bearer"}"#;
const HEAD: &str = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n";
const PIECE: &[u8] = &[b' '; 64 << 10];

fn attempts() -> [Attempt; 4] {
    let grants = [
        Grant::ClientCredentials,
        Grant::AuthorizationCode {
            code: mark::MARK.to_owned(),
            redirect_uri: "https://partner.example/callback".to_owned(),
        },
        Grant::RefreshToken {
            refresh_token: mark::MARK.to_owned(),
        },
        Grant::JwtBearer {
            employment_id: "e-1".to_owned(),
            scope: "timeoff:read".to_owned(),
        },
    ];
    grants.map(Attempt::marked)
}

fn client(attempt: &Attempt, gateway: &str, timeout: Duration) -> Client {
    let environment = Environment::custom(gateway).expect("loopback");
    let Credentials { id, secret, .. } = &attempt.credentials;
    let builder = Client::builder(environment).credentials(id, secret.as_str());
    builder.timeout(timeout).build().expect("a client")
}

/// Asks by each grant a server that behaves so; returns the codes of the errors, and how much of an answer was taken.
async fn met_with(says: &str, ending: Ending) -> (Vec<Option<&'static str>>, u64) {
    let (mut codes, mut most) = (Vec::new(), 0);
    for attempt in attempts() {
        let server = RawServer::start(says, ending).await.expect("a socket");
        let timeout = if ending == Ending::Hang { BRIEF } else { AMPLE };
        let client = client(&attempt, server.gateway(), timeout);
        let asked = tokio::time::timeout(timeout * 10, attempt.ask(&client)).await;
        let asked = asked.expect("every exchange ends in the time that it was given");
        assert_eq!(server.requests(), 1, "sent once: {:?}", attempt.grant);
        if let Err(error) = &asked {
            let told = mark::told_by(error);
            assert_eq!(mark::find(&told), None, "{told}");
        }
        codes.push(asked.err().map(|error| Error::code(&error)));
        most = most.max(server.bytes_sent());
    }
    (codes, most)
}

#[tokio::test]
async fn a_connection_that_breaks_gives_one_clear_error_and_no_second_request() {
    let short = format!("{HEAD}content-length: 900\r\n\r\n{TOKEN}");
    let chunked = format!("{HEAD}transfer-encoding: chunked\r\n\r\n39\r\n{TOKEN}\r\n");
    let broken = "unreachable.broken";
    let cases = [
        ("no answer", "", Ending::Close, broken),
        ("no answer", "", Ending::Reset, broken),
        ("no answer", "", Ending::Hang, "unreachable.timed_out"),
        ("another protocol", "SSH-2.0-x\r\n", Ending::Close, broken),
        ("half a head", HEAD, Ending::Close, broken),
        ("half a head", HEAD, Ending::Hang, "unreachable.timed_out"),
        ("half a body", &short, Ending::Close, broken),
        ("half a body", &short, Ending::Reset, broken),
        ("half a body", &short, Ending::Hang, "unreachable.timed_out"),
        ("no last chunk", &chunked, Ending::Close, broken),
        ("no last chunk", &chunked, Ending::Reset, broken),
    ];
    for (case, says, ending, code) in cases {
        let (codes, _) = met_with(says, ending).await;
        assert_eq!(codes, [Some(code); 4], "{case}, {ending:?}");
    }
}

// Requirement: rfc6749.10.14.answer-bounded
#[tokio::test]
async fn what_never_ends_is_left_after_a_bounded_amount() {
    let endless_ok = format!("{HEAD}\r\n");
    let endless_refusal = endless_ok.replace("200 OK", "400 Bad Request");
    let endless_failure = endless_ok.replace("200 OK", "500 Oops");
    let endless_page = endless_ok.replace("application/json", "text/html");
    // Many at a time: the client must come to its limit before its time is up, on a busy machine too.
    let lines: &'static [u8] = b"x: y\r\n".repeat(256).leak();
    let cases: &[(&str, &str, &[u8], &str)] = &[
        ("a body", &endless_ok, PIECE, "deviated.too_large"),
        ("a refusal", &endless_refusal, PIECE, "deviated.too_large"),
        ("a page", &endless_page, PIECE, "deviated.too_large"),
        (
            "a failure",
            &endless_failure,
            PIECE,
            "unreachable.server_failing",
        ),
        ("a head", HEAD, lines, "unreachable.broken"),
        (
            "a status line",
            "HTTP/1.1 200 ",
            PIECE,
            "unreachable.broken",
        ),
    ];
    // Beyond the limit on a body there are only the buffers of two sockets.
    let bytes_max = BODY_BYTES_MAX as u64 + (16 << 20);
    for (case, says, piece, code) in cases {
        let (codes, bytes) = met_with(says, Ending::Repeat(piece)).await;
        assert_eq!(codes, [Some(*code); 4], "{case}");
        assert!(bytes < bytes_max, "{case}: {bytes} bytes were taken");
    }
}

#[tokio::test]
async fn interim_answers_are_passed_over_and_do_not_stop_the_clock() {
    let interim = "HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n";
    let length = TOKEN.len();
    let final_answer = format!("{interim}{interim}{HEAD}content-length: {length}\r\n\r\n{TOKEN}");
    let (codes, _) = met_with(&final_answer, Ending::Close).await;
    assert_eq!(codes, [None; 4]);
    let (codes, _) = met_with(interim, Ending::Hang).await;
    assert_eq!(codes, [Some("unreachable.timed_out"); 4]);
}

// Requirement: rfc6749.10.14.answer-bounded
#[tokio::test]
async fn a_body_is_read_up_to_its_limit_and_no_further() {
    let padded = |bytes: usize| format!("{TOKEN}{}", " ".repeat(bytes - TOKEN.len()));
    let sized = |bytes: usize| format!("{HEAD}content-length: {bytes}\r\n\r\n{}", padded(bytes));
    let to_the_end = |bytes: usize| format!("{HEAD}connection: close\r\n\r\n{}", padded(bytes));
    let too_large = Some("deviated.too_large");
    let cases = [
        ("sized, at the limit", sized(BODY_BYTES_MAX), None),
        ("sized, one more", sized(BODY_BYTES_MAX + 1), too_large),
        ("unsized, at the limit", to_the_end(BODY_BYTES_MAX), None),
        (
            "unsized, one more",
            to_the_end(BODY_BYTES_MAX + 1),
            too_large,
        ),
        (
            "announced only",
            format!("{HEAD}content-length: 99999999999\r\n\r\n"),
            too_large,
        ),
    ];
    for (case, says, code) in cases {
        let (codes, _) = met_with(&says, Ending::Close).await;
        assert_eq!(codes, [code; 4], "{case}");
    }
}

#[tokio::test]
async fn where_nothing_listens_nothing_was_sent() {
    let server = RawServer::start("", Ending::Close).await.expect("a socket");
    let gateway = server.gateway().to_owned();
    server.stop().await;
    for attempt in attempts() {
        match attempt.ask(&client(&attempt, &gateway, AMPLE)).await {
            Err(Error::Unreachable(unreachable)) => {
                assert!(!unreachable.may_have_been_sent());
                assert_eq!(
                    Error::Unreachable(unreachable).code(),
                    "unreachable.refused"
                );
            }
            other => panic!("{other:?}"),
        }
    }
}
