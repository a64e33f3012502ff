//! How long a round goes on with a cluster that fails. One object may fail by itself (a webhook minds it), and must hold up no
//! other; where nothing succeeds, each further one would only wait for the same.

use std::collections::HashMap;

use crate::error::Error;
use crate::ports::ClusterError;

/// So many failures in a row, with no success between them, are the role's; the cluster's, where it has no role that is well; or
/// the store's.
const IN_A_ROW: usize = 3;

/// What a round has met so far.
#[derive(Debug, Default)]
pub(super) struct Patience {
    /// The cluster is another one.
    another: bool,
    /// How often the store failed since something was done.
    store: usize,
    roles: HashMap<String, Met>,
}

/// What a round has met of a role.
#[derive(Debug, Default)]
struct Met {
    /// How often it was not answered since something of it was done.
    unanswered: usize,
    /// And how often it was refused.
    refused: usize,
    /// Whether something of it was done.
    done: bool,
}

impl Met {
    fn is_ill(&self) -> bool {
        self.unanswered >= IN_A_ROW
    }

    fn is_over(&self) -> bool {
        self.is_ill() || self.refused >= IN_A_ROW
    }

    fn is_well(&self) -> bool {
        self.done && !self.is_ill()
    }
}

impl Patience {
    /// Something of a role was done.
    pub(super) fn succeeded(&mut self, role: &str) {
        self.store = 0;
        *self.of(role) = Met {
            done: true,
            ..Met::default()
        };
    }

    /// Something of a role failed.
    pub(super) fn failed(&mut self, role: &str, error: &Error) {
        match error {
            Error::Store(_) => self.store += 1,
            // Nothing there is what it was.
            Error::Cluster(ClusterError::Another(_)) => self.another = true,
            // A webhook of the role's namespace may hang, and rights are given by it, too: such a role holds up no other.
            Error::Cluster(ClusterError::Unreachable(_) | ClusterError::Busy(_)) => {
                self.of(role).unanswered += 1;
            }
            Error::Cluster(ClusterError::Refused(_)) => self.of(role).refused += 1,
            _ => {}
        }
    }

    fn of(&mut self, role: &str) -> &mut Met {
        self.roles.entry(role.to_owned()).or_default()
    }

    /// Whether the cluster is ill, or the store: nothing further is begun.
    pub(super) fn is_over(&self) -> bool {
        let ill = self.roles.values().any(Met::is_ill);
        let well = self.roles.values().any(Met::is_well);
        self.another || self.store >= IN_A_ROW || (ill && !well)
    }

    /// Whether nothing further of a role is begun.
    pub(super) fn is_over_with(&self, role: &str) -> bool {
        self.is_over() || self.roles.get(role).is_some_and(Met::is_over)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unreachable() -> Error {
        Error::Cluster(ClusterError::Unreachable("broken".into()))
    }

    fn refused() -> Error {
        Error::Cluster(ClusterError::Refused("no rights".into()))
    }

    #[test]
    fn a_cluster_is_ill_when_nothing_succeeds() {
        let mut patience = Patience::default();
        for _ in 0..5 {
            patience.failed("viewer", &unreachable());
            patience.failed("editor", &unreachable());
            assert!(!patience.is_over());
            patience.succeeded("viewer");
        }
        for _ in 0..3 {
            patience.failed("viewer", &unreachable());
        }
        assert!(patience.is_over() && patience.is_over_with("editor"));
    }

    #[test]
    fn a_role_that_hangs_is_over_alone_while_another_is_well() {
        let mut patience = Patience::default();
        patience.succeeded("viewer");
        for _ in 0..3 {
            assert!(!patience.is_over_with("editor"));
            patience.failed("editor", &unreachable());
        }
        assert!(patience.is_over_with("editor"));
        assert!(!patience.is_over() && !patience.is_over_with("viewer"));
        for _ in 0..3 {
            assert!(!patience.is_over());
            patience.failed("viewer", &unreachable());
        }
        assert!(patience.is_over(), "none is well any more");
    }

    #[test]
    fn a_role_that_is_refused_is_over_alone() {
        let mut patience = Patience::default();
        for _ in 0..3 {
            assert!(!patience.is_over_with("viewer"));
            patience.failed("viewer", &refused());
            patience.succeeded("editor");
        }
        assert!(patience.is_over_with("viewer"));
        assert!(!patience.is_over_with("editor") && !patience.is_over());
    }

    #[test]
    fn another_cluster_is_not_asked_again() {
        let mut patience = Patience::default();
        patience.failed(
            "viewer",
            &Error::Cluster(ClusterError::Another("it".into())),
        );
        assert!(patience.is_over());
    }

    #[test]
    fn what_is_held_is_nobodys_failure() {
        let mut patience = Patience::default();
        for _ in 0..9 {
            patience.failed("viewer", &Error::Cluster(ClusterError::Held));
        }
        assert!(!patience.is_over_with("viewer"));
    }
}
