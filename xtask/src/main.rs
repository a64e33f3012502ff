//! Development tasks: `cargo xtask TASK`.

use clap::{Parser, Subcommand};
use std::process::ExitCode;

mod bench;
mod ci;
mod circle;
mod cluster;
mod crash;
mod generate;
mod tidy;

#[derive(Parser)]
#[command(name = "xtask", about = "Development tasks.")]
struct Cli {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// The generated crates from spec/openapi.yaml. Exit codes: 0 fresh, 4 stale (with --check), 1 failed.
    Gen(generate::GenArgs),
    /// Whether servers generated from documents emit the documents that they came from.
    Circle(circle::CircleArgs),
    /// What a code such as K0104 means.
    Explain {
        /// The code.
        code: String,
    },
    /// A real control plane on loopback.
    Cluster(cluster::ClusterArgs),
    /// Whatever fails, and whenever the process dies: the invariants hold.
    Crash(crash::CrashArgs),
    /// How much the service does on this machine.
    Bench(bench::BenchArgs),
    /// The house's rules that no compiler checks.
    Tidy,
    /// Everything that the test command does not run.
    Ci,
}

fn main() -> ExitCode {
    let done = match Cli::parse().task {
        Task::Gen(args) => return generate::run(&args),
        Task::Explain { code } => return generate::explain(&code),
        Task::Circle(args) => circle::run(&args),
        Task::Cluster(args) => cluster::run(args),
        Task::Crash(args) => crash::run(&args),
        Task::Tidy => tidy::run(),
        Task::Ci => ci::run(),
        Task::Bench(args) => bench::run(&args),
    };
    if let Err(error) = done {
        eprintln!("error: {error:#}");
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}
