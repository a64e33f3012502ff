//! What kind of body an operation takes, of success it answers with, and of errors it declares.

use crate::answer::header_fields;
use crate::operation::responses;
use crate::parameters::Field;
use openapi_document::openapiv3::{
    MediaType, ReferenceOr, Response, Schema, SchemaKind, StatusCode, StringFormat, Type,
    VariantOrUnknownOrEmpty,
};
use openapi_document::{Document, OperationRef, draft};
use serde_json::Value;
use std::borrow::Cow;

/// How a request body is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Body {
    /// There is none.
    None,
    /// JSON, under its own or a vendor's media type.
    Json,
    /// A form.
    Form,
    /// Bytes.
    Bytes,
    /// Parts, read by the handler.
    Multipart,
    /// None, but a connection that becomes a WebSocket.
    Websocket,
}

/// The kind of body that the operation takes, with its media type.
pub(crate) fn body<'a>(
    document: &Document,
    operation: OperationRef<'a>,
) -> (Body, Option<(&'a str, &'a MediaType)>) {
    let Some(ReferenceOr::Item(body)) = &operation.operation.request_body else {
        let extensions = &operation.operation.extensions;
        let kind = if extensions.contains_key("x-dropshot-websocket") {
            Body::Websocket
        } else {
            Body::None
        };
        return (kind, None);
    };
    let Some((name, media)) = body.content.iter().next() else {
        return (Body::None, None);
    };
    let kind = match essence(name) {
        "application/x-www-form-urlencoded" => Body::Form,
        "multipart/form-data" => Body::Multipart,
        "application/octet-stream" if is_binary(document, media) => Body::Bytes,
        _ => Body::Json,
    };
    (kind, Some((name, media)))
}

/// Whether the operation takes a body that may be left out.
pub(crate) fn is_optional(operation: OperationRef<'_>) -> bool {
    let body = operation.operation.request_body.as_ref();
    let body = body.and_then(ReferenceOr::as_item);
    body.is_some_and(|body| !body.required && !body.content.is_empty())
}

/// The media type without parameters.
pub(crate) fn essence(media_type: &str) -> &str {
    media_type.split(';').next().unwrap_or_default().trim()
}

/// Whether bodies of this media type, or of some range of types, are JSON.
pub(crate) fn is_json(media_type: &str) -> bool {
    let essence = essence(media_type);
    essence == "application/json" || essence.ends_with("+json")
}

/// Whether answers of this media type are JSON. A range of types, of which a request may be one, is none: an answer has one.
pub(crate) fn answers_json(media_type: &str) -> bool {
    is_json(media_type) && !media_type.contains('*')
}

/// Whether the body is bytes, says its schema.
pub(crate) fn is_binary(document: &Document, media: &MediaType) -> bool {
    let schema = media.schema.as_ref();
    let schema = schema.and_then(|schema| draft::resolve(document, schema));
    match schema.map(|schema| &schema.schema_kind) {
        Some(SchemaKind::Type(Type::String(text))) => {
            text.format == VariantOrUnknownOrEmpty::Item(StringFormat::Binary)
        }
        Some(SchemaKind::Any(any)) => {
            any.typ.as_deref() == Some("string") && any.format.as_deref() == Some("binary")
        }
        _ => false,
    }
}

/// The success of an operation.
pub(crate) enum Success<'a> {
    /// With a body that is text or JSON of a type, or with none.
    Typed {
        /// The status.
        status: u16,
        /// What the document says.
        response: &'a Response,
    },
    /// Made by the handler: free-form, bytes, or the beginning of a WebSocket.
    Raw {
        /// The status, if the document says which.
        status: Option<u16>,
        /// What the document says.
        response: &'a Response,
        /// Whether it has a body.
        body: bool,
    },
}

/// The success that the operation declares: its one status below 400, or else its `default`.
pub(crate) fn success<'a>(document: &Document, operation: OperationRef<'a>) -> Option<Success<'a>> {
    let exact = responses(operation).find(|(status, _)| *status < 400);
    let Some((status, response)) = exact else {
        let response = operation.operation.responses.default.as_ref()?.as_item()?;
        return Some(Success::Raw {
            status: None,
            response,
            body: true,
        });
    };
    let raw = |body| Success::Raw {
        status: Some(status),
        response,
        body,
    };
    Some(match response.content.iter().next() {
        None if status == 101 => raw(false),
        Some((name, media)) if name == "*/*" || is_binary(document, media) => raw(true),
        _ => Success::Typed { status, response },
    })
}

/// The statuses of an error response.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Statuses {
    /// One.
    Exact(u16),
    /// `4XX`.
    Client,
    /// `5XX`.
    Server,
    /// `default`: any that is not declared otherwise.
    Default,
}

impl Statuses {
    /// As `responses` of the document has them.
    pub(crate) fn key(self) -> String {
        match self {
            Statuses::Exact(code) => code.to_string(),
            Statuses::Client => "4XX".to_owned(),
            Statuses::Server => "5XX".to_owned(),
            Statuses::Default => "default".to_owned(),
        }
    }

    /// As documentation has them.
    pub(crate) fn title(self) -> String {
        match self {
            Statuses::Default => "Any other".to_owned(),
            of => of.key(),
        }
    }
}

/// The error responses that the operation declares, the exact ones first.
pub(crate) fn errors(operation: OperationRef<'_>) -> Vec<(Statuses, &Response)> {
    let declared = &operation.operation.responses;
    let mut found: Vec<(Statuses, &Response)> = declared
        .responses
        .iter()
        .filter_map(|(status, response)| {
            let statuses = match status {
                StatusCode::Code(code) if (400..600).contains(code) => Statuses::Exact(*code),
                StatusCode::Range(4) => Statuses::Client,
                StatusCode::Range(5) => Statuses::Server,
                _ => return None,
            };
            Some((statuses, response.as_item()?))
        })
        .collect();
    if responses(operation).any(|(status, _)| status < 400) {
        let default = declared.default.as_ref().and_then(ReferenceOr::as_item);
        found.extend(default.map(|response| (Statuses::Default, response)));
    }
    // Stable: the order of the document within each kind.
    found.sort_by_key(|(statuses, _)| !matches!(statuses, Statuses::Exact(_)));
    found
}

/// The JSON body of an error: its media type and its schema, which is of any JSON where the document has none.
pub(crate) fn error_body(response: &Response) -> Option<(&str, Value)> {
    let (name, media) = response
        .content
        .iter()
        .find(|(name, _)| answers_json(name))?;
    let schema = media.schema.as_ref().map(draft::json);
    Some((name, schema.unwrap_or_else(|| serde_json::json!({}))))
}

/// The schema of the JSON body of an error.
pub(crate) fn error_schema(response: &Response) -> Option<Value> {
    error_body(response).map(|(_, schema)| schema)
}

/// Whether errors of the operation differ in their bodies.
pub(crate) fn errors_differ(operation: OperationRef<'_>) -> bool {
    let errors = errors(operation);
    let mut schemas = errors.iter().map(|(_, response)| error_schema(response));
    let first = schemas.next();
    schemas.any(|schema| Some(schema) != first)
}

/// The component that the schema is, by reference or as the only member of an `allOf`.
pub(crate) fn meant(document: &Document, schema: &Value) -> Option<String> {
    let mut schema = schema;
    for _ in 0..16 {
        if let Some(name) = draft::reference(schema) {
            let inner = document.schema(&name);
            return inner
                .and_then(|inner| within(document, inner))
                .or(Some(name));
        }
        let of = |key: &str| schema.get(key).is_some();
        let all = schema.get("allOf").and_then(Value::as_array);
        match all.map(Vec::as_slice) {
            Some([only]) if !of("type") && !of("properties") => schema = only,
            _ => return None,
        }
    }
    None
}

/// As [`meant`], of what a component is.
fn within(document: &Document, schema: &ReferenceOr<Schema>) -> Option<String> {
    let mut schema = schema;
    let mut name = None;
    for _ in 0..16 {
        let kind = draft::resolve(document, schema).map(|schema| &schema.schema_kind);
        let all = match kind {
            Some(SchemaKind::AllOf { all_of }) => all_of.as_slice(),
            Some(SchemaKind::Any(any)) if any.typ.is_none() && any.properties.is_empty() => {
                &any.all_of
            }
            _ => return name,
        };
        let [only] = all else {
            return name;
        };
        schema = only;
        if let ReferenceOr::Reference { reference } = schema {
            name = draft::named(reference).map(Cow::into_owned).or(name);
        }
    }
    name
}

/// Whether every error of the operation is one exact status with the envelope that `openapi_runtime` writes, as it writes it,
/// so that its error type needs to hold neither body nor headers.
pub(crate) fn is_enveloped(document: &Document, operation: OperationRef<'_>) -> bool {
    let errors = errors(operation);
    let has = |code: u16| {
        errors
            .iter()
            .any(|(statuses, _)| *statuses == Statuses::Exact(code))
    };
    // They are one, as a rule.
    let mut known: Option<String> = None;
    let mut is_known = |name: &str| {
        if known.as_deref() != Some(name) && is_envelope(document, name) {
            known = Some(name.to_owned());
        }
        known.as_deref() == Some(name)
    };
    has(400)
        && has(500)
        && errors.iter().all(|(statuses, response)| {
            let body = error_body(response).filter(|(name, _)| *name == "application/json");
            let name = body.as_ref().and_then(|(_, schema)| schema.get("$ref"));
            let envelope = name.and_then(Value::as_str).is_some_and(&mut is_known);
            let mut headers = header_fields(response).into_iter();
            matches!(statuses, Statuses::Exact(_))
                && envelope
                && headers.all(|(field, runtime)| runtime || is_of_fault(*statuses, &field))
        })
}

/// Whether a fault has this header, whatever made it: `Retry-After` and `WWW-Authenticate` where the runtime adds them, and
/// where they may be left out.
fn is_of_fault(statuses: Statuses, header: &Field) -> bool {
    let added: &[u16] = match header.name.to_ascii_lowercase().as_str() {
        "retry-after" => &[429, 503],
        "www-authenticate" => &[401],
        _ => return false,
    };
    let added = added
        .iter()
        .any(|status| statuses == Statuses::Exact(*status));
    added || !header.required
}

/// Whether the schema has the members of the error body; what they are exactly is for the conformance tests to show.
pub(crate) fn is_envelope(document: &Document, reference: &str) -> bool {
    let root = &document.root;
    let resolve = |node| openapi_document::resolve(root, node);
    let Some(schema) = reference
        .strip_prefix('#')
        .and_then(|pointer| root.at(pointer))
    else {
        return false;
    };
    let error = schema
        .get("properties")
        .and_then(|p| p.get("error"))
        .and_then(resolve);
    let Some(properties) = error.and_then(|error| error.get("properties")) else {
        return false;
    };
    ["code", "message", "details"]
        .iter()
        .all(|name| properties.get(name).is_some())
}
