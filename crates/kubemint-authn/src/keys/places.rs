//! Where requests wait for a fetch: so many places, which the networks that requests come from share. When all are taken, the
//! network with the most gives one up to one that has fewer: however many connections a network opens, others find a place.

use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

/// The places.
pub(super) struct Places {
    most: usize,
    held: Mutex<Held>,
}

#[derive(Default)]
struct Held {
    next: u64,
    all: usize,
    /// How each is told that it is taken back, in the order of their coming.
    of: HashMap<IpAddr, BTreeMap<u64, Arc<Notify>>>,
}

/// A place; free again when dropped.
pub(super) struct Place<'p> {
    places: &'p Places,
    network: IpAddr,
    id: u64,
    lost: Arc<Notify>,
}

impl Places {
    pub(super) fn new(most: usize) -> Self {
        Self {
            most,
            held: Mutex::default(),
        }
    }

    /// A place for a request from this network: a free one, or else one of the network that has the most, if it still has no fewer
    /// than this one then.
    pub(super) fn enter(&self, network: IpAddr) -> Option<Place<'_>> {
        let mut held = self.held();
        if held.all >= self.most {
            let own = held.of.get(&network).map_or(0, BTreeMap::len);
            let theirs = held.of.values_mut().max_by_key(|theirs| theirs.len())?;
            if theirs.len() < own + 2 {
                return None;
            }
            // The others of that network have waited longer.
            let (_, lost) = theirs.pop_last()?;
            lost.notify_one();
            held.all -= 1;
        }
        let (id, lost) = (held.next, Arc::new(Notify::new()));
        held.next += 1;
        held.all += 1;
        let own = held.of.entry(network).or_default();
        own.insert(id, Arc::clone(&lost));
        Some(Place {
            places: self,
            network,
            id,
            lost,
        })
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Place<'_> {
    /// Returns when the place is taken back.
    pub(super) async fn lost(&self) {
        self.lost.notified().await;
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let mut held = self.places.held();
        let Some(own) = held.of.get_mut(&self.network) else {
            return;
        };
        let was_held = own.remove(&self.id).is_some();
        if own.is_empty() {
            held.of.remove(&self.network);
        }
        held.all -= usize::from(was_held);
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;
    use std::time::Duration;

    use super::*;

    fn network(last: u8) -> IpAddr {
        IpAddr::V4(Ipv4Addr::new(192, 0, 2, last))
    }

    /// How many of these were taken back; each tells it once.
    async fn lost(places: &[Place<'_>]) -> usize {
        let mut lost = 0;
        for place in places {
            let told = tokio::time::timeout(Duration::ZERO, place.lost()).await;
            lost += usize::from(told.is_ok());
        }
        lost
    }

    #[tokio::test]
    async fn a_network_that_has_all_places_gives_them_up_until_others_have_as_many() {
        let places = Places::new(6);
        let mine: Vec<_> = (0..6).filter_map(|_| places.enter(network(1))).collect();
        assert_eq!(mine.len(), 6);
        assert!(
            places.enter(network(1)).is_none(),
            "to itself it gives up none"
        );
        let other: Vec<_> = (0..6).filter_map(|_| places.enter(network(2))).collect();
        assert_eq!((other.len(), lost(&mine).await), (3, 3));
        let third: Vec<_> = (0..6).filter_map(|_| places.enter(network(3))).collect();
        assert_eq!(third.len(), 2);
        assert_eq!((lost(&mine).await, lost(&other).await), (1, 1));
        assert_eq!(
            lost(&mine[..2]).await,
            0,
            "those that came first go on waiting"
        );
    }

    #[test]
    fn a_place_that_is_dropped_is_free_and_nothing_is_remembered_of_who_left() {
        let places = Places::new(2);
        let mut mine: Vec<_> = (0..2).filter_map(|_| places.enter(network(1))).collect();
        let other = places.enter(network(2));
        assert!(other.is_some());
        // The last was taken back already: dropping it frees nothing.
        mine.pop();
        assert!(places.enter(network(3)).is_none());
        mine.pop();
        let third = places.enter(network(3));
        assert!(third.is_some() && places.enter(network(1)).is_none());
        drop((other, third));
        let held = places.held();
        assert!(held.all == 0 && held.of.is_empty());
    }
}
