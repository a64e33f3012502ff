//! The four things that are done at a cluster: create, mint, remove, list.

use std::time::Duration;

use http::StatusCode;
use k8s_openapi::List;
use k8s_openapi::api::authentication::v1::{TokenRequest, TokenRequestSpec};
use k8s_openapi::api::core::v1::ServiceAccount;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::api::{DeleteParams, ListParams, PostParams, Preconditions};
use kube::core::Request as Requests;
use kube::core::params::GetParams;
use kubemint::ports::{ClusterError, Credential, FoundObject, ObjectRef};
use kubemint::record::Record;
use slog::warn;
use tokio::time::{Instant, sleep};
use uuid::Uuid;

use crate::account::{self, Account, INSTANCE, MANAGED_BY, Passed};
use crate::config::role_namespace;
use crate::failure::{busy, misbehaving, refused};
use crate::member::{Member, Repeat};
use crate::token::{self, Expected};

/// The largest answer about one object, in bytes.
const ONE: usize = 1 << 20;

/// The largest page of a list, in bytes: [`PAGE`] objects of 16 KiB.
const MANY: usize = 8 << 20;

/// How many objects are asked for at once.
const PAGE: u32 = 500;

/// How many pages one namespace may have.
const PAGES: usize = 2_000;

/// What became of a deletion.
enum Deletion {
    /// The cluster took it.
    Accepted,
    /// The object was not there.
    Absent,
    /// An object is there, and it is another one.
    Another,
}

fn requests(namespace: &str) -> Requests {
    Requests::new(format!("/api/v1/namespaces/{namespace}/serviceaccounts"))
}

fn unbuildable<E>(_: E) -> ClusterError {
    misbehaving("the request cannot be built")
}

impl Member {
    /// Makes the object of a record, or finds it made; its UID.
    pub(crate) async fn create(
        &self,
        record: &Record,
        instance: Uuid,
    ) -> Result<String, ClusterError> {
        let namespace = role_namespace(&record.role);
        let name = record.id.as_str();
        let body =
            serde_json::to_vec(&account::of_record(record, instance)).map_err(unbuildable)?;
        let request = requests(&namespace)
            .create(&PostParams::default(), body)
            .map_err(unbuildable)?;
        // Twice: an object that was there may be gone when it is looked at.
        for _ in 0..2 {
            // Repeating is harmless: the second finds what the first made.
            let answer = self.call(&request, Repeat::Harmless, ONE).await?;
            let account = match answer.status {
                StatusCode::CREATED | StatusCode::OK => {
                    Account::read(answer.json()?, &namespace, name)?
                }
                StatusCode::CONFLICT => match self.look(&namespace, name).await? {
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
        let namespace = role_namespace(&object.role);
        let name = object.id.as_str();
        let uid = match &object.object_uid {
            Some(uid) => uid.clone(),
            None => match self.look(&namespace, name).await? {
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
        let request = requests(&namespace)
            .create_subresource("token", name, &PostParams::default(), body)
            .map_err(unbuildable)?;
        // A token whose answer was lost would live on unknown, so a second is only asked for if there is no first.
        let answer = self.call(&request, Repeat::IfNotDone, ONE).await?;
        match answer.status {
            StatusCode::CREATED | StatusCode::OK => {}
            _ if answer.says_absent("serviceaccounts", name) => return Err(ClusterError::Missing),
            StatusCode::CONFLICT => {
                return Err(match self.look(&namespace, name).await? {
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
        // Before Kubernetes 1.34 the UID asked for is not held against the object's own.
        if read.account_uid.is_some_and(|account| account != uid) {
            return Err(ClusterError::Missing);
        }
        Ok(read.credential)
    }

    /// Deletes an object, and looks until it is gone; `until` is when to give up.
    pub(crate) async fn remove(
        &self,
        object: &ObjectRef,
        until: Instant,
    ) -> Result<(), ClusterError> {
        let namespace = role_namespace(&object.role);
        let name = object.id.as_str();
        let mut known = object.object_uid.clone();
        let mut pause = Duration::from_millis(20);
        loop {
            let uid = match known.take() {
                Some(uid) => uid,
                None => match self.look(&namespace, name).await? {
                    Some(account) if account.stands_for(object.uid) => account.uid,
                    Some(_) | None => return Ok(()),
                },
            };
            match self.delete(&namespace, name, &uid).await? {
                Deletion::Absent => return Ok(()),
                // Whether the other one is ours too is seen in the next round.
                Deletion::Another => sleep(pause).await,
                Deletion::Accepted => loop {
                    match self.look(&namespace, name).await? {
                        None => return Ok(()),
                        Some(account) if account.uid != uid => break,
                        Some(_) if Instant::now() + pause >= until => {
                            return Err(busy(
                                "the object is deleted, and something holds it: finalizers, perhaps",
                            ));
                        }
                        Some(_) => sleep(pause).await,
                    }
                    pause = (pause * 2).min(Duration::from_secs(1));
                },
            }
            pause = (pause * 2).min(Duration::from_secs(1));
        }
    }

    /// Every object of ours in the namespaces of all roles.
    pub(crate) async fn objects(&self, instance: Uuid) -> Result<Vec<FoundObject>, ClusterError> {
        let collection = self.config.key.collection_path();
        let mut objects = Vec::new();
        for role in self.config.roles.keys() {
            let namespace = role_namespace(role);
            for metadata in self.list(&namespace, instance).await? {
                let name = metadata.name.clone().unwrap_or_default();
                match account::found(metadata, role, &collection) {
                    Ok(object) => objects.push(object),
                    Err(Passed::Elsewhere) => {}
                    Err(Passed::Odd(why)) => {
                        warn!(self.log, "an object with our label is not as we make them, and is left alone";
                            "cluster" => %self.config.key, "namespace" => namespace.as_str(), "name" => name,
                            "reason" => why);
                    }
                }
            }
        }
        Ok(objects)
    }

    async fn list(&self, namespace: &str, instance: Uuid) -> Result<Vec<ObjectMeta>, ClusterError> {
        let selector = format!("{}={},{INSTANCE}={instance}", MANAGED_BY.0, MANAGED_BY.1);
        let mut params = ListParams::default().labels(&selector).limit(PAGE);
        let mut all = Vec::new();
        for _ in 0..PAGES {
            let request = requests(namespace).list(&params).map_err(unbuildable)?;
            let answer = self.call(&request, Repeat::Harmless, MANY).await?;
            match answer.status {
                StatusCode::OK => {}
                // The list grew old while it was read; the next one begins anew.
                StatusCode::GONE => return Err(busy("it answered 410: the list ended early")),
                _ => return Err(answer.error()),
            }
            let page: List<ServiceAccount> = answer.json()?;
            // Only what was asked for counts, whatever is in the list.
            all.extend(
                page.items
                    .into_iter()
                    .map(|account| account.metadata)
                    .filter(|metadata| {
                        let label = metadata
                            .labels
                            .as_ref()
                            .and_then(|labels| labels.get(INSTANCE));
                        metadata.namespace.as_deref() == Some(namespace)
                            && label == Some(&instance.to_string())
                    }),
            );
            let next = page.metadata.continue_.filter(|token| !token.is_empty());
            match next {
                None => return Ok(all),
                // The same place twice is no progress.
                Some(token) if params.continue_token.as_ref() == Some(&token) => break,
                Some(token) => params = params.continue_token(&token),
            }
        }
        Err(misbehaving("its list does not end"))
    }

    /// The object of a name; `None` if Kubernetes says that there is none.
    async fn look(&self, namespace: &str, name: &str) -> Result<Option<Account>, ClusterError> {
        let request = requests(namespace)
            .get(name, &GetParams::default())
            .map_err(unbuildable)?;
        let answer = self.call(&request, Repeat::Harmless, ONE).await?;
        match answer.status {
            StatusCode::OK => Account::read(answer.json()?, namespace, name).map(Some),
            _ if answer.says_absent("serviceaccounts", name) => Ok(None),
            _ => Err(answer.error()),
        }
    }

    async fn delete(
        &self,
        namespace: &str,
        name: &str,
        uid: &str,
    ) -> Result<Deletion, ClusterError> {
        let preconditions = Preconditions {
            uid: Some(uid.to_owned()),
            resource_version: None,
        };
        let params = DeleteParams {
            preconditions: Some(preconditions),
            ..DeleteParams::default()
        };
        let request = requests(namespace)
            .delete(name, &params)
            .map_err(unbuildable)?;
        let answer = self.call(&request, Repeat::Harmless, ONE).await?;
        match answer.status {
            StatusCode::OK | StatusCode::ACCEPTED => Ok(Deletion::Accepted),
            StatusCode::CONFLICT => Ok(Deletion::Another),
            _ if answer.says_absent("serviceaccounts", name) => Ok(Deletion::Absent),
            _ => Err(answer.error()),
        }
    }
}
