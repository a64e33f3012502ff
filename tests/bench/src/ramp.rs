//! Where a server's knee is: the highest rate that it holds.

use std::time::Duration;

use anyhow::{Result, bail};

/// The bound on the 99th percentile. A rate at which it is exceeded is not held.
pub(crate) const BOUND: Duration = Duration::from_millis(100);
/// The least part of what was offered that must be answered within the step.
pub(crate) const LEAST_ACHIEVED: f64 = 0.95;

/// What one step measured.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Sample {
    /// Requests per second that were to be started.
    pub(crate) offered: f64,
    /// Requests per second that were answered well.
    pub(crate) achieved: f64,
    /// Half of the requests took no longer; `None` if half was not answered.
    pub(crate) p50: Option<Duration>,
    /// 99 of 100 requests took no longer; `None` if so many were not answered.
    pub(crate) p99: Option<Duration>,
}

impl Sample {
    /// Whether the server held this rate.
    pub(crate) fn holds(&self) -> bool {
        self.p99.is_some_and(|p99| p99 <= BOUND) && self.achieved >= LEAST_ACHIEVED * self.offered
    }
}

/// How to search.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ramp {
    /// The first rate, per second.
    pub(crate) first: f64,
    /// By how much each rate exceeds the one before.
    pub(crate) factor: f64,
    /// How near the highest rate that was held and the lowest that was not come to each other.
    pub(crate) resolution: f64,
    /// The highest rate that is tried: beyond it the generator would be measured.
    pub(crate) ceiling: f64,
}

impl Ramp {
    /// From 50 per second, doubling, to within 5 %.
    pub(crate) const USUAL: Self = Self {
        first: 50.0,
        factor: 2.0,
        resolution: 1.05,
        ceiling: 100_000.0,
    };

    /// Raises the rate until it is not held, and then narrows the knee down. A rate counts as not held only when it
    /// was not held twice: on a machine with other work a single failure says little. The result is the best step.
    ///
    /// # Errors
    /// Those of `measure`; and when not even one request per second is held.
    pub(crate) fn climb<M: Clone>(
        &self,
        mut measure: impl FnMut(f64) -> Result<(Sample, M)>,
    ) -> Result<(Sample, M)> {
        let mut attempt = |rate: f64| -> Result<Option<(Sample, M)>> {
            for _ in 0..2 {
                let step = measure(rate)?;
                if step.0.holds() {
                    return Ok(Some(step));
                }
            }
            Ok(None)
        };
        let mut low = self.first;
        let mut high = None;
        let mut best = loop {
            match attempt(low)? {
                Some(step) => break step,
                None if low / self.factor < 1.0 => {
                    bail!("not even {low:.0} requests a second are held")
                }
                None => {
                    high = Some(low);
                    low /= self.factor;
                }
            }
        };
        let mut high = match high {
            Some(high) => high,
            None => loop {
                let next = low * self.factor;
                if next > self.ceiling {
                    return Ok(best);
                }
                match attempt(next)? {
                    Some(step) => (low, best) = (next, step),
                    None => break next,
                }
            },
        };
        while high / low > self.resolution {
            let middle = (low * high).sqrt();
            match attempt(middle)? {
                Some(step) => (low, best) = (middle, step),
                None => high = middle,
            }
        }
        Ok(best)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    /// A server that answers at once up to `capacity`, and late beyond it.
    fn server(capacity: f64, rate: f64) -> (Sample, f64) {
        let late = rate > capacity;
        let sample = Sample {
            offered: rate,
            achieved: rate.min(capacity),
            p50: Some(MS),
            p99: Some(if late { BOUND + MS } else { MS }),
        };
        (sample, rate)
    }

    fn knee(ramp: Ramp, capacity: f64) -> Result<f64> {
        ramp.climb(|rate| Ok(server(capacity, rate)))
            .map(|(_, rate)| rate)
    }

    #[test]
    fn a_rate_is_held_while_p99_is_within_its_bound_and_enough_is_answered() {
        let good = server(100.0, 100.0).0;
        assert!(good.holds());
        assert!(
            Sample {
                p99: Some(BOUND),
                ..good
            }
            .holds()
        );
        assert!(
            !Sample {
                p99: Some(BOUND + MS),
                ..good
            }
            .holds()
        );
        assert!(!Sample { p99: None, ..good }.holds());
        assert!(
            Sample {
                achieved: 95.0,
                ..good
            }
            .holds()
        );
        assert!(
            !Sample {
                achieved: 94.9,
                ..good
            }
            .holds()
        );
    }

    #[test]
    fn the_knee_is_found_to_within_the_resolution() {
        for capacity in [60.0, 777.0, 4321.0, 50_000.0] {
            let knee = knee(Ramp::USUAL, capacity).unwrap();
            let within = capacity / Ramp::USUAL.resolution..=capacity;
            assert!(within.contains(&knee), "{knee} for {capacity}");
        }
    }

    #[test]
    fn a_slow_server_is_found_below_the_first_rate() {
        let knee = knee(Ramp::USUAL, 7.0).unwrap();
        assert!((7.0 / 1.05..=7.0).contains(&knee), "{knee}");
    }

    #[test]
    fn one_bad_step_is_measured_again() {
        let mut bad = true;
        let (_, knee) = Ramp::USUAL
            .climb(|rate| {
                let hiccup = rate > 300.0 && std::mem::take(&mut bad);
                Ok(server(if hiccup { 0.0 } else { 1000.0 }, rate))
            })
            .unwrap();
        assert!((950.0..=1000.0).contains(&knee), "{knee}");
    }

    #[test]
    fn a_server_beyond_the_ceiling_is_not_pushed_further() {
        let mut highest = 0.0_f64;
        let (best, _) = Ramp::USUAL
            .climb(|rate| {
                highest = highest.max(rate);
                Ok(server(f64::INFINITY, rate))
            })
            .unwrap();
        assert_eq!((best.offered, highest), (51_200.0, 51_200.0));
    }

    #[test]
    fn a_server_that_holds_nothing_has_no_knee() {
        let error = knee(Ramp::USUAL, 0.0).unwrap_err().to_string();
        assert!(error.contains("not even"), "{error}");
    }
}
