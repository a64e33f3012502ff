//! `cargo xtask soak`: builds the server and the load, and lets one loose on the other.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, bail};
use clap::Args;

use crate::tidy::root;

/// Runs the server under load while everything around it changes and breaks. tests/bench/README.md has more.
#[derive(Debug, Args)]
pub(crate) struct SoakArgs {
    /// How long.
    #[arg(long, default_value_t = 15.0)]
    minutes: f64,
    /// Requests per second, whatever the server does; 200, or 25 with `--dev`.
    #[arg(long)]
    rate: Option<u32>,
    /// Write the figures to this file, as JSON.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Use the unoptimised build of the tests, which serves an eighth of the requests: what CI runs.
    #[arg(long)]
    dev: bool,
}

/// What the optimised server bears with room to spare, on two cores that also make the load.
const RATE: u32 = 200;
/// And the one that is not optimised, which takes some 7 ms of CPU for a request.
const RATE_DEV: u32 = 25;

impl SoakArgs {
    fn rate(&self) -> u32 {
        self.rate.unwrap_or(if self.dev { RATE_DEV } else { RATE })
    }
}

/// Builds and runs it.
///
/// # Errors
/// It does not build, or something does not hold that must.
pub(crate) fn run(args: &SoakArgs) -> Result<()> {
    let (profile, folder) = if args.dev {
        ("dev", "debug")
    } else {
        ("release", "release")
    };
    let target =
        std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from);
    let programs = target.join(folder);
    let built = Command::new("cargo")
        .args(["build", "--locked", "--profile", profile])
        // Of the whole workspace, so that what the test command compiled serves here as well.
        .args(["--workspace", "--bin", "kubemint-server", "--bin", "soak"])
        .arg("--manifest-path")
        .arg(root().join("Cargo.toml"))
        .status()
        .context("cannot run cargo")?;
    if !built.success() {
        bail!("the soak does not build: {built}");
    }
    let mut soak = Command::new(programs.join("soak"));
    soak.arg("--server").arg(programs.join("kubemint-server"));
    soak.args([
        "--minutes",
        &args.minutes.to_string(),
        "--rate",
        &args.rate().to_string(),
    ]);
    if let Some(file) = &args.json {
        soak.arg("--json").arg(file);
    }
    let status = soak.status().context("cannot run the soak")?;
    if !status.success() {
        bail!("something does not hold: {status}");
    }
    Ok(())
}
