//! How much one cluster may take of the service, and how long.

use std::time::Duration;

/// Bounds of the calls to each cluster. The defaults fit a service in the same region.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The longest that one operation takes, repetitions included.
    pub deadline: Duration,
    /// The longest that listing a whole cluster takes.
    pub listing: Duration,
    /// How many operations one cluster has under way at most. A slow cluster slows no other.
    pub concurrency: usize,
    /// How long an operation waits for its turn before the cluster counts as busy.
    pub queue: Duration,
    /// How old the knowledge of the credential's files may be.
    pub reread: Duration,
    /// How old the knowledge of a cluster's health may be.
    pub health: Duration,
}

impl Limits {
    /// How many of the operations that are under way may make credentials: a quarter is left for those that end them.
    pub(crate) fn making(&self) -> usize {
        (self.concurrency - self.concurrency / 4).max(1)
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            deadline: Duration::from_secs(10),
            listing: Duration::from_secs(60),
            concurrency: 32,
            queue: Duration::from_secs(2),
            reread: Duration::from_secs(5),
            health: Duration::from_secs(5),
        }
    }
}
