//! One cluster's kubeconfigs: what is sent to it is repeated where that is safe, and a list is a stream.

use std::collections::VecDeque;

use futures::{Stream, TryStreamExt as _, stream};
use kubeconfig_types::{
    ClusterId, IdempotencyKey, Kubeconfig, KubeconfigFile, KubeconfigId, KubeconfigIssueRequest,
    KubeconfigStatus, PageSize, PageToken, Project, Region, RoleName, UserName,
};
use reqwest::StatusCode;
use uuid::Uuid;

use crate::{Client, Failure, Retry, reason};

/// How many kubeconfigs a page holds where nobody says: the most that the document allows.
const PAGE: i32 = 500;

/// The kubeconfigs of a cluster, by its names. Made by [`Client::cluster`].
#[derive(Clone, Debug)]
pub struct Cluster<'a> {
    client: &'a Client,
    region: Region,
    project: Project,
    id: ClusterId,
    retry: Retry,
}

/// Which kubeconfigs are listed: those for which all that is given holds.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Only these: active, expired or revoking.
    pub status: Option<KubeconfigStatus>,
    /// Only those for this user.
    pub user: Option<UserName>,
    /// Only those that give this role.
    pub role: Option<RoleName>,
    /// How many are read at a time; 500, the most that the document allows, if absent.
    pub page_size: Option<PageSize>,
}

/// How far a stream has come.
enum Position {
    Start,
    At(PageToken),
    End,
}

impl Client {
    /// A cluster's kubeconfigs. `examples/life.rs` issues, lists, downloads and revokes one.
    #[must_use]
    pub fn cluster(&self, region: Region, project: Project, id: ClusterId) -> Cluster<'_> {
        Cluster {
            client: self,
            region,
            project,
            id,
            retry: Retry::default(),
        }
    }
}

/// Whether a revocation that was answered with 503 for this reason was begun: only the cluster is not done with it.
fn is_under_way(reason: &str) -> bool {
    matches!(
        reason,
        "cluster_unreachable" | "cluster_busy" | "held_by_finalizer"
    )
}

/// A request of an operation at this cluster. A macro, since each builder is a type of its own.
macro_rules! here {
    ($cluster:ident.$operation:ident) => {
        ($cluster.client.$operation())
            .region($cluster.region.clone())
            .project($cluster.project.clone())
            .cluster_id($cluster.id.clone())
    };
}

impl Cluster<'_> {
    /// Repeats requests otherwise than by default.
    #[must_use]
    pub fn retry(mut self, retry: Retry) -> Self {
        self.retry = retry;
        self
    }

    /// Issues a kubeconfig (`issueKubeconfig`): one, however often it must be asked for, since each try has the same idempotency key.
    ///
    /// # Errors
    /// What the server answered last, or why there is no answer.
    pub async fn issue(&self, wanted: KubeconfigIssueRequest) -> Result<Kubeconfig, Failure> {
        let key = Uuid::new_v4().to_string();
        let key = IdempotencyKey::try_from(key)
            .map_err(|error| Failure::InvalidRequest(error.to_string()))?;
        self.issue_once(&key, wanted).await
    }

    /// The same with a key of one's own, which makes it one also across restarts of the caller: for 24 hours the same key gives the
    /// same kubeconfig.
    ///
    /// # Errors
    /// As [`Cluster::issue`]; 409 where the key came before with another request.
    pub async fn issue_once(
        &self,
        key: &IdempotencyKey,
        wanted: KubeconfigIssueRequest,
    ) -> Result<Kubeconfig, Failure> {
        let request = here!(self.issue_kubeconfig).body(wanted);
        let request = request.idempotency_key(key.clone());
        let answer = self.retry.send(|| request.clone().send()).await?;
        Ok(answer.into_inner())
    }

    /// What is known of one (`getKubeconfig`).
    ///
    /// # Errors
    /// As [`Cluster::issue`]; 404 where there is none, or none that the caller may see.
    pub async fn get(&self, id: &KubeconfigId) -> Result<Kubeconfig, Failure> {
        let request = here!(self.get_kubeconfig).id(id.clone());
        let answer = self.retry.send(|| request.clone().send()).await?;
        Ok(answer.into_inner())
    }

    /// The file for kubectl, as YAML (`downloadKubeconfig`). It is a secret: give it to its owner alone (mode 0600).
    ///
    /// # Errors
    /// As [`Cluster::get`]; 409 where it has ended.
    pub async fn download(&self, id: &KubeconfigId) -> Result<Vec<u8>, Failure> {
        let request = here!(self.download_kubeconfig).id(id.clone());
        let send = async || {
            let answer = request.clone().send().await?.into_inner();
            let parts = answer.into_inner().try_collect::<Vec<_>>().await;
            Ok(parts.map_err(Failure::ResponseBodyError)?.concat())
        };
        self.retry.send(send).await
    }

    /// The same as a value (`getKubeconfigFile`).
    ///
    /// # Errors
    /// As [`Cluster::download`].
    pub async fn file(&self, id: &KubeconfigId) -> Result<KubeconfigFile, Failure> {
        let request = here!(self.get_kubeconfig_file).id(id.clone());
        let answer = self.retry.send(|| request.clone().send()).await?;
        Ok(answer.into_inner())
    }

    /// Ends one (`revokeKubeconfig`). When this returns it is confirmed gone from its cluster.
    ///
    /// # Errors
    /// As [`Cluster::get`]. What is gone is 404 to whoever asks again: after an answer that was lost, that may be all that is told.
    pub async fn revoke(&self, id: &KubeconfigId) -> Result<(), Failure> {
        let request = here!(self.revoke_kubeconfig).id(id.clone());
        let (mut sent, mut begun) = (0, false);
        loop {
            sent += 1;
            let failure = match request.clone().send().await {
                Ok(_) => return Ok(()),
                Err(failure) => failure,
            };
            // The server has found it, and goes on by itself: not found any more, it is gone.
            if begun && failure.status() == Some(StatusCode::NOT_FOUND) {
                return Ok(());
            }
            begun |= reason(&failure).is_some_and(is_under_way);
            self.retry.pause(failure, sent).await?;
        }
    }

    /// All that the caller may see (`listKubeconfigs`), newest first: pages are read as they are needed. Pin it
    /// (`std::pin::pin!`), and go on with `try_next` of `futures::TryStreamExt`.
    pub fn list(&self, filter: Filter) -> impl Stream<Item = Result<Kubeconfig, Failure>> + Send {
        let start = (VecDeque::new(), Position::Start, filter);
        stream::try_unfold(start, async move |(mut page, mut position, filter)| {
            loop {
                if let Some(next) = page.pop_front() {
                    return Ok(Some((next, (page, position, filter))));
                }
                let after = match position {
                    Position::Start => None,
                    Position::At(token) => Some(token),
                    Position::End => return Ok(None),
                };
                (page, position) = self.page(after, &filter).await?;
            }
        })
    }

    async fn page(
        &self,
        after: Option<PageToken>,
        filter: &Filter,
    ) -> Result<(VecDeque<Kubeconfig>, Position), Failure> {
        let mut request = here!(self.list_kubeconfigs);
        request = match filter.page_size {
            Some(size) => request.page_size(size),
            None => request.page_size(PAGE),
        };
        if let Some(after) = after {
            request = request.page_token(after);
        }
        if let Some(status) = filter.status {
            request = request.status(status);
        }
        if let Some(user) = &filter.user {
            request = request.user(user.clone());
        }
        if let Some(role) = &filter.role {
            request = request.role(role.clone());
        }
        let answer = self.retry.send(|| request.clone().send()).await?;
        let list = answer.into_inner();
        let position = list.next_page_token.map_or(Position::End, Position::At);
        Ok((Vec::from(list.kubeconfigs).into(), position))
    }
}
