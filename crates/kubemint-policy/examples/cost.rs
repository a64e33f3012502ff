//! What a question costs: `cargo run --release -p kubemint-policy --example cost` prints microseconds for each kind.

use std::hint::black_box;
use std::time::Instant;

use kubemint::caller::Caller;
use kubemint::cluster::ClusterKey;
use kubemint::policy::{Action, Query};
use kubemint::ports::Policy;
use kubemint::record::Relation;
use kubemint_policy::CedarPolicy;

/// How often each question is asked.
const ROUNDS: u32 = 20_000;

fn main() {
    let policy = CedarPolicy::embedded();
    let cluster = ClusterKey::new("us-texas-1", "project-x9y8z7", "cluster-a1b2c3");
    let caller = |n: u32| Caller {
        roles: ["compute.editor", "storage.viewer"]
            .map(str::to_owned)
            .to_vec(),
        tenant: Some("tenant-1".to_owned()),
        scope: Some("project".to_owned()),
        scope_id: Some(cluster.project.clone()),
        principal_type: Some("user".to_owned()),
        ..Caller::new("https://login.example.com", format!("user-{n}"))
    };
    let callers: Vec<Caller> = (0..64).map(caller).collect();
    let questions = [
        ("issue, for someone new each time", Action::Issue, true),
        ("issue", Action::Issue, false),
        ("list", Action::List, false),
        ("get", Action::Get, false),
    ];
    for (name, action, anew) in questions {
        let issuing = action == Action::Issue;
        let start = Instant::now();
        for (n, caller) in (0..ROUNDS).zip(callers.iter().cycle()) {
            let user = if anew {
                n.to_string()
            } else {
                "bob".to_owned()
            };
            let query = Query {
                caller,
                action,
                cluster: &cluster,
                role: issuing.then_some("viewer"),
                ttl: issuing.then_some(3600),
                user: issuing.then_some(&user),
                relation: (action == Action::Get).then_some(Relation::Creator),
            };
            assert!(
                policy.decide(black_box(&query)).allowed,
                "{name} is permitted"
            );
        }
        let each = start.elapsed().as_secs_f64() * 1e6 / f64::from(ROUNDS);
        println!("{name:34} {each:8.2} us");
    }
}
