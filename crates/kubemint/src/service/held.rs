//! What finalizers hold: objects that are deleted and not gone. Each is tried again by itself, less and less often, so that
//! neither one that never goes nor many of them keep what is due from being ended in time.

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::cluster::ClusterKey;

/// How long something rests after the first try, and at most: it doubles.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rest {
    first: Duration,
    longest: Duration,
}

impl Rest {
    /// What a record stands for is to be ended; whoever holds it may let go at any moment.
    pub(super) const RECORD: Self = Self {
        first: Duration::from_secs(2),
        longest: Duration::from_secs(60),
    };
    /// A stray is nobody's, and is met by sweeps alone.
    pub(super) const STRAY: Self = Self {
        first: Duration::from_secs(10 * 60),
        longest: Duration::from_secs(2 * 3600),
    };
}

/// The kubeconfigs, by UUID, whose objects are held. It is forgotten when the process ends: the first try finds it again.
#[derive(Debug, Default)]
pub(super) struct Held(Mutex<HashMap<ClusterKey, HashMap<Uuid, Resting>>>);

#[derive(Clone, Copy, Debug)]
struct Resting {
    until: DateTime<Utc>,
    /// How long it rests now.
    pause: Duration,
}

impl Held {
    /// It was tried at `now`, and is held.
    pub(super) fn rest(&self, key: &ClusterKey, uid: Uuid, rest: Rest, now: DateTime<Utc>) {
        let mut all = self.lock();
        let known = all.entry(key.clone()).or_default();
        let pause = known
            .get(&uid)
            .map_or(rest.first, |resting| resting.pause * 2)
            .min(rest.longest);
        let until = now + pause;
        known.insert(uid, Resting { until, pause });
    }

    /// Until when it rests, if it is known to be held.
    pub(super) fn rests_until(&self, key: &ClusterKey, uid: Uuid) -> Option<DateTime<Utc>> {
        let all = self.lock();
        Some(all.get(key)?.get(&uid)?.until)
    }

    /// It is gone, or others' to look after.
    pub(super) fn forget(&self, key: &ClusterKey, uid: Uuid) {
        self.keep(key, |known| known != uid);
    }

    /// Forgets all of a cluster but these.
    pub(super) fn only(&self, key: &ClusterKey, these: &HashSet<Uuid>) {
        self.keep(key, |known| these.contains(&known));
    }

    /// How many are known to be held at a cluster.
    pub(super) fn count(&self, key: &ClusterKey) -> usize {
        self.lock().get(key).map_or(0, HashMap::len)
    }

    fn keep(&self, key: &ClusterKey, these: impl Fn(Uuid) -> bool) {
        let mut all = self.lock();
        if let Some(known) = all.get_mut(key) {
            known.retain(|uid, _| these(*uid));
            if known.is_empty() {
                all.remove(key);
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<ClusterKey, HashMap<Uuid, Resting>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_held_rests_twice_as_long_each_time_up_to_a_bound() {
        let (held, key) = (Held::default(), ClusterKey::new("r", "p", "c"));
        let uid = Uuid::from_u128(1);
        let mut now = DateTime::UNIX_EPOCH;
        assert_eq!(held.rests_until(&key, uid), None);
        for seconds in [2, 4, 8, 16, 32, 60, 60] {
            held.rest(&key, uid, Rest::RECORD, now);
            now += Duration::from_secs(seconds);
            assert_eq!(held.rests_until(&key, uid), Some(now));
        }
        held.only(&key, &HashSet::from([uid]));
        assert_eq!(held.count(&key), 1);
        held.forget(&key, uid);
        assert_eq!((held.count(&key), held.rests_until(&key, uid)), (0, None));
    }
}
