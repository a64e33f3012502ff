//! The gate as hyper sees it: a stream.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::sleep;

use super::{Gate, PIECE, Place, Step};

impl<S: AsyncRead + AsyncWrite + Unpin> Gate<S> {
    /// Notes what became of a write.
    fn wrote<T>(
        &mut self,
        cx: &mut Context<'_>,
        outcome: Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        self.stalled = outcome.is_pending();
        if self.stalled {
            let time = self.deadlines.answer;
            let clock = self.writing.get_or_insert_with(|| Box::pin(sleep(time)));
            if clock.as_mut().poll(cx).is_ready() {
                return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
            }
        } else if std::mem::take(&mut self.parked) {
            cx.waker().wake_by_ref();
        }
        outcome
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for Gate<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        out: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let gate = self.get_mut();
        loop {
            if gate.cleared > 0 {
                let some = gate.cleared.min(out.remaining());
                out.put_slice(&gate.received.split_to(some));
                gate.cleared -= some;
                return Poll::Ready(Ok(()));
            }
            if gate.stalled && gate.has_deadline() {
                // An answer comes first. Also, hyper would take the end of the stream for a reason to forget what it
                // has not written yet.
                gate.parked = true;
                return Poll::Pending;
            }
            match gate.step() {
                Ok(Step::Again) => continue,
                Ok(Step::End) => return Poll::Ready(Ok(())),
                Ok(Step::Read) => {}
                Err(malformed) => {
                    let error = io::Error::new(io::ErrorKind::InvalidData, malformed);
                    return Poll::Ready(Err(error));
                }
            }
            gate.start_clock();
            let mut piece = [0; PIECE];
            let mut piece = ReadBuf::new(&mut piece);
            match Pin::new(&mut gate.socket).poll_read(cx, &mut piece) {
                Poll::Ready(Ok(())) if piece.filled().is_empty() => {
                    gate.peer_is_done = true;
                    gate.place = Place::Over;
                }
                Poll::Ready(Ok(())) => gate.received.extend_from_slice(piece.filled()),
                Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                Poll::Pending
                    if gate.has_deadline() && gate.reading.as_mut().poll(cx).is_ready() =>
                {
                    gate.too_late()
                }
                Poll::Pending => return Poll::Pending,
            }
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Gate<S> {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let gate = self.get_mut();
        let outcome = Pin::new(&mut gate.socket).poll_write(cx, bytes);
        gate.wrote(cx, outcome)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let gate = self.get_mut();
        let outcome = Pin::new(&mut gate.socket).poll_write_vectored(cx, bytes);
        gate.wrote(cx, outcome)
    }

    fn is_write_vectored(&self) -> bool {
        self.socket.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let gate = self.get_mut();
        let outcome = Pin::new(&mut gate.socket).poll_flush(cx);
        gate.wrote(cx, outcome)
    }

    /// Only flushes: [`Gate::finish`] closes.
    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_flush(cx)
    }
}
