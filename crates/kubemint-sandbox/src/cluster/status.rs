//! Failures as Kubernetes tells them: a `Status` object with a code, a reason, a message and details.

use bytes::Bytes;
use http::header::{ALLOW, CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderValue, Response, StatusCode};
use serde_json::{Value, json};

use super::catalogue::{self, Resource};
use crate::body::Body;

/// A failed request.
#[derive(Debug, Clone)]
pub(crate) struct Failure {
    pub(crate) code: u16,
    reason: &'static str,
    pub(crate) message: String,
    details: Option<Value>,
    /// Seconds for the `Retry-After` header.
    retry_after: Option<u32>,
    /// The `Allow` header.
    allow: Option<&'static str>,
}

/// One thing wrong with one field of an object.
#[derive(Debug)]
pub(crate) struct Cause {
    /// `FieldValueInvalid`, `FieldValueRequired` and so on.
    pub(crate) reason: &'static str,
    /// The path of the field, such as `spec.expirationSeconds`.
    pub(crate) field: String,
    /// What is wrong, beginning with `Invalid value: ...` or `Required value`.
    pub(crate) message: String,
}

impl Cause {
    pub(crate) fn invalid(field: impl Into<String>, value: &Value, why: &str) -> Self {
        let message = format!("Invalid value: {value}: {why}");
        Self {
            reason: "FieldValueInvalid",
            field: field.into(),
            message,
        }
    }

    pub(crate) fn required(field: impl Into<String>, why: &str) -> Self {
        let message = if why.is_empty() {
            "Required value".to_owned()
        } else {
            format!("Required value: {why}")
        };
        Self {
            reason: "FieldValueRequired",
            field: field.into(),
            message,
        }
    }

    pub(crate) fn too_long(field: impl Into<String>, limit: usize) -> Self {
        Self {
            reason: "FieldValueTooLong",
            field: field.into(),
            message: format!("Too long: may not be more than {limit} bytes"),
        }
    }

    pub(crate) fn not_supported(field: impl Into<String>, value: &Value, known: &str) -> Self {
        Self {
            reason: "FieldValueNotSupported",
            field: field.into(),
            message: format!("Unsupported value: {value}: supported values: {known:?}"),
        }
    }

    pub(crate) fn forbidden(field: impl Into<String>, why: &str) -> Self {
        Self {
            reason: "FieldValueForbidden",
            field: field.into(),
            message: format!("Forbidden: {why}"),
        }
    }
}

impl Failure {
    fn new(code: u16, reason: &'static str, message: impl Into<String>) -> Self {
        Self {
            code,
            reason,
            message: message.into(),
            details: None,
            retry_after: None,
            allow: None,
        }
    }

    fn about(mut self, resource: &Resource, name: &str) -> Self {
        self.details = Some(details(resource.group, resource.name, name));
        self
    }

    /// 401: no such credential, or no longer.
    pub(crate) fn unauthorized() -> Self {
        Self::new(401, "Unauthorized", "Unauthorized")
    }

    /// 403 for a resource; `denied` says what whom.
    pub(crate) fn forbidden(group: &str, resource: &str, name: &str, denied: &str) -> Self {
        let what = catalogue::qualified(resource, group);
        let message = if name.is_empty() {
            format!("{what} is forbidden: {denied}")
        } else {
            format!("{what} {name:?} is forbidden: {denied}")
        };
        let mut failure = Self::new(403, "Forbidden", message);
        failure.details = Some(details(group, resource, name));
        failure
    }

    /// 403 for a path that is no resource.
    pub(crate) fn forbidden_path(denied: &str) -> Self {
        let mut failure = Self::new(403, "Forbidden", format!("forbidden: {denied}"));
        failure.details = Some(json!({}));
        failure
    }

    /// 404 for an object.
    pub(crate) fn not_found(resource: &Resource, name: &str) -> Self {
        Self::new(
            404,
            "NotFound",
            format!("{} {name:?} not found", resource.qualified()),
        )
        .about(resource, name)
    }

    /// 404 for a path that leads nowhere.
    pub(crate) fn no_such_path() -> Self {
        let mut failure = Self::new(
            404,
            "NotFound",
            "the server could not find the requested resource",
        );
        failure.details = Some(json!({}));
        failure
    }

    pub(crate) fn already_exists(resource: &Resource, name: &str) -> Self {
        Self::new(
            409,
            "AlreadyExists",
            format!("{} {name:?} already exists", resource.qualified()),
        )
        .about(resource, name)
    }

    pub(crate) fn conflict(group: &str, resource: &str, name: &str, why: &str) -> Self {
        let what = catalogue::qualified(resource, group);
        let mut failure = Self::new(
            409,
            "Conflict",
            format!("Operation cannot be fulfilled on {what} {name:?}: {why}"),
        );
        failure.details = Some(details(group, resource, name));
        failure
    }

    /// 422: the object reads, but its values do not do.
    pub(crate) fn invalid(group: &str, kind: &str, name: &str, causes: &[Cause]) -> Self {
        let list: Vec<String> = causes
            .iter()
            .map(|cause| format!("{}: {}", cause.field, cause.message))
            .collect();
        let text = match list.as_slice() {
            [only] => only.clone(),
            many => format!("[{}]", many.join(", ")),
        };
        let what = catalogue::qualified(kind, group);
        let mut failure = Self::new(
            422,
            "Invalid",
            format!("{what} {name:?} is invalid: {text}"),
        );
        let mut about = details(group, kind, name);
        about["causes"] = causes
            .iter()
            .map(|cause| json!({"reason": cause.reason, "message": cause.message, "field": cause.field}))
            .collect();
        failure.details = Some(about);
        failure
    }

    pub(crate) fn bad_request(message: impl Into<String>) -> Self {
        Self::new(400, "BadRequest", message)
    }

    /// 405. A real cluster leaves out the `Allow` header.
    pub(crate) fn method_not_allowed(allow: &'static str) -> Self {
        let message = "the server does not allow this method on the requested resource";
        let mut failure = Self::new(405, "MethodNotAllowed", message);
        failure.details = Some(json!({}));
        failure.allow = Some(allow);
        failure
    }

    pub(crate) fn not_acceptable() -> Self {
        let message = "only the following media types are accepted: application/json";
        Self::new(406, "NotAcceptable", message)
    }

    pub(crate) fn unsupported_media_type() -> Self {
        let message = "the body of the request was in an unknown format - accepted media types include: application/json";
        Self::new(415, "UnsupportedMediaType", message)
    }

    pub(crate) fn too_large(limit: usize) -> Self {
        let message = format!("Request entity too large: limit is {limit}");
        Self::new(413, "RequestEntityTooLarge", message)
    }

    pub(crate) fn timeout(message: &str) -> Self {
        Self::new(504, "Timeout", format!("Timeout: {message}"))
    }

    /// 410: a watch or list from too long ago.
    pub(crate) fn expired(message: &str) -> Self {
        Self::new(410, "Expired", message)
    }

    /// 429, with a second to wait.
    pub(crate) fn too_many(message: &str) -> Self {
        let mut failure = Self::new(
            429,
            "TooManyRequests",
            format!("Too many requests: {message}"),
        );
        failure.retry_after = Some(1);
        failure
    }

    /// 500 without a reason: what a real cluster answers to some mistakes of its client.
    pub(crate) fn internal(message: &str) -> Self {
        Self::new(500, "", message)
    }

    /// Any code, for faults on command.
    pub(crate) fn on_command(code: u16, message: Option<&str>, retry_after: Option<u32>) -> Self {
        let (reason, usual) = match code {
            400 => (
                "BadRequest",
                "the server rejected our request for an unknown reason",
            ),
            401 => ("Unauthorized", "Unauthorized"),
            403 => ("Forbidden", "forbidden: the sandbox was told to refuse"),
            404 => (
                "NotFound",
                "the server could not find the requested resource",
            ),
            409 => ("Conflict", "the server reported a conflict"),
            422 => (
                "Invalid",
                "the server rejected our request due to an error in our request",
            ),
            429 => (
                "TooManyRequests",
                "the server has received too many requests and has asked us to try again later",
            ),
            503 => (
                "ServiceUnavailable",
                "the server is currently unable to handle the request",
            ),
            504 => (
                "Timeout",
                "the server was unable to return a response in the time allotted",
            ),
            500..=599 => (
                "InternalError",
                "an error on the server has prevented the request from succeeding",
            ),
            _ => ("", "unknown"),
        };
        let mut failure = Self::new(code, reason, message.unwrap_or(usual));
        failure.retry_after = retry_after;
        failure
    }

    /// The `Status` object.
    pub(crate) fn status(&self) -> Value {
        let mut status = json!({
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": {},
            "status": "Failure",
            "message": self.message,
            "code": self.code,
        });
        if !self.reason.is_empty() {
            status["reason"] = json!(self.reason);
        }
        if let Some(details) = &self.details {
            status["details"] = details.clone();
        }
        if let Some(seconds) = self.retry_after {
            status["details"]["retryAfterSeconds"] = json!(seconds);
        }
        status
    }

    pub(crate) fn into_response(self) -> Response<Body> {
        let mut response = json_response(self.code, &self.status());
        let headers = response.headers_mut();
        if let Some(seconds) = self.retry_after {
            headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        if let Some(methods) = self.allow {
            headers.insert(ALLOW, HeaderValue::from_static(methods));
        }
        response
    }
}

/// The status that tells a deletion.
pub(crate) fn deleted(resource: &Resource, name: &str, uid: &str) -> Value {
    let mut about = details(resource.group, resource.name, name);
    about["uid"] = json!(uid);
    json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "details": about})
}

fn details(group: &str, kind: &str, name: &str) -> Value {
    let mut details = json!({});
    if !kind.is_empty() {
        details["kind"] = json!(kind);
    }
    if !group.is_empty() {
        details["group"] = json!(group);
    }
    if !name.is_empty() {
        details["name"] = json!(name);
    }
    details
}

/// An answer with a JSON body.
pub(crate) fn json_response(code: u16, document: &Value) -> Response<Body> {
    let mut response = Response::new(Body::Whole(Bytes::from(document.to_string())));
    *response.status_mut() =
        StatusCode::from_u16(code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}
