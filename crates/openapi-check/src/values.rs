//! What a generator writes into code: defaults, and the values that are listed. One that contradicts its schema would
//! panic where it is used, or be a value of a type that excludes it.

use std::collections::HashSet;

use crate::judge::Judge;
use openapi_document::{Content, Diagnostics, Document, Node, each_schema, range, resolve};

/// The most parts of an `allOf` that are looked at one by one.
const MOST_PARTS: usize = 64;

/// K0104 of defaults and listed values alone: what may not be generated from. Cheap: validators are made only for what is not
/// plainly right.
pub fn values(document: &Document) -> Diagnostics {
    let mut diagnostics = document.diagnostics();
    let mut judge = Judge::of(document, &mut diagnostics);
    let mut idle = HashSet::new();
    let root = &document.root;
    each_schema(root, &mut |schema| idle.extend(elements(schema)));
    each_schema(root, &mut |schema| {
        if let Some(default) = schema.get("default")
            // It has no effect; or it is read as none.
            && schema.get("$ref").is_none()
            && !idle.contains(&std::ptr::from_ref(schema))
            && default.content != Content::Null
            && !is_plain(root, schema, default, &mut HashSet::new())
        {
            judge.value("default", default, schema);
        }
        judge.listed(schema);
    });
    judge.finish();
    diagnostics
}

/// Whether a schema of the document allows the value. Of a schema that has a mistake itself, everything is.
pub fn allows(document: &Document, schema: &Node, value: &Node) -> bool {
    let mut found = document.diagnostics();
    let mut judge = Judge::of(document, &mut found);
    judge.value("value", value, schema);
    judge.finish();
    found.is_empty()
}

/// The schemas within one that stand for what may be there any number of times, or not at all: their defaults apply to nothing.
fn elements(schema: &Node) -> impl Iterator<Item = *const Node> {
    let one = ["items", "additionalProperties"].map(|key| schema.get(key));
    let many = ["oneOf", "anyOf"].map(|key| schema.get(key).map_or(&[][..], Node::items));
    let all = one.into_iter().flatten().chain(many.into_iter().flatten());
    all.map(std::ptr::from_ref)
}

/// Whether the value is plainly one of the schema: of its type, listed, within plain bounds, and nothing else is asked. `seen`
/// are the parts that say so already.
fn is_plain<'a>(
    root: &'a Node,
    schema: &'a Node,
    value: &Node,
    seen: &mut HashSet<*const Node>,
) -> bool {
    let number = |node: &Node| node.as_number().and_then(serde_json::Number::as_f64);
    let mut allows = |key: &str, asked: &'a Node| match (key, asked.as_str()) {
        ("title" | "description" | "default" | "example" | "nullable" | "deprecated", _)
        | ("readOnly" | "writeOnly" | "externalDocs" | "xml", _) => true,
        // An empty list or object has none of them.
        ("items" | "properties" | "additionalProperties", _) => {
            value.items().is_empty() && value.entries().is_empty()
        }
        ("type", Some(kind)) => {
            matches!(
                (kind, &value.content),
                ("string", Content::String(_))
                    | ("boolean", Content::Bool(_))
                    | ("number", Content::Number(_))
                    | ("array", Content::List(_))
                    | ("object", Content::Map(_))
            ) || (kind == "integer" && value.as_number().is_some_and(|n| n.is_i64()))
        }
        ("enum", _) => asked.items().iter().any(|one| one.content == value.content),
        // As generators of documents write it, for each reference.
        // Of more parts, a validator knows more.
        ("allOf", _) if seen.len() < MOST_PARTS => asked.items().iter().all(|part| {
            let part = resolve(root, part);
            part.is_some_and(|part| {
                !seen.insert(std::ptr::from_ref(part)) || is_plain(root, part, value, seen)
            })
        }),
        ("minimum", _) => number(value) >= number(asked),
        ("maximum", _) => number(value) <= number(asked),
        ("format", Some("double" | "password")) => true,
        ("format", Some(format)) => {
            let written = value.as_number().and_then(serde_json::Number::as_i64);
            let held = range(format).zip(written);
            held.is_some_and(|((least, most), n)| least <= n && i128::from(n) <= i128::from(most))
        }
        (key, _) => key.starts_with("x-"),
    };
    schema
        .entries()
        .iter()
        .all(|entry| allows(&entry.key, &entry.node))
}
