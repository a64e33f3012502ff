//! What the cluster would write to its audit log: one line for each request of somebody it knows.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use chrono::{DateTime, Utc};

use super::faults::RequestKind;

/// Most lines that are kept; the oldest go first.
const KEPT: usize = 16_384;

/// One audited request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditLine {
    /// When it was answered, by the cluster's clock.
    pub at: DateTime<Utc>,
    /// The user name, such as `system:serviceaccount:kubemint-viewer:kubeconfig-abc`.
    pub user: String,
    /// `JTI=<jti>` of the token that was used (Kubernetes' `authentication.kubernetes.io/credential-id`); absent
    /// for static tokens.
    pub credential_id: Option<String>,
    /// `JTI=<jti>` of the token that was minted by this request (`issued-credential-id`).
    pub issued_credential_id: Option<String>,
    /// The verb and resource.
    pub kind: RequestKind,
    /// The namespace, or the empty text.
    pub namespace: String,
    /// The object's name, or the empty text.
    pub name: String,
    /// The HTTP status of the answer.
    pub code: u16,
}

/// The last lines.
#[derive(Default)]
pub(crate) struct AuditLog(Mutex<VecDeque<AuditLine>>);

impl AuditLog {
    pub(crate) fn write(&self, line: AuditLine) {
        let mut lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if lines.len() == KEPT {
            lines.pop_front();
        }
        lines.push_back(line);
    }

    /// Every line that is kept, oldest first.
    pub(crate) fn lines(&self) -> Vec<AuditLine> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .iter()
            .cloned()
            .collect()
    }
}
