//! `audit verify`, `audit export` and `audit find`: the trail, while it is written.

use std::io::{self, BufWriter, Stdout, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, Result};
use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use clap::{Args, Subcommand};
use kubemint_store::Backend;
use kubemint_store::audit::{Chain, Filter, Flow, Sink, TrailRow, Verification, Verifier, scan};
use serde_json::Value;

use super::credential;
use super::named;
use super::operator::block_on;
use crate::config::Config;
use crate::out::{OutError, outln};

/// The exit code of `audit verify` when the trail is not as it was written, and of `audit find` when nothing is found.
pub(super) const BROKEN: u8 = 3;

/// What to do with the audit trail.
#[derive(Subcommand)]
pub(super) enum AuditCommand {
    /// Check that the trail is as it was written: no row altered, missing, out of order or added. Exit code 0: it is;
    /// 3: it is not, and the first such row of each chain is named.
    Verify(Verify),
    /// Print the trail, one JSON object a line, with the hashes by which anyone can check it.
    Export(Export),
    /// Find what a cluster's audit log calls a credential: its kubeconfig, who issued it, and what policy said. Or find all rows of
    /// what someone did, or was given.
    Find(Find),
}

#[derive(Args)]
pub(super) struct Verify {
    /// The configuration file.
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
    /// A hash that an earlier `verify` told, kept elsewhere: it must still be in its chain. May be repeated.
    #[arg(long = "noted", value_name = "HASH")]
    noted: Vec<String>,
}

#[derive(Args)]
pub(super) struct Export {
    /// The configuration file.
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
    /// From this time on: `2026-01-31`, or `2026-01-31T12:00:00Z`.
    #[arg(long, value_name = "TIME", value_parser = time)]
    since: Option<DateTime<Utc>>,
    /// Before this time.
    #[arg(long, value_name = "TIME", value_parser = time)]
    until: Option<DateTime<Utc>>,
    /// JSON lines, which is the only format.
    #[arg(long)]
    jsonl: bool,
}

#[derive(Args)]
pub(super) struct Find {
    /// The configuration file.
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
    #[command(flatten)]
    what: What,
    /// With --credential-id: print the kubeconfig's rows, one JSON object a line.
    #[arg(long)]
    jsonl: bool,
}

#[derive(Args)]
#[group(required = true, multiple = false)]
pub(super) struct What {
    /// The value of `authentication.kubernetes.io/credential-id` in the cluster's audit log: `JTI=...`.
    #[arg(long, value_name = "JTI=ID")]
    credential_id: Option<String>,
    /// The subject or user whose rows are printed, one JSON object a line, also where the trail has the pseudonym in its place that
    /// the configured key makes.
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
}

pub(super) fn run(command: AuditCommand) -> Result<ExitCode> {
    match command {
        AuditCommand::Verify(Verify { config, noted }) => verify(&config, &noted),
        AuditCommand::Export(Export {
            config,
            since,
            until,
            jsonl: _,
        }) => export(&config, since, until),
        AuditCommand::Find(Find {
            config,
            what: What {
                name: Some(name), ..
            },
            ..
        }) => named::find(&config, &name),
        AuditCommand::Find(Find {
            config,
            what: What {
                credential_id,
                name: None,
            },
            jsonl,
        }) => credential::find(&config, &credential_id.unwrap_or_default(), jsonl),
    }
}

/// A time: RFC 3339, or a day, which is its beginning in UTC.
fn time(text: &str) -> Result<DateTime<Utc>, String> {
    if let Ok(day) = text.parse::<NaiveDate>() {
        return Ok(day.and_time(NaiveTime::MIN).and_utc());
    }
    DateTime::parse_from_rfc3339(text)
        .map(|time| time.to_utc())
        .map_err(|_| "not a time: `2026-01-31`, or `2026-01-31T12:00:00Z`".to_owned())
}

/// Reads the trail into a sink.
pub(super) fn read<S: Sink>(store: &Backend, filter: Filter, sink: S) -> Result<S> {
    block_on(scan(store, filter, sink))?.with_context(|| format!("cannot read {store}"))
}

fn verify(file: &Path, noted: &[String]) -> Result<ExitCode> {
    let noted: Vec<String> = noted.iter().map(|hash| hash.to_lowercase()).collect();
    let store = Config::store_of(file)?;
    let found = read(&store, Filter::ALL, Verifier::new(&noted))?.end();
    tell(&found)?;
    Ok(if found.is_sound() {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(BROKEN)
    })
}

fn tell(found: &Verification) -> Result<()> {
    for Chain {
        chain,
        rows,
        anchor,
        head,
        broken,
    } in &found.chains
    {
        if let Some(broken) = broken {
            outln!("broken {chain}: {broken}")?;
            outln!(
                "       {rows} rows; in order up to row {} {}; anchor {} {}",
                head.0,
                head.1,
                anchor.0,
                anchor.1
            )?;
            continue;
        }
        outln!("ok     {chain}: {rows} rows; head {} {}", head.0, head.1)?;
        if anchor.0 > 0 {
            outln!(
                "       retention cut up to the anchor {} {}",
                anchor.0,
                anchor.1
            )?;
        }
    }
    if let Some((first, count)) = found.strays {
        outln!(
            "broken rows in no chain: {count}, the first of them seq {first}: this program did not write them"
        )?;
    }
    for hash in &found.unseen {
        outln!(
            "broken noted {hash}: in no chain any more: retention cut it (up to the anchors above), or it was taken away"
        )?;
    }
    if found.unchained > 0 {
        outln!(
            "note   {} rows from before there were chains: nothing protects them",
            found.unchained
        )?;
    }
    if found.vanished > 0 {
        outln!(
            "broken chains: {} that were begun are gone, with their rows and notes",
            found.vanished
        )?;
    }
    if found.emptied {
        outln!("broken all: there are kubeconfigs, and no row and no note tells of any")?;
    } else if found.chains.is_empty() && found.unchained == 0 && found.strays.is_none() {
        outln!("ok     nothing was written yet")?;
    }
    Ok(())
}

/// Prints rows as they come.
pub(super) struct Printer {
    out: BufWriter<Stdout>,
    failed: Option<io::Error>,
}

impl Printer {
    pub(super) fn new() -> Self {
        Self {
            out: BufWriter::with_capacity(64 * 1024, io::stdout()),
            failed: None,
        }
    }

    /// Whoever reads may stop reading.
    pub(super) fn end(mut self) -> Result<()> {
        let flushed = self.out.flush().err();
        match self.failed.or(flushed) {
            Some(error) => Ok(OutError::unless_unread(error)?),
            None => Ok(()),
        }
    }
}

impl Sink for Printer {
    fn row(&mut self, row: TrailRow) -> Flow {
        match writeln!(self.out, "{}", row.export()) {
            Ok(()) => Flow::Continue(()),
            Err(error) => {
                self.failed = Some(error);
                Flow::Break(())
            }
        }
    }
}

fn export(
    file: &Path,
    since: Option<DateTime<Utc>>,
    until: Option<DateTime<Utc>>,
) -> Result<ExitCode> {
    let millis =
        |time: Option<DateTime<Utc>>, absent| time.map_or(absent, |time| time.timestamp_millis());
    let filter = Filter::Between(millis(since, i64::MIN), millis(until, i64::MAX));
    let store = Config::store_of(file)?;
    read(&store, filter, Printer::new())?.end()?;
    Ok(ExitCode::SUCCESS)
}

pub(super) fn detail(row: &TrailRow) -> Value {
    serde_json::from_str(&row.detail).unwrap_or_default()
}
