//! Schemas one by one. The model tries each schema as several things, and with it all that is inside: where something deep
//! inside is wrong, each level around it doubles the work.

use super::read;
use crate::each_schema;
use crate::node::{Content, Entry, Node};
use openapiv3::{ReferenceOr, Schema};

/// The nesting from which schemas are tried one by one before the whole is: about eight schemas inside each other, which
/// documents of services do not reach.
const DEEP: usize = 22;

/// Whether the model would not come to an end with the document in time: it is deep, and one of its schemas is wrong.
pub(super) fn is_endless(root: &Node) -> bool {
    if !is_deeper(root, DEEP) {
        return false;
    }
    let mut wrong = false;
    each_schema(root, &mut |schema| {
        wrong = wrong || read::<ReferenceOr<Schema>>(&alone(schema)).is_err();
    });
    wrong
}

fn is_deeper(node: &Node, than: usize) -> bool {
    let Some(than) = than.checked_sub(1) else {
        return true;
    };
    let mut members = node.entries().iter().map(|entry| &entry.node);
    members.any(|inner| is_deeper(inner, than))
        || node.items().iter().any(|inner| is_deeper(inner, than))
}

/// The schemas right inside the schema.
pub(super) fn inside(schema: &Node) -> Vec<&Node> {
    let mut found = Vec::new();
    for entry in schema.entries() {
        match entry.key.as_str() {
            "properties" => found.extend(entry.node.entries().iter().map(|inner| &inner.node)),
            "allOf" | "anyOf" | "oneOf" => found.extend(entry.node.items()),
            "items" | "not" => found.push(&entry.node),
            "additionalProperties" if !matches!(entry.node.content, Content::Bool(_)) => {
                found.push(&entry.node);
            }
            _ => {}
        }
    }
    found
}

/// The schema with schemas that allow anything inside, where they are mappings as schemas are.
pub(super) fn alone(schema: &Node) -> Node {
    let Content::Map(entries) = &schema.content else {
        return schema.clone();
    };
    let anything = |node: &Node| {
        let content = match &node.content {
            Content::Map(_) => Content::Map(Vec::new().into()),
            other => other.clone(),
        };
        Node {
            span: node.span,
            content,
        }
    };
    let emptied = entries.iter().map(|entry| {
        let content = match (entry.key.as_str(), &entry.node.content) {
            ("properties", Content::Map(inner)) => {
                let inner = inner.iter().map(|inner| Entry {
                    node: anything(&inner.node),
                    ..named(inner)
                });
                Content::Map(inner.collect::<Vec<_>>().into())
            }
            ("allOf" | "anyOf" | "oneOf", Content::List(inner)) => {
                Content::List(inner.iter().map(anything).collect())
            }
            ("items" | "not" | "additionalProperties", _) => anything(&entry.node).content,
            (_, other) => other.clone(),
        };
        let node = Node {
            span: entry.node.span,
            content,
        };
        Entry {
            node,
            ..named(entry)
        }
    });
    Node {
        span: schema.span,
        content: Content::Map(emptied.collect::<Vec<_>>().into()),
    }
}

/// The name of a member, beside nothing.
fn named(entry: &Entry) -> Entry {
    Entry {
        key: entry.key.clone(),
        key_span: entry.key_span,
        node: Node {
            span: entry.node.span,
            content: Content::Null,
        },
    }
}
