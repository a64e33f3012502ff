//! The operator's commands.

use std::future::Future;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use kubemint::cluster::ClusterKey;
use kubemint::ports::Landmark;
use kubemint_clusters::{ClusterConfig, Fleet};
use kubemint_store::Backend;
use uuid::Uuid;

use crate::config::{Config, EXAMPLE};
use crate::edge::chain;
use crate::log::logger;
use crate::out::{out, outln};
use crate::serve::start;
use crate::signals::Signals;

/// How long the end waits for what a thread is in the middle of: a file on a disk that hangs, a name that nobody resolves.
const PATIENCE: Duration = Duration::from_secs(1);

/// Runs a future to its end, on as many threads as there are cores. What it left behind is not waited for.
pub(super) fn block_on<F: Future>(future: F) -> Result<F::Output> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("cannot start the runtime")?;
    let output = runtime.block_on(future);
    runtime.shutdown_timeout(PATIENCE);
    Ok(output)
}

pub(super) fn serve(file: &Path) -> Result<ExitCode> {
    let config = Config::read(file)?;
    let (log, _guard) = logger(config.verbosity);
    // Who deploys by a pipeline never sees what `check-config` says.
    for warning in config.warnings_to_log() {
        slog::warn!(log, "{}", warning; "part" => "configuration");
    }
    block_on(async {
        // Before it starts, which may take as long as an issuer is waited for.
        let mut signals = Signals::listen().context("cannot listen for signals")?;
        let running = tokio::select! {
            running = start(config, &log) => running?,
            () = signals.next() => {
                slog::info!(log, "stopped before it served");
                return Ok(ExitCode::SUCCESS);
            }
        };
        signals.next().await;
        running.stop_heeding(signals).await;
        Ok(ExitCode::SUCCESS)
    })?
}

pub(super) fn check_config(file: &Path) -> Result<ExitCode> {
    let config = Config::read(file)?;
    for warning in config.warnings() {
        eprintln!("warning: {warning}");
    }
    let count = |n: usize, what: &str| format!("{n} {what}{}", if n == 1 { "" } else { "s" });
    outln!(
        "{}: ok: {}, {}",
        file.display(),
        count(config.issuers.len(), "issuer"),
        count(config.clusters.len(), "cluster")
    )?;
    Ok(ExitCode::SUCCESS)
}

pub(super) fn example() -> Result<ExitCode> {
    out!("{EXAMPLE}")?;
    Ok(ExitCode::SUCCESS)
}

pub(super) fn manifest(file: &Path, cluster: Option<&str>) -> Result<ExitCode> {
    let config = Config::read(file)?;
    let cluster = chosen(&config.clusters, cluster)?;
    for warning in cluster.warnings() {
        eprintln!("warning: {warning}");
    }
    out!("{}", kubemint_clusters::manifest([cluster]))?;
    Ok(ExitCode::SUCCESS)
}

pub(super) fn chosen<'a>(
    clusters: &'a [ClusterConfig],
    name: Option<&str>,
) -> Result<&'a ClusterConfig> {
    let names = || {
        clusters
            .iter()
            .map(|cluster| cluster.key.to_string())
            .collect::<Vec<_>>()
            .join(", ")
    };
    match (name, clusters) {
        (Some(name), _) => clusters
            .iter()
            .find(|cluster| cluster.key.to_string() == name)
            .with_context(|| {
                format!(
                    "no cluster {name:?} in the configuration; there are: {}",
                    names()
                )
            }),
        (None, [only]) => Ok(only),
        (None, _) => bail!(
            "there are several clusters; choose one with --cluster: {}",
            names()
        ),
    }
}

pub(super) fn preflight(file: &Path) -> Result<ExitCode> {
    let config = Config::read(file)?;
    let (log, _guard) = logger(config.verbosity);
    let report = block_on(async {
        let noted = known_by(&config.store).await;
        // It makes nothing, so no installation's label is needed.
        let fleet = Fleet::new(config.clusters, Uuid::nil(), log)?.noted(&noted);
        anyhow::Ok(fleet.preflight().await)
    })??;
    out!("{report}")?;
    Ok(if report.is_ok() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// By what the store knows clusters; nothing where there is none yet. One that cannot be read is told, and stops nobody from
/// looking at clusters.
async fn known_by(store: &Backend) -> Vec<(ClusterKey, Landmark)> {
    if let Backend::Sqlite(options) = store
        && !options.path.exists()
    {
        return Vec::new();
    }
    let known = kubemint_store::landmarks(store).await;
    known.unwrap_or_else(|error| {
        let why = chain(&error);
        eprintln!(
            "warning: whether each cluster is the one that it was is not known: {store}: {why}"
        );
        Vec::new()
    })
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;

    #[test]
    fn a_thread_that_hangs_keeps_nothing_from_ending() {
        let (began, hang) = (Instant::now(), Duration::from_secs(60));
        let ended = block_on(async move {
            let (begun, begins) = tokio::sync::oneshot::channel();
            tokio::task::spawn_blocking(move || {
                let _ = begun.send(());
                std::thread::sleep(hang);
            });
            begins.await.is_ok()
        });
        assert!(ended.unwrap());
        assert!(began.elapsed() < Duration::from_secs(10));
    }
}
