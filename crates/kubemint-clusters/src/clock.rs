//! How far a cluster's clock and the service's are apart, as the `Date` of the cluster's answers tells. Which of the two is
//! wrong is not known; but that they differ breaks what the service promises of expiry, so it is told.

use std::fmt;
use std::sync::atomic::{AtomicI64, Ordering};

use chrono::{DateTime, Utc};
use http::HeaderMap;
use http::header::DATE;

/// How far clocks may be apart, in seconds. A credential is accepted at most 10 s after its end, which no longer holds beyond.
const TOLERATED: i64 = 10;

/// No answer was seen yet.
const UNKNOWN: i64 = i64::MIN;

/// What was seen of a cluster's clock.
#[derive(Debug)]
pub(crate) struct Clock {
    ahead: AtomicI64,
}

impl Default for Clock {
    fn default() -> Self {
        Self {
            ahead: AtomicI64::new(UNKNOWN),
        }
    }
}

/// How far a cluster's clock is ahead of the service's, in whole seconds; behind, where it is negative.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Skew(pub i64);

impl Skew {
    /// Whether it is more than what no promise depends on.
    #[must_use]
    pub fn matters(self) -> bool {
        self.0.abs() > TOLERATED
    }
}

impl fmt::Display for Skew {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (seconds, how) = (self.0.abs(), if self.0 < 0 { "behind" } else { "ahead of" });
        write!(
            f,
            "its clock is {seconds} s {how} this machine's: credentials do not end when they should; set the clock that is wrong"
        )
    }
}

impl Clock {
    /// An answer came at `now`. Returns what it shows, where that is another matter than before: told once.
    pub(crate) fn saw(&self, headers: &HeaderMap, now: DateTime<Utc>) -> Option<Skew> {
        let date = headers.get(DATE)?.to_str().ok()?;
        let date = DateTime::parse_from_rfc2822(date).ok()?;
        // The date has whole seconds: it is half a second later than it says, on the average.
        let millis = date.timestamp_millis() + 500 - now.timestamp_millis();
        let skew = Skew(millis / 1000);
        let before = self.ahead.swap(skew.0, Ordering::Relaxed);
        let mattered = before != UNKNOWN && Skew(before).matters();
        (skew.matters() != mattered).then_some(skew)
    }

    /// What the latest answer showed.
    pub(crate) fn skew(&self) -> Option<Skew> {
        let ahead = self.ahead.load(Ordering::Relaxed);
        (ahead != UNKNOWN).then_some(Skew(ahead))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    fn saw(clock: &Clock, date: &'static str) -> Option<Skew> {
        let mut headers = HeaderMap::new();
        headers.insert(DATE, HeaderValue::from_static(date));
        clock.saw(&headers, "2026-01-02T03:04:05.4Z".parse().unwrap())
    }

    #[test]
    fn a_difference_that_matters_is_told_once_and_so_is_its_end() {
        let clock = Clock::default();
        assert_eq!(clock.skew(), None);
        assert_eq!(saw(&clock, "Fri, 02 Jan 2026 03:04:05 GMT"), None);
        assert_eq!(clock.skew(), Some(Skew(0)));
        assert_eq!(
            saw(&clock, "Fri, 02 Jan 2026 03:04:15 GMT"),
            None,
            "10 s are tolerated"
        );
        assert_eq!(
            saw(&clock, "Fri, 02 Jan 2026 03:14:05 GMT"),
            Some(Skew(600))
        );
        assert_eq!(saw(&clock, "Fri, 02 Jan 2026 03:14:05 GMT"), None);
        assert_eq!(saw(&clock, "Fri, 02 Jan 2026 03:04:05 GMT"), Some(Skew(0)));
        assert_eq!(
            saw(&clock, "Fri, 02 Jan 2026 02:54:05 GMT"),
            Some(Skew(-599))
        );
        assert!(
            clock
                .skew()
                .unwrap()
                .to_string()
                .starts_with("its clock is 599 s behind this machine's: ")
        );
    }

    #[test]
    fn an_answer_without_a_date_shows_nothing() {
        let clock = Clock::default();
        assert_eq!(clock.saw(&HeaderMap::new(), Utc::now()), None);
        assert_eq!(saw(&clock, "yesterday"), None);
        assert_eq!(clock.skew(), None);
    }
}
