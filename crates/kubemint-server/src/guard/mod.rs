//! The guard: it owns the public listener, ends TLS, and passes to dropshot, on a private loopback port, only requests
//! that are well-formed beyond doubt, in numbers that can be served, from peers that keep their deadlines.
//!
//! It exists because dropshot has none of the limits that a public listener needs. A connection of HTTP/1.1 goes
//! through a `gate`, which judges every head as it was sent; then, as one of HTTP/2, through hyper, which hands over
//! requests; each is judged (`request`), limited (`rate`, `slots`) and passed on (`upstream`). Whatever is
//! refused here, or by dropshot's router, has the documented error body. Nothing that a peer says of itself is
//! believed: its address goes into a header that it cannot send, beside a mark (`seal`) without which nobody is let
//! in behind the guard.

mod framing;
mod gate;
mod head;
mod house;
mod http1;
mod http2;
mod inbound;
mod limits;
mod lines;
mod metrics;
mod porch;
mod rate;
mod refusal;
mod request;
mod seal;
mod slots;
mod target;
mod tls;
mod upstream;

use std::net::SocketAddr;
use std::sync::Arc;

use slog::Logger;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};

pub use limits::{Deadlines, Limits};

pub(crate) use house::network;
pub(crate) use limits::{RawLimits, no_core_files};
pub(crate) use lines::Lines;
pub(crate) use metrics::GuardMetrics;
pub(crate) use porch::Porch;
pub(crate) use rate::Rate;
pub(crate) use seal::{MARK, PEER, REQUEST, Seal, peer_network, request_id};
pub(crate) use slots::{Slot, Slots as Places};
pub(crate) use tls::{Validity, check as check_certificate, validity};

use crate::reload::Reloads;
use house::House;
use tls::Certificate;

/// What a guard needs to know.
pub(crate) struct Setup {
    pub(crate) listen: SocketAddr,
    pub(crate) tls: Option<crate::config::Tls>,
    /// Those that the process can keep.
    pub(crate) limits: Limits,
    /// dropshot's address.
    pub(crate) upstream: SocketAddr,
    pub(crate) seal: Seal,
    pub(crate) metrics: GuardMetrics,
    pub(crate) reloads: Arc<Reloads>,
    pub(crate) log: Logger,
}

/// A running guard; dropped, it breaks off everything.
pub(crate) struct Guard {
    address: SocketAddr,
    house: Arc<House>,
    stop: watch::Sender<bool>,
    accepting: JoinHandle<()>,
}

impl Guard {
    /// Listens.
    ///
    /// # Errors
    /// The address cannot be listened on, or the certificate cannot be used.
    pub(crate) async fn start(
        setup: Setup,
    ) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        let mut setup = setup;
        // Without TLS there is nothing to read again; but whoever expects it must not end the process.
        let hangup = signal(SignalKind::hangup())?;
        let mut helpers = JoinSet::new();
        let acceptor = match setup.tls.take() {
            Some(files) => {
                let certificate = Certificate::new(files)?;
                let acceptor = certificate.acceptor()?;
                let reloads = Arc::clone(&setup.reloads);
                helpers.spawn(certificate.keep_fresh(hangup, reloads, setup.log.clone()));
                Some(acceptor)
            }
            None => None,
        };
        let listener = TcpListener::bind(setup.listen).await?;
        let address = listener.local_addr()?;
        let house = Arc::new(House::new(setup));
        let (stop, stopping) = watch::channel(false);
        let accepting = Arc::clone(&house).accept(listener, acceptor, stopping);
        let accepting = tokio::spawn(async move {
            let _helpers = helpers;
            accepting.await;
        });
        Ok(Self {
            address,
            house,
            stop,
            accepting,
        })
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Stops accepting, answers the requests under way, and closes every connection.
    pub(crate) async fn stop(&mut self) {
        let _ = self.stop.send(true);
        self.accepted().await;
    }

    /// After [`Guard::stop`] was broken off: answers 503 to what is under way still, and closes every connection whose peer
    /// takes that.
    pub(crate) async fn break_off(&mut self) {
        self.house.break_off();
        self.accepted().await;
    }

    /// Returns when every connection is closed.
    async fn accepted(&mut self) {
        // It is asked again after it has ended, where something else took the time.
        if !self.accepting.is_finished() {
            let _ = (&mut self.accepting).await;
        }
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}
