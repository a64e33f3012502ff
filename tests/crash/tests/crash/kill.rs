//! The process dies at every point, really: by SIGKILL. Or the call there fails, before or after it was done.

use std::collections::BTreeSet;

use crash::Harm;
use futures::StreamExt;

use crate::all;
use crate::case::{Case, points};
use crate::complete::calls;
use crate::recovery;
use crate::scenario::Scenario;
use crate::stage::{Ground, Stage};

/// How many are played at once: mostly they wait for deadlines.
const AT_ONCE: usize = 6;

/// After how many cases a long run says how far it is.
const REMINDER: usize = 25;

/// Of how many cases one may miss its point: a request that races the reconciler.
const RARE: usize = 20;

/// The same of recoveries: how much is left of several revocations at once, and so what the recovery does, differs each time.
const RARE_AGAIN: usize = 5;

/// Calls that no scenario meets, and why.
const UNMET: [(&str, &str); 1] = [(
    "forget_landmarks",
    "an operator's command, one statement of a process of its own",
)];

/// Every scenario with a harm at each of its points, or at those that are tried by default.
async fn cases(stage: &Stage, harm: Harm) -> Vec<Case> {
    let found = futures::stream::iter(Scenario::ALL)
        .map(async |scenario| (scenario, points(stage, scenario).await));
    let found: Vec<_> = found.buffered(AT_ONCE).collect().await;
    let mut cases = Vec::new();
    for (scenario, points) in found {
        for (number, point) in points.into_iter().enumerate() {
            // A failure leaves less behind than a crash: by default each call fails on one side only.
            let other_side = harm == Harm::Fail && (number + number / 2) % 2 == 1;
            if all() || !other_side && scenario.samples(number, &point) {
                cases.push(Case {
                    scenario,
                    point,
                    harm,
                    then: None,
                });
            }
        }
    }
    let met: BTreeSet<_> = cases.iter().map(|case| case.point.call.as_str()).collect();
    for call in calls() {
        let excused = UNMET.iter().any(|(unmet, _)| *unmet == call);
        assert_ne!(
            met.contains(call.as_str()),
            excused,
            "{call} is met by no scenario, or by one and excused: {met:?}"
        );
    }
    cases
}

/// Plays cases. Returns those whose points were met, each with the calls of its last recovery. At most one in `rare` is not, and
/// one more: all are held to the invariants all the same.
async fn play(
    stage: &Stage,
    what: &str,
    cases: Vec<Case>,
    rare: usize,
) -> Vec<(Case, Vec<String>)> {
    let tried = cases.len();
    let played = futures::stream::iter(cases).map(async |case| {
        let recovery = case.play(stage).await;
        (case, recovery)
    });
    let mut played = played.buffer_unordered(AT_ONCE);
    let (mut met, mut missed) = (Vec::new(), Vec::new());
    while let Some((case, recovery)) = played.next().await {
        match recovery {
            Some(recovery) => met.push((case, recovery)),
            None => missed.push(case.to_string()),
        }
        let done = met.len() + missed.len();
        if all() && done.is_multiple_of(REMINDER) {
            println!("{done} of {tried} {what}");
        }
    }
    assert!(missed.len() <= tried / rare + 1, "not met: {missed:?}");
    met
}

/// Plays every case of a harm, one of so many in turn. Returns how many there were.
async fn everywhere(ground: Ground, harm: Harm, of: usize) -> usize {
    let stage = &Stage::on(ground).await;
    let cases = cases(stage, harm).await.into_iter().step_by(of).collect();
    let what = match harm {
        Harm::Kill => "crashes",
        _ => "failures",
    };
    play(stage, what, cases, RARE).await.len()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_process_that_is_killed_at_any_point_leaves_nothing_that_is_not_mended() {
    let stage = &Stage::start().await;
    let cases = cases(stage, Harm::Kill).await;
    let crashes = play(stage, "crashes", cases.clone(), RARE).await;
    println!("{} crashes", crashes.len());
    assert!(crashes.len() >= 56, "{}", crashes.len());
    if !all() {
        return;
    }
    let different = recovery::different(&cases);
    let again = crashes
        .iter()
        .filter(|(crash, _)| different.contains(&crash))
        .flat_map(|(crash, recovery)| recovery::again(crash, recovery))
        .collect();
    let twice = play(stage, "crashes of recoveries", again, RARE_AGAIN)
        .await
        .len();
    println!(
        "{twice} crashes of recoveries, from {} different remains",
        different.len()
    );
    assert!(twice >= 30, "{twice}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_that_fails_at_any_point_leaves_nothing_that_is_not_mended() {
    let tried = everywhere(Ground::Embedded, Harm::Fail, 1).await;
    assert!(tried >= 28, "{tried}");
    println!("{tried} failures");
}

/// A sample, on what a fleet stands on; with `--all`, every point.
#[cfg(any(feature = "postgres-tests", feature = "cluster-tests"))]
async fn sampled(ground: Ground) {
    let of = if all() { 1 } else { 3 };
    let killed = everywhere(ground, Harm::Kill, of).await;
    let failed = everywhere(ground, Harm::Fail, 2 * of).await;
    assert!(killed >= 15 && failed >= 4, "{killed}, {failed}");
    println!("{ground:?}: {killed} crashes, {failed} failures");
}

#[cfg(feature = "postgres-tests")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_postgresql_a_crash_leaves_nothing_that_is_not_mended() {
    sampled(Ground::Postgres).await;
}

#[cfg(feature = "cluster-tests")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_a_real_control_plane_a_crash_leaves_nothing_that_is_not_mended() {
    sampled(Ground::ControlPlane).await;
}
