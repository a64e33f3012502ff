//! `bench clients`: an issue beside the least that it could be, for few clients and for many, on each kind of store.

use std::path::PathBuf;

use anyhow::{Context, Result, ensure};
use clap::Args;

use crate::disk::Disk;
use crate::issue::place;
use crate::pair::Pair;
use crate::subjects::Subject;

/// The arguments of `clients` and of `download`.
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

/// Issues, beside the commits and calls of one.
pub(crate) const PAIR: Pair = Pair {
    limit: Subject::TwoCommitsTwoCalls,
    does: "the same two commits and the same two calls",
    of_limit: Clone::clone,
    name: "issue",
    of_service: |target| Ok(vec![target.clone()]),
    clients: &[1, 8, 64, 256],
};

/// Measures a pair, and prints the figures. Progress goes to standard error.
///
/// # Errors
/// A server does not start, or cannot be measured; the file cannot be written.
pub(crate) fn run(pair: &Pair, args: &ClientsArgs) -> Result<()> {
    ensure!(
        (0.1..=600.0).contains(&args.seconds),
        "--seconds must be 0.1 to 600"
    );
    let folder = place(args.folder.as_deref())?;
    let disk = Disk::under(folder.path())?;
    let lines = pair.measure(args.seconds, &disk)?;
    print!("{}", pair.table(&lines));
    if let Some(file) = &args.json {
        std::fs::write(file, serde_json::to_vec_pretty(&lines)?)
            .with_context(|| format!("cannot write {}", file.display()))?;
    }
    Ok(())
}
