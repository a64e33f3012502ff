//! K0206: parameters and headers are scalars of the API's own.

use crate::operation::with_headers;
use openapi_document::openapiv3::{Parameter, ParameterSchemaOrContent, ReferenceOr};
use openapi_document::routes::Routes;
use openapi_document::{Diagnostic, Diagnostics, Document, OperationRef, Span, draft, escape};
use serde_json::Value;
use std::collections::BTreeSet;

/// Headers that are not parameters, says OpenAPI 3.0.3: other parts of the document speak of them.
const RESERVED: [&str; 3] = ["accept", "content-type", "authorization"];

/// K0206.
pub(super) fn check(document: &Document, diagnostics: &mut Diagnostics) {
    let routes = Routes::of(document);
    let mut components = BTreeSet::new();
    for operation in document.operations() {
        shared(document, operation, &routes, diagnostics);
        for parameter in operation
            .operation
            .parameters
            .iter()
            .filter_map(ReferenceOr::as_item)
        {
            let data = parameter.parameter_data_ref();
            // What is wrong with a component is told there, once.
            let word = match parameter {
                Parameter::Path { .. } => "path",
                Parameter::Query { .. } => "query",
                Parameter::Header { .. } => "header",
                Parameter::Cookie { .. } => "cookie",
            };
            let (written, referred) = document.parameter_origin(operation, &data.name, word);
            if referred.is_some() && !components.insert((written.file, written.start)) {
                continue;
            }
            let span = || written;
            let first = diagnostics.len();
            let header = matches!(parameter, Parameter::Header { .. });
            if header && RESERVED.contains(&data.name.to_lowercase().as_str()) {
                diagnostics.push(
                    Diagnostic::new(
                        "K0206",
                        span(),
                        format!("`{}` cannot be declared as a parameter", data.name),
                    )
                    .help(
                        "leave it out: `security`, the request body and the responses speak of it",
                    ),
                );
            }
            if header {
                token(&data.name, &span, diagnostics);
            }
            let place = match parameter {
                Parameter::Path { .. } => Place::Path,
                Parameter::Query { .. } => Place::Query,
                _ => Place::Header,
            };
            scalar(
                document,
                &data.name,
                &data.format,
                place,
                &span,
                diagnostics,
            );
            if let Some(referred) = referred {
                diagnostics.relate(first, referred, "referred to here");
            }
        }
        for (status, response) in with_headers(operation) {
            for (name, header) in &response.headers {
                if let Some(header) = header.as_item() {
                    let span = || {
                        let (operation, name) = (operation.pointer(), escape(name));
                        document.span(&format!("{operation}/responses/{status}/headers/{name}"))
                    };
                    token(name, &span, diagnostics);
                    scalar(
                        document,
                        name,
                        &header.format,
                        Place::Answer,
                        &span,
                        diagnostics,
                    );
                }
            }
        }
    }
}

/// dropshot keeps the parameters of the path, by the names that its router knows, and of the query in one namespace.
fn shared(
    document: &Document,
    operation: OperationRef<'_>,
    routes: &Routes,
    diagnostics: &mut Diagnostics,
) {
    let parameters = || {
        operation
            .operation
            .parameters
            .iter()
            .filter_map(ReferenceOr::as_item)
    };
    let in_path = |wanted: &str| {
        let of_path = parameters().filter(|p| matches!(p, Parameter::Path { .. }));
        of_path
            .map(|parameter| parameter.parameter_data_ref().name.as_str())
            .find(|name| routes.name(operation.path, name) == wanted)
    };
    for parameter in parameters().filter(|p| matches!(p, Parameter::Query { .. })) {
        let name = &parameter.parameter_data_ref().name;
        if let Some(variable) = in_path(name) {
            let span = document.parameter_span_in(operation, name, Some("query"));
            let message = format!(
                "`{name}` is a parameter of the path and of the query, which dropshot does not support"
            );
            diagnostics.push(
                Diagnostic::new("K0206", span, message)
                    .related(
                        document.parameter_span_in(operation, variable, Some("path")),
                        "of the path",
                    )
                    .help("give one of them another name"),
            );
        }
    }
}

/// The name of a header is a token, says RFC 9110.
fn token(name: &str, span: &dyn Fn() -> Span, diagnostics: &mut Diagnostics) {
    let fits = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c);
    if name.is_empty() || !name.chars().all(fits) {
        diagnostics.push(
            Diagnostic::new("K0206", span(), format!("no header can be called `{name}`")).help(
                "the name of a header is of letters, digits, and some of ``!#$%&'*+-.^_`|~``",
            ),
        );
    }
}

/// Where a value stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Path,
    Query,
    Header,
    /// In a header of an answer.
    Answer,
}

fn scalar(
    document: &Document,
    name: &str,
    format: &ParameterSchemaOrContent,
    place: Place,
    span: &dyn Fn() -> Span,
    diagnostics: &mut Diagnostics,
) {
    let ParameterSchemaOrContent::Schema(schema) = format else {
        return;
    };
    let schema = draft::json(schema);
    let resolved = draft::resolved(document, &schema);
    let list = matches!(place, Place::Query | Place::Header)
        && resolved.get("type").and_then(Value::as_str) == Some("array");
    let mut refuse = |message: String, help: &str| {
        diagnostics.push(Diagnostic::new("K0206", span(), message).help(help));
    };
    // A list without items is told as such.
    let fits = match resolved.get("items") {
        Some(items) if list => is_scalar(document, items, 0),
        None if list => true,
        _ => is_scalar(document, &resolved, 0),
    };
    if !fits {
        refuse(
            format!("`{name}` is not a scalar, which dropshot does not support"),
            "use `string`, `integer`, `number` or `boolean`; put what has parts into the body",
        );
    } else if matches!(place, Place::Path | Place::Query)
        && !list
        && !is_taken(document, &resolved, 0)
    {
        refuse(
            format!(
                "the schema of `{name}` combines others in a way that dropshot takes for no scalar"
            ),
            "write one schema with a `type`; or a `oneOf` of such schemas, or an `allOf` of one, with nothing but words beside it",
        );
    }
}

/// Whether dropshot, which refuses all others when it starts, takes the schema for a scalar's: a type alone, a `oneOf` of
/// scalars, or an `allOf` or `anyOf` of one, with no other constraint beside those.
fn is_taken(document: &Document, schema: &Value, depth: usize) -> bool {
    let schema = draft::resolved(document, schema);
    let list = |key: &str| schema.get(key).and_then(Value::as_array);
    let combined = ["allOf", "anyOf", "oneOf", "not"]
        .iter()
        .filter(|key| schema.get(**key).is_some());
    if depth > 8 || combined.count() > 1 || schema.get("not").is_some() {
        return false;
    }
    let inner = |member: &Value| is_taken(document, member, depth + 1);
    let Some((parts, most)) = list("oneOf").map(|parts| (parts, usize::MAX)).or_else(|| {
        list("allOf")
            .or_else(|| list("anyOf"))
            .map(|parts| (parts, 1))
    }) else {
        return schema.get("type").is_some();
    };
    const ALONE: [&str; 9] = [
        "type",
        "format",
        "enum",
        "minimum",
        "maximum",
        "multipleOf",
        "minLength",
        "maxLength",
        "pattern",
    ];
    parts.len() <= most
        && parts.iter().all(inner)
        && ALONE.iter().all(|key| schema.get(key).is_none())
}

/// As dropshot judges it: a scalar, one `allOf` of one, or a choice among some.
fn is_scalar(document: &Document, schema: &Value, depth: usize) -> bool {
    let schema = draft::resolved(document, schema);
    let kind = schema.get("type").and_then(Value::as_str);
    if matches!(kind, Some("string" | "integer" | "number" | "boolean")) {
        return true;
    }
    let members = |key: &str| schema.get(key).and_then(Value::as_array);
    let scalar = |member: &Value| is_scalar(document, member, depth + 1);
    if kind.is_some() || depth > 8 {
        return false;
    }
    match (members("allOf"), members("oneOf").or(members("anyOf"))) {
        (Some(all), None) => all.len() == 1 && all.iter().all(scalar),
        (None, Some(some)) => some.iter().all(scalar),
        _ => false,
    }
}
