//! The questions of a preflight, one call each.

use http::{Request, StatusCode};
use k8s_openapi::api::authentication::v1::SelfSubjectReview;
use k8s_openapi::api::authorization::v1::{
    ResourceAttributes, SelfSubjectAccessReview, SelfSubjectAccessReviewSpec,
    SelfSubjectRulesReview, SelfSubjectRulesReviewSpec, SubjectRulesReviewStatus,
};
use kubemint::ports::ClusterError;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use tokio::time::timeout;

use crate::answer::Answer;
use crate::failure::{misbehaving, unreachable};
use crate::member::{Member, Repeat};

/// The largest answer, in bytes.
const LARGEST: usize = 4 << 20;

/// The answer of `/version`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Version {
    git_version: String,
}

impl Member {
    /// Its version, as it calls it.
    pub(super) async fn version(&self) -> Result<String, ClusterError> {
        let version: Version = hoped(&self.get("/version").await?)?;
        let text = version.git_version;
        let fits = text.len() <= 64
            && text
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"-.+_".contains(&byte));
        if fits {
            Ok(format!("Kubernetes {text}"))
        } else {
            Err(misbehaving("its version is none"))
        }
    }

    /// The name that the service's credential stands for; `None` where the cluster cannot tell (before 1.28).
    pub(super) async fn name(&self) -> Result<Option<String>, ClusterError> {
        let answer = self
            .post(
                "/apis/authentication.k8s.io/v1/selfsubjectreviews",
                &SelfSubjectReview::default(),
            )
            .await?;
        if matches!(answer.status, StatusCode::NOT_FOUND | StatusCode::FORBIDDEN) {
            return Ok(None);
        }
        let review: SelfSubjectReview = hoped(&answer)?;
        let name = review
            .status
            .and_then(|status| status.user_info)
            .and_then(|user| user.username);
        Ok(name
            .filter(|name| name.len() <= 253 && name.bytes().all(|byte| byte.is_ascii_graphic())))
    }

    /// Whether the service may; in a namespace, or in all of them; with the object of a name, or with any.
    pub(super) async fn may(
        &self,
        group: &str,
        resource: &str,
        verb: &str,
        namespace: Option<&str>,
        name: Option<&str>,
    ) -> Result<bool, ClusterError> {
        let (resource, subresource) = match resource.split_once('/') {
            Some((resource, subresource)) => (resource, Some(subresource.to_owned())),
            None => (resource, None),
        };
        let attributes = ResourceAttributes {
            group: Some(group.to_owned()),
            resource: Some(resource.to_owned()),
            subresource,
            verb: Some(verb.to_owned()),
            namespace: namespace.map(str::to_owned),
            name: name.map(str::to_owned),
            ..ResourceAttributes::default()
        };
        let ask = SelfSubjectAccessReview {
            spec: SelfSubjectAccessReviewSpec {
                resource_attributes: Some(attributes),
                ..SelfSubjectAccessReviewSpec::default()
            },
            ..SelfSubjectAccessReview::default()
        };
        let answer = self
            .post(
                "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews",
                &ask,
            )
            .await?;
        let review: SelfSubjectAccessReview = hoped(&answer)?;
        review
            .status
            .map(|status| status.allowed)
            .ok_or_else(|| misbehaving("its review says nothing"))
    }

    /// The list of what the service may do in a namespace.
    pub(super) async fn rules(
        &self,
        namespace: &str,
    ) -> Result<SubjectRulesReviewStatus, ClusterError> {
        let ask = SelfSubjectRulesReview {
            spec: SelfSubjectRulesReviewSpec {
                namespace: Some(namespace.to_owned()),
            },
            ..SelfSubjectRulesReview::default()
        };
        let answer = self
            .post(
                "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews",
                &ask,
            )
            .await?;
        let review: SelfSubjectRulesReview = hoped(&answer)?;
        review
            .status
            .ok_or_else(|| misbehaving("its review says nothing"))
    }

    pub(super) async fn get(&self, path: &str) -> Result<Answer, ClusterError> {
        self.ask(Request::get(path).body(Vec::new())).await
    }

    async fn post(&self, path: &str, body: &impl Serialize) -> Result<Answer, ClusterError> {
        let body =
            serde_json::to_vec(body).map_err(|_| misbehaving("the request cannot be built"))?;
        self.ask(
            Request::post(path)
                .header(http::header::CONTENT_TYPE, "application/json")
                .body(body),
        )
        .await
    }

    async fn ask(&self, request: http::Result<Request<Vec<u8>>>) -> Result<Answer, ClusterError> {
        let request = request.map_err(|_| misbehaving("the request cannot be built"))?;
        timeout(
            self.limits.deadline,
            self.call(&request, Repeat::Harmless, LARGEST),
        )
        .await
        .map_err(|_| unreachable("it did not answer in time"))?
    }
}

/// The content of a successful answer.
fn hoped<T: DeserializeOwned>(answer: &Answer) -> Result<T, ClusterError> {
    if answer.status.is_success() {
        answer.json()
    } else {
        Err(answer.error())
    }
}
