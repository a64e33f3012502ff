//! A window for metrics: what was asked of which cluster, how it went, and how long it took.

use kubemint::cluster::ClusterKey;

/// Told of every operation once it has ended. It is called on the operation's own task, so it must be quick.
pub trait Observer: Send + Sync {
    /// `operation` is one of `create`, `mint`, `remove`, `objects` and `health`; `outcome` is `ok`, or one of
    /// `unreachable`, `refused`, `busy`, `misbehaving`, `held`, `missing` and `foreign`.
    fn call(
        &self,
        cluster: &ClusterKey,
        operation: &'static str,
        outcome: &'static str,
        seconds: f64,
    );
}

/// Nobody watches.
impl Observer for () {
    fn call(&self, _: &ClusterKey, _: &'static str, _: &'static str, _: f64) {}
}
