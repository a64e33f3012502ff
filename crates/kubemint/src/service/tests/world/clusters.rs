//! The cluster of the fakes: objects in memory, and a clock, a cap and rights of its own.

use std::sync::Arc;

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use super::{World, key};
use crate::cluster::{ClusterKey, ClusterProfile, RoleRules};
use crate::ports::*;
use crate::record::{Record, State};

#[async_trait]
impl Clusters for World {
    fn profile(&self, wanted: &ClusterKey) -> Option<Arc<ClusterProfile>> {
        self.called("profile".to_owned());
        let rules = RoleRules {
            min_ttl: 60,
            max_ttl: 86_400,
        };
        let roles = self.roles.lock().unwrap().clone();
        let roles = roles.into_iter().map(|role| (role.to_owned(), rules));
        (*wanted == key()).then(|| {
            Arc::new(ClusterProfile {
                key: key(),
                public_url: "https://cluster".to_owned(),
                ca_pem: None,
                kind: *self.kind.lock().unwrap(),
                has_credential: *self.credential.lock().unwrap(),
                roles: roles.collect(),
                default_role: "viewer".to_owned(),
                default_ttl: 3600,
                max_active_per_user: None,
            })
        })
    }

    fn keys(&self) -> Vec<ClusterKey> {
        vec![key()]
    }

    async fn create(&self, record: &Record) -> Result<String, ClusterError> {
        if self.fails("create") {
            return Err(ClusterError::Unreachable("broken".into()));
        }
        assert_eq!(
            self.state(&record.id),
            State::Pending,
            "the record is durable before the object exists"
        );
        let object_uid = format!("object-{}", record.uid);
        let made = (record.uid, object_uid.clone(), self.now());
        let mut objects = self.objects.lock().unwrap();
        let there = objects.entry(record.id.clone()).or_insert(made);
        if there.0 != record.uid {
            return Err(ClusterError::Foreign);
        }
        Ok(object_uid)
    }

    async fn mint(
        &self,
        _: &ClusterKey,
        object: &ObjectRef,
        seconds: u32,
    ) -> Result<Credential, ClusterError> {
        if self.fails("mint") {
            return Err(ClusterError::Busy("broken".into()));
        }
        assert!(seconds >= 600, "Kubernetes mints no shorter token");
        self.pass(*self.minting.lock().unwrap());
        if let Some(state) = self.becomes.lock().unwrap().take() {
            for row in self.rows.lock().unwrap().iter_mut() {
                row.state = state;
            }
        }
        if self.fails("patience") {
            // Another replica gives up what is pending.
            for row in self.rows.lock().unwrap().iter_mut() {
                row.pending_until = row.created_at;
            }
        }
        if !self.objects.lock().unwrap().contains_key(&object.id) {
            return Err(ClusterError::Missing);
        }
        let issued_at = self.now() + TimeDelta::seconds(*self.skew.lock().unwrap());
        let granted = i64::from(seconds).min(*self.cap.lock().unwrap());
        Ok(Credential {
            secret: Secret::Token("a token".to_owned().into()),
            issued_at,
            expires_at: issued_at + TimeDelta::seconds(granted),
            jti: Some("jti".to_owned()),
        })
    }

    async fn certify(
        &self,
        record: &Record,
        now: DateTime<Utc>,
        until: DateTime<Utc>,
    ) -> Result<Credential, ClusterError> {
        if self.fails("certify") {
            return Err(ClusterError::Unsigned("broken".into()));
        }
        self.pass(*self.minting.lock().unwrap());
        let issued_at = now;
        let longest = issued_at + TimeDelta::seconds((*self.cap.lock().unwrap()).min(1 << 32));
        Ok(Credential {
            secret: Secret::Certificate {
                chain: format!("a certificate for {}", record.issued_for),
                key: "a key".to_owned().into(),
            },
            issued_at,
            expires_at: until.min(longest),
            jti: Some("X509SHA256=00".to_owned()),
        })
    }

    async fn remove(&self, _: &ClusterKey, object: &ObjectRef) -> Result<(), ClusterError> {
        if self.fails("remove") {
            return Err(ClusterError::Unreachable("broken".into()));
        }
        let hangs = self.hanging.lock().unwrap().contains(&object.role);
        if hangs {
            std::future::pending::<()>().await;
        }
        if self.closed.lock().unwrap().contains(&object.role) {
            return Err(ClusterError::Refused("no rights there".into()));
        }
        if self.minded.lock().unwrap().contains(&object.id) {
            return Err(ClusterError::Busy("a webhook minds".into()));
        }
        if self.held.lock().unwrap().contains(&object.id) {
            *self.now.lock().unwrap() += *self.holding.lock().unwrap();
            return Err(ClusterError::Held);
        }
        self.pass(*self.removing.lock().unwrap());
        let mut objects = self.objects.lock().unwrap();
        if objects
            .get(&object.id)
            .is_some_and(|(uid, ..)| *uid == object.uid)
        {
            objects.remove(&object.id);
        }
        Ok(())
    }

    async fn objects(&self, _: &ClusterKey, role: &str) -> Result<Listing, ClusterError> {
        let closed = self.closed.lock().unwrap();
        if closed.contains(&role.to_owned()) {
            return Err(ClusterError::Refused("no rights there".into()));
        }
        let rows = self.rows.lock().unwrap();
        let role_of = |uid: &Uuid| {
            let row = rows.iter().find(|row| row.uid == *uid);
            row.map_or("viewer", |row| &row.role)
        };
        let objects = self.objects.lock().unwrap();
        let found = objects
            .iter()
            .filter(|(_, (uid, ..))| role_of(uid) == role)
            .map(|(id, (uid, object_uid, created_at))| FoundObject {
                object: ObjectRef {
                    role: role.to_owned(),
                    id: id.clone(),
                    uid: *uid,
                    object_uid: Some(object_uid.clone()),
                },
                created_at: *created_at,
                ends_at: Some(*created_at + TimeDelta::seconds(3600)),
            });
        let blind = *self.blind.lock().unwrap();
        Ok(Listing {
            objects: found.filter(|_| !blind).collect(),
            certain: *self.certain.lock().unwrap(),
            foreign: 0,
        })
    }

    async fn is_gone(&self, _: &ClusterKey, object: &ObjectRef) -> Result<bool, ClusterError> {
        if self.fails("look") {
            return Err(ClusterError::Unreachable("broken".into()));
        }
        let objects = self.objects.lock().unwrap();
        let there = objects.get(&object.id);
        let there = there.is_some_and(|(uid, ..)| *uid == object.uid);
        Ok(!there && *self.certain.lock().unwrap())
    }
}
