//! The soak: the server's own binary under an open loop of requests, while signing keys, policies and certificates change,
//! the issuer and a cluster go away and come back, and one caller floods it. `cargo xtask soak` runs it.
//!
//! What must hold: no legitimate request fails but those at the dead cluster, each is answered what is right then, what has
//! ended is gone from the cluster, nobody is slowed by the flood beyond two
//! seconds, memory and descriptors stay flat, and the audit trail is whole afterwards.

mod disturb;
mod flood;
mod load;
mod report;
mod stage;
mod stories;
mod watch;

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use clap::Parser;

use load::Load;
use report::Report;
use stage::Stage;
use watch::Watch;

/// The service under load, while everything around it changes and breaks.
#[derive(Parser)]
struct Cli {
    /// The server's binary.
    #[arg(long, value_name = "FILE")]
    server: PathBuf,
    /// For how long.
    #[arg(long, default_value_t = 15.0)]
    minutes: f64,
    /// Requests per second, whatever the server does.
    #[arg(long, default_value_t = 200)]
    rate: u32,
    /// Where the figures go, as JSON.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

#[tokio::main]
async fn main() -> Result<ExitCode> {
    let cli = Cli::parse();
    let time = Duration::from_secs_f64(cli.minutes.clamp(0.2, 24.0 * 60.0) * 60.0);
    let stage = Stage::start(&cli.server).await?;
    let load = Arc::new(Load::new(&stage, cli.rate.clamp(1, 10_000), time));
    let watch = Watch::start(stage.server_id());
    let flood = flood::start(&stage, time);
    let disturbed = disturb::run(&stage, &load, time);
    let (outcome, disturbances) = tokio::join!(Arc::clone(&load).run(), disturbed);
    let samples = watch.stop().await;
    let flooded = flood.stop().await;
    let disturbances = disturbances?;
    let remaining = stage.remaining(&outcome.ended).await;
    let trail = stage.end().await?;
    let report = Report::new(
        time,
        outcome,
        remaining,
        flooded,
        &samples,
        disturbances,
        trail,
    );
    report.print();
    if let Some(file) = &cli.json {
        report.write(file)?;
    }
    Ok(if report.is_well() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}
