//! `bench clients`: an issue beside the least that it could be, for few clients and for many, on each kind of store.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use clap::Args;
use serde::Serialize;

use crate::closed::{self, Given};
use crate::disk::Disk;
use crate::issue::place;
use crate::process::Server;
use crate::subjects::{Database, Subject};

/// How many clients there are.
const CLIENTS: [usize; 4] = [1, 8, 64, 256];
/// How long they ask before anything counts.
const WARM_UP: Duration = Duration::from_secs(1);

/// The arguments of `clients`.
#[derive(Debug, Args)]
pub(crate) struct ClientsArgs {
    /// Write the figures there as JSON, too.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// How long each step counts.
    #[arg(long, value_name = "SECONDS", default_value_t = 5.0)]
    seconds: f64,
    /// Where the stores are made, and removed again; on a disk [default: `bench` in the folder of builds]
    #[arg(long, value_name = "FOLDER")]
    folder: Option<PathBuf>,
}

/// One line of the table.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Line {
    store: &'static str,
    clients: usize,
    /// Of a bare handler with the same two commits and the same two calls of the cluster.
    limit: Figures,
    issue: Figures,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Figures {
    per_second: f64,
    p50_ms: Option<f64>,
    p99_ms: Option<f64>,
    lost: usize,
}

impl From<Given> for Figures {
    fn from(given: Given) -> Self {
        let millis = |part| {
            let latency: Option<Duration> = given.latencies.percentile(part);
            latency.map(|latency| latency.as_secs_f64() * 1000.0)
        };
        Self {
            per_second: given.per_second,
            p50_ms: millis(0.5),
            p99_ms: millis(0.99),
            lost: given.latencies.lost(),
        }
    }
}

/// Measures, and prints the figures. Progress goes to standard error.
///
/// # Errors
/// A server does not start, or cannot be measured; the file cannot be written.
pub(crate) fn run(args: &ClientsArgs) -> Result<()> {
    ensure!(
        (0.1..=600.0).contains(&args.seconds),
        "--seconds must be 0.1 to 600"
    );
    let folder = place(args.folder.as_deref())?;
    let disk = Disk::under(folder.path())?;
    let mut lines = Vec::new();
    lines.extend(measure("SQLite", None, args, &disk)?);
    match postgresql::Cluster::installed() {
        // Here what is durable is what is measured.
        true => {
            let cluster = postgresql::Cluster::start(&["fsync=on"]);
            lines.extend(measure("PostgreSQL", Some(&cluster), args, &disk)?);
        }
        false => {
            eprintln!("PostgreSQL is not installed, and not measured: apt-get install postgresql")
        }
    }
    print!("{}", table(&lines));
    if let Some(file) = &args.json {
        std::fs::write(file, serde_json::to_vec_pretty(&lines)?)
            .with_context(|| format!("cannot write {}", file.display()))?;
    }
    Ok(())
}

fn measure(
    store: &'static str,
    cluster: Option<&postgresql::Cluster>,
    args: &ClientsArgs,
    disk: &Disk,
) -> Result<Vec<Line>> {
    let start = |subject| {
        let folder = tempfile::tempdir_in(&disk.folder)?;
        let database = cluster.map(|cluster| Database {
            port: cluster.port(),
            name: cluster.database(),
        });
        anyhow::Ok((
            Server::start(subject, folder.path(), database.as_ref())?,
            folder,
        ))
    };
    let (limit, _limits_files) = start(Subject::TwoCommitsTwoCalls)?;
    let (issue, _issues_files) = start(Subject::Issue)?;
    let seconds = Duration::from_secs_f64(args.seconds);
    CLIENTS
        .into_iter()
        .map(|clients| {
            eprintln!("{store}, {clients} clients");
            let given = |server: &Server| closed::run(server.target(), clients, WARM_UP, seconds);
            Ok(Line {
                store,
                clients,
                limit: given(&limit)?.into(),
                issue: given(&issue)?.into(),
            })
        })
        .collect()
}

fn table(lines: &[Line]) -> String {
    let mut table = String::from(
        "\nEach client waits for its answer. The limit is a bare handler with the same two commits and the same two calls.\n\n\
         store       clients   limit/s  p50 ms  p99 ms   issue/s  p50 ms  p99 ms   of the limit   p99 is\n",
    );
    let ms = |value: Option<f64>| value.map_or("-".to_owned(), |value| format!("{value:.1}"));
    for line in lines {
        let Line { limit, issue, .. } = line;
        let longer = limit
            .p99_ms
            .zip(issue.p99_ms)
            .map_or("-".to_owned(), |(limit, issue)| {
                format!("{:.1} times", issue / limit)
            });
        // Writing to a string does not fail.
        let _ = writeln!(
            table,
            "{:<10} {:>8} {:>9.0} {:>7} {:>7} {:>9.0} {:>7} {:>7} {:>14.2} {longer:>8}{}",
            line.store,
            line.clients,
            limit.per_second,
            ms(limit.p50_ms),
            ms(limit.p99_ms),
            issue.per_second,
            ms(issue.p50_ms),
            ms(issue.p99_ms),
            issue.per_second / limit.per_second,
            match limit.lost + issue.lost {
                0 => String::new(),
                lost => format!("   {lost} lost"),
            },
        );
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_tells_the_share_and_what_was_lost() {
        let figures = |per_second, p99_ms, lost| Figures {
            per_second,
            p50_ms: Some(1.0),
            p99_ms,
            lost,
        };
        let table = table(&[Line {
            store: "SQLite",
            clients: 64,
            limit: figures(2000.0, Some(10.0), 0),
            issue: figures(1000.0, Some(25.0), 3),
        }]);
        let line = table.lines().last().unwrap();
        assert!(line.contains("0.50"), "{line}");
        assert!(line.contains("2.5 times   3 lost"), "{line}");
    }
}
