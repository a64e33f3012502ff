//! `cargo xtask crash`: the ring of crashes, and all of it.

use std::process::Command;

use anyhow::{Context, Result, bail};
use clap::{Args, ValueEnum};

use crate::ci::TEST_FEATURES;
use crate::tidy::root;

/// Kills the server at every step and lets every call fail, and checks the invariants after each. tests/crash/README.md has more.
#[derive(Debug, Args)]
pub(crate) struct CrashArgs {
    /// Everything, in ten minutes to a quarter of an hour: the recovery from each crash is made to crash as well, with longer
    /// load and more histories. Without it: what `cargo test` runs.
    #[arg(long)]
    all: bool,
    /// A sample on another store or cluster than the embedded store and the sandbox's cluster.
    #[arg(long, value_name = "GROUND")]
    on: Option<Ground>,
}

/// What the servers stand on.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Ground {
    /// The store is a PostgreSQL.
    Postgresql,
    /// The cluster is a real control plane.
    ControlPlane,
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
    // Of the whole workspace, so that what the test command compiled serves here as well.
    command.args(["test", "--locked", "--workspace", "--test", "crash"]);
    let only = args.on.map(|ground| match ground {
        Ground::Postgresql => "on_postgresql",
        Ground::ControlPlane => "on_a_real_control_plane",
    });
    if only.is_some() {
        command.args(["--features", TEST_FEATURES]);
    }
    command.args(["--", "--nocapture"]).current_dir(root());
    command.args(only);
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
            let command = command(&CrashArgs { all, on: None });
            command
                .get_envs()
                .any(|(name, value)| name == "KUBEMINT_CRASH" && value.is_some_and(|v| v == "all"))
        };
        assert!(told(true));
        assert!(!told(false));
    }

    #[test]
    fn a_ground_is_its_own_tests_which_only_features_compile() {
        let command = command(&CrashArgs {
            all: false,
            on: Some(Ground::Postgresql),
        });
        let words: Vec<_> = command
            .get_args()
            .filter_map(|word| word.to_str())
            .collect();
        assert!(words.contains(&TEST_FEATURES), "{words:?}");
        assert_eq!(words.last(), Some(&"on_postgresql"), "{words:?}");
    }
}
