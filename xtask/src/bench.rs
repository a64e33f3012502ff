//! `cargo xtask bench`: builds the benchmarks with optimisation, and runs one.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, bail};
use clap::{Args, Subcommand};

use crate::tidy::root;

/// How much the service does on this machine.
#[derive(Debug, Args)]
pub(crate) struct BenchArgs {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Issues per second at the knee, beside limits measured in the same run. It takes some minutes.
    Issue {
        /// Write the figures there as JSON, too.
        #[arg(long, value_name = "FILE")]
        json: Option<PathBuf>,
        /// How long each step counts.
        #[arg(long, value_name = "SECONDS")]
        seconds: Option<f64>,
    },
}

/// Runs the benchmark. Its table goes to standard output, progress to standard error.
///
/// # Errors
/// It does not build, or fails.
pub(crate) fn run(args: &BenchArgs) -> Result<()> {
    let status = command(args).status().context("cannot run cargo")?;
    if !status.success() {
        bail!("the benchmark failed: {status}");
    }
    Ok(())
}

/// Cargo, in the caller's folder, so that relative paths are the caller's.
fn command(args: &BenchArgs) -> Command {
    let mut command = Command::new("cargo");
    command
        .args(["run", "--locked", "--release", "--package", "bench"])
        .arg("--manifest-path")
        .arg(root().join("Cargo.toml"))
        .arg("--");
    match &args.what {
        What::Issue { json, seconds } => {
            command.arg("issue");
            if let Some(file) = json {
                command.arg("--json").arg(file);
            }
            if let Some(seconds) = seconds {
                command.arg("--seconds").arg(seconds.to_string());
            }
        }
    }
    command
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_caller_says_reaches_the_benchmark() {
        let args = BenchArgs {
            what: What::Issue {
                json: Some("figures.json".into()),
                seconds: Some(2.5),
            },
        };
        let command = command(&args);
        let words: Vec<_> = command
            .get_args()
            .filter_map(|word| word.to_str())
            .collect();
        assert!(words.contains(&"--release"), "{words:?}");
        let own: Vec<_> = words.into_iter().skip_while(|word| *word != "--").collect();
        assert_eq!(
            own,
            ["--", "issue", "--json", "figures.json", "--seconds", "2.5"]
        );
    }
}
