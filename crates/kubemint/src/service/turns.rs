//! Who is being settled by a round, so that another round beside it does not wait for the same.

use std::collections::HashSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use uuid::Uuid;

/// The records that are taken, by UUID.
#[derive(Debug, Default)]
pub(super) struct Turns(Mutex<HashSet<Uuid>>);

/// A record is taken for as long as this is there.
pub(super) struct Turn<'a> {
    turns: &'a Turns,
    uid: Uuid,
}

impl Turns {
    /// Takes a record; `None`: another round has it.
    pub(super) fn take(&self, uid: Uuid) -> Option<Turn<'_>> {
        let free = self.lock().insert(uid);
        free.then_some(Turn { turns: self, uid })
    }

    fn lock(&self) -> MutexGuard<'_, HashSet<Uuid>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.turns.lock().remove(&self.uid);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_one_rounds_at_a_time() {
        let turns = Turns::default();
        let uid = Uuid::from_u128(1);
        let first = turns.take(uid);
        assert!(first.is_some() && turns.take(uid).is_none());
        assert!(turns.take(Uuid::from_u128(2)).is_some());
        drop(first);
        assert!(turns.take(uid).is_some());
    }
}
