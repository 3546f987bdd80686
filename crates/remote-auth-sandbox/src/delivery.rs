//! Delivering webhooks: one plain HTTP/1.1 request each, in bounded time, to loopback only.
//!
//! Deliberately small: no TLS, no redirects, no second attempt, since no schedule of Remote's is
//! documented.
//! Of an answer only the status line is read, so nothing that the other side wrote is kept.

use std::{io, time::Duration};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    task::JoinSet,
    time::timeout,
};

use crate::webhook::{Parcel, Target};

/// How long one delivery may take from connecting to the status line.
const DELIVERY_MAX: Duration = Duration::from_secs(5);
/// Bytes of a status line.
const STATUS_LINE_BYTES_MAX: usize = 1_024;

/// Tells what became of one event for one webhook callback.
///
/// # Secrets
///
/// None: neither the signature nor anything of the answer but its status is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Delivery {
    /// The id of the callback, as its registration returned it.
    pub callback_id: String,
    /// The event, such as `company.partner_offboarded`.
    pub event_type: &'static str,
    /// What the other side said, or why it said nothing.
    pub outcome: DeliveryOutcome,
}

impl Delivery {
    /// Tells whether the other side confirmed the event, which any status from 200 to 299 does.
    pub fn is_confirmed(&self) -> bool {
        matches!(self.outcome, DeliveryOutcome::Answered(200..=299))
    }
}

/// Says how a [`Delivery`] ended.
///
/// # Units and limits
///
/// A delivery takes at most five seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DeliveryOutcome {
    /// The other side answered with this status.
    Answered(u16),
    /// Nobody listens there, or the connection broke before there was an answer.
    Unreachable,
    /// There was no answer in time.
    TooSlow,
    /// What came back was no HTTP.
    NotHttp,
    /// The callback asks for TLS, which the embedded sandbox does not speak.
    TlsNotSpoken,
}

/// Delivers all parcels at once and returns the results in the order of the callbacks.
pub(crate) async fn deliver(parcels: Vec<Parcel>) -> Vec<Delivery> {
    let mut under_way = JoinSet::new();
    for (place, parcel) in parcels.into_iter().enumerate() {
        under_way.spawn(async move { (place, one(&parcel).await) });
    }
    let mut done = under_way.join_all().await;
    done.sort_by_key(|(place, _)| *place);
    done.into_iter().map(|(_, delivery)| delivery).collect()
}

async fn one(parcel: &Parcel) -> Delivery {
    let outcome = if parcel.target.tls {
        DeliveryOutcome::TlsNotSpoken
    } else {
        match timeout(DELIVERY_MAX, post(parcel)).await {
            Ok(Ok(Some(status))) => DeliveryOutcome::Answered(status),
            Ok(Ok(None)) => DeliveryOutcome::NotHttp,
            Ok(Err(_)) => DeliveryOutcome::Unreachable,
            Err(_) => DeliveryOutcome::TooSlow,
        }
    };
    tracing::debug!(event_type = parcel.event_type, ?outcome, "webhook sent");
    Delivery {
        callback_id: parcel.callback_id.clone(),
        event_type: parcel.event_type,
        outcome,
    }
}

async fn post(parcel: &Parcel) -> io::Result<Option<u16>> {
    let Target {
        addresses,
        authority,
        path_and_query,
        ..
    } = &parcel.target;
    let head = format!(
        "POST {path_and_query} HTTP/1.1\r\nHost: {authority}\r\nContent-Type: application/json\r\n\
         Content-Length: {length}\r\nX-Remote-Signature: {signature}\r\n\
         X-Remote-Timestamp: {timestamp_ms}\r\nUser-Agent: remote-auth-sandbox\r\n\
         Connection: close\r\n\r\n",
        length = parcel.body.len(),
        signature = parcel.signature,
        timestamp_ms = parcel.timestamp_ms,
    );
    let mut stream = TcpStream::connect(addresses.as_slice()).await?;
    stream
        .write_all(&[head.as_bytes(), &parcel.body].concat())
        .await?;
    let mut line = Vec::new();
    while !line.contains(&b'\n') {
        let mut chunk = [0; 256];
        let read = stream.read(&mut chunk).await?;
        if read == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        line.extend_from_slice(&chunk[..read]);
        if line.len() > STATUS_LINE_BYTES_MAX {
            break;
        }
    }
    Ok(status(&line))
}

/// Reads the status from the beginning of an answer.
///
/// See <https://www.rfc-editor.org/rfc/rfc9112#section-4>.
fn status(answer: &[u8]) -> Option<u16> {
    let (version, rest) = answer.split_at_checked(8)?;
    let (status, end) = rest.split_at_checked(4)?;
    let is_http = version.starts_with(b"HTTP/1.") && matches!(end, [b' ' | b'\r' | b'\n', ..]);
    let digits = str::from_utf8(status).ok()?.strip_prefix(' ')?;
    let digits = Some(digits).filter(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()));
    digits?.parse().ok().filter(|_| is_http)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_is_read_from_a_status_line_only() {
        for (answer, expected) in [
            (&b"HTTP/1.1 204 No Content\r\n"[..], Some(204)),
            (b"HTTP/1.0 500\r\n", Some(500)),
            (b"HTTP/1.1 2000 OK\r\n", None),
            (b"HTTP/1.1 +20 OK\r\n", None),
            (b"HTTP/2 200\r\n", None),
            (b"ICY 200 OK\r\n", None),
            (b"HTTP/1.1 200", None),
            (b"", None),
        ] {
            assert_eq!(status(answer), expected, "{}", answer.escape_ascii());
        }
    }
}
