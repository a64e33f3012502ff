//! How long a round goes on with a cluster that fails. One object may fail by itself (a webhook minds it), and must hold up no
//! other; where nothing succeeds, each further one would only wait for the same.

use std::collections::HashMap;

use crate::error::Error;
use crate::ports::ClusterError;

/// So many failures in a row, with no success between them, are the cluster's (or the store's), or the role's.
const IN_A_ROW: usize = 3;

/// What a round has met so far.
#[derive(Debug, Default)]
pub(super) struct Patience {
    failed: usize,
    refused: HashMap<String, usize>,
}

impl Patience {
    /// Something of a role was done.
    pub(super) fn succeeded(&mut self, role: &str) {
        self.failed = 0;
        self.refused.remove(role);
    }

    /// Something of a role failed.
    pub(super) fn failed(&mut self, role: &str, error: &Error) {
        match error {
            Error::Cluster(ClusterError::Unreachable(_) | ClusterError::Busy(_))
            | Error::Store(_) => self.failed += 1,
            // Nothing there is what it was.
            Error::Cluster(ClusterError::Another(_)) => self.failed = IN_A_ROW,
            // Rights are given by the role's namespace: a role that was given up holds up no other.
            Error::Cluster(ClusterError::Refused(_)) => {
                *self.refused.entry(role.to_owned()).or_default() += 1;
            }
            _ => {}
        }
    }

    /// Whether the cluster is ill, or the store: nothing further is begun.
    pub(super) fn is_over(&self) -> bool {
        self.failed >= IN_A_ROW
    }

    /// Whether nothing further of a role is begun.
    pub(super) fn is_over_with(&self, role: &str) -> bool {
        self.is_over()
            || self
                .refused
                .get(role)
                .is_some_and(|times| *times >= IN_A_ROW)
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
