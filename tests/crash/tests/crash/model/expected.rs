//! The model: what of each kubeconfig may be seen.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use kubemint::{Issued, KubeconfigId};
use uuid::Uuid;

/// What may be seen of a kubeconfig.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Seen {
    /// Nothing: it is pending, failed, or revoked.
    Nothing,
    /// Active until its time, then expired.
    Granted,
    Revoking,
}

/// A kubeconfig in the model.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) may_be: BTreeSet<Seen>,
    pub(super) end: Option<DateTime<Utc>>,
    pub(super) uid: Option<Uuid>,
    /// Its issue failed, or may have, and nothing was granted under the name: whoever tried may try again.
    pub(super) perhaps_free: bool,
}

/// The model: what may be seen of every name, and what each key was answered with.
#[derive(Default)]
pub(super) struct Model {
    pub(super) entries: BTreeMap<KubeconfigId, Entry>,
    pub(super) keys: BTreeMap<usize, Issued>,
}

impl Model {
    /// After a round of the reconciler, what was revoking may be gone.
    pub(super) fn settle(&mut self) {
        for entry in self.entries.values_mut() {
            if entry.may_be.contains(&Seen::Revoking) {
                entry.may_be.insert(Seen::Nothing);
            }
        }
    }

    pub(super) fn granted(&mut self, issued: &Issued) {
        let record = &issued.record;
        let entry = Entry {
            may_be: BTreeSet::from([Seen::Granted]),
            end: record.expires_at,
            uid: Some(record.uid),
            perhaps_free: false,
        };
        self.entries.insert(record.id.clone(), entry);
    }

    pub(super) fn perhaps(&mut self, id: KubeconfigId) {
        let entry = Entry {
            may_be: BTreeSet::from([Seen::Nothing, Seen::Granted, Seen::Revoking]),
            end: None,
            uid: None,
            perhaps_free: true,
        };
        self.entries.insert(id, entry);
    }

    pub(super) fn nothing(&mut self, id: KubeconfigId) {
        self.perhaps(id.clone());
        if let Some(entry) = self.entries.get_mut(&id) {
            entry.may_be = BTreeSet::from([Seen::Nothing]);
        }
    }
}
