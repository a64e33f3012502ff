//! Whose turn it is to ask: so many questions at a time, and a share of them for each subject, so that one who asks much
//! waits behind themselves and not before everyone else.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{Semaphore, SemaphorePermit};

/// Most questions at a time; the others wait, within their own time.
const ALL: usize = 64;
/// Most of one subject.
const OWN: usize = ALL / 4;
/// Most of one subject that have a turn or wait for one, while there are no answers.
const OWN_WAITING: usize = 2 * OWN;

/// The turns.
pub(super) struct Turns {
    all: Semaphore,
    /// Whoever has none of these, with their own share taken, does not wait while there are no answers.
    places: Semaphore,
    /// The shares of the subjects that have a turn or wait for one.
    own: Mutex<HashMap<String, Arc<Semaphore>>>,
}

/// A turn; over when dropped.
pub(super) struct Turn<'t> {
    _all: Option<SemaphorePermit<'t>>,
    _place: Option<SemaphorePermit<'t>>,
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
    /// With room for so many who wait while there are no answers.
    pub(super) fn new(waiting: usize) -> Self {
        Self {
            all: Semaphore::new(ALL),
            places: Semaphore::new(waiting),
            own: Mutex::default(),
        }
    }

    /// A turn for the subject, when there is one; `None` where the issuer does not answer (`answers`), and enough wait for it.
    pub(super) async fn take<'t>(&'t self, subject: &'t str, answers: bool) -> Option<Turn<'t>> {
        let mut share = self.share(subject, answers)?;
        if let Ok(place) = share.places.acquire().await {
            place.forget();
            share.taken = true;
        }
        let place = self.places.try_acquire().ok();
        if place.is_none() && !answers {
            return None;
        }
        // None is ever closed.
        let all = self.all.acquire().await.ok();
        Some(Turn {
            _all: all,
            _place: place,
            _share: share,
        })
    }

    fn share<'t>(&'t self, subject: &'t str, answers: bool) -> Option<Share<'t>> {
        let mut own = self.own();
        let places = own
            .entry(subject.to_owned())
            .or_insert_with(|| Arc::new(Semaphore::new(OWN)));
        // One is the map's.
        if !answers && Arc::strong_count(places) > OWN_WAITING {
            return None;
        }
        Some(Share {
            turns: self,
            subject,
            places: Arc::clone(places),
            taken: false,
        })
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
        let taken = tokio::time::timeout(Duration::ZERO, turns.take(subject, true)).await;
        taken.ok().flatten()
    }

    #[tokio::test]
    async fn a_subject_has_a_share_of_the_turns_and_nothing_is_remembered_of_who_left() {
        let others: Vec<String> = (OWN + 1..ALL).map(|n| format!("user{n}")).collect();
        let turns = Turns::new(0);
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

    #[tokio::test]
    async fn who_waits_behind_their_own_leaves_the_places_to_others() {
        let turns = Turns::new(OWN + 1);
        let mut held = Vec::new();
        for _ in 0..OWN {
            held.push(turns.take("alice", false).await.expect("a turn"));
        }
        let mut behind: Vec<_> = (0..OWN_WAITING)
            .map(|_| Box::pin(turns.take("alice", false)))
            .collect();
        let mut told = 0;
        for one in &mut behind {
            let ended = tokio::time::timeout(Duration::ZERO, one).await;
            told += usize::from(matches!(ended, Ok(None)));
        }
        assert_eq!(told, OWN, "as many wait, and the others are told at once");
        let bob = turns.take("bob", false).await;
        assert!(bob.is_some());
        assert!(
            turns.take("carol", false).await.is_none(),
            "no place is left"
        );
    }
}
