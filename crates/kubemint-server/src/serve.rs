//! The wiring: a configuration becomes a running server, and a running server ends in order.

use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use dropshot::{ConfigDropshot, HandlerTaskMode, HttpServer, ServerBuilder};
use kubemint::Kubemint;
use kubemint::ports::{Clock, Clusters, Policy, Store};
use kubemint_authn::{Authn, Timing};
use kubemint_clusters::Fleet;
use slog::{Logger, o};
use thiserror::Error;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::app::App;
use crate::config::Config;
use crate::edge::{self, Pager};
use crate::guard::{self, Guard, Seal};
use crate::internal::{self, Internal, Listening};
use crate::metrics::Metrics;
use crate::quiet::{HEADERS, without_queries};
use crate::reconciler;
use crate::reload::Policies;
use crate::shares::Shares;
use crate::signals::Signals;
use crate::store;
use crate::unconfigured;
use crate::watched;
use crate::world::{RandomIds, SystemClock};

/// How much of the grace period, at most, is left for telling those whose requests are broken off.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// Why a server does not start.
#[derive(Debug, Error)]
#[error("cannot {what}")]
pub struct StartError {
    /// What could not be done.
    what: String,
    /// Why.
    source: Box<dyn std::error::Error + Send + Sync>,
}

impl StartError {
    fn new(
        what: impl Into<String>,
    ) -> impl FnOnce(Box<dyn std::error::Error + Send + Sync>) -> StartError {
        let what = what.into();
        move |source| StartError { what, source }
    }
}

/// A running server.
pub struct Running {
    guard: Guard,
    api: HttpServer<Arc<App>>,
    internal: Listening,
    tls: bool,
    tasks: JoinSet<()>,
    stop: watch::Sender<bool>,
    grace: Duration,
    drain: Duration,
    leaving: Arc<AtomicBool>,
    /// What is under way is ended by this server from now on, and not by its callers.
    broken_off: Arc<AtomicBool>,
    log: Logger,
}

/// Starts a server on a configuration.
///
/// # Errors
/// The store cannot be opened, an address cannot be listened on, or the like.
pub async fn start(config: Config, log: &Logger) -> Result<Running, StartError> {
    let as_it_is = Changed {
        store: |store| store,
        clusters: |clusters| clusters,
    };
    start_with(config, log, as_it_is).await
}

/// How the world is changed on its way in.
pub struct Changed<S, C> {
    /// The store, whoever asks it: the domain, and the clusters that remember who they are.
    pub store: S,
    /// The clusters.
    pub clusters: C,
}

/// The same, with the world changed on the way in: for tests that make it fail where they choose.
///
/// # Errors
/// Those of [`start`].
pub async fn start_with<S, C>(
    config: Config,
    log: &Logger,
    changed: Changed<S, C>,
) -> Result<Running, StartError>
where
    S: FnOnce(Arc<dyn Store>) -> Arc<dyn Store>,
    C: FnOnce(Arc<dyn Clusters>) -> Arc<dyn Clusters>,
{
    guard::no_core_files();
    let failed = |what: &str| StartError::new(what.to_owned());
    let (limits, files) = config.guard.clone().fitting();
    files.check().map_err(|e| failed("serve")(e.into()))?;
    if limits != config.guard {
        slog::warn!(log, "the open-file limit allows fewer connections and requests at a time than are configured: raise it to \
            what they take (systemd: LimitNOFILE; a shell: ulimit -n)";
            "limit" => files.allowed, "needed" => files.needed,
            "connections" => limits.connections, "requests_in_flight" => limits.requests_in_flight);
    }
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let metrics = Arc::new(Metrics::default());
    let opened = format!("open the store {}", config.store);
    let store = store::open(&config, log)
        .await
        .map_err(|e| StartError::new(opened)(e.into()))?;
    let store = (changed.store)(store);
    let hangup = signal(SignalKind::hangup()).map_err(|e| failed("listen for SIGHUP")(e.into()))?;
    let policy = config
        .load_policy()
        .map_err(|e| failed("load the policies")(e.into()))?;
    let policy = Arc::new(policy);
    let timing = Timing {
        waiting: limits.requests_waiting_for_keys(config.issuers.len()),
        ..Timing::default()
    };
    let authn = Authn::with_timing(
        config.issuers.clone(),
        Arc::clone(&clock),
        log.new(o!("part" => "authn")),
        timing,
    )
    .map_err(|e| failed("prepare authentication")(e.into()))?;
    let authn = Arc::new(authn);
    let fleet = Fleet::with_limits(
        config.clusters.clone(),
        store.instance().id,
        log.new(o!("part" => "clusters")),
        config.limits,
    )
    .map_err(|e| failed("prepare the clusters")(e.into()))?;
    // What the trail does not say, whoever may read a cluster's ServiceAccounts need not read either.
    let fleet = if config.audit.pseudonyms {
        fleet.nameless()
    } else {
        fleet
    };
    let fleet = fleet.observed(Arc::clone(&metrics) as Arc<dyn kubemint_clusters::Observer>);
    let fleet = Arc::new(fleet.remembering(&store));
    let ports = kubemint::Ports {
        clock,
        ids: Arc::new(RandomIds),
        policy: Arc::clone(&policy) as Arc<dyn Policy>,
        clusters: (changed.clusters)(Arc::clone(&fleet) as Arc<dyn Clusters>),
        store: Arc::clone(&store),
    };
    let service = Arc::new(Kubemint::new(ports, config.settings));
    let shares = Arc::new(Shares::new(&limits));
    let seal = Seal::new().map_err(|e| failed("make a secret")(e.into()))?;
    let app = Arc::new(App {
        service: Arc::clone(&service),
        pager: Pager::new(&store.instance().page_key),
        authn: Arc::clone(&authn),
        metrics: Arc::clone(&metrics),
        seal: seal.clone(),
        shares: Arc::clone(&shares),
    });
    authn.warm_up().await;
    let broken_off = Arc::new(AtomicBool::new(false));
    let api =
        serve_api(app, log, seal.clone(), &broken_off).map_err(failed("listen on loopback"))?;
    let setup = guard::Setup {
        listen: config.listen,
        tls: config.tls.clone(),
        limits,
        upstream: api.local_addr(),
        seal,
        metrics: metrics.guard.clone(),
        reloads: Arc::clone(&metrics.reloads),
        log: log.new(o!("part" => "guard")),
    };
    let guard = Guard::start(setup).await.map_err(failed(&format!(
        "listen on {} (server.listen)",
        config.listen
    )))?;
    let leaving = Arc::new(AtomicBool::new(false));
    let told = Internal {
        leaving: Arc::clone(&leaving),
        service: Arc::clone(&service),
        authn,
        fleet: Arc::clone(&fleet),
        metrics: Arc::clone(&metrics),
    };
    let internal = internal::start(config.internal, told, log).await;
    let internal = internal.map_err(failed(&format!(
        "listen on {} for probes and metrics (internal.listen)",
        config.internal
    )))?;
    let (stop, stopping) = watch::channel(false);
    let mut tasks = reconciler::start(&service, &fleet, &metrics, config.retention, log, &stopping);
    tasks.spawn(unconfigured::watch(
        Arc::clone(&service),
        Arc::clone(&metrics),
        log.new(o!("task" => "unconfigured")),
        stopping.clone(),
    ));
    let log_watched = log.new(o!("task" => "health"));
    let fresh = config.limits.health;
    tasks.spawn(watched::watch(fleet, fresh, log_watched, stopping.clone()));
    let log_shares = log.new(o!("task" => "audit"));
    tasks.spawn(shares.write(Arc::clone(&service), log_shares, stopping.clone()));
    let policies = Policies {
        engine: policy,
        reloads: Arc::clone(&metrics.reloads),
        log: log.new(o!("part" => "policy")),
    };
    tasks.spawn(policies.keep_fresh(hangup, stopping));
    let tls = config.tls.is_some();
    slog::info!(log, "serving"; "api" => guard.address().to_string(), "internal" => internal.address().to_string(),
        "tls" => tls, "clusters" => config.clusters.len(), "issuers" => config.issuers.len());
    Ok(Running {
        guard,
        api,
        internal,
        tls,
        tasks,
        stop,
        grace: config.grace,
        drain: config.drain,
        leaving,
        broken_off,
        log: log.clone(),
    })
}

/// Serves the API on a port of loopback, where only the guard is let in.
fn serve_api(
    app: Arc<App>,
    log: &Logger,
    seal: Seal,
    broken_off: &Arc<AtomicBool>,
) -> Result<HttpServer<Arc<App>>, Box<dyn std::error::Error + Send + Sync>> {
    let dropshot = ConfigDropshot {
        bind_address: SocketAddr::from(([127, 0, 0, 1], 0)),
        log_headers: HEADERS.map(str::to_owned).to_vec(),
        // An issue under way is finished even when its caller has left: half of one helps nobody.
        default_handler_task_mode: HandlerTaskMode::Detached,
        ..ConfigDropshot::default()
    };
    let log = log.new(o!("part" => "http"));
    let log = without_queries(log, seal, Arc::clone(broken_off));
    let server = ServerBuilder::new(edge::description()?, app, log);
    Ok(server.config(dropshot).start()?)
}

impl Running {
    /// Where the API listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.guard.address()
    }

    /// Where probes and metrics are served.
    #[must_use]
    pub fn internal_address(&self) -> SocketAddr {
        self.internal.address()
    }

    /// The API's URL.
    #[must_use]
    pub fn url(&self) -> String {
        let scheme = if self.tls { "https" } else { "http" };
        format!("{scheme}://{}", self.address())
    }

    /// Stops: `/readyz` says so, and for a while all is served as before; then no new requests, those under way are finished,
    /// then the reconciler ends. Whatever is not done shortly before the end of the grace period is broken off, with a 503 to
    /// who waits for it; the next start goes on where it was.
    pub async fn stop(self) {
        self.end(None).await;
    }

    /// The same. Whoever asks again does not wait for a load balancer: nothing more is served while `/readyz` fails. What is under
    /// way has its time.
    pub(crate) async fn stop_heeding(self, signals: Signals) {
        self.end(Some(signals)).await;
    }

    async fn end(mut self, mut signals: Option<Signals>) {
        let log = self.log.clone();
        slog::info!(self.log, "stopping"; "grace_seconds" => self.grace.as_secs(),
            "drain_seconds" => self.drain.as_secs());
        self.leaving.store(true, Ordering::Relaxed);
        tokio::select! {
            () = tokio::time::sleep(self.drain) => {}
            () = again(&mut signals) => slog::info!(log, "asked to stop again: the drain is over"),
        }
        let orderly = async {
            self.guard.stop().await;
            let _ = self.api.close().await;
            let _ = self.stop.send(true);
            while self.tasks.join_next().await.is_some() {}
            self.internal.close().await;
        };
        let last_words = LAST_WORDS.min(self.grace / 4);
        let ended = {
            let mut orderly = pin!(timeout(self.grace - last_words, orderly));
            loop {
                tokio::select! {
                    ended = &mut orderly => break ended,
                    () = again(&mut signals) => slog::info!(log,
                        "asked to stop again: what is under way has until the end of the grace period"),
                }
            }
        };
        if ended.is_err() {
            slog::warn!(
                self.log,
                "the grace period is over; what is under way is broken off"
            );
            self.broken_off.store(true, Ordering::Relaxed);
            let broken_off = async {
                self.guard.break_off().await;
                let _ = self.stop.send(true);
                while self.tasks.join_next().await.is_some() {}
            };
            // Not all of it: the process takes a moment to end, too.
            let _ = timeout(last_words / 2, broken_off).await;
        }
        slog::info!(self.log, "stopped");
    }
}

/// Returns when the process is asked to stop, where anyone listens for that.
async fn again(signals: &mut Option<Signals>) {
    match signals {
        Some(signals) => signals.next().await,
        None => std::future::pending().await,
    }
}
