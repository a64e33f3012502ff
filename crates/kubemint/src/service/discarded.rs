//! Credentials that were minted and are given to nobody: the cluster's own audit log names them, so the trail does too. Where
//! the store fails while it is to be told, they are told nowhere; what led to them has its row.

use crate::audit::Event;

/// Their identifiers.
#[derive(Default)]
pub(super) struct Discarded(Vec<String>);

impl Discarded {
    /// One more, if it has one.
    pub(super) fn add(&mut self, jti: Option<String>) {
        self.0.extend(jti);
    }

    /// Whether there is anything to tell.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The event of what came of it all, which tells of them.
    pub(super) fn told(&self, event: Event) -> Event {
        if self.is_empty() {
            return event;
        }
        event.with("discarded", self.0.clone())
    }
}
