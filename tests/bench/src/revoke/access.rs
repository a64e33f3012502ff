//! How long a revoked kubeconfig, in constant use, is still accepted.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use futures::stream::{self, StreamExt as _, TryStreamExt as _};
use reqwest::{Method, StatusCode};
use serde_json::Value;

use super::real::Real;
use crate::latency::Latencies;

/// How long anything may still be accepted before something is wrong.
const LIMIT: Duration = Duration::from_secs(20);

/// What is asked for again and again.
const PODS: &str = "/api/v1/namespaces/default/pods";

/// What was seen.
pub(super) struct Seen {
    /// How long the answer to DELETE took.
    pub(super) answered: Latencies,
    /// How long after it the last request was sent that was accepted.
    pub(super) refused: Latencies,
}

/// Issues `count` kubeconfigs of a role, uses them, and revokes them, `at_once` at a time.
pub(super) fn revoke(real: &Real, role: &str, count: usize, at_once: usize) -> Result<Seen> {
    // As many as there are share the processors: none asks so often that all only wait.
    let pause = Duration::from_millis(if at_once > 1 { 100 } else { 1 });
    let all: Vec<(Duration, Duration)> = real.runtime.block_on(async {
        stream::iter(0..count)
            .map(|_| one(real, role, pause))
            .buffer_unordered(at_once)
            .try_collect()
            .await
    })?;
    let (answered, refused) = all.into_iter().unzip();
    Ok(Seen {
        answered: Latencies::new(answered, 0),
        refused: Latencies::new(refused, 0),
    })
}

async fn one(real: &Real, role: &str, pause: Duration) -> Result<(Duration, Duration)> {
    let issued = real.issue(role).await?;
    let link = issued["selfLink"].as_str().context("no selfLink")?;
    let answer = real
        .request(Method::GET, &format!("{link}/file"))
        .send()
        .await?;
    let file: Value = answer.json().await?;
    let token = file["users"][0]["user"]["token"]
        .as_str()
        .context("no token")?;
    let cluster = real.cluster_client()?;
    let url = format!("{}{PODS}", real.cluster_url());
    let ask = async || {
        cluster
            .get(&url)
            .bearer_auth(token)
            .send()
            .await
            .map(|answer| answer.status())
    };
    // The API server knows the token, and remembers it.
    for _ in 0..5 {
        let status = ask().await?;
        ensure!(
            status == StatusCode::OK,
            "a fresh kubeconfig is answered {status}"
        );
        tokio::time::sleep(pause).await;
    }
    let began = Instant::now();
    let answer = real.request(Method::DELETE, link).send().await?;
    let answered = began.elapsed();
    ensure!(
        answer.status() == StatusCode::NO_CONTENT,
        "DELETE answered {}",
        answer.status()
    );
    let gone = Instant::now();
    let mut last_accepted = Duration::ZERO;
    loop {
        let sent = gone.elapsed();
        match ask().await? {
            StatusCode::OK => last_accepted = sent,
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
                return Ok((answered, last_accepted));
            }
            other => bail!("the cluster answered {other}"),
        }
        ensure!(sent < LIMIT, "accepted {sent:?} after its revocation");
        tokio::time::sleep(pause).await;
    }
}
