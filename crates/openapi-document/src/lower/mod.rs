//! OpenAPI 3.1 to 3.0, before anything else looks at the document. Each rewrite keeps what the document means and is told
//! as a note (K0150) at its place; what 3.0 cannot say is refused (K0151).

mod constant;
mod items;
mod keywords;
mod schema;
mod types;

use crate::node::{Content, Entry, Node, Span};
use crate::{Diagnostic, place, select};
use std::collections::HashSet;

/// The dialects whose schemas are understood.
const DIALECTS: [&str; 3] = [
    "https://spec.openapis.org/oas/3.1/dialect/base",
    "https://json-schema.org/draft/2020-12/schema",
    "https://spec.openapis.org/oas/3.1/dialect/2024-11-10",
];

/// What is found on the way.
pub(super) type Found = Vec<Diagnostic>;

/// Rewrites the document if it is OpenAPI 3.1. Gives the components that only what was left out, or is a copy, referred to.
pub(crate) fn lower(root: &mut Node, found: &mut Found) -> HashSet<String> {
    let mut used = HashSet::new();
    let Some(version) = root.get("openapi") else {
        return used;
    };
    let is_new = version
        .as_str()
        .is_some_and(|text| text == "3.1" || text.starts_with("3.1."));
    if !is_new {
        return used;
    }
    let span = version.span;
    note(
        found,
        span,
        "OpenAPI 3.1 is read as OpenAPI 3.0.3",
        "each rewrite is told at its place",
    );
    overridden(root, found, &mut used);
    let lost = [
        root.get("webhooks"),
        root.get("components").and_then(|all| all.get("pathItems")),
    ];
    let mut reached = HashSet::new();
    for lost in lost.into_iter().flatten() {
        select::reach(root, lost, &mut reached);
    }
    used.extend(reached.into_iter().map(str::to_owned));
    top(root, found);
    walk(root, "", found);
    if let Some(node) = member(root, "openapi") {
        node.content = Content::String("3.0.3".to_owned());
    }
    used
}

/// What stands at the top and is not in 3.0.
fn top(root: &mut Node, found: &mut Found) {
    if let Some(entry) = take(root, "jsonSchemaDialect") {
        let known = entry
            .node
            .as_str()
            .is_some_and(|text| DIALECTS.contains(&text));
        if known {
            note(
                found,
                entry.key_span,
                "`jsonSchemaDialect` is left out",
                "it is the one that 3.1 has",
            );
        } else {
            refuse(
                found,
                entry.node.span,
                "this dialect of JSON Schema is not known",
                "leave `jsonSchemaDialect` out",
            );
        }
    }
    let webhooks = take(root, "webhooks");
    if let Some(entry) = &webhooks {
        let help = "they are calls to other services, which those describe";
        note(found, entry.key_span, "`webhooks` are left out", help);
    }
    if let Some(components) = member(root, "components")
        && let Some(entry) = take(components, "pathItems")
    {
        note(
            found,
            entry.key_span,
            "`pathItems` are read where they are referred to",
            "OpenAPI 3.0 has no such component",
        );
    }
    if root.get("paths").is_none()
        && let Some(other) = root.entry("components").or(webhooks.as_ref())
    {
        let span = other.key_span;
        note(
            found,
            span,
            "no `paths` are read as none",
            "OpenAPI 3.0 wants them said",
        );
        push(root, entry("paths", span, Content::Map(Vec::new().into())));
    }
    let Some(info) = member(root, "info") else {
        return;
    };
    if let Some(entry) = take(info, "summary") {
        note(
            found,
            entry.key_span,
            "`summary` becomes the beginning of `description`",
            "OpenAPI 3.0 has no `summary` here",
        );
        let summary = entry.node.as_str().unwrap_or_default().to_owned();
        match member(info, "description") {
            Some(node) => {
                let text = format!("{summary}\n\n{}", node.as_str().unwrap_or_default());
                node.content = Content::String(text);
            }
            None => push(
                info,
                Entry {
                    key: "description".to_owned(),
                    ..entry
                },
            ),
        }
    }
    if let Some(license) = member(info, "license")
        && let Some(entry) = take(license, "identifier")
    {
        note(
            found,
            entry.key_span,
            "`identifier` becomes `x-identifier`",
            "OpenAPI 3.0 has no `identifier` here",
        );
        push(
            license,
            Entry {
                key: "x-identifier".to_owned(),
                ..entry
            },
        );
    }
}

/// A reference with a `description` or `summary` of its own becomes a copy of what it leads to, with those words.
fn overridden(root: &mut Node, found: &mut Found, used: &mut HashSet<String>) {
    let whole = root.clone();
    copies(root, "", &whole, found, used);
}

fn copies(
    node: &mut Node,
    place: &str,
    whole: &Node,
    found: &mut Found,
    used: &mut HashSet<String>,
) {
    let words = |entry: &Entry| matches!(entry.key.as_str(), "description" | "summary");
    let refers = place::refers(place) && place != "schemas" && !place.is_empty();
    if refers && node.get("$ref").is_some() && node.entries().iter().any(words) {
        used.extend(node.get("$ref").and_then(Node::as_str).map(str::to_owned));
        let target = crate::resolve(whole, node).cloned();
        if let (Some(mut copy), Content::Map(own)) = (target, &node.content) {
            for entry in own.iter().filter(|entry| words(entry)) {
                note(
                    found,
                    entry.key_span,
                    &format!("`{}` is read as that of a copy", entry.key),
                    "OpenAPI 3.0 ignores it beside `$ref`",
                );
                // 3.1 allows a `summary` there even where what is referred to has none.
                if copy.get(&entry.key).is_some() || entry.key == "description" {
                    take(&mut copy, &entry.key);
                    push(&mut copy, entry.clone());
                }
            }
            copy.span = node.span;
            *node = copy;
            return;
        }
    }
    each(node, place, &mut |child, inside| {
        copies(child, inside, whole, found, used)
    });
}

/// Rewrites every schema below `node`.
fn walk(node: &mut Node, place: &str, found: &mut Found) {
    if place == "schemas" && !matches!(node.content, Content::List(_)) {
        schema::lower(node, found);
    } else if place != "schemas" {
        bytes(node, found);
    }
    each(node, place, &mut |child, inside| walk(child, inside, found));
}

/// A body of bytes without a schema, as 3.1 has it, to one with the schema that 3.0 has for it.
fn bytes(node: &mut Node, found: &mut Found) {
    let Some(Content::Map(kinds)) = member(node, "content").map(|node| &mut node.content) else {
        return;
    };
    for kind in kinds.iter_mut() {
        if kind.key == "application/octet-stream"
            && kind.node.get("schema").is_none()
            && matches!(kind.node.content, Content::Map(_))
        {
            let span = kind.key_span;
            note(
                found,
                span,
                "bytes are read as `type: string` with `format: binary`",
                "OpenAPI 3.0 wants a schema",
            );
            let said = [("type", "string"), ("format", "binary")];
            let said = said.map(|(key, value)| entry(key, span, text(value)));
            let schema = Content::Map(said.into_iter().collect());
            push(&mut kind.node, entry("schema", span, schema));
        }
    }
}

/// Calls `visit` with every part that may hold a reference or schema, and its place.
fn each(node: &mut Node, place: &str, visit: &mut dyn FnMut(&mut Node, &str)) {
    match &mut node.content {
        Content::Map(entries) => {
            for entry in entries.iter_mut().filter(|entry| entry.key != "$ref") {
                let Some(inside) = place::inside(place, &entry.key) else {
                    continue;
                };
                let flag = matches!(entry.node.content, Content::Bool(_));
                if !(flag && entry.key == "additionalProperties" && place == "schemas") {
                    visit(&mut entry.node, inside);
                }
            }
        }
        Content::List(items) => items.iter_mut().for_each(|item| visit(item, place)),
        _ => {}
    }
}

fn note(found: &mut Found, span: Span, message: &str, help: &str) {
    found.push(Diagnostic::new("K0150", span, message).help(help).note());
}

fn refuse(found: &mut Found, span: Span, message: &str, help: &str) {
    found.push(Diagnostic::new("K0151", span, message).help(help));
}

/// The value of a member.
fn member<'n>(node: &'n mut Node, key: &str) -> Option<&'n mut Node> {
    let Content::Map(entries) = &mut node.content else {
        return None;
    };
    entries
        .iter_mut()
        .find(|entry| entry.key == key)
        .map(|entry| &mut entry.node)
}

/// Takes a member out.
fn take(node: &mut Node, key: &str) -> Option<Entry> {
    let Content::Map(entries) = &mut node.content else {
        return None;
    };
    let at = entries.iter().position(|entry| entry.key == key)?;
    Some(entries.remove(at))
}

/// Adds a member; one that is there already is replaced, but for the members of an `allOf`, which all hold.
fn push(node: &mut Node, entry: Entry) {
    let Content::Map(entries) = &mut node.content else {
        return;
    };
    let Some(known) = entries.iter_mut().find(|known| known.key == entry.key) else {
        entries.push(entry);
        return;
    };
    match (&mut known.node.content, entry.node.content) {
        (Content::List(all), Content::List(more)) if entry.key == "allOf" => all.extend(more),
        (content, other) => *content = other,
    }
}

/// A member, as if it had been written at `span`.
fn entry(key: &str, span: Span, content: Content) -> Entry {
    Entry {
        key: key.to_owned(),
        key_span: span,
        node: Node { span, content },
    }
}

fn text(text: &str) -> Content {
    Content::String(text.to_owned())
}
