//! What is under way when something goes wrong: each path through the protocol, and its points.

use crash::{Harm, Point, Side};
use serde_json::{Value, json};

use crate::setting::Setting;

/// A path through the protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scenario {
    Issue,
    IssueWithKey,
    IssueWithId,
    /// The cluster fails the first credential, and what was made is removed.
    FailedIssue,
    /// The last write fails, and what was made is removed.
    UndoneIssue,
    /// The last write is done, and its answer is lost.
    DoubtfulIssue,
    /// The last write gets no answer, and is done when what was made is being removed.
    LateIssue,
    /// The same key, once more.
    Replay,
    /// A hundred with the same key, at once.
    Twins,
    Download,
    Revoke,
    /// Several at once, by whom they are for.
    RevokeMany,
    /// The reconciler ends what has expired.
    Expiry,
    /// The reconciler removes an object that no record knows.
    Sweep,
    /// The reconciler finds that an object was taken away.
    Missing,
    /// The reconciler gives up what a crash left pending.
    PendingCleanUp,
    /// The reconciler goes on with what a crash left revoking.
    RevokingCleanUp,
    /// An issue of a client certificate.
    CertifiedIssue,
    CertifiedDownload,
    /// A revocation of a client certificate, which only time ends.
    CertifiedRevoke,
    CertifiedExpiry,
    /// One makes room for another, and a third is refused.
    Quota,
    /// What is over is forgotten, at the start of a server.
    Retention,
    /// A server meets its cluster for the first time.
    FirstMeeting,
    /// A probe, and the metrics.
    Probe,
}

impl Scenario {
    pub(crate) const ALL: [Scenario; 25] = [
        Scenario::Issue,
        Scenario::IssueWithKey,
        Scenario::IssueWithId,
        Scenario::FailedIssue,
        Scenario::UndoneIssue,
        Scenario::DoubtfulIssue,
        Scenario::LateIssue,
        Scenario::Replay,
        Scenario::Twins,
        Scenario::Download,
        Scenario::Revoke,
        Scenario::RevokeMany,
        Scenario::Expiry,
        Scenario::Sweep,
        Scenario::Missing,
        Scenario::PendingCleanUp,
        Scenario::RevokingCleanUp,
        Scenario::CertifiedIssue,
        Scenario::CertifiedDownload,
        Scenario::CertifiedRevoke,
        Scenario::CertifiedExpiry,
        Scenario::Quota,
        Scenario::Retention,
        Scenario::FirstMeeting,
        Scenario::Probe,
    ];

    /// Under what its installation works.
    pub(crate) fn setting(self) -> Setting {
        match self {
            Scenario::CertifiedIssue
            | Scenario::CertifiedDownload
            | Scenario::CertifiedRevoke
            | Scenario::CertifiedExpiry => Setting::Certificates,
            Scenario::Quota => Setting::Quota,
            Scenario::Retention => Setting::Forgetful,
            _ => Setting::Usual,
        }
    }

    /// Whether it is over with the time of what it is about, and not before.
    pub(crate) fn takes_its_time(self) -> bool {
        matches!(
            self,
            Scenario::Expiry | Scenario::CertifiedExpiry | Scenario::CertifiedRevoke
        )
    }

    /// Whether it is the reconciler's, from the start of a server; otherwise it is a request's.
    pub(crate) fn starts_with_the_server(self) -> bool {
        matches!(
            self,
            Scenario::Sweep
                | Scenario::Missing
                | Scenario::PendingCleanUp
                | Scenario::RevokingCleanUp
                | Scenario::Retention
                | Scenario::FirstMeeting
        )
    }

    /// Whether a call of that name belongs to it, rather than to the reconciler's rounds beside it.
    fn owns(self, call: &str) -> bool {
        match call {
            "lease" | "retain" | "alive" => return self == Scenario::Retention,
            "landmarks" | "note_landmark" => return self == Scenario::FirstMeeting,
            "ping" | "size" => return self == Scenario::Probe,
            _ => {}
        }
        match self {
            Scenario::Retention | Scenario::FirstMeeting | Scenario::Probe => false,
            Scenario::Sweep | Scenario::Missing => true,
            Scenario::Expiry
            | Scenario::CertifiedExpiry
            | Scenario::PendingCleanUp
            | Scenario::RevokingCleanUp => !matches!(call, "active" | "objects"),
            _ => !matches!(call, "due" | "active" | "objects"),
        }
    }

    /// The points of its calls, in order. Of calls that are made again and again only the first counts.
    pub(crate) fn points(self, seen: &[String]) -> Vec<Point> {
        let mut points: Vec<Point> = Vec::new();
        for call in seen.iter().filter(|call| self.owns(call)) {
            let before = points.iter().filter(|point| point.call == *call).count() / 2;
            if self == Scenario::Twins && call == "begin_issue" {
                continue;
            }
            let again_and_again = matches!(
                call.as_str(),
                "due" | "lease" | "alive" | "landmarks" | "note_landmark" | "ping" | "size"
            );
            if before > 0 && (again_and_again || self == Scenario::Twins) {
                continue;
            }
            let nth = u32::try_from(before + 1).expect("few");
            if self
                .harms()
                .iter()
                .any(|(point, _)| point.call == *call && point.nth == nth)
            {
                continue;
            }
            points.extend([Side::Before, Side::After].map(|side| Point {
                call: call.clone(),
                nth,
                side,
            }));
        }
        points
    }

    /// Whether a point is tried when each is tried once: the ways to issue share theirs, and take turns.
    pub(crate) fn samples(self, number: usize, point: &Point) -> bool {
        match self {
            Scenario::Issue => number.is_multiple_of(3),
            Scenario::IssueWithKey => number % 3 == 1,
            Scenario::IssueWithId => number % 3 == 2,
            Scenario::FailedIssue => matches!(point.call.as_str(), "remove" | "fail"),
            Scenario::UndoneIssue => matches!(point.call.as_str(), "abandon" | "remove" | "fail"),
            Scenario::DoubtfulIssue => matches!(point.call.as_str(), "abandon" | "find"),
            Scenario::Twins => matches!(point.call.as_str(), "mint" | "activate"),
            Scenario::LateIssue => matches!(point.call.as_str(), "remove" | "fail"),
            Scenario::RevokeMany => number.is_multiple_of(3),
            Scenario::CertifiedIssue => matches!(point.call.as_str(), "certify" | "activate"),
            Scenario::CertifiedDownload => {
                matches!(point.call.as_str(), "certify" | "add_credential")
            }
            Scenario::CertifiedRevoke => {
                matches!(point.call.as_str(), "begin_revoke" | "finish_revoke")
            }
            Scenario::CertifiedExpiry => point.call == "expire",
            Scenario::Quota => number.is_multiple_of(4),
            _ => true,
        }
    }

    /// What goes wrong in any case.
    pub(crate) fn harms(self) -> Vec<(Point, Harm)> {
        match self {
            Scenario::FailedIssue => vec![(before("mint"), Harm::Fail)],
            Scenario::UndoneIssue => vec![(before("activate"), Harm::Fail)],
            Scenario::DoubtfulIssue => vec![(after("activate"), Harm::Fail)],
            Scenario::LateIssue => vec![(before("activate"), Harm::Late)],
            _ => Vec::new(),
        }
    }

    /// What a client asks for, of a kubeconfig of that name where it names one.
    pub(crate) fn body(self, id: &str) -> Value {
        match self {
            Scenario::IssueWithId => json!({"id": id, "ttl": 900}),
            // Long enough to be prepared on a busy machine.
            Scenario::Expiry | Scenario::CertifiedExpiry | Scenario::CertifiedRevoke => {
                json!({"ttl": 4})
            }
            Scenario::Retention => json!({"id": id, "ttl": 2}),
            _ => json!({"ttl": 900}),
        }
    }
}

/// Before the first call of that name.
pub(crate) fn before(call: &str) -> Point {
    first(call, Side::Before)
}

fn after(call: &str) -> Point {
    first(call, Side::After)
}

fn first(call: &str, side: Side) -> Point {
    Point {
        call: call.to_owned(),
        nth: 1,
        side,
    }
}
