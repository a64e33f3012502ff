//! Whose turn it is to ask: so many questions at a time, and a share of them for each subject, so that one who asks much waits behind
//! themselves and not before everyone else.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{Semaphore, SemaphorePermit};

/// Most questions at a time; the others wait, within their own time.
const ALL: usize = 64;
/// Most of one subject.
const OWN: usize = ALL / 4;

/// The turns.
pub(super) struct Turns {
    all: Semaphore,
    /// The shares of the subjects that have a turn or wait for one.
    own: Mutex<HashMap<String, Arc<Semaphore>>>,
}

impl Default for Turns {
    fn default() -> Self {
        Self {
            all: Semaphore::new(ALL),
            own: Mutex::default(),
        }
    }
}

/// A turn; over when dropped.
pub(super) struct Turn<'t> {
    _all: Option<SemaphorePermit<'t>>,
    _share: Share<'t>,
}

/// A subject's share, with one of its places or the wish for one.
struct Share<'t> {
    turns: &'t Turns,
    subject: &'t str,
    places: Arc<Semaphore>,
    taken: bool,
}

impl Turns {
    /// A turn for the subject, when there is one.
    pub(super) async fn take<'t>(&'t self, subject: &'t str) -> Turn<'t> {
        let places = Arc::clone(
            self.own()
                .entry(subject.to_owned())
                .or_insert_with(|| Arc::new(Semaphore::new(OWN))),
        );
        let mut share = Share {
            turns: self,
            subject,
            places,
            taken: false,
        };
        if let Ok(place) = share.places.acquire().await {
            place.forget();
            share.taken = true;
        }
        // None is ever closed.
        let all = self.all.acquire().await.ok();
        Turn {
            _all: all,
            _share: share,
        }
    }

    fn own(&self) -> MutexGuard<'_, HashMap<String, Arc<Semaphore>>> {
        self.own.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Share<'_> {
    fn drop(&mut self) {
        if self.taken {
            self.places.add_permits(1);
        }
        let mut own = self.turns.own();
        // The map's, and this one.
        if Arc::strong_count(&self.places) <= 2 {
            own.remove(self.subject);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    /// A turn that is there.
    async fn now<'t>(turns: &'t Turns, subject: &'t str) -> Option<Turn<'t>> {
        tokio::time::timeout(Duration::ZERO, turns.take(subject))
            .await
            .ok()
    }

    #[tokio::test]
    async fn a_subject_has_a_share_of_the_turns_and_nothing_is_remembered_of_who_left() {
        let others: Vec<String> = (OWN + 1..ALL).map(|n| format!("user{n}")).collect();
        let turns = Turns::default();
        let mut held = Vec::new();
        for _ in 0..OWN {
            held.push(now(&turns, "alice").await.expect("a turn"));
        }
        assert!(now(&turns, "alice").await.is_none());
        held.push(now(&turns, "bob").await.expect("a turn"));
        drop(held.swap_remove(0));
        held.push(now(&turns, "alice").await.expect("a turn"));
        assert!(now(&turns, "alice").await.is_none());
        for name in &others {
            held.push(now(&turns, name).await.expect("a turn"));
        }
        assert!(now(&turns, "carol").await.is_none(), "all are taken");
        drop(held);
        assert!(turns.own().is_empty());
        assert_eq!(turns.all.available_permits(), ALL);
    }
}
