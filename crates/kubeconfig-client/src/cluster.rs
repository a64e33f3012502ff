//! One cluster's kubeconfigs: what is sent to it is repeated where that is safe.

use futures::TryStreamExt as _;
use kubeconfig_types::{
    ClusterId, IdempotencyKey, Kubeconfig, KubeconfigFile, KubeconfigId, KubeconfigIssueRequest,
    KubeconfigYaml, Project, Region,
};
use reqwest::header::HeaderValue;
use serde::de::Error as _;
use uuid::Uuid;

use crate::access::check;
use crate::token::{bearer, showing};
use crate::{AccessError, ByteStream, Client, Failure, Retry};

/// The most that is read of a file, in octets: as many as the document's 1048576 characters can be.
const FILE: usize = 4 << 20;

/// The kubeconfigs of one cluster. Made by [`Client::cluster`]. Cheap to clone: clones share their connections.
#[derive(Clone, Debug)]
pub struct Cluster {
    pub(crate) client: Client,
    pub(crate) region: Region,
    pub(crate) project: Project,
    pub(crate) id: ClusterId,
    pub(crate) retry: Retry,
    token: Option<HeaderValue>,
}

impl Client {
    /// The kubeconfigs of the cluster with these names. `examples/life.rs` shows every operation.
    #[must_use]
    pub fn cluster(&self, region: Region, project: Project, id: ClusterId) -> Cluster {
        Cluster {
            client: self.clone(),
            region,
            project,
            id,
            retry: Retry::default(),
            token: None,
        }
    }
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
pub(crate) use here;

impl Cluster {
    /// Replaces the default [`Retry`].
    #[must_use]
    pub fn retry(mut self, retry: Retry) -> Self {
        self.retry = retry;
        self
    }

    /// The same cluster with another token than the client's: a renewed one, or another person's. Connections are shared.
    ///
    /// # Errors
    /// The token cannot be in a header, or the client's URL is not one to send a token to, as in [`Client::with_token`].
    pub fn with_token(mut self, token: &str) -> Result<Self, AccessError> {
        // A client need not be made by `Client::with_token`: the generated constructors take any URL.
        check(&self.client.baseurl).map_err(AccessError::Url)?;
        self.token = Some(bearer(token)?);
        Ok(self)
    }

    /// Sends, with the token that is to be shown.
    pub(crate) async fn send<F: Future>(&self, sending: F) -> F::Output {
        showing(self.token.as_ref(), sending).await
    }

    /// Sends until it is answered otherwise, or the time is over.
    pub(crate) async fn repeat<T, F>(&self, send: impl FnMut() -> F) -> Result<T, Failure>
    where
        F: Future<Output = Result<T, Failure>>,
    {
        self.send(self.retry.send(send)).await
    }

    /// Issues one kubeconfig (`issueKubeconfig`), however often this call must send the request: each try has the same idempotency
    /// key.
    ///
    /// The key is forgotten with the call. If the call fails without a refusal, or is dropped before it ends, a kubeconfig may
    /// exist that nobody knows of, and another call makes another one. If that must not happen, use [`Cluster::issue_once`].
    ///
    /// # Errors
    /// The server's last answer, or why there is none.
    pub async fn issue(&self, wanted: KubeconfigIssueRequest) -> Result<Kubeconfig, Failure> {
        let key = Uuid::new_v4().to_string();
        let key = IdempotencyKey::try_from(key)
            .map_err(|error| Failure::InvalidRequest(error.to_string()))?;
        self.issue_once(&key, wanted).await
    }

    /// As [`Cluster::issue`], with an idempotency key of your own: there is one kubeconfig also across calls and restarts of the
    /// caller. For 24 hours the same key gives the first answer again, with `status` `active`, even if the kubeconfig has expired
    /// or was revoked since. So use a new key for each kubeconfig that you want.
    ///
    /// # Errors
    /// As [`Cluster::issue`]; 409 if the key was used with another request.
    pub async fn issue_once(
        &self,
        key: &IdempotencyKey,
        wanted: KubeconfigIssueRequest,
    ) -> Result<Kubeconfig, Failure> {
        let request = here!(self.issue_kubeconfig).body(wanted);
        let request = request.idempotency_key(key.clone());
        let answer = self.repeat(|| request.clone().send()).await?;
        Ok(answer.into_inner())
    }

    /// One kubeconfig's data, without its file (`getKubeconfig`).
    ///
    /// # Errors
    /// As [`Cluster::issue`]; 404 if there is none, or none that the caller may see.
    pub async fn get(&self, id: &KubeconfigId) -> Result<Kubeconfig, Failure> {
        let request = here!(self.get_kubeconfig).id(id.clone());
        let answer = self.repeat(|| request.clone().send()).await?;
        Ok(answer.into_inner())
    }

    /// The file for kubectl, as YAML (`downloadKubeconfig`). It is a secret, and no `Debug` shows it. Write it readable for its
    /// owner only (mode 0600).
    ///
    /// # Errors
    /// As [`Cluster::get`]; 409 if it has expired, is being revoked, or ends too soon to deliver a credential.
    pub async fn download(&self, id: &KubeconfigId) -> Result<KubeconfigYaml, Failure> {
        let request = here!(self.download_kubeconfig).id(id.clone());
        let send = async || yaml(request.clone().send().await?.into_inner()).await;
        self.repeat(send).await
    }

    /// The same file as a value (`getKubeconfigFile`).
    ///
    /// # Errors
    /// As [`Cluster::download`].
    pub async fn file(&self, id: &KubeconfigId) -> Result<KubeconfigFile, Failure> {
        let request = here!(self.get_kubeconfig_file).id(id.clone());
        let answer = self.repeat(|| request.clone().send()).await?;
        Ok(answer.into_inner())
    }
}

/// A file, read no further than one may be long.
async fn yaml(mut stream: ByteStream) -> Result<KubeconfigYaml, Failure> {
    let mut octets = Vec::new();
    while let Some(part) = stream
        .try_next()
        .await
        .map_err(Failure::ResponseBodyError)?
    {
        if octets.len() + part.len() > FILE {
            return Err(no_file("it is too long"));
        }
        octets.extend_from_slice(&part);
    }
    let text = String::from_utf8(octets).map_err(|_| no_file("it is not UTF-8"))?;
    text.try_into()
        .map_err(|error: kubeconfig_types::error::ConversionError| no_file(&error.to_string()))
}

/// What came is no file that the document allows. It is not shown: it may hold a credential nevertheless.
fn no_file(why: &str) -> Failure {
    let why = serde_json::Error::custom(why);
    Failure::InvalidResponsePayload(b"withheld".as_slice().into(), why)
}
