//! A connection of HTTP/1.1.

use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;

use hyper::server::conn::http1::Builder;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::watch;
use uuid::Uuid;

use super::gate::Gate;
use super::head::{self, MOST_FIELDS, MOST_HEAD};
use super::house::{House, told};
use super::slots::Slot;

/// Serves a connection until either side is done with it, or `stop` turns true.
pub(super) async fn serve<S>(
    house: Arc<House>,
    socket: S,
    peer: SocketAddr,
    slot: Arc<Slot<std::net::IpAddr>>,
    stop: watch::Receiver<bool>,
) where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let gate = Gate::new(socket, house.limits.deadlines, slot);
    let service = service_fn(|request| {
        let house = Arc::clone(&house);
        async move { Ok::<_, std::convert::Infallible>(house.serve(peer, request, None).await.response) }
    });
    let mut connection = Builder::new()
        // The end of the stream never breaks off an answer; the gate knows about time.
        .half_close(true)
        .header_read_timeout(None)
        .max_buf_size(2 * MOST_HEAD)
        .max_headers(MOST_FIELDS)
        .serve_connection(TokioIo::new(gate), service);
    let mut stop = stop;
    let ended = tokio::select! {
        ended = &mut connection => Some(ended),
        () = told(&mut stop) => None,
    };
    let ended = match ended {
        Some(ended) => ended,
        None => {
            Pin::new(&mut connection).graceful_shutdown();
            (&mut connection).await
        }
    };
    if let Err(error) = ended {
        slog::debug!(house.log, "a connection broke off"; "peer" => peer.to_string(), "error" => crate::edge::chain(&error));
    }
    let id = Uuid::new_v4();
    let gate = connection.into_parts().io.into_inner();
    let asked = gate.request_line();
    if let Some(refused) = gate.finish(id).await {
        house.counts(peer);
        house.note(peer, id, || head::asked(&asked), &refused);
    }
}
