//! What could not be removed: objects that are deleted and that finalizers hold, each tried again by itself, and others that failed,
//! tried after the rest; so that neither one that never goes nor many of them keep what is due from being ended in time.

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
    /// Whether finalizers hold it.
    held: bool,
}

impl Rest {
    /// What a record stands for is to be ended; whoever holds it may let go at any moment.
    pub(super) const RECORD: Self = Self {
        first: Duration::from_secs(2),
        longest: Duration::from_secs(60),
        held: true,
    };
    /// A stray is nobody's, and is met by sweeps alone.
    pub(super) const STRAY: Self = Self {
        first: Duration::from_secs(10 * 60),
        longest: Duration::from_secs(2 * 3600),
        held: true,
    };
    /// It failed, and so may the whole cluster: it is tried in the next round, after those that did not.
    pub(super) const FAILED_RECORD: Self = Self {
        first: Duration::ZERO,
        longest: Duration::ZERO,
        held: false,
    };
    /// And a stray that failed, each time with a row: once may be an accident, so the next sweep, which a failed one brings
    /// forward, tries it again.
    pub(super) const FAILED_STRAY: Self = Self {
        first: Duration::from_secs(2),
        held: false,
        ..Self::STRAY
    };
}

/// The kubeconfigs, by UUID, whose objects rest. It is forgotten when the process ends: the first try finds it again.
#[derive(Debug, Default)]
pub(super) struct Resting(Mutex<HashMap<ClusterKey, HashMap<Uuid, Pause>>>);

/// How something rests.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pause {
    until: DateTime<Utc>,
    /// How long it is.
    length: Duration,
    /// Whether finalizers hold it.
    pub(super) held: bool,
}

impl Pause {
    /// Since when it is over, as far as is known: a clock that was set back lengthens none.
    pub(super) fn over_since(self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let over = self.until <= now || self.until > now + self.length;
        over.then_some(self.until.min(now))
    }
}

impl Resting {
    /// It was tried at `now`, and could not be removed.
    pub(super) fn rest(&self, key: &ClusterKey, uid: Uuid, rest: Rest, now: DateTime<Utc>) {
        let mut all = self.lock();
        let known = all.entry(key.clone()).or_default();
        let length = known
            .get(&uid)
            // The last may have been of another kind, without a pause.
            .map_or(rest.first, |last| (last.length * 2).max(rest.first))
            .min(rest.longest);
        let pause = Pause {
            until: now + length,
            length,
            held: rest.held,
        };
        known.insert(uid, pause);
    }

    /// How it rests, if it does.
    pub(super) fn pause(&self, key: &ClusterKey, uid: Uuid) -> Option<Pause> {
        self.lock().get(key)?.get(&uid).copied()
    }

    /// Whether it rests at `now`.
    pub(super) fn rests(&self, key: &ClusterKey, uid: Uuid, now: DateTime<Utc>) -> bool {
        let pause = self.pause(key, uid);
        pause.is_some_and(|pause| pause.over_since(now).is_none())
    }

    /// It is gone, or others' to look after.
    pub(super) fn forget(&self, key: &ClusterKey, uid: Uuid) {
        self.keep(key, |known| known != uid);
    }

    /// Forgets all of a cluster but these.
    pub(super) fn only(&self, key: &ClusterKey, these: &HashSet<Uuid>) {
        self.keep(key, |known| these.contains(&known));
    }

    /// How many there are at a cluster.
    pub(super) fn count(&self, key: &ClusterKey) -> usize {
        self.lock().get(key).map_or(0, HashMap::len)
    }

    /// How many of them finalizers hold.
    pub(super) fn held(&self, key: &ClusterKey) -> usize {
        let all = self.lock();
        let known = all.get(key).map(HashMap::values);
        known.map_or(0, |known| known.filter(|pause| pause.held).count())
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

    fn lock(&self) -> MutexGuard<'_, HashMap<ClusterKey, HashMap<Uuid, Pause>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_held_rests_twice_as_long_each_time_up_to_a_bound() {
        let (resting, key) = (Resting::default(), ClusterKey::new("r", "p", "c"));
        let uid = Uuid::from_u128(1);
        let mut now = DateTime::UNIX_EPOCH;
        let moment = Duration::from_millis(1);
        assert!(!resting.rests(&key, uid, now));
        for seconds in [2, 4, 8, 16, 32, 60, 60] {
            resting.rest(&key, uid, Rest::RECORD, now);
            now += Duration::from_secs(seconds);
            assert!(resting.rests(&key, uid, now - moment) && !resting.rests(&key, uid, now));
        }
        resting.only(&key, &HashSet::from([uid]));
        assert_eq!(resting.count(&key), 1);
        resting.forget(&key, uid);
        assert!(resting.count(&key) == 0 && !resting.rests(&key, uid, now - moment));
    }

    #[test]
    fn a_clock_that_is_set_back_lengthens_no_pause() {
        let (resting, key) = (Resting::default(), ClusterKey::new("r", "p", "c"));
        let (uid, now) = (Uuid::from_u128(1), DateTime::UNIX_EPOCH);
        resting.rest(&key, uid, Rest::STRAY, now);
        assert!(resting.rests(&key, uid, now));
        let earlier = now - Duration::from_secs(3600);
        assert!(!resting.rests(&key, uid, earlier));
        let pause = resting.pause(&key, uid).unwrap();
        assert_eq!(pause.over_since(earlier), Some(earlier));
    }

    #[test]
    fn what_failed_is_not_called_held() {
        let (resting, key) = (Resting::default(), ClusterKey::new("r", "p", "c"));
        let (uid, now) = (Uuid::from_u128(1), DateTime::UNIX_EPOCH);
        for rest in [Rest::FAILED_RECORD, Rest::RECORD, Rest::FAILED_RECORD] {
            resting.rest(&key, uid, rest, now);
            assert_eq!(resting.count(&key), 1);
            assert_eq!(resting.held(&key), usize::from(rest.held));
        }
        assert!(!resting.rests(&key, uid, now));
        // And what failed in between is held as before, with its pause.
        resting.rest(&key, uid, Rest::RECORD, now);
        let until = now + Duration::from_secs(2);
        assert!(resting.rests(&key, uid, now) && !resting.rests(&key, uid, until));
    }
}
