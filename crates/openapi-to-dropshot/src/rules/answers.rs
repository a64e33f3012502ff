//! K0204, K0205 and K0207: every answer that can be given is declared, in a form that is written.

use crate::answer::header_fields;
use crate::failure;
use crate::kind::{self, Statuses};
use crate::operation::responses;
use openapi_document::openapiv3::{MediaType, ReferenceOr};
use openapi_document::{
    Diagnostic, Diagnostics, Document, Entry, Node, OperationRef, draft, escape,
};
use serde_json::Value;

/// K0204, K0205 and K0207.
pub(super) fn check(document: &Document, diagnostics: &mut Diagnostics) {
    for operation in document.operations() {
        statuses(document, operation, diagnostics);
        bodies(document, operation, diagnostics);
        headers(document, operation, diagnostics);
        anything(document, operation, diagnostics);
    }
    error_bodies(document, diagnostics);
}

/// K0205: what the server answers by itself has headers whose meaning it does not know.
fn headers(document: &Document, operation: OperationRef<'_>, diagnostics: &mut Diagnostics) {
    let own = answered_anyway(operation);
    for (statuses, response) in kind::errors(operation) {
        let by_itself = match statuses {
            Statuses::Exact(code) => own.iter().any(|(status, _)| *status == code),
            _ => true,
        };
        if !by_itself {
            continue;
        }
        for (field, runtime) in header_fields(response) {
            let known = ["retry-after", "www-authenticate", "content-type"];
            let known = known.contains(&field.name.to_ascii_lowercase().as_str());
            let made_up = failure::supplied(document, statuses, &field);
            let Some(value) = made_up.filter(|_| !runtime && !known) else {
                continue;
            };
            let (status, name) = (statuses.key(), openapi_document::escape(&field.name));
            let pointer = format!("{}/responses/{status}/headers/{name}", operation.pointer());
            let message = format!(
                "`{}` must be there under {status}, where the server answers by itself, too: it will say `{value}`",
                field.name
            );
            let help = "let it be left out; or say `x-runtime: true`, if what stands before the server adds it";
            let diagnostic = Diagnostic::new("K0205", document.span(&pointer), message).help(help);
            diagnostics.push(diagnostic.warning());
        }
    }
}

/// K0207: under `*/*` a schema says nothing that the server could keep to.
fn anything(document: &Document, operation: OperationRef<'_>, diagnostics: &mut Diagnostics) {
    for (status, response) in responses(operation).filter(|(status, _)| *status < 400) {
        let Some(media) = response.content.get("*/*") else {
            continue;
        };
        let says = media.schema.as_ref().map(draft::json).unwrap_or_default();
        let says = says.as_object().is_some_and(|schema| !schema.is_empty());
        if says && !kind::is_binary(document, media) {
            let pointer = format!(
                "{}/responses/{status}/content/*~1*/schema",
                operation.pointer()
            );
            let message = "under `*/*` the server answers any body, whatever the schema says";
            let help = "write `application/json`, and the body has the type of the schema; or leave the schema out";
            let diagnostic = Diagnostic::new("K0207", document.span(&pointer), message).help(help);
            diagnostics.push(diagnostic.warning());
        }
    }
}

/// K0207: what is not JSON is text, bytes or anything.
fn bodies(document: &Document, operation: OperationRef<'_>, diagnostics: &mut Diagnostics) {
    let is_text = |media: &MediaType| {
        let schema = media.schema.as_ref().map(draft::json).unwrap_or_default();
        let schema = draft::resolved(document, &schema);
        schema.get("type").and_then(Value::as_str) == Some("string")
    };
    let mut refuse = |pointer: String, message: String, help: &str| {
        diagnostics.push(Diagnostic::new("K0207", document.span(&pointer), message).help(help));
    };
    for (status, response) in responses(operation).filter(|(status, _)| *status < 400) {
        for (name, media) in &response.content {
            if name != "*/*" && !kind::answers_json(name) && !is_text(media) {
                refuse(
                    content(
                        document,
                        &format!("{}/responses/{status}", operation.pointer()),
                        name,
                    ),
                    format!("a body of `{name}` that is not text is not supported"),
                    "give it a schema of `type: string`, with `format: binary` for bytes, or answer JSON",
                );
            }
        }
    }
    let errors = kind::errors(operation);
    let default = operation.operation.responses.default.as_ref();
    let is_error = errors
        .iter()
        .any(|(statuses, _)| *statuses == Statuses::Default);
    // Where a response is not understood, which is told, it may be the success.
    let responses = document.span(&format!("{}/responses", operation.pointer()));
    let unknown = document.follows(&Diagnostic::new("K0204", responses, ""));
    if let (Some(response), false) = (default.and_then(ReferenceOr::as_item), is_error)
        && !unknown
        && !response.content.contains_key("*/*")
    {
        refuse(
            format!("{}/responses/default", operation.pointer()),
            "a success under `default` must be any body (`*/*`)".to_owned(),
            "say which status is answered",
        );
    }
    for (_, response) in errors {
        for (name, _) in &response.content {
            if !kind::answers_json(name) {
                refuse(
                    format!("{}/responses", operation.pointer()),
                    format!("an error of `{name}` is not supported"),
                    "answer errors in JSON",
                );
            }
        }
    }
    let (kind, media) = kind::body(document, operation);
    if let Some((name, media)) = media {
        let fits = match kind {
            kind::Body::Json => kind::is_json(name),
            kind::Body::Multipart => kind::is_binary(document, media),
            kind::Body::Form => {
                let schema = media.schema.as_ref().map(draft::json).unwrap_or_default();
                let schema = draft::resolved(document, &schema);
                schema.get("type").and_then(Value::as_str) == Some("object")
            }
            _ => true,
        };
        if !fits {
            refuse(
                content(
                    document,
                    &format!("{}/requestBody", operation.pointer()),
                    name,
                ),
                format!("a request body of `{name}` with this schema is not supported"),
                "bytes and parts have `type: string, format: binary`, and a form has `type: object`",
            );
        }
    }
}

/// The statuses that the server answers with by itself, and why.
fn answered_anyway(operation: OperationRef<'_>) -> Vec<(u16, &'static str)> {
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
    must
}

/// The place of a media type below a body or an answer, or the nearest: its name may be written in another case.
fn content(document: &Document, pointer: &str, name: &str) -> String {
    let pointer = format!("{pointer}/content");
    let written = document.root.at(&pointer).map_or(&[][..], Node::entries);
    let same = |entry: &&Entry| entry.key.eq_ignore_ascii_case(name);
    match written.iter().find(same) {
        Some(entry) => format!("{pointer}/{}", escape(&entry.key)),
        None => pointer,
    }
}

fn statuses(document: &Document, operation: OperationRef<'_>, diagnostics: &mut Diagnostics) {
    let errors = kind::errors(operation);
    let declares = |status: u16| {
        errors.iter().any(|(statuses, _)| match statuses {
            Statuses::Exact(code) => *code == status,
            Statuses::Client => status < 500,
            Statuses::Server => status >= 500,
            Statuses::Default => true,
        })
    };
    let span = || document.span(&format!("{}/responses", operation.pointer()));
    // One that has no name is told as such.
    let id = match operation.id() {
        "" => format!("{} {}", operation.method.to_uppercase(), operation.path),
        id => id.to_owned(),
    };
    let mut must = answered_anyway(operation);
    let success = kind::success(document, operation);
    // A success of any status declares every status.
    let any = matches!(&success, Some(kind::Success::Raw { status: None, .. }));
    if errors.is_empty() && !any {
        must.sort_unstable();
        let answered: Vec<String> = must.iter().map(|(status, _)| status.to_string()).collect();
        let message = format!(
            "`{id}` declares no error, and its server answers with {}",
            answered.join(", ")
        );
        let help = "add these responses, or `4XX` and `5XX`, or `default`, with the error schema";
        diagnostics.push(
            Diagnostic::new("K0204", span(), message)
                .help(help)
                .warning(),
        );
        must.clear();
    }
    for (status, why) in must {
        if !declares(status) && !any {
            diagnostics.push(
                Diagnostic::new(
                    "K0204",
                    span(),
                    format!("`{id}` does not declare {status}, which {why} is answered with"),
                )
                .help(format!("add a response `'{status}'` with the error schema"))
                .warning(),
            );
        }
    }
    if success.is_none() {
        diagnostics.push(
            Diagnostic::new("K0204", span(), format!("`{id}` declares no success"))
                .help("declare what it answers when it works, such as `'200'`"),
        );
    }
}

/// K0205: the body of an error is one that the server knows, and the same everywhere.
fn error_bodies(document: &Document, diagnostics: &mut Diagnostics) {
    let mut common: Option<String> = None;
    for operation in document.operations() {
        for (statuses, response) in kind::errors(operation) {
            let Some(schema) = kind::error_schema(response) else {
                continue;
            };
            // Of any JSON, it is as dropshot's own.
            if schema.as_object().is_some_and(serde_json::Map::is_empty) {
                continue;
            }
            let name = kind::meant(document, &schema).unwrap_or_default();
            let mut warn = |message: String, help: &str| {
                let status = statuses.key();
                let span = document.span(&format!("{}/responses/{status}", operation.pointer()));
                let diagnostic = Diagnostic::new("K0205", span, message).help(help);
                diagnostics.push(diagnostic.warning());
            };
            match &common {
                None => {
                    let reference =
                        format!("#/components/schemas/{}", openapi_document::escape(&name));
                    let meant = serde_json::json!({ "$ref": reference });
                    let resolved = if name.is_empty() { &schema } else { &meant };
                    let resolved = draft::resolved(document, resolved);
                    let members = resolved.get("properties");
                    let has = |name: &str| members.is_some_and(|m| m.get(name).is_some());
                    let envelope = kind::is_envelope(document, &reference);
                    let known = envelope || (has("message") && !has("error"));
                    if !known {
                        warn(
                            format!("`{name}` does not hold what the server writes into errors"),
                            "an object `error` of `code` (integer), `message` (string) and `details` (array of objects with `reason`); or `message` and `request_id`, as dropshot has it",
                        );
                    }
                    common = Some(name);
                }
                Some(common) if *common != name => warn(
                    format!("the error schema is `{name}` here, and `{common}` before"),
                    "refer to one error schema from every response that is not a success",
                ),
                Some(_) => {}
            }
        }
    }
}
