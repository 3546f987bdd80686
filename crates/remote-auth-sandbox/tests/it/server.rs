//! The server around the rules: hosts, bodies, starting and stopping.

use std::{io, net::IpAddr, time::Duration};

use remote_auth_sandbox::{
    Builder, Gateway, Gateway::Sandbox as GATEWAY, Registration, Rule, Sandbox,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    time::Instant,
};

use crate::bench::{AUTHORIZE, Ask, Bench, Reply, TOKEN};

pub(crate) async fn rows() {
    let bench = Bench::new().await;
    let form = || bench.token_request(&[("grant_type", "client_credentials")]);
    let padded = |length: usize| {
        let body = format!("grant_type=client_credentials&x={}", "x".repeat(length));
        body[..length].to_owned()
    };
    let (bounded, issued) = (Rule::BodyIsBounded, Rule::ClientCredentialsIssued);
    let (path, method) = (Rule::PathServed, Rule::MethodServed);
    let cases = [
        (
            "a foreign host",
            form().host("attacker.example"),
            421,
            Rule::HostIsLoopback,
        ),
        (
            "an absolute foreign target",
            Ask::get("http://attacker.example/v1/employments"),
            421,
            Rule::HostIsLoopback,
        ),
        ("localhost", form().host("localhost:1"), 200, issued),
        ("64 KiB", form().body(padded(64 * 1024)), 200, issued),
        (
            "more than 64 KiB",
            form().body(padded(64 * 1024 + 1)),
            413,
            bounded,
        ),
        (
            "the wrong path of a catalogue",
            Ask::form("/oauth2/token", &[]),
            404,
            path,
        ),
        ("an unknown path", Ask::get("/v1/payslips"), 404, path),
        ("GET at the token endpoint", Ask::get(TOKEN), 405, method),
        (
            "DELETE at the platform",
            Ask::new("DELETE", "/v1/companies"),
            405,
            method,
        ),
    ];
    for (row, ask, status, rule) in cases {
        let reply = bench.check(row, GATEWAY, ask, (status, rule)).await;
        assert_eq!(reply.header("allow").is_some(), status == 405, "{row}");
    }
    let shown: Vec<&str> = bench
        .sandbox
        .ledger()
        .iter()
        .map(|entry| entry.path)
        .collect();
    assert!(
        shown.contains(&"/oauth2/token") && shown.contains(&"(other)"),
        "{shown:?}"
    );
}

#[tokio::test]
async fn requests_are_bounded_row_by_row() {
    rows().await;
}

#[tokio::test]
async fn head_is_answered_as_get_is_and_without_a_body() {
    let bench = Bench::with(Sandbox::builder()).await;
    for target in [&*format!("{AUTHORIZE}?client_id=nobody"), "/v1/companies"] {
        let [get, head] = ["GET", "HEAD"].map(|method| Ask::new(method, target));
        let get = get.send(bench.sandbox.gateway_url(GATEWAY)).await;
        let head = head.send(bench.sandbox.gateway_url(GATEWAY)).await;
        assert_eq!(head.status, get.status, "{target}");
        assert_eq!((head.body.is_empty(), get.body.is_empty()), (true, false));
        let rules: Vec<Rule> = bench
            .sandbox
            .ledger()
            .iter()
            .map(|seen| seen.rule)
            .collect();
        assert_eq!(rules[rules.len() - 1], rules[rules.len() - 2], "{target}");
    }
}

/// Promises a body, waits until the gateway asks for it, and sends none.
pub(crate) async fn stalled(sandbox: &Sandbox) -> TcpStream {
    let authority = sandbox.gateway_url(GATEWAY).trim_start_matches("http://");
    let mut stream = TcpStream::connect(authority).await.unwrap();
    let promise = "content-length: 9\r\nexpect: 100-continue";
    let head = format!("POST {TOKEN} HTTP/1.1\r\nhost: {authority}\r\n{promise}\r\n\r\n");
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut asked = *b"HTTP/1.1 100 Continue\r\n\r\n";
    stream.read_exact(&mut asked).await.unwrap();
    assert!(asked.starts_with(b"HTTP/1.1 100"));
    stream
}

#[tokio::test(start_paused = true)]
async fn a_body_that_stalls_is_refused_after_ten_seconds() {
    let bench = Bench::new().await;
    let start = Instant::now();
    let reply = Reply::read(&mut stalled(&bench.sandbox).await).await;
    assert_eq!(reply.status, 408);
    assert!(start.elapsed() >= Duration::from_secs(10));
    let decided = bench.sandbox.ledger().last().map(|entry| entry.rule);
    assert_eq!(decided, Some(Rule::BodyInTime));
}

#[tokio::test(start_paused = true)]
async fn dropping_the_handle_waits_for_no_request() {
    let sandbox = Sandbox::start().await.unwrap();
    let start = Instant::now();
    let open = kept_alive(&sandbox).await;
    let waiting = stalled(&sandbox).await;
    drop(sandbox);
    ended(waiting).await;
    ended(open).await;
    assert!(
        start.elapsed() < Duration::from_secs(1),
        "{:?}",
        start.elapsed()
    );
}

#[tokio::test]
async fn only_loopback_addresses_are_bound() {
    for address in ["0.0.0.0", "::", "192.0.2.1"] {
        let address: IpAddr = address.parse().unwrap();
        let refused = Sandbox::builder()
            .address(address)
            .start()
            .await
            .unwrap_err();
        assert_eq!(refused.kind(), io::ErrorKind::InvalidInput, "{address}");
    }
}

// Requirement: rfc6749.3.1.2.2.registered
#[tokio::test]
async fn faulty_registrations_are_refused_and_their_secrets_not_told() {
    let plain = || Sandbox::builder();
    let cases: [(&str, Builder); 6] = [
        ("an empty id", plain().credentials("", "canary".into())),
        (
            "a colon in the id",
            plain().credentials("a:b", "canary".into()),
        ),
        ("an empty secret", plain().credentials("a", "".into())),
        (
            "a control character",
            plain().credentials("a", "canary\n".into()),
        ),
        (
            "a fragment",
            plain().redirect_uris(["https://client.example/#x"]),
        ),
        (
            "the same id twice",
            plain()
                .credentials("a", "canary".into())
                .register(Registration::new("a", "b".into())),
        ),
    ];
    for (row, builder) in cases {
        assert!(!format!("{builder:?}").contains("canary"), "{row}");
        let refused = builder.start().await.unwrap_err();
        assert_eq!(refused.kind(), io::ErrorKind::InvalidInput, "{row}");
        assert!(
            !format!("{refused:?} {refused}").contains("canary"),
            "{row}"
        );
    }
}

#[tokio::test]
async fn the_three_gateways_have_ports_of_their_own_and_one_may_be_chosen() {
    let free = TcpListener::bind("127.0.0.1:0")
        .await
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let sandbox = Sandbox::builder().port(free).start().await.unwrap();
    assert_eq!(
        sandbox.gateway_url(GATEWAY),
        format!("http://127.0.0.1:{free}")
    );
    assert_eq!(
        sandbox.audience(GATEWAY),
        format!("http://127.0.0.1:{free}/auth")
    );
    let urls = Gateway::ALL.map(|gateway| sandbox.gateway_url(gateway));
    assert!(
        urls[0] != urls[1] && urls[1] != urls[2] && urls[0] != urls[2],
        "{urls:?}"
    );
}

#[tokio::test]
async fn a_seed_gives_the_same_secrets_again_and_no_seed_does_not() {
    let secret = async |builder: Builder| {
        let bench = Bench::with(builder).await;
        (bench.secret.clone(), bench.partner_token(GATEWAY).await)
    };
    let seeded = || Sandbox::builder().seed(7);
    assert_eq!(secret(seeded()).await, secret(seeded()).await);
    assert_ne!(
        secret(Sandbox::builder()).await.0,
        secret(Sandbox::builder()).await.0
    );
}

/// Asks for an answer on a connection that stays open, and returns the connection.
async fn kept_alive(sandbox: &Sandbox) -> TcpStream {
    let authority = sandbox
        .gateway_url(GATEWAY)
        .trim_start_matches("http://")
        .to_owned();
    let mut stream = TcpStream::connect(&authority).await.unwrap();
    let head = format!("GET /v1/companies HTTP/1.1\r\nhost: {authority}\r\n\r\n");
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut first = [0; 12];
    stream.read_exact(&mut first).await.unwrap();
    assert_eq!(&first, b"HTTP/1.1 401");
    stream
}

/// Waits for the end of a connection; a reset is an end too.
async fn ended(mut stream: TcpStream) {
    let mut rest = Vec::new();
    let _ = stream.read_to_end(&mut rest).await;
}

#[tokio::test]
async fn shutdown_ends_connections_and_gives_the_ports_back() {
    let sandbox = Sandbox::start().await.unwrap();
    let port = sandbox
        .gateway_url(GATEWAY)
        .rsplit(':')
        .next()
        .unwrap()
        .parse()
        .unwrap();
    let open = kept_alive(&sandbox).await;
    sandbox.shutdown().await;
    ended(open).await;
    Sandbox::builder()
        .port(port)
        .start()
        .await
        .expect("the port is free again");
}

#[tokio::test]
async fn dropping_the_handle_ends_listeners_and_connections() {
    let sandbox = Sandbox::start().await.unwrap();
    let authority = sandbox
        .gateway_url(GATEWAY)
        .trim_start_matches("http://")
        .to_owned();
    let open = kept_alive(&sandbox).await;
    drop(sandbox);
    ended(open).await;
    let refused = TcpStream::connect(&authority).await.unwrap_err();
    assert_eq!(refused.kind(), io::ErrorKind::ConnectionRefused);
}

#[tokio::test]
async fn heads_are_bounded_in_fields_and_in_bytes() {
    let sandbox = Sandbox::start().await.unwrap();
    let here = sandbox.gateway_url(GATEWAY);
    // Three more fields are in every request.
    for (fields, status) in [(97, 404), (98, 431)] {
        let add = |ask: Ask, number: usize| ask.header(&format!("x-{number}"), "x");
        let ask = (0..fields).fold(Ask::get("/"), add);
        assert_eq!(ask.send(here).await.status, status, "{fields}");
    }
    assert_eq!(sandbox.ledger().len(), 1, "what is too large meets no rule");

    let authority = here.trim_start_matches("http://");
    let mut stream = TcpStream::connect(authority).await.unwrap();
    let long = "x".repeat(300 << 10);
    let head = format!("GET / HTTP/1.1\r\nhost: {authority}\r\nx: {long}\r\n\r\n");
    // The gateway stops reading, so the rest may find nobody.
    let _ = stream.write_all(head.as_bytes()).await;
    ended(stream).await;
    assert_eq!(sandbox.ledger().len(), 1, "what is too large meets no rule");
}

#[tokio::test]
async fn a_gateway_serves_256_connections_at_once_and_the_next_one_waits() {
    let sandbox = Sandbox::start().await.unwrap();
    let mut open = Vec::new();
    for _ in 0..256 {
        open.push(kept_alive(&sandbox).await);
    }
    let mut waiting = Ask::get("/").post(sandbox.gateway_url(GATEWAY)).await;
    // Another gateway answers meanwhile, so the first had its chance.
    let other = sandbox.gateway_url(Gateway::Production);
    assert_eq!(Ask::get("/").send(other).await.status, 404);
    let nothing = waiting.try_read(&mut [0; 1]).unwrap_err();
    assert_eq!(nothing.kind(), io::ErrorKind::WouldBlock);
    open.pop();
    assert_eq!(Reply::read(&mut waiting).await.status, 404);
}
