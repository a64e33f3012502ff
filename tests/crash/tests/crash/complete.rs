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

#[test]
fn every_call_of_the_store_and_of_the_clusters_is_judged() {
    for (port, written, decorator) in PORTS {
        let from = written.find(&format!("pub trait {port}:"));
        let body = &written[from.expect("the port")..];
        let body = &body[..body.find("\n}\n").expect("its end")];
        let calls = body
            .lines()
            .filter_map(|line| line.trim().strip_prefix("async fn "));
        let names: Vec<_> = calls
            .filter_map(|call| call.split(['(', '<']).next())
            .collect();
        assert!(names.len() >= 6, "{names:?}");
        for name in names {
            let judged = format!("call(\"{name}\"");
            assert!(decorator.contains(&judged), "{port}::{name} is not judged");
        }
    }
}
