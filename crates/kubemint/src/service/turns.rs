//! What the rounds at a cluster are working on: a record is one round's at a time, and they share a bounded number of places, of
//! which a role whose removals hang never has all.

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use uuid::Uuid;

use crate::cluster::ClusterKey;

/// How many records are worked on at a cluster at once, by all its rounds: a cluster far away answers as slowly to one as to several,
/// and a credential whose time has come must not wait for all the others. Half of the calls that a cluster has, so that requests
/// find theirs.
const PLACES: usize = 16;

/// The records that are taken.
#[derive(Debug, Default)]
pub(super) struct Turns(Mutex<HashMap<ClusterKey, Taken>>);

/// Those at a cluster.
#[derive(Debug, Default)]
struct Taken {
    /// By UUID.
    records: HashSet<Uuid>,
    /// How many there are of each role.
    roles: HashMap<String, usize>,
}

/// What becomes of a record that a round asks for.
pub(super) enum Asked<'a> {
    /// It is taken for as long as this is there.
    Taken(Turn<'a>),
    /// Another round has it.
    UnderWay,
    /// Its role has no place left.
    NoPlace,
    /// There is no place left at all.
    Full,
}

/// A record is taken for as long as this is there.
pub(super) struct Turn<'a> {
    turns: &'a Turns,
    cluster: ClusterKey,
    role: String,
    uid: Uuid,
}

impl Turns {
    /// Takes a record. A role may have as many places as it leaves to others: half of them, and the next role that would take all a
    /// half of what is left.
    pub(super) fn take(&self, cluster: &ClusterKey, role: &str, uid: Uuid) -> Asked<'_> {
        let mut all = self.lock();
        let taken = all.entry(cluster.clone()).or_default();
        if taken.records.contains(&uid) {
            return Asked::UnderWay;
        }
        let free = PLACES - taken.records.len();
        if free == 0 {
            return Asked::Full;
        }
        let count = taken.roles.entry(role.to_owned()).or_default();
        if *count >= free {
            return Asked::NoPlace;
        }
        *count += 1;
        taken.records.insert(uid);
        Asked::Taken(Turn {
            turns: self,
            cluster: cluster.clone(),
            role: role.to_owned(),
            uid,
        })
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<ClusterKey, Taken>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        let mut all = self.turns.lock();
        let Some(taken) = all.get_mut(&self.cluster) else {
            return;
        };
        taken.records.remove(&self.uid);
        if let Some(role) = taken.roles.get_mut(&self.role) {
            *role -= 1;
        }
        taken.roles.retain(|_, count| *count > 0);
        if taken.records.is_empty() {
            all.remove(&self.cluster);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(name: &str) -> ClusterKey {
        ClusterKey::new("region", "project", name)
    }

    /// How many places a role finds.
    fn places<'a>(turns: &'a Turns, role: &str, held: &mut Vec<Turn<'a>>) -> usize {
        let before = held.len();
        loop {
            let uid = Uuid::from_u128(held.len() as u128);
            let Asked::Taken(turn) = turns.take(&key("one"), role, uid) else {
                return held.len() - before;
            };
            held.push(turn);
        }
    }

    #[test]
    fn a_record_is_one_rounds_at_a_time() {
        let turns = Turns::default();
        let take = |uid| turns.take(&key("one"), "viewer", Uuid::from_u128(uid));
        let first = take(1);
        assert!(matches!(first, Asked::Taken(_)) && matches!(take(1), Asked::UnderWay));
        assert!(matches!(take(2), Asked::Taken(_)));
        drop(first);
        assert!(matches!(take(1), Asked::Taken(_)));
    }

    #[test]
    fn each_role_leaves_as_many_places_as_it_has() {
        let turns = Turns::default();
        let mut held = Vec::new();
        for (role, count) in [("a", 8), ("b", 4), ("c", 2), ("d", 1), ("e", 1), ("f", 0)] {
            assert_eq!(places(&turns, role, &mut held), count, "{role}");
        }
        assert!(matches!(
            turns.take(&key("one"), "f", Uuid::max()),
            Asked::Full
        ));
        // Another cluster has its own.
        assert!(matches!(
            turns.take(&key("other"), "f", Uuid::nil()),
            Asked::Taken(_)
        ));
        held.clear();
        assert!(turns.lock().is_empty());
        assert_eq!(places(&turns, "f", &mut held), 8);
    }
}
