//! A scenario as it is played: what must be there before, what is under way, and what a client does afterwards.

use std::time::{Duration, Instant};

use crash::{Harm, Plan};
use uuid::Uuid;

use crate::notes::Issued;
use crate::run::{Client, Run};
use crate::scenario::{Scenario, before};

/// How many twins come at once.
const TWINS: usize = 100;

/// How many are revoked at once.
const MANY: usize = 3;

/// How often what a scenario is about is issued until it is granted.
const ATTEMPTS: u32 = 5;

/// After its end by so much, a kubeconfig has certainly been ended.
const SETTLED: chrono::TimeDelta = chrono::TimeDelta::seconds(2);

/// After its end, or the start of a server, a kubeconfig is ended within so much.
const IN_TIME: chrono::TimeDelta = chrono::TimeDelta::seconds(10);

/// The kubeconfigs that clients were told of.
fn known(run: &Run<'_>) -> Vec<String> {
    let issued = run.notes.issued.iter();
    issued.map(|issued| issued.id.clone()).collect()
}

/// A scenario as it is played once.
pub(crate) struct Script {
    scenario: Scenario,
    /// The kubeconfig that it is about.
    id: String,
    /// The name of the stray object.
    stray: Option<String>,
    /// Whether the first request was answered 201.
    acknowledged: bool,
}

impl Script {
    pub(crate) fn new(scenario: Scenario) -> Self {
        Self {
            scenario,
            id: format!("k-{}", Uuid::new_v4().simple()),
            stray: None,
            acknowledged: false,
        }
    }

    /// What must be there before. A server runs afterwards, unless the scenario is from the start.
    pub(crate) async fn prepare(&mut self, run: &mut Run<'_>) {
        run.start_well().await;
        match self.scenario {
            Scenario::Issue
            | Scenario::IssueWithKey
            | Scenario::IssueWithId
            | Scenario::FailedIssue
            | Scenario::UndoneIssue
            | Scenario::DoubtfulIssue
            | Scenario::Twins => {}
            Scenario::Replay => {
                self.granted(run, Some("key")).await;
            }
            Scenario::PendingCleanUp => {
                let harm = (before("activate"), Harm::Kill);
                run.follow(Plan::At(vec![harm])).await;
                let body = self.scenario.body(&self.id);
                // A busy machine may take too long to come there: a 503, and then once more.
                for _ in 0..ATTEMPTS {
                    let issue =
                        async |alice: &mut Client<'_>| alice.issue(&body, Some("key")).await;
                    if run.alice(issue).await.is_none() {
                        break;
                    }
                }
                assert!(run.died().await, "{}", run.what);
            }
            Scenario::RevokeMany => {
                for _ in 0..MANY {
                    self.granted(run, None).await;
                }
            }
            _ => {
                let issued = self.granted(run, None).await;
                self.id = issued.id;
                self.bereave(run, issued.uid).await;
            }
        }
    }

    /// Issues what the scenario is about. A machine that is busy enough takes longer than an issue may, which is told with a
    /// 503 and leaves nothing: then once more.
    async fn granted(&self, run: &mut Run<'_>, key: Option<&str>) -> Issued {
        let body = self.scenario.body(&self.id);
        let mut reply = None;
        for _ in 0..ATTEMPTS {
            let answer = run.alice(async |alice| alice.issue(&body, key).await).await;
            let answer = answer.expect("an answer");
            if answer.code() == 201 {
                return run.notes.issued.last().expect("it was noted").clone();
            }
            assert_eq!(answer.code(), 503, "{}: {}", run.what, answer.text);
            reply = Some(answer);
        }
        panic!("{}: never granted: {reply:?}", run.what);
    }

    /// What happens to what was issued, before the scenario begins.
    async fn bereave(&mut self, run: &mut Run<'_>, uid: Uuid) {
        let kubernetes = run.stage.kubernetes();
        match self.scenario {
            Scenario::Sweep => {
                run.stop().await;
                let all = kubernetes.accounts().await;
                let object = all.iter().find(|object| object.name == self.id);
                let object = object.expect("it was issued");
                let name = format!("stray-{}", uid.simple());
                run.stage.plant(object, &name).await;
                self.stray = Some(name);
            }
            Scenario::Missing => {
                run.stop().await;
                kubernetes.delete(&self.id).await;
                run.notes.taken.insert(self.id.clone());
            }
            Scenario::RevokingCleanUp => {
                let harm = (before("remove"), Harm::Kill);
                run.follow(Plan::At(vec![harm])).await;
                run.alice(async |alice| alice.revoke(&self.id).await).await;
                assert!(run.died().await, "{}", run.what);
            }
            _ => {}
        }
    }

    /// What is under way when the plan's harm is done. Afterwards the server is dead, or has done it.
    pub(crate) async fn act(&mut self, run: &mut Run<'_>, plan: Plan) {
        if self.scenario.starts_with_the_server() {
            run.start(plan).await;
        } else {
            run.follow(plan).await;
        }
        self.request(run).await;
        match self.scenario {
            Scenario::Expiry => {
                let ends = run.notes.issued.last().expect("it was issued").expires_at;
                // Or long ago: it may have been ended before the plan was made.
                run.until(|seen, left| {
                    let ended = seen.iter().any(|call| call == "expire");
                    left == 0 && (ended || chrono::Utc::now() > ends + SETTLED)
                })
                .await;
            }
            Scenario::Sweep => {
                // Or the next sweep: where the answer of the removal was lost, there is nothing left to write of.
                let swept = |seen: &[String], _| {
                    let count = |name| seen.iter().filter(|call| *call == name).count();
                    count("append") > 0 || count("objects") > 1
                };
                run.until(swept).await;
            }
            Scenario::Missing => {
                run.until(|seen, _| seen.iter().any(|call| call == "lose"))
                    .await;
            }
            _ => {
                run.quiet().await;
            }
        }
    }

    /// The request that is under way, if there is one, and the same one again.
    async fn request(&mut self, run: &mut Run<'_>) {
        let (scenario, id) = (self.scenario, self.id.clone());
        let body = scenario.body(&self.id);
        let ids = known(run);
        let reply = run
            .alice(async |alice| match scenario {
                Scenario::RevokeMany => alice.revoke_all(&ids).await,
                Scenario::Issue | Scenario::IssueWithId => alice.issue(&body, None).await,
                Scenario::IssueWithKey
                | Scenario::FailedIssue
                | Scenario::UndoneIssue
                | Scenario::DoubtfulIssue
                | Scenario::Replay => alice.issue(&body, Some("key")).await,
                Scenario::Download => alice.download(&id).await,
                Scenario::Revoke => alice.revoke(&id).await,
                _ => None,
            })
            .await;
        if scenario == Scenario::Twins {
            self.twins(run).await;
        }
        let code = reply.map(|reply| reply.code());
        self.acknowledged |= matches!(code, Some(200 | 201 | 204));
    }

    async fn twins(&mut self, run: &mut Run<'_>) {
        let body = self.scenario.body(&self.id);
        let twins = (0..TWINS).map(|_| {
            let mut twin = run.client(run.stage.alice());
            let body = &body;
            async move {
                twin.issue(body, Some("key")).await;
                twin.notes
            }
        });
        let notes = futures::future::join_all(twins).await;
        for notes in notes {
            run.notes.add(notes);
        }
    }

    /// Waits until the reconciler is done with what was left, planted or taken. `false`: the server died.
    pub(crate) async fn settled(&self, run: &mut Run<'_>) -> bool {
        if self.scenario == Scenario::Expiry {
            // Its object is removed a second before its time, or was to be.
            let ends = run.notes.issued.last().expect("it was issued").expires_at;
            let left = (ends - chrono::Utc::now()).to_std().unwrap_or_default();
            tokio::time::sleep(left).await;
        }
        let end = Instant::now() + Duration::from_secs(10);
        loop {
            if !run.quiet().await {
                return false;
            }
            // The row of what is swept is written before it goes.
            if self.found(run).await {
                self.ended_in_time(run);
                return true;
            }
            assert!(Instant::now() < end, "{}: it is not found", run.what);
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// I4: what has expired is gone from the cluster within ten seconds, by a server that was there. (Nothing is quiet before.)
    fn ended_in_time(&self, run: &Run<'_>) {
        if self.scenario == Scenario::Expiry {
            let ends = run.notes.issued.last().expect("it was issued").expires_at;
            let since = run.started.map_or(ends, |started| started.max(ends));
            let late = chrono::Utc::now() - since;
            assert!(late <= IN_TIME, "{}: after {late}", run.what);
        }
    }

    /// Whether the reconciler has found what was planted or taken.
    async fn found(&self, run: &mut Run<'_>) -> bool {
        if self.scenario == Scenario::Missing {
            let shown = run.alice(async |alice| alice.get(&self.id).await).await;
            return shown.is_some_and(|shown| shown.code() == 404);
        }
        let all = run.stage.kubernetes().accounts().await;
        !all.iter()
            .any(|object| Some(&object.name) == self.stray.as_ref())
    }

    /// What a client does that got no answer, or wants to know: the same again. It must be granted now.
    pub(crate) async fn again(&mut self, run: &mut Run<'_>) {
        let (what, scenario, id) = (run.what.clone(), self.scenario, self.id.clone());
        let body = scenario.body(&self.id);
        let before = self.acknowledged;
        let ids = known(run);
        run.alice(async |alice| match scenario {
            Scenario::RevokeMany => {
                let reply = alice.revoke_all(&ids).await.expect("an answer");
                let report = reply.json();
                assert_eq!(reply.code(), 200, "{what}: {}", reply.text);
                assert_eq!(report["complete"], true, "{what}: {}", reply.text);
                for id in &ids {
                    alice.notes.revoked.insert(id.clone());
                    let gone = alice.get(id).await.expect("an answer");
                    assert_eq!(gone.code(), 404, "{what}: {}", gone.text);
                }
            }
            Scenario::IssueWithId => {
                // Whoever was told that it is granted finds the name taken, and so does everyone else.
                let reply = alice.issue(&body, None).await.expect("an answer");
                let taken = reply.code() == 409;
                assert!(taken || !before, "{what}: {}", reply.text);
            }
            Scenario::IssueWithKey
            | Scenario::FailedIssue
            | Scenario::UndoneIssue
            | Scenario::DoubtfulIssue
            | Scenario::Replay
            | Scenario::Twins
            | Scenario::PendingCleanUp => {
                alice.issued(&body, Some("key")).await;
            }
            Scenario::Revoke | Scenario::RevokingCleanUp => {
                let reply = alice.revoke(&id).await.expect("an answer");
                assert!(matches!(reply.code(), 204 | 404), "{what}: {}", reply.text);
                alice.notes.revoked.insert(id.clone());
                let gone = alice.get(&id).await.expect("an answer");
                assert_eq!(gone.code(), 404, "{what}: {}", gone.text);
            }
            Scenario::Expiry => {
                let over = alice.download(&id).await.expect("an answer");
                assert_eq!(over.code(), 409, "{what}: {}", over.text);
                let shown = alice.get(&id).await.expect("an answer");
                assert_eq!(shown.json()["status"], "expired", "{what}: {}", shown.text);
            }
            Scenario::Issue | Scenario::Download | Scenario::Sweep | Scenario::Missing => {}
        })
        .await;
        // What was granted, and is wanted, can be had.
        let wanted = known(run);
        if scenario != Scenario::Expiry {
            for id in wanted.iter().take(3) {
                let gone = run.notes.unwanted.contains(id) || run.notes.taken.contains(id);
                let reply = run.alice(async |alice| alice.download(id).await).await;
                let reply = reply.expect("an answer");
                let expected = if gone { 404 } else { 200 };
                assert_eq!(reply.code(), expected, "{what}: {}", reply.text);
            }
        }
    }

    /// How many objects there are in the end.
    pub(crate) fn objects(&self) -> std::ops::RangeInclusive<usize> {
        match self.scenario {
            // Without a key a client that got no answer does not know; it asked once.
            Scenario::Issue | Scenario::IssueWithId => usize::from(self.acknowledged)..=1,
            Scenario::Revoke | Scenario::RevokeMany | Scenario::RevokingCleanUp => 0..=0,
            Scenario::Expiry | Scenario::Missing => 0..=0,
            _ => 1..=1,
        }
    }
}
