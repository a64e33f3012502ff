//! Between the contract's types and the domain's. The only place that knows both.

use kubeconfig_types as wire;
use kubemint::{ClusterKey, Issue, KubeconfigId, Record, Status};
use thiserror::Error;

/// A value of the domain that the contract has no place for, or the other way round: a defect of this crate, since
/// both hold the same bounds.
#[derive(Clone, Copy, Debug, Error)]
#[error("a value does not fit the contract")]
pub(super) struct Misfit;

pub(super) fn cluster_key(
    region: &wire::Region,
    project: &wire::Project,
    cluster: &wire::ClusterId,
) -> ClusterKey {
    ClusterKey::new(region.as_str(), project.as_str(), cluster.as_str())
}

pub(super) fn kubeconfig_id(id: &wire::KubeconfigId) -> Result<KubeconfigId, Misfit> {
    id.parse().map_err(|_| Misfit)
}

pub(super) fn issue_request(
    body: wire::KubeconfigIssueRequest,
    idempotency_key: Option<wire::IdempotencyKey>,
) -> Result<Issue, Misfit> {
    Ok(Issue {
        user: body.user.map(String::from),
        role: body.role.map(String::from),
        ttl: body.ttl.map(i64::from),
        id: body.id.as_ref().map(kubeconfig_id).transpose()?,
        display_name: body.display_name.map(String::from),
        description: body.description.map(String::from),
        idempotency_key: idempotency_key.map(String::from),
    })
}

pub(super) fn kubeconfig(record: Record, status: Status) -> Result<wire::Kubeconfig, Misfit> {
    Ok(wire::Kubeconfig {
        self_link: Some(fit(&record.self_link())?),
        id: Some(fit(record.id.as_str())?),
        uid: Some(record.uid),
        display_name: record.display_name.as_deref().map(fit).transpose()?,
        description: record.description.as_deref().map(fit).transpose()?,
        issued_for: Some(fit(&record.issued_for)?),
        created_at: Some(record.created_at),
        expires_at: record.expires_at,
        status: Some(match status {
            Status::Active => wire::KubeconfigStatus::Active,
            Status::Expired => wire::KubeconfigStatus::Expired,
            Status::Revoking => wire::KubeconfigStatus::Revoking,
        }),
    })
}

/// A text as a type of the contract.
pub(super) fn fit<T: std::str::FromStr>(text: &str) -> Result<T, Misfit> {
    text.parse().map_err(|_| Misfit)
}
