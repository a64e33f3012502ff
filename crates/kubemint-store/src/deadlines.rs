//! How long a call of a store may take: a database or a disk that hangs is told as one that is away.

use std::time::Duration;

/// How long a call may take in all, a wait for its turn included.
pub(crate) const CALL: Duration = Duration::from_secs(4);

/// And one that someone waits for before anything is minted or ended, or to read: an intent with its audit row, a record, a page.
/// What was broken off may still be done, as after any lost answer. What comes after something was done in a cluster has all of
/// [`CALL`]: to say that it failed while it is done makes a second one of it.
pub(crate) const PROMPT: Duration = Duration::from_millis(1800);
