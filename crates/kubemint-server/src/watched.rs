//! Whether the clusters are of use: asked all the time, so that the metrics and the log know of a dead one before anybody wants
//! something of it. A round of the reconciler with nothing to do calls nobody.

use std::sync::Arc;
use std::time::Duration;

use kubemint::ClusterKey;
use kubemint::ports::Clusters as _;
use kubemint_clusters::{Fleet, Health};
use slog::{Logger, o};
use tokio::sync::watch;

/// How often a cluster is asked, at least: what limits its health's age may be nothing.
const OFTEN: Duration = Duration::from_millis(100);

/// Asks each cluster how it is, whenever what it answered last is of no use any more, until `stop` turns true. An answer never takes
/// longer than [`Fleet::health`] says, and none waits for another cluster's.
pub(crate) async fn watch(
    fleet: Arc<Fleet>,
    fresh: Duration,
    log: Logger,
    mut stop: watch::Receiver<bool>,
) {
    let pause = (fresh * 2).max(OFTEN);
    let watching = fleet.keys().into_iter().map(|key| {
        let log = log.new(o!("cluster" => key.to_string()));
        one(&fleet, key, pause, log)
    });
    tokio::select! {
        _ = futures::future::join_all(watching) => {}
        _ = stop.wait_for(|stop| *stop) => {}
    }
}

/// Asks one for ever, and tells the log when it became unwell, or well again, and when it began to refuse something.
async fn one(fleet: &Fleet, key: ClusterKey, pause: Duration, log: Logger) {
    let mut unwell: Option<&str> = None;
    let mut refuses = 0;
    loop {
        match fleet.health(&key).await {
            Some(Health::Sick { class, detail }) => {
                if unwell != Some(class) {
                    slog::warn!(log, "the cluster is unwell"; "class" => class, "detail" => detail);
                }
                unwell = Some(class);
            }
            Some(Health::Ready) => {
                if unwell.take().is_some() {
                    slog::info!(log, "the cluster is well again");
                }
            }
            None => return,
        }
        match fleet.refused(&key) {
            Some(refused) => {
                // More than was told.
                if refused.operations > refuses {
                    slog::warn!(log, "the cluster refuses what a role needs"; "detail" => refused.to_string());
                }
                refuses = refused.operations;
            }
            None if refuses > 0 => {
                slog::info!(log, "the cluster refuses nothing of late");
                refuses = 0;
            }
            None => {}
        }
        tokio::time::sleep(pause).await;
    }
}
