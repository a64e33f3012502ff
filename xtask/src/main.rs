//! Development tasks: `cargo xtask TASK`.

use clap::Parser;
use std::process::ExitCode;

mod bench;
mod ci;
mod circle;
mod cluster;
mod crash;
mod example;
mod fuzz;
mod generate;
mod message;
mod mutants;
mod soak;
mod spec;
mod task;
mod tidy;

fn main() -> ExitCode {
    task::Task::parse().run()
}
