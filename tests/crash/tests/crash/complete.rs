//! No call of a port escapes the faults.

/// A port as it is written, and its decorator.
type Written = (&'static str, &'static str, &'static str);

const PORTS: [Written; 2] = [
    (
        "Store",
        include_str!("../../../../crates/kubemint/src/ports/store.rs"),
        include_str!("../../src/store.rs"),
    ),
    (
        "Clusters",
        include_str!("../../../../crates/kubemint/src/ports/clusters.rs"),
        include_str!("../../src/clusters.rs"),
    ),
];

/// The calls of a port, by its own text.
fn calls_of(port: &str, written: &str) -> Vec<String> {
    let from = written.find(&format!("pub trait {port}:"));
    let body = &written[from.expect("the port")..];
    let body = &body[..body.find("\n}\n").expect("its end")];
    let calls = body
        .lines()
        .filter_map(|line| line.trim().strip_prefix("async fn "));
    let names: Vec<_> = calls
        .filter_map(|call| call.split(['(', '<']).next())
        .map(str::to_owned)
        .collect();
    assert!(names.len() >= 6, "{names:?}");
    names
}

/// Every call of every port: where a process can die, and what can fail.
pub(crate) fn calls() -> Vec<String> {
    let all = PORTS
        .iter()
        .flat_map(|(port, written, _)| calls_of(port, written));
    all.collect()
}

#[test]
fn every_call_of_the_store_and_of_the_clusters_is_judged() {
    for (port, written, decorator) in PORTS {
        for name in calls_of(port, written) {
            let judged = [
                format!("call(\"{name}\""),
                format!("call_or_late(\"{name}\""),
            ];
            let judged = judged.iter().any(|judged| decorator.contains(judged));
            assert!(judged, "{port}::{name} is not judged");
        }
    }
}
