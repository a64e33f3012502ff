//! What is over is forgotten, once an hour and a little at a time. Replicas may do it at the same time.
//!
//! What is forgotten, nothing brings back, and a machine whose clock is not set yet is an ordinary thing: so somebody else, a
//! cluster, must be of the same day.

use std::sync::Arc;
use std::time::Duration;

use kubemint::Kubemint;
use kubemint::ports::{Clusters as _, Cut, Forgotten, StoreError};
use kubemint_clusters::{Fleet, Skew};
use slog::Logger;
use tokio::sync::watch;
use tokio::time::Instant;

use crate::config::Retention;

/// How often what is over is forgotten.
const INTERVAL: Duration = Duration::from_secs(3600);
/// How soon it is gone on with after an error, which may be another replica's cut that was under way; each time it fails once more,
/// twice as late. Where there is much to forget, an hour's pause for each would never come to its end.
const AGAIN: Duration = Duration::from_secs(5);
/// How much is forgotten at once, and the pause after it, so that requests find their turn.
const BATCH: u16 = 500;
const BREATH: Duration = Duration::from_millis(100);

/// How far a cluster's clock and this machine's may be apart, in seconds.
const DAY: i64 = 24 * 60 * 60;
/// How often it is looked whether one is near enough, and how long that may last before it is told.
const LOOK: Duration = Duration::from_secs(1);
const PATIENCE: Duration = Duration::from_secs(60);

/// Forgets, again and again, until `stop` turns true.
pub(crate) async fn run(
    service: Arc<Kubemint>,
    fleet: Arc<Fleet>,
    retention: Retention,
    log: Logger,
    mut stop: watch::Receiver<bool>,
) {
    let mut again = AGAIN;
    loop {
        let outcome = tokio::select! {
            outcome = async {
                agreed(|| is_of_today(&fleet), &log).await;
                forget(&service, retention).await
            } => outcome,
            _ = stop.wait_for(|stop| *stop) => return,
        };
        let pause = if outcome.is_ok() {
            again = AGAIN;
            INTERVAL
        } else {
            let pause = again;
            again = (pause * 2).min(INTERVAL);
            pause
        };
        match outcome {
            Ok(Forgotten {
                keys,
                credentials,
                records,
                events,
            }) if keys + credentials + records + events > 0 => {
                slog::info!(log, "forgot what is over";
                    "keys" => keys, "credentials" => credentials, "records" => records, "events" => events);
            }
            Ok(_) => {}
            Err(error) => {
                slog::warn!(log, "cannot forget what is over, will try again"; "error" => crate::edge::chain(&error));
            }
        }
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            _ = stop.wait_for(|stop| *stop) => return,
        }
    }
}

/// Whether some cluster's clock and this machine's agree on the day.
fn is_of_today(fleet: &Fleet) -> bool {
    let keys = fleet.keys();
    let asked = |key| {
        fleet
            .profile(key)
            .is_some_and(|profile| profile.has_credential)
    };
    let skews = keys.iter().filter_map(|key| fleet.skew(key));
    agree(keys.iter().any(asked), skews)
}

/// Whether one of the clocks that were seen is near; where nobody is asked, nobody contradicts.
fn agree(asked: bool, mut seen: impl Iterator<Item = Skew>) -> bool {
    !asked || seen.any(|skew| skew.0.abs() < DAY)
}

/// Waits until it is `so`. That it takes long is told.
async fn agreed(so: impl Fn() -> bool, log: &Logger) {
    let began = Instant::now();
    let mut told = false;
    while !so() {
        if !told && began.elapsed() >= PATIENCE {
            told = true;
            slog::warn!(
                log,
                "nothing is forgotten: no cluster's clock was seen that is within a day of this machine's"
            );
        }
        tokio::time::sleep(LOOK).await;
    }
}

/// Forgets all that is over now.
async fn forget(service: &Kubemint, retention: Retention) -> Result<Forgotten, StoreError> {
    let ports = service.ports();
    let now = ports.clock.now();
    let cut = Cut {
        keys: now,
        records: Some(now - retention.expired),
        events: retention.audit.map(|kept| now - kept),
    };
    let mut sum = Forgotten::default();
    loop {
        let done = ports.store.retain(&cut, now, BATCH).await?;
        sum.keys += done.keys;
        sum.credentials += done.credentials;
        sum.records += done.records;
        sum.events += done.events;
        if done == Forgotten::default() {
            return Ok(sum);
        }
        tokio::time::sleep(BREATH).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_forgotten_before_a_cluster_agrees_on_the_day() {
        let agree = |seen: &[i64]| super::agree(true, seen.iter().copied().map(Skew));
        // Not asked yet; by a machine whose clock is a year ahead.
        assert!(!agree(&[]));
        assert!(!agree(&[-366 * DAY, DAY]));
        assert!(agree(&[366 * DAY, 3600 - DAY]));
        assert!(super::agree(false, std::iter::empty()));
    }
}
