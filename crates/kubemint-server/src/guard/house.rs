//! The way of a connection, and of each request on it: admitted, judged, limited, passed on, answered.

use std::io;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{EXPECT, TRANSFER_ENCODING};
use http::{HeaderValue, Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Incoming;
use slog::Logger;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use uuid::Uuid;

use super::inbound::{Inbound, Meter, Watch};
use super::limits::Limits;
use super::lines::Lines;
use super::metrics::GuardMetrics;
use super::rate::Rate;
use super::refusal::{REQUEST_ID, Refused};
use super::seal::Seal;
use super::slots::{Bounds, Full as NoRoom, Slot, Slots};
use super::upstream::Upstream;
use super::{Setup, http1, http2, request};

/// How long a body may keep its place when others have none.
const PATIENCE: Duration = Duration::from_millis(500);
/// How long to wait before accepting again after an error: descriptors may have run out.
pub(super) const RECOVER: Duration = Duration::from_millis(50);

/// What every connection shares.
pub(super) struct House {
    pub(super) limits: Limits,
    connections: Arc<Slots<IpAddr>>,
    requests: Arc<Slots<IpAddr>>,
    addresses: Option<Rate>,
    upstream: Arc<Upstream>,
    seal: Seal,
    lines: Lines,
    /// Turns true when no answer is waited for any longer.
    over: watch::Sender<bool>,
    pub(super) metrics: GuardMetrics,
    pub(super) log: Logger,
}

/// An answer, whole.
pub(super) struct Served {
    pub(super) response: Response<Full<Bytes>>,
    /// Whether it was worth it: not if the request came too often.
    pub(super) well: bool,
    /// The place of its request: kept for as long as this is.
    pub(super) place: Option<Arc<Watch>>,
}

impl House {
    pub(super) fn new(setup: Setup) -> Self {
        let limits = setup.limits;
        let connections = Bounds {
            all: limits.connections,
            per_key: limits.connections_per_address,
            patience: Duration::ZERO,
        };
        let requests = Bounds {
            all: limits.requests_in_flight,
            per_key: limits.requests_in_flight_per_address(),
            patience: PATIENCE,
        };
        let rate = |per_second| Rate::new(per_second, limits.burst);
        Self {
            connections: Slots::new(connections),
            requests: Slots::new(requests),
            addresses: limits.requests_per_second_per_address.map(rate),
            upstream: Upstream::new(setup.upstream),
            limits,
            seal: setup.seal,
            lines: Lines::default(),
            over: watch::Sender::new(false),
            metrics: setup.metrics,
            log: setup.log,
        }
    }

    /// Accepts connections until `stop` turns true, and then returns when everything under way is done.
    pub(super) async fn accept(
        self: Arc<Self>,
        listener: TcpListener,
        tls: Option<TlsAcceptor>,
        stop: watch::Receiver<bool>,
    ) {
        let mut connections = JoinSet::new();
        let mut stopping = stop.clone();
        loop {
            tokio::select! {
                accepted = listener.accept() => match accepted {
                    Ok((socket, peer)) => {
                        if let Some(slot) = self.admit(peer, tls.is_some()) {
                            let house = Arc::clone(&self);
                            connections.spawn(house.connection(socket, peer, slot, tls.clone(), stop.clone()));
                        }
                    }
                    Err(error) => {
                        self.unaccepted(&error);
                        tokio::time::sleep(RECOVER).await;
                    }
                },
                Some(_) = connections.join_next() => {}
                () = told(&mut stopping) => break,
            }
        }
        drop(listener);
        while connections.join_next().await.is_some() {}
        self.requests.emptied().await;
        self.upstream.close();
    }

    /// Nobody's fault who connects: files have run out, above all. It is tried again many times a second.
    fn unaccepted(&self, error: &io::Error) {
        let reason = "not_accepted";
        self.metrics.connection_refused(reason);
        let nobody = IpAddr::from([0; 4]);
        if let Some(left_out) = self.lines.take(nobody, reason) {
            slog::warn!(self.log, "cannot accept a connection"; "error" => error.to_string(),
                "alike_left_out" => left_out);
        }
    }

    /// From now on what is under way is answered 503.
    pub(super) fn break_off(&self) {
        self.over.send_replace(true);
    }

    /// A place for a connection of this peer. A TLS handshake is dear, and counts as a request.
    fn admit(&self, peer: SocketAddr, tls: bool) -> Option<Slot<IpAddr>> {
        let network = network(peer.ip());
        let refused = if tls && self.rated(network).is_err() {
            "rate_limited"
        } else {
            match self.connections.enter(network) {
                Ok(slot) => return Some(slot),
                Err(NoRoom::All) => "full",
                Err(NoRoom::Key) => "address_full",
            }
        };
        self.metrics.connection_refused(refused);
        None
    }

    fn rated(&self, network: IpAddr) -> Result<(), u32> {
        self.addresses
            .as_ref()
            .map_or(Ok(()), |rate| rate.take(&network))
    }

    async fn connection(
        self: Arc<Self>,
        socket: TcpStream,
        peer: SocketAddr,
        slot: Slot<IpAddr>,
        tls: Option<TlsAcceptor>,
        stop: watch::Receiver<bool>,
    ) {
        let _counted = self.metrics.connection();
        // Without it answers are slower, but the same.
        let _ = socket.set_nodelay(true);
        let slot = Arc::new(slot);
        slot.waits();
        let house = Arc::clone(&self);
        let place = Arc::clone(&slot);
        let served = async move {
            let Some(acceptor) = tls else {
                return http1::serve(house, socket, peer, place, stop).await;
            };
            let Some(socket) = house.handshake(acceptor, socket, &stop).await else {
                return house.metrics.connection_refused("handshake");
            };
            if socket.get_ref().1.alpn_protocol() == Some(b"h2") {
                http2::serve(house, socket, peer, place, stop).await;
            } else {
                http1::serve(house, socket, peer, place, stop).await;
            }
        };
        tokio::select! {
            () = served => {}
            () = slot.evicted() => self.metrics.connection_refused("evicted"),
        }
    }

    /// Begins TLS, unless the peer takes too long, or the server stops.
    async fn handshake(
        &self,
        acceptor: TlsAcceptor,
        socket: TcpStream,
        stop: &watch::Receiver<bool>,
    ) -> Option<TlsStream<TcpStream>> {
        let mut stop = stop.clone();
        tokio::select! {
            done = acceptor.accept(socket) => done.ok(),
            () = tokio::time::sleep(self.limits.deadlines.handshake) => None,
            () = told(&mut stop) => None,
        }
    }

    /// Answers a request.
    pub(super) async fn serve(
        &self,
        peer: SocketAddr,
        request: Request<Incoming>,
        meter: Option<Meter>,
    ) -> Served {
        let (method, uri) = (request.method().clone(), request.uri().clone());
        let id = Uuid::new_v4();
        match self.pass(peer, id, request, meter).await {
            Ok((response, place)) => Served {
                response: named(response, id),
                well: true,
                place: Some(place),
            },
            Err(refused) => {
                let asked = || {
                    (
                        method_shown(method.as_str()),
                        crate::quiet::shown(uri.path()),
                    )
                };
                self.note(peer, id, asked, &refused);
                Served {
                    response: refused.response(id),
                    well: refused.status != StatusCode::TOO_MANY_REQUESTS,
                    place: None,
                }
            }
        }
    }

    async fn pass(
        &self,
        peer: SocketAddr,
        id: Uuid,
        mut request: Request<Incoming>,
        meter: Option<Meter>,
    ) -> Result<(Response<Full<Bytes>>, Arc<Watch>), Refused> {
        let network = network(peer.ip());
        self.rated(network).map_err(Refused::too_often)?;
        request::judge(&request)?;
        let slot = self.requests.enter(network).map_err(|full| match full {
            NoRoom::All => Refused::overloaded(),
            NoRoom::Key => Refused::too_many(),
        })?;
        let chunked = request.headers().contains_key(TRANSFER_ENCODING);
        request::passed_on(&mut request);
        if chunked {
            // What may be malformed is not looked at before the caller is known, even where it came with the head: dropshot asks
            // for it, as for the body of a peer that waits to be asked.
            let asks = HeaderValue::from_static("100-continue");
            request.headers_mut().entry(EXPECT).or_insert(asks);
        }
        self.seal.put(request.headers_mut(), peer, id);
        let watch = Watch::new(slot, request.headers().contains_key(EXPECT));
        let request = request.map(|body| Inbound::new(body, Arc::clone(&watch), meter));
        let (upstream, counted) = (Arc::clone(&self.upstream), self.metrics.request());
        let (mut over, place) = (self.over.subscribe(), Arc::clone(&watch));
        // Whether or not the peer waits for it, a request holds its place until dropshot has answered it: one that is
        // cancelled costs as much as any other.
        let passed = tokio::spawn(async move {
            let _counted = counted;
            tokio::select! {
                // An answer that is there is given.
                biased;
                answer = upstream.answer(request, Arc::clone(&watch)) => answer,
                () = watch.slot().evicted() => Err(Refused::overloaded()),
                () = told(&mut over) => Err(Refused::stopping()),
            }
        });
        let answer = passed
            .await
            .unwrap_or_else(|_| Err(Refused::overloaded()))?;
        Ok((answer, place))
    }

    /// A request that was refused before it was one counts against its address like any other.
    pub(super) fn counts(&self, peer: SocketAddr) {
        let _ = self.rated(network(peer.ip()));
    }

    /// Counts and logs the refusal of the request `id`: with the method and the path that were asked for, as they may be shown.
    pub(super) fn note(
        &self,
        peer: SocketAddr,
        id: Uuid,
        asked: impl FnOnce() -> (String, String),
        refused: &Refused,
    ) {
        let code = refused.status.as_u16();
        self.metrics.request_refused(code, refused.reason);
        let Some(left_out) = self.lines.take(network(peer.ip()), refused.reason) else {
            return;
        };
        let (method, path) = asked();
        slog::info!(self.log, "request refused"; "req_id" => id.to_string(), "peer" => peer.to_string(),
            "method" => method, "path" => path, "code" => code, "reason" => refused.reason, "message" => refused.message,
            "alike_left_out" => left_out);
    }
}

/// An answer that is called by the request's id, whatever it was called further in.
fn named(mut response: Response<Full<Bytes>>, id: Uuid) -> Response<Full<Bytes>> {
    if let Ok(id) = HeaderValue::from_str(&id.to_string()) {
        response.headers_mut().insert(REQUEST_ID, id);
    }
    response
}

/// A method as it may be logged: one that is none may be what belongs into a header.
pub(super) fn method_shown(method: &str) -> String {
    let is_word = method.len() <= 16 && method.bytes().all(|octet| octet.is_ascii_uppercase());
    (if is_word { method } else { "…" }).to_owned()
}

/// Returns when `stop` turns true, or nobody is left to turn it.
pub(super) async fn told(stop: &mut watch::Receiver<bool>) {
    let _ = stop.wait_for(|stop| *stop).await;
}

/// Whose address it is, for what is counted by address: a host of IPv4, or a network of IPv6, of which one host has 2^64 addresses.
pub(crate) fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(six) => IpAddr::V6(Ipv6Addr::from_bits(six.to_bits() >> 64 << 64)),
        four => four,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_of_ipv6_counts_as_one_address_and_a_host_of_ipv4_as_another() {
        let of = |text: &str| network(text.parse().unwrap());
        assert_eq!(
            of("2001:db8:1:2::1"),
            of("2001:db8:1:2:ffff:ffff:ffff:ffff")
        );
        assert_ne!(of("2001:db8:1:2::1"), of("2001:db8:1:3::1"));
        assert_ne!(of("192.0.2.1"), of("192.0.2.2"));
        assert_eq!(of("192.0.2.1"), of("::ffff:192.0.2.1"));
    }
}
