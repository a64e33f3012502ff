//! A connection of HTTP/2. hyper's own limits hold for what is inside the protocol; here is what it leaves open:
//! frames that carry no request, requests that are cancelled as soon as they are sent, and connections that do nothing.

mod fragment;
mod hpack;
mod huffman;
mod owed;

use std::error::Error;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use http::{Request, Uri};
use hyper::body::Incoming;
use hyper::server::conn::http2::Builder;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::watch;

use super::head::MOST_HEAD;
use super::house::{House, told};
use super::inbound::Meter;
use super::slots::Slot;
use super::target::HadFragment;
use fragment::Fragments;
use owed::Debts;

/// What may come of a body that nobody reads, in bytes, and of all bodies of a connection.
const STREAM_WINDOW: u32 = 64 * 1024;
const CONNECTION_WINDOW: u32 = 256 * 1024;
/// What a peer may send for each request besides what is read of its body, in bytes: its head, and the body of one that is
/// refused by its head.
const PER_REQUEST: i64 = 64 * 1024 + STREAM_WINDOW as i64;
/// What a peer may send before its first request: that may come with bodies behind it, before anyone sees it.
const AT_FIRST: i64 = PER_REQUEST + CONNECTION_WINDOW as i64;
/// How much of that can be saved up.
const MOST_SAVED: i64 = 1024 * 1024;
/// How many more requests may be wasted than were answered.
const WASTED: usize = 100;
/// How often a connection is looked at.
const LOOK: Duration = Duration::from_millis(500);
/// How long a peer may go on after it was told to leave.
const LEAVE: Duration = Duration::from_secs(3);

/// What a connection has done.
struct Tally {
    slot: Arc<Slot<IpAddr>>,
    active: AtomicUsize,
    answered: AtomicUsize,
    /// Cancelled by the peer, or too often.
    wasted: AtomicUsize,
    /// Bytes that the peer may send.
    allowed: AtomicI64,
    quiet_since: Mutex<Instant>,
    fragments: Mutex<Fragments>,
    debts: Arc<Debts>,
}

impl Tally {
    fn allow(&self, bytes: i64) {
        let grant = |saved: i64| Some(saved.saturating_add(bytes).min(MOST_SAVED));
        // It always succeeds; bytes may be read meanwhile.
        let _ = (self.allowed).fetch_update(Ordering::Relaxed, Ordering::Relaxed, grant);
    }

    fn is_flood(&self) -> bool {
        let answered = self.answered.load(Ordering::Relaxed);
        self.wasted.load(Ordering::Relaxed) > WASTED + answered
            || self.allowed.load(Ordering::Relaxed) < 0
    }

    fn fragments(&self) -> MutexGuard<'_, Fragments> {
        self.fragments
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether a request for this target was sent with a fragment.
    fn had_fragment(&self, uri: &Uri) -> bool {
        let target = uri.path_and_query();
        target.is_some_and(|target| self.fragments().take(target.as_str()))
    }

    /// How long there has been no request, and no answer that the peer has not taken.
    fn quiet(&self) -> Duration {
        let since = *self
            .quiet_since
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if self.active.load(Ordering::Relaxed) > 0 || self.debts.any() {
            Duration::ZERO
        } else {
            since.elapsed()
        }
    }
}

/// A request under way; one that is dropped before its answer was cancelled.
struct Turn(Arc<Tally>, bool);

impl Turn {
    fn new(tally: &Arc<Tally>) -> Self {
        tally.allow(PER_REQUEST);
        tally.active.fetch_add(1, Ordering::Relaxed);
        tally.slot.works();
        Self(Arc::clone(tally), false)
    }

    fn answered(mut self, well: bool) {
        self.1 = well;
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let count = if self.1 {
            &self.0.answered
        } else {
            &self.0.wasted
        };
        count.fetch_add(1, Ordering::Relaxed);
        *self
            .0
            .quiet_since
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = Instant::now();
        if self.0.active.fetch_sub(1, Ordering::Relaxed) == 1 {
            self.0.slot.waits();
        }
    }
}

/// Serves a connection until either side is done with it, or `stop` turns true.
pub(super) async fn serve<S>(
    house: Arc<House>,
    socket: S,
    peer: SocketAddr,
    slot: Arc<Slot<IpAddr>>,
    stop: watch::Receiver<bool>,
) where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let tally = Arc::new(Tally {
        slot,
        active: AtomicUsize::new(0),
        answered: AtomicUsize::new(0),
        wasted: AtomicUsize::new(0),
        allowed: AtomicI64::new(AT_FIRST),
        quiet_since: Mutex::new(Instant::now()),
        fragments: Mutex::default(),
        debts: Arc::default(),
    });
    let service = service_fn(|mut request: Request<Incoming>| {
        if tally.had_fragment(request.uri()) {
            request.extensions_mut().insert(HadFragment);
        }
        let (house, turn) = (Arc::clone(&house), Turn::new(&tally));
        let (tally, debts) = (Arc::clone(&tally), Arc::clone(&tally.debts));
        let meter: Meter = Arc::new(move |bytes| tally.allow(i64::try_from(bytes).unwrap_or(0)));
        async move {
            let served = house.serve(peer, request, Some(meter)).await;
            let answer = served.response.map(|body| debts.owe(body, served.place));
            turn.answered(served.well);
            Ok::<_, std::convert::Infallible>(answer)
        }
    });
    let metered = Metered {
        socket,
        tally: Arc::clone(&tally),
    };
    let mut connection = pin!(
        Builder::new(TokioExecutor::new())
            .timer(TokioTimer::new())
            .max_concurrent_streams(64)
            .max_pending_accept_reset_streams(20)
            .max_local_error_reset_streams(64)
            // Somewhat more than the guard's own limit, whose answer has a body.
            .max_header_list_size(2 * u32::try_from(MOST_HEAD).unwrap_or(u32::MAX))
            .initial_stream_window_size(STREAM_WINDOW)
            .initial_connection_window_size(CONNECTION_WINDOW)
            .max_send_buf_size(64 * 1024)
            .keep_alive_interval(Duration::from_secs(20))
            .keep_alive_timeout(Duration::from_secs(10))
            .serve_connection(TokioIo::new(metered), service)
    );
    let deadlines = house.limits.deadlines;
    let (mut stop, mut leaving) = (stop, None::<Instant>);
    let debts = Arc::clone(&tally.debts);
    let ended = loop {
        let leaves = tokio::select! {
            ended = &mut connection => break ended,
            () = told(&mut stop), if leaving.is_none() => true,
            () = tokio::time::sleep(LOOK) => {
                let patience = if leaving.is_some() { LEAVE } else { deadlines.answer };
                if debts.overdue(patience) {
                    return house.metrics.connection_refused("untaken");
                }
                let none_yet = tally.answered.load(Ordering::Relaxed) == 0;
                let idle = if none_yet { deadlines.first_byte } else { deadlines.idle };
                leaving.is_none() && tally.quiet() > idle
            }
        };
        if leaves {
            leaving = Some(Instant::now());
            connection.as_mut().graceful_shutdown();
        }
        if leaving.is_some_and(|since| since.elapsed() > LEAVE) && tally.quiet() > LEAVE {
            return;
        }
    };
    if tally.is_flood() || ended.as_ref().is_err_and(is_cut) {
        house.metrics.connection_refused("flood");
    }
    if let Err(error) = ended {
        slog::debug!(house.log, "a connection broke off"; "peer" => peer.to_string(), "error" => crate::edge::chain(&error));
    }
}

/// Whether hyper broke the connection off by its own limits: too many resets, settings, or the like.
fn is_cut(error: &hyper::Error) -> bool {
    let mut cause: Option<&(dyn Error + 'static)> = Some(error);
    while let Some(error) = cause {
        if let Some(broken) = error.downcast_ref::<h2::Error>() {
            return broken.reason() == Some(h2::Reason::ENHANCE_YOUR_CALM) && !broken.is_remote();
        }
        cause = error.source();
    }
    false
}

/// A socket that ends when its peer floods.
struct Metered<S> {
    socket: S,
    tally: Arc<Tally>,
}

impl<S: AsyncRead + Unpin> AsyncRead for Metered<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        out: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let metered = self.get_mut();
        if metered.tally.is_flood() {
            return Poll::Ready(Err(io::ErrorKind::ConnectionAborted.into()));
        }
        let before = out.filled().len();
        let outcome = Pin::new(&mut metered.socket).poll_read(cx, out);
        let came = &out.filled()[before..];
        metered.tally.fragments().read(came);
        let bytes = i64::try_from(came.len()).unwrap_or(i64::MAX);
        metered.tally.allowed.fetch_sub(bytes, Ordering::Relaxed);
        outcome
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Metered<S> {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let metered = self.get_mut();
        let outcome = Pin::new(&mut metered.socket).poll_write(cx, bytes);
        metered.tally.debts.takes(outcome.is_ready());
        outcome
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().socket).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().socket).poll_shutdown(cx)
    }
}
