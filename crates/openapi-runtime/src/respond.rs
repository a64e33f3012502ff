//! Answers: the success that an operation declares, and either outcome as one response.

use crate::Failure;
use crate::metadata::Described;
use dropshot::{
    ApiEndpointResponse, Body, HttpError, HttpResponse, HttpResponseDeleted, HttpResponseHeaders,
    HttpResponseOk, NoHeaders,
};
use http::{HeaderName, HeaderValue, Response, StatusCode};
use schemars::JsonSchema;
use serde::Serialize;
use std::marker::PhantomData;

/// The success that an operation declares. Generated; [`answer!`](crate::answer) makes it an answer of dropshot's.
pub trait Answer: Send + Sync + 'static {
    /// The status, 100 to 399.
    const STATUS: u16;
    /// What the document says of it.
    const DESCRIPTION: &'static str;
    /// The media type of the body; empty for none.
    const CONTENT_TYPE: &'static str;
    /// The body; `()` for none. For a media type other than JSON it must be written as a JSON string, whose text is
    /// the body.
    type Body: Serialize + JsonSchema + Send + Sync + 'static;
    /// Describes the headers that the document declares; `()` for none.
    type Headers: JsonSchema + Send + Sync + 'static;

    /// The body.
    fn body(&self) -> &Self::Body;
    /// The headers that the handler supplied, by name.
    fn headers(&self) -> Vec<(&'static str, String)>;
}

/// The response of a success.
///
/// # Errors
/// When the body cannot be written or a header's value is not one: both are answered as 500.
pub fn write<A: Answer>(answer: &A) -> Result<Response<Body>, HttpError> {
    let failed = |what: String| HttpError::for_internal_error(what);
    let body = if A::CONTENT_TYPE.is_empty() {
        Body::empty()
    } else if is_json(A::CONTENT_TYPE) {
        Body::from(
            serde_json::to_vec(answer.body())
                .map_err(|e| failed(format!("cannot write the body: {e}")))?,
        )
    } else {
        match serde_json::to_value(answer.body()) {
            Ok(serde_json::Value::String(text)) => Body::from(text),
            _ => return Err(failed("the body is not text".to_owned())),
        }
    };
    let mut response = Response::new(body);
    *response.status_mut() = status::<A>();
    let headers = response.headers_mut();
    if !A::CONTENT_TYPE.is_empty() {
        headers.insert(
            http::header::CONTENT_TYPE,
            HeaderValue::from_static(A::CONTENT_TYPE),
        );
    }
    for (name, value) in answer.headers() {
        let name = HeaderName::from_bytes(name.as_bytes())
            .map_err(|e| failed(format!("cannot write a header: {e}")))?;
        let value = HeaderValue::from_str(&value)
            .map_err(|e| failed(format!("cannot write `{name}`: {e}")))?;
        headers.insert(name, value);
    }
    Ok(response)
}

/// The text of a header's value as JSON writes it: `Display` has another form of dates.
pub fn written<T: Serialize + std::fmt::Display>(value: &T) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(text)) => text,
        _ => value.to_string(),
    }
}

/// Whether bodies of this media type are JSON: `application/json`, or one that ends with `+json`.
fn is_json(media_type: &str) -> bool {
    let essence = media_type.split(';').next().unwrap_or_default().trim();
    essence == "application/json" || essence.ends_with("+json")
}

/// The status of a success.
pub fn status<A: Answer>() -> StatusCode {
    StatusCode::from_u16(A::STATUS).unwrap_or(StatusCode::OK)
}

/// What dropshot needs to describe a success.
pub fn describe<A: Answer>() -> ApiEndpointResponse {
    let mut metadata = if A::CONTENT_TYPE.is_empty() {
        <HttpResponseHeaders<HttpResponseDeleted, Described<A::Headers>> as HttpResponse>::response_metadata()
    } else {
        <HttpResponseHeaders<HttpResponseOk<A::Body>, Described<A::Headers>> as HttpResponse>::response_metadata()
    };
    metadata.success = Some(status::<A>());
    metadata.description = Some(A::DESCRIPTION.to_owned());
    metadata
}

/// What dropshot needs to describe a success whose body the handler writes itself: `*/*` if it has one, and with no
/// status that of the handler's choice.
pub fn describe_raw(status: Option<u16>, description: &str, body: bool) -> ApiEndpointResponse {
    let mut metadata = if body {
        ApiEndpointResponse::default()
    } else {
        <HttpResponseDeleted as HttpResponse>::response_metadata()
    };
    metadata.success = status.and_then(|status| StatusCode::from_u16(status).ok());
    metadata.description = Some(description.to_owned());
    metadata
}

/// Implements dropshot's `HttpResponse` for a struct that holds a whole response.
#[macro_export]
macro_rules! raw_answer {
    ($name:ty: $status:expr, $description:literal, $body:literal) => {
        impl ::std::convert::From<::http::Response<::dropshot::Body>> for $name {
            fn from(response: ::http::Response<::dropshot::Body>) -> Self {
                Self(response)
            }
        }
        impl ::dropshot::HttpResponse for $name {
            fn to_result(
                self,
            ) -> ::std::result::Result<::http::Response<::dropshot::Body>, ::dropshot::HttpError>
            {
                Ok(self.0)
            }
            fn response_metadata() -> ::dropshot::ApiEndpointResponse {
                $crate::respond::describe_raw($status, $description, $body)
            }
            fn status_code(&self) -> ::http::StatusCode {
                self.0.status()
            }
        }
    };
}

/// Stands for no declared headers.
pub type WithoutHeaders = NoHeaders;

/// Implements dropshot's `HttpResponse` for an [`Answer`].
#[macro_export]
macro_rules! answer {
    ($name:ty) => {
        impl ::dropshot::HttpResponse for $name {
            fn to_result(
                self,
            ) -> ::std::result::Result<::http::Response<::dropshot::Body>, ::dropshot::HttpError>
            {
                $crate::respond::write(&self)
            }
            fn response_metadata() -> ::dropshot::ApiEndpointResponse {
                $crate::respond::describe::<Self>()
            }
            fn status_code(&self) -> ::http::StatusCode {
                $crate::respond::status::<Self>()
            }
        }
    };
}

/// Either outcome of an operation, as the response it will be.
///
/// Errors go through here too, because dropshot lets an error type choose a status and a body but no headers, and
/// 401, 429 and 503 need one each.
pub struct Reply<R, E> {
    response: Response<Body>,
    outcome: PhantomData<fn() -> (R, E)>,
}

impl<R: HttpResponse, E: Failure> Reply<R, E> {
    pub(crate) fn new(outcome: Result<R, E>, request_id: &str) -> (Self, Option<String>) {
        let written = outcome.and_then(|answer| answer.to_result().map_err(E::from));
        let (response, internal) = match written {
            Ok(response) => (response, None),
            Err(error) => {
                let fault = error.fault();
                let internal = fault.internal.clone().unwrap_or_else(|| fault.reasons());
                (error.response(request_id), Some(internal))
            }
        };
        let reply = Reply {
            response,
            outcome: PhantomData,
        };
        (reply, internal)
    }

    /// The status that will be answered.
    pub fn status(&self) -> u16 {
        self.response.status().as_u16()
    }
}

impl<R: HttpResponse, E: Failure> HttpResponse for Reply<R, E> {
    fn to_result(self) -> Result<Response<Body>, HttpError> {
        Ok(self.response)
    }
    fn response_metadata() -> ApiEndpointResponse {
        R::response_metadata()
    }
    fn status_code(&self) -> StatusCode {
        self.response.status()
    }
}
