//! Errors: the fault, and the error body that carries it.

use crate::strict::Violations;
use dropshot::{Body, HttpError};
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode, header};
use serde::{Serialize, Serializer};
use std::borrow::Cow;

/// The most details that a body carries; more are cut off.
pub const MAX_DETAILS: usize = 32;
/// The most characters of a message; the rest is cut off.
pub const MAX_MESSAGE: usize = 1024;
/// The most characters of a field's name; the rest is cut off.
pub const MAX_FIELD: usize = 256;

/// One thing that is wrong, for a program to read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Detail {
    /// A stable word for the kind of error, such as `too_large`.
    pub reason: Cow<'static, str>,
    /// The member, parameter or header that it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// The bound that was broken.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<i64>,
}

impl Detail {
    /// A detail with this reason, and neither field nor bound.
    pub fn new(reason: impl Into<Cow<'static, str>>) -> Self {
        Detail {
            reason: reason.into(),
            field: None,
            limit: None,
        }
    }

    /// Sets the member, parameter or header.
    #[must_use]
    pub fn field(mut self, field: impl Into<String>) -> Self {
        self.field = Some(field.into());
        self
    }

    /// Sets the bound.
    #[must_use]
    pub fn limit(mut self, limit: i64) -> Self {
        self.limit = Some(limit);
        self
    }
}

/// What an error answer says. The status comes from the variant of the operation's error that holds it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Fault {
    /// For a person; part of the answer, so never a secret.
    pub message: String,
    /// For a program; part of the answer.
    pub details: Vec<Detail>,
    /// The `Retry-After` header, in seconds. Without one, 429 and 503 say 1.
    pub retry_after: Option<u32>,
    /// For the log only.
    pub internal: Option<String>,
    /// The `WWW-Authenticate` header. Without one, 401 says `Bearer`.
    pub challenge: Option<&'static str>,
    /// Other headers, such as those of a [`HttpError`]; the two above have the last word. Boxed, as that error's are,
    /// so that a `Result` stays small.
    pub headers: Option<Box<HeaderMap>>,
}

impl Fault {
    /// A fault with this message.
    pub fn new(message: impl Into<String>) -> Self {
        Fault {
            message: message.into(),
            ..Fault::default()
        }
    }

    /// A fault with this message and one detail of this reason.
    pub fn because(reason: impl Into<Cow<'static, str>>, message: impl Into<String>) -> Self {
        Fault::new(message).detail(Detail::new(reason))
    }

    /// The reasons for a log, each once. The message and the fields are left out: they may contain what a caller made up, and
    /// secrets land there by mistake.
    pub(crate) fn reasons(&self) -> String {
        let mut reasons: Vec<&str> = Vec::new();
        for detail in &self.details {
            if !reasons.contains(&&*detail.reason) {
                reasons.push(&detail.reason);
            }
        }
        reasons.join(", ")
    }

    /// The server failed; `internal` goes to the log and not to the caller.
    pub fn internal(internal: impl Into<String>) -> Self {
        Fault::because("internal", "the server failed").log(internal)
    }

    /// Adds a detail.
    #[must_use]
    pub fn detail(mut self, detail: Detail) -> Self {
        self.details.push(detail);
        self
    }

    /// Asks the caller to wait this many seconds.
    #[must_use]
    pub fn retry_after(mut self, seconds: u32) -> Self {
        self.retry_after = Some(seconds);
        self
    }

    /// Adds a header, in place of another of this name.
    #[must_use]
    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.get_or_insert_default().insert(name, value);
        self
    }

    /// Adds a text for the log only.
    #[must_use]
    pub fn log(mut self, internal: impl Into<String>) -> Self {
        self.internal = Some(internal.into());
        self
    }
}

/// What strict decoding found, each violation a detail.
impl From<&Violations> for Fault {
    fn from(violations: &Violations) -> Self {
        let details = violations.iter().map(|violation| Detail {
            reason: violation.reason.into(),
            field: Some(violation.field.clone()),
            limit: violation.limit.as_ref().and_then(serde_json::Value::as_i64),
        });
        Fault {
            message: violations.to_string(),
            details: details.collect(),
            ..Fault::default()
        }
    }
}

/// What a handler, or dropshot, says by dropshot's own error; its status is for [`Failure::of`].
impl From<HttpError> for Fault {
    fn from(error: HttpError) -> Self {
        Fault {
            headers: error.headers,
            ..Fault::new(error.external_message).log(error.internal_message)
        }
    }
}

/// The errors that an operation declares: one variant per status. Generated code implements it by
/// [`failure!`](crate::failure).
pub trait Failure: From<HttpError> + Send + Sync + 'static {
    /// The variant of `status`. One that the operation does not declare becomes 400 (if it is a client error and 400
    /// is declared) or 500, so that no answer is outside the document.
    fn of(status: u16, fault: Fault) -> Self;
    /// The status, 400 to 599.
    fn status(&self) -> u16;
    /// What the answer says.
    fn fault(&self) -> &Fault;
    /// The whole answer. `request_id` is for bodies that name it.
    fn response(&self, request_id: &str) -> Response<Body> {
        let _ = request_id;
        Envelope::new(self.status(), self.fault()).response()
    }
}

/// The error body: `{"error": {"code", "message", "details"}}`.
pub struct Envelope<'a> {
    status: u16,
    fault: &'a Fault,
}

impl<'a> Envelope<'a> {
    /// The body of this fault under this status.
    pub fn new(status: u16, fault: &'a Fault) -> Self {
        Envelope { status, fault }
    }

    /// The whole answer: status, body, and the headers that the status asks for.
    pub fn response(&self) -> Response<Body> {
        let body = serde_json::to_vec(self).unwrap_or_default();
        carry(self.status, self.fault, Some("application/json"), body)
    }
}

/// An answer with this body, and the headers that the status and the fault ask for.
pub(crate) fn carry(
    status: u16,
    fault: &Fault,
    media_type: Option<&'static str>,
    body: Vec<u8>,
) -> Response<Body> {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() =
        StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    if let Some(others) = &fault.headers {
        headers.clone_from(others);
    }
    if let Some(media_type) = media_type {
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
    }
    if let Some(challenge) = fault.challenge {
        let challenge = HeaderValue::from_static(challenge);
        headers.insert(header::WWW_AUTHENTICATE, challenge);
    } else if status == 401 {
        let challenge = headers.entry(header::WWW_AUTHENTICATE);
        challenge.or_insert(HeaderValue::from_static("Bearer"));
    }
    if let Some(seconds) = fault.retry_after {
        headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    } else if matches!(status, 429 | 503) {
        let seconds = headers.entry(header::RETRY_AFTER);
        seconds.or_insert(HeaderValue::from(1));
    }
    response
}

impl Serialize for Envelope<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Outer<'a> {
            error: Inner<'a>,
        }
        #[derive(Serialize)]
        struct Inner<'a> {
            code: u16,
            message: &'a str,
            details: Vec<Detail>,
        }
        let fallback = StatusCode::from_u16(self.status)
            .ok()
            .and_then(|s| s.canonical_reason())
            .unwrap_or("error");
        let message = cut(&self.fault.message, MAX_MESSAGE);
        let details = self.fault.details.iter().take(MAX_DETAILS).map(|detail| {
            let field = detail.field.as_deref().filter(|field| !field.is_empty());
            Detail {
                field: field.map(|field| cut(field, MAX_FIELD).to_owned()),
                ..detail.clone()
            }
        });
        let mut details: Vec<Detail> = details.collect();
        if details.is_empty() {
            // Programs read the reason, so there always is one: the status, in a word.
            let word: String = fallback
                .chars()
                .map(|c| {
                    if c.is_ascii_alphanumeric() {
                        c.to_ascii_lowercase()
                    } else {
                        '_'
                    }
                })
                .collect();
            details.push(Detail::new(word));
        }
        Outer {
            error: Inner {
                code: self.status,
                message: if message.is_empty() {
                    fallback
                } else {
                    message
                },
                details,
            },
        }
        .serialize(serializer)
    }
}

fn cut(text: &str, characters: usize) -> &str {
    text.char_indices()
        .nth(characters)
        .map_or(text, |(end, _)| &text[..end])
}

/// Implements [`Failure`], and what dropshot asks of an error, for an enum whose variants each hold a
/// [`Fault`]. `$body` is the type whose schema the document gives to error bodies.
#[macro_export]
macro_rules! failure {
    ($name:ident: $body:ty { $($code:literal => $variant:ident),+ $(,)? }) => {
        impl $crate::Failure for $name {
            fn of(status: u16, fault: $crate::Fault) -> Self {
                match status {
                    $($code => Self::$variant(fault),)+
                    401..=499 => <Self as $crate::Failure>::of(400, fault),
                    _ => Self::InternalServerError(fault),
                }
            }
            fn status(&self) -> u16 {
                match self {
                    $(Self::$variant(_) => $code,)+
                }
            }
            fn fault(&self) -> &$crate::Fault {
                match self {
                    $(Self::$variant(fault) => fault,)+
                }
            }
        }
        impl ::std::convert::From<::dropshot::HttpError> for $name {
            fn from(error: ::dropshot::HttpError) -> Self {
                let status = error.status_code.as_u16();
                <Self as $crate::Failure>::of(status, $crate::Fault::from(error))
            }
        }
        impl ::std::fmt::Display for $name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                let fault = $crate::Failure::fault(self);
                write!(f, "{} {}", $crate::Failure::status(self), fault.message)
            }
        }
        impl ::std::error::Error for $name {}
        impl ::dropshot::HttpResponseError for $name {
            fn status_code(&self) -> ::dropshot::ErrorStatusCode {
                ::dropshot::ErrorStatusCode::from_u16($crate::Failure::status(self))
                    .unwrap_or(::dropshot::ErrorStatusCode::INTERNAL_SERVER_ERROR)
            }
        }
        impl ::serde::Serialize for $name {
            fn serialize<S: ::serde::Serializer>(&self, serializer: S) -> ::std::result::Result<S::Ok, S::Error> {
                let fault = $crate::Failure::fault(self);
                $crate::Envelope::new($crate::Failure::status(self), fault).serialize(serializer)
            }
        }
        impl ::schemars::JsonSchema for $name {
            fn schema_name() -> ::std::string::String {
                <$body as ::schemars::JsonSchema>::schema_name()
            }
            fn schema_id() -> ::std::borrow::Cow<'static, str> {
                <$body as ::schemars::JsonSchema>::schema_id()
            }
            fn json_schema(generator: &mut ::schemars::r#gen::SchemaGenerator) -> ::schemars::schema::Schema {
                <$body as ::schemars::JsonSchema>::json_schema(generator)
            }
        }
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(status: u16, fault: &Fault) -> serde_json::Value {
        serde_json::to_value(Envelope::new(status, fault)).unwrap()["error"].clone()
    }

    #[test]
    fn an_empty_fault_still_says_something() {
        let body = written(413, &Fault::default());
        assert_eq!(body["message"], "Payload Too Large");
        assert_eq!(body["details"][0]["reason"], "payload_too_large");
    }

    #[test]
    fn what_is_too_long_is_cut_between_characters() {
        let mut fault = Fault::new("é".repeat(2000));
        fault.details = vec![Detail::new("x").field("ü".repeat(300)); 40];
        let body = written(400, &fault);
        assert_eq!(
            body["message"].as_str().unwrap().chars().count(),
            MAX_MESSAGE
        );
        assert_eq!(body["details"].as_array().unwrap().len(), MAX_DETAILS);
        assert_eq!(
            body["details"][0]["field"]
                .as_str()
                .unwrap()
                .chars()
                .count(),
            MAX_FIELD
        );
    }

    #[test]
    fn statuses_that_ask_for_a_header_get_it_even_when_the_fault_names_none() {
        let fault = Fault::new("x");
        for (status, header) in [
            (401, "www-authenticate"),
            (429, "retry-after"),
            (503, "retry-after"),
        ] {
            assert!(
                Envelope::new(status, &fault)
                    .response()
                    .headers()
                    .contains_key(header),
                "{status}"
            );
        }
        assert!(
            !Envelope::new(500, &fault)
                .response()
                .headers()
                .contains_key("retry-after")
        );
    }

    #[test]
    fn the_headers_of_dropshots_own_error_are_kept() {
        let error = HttpError::for_unavail(None, "later".to_owned());
        let error = error.with_header("x-quota", "7").unwrap();
        let error = error.with_header("retry-after", "30").unwrap();
        let headers = |fault: &Fault| {
            let response = Envelope::new(503, fault).response();
            let value = |name: &str| response.headers()[name].to_str().unwrap().to_owned();
            ["x-quota", "retry-after", "content-type"].map(value)
        };
        let mut fault = Fault::from(error);
        assert_eq!(headers(&fault), ["7", "30", "application/json"]);
        fault = fault.retry_after(60);
        assert_eq!(headers(&fault), ["7", "60", "application/json"]);
    }

    #[test]
    fn the_log_alone_gets_what_is_internal() {
        let fault = Fault::internal("the secret cause");
        assert!(!written(500, &fault).to_string().contains("secret"));
    }

    #[test]
    fn of_what_is_refused_the_log_gets_the_reasons_and_no_name_that_a_caller_made_up() {
        let canary = "canary-4711";
        let unknown = || Detail::new("unknown_member").field(canary);
        let fault = Fault::new(format!("{canary}: is no parameter"))
            .detail(unknown())
            .detail(unknown())
            .detail(Detail::new("too_long").field("role"));
        assert_eq!(fault.reasons(), "unknown_member, too_long");
    }
}
