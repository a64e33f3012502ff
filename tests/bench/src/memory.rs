//! `bench memory`: what a server holds in memory when its store holds much, and nothing.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use clap::Args;
use serde::Serialize;

use crate::closed;
use crate::cpu;
use crate::history;
use crate::issue::place;
use crate::load::Target;
use crate::outside::Outside;

/// How many records there are, unless it is said otherwise: the first is the limit, what a server needs anyhow.
const RECORDS: [u32; 3] = [1000, 100_000, 1_000_000];
/// How long clients issue, and how long they list, before anything is read.
const BUSY: Duration = Duration::from_secs(2);
/// How many clients there are.
const CLIENTS: usize = 16;
const MIB: f64 = 1024.0 * 1024.0;

/// The arguments of `memory`.
#[derive(Debug, Args)]
pub(crate) struct MemoryArgs {
    /// Write the figures there as JSON, too.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// How many records there are, one measurement for each; the others are measured against the first.
    #[arg(long, value_name = "NUMBER", num_args = 2.., default_values_t = RECORDS)]
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
    /// What it holds after it was busy, and the most that it ever held, in bytes.
    resident: u64,
    peak: u64,
    /// The store's file.
    file: u64,
}

/// Measures, and prints the figures. Progress goes to standard error.
///
/// # Errors
/// A server does not start; the file cannot be written.
pub(crate) fn run(args: &MemoryArgs) -> Result<()> {
    let folder = place(args.folder.as_deref())?;
    let world = folder.path().join("world");
    std::fs::create_dir(&world)?;
    let outside = Outside::start(&world)?;
    let mut lines = Vec::new();
    for records in &args.records {
        let folder = folder.path().join(records.to_string());
        std::fs::create_dir(&folder)?;
        lines.push(measure(&outside, &folder, *records)?);
    }
    print!("{}", table(&lines));
    if let Some(file) = &args.json {
        std::fs::write(file, serde_json::to_vec_pretty(&lines)?)
            .with_context(|| format!("cannot write {}", file.display()))?;
    }
    Ok(())
}

fn measure(outside: &Outside, folder: &Path, records: u32) -> Result<Line> {
    eprintln!("{records} records");
    history::write(folder, records)?;
    let file = std::fs::metadata(folder.join(history::FILE))?.len();
    let server = outside.serve(folder)?;
    cpu::wait_for_rest(server.id());
    let issues = server.target().clone();
    let lists = Target {
        path: format!("{}?pageSize=500", issues.path),
        body: String::new(),
        ..issues.clone()
    };
    for target in [issues, lists] {
        let given = closed::run(&[target], CLIENTS, Duration::ZERO, BUSY)?;
        ensure!(
            given.latencies.count() > given.latencies.lost(),
            "nothing was answered"
        );
    }
    cpu::wait_for_rest(server.id());
    let (resident, peak) = of_process(server.id())?;
    Ok(Line {
        records,
        resident,
        peak,
        file,
    })
}

/// What a process holds in memory, and the most that it ever held, in bytes (proc_pid_status(5)).
fn of_process(process: u32) -> Result<(u64, u64)> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status"));
    let status = status.context("memory is read from /proc, which is Linux")?;
    let line = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name));
        let kib = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
        anyhow::Ok(kib.with_context(|| format!("no {name} in the process's status"))? * 1024)
    };
    anyhow::Ok((line("VmRSS:")?, line("VmHWM:")?))
}

fn table(lines: &[Line]) -> String {
    let mut table = format!(
        "\nThe server alone, after {CLIENTS} clients issued and listed; one record in ten is alive. The first line is the limit:\n\
         what a server holds anyhow. A hundred thousand records cost what a line has more than the first, for each.\n\n\
         {:>9} {:>13} {:>9} {:>10}   {:>28}\n",
        "records", "resident MiB", "peak MiB", "file MiB", "for 100,000 records, KiB",
    );
    let first = lines.first();
    for line in lines {
        let more =
            first
                .filter(|first| first.records < line.records)
                .map_or("-".to_owned(), |first| {
                    let of = |bytes: fn(&Line) -> u64| {
                        let more = bytes(line) as f64 - bytes(first) as f64;
                        more / f64::from(line.records - first.records) * 100_000.0 / 1024.0
                    };
                    format!(
                        "{:.0} resident, {:.0} peak",
                        of(|l| l.resident),
                        of(|l| l.peak)
                    )
                });
        // Writing to a string does not fail.
        let _ = writeln!(
            table,
            "{:>9} {:>13.1} {:>9.1} {:>10.1}   {more:>28}",
            line.records,
            line.resident as f64 / MIB,
            line.peak as f64 / MIB,
            line.file as f64 / MIB,
        );
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_tells_what_a_hundred_thousand_cost() {
        let line = |records, mib: u64| Line {
            records,
            resident: mib << 20,
            peak: (mib + 10) << 20,
            file: 0,
        };
        let table = table(&[line(1000, 40), line(201_000, 42)]);
        assert!(table.contains("1024 resident, 1024 peak"), "{table}");
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn this_process_holds_something() {
        let (resident, peak) = of_process(std::process::id()).unwrap();
        assert!(resident > 0 && peak >= resident, "{resident}, {peak}");
    }
}
