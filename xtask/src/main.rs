//! Development tasks: `cargo xtask TASK`.

use clap::{Parser, Subcommand};

mod ci;
mod cluster;
mod tidy;

#[derive(Parser)]
#[command(name = "xtask", about = "Development tasks.")]
struct Cli {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// A real control plane on loopback.
    Cluster(cluster::ClusterArgs),
    /// The house's rules that no compiler checks.
    Tidy,
    /// Everything that the test command does not run.
    Ci,
}

fn main() -> anyhow::Result<()> {
    match Cli::parse().task {
        Task::Cluster(args) => cluster::run(args),
        Task::Tidy => tidy::run(),
        Task::Ci => ci::run(),
    }
}
