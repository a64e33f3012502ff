//! What came of it, for people, for programs, and for the exit code.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result};
use serde_json::{Value, json};

use crate::load::Outcome;
use crate::watch::{Course, Sample, course};

/// The longest that all but one of a hundred legitimate requests may take, the flood notwithstanding.
const SLOWEST: Duration = Duration::from_secs(2);
/// By how much memory may grow in an hour, in MiB, by the slope that was seen after the warm-up; a leak of a kilobyte for each
/// request at 200 a second would be 700.
const MEMORY: f64 = 60.0;
/// By how many descriptors.
const DESCRIPTORS: f64 = 60.0;
/// A run that is shorter than this is warm-up for the most part: what its slope would come to in an hour says nothing.
const JUDGED: Duration = Duration::from_secs(600);

/// All that is known afterwards.
pub(crate) struct Report {
    time: Duration,
    outcome: Outcome,
    /// How many of those whose life has ended still have an object in the cluster.
    remaining: usize,
    flood: BTreeMap<u16, u64>,
    memory: Course,
    descriptors: Course,
    disturbances: Vec<(f64, &'static str)>,
    trail: String,
}

fn at(sorted: &[Duration], hundredth: usize) -> Duration {
    let place = sorted.len() * hundredth / 100;
    sorted
        .get(place.min(sorted.len().saturating_sub(1)))
        .copied()
        .unwrap_or_default()
}

fn millis(time: Duration) -> f64 {
    (time.as_secs_f64() * 10_000.0).round() / 10.0
}

impl Report {
    pub(crate) fn new(
        time: Duration,
        outcome: Outcome,
        remaining: usize,
        flood: BTreeMap<u16, u64>,
        samples: &[Sample],
        disturbances: Vec<(f64, &'static str)>,
        trail: String,
    ) -> Self {
        Self {
            time,
            outcome,
            remaining,
            flood,
            memory: course(samples, |sample| sample.memory),
            descriptors: course(samples, |sample| sample.descriptors),
            disturbances,
            trail,
        }
    }

    fn served(&self) -> usize {
        self.outcome.latencies.values().map(Vec::len).sum()
    }

    /// What must hold, and whether it does.
    fn checks(&self) -> Vec<(String, bool)> {
        let slowest = self
            .outcome
            .latencies
            .values()
            .map(|times| at(times, 99))
            .max();
        let slowest = slowest.unwrap_or(Duration::MAX);
        let refused = self.flood.get(&429).copied().unwrap_or_default();
        let other: u64 = self
            .flood
            .iter()
            .filter(|(status, _)| ![200, 429].contains(*status))
            .map(|(_, count)| count)
            .sum();
        let (asked, failed) = self.outcome.at_the_dead;
        let ended = self.outcome.ended.len();
        let (refused_long, permitted_long) = self.outcome.long;
        vec![
            (
                format!("{} legitimate requests failed", self.outcome.failed),
                self.outcome.failed == 0 && self.served() > 0,
            ),
            (
                format!("99 of 100 took at most {} ms", millis(slowest)),
                slowest <= SLOWEST,
            ),
            (
                format!(
                    "the flood was answered 429 {refused} times, and otherwise than 200 or 429 {other} times"
                ),
                refused > 0 && other == 0,
            ),
            (
                format!("at the dead cluster {failed} of {asked} failed"),
                failed < asked,
            ),
            (
                format!(
                    "of {ended} short lives that ended, {} are still in the cluster",
                    self.remaining
                ),
                self.remaining == 0 && ended > 0,
            ),
            (
                format!(
                    "long lives: {permitted_long} permitted and {refused_long} refused, as the policies said"
                ),
                permitted_long > 0 && refused_long > 0,
            ),
            self.flat("memory", " MiB", self.memory, MEMORY),
            self.flat("descriptors", "", self.descriptors, DESCRIPTORS),
        ]
    }

    /// Whether something stayed at its level.
    fn flat(&self, what: &str, unit: &str, course: Course, most: f64) -> (String, bool) {
        let Course { first, last, .. } = course;
        let seen = format!(
            "{what} {first:.0}{unit}, then {last:.0}{unit}, {:.0}{unit} at most",
            course.most
        );
        // The greatest burst leaves a step; more than an hour's growth at once is none.
        let leaps = last - first > most;
        let Some(per_hour) = self.growth(course) else {
            let told = format!(
                "{seen}: whether that is flat, a run of less than {} minutes does not tell",
                JUDGED.as_secs() / 60
            );
            return (told, !leaps);
        };
        let told = format!("{seen}: {per_hour:+.0}{unit} an hour, and {most:.0} may be");
        (told, !leaps && per_hour <= most)
    }

    /// By how much something grows in an hour, if the run was long enough to tell.
    fn growth(&self, course: Course) -> Option<f64> {
        (self.time >= JUDGED).then_some(course.per_hour)
    }

    /// Whether all holds that must.
    pub(crate) fn is_well(&self) -> bool {
        self.checks().iter().all(|(_, holds)| *holds)
    }

    pub(crate) fn print(&self) {
        println!(
            "{:10} {:>8} {:>9} {:>9} {:>9}",
            "", "served", "median", "99 %", "worst"
        );
        for (kind, times) in &self.outcome.latencies {
            println!(
                "{kind:10} {:>8} {:>7.1}ms {:>7.1}ms {:>7.1}ms",
                times.len(),
                millis(at(times, 50)),
                millis(at(times, 99)),
                millis(times.last().copied().unwrap_or_default())
            );
        }
        println!(
            "{:.1} requests a second; the load began them {:.0} ms late at worst",
            self.served() as f64 / self.time.as_secs_f64(),
            millis(self.outcome.latest)
        );
        for (what, holds) in self.checks() {
            println!("{:6} {what}", if holds { "ok" } else { "FAILED" });
        }
        for reason in &self.outcome.reasons {
            println!("       {reason}");
        }
        println!("{}", self.trail);
    }

    fn json(&self) -> Value {
        let kinds: serde_json::Map<_, _> = self
            .outcome
            .latencies
            .iter()
            .map(|(kind, times)| {
                let figures = json!({
                    "served": times.len(),
                    "medianMs": millis(at(times, 50)),
                    "p99Ms": millis(at(times, 99)),
                    "worstMs": millis(times.last().copied().unwrap_or_default()),
                });
                ((*kind).to_owned(), figures)
            })
            .collect();
        let course = |course: Course| json!({"first": course.first, "last": course.last, "most": course.most, "perHour": self.growth(course)});
        let checks: Vec<_> = self
            .checks()
            .into_iter()
            .map(|(what, holds)| json!({"what": what, "holds": holds}))
            .collect();
        json!({
            "seconds": self.time.as_secs_f64(),
            "requests": kinds,
            "failed": self.outcome.failed,
            "reasons": self.outcome.reasons,
            "deadCluster": {"asked": self.outcome.at_the_dead.0, "failed": self.outcome.at_the_dead.1},
            "flood": self.flood,
            "memoryMiB": course(self.memory),
            "descriptors": course(self.descriptors),
            "disturbances": self.disturbances,
            "trail": self.trail,
            "checks": checks,
        })
    }

    pub(crate) fn write(&self, file: &Path) -> Result<()> {
        let text = format!("{:#}\n", self.json());
        std::fs::write(file, text).with_context(|| format!("cannot write {}", file.display()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A run in which memory grows by a MiB a second after the warm-up.
    fn grown(seconds: u32) -> Report {
        let sample = |n: u32| Sample {
            at: f64::from(n),
            memory: f64::from(n),
            descriptors: 30.0,
        };
        let samples: Vec<_> = (0..seconds).map(sample).collect();
        let time = Duration::from_secs(seconds.into());
        let outcome = Outcome::default();
        Report::new(
            time,
            outcome,
            0,
            BTreeMap::new(),
            &samples,
            Vec::new(),
            String::new(),
        )
    }

    fn memory(report: &Report) -> (String, bool) {
        report.flat("memory", " MiB", report.memory, MEMORY)
    }

    #[test]
    fn a_short_run_says_that_it_is_too_short_to_tell_what_is_flat() {
        let report = grown(60);
        let (told, holds) = memory(&report);
        assert!(
            told.ends_with("a run of less than 10 minutes does not tell"),
            "{told}"
        );
        assert!(!told.contains("an hour") && holds, "{told}");
        assert_eq!(report.json()["memoryMiB"]["perHour"], Value::Null);
        let (told, holds) = memory(&grown(300));
        assert!(!holds, "more than an hour's growth at once is none: {told}");
    }

    #[test]
    fn a_long_run_is_judged_by_what_its_slope_comes_to() {
        let report = grown(600);
        let (told, holds) = memory(&report);
        assert!(told.contains("+3600 MiB an hour, and 60 may be"), "{told}");
        assert!(!holds);
        let level = report.flat("descriptors", "", report.descriptors, DESCRIPTORS);
        assert!(level.1, "{}", level.0);
        assert!(report.json()["descriptors"]["perHour"].is_number());
    }
}
