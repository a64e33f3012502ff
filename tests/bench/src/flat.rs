//! `bench flat`: what an issue costs when there are a thousand records, and when there are a million.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use clap::Args;
use serde::Serialize;

use crate::closed;
use crate::cpu;
use crate::history;
use crate::issue::place;
use crate::process::Server;
use crate::subjects::Subject;

/// How many clients there are.
const CLIENTS: usize = 64;
/// How often each store is measured; the best counts, since whatever else the machine does makes it worse.
const ROUNDS: usize = 3;
const WARM_UP: Duration = Duration::from_secs(1);

/// The arguments of `flat`.
#[derive(Debug, Args)]
pub(crate) struct FlatArgs {
    /// Write the figures there as JSON, too.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// How long each of the three rounds counts.
    #[arg(long, value_name = "SECONDS", default_value_t = 3.0)]
    seconds: f64,
    /// How many records there are: few first, the limit.
    #[arg(long, value_name = "NUMBER", num_args = 2.., default_values_t = [1000, 1_000_000])]
    records: Vec<u32>,
    /// Where the stores are made, and removed again; on a disk [default: `bench` in the folder of builds]
    #[arg(long, value_name = "FOLDER")]
    folder: Option<PathBuf>,
}

/// One line of the table.
#[derive(Clone, Serialize)]
#[serde(rename_all = "camelCase")]
struct Line {
    records: u32,
    per_second: f64,
    p99_ms: Option<f64>,
    /// Processor time of an issue, the sandbox's cluster left out.
    micros: f64,
    /// Of that, the store's own thread.
    store_micros: f64,
}

/// Measures, and prints the figures. Progress goes to standard error.
///
/// # Errors
/// A server does not start, or cannot be measured; the file cannot be written.
pub(crate) fn run(args: &FlatArgs) -> Result<()> {
    ensure!(
        (0.1..=600.0).contains(&args.seconds),
        "--seconds must be 0.1 to 600"
    );
    let folder = place(args.folder.as_deref())?;
    let mut servers = Vec::new();
    for records in &args.records {
        let folder = folder.path().join(records.to_string());
        std::fs::create_dir(&folder)?;
        eprintln!("writing {records} records");
        let began = Instant::now();
        history::write(&folder, *records)?;
        eprintln!("written in {:.0} s", began.elapsed().as_secs_f64());
        servers.push((*records, Server::start(Subject::Issue, &folder, None)?));
    }
    let mut best: Vec<Line> = Vec::new();
    for round in 0..ROUNDS {
        for (at, (records, server)) in servers.iter().enumerate() {
            eprintln!("{records} records, round {}", round + 1);
            let line = measure(server, *records, Duration::from_secs_f64(args.seconds))?;
            match best.get_mut(at) {
                Some(before) if before.micros <= line.micros => {}
                Some(before) => *before = line,
                None => best.push(line),
            }
        }
    }
    print!("{}", table(&best));
    if let Some(file) = &args.json {
        std::fs::write(file, serde_json::to_vec_pretty(&best)?)
            .with_context(|| format!("cannot write {}", file.display()))?;
    }
    Ok(())
}

fn measure(server: &Server, records: u32, seconds: Duration) -> Result<Line> {
    // The first sweep after a start reads every record that is alive.
    cpu::wait_for_rest(server.id());
    let target = std::slice::from_ref(server.target());
    closed::run(target, CLIENTS, Duration::ZERO, WARM_UP)?;
    let before = cpu::of_process(server.id());
    let given = closed::run(target, CLIENTS, Duration::ZERO, seconds)?;
    let cost = cpu::per_request(
        &before,
        &cpu::of_process(server.id()),
        given.latencies.count(),
    );
    let p99 = given.latencies.percentile(0.99);
    Ok(Line {
        records,
        per_second: given.per_second,
        p99_ms: p99.map(|p99| p99.as_secs_f64() * 1000.0),
        micros: cost
            .iter()
            .filter(|(part, _)| **part != "cluster")
            .map(|(_, micros)| micros)
            .sum(),
        store_micros: cost.get("store").copied().unwrap_or_default(),
    })
}

fn table(lines: &[Line]) -> String {
    let mut table = format!(
        "\n{CLIENTS} clients, each waits for its answer; the best of {ROUNDS} rounds. Goal: an issue costs the same however many there are.\n\n\
         {:>9} {:>10} {:>8} {:>15} {:>15} {:>13}\n",
        "records", "issue/s", "p99 ms", "CPU us, issue", "its store's", "of the first"
    );
    for line in lines {
        let share = lines
            .first()
            .map_or(1.0, |first| line.micros / first.micros);
        // Writing to a string does not fail.
        let _ = writeln!(
            table,
            "{:>9} {:>10.0} {:>8} {:>15.0} {:>15.0} {share:>13.2}",
            line.records,
            line.per_second,
            line.p99_ms
                .map_or("-".to_owned(), |p99| format!("{p99:.1}")),
            line.micros,
            line.store_micros,
        );
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_compares_with_the_first() {
        let line = |records, micros| Line {
            records,
            per_second: 1000.0,
            p99_ms: None,
            micros,
            store_micros: 200.0,
        };
        let table = table(&[line(1000, 1000.0), line(1_000_000, 1050.0)]);
        let last = table.lines().last().unwrap();
        assert!(last.ends_with("1.05"), "{table}");
    }
}
