//! `bench revoke`: on a real API server, how soon a revoked kubeconfig is refused, and what issuing costs beside the two
//! calls that it cannot do without.

mod access;
mod issues;
mod real;

use std::fmt::Write as _;
use std::path::PathBuf;

use anyhow::{Context, Result, ensure};
use clap::Args;
use serde::Serialize;

use crate::issue::place;
use crate::latency::Latencies;
use issues::Rate;
use real::Real;

/// The role of the default mode: its namespace is bound, and a token ends with its ServiceAccount.
const DEFAULT: &str = "viewer";
/// The role whose kubeconfigs have bindings of their own.
const PER_KUBECONFIG: &str = "instant";

/// The arguments of `revoke`.
#[derive(Debug, Args)]
pub(crate) struct RevokeArgs {
    /// Write the figures there as JSON, too.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// How many kubeconfigs of each mode are revoked.
    #[arg(long, value_name = "NUMBER", default_value_t = 100)]
    kubeconfigs: usize,
    /// How long issuing is measured, each way.
    #[arg(long, value_name = "SECONDS", default_value_t = 5.0)]
    seconds: f64,
    /// How many clients issue at a time.
    #[arg(long, value_name = "NUMBER", default_value_t = 16)]
    clients: usize,
    /// Where the store is made, and removed again; on a disk [default: `bench` in the folder of builds]
    #[arg(long, value_name = "FOLDER")]
    folder: Option<PathBuf>,
}

/// Durations of one kind.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Line {
    what: String,
    count: usize,
    p50_ms: Option<f64>,
    p99_ms: Option<f64>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Figures {
    kubernetes: String,
    revocations: Vec<Line>,
    two_calls: Rate,
    issue: Rate,
    issue_is: f64,
}

/// Measures, and prints the figures. Progress goes to standard error.
///
/// # Errors
/// The control plane or the server does not start, or something is not as it should be: above all, a revoked kubeconfig
/// that is not refused.
pub(crate) fn run(args: &RevokeArgs) -> Result<()> {
    ensure!(
        (1..=500).contains(&args.kubeconfigs),
        "--kubeconfigs must be 1 to 500"
    );
    ensure!(
        (0.1..=600.0).contains(&args.seconds),
        "--seconds must be 0.1 to 600"
    );
    ensure!(
        (1..=64).contains(&args.clients),
        "--clients must be 1 to 64"
    );
    let folder = place(args.folder.as_deref())?;
    let real = Real::start(folder.path())?;
    let mut revocations = Vec::new();
    for (role, mode, at_once) in [
        // In constant use until refused: ten seconds each, so all at once.
        (DEFAULT, "default mode", args.kubeconfigs),
        (PER_KUBECONFIG, "a binding per kubeconfig", 1),
    ] {
        eprintln!("revoking {} kubeconfigs: {mode}", args.kubeconfigs);
        let seen = access::revoke(&real, role, args.kubeconfigs, at_once)?;
        revocations.push(line(format!("{mode}: DELETE"), seen.answered));
        revocations.push(line(format!("{mode}: refused after the 204"), seen.refused));
    }
    eprintln!("issuing");
    let (two_calls, issue) = issues::measure(&real, args.clients, args.seconds)?;
    let figures = Figures {
        kubernetes: real.version()?,
        revocations,
        two_calls,
        issue,
        issue_is: issue.per_second / two_calls.per_second,
    };
    print!("{}", table(&figures, args));
    if let Some(file) = &args.json {
        std::fs::write(file, serde_json::to_string_pretty(&figures)? + "\n")
            .with_context(|| format!("cannot write {}", file.display()))?;
    }
    Ok(())
}

fn line(what: String, durations: Latencies) -> Line {
    let millis = |part| {
        durations
            .percentile(part)
            .map(|duration| duration.as_secs_f64() * 1000.0)
    };
    Line {
        what,
        count: durations.count(),
        p50_ms: millis(0.5),
        p99_ms: millis(0.99),
    }
}

fn table(figures: &Figures, args: &RevokeArgs) -> String {
    let mut text = format!(
        "{:<50} {:>10} {:>10}\n",
        figures.kubernetes, "p50 ms", "p99 ms"
    );
    let shown = |value: Option<f64>| value.map_or("none".to_owned(), |value| format!("{value:.1}"));
    for line in &figures.revocations {
        // Writing to a string does not fail.
        let _ = writeln!(
            text,
            "{:<50} {:>10} {:>10}",
            line.what,
            shown(line.p50_ms),
            shown(line.p99_ms)
        );
    }
    let _ = writeln!(
        text,
        "\n{:<50} {:>10}   processor for each, us",
        format!("{} clients", args.clients),
        "per second",
    );
    let what = "ServiceAccount and TokenRequest alone";
    for (what, rate) in [(what, &figures.two_calls), ("issue", &figures.issue)] {
        let _ = writeln!(
            text,
            "{what:<50} {:>10.0}   here {:.0}, cluster {:.0}",
            rate.per_second, rate.own_us, rate.cluster_us
        );
    }
    let _ = writeln!(text, "{:<50} {:>10.2}", "issue is, of it", figures.issue_is);
    text
}
