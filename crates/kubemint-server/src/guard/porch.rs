//! A listener with few places, in front of one that has no limits: whoever holds connections open keeps nobody else out, and
//! takes no descriptors that the API needs.

use std::future::pending;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use tokio::io::{AsyncWriteExt as _, copy};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};

use super::house::{RECOVER, network, told};
use super::slots::{Bounds, Slot, Slots};

/// Connections in all, and of one address. At the limit the oldest is closed for a new one.
const PLACES: Bounds = Bounds {
    all: 32,
    per_key: 16,
    patience: Duration::ZERO,
};

/// What listens in front of another; dropped, it breaks off everything.
pub(crate) struct Porch {
    address: SocketAddr,
    stop: watch::Sender<bool>,
    accepting: JoinHandle<()>,
}

impl Porch {
    /// Listens, and passes on to `behind` what comes.
    ///
    /// # Errors
    /// The address cannot be listened on.
    pub(crate) async fn start(listen: SocketAddr, behind: SocketAddr) -> io::Result<Self> {
        let listener = TcpListener::bind(listen).await?;
        let address = listener.local_addr()?;
        let (stop, stopping) = watch::channel(false);
        let accepting = tokio::spawn(accept(listener, behind, stopping));
        Ok(Self {
            address,
            stop,
            accepting,
        })
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Stops accepting, and returns when every connection is closed: those that said nothing, and those that the one behind has closed.
    pub(crate) async fn stop(&mut self) {
        let _ = self.stop.send(true);
        let _ = (&mut self.accepting).await;
    }
}

impl Drop for Porch {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn accept(listener: TcpListener, behind: SocketAddr, mut stop: watch::Receiver<bool>) {
    let places = Slots::new(PLACES);
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((socket, peer)) => {
                    if let Ok(place) = places.enter(network(peer.ip())) {
                        place.waits();
                        connections.spawn(connection(socket, behind, place, stop.clone()));
                    }
                }
                // Files have run out, above all, which the API's own listener tells.
                Err(_) => tokio::time::sleep(RECOVER).await,
            },
            Some(_) = connections.join_next() => {}
            () = told(&mut stop) => break,
        }
    }
    drop((listener, places));
    while connections.join_next().await.is_some() {}
}

async fn connection(
    mut socket: TcpStream,
    behind: SocketAddr,
    place: Slot<IpAddr>,
    stop: watch::Receiver<bool>,
) {
    tokio::select! {
        _ = pass(&mut socket, behind, stop) => {}
        () = place.evicted() => {}
    }
}

/// Passes on what the peer sends, until the one behind closes.
async fn pass(
    socket: &mut TcpStream,
    behind: SocketAddr,
    mut stop: watch::Receiver<bool>,
) -> io::Result<()> {
    // Who says nothing takes one descriptor, and nothing behind that closes it in the end.
    let mut first = [0];
    tokio::select! {
        said = socket.peek(&mut first) => { said?; }
        () = told(&mut stop) => return Ok(()),
    }
    let mut inner = TcpStream::connect(behind).await?;
    let (mut from, mut to) = socket.split();
    let (mut answers, mut questions) = inner.split();
    let asking = async {
        let _ = copy(&mut from, &mut questions).await;
        // All is asked, and not all is answered yet.
        let _ = questions.shutdown().await;
        pending::<()>().await;
    };
    tokio::select! {
        answered = copy(&mut answers, &mut to) => answered.map(drop)?,
        () = asking => {}
    }
    to.shutdown().await
}
