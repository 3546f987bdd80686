//! A listener for one callback: loopback only, one path, bounded in size and time.
//!
//! It speaks as much HTTP/1.1 as a browser needs to bring a query and to see a page.
//! What the callback means is not judged here.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use secrecy::zeroize::Zeroizing;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use url::{Host, Url};

use crate::exit::Exit;
use crate::failure::Failure;

/// The most bytes of a request's head: 16 KiB.
const HEAD_BYTES_MAX: usize = 16 << 10;

/// How long one connection may take. Browsers open some that they never use.
const CONNECTION_MAX: Duration = Duration::from_secs(10);

/// How many connections are served at once; more wait.
const CONNECTIONS_MAX: usize = 16;

/// How long to rest when the system has no connection to give.
const ACCEPT_REST: Duration = Duration::from_millis(50);

/// Path and query of the callback. It carries the code.
pub(crate) type Callback = Zeroizing<String>;

/// Listens at a redirection URI.
#[derive(Debug)]
pub(crate) struct Loopback {
    listener: TcpListener,
    redirect_uri: String,
    path: String,
}

impl Loopback {
    /// Listens where the redirection URI points to; port 0 becomes the port that the system gives.
    pub(crate) async fn bind(redirect_uri: &str) -> Result<Self, Failure> {
        let mut url = Url::parse(redirect_uri).map_err(|_| not_loopback())?;
        let address = loopback_address(&url).ok_or_else(not_loopback)?;
        let listener = TcpListener::bind(address).await.map_err(|_| port_taken())?;
        // Requirement: rfc8252.7.3.free-port
        let redirect_uri = if address.port() == 0 {
            let port = listener.local_addr().map_err(|_| port_taken())?.port();
            url.set_port(Some(port)).map_err(|()| not_loopback())?;
            url.to_string()
        } else {
            redirect_uri.to_owned()
        };
        Ok(Self {
            listener,
            redirect_uri,
            path: url.path().to_owned(),
        })
    }

    /// Returns the redirection URI in the characters that are to be sent.
    pub(crate) fn redirect_uri(&self) -> &str {
        &self.redirect_uri
    }

    /// Waits for the callback, and then listens no longer. Requests that are none are answered and forgotten.
    // Requirement: rfc8252.8.3.open-only-for-the-flow
    pub(crate) async fn callback(self) -> Callback {
        let mut connections = JoinSet::new();
        loop {
            tokio::select! {
                Some(served) = connections.join_next() => {
                    if let Ok(Some(callback)) = served {
                        return callback;
                    }
                }
                accepted = self.listener.accept(), if connections.len() < CONNECTIONS_MAX => {
                    match accepted {
                        Ok((stream, _)) => {
                            let path = self.path.clone();
                            connections.spawn(async move {
                                timeout(CONNECTION_MAX, serve(stream, &path)).await.ok().flatten()
                            });
                        }
                        Err(_) => sleep(ACCEPT_REST).await,
                    }
                }
            }
        }
    }
}

/// Finds the address to listen at, if the host is loopback and the scheme is http.
fn loopback_address(url: &Url) -> Option<SocketAddr> {
    let ip: IpAddr = match url.host()? {
        Host::Ipv4(ip) => ip.into(),
        Host::Ipv6(ip) => ip.into(),
        // Requirement: rfc8252.8.3.localhost
        Host::Domain("localhost") => Ipv4Addr::LOCALHOST.into(),
        Host::Domain(_) => return None,
    };
    let port = url.port_or_known_default()?;
    // Requirement: rfc8252.8.3.loopback-only
    (url.scheme() == "http" && ip.is_loopback()).then_some(SocketAddr::new(ip, port))
}

fn not_loopback() -> Failure {
    Failure::new(
        Exit::Usage,
        "usage.redirect_uri",
        "listen at the redirection URI: it must be http to a loopback host",
    )
    .hint("for example http://127.0.0.1:8787/callback, registered for the client")
}

fn port_taken() -> Failure {
    Failure::new(
        Exit::Configuration,
        "login.port",
        "listen at the redirection URI: its port is not to be had",
    )
    .hint("end what uses the port, or register and give another --redirect-uri")
}

/// Answers one request, and returns its target if it is the callback.
async fn serve(mut stream: TcpStream, path: &str) -> Option<Callback> {
    let head = read_head(&mut stream).await?;
    tracing::trace!(bytes = head.len(), "request read");
    let verdict = judge(&head, path);
    let status = verdict.as_ref().map_or_else(|status| *status, |_| "200 OK");
    tracing::debug!(status, "request at the redirection URI");
    // Requirement: rfc9700.2.1.no-open-redirector
    let answer = match &verdict {
        Ok(_) => page(
            "200 OK",
            "The answer has arrived",
            "Go back to the terminal to see what it was. This page can be closed.",
        ),
        Err(status) => page(
            status,
            "Nothing is here",
            "This address waits for one callback only.",
        ),
    };
    // The callback counts even if the browser no longer wants the page.
    let _ = stream.write_all(answer.as_bytes()).await;
    let _ = stream.shutdown().await;
    verdict.ok()
}

async fn read_head(stream: &mut TcpStream) -> Option<Zeroizing<Vec<u8>>> {
    let mut head = Zeroizing::new(Vec::with_capacity(HEAD_BYTES_MAX));
    while head.len() < HEAD_BYTES_MAX {
        let room = (HEAD_BYTES_MAX - head.len()) as u64;
        let read = (&mut *stream).take(room).read_buf(&mut *head).await.ok()?;
        if head.windows(4).any(|end| end == b"\r\n\r\n") {
            return Some(head);
        }
        if read == 0 {
            return None;
        }
    }
    let answer = page(
        "431 Request Header Fields Too Large",
        "Too large",
        "The request has more than 16 KiB.",
    );
    let _ = stream.write_all(answer.as_bytes()).await;
    None
}

/// Finds the callback in a request's head, or the status to answer with.
fn judge(head: &[u8], path: &str) -> Result<Callback, &'static str> {
    let head = std::str::from_utf8(head).map_err(|_| "400 Bad Request")?;
    let mut lines = head.split("\r\n");
    let mut request = lines.next().unwrap_or_default().split(' ');
    let (method, target) = (request.next(), request.next().unwrap_or_default());
    let (asked, query) = target.split_once('?').unwrap_or((target, ""));
    if asked != path || query.is_empty() {
        return Err("404 Not Found");
    }
    if method != Some("GET") {
        return Err("405 Method Not Allowed");
    }
    // A browser says what it asks for. An image or a script of some other page is not a person's answer.
    let embedded = lines
        .filter_map(|line| line.split_once(':'))
        .any(|(name, value)| {
            name.eq_ignore_ascii_case("sec-fetch-dest") && value.trim() != "document"
        });
    if embedded {
        return Err("403 Forbidden");
    }
    Ok(Zeroizing::new(target.to_owned()))
}

/// Writes a page that tells nothing, is kept nowhere, and passes its own address to nobody.
// Requirement: rfc6749.3.1.2.5.no-scripts, rfc9700.4.2.4.no-referrer
fn page(status: &str, title: &str, sentence: &str) -> String {
    let body = format!(
        "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n<title>{title}</title>\n\
         <h1>{title}</h1>\n<p>{sentence}</p>\n</html>\n"
    );
    format!(
        "HTTP/1.1 {status}\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: {}\r\n\
         Cache-Control: no-store\r\nReferrer-Policy: no-referrer\r\n\
         Content-Security-Policy: default-src 'none'; frame-ancestors 'none'\r\n\
         X-Content-Type-Options: nosniff\r\nConnection: close\r\n\r\n{body}",
        body.len()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    // Requirement: rfc9700.2.1.no-open-redirector
    #[test]
    fn only_a_navigation_to_the_path_with_a_query_is_the_callback() {
        let cases = [
            ("GET /cb?code=c&state=s HTTP/1.1\r\nHost: x\r\n\r\n", None),
            (
                "GET /cb?code=c HTTP/1.1\r\nSec-Fetch-Dest: document\r\n\r\n",
                None,
            ),
            (
                "GET /cb?code=c HTTP/1.1\r\nsec-fetch-dest: image\r\n\r\n",
                Some("403"),
            ),
            ("GET /cb HTTP/1.1\r\n\r\n", Some("404")),
            ("GET /cb? HTTP/1.1\r\n\r\n", Some("404")),
            ("GET /cb/?code=c HTTP/1.1\r\n\r\n", Some("404")),
            ("GET /favicon.ico HTTP/1.1\r\n\r\n", Some("404")),
            ("POST /cb?code=c HTTP/1.1\r\n\r\n", Some("405")),
            ("OPTIONS /cb?code=c HTTP/1.1\r\n\r\n", Some("405")),
            ("\r\n\r\n", Some("404")),
        ];
        for (head, status) in cases {
            let judged = judge(head.as_bytes(), "/cb");
            assert_eq!(judged.err().map(|line| &line[..3]), status, "{head:?}");
        }
        assert_eq!(
            judge(b"GET /cb?x=\xff HTTP/1.1\r\n\r\n", "/cb").err(),
            Some("400 Bad Request")
        );
    }

    // Requirement: rfc8252.8.3.localhost, rfc8252.8.3.loopback-only
    #[tokio::test]
    async fn a_redirection_uri_to_elsewhere_is_refused_before_anything_listens() {
        let cases = [
            ("http://127.0.0.1:0/cb", None),
            ("http://[::1]:0/cb", None),
            ("http://localhost:0/cb", None),
            ("https://127.0.0.1:0/cb", Some("usage.redirect_uri")),
            ("http://0.0.0.0:0/cb", Some("usage.redirect_uri")),
            ("http://192.0.2.1:0/cb", Some("usage.redirect_uri")),
            ("http://localhost.example:0/cb", Some("usage.redirect_uri")),
            ("/cb", Some("usage.redirect_uri")),
        ];
        for (uri, code) in cases {
            let bound = Loopback::bind(uri).await;
            // A machine without IPv6 has no such address.
            let code = code.or_else(|| {
                let no_ipv6 = std::net::TcpListener::bind("[::1]:0").is_err();
                (uri.contains("::1") && no_ipv6).then_some("login.port")
            });
            assert_eq!(bound.err().map(|failure| failure.code()), code, "{uri}");
        }
    }

    // Requirement: rfc6749.3.1.2.5.no-scripts, rfc8252.7.3.free-port
    // Requirement: rfc8252.8.3.open-only-for-the-flow, rfc9700.4.2.4.no-referrer
    #[tokio::test]
    async fn a_free_port_is_named_in_the_redirection_uri_and_other_requests_do_not_end_the_wait() {
        let loopback = Loopback::bind("http://127.0.0.1:0/cb")
            .await
            .expect("bound");
        let address = loopback.listener.local_addr().expect("address");
        assert_eq!(loopback.redirect_uri(), format!("http://{address}/cb"));
        let browser = async move {
            // A connection that sends nothing, as browsers open them ahead of need.
            let _idle = TcpStream::connect(address).await.expect("idle");
            let mut answers = Vec::new();
            for target in ["/favicon.ico", "/cb?code=canary&state=s"] {
                let mut stream = TcpStream::connect(address).await.expect("connected");
                let request = format!("GET {target} HTTP/1.1\r\nHost: {address}\r\n\r\n");
                stream.write_all(request.as_bytes()).await.expect("sent");
                let mut answer = String::new();
                stream.read_to_string(&mut answer).await.expect("answered");
                answers.push(answer);
            }
            answers
        };
        let (callback, answers) = tokio::join!(loopback.callback(), browser);
        assert_eq!(&**callback, "/cb?code=canary&state=s");
        assert!(answers[0].starts_with("HTTP/1.1 404 "), "{}", answers[0]);
        assert!(answers[1].starts_with("HTTP/1.1 200 "), "{}", answers[1]);
        assert!(answers[1].contains("Cache-Control: no-store\r\nReferrer-Policy: no-referrer\r\n"));
        assert!(!answers[1].contains("canary"));
        let after = TcpStream::connect(address).await;
        assert!(after.is_err(), "the port is closed with the wait");
    }

    #[tokio::test]
    async fn a_head_that_does_not_end_is_cut() {
        let loopback = Loopback::bind("http://127.0.0.1:0/cb")
            .await
            .expect("bound");
        let address = loopback.listener.local_addr().expect("address");
        let flood = async {
            let mut stream = TcpStream::connect(address).await.expect("connected");
            let line = format!("GET /cb?{} HTTP/1.1\r\n", "x".repeat(HEAD_BYTES_MAX));
            stream
                .write_all(&line.as_bytes()[..HEAD_BYTES_MAX])
                .await
                .expect("sent");
            let mut answer = String::new();
            stream.read_to_string(&mut answer).await.expect("answered");
            answer
        };
        let answer = tokio::select! {
            answer = flood => answer,
            _ = loopback.callback() => String::new(),
        };
        assert!(answer.starts_with("HTTP/1.1 431 "), "{answer}");
    }
}
