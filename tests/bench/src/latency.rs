//! Latencies of one step, exact: a step has some ten thousands of requests, so every one is kept.

use std::time::Duration;

/// How long requests took. One that was not answered well took for ever: an error is no fast answer.
#[derive(Clone, Debug, Default)]
pub(crate) struct Latencies {
    /// Sorted.
    answered: Vec<Duration>,
    lost: usize,
}

impl Latencies {
    /// The latencies of those that were answered, and how many were not.
    pub(crate) fn new(mut answered: Vec<Duration>, lost: usize) -> Self {
        answered.sort_unstable();
        Self { answered, lost }
    }

    /// How many requests there were.
    pub(crate) fn count(&self) -> usize {
        self.answered.len() + self.lost
    }

    /// How many were not answered well.
    pub(crate) fn lost(&self) -> usize {
        self.lost
    }

    /// The latency that `part` (0 to 1) of all requests did not exceed, by nearest rank; `None` if that request
    /// was never answered, or there was none.
    pub(crate) fn percentile(&self, part: f64) -> Option<Duration> {
        let rank = (part.clamp(0.0, 1.0) * self.count() as f64).ceil() as usize;
        self.answered.get(rank.max(1) - 1).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn millis(numbers: impl IntoIterator<Item = u64>) -> Vec<Duration> {
        numbers.into_iter().map(Duration::from_millis).collect()
    }

    #[test]
    fn percentiles_are_latencies_that_were_measured() {
        let latencies = Latencies::new(millis((1..=200).rev()), 0);
        let at = |part| latencies.percentile(part).unwrap().as_millis();
        assert_eq!(
            [at(0.0), at(0.5), at(0.99), at(0.991), at(1.0)],
            [1, 100, 198, 199, 200]
        );
    }

    #[test]
    fn one_request_is_every_percentile() {
        let latencies = Latencies::new(millis([7]), 0);
        assert_eq!(latencies.percentile(0.5), Some(Duration::from_millis(7)));
        assert_eq!(latencies.percentile(0.99), Some(Duration::from_millis(7)));
    }

    #[test]
    fn what_was_not_answered_took_for_ever() {
        let latencies = Latencies::new(millis(1..=98), 2);
        assert_eq!(latencies.percentile(0.98), Some(Duration::from_millis(98)));
        assert_eq!(latencies.percentile(0.99), None);
        assert_eq!((latencies.count(), latencies.lost()), (100, 2));
    }

    #[test]
    fn nothing_has_no_percentile() {
        assert_eq!(Latencies::default().percentile(0.5), None);
    }
}
