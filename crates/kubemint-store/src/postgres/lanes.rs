//! The chains that this replica writes: one for each connection that writes at the same time, so that no writer waits for
//! another one's commit. A chain begins with a replica and is no other's, so its head need not be read before each row.

use std::sync::{Mutex, PoisonError};

use kubemint::ports::Begun;
use uuid::Uuid;

use super::connect::Held;
use super::error::Trouble;
use super::rows::{self, EventRow};
use crate::audit::{Hash, START};

const HEAD: &str = "SELECT head, head_hash FROM audit_chain WHERE chain = $1";

/// The lanes that nobody writes just now.
#[derive(Default)]
pub(super) struct Lanes(Mutex<Vec<Chain>>);

struct Chain {
    name: String,
    head: i64,
    hash: Hash,
    /// What was written last may or may not have been: the database knows.
    in_doubt: bool,
}

impl Lanes {
    /// A chain to oneself, and its head.
    pub(super) async fn take(&self, db: &Held) -> Result<Lane<'_>, Trouble> {
        let free = self.lock().pop();
        let chain = free.unwrap_or_else(|| Chain {
            name: Uuid::new_v4().to_string(),
            head: 0,
            hash: START,
            in_doubt: false,
        });
        let mut lane = Lane { lanes: self, chain };
        let chain = &mut lane.chain;
        if chain.in_doubt {
            // Should the write in doubt come after this, one of the two breaks the constraint, and is not written.
            let statement = db.prepare_cached(HEAD).await?;
            if let Some(row) = db.query_opt(&statement, &[&chain.name]).await? {
                chain.head = rows::get(&row, 0)?;
                let hash = rows::get::<&[u8]>(&row, 1)?.try_into();
                chain.hash = hash.map_err(|_| Trouble::unreadable(1, "not a hash"))?;
            }
        }
        Ok(lane)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Chain>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A chain that is written by one alone, until it is dropped.
pub(super) struct Lane<'a> {
    lanes: &'a Lanes,
    chain: Chain,
}

impl Lane<'_> {
    /// Gives an event the next place. From now on the chain is in doubt.
    pub(super) fn place(&mut self, event: &mut EventRow) {
        let Chain {
            name, head, hash, ..
        } = &self.chain;
        event.place(name, head + 1, hash);
        self.chain.in_doubt = true;
    }

    /// The write ended well, and the event was written or not.
    pub(super) fn settle(&mut self, event: &EventRow, outcome: &impl Outcome) {
        self.chain.in_doubt = false;
        if outcome.wrote() {
            self.chain.head += 1;
            self.chain.hash = event.hash();
        }
    }
}

impl Drop for Lane<'_> {
    fn drop(&mut self) {
        let chain = Chain {
            name: std::mem::take(&mut self.chain.name),
            ..self.chain
        };
        let mut lanes = self.lanes.lock();
        if chain.in_doubt {
            // Taken last: the statement that was given up may still hold the place.
            lanes.insert(0, chain);
        } else {
            lanes.push(chain);
        }
    }
}

/// What a write answers, which says whether it wrote its event.
pub(super) trait Outcome {
    fn wrote(&self) -> bool;
}

impl Outcome for () {
    fn wrote(&self) -> bool {
        true
    }
}

impl Outcome for bool {
    fn wrote(&self) -> bool {
        *self
    }
}

impl Outcome for Begun {
    fn wrote(&self) -> bool {
        *self == Begun::Started
    }
}
