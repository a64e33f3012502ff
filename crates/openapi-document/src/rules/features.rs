//! K0109: parts of OpenAPI 3.0 that the generators do not honour, each with what to do instead.

use super::Findings;
use crate::Diagnostic;
use crate::node::{Entry, Node};

/// What dropshot reads; any media type that ends with `+json` is JSON too.
const BODIES: [&str; 4] = [
    "application/json",
    "application/x-www-form-urlencoded",
    "application/octet-stream",
    "multipart/form-data",
];

pub(super) fn schema(found: &mut Findings<'_>, schema: &Node) {
    super::discriminators::check(found, schema);
    if let Some(entry) = schema.entry("xml") {
        found.push(
            Diagnostic::new(
                "K0109",
                entry.key_span,
                "`xml` has no effect: bodies are JSON",
            )
            .help("leave it out")
            .warning(),
        );
    }
    // `not: {}` is how dropshot writes a type without values.
    let not = schema.entry("not");
    unsupported(
        found,
        not.filter(|not| !not.node.entries().is_empty()),
        "only `type`, `enum`, `allOf`, `anyOf` and `oneOf` tell values apart",
    );
}

pub(super) fn path(found: &mut Findings<'_>, path: &Entry) {
    unsupported(
        found,
        path.node.entry("servers"),
        "declare servers once, at the top of the document",
    );
}

pub(super) fn operation(found: &mut Findings<'_>, method: &Entry) {
    let operation = &method.node;
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
    let responses = operation.get("responses").map_or(&[][..], Node::entries);
    for entry in responses.iter().filter(|e| !e.key.starts_with("x-")) {
        status(found, entry);
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
    let content = entry.node.entry("content");
    if let Some(content) = content.filter(|content| !content.node.entries().is_empty())
        && matches!(entry.key.as_str(), "204" | "205" | "304")
    {
        let message = format!("an answer of {} has no body", entry.key);
        found.push(
            Diagnostic::new("K0109", content.key_span, message)
                .help("leave `content` out, or answer 200"),
        );
    }
}

pub(super) fn parameter(found: &mut Findings<'_>, node: &Node) {
    if let Some(place) = node.get("in") {
        let word = place.as_str().unwrap_or_default();
        match word {
            "query" | "header" | "path" => {}
            "cookie" => found.push(
                Diagnostic::new("K0109", place.span, "cookie parameters are not supported")
                    .help("use a header or the query"),
            ),
            "body" | "formData" => found.push(
                Diagnostic::new(
                    "K0102",
                    place.span,
                    format!("`{word}` is no place of a parameter"),
                )
                .help("OpenAPI 3 has a `requestBody` beside the `parameters`"),
            ),
            _ => {
                let places = ["query", "header", "path", "cookie"];
                let near = super::keys::closest(word, places.into_iter());
                let help = near.map_or_else(
                    || "it is `query`, `header` or `path`".to_owned(),
                    |near| format!("did you mean `{near}`?"),
                );
                let message = format!("`{word}` is no place of a parameter");
                found.push(Diagnostic::new("K0102", place.span, message).help(help));
            }
        }
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
fn style(found: &mut Findings<'_>, node: &Node) {
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

pub(super) fn body(found: &mut Findings<'_>, node: &Node) {
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

pub(super) fn response(found: &mut Findings<'_>, entry: &Entry) {
    let node = &entry.node;
    unsupported(found, node.entry("links"), "describe the link in words");
    media_types(found, node, &[]);
}

fn media_types(found: &mut Findings<'_>, node: &Node, only: &[&str]) {
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
            let near = super::keys::closest(essence, only.iter().copied());
            let help = near.map_or_else(
                || format!("`{}` is", only.join("`, `")),
                |near| format!("did you mean `{near}`?"),
            );
            found.push(
                Diagnostic::new(
                    "K0109",
                    media.key_span,
                    format!("a request body of `{}` is not supported", media.key),
                )
                .help(help),
            );
        }
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
