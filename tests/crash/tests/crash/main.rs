//! Whatever fails, and whenever the process dies, the invariants hold (I1 to I7):
//!
//! - I1 a credential leaves the process only after its record is durable as active;
//! - I2 an object without a live record is eventually removed;
//! - I3 after a 204 the object is gone;
//! - I4 nothing delivered ends after `expiresAt`, but what was minted in its last 600 s, which the object's removal ends;
//! - I5 every credential has an audit row that was committed before it;
//! - I6 the same idempotency key and body is the same record, and never a second object;
//! - I7 ids are never used again.
//!
//! By default each point is met once; with `KUBEMINT_CRASH=all` (`cargo xtask crash --all`) the recovery from each crash
//! crashes as well, after each of its changes.

mod again;
mod case;
mod child;
mod complete;
mod invariants;
mod kept;
mod kill;
mod kubernetes;
mod model;
mod notes;
mod panics;
mod races;
mod recovery;
mod rough;
mod run;
mod scenario;
mod script;
mod setting;
mod stage;
mod wire;

/// Whether everything is to be tried, however long it takes.
fn all() -> bool {
    std::env::var("KUBEMINT_CRASH").is_ok_and(|value| value == "all")
}
