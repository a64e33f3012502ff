//! What the guard counts. Reasons are fixed words.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Reason {
    reason: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Refusal {
    code: u16,
    reason: &'static str,
}

/// The guard's metrics.
#[derive(Clone, Default)]
pub(crate) struct GuardMetrics {
    open: Gauge,
    in_flight: Gauge,
    connections: Family<Reason, Counter>,
    requests: Family<Refusal, Counter>,
}

/// Counts one until it is dropped.
pub(super) struct Counted(Gauge);

impl Counted {
    fn new(gauge: &Gauge) -> Self {
        gauge.inc();
        Self(gauge.clone())
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.dec();
    }
}

impl GuardMetrics {
    /// Adds them to a registry.
    pub(crate) fn register(&self, registry: &mut Registry) {
        registry.register(
            "connections",
            "Open connections of the API",
            self.open.clone(),
        );
        registry.register(
            "requests_in_flight",
            "Requests that are being served",
            self.in_flight.clone(),
        );
        registry.register(
            "connections_refused",
            "Connections refused or broken off, by reason: full, address_full, evicted, rate_limited, handshake, flood, untaken; and tries to accept one that failed: not_accepted",
            self.connections.clone(),
        );
        registry.register(
            "requests_refused",
            "Requests refused before they reached an operation, by status and reason",
            self.requests.clone(),
        );
    }

    pub(super) fn connection(&self) -> Counted {
        Counted::new(&self.open)
    }

    pub(super) fn request(&self) -> Counted {
        Counted::new(&self.in_flight)
    }

    pub(super) fn connection_refused(&self, reason: &'static str) {
        self.connections.get_or_create(&Reason { reason }).inc();
    }

    pub(super) fn request_refused(&self, code: u16, reason: &'static str) {
        self.requests.get_or_create(&Refusal { code, reason }).inc();
    }
}
