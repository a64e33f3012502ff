//! What a request costs in processor time, by kind of thread: where the work is, without a profiler.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

/// Processor time by part.
pub(crate) type Parts = BTreeMap<&'static str, Duration>;

/// Names of threads, by how they begin, and the part of the work that they do.
const PARTS: [(&str, &str); 3] = [
    ("server", "server"),
    ("cluster", "cluster"),
    ("kubemint-store", "store"),
];
/// How long a process must have done next to nothing to be at rest.
const REST: Duration = Duration::from_millis(500);
/// What has another name: the log's thread, above all.
const OTHER: &str = "log";

/// What the threads of a process have used so far; nothing where the system does not tell (it is Linux that does).
pub(crate) fn of_process(process: u32) -> Parts {
    let mut parts = Parts::new();
    let threads = fs::read_dir(format!("/proc/{process}/task"));
    for thread in threads.into_iter().flatten().flatten() {
        if let Some((part, used)) = of_thread(&thread.path()) {
            *parts.entry(part).or_default() += used;
        }
    }
    parts
}

/// What all threads of a process have used so far.
pub(crate) fn total(process: u32) -> Duration {
    of_process(process).into_values().sum()
}

/// Waits until a process does next to nothing: what it does after its start is not what is measured. It is waited for a
/// minute at most.
pub(crate) fn wait_for_rest(process: u32) {
    let most = Instant::now() + Duration::from_secs(60);
    let mut before = total(process);
    while Instant::now() < most {
        std::thread::sleep(REST);
        let now = total(process);
        if now.saturating_sub(before) < REST / 20 {
            return;
        }
        before = now;
    }
}

fn of_thread(folder: &Path) -> Option<(&'static str, Duration)> {
    let name = fs::read_to_string(folder.join("comm")).ok()?;
    // The first number is the time on a processor, in nanoseconds.
    let used = fs::read_to_string(folder.join("schedstat")).ok()?;
    let used = used.split_whitespace().next()?.parse().ok()?;
    Some((part(&name), Duration::from_nanos(used)))
}

fn part(thread: &str) -> &'static str {
    PARTS
        .iter()
        .find(|(prefix, _)| thread.starts_with(prefix))
        .map_or(OTHER, |(_, part)| part)
}

/// Microseconds for each of `requests`, by part, of what was used between two readings.
pub(crate) fn per_request(
    before: &Parts,
    after: &Parts,
    requests: usize,
) -> BTreeMap<&'static str, f64> {
    after
        .iter()
        .map(|(part, used)| {
            let used = used.saturating_sub(before.get(part).copied().unwrap_or_default());
            (*part, micros(used, requests))
        })
        .collect()
}

/// Microseconds for each of `requests`.
pub(crate) fn micros(used: Duration, requests: usize) -> f64 {
    used.as_secs_f64() * 1e6 / requests.max(1) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn threads_are_told_apart_by_their_names() {
        assert_eq!(part("server\n"), "server");
        assert_eq!(part("cluster\n"), "cluster");
        assert_eq!(part("kubemint-store\n"), "store");
        assert_eq!(part("bench\n"), "log");
    }

    #[test]
    fn a_request_costs_its_share_of_what_was_used_since() {
        let before = Parts::from([("server", Duration::from_millis(1))]);
        let after = Parts::from([
            ("server", Duration::from_millis(3)),
            ("store", Duration::from_millis(1)),
        ]);
        assert_eq!(
            per_request(&before, &after, 10),
            BTreeMap::from([("server", 200.0), ("store", 100.0)])
        );
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn work_of_this_process_is_seen() {
        let before = total(std::process::id());
        let start = std::time::Instant::now();
        let mut turns = 0_u64;
        while start.elapsed() < Duration::from_millis(200) {
            turns += 1;
        }
        assert!(total(std::process::id()) > before, "{turns} turns");
    }
}
