//! Recoveries that crash as well: after each of their calls that changes anything.
//!
//! A crash on either side of a call that changes nothing leaves what was there before it, and so does one before a call that
//! changes something. What a process remembers goes with it, so those are one case: whoever starts next meets the same. What is
//! left to try are the different remains of the first crash, and of each what its recovery, once it was played undisturbed,
//! is known to change.

use std::collections::BTreeMap;

use crash::{Harm, Point, Side};

use crate::case::Case;
use crate::scenario::Scenario;

/// The calls that change neither records nor objects. (Retention runs with every start, and finds nothing of its age, but where it
/// is to.)
const READS: [&str; 13] = [
    "ping",
    "find",
    "list",
    "due",
    "active",
    "landmarks",
    "alive",
    "lease",
    "retain",
    "is_gone",
    "objects",
    "certify",
    "size",
];

fn changes(scenario: Scenario, call: &str) -> bool {
    !READS.contains(&call) || (call == "retain" && scenario == Scenario::Retention)
}

/// Of crashes at each point, those whose remains differ: that at the first point, and each after a change. The points of
/// a scenario follow each other.
pub(crate) fn different(crashes: &[Case]) -> Vec<&Case> {
    let mut different: Vec<&Case> = Vec::new();
    for crash in crashes {
        let first = different
            .last()
            .is_none_or(|last| last.scenario != crash.scenario);
        let changed = crash.point.side == Side::After && changes(crash.scenario, &crash.point.call);
        if first || changed {
            different.push(crash);
        }
    }
    different
}

/// The same crash, with a second one after each change that its recovery makes.
pub(crate) fn again(crash: &Case, recovery: &[String]) -> Vec<Case> {
    let mut counts: BTreeMap<&str, u32> = BTreeMap::new();
    let changes = recovery.iter().filter(|call| changes(crash.scenario, call));
    changes
        .map(|call| {
            let nth = counts.entry(call).or_default();
            *nth += 1;
            Case {
                harm: Harm::Kill,
                then: Some(Point {
                    call: call.clone(),
                    nth: *nth,
                    side: Side::After,
                }),
                ..crash.clone()
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn crash(scenario: Scenario, side: Side, call: &str) -> Case {
        let point = Point {
            call: call.to_owned(),
            nth: 1,
            side,
        };
        Case {
            scenario,
            point,
            harm: Harm::Kill,
            then: None,
        }
    }

    #[test]
    fn crashes_that_leave_the_same_are_one() {
        let all: Vec<_> = [Scenario::Download, Scenario::Revoke]
            .into_iter()
            .flat_map(|scenario| {
                ["find", "append", "mint"]
                    .into_iter()
                    .flat_map(move |call| {
                        [Side::Before, Side::After].map(|side| crash(scenario, side, call))
                    })
            })
            .collect();
        let kept: Vec<_> = different(&all).into_iter().map(Case::to_string).collect();
        assert_eq!(
            kept,
            [
                "Download, Kill before find 1",
                "Download, Kill after append 1",
                "Download, Kill after mint 1",
                "Revoke, Kill before find 1",
                "Revoke, Kill after append 1",
                "Revoke, Kill after mint 1",
            ]
        );
    }

    #[test]
    fn a_recovery_dies_after_each_of_its_changes() {
        let first = crash(Scenario::RevokeMany, Side::After, "begin_revoke");
        let recovery = ["lease", "due", "remove", "remove", "finish_revoke", "due"];
        let cases = again(&first, &recovery.map(str::to_owned));
        let then: Vec<_> = cases.into_iter().filter_map(|case| case.then).collect();
        let then: Vec<_> = then.iter().map(ToString::to_string).collect();
        assert_eq!(
            then,
            ["after remove 1", "after remove 2", "after finish_revoke 1"]
        );
    }
}
