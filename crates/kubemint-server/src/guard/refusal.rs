//! What the guard answers itself, with the documented error body.

use bytes::Bytes;
use chrono::Utc;
use http::header::{CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, DATE, RETRY_AFTER};
use http::{HeaderName, HeaderValue, Response, StatusCode};
use http_body_util::Full;
use openapi_runtime::{Detail, Envelope, Fault};
use uuid::Uuid;

/// The header that names a request in logs.
pub(super) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Why a request is not passed on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Refused {
    /// The status.
    pub(super) status: StatusCode,
    /// The detail's reason, and the metric's.
    pub(super) reason: &'static str,
    /// What is told.
    pub(super) message: &'static str,
    /// The bound that was passed.
    pub(super) limit: Option<usize>,
    /// The seconds after which to try again.
    pub(super) retry_after: Option<u32>,
}

impl Refused {
    /// A refusal without a bound or a time.
    pub(super) const fn new(
        status: StatusCode,
        reason: &'static str,
        message: &'static str,
    ) -> Self {
        Self {
            status,
            reason,
            message,
            limit: None,
            retry_after: None,
        }
    }

    /// 400: the request is not one.
    pub(super) const fn malformed(message: &'static str) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "malformed_request", message)
    }

    /// Something is longer than `limit` bytes, or more than `limit`.
    pub(super) const fn too_long(status: StatusCode, message: &'static str, limit: usize) -> Self {
        let mut refused = Self::new(status, "too_long", message);
        refused.limit = Some(limit);
        refused
    }

    /// 503: there is more to do than can be done.
    pub(super) const fn overloaded() -> Self {
        let mut refused = Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "overloaded",
            "too many requests are being served; try again",
        );
        refused.retry_after = Some(1);
        refused
    }

    /// 503: the server ends before this is done. What was begun may be done nevertheless, as after any lost answer.
    pub(super) const fn stopping() -> Self {
        let mut refused = Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "shutting_down",
            "the server stops before this is done; try again",
        );
        refused.retry_after = Some(1);
        refused
    }

    /// 429: this address asks too often.
    pub(super) const fn too_often(retry_after: u32) -> Self {
        let mut refused = Self::new(
            StatusCode::TOO_MANY_REQUESTS,
            "rate_limited",
            "too many requests from this address",
        );
        refused.retry_after = Some(retry_after);
        refused
    }

    /// 429: this address has too much under way.
    pub(super) const fn too_many() -> Self {
        let mut refused = Self::new(
            StatusCode::TOO_MANY_REQUESTS,
            "too_many_at_a_time",
            "too many requests from this address are being served; try again",
        );
        refused.retry_after = Some(1);
        refused
    }

    fn fault(&self) -> Fault {
        let detail = Detail::new(self.reason);
        let detail = match self.limit.and_then(|limit| i64::try_from(limit).ok()) {
            Some(limit) => detail.limit(limit),
            None => detail,
        };
        Fault::new(self.message).detail(detail)
    }

    /// The answer; `id` is the request's, as the log has it.
    pub(super) fn response(&self, id: Uuid) -> Response<Full<Bytes>> {
        let mut response = enveloped(self.status, &self.fault());
        let headers = response.headers_mut();
        if let Some(seconds) = self.retry_after {
            headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        if let Ok(id) = HeaderValue::from_str(&id.to_string()) {
            headers.insert(REQUEST_ID, id);
        }
        response
    }

    /// The answer as bytes of HTTP/1.1, the last on its connection.
    pub(super) fn bytes(&self, id: Uuid) -> Vec<u8> {
        let body = body(self.status, &self.fault());
        let mut response = self.response(id);
        let headers = response.headers_mut();
        headers.insert(CONNECTION, HeaderValue::from_static("close"));
        headers.insert(CONTENT_LENGTH, HeaderValue::from(body.len()));
        let now = Utc::now().format("%a, %d %b %Y %H:%M:%S GMT").to_string();
        if let Ok(now) = HeaderValue::from_str(&now) {
            headers.insert(DATE, now);
        }
        let reason = self.status.canonical_reason().unwrap_or_default();
        let mut bytes = format!("HTTP/1.1 {} {reason}\r\n", self.status.as_u16()).into_bytes();
        for (name, value) in response.headers() {
            bytes.extend_from_slice(name.as_str().as_bytes());
            bytes.extend_from_slice(b": ");
            bytes.extend_from_slice(value.as_bytes());
            bytes.extend_from_slice(b"\r\n");
        }
        bytes.extend_from_slice(b"\r\n");
        bytes.extend_from_slice(&body);
        bytes
    }
}

/// An answer with the documented error body and no header but its type.
pub(super) fn enveloped(status: StatusCode, fault: &Fault) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::from(body(status, fault)));
    *response.status_mut() = status;
    let json = HeaderValue::from_static("application/json");
    response.headers_mut().insert(CONTENT_TYPE, json);
    response
}

fn body(status: StatusCode, fault: &Fault) -> Vec<u8> {
    // An envelope of texts and numbers is always written.
    serde_json::to_vec(&Envelope::new(status.as_u16(), fault)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bytes_are_a_whole_answer() {
        let refused = Refused::too_long(StatusCode::URI_TOO_LONG, "the URI is too long", 8192);
        let text = String::from_utf8(refused.bytes(Uuid::nil())).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with("HTTP/1.1 414 URI Too Long\r\n"), "{head}");
        assert!(
            head.contains(&format!("\r\ncontent-length: {}", body.len())),
            "{head}"
        );
        assert!(head.contains("\r\nconnection: close"), "{head}");
        let id = format!("\r\nx-request-id: {}", Uuid::nil());
        assert!(head.contains(&id), "{head}");
        let body: serde_json::Value = serde_json::from_str(body).unwrap();
        assert_eq!(body["error"]["code"], 414);
        assert_eq!(body["error"]["details"][0]["limit"], 8192);
    }
}
