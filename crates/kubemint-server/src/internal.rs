//! The internal listener: probes and metrics, for the operator's own systems.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use chrono::{SecondsFormat, Utc};
use dropshot::{
    ApiDescription, Body, ConfigDropshot, HttpError, HttpServer, RequestContext, ServerBuilder,
    endpoint,
};
use http::{Response, StatusCode};
use kubemint::Kubemint;
use kubemint::cluster::ClusterKey;
use kubemint_authn::Authn;
use kubemint_clusters::{Fleet, Health};
use serde::Serialize;
use slog::{Drain, Filter, Level, Logger, Record, o};

use crate::edge::chain;
use crate::guard::Porch;
use crate::metrics::Metrics;
use crate::reload::{CERTIFICATE, POLICY};

/// How long an orchestrator waits for the answer to a probe, less a little: it takes a server for dead that takes longer.
const PING_DEADLINE: Duration = Duration::from_millis(900);

/// How long the store may take to tell its size.
const STORE_DEADLINE: Duration = Duration::from_secs(2);

/// How long a cluster may take to answer the readiness probe, before what it answered last is told.
const CLUSTER_DEADLINE: Duration = Duration::from_millis(500);

/// What the internal listener tells of.
pub(crate) struct Internal {
    pub(crate) service: Arc<Kubemint>,
    pub(crate) authn: Arc<Authn>,
    pub(crate) fleet: Arc<Fleet>,
    pub(crate) metrics: Arc<Metrics>,
    /// The server is about to stop.
    pub(crate) leaving: Arc<AtomicBool>,
}

impl Internal {
    /// How a cluster is: `ok`, or what is wrong.
    async fn cluster(&self, key: &ClusterKey) -> String {
        // Where this does not wait any more, whoever watches the clusters goes on asking, and the next probe knows.
        let asking = self.fleet.health(key);
        let health = match tokio::time::timeout(CLUSTER_DEADLINE, asking).await {
            Ok(health) => health,
            Err(_) => self.fleet.last_health(key),
        };
        let mut told = match health {
            Some(Health::Ready) => Vec::new(),
            Some(Health::Sick { class, detail }) => vec![format!("{class}: {detail}")],
            None => vec!["it has not answered yet".to_owned()],
        };
        let refused = self.fleet.refused(key);
        told.extend(refused.map(|refused| format!("refused: {refused}")));
        let stale = self.fleet.stale_credential(key);
        told.extend(stale.map(|problem| format!("what was read before still applies: {problem}")));
        let skew = self.fleet.skew(key).filter(|skew| skew.matters());
        told.extend(skew.map(|skew| skew.to_string()));
        let now = Utc::now();
        let expiries = self.fleet.expiries(key);
        told.extend(expiries.iter().filter_map(|expiry| expiry.warning(now)));
        let own = self.fleet.credential_ends(key).filter(|end| *end <= now);
        told.extend(own.map(|end| {
            let end = end.to_rfc3339_opts(SecondsFormat::Secs, true);
            format!("the service's own credential ended at {end}: renew it")
        }));
        if told.is_empty() {
            "ok".to_owned()
        } else {
            told.join("; ")
        }
    }
}

/// The body of `/readyz`.
#[derive(Serialize)]
struct Readiness {
    /// Whether requests can be served: the store and its audit trail can be written.
    ready: bool,
    /// It is about to stop, and not ready for that reason alone.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    stopping: bool,
    /// `ok`, or what is wrong.
    store: String,
    /// `ok`, or why the policies cannot be read again; those before still apply.
    policy: String,
    /// The same of the API's certificate.
    certificate: String,
    /// Each issuer, by alias. A sick one does not make the server unready: known keys go on working.
    issuers: BTreeMap<String, String>,
    /// Each cluster. A sick one does not make the server unready: the others go on working.
    clusters: BTreeMap<String, String>,
}

/// The internal listener: few connections at a time, and what answers them on a port of loopback.
pub(crate) struct Listening {
    porch: Porch,
    server: HttpServer<Internal>,
}

impl Listening {
    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.porch.address()
    }

    /// Answers what is under way, and ends.
    pub(crate) async fn close(mut self) {
        let _ = self.server.close().await;
        self.porch.stop().await;
    }
}

/// Listens.
///
/// # Errors
/// The address cannot be listened on.
pub(crate) async fn start(
    listen: SocketAddr,
    internal: Internal,
    log: &Logger,
) -> Result<Listening, Box<dyn std::error::Error + Send + Sync>> {
    let mut api = ApiDescription::new();
    api.register(healthz)?;
    api.register(readyz)?;
    api.register(metrics)?;
    let config = ConfigDropshot {
        bind_address: SocketAddr::from(([127, 0, 0, 1], 0)),
        ..ConfigDropshot::default()
    };
    // Probes come every few seconds: their lines are of use to nobody.
    let notable = |record: &Record| record.level().is_at_least(Level::Warning);
    let quiet = Logger::root(Filter::new(log.clone(), notable).ignore_res(), o!());
    let server = ServerBuilder::new(api, internal, quiet)
        .config(config)
        .start()?;
    let porch = Porch::start(listen, server.local_addr()).await?;
    Ok(Listening { porch, server })
}

/// Whether the process serves at all: depends on nothing outside.
#[endpoint { method = GET, path = "/healthz", unpublished = true }]
async fn healthz(_: RequestContext<Internal>) -> Result<Response<Body>, HttpError> {
    answer(
        StatusCode::OK,
        "text/plain; charset=utf-8",
        "ok\n".to_owned(),
    )
}

/// Whether requests can be served, and who else is unwell.
#[endpoint { method = GET, path = "/readyz", unpublished = true }]
async fn readyz(rqctx: RequestContext<Internal>) -> Result<Response<Body>, HttpError> {
    let internal = rqctx.context();
    let store = async {
        let ping = internal.service.ports().store.ping();
        match tokio::time::timeout(PING_DEADLINE, ping).await {
            Ok(Ok(())) => "ok".to_owned(),
            Ok(Err(error)) => chain(&error),
            Err(_) => "does not answer".to_owned(),
        }
    };
    let issuers = internal.authn.health().into_iter().map(|issuer| {
        let state = if issuer.ok {
            "ok".to_owned()
        } else {
            issuer.reason.unwrap_or_else(|| "unwell".to_owned())
        };
        (issuer.alias, state)
    });
    let keys = internal.service.ports().clusters.keys();
    let probes = keys
        .iter()
        .map(|key| async move { (key.to_string(), internal.cluster(key).await) });
    let (store, clusters) = futures::future::join(store, futures::future::join_all(probes)).await;
    let stopping = internal.leaving.load(Ordering::Relaxed);
    let readiness = Readiness {
        ready: store == "ok" && !stopping,
        stopping,
        store,
        policy: internal.metrics.reloads.state(POLICY),
        certificate: internal.metrics.reloads.state(CERTIFICATE),
        issuers: issuers.collect(),
        clusters: clusters.into_iter().collect(),
    };
    let status = if readiness.ready {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    let body = serde_json::to_string(&readiness)
        .map_err(|error| HttpError::for_internal_error(error.to_string()))?;
    answer(status, "application/json", body)
}

/// The metrics in the Prometheus text format.
#[endpoint { method = GET, path = "/metrics", unpublished = true }]
async fn metrics(rqctx: RequestContext<Internal>) -> Result<Response<Body>, HttpError> {
    let internal = rqctx.context();
    let observed = &internal.metrics.observed;
    observed.clusters(&internal.fleet);
    internal
        .metrics
        .reloads
        .credentials(internal.fleet.rereads());
    observed.issuers(&internal.authn.health());
    let certificate = internal.metrics.reloads.certificate();
    observed.certificate(certificate.map(|certificate| certificate.end));
    let size = internal.service.ports().store.size();
    // A store that does not answer keeps nobody from the other metrics; its last size stays.
    if let Ok(Ok(Some(size))) = tokio::time::timeout(STORE_DEADLINE, size).await {
        internal.metrics.sizes.show(&size);
    }
    let text = internal.metrics.text();
    answer(
        StatusCode::OK,
        "application/openmetrics-text; version=1.0.0; charset=utf-8",
        text,
    )
}

fn answer(
    status: StatusCode,
    content_type: &'static str,
    body: String,
) -> Result<Response<Body>, HttpError> {
    let response = Response::builder()
        .status(status)
        .header(http::header::CONTENT_TYPE, content_type);
    response
        .body(Body::from(body))
        .map_err(|error| HttpError::for_internal_error(error.to_string()))
}
