//! A peer's body on its way to dropshot: not asked for before dropshot asks, and watched on its way.

use std::error::Error;
use std::io;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use futures::task::AtomicWaker;
use hyper::body::{Body, Frame, Incoming, SizeHint};

use super::framing::Malformed;
use super::slots::Slot;

/// What is known of a body while it is on its way.
pub(super) struct Watch {
    asked: AtomicBool,
    waker: AtomicWaker,
    /// Why it broke off.
    failed: OnceLock<&'static str>,
    slot: Slot<IpAddr>,
}

impl Watch {
    /// Of a request that holds `slot`; with `waits`, the body waits to be asked for.
    pub(super) fn new(slot: Slot<IpAddr>, waits: bool) -> Arc<Self> {
        Arc::new(Self {
            asked: AtomicBool::new(!waits),
            waker: AtomicWaker::new(),
            failed: OnceLock::new(),
            slot,
        })
    }

    /// dropshot asks for the body: only from now on the request waits for its peer. One whose body nobody asks for is at work.
    pub(super) fn ask(&self) {
        self.slot.waits();
        self.asked.store(true, Ordering::Release);
        self.waker.wake();
    }

    /// Why the peer's body broke off, if it did.
    pub(super) fn failure(&self) -> Option<&'static str> {
        self.failed.get().copied()
    }

    /// The place of the request.
    pub(super) fn slot(&self) -> &Slot<IpAddr> {
        &self.slot
    }
}

/// Told of every frame's size.
pub(super) type Meter = Arc<dyn Fn(usize) + Send + Sync>;

/// The body.
pub(super) struct Inbound {
    body: Incoming,
    watch: Arc<Watch>,
    meter: Option<Meter>,
}

impl Inbound {
    pub(super) fn new(body: Incoming, watch: Arc<Watch>, meter: Option<Meter>) -> Self {
        if watch.asked.load(Ordering::Acquire) && !body.is_end_stream() {
            watch.slot.waits();
        }
        Self { body, watch, meter }
    }
}

/// Why a body broke off, for its sender.
fn why(error: &hyper::Error) -> &'static str {
    let mut next: Option<&(dyn Error + 'static)> = Some(error);
    while let Some(error) = next {
        let inner = error.downcast_ref::<io::Error>();
        if let Some(inner) = inner.and_then(io::Error::get_ref)
            && let Some(Malformed(why)) = inner.downcast_ref()
        {
            return why;
        }
        next = error.source();
    }
    "the body could not be read to its end"
}

impl Body for Inbound {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let inbound = self.get_mut();
        if !inbound.watch.asked.load(Ordering::Acquire) {
            inbound.watch.waker.register(cx.waker());
            if !inbound.watch.asked.load(Ordering::Acquire) {
                return Poll::Pending;
            }
        }
        loop {
            let frame = ready!(Pin::new(&mut inbound.body).poll_frame(cx));
            match &frame {
                // Trailers mean nothing here.
                Some(Ok(frame)) if !frame.is_data() => continue,
                Some(Ok(frame)) => {
                    let bytes = frame.data_ref().map_or(0, Bytes::len);
                    if let Some(meter) = &inbound.meter {
                        meter(bytes);
                    }
                }
                Some(Err(error)) => {
                    // Only the first is told.
                    let _ = inbound.watch.failed.set(why(error));
                }
                None => {}
            }
            if frame.is_none() || inbound.body.is_end_stream() {
                inbound.watch.slot.works();
            }
            return Poll::Ready(frame);
        }
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
