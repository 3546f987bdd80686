//! Webhook callbacks, and what is delivered to them.

use std::io;
use std::time::Duration;

use reqwest::Method;
use ring::hmac;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::questions;
use super::talk::{Talk, in_the_way};
use super::wire::{Answer, Ask};
use crate::judge::{Examination, Objection, demand};

const CALLBACKS: &str = "/webhook-callbacks";

/// An address where nobody listens.
const NOWHERE: &str = "http://127.0.0.1:9/hook";

/// How long a delivery may take to arrive.
const DELIVERY_MAX: Duration = Duration::from_secs(10);

/// The most of a delivery that is read.
const DELIVERY_BYTES_MAX: usize = 64 * 1024;

questions! {
    "server.webhook.fields", Destructive, ["remote.webhook.fields"],
        "A webhook callback with a member that does not exist is 422.", fields;
    "server.webhook.events", Destructive, ["remote.webhook.events"],
        "A webhook callback that names no events, or some and all at once, is 422.", events;
    "server.webhook.key-once", Destructive, ["remote.webhook.key-once"],
        "A new webhook callback's signing key is in the answer.", key_once;
    "server.webhook.known", Destructive, ["remote.webhook.deletion"],
        "The deletion of a webhook callback that does not exist is 404.", known;
    "server.webhook.deleted", Destructive, ["remote.webhook.deletion"],
        "The deletion of a webhook callback is 200.", deleted;
    "server.webhook.signed", Destructive, ["remote.webhook.signature"],
        "A delivery is signed with the key of its callback.", signed;
}

impl Talk<'_> {
    async fn register(&mut self, token: &str, body: &Value) -> Result<Answer, Objection> {
        let url = self.api(CALLBACKS).await?;
        self.send(&Ask::json(url, body).bearer(token)).await
    }

    /// Registers as the partner.
    async fn register_as_partner(&mut self, body: &Value) -> Result<Answer, Objection> {
        let token = self.partner_token().await?;
        self.register(&token, body).await
    }

    async fn delete_callback(&mut self, token: &str, id: &str) -> Result<Answer, Objection> {
        let url = self.api(&format!("{CALLBACKS}/{id}")).await?;
        self.send(&Ask::new(Method::DELETE, url).bearer(token))
            .await
    }
}

fn callback(url: &str) -> Value {
    json!({ "url": url, "subscribed_events": ["company.archived"] })
}

async fn fields(mut talk: Talk<'_>) -> Examination {
    let mut body = callback(NOWHERE);
    body["no_such_member"] = json!(true);
    talk.register_as_partner(&body).await?.answered(422)
}

async fn events(mut talk: Talk<'_>) -> Examination {
    let mut both = callback(NOWHERE);
    both["subscribe_to_all_events"] = json!(true);
    for body in [json!({ "url": NOWHERE }), both] {
        talk.register_as_partner(&body).await?.answered(422)?;
    }
    Ok(())
}

async fn key_once(mut talk: Talk<'_>) -> Examination {
    let answer = talk.register_as_partner(&callback(NOWHERE)).await?;
    answer.answered(200)?;
    let key = answer.text("/data/webhook_callback/signing_key");
    demand(key.is_some(), || {
        "an answer without a signing key".to_owned()
    })
}

async fn known(mut talk: Talk<'_>) -> Examination {
    let granted = talk.company(&[]).await?;
    let nobody = "00000000-0000-4000-8000-000000000000";
    let answer = talk.delete_callback(&granted.access_token, nobody).await?;
    answer.answered(404)
}

async fn deleted(mut talk: Talk<'_>) -> Examination {
    let granted = talk.company(&[]).await?;
    let token = &granted.access_token;
    let answer = talk.register(token, &callback(NOWHERE)).await?;
    let id = answer.text("/data/webhook_callback/id");
    let id = id.ok_or_else(|| in_the_way("no webhook callback was registered"))?;
    talk.delete_callback(token, &id).await?.answered(200)
}

async fn signed(mut talk: Talk<'_>) -> Examination {
    let runner = talk.server.runner()?;
    let listen = TcpListener::bind(("127.0.0.1", 0)).await;
    let listener = listen.map_err(|_| in_the_way("no port is free to be told at"))?;
    let address = listener.local_addr().expect("a listener has an address");
    let heard = hear(listener);

    let url = format!("http://{address}/hook");
    let answer = talk.register_as_partner(&callback(&url)).await?;
    let key = answer.text("/data/webhook_callback/signing_key");
    let key = key.ok_or_else(|| in_the_way("no signing key was shown"))?;
    let company_id = talk.own_company().await?;
    let ended = runner.archive(&company_id).await;
    ended.map_err(|_| in_the_way("the company could not be ended"))?;

    let heard = timeout(DELIVERY_MAX, heard).await;
    let heard = heard.ok().and_then(Result::ok).and_then(Result::ok);
    let delivery = heard.ok_or_else(|| in_the_way("nothing was delivered"))?;
    demand(delivery.is_signed_with(&key), || {
        "a delivery whose signature its key does not make".to_owned()
    })
}

/// One delivery, as far as a receiver judges it.
struct Delivery {
    signature: String,
    timestamp: String,
    body: String,
}

impl Delivery {
    fn read(text: &str) -> Option<Self> {
        let (head, body) = text.split_once("\r\n\r\n")?;
        let header = |name: &str| {
            let mut lines = head.lines().filter_map(|line| line.split_once(": "));
            let (_, value) = lines.find(|(sent, _)| sent.eq_ignore_ascii_case(name))?;
            Some(value.to_owned())
        };
        let length: usize = header("content-length")?.parse().ok()?;
        (body.len() >= length).then(|| Self {
            signature: header("x-remote-signature").unwrap_or_default(),
            timestamp: header("x-remote-timestamp").unwrap_or_default(),
            body: body.to_owned(),
        })
    }

    /// Tells whether the signature is the documented one: HMAC-SHA-256 over body, colon and timestamp, in hexadecimal.
    fn is_signed_with(&self, key: &str) -> bool {
        let key = hmac::Key::new(hmac::HMAC_SHA256, key.as_bytes());
        let said = format!("{}:{}", self.body, self.timestamp);
        let tag = hmac::sign(&key, said.as_bytes());
        let hex: String = tag
            .as_ref()
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        hex == self.signature.to_ascii_lowercase()
    }
}

/// Takes one delivery and confirms it.
fn hear(listener: TcpListener) -> JoinHandle<io::Result<Delivery>> {
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await?;
        let mut bytes = Vec::new();
        while bytes.len() < DELIVERY_BYTES_MAX {
            if stream.read_buf(&mut bytes).await? == 0 {
                break;
            }
            if let Some(delivery) = Delivery::read(&String::from_utf8_lossy(&bytes)) {
                let confirmed = b"HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n";
                stream.write_all(confirmed).await?;
                return Ok(delivery);
            }
        }
        Err(io::ErrorKind::UnexpectedEof.into())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_delivery_is_believed_by_its_signature_over_body_and_timestamp() {
        // Made by Python's `hmac`.
        let signature = "ade0cbba4dfca6cf9a751fe65a9a2accdc9fbc15df710fc8603789788059bcff";
        let text = |signature: &str, timestamp: &str, body: &str| {
            let length = body.len();
            format!(
                "POST /hook HTTP/1.1\r\nContent-Length: {length}\r\nX-Remote-Signature: {signature}\r\n\
                 X-Remote-Timestamp: {timestamp}\r\n\r\n{body}"
            )
        };
        for (text, is_signed) in [
            (text(signature, "1767225600000", "{}"), Some(true)),
            (text(signature, "1767225600001", "{}"), Some(false)),
            (text(signature, "1767225600000", "[]"), Some(false)),
            (text("", "1767225600000", "{}"), Some(false)),
            (
                "POST /hook HTTP/1.1\r\nContent-Length: 3\r\n\r\n{}".to_owned(),
                None,
            ),
        ] {
            let read = Delivery::read(&text);
            let judged = read.map(|delivery| delivery.is_signed_with("signing-key"));
            assert_eq!(judged, is_signed, "{text}");
        }
    }
}
