//! What happens meanwhile, each at its part of the time.

use std::time::Duration;

use anyhow::Result;
use kubemint_sandbox::{Effect, Fault, IssuerFailure, RequestKind};
use tokio::time::{Instant, sleep_until};

use crate::load::Load;
use crate::stage::{DEAD, Stage};

/// Does it all, and tells what was done when (in seconds from the start).
pub(crate) async fn run(
    stage: &Stage,
    load: &Load,
    time: Duration,
) -> Result<Vec<(f64, &'static str)>> {
    let start = Instant::now();
    let mut done = Vec::new();
    for (hundredth, what) in [
        (10, "signing keys rotated"),
        (15, "policies bound the time to live"),
        (30, "certificate changed"),
        (40, "issuer down"),
        (50, "policies as before"),
        (55, "issuer back"),
        (57, "signing keys rotated again"),
        (60, "a cluster hangs"),
        (70, "it refuses"),
        (80, "it is back"),
    ] {
        sleep_until(start + time * hundredth / 100).await;
        let issuer = stage.sandbox.world().issuer();
        let dead = stage.sandbox.world().cluster_named(DEAD);
        let fault = |effect| Fault::always(RequestKind::ANY, effect);
        match what {
            "signing keys rotated" | "signing keys rotated again" => {
                // As a good issuer does: the old key stays until its tokens are over.
                issuer.rotate(true)?;
                load.renew(stage);
            }
            "policies bound the time to live" | "policies as before" => {
                let bounded = what == "policies bound the time to live";
                // Before and after: between the two nobody can tell which one applies.
                load.bound.set(bounded);
                stage.change_policy(bounded)?;
                load.bound.set(bounded);
            }
            "certificate changed" => stage.change_certificate()?,
            "issuer down" => issuer.set_failure(IssuerFailure::Down),
            "issuer back" => issuer.set_failure(None),
            _ => {
                if let Some(cluster) = dead {
                    cluster.clear_faults();
                    match what {
                        "a cluster hangs" => cluster.inject(fault(Effect::Hang)),
                        "it refuses" => cluster.inject(fault(Effect::refuse(503))),
                        _ => {}
                    }
                }
            }
        }
        eprintln!("{:6.1} s: {what}", start.elapsed().as_secs_f64());
        done.push((start.elapsed().as_secs_f64(), what));
    }
    Ok(done)
}
