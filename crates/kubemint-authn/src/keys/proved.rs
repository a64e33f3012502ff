//! Which tokens a key has proved already.
//!
//! That a signature is a key's for these octets is true for ever, so that proving it again tells nothing new; a caller's
//! token comes with each of their requests. Only this is remembered: the token's form, its claims and their times are
//! judged each time, the key is looked up each time among those that are published, and the issuer is asked where it is
//! to be. The memory is the key's own: it ends when the key set is read anew, and with it what a withdrawn key has proved.

use std::collections::HashSet;
use std::mem;
use std::sync::{Mutex, PoisonError};

use aws_lc_rs::digest::{SHA256, digest};

/// Most tokens of a generation; there are two. All of them are about 300 KiB.
const MOST: usize = 2048;

/// A token's name: its SHA-256, which tells nothing of it.
type Name = [u8; 32];

/// The tokens of one key, by their names. Those that came lately stay; the rest is forgotten a generation at a time.
#[derive(Debug, Default)]
pub(crate) struct Proved(Mutex<Generations>);

#[derive(Debug, Default)]
struct Generations {
    young: HashSet<Name>,
    old: HashSet<Name>,
}

impl Proved {
    /// Whether `prove` holds for the token: by memory, or by calling it. A failure is not remembered.
    pub(crate) fn or(&self, token: &str, prove: impl FnOnce() -> bool) -> bool {
        let mut name = Name::default();
        name.copy_from_slice(digest(&SHA256, token.as_bytes()).as_ref());
        if self.holds(&name) {
            return true;
        }
        let proved = prove();
        if proved {
            self.lock().add(name);
        }
        proved
    }

    fn holds(&self, name: &Name) -> bool {
        let mut generations = self.lock();
        if generations.young.contains(name) {
            return true;
        }
        let Some(name) = generations.old.take(name) else {
            return false;
        };
        generations.add(name);
        true
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Generations> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Generations {
    fn add(&mut self, name: Name) {
        if self.young.len() >= MOST {
            self.old = mem::take(&mut self.young);
        }
        self.young.insert(name);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn remembered(proved: &Proved, token: &str) -> bool {
        proved.or(token, || false)
    }

    #[test]
    fn what_was_proved_is_not_proved_again_and_what_was_not_is() {
        let proved = Proved::default();
        assert!(!remembered(&proved, "a"));
        assert!(proved.or("a", || true));
        assert!(proved.or("a", || unreachable!("it is remembered")));
        assert!(!remembered(&proved, "b"), "a failure is no proof");
        assert!(!remembered(&proved, "b"));
        assert!(!remembered(&proved, "a "));
    }

    #[test]
    fn tokens_that_come_stay_and_the_others_make_room() {
        let proved = Proved::default();
        let sizes = || {
            let generations = proved.lock();
            (generations.young.len(), generations.old.len())
        };
        let add = |n: usize| assert!(proved.or(&n.to_string(), || true));
        (0..MOST).for_each(add);
        assert_eq!(sizes(), (MOST, 0));
        add(MOST);
        assert_eq!(sizes(), (1, MOST));
        assert!(remembered(&proved, "0"));
        assert_eq!(sizes(), (2, MOST - 1));
        (MOST + 1..2 * MOST).for_each(add);
        assert!(remembered(&proved, "0") && !remembered(&proved, "1"));
        (0..10 * MOST).for_each(|n| {
            add(n);
            let (young, old) = sizes();
            assert!(young <= MOST && old <= MOST);
        });
    }
}
