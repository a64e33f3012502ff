//! What the database's condition is, judged by what its statements answered: a probe's own small write may go well where
//! others meet a damaged page.

use std::sync::atomic::{AtomicBool, Ordering};

use kubemint::ports::StoreError;
use thiserror::Error;

use super::error::Trouble;

/// What PostgreSQL says of a page or an index that is not as it wrote it: `data_corrupted` and `index_corrupted`.
const DAMAGE: [&str; 2] = ["XX001", "XX002"];

/// A statement met damage before: only an operator mends that.
#[derive(Debug, Error)]
#[error("the database was found damaged")]
struct FoundDamaged;

/// What was learned since the store was opened.
#[derive(Default)]
pub(super) struct Condition(AtomicBool);

impl Condition {
    /// Learns from what a piece of work met.
    pub(super) fn has_met(&self, trouble: &Trouble) {
        if let Trouble::Database(error) = trouble {
            self.has_seen(error.code().map(tokio_postgres::error::SqlState::code));
        }
    }

    fn has_seen(&self, code: Option<&str>) {
        if code.is_some_and(|code| DAMAGE.contains(&code)) {
            self.0.store(true, Ordering::Relaxed);
        }
    }

    /// Refuses to begin anything new in a damaged database: what cannot be read cannot be ended either.
    pub(super) fn sound(&self) -> Result<(), StoreError> {
        if self.0.load(Ordering::Relaxed) {
            return Err(StoreError::Damaged(Box::new(FoundDamaged)));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn damage_of_the_files_is_remembered_and_a_bug_of_ours_is_not() {
        let condition = Condition::default();
        for code in [None, Some("23505"), Some("XX000"), Some("57P01")] {
            condition.has_seen(code);
            assert!(condition.sound().is_ok(), "{code:?}");
        }
        for code in DAMAGE {
            let condition = Condition::default();
            condition.has_seen(Some(code));
            assert!(matches!(condition.sound(), Err(StoreError::Damaged(_))));
        }
    }
}
