//! Keywords of JSON Schema 2020-12 that OpenAPI 3.0 does not have: those that constrain nothing are left out, the others
//! refused.

use super::{Found, entry, note, push, refuse, take};
use crate::node::{Content, Node};

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
    ("contentSchema", "say in words what the text holds"),
    ("$dynamicRef", "write `$ref`"),
    ("$recursiveRef", "write `$ref`"),
    ("$anchor", "refer to `#/components/schemas/...`"),
    ("$dynamicAnchor", "refer to `#/components/schemas/...`"),
    ("$id", "refer to `#/components/schemas/...`"),
];

/// K0151.
pub(super) fn refused(node: &mut Node, found: &mut Found) {
    if let Some(closed) = node.entry("unevaluatedProperties") {
        let span = closed.key_span;
        let alone = ["allOf", "anyOf", "oneOf", "$ref", "if"]
            .iter()
            .all(|key| node.get(key).is_none());
        let flag = matches!(closed.node.content, Content::Bool(_));
        if alone && flag && node.get("additionalProperties").is_none() {
            let message = "`unevaluatedProperties` is read as `additionalProperties`";
            note(
                found,
                span,
                message,
                "they are the same where nothing is combined",
            );
            if let Some(closed) = take(node, "unevaluatedProperties") {
                push(
                    node,
                    entry("additionalProperties", span, closed.node.content),
                );
            }
        } else {
            let help =
                "write the members of what is combined into one schema with `additionalProperties`";
            refuse(
                found,
                span,
                "OpenAPI 3.0 cannot say `unevaluatedProperties` here",
                help,
            );
            take(node, "unevaluatedProperties");
        }
    }
    // Which members the object is closed to is not known without them.
    if node.get("patternProperties").is_some() {
        take(node, "additionalProperties");
    }
    for (key, help) in REFUSED {
        if let Some(refused) = take(node, key) {
            let message = format!("OpenAPI 3.0 cannot say `{key}`");
            refuse(found, refused.key_span, &message, help);
        }
    }
    // Without `if`, which is refused, they say nothing.
    for key in ["then", "else"] {
        take(node, key);
    }
    if let Some(nullable) = take(node, "nullable") {
        let help = "write `type: [T, \"null\"]`, or `anyOf` with `type: \"null\"`";
        refuse(
            found,
            nullable.key_span,
            "`nullable` means nothing in OpenAPI 3.1",
            help,
        );
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
