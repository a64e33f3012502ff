//! `cargo xtask bench`: builds the benchmarks with optimisation, and runs one.

mod generated;

use std::process::Command;

use anyhow::{Context, Result, bail};
use clap::Args;

use crate::tidy::root;

/// Measures what the service does on this machine, beside limits measured in the same run: `issue`, `clients`, `download`,
/// `list`, `revoke`, `recover`, `memory`, `flat`, `gen`.
/// `cargo xtask bench help` lists them all.
#[derive(Debug, Args)]
pub(crate) struct BenchArgs {
    /// Which benchmark, and its own arguments, such as `issue --json FILE`.
    #[arg(
        required = true,
        trailing_var_arg = true,
        allow_hyphen_values = true,
        value_name = "BENCHMARK"
    )]
    words: Vec<String>,
}

/// Runs the benchmark. Its table goes to standard output, progress to standard error.
///
/// # Errors
/// It does not build, or fails.
pub(crate) fn run(args: &BenchArgs) -> Result<()> {
    // Generating needs nothing of the service, so it is measured without building that.
    if let Some((first, rest)) = args.words.split_first()
        && first == "gen"
    {
        return generated::run(rest);
    }
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
        .arg("--")
        .args(&args.words);
    command
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Cli {
        #[command(flatten)]
        bench: BenchArgs,
    }

    #[test]
    fn what_the_caller_says_reaches_the_benchmark() {
        let said = ["issue", "--json", "figures.json", "--seconds", "2.5"];
        let args = Cli::parse_from(["bench"].iter().chain(&said)).bench;
        let command = command(&args);
        let words: Vec<_> = command
            .get_args()
            .filter_map(|word| word.to_str())
            .collect();
        assert!(words.contains(&"--release"), "{words:?}");
        let own: Vec<_> = words.into_iter().skip_while(|word| *word != "--").collect();
        assert_eq!(own[1..], said);
    }
}
