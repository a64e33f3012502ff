//! Between the contract's types and the domain's. The only place that knows both.

use base64::Engine as _;
use chrono::{DateTime, SubsecRound as _, TimeDelta, Utc};
use kubeconfig_api::ListKubeconfigsQuery;
use kubeconfig_types as wire;
use kubemint::ports::Filter;
use kubemint::{ClusterKey, Issue, KubeconfigId, Record, Report, Status, Unconfirmed};
use thiserror::Error;

use super::errors;

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
        idempotency_key: idempotency_key.map(|key| digest(&String::from(key))),
    })
}

/// What is kept of an idempotency key: its SHA-256. It is only ever compared, and callers choose what they like.
fn digest(key: &str) -> String {
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, key.as_bytes());
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(digest)
}

pub(super) fn kubeconfig(record: Record, status: Status) -> Result<wire::Kubeconfig, Misfit> {
    Ok(wire::Kubeconfig {
        self_link: Some(fit(&record.self_link())?),
        id: Some(fit(record.id.as_str())?),
        uid: Some(record.uid),
        display_name: record.display_name.as_deref().map(fit).transpose()?,
        description: record.description.as_deref().map(fit).transpose()?,
        issued_for: Some(fit(&record.issued_for)?),
        role: Some(fit(&record.role)?),
        created_at: Some(record.created_at),
        expires_at: record.expires_at,
        status: Some(match status {
            Status::Active => wire::KubeconfigStatus::Active,
            Status::Expired => wire::KubeconfigStatus::Expired,
            Status::Revoking => wire::KubeconfigStatus::Revoking,
        }),
    })
}

/// What a list is narrowed to.
pub(super) fn list_filter(query: &ListKubeconfigsQuery) -> Filter {
    Filter {
        status: query.status.map(|status| match status {
            wire::KubeconfigStatus::Active => Status::Active,
            wire::KubeconfigStatus::Expired => Status::Expired,
            wire::KubeconfigStatus::Revoking => Status::Revoking,
        }),
        user: query.user.clone().map(String::from),
        role: query.role.clone().map(String::from),
        issued_before: None,
    }
}

/// What a revocation of many is for.
pub(super) fn selection(body: wire::KubeconfigRevocationRequest) -> Filter {
    Filter {
        status: None,
        user: body.user.map(String::from),
        role: body.role.map(String::from),
        issued_before: body.issued_before.map(to_the_next_millisecond),
    }
}

/// Records are dated by milliseconds. A finer bound is rounded up, so that nothing that was issued before it is missed.
fn to_the_next_millisecond(time: DateTime<Utc>) -> DateTime<Utc> {
    let whole = time.trunc_subsecs(3);
    if whole == time {
        return time;
    }
    whole
        .checked_add_signed(TimeDelta::milliseconds(1))
        .unwrap_or(time)
}

/// What became of a revocation of many.
pub(super) fn report(report: Report) -> Result<wire::KubeconfigRevocationReport, Misfit> {
    let count = |count: usize| i32::try_from(count).map_err(|_| Misfit);
    let unconfirmed = report.unconfirmed.into_iter().map(unconfirmed);
    Ok(wire::KubeconfigRevocationReport {
        matched: count(report.matched)?.try_into().map_err(|_| Misfit)?,
        revoked: count(report.revoked)?.try_into().map_err(|_| Misfit)?,
        unconfirmed: narrow(unconfirmed.collect::<Result<Vec<_>, _>>()?)?,
        complete: report.complete,
    })
}

fn unconfirmed(one: Unconfirmed) -> Result<wire::KubeconfigUnconfirmed, Misfit> {
    let (reason, message) = errors::why(&one.why);
    Ok(wire::KubeconfigUnconfirmed {
        id: fit(one.record.id.as_str())?,
        self_link: fit(&one.record.self_link())?,
        reason: fit(&reason)?,
        message: fit(&message)?,
    })
}

/// A list as a type of the contract, which bounds how long it may be.
pub(super) fn narrow<W, T: TryFrom<W>>(wide: W) -> Result<T, Misfit> {
    T::try_from(wide).map_err(|_| Misfit)
}

/// A text as a type of the contract.
pub(super) fn fit<T: std::str::FromStr>(text: &str) -> Result<T, Misfit> {
    text.parse().map_err(|_| Misfit)
}
