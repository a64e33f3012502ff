//! What a cluster refused of late, by role and operation. It is well as a whole then, and a role of it may be of no use to those
//! who ask, or one object is: no probe sees that, and these calls did.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use kubemint::ports::ClusterError;
use tokio::time::Instant;

use crate::failure;

/// How long a refusal is told of which nothing more is heard: a replica that sweeps nothing hears no more of it.
const RECALL: Duration = Duration::from_secs(15 * 60);

/// How long it is told whatever else of the role succeeds: lists may where nothing can be made.
const FIRM: Duration = Duration::from_secs(5 * 60);

/// When an operation of a role was refused last, and what is told of it.
type Noted = BTreeMap<(String, &'static str), (Instant, String)>;

/// What a cluster refuses, as far as is known of the last minutes: for want of a right, or by a policy, a webhook or a quota of its
/// own. It answers, and other roles and objects may be served there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// How many operations of roles were refused, and not done since.
    pub operations: usize,
    /// The latest refusal: the operation, its namespace, and why, without a word of the cluster's.
    pub latest: String,
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { operations, latest } = self;
        match operations {
            0 | 1 => write!(f, "{latest}"),
            many => write!(f, "{latest} (and {} more)", many - 1),
        }
    }
}

/// The refusals.
#[derive(Default)]
pub(crate) struct Refusals(Mutex<Noted>);

impl Refusals {
    /// What came of an operation of a role.
    pub(crate) fn note<T>(
        &self,
        role: &str,
        operation: &'static str,
        result: &Result<T, ClusterError>,
        now: Instant,
    ) {
        let mut refused = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match result {
            Err(error @ ClusterError::Refused(_)) => {
                let told = (now, failure::detail(error));
                refused.insert((role.to_owned(), operation), told);
            }
            // It was done, or the cluster said why it cannot be: it was not refused.
            Ok(_) | Err(ClusterError::Held | ClusterError::Missing | ClusterError::Foreign) => {
                refused.retain(|(of, what), (at, _)| {
                    of != role || (*what != operation && now.duration_since(*at) < FIRM)
                });
            }
            Err(_) => {}
        }
    }

    /// What is refused, if anything is.
    pub(crate) fn told(&self, now: Instant) -> Option<Refused> {
        let mut refused = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        refused.retain(|_, (at, _)| now.duration_since(*at) < RECALL);
        let (_, latest) = refused.values().max_by_key(|(at, _)| *at)?;
        Some(Refused {
            operations: refused.len(),
            latest: latest.clone(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused() -> Result<(), ClusterError> {
        Err(failure::refused("no"))
    }

    #[test]
    fn a_refusal_is_told_until_the_same_succeeds_or_something_of_the_role_does_later() {
        let (refusals, now) = (Refusals::default(), Instant::now());
        let note = |role, operation, result, now| {
            refusals.note::<()>(role, operation, &result, now);
        };
        note("viewer", "create", refused(), now);
        note("viewer", "mint", Ok(()), now);
        note("editor", "create", Ok(()), now);
        note("viewer", "create", Err(failure::busy("later")), now);
        let told = |now| refusals.told(now).map(|refused| refused.to_string());
        assert_eq!(told(now).as_deref(), Some("no"));
        note("editor", "objects", refused(), now);
        assert_eq!(told(now).as_deref(), Some("no (and 1 more)"));
        note("viewer", "create", Ok(()), now);
        note("editor", "objects", Err(ClusterError::Missing), now);
        assert_eq!(refusals.told(now), None);

        note("viewer", "create", refused(), now);
        let later = now + FIRM;
        assert!(refusals.told(later).is_some());
        note("viewer", "objects", Ok(()), later);
        assert_eq!(refusals.told(later), None);

        note("viewer", "create", refused(), now);
        assert_eq!(refusals.told(now + RECALL), None);
    }
}
