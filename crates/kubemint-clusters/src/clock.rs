//! How far a cluster's clock and the service's are apart, as the `Date` of the cluster's answers tells. Which of the two is
//! wrong is not known; but that they differ breaks what the service promises of expiry, so it is told.

use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use chrono::{DateTime, Utc};
use http::HeaderMap;
use http::header::DATE;
use tokio::time::Instant;

/// How far clocks may be apart, in seconds. A credential is accepted at most 10 s after its end, which no longer holds beyond.
const TOLERATED: i64 = 10;

/// How long a difference that matters is what is told, after the last answer that showed it. Several API servers answer for one
/// cluster, by turns, and each has a clock of its own; and a difference of about what is tolerated shows in one answer and not in
/// the next.
const LASTING: Duration = Duration::from_secs(60);

/// What was seen of a cluster's clock.
#[derive(Debug, Default)]
pub(crate) struct Clock(Mutex<Seen>);

#[derive(Debug, Default)]
struct Seen {
    /// What the latest answer showed.
    latest: Option<Skew>,
    /// The latest difference that matters, and when it was seen.
    matters: Option<(Skew, Instant)>,
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
    /// An answer came at `now`, which is `moment` for who measures how much time has passed. Returns what it shows, where that is
    /// another matter than before: told once.
    pub(crate) fn saw(
        &self,
        headers: &HeaderMap,
        now: DateTime<Utc>,
        moment: Instant,
    ) -> Option<Skew> {
        let date = headers.get(DATE)?.to_str().ok()?;
        let date = DateTime::parse_from_rfc2822(date).ok()?;
        // The date has whole seconds: it is half a second later than it says, on the average.
        let millis = date.timestamp_millis() + 500 - now.timestamp_millis();
        let skew = Skew(millis / 1000);
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        seen.latest = Some(skew);
        if skew.matters() {
            let before = seen.matters.replace((skew, moment));
            return before.is_none().then_some(skew);
        }
        let over = |(_, last): &mut (Skew, Instant)| moment.duration_since(*last) >= LASTING;
        seen.matters.take_if(over).map(|_| skew)
    }

    /// What the latest answer showed, or the latest of the last minute that showed what matters.
    pub(crate) fn skew(&self) -> Option<Skew> {
        let seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        seen.matters.map(|(skew, _)| skew).or(seen.latest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    /// An answer of some time of the day, `after` so many seconds.
    fn saw(clock: &Clock, began: Instant, after: u64, time: &str) -> Option<Skew> {
        let mut headers = HeaderMap::new();
        let date = format!("Fri, 02 Jan 2026 {time} GMT");
        headers.insert(DATE, HeaderValue::from_str(&date).unwrap());
        let now = "2026-01-02T03:04:05.4Z".parse().unwrap();
        clock.saw(&headers, now, began + Duration::from_secs(after))
    }

    #[test]
    fn a_difference_that_matters_is_told_once_and_so_is_its_end() {
        let (clock, began) = (Clock::default(), Instant::now());
        let saw = |after, time| saw(&clock, began, after, time);
        assert_eq!(clock.skew(), None);
        assert_eq!(saw(0, "03:04:05"), None);
        assert_eq!(clock.skew(), Some(Skew(0)));
        assert_eq!(saw(0, "03:04:15"), None, "10 s are tolerated");
        assert_eq!(saw(1, "03:14:05"), Some(Skew(600)));
        assert_eq!(saw(2, "03:14:05"), None);
        assert_eq!(saw(61, "03:04:05"), None, "for a minute after the last one");
        assert_eq!(clock.skew(), Some(Skew(600)));
        assert_eq!(saw(62, "03:04:05"), Some(Skew(0)));
        assert_eq!(clock.skew(), Some(Skew(0)));
        assert_eq!(saw(63, "02:54:05"), Some(Skew(-599)));
        assert!(
            clock
                .skew()
                .unwrap()
                .to_string()
                .starts_with("its clock is 599 s behind this machine's: ")
        );
    }

    #[test]
    fn one_api_server_of_several_whose_clock_differs_is_told_once() {
        for wrong in ["03:04:35", "03:04:16"] {
            let (clock, began) = (Clock::default(), Instant::now());
            let turns = (0..200).step_by(2);
            let told = turns.flat_map(|turn| {
                [
                    saw(&clock, began, turn, wrong),
                    saw(&clock, began, turn + 1, "03:04:15"),
                ]
            });
            assert_eq!(told.flatten().count(), 1);
            assert!(clock.skew().unwrap().matters(), "whoever answered last");
        }
    }

    #[test]
    fn an_answer_without_a_date_shows_nothing() {
        let clock = Clock::default();
        let now = Instant::now();
        assert_eq!(clock.saw(&HeaderMap::new(), Utc::now(), now), None);
        assert_eq!(saw(&clock, now, 0, "yesterday"), None);
        assert_eq!(clock.skew(), None);
    }
}
