//! Keywords of JSON Schema 2020-12 that OpenAPI 3.0 does not have: those that constrain nothing are left out, the others
//! refused.

use super::items::is_anything;
use super::{Found, entry, note, push, refuse, take};
use crate::Diagnostic;
use crate::node::Node;

const REFUSED: &[(&str, &str)] = &[
    (
        "prefixItems",
        "make it an object with named members, or give all items one schema",
    ),
    ("if", "say it with `oneOf`"),
    (
        "patternProperties",
        "`additionalProperties` says what all members look like",
    ),
    ("propertyNames", "say in words how members are called"),
    ("contains", "say in words what the list must hold"),
    ("minContains", "say in words what the list must hold"),
    ("maxContains", "say in words what the list must hold"),
    ("unevaluatedItems", "give all items one schema"),
    ("dependentRequired", "say it with `oneOf`"),
    ("dependentSchemas", "say it with `oneOf`"),
    ("dependencies", "say it with `oneOf`"),
    ("additionalItems", "give all items one schema"),
    ("$dynamicRef", "write `$ref`"),
    ("$recursiveRef", "write `$ref`"),
    ("$id", "refer to `#/components/schemas/...`"),
];

const ANCHORS: &str = "what refers to it was led to `components/schemas`";

/// K0151.
pub(super) fn refused(node: &mut Node, found: &mut Found) {
    unevaluated(node, found);
    // Which members the object is closed to is not known without them.
    if node.get("patternProperties").is_some() {
        take(node, "additionalProperties");
    }
    // Without `if` they say nothing, and where it is refused, they are with it.
    let is_said = node.get("if").is_some();
    for key in ["then", "else"] {
        if let Some(vain) = take(node, key).filter(|_| !is_said) {
            let message = format!("`{key}` is left out");
            note(
                found,
                vain.key_span,
                &message,
                "it says nothing without `if`",
            );
        }
    }
    for (key, help) in REFUSED {
        if let Some(refused) = take(node, key) {
            let message = format!("OpenAPI 3.0 cannot say `{key}`");
            refuse(found, refused.key_span, &message, help);
        }
    }
    if let Some(nullable) = take(node, "nullable") {
        let help = "write `type: [T, \"null\"]`, or `anyOf` with `type: \"null\"`";
        // Without it the same values are allowed, so it may be left out where the author lets that be done.
        let message = "`nullable` means nothing in OpenAPI 3.1";
        let told = Diagnostic::new("K0151", nullable.key_span, message);
        found.push(told.help(help).spare());
    }
}

/// `unevaluatedProperties`: nothing is left where `additionalProperties` speaks of the others; where nothing else does, it is
/// the same.
fn unevaluated(node: &mut Node, found: &mut Found) {
    let Some(others) = node.entry("unevaluatedProperties") else {
        return;
    };
    let span = others.key_span;
    let combined = ["allOf", "anyOf", "oneOf", "$ref", "if", "dependentSchemas"];
    if node.get("additionalProperties").is_some() || is_anything(&others.node) {
        take(node, "unevaluatedProperties");
        let message = "`unevaluatedProperties` is left out";
        note(found, span, message, "it says nothing here");
    } else if combined.iter().all(|key| node.get(key).is_none()) {
        let message = "`unevaluatedProperties` is read as `additionalProperties`";
        let help = "they are the same where nothing is combined";
        note(found, span, message, help);
        if let Some(others) = take(node, "unevaluatedProperties") {
            push(
                node,
                entry("additionalProperties", span, others.node.content),
            );
        }
    } else {
        let message = "OpenAPI 3.0 cannot say `unevaluatedProperties` here";
        let help =
            "write the members of what is combined into one schema with `additionalProperties`";
        refuse(found, span, message, help);
        take(node, "unevaluatedProperties");
    }
}

/// What constrains nothing.
pub(super) fn dropped(node: &mut Node, found: &mut Found) {
    for (key, why) in [
        ("$comment", "it is for readers of this file"),
        (
            "$defs",
            "what refers to them was led to `components/schemas`",
        ),
        ("$vocabulary", "it is the one that 3.1 has"),
        ("$anchor", ANCHORS),
        ("$dynamicAnchor", ANCHORS),
    ] {
        if let Some(dropped) = take(node, key) {
            note(
                found,
                dropped.key_span,
                &format!("`{key}` is left out"),
                why,
            );
        }
    }
    if let Some(dialect) = take(node, "$schema") {
        let known = dialect
            .node
            .as_str()
            .is_some_and(|text| super::DIALECTS.contains(&text));
        if known {
            note(
                found,
                dialect.key_span,
                "`$schema` is left out",
                "it is the one that 3.1 has",
            );
        } else {
            refuse(
                found,
                dialect.node.span,
                "this dialect of JSON Schema is not known",
                "leave `$schema` out",
            );
        }
    }
}
