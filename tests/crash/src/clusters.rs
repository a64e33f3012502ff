//! The clusters, breakable.

use std::sync::Arc;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use kubemint::ports::{ClusterError, Clusters, Credential, Listing, ObjectRef};
use kubemint::{ClusterKey, ClusterProfile, Record};

use crate::faults::Faults;

/// Clusters whose calls are judged.
pub(crate) struct BreakableClusters {
    faults: Arc<Faults>,
    inner: Arc<dyn Clusters>,
}

impl BreakableClusters {
    pub(crate) fn new(faults: Arc<Faults>, inner: Arc<dyn Clusters>) -> Self {
        Self { faults, inner }
    }
}

type Make = fn(String) -> ClusterError;

/// What any call may be told.
const ANY: [Make; 6] = [
    |why| ClusterError::Unreachable(why.into()),
    |why| ClusterError::Busy(why.into()),
    |why| ClusterError::Refused(why.into()),
    |why| ClusterError::Misbehaving(why.into()),
    |why| ClusterError::Another(why.into()),
    |_| ClusterError::Unknown,
];

/// What a call may be told, by the word of its port. It need not be true: an object that is called missing may be there.
fn errors(call: &str) -> Vec<Make> {
    let own: &[Make] = match call {
        "create" => &[|_| ClusterError::Foreign],
        "mint" => &[|_| ClusterError::Missing, |_| ClusterError::Foreign],
        "remove" => &[|_| ClusterError::Held],
        "certify" => {
            return vec![|why| ClusterError::Unsigned(why.into()), |_| {
                ClusterError::Unknown
            }];
        }
        _ => &[],
    };
    [&ANY, own].concat()
}

/// The error of that number.
fn injected(call: &str) -> impl FnOnce(u64, String) -> ClusterError {
    move |number, why| {
        let errors = errors(call);
        let which = number % errors.len() as u64;
        errors[usize::try_from(which).unwrap_or_default()](why)
    }
}

#[async_trait]
impl Clusters for BreakableClusters {
    fn profile(&self, key: &ClusterKey) -> Option<Arc<ClusterProfile>> {
        self.inner.profile(key)
    }

    fn keys(&self) -> Vec<ClusterKey> {
        self.inner.keys()
    }

    async fn create(&self, record: &Record) -> Result<String, ClusterError> {
        let work = self.inner.create(record);
        self.faults.call("create", injected("create"), work).await
    }

    async fn mint(
        &self,
        key: &ClusterKey,
        object: &ObjectRef,
        seconds: u32,
    ) -> Result<Credential, ClusterError> {
        let work = self.inner.mint(key, object, seconds);
        self.faults.call("mint", injected("mint"), work).await
    }

    async fn certify(
        &self,
        record: &Record,
        now: DateTime<Utc>,
        until: DateTime<Utc>,
    ) -> Result<Credential, ClusterError> {
        let work = self.inner.certify(record, now, until);
        self.faults.call("certify", injected("certify"), work).await
    }

    async fn remove(&self, key: &ClusterKey, object: &ObjectRef) -> Result<(), ClusterError> {
        let work = self.inner.remove(key, object);
        self.faults.call("remove", injected("remove"), work).await
    }

    async fn objects(&self, key: &ClusterKey, role: &str) -> Result<Listing, ClusterError> {
        let work = self.inner.objects(key, role);
        self.faults.call("objects", injected("objects"), work).await
    }

    async fn is_gone(&self, key: &ClusterKey, object: &ObjectRef) -> Result<bool, ClusterError> {
        let work = self.inner.is_gone(key, object);
        self.faults.call("is_gone", injected("is_gone"), work).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PORT: &str = include_str!("../../../crates/kubemint/src/ports/clusters.rs");

    #[test]
    fn every_error_that_the_port_knows_is_drawn() {
        let body = &PORT[PORT.find("pub enum ClusterError {").unwrap()..];
        let body = &body[..body.find("\n}\n").unwrap()];
        let lines = body.lines().filter_map(|line| line.strip_prefix("    "));
        let variants: Vec<_> = lines
            .filter(|line| line.starts_with(|first: char| first.is_ascii_uppercase()))
            .filter_map(|line| line.split(['(', ',']).next())
            .collect();
        assert!(variants.len() >= 10, "{variants:?}");
        let calls = ["create", "mint", "certify", "remove", "objects", "is_gone"];
        let drawn: Vec<_> = calls
            .into_iter()
            .flat_map(|call| (0..40).map(move |number| injected(call)(number, "why".to_owned())))
            .map(|error| format!("{error:?}"))
            .collect();
        for variant in variants {
            let is = |told: &&String| told.split('(').next() == Some(variant);
            assert!(
                drawn.iter().any(|told| is(&told)),
                "{variant} is never drawn"
            );
        }
    }

    #[test]
    fn the_first_is_that_no_answer_came() {
        let first = injected("mint")(0, "why".to_owned());
        assert!(matches!(first, ClusterError::Unreachable(_)), "{first:?}");
    }
}
