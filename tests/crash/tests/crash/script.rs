//! A scenario as it is played: what must be there before, what is under way, and what a client does afterwards.

use std::time::{Duration, Instant};

use crash::{Harm, Plan};
use uuid::Uuid;

use crate::notes::Issued;
use crate::run::{Client, Run};
use crate::scenario::{Scenario, before};
use crate::setting::Setting;

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
pub(crate) fn known(run: &Run<'_>) -> Vec<String> {
    let issued = run.notes.issued.iter();
    issued.map(|issued| issued.id.clone()).collect()
}

/// Waits for a moment.
async fn until(moment: chrono::DateTime<chrono::Utc>) {
    let left = (moment - chrono::Utc::now()).to_std().unwrap_or_default();
    tokio::time::sleep(left).await;
}

/// A scenario as it is played once.
pub(crate) struct Script {
    pub(crate) scenario: Scenario,
    /// The kubeconfig that it is about.
    pub(crate) id: String,
    /// The name of the stray object.
    stray: Option<String>,
    /// Whether the first request was answered 201.
    pub(crate) acknowledged: bool,
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
        if self.scenario == Scenario::FirstMeeting {
            return;
        }
        run.start_well().await;
        match self.scenario {
            Scenario::Issue
            | Scenario::IssueWithKey
            | Scenario::IssueWithId
            | Scenario::FailedIssue
            | Scenario::UndoneIssue
            | Scenario::DoubtfulIssue
            | Scenario::LateIssue
            | Scenario::Twins
            | Scenario::CertifiedIssue
            | Scenario::Probe => {}
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
            Scenario::Retention => {
                let issued = self.granted(run, Some("key")).await;
                assert!(run.quiet().await, "{}: it died", run.what);
                // It is over, and so are the second for which it is kept after that, and its key's.
                until(issued.expires_at + SETTLED).await;
                run.stop().await;
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
            Scenario::Expiry | Scenario::CertifiedExpiry => {
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
            Scenario::FirstMeeting => {
                run.until(|seen, _| seen.iter().any(|call| call == "note_landmark"))
                    .await;
            }
            Scenario::Retention => {
                let done = |seen: &[String], _| {
                    let count = |name| seen.iter().filter(|call| *call == name).count();
                    count("lease") > 0 && count("alive") > 0 && count("retain") > 1
                };
                run.until(done).await;
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
        if scenario == Scenario::Probe {
            // It may not be ready, or die of it.
            run.probed().await;
        }
        let reply = run
            .alice(async |alice| match scenario {
                Scenario::RevokeMany => alice.revoke_all(&ids).await,
                Scenario::Issue | Scenario::IssueWithId => alice.issue(&body, None).await,
                Scenario::IssueWithKey
                | Scenario::FailedIssue
                | Scenario::UndoneIssue
                | Scenario::DoubtfulIssue
                | Scenario::LateIssue
                | Scenario::CertifiedIssue
                | Scenario::Replay => alice.issue(&body, Some("key")).await,
                Scenario::Download | Scenario::CertifiedDownload => alice.download(&id).await,
                Scenario::Revoke | Scenario::CertifiedRevoke => alice.revoke(&id).await,
                Scenario::Quota => {
                    alice.revoke(&id).await;
                    let second = alice.issue(&body, Some("key")).await;
                    if second.as_ref().is_some_and(|second| second.code() == 201) {
                        let third = alice.issue(&body, None).await.map(|third| third.code());
                        let refused = matches!(third, None | Some(429 | 503));
                        assert!(refused, "{id}: {third:?}");
                    }
                    second
                }
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
        if self.scenario.takes_its_time() {
            // Its object is removed a second before its time, or was to be.
            until(run.notes.issued.last().expect("it was issued").expires_at).await;
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
        if matches!(self.scenario, Scenario::Expiry | Scenario::CertifiedExpiry) {
            let ends = run.notes.issued.last().expect("it was issued").expires_at;
            let since = run.started.map_or(ends, |started| started.max(ends));
            let late = chrono::Utc::now() - since;
            assert!(late <= IN_TIME, "{}: after {late}", run.what);
        }
    }

    /// Whether the server has found what was planted or taken, or forgotten what is over.
    async fn found(&self, run: &mut Run<'_>) -> bool {
        if matches!(self.scenario, Scenario::Missing | Scenario::Retention) {
            let shown = run.alice(async |alice| alice.get(&self.id).await).await;
            return shown.is_some_and(|shown| shown.code() == 404);
        }
        let all = run.stage.kubernetes().accounts().await;
        !all.iter()
            .any(|object| Some(&object.name) == self.stray.as_ref())
    }

    /// How many objects there are in the end.
    pub(crate) fn objects(&self) -> std::ops::RangeInclusive<usize> {
        match self.scenario {
            // Without a key a client that got no answer does not know; it asked once.
            Scenario::Issue | Scenario::IssueWithId => usize::from(self.acknowledged)..=1,
            Scenario::Revoke | Scenario::RevokeMany | Scenario::RevokingCleanUp => 0..=0,
            Scenario::Expiry | Scenario::Missing | Scenario::Retention | Scenario::Probe => 0..=0,
            // Nothing stands for a certificate.
            _ if self.scenario.setting() == Setting::Certificates => 0..=0,
            _ => 1..=1,
        }
    }
}
