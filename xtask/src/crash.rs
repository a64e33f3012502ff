//! `cargo xtask crash`: the ring of crashes, and all of it.

use std::process::Command;

use anyhow::{Context, Result, bail};
use clap::{Args, ValueEnum};

use crate::tidy::root;

/// Whatever fails, and whenever the process dies: the invariants hold.
#[derive(Debug, Args)]
pub(crate) struct CrashArgs {
    /// Everything: the recovery from each crash crashes as well, after each of its changes; longer load, more histories. It
    /// takes ten minutes to a quarter of an hour. Without it: what `cargo test` runs.
    #[arg(long)]
    all: bool,
    /// A sample on what a fleet stands on, and not on the embedded store and the sandbox's cluster.
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
    let (feature, only) = match args.on {
        None => (None, None),
        Some(Ground::Postgresql) => (Some("crash/postgres-tests"), Some("on_postgresql")),
        Some(Ground::ControlPlane) => {
            (Some("crash/cluster-tests"), Some("on_a_real_control_plane"))
        }
    };
    if let Some(feature) = feature {
        command.args(["--features", feature]);
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
    fn a_ground_is_a_feature_and_its_own_tests() {
        let command = command(&CrashArgs {
            all: false,
            on: Some(Ground::Postgresql),
        });
        let words: Vec<_> = command
            .get_args()
            .filter_map(|word| word.to_str())
            .collect();
        assert!(words.contains(&"crash/postgres-tests"), "{words:?}");
        assert_eq!(words.last(), Some(&"on_postgresql"), "{words:?}");
    }
}
