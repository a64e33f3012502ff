//! Whether each cluster is ready for the service, and the service fit for it: reachable, with the rights of the
//! manifest and no others. Nothing is changed by it.

mod ask;
mod certificates;
mod grants;
mod known;
mod public;
mod report;
mod rights;

use std::collections::BTreeSet;

use chrono::{SecondsFormat, Utc};
use futures::future::join_all;
use http::StatusCode;
use kubemint::ports::ClusterError;

use crate::binding::RBAC;
use crate::config::{RoleConfig, SYSTEM_NAMESPACE, role_namespace};
use crate::expiry::source;
use crate::failure;
use crate::fleet::Fleet;
use crate::manifest::{BINDING_VERBS, RIGHTS};
use crate::member::Member;
pub use report::{Finding, Line, Report};
use rights::{CLUSTER, DANGEROUS, EVERYTHING, Excess, what};

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

impl Member {
    async fn preflight(&self) -> Vec<Line> {
        let mut lines = Lines {
            member: self,
            lines: Vec::new(),
        };
        self.ending(&mut lines);
        self.server(&mut lines).await;
        self.public(&mut lines).await;
        lines.lines
    }

    /// What the service itself meets.
    async fn server(&self, lines: &mut Lines<'_>) {
        // Files that cannot be used: nothing can be asked.
        match self.connection.lease().await {
            Ok(_) => {}
            Err(error @ ClusterError::Refused(_)) => {
                let detail = failure::detail(&error);
                lines.add(
                    Finding::Missing,
                    format!("{detail}; make a token as the manifest says"),
                );
                return;
            }
            Err(error) => {
                lines.add(Finding::Unreachable, failure::detail(&error));
                return;
            }
        }
        if let Some(end) = self.connection.ends() {
            let (finding, how) = match end <= Utc::now() {
                true => (Finding::Missing, "ended at"),
                false => (Finding::Ok, "ends at"),
            };
            let when = end.to_rfc3339_opts(SecondsFormat::Secs, true);
            let text =
                format!("the service's credential {how} {when}: it is to be renewed before that");
            lines.add(finding, text);
        }
        let looked = self.looked(lines).await;
        if let Some(skew) = self.clock.skew().filter(|skew| skew.matters()) {
            lines.add(Finding::Clock, skew.to_string());
        }
        let looked = match looked {
            Ok(()) => return,
            Err(error) => error,
        };
        let detail = failure::detail(&looked);
        let of_the_credential = failure::is_of_the_credential(&looked);
        match looked {
            ClusterError::Refused(_) if of_the_credential => lines.add(
                Finding::Missing,
                format!("the service's credential is refused: {detail}; make a token as the manifest says"),
            ),
            ClusterError::Refused(_) => lines.add(
                Finding::Missing,
                format!("the service is refused: {detail}; apply the manifest"),
            ),
            _ => lines.add(Finding::Unreachable, detail),
        }
    }

    async fn looked(&self, lines: &mut Lines<'_>) -> Result<(), ClusterError> {
        if let Some(authority) = &self.authority {
            self.certificates(authority, lines).await?;
            if self.config.credential.is_none() {
                return Ok(());
            }
        }
        let version = self.version().await?;
        let roots = source(self.config.ca_file.as_deref());
        lines.add(
            Finding::Ok,
            format!(
                "reachable at {}, certificate by {roots}, {version}",
                self.config.api_url.to_string().trim_end_matches('/')
            ),
        );
        self.known_for(lines).await?;
        if let Some(name) = self.name().await? {
            lines.add(Finding::Ok, format!("the service is {name}"));
        }
        if self.may("*", "*", "*", None, None).await? {
            let text = format!(
                "the service may do everything ({EVERYTHING} {CLUSTER}): use the manifest's credential"
            );
            lines.add(Finding::Excess, text);
            return self.roles(lines).await;
        }
        self.roles(lines).await?;
        self.excess(lines).await
    }

    /// What every role needs: its namespace, the service's rights there, its ClusterRole.
    async fn roles(&self, lines: &mut Lines<'_>) -> Result<(), ClusterError> {
        if self.authority.is_some() {
            // Certificates have no namespaces, and the service needs no rights for them.
            return Ok(());
        }
        for (name, role) in &self.config.roles {
            let namespace = role_namespace(name);
            let mut lacks = Vec::new();
            let mut has = 0;
            for (group, resource, verbs) in RIGHTS {
                for verb in verbs {
                    if self
                        .may(group, resource, verb, Some(&namespace), None)
                        .await?
                    {
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
            self.binding(name, role, lines).await?;
            self.granting(name, role, lines).await?;
        }
        Ok(())
    }

    /// What a role needs besides that is bound per kubeconfig.
    async fn binding(
        &self,
        name: &str,
        role: &RoleConfig,
        lines: &mut Lines<'_>,
    ) -> Result<(), ClusterError> {
        for place in role.bindings() {
            let namespace = place.namespace();
            let shown = match namespace {
                Some(namespace) => format!("in {namespace}"),
                None => CLUSTER.to_owned(),
            };
            let mut lacks = Vec::new();
            for verb in BINDING_VERBS {
                if !self
                    .may(RBAC, place.resource(), verb, namespace, None)
                    .await?
                {
                    lacks.push(format!("{verb} {}", place.resource()));
                }
            }
            let named = Some(role.cluster_role.as_str());
            if !self
                .may(RBAC, "clusterroles", "bind", namespace, named)
                .await?
            {
                lacks.push(format!("bind the ClusterRole {}", role.cluster_role));
            }
            if lacks.is_empty() {
                lines.add(
                    Finding::Ok,
                    format!("role {name}: the rights to bind each kubeconfig {shown}"),
                );
            } else {
                let text = format!(
                    "role {name}: the service may not {} {shown}; apply the manifest",
                    lacks.join(", ")
                );
                lines.add(Finding::Missing, text);
            }
        }
        Ok(())
    }

    /// What the service may do and should not.
    async fn excess(&self, lines: &mut Lines<'_>) -> Result<(), ClusterError> {
        let mut excess = Excess::new(&self.config.roles);
        let neutral: BTreeSet<String> = NEUTRAL.map(str::to_owned).into();
        let mut complete = true;
        let roles = self
            .config
            .roles
            .keys()
            .map(|role| (role_namespace(role), true));
        let bound = self.config.roles.values().flat_map(RoleConfig::bindings);
        let mut others: BTreeSet<String> = bound
            .filter_map(|place| place.namespace().map(str::to_owned))
            .collect();
        others.extend(neutral.clone());
        for (namespace, of_role) in roles.chain(others.into_iter().map(|name| (name, false))) {
            let status = self.rules(&namespace).await?;
            complete &= !status.incomplete;
            status
                .resource_rules
                .iter()
                .for_each(|rule| excess.see(rule, &namespace, of_role));
        }
        for (group, resource, verb) in DANGEROUS {
            let what = what(group, resource, &[]);
            if !excess.wants(group, resource, verb)
                && !excess.knows(&what, verb)
                && self.may(group, resource, verb, None, None).await?
            {
                excess.note(&what, verb, CLUSTER);
            }
        }
        let texts = excess.texts(&neutral);
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
