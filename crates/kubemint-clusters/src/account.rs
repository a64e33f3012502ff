//! The objects that stand for a kubeconfig, its ServiceAccount above all: what is written into them, and what is read.

use std::collections::BTreeMap;

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use k8s_openapi::api::core::v1::ServiceAccount;
use k8s_openapi::api::rbac::v1::{RoleRef, Subject};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kubemint::id::KubeconfigId;
use kubemint::ports::{ClusterError, FoundObject, ObjectRef};
use kubemint::record::{CERTIFICATE, Record};
use uuid::Uuid;

use crate::collection::{Collection, Object};
use crate::config::{is_label, role_namespace};
use crate::failure::misbehaving;

/// The label, and its value, of everything that is ours.
pub(crate) const MANAGED_BY: (&str, &str) = ("app.kubernetes.io/managed-by", "kubemint");

/// The label that says which installation made an object.
pub(crate) const INSTANCE: &str = "kubemint.io/instance";

const UID: &str = "kubemint.io/uid";
const SELF_LINK: &str = "kubemint.io/self-link";
const USER: &str = "kubemint.io/user";
const CREATED_BY: &str = "kubemint.io/created-by";
const EXPIRES: &str = "kubemint.io/expires-no-later-than";

/// Where the kubeconfig has bindings of its own, noted on its ServiceAccount: namespaces, or `*` for the whole cluster.
const BINDINGS: &str = "kubemint.io/bindings";

/// How long a credential may outlive `expiresAt` were the service down at that moment: Kubernetes' shortest token and
/// its leeway, in seconds.
const OVERTIME: i64 = 600 + 70;

/// Who makes objects.
#[derive(Clone, Copy)]
pub(crate) struct Author {
    /// The installation.
    pub(crate) instance: Uuid,
    /// Whether its objects say whom they are for and who asked for them: whoever may read ServiceAccounts reads that, and a
    /// viewer of the cluster may.
    pub(crate) names_people: bool,
}

/// The ServiceAccount for a record whose bindings will be in some places.
pub(crate) fn of_record(
    record: &Record,
    bindings: &[Collection],
    author: Author,
) -> ServiceAccount {
    let mut metadata = metadata(record, author);
    metadata.namespace = Some(role_namespace(&record.role));
    if !bindings.is_empty() {
        let places = bindings
            .iter()
            .map(|place| place.namespace().unwrap_or("*"));
        let text = places.collect::<Vec<_>>().join(",");
        let annotations = metadata.annotations.get_or_insert_default();
        annotations.insert(BINDINGS.to_owned(), text);
    }
    ServiceAccount {
        metadata,
        automount_service_account_token: Some(false),
        ..ServiceAccount::default()
    }
}

/// Where the bindings of a ServiceAccount are, as noted on it.
pub(crate) fn bindings(account: &ObjectMeta) -> Vec<Collection> {
    let noted = account.annotations.as_ref();
    let noted = noted.and_then(|noted| noted.get(BINDINGS));
    let places = noted.into_iter().flat_map(|text| text.split(','));
    places
        .filter_map(|place| match place {
            "*" => Some(Collection::ClusterRoleBindings),
            namespace if is_label(namespace, 63) => {
                Some(Collection::RoleBindings(namespace.to_owned()))
            }
            _ => None,
        })
        .collect()
}

/// What every object for a record carries. Texts of users are annotations: data, whatever is in them.
pub(crate) fn metadata(record: &Record, author: Author) -> ObjectMeta {
    let created_by =
        serde_json::json!({"issuer": record.created_by.issuer, "subject": record.created_by.subject}).to_string();
    let labels = [
        (MANAGED_BY.0, MANAGED_BY.1.to_owned()),
        (INSTANCE, author.instance.to_string()),
    ];
    let annotations = [
        (UID, record.uid.to_string()),
        (SELF_LINK, record.self_link()),
        (
            EXPIRES,
            expires_no_later_than(record).to_rfc3339_opts(SecondsFormat::Secs, true),
        ),
    ];
    let people = [(USER, record.issued_for.clone()), (CREATED_BY, created_by)];
    let people = people.into_iter().filter(|_| author.names_people);
    let annotations = annotations.into_iter().chain(people);
    let owned = |(key, value): (&str, String)| (key.to_owned(), value);
    ObjectMeta {
        name: Some(record.id.to_string()),
        labels: Some(labels.into_iter().map(owned).collect()),
        annotations: Some(annotations.map(owned).collect()),
        ..ObjectMeta::default()
    }
}

/// A time after which nothing minted for the record can be accepted: its life counts at the latest from the moment
/// until which it may be pending.
fn expires_no_later_than(record: &Record) -> DateTime<Utc> {
    let life = TimeDelta::seconds(i64::from(record.ttl) + OVERTIME);
    record
        .created_at
        .max(record.pending_until)
        .checked_add_signed(life)
        .unwrap_or(DateTime::<Utc>::MAX_UTC)
}

/// An object that a cluster answered with, held against where it was looked for: a ServiceAccount or a binding.
pub(crate) struct Account {
    /// The cluster's own UID of it.
    pub(crate) uid: String,
    /// Whether it is on its way out.
    pub(crate) ending: bool,
    /// Whether it would be gone but for finalizers.
    pub(crate) held: bool,
    /// What it refers to and for whom, if it is a binding.
    pub(crate) grants: Option<(RoleRef, Vec<Subject>)>,
    annotations: BTreeMap<String, String>,
}

impl Account {
    /// Checks that an answer is the object asked for, with a UID.
    pub(crate) fn read(
        answer: Object,
        place: &Collection,
        name: &str,
    ) -> Result<Self, ClusterError> {
        let metadata = answer.metadata;
        if metadata.name.as_deref() != Some(name)
            || metadata.namespace.as_deref() != place.namespace()
        {
            return Err(misbehaving(
                "it answered with another object than was asked for",
            ));
        }
        let uid = metadata
            .uid
            .filter(|uid| fits(uid))
            .ok_or_else(|| misbehaving("its object has no fit UID"))?;
        Ok(Self {
            uid,
            grants: answer.grants,
            ending: metadata.deletion_timestamp.is_some(),
            held: metadata.deletion_timestamp.is_some()
                && metadata
                    .finalizers
                    .is_some_and(|holders| !holders.is_empty()),
            annotations: metadata.annotations.unwrap_or_default(),
        })
    }

    /// Whether it stands for the kubeconfig of this UUID.
    pub(crate) fn stands_for(&self, uid: Uuid) -> bool {
        self.annotations.get(UID).and_then(|text| text.parse().ok()) == Some(uid)
    }
}

/// Why a listed object is passed over.
pub(crate) enum Passed {
    /// It belongs to another cluster's place in the fleet, behind the same API server.
    Elsewhere,
    /// It has our label, and is not as we make them.
    Odd(&'static str),
}

/// A listed object as one of ours.
pub(crate) fn found(
    metadata: ObjectMeta,
    role: &str,
    collection: &str,
) -> Result<FoundObject, Passed> {
    let annotations = metadata.annotations.unwrap_or_default();
    let id: KubeconfigId = metadata
        .name
        .and_then(|name| name.parse().ok())
        .ok_or(Passed::Odd("its name is not the name of a kubeconfig"))?;
    let link = annotations
        .get(SELF_LINK)
        .ok_or(Passed::Odd("it has no selfLink"))?;
    if link
        .strip_prefix(collection)
        .and_then(|rest| rest.strip_prefix('/'))
        != Some(id.as_str())
    {
        return Err(Passed::Elsewhere);
    }
    let uid = annotations
        .get(UID)
        .and_then(|text| text.parse().ok())
        .ok_or(Passed::Odd(
            "it does not say which kubeconfig it stands for",
        ))?;
    let object_uid = metadata
        .uid
        .filter(|uid| fits(uid))
        .ok_or(Passed::Odd("it has no fit UID"))?;
    let ends_at = annotations.get(EXPIRES).and_then(|text| text.parse().ok());
    let created_at = metadata
        .creation_timestamp
        .and_then(|time| DateTime::from_timestamp(time.0.as_second(), 0))
        .ok_or(Passed::Odd("it does not say when it was made"))?;
    Ok(FoundObject {
        object: ObjectRef {
            role: role.to_owned(),
            id,
            uid,
            object_uid: Some(object_uid),
        },
        created_at,
        ends_at,
    })
}

/// A UID as clusters make them: short, visible ASCII. (What stands for a kubeconfig without an object is none.)
fn fits(uid: &str) -> bool {
    uid != CERTIFICATE
        && (1..=128).contains(&uid.len())
        && uid.bytes().all(|byte| byte.is_ascii_graphic())
}
