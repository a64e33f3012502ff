//! How often tokens may cause a fetch: whoever makes up key identifiers must not make the service flood an issuer.

use std::collections::HashMap;
use std::time::Duration;

use jsonwebtoken::Algorithm;
use tokio::time::Instant;

/// Most wants that are remembered as unknown.
const MAX_UNKNOWN: usize = 1024;

/// What a token asks a newer key set for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Want {
    /// A key of this name and kind, of which none is known.
    Key(Option<String>, Algorithm),
    /// Another one than is known, which does not prove the token.
    Successor(Option<String>, Algorithm),
}

/// What a token with an unknown key may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Permit {
    /// A fetch is under way: wait for it.
    Join,
    /// Cause one, then wait for it.
    Fetch,
    /// The ration is used up: ask again when there is more of it.
    Later(Duration),
    /// None of these: the key is unknown.
    No,
}

/// The ration of one issuer.
#[derive(Debug)]
pub(super) struct Budget {
    /// Fetches that tokens may still cause.
    left: u32,
    most: u32,
    /// One more is granted each time that this passes.
    interval: Duration,
    granted: Instant,
    /// A fetch is under way, or asked for.
    under_way: bool,
    /// What the last fetches were for, and since when: another would bring no more.
    unknown: HashMap<Want, Instant>,
    /// How long that is so.
    forget: Duration,
}

impl Budget {
    pub(super) fn new(interval: Duration, most: u32, now: Instant) -> Self {
        Self {
            left: most,
            most,
            interval,
            granted: now,
            under_way: false,
            unknown: HashMap::new(),
            forget: interval * 2,
        }
    }

    /// Asks on behalf of a token that wants this.
    pub(super) fn ask(&mut self, want: &Want, now: Instant) -> Permit {
        if self
            .unknown
            .get(want)
            .is_some_and(|&since| now.duration_since(since) < self.forget)
        {
            return Permit::No;
        }
        if self.under_way {
            return Permit::Join;
        }
        while self.left < self.most && now.duration_since(self.granted) >= self.interval {
            self.left += 1;
            self.granted += self.interval;
        }
        if self.left == 0 {
            let since = now.duration_since(self.granted);
            return Permit::Later(self.interval.saturating_sub(since));
        }
        if self.left == self.most {
            self.granted = now;
        }
        self.left -= 1;
        self.under_way = true;
        Permit::Fetch
    }

    /// A fetch begins.
    pub(super) fn begin(&mut self) {
        self.under_way = true;
    }

    /// It has ended, and its outcome is published.
    pub(super) fn end(&mut self) {
        self.under_way = false;
    }

    /// A fetch brought what there is of this.
    pub(super) fn remember(&mut self, want: Want, now: Instant) {
        let forget = self.forget;
        if self.unknown.len() >= MAX_UNKNOWN {
            self.unknown
                .retain(|_, &mut since| now.duration_since(since) < forget);
        }
        if self.unknown.len() < MAX_UNKNOWN {
            self.unknown.insert(want, now);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(kid: &str) -> Want {
        Want::Key(Some(kid.to_owned()), Algorithm::ES256)
    }

    const INTERVAL: Duration = Duration::from_secs(10);

    fn at(start: Instant, seconds: u64) -> Instant {
        start + Duration::from_secs(seconds)
    }

    /// The fetches that a flood causes which asks for a fresh identifier every 100 ms for `seconds`.
    fn flood(budget: &mut Budget, start: Instant, seconds: u64) -> u64 {
        let mut fetches = 0;
        for tick in 0..seconds * 10 {
            let now = start + Duration::from_millis(tick * 100);
            if budget.ask(&key(&format!("kid-{tick}")), now) == Permit::Fetch {
                fetches += 1;
                budget.end();
            }
        }
        fetches
    }

    #[test]
    fn a_flood_causes_a_burst_and_then_one_fetch_an_interval() {
        let start = Instant::now();
        let mut budget = Budget::new(INTERVAL, 3, start);
        assert_eq!(flood(&mut budget, start, 60), 3 + 5);
        // What was not used in quiet times adds up to the burst, and no further.
        assert_eq!(flood(&mut budget, at(start, 3600), 1), 3);
    }

    #[test]
    fn one_fetch_serves_all_who_ask_while_it_is_under_way() {
        let start = Instant::now();
        let mut budget = Budget::new(INTERVAL, 1, start);
        assert_eq!(budget.ask(&key("a"), start), Permit::Fetch);
        for _ in 0..100 {
            assert_eq!(budget.ask(&key("b"), start), Permit::Join);
        }
        budget.end();
        assert_eq!(budget.ask(&key("b"), start), Permit::Later(INTERVAL));
        let rest = Duration::from_secs(3);
        assert_eq!(budget.ask(&key("b"), at(start, 7)), Permit::Later(rest));
        assert_eq!(budget.ask(&key("b"), at(start, 10)), Permit::Fetch);
    }

    #[test]
    fn a_fetch_that_began_by_itself_is_joined() {
        let start = Instant::now();
        let mut budget = Budget::new(INTERVAL, 1, start);
        budget.begin();
        assert_eq!(budget.ask(&key("a"), start), Permit::Join);
    }

    #[test]
    fn an_identifier_that_a_fetch_did_not_bring_spends_nothing_until_it_is_forgotten() {
        let start = Instant::now();
        let mut budget = Budget::new(INTERVAL, 2, start);
        budget.remember(key("a"), start);
        assert_eq!(budget.ask(&key("a"), at(start, 19)), Permit::No);
        assert_eq!(budget.ask(&key("b"), at(start, 19)), Permit::Fetch);
        budget.end();
        assert_eq!(budget.ask(&key("a"), at(start, 20)), Permit::Fetch);
    }

    #[test]
    fn the_memory_of_unknown_identifiers_is_bounded() {
        let start = Instant::now();
        let mut budget = Budget::new(INTERVAL, 2, start);
        for index in 0..MAX_UNKNOWN + 7 {
            budget.remember(key(&index.to_string()), start);
        }
        assert_eq!(budget.unknown.len(), MAX_UNKNOWN);
        // Those that are forgotten this instant make room, and no other.
        budget.unknown.insert(key("young"), at(start, 1));
        budget.remember(key("later"), at(start, 20));
        assert_eq!(budget.unknown.len(), 2);
        assert!(
            budget.unknown.contains_key(&key("young"))
                && budget.unknown.contains_key(&key("later"))
        );
    }

    #[test]
    fn each_want_is_remembered_for_itself_whatever_is_in_a_name() {
        let start = Instant::now();
        let mut budget = Budget::new(INTERVAL, 9, start);
        let name = |kid: &str| Some(kid.to_owned());
        budget.remember(Want::Key(name("a\0"), Algorithm::ES256), start);
        for other in [
            Want::Successor(name("a"), Algorithm::ES256),
            Want::Successor(name("a\0"), Algorithm::ES256),
            Want::Key(name("a\0"), Algorithm::ES384),
            Want::Key(name(""), Algorithm::ES256),
            Want::Key(None, Algorithm::ES256),
        ] {
            assert_eq!(budget.ask(&other, start), Permit::Fetch, "{other:?}");
            budget.end();
        }
        let same = Want::Key(name("a\0"), Algorithm::ES256);
        assert_eq!(budget.ask(&same, start), Permit::No);
    }
}
