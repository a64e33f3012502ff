//! K0204, K0205 and K0207: every answer that can be given is declared, in a form that is written.

use crate::operation::responses;
use openapi_document::openapiv3::ReferenceOr;
use openapi_document::{Diagnostic, Diagnostics, Document, OperationRef, draft, escape};
use serde_json::Value;

/// K0204, K0205 and K0207.
pub(super) fn check(document: &Document, diagnostics: &mut Diagnostics) {
    for operation in document.operations() {
        statuses(document, operation, diagnostics);
        text(document, operation, diagnostics);
    }
    error_bodies(document, diagnostics);
}

/// K0207: what is not JSON is text.
fn text(document: &Document, operation: OperationRef<'_>, diagnostics: &mut Diagnostics) {
    for (status, response) in responses(operation).filter(|(status, _)| *status < 400) {
        for (media_type, media) in response
            .content
            .iter()
            .filter(|(name, _)| *name != "application/json")
        {
            let schema = media.schema.as_ref().map(draft::json).unwrap_or_default();
            let schema = draft::resolved(document, &schema);
            let kind = schema.get("type").and_then(Value::as_str);
            let format = schema.get("format").and_then(Value::as_str);
            if kind == Some("string") && format != Some("binary") {
                continue;
            }
            let span = document.span(&format!(
                "{}/responses/{status}/content",
                operation.pointer()
            ));
            diagnostics.push(
                Diagnostic::new(
                    "K0207",
                    span,
                    format!("a body of `{media_type}` that is not text is not supported"),
                )
                .help("give it a schema of `type: string`, or answer JSON"),
            );
        }
    }
}

fn statuses(document: &Document, operation: OperationRef<'_>, diagnostics: &mut Diagnostics) {
    let declared: Vec<u16> = responses(operation).map(|(status, _)| status).collect();
    let span = document.span(&format!("{}/responses", operation.pointer()));
    let id = operation.id();
    let mut must = vec![
        (400, "a malformed parameter or query"),
        (500, "a failure of the server"),
    ];
    if operation.is_secured() {
        must.push((401, "a request without credentials"));
        must.push((429, "a caller who asks too often"));
        must.push((503, "an authenticator that cannot work right now"));
    }
    if operation.path.contains('{') {
        must.push((404, "a path with an empty segment"));
    }
    if operation.operation.request_body.is_some() {
        must.push((408, "a body that does not arrive"));
        must.push((413, "a body that is too large"));
        must.push((415, "a body of another media type"));
    }
    for (status, why) in must {
        if !declared.contains(&status) {
            diagnostics.push(
                Diagnostic::new(
                    "K0204",
                    span,
                    format!("`{id}` does not declare {status}, which {why} is answered with"),
                )
                .help(format!("add a response `'{status}'` with the error schema")),
            );
        }
    }
    if !declared.iter().any(|status| *status < 400) {
        diagnostics.push(Diagnostic::new(
            "K0204",
            span,
            format!("`{id}` declares no success"),
        ));
    }
}

fn error_bodies(document: &Document, diagnostics: &mut Diagnostics) {
    let mut common: Option<String> = None;
    for operation in document.operations() {
        for (status, response) in responses(operation).filter(|(status, _)| *status >= 400) {
            let span = document.span(&format!(
                "{}/responses/{}",
                operation.pointer(),
                escape(&status.to_string())
            ));
            let schema = response
                .content
                .get("application/json")
                .and_then(|media| media.schema.as_ref());
            let name = match schema {
                Some(ReferenceOr::Reference { reference }) => reference.clone(),
                _ => {
                    diagnostics.push(
                        Diagnostic::new(
                            "K0205",
                            span,
                            "the body of an error is `application/json` with a named schema",
                        )
                        .help(
                            "refer to one error schema from every response that is not a success",
                        ),
                    );
                    continue;
                }
            };
            match &common {
                None => {
                    if !is_envelope(document, &name) {
                        diagnostics.push(
                            Diagnostic::new("K0205", span, format!("`{name}` does not hold what the server writes into errors"))
                                .help("an object `error` of `code` (integer), `message` (string) and `details` (array of objects with `reason`)"),
                        );
                    }
                    common = Some(name);
                }
                Some(common) if *common != name => diagnostics.push(Diagnostic::new(
                    "K0205",
                    span,
                    format!("the error schema is `{name}` here, and `{common}` before"),
                )),
                Some(_) => {}
            }
        }
    }
}

/// Whether the schema has the members of the error body; what they are exactly is for the conformance tests to show.
fn is_envelope(document: &Document, reference: &str) -> bool {
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
