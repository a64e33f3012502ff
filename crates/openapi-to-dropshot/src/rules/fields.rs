//! K0207: the fields of a form are texts, or lists of them. OpenAPI has no way to write an object into one field that two readers
//! would read alike.

use crate::kind::{self, Body};
use openapi_document::{Diagnostic, Diagnostics, Document, Entry, Node, OperationRef, resolve};
use std::collections::HashSet;

/// The deepest that schemas are looked into.
const DEPTH: usize = 16;

/// The schemas that were asked already: ways to one may be many.
type Seen = HashSet<(*const Node, bool)>;

/// K0207.
pub(super) fn check(document: &Document, diagnostics: &mut Diagnostics) {
    let mut told = HashSet::new();
    for operation in document.operations() {
        let mut fields = Vec::new();
        if let Some(schema) = form(document, operation) {
            members(&document.root, schema, DEPTH, &mut Seen::new(), &mut fields);
        }
        for field in fields {
            if is_field(&document.root, &field.node, true, DEPTH, &mut Seen::new())
                || !told.insert((field.key_span.file, field.key_span.start))
            {
                continue;
            }
            let message = format!("a form has no way to say `{}`", field.key);
            diagnostics.push(
                Diagnostic::new("K0207", field.key_span, message)
                    .label("its fields are texts, or lists of texts")
                    .help("no request with it will be right: give it a scalar or a list of scalars, or take the body as `application/json`")
                    // dropshot writes such documents, and refuses each such request as well.
                    .warning(),
            );
        }
    }
}

/// The schema of the form that the operation takes, as it is written.
fn form<'a>(document: &'a Document, operation: OperationRef<'_>) -> Option<&'a Node> {
    let (kind, media) = kind::body(document, operation);
    let (name, _) = media.filter(|_| kind == Body::Form)?;
    let root = &document.root;
    let body = root.at(&format!("{}/requestBody", operation.pointer()))?;
    let content = resolve(root, body)?.get("content")?.entries();
    let mut media = content.iter();
    let media = media.find(|entry| entry.key.eq_ignore_ascii_case(name))?;
    media.node.get("schema")
}

/// The properties of the schema and of the members of its `allOf`.
fn members<'a>(
    root: &'a Node,
    schema: &'a Node,
    depth: usize,
    seen: &mut Seen,
    found: &mut Vec<&'a Entry>,
) {
    let Some(schema) = resolve(root, schema).filter(|_| depth > 0) else {
        return;
    };
    if !seen.insert((std::ptr::from_ref(schema), true)) {
        return;
    }
    found.extend(schema.get("properties").map_or(&[][..], Node::entries));
    for member in schema.get("allOf").map_or(&[][..], Node::items) {
        members(root, member, depth - 1, seen, found);
    }
}

/// Whether values of the schema are scalars, or, where that may be, lists of them. What it means is told elsewhere if it is
/// nowhere.
fn is_field(root: &Node, schema: &Node, list: bool, depth: usize, seen: &mut Seen) -> bool {
    let Some(schema) = resolve(root, schema).filter(|_| depth > 0) else {
        return true;
    };
    if !seen.insert((std::ptr::from_ref(schema), list)) {
        return true;
    }
    let is = |kind: &str| schema.get("type").and_then(Node::as_str) == Some(kind);
    if is("object") || schema.get("properties").is_some() {
        return false;
    }
    if is("array") {
        let items = schema.get("items");
        return list && items.is_none_or(|items| is_field(root, items, false, depth - 1, seen));
    }
    let members = ["allOf", "oneOf", "anyOf"].map(|key| schema.get(key));
    let mut members = members.into_iter().flatten().flat_map(Node::items);
    members.all(|member| is_field(root, member, list, depth - 1, seen))
}
