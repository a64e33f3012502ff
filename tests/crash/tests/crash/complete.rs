//! No call of a port escapes the faults.

/// The ports, as they are written.
const PORTS: &str = include_str!("../../../../crates/kubemint/src/ports.rs");

#[test]
fn every_call_of_the_store_and_of_the_clusters_is_judged() {
    let decorators = [
        ("Store", include_str!("../../src/store.rs")),
        ("Clusters", include_str!("../../src/clusters.rs")),
    ];
    for (port, decorator) in decorators {
        let from = PORTS.find(&format!("pub trait {port}:"));
        let body = &PORTS[from.expect("the port")..];
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
