//! The command line.

mod audit;
mod claimed;
mod credential;
mod exit;
mod named;
mod operator;
mod policy;
mod store;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};

use crate::log::Verbosity;
use crate::sandbox::{self, FirstRun};

/// Issues short-lived kubeconfigs for a fleet of Kubernetes clusters.
#[derive(Parser)]
#[command(name = "kubemint-server", version, after_help = exit::HELP)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Serve the API for the clusters of a configuration file.
    Serve(ConfigArg),
    /// Check a configuration file, or print a complete one.
    CheckConfig(CheckConfig),
    /// Print what to apply to each cluster once: namespaces, bindings, and the server's own rights.
    Manifest(Manifest),
    /// Check that each cluster is reachable and that the server has exactly the rights that it needs.
    Preflight(ConfigArg),
    /// Check the policies, or ask them.
    #[command(subcommand)]
    Policy(policy::PolicyCommand),
    /// Check, print or search the audit trail, also while it is written.
    #[command(subcommand)]
    Audit(audit::AuditCommand),
    /// Bring the schema of a PostgreSQL store up to date, before the servers that need it start.
    Migrate(ConfigArg),
    /// Copy the embedded store to a new file, while it is served.
    Backup(Backup),
    /// Replace the embedded store by a copy, with the server stopped. The old store is kept beside it.
    Restore(Restore),
    /// Accept that a cluster was rebuilt. Embedded store: stop the server first. PostgreSQL: correct api_url at every server first.
    AcceptCluster(AcceptCluster),
    /// Look at everything that serving needs: the store, the issuers, the clusters. Changes nothing.
    Doctor(ConfigArg),
    /// Try it: a server with an issuer and a cluster of its own, on loopback, and a first kubeconfig.
    Sandbox(SandboxArgs),
}

#[derive(Args)]
struct ConfigArg {
    /// The configuration file (`check-config --example` prints one).
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
}

#[derive(Args)]
struct CheckConfig {
    /// The configuration file.
    #[arg(
        value_name = "FILE",
        required_unless_present = "example",
        conflicts_with = "example"
    )]
    file: Option<PathBuf>,
    /// Print a complete configuration file with comments.
    #[arg(long)]
    example: bool,
}

#[derive(Args)]
struct Manifest {
    /// The configuration file.
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
    /// The cluster, as `REGION/PROJECT/ID`. Needed if there are several.
    #[arg(long, value_name = "CLUSTER")]
    cluster: Option<String>,
}

#[derive(Args)]
struct Backup {
    /// The configuration file.
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
    /// The file to write. It must not exist yet.
    #[arg(long, value_name = "FILE")]
    to: PathBuf,
}

#[derive(Args)]
struct Restore {
    /// The configuration file.
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
    /// The copy, made by `backup`.
    #[arg(long, value_name = "FILE")]
    from: PathBuf,
}

#[derive(Args)]
struct AcceptCluster {
    /// The configuration file.
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
    /// The cluster, as `REGION/PROJECT/ID`.
    #[arg(long, value_name = "CLUSTER")]
    cluster: String,
}

#[derive(Args)]
struct SandboxArgs {
    /// Where the API listens; port 0 takes a free one.
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:0")]
    listen: SocketAddr,
    /// Issue one kubeconfig, and exit.
    #[arg(long)]
    once: bool,
    /// The file to write the kubeconfig to.
    #[arg(long, value_name = "FILE", default_value = "sandbox.kubeconfig")]
    kubeconfig: PathBuf,
    /// Print one JSON line: api, token, selfLink, kubeconfig, clusterServer.
    #[arg(long)]
    json: bool,
}

/// Runs the command line. Exit code 0: done; 1: it failed, and standard error says why; 2: it was used wrongly; 78: the
/// configuration is unusable.
#[must_use]
pub fn run() -> ExitCode {
    let outcome = match Cli::parse().command {
        Command::Serve(arg) => operator::serve(&arg.config),
        Command::CheckConfig(CheckConfig {
            file: Some(file), ..
        }) => operator::check_config(&file),
        Command::CheckConfig(_) => operator::example(),
        Command::Manifest(arg) => operator::manifest(&arg.config, arg.cluster.as_deref()),
        Command::Preflight(arg) => operator::preflight(&arg.config),
        Command::Policy(command) => policy::run(command),
        Command::Audit(command) => audit::run(command),
        Command::Migrate(arg) => store::migrate(&arg.config),
        Command::Backup(arg) => store::backup(&arg.config, &arg.to),
        Command::Restore(arg) => store::restore(&arg.config, &arg.from),
        Command::AcceptCluster(arg) => store::accept_cluster(&arg.config, &arg.cluster),
        Command::Doctor(arg) => store::doctor(&arg.config),
        Command::Sandbox(arg) => first_run(arg),
    };
    match outcome {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            exit::of(&error)
        }
    }
}

fn first_run(arg: SandboxArgs) -> anyhow::Result<ExitCode> {
    if !arg.listen.ip().is_loopback() {
        anyhow::bail!(
            "--listen {}: the sandbox listens on loopback only; its secrets are no secrets",
            arg.listen
        );
    }
    let wanted = FirstRun {
        listen: arg.listen,
        once: arg.once,
        kubeconfig: arg.kubeconfig,
        json: arg.json,
        verbosity: Verbosity::Warn,
    };
    operator::block_on(sandbox::run(wanted))??;
    Ok(ExitCode::SUCCESS)
}
