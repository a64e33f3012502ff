//! The steps of a record's life that change nothing but its state, for both stores.

use kubemint::record::State;

/// A step: it is taken where the record is at its start, and else nothing is written.
#[derive(Clone, Copy)]
pub(crate) struct Step {
    /// Where it may start; some twice, so that one statement serves all steps.
    pub(crate) from: [State; 3],
    pub(crate) to: State,
}

impl Step {
    pub(crate) const FAIL: Self = Self {
        from: [State::Pending; 3],
        to: State::Failed,
    };
    pub(crate) const BEGIN_REVOKE: Self = Self {
        from: [State::Active, State::Expired, State::Revoking],
        to: State::Revoking,
    };
    pub(crate) const FINISH_REVOKE: Self = Self {
        from: [State::Revoking; 3],
        to: State::Revoked,
    };
    pub(crate) const LOSE: Self = Self {
        from: [State::Active; 3],
        to: State::Revoked,
    };
    pub(crate) const EXPIRE: Self = Self {
        from: [State::Active; 3],
        to: State::Expired,
    };
}
