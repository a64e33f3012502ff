//! Request bodies by their kind: how each is described to dropshot, and how it is read.

use crate::metadata::Described;
use crate::params::pairs;
use crate::schema::{Kind, ObjectRules, Property, Schema};
use crate::{Detail, Fault, Limits, body, strict};
use async_trait::async_trait;
use dropshot::{
    ApiEndpointBodyContentType, ApiEndpointParameter, Body, ExclusiveExtractor, HttpError,
    MultipartBody, RequestContext, ServerContext, TypedBody, UntypedBody, WebsocketUpgrade,
};
use hyper::body::Body as _;
use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use std::marker::PhantomData;

/// What the document says of a body.
#[derive(Clone, Copy)]
pub struct Expected {
    /// Its media type.
    pub media_type: &'static str,
    /// Its whole schema, when its structure is checked.
    pub schema: Option<&'static Schema>,
}

/// A kind of request body.
#[async_trait]
pub trait ReadBody: Send + Sync + 'static {
    /// What a handler gets.
    type Value: Send + 'static;

    /// Whether a body of no bytes is a value, if it has a media type.
    const EMPTY: bool = false;

    /// As a stock extractor would describe it.
    fn describe() -> Vec<ApiEndpointParameter>;

    /// Reads it.
    ///
    /// # Errors
    /// 415, 413, 408 or 400, in this order of judgement.
    async fn read<C: ServerContext>(
        rqctx: &RequestContext<C>,
        request: hyper::Request<Body>,
        expected: Expected,
        limits: Limits,
    ) -> Result<Self::Value, (u16, Fault)>;
}

/// No body. One that is sent all the same is not read.
#[async_trait]
impl ReadBody for () {
    type Value = ();

    fn describe() -> Vec<ApiEndpointParameter> {
        Vec::new()
    }

    async fn read<C: ServerContext>(
        _: &RequestContext<C>,
        _: hyper::Request<Body>,
        _: Expected,
        _: Limits,
    ) -> Result<(), (u16, Fault)> {
        Ok(())
    }
}

/// A JSON body of the type `T`.
pub struct Json<T>(PhantomData<fn() -> T>);

#[async_trait]
impl<T: DeserializeOwned + JsonSchema + Send + Sync + 'static> ReadBody for Json<T> {
    type Value = T;

    fn describe() -> Vec<ApiEndpointParameter> {
        <TypedBody<Described<T>> as ExclusiveExtractor>::metadata(ApiEndpointBodyContentType::Json)
            .parameters
    }

    async fn read<C: ServerContext>(
        _: &RequestContext<C>,
        request: hyper::Request<Body>,
        expected: Expected,
        limits: Limits,
    ) -> Result<T, (u16, Fault)> {
        let (parts, body) = request.into_parts();
        let bytes = body::bytes(&parts.headers, body, expected.media_type, limits).await?;
        let schema = expected.schema.unwrap_or(&ANYTHING);
        let value = strict::decode(&bytes, schema, strict::Limits::DEFAULT)
            .map_err(|v| (400, Fault::from(&v)))?;
        typed(value)
    }
}

static ANYTHING: Schema = Schema::any();

fn typed<T: DeserializeOwned>(value: Value) -> Result<T, (u16, Fault)> {
    serde_json::from_value(value).map_err(|error| {
        // The schema and the type come from one document, so this is a defect of ours; still the caller's value.
        let fault = Fault::because(
            "invalid_body",
            "the body is not what the document describes",
        );
        (400, fault.log(error.to_string()))
    })
}

/// A form (`application/x-www-form-urlencoded`) whose fields are the members of the object `T`.
pub struct Form<T>(PhantomData<fn() -> T>);

#[async_trait]
impl<T: DeserializeOwned + JsonSchema + Send + Sync + 'static> ReadBody for Form<T> {
    type Value = T;

    fn describe() -> Vec<ApiEndpointParameter> {
        <TypedBody<Described<T>> as ExclusiveExtractor>::metadata(
            ApiEndpointBodyContentType::UrlEncoded,
        )
        .parameters
    }

    async fn read<C: ServerContext>(
        _: &RequestContext<C>,
        request: hyper::Request<Body>,
        expected: Expected,
        limits: Limits,
    ) -> Result<T, (u16, Fault)> {
        let (parts, body) = request.into_parts();
        let bytes = body::bytes(&parts.headers, body, expected.media_type, limits).await?;
        let text = std::str::from_utf8(&bytes)
            .map_err(|_| (400, Fault::because("not_utf8", "the form is not UTF-8")))?;
        let schema = expected.schema.unwrap_or(&ANYTHING);
        let value = object(pairs(text, "form")?, schema)?;
        strict::check(&value, schema).map_err(|v| (400, Fault::from(&v)))?;
        typed(value)
    }
}

/// The fields as an object: each by the schema of its member, text where there is none.
fn object(pairs: Vec<(String, String)>, schema: &'static Schema) -> Result<Value, (u16, Fault)> {
    let properties = members(schema);
    let mut object = Map::new();
    for (name, text) in pairs {
        let member = properties.iter().find(|property| property.name == name);
        let list = member.and_then(|property| items(property.schema));
        let value = match (list, member) {
            (Some(item), _) => strict::check_str(&name, &text, item),
            (None, Some(property)) => strict::check_str(&name, &text, property.schema),
            (None, None) => Ok(text.into()),
        };
        let value = value.map_err(|v| (400, Fault::from(&v)))?;
        match (list, object.get_mut(&name)) {
            (Some(_), Some(Value::Array(items))) => items.push(value),
            (Some(_), _) => {
                object.insert(name, Value::Array(vec![value]));
            }
            (None, Some(_)) => {
                let detail = Detail::new("duplicate_member").field(&name);
                let fault = Fault::new("a field of the form is given more than once");
                return Err((400, fault.detail(detail)));
            }
            (None, None) => {
                object.insert(name, value);
            }
        }
    }
    Ok(Value::Object(object))
}

fn members(schema: &'static Schema) -> &'static [Property] {
    match schema.kind {
        Kind::Object(ObjectRules { properties, .. }) => properties,
        Kind::Ref(target) => members(target),
        _ => &[],
    }
}

fn items(schema: &'static Schema) -> Option<&'static Schema> {
    match schema.kind {
        Kind::Array(rules) => Some(rules.items),
        Kind::Ref(target) => items(target),
        _ => None,
    }
}

/// A body of bytes, such as `application/octet-stream`.
pub struct Bytes;

#[async_trait]
impl ReadBody for Bytes {
    type Value = bytes::Bytes;

    const EMPTY: bool = true;

    fn describe() -> Vec<ApiEndpointParameter> {
        <UntypedBody as ExclusiveExtractor>::metadata(ApiEndpointBodyContentType::Bytes).parameters
    }

    async fn read<C: ServerContext>(
        _: &RequestContext<C>,
        request: hyper::Request<Body>,
        expected: Expected,
        limits: Limits,
    ) -> Result<bytes::Bytes, (u16, Fault)> {
        let (parts, body) = request.into_parts();
        let bytes = body::bytes(&parts.headers, body, expected.media_type, limits).await?;
        Ok(bytes.freeze())
    }
}

/// A body of parts (`multipart/form-data`), which the handler reads one by one.
pub struct Multipart;

#[async_trait]
impl ReadBody for Multipart {
    type Value = MultipartBody;

    fn describe() -> Vec<ApiEndpointParameter> {
        <MultipartBody as ExclusiveExtractor>::metadata(
            ApiEndpointBodyContentType::MultipartFormData,
        )
        .parameters
    }

    async fn read<C: ServerContext>(
        rqctx: &RequestContext<C>,
        request: hyper::Request<Body>,
        _: Expected,
        _: Limits,
    ) -> Result<MultipartBody, (u16, Fault)> {
        MultipartBody::from_request(rqctx, request)
            .await
            .map_err(|error| refused(error, 415))
    }
}

/// A body that may be left out: then the handler gets `None`. One that is sent is read as `B`.
///
/// A body of no bytes counts as left out, whatever its media type, since some clients send one without a body. Only for [`Bytes`],
/// where no bytes are a value, a media type makes it a body. The head tells that there are no bytes (no `Content-Length`, or 0). A
/// body in chunks is read, and is refused as JSON if no chunk comes.
pub struct Optional<B>(PhantomData<fn() -> B>);

#[async_trait]
impl<B: ReadBody> ReadBody for Optional<B> {
    type Value = Option<B::Value>;

    fn describe() -> Vec<ApiEndpointParameter> {
        B::describe()
    }

    async fn read<C: ServerContext>(
        rqctx: &RequestContext<C>,
        request: hyper::Request<Body>,
        expected: Expected,
        limits: Limits,
    ) -> Result<Self::Value, (u16, Fault)> {
        let typed = request.headers().contains_key(http::header::CONTENT_TYPE);
        if request.body().is_end_stream() && !(B::EMPTY && typed) {
            return Ok(None);
        }
        B::read(rqctx, request, expected, limits).await.map(Some)
    }
}

/// No body, but a connection that becomes a WebSocket.
pub struct Websocket;

#[async_trait]
impl ReadBody for Websocket {
    type Value = WebsocketUpgrade;

    fn describe() -> Vec<ApiEndpointParameter> {
        Vec::new()
    }

    async fn read<C: ServerContext>(
        rqctx: &RequestContext<C>,
        request: hyper::Request<Body>,
        _: Expected,
        _: Limits,
    ) -> Result<WebsocketUpgrade, (u16, Fault)> {
        WebsocketUpgrade::from_request(rqctx, request)
            .await
            .map_err(|error| refused(error, 400))
    }
}

fn refused(error: HttpError, status: u16) -> (u16, Fault) {
    (
        status,
        Fault::because("invalid_body", error.external_message).log(error.internal_message),
    )
}
