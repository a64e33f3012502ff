//! What is told: a table for people, and JSON for programs.

use std::collections::BTreeMap;
use std::fmt::{self, Write as _};
use std::time::Duration;

use anyhow::Result;
use serde::Serialize;

use crate::disk::Disk;
use crate::ramp::{BOUND, LEAST_ACHIEVED, Sample};
use crate::subjects::Subject;

/// Under which circumstances everything was measured.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Circumstances {
    /// When, in UTC.
    measured_at: String,
    /// The bound on the 99th percentile.
    bound_ms: f64,
    /// How many processors client, server and cluster share.
    cores: usize,
    /// Whether commits are made durable on a disk. A file system in memory is refused.
    fsync: bool,
    /// How long that disk takes to make 4 KiB durable.
    fsync_ms: f64,
    file_system: String,
    folder: String,
    build_profile: &'static str,
    connections: usize,
    seconds_per_step: f64,
}

impl Circumstances {
    /// Those of now.
    pub(crate) fn new(disk: &Disk, connections: usize, seconds: f64) -> Self {
        Self {
            measured_at: chrono::Utc::now().format("%Y-%m-%dT%H:%M:%SZ").to_string(),
            bound_ms: millis(BOUND),
            cores: std::thread::available_parallelism().map_or(1, usize::from),
            fsync: true,
            fsync_ms: millis(disk.fsync),
            file_system: disk.file_system.clone(),
            folder: disk.folder.display().to_string(),
            build_profile: if cfg!(debug_assertions) {
                "debug"
            } else {
                "release"
            },
            connections,
            seconds_per_step: seconds,
        }
    }

    /// In words.
    pub(crate) fn heading(&self) -> String {
        format!(
            "Open loop over loopback, {connections} connections, {seconds} s for each step; latencies count from the \
             intended start.\nA rate is held while p99 is at most {bound} ms and {least} % are answered. Build: \
             {profile}.\nGenerator, server and sandbox cluster share {cores} cores.\nStore: SQLite in {folder} \
             ({file_system}); one fsync of 4 KiB takes {fsync:.2} ms there.\n",
            connections = self.connections,
            seconds = self.seconds_per_step,
            bound = self.bound_ms,
            least = LEAST_ACHIEVED * 100.0,
            profile = self.build_profile,
            cores = self.cores,
            folder = self.folder,
            file_system = self.file_system,
            fsync = self.fsync_ms,
        )
    }
}

/// One step.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct StepFigures {
    offered: f64,
    achieved: f64,
    /// Null if half was not answered.
    p50_ms: Option<f64>,
    /// Null if more than one of a hundred were not answered.
    p99_ms: Option<f64>,
    /// How many were not answered, or not with 201.
    lost: usize,
    /// How late the generator itself was: the 99th percentile.
    generator_late_ms: f64,
    held: bool,
}

impl StepFigures {
    /// What a sample says, and what is known beside it.
    pub(crate) fn new(sample: &Sample, lost: usize, late: Duration) -> Self {
        Self {
            offered: round(sample.offered),
            achieved: round(sample.achieved),
            p50_ms: sample.p50.map(millis),
            p99_ms: sample.p99.map(millis),
            lost,
            generator_late_ms: millis(late),
            held: sample.holds(),
        }
    }
}

impl fmt::Display for StepFigures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ms = |value: Option<f64>| value.map_or("-".to_owned(), |value| format!("{value:.1}"));
        write!(
            f,
            "{:.0}/s offered, {:.0}/s achieved, p50 {} ms, p99 {} ms{}{}",
            self.offered,
            self.achieved,
            ms(self.p50_ms),
            ms(self.p99_ms),
            if self.lost == 0 {
                String::new()
            } else {
                format!(", {} lost", self.lost)
            },
            if self.held { "" } else { ": not held" },
        )
    }
}

/// One subject at its knee.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Figures {
    per_second: f64,
    p50_ms: Option<f64>,
    p99_ms: Option<f64>,
    /// Processor time for each request, in microseconds, by part.
    cpu_micros: BTreeMap<&'static str, f64>,
    steps: Vec<StepFigures>,
}

impl Figures {
    /// What is known at the knee, and the steps that led there.
    pub(crate) fn new(
        knee: &Sample,
        cpu_micros: BTreeMap<&'static str, f64>,
        steps: Vec<StepFigures>,
    ) -> Self {
        Self {
            per_second: round(knee.achieved),
            p50_ms: knee.p50.map(millis),
            p99_ms: knee.p99.map(millis),
            cpu_micros: cpu_micros
                .into_iter()
                .map(|(part, micros)| (part, round(micros)))
                .collect(),
            steps,
        }
    }

    /// A subject in words.
    pub(crate) fn name(subject: Subject) -> &'static str {
        match subject {
            Subject::BareHandler => "bare handler",
            Subject::TwoCommits => "+ two commits",
            Subject::TwoCommitsTwoCalls => "+ two commits, two calls",
            Subject::Issue => "issue",
            Subject::BareList => "bare list",
            Subject::Service => "service alone",
            Subject::BrokenOff => "issues broken off",
        }
    }

    fn key(subject: Subject) -> &'static str {
        match subject {
            Subject::BareHandler => "bareHandler",
            Subject::TwoCommits => "bareHandlerTwoCommits",
            Subject::TwoCommitsTwoCalls => "bareHandlerTwoCommitsTwoCalls",
            Subject::Issue => "issue",
            Subject::BareList => "bareList",
            Subject::Service => "service",
            Subject::BrokenOff => "brokenOff",
        }
    }
}

/// Everything.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Report {
    #[serde(flatten)]
    circumstances: Circumstances,
    #[serde(flatten)]
    subjects: BTreeMap<&'static str, Figures>,
    /// Issues per second, for each of the limit's.
    ratios: BTreeMap<&'static str, f64>,
    #[serde(skip)]
    rows: Vec<(&'static str, &'static str)>,
}

/// The parts of the processor's time, in the table's order.
const PARTS: [&str; 5] = ["server", "store", "log", "cluster", "generator"];

impl Report {
    /// A report of what was measured.
    pub(crate) fn new(circumstances: Circumstances, figures: Vec<(Subject, Figures)>) -> Self {
        let rows = figures
            .iter()
            .map(|(subject, _)| (Figures::key(*subject), Figures::name(*subject)))
            .collect();
        let subjects: BTreeMap<_, _> = figures
            .into_iter()
            .map(|(subject, figures)| (Figures::key(subject), figures))
            .collect();
        let issue = Figures::key(Subject::Issue);
        let ratios = subjects.get(issue).map_or_else(BTreeMap::new, |done| {
            subjects
                .iter()
                .filter(|(key, limit)| **key != issue && limit.per_second > 0.0)
                .map(|(key, limit)| (*key, round(done.per_second / limit.per_second)))
                .collect()
        });
        Self {
            circumstances,
            subjects,
            ratios,
            rows,
        }
    }

    /// The report as JSON, with a line feed at its end.
    ///
    /// # Errors
    /// None that can be helped.
    pub(crate) fn json(&self) -> Result<String> {
        Ok(serde_json::to_string_pretty(self)? + "\n")
    }

    /// The report as a table.
    pub(crate) fn table(&self) -> String {
        let mut text = format!("\n{}\n", self.circumstances.heading());
        // Writing to a string does not fail.
        let _ = writeln!(
            text,
            "{:26} {:>10} {:>9} {:>9} {:>9}   CPU per request, us",
            "at the knee", "per second", "p50 ms", "p99 ms", "issue is"
        );
        for (key, name) in &self.rows {
            let Some(figures) = self.subjects.get(key) else {
                continue;
            };
            let ms = |value: Option<f64>| format!("{:.1}", value.unwrap_or(f64::INFINITY));
            let ratio = self.ratios.get(key);
            let parts = PARTS.iter().filter_map(|part| {
                let micros = figures.cpu_micros.get(part).filter(|used| **used >= 1.0)?;
                Some(format!("{part} {micros:.0}"))
            });
            let _ = writeln!(
                text,
                "{name:26} {:10.0} {:>9} {:>9} {:>9}   {}",
                figures.per_second,
                ms(figures.p50_ms),
                ms(figures.p99_ms),
                ratio.map_or(String::new(), |ratio| format!("{ratio:.2} of it")),
                parts.collect::<Vec<_>>().join(", "),
            );
        }
        text
    }
}

fn millis(duration: Duration) -> f64 {
    round(duration.as_secs_f64() * 1e3)
}

/// To three decimals: more would be noise.
fn round(value: f64) -> f64 {
    (value * 1e3).round() / 1e3
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    fn figures(per_second: f64) -> Figures {
        let sample = Sample {
            offered: per_second,
            achieved: per_second,
            p50: Some(Duration::from_micros(2500)),
            p99: Some(Duration::from_millis(80)),
        };
        let step = StepFigures::new(&sample, 0, Duration::from_micros(100));
        Figures::new(&sample, BTreeMap::from([("server", 123.0)]), vec![step])
    }

    fn report() -> Report {
        let disk = Disk {
            folder: "target/bench/1".into(),
            file_system: "ext4".to_owned(),
            fsync: Duration::from_micros(1500),
        };
        let subjects = [
            (Subject::BareHandler, 8000.0),
            (Subject::TwoCommits, 4000.0),
            (Subject::TwoCommitsTwoCalls, 1000.0),
            (Subject::Issue, 600.0),
        ];
        let figures = subjects.map(|(subject, rate)| (subject, figures(rate)));
        Report::new(Circumstances::new(&disk, 64, 5.0), figures.to_vec())
    }

    #[test]
    fn the_json_has_every_subject_the_ratios_and_the_circumstances() {
        let json: Value = serde_json::from_str(&report().json().unwrap()).unwrap();
        for subject in [
            "issue",
            "bareHandler",
            "bareHandlerTwoCommits",
            "bareHandlerTwoCommitsTwoCalls",
        ] {
            for figure in ["perSecond", "p50Ms", "p99Ms"] {
                assert!(json[subject][figure].is_f64(), "{subject}.{figure}");
            }
        }
        assert_eq!(json["issue"]["p50Ms"], 2.5);
        assert_eq!(json["issue"]["steps"][0]["held"], true);
        assert_eq!(json["ratios"]["bareHandler"], 0.075);
        assert_eq!(json["ratios"]["bareHandlerTwoCommits"], 0.15);
        assert_eq!(json["ratios"]["bareHandlerTwoCommitsTwoCalls"], 0.6);
        assert_eq!(json["ratios"]["issue"], Value::Null);
        assert_eq!(json["boundMs"], 100.0);
        assert_eq!(json["fsync"], true);
        assert_eq!(json["buildProfile"], "debug");
        assert!(json["cores"].as_u64().unwrap() >= 1);
    }

    #[test]
    fn the_table_has_a_row_for_each_subject_in_the_order_of_measurement() {
        let table = report().table();
        let rows: Vec<_> = table
            .lines()
            .skip_while(|line| !line.starts_with("at the knee"))
            .skip(1)
            .map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "))
            .collect();
        assert_eq!(
            rows,
            [
                "bare handler 8000 2.5 80.0 0.07 of it server 123",
                "+ two commits 4000 2.5 80.0 0.15 of it server 123",
                "+ two commits, two calls 1000 2.5 80.0 0.60 of it server 123",
                "issue 600 2.5 80.0 server 123",
            ]
        );
        assert!(table.contains("target/bench/1 (ext4)"), "{table}");
    }

    #[test]
    fn a_step_says_what_was_lost_and_that_it_was_not_held() {
        let sample = Sample {
            offered: 100.0,
            achieved: 20.0,
            p50: None,
            p99: None,
        };
        let step = StepFigures::new(&sample, 80, Duration::ZERO);
        assert_eq!(
            step.to_string(),
            "100/s offered, 20/s achieved, p50 - ms, p99 - ms, 80 lost: not held"
        );
    }
}
