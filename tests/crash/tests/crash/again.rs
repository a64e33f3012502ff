//! What a client does at last: the same again, which must be granted now.

use crate::run::Run;
use crate::scenario::Scenario;
use crate::script::{Script, known};

impl Script {
    /// What a client does that got no answer, or wants to know: the same again. It must be granted now.
    pub(crate) async fn again(&mut self, run: &mut Run<'_>) {
        let (what, scenario, id) = (run.what.clone(), self.scenario, self.id.clone());
        let body = scenario.body(&self.id);
        let before = self.acknowledged;
        let ids = known(run);
        if scenario == Scenario::Probe {
            assert_eq!(run.probed().await, Some(true), "{what}");
        }
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
            | Scenario::LateIssue
            | Scenario::CertifiedIssue
            | Scenario::Replay
            | Scenario::Twins
            | Scenario::PendingCleanUp => {
                alice.issued(&body, Some("key")).await;
            }
            Scenario::Quota => {
                let reply = alice.revoke(&id).await.expect("an answer");
                assert!(matches!(reply.code(), 204 | 404), "{what}: {}", reply.text);
                alice.notes.revoked.insert(id.clone());
                alice.issued(&body, Some("key")).await;
                let third = alice.issue(&body, None).await.expect("an answer");
                assert_eq!(third.code(), 429, "{what}: {}", third.text);
            }
            Scenario::Retention => {
                let named = alice.issue(&body, None).await.expect("an answer");
                assert_eq!(named.code(), 409, "{what}: {}", named.text);
            }
            Scenario::FirstMeeting => {
                alice.issued(&body, None).await;
            }
            Scenario::Revoke | Scenario::RevokingCleanUp | Scenario::CertifiedRevoke => {
                let reply = alice.revoke(&id).await.expect("an answer");
                assert!(matches!(reply.code(), 204 | 404), "{what}: {}", reply.text);
                alice.notes.revoked.insert(id.clone());
                let gone = alice.get(&id).await.expect("an answer");
                assert_eq!(gone.code(), 404, "{what}: {}", gone.text);
            }
            Scenario::Expiry | Scenario::CertifiedExpiry => {
                let over = alice.download(&id).await.expect("an answer");
                assert_eq!(over.code(), 409, "{what}: {}", over.text);
                let shown = alice.get(&id).await.expect("an answer");
                assert_eq!(shown.json()["status"], "expired", "{what}: {}", shown.text);
            }
            Scenario::Issue
            | Scenario::Download
            | Scenario::CertifiedDownload
            | Scenario::Sweep
            | Scenario::Missing
            | Scenario::Probe => {}
        })
        .await;
        // What was granted, and is wanted, can be had.
        let wanted = known(run);
        let over = [
            Scenario::Expiry,
            Scenario::CertifiedExpiry,
            Scenario::Retention,
        ];
        if !over.contains(&scenario) {
            for id in wanted.iter().take(3) {
                let gone = run.notes.unwanted.contains(id) || run.notes.taken.contains(id);
                let reply = run.alice(async |alice| alice.download(id).await).await;
                let reply = reply.expect("an answer");
                let expected = if gone { 404 } else { 200 };
                assert_eq!(reply.code(), expected, "{what}: {}", reply.text);
            }
        }
    }
}
