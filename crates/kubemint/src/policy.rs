//! What policy is asked, and what it answers.

use crate::caller::Caller;
use crate::cluster::ClusterKey;
use crate::record::Relation;

/// What a caller wants to do. Names follow the documented style of roles.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Action {
    /// Have a kubeconfig for oneself.
    Issue,
    /// Have one in someone else's name.
    IssueForOthers,
    /// Know that the cluster exists, and list its kubeconfigs that one may get.
    List,
    /// Read one.
    Get,
    /// Have its credential.
    Download,
    /// End one.
    Revoke,
}

impl Action {
    /// Every action.
    pub const ALL: [Action; 6] = [
        Action::Issue,
        Action::IssueForOthers,
        Action::List,
        Action::Get,
        Action::Download,
        Action::Revoke,
    ];

    /// The action's stable name, as policies know it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Action::Issue => "compute.kubeconfigs.issue",
            Action::IssueForOthers => "compute.kubeconfigs.issueForOthers",
            Action::List => "compute.kubeconfigs.list",
            Action::Get => "compute.kubeconfigs.get",
            Action::Download => "compute.kubeconfigs.download",
            Action::Revoke => "compute.kubeconfigs.revoke",
        }
    }
}

/// A question to policy.
#[derive(Clone, Copy, Debug)]
pub struct Query<'a> {
    /// Who wants it.
    pub caller: &'a Caller,
    /// What.
    pub action: Action,
    /// At which cluster. It may not exist: policy must not tell the two apart.
    pub cluster: &'a ClusterKey,
    /// The role wanted ([`Action::Issue`] and [`Action::IssueForOthers`]), or the kubeconfig's ([`Action::Download`]).
    pub role: Option<&'a str>,
    /// The time to live wanted, in seconds ([`Action::Issue`] and [`Action::IssueForOthers`]).
    pub ttl: Option<u32>,
    /// The user that it is for (the same three).
    pub user: Option<&'a str>,
    /// How the caller stands to the kubeconfig ([`Action::Get`], [`Action::Download`], [`Action::Revoke`]).
    pub relation: Option<Relation>,
}

/// An answer of policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// Whether it is permitted.
    pub allowed: bool,
    /// The policies that decided, by their identifiers; or why evaluation failed.
    pub reasons: Vec<String>,
    /// Which policy set it was: a hash, in hexadecimal.
    pub policy_hash: String,
}
