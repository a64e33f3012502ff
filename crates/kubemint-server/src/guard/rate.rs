//! How often: a rate and a burst for each of many keys, in bounded memory.
//!
//! A key's bucket is one point in time, that at which it would be full again (the generic cell rate algorithm). A key
//! is kept as its hash under a random seed, so that an entry is small whatever the key, and nobody can choose twins.

use std::collections::HashMap;
use std::hash::{BuildHasher, Hash, RandomState};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// The most keys that are told apart; the rest share a bucket until others are full again.
const MOST: usize = 65_536;
/// The least time between two searches for buckets that are full again.
const SEARCH: Duration = Duration::from_millis(200);

/// The buckets.
pub(crate) struct Rate {
    /// One request more is allowed after this time.
    step: Duration,
    /// How far ahead of the clock a bucket may be.
    burst: Duration,
    seed: RandomState,
    buckets: Mutex<Buckets>,
}

struct Buckets {
    full_at: HashMap<u64, Instant>,
    others: Instant,
    searched: Instant,
}

impl Rate {
    /// `per_second` requests in the long run, and `burst` at once; both at least 1.
    pub(crate) fn new(per_second: u32, burst: u32) -> Self {
        let step = Duration::from_secs(1) / per_second.max(1);
        let now = Instant::now();
        Self {
            step,
            burst: step * burst.max(1),
            seed: RandomState::new(),
            buckets: Mutex::new(Buckets {
                full_at: HashMap::new(),
                others: now,
                searched: now,
            }),
        }
    }

    /// Takes one request of `key` from its bucket.
    ///
    /// # Errors
    /// The seconds after which there is one again, at least 1: `Retry-After`.
    pub(crate) fn take(&self, key: &impl Hash) -> Result<(), u32> {
        self.take_by(key, Instant::now)
    }

    /// The clock is read when it is this request's turn: one that read it and then had to wait would find the bucket
    /// ahead of it by what it waited, and be refused for that.
    fn take_by(&self, key: &impl Hash, clock: impl FnOnce() -> Instant) -> Result<(), u32> {
        let key = self.seed.hash_one(key);
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        let now = clock();
        let full_at = buckets.of(key, now);
        let next = (*full_at).max(now) + self.step;
        let ahead = next.duration_since(now);
        if ahead > self.burst {
            let wait = ahead.saturating_sub(self.burst).as_secs_f64().ceil();
            // Saturates; a rate of at least one per second makes it small.
            #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
            return Err((wait as u32).max(1));
        }
        *full_at = next;
        Ok(())
    }
}

impl Buckets {
    fn of(&mut self, key: u64, now: Instant) -> &mut Instant {
        if self.full_at.len() >= MOST && !self.full_at.contains_key(&key) {
            if now.saturating_duration_since(self.searched) >= SEARCH {
                self.searched = now;
                self.full_at.retain(|_, full_at| *full_at > now);
            }
            if self.full_at.len() >= MOST {
                return &mut self.others;
            }
        }
        self.full_at.entry(key).or_insert(now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    impl Rate {
        fn take_at(&self, key: &impl Hash, now: Instant) -> Result<(), u32> {
            self.take_by(key, || now)
        }
    }

    #[test]
    fn who_waits_for_its_turn_is_not_refused_for_that() {
        let rate = Rate::new(1_000_000, 1);
        std::thread::scope(|scope| {
            let mut turn = rate.buckets.lock().unwrap();
            let waiting = scope.spawn(|| rate.take(&"a"));
            // Long enough that it has come to wait; were it not, the test could only pass.
            std::thread::sleep(Duration::from_millis(50));
            turn.full_at.insert(rate.seed.hash_one("a"), Instant::now());
            drop(turn);
            assert_eq!(waiting.join().unwrap(), Ok(()));
        });
    }

    #[test]
    fn a_burst_passes_and_then_the_rate_holds() {
        let rate = Rate::new(10, 5);
        let start = Instant::now();
        let passed = |at: Duration| {
            (0..100)
                .filter(|_| rate.take_at(&"a", start + at).is_ok())
                .count()
        };
        assert_eq!(passed(Duration::ZERO), 5);
        assert_eq!(passed(Duration::from_millis(50)), 0);
        assert_eq!(passed(Duration::from_millis(200)), 2);
        assert_eq!(
            passed(Duration::from_secs(60)),
            5,
            "no more than a burst is saved up"
        );
    }

    #[test]
    fn one_key_does_not_use_up_another_ones() {
        let rate = Rate::new(1, 1);
        let now = Instant::now();
        assert_eq!(rate.take_at(&"a", now), Ok(()));
        assert_eq!(rate.take_at(&"a", now), Err(1));
        assert_eq!(rate.take_at(&"b", now), Ok(()));
    }

    #[test]
    fn keys_beyond_the_bound_share_a_bucket_until_others_are_full() {
        let rate = Rate::new(1, 2);
        let now = Instant::now();
        for key in 0..MOST {
            assert_eq!(rate.take_at(&key, now), Ok(()));
        }
        let strangers = (MOST..MOST + 10).filter(|key| rate.take_at(key, now).is_ok());
        assert_eq!(strangers.count(), 2);
        assert_eq!(
            rate.take_at(&0_usize, now),
            Ok(()),
            "a known key has its own still"
        );
        let later = now + Duration::from_secs(5);
        for key in MOST..MOST + 10 {
            assert_eq!(rate.take_at(&key, later), Ok(()));
        }
        assert!(rate.buckets.lock().unwrap().full_at.len() <= 11);
    }
}
