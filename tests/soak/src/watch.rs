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

/// How something went once it was warm.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Course {
    /// Its level at first, and at last: the least of a window.
    pub(crate) first: f64,
    pub(crate) last: f64,
    /// The most that it ever was.
    pub(crate) most: f64,
    /// By how much its level grows in an hour, if it goes on like this.
    pub(crate) per_hour: f64,
}

/// How many windows the samples after the warm-up are cut into.
const WINDOWS: usize = 30;
/// The part of the time that is no matter of this: caches fill, and connections are made.
const WARM_UP: f64 = 0.25;

/// The course of `what` after the first quarter. A burst of requests takes what it needs and gives it back, so the level of a
/// window is its least value. A burst that is greater than any before leaves a step, since the allocator keeps what it once had
/// for the next; a leak grows from each window to the next. So the slope is the median of those between neighbours.
pub(crate) fn course(samples: &[Sample], what: impl Fn(&Sample) -> f64) -> Course {
    let end = samples.last().map_or(0.0, |sample| sample.at);
    let warm: Vec<_> = samples
        .iter()
        .filter(|sample| sample.at >= end * WARM_UP)
        .collect();
    let levels: Vec<(f64, f64)> = warm
        .chunks(warm.len().div_ceil(WINDOWS).max(1))
        .filter_map(|window| {
            let least = window
                .iter()
                .map(|sample| what(sample))
                .min_by(f64::total_cmp)?;
            Some((window[window.len() / 2].at, least))
        })
        .collect();
    Course {
        first: levels.first().map_or(0.0, |level| level.1),
        last: levels.last().map_or(0.0, |level| level.1),
        most: samples.iter().map(what).fold(0.0, f64::max),
        per_hour: slope(&levels) * 3600.0,
    }
}

/// The median of the slopes from each point to the next.
fn slope(points: &[(f64, f64)]) -> f64 {
    let mut slopes: Vec<f64> = points
        .windows(2)
        .map(|pair| (pair[1].1 - pair[0].1) / (pair[1].0 - pair[0].0))
        .collect();
    slopes.sort_unstable_by(f64::total_cmp);
    let middle = slopes.len() / 2;
    match slopes.len() {
        0 => 0.0,
        even if even % 2 == 0 => f64::midpoint(slopes[middle - 1], slopes[middle]),
        _ => slopes[middle],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn samples(memory: impl Fn(u32) -> f64) -> Vec<Sample> {
        let sample = |n: u32| Sample {
            at: f64::from(n),
            memory: memory(n),
            descriptors: 7.0,
        };
        (0..900).map(sample).collect()
    }

    fn memory(samples: &[Sample]) -> Course {
        course(samples, |sample| sample.memory)
    }

    #[test]
    fn what_grows_has_its_slope_and_a_level_none() {
        let grown = samples(|n| 100.0 + f64::from(n) / 100.0);
        assert!(
            (memory(&grown).per_hour - 36.0).abs() < 0.1,
            "{:?}",
            memory(&grown)
        );
        let level = course(&grown, |sample| sample.descriptors);
        assert_eq!(
            (level.first, level.last, level.most, level.per_hour),
            (7.0, 7.0, 7.0, 0.0)
        );
    }

    #[test]
    fn bursts_that_are_given_back_and_the_warm_up_are_no_growth() {
        let course = memory(&samples(|n| match n {
            0..225 => f64::from(n),
            _ if n % 20 < 10 => 225.0 + f64::from(n),
            _ => 225.0,
        }));
        assert!(course.per_hour.abs() < 0.1, "{course:?}");
        assert_eq!((course.first, course.last), (225.0, 225.0));
        assert!(course.most > 1000.0);
    }

    #[test]
    fn a_step_is_no_growth_and_many_small_ones_are() {
        let once = memory(&samples(|n| if n < 500 { 70.0 } else { 85.0 }));
        assert_eq!((once.first, once.last, once.per_hour), (70.0, 85.0, 0.0));
        // A leak of a page now and then, as an allocator shows it.
        let often = memory(&samples(|n| 70.0 + f64::from(n / 20)));
        assert!((often.per_hour - 180.0).abs() < 45.0, "{often:?}");
    }

    #[test]
    fn nothing_seen_is_nothing_grown() {
        assert_eq!(memory(&[]).per_hour, 0.0);
        assert_eq!(memory(&samples(f64::from)[..1]).per_hour, 0.0);
    }
}
