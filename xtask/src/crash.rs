//! `cargo xtask crash`: the ring of crashes, and all of it.

use std::process::Command;

use anyhow::{Context, Result, bail};
use clap::Args;

use crate::tidy::root;

/// Whatever fails, and whenever the process dies: the invariants hold.
#[derive(Debug, Args)]
pub(crate) struct CrashArgs {
    /// Everything: the recovery from each crash crashes as well, at each of its points; longer load, more histories. It
    /// takes some tens of minutes. Without it: what `cargo test` runs.
    #[arg(long)]
    all: bool,
}

/// Runs the ring.
///
/// # Errors
/// It does not build, or an invariant does not hold.
pub(crate) fn run(args: &CrashArgs) -> Result<()> {
    let status = command(args).status().context("cannot run cargo")?;
    if !status.success() {
        bail!("the ring of crashes failed: {status}");
    }
    Ok(())
}

fn command(args: &CrashArgs) -> Command {
    let mut command = Command::new("cargo");
    command
        .args(["test", "--locked", "--package", "crash", "--test", "crash"])
        .args(["--", "--nocapture"])
        .current_dir(root());
    if args.all {
        command.env("KUBEMINT_CRASH", "all");
    }
    command
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_is_what_the_ring_is_told() {
        let told = |all| {
            let command = command(&CrashArgs { all });
            command
                .get_envs()
                .any(|(name, value)| name == "KUBEMINT_CRASH" && value.is_some_and(|v| v == "all"))
        };
        assert!(told(true));
        assert!(!told(false));
    }
}
