//! One case: a path through the protocol with one harm, what the recovery from it does, and perhaps a crash of that
//! recovery.

use std::fmt;

use crash::{Harm, Plan, Point};

use crate::invariants;
use crate::run::Run;
use crate::scenario::Scenario;
use crate::script::Script;
use crate::stage::Stage;

/// How often one is tried until its points are met: a request that races the reconciler does not come there each time. The
/// invariants hold each time.
const TRIES: u32 = 4;

/// A scenario with a harm at one of its points.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Case {
    pub(crate) scenario: Scenario,
    pub(crate) point: Point,
    pub(crate) harm: Harm,
    /// Where the recovery from it dies.
    pub(crate) then: Option<Point>,
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}, {:?} {}", self.scenario, self.harm, self.point)?;
        match &self.then {
            None => Ok(()),
            Some(then) => write!(f, ", then {then}"),
        }
    }
}

/// How often a scenario is played to find its points.
const LOOKS: usize = 3;

/// Every point of a scenario, found by playing it without harm. What the reconciler did beside it in one play, on a busy machine, it
/// does not do in each: the play with the fewest points counts.
pub(crate) async fn points(stage: &Stage, scenario: Scenario) -> Vec<Point> {
    let mut plays = Vec::with_capacity(LOOKS);
    for _ in 0..LOOKS {
        plays.push(points_once(stage, scenario).await);
    }
    let fewest = plays.into_iter().min_by_key(Vec::len);
    fewest.expect("it was played")
}

async fn points_once(stage: &Stage, scenario: Scenario) -> Vec<Point> {
    let what = format!("{scenario:?}, undisturbed");
    let mut run = Run::under(stage, what, scenario.setting()).await;
    let mut script = Script::new(scenario);
    script.prepare(&mut run).await;
    script.act(&mut run, Plan::At(scenario.harms())).await;
    let seen = run.follow(Plan::Calm).await;
    recover(&mut script, &mut run).await;
    let points = scenario.points(&seen);
    assert!(!points.is_empty(), "{scenario:?}: {seen:?}");
    points
}

/// The reconciler finishes, the client comes again, and everything is as it must be. Returns the calls that the reconciler
/// made, in order.
async fn recover(script: &mut Script, run: &mut Run<'_>) -> Vec<String> {
    assert!(script.settled(run).await, "{}: it died", run.what);
    let recovery = run.follow(Plan::Calm).await;
    script.again(run).await;
    assert!(run.quiet().await, "{}: it died", run.what);
    run.stop().await;
    let objects = invariants::hold(run).await.objects;
    let what = &run.what;
    assert!(
        script.objects().contains(&objects),
        "{what}: {objects} objects"
    );
    recovery
}

impl Case {
    /// Plays it until its points are met. Returns the calls of the last recovery, which went undisturbed; `None` if a point
    /// was never met.
    pub(crate) async fn play(&self, stage: &Stage) -> Option<Vec<String>> {
        for _ in 0..TRIES {
            let (met, recovery) = self.once(stage).await;
            if met {
                return Some(recovery);
            }
        }
        None
    }

    /// Plays it. Says whether its points were met, and which calls the last recovery made.
    async fn once(&self, stage: &Stage) -> (bool, Vec<String>) {
        let mut run = Run::under(stage, self.to_string(), self.scenario.setting()).await;
        let mut script = Script::new(self.scenario);
        script.prepare(&mut run).await;
        let mut harms = self.scenario.harms();
        harms.push((self.point.clone(), self.harm));
        script.act(&mut run, Plan::At(harms)).await;
        let mut met = true;
        if self.harm == Harm::Kill {
            met = run.died().await;
            if let Some(then) = &self.then {
                met &= dies_again(&script, &mut run, then).await;
            }
            run.start_well().await;
        } else {
            run.follow(Plan::Calm).await;
        }
        let recovery = recover(&mut script, &mut run).await;
        (met, recovery)
    }
}

/// Starts a server that is to die at a point of its recovery. Whether it did.
async fn dies_again(script: &Script, run: &mut Run<'_>, then: &Point) -> bool {
    let plan = Plan::At(vec![(then.clone(), Harm::Kill)]);
    if run.start(plan).await && script.settled(run).await {
        // It is done, and never came there.
        run.kill().await;
        return false;
    }
    run.died().await
}
