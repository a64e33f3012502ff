//! The store of the fakes: rows, keys and events in memory.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::World;
use crate::audit::Event;
use crate::cluster::ClusterKey;
use crate::id::KubeconfigId;
use crate::ports::*;
use crate::record::{Record, RecordRef, State};

impl World {
    fn move_to(
        &self,
        wanted: &RecordRef,
        from: &[State],
        to: State,
        event: Event,
    ) -> Result<bool, StoreError> {
        if self.fails("store") {
            return Err(StoreError::Unavailable("broken".into()));
        }
        let mut rows = self.rows.lock().unwrap();
        let row = rows
            .iter_mut()
            .find(|row| row.uid == wanted.uid && from.contains(&row.state));
        Ok(row.is_some_and(|row| {
            row.state = to;
            self.events.lock().unwrap().push(event);
            true
        }))
    }

    fn page(&self, keep: impl Fn(&Record) -> bool, after: Option<Position>, limit: u16) -> Page {
        let rows = self.rows.lock().unwrap();
        let before = after.map_or(rows.len(), |Position(at)| usize::try_from(at).unwrap());
        let mut found = rows[..before]
            .iter()
            .enumerate()
            .rev()
            .filter(|(_, row)| keep(row));
        let taken: Vec<_> = found.by_ref().take(usize::from(limit)).collect();
        let next = found
            .next()
            .and(taken.last())
            .map(|(at, _)| Position(*at as u64));
        Page {
            records: taken.into_iter().map(|(_, row)| row.clone()).collect(),
            next,
        }
    }
}

#[async_trait]
impl Store for World {
    fn instance(&self) -> Instance {
        Instance {
            id: Uuid::nil(),
            page_key: [0; 32],
        }
    }

    async fn ping(&self) -> Result<(), StoreError> {
        Ok(())
    }

    async fn begin_issue(
        &self,
        record: &Record,
        once: Option<&Idempotency>,
        most: Option<u32>,
        event: Event,
    ) -> Result<Begun, StoreError> {
        if self.fails("store") {
            return Err(StoreError::Unavailable("broken".into()));
        }
        let mut rows = self.rows.lock().unwrap();
        if let Some(once) = once
            && let Some((fingerprint, uid)) = self.keys.lock().unwrap().get(&once.key)
        {
            let earlier = rows.iter().find(|row| row.uid == *uid).unwrap();
            return Ok(match earlier.state {
                _ if *fingerprint != once.fingerprint => Begun::KeyReused,
                State::Pending => Begun::InProgress(Box::new(earlier.clone())),
                _ => Begun::Replay(Box::new(earlier.clone())),
            });
        }
        let alive = rows.iter().filter(|row| {
            let ended = row.expires_at.is_some_and(|end| end <= record.created_at);
            row.cluster == record.cluster
                && row.issued_for == record.issued_for
                && match row.state {
                    State::Pending | State::Revoking => true,
                    State::Active => !ended,
                    State::Revoked | State::Expired | State::Failed => false,
                }
        });
        if most.is_some_and(|most| alive.count() >= most as usize) {
            return Ok(Begun::QuotaExceeded);
        }
        let retried =
            |row: &Record| row.state == State::Failed && row.created_by == record.created_by;
        if rows.iter().any(|row| row.id == record.id && !retried(row)) {
            return Ok(Begun::IdTaken);
        }
        rows.retain(|row| row.id != record.id);
        if let Some(once) = once {
            self.keys
                .lock()
                .unwrap()
                .insert(once.key.clone(), (once.fingerprint.clone(), record.uid));
        }
        rows.push(record.clone());
        self.events.lock().unwrap().push(event);
        Ok(Begun::Started)
    }

    async fn activate(
        &self,
        record: &RecordRef,
        grant: &Grant,
        event: Event,
    ) -> Result<bool, StoreError> {
        if self.fails("activate") {
            return Err(StoreError::Unavailable("broken".into()));
        }
        let given_up = |row: &Record| row.uid == record.uid && row.is_given_up();
        if self.rows.lock().unwrap().iter().any(given_up) {
            return Ok(false);
        }
        let moved = self.move_to(record, &[State::Pending], State::Active, event)?;
        let mut rows = self.rows.lock().unwrap();
        let row = rows.iter_mut().find(|row| row.uid == record.uid).unwrap();
        row.expires_at = Some(grant.expires_at);
        row.object_uid = Some(grant.object_uid.clone());
        if self.fails("activate's answer") {
            return Err(StoreError::Unavailable("the answer is lost".into()));
        }
        Ok(moved)
    }

    async fn fail(&self, record: &RecordRef, event: Event) -> Result<bool, StoreError> {
        self.keys
            .lock()
            .unwrap()
            .retain(|_, (_, uid)| *uid != record.uid);
        self.move_to(record, &[State::Pending], State::Failed, event)
    }

    async fn abandon(&self, record: &RecordRef) -> Result<bool, StoreError> {
        if self.fails("abandon") {
            return Err(StoreError::Unavailable("broken".into()));
        }
        let mut rows = self.rows.lock().unwrap();
        let pending = |row: &&mut Record| row.uid == record.uid && row.state == State::Pending;
        let row = rows.iter_mut().find(pending);
        Ok(row.map(|row| row.pending_until = row.created_at).is_some())
    }

    async fn begin_revoke(&self, record: &RecordRef, event: Event) -> Result<bool, StoreError> {
        self.move_to(
            record,
            &[State::Active, State::Expired, State::Revoking],
            State::Revoking,
            event,
        )
    }

    async fn finish_revoke(&self, record: &RecordRef, event: Event) -> Result<bool, StoreError> {
        self.move_to(record, &[State::Revoking], State::Revoked, event)
    }

    async fn lose(&self, record: &RecordRef, event: Event) -> Result<bool, StoreError> {
        self.move_to(record, &[State::Active], State::Revoked, event)
    }

    async fn expire(&self, record: &RecordRef, event: Event) -> Result<bool, StoreError> {
        self.move_to(record, &[State::Active], State::Expired, event)
    }

    async fn add_credential(
        &self,
        record: &RecordRef,
        _: Option<&str>,
        _: DateTime<Utc>,
        event: Event,
    ) -> Result<bool, StoreError> {
        self.move_to(record, &[State::Active], State::Active, event)
    }

    async fn append(&self, event: Event) -> Result<(), StoreError> {
        self.called("append".to_owned());
        if self.fails("append") {
            return Err(StoreError::Unavailable("broken".into()));
        }
        self.events.lock().unwrap().push(event);
        Ok(())
    }

    async fn find(
        &self,
        cluster: &ClusterKey,
        id: &KubeconfigId,
    ) -> Result<Option<Record>, StoreError> {
        self.called("find".to_owned());
        let rows = self.rows.lock().unwrap();
        Ok(rows
            .iter()
            .find(|row| row.cluster == *cluster && row.id == *id)
            .cloned())
    }

    async fn list(
        &self,
        _: &ClusterKey,
        who: &Visible,
        filter: &Filter,
        now: DateTime<Utc>,
        after: Option<Position>,
        limit: u16,
    ) -> Result<Page, StoreError> {
        self.called("list".to_owned());
        let visible = |row: &Record| {
            who.all
                || (who.created && row.created_by == who.principal)
                || (who.issued_for && row.issued_for == who.principal.subject)
        };
        Ok(self.page(|row| filter.admits(row, now) && visible(row), after, limit))
    }

    async fn due(
        &self,
        _: &ClusterKey,
        now: DateTime<Utc>,
        limit: u16,
    ) -> Result<Vec<Record>, StoreError> {
        let rows = self.rows.lock().unwrap();
        let due = |row: &&Record| match row.state {
            State::Pending => row.pending_until <= now,
            State::Revoking => !row.is_certificate() || row.has_ended(now),
            State::Active => row.expires_at.unwrap() <= now,
            _ => false,
        };
        let most = usize::from(limit);
        Ok(rows.iter().filter(due).take(most).cloned().collect())
    }

    async fn landmarks(&self, cluster: &ClusterKey) -> Result<Vec<Landmark>, StoreError> {
        let _ = cluster;
        Ok(Vec::new())
    }

    async fn note_landmark(
        &self,
        cluster: &ClusterKey,
        landmark: &Landmark,
    ) -> Result<(), StoreError> {
        let _ = (cluster, landmark);
        Ok(())
    }

    async fn forget_landmarks(&self, cluster: &ClusterKey) -> Result<(), StoreError> {
        let _ = cluster;
        Ok(())
    }

    async fn alive(&self, _: DateTime<Utc>) -> Result<Vec<Alive>, StoreError> {
        Ok(Vec::new())
    }

    async fn active(
        &self,
        _: &ClusterKey,
        after: Option<Position>,
        limit: u16,
    ) -> Result<Page, StoreError> {
        Ok(self.page(|row| row.state == State::Active, after, limit))
    }
}
