//! A body that is sent in other stages than it should be: cut short, filled up, or drop by drop.

use std::{
    fmt, io,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use axum::body::{Bytes, HttpBody};
use hyper::body::Frame;

use crate::meddling::Pace;

/// What a body is filled up with, a piece at a time.
static BLANKS: [u8; 16 * 1024] = [b' '; 16 * 1024];

/// A body in stages; its length is promised as if nothing were wrong.
pub(crate) struct Staged {
    rest: Bytes,
    /// Blanks that follow.
    blanks: u64,
    /// Bytes that are promised after all that and never come.
    withheld: u64,
    /// How the rest is parted, if it is.
    drip: Option<Drip>,
    /// Whether what came before the break had its chance to leave.
    flushed: bool,
}

struct Drip {
    bytes: usize,
    pause: Duration,
    pace: Pace,
    sent: u32,
    waiting: Option<Pin<Box<dyn Future<Output = ()> + Send>>>,
}

impl Staged {
    fn whole(body: Bytes) -> Self {
        Self {
            rest: body,
            blanks: 0,
            withheld: 0,
            drip: None,
            flushed: false,
        }
    }

    /// Sends at most the first bytes, and never the last one.
    pub(crate) fn truncated(body: Bytes, bytes: usize) -> Self {
        let kept = bytes.min(body.len().saturating_sub(1));
        let withheld = (body.len() - kept) as u64;
        Self {
            withheld,
            ..Self::whole(body.slice(..kept))
        }
    }

    /// Fills the body up to a length.
    pub(crate) fn filled_up(body: Bytes, bytes: u64) -> Self {
        let blanks = bytes.saturating_sub(body.len() as u64);
        Self {
            blanks,
            ..Self::whole(body)
        }
    }

    /// Sends the body in pieces of some bytes, with a pause before each but the first.
    pub(crate) fn dripping(body: Bytes, bytes: usize, pause: Duration, pace: Pace) -> Self {
        let drip = Drip {
            bytes,
            pause,
            pace,
            sent: 0,
            waiting: None,
        };
        Self {
            drip: Some(drip),
            ..Self::whole(body)
        }
    }

    pub(crate) fn bytes_promised(&self) -> u64 {
        self.rest.len() as u64 + self.blanks + self.withheld
    }

    fn piece(&mut self) -> Option<Bytes> {
        if self.rest.is_empty() {
            let blanks = usize::try_from(self.blanks).unwrap_or(usize::MAX);
            let blanks = blanks.min(BLANKS.len());
            self.blanks -= blanks as u64;
            return (blanks > 0).then(|| Bytes::from_static(&BLANKS[..blanks]));
        }
        let bytes = self.drip.as_ref().map_or(usize::MAX, |drip| drip.bytes);
        Some(self.rest.split_to(bytes.min(self.rest.len())))
    }
}

impl HttpBody for Staged {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        let this = &mut *self;
        if let Some(drip) = &mut this.drip {
            if let Some(waiting) = &mut drip.waiting {
                ready!(waiting.as_mut().poll(context));
            }
            drip.sent += 1;
            let span = drip.pause.saturating_mul(drip.sent);
            drip.waiting = Some(Box::pin(drip.pace.clone().wait(span)));
        }
        if let Some(piece) = this.piece() {
            return Poll::Ready(Some(Ok(Frame::data(piece))));
        }
        if this.withheld == 0 {
            return Poll::Ready(None);
        }
        if !this.flushed {
            // An error at once would also take with it what was not yet written to the line.
            this.flushed = true;
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        Poll::Ready(Some(Err(io::ErrorKind::ConnectionAborted.into())))
    }

    fn is_end_stream(&self) -> bool {
        self.bytes_promised() == 0
    }
}

impl fmt::Debug for Staged {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Staged").finish_non_exhaustive()
    }
}
