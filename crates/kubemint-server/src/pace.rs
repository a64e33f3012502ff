//! When a cluster's worker has something to do: a round after a pause, which grows while the cluster is ill, and its lease meanwhile.

use std::time::Duration;

use tokio::time::Instant;

/// How often each cluster's records are looked through. Expiry is as punctual as this.
const TICK: Duration = Duration::from_millis(500);
/// How often a lease is renewed, or asked for.
const RENEWAL: Duration = Duration::from_secs(2);
/// The longest pause while a cluster is ill. Short, since what expires meanwhile waits for it.
const LONGEST_PAUSE: Duration = Duration::from_secs(4);

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

    /// A round has ended: there is `more` to do at once, or the cluster is `ill`.
    pub(crate) fn rest(&mut self, now: Instant, more: bool, ill: bool) {
        self.pause = match (more, ill) {
            (true, _) => Duration::ZERO,
            (false, false) => TICK,
            // From the tick on: the last pause may have been none.
            (false, true) => (self.pause * 2).clamp(TICK, LONGEST_PAUSE),
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
        pace.rest(now, true, false);
        assert!(pace.is_due(now), "there is more");
        for millis in [500, 1000, 2000, 4000, 4000] {
            pace.rest(now, false, true);
            let due = now + Duration::from_millis(millis);
            assert!(pace.is_due(due) && !pace.is_due(due - Duration::from_millis(1)));
        }
        pace.rest(now, false, false);
        assert!(pace.is_due(now + TICK));
    }

    #[test]
    fn a_lease_is_renewed_however_long_the_pause_is() {
        let mut now = Instant::now();
        let mut pace = Pace::new(now);
        assert!(pace.renews(now) && !pace.renews(now));
        for _ in 0..5 {
            pace.rest(now, false, true);
        }
        // Before the next round is due, the lease is asked for again.
        let began = now;
        now = pace.next();
        assert!(now - began <= RENEWAL && !pace.is_due(now));
        assert!(pace.renews(now));
    }
}
