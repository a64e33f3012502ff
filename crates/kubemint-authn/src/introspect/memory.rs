//! Which tokens were active, and until when that is believed.

use std::collections::HashMap;
use std::time::Duration;

use aws_lc_rs::digest::{SHA256, digest};
use tokio::time::Instant;

/// Most answers that are remembered.
const MOST: usize = 10_000;

/// A token's name: its SHA-256, which tells nothing of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Name([u8; 32]);

impl Name {
    pub(super) fn of(bearer: &str) -> Self {
        let mut name = [0; 32];
        name.copy_from_slice(digest(&SHA256, bearer.as_bytes()).as_ref());
        Self(name)
    }
}

/// The tokens that were active, each until its time.
#[derive(Debug)]
pub(super) struct Memory {
    /// How long an answer is believed; zero: not at all.
    lasting: Duration,
    until: HashMap<Name, Instant>,
}

impl Memory {
    pub(super) fn new(lasting: Duration) -> Self {
        Self {
            lasting,
            until: HashMap::new(),
        }
    }

    /// Whether a token is believed to be active without asking.
    pub(super) fn holds(&self, name: &Name, now: Instant) -> bool {
        self.until.get(name).is_some_and(|&until| now < until)
    }

    /// Believes an answer from its question on, since it was true at some time after that. When there is no room, what is
    /// no longer believed is forgotten first; without room, this one is not remembered, and asked for again.
    pub(super) fn add(&mut self, name: Name, asked: Instant, now: Instant) {
        if self.lasting.is_zero() {
            return;
        }
        if self.until.len() >= MOST {
            self.until.retain(|_, &mut until| now < until);
        }
        if self.until.len() < MOST {
            self.until.insert(name, asked + self.lasting);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LASTING: Duration = Duration::from_secs(5);

    fn name(n: usize) -> Name {
        Name::of(&n.to_string())
    }

    #[test]
    fn an_answer_is_believed_from_its_question_on_and_for_its_time() {
        let asked = Instant::now();
        let mut memory = Memory::new(LASTING);
        memory.add(name(1), asked, asked + Duration::from_secs(2));
        let last = asked + LASTING - Duration::from_nanos(1);
        assert!(memory.holds(&name(1), last) && !memory.holds(&name(2), last));
        assert!(!memory.holds(&name(1), asked + LASTING));
        let mut none = Memory::new(Duration::ZERO);
        none.add(name(1), asked, asked);
        assert!(
            none.until.is_empty(),
            "nothing is kept that is not believed"
        );
    }

    #[test]
    fn the_memory_is_bounded_and_makes_room_of_what_is_past() {
        let asked = Instant::now();
        let mut memory = Memory::new(LASTING);
        for n in 0..MOST + 7 {
            memory.add(name(n), asked, asked);
        }
        assert_eq!(memory.until.len(), MOST);
        assert!(memory.holds(&name(MOST - 1), asked) && !memory.holds(&name(MOST), asked));
        // Those whose time is over this instant make room, and no other.
        let over = asked + LASTING;
        memory.until.insert(name(0), over + LASTING);
        memory.add(name(MOST), over, over);
        assert_eq!(memory.until.len(), 2);
        assert!(memory.holds(&name(0), over) && memory.holds(&name(MOST), over));
    }
}
