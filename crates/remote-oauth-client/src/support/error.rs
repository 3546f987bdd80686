//! The error of generated methods: what went wrong, never what was said.

use std::error::Error as StdError;
use std::{fmt, io};

use reqwest::header::HeaderMap;
use reqwest::{Response, StatusCode};
use serde_json::error::Category;

use super::{Head, RateLimit, ResponseValue};

/// Tells why a generated method has no success to return.
///
/// `E` is the document's error schema for the operation.
///
/// # Secrets
///
/// `Display`, `Debug` and `source` give the kind, the status and a position; never a body, a header value, an
/// address or a parser's text.
/// [`Error::headers`] hands out what the server sent, for those who need `Retry-After`.
#[non_exhaustive]
pub enum Error<E = ()> {
    /// The request could not be written. Nothing was sent.
    InvalidRequest,
    /// There was no token to send it with. Nothing was sent.
    ///
    /// Holds what the [`BearerSource`](crate::BearerSource) said, which is also the [`source`](StdError::source).
    NoToken(Box<dyn StdError + Send + Sync>),
    /// No answer came, or none that is HTTP.
    CommunicationError(Failure),
    /// The document names this status, and the body is what it says.
    ErrorResponse(ResponseValue<E>),
    /// The document names this status, and the body is not what it says.
    InvalidResponsePayload {
        /// Status and headers.
        head: Box<Head>,
        /// What is wrong with the body.
        unreadable: Unreadable,
    },
    /// The document does not name this status. The body was not read.
    UndocumentedStatus {
        /// Status and headers.
        head: Box<Head>,
    },
}

impl<E> Error<E> {
    /// Stands where generated code expects a variant that would keep the whole answer, and keeps only its head.
    #[doc(hidden)]
    #[expect(
        non_snake_case,
        reason = "generated code calls the variant of this name as a function"
    )]
    pub fn UnexpectedResponse(mut response: Response) -> Self {
        Self::UndocumentedStatus {
            head: Head::of(&mut response),
        }
    }

    fn head(&self) -> Option<&Head> {
        match self {
            Self::InvalidRequest | Self::NoToken(_) | Self::CommunicationError(_) => None,
            Self::ErrorResponse(response) => Some(response.head()),
            Self::InvalidResponsePayload { head, .. } | Self::UndocumentedStatus { head } => {
                Some(head)
            }
        }
    }

    /// Returns the status of the answer, if there was one.
    pub fn status(&self) -> Option<StatusCode> {
        self.head().map(|head| head.status)
    }

    /// Returns the headers of the answer, if there was one. Their values may be anything.
    pub fn headers(&self) -> Option<&HeaderMap> {
        self.head().map(|head| &head.headers)
    }

    /// Returns what the server says about its allowance, if there was an answer that says so.
    pub fn rate_limit(&self) -> Option<RateLimit> {
        self.headers().and_then(RateLimit::of)
    }

    /// Turns the document's error schema into another, and keeps everything else.
    ///
    /// Each generated client has its own; this brings them to one.
    pub fn map<F>(self, change: impl FnOnce(E) -> F) -> Error<F> {
        match self {
            Self::InvalidRequest => Error::InvalidRequest,
            Self::NoToken(reason) => Error::NoToken(reason),
            Self::CommunicationError(failure) => Error::CommunicationError(failure),
            Self::ErrorResponse(response) => Error::ErrorResponse(response.map(change)),
            Self::InvalidResponsePayload { head, unreadable } => {
                Error::InvalidResponsePayload { head, unreadable }
            }
            Self::UndocumentedStatus { head } => Error::UndocumentedStatus { head },
        }
    }

    /// Returns what the answer called itself, if there was one.
    pub fn media_type(&self) -> Option<MediaType> {
        self.head().map(Head::media_type)
    }

    /// Returns why the body could not be read, where that is the error.
    pub fn unreadable(&self) -> Option<Unreadable> {
        match self {
            Self::InvalidResponsePayload { unreadable, .. } => Some(*unreadable),
            _ => None,
        }
    }
}

impl<E> fmt::Display for Error<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InvalidRequest => f.write_str("write the request"),
            Self::NoToken(_) => f.write_str("get a token for the request"),
            Self::CommunicationError(failure) => write!(f, "get an answer: {failure}"),
            Self::ErrorResponse(response) => write!(
                f,
                "have the request granted: the server refused with status {}",
                response.status().as_u16()
            ),
            Self::InvalidResponsePayload { head, unreadable } => {
                write!(
                    f,
                    "read the answer with status {}: {unreadable}",
                    head.status.as_u16()
                )
            }
            Self::UndocumentedStatus { head } => {
                write!(
                    f,
                    "understand the answer: status {} is not documented",
                    head.status.as_u16()
                )
            }
        }
    }
}

impl<E> fmt::Debug for Error<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Error({self})")
    }
}

impl<E> StdError for Error<E> {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match self {
            Self::NoToken(reason) => Some(&**reason),
            _ => None,
        }
    }
}

/// Tells how an exchange ended without a usable answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Failure {
    kind: FailureKind,
    sent: bool,
}

/// Names the ways in which an exchange fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FailureKind {
    /// The host's name has no address.
    Unresolved,
    /// Nothing listens at the address.
    Refused,
    /// The server's certificate was judged and found wanting.
    Certificate,
    /// The time allowed ran out.
    TimedOut,
    /// The connection was closed or reset.
    Closed,
    /// Anything else, an answer that is not HTTP included.
    Other,
}

impl Failure {
    /// Classes an error of the HTTP client and forgets its text.
    pub(crate) fn of(error: &reqwest::Error) -> Self {
        Self {
            kind: FailureKind::of(error),
            sent: !(error.is_connect() || error.is_builder()),
        }
    }

    /// Returns the kind.
    pub fn kind(&self) -> FailureKind {
        self.kind
    }

    /// Tells whether bytes of the request may have left this machine.
    ///
    /// If so, what the request spends (a code, an assertion) may be spent.
    pub fn may_have_been_sent(&self) -> bool {
        self.sent
    }
}

/// Looks into an I/O error, which hides what it wraps from `source`; TLS libraries wrap one in another.
fn hides_a_bad_certificate(error: &io::Error) -> bool {
    error.get_ref().is_some_and(|inner| {
        match (inner.downcast_ref(), inner.downcast_ref::<io::Error>()) {
            (Some(rustls::Error::InvalidCertificate(_)), _) => true,
            (_, Some(deeper)) => hides_a_bad_certificate(deeper),
            _ => false,
        }
    })
}

impl FailureKind {
    fn of(error: &reqwest::Error) -> Self {
        let mut cause: Option<&(dyn StdError + 'static)> = Some(error);
        while let Some(current) = cause {
            if let Some(rustls::Error::InvalidCertificate(_)) = current.downcast_ref() {
                return Self::Certificate;
            }
            if let Some(io) = current.downcast_ref::<io::Error>() {
                match io.kind() {
                    io::ErrorKind::ConnectionRefused => return Self::Refused,
                    io::ErrorKind::ConnectionReset
                    | io::ErrorKind::ConnectionAborted
                    | io::ErrorKind::BrokenPipe
                    | io::ErrorKind::UnexpectedEof => return Self::Closed,
                    io::ErrorKind::TimedOut => return Self::TimedOut,
                    _ => {}
                }
                if hides_a_bad_certificate(io) {
                    return Self::Certificate;
                }
            }
            // The resolver's error has no type that can be named, only this fixed label.
            if current.to_string() == "dns error" {
                return Self::Unresolved;
            }
            cause = current.source();
        }
        match error {
            _ if error.is_timeout() => Self::TimedOut,
            _ if error.is_request() || error.is_body() => Self::Closed,
            _ => Self::Other,
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.kind {
            FailureKind::Unresolved => "the host's name has no address",
            FailureKind::Refused => "the connection was refused",
            FailureKind::Certificate => "the server's certificate is not trusted",
            FailureKind::TimedOut => "the time allowed ran out",
            FailureKind::Closed => "the connection was closed early",
            FailureKind::Other => "the exchange broke off",
        })
    }
}

/// Tells why a body could not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Unreadable {
    /// It has more than [`BODY_BYTES_MAX`](super::BODY_BYTES_MAX) bytes.
    TooLarge,
    /// It is not JSON.
    NotJson {
        /// Where the reader gave up, from 1.
        line: usize,
        /// Where in the line, from 0.
        column: usize,
    },
    /// It is JSON of another shape than the document says.
    OtherShape {
        /// Where the reader gave up, from 1.
        line: usize,
        /// Where in the line, from 0.
        column: usize,
    },
    /// It ended early, or never did.
    Interrupted(Failure),
}

impl Unreadable {
    /// Keeps the category and the position of a parser's error, whose text may quote the body.
    pub(crate) fn json(error: &serde_json::Error) -> Self {
        let (line, column) = (error.line(), error.column());
        match error.classify() {
            Category::Data => Self::OtherShape { line, column },
            Category::Syntax | Category::Eof | Category::Io => Self::NotJson { line, column },
        }
    }
}

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLarge => f.write_str("the body is larger than 1 MiB"),
            Self::NotJson { line, column } => {
                write!(f, "the body is not JSON (line {line}, column {column})")
            }
            Self::OtherShape { line, column } => {
                write!(
                    f,
                    "the body is JSON of another shape (line {line}, column {column})"
                )
            }
            Self::Interrupted(failure) => write!(f, "the body was cut short: {failure}"),
        }
    }
}

/// Names what an answer called itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum MediaType {
    /// `application/json` or another JSON type.
    Json,
    /// `text/html`: usually a proxy's or a firewall's page.
    Html,
    /// Anything else.
    Other,
    /// No `Content-Type` at all.
    Missing,
}
