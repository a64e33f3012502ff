//! The one table that turns domain errors into HTTP.

use kubemint::ports::{ClusterError, StoreError};
use kubemint::{Error, Why};
use openapi_runtime::{Detail, Failure, Fault};

use super::convert::Misfit;

/// Seconds after which a caller may try again when a cluster or the store is unwell.
const RETRY_UNWELL: u32 = 5;
/// Seconds after which a user may have room again, since one has expired.
const RETRY_QUOTA: u32 = 60;
/// Seconds after which a twin may ask for the first one's answer.
const RETRY_TWIN: u32 = 2;
/// The most that the document's `Retry-After` may be: a day. What takes longer is asked about then; `expiresAt` has the truth.
const RETRY_MOST: u32 = 86_400;

/// Why a request is not served, before it is the error of its operation.
pub(super) struct Refused {
    status: u16,
    fault: Fault,
}

impl Refused {
    /// The operation's own error.
    pub(super) fn declared<E: Failure>(self) -> E {
        E::of(self.status, self.fault)
    }
}

impl From<Error> for Refused {
    fn from(error: Error) -> Self {
        let (status, fault) = table(&error);
        Self { status, fault }
    }
}

/// A defect of this crate.
impl From<Misfit> for Refused {
    fn from(misfit: Misfit) -> Self {
        Self {
            status: 500,
            fault: Fault::internal(misfit.to_string()),
        }
    }
}

/// Why a revocation among many could not be confirmed: a stable word, and the same for a person.
pub(super) fn why(why: &Why) -> (String, String) {
    match why {
        Why::NotHeard => (
            "not_confirmed".to_owned(),
            "the time of the request was over before, or the cluster had failed for others"
                .to_owned(),
        ),
        Why::Failed(error) => {
            let (_, fault) = table(error);
            let reason = fault.details.first();
            let reason = reason.map_or("failed", |detail| detail.reason.as_ref());
            (reason.to_owned(), fault.message)
        }
    }
}

fn table(error: &Error) -> (u16, Fault) {
    let text = error.to_string();
    match error {
        Error::NoSuchCluster => (404, Fault::because("no_such_cluster", text)),
        Error::NoSuchKubeconfig => (404, Fault::because("no_such_kubeconfig", text)),
        Error::Invalid(values) => (400, invalid(values)),
        Error::RoleNotPermitted => (403, about("role_not_permitted", "role", text)),
        Error::UserNotPermitted => (403, about("user_not_permitted", "user", text)),
        Error::NotPermitted => (403, Fault::because("not_permitted", text)),
        Error::QuotaExceeded { limit } => {
            let detail = Detail::new("quota_exceeded").field("user");
            let detail = Detail {
                limit: Some(i64::from(*limit)),
                ..detail
            };
            let fault = Fault::new(text).detail(detail);
            (429, fault.retry_after(RETRY_QUOTA))
        }
        Error::IdTaken => (409, about("id_taken", "id", text)),
        Error::KeyReused => (
            409,
            about("idempotency_key_reused", "Idempotency-Key", text),
        ),
        Error::InProgress => (
            503,
            about("in_progress", "Idempotency-Key", text).retry_after(RETRY_TWIN),
        ),
        Error::Expired => (409, Fault::because("expired", text)),
        Error::Ending => (409, Fault::because("ends_too_soon", text)),
        Error::Revoking => (409, Fault::because("revoking", text)),
        Error::Irrevocable { seconds, .. } => (
            503,
            Fault::because("not_revocable_before_expiry", text)
                .retry_after((*seconds).min(RETRY_MOST)),
        ),
        Error::Cluster(ClusterError::Foreign) => (
            409,
            about("id_taken", "id", Error::IdTaken.to_string()).log(chain(error)),
        ),
        Error::Cluster(failed) => {
            let fault = Fault::because(cluster_reason(failed), failed.to_string());
            (503, fault.retry_after(RETRY_UNWELL).log(chain(error)))
        }
        Error::Store(failed) => {
            let reason = match failed {
                StoreError::Unavailable(_) => "store_unavailable",
                StoreError::Damaged(_) => "store_damaged",
            };
            (
                503,
                Fault::because(reason, text)
                    .retry_after(RETRY_UNWELL)
                    .log(chain(error)),
            )
        }
    }
}

fn cluster_reason(failed: &ClusterError) -> &'static str {
    match failed {
        ClusterError::Unknown | ClusterError::Unreachable(_) => "cluster_unreachable",
        ClusterError::Refused(_) => "cluster_refuses_service",
        ClusterError::Busy(_) => "cluster_busy",
        ClusterError::Another(_) => "cluster_is_another",
        ClusterError::Unsigned(_) => "cluster_cannot_sign",
        ClusterError::Misbehaving(_) | ClusterError::Foreign => "cluster_misbehaving",
        ClusterError::Held => "held_by_finalizer",
        ClusterError::Missing => "credential_missing",
    }
}

fn about(reason: &'static str, field: &str, text: String) -> Fault {
    Fault::new(text).detail(Detail::new(reason).field(field))
}

fn invalid(values: &[kubemint::Invalid]) -> Fault {
    let message = values
        .first()
        .map_or_else(String::new, |value| value.message.clone());
    values.iter().fold(Fault::new(message), |fault, value| {
        let detail = Detail::new(value.reason).field(value.field);
        fault.detail(Detail {
            limit: value.limit,
            ..detail
        })
    })
}

/// An error with all of its sources, for the log.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(inner) = source {
        text.push_str(": ");
        text.push_str(&inner.to_string());
        source = inner.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retry_after_is_within_the_document_however_long_a_certificate_lives() {
        for (seconds, told) in [
            (1, 1),
            (86_400, 86_400),
            (86_401, 86_400),
            (u32::MAX, 86_400),
        ] {
            let until = chrono::DateTime::UNIX_EPOCH;
            let (status, fault) = table(&Error::Irrevocable { until, seconds });
            assert_eq!((status, fault.retry_after), (503, Some(told)));
        }
        let bound = i32::try_from(RETRY_MOST).unwrap();
        assert_eq!(bound, kubeconfig_types::RetryAfter::MAX);
    }
}
