//! A thousand sandboxes in one process, and what they leave behind, which is nothing.
//!
//! It is a program of its own, because tasks can be counted by runtime but sockets only by process.

use remote_auth_sandbox::{Gateway, Sandbox};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

const ROUNDS: usize = 50;
const AT_ONCE: usize = 20;

fn tasks() -> usize {
    tokio::runtime::Handle::current()
        .metrics()
        .num_alive_tasks()
}

/// Open descriptors of this process; elsewhere than on Linux nothing lists them.
fn descriptors() -> usize {
    std::fs::read_dir("/proc/self/fd").map_or(0, Iterator::count)
}

/// Asks once and leaves the connection open.
async fn asked(sandbox: &Sandbox) -> TcpStream {
    let here = sandbox.gateway_url(Gateway::Sandbox);
    let authority = here.trim_start_matches("http://");
    let mut stream = TcpStream::connect(authority).await.expect("it accepts");
    let head = format!("GET / HTTP/1.1\r\nhost: {authority}\r\n\r\n");
    stream.write_all(head.as_bytes()).await.expect("it reads");
    let mut status = [0; 12];
    stream.read_exact(&mut status).await.expect("it answers");
    assert_eq!(&status, b"HTTP/1.1 404");
    stream
}

#[tokio::test]
async fn a_thousand_sandboxes_leave_neither_a_task_nor_a_socket() {
    // The first start opens what stays open for the whole process.
    Sandbox::start().await.expect("a sandbox").shutdown().await;
    let before = (tasks(), descriptors());
    for round in 0..ROUNDS {
        let mut running = Vec::new();
        for _ in 0..AT_ONCE {
            running.push(Sandbox::start().await.expect("a sandbox"));
        }
        assert_eq!(tasks(), before.0 + 4 * AT_ONCE, "a task for each listener");
        let open = asked(&running[0]).await;
        for (place, sandbox) in running.into_iter().enumerate() {
            // Half of them end as a test that does not care ends them.
            if (round + place) % 2 == 0 {
                sandbox.shutdown().await;
            }
        }
        drop(open);
        while tasks() > before.0 {
            tokio::task::yield_now().await;
        }
        assert_eq!((tasks(), descriptors()), before, "round {round}");
    }
}
