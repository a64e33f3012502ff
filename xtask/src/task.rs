//! The tasks, and the module that runs each.

use std::process::ExitCode;

use clap::Parser;

use crate::{
    bench, ci, circle, cluster, crash, example, fuzz, generate, mutants, soak, spec, tidy,
};

/// A task. Some have exit codes of their own, which their help lists.
#[derive(Parser)]
#[command(name = "xtask", about = "Development tasks.")]
pub(crate) enum Task {
    /// Generate the crates of the contract from spec/openapi.yaml. Exit codes: 0 up to date, 4 stale (with --check), 1 failed.
    Gen(generate::GenArgs),
    /// Lint the document, compare it with its last release, or release it.
    Spec(spec::SpecArgs),
    /// Check that servers generated from documents emit the documents that they came from.
    Circle(circle::CircleArgs),
    /// Explain a code such as K0104.
    Explain(generate::ExplainArgs),
    /// Start, stop or show a real Kubernetes control plane on loopback.
    Cluster(cluster::ClusterArgs),
    /// Kill the server at every step and let every call fail, and check the invariants after each.
    Crash(crash::CrashArgs),
    /// Build and test the example workspace as a reader would.
    Example,
    /// Check that the tests notice changes of the code that decides who gets what (mutation tests).
    Mutants(mutants::MutantsArgs),
    /// Fuzz everything that reads what strangers send.
    Fuzz(fuzz::FuzzArgs),
    /// Run the server under load while everything around it changes and breaks.
    Soak(soak::SoakArgs),
    /// Measure what the service does on this machine.
    Bench(bench::BenchArgs),
    /// Check the rules that no compiler checks.
    Tidy,
    /// Run every check that `cargo test` does not run.
    Ci,
}

impl Task {
    /// Runs the task. The exit code is 1 if it failed.
    pub(crate) fn run(self) -> ExitCode {
        let done = match self {
            Self::Gen(args) => return generate::run(&args),
            Self::Spec(args) => return spec::run(&args),
            Self::Explain(args) => return generate::explain(&args.code),
            Self::Circle(args) => circle::run(&args),
            Self::Cluster(args) => cluster::run(args),
            Self::Crash(args) => crash::run(&args),
            Self::Example => example::run(),
            Self::Mutants(args) => mutants::run(&args),
            Self::Fuzz(args) => fuzz::run(&args),
            Self::Tidy => tidy::run(),
            Self::Ci => ci::run(),
            Self::Soak(args) => soak::run(&args),
            Self::Bench(args) => bench::run(&args),
        };
        if let Err(error) = done {
            eprintln!("error: {error:#}");
            return ExitCode::FAILURE;
        }
        ExitCode::SUCCESS
    }
}
