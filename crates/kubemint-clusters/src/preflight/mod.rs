//! Whether each cluster is ready for the service, and the service fit for it: reachable, with the rights of the
//! manifest and no others. Nothing is changed by it.

mod report;
mod rights;

use std::collections::BTreeSet;

use futures::future::join_all;
use http::{Request, StatusCode};
use k8s_openapi::api::authentication::v1::SelfSubjectReview;
use k8s_openapi::api::authorization::v1::{
    ResourceAttributes, SelfSubjectAccessReview, SelfSubjectAccessReviewSpec,
    SelfSubjectRulesReview, SelfSubjectRulesReviewSpec,
};
use kubemint::ports::ClusterError;
use serde::Deserialize;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::time::timeout;

use crate::answer::Answer;
use crate::config::{SYSTEM_NAMESPACE, role_namespace};
use crate::failure::{self, misbehaving, unreachable};
use crate::fleet::Fleet;
use crate::manifest::RIGHTS;
use crate::member::{Member, Repeat};
pub use report::{Finding, Line, Report};
use rights::{CLUSTER, DANGEROUS, EVERYTHING, Excess, what};

/// The largest answer, in bytes.
const LARGEST: usize = 4 << 20;

/// Namespaces where the service should be able to do nothing.
const NEUTRAL: [&str; 3] = ["default", "kube-system", SYSTEM_NAMESPACE];

impl Fleet {
    /// Looks at every cluster of the configuration, all at once. It never fails: what cannot be found out is a line
    /// of the report.
    pub async fn preflight(&self) -> Report {
        let lines = join_all(self.members().map(Member::preflight)).await;
        Report {
            lines: lines.into_iter().flatten().collect(),
        }
    }
}

/// The answer of `/version`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Version {
    git_version: String,
}

impl Member {
    async fn preflight(&self) -> Vec<Line> {
        let mut lines = Lines {
            member: self,
            lines: Vec::new(),
        };
        let looked = match self.looked(&mut lines).await {
            Ok(()) => return lines.lines,
            Err(error) => error,
        };
        let detail = failure::detail(&looked);
        match looked {
            ClusterError::Refused(_) => lines.add(
                Finding::Missing,
                format!("the service's credential is refused: {detail}; make a token as the manifest says"),
            ),
            _ => lines.add(Finding::Unreachable, detail),
        }
        lines.lines
    }

    async fn looked(&self, lines: &mut Lines<'_>) -> Result<(), ClusterError> {
        let version = self.version().await?;
        let roots = match &self.config.ca_file {
            Some(file) => format!("the bundle {}", file.display()),
            None => "the system's roots".to_owned(),
        };
        lines.add(
            Finding::Ok,
            format!(
                "reachable at {}, certificate by {roots}, {version}",
                self.config.api_url
            ),
        );
        if let Some(name) = self.name().await? {
            lines.add(Finding::Ok, format!("the service is {name}"));
        }
        if self.may("*", "*", "*", None).await? {
            let text = format!(
                "the service may do everything ({EVERYTHING} {CLUSTER}): use the manifest's credential"
            );
            lines.add(Finding::Excess, text);
            return self.roles(lines).await;
        }
        self.roles(lines).await?;
        self.excess(lines).await
    }

    async fn version(&self) -> Result<String, ClusterError> {
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
    async fn name(&self) -> Result<Option<String>, ClusterError> {
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

    /// What every role needs: its namespace, the service's rights there, its ClusterRole.
    async fn roles(&self, lines: &mut Lines<'_>) -> Result<(), ClusterError> {
        for (name, role) in &self.config.roles {
            let namespace = role_namespace(name);
            let mut lacks = Vec::new();
            let mut has = 0;
            for (group, resource, verbs) in RIGHTS {
                for verb in verbs {
                    if self.may(group, resource, verb, Some(&namespace)).await? {
                        has += 1;
                    } else {
                        lacks.push(format!("{verb} {resource}"));
                    }
                }
            }
            let answer = self.get(&format!("/api/v1/namespaces/{namespace}")).await?;
            let found = match answer.status {
                StatusCode::OK => true,
                StatusCode::FORBIDDEN => false,
                _ if answer.says_absent("namespaces", &namespace) => false,
                _ => return Err(answer.error()),
            };
            let absent = match answer.status {
                StatusCode::FORBIDDEN => "is not there, or may not be read",
                _ => "is not there",
            };
            match (found, lacks.is_empty()) {
                (true, true) => lines.add(
                    Finding::Ok,
                    format!("role {name}: namespace {namespace}, and the rights there"),
                ),
                (false, _) => {
                    lines.add(
                        Finding::Missing,
                        format!("role {name}: namespace {namespace} {absent}; apply the manifest"),
                    );
                }
                (true, false) => {}
            }
            if !lacks.is_empty() && (found || has > 0) {
                let text = format!(
                    "role {name}: the service may not {} in {namespace}; apply the manifest",
                    lacks.join(", ")
                );
                lines.add(Finding::Missing, text);
            }
            // Usually the service may not read ClusterRoles: then nothing is known, and nothing said.
            let answer = self
                .get(&format!(
                    "/apis/rbac.authorization.k8s.io/v1/clusterroles/{}",
                    role.cluster_role
                ))
                .await?;
            if answer.says_absent("clusterroles", &role.cluster_role) {
                lines.add(
                    Finding::Missing,
                    format!("role {name}: there is no ClusterRole {}", role.cluster_role),
                );
            }
        }
        Ok(())
    }

    /// What the service may do and should not.
    async fn excess(&self, lines: &mut Lines<'_>) -> Result<(), ClusterError> {
        let mut excess = Excess::default();
        let mut looked = BTreeSet::new();
        let mut complete = true;
        let roles = self
            .config
            .roles
            .keys()
            .map(|role| (role_namespace(role), true));
        for (namespace, of_role) in
            roles.chain(NEUTRAL.map(|namespace| (namespace.to_owned(), false)))
        {
            let ask = SelfSubjectRulesReview {
                spec: SelfSubjectRulesReviewSpec {
                    namespace: Some(namespace.clone()),
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
            let status = review
                .status
                .ok_or_else(|| misbehaving("its review says nothing"))?;
            complete &= !status.incomplete;
            status
                .resource_rules
                .iter()
                .for_each(|rule| excess.see(rule, &namespace, of_role));
            looked.insert(namespace);
        }
        for (group, resource, verb) in DANGEROUS {
            let what = what(group, resource, &[]);
            if !excess.knows(&what, verb) && self.may(group, resource, verb, None).await? {
                excess.note(&what, verb, CLUSTER);
            }
        }
        let texts = excess.texts(&looked);
        if texts.is_empty() {
            let known = if complete {
                ""
            } else {
                " (as far as it can be known: the cluster's list of rights is incomplete)"
            };
            lines.add(Finding::Ok, format!("no rights in excess{known}"));
        }
        for text in texts {
            lines.add(Finding::Excess, text);
        }
        Ok(())
    }

    /// Whether the service may; in a namespace, or in all of them.
    async fn may(
        &self,
        group: &str,
        resource: &str,
        verb: &str,
        namespace: Option<&str>,
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

    async fn get(&self, path: &str) -> Result<Answer, ClusterError> {
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

struct Lines<'a> {
    member: &'a Member,
    lines: Vec<Line>,
}

impl Lines<'_> {
    fn add(&mut self, finding: Finding, text: String) {
        self.lines.push(Line {
            cluster: self.member.config.key.clone(),
            finding,
            text,
        });
    }
}
