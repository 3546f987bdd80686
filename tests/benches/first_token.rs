//! Start of the process to the first token, beside a floor in the same run.
//!
//! The command is `remote-auth token --flow client-credentials` against a server on loopback.
//! The floor is a process that opens a socket, writes the same request by hand and prints what it reads: this very
//! program, started with `--floor`.
//! Whole processes are timed in turn, floor and command, so that the ratio holds while the machine's speed drifts.
//!
//! ```sh
//! cargo bench -p remote-auth-tests --bench first_token
//! ```

#![expect(clippy::print_stdout, reason = "a bench prints its figures")]
#![expect(clippy::disallowed_methods, reason = "a bench reads the clock")]

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

const PAIRS: usize = 100;
const ANSWER: &str = r#"{"access_token":"first-token","token_type":"Bearer","expires_in":3600}"#;

fn main() -> io::Result<()> {
    let mut arguments = std::env::args().skip(1);
    if arguments.next().as_deref() == Some("--floor") {
        return floor(&arguments.next().expect("an address follows"));
    }
    let address = serve()?;
    let own = std::env::current_exe()?;
    let mut floor = Command::new(own);
    floor.args(["--floor", &address.to_string()]);
    let mut command = Command::new(env!("CARGO_BIN_EXE_remote-auth-under-test"));
    command
        .args([
            "token",
            "--flow",
            "client-credentials",
            "--gateway",
            &format!("http://{address}"),
        ])
        .env("REMOTE_CLIENT_ID", "bench")
        .env("REMOTE_CLIENT_SECRET", "bench-secret-bench-secret-bench-1");

    let mut rows: Vec<(Duration, Duration)> = Vec::with_capacity(PAIRS);
    for pair in 0..=PAIRS {
        let row = (timed(&mut floor)?, timed(&mut command)?);
        // The first pair warms the file cache.
        if pair > 0 {
            rows.push(row);
        }
    }
    let floor_ms = median(rows.iter().map(|row| row.0.as_secs_f64() * 1e3));
    let command_ms = median(rows.iter().map(|row| row.1.as_secs_f64() * 1e3));
    let ratio = median(
        rows.iter()
            .map(|row| row.1.as_secs_f64() / row.0.as_secs_f64()),
    );
    println!("start of the process to the first token, loopback, medians of {PAIRS} pairs");
    println!("{:<28}{:>10}{:>10}", "", "ms", "to floor");
    println!(
        "{:<28}{floor_ms:>10.2}{:>10.2}",
        "floor: a socket by hand", 1.0
    );
    println!("{:<28}{command_ms:>10.2}{ratio:>10.2}", "remote-auth token");
    Ok(())
}

fn median(figures: impl Iterator<Item = f64>) -> f64 {
    let mut figures: Vec<f64> = figures.collect();
    figures.sort_by(f64::total_cmp);
    figures[figures.len() / 2]
}

fn timed(command: &mut Command) -> io::Result<Duration> {
    let start = Instant::now();
    let output = command
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()?;
    let took = start.elapsed();
    assert_eq!(output.stdout, b"first-token\n", "both print the token");
    Ok(took)
}

/// What a program without any library does.
fn floor(address: &str) -> io::Result<()> {
    let mut stream = TcpStream::connect(address)?;
    let body = "grant_type=client_credentials";
    write!(
        stream,
        "POST /auth/oauth2/token HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\
         authorization: Basic YmVuY2g6YmVuY2gtc2VjcmV0LWJlbmNoLXNlY3JldC1iZW5jaC0x\r\n\
         content-type: application/x-www-form-urlencoded\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    let token = answer
        .split("\"access_token\":\"")
        .nth(1)
        .and_then(|rest| rest.split('"').next());
    println!("{}", token.expect("the server gives a token"));
    Ok(())
}

/// Answers every request alike.
fn serve() -> io::Result<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let _ = stream.and_then(answer);
        }
    });
    Ok(address)
}

fn answer(mut stream: TcpStream) -> io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut length = 0;
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? <= 2 {
            break;
        }
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().unwrap_or(0);
        }
    }
    reader.read_exact(&mut vec![0; length])?;
    write!(
        stream,
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{ANSWER}",
        ANSWER.len()
    )
}
