//! One caller who asks as fast as the answers come.

use std::collections::BTreeMap;
use std::time::Duration;

use kubemint_server::sandbox::CLUSTER;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{sleep, sleep_until};

use crate::stage::Stage;

/// On how many connections.
const WIDTH: usize = 8;
/// The pause after each answer, so that the flood is one, and this process has time for the load.
const PAUSE: Duration = Duration::from_millis(5);

/// A running flood.
pub(crate) struct Flood {
    tasks: JoinSet<BTreeMap<u16, u64>>,
    stop: watch::Sender<bool>,
}

/// Floods from an eighth of the time on until an eighth before its end.
pub(crate) fn start(stage: &Stage, time: Duration) -> Flood {
    let (stop, stopping) = watch::channel(false);
    let token = stage.sandbox.token("mallory", &["compute.viewer"]);
    let url = format!("{}{}", stage.url, Stage::collection(CLUSTER));
    let start = tokio::time::Instant::now();
    let mut tasks = JoinSet::new();
    for _ in 0..WIDTH {
        let (client, url, token) = (stage.client.clone(), url.clone(), token.clone());
        let stopping = stopping.clone();
        tasks.spawn(async move {
            let mut statuses = BTreeMap::new();
            sleep_until(start + time / 8).await;
            while start.elapsed() < time / 8 * 7 && !*stopping.borrow() {
                let answer = client.get(&url).bearer_auth(&token).send().await;
                // 0: no answer at all.
                let status = answer.map_or(0, |answer| answer.status().as_u16());
                *statuses.entry(status).or_default() += 1;
                sleep(PAUSE).await;
            }
            statuses
        });
    }
    Flood { tasks, stop }
}

impl Flood {
    /// How often each status was answered.
    pub(crate) async fn stop(mut self) -> BTreeMap<u16, u64> {
        let _ = self.stop.send(true);
        let mut all = BTreeMap::new();
        while let Some(Ok(statuses)) = self.tasks.join_next().await {
            for (status, count) in statuses {
                *all.entry(status).or_default() += count;
            }
        }
        all
    }
}
