//! `const`: one value. OpenAPI 3.0 lists it in an `enum`; of objects and lists, which nothing that is generated can list, it says
//! what they are made of.
//!
//! ```text
//! const: {a: 1}   ──>   type: object, properties: {a: {const: 1}}, required: [a], additionalProperties: false
//! const: [x, x]   ──>   type: array, items: {const: x}, minItems: 2, maxItems: 2
//! ```

use super::{Found, entry, note, push, refuse, take, text};
use crate::node::{Content, Entry, Node, Span};

/// What else may be said of the parts of an object or list.
const SAID_OF_PARTS: [&str; 8] = [
    "properties",
    "required",
    "additionalProperties",
    "minProperties",
    "maxProperties",
    "items",
    "minItems",
    "maxItems",
];

pub(super) fn lower(node: &mut Node, found: &mut Found) {
    let Some(constant) = take(node, "const") else {
        return;
    };
    let span = constant.key_span;
    if let Some(others) = node.get("enum")
        && !others
            .items()
            .iter()
            .any(|other| other.to_value() == constant.node.to_value())
    {
        let message = "`const` is none of the values of `enum`";
        refuse(found, span, message, "keep one of them");
        return;
    }
    let kind = match &constant.node.content {
        Content::String(_) => Some("string"),
        Content::Bool(_) => Some("boolean"),
        Content::Number(number) if number.is_f64() => Some("number"),
        Content::Number(_) => Some("integer"),
        Content::Map(_) => Some("object"),
        Content::List(_) => Some("array"),
        Content::Null => None,
    };
    // None: it has no parts. Nothing inside: what it is made of cannot be said.
    let parts = match &constant.node.content {
        Content::Map(members) => Some(Some(object(members, span))),
        Content::List(items) => Some(list(items, span)),
        _ => None,
    };
    let Some(parts) = parts else {
        note(
            found,
            span,
            "`const` is read as an `enum` of one value",
            "OpenAPI 3.0 has no `const`",
        );
        if let Some(kind) = kind.filter(|_| node.get("type").is_none()) {
            push(node, entry("type", span, text(kind)));
        }
        take(node, "enum");
        let values = Node {
            span: constant.node.span,
            content: Content::List(vec![constant.node]),
        };
        push(
            node,
            Entry {
                node: values,
                ..entry("enum", span, Content::Null)
            },
        );
        return;
    };
    let said = node.get("type");
    let is_other = said.is_some_and(|said| said.as_str() != kind);
    let is_said = said.is_some();
    let is_alone = SAID_OF_PARTS.iter().all(|key| node.get(key).is_none());
    let Some(parts) = parts.filter(|_| !is_other && is_alone) else {
        let help = "describe its members, or its items, which must be alike, each with a `const`";
        refuse(found, span, "OpenAPI 3.0 cannot say this `const`", help);
        return;
    };
    note(
        found,
        span,
        "`const` is read as what the value is made of",
        "what is generated lists no objects or lists",
    );
    take(node, "enum");
    if let Some(kind) = kind.filter(|_| !is_said) {
        push(node, entry("type", span, text(kind)));
    }
    parts.into_iter().for_each(|part| push(node, part));
}

/// A schema of this value alone.
fn alone(value: &Node) -> Node {
    let content = Content::Map(vec![entry("const", value.span, value.content.clone())].into());
    Node {
        span: value.span,
        content,
    }
}

fn object(members: &[Entry], span: Span) -> Vec<Entry> {
    let mut parts = vec![entry("additionalProperties", span, Content::Bool(false))];
    if !members.is_empty() {
        let each = members.iter().map(|member| Entry {
            node: alone(&member.node),
            ..member.clone()
        });
        let names = members.iter().map(|member| Node {
            span: member.key_span,
            content: text(&member.key),
        });
        parts.push(entry("properties", span, Content::Map(each.collect())));
        parts.push(entry("required", span, Content::List(names.collect())));
    }
    parts
}

/// `None` when the items differ.
fn list(items: &[Node], span: Span) -> Option<Vec<Entry>> {
    let first = items.first();
    let value = first.map(Node::to_value);
    if items.iter().any(|item| Some(item.to_value()) != value) {
        return None;
    }
    let item = match first {
        Some(first) => alone(first).content,
        None => Content::Map(Vec::new().into()),
    };
    let count = || Content::Number(items.len().into());
    Some(vec![
        entry("items", span, item),
        entry("minItems", span, count()),
        entry("maxItems", span, count()),
    ])
}
