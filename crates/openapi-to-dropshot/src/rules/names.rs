//! K0202 and K0203: different names stay different in Rust.

use crate::parameters::{Group, Place};
use crate::{case, names};
use openapi_document::openapiv3::Parameter;
use openapi_document::{Diagnostic, Diagnostics, Document, Node, OperationRef, Span, each_schema};
use std::collections::HashMap;

/// K0202 and K0203.
pub(super) fn check(document: &Document, diagnostics: &mut Diagnostics) {
    collisions(document, diagnostics);
    derived(document, diagnostics);
    parameters(document, diagnostics);
    headers(document, diagnostics);
    enums(document, diagnostics);
}

/// The types of each operation are called after it: `getThing` has a `GetThingError`, and so may no other operation be
/// called `getThingError`.
fn derived(document: &Document, diagnostics: &mut Diagnostics) {
    let place = |operation: OperationRef<'_>| {
        document.span(&format!("{}/operationId", operation.pointer()))
    };
    let markers: HashMap<String, OperationRef<'_>> = document
        .operations()
        .map(|operation| (names::camel(operation.id()), operation))
        .collect();
    for operation in document.operations() {
        let marker = names::camel(operation.id());
        let group = |place: Place| !Group::of(document, operation.operation, place).is_empty();
        let needs = |suffix: &str| match suffix {
            "Path" => group(Place::Path),
            "Query" => group(Place::Query),
            "Headers" => group(Place::Headers),
            "ResponseHeaders" => crate::operation::responses(operation)
                .any(|(status, response)| status < 400 && !response.headers.is_empty()),
            _ => true,
        };
        for suffix in [
            "Error",
            "Response",
            "ResponseHeaders",
            "Path",
            "Query",
            "Headers",
        ] {
            let name = format!("{marker}{suffix}");
            let Some(other) = markers.get(&name).filter(|_| needs(suffix)) else {
                continue;
            };
            diagnostics.push(
                Diagnostic::new(
                    "K0202",
                    place(*other),
                    format!(
                        "`{}` and what `{}` needs are both the type `{name}` in Rust",
                        other.id(),
                        operation.id()
                    ),
                )
                .related(place(operation), format!("its `{suffix}` is called so"))
                .help("rename one of the operations"),
            );
        }
    }
}

/// Parameters of one place become the fields of one struct.
fn parameters(document: &Document, diagnostics: &mut Diagnostics) {
    for operation in document.operations() {
        let mut fields: HashMap<String, String> = HashMap::new();
        for parameter in &operation.operation.parameters {
            let Some(parameter) = parameter.as_item() else {
                continue;
            };
            let name = &parameter.parameter_data_ref().name;
            let place = match parameter {
                Parameter::Path { .. } => "path",
                Parameter::Query { .. } => "query",
                Parameter::Header { .. } => "header",
                Parameter::Cookie { .. } => "cookie",
            };
            let rust = case::snake(name);
            let other = fields.insert(format!("{place} {rust}"), name.clone());
            if let Some(other) = other.filter(|other| other != name) {
                let message = format!(
                    "`{other}` and `{name}` are both the {place} parameter `{rust}` in Rust"
                );
                let span = document.parameter_span(operation, name);
                diagnostics.push(
                    Diagnostic::new("K0202", span, message)
                        .related(document.parameter_span(operation, &other), "and this one")
                        .help("rename one of them"),
                );
            }
        }
    }
}

/// Headers of a response become the fields of one struct; on the wire their names have no case.
fn headers(document: &Document, diagnostics: &mut Diagnostics) {
    for operation in document.operations() {
        for (status, response) in crate::operation::with_headers(operation) {
            let mut fields: HashMap<String, &str> = HashMap::new();
            for name in response.headers.keys() {
                let rust = names::header(name).to_string();
                let Some(other) = fields.insert(rust.clone(), name) else {
                    continue;
                };
                let place = |name: &str| {
                    let headers = format!("{}/responses/{status}/headers", operation.pointer());
                    let entry = document.root.at(&headers).and_then(|node| node.entry(name));
                    entry.map_or_else(|| document.span(&headers), |entry| entry.key_span)
                };
                let message = if other.eq_ignore_ascii_case(name) {
                    format!("`{other}` and `{name}` are one header: their names have no case")
                } else {
                    format!("`{other}` and `{name}` are both the header `{rust}` in Rust")
                };
                diagnostics.push(
                    Diagnostic::new("K0202", place(name), message)
                        .related(place(other), "and this one")
                        .help("keep or rename one of them"),
                );
            }
        }
    }
}

fn collisions(document: &Document, diagnostics: &mut Diagnostics) {
    let mut types: HashMap<String, (&str, Span)> = HashMap::new();
    for (name, _) in document.schemas() {
        let name = document.original_name(name);
        let Some(entry) = document
            .root
            .at("/components/schemas")
            .and_then(|schemas| schemas.entry(name))
        else {
            continue;
        };
        let rust = case::upper_camel(name);
        let found = collide(&mut types, rust, name, entry.key_span, "type");
        found.into_iter().for_each(|found| diagnostics.push(found));
    }
    let mut methods: HashMap<String, (&str, Span)> = HashMap::new();
    for operation in document.operations() {
        let id = operation
            .operation
            .operation_id
            .as_deref()
            .unwrap_or_default();
        let pointer = format!("{}/operationId", operation.pointer());
        // What is no text is told as such.
        if document.root.at(&pointer).and_then(Node::as_str).is_none() {
            continue;
        }
        let span = document.span(&pointer);
        let found = collide(&mut methods, case::snake(id), id, span, "method");
        found.into_iter().for_each(|found| diagnostics.push(found));
    }
}

/// Adds a name to those that are known, or tells why it cannot be.
pub(super) fn collide<'a>(
    known: &mut HashMap<String, (&'a str, Span)>,
    rust: String,
    name: &'a str,
    span: Span,
    what: &str,
) -> Option<Diagnostic> {
    if rust.is_empty() {
        let message = format!("`{name}` has no letter or digit to make a {what} of");
        return Some(Diagnostic::new("K0202", span, message).help("choose another name"));
    }
    match known.get(&rust) {
        Some((other, first)) if *other != name => {
            let message = format!("`{other}` and `{name}` are both the {what} `{rust}` in Rust");
            let diagnostic = Diagnostic::new("K0202", span, message)
                .label("this one")
                .related(*first, "and this one")
                .help("rename one of them");
            // A type gets a number; nothing else may, since callers name it.
            Some(if what == "type" {
                diagnostic.warning()
            } else {
                diagnostic
            })
        }
        _ => {
            known.insert(rust, (name, span));
            None
        }
    }
}

fn enums(document: &Document, diagnostics: &mut Diagnostics) {
    each_schema(&document.root, &mut |schema| {
        let mut variants: HashMap<String, (&str, Span)> = HashMap::new();
        for value in schema.get("enum").map_or(&[][..], Node::items) {
            let Some(text) = value.as_str() else { continue };
            let rust = names::camel(text);
            if let Some((other, first)) = variants.get(&rust).filter(|(other, _)| *other != text) {
                diagnostics.push(
                    Diagnostic::new(
                        "K0203",
                        value.span,
                        format!("`{other}` and `{text}` are both the variant `{rust}` in Rust"),
                    )
                    .label("this one")
                    .related(*first, "and this one")
                    .help("one of them gets a number; choose names that differ in more")
                    .warning(),
                );
            } else {
                variants.insert(rust, (text, value.span));
            }
        }
    });
}
