//! What there is to do, and who does it.

use std::process::ExitCode;

use clap::Parser;

use crate::{
    bench, ci, circle, cluster, crash, example, fuzz, generate, mutants, soak, spec, tidy,
};

/// A task. Some have exit codes of their own, which they tell.
#[derive(Parser)]
#[command(name = "xtask", about = "Development tasks.")]
pub(crate) enum Task {
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
    /// Made-up input before everything that reads what strangers send.
    Fuzz(fuzz::FuzzArgs),
    /// The server under load, while everything around it changes and breaks.
    Soak(soak::SoakArgs),
    /// How much the service does on this machine.
    Bench(bench::BenchArgs),
    /// The house's rules that no compiler checks.
    Tidy,
    /// Everything that the test command does not run.
    Ci,
}

impl Task {
    /// Does it. The exit code is 1 when it failed.
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
