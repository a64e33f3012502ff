//! A binding per kubeconfig, for roles that are so configured: the ServiceAccount has no rights of its own, and one
//! (Cluster)RoleBinding of the kubeconfig's name gives it the role. It is made last, and removed at once, since Kubernetes
//! asks for bindings on every request: without it the credential is refused at once, not only when the API server's
//! memory of tokens ends.
//!
//! Which bindings there are is known by the configuration, and noted on the ServiceAccount: when a role stops to be bound per
//! kubeconfig, or a namespace is taken out of it, those that were made before go with it nevertheless.

use futures::stream::{self, StreamExt as _};
use http::StatusCode;
use k8s_openapi::api::rbac::v1::{ClusterRoleBinding, RoleBinding, RoleRef, Subject};
use kube::api::PostParams;
use kubemint::ports::{ClusterError, FoundObject, ObjectRef};
use kubemint::record::Record;
use slog::warn;
use tokio::time::Instant;
use uuid::Uuid;

use crate::account::{self, Account, Author};
use crate::collection::{Collection, ONE, unbuildable};
use crate::config::{Binding, RoleConfig, role_namespace};
use crate::failure::{busy, is_of_the_credential, misbehaving, refused};
use crate::member::{Member, Repeat};

/// The API group of bindings.
pub(crate) const RBAC: &str = "rbac.authorization.k8s.io";

/// The label of a binding that says which role it gives.
pub(crate) const ROLE: &str = "kubemint.io/role";

/// How many bindings of one kubeconfig are made or removed at once.
const ABREAST: usize = 8;

impl RoleConfig {
    /// Where the kubeconfigs of the role have their bindings: nowhere, in some namespaces, or in the whole cluster.
    pub(crate) fn bindings(&self) -> Vec<Collection> {
        match (self.binding, &self.namespaces) {
            (Binding::RoleNamespace, _) => Vec::new(),
            (Binding::PerKubeconfig, None) => vec![Collection::ClusterRoleBindings],
            (Binding::PerKubeconfig, Some(namespaces)) => namespaces
                .iter()
                .cloned()
                .map(Collection::RoleBindings)
                .collect(),
        }
    }
}

fn role_ref(role: &RoleConfig) -> RoleRef {
    RoleRef {
        api_group: RBAC.to_owned(),
        kind: "ClusterRole".to_owned(),
        name: role.cluster_role.clone(),
    }
}

fn subject(record: &Record) -> Subject {
    Subject {
        kind: "ServiceAccount".to_owned(),
        name: record.id.to_string(),
        namespace: Some(role_namespace(&record.role)),
        ..Subject::default()
    }
}

/// The binding of a record in a place, as JSON.
fn body(
    record: &Record,
    role: &RoleConfig,
    author: Author,
    place: &Collection,
) -> serde_json::Result<Vec<u8>> {
    let mut metadata = account::metadata(record, author);
    metadata.namespace = place.namespace().map(str::to_owned);
    let labels = metadata.labels.get_or_insert_default();
    labels.insert(ROLE.to_owned(), record.role.clone());
    let (role_ref, subjects) = (role_ref(role), Some(vec![subject(record)]));
    match place.namespace() {
        Some(_) => serde_json::to_vec(&RoleBinding {
            metadata,
            role_ref,
            subjects,
        }),
        None => serde_json::to_vec(&ClusterRoleBinding {
            metadata,
            role_ref,
            subjects,
        }),
    }
}

/// Whether a binding gives the record's ServiceAccount the role, and nobody anything else.
fn is_as_made(binding: &Account, record: &Record, role: &RoleConfig) -> bool {
    binding.grants == Some((role_ref(role), vec![subject(record)]))
}

impl Member {
    /// Makes the bindings of a record, or finds them made.
    pub(crate) async fn bind(
        &self,
        record: &Record,
        role: &RoleConfig,
        author: Author,
    ) -> Result<(), ClusterError> {
        let made: Vec<_> = stream::iter(role.bindings())
            .map(|place| async move { self.bind_in(&place, record, role, author).await })
            .buffer_unordered(ABREAST)
            .collect()
            .await;
        made.into_iter().collect()
    }

    async fn bind_in(
        &self,
        place: &Collection,
        record: &Record,
        role: &RoleConfig,
        author: Author,
    ) -> Result<(), ClusterError> {
        let name = record.id.as_str();
        let body = body(record, role, author, place).map_err(unbuildable)?;
        let request = place
            .requests()
            .create(&PostParams::default(), body)
            .map_err(unbuildable)?;
        // Twice: a binding that was there may be gone when it is looked at.
        for _ in 0..2 {
            // Repeating is harmless: the second finds what the first made.
            let answer = self.call(&request, Repeat::Harmless, ONE).await?;
            let binding = match answer.status {
                StatusCode::CREATED | StatusCode::OK => {
                    let made = Account::read(place.object(&answer)?, place, name)?;
                    if !made.stands_for(record.uid) || !is_as_made(&made, record, role) {
                        return Err(misbehaving("it made another binding than was asked for"));
                    }
                    made
                }
                StatusCode::CONFLICT => match self.look(place, name).await? {
                    Some(there)
                        if there.stands_for(record.uid) && is_as_made(&there, record, role) =>
                    {
                        there
                    }
                    Some(_) => return Err(ClusterError::Foreign),
                    None => continue,
                },
                _ if place
                    .namespace()
                    .is_some_and(|namespace| answer.says_absent("namespaces", namespace)) =>
                {
                    return Err(refused(
                        "a namespace where the role is bound is not there: take it out of the configuration, or make it",
                    ));
                }
                _ => return Err(answer.error()),
            };
            if binding.ending {
                return Err(busy("the binding is there, and is being deleted"));
            }
            return Ok(());
        }
        Err(busy("the binding's name is now taken and now free"))
    }

    /// Removes the bindings of an object, and looks until they are gone. All are tried, and an error is told: a refusal only
    /// where nothing else failed, since it may be for ever, and what else failed is to be tried again.
    pub(crate) async fn unbind(
        &self,
        object: &ObjectRef,
        until: Instant,
    ) -> Result<(), ClusterError> {
        let Some(role) = self.config.roles.get(&object.role) else {
            return Ok(());
        };
        let (name, uid) = (object.id.as_str(), object.uid);
        let gone: Vec<_> = stream::iter(role.bindings())
            .map(|place| async move { self.end(&place, name, uid, None, until).await })
            .buffer_unordered(ABREAST)
            .collect()
            .await;
        let mut errors: Vec<ClusterError> = gone.into_iter().filter_map(Result::err).collect();
        errors.sort_by_key(|error| matches!(error, ClusterError::Refused(_)));
        errors.into_iter().next().map_or(Ok(()), Err)
    }

    /// Removes the bindings of an object that is gone where the configuration knows of none any more.
    pub(crate) async fn unbind_elsewhere(
        &self,
        object: &ObjectRef,
        noted: Vec<Collection>,
        until: Instant,
    ) -> Result<(), ClusterError> {
        let role = self.config.roles.get(&object.role);
        let known = role.map(RoleConfig::bindings).unwrap_or_default();
        let (name, uid) = (object.id.as_str(), object.uid);
        let mut elsewhere = noted;
        elsewhere.retain(|place| !known.contains(place));
        let gone: Vec<_> = stream::iter(elsewhere)
            .map(|place| async move {
                let gone = self.end(&place, name, uid, None, until).await;
                (place, gone)
            })
            .buffer_unordered(ABREAST)
            .collect()
            .await;
        gone.into_iter().try_for_each(|(place, gone)| match gone {
            // It binds nobody any more, and a name that was granted is never used again. (That of a failed issue may be.)
            Err(ClusterError::Refused(_)) if object.object_uid.is_some() => {
                warn!(self.log, "the service has no rights any more where a kubeconfig was bound: the binding stays, and \
                    binds nobody"; "cluster" => %self.config.key, "kind" => place.resource(),
                    "namespace" => place.namespace(), "name" => name);
                Ok(())
            }
            gone => gone.map(drop),
        })
    }

    /// Adds the bindings of a role that are left without their ServiceAccount: `found` has those of the role. A place that the
    /// cluster refuses holds up no other.
    pub(crate) async fn leftovers(
        &self,
        name: &str,
        role: &RoleConfig,
        instance: Uuid,
        found: &mut Vec<FoundObject>,
    ) -> Result<(), ClusterError> {
        let mut known: std::collections::HashSet<Uuid> =
            found.iter().map(|found| found.object.uid).collect();
        let instance = instance.to_string();
        let labels = [(account::INSTANCE, instance.as_str()), (ROLE, name)];
        for place in role.bindings() {
            let listed = match self.list(&place, &labels).await {
                // As where a tenant deleted the namespace, and the service's rights with it: what is left there binds nobody.
                Err(error @ ClusterError::Refused(_)) if !is_of_the_credential(&error) => {
                    warn!(self.log, "what is left of bindings is not looked for where the service has no rights";
                        "cluster" => %self.config.key, "role" => name, "kind" => place.resource(),
                        "namespace" => place.namespace());
                    continue;
                }
                listed => listed?,
            };
            for metadata in listed {
                let Some(mut left) = self.ours(metadata, name, &place) else {
                    continue;
                };
                // The UID is that of the binding; the ServiceAccount's is not known.
                left.object.object_uid = None;
                if known.insert(left.object.uid) {
                    found.push(left);
                }
            }
        }
        Ok(())
    }
}
