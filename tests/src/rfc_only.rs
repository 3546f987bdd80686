//! An authorization server that is not ours and knows only the RFCs.
//!
//! It is written on bare sockets and shares no line with the embedded sandbox or with the client.
//! It demands what RFC 6749 demands (HTTP Basic with both halves form-encoded, a form body, the token endpoint's path)
//! and then answers by script, rightly or wrongly. It can play an API behind its tokens too, by script as well.

mod answer;
mod failing;

use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

pub use answer::Answer;
pub use failing::{Failing, failing, failing_api};

use crate::plant;

/// Serves on a loopback port until it is dropped.
#[derive(Debug)]
pub struct RfcOnlyServer {
    gateway: String,
    requests: Arc<Mutex<Vec<Request>>>,
    task: JoinHandle<()>,
}

/// A token request that kept to the RFCs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// The parameters of the form, in their order.
    pub form: Vec<(String, String)>,
    /// Whether the client authenticated by HTTP Basic.
    pub basic: bool,
}

impl Request {
    /// Returns a parameter.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        let pair = self.form.iter().find(|(known, _)| known == name)?;
        Some(&pair.1)
    }
}

impl RfcOnlyServer {
    /// Starts to answer every token request in the same way.
    ///
    /// # Panics
    ///
    /// If there is no loopback port.
    pub async fn start(token: Answer) -> Self {
        Self::serve(Script { token, api: None }).await
    }

    /// Starts to answer token requests with one answer, and whoever brings the planted access token with another.
    ///
    /// # Panics
    ///
    /// If there is no loopback port.
    pub async fn start_api(token: Answer, api: Answer) -> Self {
        let api = Some((Some(plant::ACCESS_TOKEN), api));
        Self::serve(Script { token, api }).await
    }

    /// Starts to answer whoever brings a certain token, and to hang up on token requests.
    ///
    /// # Panics
    ///
    /// If there is no loopback port.
    pub async fn start_api_for(bearer: &'static str, api: Answer) -> Self {
        let (token, api) = (Answer::Closed, Some((Some(bearer), api)));
        Self::serve(Script { token, api }).await
    }

    /// Starts to answer everything in the same way, whoever asks: a server of another provider.
    ///
    /// # Panics
    ///
    /// If there is no loopback port.
    pub async fn start_any(answer: Answer) -> Self {
        let (token, api) = (Answer::Closed, Some((None, answer)));
        Self::serve(Script { token, api }).await
    }

    async fn serve(script: Script) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0")
            .await
            .expect("a loopback port");
        let address = listener.local_addr().expect("an address");
        let requests = Arc::new(Mutex::new(Vec::new()));
        let (script, seen) = (Arc::new(script), Arc::clone(&requests));
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (script, seen) = (Arc::clone(&script), Arc::clone(&seen));
                // A client that hangs up early is some of these tests' very point.
                tokio::spawn(async move { serve(stream, &script, &seen).await.ok() });
            }
        });
        Self {
            gateway: format!("http://{address}"),
            requests,
            task,
        }
    }

    /// Returns the base address.
    pub fn gateway(&self) -> &str {
        &self.gateway
    }

    /// Returns the requests that kept to the RFCs.
    pub fn requests(&self) -> Vec<Request> {
        let requests = self.requests.lock();
        requests.unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for RfcOnlyServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// What the server answers.
struct Script {
    /// To token requests.
    token: Answer,
    /// To requests with this bearer token, or to all.
    api: Option<(Option<&'static str>, Answer)>,
}

async fn serve(
    mut stream: TcpStream,
    script: &Script,
    seen: &Mutex<Vec<Request>>,
) -> io::Result<()> {
    let (head, body) = read(&mut stream).await?;
    if let Some((bearer, api)) = &script.api
        && bearer.is_none_or(|bearer| brings(&head, bearer))
    {
        api.write(&mut stream).await?;
        return stream.shutdown().await;
    }
    match judge(&head, &body) {
        Ok(request) => {
            seen.lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push(request);
            script.token.write(&mut stream).await?;
        }
        Err(refusal) => refusal.write(&mut stream).await?,
    }
    stream.shutdown().await
}

fn brings(head: &str, bearer: &str) -> bool {
    let sent = header(head, "authorization").and_then(|sent| sent.strip_prefix("Bearer "));
    sent == Some(bearer)
}

async fn read(stream: &mut TcpStream) -> io::Result<(String, Vec<u8>)> {
    let mut received = Vec::new();
    let end = loop {
        if let Some(end) = received.windows(4).position(|end| end == b"\r\n\r\n") {
            break end + 4;
        }
        if stream.read_buf(&mut received).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    };
    let mut body = received.split_off(end);
    let head = String::from_utf8_lossy(&received).into_owned();
    let length = header(&head, "content-length").and_then(|length| length.parse().ok());
    let length: usize = length.unwrap_or_default();
    while body.len() < length {
        if stream.read_buf(&mut body).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
    Ok((head, body))
}

fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    let mut lines = head.lines().skip(1).filter_map(|line| line.split_once(':'));
    let found = lines.find(|(known, _)| known.eq_ignore_ascii_case(name))?;
    Some(found.1.trim())
}

/// RFC 6749 sections 2.3.1, 3.2 and 4, and RFC 7523 section 2.1.
fn judge(head: &str, body: &[u8]) -> Result<Request, Answer> {
    let refuse = |status, error: &str| Answer::json(status, &format!(r#"{{"error":"{error}"}}"#));
    if !head.starts_with("POST /auth/oauth2/token HTTP/1.1\r\n") {
        return Err(Answer::json("404 Not Found", "{}"));
    }
    if header(head, "content-type") != Some("application/x-www-form-urlencoded") {
        return Err(refuse("400 Bad Request", "invalid_request"));
    }
    let form: Vec<(String, String)> = form_urlencoded::parse(body).into_owned().collect();
    let request = Request {
        form,
        basic: header(head, "authorization").is_some(),
    };
    let by_assertion =
        request.parameter("grant_type") == Some("urn:ietf:params:oauth:grant-type:jwt-bearer");
    // An assertion says who sends it; every other grant needs the client's own credentials.
    let known = header(head, "authorization").map(is_our_client);
    if known.is_some_and(|ours| !ours) || (known.is_none() && !by_assertion) {
        return Err(refuse("401 Unauthorized", "invalid_client"));
    }
    let complete = match request.parameter("grant_type") {
        Some("client_credentials") => true,
        Some("refresh_token") => request.parameter("refresh_token").is_some(),
        Some("authorization_code") => {
            request.parameter("code").is_some() && request.parameter("redirect_uri").is_some()
        }
        Some(_) if by_assertion => {
            let assertion = request.parameter("assertion").unwrap_or_default();
            assertion.split('.').count() == 3
        }
        _ => false,
    };
    if complete {
        Ok(request)
    } else {
        Err(refuse("400 Bad Request", "invalid_request"))
    }
}

/// Decodes both halves of Basic as forms are decoded, and compares them with the planted client.
fn is_our_client(authorization: &str) -> bool {
    let pair = authorization
        .strip_prefix("Basic ")
        .and_then(|encoded| STANDARD.decode(encoded).ok())
        .and_then(|bytes| String::from_utf8(bytes).ok());
    let Some((id, secret)) = pair.as_deref().and_then(|pair| pair.split_once(':')) else {
        return false;
    };
    let decode = |half: &str| {
        let form = format!("half={half}");
        let mut pairs = form_urlencoded::parse(form.as_bytes());
        pairs.next().map(|(_, value)| value.into_owned())
    };
    decode(id).as_deref() == Some(plant::CLIENT_ID)
        && decode(secret).as_deref() == Some(plant::CLIENT_SECRET)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(line: &str, headers: &[&str], body: &str) -> bool {
        let head = format!("{line}\r\n{}\r\n\r\n", headers.join("\r\n"));
        judge(&head, body.as_bytes()).is_ok()
    }

    #[test]
    fn it_demands_what_the_rfcs_demand() {
        let line = "POST /auth/oauth2/token HTTP/1.1";
        let form = "Content-Type: application/x-www-form-urlencoded";
        let pair: Vec<String> = [plant::CLIENT_ID, plant::CLIENT_SECRET]
            .iter()
            .map(|half| form_urlencoded::byte_serialize(half.as_bytes()).collect())
            .collect();
        let basic = format!("Authorization: Basic {}", STANDARD.encode(pair.join(":")));
        let raw = format!("{}:{}", plant::CLIENT_ID, plant::CLIENT_SECRET);
        let raw = format!("Authorization: Basic {}", STANDARD.encode(raw));
        let grant = "grant_type=client_credentials";
        let assertion = "grant_type=urn:ietf:params:oauth:grant-type:jwt-bearer&assertion=a.b.c";
        let cases = [
            (judged(line, &[form, &basic], grant), true),
            (judged(line, &[form, &raw], grant), false),
            (judged(line, &[form], grant), false),
            (judged(line, &[&basic], grant), false),
            (judged(line, &[form, &basic], "grant_type=password"), false),
            (
                judged(line, &[form, &basic], "grant_type=refresh_token"),
                false,
            ),
            (judged(line, &[form], assertion), true),
            (judged(line, &[form, &raw], assertion), false),
            (
                judged("POST /oauth/token HTTP/1.1", &[form, &basic], grant),
                false,
            ),
        ];
        for (place, (accepted, expected)) in cases.into_iter().enumerate() {
            assert_eq!(accepted, expected, "case {place}");
        }
    }
}
