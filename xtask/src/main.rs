//! Development tasks: `cargo xtask TASK`.

use clap::Parser;
use std::process::ExitCode;

mod bench;
mod ci;
mod circle;
mod cluster;
mod crash;
mod example;
mod generate;
mod message;
mod mutants;
mod soak;
mod spec;
mod tidy;

#[derive(Parser)]
#[command(name = "xtask", about = "Development tasks.")]
enum Task {
    /// The generated crates from spec/openapi.yaml. Exit codes: 0 fresh, 4 stale (with --check), 1 failed.
    Gen(generate::GenArgs),
    /// Lint the document, compare it with its last release, or release it.
    Spec(spec::SpecArgs),
    /// Whether servers generated from documents emit the documents that they came from.
    Circle(circle::CircleArgs),
    /// What a code such as K0104 means.
    Explain(generate::ExplainArgs),
    /// A real control plane on loopback.
    Cluster(cluster::ClusterArgs),
    /// Whatever fails, and whenever the process dies: the invariants hold.
    Crash(crash::CrashArgs),
    /// The example workspace, as a reader would build it.
    Example,
    /// Whether the tests notice changes of the code that decides who gets what.
    Mutants(mutants::MutantsArgs),
    /// The server under load, while everything around it changes and breaks.
    Soak(soak::SoakArgs),
    /// How much the service does on this machine.
    Bench(bench::BenchArgs),
    /// The house's rules that no compiler checks.
    Tidy,
    /// Everything that the test command does not run.
    Ci,
}

fn main() -> ExitCode {
    let done = match Task::parse() {
        Task::Gen(args) => return generate::run(&args),
        Task::Spec(args) => return spec::run(&args),
        Task::Explain(args) => return generate::explain(&args.code),
        Task::Circle(args) => circle::run(&args),
        Task::Cluster(args) => cluster::run(args),
        Task::Crash(args) => crash::run(&args),
        Task::Example => example::run(),
        Task::Mutants(args) => mutants::run(&args),
        Task::Tidy => tidy::run(),
        Task::Ci => ci::run(),
        Task::Soak(args) => soak::run(&args),
        Task::Bench(args) => bench::run(&args),
    };
    if let Err(error) = done {
        eprintln!("error: {error:#}");
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}
