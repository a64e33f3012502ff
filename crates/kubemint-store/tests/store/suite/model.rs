//! A store in its plainest form: what any other one must be indistinguishable from.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use kubemint::audit::Event;
use kubemint::caller::Principal;
use kubemint::cluster::ClusterKey;
use kubemint::ports::{Begun, Filter, Grant, Idempotency, Visible};
use kubemint::record::{Record, RecordRef, State};
use kubemint_store::MintedCredential;

use super::fixture::Step;

/// The records in the order of their making, and everything else in the plainest form.
#[derive(Default)]
pub(crate) struct Model {
    pub(crate) records: Vec<Record>,
    pub(crate) events: Vec<Event>,
    pub(crate) credentials: HashMap<RecordRef, Vec<MintedCredential>>,
    keys: HashMap<(Principal, ClusterKey, String), Use>,
}

struct Use {
    fingerprint: String,
    record: RecordRef,
    keep_until: DateTime<Utc>,
}

impl Model {
    pub(crate) fn find(&self, cluster: &ClusterKey, id: &str) -> Option<&Record> {
        self.records
            .iter()
            .find(|record| record.cluster == *cluster && record.id.as_str() == id)
    }

    pub(crate) fn begin(
        &mut self,
        record: &Record,
        idempotency: Option<&Idempotency>,
        most: Option<u32>,
        event: Event,
    ) -> Begun {
        let name = |key: &Idempotency| {
            (
                key.principal.clone(),
                record.cluster.clone(),
                key.key.clone(),
            )
        };
        if let Some(key) = idempotency
            && let Some(used) = self
                .keys
                .get(&name(key))
                .filter(|used| used.keep_until > record.created_at)
        {
            let earlier = self
                .records
                .iter()
                .find(|record| record.reference() == used.record);
            let earlier = earlier.expect("a key belongs to a record");
            return match earlier.state {
                _ if used.fingerprint != key.fingerprint => Begun::KeyReused,
                State::Pending => Begun::InProgress(Box::new(earlier.clone())),
                _ => Begun::Replay(Box::new(earlier.clone())),
            };
        }
        let of_the_user = self.records.iter().filter(|other| {
            other.cluster == record.cluster
                && other.issued_for == record.issued_for
                && other.created_by.issuer == record.created_by.issuer
        });
        let alive = of_the_user.filter(|other| match other.state {
            State::Pending => other.pending_until > record.created_at,
            State::Revoking => true,
            State::Active => other.expires_at.is_some_and(|end| end > record.created_at),
            State::Revoked | State::Expired | State::Failed => false,
        });
        if most.is_some_and(|most| alive.count() >= most as usize) {
            return Begun::QuotaExceeded;
        }
        if let Some(holder) = self.find(&record.cluster, record.id.as_str()) {
            if holder.state != State::Failed || holder.created_by != record.created_by {
                return Begun::IdTaken;
            }
            let failed = holder.reference();
            self.records.retain(|record| record.reference() != failed);
        }
        if let Some(key) = idempotency {
            let used = Use {
                fingerprint: key.fingerprint.clone(),
                record: record.reference(),
                keep_until: key.keep_until,
            };
            self.keys.insert(name(key), used);
        }
        self.records.push(record.clone());
        self.events.push(event);
        Begun::Started
    }

    pub(crate) fn take(
        &mut self,
        step: Step,
        reference: &RecordRef,
        grant: &Grant,
        event: Event,
    ) -> bool {
        let Some(record) = self
            .records
            .iter_mut()
            .find(|record| record.reference() == *reference)
        else {
            return false;
        };
        let Some(state) = step.leads(record.state) else {
            return false;
        };
        record.state = state;
        if step == Step::Activate {
            record.expires_at = Some(grant.expires_at);
            record.object_uid = Some(grant.object_uid.clone());
        }
        if matches!(step, Step::Activate | Step::AddCredential) {
            self.credentials
                .entry(reference.clone())
                .or_default()
                .push(MintedCredential {
                    jti: grant.jti.clone(),
                    expires_at: grant.expires_at,
                    minted_at: event.at,
                });
        }
        if step == Step::Fail {
            self.keys.retain(|_, used| used.record != *reference);
        }
        self.events.push(event);
        true
    }

    pub(crate) fn list(
        &self,
        cluster: &ClusterKey,
        visible: &Visible,
        filter: &Filter,
        now: DateTime<Utc>,
    ) -> Vec<Record> {
        let shown = |record: &&Record| filter.admits(record, now);
        let seen = |record: &&Record| {
            visible.all
                || visible.created && record.created_by == visible.principal
                || visible.issued_for
                    && record.created_by.issuer == visible.principal.issuer
                    && record.issued_for == visible.principal.subject
        };
        self.newest_first(cluster)
            .filter(shown)
            .filter(seen)
            .cloned()
            .collect()
    }

    pub(crate) fn active(&self, cluster: &ClusterKey) -> Vec<Record> {
        self.newest_first(cluster)
            .filter(|record| record.state == State::Active)
            .cloned()
            .collect()
    }

    pub(crate) fn due(&self, cluster: &ClusterKey, now: DateTime<Utc>) -> Vec<Record> {
        let due = |record: &&Record| match record.state {
            State::Pending => record.pending_until <= now,
            State::Revoking => !record.is_certificate() || record.has_ended(now),
            State::Active => record.expires_at.is_some_and(|end| end <= now),
            State::Revoked | State::Failed | State::Expired => false,
        };
        self.newest_first(cluster).filter(due).cloned().collect()
    }

    fn newest_first(&self, cluster: &ClusterKey) -> impl Iterator<Item = &Record> {
        self.records
            .iter()
            .rev()
            .filter(move |record| record.cluster == *cluster)
    }
}
