//! Keywords about the items of lists that say the same as `items` and bounds do. Others of them are refused later.

use super::{Found, entry, note, push, take};
use crate::node::{Content, Node};

pub(super) fn lower(node: &mut Node, found: &mut Found) {
    alike(node, found);
    unevaluated(node, found);
    if node.get("contains").is_none() {
        for key in ["minContains", "maxContains"] {
            if let Some(count) = take(node, key) {
                let message = format!("`{key}` is left out");
                note(
                    found,
                    count.key_span,
                    &message,
                    "it says nothing without `contains`",
                );
            }
        }
    }
}

/// `prefixItems` that are all alike, of a list that has no others: `items`.
fn alike(node: &mut Node, found: &mut Found) {
    let Some(prefix) = node.entry("prefixItems") else {
        return;
    };
    let span = prefix.key_span;
    let Some(first) = prefix.node.items().first().cloned() else {
        return;
    };
    let (value, count) = (first.to_value(), prefix.node.items().len());
    let mut others = prefix.node.items().iter();
    if others.any(|other| other.to_value() != value) {
        return;
    }
    let rest = node.get("items");
    let most = node.get("maxItems").and_then(Node::as_number);
    let most = most.and_then(serde_json::Number::as_u64);
    let is_closed = rest.is_some_and(|rest| rest.content == Content::Bool(false));
    let is_short = most.is_some_and(|most| most <= count as u64);
    let is_same = rest.is_some_and(|rest| rest.to_value() == value);
    if !(is_closed || is_short || is_same) {
        return;
    }
    let message = "`prefixItems` are read as `items`";
    note(
        found,
        span,
        message,
        "all of them are alike, and there are no others",
    );
    take(node, "prefixItems");
    push(node, entry("items", span, first.content));
    if !is_short && !is_same {
        push(node, entry("maxItems", span, Content::Number(count.into())));
    }
}

/// `unevaluatedItems`: nothing is left where `items` speaks of them all; where nothing else does, it is the same.
fn unevaluated(node: &mut Node, found: &mut Found) {
    let Some(others) = node.entry("unevaluatedItems") else {
        return;
    };
    let span = others.key_span;
    let combined = [
        "allOf",
        "anyOf",
        "oneOf",
        "$ref",
        "if",
        "prefixItems",
        "contains",
    ];
    if node.get("items").is_some() || is_anything(&others.node) {
        take(node, "unevaluatedItems");
        let message = "`unevaluatedItems` is left out";
        note(found, span, message, "it says nothing here");
    } else if combined.iter().all(|key| node.get(key).is_none())
        && let Some(others) = take(node, "unevaluatedItems")
    {
        let message = "`unevaluatedItems` is read as `items`";
        note(
            found,
            span,
            message,
            "they are the same where nothing is combined",
        );
        push(node, entry("items", span, others.node.content));
    }
}

/// Whether every value is one of the schema.
pub(super) fn is_anything(schema: &Node) -> bool {
    match &schema.content {
        Content::Bool(flag) => *flag,
        Content::Map(members) => members.is_empty(),
        _ => false,
    }
}
