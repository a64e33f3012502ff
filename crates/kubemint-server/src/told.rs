//! What the log was told of something that goes wrong again and again: the same once in a while only, since an outage is met
//! every few seconds.

use std::collections::BTreeMap;
use std::error::Error;
use std::time::Duration;

use slog::Logger;
use tokio::time::Instant;

/// How often the log is reminded of an error that goes on.
const REMINDER: Duration = Duration::from_secs(60);

/// How many different errors are remembered; one more forgets them all.
const MOST: usize = 32;

/// What was told to be wrong, and when.
#[derive(Debug, Default)]
pub(crate) struct Told(BTreeMap<String, Instant>);

impl Told {
    /// Logs an error with what it means, unless the same was told a moment ago.
    pub(crate) fn complain(&mut self, log: &Logger, what: &str, error: &dyn Error) {
        let error = crate::edge::chain(error);
        if self.is_news(&kind(&error), Instant::now()) {
            slog::warn!(log, "{}", what; "error" => &error);
        }
    }

    fn is_news(&mut self, error: &str, now: Instant) -> bool {
        let told = self.0.get(error);
        if told.is_some_and(|at| now.duration_since(*at) < REMINDER) {
            return false;
        }
        if self.0.len() >= MOST {
            self.0.clear();
        }
        self.0.insert(error.to_owned(), now);
        true
    }

    /// It goes well; whether something else was told before.
    pub(crate) fn is_over(&mut self) -> bool {
        !std::mem::take(&mut self.0).is_empty()
    }
}

/// An error without what is quoted in it: a cluster names the object that it refuses, and each of many would be news.
fn kind(error: &str) -> String {
    error.split('"').step_by(2).collect::<Vec<_>>().join("\"\"")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_of_another_object_is_no_news() {
        let told = |name: &str| {
            format!(
                "create in kubemint-viewer: it answered 403: accounts \"{name}\" is forbidden: no"
            )
        };
        assert_eq!(kind(&told("a")), kind(&told("b")));
        assert_ne!(
            kind(&told("a")),
            kind(&told("a").replace("viewer", "editor"))
        );
        assert_ne!(kind("one"), kind("two"));
    }

    #[test]
    fn an_outage_is_told_once_a_minute_and_once_more_when_it_is_another() {
        let (mut told, now) = (Told::default(), Instant::now());
        assert!(told.is_news("one", now) && told.is_news("another", now));
        let soon = now + REMINDER - Duration::from_millis(1);
        assert!(!told.is_news("one", soon) && !told.is_news("another", soon));
        assert!(told.is_news("one", now + REMINDER));
        assert!(told.is_over() && !told.is_over());
        assert!(told.is_news("one", now + REMINDER));
        for number in 0..100 {
            assert!(told.is_news(&number.to_string(), now));
        }
        assert!(told.0.len() <= MOST);
    }
}
