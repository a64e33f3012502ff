//! Development tasks: `cargo xtask TASK`.

use clap::{Parser, Subcommand};

mod cluster;

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
}

fn main() -> anyhow::Result<()> {
    match Cli::parse().task {
        Task::Cluster(args) => cluster::run(args),
    }
}
