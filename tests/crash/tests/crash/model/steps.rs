//! What may happen in a history, and what may go wrong beside it.

use proptest::prelude::*;

/// The names that clients choose from.
pub(super) const NAMES: usize = 6;
/// The idempotency keys that they use.
pub(super) const KEYS: usize = 3;
/// What may go wrong beside a step: the calls that a step may make.
pub(super) const CALLS: [&str; 13] = [
    "begin_issue",
    "create",
    "mint",
    "activate",
    "remove",
    "fail",
    "begin_revoke",
    "finish_revoke",
    "expire",
    "find",
    "append",
    "add_credential",
    "due",
];

/// What happens next.
#[derive(Clone, Debug)]
pub(super) enum Act {
    /// An issue of a chosen name, for so many seconds.
    Named(usize, i64),
    /// An issue with an idempotency key.
    Keyed(usize),
    Download(usize),
    Revoke(usize),
    Advance(i64),
    Reconcile,
    Sweep,
    Down,
    Up,
    /// Somebody deletes an object in the cluster.
    Steal(usize),
}

/// An act, and a call that fails while it is done.
pub(super) type Step = (Act, Option<(usize, bool)>);

pub(super) fn step() -> impl Strategy<Value = Step> {
    let lives = prop_oneof![Just(2i64), Just(60), Just(900), Just(3600)];
    let act = prop_oneof![
        5 => (0..NAMES, lives).prop_map(|(name, ttl)| Act::Named(name, ttl)),
        3 => (0..KEYS).prop_map(Act::Keyed),
        4 => (0..NAMES + KEYS).prop_map(Act::Download),
        4 => (0..NAMES + KEYS).prop_map(Act::Revoke),
        3 => prop_oneof![0..5i64, 30..90i64, 600..1000i64].prop_map(Act::Advance),
        4 => Just(Act::Reconcile),
        2 => Just(Act::Sweep),
        1 => Just(Act::Down),
        2 => Just(Act::Up),
        1 => (0..NAMES + KEYS).prop_map(Act::Steal),
    ];
    (
        act,
        proptest::option::weighted(0.3, (0..CALLS.len(), any::<bool>())),
    )
}
