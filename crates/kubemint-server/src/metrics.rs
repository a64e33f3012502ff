//! What is counted, in the Prometheus text format. Label sets are bounded: operations, statuses, clusters; never a
//! user or a path.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use kubemint::ClusterKey;
use kubemint_clusters::Observer;
use prometheus_client::encoding::{EncodeLabelSet, text::encode};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

use crate::guard::GuardMetrics;
use crate::observed::Observed;
use crate::reload::Reloads;
use crate::sizes::Sizes;
use crate::unconfigured::Unconfigured;

/// Upper bounds of durations, in seconds.
const BUCKETS: [f64; 13] = [
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0,
];

/// And of delays.
const DELAYS: [f64; 9] = [0.0, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0];

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Request {
    operation: &'static str,
    code: u16,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Operation {
    operation: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Call {
    cluster: String,
    operation: &'static str,
    outcome: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Cluster {
    cluster: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Reconciled {
    cluster: String,
    outcome: &'static str,
}

type Histograms<L> = Family<L, Histogram, fn() -> Histogram>;

/// Every metric of the server.
pub struct Metrics {
    registry: Registry,
    requests: Family<Request, Counter>,
    request_seconds: Histograms<Operation>,
    panics: Counter,
    calls: Family<Call, Counter>,
    call_seconds: Histograms<Cluster>,
    reconciled: Family<Reconciled, Counter>,
    expiry_delay: Histograms<Cluster>,
    last_round: Family<Cluster, Gauge<f64, AtomicU64>>,
    unconfigured: Family<Cluster, Gauge>,
    foreign: Family<Cluster, Gauge>,
    strangers: Family<Cluster, Gauge>,
    held: Family<Cluster, Gauge>,
    /// What is read again while serving.
    pub(crate) reloads: Arc<Reloads>,
    /// What others say when they are asked.
    pub(crate) observed: Observed,
    /// How large the store is.
    pub(crate) sizes: Sizes,
    /// What the guard counts.
    pub(crate) guard: GuardMetrics,
}

impl Default for Metrics {
    fn default() -> Self {
        let histogram: fn() -> Histogram = || Histogram::new(BUCKETS);
        let delays: fn() -> Histogram = || Histogram::new(DELAYS);
        let mut metrics = Self {
            registry: Registry::with_prefix("kubemint"),
            requests: Family::default(),
            request_seconds: Family::new_with_constructor(histogram),
            panics: Counter::default(),
            calls: Family::default(),
            call_seconds: Family::new_with_constructor(histogram),
            reconciled: Family::default(),
            expiry_delay: Family::new_with_constructor(delays),
            last_round: Family::default(),
            unconfigured: Family::default(),
            foreign: Family::default(),
            strangers: Family::default(),
            held: Family::default(),
            reloads: Arc::default(),
            observed: Observed::default(),
            sizes: Sizes::default(),
            guard: GuardMetrics::default(),
        };
        metrics.register();
        metrics
    }
}

impl Metrics {
    fn register(&mut self) {
        let registry = &mut self.registry;
        registry.register(
            "requests",
            "Requests answered, by operation and status",
            self.requests.clone(),
        );
        registry.register_with_unit(
            "request_duration",
            "Time from the request's head to its answer",
            Unit::Seconds,
            self.request_seconds.clone(),
        );
        registry.register("panics", "Handlers that panicked", self.panics.clone());
        registry.register(
            "cluster_calls",
            "Calls to clusters, by outcome",
            self.calls.clone(),
        );
        registry.register_with_unit(
            "cluster_call_duration",
            "Time that calls to clusters took",
            Unit::Seconds,
            self.call_seconds.clone(),
        );
        registry.register(
            "reconciled",
            "What the reconciler did: failed, revoked, expired, swept, lost, held, error, suspicious, unknown",
            self.reconciled.clone(),
        );
        registry.register_with_unit(
            "expiry_delay",
            "How long after their time kubeconfigs were confirmed to have ended, that the service ended",
            Unit::Seconds,
            self.expiry_delay.clone(),
        );
        registry.register(
            "unconfigured_kubeconfigs",
            "Live kubeconfigs of a cluster, or of a role of it, that is not configured any more; and tokens that the service has no credential to end",
            self.unconfigured.clone(),
        );
        registry.register(
            "foreign_objects",
            "Objects of other installations in the namespaces of the roles, by the last sweep",
            self.foreign.clone(),
        );
        registry.register(
            "unknown_objects",
            "Objects of this installation that the store never heard of, by the last sweep",
            self.strangers.clone(),
        );
        registry.register(
            "held_objects",
            "Objects that are deleted and not gone, since finalizers in the cluster hold them",
            self.held.clone(),
        );
        registry.register_with_unit(
            "reconciler_last_round_timestamp",
            "When the reconciler last finished a round without an error, or began, in Unix time",
            Unit::Seconds,
            self.last_round.clone(),
        );
        self.reloads.register(registry);
        self.observed.register(registry);
        self.sizes.register(registry);
        self.guard.register(registry);
    }

    /// An operation was answered.
    pub(crate) fn answered(&self, operation: &'static str, code: u16, elapsed: Duration) {
        self.requests
            .get_or_create(&Request { operation, code })
            .inc();
        self.request_seconds
            .get_or_create(&Operation { operation })
            .observe(elapsed.as_secs_f64());
    }

    /// A handler panicked.
    pub(crate) fn panicked(&self) {
        self.panics.inc();
    }

    /// The reconciler did something `count` times. None counts, too: an alert on the first has a zero to compare with.
    pub(crate) fn reconciled(&self, cluster: &ClusterKey, outcome: &'static str, count: usize) {
        let labels = Reconciled {
            cluster: cluster.to_string(),
            outcome,
        };
        self.reconciled.get_or_create(&labels).inc_by(count as u64);
    }

    /// Kubeconfigs were ended so long after their time. None at all counts, too: it is there from the start.
    pub(crate) fn expired(&self, cluster: &ClusterKey, delays: &[Duration]) {
        let labels = Cluster {
            cluster: cluster.to_string(),
        };
        let histogram = self.expiry_delay.get_or_create(&labels);
        for delay in delays {
            histogram.observe(delay.as_secs_f64());
        }
    }

    /// What is alive and not configured.
    pub(crate) fn unconfigured(&self, found: &[Unconfigured]) {
        self.unconfigured.clear();
        for one in found {
            let labels = Cluster {
                cluster: one.cluster.to_string(),
            };
            let count = i64::try_from(one.count).unwrap_or(i64::MAX);
            self.unconfigured.get_or_create(&labels).inc_by(count);
        }
    }

    /// A sweep saw so many objects of other installations.
    pub(crate) fn foreign(&self, cluster: &ClusterKey, count: usize) {
        let labels = Cluster {
            cluster: cluster.to_string(),
        };
        let count = i64::try_from(count).unwrap_or(i64::MAX);
        self.foreign.get_or_create(&labels).set(count);
    }

    /// A sweep saw so many objects of this installation that the store never heard of.
    pub(crate) fn strangers(&self, cluster: &ClusterKey, count: usize) {
        let labels = Cluster {
            cluster: cluster.to_string(),
        };
        let count = i64::try_from(count).unwrap_or(i64::MAX);
        self.strangers.get_or_create(&labels).set(count);
    }

    /// So many objects are held by finalizers.
    pub(crate) fn held(&self, cluster: &ClusterKey, count: usize) {
        let labels = Cluster {
            cluster: cluster.to_string(),
        };
        let count = i64::try_from(count).unwrap_or(i64::MAX);
        self.held.get_or_create(&labels).set(count);
    }

    /// The reconciler finished a round without an error, or began, at a Unix time in seconds.
    pub(crate) fn round(&self, cluster: &ClusterKey, at: i64) {
        let labels = Cluster {
            cluster: cluster.to_string(),
        };
        // Exact until the year 285 million.
        #[allow(clippy::cast_precision_loss)]
        self.last_round.get_or_create(&labels).set(at as f64);
    }

    /// The metrics in the text format.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = String::new();
        // Writing to a string does not fail.
        let _ = encode(&mut text, &self.registry);
        text
    }
}

impl Observer for Metrics {
    fn call(
        &self,
        cluster: &ClusterKey,
        operation: &'static str,
        outcome: &'static str,
        seconds: f64,
    ) {
        let name = cluster.to_string();
        self.calls
            .get_or_create(&Call {
                cluster: name.clone(),
                operation,
                outcome,
            })
            .inc();
        self.call_seconds
            .get_or_create(&Cluster { cluster: name })
            .observe(seconds);
    }
}
