//! What clusters, issuers and certificates say of themselves, taken over when the metrics are asked for. Nobody is called.

use chrono::{DateTime, Utc};
use kubemint::ports::Clusters as _;
use kubemint_authn::IssuerHealth;
use kubemint_clusters::{Fleet, Health};
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::{Registry, Unit};

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Cluster {
    cluster: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct File {
    cluster: String,
    file: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Issuer {
    issuer: String,
}

/// A metric that is shown once it is known.
type NoLabels = [(&'static str, &'static str); 0];

/// The gauges.
#[derive(Default)]
pub(crate) struct Observed {
    cluster_up: Family<Cluster, Gauge>,
    refused: Family<Cluster, Gauge>,
    skew: Family<Cluster, Gauge>,
    credential_ends: Family<Cluster, Gauge>,
    file_ends: Family<File, Gauge>,
    certificate_ends: Family<NoLabels, Gauge>,
    issuer_up: Family<Issuer, Gauge>,
    issuer_keys: Family<Issuer, Gauge>,
    issuer_keys_age: Family<Issuer, Gauge>,
}

impl Observed {
    pub(crate) fn register(&self, registry: &mut Registry) {
        registry.register(
            "cluster_up",
            "Whether a cluster is of use, as /readyz tells it: it answers, is ready, takes the service's credential, and is the one that it was",
            self.cluster_up.clone(),
        );
        registry.register(
            "cluster_refused_operations",
            "How many operations of roles a cluster refused (403) within the last minutes, and has not done since",
            self.refused.clone(),
        );
        registry.register_with_unit(
            "cluster_clock_skew",
            "How far a cluster's clock is ahead of this machine's, by its latest answer",
            Unit::Seconds,
            self.skew.clone(),
        );
        registry.register_with_unit(
            "cluster_credential_end_timestamp",
            "When the server's own credential at a cluster ends, in Unix time, where it says so",
            Unit::Seconds,
            self.credential_ends.clone(),
        );
        registry.register_with_unit(
            "cluster_file_end_timestamp",
            "When the last certificate of a cluster's file ends, in Unix time: ca_file, public_ca_file, client_ca",
            Unit::Seconds,
            self.file_ends.clone(),
        );
        registry.register_with_unit(
            "certificate_end_timestamp",
            "When the API's certificate ends, in Unix time",
            Unit::Seconds,
            self.certificate_ends.clone(),
        );
        registry.register(
            "issuer_up",
            "Whether an issuer's keys are known, and it answered when it was asked last",
            self.issuer_up.clone(),
        );
        registry.register(
            "issuer_keys",
            "How many keys of an issuer can be used now",
            self.issuer_keys.clone(),
        );
        registry.register_with_unit(
            "issuer_keys_age",
            "How old the known keys of an issuer are",
            Unit::Seconds,
            self.issuer_keys_age.clone(),
        );
    }

    /// How clusters are, and what they say of time.
    pub(crate) fn clusters(&self, fleet: &Fleet) {
        for key in fleet.keys() {
            let cluster = key.to_string();
            let labels = Cluster {
                cluster: cluster.clone(),
            };
            // A store that hangs says nothing of a cluster.
            let health = fleet.last_health(&key);
            if let Some(health) = health.filter(|health| !health.is_of_the_store()) {
                let up = i64::from(health == Health::Ready);
                self.cluster_up.get_or_create(&labels).set(up);
            }
            let refused = fleet.refused(&key);
            let refused = refused.map_or(0, |refused| refused.operations);
            let gauge = self.refused.get_or_create(&labels);
            gauge.set(i64::try_from(refused).unwrap_or(i64::MAX));
            if let Some(skew) = fleet.skew(&key) {
                self.skew.get_or_create(&labels).set(skew.0);
            }
            if let Some(end) = fleet.credential_ends(&key) {
                let gauge = self.credential_ends.get_or_create(&labels);
                gauge.set(end.timestamp());
            }
            for expiry in fleet.expiries(&key) {
                let labels = File {
                    cluster: cluster.clone(),
                    file: expiry.key,
                };
                let gauge = self.file_ends.get_or_create(&labels);
                gauge.set(expiry.end.timestamp());
            }
        }
    }

    /// The API's certificate, where it has one.
    pub(crate) fn certificate(&self, end: Option<DateTime<Utc>>) {
        if let Some(end) = end {
            let none: NoLabels = [];
            let gauge = self.certificate_ends.get_or_create(&none);
            gauge.set(end.timestamp());
        }
    }

    /// How issuers are.
    pub(crate) fn issuers(&self, issuers: &[IssuerHealth]) {
        for health in issuers {
            let labels = Issuer {
                issuer: health.alias.clone(),
            };
            self.issuer_up.get_or_create(&labels).set(health.ok.into());
            let keys = i64::try_from(health.keys).unwrap_or(i64::MAX);
            self.issuer_keys.get_or_create(&labels).set(keys);
            if let Some(age) = health.age {
                let seconds = i64::try_from(age.as_secs()).unwrap_or(i64::MAX);
                self.issuer_keys_age.get_or_create(&labels).set(seconds);
            }
        }
    }
}
