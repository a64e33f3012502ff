//! An answer of a cluster, whole, and what may be concluded from it.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, StatusCode, header};
use kubemint::ports::ClusterError;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::failure;

/// A complete answer.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) retry_after: Option<Duration>,
    body: Bytes,
}

/// What is read of a `metav1.Status`.
#[derive(Deserialize)]
struct Status {
    kind: String,
    reason: Option<String>,
    message: Option<String>,
    #[serde(default)]
    details: Details,
}

#[derive(Default, Deserialize)]
struct Details {
    #[serde(default)]
    kind: String,
    #[serde(default)]
    name: String,
}

impl Answer {
    pub(crate) fn new(status: StatusCode, headers: &HeaderMap, body: Bytes) -> Self {
        let seconds = headers
            .get(header::RETRY_AFTER)
            .and_then(|value| value.to_str().ok()?.parse().ok());
        Self {
            status,
            retry_after: seconds.map(Duration::from_secs),
            body,
        }
    }

    /// The body as what it should be.
    ///
    /// # Errors
    /// If it is something else. (The parser's own message is not told, since it may quote the body.)
    pub(crate) fn json<T: DeserializeOwned>(&self) -> Result<T, ClusterError> {
        serde_json::from_slice(&self.body).map_err(|error| {
            failure::misbehaving(format!(
                "its answer is not what it should be (column {})",
                error.column()
            ))
        })
    }

    /// The error that this answer is, being none of those hoped for.
    pub(crate) fn error(&self) -> ClusterError {
        if self.status.is_success() {
            return failure::misbehaving(format!("it answered {}", self.status.as_u16()));
        }
        let status = self.kubernetes_status();
        let (reason, message) =
            status.map_or((None, None), |status| (status.reason, status.message));
        failure::of_status(self.status, reason.as_deref(), message.as_deref())
    }

    /// Whether Kubernetes itself says that this one object is not there. A 404 by anyone else proves nothing.
    pub(crate) fn says_absent(&self, resource: &str, name: &str) -> bool {
        self.status == StatusCode::NOT_FOUND
            && self.kubernetes_status().is_some_and(|status| {
                status.reason.as_deref() == Some("NotFound")
                    && status.details.kind == resource
                    && status.details.name == name
            })
    }

    fn kubernetes_status(&self) -> Option<Status> {
        serde_json::from_slice::<Status>(&self.body)
            .ok()
            .filter(|status| status.kind == "Status")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, body: &str) -> Answer {
        Answer::new(
            StatusCode::from_u16(status).unwrap(),
            &HeaderMap::new(),
            Bytes::from(body.to_owned()),
        )
    }

    #[test]
    fn only_kubernetes_can_say_that_an_object_is_absent() {
        let said = r#"{"kind":"Status","reason":"NotFound","details":{"kind":"serviceaccounts","name":"a"}}"#;
        assert!(answer(404, said).says_absent("serviceaccounts", "a"));
        assert!(!answer(404, said).says_absent("serviceaccounts", "b"));
        assert!(!answer(404, said).says_absent("namespaces", "a"));
        assert!(!answer(410, said).says_absent("serviceaccounts", "a"));
        for other in [
            "",
            "404 page not found",
            "{}",
            &said.replace("Status", "status"),
            &said.replace("NotFound", "x"),
        ] {
            assert!(
                !answer(404, other).says_absent("serviceaccounts", "a"),
                "{other}"
            );
        }
    }

    #[test]
    fn an_error_repeats_nothing_that_a_cluster_said() {
        let body = r#"{"kind":"Status","reason":"canary","message":"its words: canary","details":{"name":"canary"}}"#;
        for status in [200, 302, 400, 401, 403, 409, 429, 500, 503] {
            for body in [body, &body.replace("Status", "canary")] {
                let error = answer(status, body).error();
                let told = format!("{error:?} {error} {}", failure::detail(&error));
                assert!(
                    !told.contains("canary") && !told.contains("words"),
                    "{told}"
                );
            }
        }
        let error = answer(200, r#""canary""#).json::<Vec<u8>>().unwrap_err();
        assert!(!format!("{error:?} {error} {}", failure::detail(&error)).contains("canary"));
    }

    #[test]
    fn a_refusal_of_an_object_is_not_called_one_of_the_credential() {
        let said = |status: u16, reason: &str, message: &str| {
            let body = serde_json::json!({"kind": "Status", "reason": reason, "message": message});
            let error = answer(status, &body.to_string()).error();
            assert!(!error.to_string().contains("credential"), "{error}");
            let refused = matches!(error, kubemint::ports::ClusterError::Refused(_));
            assert_eq!(refused, status < 500, "{error}");
            failure::detail(&error)
        };
        let policy = "serviceaccounts \"a\" is forbidden: ValidatingAdmissionPolicy 'p' with binding 'b' denied request: no";
        let webhook = "admission webhook \"w.example\" denied the request: no";
        // What they say for themselves, and what they are answered with where they do not.
        for (status, reason, message) in [
            (403, "Forbidden", policy),
            (422, "Invalid", policy),
            (403, "Forbidden", webhook),
            (400, "BadRequest", webhook),
        ] {
            let told = said(status, reason, message);
            let answered = format!("it answered {status} ({reason})");
            assert!(told.ends_with(&answered), "{told}");
            assert!(
                told.starts_with("it refuses the object, not the service's credential"),
                "{told}"
            );
        }
        let unwell = "failed calling webhook \"w.example\": denied the request";
        assert!(said(500, "InternalError", unwell).starts_with("it answered 500"));
        let right =
            "serviceaccounts is forbidden: User \"u\" cannot create resource \"serviceaccounts\"";
        let told = said(403, "Forbidden", right);
        assert!(
            told.starts_with("the service has no right to that: it answered 403"),
            "{told}"
        );
        assert_eq!(
            said(401, "Unauthorized", "Unauthorized"),
            "it answered 401 (Unauthorized)"
        );
    }

    #[test]
    fn each_status_is_the_error_that_the_port_says() {
        let kinds = [301, 400, 401, 403, 409, 422, 429, 500, 503]
            .map(|status| failure::outcome(&answer(status, "<html>").error()));
        assert_eq!(
            kinds,
            [
                "misbehaving",
                "misbehaving",
                "refused",
                "refused",
                "misbehaving",
                "misbehaving",
                "busy",
                "busy",
                "busy"
            ]
        );
    }
}
