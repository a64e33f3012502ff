//! K0113 and K0109: every key is one that OpenAPI 3.0 knows at its place, and one that the generators honour.

use super::{Findings, METHODS, each_schema};
use crate::Diagnostic;
use crate::node::{Entry, Node};

const ROOT: &[&str] = &[
    "openapi",
    "info",
    "servers",
    "paths",
    "components",
    "security",
    "tags",
    "externalDocs",
];
const PATH_ITEM: &[&str] = &[
    "summary",
    "description",
    "parameters",
    "servers",
    "get",
    "put",
    "post",
    "delete",
    "options",
    "head",
    "patch",
    "trace",
];
const OPERATION: &[&str] = &[
    "tags",
    "summary",
    "description",
    "externalDocs",
    "operationId",
    "parameters",
    "requestBody",
    "responses",
    "callbacks",
    "deprecated",
    "security",
    "servers",
];
const PARAMETER: &[&str] = &[
    "name",
    "in",
    "description",
    "required",
    "deprecated",
    "allowEmptyValue",
    "style",
    "explode",
    "allowReserved",
    "schema",
    "example",
    "examples",
    "content",
];
const HEADER: &[&str] = &[
    "description",
    "required",
    "deprecated",
    "style",
    "explode",
    "schema",
    "example",
    "examples",
    "content",
];
const BODY: &[&str] = &["description", "content", "required"];
const RESPONSE: &[&str] = &["description", "headers", "content", "links"];
const MEDIA: &[&str] = &["schema", "example", "examples", "encoding"];
const SCHEMA: &[&str] = &[
    "title",
    "multipleOf",
    "maximum",
    "exclusiveMaximum",
    "minimum",
    "exclusiveMinimum",
    "maxLength",
    "minLength",
    "pattern",
    "maxItems",
    "minItems",
    "uniqueItems",
    "maxProperties",
    "minProperties",
    "required",
    "enum",
    "type",
    "allOf",
    "oneOf",
    "anyOf",
    "not",
    "items",
    "properties",
    "additionalProperties",
    "description",
    "format",
    "default",
    "nullable",
    "discriminator",
    "readOnly",
    "writeOnly",
    "xml",
    "externalDocs",
    "example",
    "deprecated",
];
const COMPONENTS: &[&str] = &[
    "schemas",
    "responses",
    "parameters",
    "examples",
    "requestBodies",
    "headers",
    "securitySchemes",
    "links",
    "callbacks",
];

/// What dropshot reads; any media type that ends with `+json` is JSON too.
const BODIES: [&str; 4] = [
    "application/json",
    "application/x-www-form-urlencoded",
    "application/octet-stream",
    "multipart/form-data",
];

pub(super) fn check(found: &mut Findings<'_>) {
    let root = found.root;
    known(found, root, "the document", ROOT);
    if let Some(components) = root.get("components") {
        known(found, components, "`components`", COMPONENTS);
    }
    for path in root.get("paths").map_or(&[][..], Node::entries) {
        if !path.key.starts_with("x-") {
            path_item(found, path);
        }
    }
    for entry in found.components("parameters") {
        parameter(found, &entry.node);
    }
    for entry in found.components("headers") {
        known(found, &entry.node, "a header", HEADER);
    }
    for entry in found.components("requestBodies") {
        body(found, &entry.node);
    }
    for entry in found.components("responses") {
        response(found, &entry.node);
    }
    let mut schemas = Vec::new();
    each_schema(root, &mut |schema| schemas.push(schema));
    for schema in schemas {
        known(found, schema, "a schema", SCHEMA);
        for key in ["discriminator", "xml", "not"] {
            unsupported(
                found,
                schema.entry(key),
                "only `type`, `enum`, `allOf`, `anyOf` and `oneOf` tell values apart",
            );
        }
    }
}

fn path_item<'a>(found: &mut Findings<'a>, path: &'a Entry) {
    known(found, &path.node, "a path", PATH_ITEM);
    unsupported(
        found,
        path.node.entry("servers"),
        "declare servers once, at the top of the document",
    );
    for item in path.node.get("parameters").map_or(&[][..], Node::items) {
        parameter(found, item);
    }
    for method in path
        .node
        .entries()
        .iter()
        .filter(|e| METHODS.contains(&e.key.as_str()))
    {
        let operation = &method.node;
        known(found, operation, "an operation", OPERATION);
        unsupported(
            found,
            operation.entry("callbacks"),
            "describe the callback as an operation of the other service's document",
        );
        unsupported(
            found,
            operation.entry("servers"),
            "declare servers once, at the top of the document",
        );
        for item in operation.get("parameters").map_or(&[][..], Node::items) {
            parameter(found, item);
        }
        if let Some(node) = operation.get("requestBody") {
            body(found, node);
        }
        let responses = operation.get("responses").map_or(&[][..], Node::entries);
        for entry in responses
            .iter()
            .filter(|entry| !entry.key.starts_with("x-"))
        {
            status(found, entry);
            response(found, &entry.node);
        }
        let success = |entry: &&Entry| matches!(entry.key.as_bytes(), [b'1'..=b'3', ..]);
        if let Some(second) = responses.iter().filter(success).nth(1) {
            found.push(
                Diagnostic::new(
                    "K0109",
                    second.key_span,
                    "an operation with several success statuses is not supported",
                )
                .help("keep one, or make two operations"),
            );
        }
    }
}

fn status(found: &mut Findings<'_>, entry: &Entry) {
    let exact = entry
        .key
        .parse::<u16>()
        .is_ok_and(|code| (100..600).contains(&code));
    if !exact && !matches!(entry.key.as_str(), "default" | "4XX" | "5XX") {
        found.push(
            Diagnostic::new("K0109", entry.key_span, format!("the response `{}` is not supported", entry.key))
                .help("declare each status that can be answered: callers and the server's error types are made from them"),
        );
    }
}

fn parameter<'a>(found: &mut Findings<'a>, node: &'a Node) {
    if node.get("$ref").is_some() {
        return;
    }
    known(found, node, "a parameter", PARAMETER);
    if let Some(place) = node.get("in").filter(|n| n.as_str() == Some("cookie")) {
        found.push(
            Diagnostic::new("K0109", place.span, "cookie parameters are not supported")
                .help("use a header or the query"),
        );
    }
    unsupported(
        found,
        node.entry("content"),
        "give the parameter a `schema`",
    );
    for key in ["allowReserved", "allowEmptyValue"] {
        let entry = node.entry(key).filter(|entry| entry.node.is_true());
        unsupported(found, entry, "leave it out");
    }
    style(found, node);
}

/// Only the styles that dropshot describes: `form` in the query, `simple` elsewhere.
fn style<'a>(found: &mut Findings<'a>, node: &'a Node) {
    let (Some(place), Some(style)) = (node.get("in").and_then(Node::as_str), node.get("style"))
    else {
        return;
    };
    let only = if place == "query" { "form" } else { "simple" };
    let name = style.as_str().unwrap_or_default();
    if name != only && matches!(place, "query" | "path" | "header") {
        found.push(
            Diagnostic::new(
                "K0109",
                style.span,
                format!("the style `{name}` of a {place} parameter is not supported"),
            )
            .help(format!("`style: {only}` is")),
        );
    }
}

fn body<'a>(found: &mut Findings<'a>, node: &'a Node) {
    if node.get("$ref").is_some() {
        return;
    }
    known(found, node, "a request body", BODY);
    if !node.get("required").is_some_and(Node::is_true) {
        let span = node
            .entry("required")
            .map_or(node.span, |entry| entry.node.span);
        found.push(
            Diagnostic::new("K0109", span, "optional request bodies are not supported")
                .help("write `required: true`; an empty object can stand for nothing"),
        );
    }
    media_types(found, node, &BODIES);
}

fn response<'a>(found: &mut Findings<'a>, node: &'a Node) {
    if node.get("$ref").is_some() {
        return;
    }
    known(found, node, "a response", RESPONSE);
    unsupported(found, node.entry("links"), "describe the link in words");
    for header in node.get("headers").map_or(&[][..], Node::entries) {
        if header.node.get("$ref").is_none() {
            known(found, &header.node, "a header", HEADER);
        }
    }
    media_types(found, node, &[]);
}

fn media_types<'a>(found: &mut Findings<'a>, node: &'a Node, only: &[&str]) {
    let types = node.get("content").map_or(&[][..], Node::entries);
    if let Some(second) = types.get(1) {
        found.push(
            Diagnostic::new(
                "K0109",
                second.key_span,
                "several media types for one body are not supported",
            )
            .help("keep one"),
        );
    }
    for media in types {
        let essence = media.key.split(';').next().unwrap_or_default().trim();
        let accepted = only.contains(&essence) || essence.ends_with("+json");
        if media.node.get("schema").is_none() {
            found.push(
                Diagnostic::new(
                    "K0109",
                    media.key_span,
                    "a body without a schema is not supported",
                )
                .help("`schema: {}` is any JSON value; under `*/*`, any body"),
            );
        }
        if !only.is_empty() && !accepted {
            found.push(
                Diagnostic::new(
                    "K0109",
                    media.key_span,
                    format!("a request body of `{}` is not supported", media.key),
                )
                .help(format!("`{}` is", only.join("`, `"))),
            );
        }
        known(found, &media.node, "a media type", MEDIA);
        unsupported(
            found,
            media.node.entry("encoding"),
            "only whole bodies are encoded",
        );
    }
}

fn unsupported(found: &mut Findings<'_>, entry: Option<&Entry>, help: &str) {
    if let Some(entry) = entry {
        found.push(
            Diagnostic::new(
                "K0109",
                entry.key_span,
                format!("`{}` is not supported here", entry.key),
            )
            .help(help),
        );
    }
}

fn known(found: &mut Findings<'_>, node: &Node, what: &str, keys: &[&str]) {
    if node.get("$ref").is_some() {
        return;
    }
    for entry in node.entries() {
        if keys.contains(&entry.key.as_str()) || entry.key.starts_with("x-") {
            continue;
        }
        let mut diagnostic = Diagnostic::new(
            "K0113",
            entry.key_span,
            format!("{what} has no key `{}`", entry.key),
        );
        diagnostic = match closest(&entry.key, keys.iter().copied()) {
            Some(near) => diagnostic.help(format!("did you mean `{near}`?")),
            None => diagnostic.help("extensions begin with `x-`").warning(),
        };
        found.push(diagnostic);
    }
}

/// The candidate that differs from `word` in the fewest letters, if in few enough to be a slip.
pub(super) fn closest<'a>(
    word: &str,
    candidates: impl Iterator<Item = &'a str>,
) -> Option<&'a str> {
    let allowed = (word.chars().count() / 3).max(1);
    candidates
        .map(|candidate| (distance(word, candidate), candidate))
        .filter(|(distance, _)| *distance <= allowed)
        .min()
        .map(|(_, candidate)| candidate)
}

/// Levenshtein's distance, ignoring case.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.to_lowercase().chars().take(64).collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, ca) in a.to_lowercase().chars().take(64).enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, cb) in b.iter().enumerate() {
            let next = (diagonal + usize::from(ca != *cb))
                .min(row[j] + 1)
                .min(row[j + 1] + 1);
            diagonal = row[j + 1];
            row[j + 1] = next;
        }
    }
    row[b.len()]
}
