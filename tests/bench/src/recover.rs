//! `bench recover`: a server is killed with many issues under way; how soon the next one has cleaned up, beside the same
//! removals and writes alone.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use clap::Args;
use kubemint::ports::Store;
use kubemint_store::{Options, SqliteStore};
use rusqlite::{Connection, OpenFlags};
use serde::Serialize;

use crate::closed;
use crate::history;
use crate::issue::place;
use crate::outside::{self, Outside};
use crate::process::Server;

/// How many are removed at once by the limit: as many as by the reconciler.
const AT_ONCE: usize = 8;
/// How many the limit is measured with.
const SAMPLE: u32 = 2000;
/// How long recovery may take before it is given up.
const PATIENCE: Duration = Duration::from_secs(900);
/// How long one client issues meanwhile.
const MEANWHILE: Duration = Duration::from_secs(2);

/// The arguments of `recover`.
#[derive(Debug, Args)]
pub(crate) struct RecoverArgs {
    /// Write the figures there as JSON, too.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// How many issues are broken off.
    #[arg(long, value_name = "NUMBER", default_value_t = 10_000)]
    pending: u32,
    /// Where the stores are made, and removed again; on a disk [default: `bench` in the folder of builds]
    #[arg(long, value_name = "FOLDER")]
    folder: Option<PathBuf>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Figures {
    pending: u32,
    /// From the start of the next server's process.
    until_it_serves_ms: f64,
    until_recovered_s: f64,
    per_second: f64,
    /// The removals and writes alone.
    limit_per_second: f64,
    /// Of issues in the first two seconds.
    issue_p50_ms: Option<f64>,
    issue_p99_ms: Option<f64>,
}

/// Measures, and prints the figures. Progress goes to standard error.
///
/// # Errors
/// A server does not start, or does not recover; the file cannot be written.
pub(crate) fn run(args: &RecoverArgs) -> Result<()> {
    ensure!(args.pending >= 1, "--pending must be 1 or more");
    let folder = place(args.folder.as_deref())?;
    let world = folder.path().join("world");
    std::fs::create_dir(&world)?;
    let outside = Outside::start(&world)?;
    let limit_per_second = limit(&outside, folder.path(), args.pending.min(SAMPLE))?;

    let broken = folder.path().join("broken");
    std::fs::create_dir(&broken)?;
    outside.copy(&broken)?;
    eprintln!("breaking off {} issues", args.pending);
    // Dropping it is SIGKILL.
    drop(Server::breaking_off(&broken, args.pending)?);
    ensure!(
        outside.standing() == args.pending as usize,
        "the objects of all are to be there, and {} are",
        outside.standing()
    );
    let figures = recover(&outside, &broken, args.pending, limit_per_second)?;
    print!("{}", table(&figures));
    if let Some(file) = &args.json {
        std::fs::write(file, serde_json::to_vec_pretty(&figures)?)
            .with_context(|| format!("cannot write {}", file.display()))?;
    }
    Ok(())
}

/// How many removals and writes there are a second, with nothing around them.
fn limit(outside: &Outside, folder: &Path, count: u32) -> Result<f64> {
    eprintln!("removing {count} alone");
    let store = SqliteStore::open(Options::new(folder.join("limit.db")))?;
    let store: Arc<dyn Store> = Arc::new(store);
    let fleet = outside.fleet(store.as_ref())?;
    outside.runtime.block_on(async {
        let records = outside::break_off(&store, &fleet, count).await?;
        let began = Instant::now();
        outside::give_up(&store, &fleet, records, AT_ONCE).await?;
        Ok(f64::from(count) / began.elapsed().as_secs_f64())
    })
}

/// Starts a server where another one was killed, and waits until nothing of that is left.
fn recover(
    outside: &Outside,
    folder: &Path,
    pending: u32,
    limit_per_second: f64,
) -> Result<Figures> {
    let began = Instant::now();
    let server = outside.serve(folder)?;
    let serving = began.elapsed();
    eprintln!("recovering");
    let target = server.target().clone();
    let meanwhile =
        std::thread::spawn(move || closed::run(&[target], 1, Duration::ZERO, MEANWHILE));
    let file = folder.join(history::FILE);
    let records = Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    let left = || -> Result<u32> {
        let sql = "SELECT count(*) FROM kubeconfig WHERE state = 'pending' AND pending_until < ?1";
        // What this benchmark issues meanwhile has its time.
        let now = chrono::Utc::now().timestamp_millis();
        Ok(records.query_row(sql, [now], |row| row.get(0))?)
    };
    while left()? > 0 {
        ensure!(
            began.elapsed() < PATIENCE,
            "{} are pending after {PATIENCE:?}",
            left()?
        );
        std::thread::sleep(Duration::from_millis(20));
    }
    let recovered = began.elapsed();
    let given = meanwhile
        .join()
        .map_err(|_| anyhow::anyhow!("the client panicked"))??;
    let issued: u32 = records.query_row(
        "SELECT count(*) FROM kubeconfig WHERE state = 'active'",
        [],
        |row| row.get(0),
    )?;
    let standing = outside.standing();
    ensure!(
        standing == issued as usize,
        "{standing} objects are left, of {issued} that were issued meanwhile"
    );
    let millis = |part| {
        let latency: Option<Duration> = given.latencies.percentile(part);
        latency.map(|latency| latency.as_secs_f64() * 1000.0)
    };
    Ok(Figures {
        pending,
        until_it_serves_ms: serving.as_secs_f64() * 1000.0,
        until_recovered_s: recovered.as_secs_f64(),
        per_second: f64::from(pending) / (recovered - serving).as_secs_f64().max(0.001),
        limit_per_second,
        issue_p50_ms: millis(0.5),
        issue_p99_ms: millis(0.99),
    })
}

fn table(figures: &Figures) -> String {
    let Figures {
        pending,
        until_it_serves_ms,
        until_recovered_s,
        per_second,
        limit_per_second,
        ..
    } = figures;
    let ms = |value: Option<f64>| value.map_or("-".to_owned(), |value| format!("{value:.1}"));
    format!(
        "\nA server was killed with {pending} issues pending, their objects made. From the start of the next one:\n\n\
         it serves after               {until_it_serves_ms:>9.0} ms\n\
         nothing is left of them after {until_recovered_s:>9.1} s\n\
         a second                      {per_second:>9.0}\n\
         the same removals and writes  {limit_per_second:>9.0}   alone, {AT_ONCE} at once: {:.2} of it\n\
         an issue meanwhile, p50, p99  {:>9} ms {} ms\n",
        per_second / limit_per_second,
        ms(figures.issue_p50_ms),
        ms(figures.issue_p99_ms),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_tells_the_share() {
        let table = table(&Figures {
            pending: 10_000,
            until_it_serves_ms: 120.0,
            until_recovered_s: 10.12,
            per_second: 1000.0,
            limit_per_second: 1250.0,
            issue_p50_ms: Some(3.0),
            issue_p99_ms: None,
        });
        assert!(table.contains("0.80 of it"), "{table}");
        assert!(table.trim_end().ends_with("3.0 ms - ms"), "{table}");
    }
}
