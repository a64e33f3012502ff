//! The process dies at every point, really: by SIGKILL. Or the call there fails, before or after it was done.

use std::collections::BTreeSet;

use crash::{Harm, Plan, Point, Side};
use futures::StreamExt;

use crate::all;
use crate::invariants::{self, Left};
use crate::run::Run;
use crate::scenario::Scenario;
use crate::script::Script;
use crate::stage::{Ground, Stage};

/// How many are tried at once: mostly they wait for deadlines.
const AT_ONCE: usize = 6;

/// The calls that the recovery from a crash makes.
const RECOVERY: [&str; 8] = [
    "due",
    "remove",
    "fail",
    "finish_revoke",
    "expire",
    "active",
    "objects",
    "begin_issue",
];

/// Every point of a scenario, found by playing it without harm.
async fn points(stage: &Stage, scenario: Scenario) -> Vec<Point> {
    let mut run = Run::new(stage, format!("{scenario:?}, undisturbed")).await;
    let mut script = Script::new(scenario);
    script.prepare(&mut run).await;
    script.act(&mut run, Plan::At(scenario.harms())).await;
    let seen = run.follow(Plan::Calm).await;
    recover(&mut script, &mut run).await;
    let points = scenario.points(&seen);
    assert!(!points.is_empty(), "{scenario:?}: {seen:?}");
    points
}

/// The client comes again, the reconciler finishes, and everything is as it must be.
async fn recover(script: &mut Script, run: &mut Run<'_>) -> Left {
    assert!(run.quiet().await, "{}: it died", run.what);
    script.again(run).await;
    assert!(run.quiet().await, "{}: it died", run.what);
    run.stop().await;
    let left = invariants::hold(run).await;
    let (objects, what) = (left.objects, &run.what);
    assert!(
        script.objects().contains(&objects),
        "{what}: {objects} objects"
    );
    left
}

/// Plays a scenario with one harm. `then` is where the recovery dies as well, if it comes there. Says whether the point
/// was met: a request that races the reconciler does not always come there.
async fn harmed(
    stage: &Stage,
    scenario: Scenario,
    point: &Point,
    harm: Harm,
    then: Option<Point>,
) -> bool {
    let what = match &then {
        None => format!("{scenario:?}, {harm:?} {point}"),
        Some(then) => format!("{scenario:?}, {harm:?} {point}, then {then}"),
    };
    let mut run = Run::new(stage, what).await;
    let mut script = Script::new(scenario);
    script.prepare(&mut run).await;
    let mut harms = scenario.harms();
    harms.push((point.clone(), harm));
    script.act(&mut run, Plan::At(harms)).await;
    let mut met = true;
    if harm == Harm::Kill {
        met = run.died().await;
        if let Some(then) = then {
            let second = Plan::At(vec![(then, Harm::Kill)]);
            if run.start(second).await && run.quiet().await {
                run.kill().await;
            } else {
                run.died().await;
            }
        }
        run.start_well().await;
    } else {
        run.follow(Plan::Calm).await;
    }
    recover(&mut script, &mut run).await;
    met
}

/// What is tried of all the points that there are.
#[derive(Clone, Copy)]
struct Choice {
    /// The recovery dies as well, at each of its points.
    twice: bool,
    /// One of so many, in turn.
    of: usize,
}

/// Plays every scenario with a harm at each of its points. Returns how many there were.
async fn everywhere(ground: Ground, harm: Harm, choice: Choice) -> usize {
    let stage = &Stage::on(ground).await;
    let found = futures::stream::iter(Scenario::ALL)
        .map(async |scenario| (scenario, points(stage, scenario).await));
    let found: Vec<_> = found.buffered(AT_ONCE).collect().await;
    let mut cases = Vec::new();
    for (scenario, points) in found {
        for (number, point) in points.into_iter().enumerate() {
            // A failure leaves less behind than a crash: by default each call fails on one side only.
            let other_side = harm == Harm::Fail && (number + number / 2) % 2 == 1;
            if !all() && (other_side || !scenario.samples(number, &point)) {
                continue;
            }
            cases.push((scenario, point.clone(), None));
            if !choice.twice {
                continue;
            }
            for call in RECOVERY {
                for side in [Side::Before, Side::After] {
                    let then = Point {
                        call: call.to_owned(),
                        nth: 1,
                        side,
                    };
                    cases.push((scenario, point.clone(), Some(then)));
                }
            }
        }
    }
    let cases: Vec<_> = cases.into_iter().step_by(choice.of).collect();
    let met: BTreeSet<_> = cases
        .iter()
        .map(|(_, point, _)| point.call.as_str())
        .collect();
    for call in [
        "begin_issue",
        "create",
        "mint",
        "activate",
        "fail",
        "find",
        "append",
        "add_credential",
        "begin_revoke",
        "remove",
        "finish_revoke",
        "expire",
        "due",
        "active",
        "objects",
        "lose",
        "list",
    ] {
        let few = choice.of > 1;
        assert!(
            few || met.contains(call),
            "{call} is met by no scenario: {met:?}"
        );
    }
    let tried = cases.len();
    let played = futures::stream::iter(cases).map(async |(scenario, point, then)| {
        let met = harmed(stage, scenario, &point, harm, then).await;
        (!met).then(|| format!("{scenario:?}: {point}"))
    });
    let missed: Vec<_> = played
        .buffer_unordered(AT_ONCE)
        .filter_map(async |missed| missed)
        .collect()
        .await;
    assert!(missed.len() * 20 <= tried, "not met: {missed:?}");
    tried - missed.len()
}

/// Every point once, each.
const ONCE: Choice = Choice {
    twice: false,
    of: 1,
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_process_that_is_killed_at_any_point_leaves_nothing_that_is_not_mended() {
    let choice = Choice {
        twice: all(),
        ..ONCE
    };
    let tried = everywhere(Ground::Embedded, Harm::Kill, choice).await;
    assert!(tried >= 56, "{tried}");
    println!("{tried} crashes");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_that_fails_at_any_point_leaves_nothing_that_is_not_mended() {
    let tried = everywhere(Ground::Embedded, Harm::Fail, ONCE).await;
    assert!(tried >= 28, "{tried}");
    println!("{tried} failures");
}

/// A sample, on what a fleet stands on; with `--all`, every point.
#[cfg(any(feature = "postgres-tests", feature = "cluster-tests"))]
async fn sampled(ground: Ground) {
    let of = if all() { 1 } else { 3 };
    let choice = Choice { of, ..ONCE };
    let killed = everywhere(ground, Harm::Kill, choice).await;
    let choice = Choice { of: 2 * of, ..ONCE };
    let failed = everywhere(ground, Harm::Fail, choice).await;
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
