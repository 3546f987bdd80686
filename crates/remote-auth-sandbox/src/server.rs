//! Sockets: one listener per gateway, bounded connections, and an end that leaves nothing behind.
//!
//! Each listener is one task that owns it and every connection made through it, so that ending the
//! task ends them all.
//! Every request comes with the [`Line`] that it came over, through which a scripted fault can cut it.

use std::{
    convert::Infallible,
    io,
    net::{IpAddr, SocketAddr},
    pin::Pin,
    sync::Arc,
    time::Duration,
};

use axum::{Router, response::Response};
use hyper::{Request, body::Incoming, server::conn::http1, service::Service};
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

/// What answers the requests that come to one listener.
pub(crate) trait Serve: Send + Sync {
    fn answer(self: Arc<Self>, request: Request<Incoming>, line: Arc<Line>) -> Answering;
}

/// An answer under way.
pub(crate) type Answering =
    Pin<Box<dyn Future<Output = Result<Response, Infallible>> + Send + 'static>>;

impl Serve for Router {
    fn answer(self: Arc<Self>, request: Request<Incoming>, _: Arc<Line>) -> Answering {
        Box::pin(TowerToHyperService::new(Self::clone(&self)).call(request))
    }
}

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
    pub(crate) fn start(listeners: Vec<(TcpListener, Arc<dyn Serve>)>) -> Self {
        let (stop, stopped) = watch::channel(false);
        let open = |(listener, served)| tokio::spawn(serve(listener, served, stopped.clone()));
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
async fn serve(listener: TcpListener, served: Arc<dyn Serve>, mut stop: watch::Receiver<bool>) {
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
                let served = Arc::clone(&served);
                connections.spawn(serve_connection(stream, served, stop.clone(), slot));
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
    served: Arc<dyn Serve>,
    mut stop: watch::Receiver<bool>,
    _slot: OwnedSemaphorePermit,
) {
    // Answers are small; waiting to fill a segment would only delay them.
    let _ = stream.set_nodelay(true);
    let (cut, mut cuts) = watch::channel(None);
    let service = OverLine {
        line: Arc::new(Line {
            cut,
            stop: stop.clone(),
        }),
        served,
    };
    let mut connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_READ_MAX)
        .max_buf_size(HEAD_BYTES_MAX)
        .serve_connection(TokioIo::new(stream), service);
    // A task of their own listens for orders: all connections share the one to stop, and a request
    // that polled for it would wait for the lock of all.
    let mut orders = JoinSet::new();
    orders.spawn(async move {
        tokio::select! {
            how = severed(&mut cuts) => (Order::Sever(how), cuts),
            () = told_to_stop(&mut stop) => (Order::Stop, cuts),
        }
    });
    let ended = loop {
        tokio::select! {
            ended = &mut connection => break ended,
            Some(Ok((order, mut cuts))) = orders.join_next() => match order {
                Order::Sever(how) => {
                    let stream = connection.into_parts().io.into_inner();
                    if how == Cut::Reset {
                        // Without it the other side sees an orderly end, which is a milder fault.
                        let _ = stream.set_zero_linger();
                    }
                    return;
                }
                // A stop is heard once; the connection then ends when its answer has left.
                Order::Stop => {
                    std::pin::Pin::new(&mut connection).graceful_shutdown();
                    orders.spawn(async move { (Order::Sever(severed(&mut cuts).await), cuts) });
                }
            },
        }
    };
    if ended.is_err() {
        // The error may quote what came over the line, so it is not shown.
        tracing::debug!("connection ended early");
    }
}

/// What a connection is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Order {
    Sever(Cut),
    Stop,
}

/// How a connection is cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cut {
    /// It ends in order, as if the other side had gone.
    Close,
    /// It ends with a TCP reset.
    Reset,
}

/// The connection that a request came over.
#[derive(Debug)]
pub(crate) struct Line {
    cut: watch::Sender<Option<Cut>>,
    stop: watch::Receiver<bool>,
}

impl Line {
    /// Cuts the connection with everything on it that was not sent yet, the caller included.
    pub(crate) async fn sever(&self, how: Cut) -> Infallible {
        self.cut.send_replace(Some(how));
        std::future::pending().await
    }

    /// Waits until the sandbox is told to stop.
    pub(crate) async fn stopped(&self) {
        told_to_stop(&mut self.stop.clone()).await;
    }
}

/// Waits until somebody cuts the line.
async fn severed(cuts: &mut watch::Receiver<Option<Cut>>) -> Cut {
    if let Ok(cut) = cuts.wait_for(Option::is_some).await
        && let Some(how) = *cut
    {
        return how;
    }
    std::future::pending().await
}

/// What one listener serves, as one connection asks it.
struct OverLine {
    line: Arc<Line>,
    served: Arc<dyn Serve>,
}

impl Service<Request<Incoming>> for OverLine {
    type Response = Response;
    type Error = Infallible;
    type Future = Answering;

    fn call(&self, request: Request<Incoming>) -> Answering {
        Arc::clone(&self.served).answer(request, Arc::clone(&self.line))
    }
}
