//! Bodies: what a server sends (whole or in pieces), and how it reads what a client sends.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::body::{Body as HttpBody, Frame, Incoming, SizeHint};
use tokio::sync::mpsc;

/// Longest that a client may take to send its whole body.
const READ_DEADLINE: Duration = Duration::from_secs(30);

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
    // Refused by its announced length before a single octet is kept.
    if HttpBody::size_hint(&body).lower() > limit as u64 {
        return Err(Unreadable::TooLarge);
    }
    match tokio::time::timeout(READ_DEADLINE, Limited::new(body, limit).collect()).await {
        Ok(Ok(collected)) => Ok(collected.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(Unreadable::TooLarge),
        Ok(Err(_)) => Err(Unreadable::Broken),
        Err(_) => Err(Unreadable::TooSlow),
    }
}
