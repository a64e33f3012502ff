//! What the server's process takes: its memory and its descriptors, each second.

use std::fs;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{Instant, interval};

/// How it was at a time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Sample {
    /// Seconds from the start.
    pub(crate) at: f64,
    /// Resident memory, in MiB.
    pub(crate) memory: f64,
    /// Open descriptors.
    pub(crate) descriptors: f64,
}

/// Takes samples until it is stopped.
pub(crate) struct Watch {
    task: JoinHandle<Vec<Sample>>,
    stop: watch::Sender<bool>,
}

impl Watch {
    pub(crate) fn start(process: u32) -> Self {
        let (stop, mut stopping) = watch::channel(false);
        let task = tokio::spawn(async move {
            let (start, mut tick) = (Instant::now(), interval(Duration::from_secs(1)));
            let mut samples = Vec::new();
            loop {
                tokio::select! {
                    _ = tick.tick() => samples.extend(sample(process, start.elapsed())),
                    _ = stopping.wait_for(|stop| *stop) => return samples,
                }
            }
        });
        Self { task, stop }
    }

    pub(crate) async fn stop(self) -> Vec<Sample> {
        let _ = self.stop.send(true);
        self.task.await.unwrap_or_default()
    }
}

/// From `/proc`; `None` when the process is gone.
fn sample(process: u32, at: Duration) -> Option<Sample> {
    let status = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let memory = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kib: f64 = memory.split_whitespace().next()?.parse().ok()?;
    let descriptors = fs::read_dir(format!("/proc/{process}/fd")).ok()?.count();
    Some(Sample {
        at: at.as_secs_f64(),
        memory: kib / 1024.0,
        descriptors: descriptors as f64,
    })
}

/// How something went: at first (once it was warm), at last, and by how much a minute in the best line through its
/// second half.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Course {
    pub(crate) first: f64,
    pub(crate) last: f64,
    pub(crate) per_minute: f64,
}

/// The course of `what`. What is first is the mean of the third tenth, and what is last that of the last tenth.
pub(crate) fn course(samples: &[Sample], what: impl Fn(&Sample) -> f64) -> Course {
    let tenth = (samples.len() / 10).max(1);
    let mean = |part: &[Sample]| part.iter().map(&what).sum::<f64>() / part.len().max(1) as f64;
    let warm = &samples[(2 * tenth).min(samples.len())..(3 * tenth).min(samples.len())];
    let half = &samples[samples.len() / 2..];
    let count = half.len().max(1) as f64;
    let (time, value) = (
        half.iter().map(|sample| sample.at).sum::<f64>() / count,
        mean(half),
    );
    let spread: f64 = half.iter().map(|sample| (sample.at - time).powi(2)).sum();
    let together: f64 = half
        .iter()
        .map(|sample| (sample.at - time) * (what(sample) - value))
        .sum();
    Course {
        first: mean(warm),
        last: mean(&samples[samples.len().saturating_sub(tenth)..]),
        per_minute: if spread > 0.0 {
            60.0 * together / spread
        } else {
            0.0
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_has_its_slope_and_a_level_none() {
        let samples: Vec<_> = (0..100)
            .map(|n| Sample {
                at: f64::from(n),
                memory: 100.0 + f64::from(n) / 2.0,
                descriptors: 7.0,
            })
            .collect();
        let memory = course(&samples, |sample| sample.memory);
        assert!((memory.per_minute - 30.0).abs() < 1e-6, "{memory:?}");
        assert!(
            (memory.first - 112.25).abs() < 1e-6 && (memory.last - 147.25).abs() < 1e-6,
            "{memory:?}"
        );
        let level = course(&samples, |sample| sample.descriptors);
        assert_eq!((level.first, level.last, level.per_minute), (7.0, 7.0, 0.0));
    }
}
