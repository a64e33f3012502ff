//! The service beside the least that the same request could be, for few clients and for many, on each kind of store.

use std::fmt::Write as _;
use std::time::Duration;

use anyhow::Result;
use serde::Serialize;

use crate::closed::{self, Given};
use crate::disk::Disk;
use crate::load::Target;
use crate::process::Server;
use crate::subjects::{Database, Subject};

/// How long clients ask before anything counts.
const WARM_UP: Duration = Duration::from_secs(1);

/// What is measured, and beside what.
pub(crate) struct Pair {
    /// A bare handler with the request's unavoidable work.
    pub(crate) limit: Subject,
    /// What the handler does, in a few words.
    pub(crate) does: &'static str,
    /// What clients ask the limit, made from what it tells of itself.
    pub(crate) of_limit: fn(&Target) -> Target,
    /// What the service is called in the table.
    pub(crate) name: &'static str,
    /// What clients ask the service, each its own; fewer than clients are shared.
    pub(crate) of_service: fn(&Target) -> Result<Vec<Target>>,
    /// How many clients there are.
    pub(crate) clients: &'static [usize],
}

/// One line of the table.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Line {
    store: &'static str,
    clients: usize,
    limit: Figures,
    service: Figures,
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

impl Pair {
    /// Measures on SQLite, and on PostgreSQL where it is installed. Progress goes to standard error.
    ///
    /// # Errors
    /// A server does not start, or cannot be measured.
    pub(crate) fn measure(&self, seconds: f64, disk: &Disk) -> Result<Vec<Line>> {
        let mut lines = self.on("SQLite", None, seconds, disk)?;
        if postgresql::Cluster::installed() {
            // Here what is durable is what is measured.
            let cluster = postgresql::Cluster::start(&["fsync=on"]);
            lines.extend(self.on("PostgreSQL", Some(&cluster), seconds, disk)?);
        } else {
            eprintln!("PostgreSQL is not installed, and not measured: apt-get install postgresql");
        }
        Ok(lines)
    }

    fn on(
        &self,
        store: &'static str,
        cluster: Option<&postgresql::Cluster>,
        seconds: f64,
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
        let (limit, _limits_files) = start(self.limit)?;
        let (service, _its_files) = start(Subject::Issue)?;
        let limits = [(self.of_limit)(limit.target())];
        let targets = (self.of_service)(service.target())?;
        let seconds = Duration::from_secs_f64(seconds);
        self.clients
            .iter()
            .map(|clients| {
                eprintln!("{store}, {clients} clients");
                let given = |targets| closed::run(targets, *clients, WARM_UP, seconds);
                Ok(Line {
                    store,
                    clients: *clients,
                    limit: given(&limits)?.into(),
                    service: given(&targets)?.into(),
                })
            })
            .collect()
    }

    /// The figures for people.
    pub(crate) fn table(&self, lines: &[Line]) -> String {
        let mut table = format!(
            "\nEach client waits for its answer. The limit is a bare handler with {}.\n\n\
             store       clients   limit/s  p50 ms  p99 ms {:>9}  p50 ms  p99 ms   of the limit   p99 is\n",
            self.does,
            format!("{}/s", self.name),
        );
        let ms = |value: Option<f64>| value.map_or("-".to_owned(), |value| format!("{value:.1}"));
        for line in lines {
            let Line { limit, service, .. } = line;
            let longer = limit
                .p99_ms
                .zip(service.p99_ms)
                .map_or("-".to_owned(), |(limit, service)| {
                    format!("{:.1} times", service / limit)
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
                service.per_second,
                ms(service.p50_ms),
                ms(service.p99_ms),
                service.per_second / limit.per_second,
                match limit.lost + service.lost {
                    0 => String::new(),
                    lost => format!("   {lost} lost"),
                },
            );
        }
        table
    }
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
        let table = crate::clients::PAIR.table(&[Line {
            store: "SQLite",
            clients: 64,
            limit: figures(2000.0, Some(10.0), 0),
            service: figures(1000.0, Some(25.0), 3),
        }]);
        let line = table.lines().last().unwrap();
        assert!(line.contains("0.50"), "{line}");
        assert!(line.contains("2.5 times   3 lost"), "{line}");
    }
}
