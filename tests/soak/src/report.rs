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
/// A run that is shorter than this (in seconds) is warm-up for the most part: its slope is printed, and not judged.
const JUDGED: f64 = 600.0;

/// All that is known afterwards.
pub(crate) struct Report {
    time: Duration,
    outcome: Outcome,
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
        flood: BTreeMap<u16, u64>,
        samples: &[Sample],
        disturbances: Vec<(f64, &'static str)>,
        trail: String,
    ) -> Self {
        Self {
            time,
            outcome,
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
            self.flat("memory", " MiB", self.memory, MEMORY),
            self.flat("descriptors", "", self.descriptors, DESCRIPTORS),
        ]
    }

    /// Whether something stayed at its level.
    fn flat(&self, what: &str, unit: &str, course: Course, most: f64) -> (String, bool) {
        let Course { first, last, .. } = course;
        let told = format!(
            "{what} {first:.0}{unit}, then {last:.0}{unit}, {:.0}{unit} at most: {:+.0}{unit} an hour, and {most:.0} may be",
            course.most, course.per_hour
        );
        // The greatest burst leaves a step; more than an hour's growth at once is none.
        let judged = self.time.as_secs_f64() >= JUDGED;
        let grows = judged && course.per_hour > most;
        (told, !grows && last - first <= most)
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
        let course = |course: Course| json!({"first": course.first, "last": course.last, "most": course.most, "perHour": course.per_hour});
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
