//! K0206: parameters and headers are scalars of the API's own.

use crate::operation::responses;
use openapi_document::openapiv3::{Parameter, ParameterSchemaOrContent, ReferenceOr};
use openapi_document::routes::Routes;
use openapi_document::{Diagnostic, Diagnostics, Document, OperationRef, Span, draft, escape};
use serde_json::Value;

/// Headers that are not parameters, says OpenAPI 3.0.3: other parts of the document speak of them.
const RESERVED: [&str; 3] = ["accept", "content-type", "authorization"];

/// K0206.
pub(super) fn check(document: &Document, diagnostics: &mut Diagnostics) {
    let routes = Routes::of(document);
    for operation in document.operations() {
        shared(document, operation, &routes, diagnostics);
        for parameter in operation
            .operation
            .parameters
            .iter()
            .filter_map(ReferenceOr::as_item)
        {
            let data = parameter.parameter_data_ref();
            let span = || document.parameter_span(operation, &data.name);
            let header = matches!(parameter, Parameter::Header { .. });
            if header && RESERVED.contains(&data.name.to_lowercase().as_str()) {
                diagnostics.push(
                    Diagnostic::new(
                        "K0206",
                        span(),
                        format!("`{}` cannot be declared as a parameter", data.name),
                    )
                    .help("`security`, the request body and the responses speak of it"),
                );
            }
            if header {
                token(&data.name, &span, diagnostics);
            }
            let list = !matches!(parameter, Parameter::Path { .. });
            scalar(document, &data.name, &data.format, list, &span, diagnostics);
        }
        for (status, response) in responses(operation) {
            for (name, header) in &response.headers {
                if let Some(header) = header.as_item() {
                    let span = || {
                        let (operation, name) = (operation.pointer(), escape(name));
                        document.span(&format!("{operation}/responses/{status}/headers/{name}"))
                    };
                    token(name, &span, diagnostics);
                    scalar(document, name, &header.format, false, &span, diagnostics);
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

fn scalar(
    document: &Document,
    name: &str,
    format: &ParameterSchemaOrContent,
    list: bool,
    span: &dyn Fn() -> Span,
    diagnostics: &mut Diagnostics,
) {
    let ParameterSchemaOrContent::Schema(schema) = format else {
        return;
    };
    let schema = draft::json(schema);
    let resolved = draft::resolved(document, &schema);
    let items = resolved
        .get("items")
        .filter(|_| list && resolved.get("type").and_then(Value::as_str) == Some("array"));
    if !is_scalar(document, items.unwrap_or(&resolved), 0) {
        diagnostics.push(
            Diagnostic::new(
                "K0206",
                span(),
                format!("`{name}` is not a scalar, which dropshot does not support"),
            )
            .help(
                "use `string`, `integer`, `number` or `boolean`; put what has parts into the body",
            ),
        );
    }
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
