//! Sockets: one listener per gateway, bounded connections, and an end that leaves nothing behind.
//!
//! Each gateway is one task that owns its listener and every connection made through it, so that
//! ending the task ends them all.

use std::{
    io,
    net::{IpAddr, SocketAddr},
    pin::pin,
    sync::Arc,
    time::Duration,
};

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore, watch},
    task::{JoinHandle, JoinSet},
    time::{sleep, timeout},
};

/// Connections of one gateway; further ones wait in the system's queue.
const CONNECTIONS_MAX: usize = 256;
/// How long a connection may take to send a request's head, or stand idle.
const HEAD_READ_MAX: Duration = Duration::from_secs(30);
/// Bytes kept of a request's head.
const HEAD_BYTES_MAX: usize = 64 * 1024;
/// How long connections may take to end once the sandbox shuts down.
const SHUTDOWN_MAX: Duration = Duration::from_secs(5);
/// Rest after the system refused a connection, for instance because it has no descriptors left.
const ACCEPT_REST: Duration = Duration::from_millis(50);

/// Binds to a loopback address and to nothing else.
pub(crate) async fn bind(address: IpAddr, port: u16) -> io::Result<TcpListener> {
    if !address.is_loopback() {
        let refusal =
            "the embedded sandbox binds to loopback addresses only: it is not for production";
        return Err(io::Error::new(io::ErrorKind::InvalidInput, refusal));
    }
    TcpListener::bind(SocketAddr::new(address, port)).await
}

/// The listeners of one sandbox; dropping it ends them and every connection at once.
#[derive(Debug)]
pub(crate) struct Running {
    stop: watch::Sender<bool>,
    tasks: Vec<JoinHandle<()>>,
}

impl Running {
    pub(crate) fn start(listeners: impl IntoIterator<Item = (TcpListener, Router)>) -> Self {
        let (stop, stopped) = watch::channel(false);
        let open = |(listener, router)| tokio::spawn(serve(listener, router, stopped.clone()));
        let tasks = listeners.into_iter().map(open).collect();
        Self { stop, tasks }
    }

    /// Stops accepting, lets requests under way be answered, and waits for every task.
    pub(crate) async fn end(mut self) {
        self.stop.send_replace(true);
        for task in self.tasks.drain(..) {
            // A task ends early only by a panic, which has been reported where it happened.
            let _ = task.await;
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        for task in &self.tasks {
            task.abort();
        }
    }
}

/// Serves until `stop` turns true, then lets open connections end.
async fn serve(listener: TcpListener, router: Router, mut stop: watch::Receiver<bool>) {
    let mut connections = JoinSet::new();
    let slots = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    loop {
        let accepted = tokio::select! {
            accepted = accept(&listener, &slots) => accepted,
            Some(_) = connections.join_next() => continue,
            () = told_to_stop(&mut stop) => break,
        };
        match accepted {
            Ok((stream, slot)) => {
                connections.spawn(serve_connection(stream, router.clone(), stop.clone(), slot));
            }
            Err(error) => {
                tracing::debug!(kind = ?error.kind(), "connection not accepted");
                sleep(ACCEPT_REST).await;
            }
        }
    }
    drop(listener);
    let ended = async { while connections.join_next().await.is_some() {} };
    if timeout(SHUTDOWN_MAX, ended).await.is_err() {
        tracing::debug!("connections that did not end are dropped");
    }
}

/// Waits until the handle says stop; a handle that is gone says the same.
async fn told_to_stop(stop: &mut watch::Receiver<bool>) {
    let _ = stop.wait_for(|stop| *stop).await;
}

async fn accept(
    listener: &TcpListener,
    slots: &Arc<Semaphore>,
) -> io::Result<(TcpStream, OwnedSemaphorePermit)> {
    let slot = Arc::clone(slots)
        .acquire_owned()
        .await
        .expect("the semaphore is never closed");
    let (stream, _) = listener.accept().await?;
    Ok((stream, slot))
}

async fn serve_connection(
    stream: TcpStream,
    router: Router,
    mut stop: watch::Receiver<bool>,
    _slot: OwnedSemaphorePermit,
) {
    // Answers are small; waiting to fill a segment would only delay them.
    let _ = stream.set_nodelay(true);
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_READ_MAX)
        .max_buf_size(HEAD_BYTES_MAX)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(router));
    let mut connection = pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = told_to_stop(&mut stop) => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if ended.is_err() {
        // The error may quote what came over the line, so it is not shown.
        tracing::debug!("connection ended early");
    }
}
