//! What is over is forgotten, once an hour and a little at a time. Replicas may do it at the same time.

use std::sync::Arc;
use std::time::Duration;

use kubemint::Kubemint;
use kubemint::ports::{Cut, Forgotten, StoreError};
use slog::Logger;
use tokio::sync::watch;

use crate::config::Retention;

/// How often what is over is forgotten.
const INTERVAL: Duration = Duration::from_secs(3600);
/// How soon it is gone on with after an error, which may be another replica's cut that was under way; each time it fails once more,
/// twice as late. Where there is much to forget, an hour's pause for each would never come to its end.
const AGAIN: Duration = Duration::from_secs(5);
/// How much is forgotten at once, and the pause after it, so that requests find their turn.
const BATCH: u16 = 500;
const BREATH: Duration = Duration::from_millis(100);

/// Forgets, again and again, until `stop` turns true.
pub(crate) async fn run(
    service: Arc<Kubemint>,
    retention: Retention,
    log: Logger,
    mut stop: watch::Receiver<bool>,
) {
    let mut again = AGAIN;
    loop {
        let outcome = tokio::select! {
            outcome = forget(&service, retention) => outcome,
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
