//! Bodies: what a server sends (whole or in pieces), and how it reads what a client sends.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::BodyExt;
use hyper::body::{Body as HttpBody, Frame, Incoming, SizeHint};
use tokio::sync::mpsc;

/// Longest that a client may take to send its whole body.
const READ_DEADLINE: Duration = Duration::from_secs(30);

/// How many times the limit is read of a body that is too large, before its client is cut off.
const DRAINED: usize = 4;

/// The body of an answer.
pub(crate) enum Body {
    /// All of it, at once.
    Whole(Bytes),
    /// Pieces as they come; ends when the sender is dropped.
    Pieces(mpsc::Receiver<Bytes>),
}

impl Body {
    pub(crate) fn empty() -> Self {
        Body::Whole(Bytes::new())
    }
}

impl From<String> for Body {
    fn from(text: String) -> Self {
        Body::Whole(Bytes::from(text))
    }
}

impl From<&'static str> for Body {
    fn from(text: &'static str) -> Self {
        Body::Whole(Bytes::from_static(text.as_bytes()))
    }
}

impl HttpBody for Body {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        match &mut *self {
            Body::Whole(bytes) if bytes.is_empty() => Poll::Ready(None),
            Body::Whole(bytes) => Poll::Ready(Some(Ok(Frame::data(std::mem::take(bytes))))),
            Body::Pieces(pieces) => pieces
                .poll_recv(context)
                .map(|piece| piece.map(|bytes| Ok(Frame::data(bytes)))),
        }
    }

    fn is_end_stream(&self) -> bool {
        matches!(self, Body::Whole(bytes) if bytes.is_empty())
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Body::Whole(bytes) => SizeHint::with_exact(bytes.len() as u64),
            Body::Pieces(_) => SizeHint::default(),
        }
    }
}

/// Why a client's body could not be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unreadable {
    /// More octets than allowed.
    TooLarge,
    /// Not complete within the deadline.
    TooSlow,
    /// The connection broke, or the framing is wrong.
    Broken,
}

/// Reads a whole body of at most `limit` octets.
pub(crate) async fn read(body: Incoming, limit: usize) -> Result<Bytes, Unreadable> {
    match tokio::time::timeout(READ_DEADLINE, read_all(body, limit)).await {
        Ok(result) => result,
        Err(_) => Err(Unreadable::TooSlow),
    }
}

async fn read_all(mut body: Incoming, limit: usize) -> Result<Bytes, Unreadable> {
    let (mut kept, mut seen) = (Vec::new(), 0_usize);
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame.map_err(|_| Unreadable::Broken)?.into_data() else {
            continue;
        };
        seen += data.len();
        if seen <= limit {
            kept.extend_from_slice(&data);
        } else if seen > limit.saturating_mul(DRAINED) {
            break;
        } else {
            // The rest is read and dropped, because many a client reads no answer before it has sent everything.
            kept = Vec::new();
        }
    }
    if seen > limit {
        Err(Unreadable::TooLarge)
    } else {
        Ok(Bytes::from(kept))
    }
}
