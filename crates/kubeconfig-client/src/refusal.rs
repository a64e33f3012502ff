//! Why a request was refused.

use std::fmt;

use kubeconfig_types::ErrorDetail;
use reqwest::StatusCode;

use crate::Failure;

/// Why a request was refused, from the answer. `Display` is a line for a person: the status, the reason, the message, and the
/// request's id, by which the server's operator finds it.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Refusal<'a> {
    /// The HTTP status.
    pub status: StatusCode,
    /// The stable reason of the first detail: one of [`crate::reasons`], or one that a later server has added.
    pub reason: &'a str,
    /// The reason in words, for a person.
    pub message: &'a str,
    /// Everything that is wrong, with the members and bounds concerned.
    pub details: &'a [ErrorDetail],
    /// The request's id in the server's log and audit trail (`X-Request-Id`). Absent if something in front of the server answered.
    pub request_id: Option<&'a str>,
}

impl fmt::Display for Refusal<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (status, reason, message) = (self.status.as_u16(), self.reason, self.message);
        write!(f, "{status} {reason}: {message}")?;
        match self.request_id {
            Some(id) => write!(f, " (request {id})"),
            None => Ok(()),
        }
    }
}

/// Why a request was refused. `None` if there was no answer with the document's error body.
#[must_use]
pub fn refusal(failure: &Failure) -> Option<Refusal<'_>> {
    let Failure::ErrorResponse(answer) = failure else {
        return None;
    };
    let details = answer.error.details.as_slice();
    let request_id = answer.headers().get("x-request-id");
    Some(Refusal {
        status: answer.status(),
        reason: details.first()?.reason.as_str(),
        message: answer.error.message.as_str(),
        details,
        request_id: request_id.and_then(|id| id.to_str().ok()),
    })
}

/// The stable reason why a request was refused (`error.details[0].reason`), as in [`refusal()`]: one of [`crate::reasons`].
#[must_use]
pub fn reason(failure: &Failure) -> Option<&str> {
    refusal(failure).map(|refusal| refusal.reason)
}
