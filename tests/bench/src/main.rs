//! `cargo xtask bench`: how much the service does on this machine, beside limits measured in the same run.
//!
//! The generator is this process; each server that it measures is a process of its own, started from the same
//! program, so that the two share nothing but the machine.

mod clients;
mod closed;
mod cpu;
mod disk;
mod download;
mod flat;
mod history;
mod issue;
mod latency;
mod limit;
mod list;
mod load;
mod memory;
mod outside;
mod pair;
mod process;
mod ramp;
mod recover;
mod report;
mod revoke;
mod subjects;

use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(name = "bench", about = "How much the service does on this machine.")]
struct Cli {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Issues per second, beside what the same machine does with parts of the work.
    Issue(issue::IssueArgs),
    /// Issues for 1 to 256 clients, on SQLite and PostgreSQL, beside the least that an issue could be.
    Clients(clients::ClientsArgs),
    /// Downloads for 1 to 64 clients, on SQLite and PostgreSQL, beside the least that a download could be.
    Download(clients::ClientsArgs),
    /// What an issue costs among a thousand records, and among a million.
    Flat(flat::FlatArgs),
    /// What a server holds in memory for the records of its store.
    Memory(memory::MemoryArgs),
    /// How soon 10,000 issues that a killed server left are cleaned up, beside the removals and writes alone.
    Recover(recover::RecoverArgs),
    /// A page of 500 from a million records, also with filters, beside a handler that answers one from memory.
    List(list::ListArgs),
    /// How soon a revoked kubeconfig is refused by a real API server, and issuing there beside its two calls alone.
    Revoke(revoke::RevokeArgs),
    /// Serves one subject until standard input ends.
    #[command(hide = true)]
    Serve(subjects::ServeArgs),
}

fn main() -> anyhow::Result<()> {
    match Cli::parse().task {
        Task::Issue(args) => issue::run(&args),
        Task::Clients(args) => clients::run(&clients::PAIR, &args),
        Task::Download(args) => clients::run(&download::PAIR, &args),
        Task::Flat(args) => flat::run(&args),
        Task::Memory(args) => memory::run(&args),
        Task::Recover(args) => recover::run(&args),
        Task::List(args) => list::run(&args),
        Task::Revoke(args) => revoke::run(&args),
        Task::Serve(args) => subjects::serve(&args),
    }
}
