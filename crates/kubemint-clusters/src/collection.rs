//! Where objects of ours are in a cluster, and what is done to one of them whatever its kind: look, delete, confirm,
//! list.

use std::time::Duration;

use http::StatusCode;
use k8s_openapi::api::core::v1::ServiceAccount;
use k8s_openapi::api::rbac::v1::{ClusterRoleBinding, RoleBinding, RoleRef, Subject};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use k8s_openapi::{List, ListableResource};
use kube::api::{DeleteParams, ListParams, Preconditions};
use kube::core::Request as Requests;
use kube::core::params::GetParams;
use kubemint::ports::ClusterError;
use serde::de::DeserializeOwned;
use tokio::time::{Instant, sleep};
use uuid::Uuid;

use crate::account::{Account, MANAGED_BY, bindings};
use crate::answer::Answer;
use crate::config::role_namespace;
use crate::failure::{busy, misbehaving};
use crate::member::{Member, Repeat};

/// The largest answer about one object, in bytes.
pub(crate) const ONE: usize = 1 << 20;

/// The largest page of a list, in bytes: [`PAGE`] objects of 16 KiB.
const MANY: usize = 8 << 20;

/// How many objects are asked for at once.
const PAGE: u32 = 500;

/// How many pages one collection may have.
const PAGES: usize = 2_000;

/// How long a finalizer may take to let go of an object while someone waits. Whoever put it there is not the cluster, and may
/// never do it; the reconciler looks again.
const FINALIZERS: Duration = Duration::from_millis(500);

/// The objects of one kind in one place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Collection {
    /// The ServiceAccounts of a namespace.
    Accounts(String),
    /// The RoleBindings of a namespace.
    RoleBindings(String),
    /// The ClusterRoleBindings.
    ClusterRoleBindings,
}

/// An object of any of these kinds.
pub(crate) struct Object {
    pub(crate) metadata: ObjectMeta,
    /// What it refers to and for whom, if it is a binding.
    pub(crate) grants: Option<(RoleRef, Vec<Subject>)>,
}

impl From<ServiceAccount> for Object {
    fn from(account: ServiceAccount) -> Self {
        Self {
            metadata: account.metadata,
            grants: None,
        }
    }
}

impl From<RoleBinding> for Object {
    fn from(binding: RoleBinding) -> Self {
        Self {
            metadata: binding.metadata,
            grants: Some((binding.role_ref, binding.subjects.unwrap_or_default())),
        }
    }
}

impl From<ClusterRoleBinding> for Object {
    fn from(binding: ClusterRoleBinding) -> Self {
        Self {
            metadata: binding.metadata,
            grants: Some((binding.role_ref, binding.subjects.unwrap_or_default())),
        }
    }
}

/// What became of a deletion.
enum Deletion {
    /// The cluster took it, and noted there is where its bindings are.
    Accepted(Vec<Collection>),
    /// The object was not there.
    Absent,
    /// An object is there, and it is another one.
    Another,
}

pub(crate) fn unbuildable<E>(_: E) -> ClusterError {
    misbehaving("the request cannot be built")
}

impl Collection {
    /// The ServiceAccounts of a role.
    pub(crate) fn of_role(role: &str) -> Self {
        Self::Accounts(role_namespace(role))
    }

    /// Kubernetes' name of the kind.
    pub(crate) fn resource(&self) -> &'static str {
        match self {
            Self::Accounts(_) => "serviceaccounts",
            Self::RoleBindings(_) => "rolebindings",
            Self::ClusterRoleBindings => "clusterrolebindings",
        }
    }

    /// The namespace, unless the objects lie in none.
    pub(crate) fn namespace(&self) -> Option<&str> {
        match self {
            Self::Accounts(namespace) | Self::RoleBindings(namespace) => Some(namespace),
            Self::ClusterRoleBindings => None,
        }
    }

    pub(crate) fn requests(&self) -> Requests {
        const RBAC: &str = "/apis/rbac.authorization.k8s.io/v1";
        Requests::new(match self {
            Self::Accounts(namespace) => format!("/api/v1/namespaces/{namespace}/serviceaccounts"),
            Self::RoleBindings(namespace) => format!("{RBAC}/namespaces/{namespace}/rolebindings"),
            Self::ClusterRoleBindings => format!("{RBAC}/clusterrolebindings"),
        })
    }

    /// The object of an answer.
    pub(crate) fn object(&self, answer: &Answer) -> Result<Object, ClusterError> {
        match self {
            Self::Accounts(_) => answer.json::<ServiceAccount>().map(Into::into),
            Self::RoleBindings(_) => answer.json::<RoleBinding>().map(Into::into),
            Self::ClusterRoleBindings => answer.json::<ClusterRoleBinding>().map(Into::into),
        }
    }

    /// The metadata of the objects of a page, and where the next page begins.
    fn page(&self, answer: &Answer) -> Result<(Vec<ObjectMeta>, Option<String>), ClusterError> {
        fn read<K>(answer: &Answer) -> Result<(Vec<ObjectMeta>, Option<String>), ClusterError>
        where
            K: ListableResource + DeserializeOwned + Into<Object>,
        {
            let page: List<K> = answer.json()?;
            let metadata = page.items.into_iter().map(|item| item.into().metadata);
            let next = page.metadata.continue_.filter(|token| !token.is_empty());
            Ok((metadata.collect(), next))
        }
        match self {
            Self::Accounts(_) => read::<ServiceAccount>(answer),
            Self::RoleBindings(_) => read::<RoleBinding>(answer),
            Self::ClusterRoleBindings => read::<ClusterRoleBinding>(answer),
        }
    }
}

impl Member {
    /// The object of a name; `None` if Kubernetes says that there is none.
    pub(crate) async fn look(
        &self,
        place: &Collection,
        name: &str,
    ) -> Result<Option<Account>, ClusterError> {
        let request = place
            .requests()
            .get(name, &GetParams::default())
            .map_err(unbuildable)?;
        let answer = self.call(&request, Repeat::Harmless, ONE).await?;
        match answer.status {
            StatusCode::OK => Account::read(place.object(&answer)?, place, name).map(Some),
            _ if answer.says_absent(place.resource(), name) => Ok(None),
            _ => Err(answer.error()),
        }
    }

    /// Deletes the object that stands for the kubeconfig `uid`, and looks until it is gone; `known` is the cluster's own
    /// UID of it, `until` is when to give up. Returns where its bindings are, as far as it was noted on it; `None` if it was not there,
    /// so that nothing was deleted.
    pub(crate) async fn end(
        &self,
        place: &Collection,
        name: &str,
        uid: Uuid,
        mut known: Option<String>,
        until: Instant,
    ) -> Result<Option<Vec<Collection>>, ClusterError> {
        let mut pause = Duration::from_millis(20);
        let mut noted = None;
        loop {
            let own = match known.take() {
                Some(own) => own,
                None => match self.look(place, name).await? {
                    Some(object) if object.stands_for(uid) => object.uid,
                    Some(_) | None => return Ok(noted),
                },
            };
            match self.delete(place, name, &own).await? {
                Deletion::Absent => return Ok(noted),
                // Whether the other one is ours too is seen in the next round.
                Deletion::Another => sleep(pause).await,
                Deletion::Accepted(places) => {
                    noted = Some(places);
                    let patience = until.min(Instant::now() + FINALIZERS);
                    loop {
                        match self.look(place, name).await? {
                            None => return Ok(noted),
                            Some(object) if object.uid != own => break,
                            Some(object) if object.held && Instant::now() + pause >= patience => {
                                return Err(ClusterError::Held);
                            }
                            Some(_) if Instant::now() + pause >= until => {
                                return Err(busy("it took a deletion, and the object is there"));
                            }
                            Some(_) => sleep(pause).await,
                        }
                        pause = (pause * 2).min(Duration::from_secs(1));
                    }
                }
            }
            pause = (pause * 2).min(Duration::from_secs(1));
        }
    }

    async fn delete(
        &self,
        place: &Collection,
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
        let request = place
            .requests()
            .delete(name, &params)
            .map_err(unbuildable)?;
        let answer = self.call(&request, Repeat::Harmless, ONE).await?;
        match answer.status {
            // Kubernetes answers with the ServiceAccount that it deleted, and otherwise with a `Status`.
            StatusCode::OK | StatusCode::ACCEPTED => Ok(Deletion::Accepted(
                (place.object(&answer))
                    .map_or_else(|_| Vec::new(), |object| bindings(&object.metadata)),
            )),
            StatusCode::CONFLICT => Ok(Deletion::Another),
            _ if answer.says_absent(place.resource(), name) => Ok(Deletion::Absent),
            _ => Err(answer.error()),
        }
    }

    /// The metadata of every object there that is managed by a kubemint, and has these labels.
    pub(crate) async fn list(
        &self,
        place: &Collection,
        more: &[(&str, &str)],
    ) -> Result<Vec<ObjectMeta>, ClusterError> {
        let labels = [&[MANAGED_BY], more].concat();
        let selector: Vec<String> = labels
            .iter()
            .map(|(key, value)| format!("{key}={value}"))
            .collect();
        let mut params = ListParams::default()
            .labels(&selector.join(","))
            .limit(PAGE);
        let mut all = Vec::new();
        for _ in 0..PAGES {
            let request = place.requests().list(&params).map_err(unbuildable)?;
            let answer = self.call(&request, Repeat::Harmless, MANY).await?;
            match answer.status {
                StatusCode::OK => {}
                // The list grew old while it was read; the next one begins anew.
                StatusCode::GONE => return Err(busy("it answered 410: the list ended early")),
                _ => return Err(answer.error()),
            }
            let (page, next) = place.page(&answer)?;
            // Only what was asked for counts, whatever is in the list.
            all.extend(page.into_iter().filter(|metadata| {
                let label = |key: &str| metadata.labels.as_ref().and_then(|labels| labels.get(key));
                metadata.namespace.as_deref() == place.namespace()
                    && labels
                        .iter()
                        .skip(1)
                        .all(|(key, value)| label(key).is_some_and(|label| label == value))
            }));
            match next {
                None => return Ok(all),
                // The same place twice is no progress.
                Some(token) if params.continue_token.as_ref() == Some(&token) => break,
                Some(token) => params = params.continue_token(&token),
            }
        }
        Err(misbehaving("its list does not end"))
    }
}
