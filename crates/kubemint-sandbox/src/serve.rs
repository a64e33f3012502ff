//! An HTTPS server on loopback: accepts, shakes hands, hands every request to a handler, and stops cleanly.

use std::future::Future;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use http::{Request, Response};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use rustls::ServerConfig;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio_rustls::TlsAcceptor;

use crate::body::Body;
use crate::clients::Shown;
use crate::error::SandboxError;

/// Most connections at a time; more wait in the kernel's queue.
const MAX_CONNECTIONS: u32 = 4096;
/// Longest TLS handshake.
const HANDSHAKE_DEADLINE: Duration = Duration::from_secs(10);
/// Longest wait for a request's header, which is also how long an idle connection is kept.
const HEADER_DEADLINE: Duration = Duration::from_secs(120);
/// Largest header block, in octets.
const MAX_HEADER: usize = 64 * 1024;
/// Most requests at a time on one HTTP/2 connection.
const MAX_STREAMS: u32 = 250;
/// How long requests in flight may still take once the server stops.
const GRACE: Duration = Duration::from_secs(1);

/// The connection is to be cut without an answer.
#[derive(Debug, thiserror::Error)]
#[error("the connection is cut on purpose")]
pub(crate) struct Cut;

/// Answers requests.
pub(crate) trait Handler: Send + Sync + 'static {
    /// Answers one request, or cuts its connection.
    fn handle(
        self: Arc<Self>,
        request: Request<Incoming>,
    ) -> impl Future<Output = Result<Response<Body>, Cut>> + Send;
}

/// A running server. Dropping it stops it: no new connection, and what is in flight has a second to end.
pub(crate) struct Server {
    address: SocketAddr,
    stop: watch::Sender<bool>,
    slots: Arc<Semaphore>,
}

impl Server {
    /// Listens on 127.0.0.1 at `port` (0: any free one). The handler is made from the address.
    pub(crate) async fn start<H: Handler>(
        port: u16,
        tls: Arc<ServerConfig>,
        handler: impl FnOnce(SocketAddr) -> Arc<H>,
    ) -> Result<Self, SandboxError> {
        let wanted = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let failed = |source| SandboxError::Listen {
            address: wanted.to_string(),
            source,
        };
        let listener = TcpListener::bind(wanted).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        let (stop, stopped) = watch::channel(false);
        // One for each connection, and one for whoever accepts them.
        let slots = Arc::new(Semaphore::new(MAX_CONNECTIONS as usize + 1));
        let own = Arc::clone(&slots).acquire_owned().await;
        let acceptor = TlsAcceptor::from(tls);
        let (handler, free) = (handler(address), Arc::clone(&slots));
        tokio::spawn(async move {
            accept(listener, acceptor, handler, stopped, free).await;
            // Only now, when the listener is closed, so that whoever waited for the end finds the port free.
            drop(own);
        });
        Ok(Self {
            address,
            stop,
            slots,
        })
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// True once the server is to stop: long answers watch this.
    pub(crate) fn stopping(&self) -> watch::Receiver<bool> {
        self.stop.subscribe()
    }

    /// Stops, and waits until every connection has ended.
    pub(crate) async fn stop(&self) {
        self.stop.send_replace(true);
        let _all = self.slots.acquire_many(MAX_CONNECTIONS + 1).await;
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop.send_replace(true);
    }
}

async fn accept<H: Handler>(
    listener: TcpListener,
    acceptor: TlsAcceptor,
    handler: Arc<H>,
    mut stopped: watch::Receiver<bool>,
    slots: Arc<Semaphore>,
) {
    loop {
        let slot = tokio::select! {
            biased;
            _ = stopped.wait_for(|stop| *stop) => return,
            slot = Arc::clone(&slots).acquire_owned() => slot,
        };
        let Ok(slot) = slot else { return };
        let accepted = tokio::select! {
            biased;
            _ = stopped.wait_for(|stop| *stop) => return,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((socket, _)) => {
                tokio::spawn(connection(
                    socket,
                    acceptor.clone(),
                    Arc::clone(&handler),
                    stopped.clone(),
                    slot,
                ));
            }
            // Out of file descriptors, most likely: the ones that end make room.
            Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
        }
    }
}

async fn connection<H: Handler>(
    socket: TcpStream,
    acceptor: TlsAcceptor,
    handler: Arc<H>,
    mut stopped: watch::Receiver<bool>,
    _slot: OwnedSemaphorePermit,
) {
    // Answers are small and written whole: waiting for more to send would only delay them. Failing to say so
    // costs speed, nothing else.
    let _ = socket.set_nodelay(true);
    let shaken = tokio::select! {
        biased;
        _ = stopped.wait_for(|stop| *stop) => return,
        shaken = tokio::time::timeout(HANDSHAKE_DEADLINE, acceptor.accept(socket)) => shaken,
    };
    let Ok(Ok(stream)) = shaken else { return };
    let builder = builder(stream.get_ref().1.alpn_protocol() == Some(b"h2"));
    let certificates = stream.get_ref().1.peer_certificates();
    let shown = certificates.map(|certificates| Shown(certificates.into()));
    let service = service_fn(move |mut request: Request<Incoming>| {
        if let Some(shown) = &shown {
            request.extensions_mut().insert(shown.clone());
        }
        Arc::clone(&handler).handle(request)
    });
    let mut connection = std::pin::pin!(builder.serve_connection(TokioIo::new(stream), service));
    // How a connection ends (a client that leaves, a cut on purpose) concerns nobody but its client.
    tokio::select! {
        _ = connection.as_mut() => return,
        _ = stopped.wait_for(|stop| *stop) => {}
    }
    connection.as_mut().graceful_shutdown();
    let _ = tokio::time::timeout(GRACE, connection).await;
}

fn builder(http2: bool) -> auto::Builder<TokioExecutor> {
    let builder = auto::Builder::new(TokioExecutor::new());
    let mut builder = if http2 {
        builder.http2_only()
    } else {
        builder.http1_only()
    };
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_DEADLINE)
        .max_buf_size(MAX_HEADER);
    builder
        .http2()
        .timer(TokioTimer::new())
        .keep_alive_interval(Duration::from_secs(30))
        .max_concurrent_streams(MAX_STREAMS)
        .max_header_list_size(MAX_HEADER as u32);
    builder
}
