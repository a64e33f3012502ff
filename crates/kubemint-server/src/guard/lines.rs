//! How many lines refusals may have in the log: some of each kind and address a minute, in bounded memory. All are counted
//! in the metrics.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How many lines of one kind and address there may be in [`WINDOW`].
const LINES: u64 = 20;
/// For how long lines are counted.
const WINDOW: Duration = Duration::from_secs(60);
/// The most kinds and addresses that are told apart; the rest are counted together.
const MOST: usize = 4096;

type Key = (IpAddr, &'static str);

/// What was logged lately.
#[derive(Default)]
pub(crate) struct Lines {
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    windows: HashMap<Key, Window>,
    others: Option<Window>,
}

#[derive(Clone, Copy)]
struct Window {
    began: Instant,
    count: u64,
}

impl Lines {
    /// Whether a refusal may have a line, and then how many like it had none before.
    pub(crate) fn take(&self, address: IpAddr, reason: &'static str) -> Option<u64> {
        self.take_at((address, reason), Instant::now())
    }

    fn take_at(&self, key: Key, now: Instant) -> Option<u64> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let window = kept.of(key, now);
        let before = window.count;
        if now.saturating_duration_since(window.began) >= WINDOW {
            *window = Window {
                began: now,
                count: 1,
            };
            return Some(before.saturating_sub(LINES));
        }
        window.count += 1;
        (window.count <= LINES).then_some(0)
    }
}

impl Kept {
    fn of(&mut self, key: Key, now: Instant) -> &mut Window {
        let fresh = Window {
            began: now,
            count: 0,
        };
        if self.windows.len() >= MOST && !self.windows.contains_key(&key) {
            let recent = |window: &Window| now.saturating_duration_since(window.began) < WINDOW;
            self.windows.retain(|_, window| recent(window));
            if self.windows.len() >= MOST {
                return self.others.get_or_insert(fresh);
            }
        }
        self.windows.entry(key).or_insert(fresh)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Ipv4Addr;

    fn key(n: u32, reason: &'static str) -> Key {
        (IpAddr::V4(Ipv4Addr::from_bits(n)), reason)
    }

    #[test]
    fn some_lines_a_minute_are_written_and_the_next_one_says_how_many_were_not() {
        let (lines, start) = (Lines::default(), Instant::now());
        let written = |seconds| {
            let now = start + Duration::from_secs(seconds);
            (0..100)
                .filter_map(|_| lines.take_at(key(1, "a"), now))
                .collect::<Vec<_>>()
        };
        assert_eq!(written(0), vec![0; 20]);
        assert!(written(59).is_empty());
        assert_eq!(written(60)[0], 180);
        assert_eq!(lines.take_at(key(1, "b"), start), Some(0), "another kind");
        assert_eq!(
            lines.take_at(key(2, "a"), start),
            Some(0),
            "another address"
        );
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let (lines, start) = (Lines::default(), Instant::now());
        let most = u32::try_from(MOST).unwrap();
        let written = (0..most * 2).filter_map(|n| lines.take_at(key(n, "a"), start));
        assert_eq!(written.count(), MOST + 20, "the others share their lines");
        let later = start + WINDOW;
        assert_eq!(lines.take_at(key(most * 3, "a"), later), Some(0));
        assert_eq!(lines.kept.lock().unwrap().windows.len(), 1);
    }
}
