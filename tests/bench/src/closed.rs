//! A load of clients that each wait for their answer before they ask again (a closed loop): how much there is for so many.

use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use tokio::runtime::Builder;
use tokio::task::JoinSet;

use crate::latency::Latencies;
use crate::load::{Target, Template, connect, exchange};

/// What so many clients were given.
pub(crate) struct Given {
    /// Answers per second.
    pub(crate) per_second: f64,
    /// How long they took.
    pub(crate) latencies: Latencies,
}

/// Lets `clients` ask for `warm_up`, and then counts for `measured`. The targets, of one server, are dealt out in turn.
///
/// # Errors
/// The server cannot be connected to.
pub(crate) fn run(
    targets: &[Target],
    clients: usize,
    warm_up: Duration,
    measured: Duration,
) -> Result<Given> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let templates: Vec<_> = targets.iter().map(Template::new).collect::<Result<_>>()?;
    let latencies = runtime.block_on(async {
        let mut tasks = JoinSet::new();
        let window = Instant::now() + warm_up..Instant::now() + warm_up + measured;
        let dealt = targets.iter().zip(&templates).cycle();
        for (target, template) in dealt.take(clients) {
            let mut sender = connect(target.address).await?;
            let (template, address, window) = (template.clone(), target.address, window.clone());
            tasks.spawn(async move {
                let (mut answered, mut lost) = (Vec::new(), 0);
                while Instant::now() < window.end {
                    if sender.ready().await.is_err() {
                        sender = connect(address).await?;
                    }
                    let asked = Instant::now();
                    let answer = exchange(&mut sender, template.request()).await;
                    let now = Instant::now();
                    if window.contains(&now) {
                        match answer {
                            Ok(status) if status.is_success() => answered.push(now - asked),
                            _ => lost += 1,
                        }
                    }
                }
                anyhow::Ok((answered, lost))
            });
        }
        let (mut answered, mut lost) = (Vec::new(), 0);
        while let Some(ended) = tasks.join_next().await {
            let (its, lacks) = ended.context("a client's task panicked")??;
            answered.extend(its);
            lost += lacks;
        }
        anyhow::Ok(Latencies::new(answered, lost))
    })?;
    Ok(Given {
        per_second: (latencies.count() - latencies.lost()) as f64 / measured.as_secs_f64(),
        latencies,
    })
}
