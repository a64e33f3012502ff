//! When a cluster's worker has something to do: a round after a pause, which grows while the cluster is ill, and its lease meanwhile.

use std::time::Duration;

use tokio::time::Instant;

/// How often each cluster's records are looked through. Expiry is as punctual as this.
const TICK: Duration = Duration::from_millis(500);
/// How often a lease is renewed, or asked for.
const RENEWAL: Duration = Duration::from_secs(2);
/// The pause while single objects fail: what fails is tried in each round. What ends is looked for a second before it does, and so is still
/// in time.
const PAUSE_OF_FAILING: Duration = Duration::from_secs(1);
/// The longest pause while a cluster is ill. Short, since what expires meanwhile waits for it.
const LONGEST_PAUSE: Duration = Duration::from_secs(4);

/// How a round went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Went {
    /// All of it succeeded.
    Well,
    /// Objects failed by themselves, which is no reason to look later for what ends.
    Failing,
    /// The cluster or the store is ill, so that the next round is of little use.
    Ill,
}

/// When the next round is due, and the next renewal.
pub(crate) struct Pace {
    pause: Duration,
    round: Instant,
    renewal: Instant,
}

impl Pace {
    /// Both are due at once.
    pub(crate) fn new(now: Instant) -> Self {
        Self {
            pause: TICK,
            round: now,
            renewal: now,
        }
    }

    /// Until when there is nothing to do. A pause may be as long as a lease, which is renewed meanwhile.
    pub(crate) fn next(&self) -> Instant {
        self.round.min(self.renewal)
    }

    /// Whether the lease is to be renewed now; the next time it is so after a while.
    pub(crate) fn renews(&mut self, now: Instant) -> bool {
        let due = now >= self.renewal;
        if due {
            self.renewal = now + RENEWAL;
        }
        due
    }

    /// Whether a round is due.
    pub(crate) fn is_due(&self, now: Instant) -> bool {
        now >= self.round
    }

    /// A round has ended, and there may be `more` to do at once.
    pub(crate) fn rest(&mut self, now: Instant, more: bool, went: Went) {
        self.pause = match (more, went) {
            // What fails may be all of what there is more of: without a pause, it would be tried over and over.
            (true, Went::Failing) => TICK,
            (true, _) => Duration::ZERO,
            (false, Went::Well) => TICK,
            (false, Went::Failing) => PAUSE_OF_FAILING,
            // From the tick on: the last pause may have been none.
            (false, Went::Ill) => (self.pause * 2).clamp(TICK, LONGEST_PAUSE),
        };
        self.round = now + self.pause;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pause_grows_while_a_cluster_is_ill_up_to_a_bound() {
        let now = Instant::now();
        let mut pace = Pace::new(now);
        pace.rest(now, true, Went::Well);
        assert!(pace.is_due(now), "there is more");
        for millis in [500, 1000, 2000, 4000, 4000] {
            pace.rest(now, false, Went::Ill);
            let due = now + Duration::from_millis(millis);
            assert!(pace.is_due(due) && !pace.is_due(due - Duration::from_millis(1)));
        }
        pace.rest(now, false, Went::Well);
        assert!(pace.is_due(now + TICK));
    }

    #[test]
    fn what_fails_by_itself_is_tried_neither_at_once_nor_so_late_that_others_end_late() {
        let now = Instant::now();
        let mut pace = Pace::new(now);
        for (more, pause) in [
            (true, TICK),
            (false, PAUSE_OF_FAILING),
            (false, PAUSE_OF_FAILING),
        ] {
            pace.rest(now, more, Went::Failing);
            let due = now + pause;
            assert!(pace.is_due(due) && !pace.is_due(due - Duration::from_millis(1)));
        }
    }

    #[test]
    fn a_lease_is_renewed_however_long_the_pause_is() {
        let mut now = Instant::now();
        let mut pace = Pace::new(now);
        assert!(pace.renews(now) && !pace.renews(now));
        for _ in 0..5 {
            pace.rest(now, false, Went::Ill);
        }
        // Before the next round is due, the lease is asked for again.
        let began = now;
        now = pace.next();
        assert!(now - began <= RENEWAL && !pace.is_due(now));
        assert!(pace.renews(now));
    }
}
