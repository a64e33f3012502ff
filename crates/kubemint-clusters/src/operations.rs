//! What is done at a cluster: create, mint, remove, list, look.

use std::sync::PoisonError;
use std::time::Duration;

use http::StatusCode;
use k8s_openapi::api::authentication::v1::{TokenRequest, TokenRequestSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::api::PostParams;
use kubemint::ports::{ClusterError, Credential, FoundObject, ObjectRef};
use kubemint::record::Record;
use slog::warn;
use tokio::time::Instant;
use uuid::Uuid;

use crate::account::{self, Account, Author, Passed};
use crate::collection::{Collection, ONE, unbuildable};
use crate::config::{RoleConfig, role_namespace};
use crate::failure::{busy, misbehaving, refused};
use crate::member::{Member, Repeat};
use crate::token::{self, Expected};

/// How often the log is reminded of what is so by configuration.
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

impl Member {
    /// Makes the object of a record, or finds it made, and then its bindings; its UID.
    pub(crate) async fn create(
        &self,
        record: &Record,
        role: &RoleConfig,
        author: Author,
    ) -> Result<String, ClusterError> {
        let uid = self.create_account(record, role, author).await?;
        self.bind(record, role, author).await?;
        Ok(uid)
    }

    async fn create_account(
        &self,
        record: &Record,
        role: &RoleConfig,
        author: Author,
    ) -> Result<String, ClusterError> {
        let place = Collection::of_role(&record.role);
        let namespace = role_namespace(&record.role);
        let name = record.id.as_str();
        let account = account::of_record(record, &role.bindings(), author);
        let body = serde_json::to_vec(&account).map_err(unbuildable)?;
        let request = place
            .requests()
            .create(&PostParams::default(), body)
            .map_err(unbuildable)?;
        // Twice: an object that was there may be gone when it is looked at.
        for _ in 0..2 {
            // Repeating is harmless: the second finds what the first made.
            let answer = self.call(&request, Repeat::Harmless, ONE).await?;
            let account = match answer.status {
                StatusCode::CREATED | StatusCode::OK => {
                    Account::read(place.object(&answer)?, &place, name)?
                }
                StatusCode::CONFLICT => match self.look(&place, name).await? {
                    Some(account) if account.stands_for(record.uid) => account,
                    Some(_) => return Err(ClusterError::Foreign),
                    None => continue,
                },
                _ if answer.says_absent("namespaces", &namespace) => {
                    return Err(refused(
                        "the role's namespace is not there: the manifest is to be applied",
                    ));
                }
                _ => return Err(answer.error()),
            };
            if !account.stands_for(record.uid) {
                return Err(misbehaving("it made another object than was asked for"));
            }
            if account.ending {
                return Err(busy("the object is there, and is being deleted"));
            }
            return Ok(account.uid);
        }
        Err(busy("the name is now taken and now free"))
    }

    /// Mints a token for an object.
    pub(crate) async fn mint(
        &self,
        object: &ObjectRef,
        seconds: u32,
    ) -> Result<Credential, ClusterError> {
        let place = Collection::of_role(&object.role);
        let namespace = role_namespace(&object.role);
        let name = object.id.as_str();
        let uid = match &object.object_uid {
            Some(uid) => uid.clone(),
            None => match self.look(&place, name).await? {
                Some(account) if account.stands_for(object.uid) => account.uid,
                Some(_) => return Err(ClusterError::Foreign),
                None => return Err(ClusterError::Missing),
            },
        };
        let ask = TokenRequest {
            metadata: ObjectMeta {
                uid: Some(uid.clone()),
                ..ObjectMeta::default()
            },
            spec: TokenRequestSpec {
                expiration_seconds: Some(i64::from(seconds)),
                ..TokenRequestSpec::default()
            },
            status: None,
        };
        let body = serde_json::to_vec(&ask).map_err(unbuildable)?;
        let request = place
            .requests()
            .create_subresource("token", name, &PostParams::default(), body)
            .map_err(unbuildable)?;
        // A token whose answer was lost would live on unknown, so a second is only asked for if there is no first.
        let answer = self.call(&request, Repeat::IfNotDone, ONE).await?;
        match answer.status {
            StatusCode::CREATED | StatusCode::OK => {}
            _ if answer.says_absent("serviceaccounts", name) => return Err(ClusterError::Missing),
            StatusCode::CONFLICT => {
                return Err(match self.look(&place, name).await? {
                    Some(account) if account.uid == uid => busy("it answered 409"),
                    _ => ClusterError::Missing,
                });
            }
            _ => return Err(answer.error()),
        }
        let token = answer
            .json::<TokenRequest>()?
            .status
            .map(|status| status.token)
            .unwrap_or_default();
        let read = token::read(
            &token,
            Expected {
                namespace: &namespace,
                name,
                seconds,
            },
        )
        .map_err(misbehaving)?;
        self.told_if_short(&read.credential, seconds);
        // Before Kubernetes 1.34 the UID asked for is not held against the object's own.
        if read.account_uid.is_some_and(|account| account != uid) {
            return Err(ClusterError::Missing);
        }
        Ok(read.credential)
    }

    /// Tells the log once a day of a cluster that grants less than it is asked for: nobody else would tell an operator that
    /// the configured `max_ttl` is not to be had there.
    fn told_if_short(&self, credential: &Credential, seconds: u32) {
        let life = credential.expires_at - credential.issued_at;
        if life.num_seconds() + token::SLACK >= i64::from(seconds) {
            return;
        }
        let mut told = self.short.lock().unwrap_or_else(PoisonError::into_inner);
        if told.is_none_or(|told| told.elapsed() >= DAY) {
            *told = Some(Instant::now());
            warn!(self.log, "the cluster grants shorter lives than it is asked for (--service-account-max-token-expiration of its API \
                server): kubeconfigs end earlier than their ttl, and a larger max_ttl is not to be had there";
                "cluster" => %self.config.key, "asked_seconds" => seconds, "granted_seconds" => life.num_seconds());
        }
    }

    /// Removes an object with its bindings, and looks until all are gone; `until` is when to give up. They go at the same
    /// time: each ends the access, the bindings at once, and the ServiceAccount for good. That one was not there is believed of the
    /// cluster that it was, known again since then: a deletion has the object's own UID to go by, and an absence has nothing.
    pub(crate) async fn remove(
        &self,
        object: &ObjectRef,
        until: Instant,
    ) -> Result<(), ClusterError> {
        let place = Collection::of_role(&object.role);
        let known = object.object_uid.clone();
        let (unbound, gone) = tokio::join!(
            self.unbind(object, until),
            self.end(&place, object.id.as_str(), object.uid, known, until)
        );
        let (gone, seen) = (gone?, Instant::now());
        match unbound {
            // Rights are given by namespaces, and one may be gone with its binding: nothing else of the role can wait for it.
            Err(ClusterError::Refused(_)) if object.object_uid.is_some() => {
                warn!(self.log, "a binding could not be removed where the service has no rights; its ServiceAccount is gone, so it binds \
                    nobody"; "cluster" => %self.config.key, "role" => &object.role, "name" => object.id.as_str());
            }
            unbound => unbound?,
        }
        match gone {
            Some(noted) => self.unbind_elsewhere(object, noted, until).await,
            None => self.recognise_since(&object.role, seen).await,
        }
    }

    /// Every object of ours in the namespace of a role, and what is left of some; and how many are another installation's.
    pub(crate) async fn objects(
        &self,
        role: &str,
        instance: Uuid,
    ) -> Result<(Vec<FoundObject>, usize), ClusterError> {
        let place = Collection::of_role(role);
        let made_by = |metadata: &ObjectMeta| {
            let labels = metadata.labels.as_ref()?;
            labels.get(account::INSTANCE).cloned()
        };
        let (mut objects, mut foreign) = (Vec::new(), 0);
        for metadata in self.list(&place, &[]).await? {
            match made_by(&metadata) {
                Some(maker) if maker == instance.to_string() => {
                    objects.extend(self.ours(metadata, role, &place));
                }
                Some(_) => foreign += 1,
                None => {}
            }
        }
        if let Some(config) = self.config.roles.get(role) {
            self.leftovers(role, config, instance, &mut objects).await?;
        }
        Ok((objects, foreign))
    }

    /// Whether the object is there: by the UID that the cluster gave it, whatever is written on it by now, and by what is written on it as
    /// long as that is not known. One of another UID was made anew, and nothing that was delivered is of it.
    pub(crate) async fn exists(&self, object: &ObjectRef) -> Result<bool, ClusterError> {
        let place = Collection::of_role(&object.role);
        let there = self.look(&place, object.id.as_str()).await?;
        let is_it = |account: Account| match &object.object_uid {
            Some(own) => account.uid == *own,
            None => account.stands_for(object.uid),
        };
        Ok(there.is_some_and(is_it))
    }

    /// A listed object, if it is one of ours at this place in the fleet.
    pub(crate) fn ours(
        &self,
        metadata: ObjectMeta,
        role: &str,
        place: &Collection,
    ) -> Option<FoundObject> {
        let name = metadata.name.clone().unwrap_or_default();
        match account::found(metadata, role, &self.config.key.collection_path()) {
            Ok(object) => Some(object),
            Err(Passed::Elsewhere) => None,
            Err(Passed::Odd(why)) => {
                warn!(self.log, "an object with our label is not as we make them, and is left alone";
                    "cluster" => %self.config.key, "kind" => place.resource(), "namespace" => place.namespace(),
                    "name" => name, "reason" => why);
                None
            }
        }
    }
}
