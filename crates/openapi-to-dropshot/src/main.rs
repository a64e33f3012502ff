//! `openapi-to-dropshot SPEC --out DIR`: for those who have no build task of their own.

mod tool;

use clap::Parser;
use std::process::ExitCode;

fn main() -> ExitCode {
    tool::run(&tool::Cli::parse())
}
