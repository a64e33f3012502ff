//! A bounded number of places, in all and per key. When none is free, the one that has been waiting for its peer for
//! longest is taken back: silence never keeps anyone out.

use std::collections::{BTreeSet, HashMap};
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Notify;

/// How many there are.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bounds {
    /// In all.
    pub(super) all: usize,
    /// Of one key.
    pub(super) per_key: usize,
    /// For how long a place may wait for its peer before it can be taken back.
    pub(super) patience: Duration,
}

/// Why there is no place: every one is at work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Full {
    /// In all.
    All,
    /// Of this key.
    Key,
}

/// The places.
pub(crate) struct Slots<K> {
    bounds: Bounds,
    state: Mutex<State<K>>,
    emptied: Notify,
}

struct State<K> {
    next: u64,
    held: HashMap<u64, Held<K>>,
    /// Those that wait for their peer, the longest waiting first.
    waiting: BTreeSet<(Instant, u64)>,
    by_key: HashMap<K, usize>,
    /// Slots that were not dropped yet, the evicted ones included.
    alive: usize,
}

struct Held<K> {
    key: K,
    waits_since: Option<Instant>,
    evict: Arc<Notify>,
}

impl<K: Clone + Eq + Hash> Slots<K> {
    pub(super) fn new(bounds: Bounds) -> Arc<Self> {
        let state = State {
            next: 0,
            held: HashMap::new(),
            waiting: BTreeSet::new(),
            by_key: HashMap::new(),
            alive: 0,
        };
        Arc::new(Self {
            bounds,
            state: Mutex::new(state),
            emptied: Notify::new(),
        })
    }

    /// As many as come in all, and `per_key` of one key; none is taken back.
    pub(crate) fn of_each(per_key: usize) -> Arc<Self> {
        Self::new(Bounds {
            all: usize::MAX,
            per_key,
            patience: Duration::MAX,
        })
    }

    /// Takes a place, which is at work at first.
    pub(crate) fn enter(self: &Arc<Self>, key: K) -> Result<Slot<K>, Full> {
        let mut state = self.lock();
        let of_key = state.by_key.get(&key).copied().unwrap_or_default();
        if of_key >= self.bounds.per_key {
            self.evict(&mut state, Some(&key)).ok_or(Full::Key)?;
        } else if state.held.len() >= self.bounds.all {
            self.evict(&mut state, None).ok_or(Full::All)?;
        }
        let id = state.next;
        state.next += 1;
        state.alive += 1;
        *state.by_key.entry(key.clone()).or_default() += 1;
        let evict = Arc::new(Notify::new());
        let held = Held {
            key,
            waits_since: None,
            evict: Arc::clone(&evict),
        };
        state.held.insert(id, held);
        Ok(Slot {
            id,
            evict,
            slots: Arc::clone(self),
        })
    }

    /// Takes back a place. The scan for a key is as long as there are waiting ones, which the bound keeps short.
    fn evict(&self, state: &mut State<K>, key: Option<&K>) -> Option<()> {
        let patient = Instant::now().checked_sub(self.bounds.patience)?;
        let fits =
            |id: &u64| key.is_none_or(|key| state.held.get(id).is_some_and(|h| h.key == *key));
        let id = state
            .waiting
            .iter()
            .take_while(|(since, _)| *since <= patient)
            .map(|(_, id)| *id)
            .find(|id| fits(id))?;
        let held = state.remove(id)?;
        held.evict.notify_one();
        Some(())
    }

    /// Returns when every place is free, the evicted ones included.
    pub(super) async fn emptied(&self) {
        loop {
            let emptied = self.emptied.notified();
            if self.lock().alive == 0 {
                return;
            }
            emptied.await;
        }
    }

    fn lock(&self) -> MutexGuard<'_, State<K>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<K: Clone + Eq + Hash> State<K> {
    fn remove(&mut self, id: u64) -> Option<Held<K>> {
        let held = self.held.remove(&id)?;
        if let Some(since) = held.waits_since {
            self.waiting.remove(&(since, id));
        }
        if let Some(count) = self.by_key.get_mut(&held.key) {
            *count -= 1;
            if *count == 0 {
                self.by_key.remove(&held.key);
            }
        }
        Some(held)
    }
}

/// A place; free again when dropped.
pub(crate) struct Slot<K: Clone + Eq + Hash> {
    id: u64,
    evict: Arc<Notify>,
    slots: Arc<Slots<K>>,
}

impl<K: Clone + Eq + Hash> Slot<K> {
    /// From now on this place waits for its peer.
    pub(super) fn waits(&self) {
        self.set(Some(Instant::now()));
    }

    /// From now on this place is at work, and is not taken back.
    pub(super) fn works(&self) {
        self.set(None);
    }

    fn set(&self, since: Option<Instant>) {
        let mut state = self.slots.lock();
        let Some(held) = state.held.get_mut(&self.id) else {
            return;
        };
        let before = std::mem::replace(&mut held.waits_since, since);
        if let Some(before) = before {
            state.waiting.remove(&(before, self.id));
        }
        if let Some(since) = since {
            state.waiting.insert((since, self.id));
        }
    }

    /// Whether the place was taken back.
    pub(super) fn was_taken_back(&self) -> bool {
        !self.slots.lock().held.contains_key(&self.id)
    }

    /// Returns when the place was taken back.
    pub(super) async fn evicted(&self) {
        self.evict.notified().await;
    }
}

impl<K: Clone + Eq + Hash> Drop for Slot<K> {
    fn drop(&mut self) {
        let mut state = self.slots.lock();
        state.remove(self.id);
        state.alive -= 1;
        if state.alive == 0 {
            self.slots.emptied.notify_waiters();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::FutureExt;

    fn slots(all: usize, per_key: usize, patience: Duration) -> Arc<Slots<char>> {
        Slots::new(Bounds {
            all,
            per_key,
            patience,
        })
    }

    fn gone(slot: &Slot<char>) -> bool {
        slot.evicted().now_or_never().is_some()
    }

    #[test]
    fn places_at_work_are_kept_and_others_are_refused() {
        let slots = slots(2, 2, Duration::ZERO);
        let _a = slots.enter('a').unwrap();
        let b = slots.enter('b').unwrap();
        assert_eq!(slots.enter('c').err(), Some(Full::All));
        drop(b);
        assert!(slots.enter('c').is_ok());
    }

    #[test]
    fn who_waits_longest_makes_room() {
        let slots = slots(3, 3, Duration::ZERO);
        let (a, b, c) = (
            slots.enter('a').unwrap(),
            slots.enter('b').unwrap(),
            slots.enter('c').unwrap(),
        );
        b.waits();
        a.waits();
        let _d = slots.enter('d').unwrap();
        assert!(gone(&b) && !gone(&a) && !gone(&c));
        a.works();
        assert_eq!(slots.enter('e').err(), Some(Full::All));
    }

    #[test]
    fn a_key_at_its_bound_makes_room_among_its_own() {
        let slots = slots(9, 2, Duration::ZERO);
        let other = slots.enter('o').unwrap();
        other.waits();
        let (a, b) = (slots.enter('a').unwrap(), slots.enter('a').unwrap());
        assert_eq!(slots.enter('a').err(), Some(Full::Key));
        b.waits();
        let _c = slots.enter('a').unwrap();
        assert!(gone(&b) && !gone(&a) && !gone(&other));
    }

    #[test]
    fn patience_is_had_with_those_that_have_just_begun_to_wait() {
        let slots = slots(1, 1, Duration::from_secs(600));
        let a = slots.enter('a').unwrap();
        a.waits();
        assert_eq!(slots.enter('b').err(), Some(Full::All));
    }

    #[test]
    fn nothing_is_remembered_of_those_that_left() {
        let slots = slots(4, 1, Duration::ZERO);
        for key in 'a'..='z' {
            let slot = slots.enter(key).unwrap();
            slot.waits();
            let twin = slots.enter(key).unwrap();
            assert!(gone(&slot));
            twin.waits();
            slot.works();
        }
        let state = slots.lock();
        assert!(state.held.is_empty() && state.waiting.is_empty() && state.by_key.is_empty());
        assert_eq!(state.alive, 0);
    }
}
