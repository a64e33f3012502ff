//! The real server, in a process that a test can end at any point: see [`crash::talk`].

use std::io::Write;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use chrono::{TimeDelta, Utc};
use crash::Faults;
use crash::talk::{Answer, Ask, Start};
use kubemint::ports::Store;
use kubemint::{ClusterKey, State};
use kubemint_server::config::Config;
use kubemint_server::log;
use kubemint_server::serve::{self, Changed};
use tokio::io::{AsyncBufReadExt, BufReader, Lines, Stdin};

#[tokio::main(worker_threads = 2)]
async fn main() -> Result<()> {
    let mut asked = BufReader::new(tokio::io::stdin()).lines();
    let Some(start) = next::<Start>(&mut asked).await? else {
        bail!("nothing was asked");
    };
    let mut config = Config::read(&start.config)?;
    config.settings.pending = Duration::from_millis(start.pending);
    config.settings.twin_wait = Duration::from_millis(start.twin_wait);
    config.settings.sweep_after = Duration::from_millis(start.sweep_after);
    config.settings.idempotency = Duration::from_millis(start.keep_keys);
    config.limits.deadline = Duration::from_millis(start.pending);
    let (log, _guard) = log::logger(config.verbosity);
    let faults = Faults::new(start.plan);
    // The ports as they are, to look behind the faults.
    let (mut store, mut clusters) = (None, None);
    let changed = Changed {
        store: |plain| faults.around_store(Arc::clone(store.insert(plain))),
        clusters: |plain| faults.around_clusters(Arc::clone(clusters.insert(plain))),
    };
    let running = serve::start_with(config, &log, changed).await?;
    let store = store.context("the server has a store")?;
    let keys = clusters.context("the server has clusters")?.keys();
    say(&Answer::Serving {
        api: running.url(),
        internal: format!("http://{}", running.internal_address()),
    })?;
    while let Some(ask) = next::<Ask>(&mut asked).await? {
        let answer = match ask {
            Ask::Follow(plan) => seen(faults.follow(plan)),
            Ask::Seen => seen(faults.seen()),
            Ask::Quiet => Answer::Left(left(&store, &keys).await?),
            Ask::Stop => {
                running.stop().await;
                drop(store);
                return say(&Answer::Stopped);
            }
        };
        say(&answer)?;
    }
    // The parent is gone, or wants no order.
    std::process::exit(0)
}

/// How many records the reconciler has still to settle.
async fn left(store: &Arc<dyn Store>, clusters: &[ClusterKey]) -> Result<usize> {
    let now = Utc::now();
    let mut left = 0;
    for key in clusters {
        // Far ahead, so that what is pending within its time counts, too.
        let due = store.due(key, now + TimeDelta::days(400), u16::MAX).await?;
        let unsettled = due.iter().filter(|record| match record.state {
            State::Active => record.expires_at.is_some_and(|end| end <= now),
            _ => true,
        });
        left += unsettled.count();
    }
    Ok(left)
}

fn seen(calls: Vec<&'static str>) -> Answer {
    Answer::Seen(calls.into_iter().map(str::to_owned).collect())
}

async fn next<T: serde::de::DeserializeOwned>(
    asked: &mut Lines<BufReader<Stdin>>,
) -> Result<Option<T>> {
    let line = asked.next_line().await?;
    Ok(line.map(|line| serde_json::from_str(&line)).transpose()?)
}

fn say(answer: &Answer) -> Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{}", serde_json::to_string(answer)?)?;
    Ok(out.flush()?)
}
